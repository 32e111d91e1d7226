//! Unpacking what strangers packed, up to a ceiling.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer};

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
        true => Err(too_much(max_bytes)),
        false => Ok(whole),
    }
}

/// As browsers take it from servers (RFC 9659): 8 MiB.
const WINDOW_LOG: u32 = 23;

/// What frames of zstd hold, one after the other. Refused if it is more than `max_bytes`.
pub(super) fn unzstd(bytes: &[u8], max_bytes: u64) -> io::Result<Vec<u8>> {
    let broken = |_| io::Error::other("it is no sound zstd");
    let mut context = DCtx::try_create().ok_or(io::ErrorKind::OutOfMemory)?;
    let window = DParameter::WindowLogMax(WINDOW_LOG);
    context.set_parameter(window).map_err(broken)?;
    let (mut input, mut whole) = (InBuffer::around(bytes), Vec::new());
    let mut room = vec![0; DCtx::out_size()];
    loop {
        let before = input.pos();
        let mut output = OutBuffer::around(&mut room[..]);
        let left = context.decompress_stream(&mut output, &mut input);
        let left = left.map_err(broken)?;
        let fresh = output.as_slice();
        if (whole.len() + fresh.len()) as u64 > max_bytes {
            return Err(too_much(max_bytes));
        }
        whole.extend_from_slice(fresh);
        if input.pos() == bytes.len() && left == 0 {
            return Ok(whole);
        }
        if fresh.is_empty() && input.pos() == before {
            return Err(io::Error::other("it breaks off"));
        }
    }
}

fn too_much(max_bytes: u64) -> io::Error {
    io::Error::other(format!("it is more than {max_bytes} bytes"))
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
