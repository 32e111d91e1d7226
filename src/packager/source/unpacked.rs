//! Unpacking what strangers packed, up to a ceiling.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

/// What gzip holds, if it is gzip; otherwise the bytes as they are. Refused if that is more than `max_bytes`.
pub(super) fn unpacked(bytes: &[u8], max_bytes: u64) -> io::Result<Vec<u8>> {
    match bytes.starts_with(&[0x1f, 0x8b]) {
        true => read_whole(MultiGzDecoder::new(bytes), max_bytes),
        false => read_whole(bytes, max_bytes),
    }
}

/// Refused if it is more than `max_bytes`.
pub(super) fn read_whole(from: impl Read, max_bytes: u64) -> io::Result<Vec<u8>> {
    let mut whole = Vec::new();
    from.take(max_bytes.saturating_add(1))
        .read_to_end(&mut whole)?;
    match whole.len() as u64 > max_bytes {
        true => Err(io::Error::other(format!(
            "it is more than {max_bytes} bytes"
        ))),
        false => Ok(whole),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    pub(in super::super) fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn several_members_are_one_and_a_bomb_is_refused() {
        let two = [gzip(b"one "), gzip(b"two")].concat();
        assert_eq!(unpacked(&two, 7).unwrap(), b"one two");
        assert!(unpacked(&two, 6).is_err());
        assert!(unpacked(&gzip(&vec![0; 1 << 20]), 1000).is_err());
        assert!(unpacked(&two[..9], 100).is_err());
        assert_eq!(unpacked(b"plain", 5).unwrap(), b"plain");
    }
}
