//! Changes to something sound, as a fuzzer's bytes describe them.

/// Each change is: a place (2 bytes), how many bytes go (1), how many come (1), and those. A fuzzer need not guess the
/// rest right.
pub(crate) fn splice(sound: &[u8], mut changes: &[u8]) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    while let Some(([place, place_high, go, come], rest)) = changes.split_first_chunk() {
        let place = usize::from(u16::from_le_bytes([*place, *place_high])).min(bytes.len());
        let end = (place + usize::from(*go)).min(bytes.len());
        let (new, rest) = rest.split_at(usize::from(*come).min(rest.len()));
        bytes.splice(place..end, new.iter().copied());
        changes = rest;
    }
    bytes
}
