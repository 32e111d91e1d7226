//! What a JPEG holds in memory besides its picture while it is unpacked, told by its headers (ITU T.81 annex B).
//!
//! 1. Segments are passed over up to the frame header, which tells size and components, and the first scan.
//! 2. One whose parts come in several scans, as in all progressive ones, has its coefficients held until the last came:
//!    two bytes each, of whole blocks of all components.

/// In bytes; nothing if it is unpacked row by row, or is no JPEG.
pub fn coefficient_bytes(jpeg: &[u8]) -> u64 {
    let mut rest = jpeg.get(2..).unwrap_or_default();
    let mut frame = None;
    while let Some((marker, body, behind)) = segment(rest) {
        match marker {
            START_OF_SCAN => {
                let frame: Option<Frame> = frame;
                let held = frame.filter(|frame| frame.comes_in_passes(body));
                return held.map_or(0, |frame| frame.coefficients * 2);
            }
            0xc0..=0xcf if !OTHER_TABLES.contains(&marker) => frame = Frame::read(marker, body),
            _ => {}
        }
        rest = behind;
    }
    0
}

const START_OF_SCAN: u8 = 0xda;
const PROGRESSIVE: u8 = 0xc2;

/// Among the markers of frames: Huffman tables, the one that is reserved, and conditioning.
const OTHER_TABLES: [u8; 3] = [0xc4, 0xc8, 0xcc];

/// Marker and body of the next segment, and what lies behind it.
fn segment(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let begin = bytes.iter().position(|byte| *byte == 0xff)?;
    let fill = bytes.get(begin..)?;
    let fill = fill.iter().position(|byte| *byte != 0xff)?;
    let (marker, rest) = bytes.get(begin + fill..)?.split_first()?;
    // Alone, without a body.
    if matches!(marker, 0 | 1 | 0xd0..=0xd8) {
        return Some((*marker, &[], rest));
    }
    let (length, _) = rest.split_first_chunk()?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (whole, behind) = rest.split_at_checked(length)?;
    Some((*marker, whole.get(2..)?, behind))
}

struct Frame {
    is_progressive: bool,
    components: usize,
    coefficients: u64,
}

impl Frame {
    /// Precision, height, width, and of each component its name, how often it is sampled, and its table.
    fn read(marker: u8, body: &[u8]) -> Option<Self> {
        let (_, body) = body.split_first()?;
        let (height, body) = body.split_first_chunk()?;
        let (width, body) = body.split_first_chunk()?;
        let (_, components) = body.split_first()?;
        let sampled = components.chunks_exact(3).filter_map(|one| one.get(1));
        let sampled: Vec<_> = sampled
            .map(|both| (u64::from(both >> 4).max(1), u64::from(both & 15).max(1)))
            .collect();
        let across = sampled.iter().map(|both| both.0).max()?;
        let down = sampled.iter().map(|both| both.1).max()?;
        let units =
            |side: [u8; 2], often: u64| u64::from(u16::from_be_bytes(side)).div_ceil(8 * often);
        let blocks: u64 = sampled.iter().map(|both| both.0 * both.1).sum();
        Some(Self {
            is_progressive: marker == PROGRESSIVE,
            components: sampled.len(),
            coefficients: units(*width, across) * units(*height, down) * blocks * 64,
        })
    }

    /// Whether this first scan, which begins with how many components it has, is not all.
    fn comes_in_passes(&self, first_scan: &[u8]) -> bool {
        let shown = first_scan.first().copied().map(usize::from);
        self.is_progressive || shown != Some(self.components)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// The headers of a JPEG with these samplings of its components, and the beginning of its first scan.
    pub fn headers(
        marker: u8,
        (width, height): (u16, u16),
        sampled: &[u8],
        in_scan: u8,
    ) -> Vec<u8> {
        let mut jpeg = vec![0xff, 0xd8];
        // A picture in the notes of the camera, and words behind a byte too many.
        jpeg.extend([0xff, 0xe1, 0, 6, 0xff, 0xc2, 0xff, 0xda]);
        jpeg.extend([0xff, 0xff, 0xfe, 0, 4, b'h', b'i']);
        let [high, low] = u16::try_from(8 + 3 * sampled.len()).unwrap().to_be_bytes();
        jpeg.extend([0xff, marker, high, low, 8]);
        jpeg.extend(height.to_be_bytes());
        jpeg.extend(width.to_be_bytes());
        jpeg.push(u8::try_from(sampled.len()).unwrap());
        for (number, both) in (1..).zip(sampled) {
            jpeg.extend([number, *both, 0]);
        }
        jpeg.extend([0xff, 0xda, 0, 6 + 2 * in_scan, in_scan]);
        (1..=in_scan).for_each(|number| jpeg.extend([number, 0]));
        jpeg.extend([0, 63, 0]);
        jpeg
    }

    #[test]
    fn what_comes_in_passes_has_its_coefficients_held() {
        let check = |marker, sampled: &[u8], in_scan, expected| {
            let jpeg = headers(marker, (1600, 800), sampled, in_scan);
            assert_eq!(
                coefficient_bytes(&jpeg),
                expected,
                "{marker:x} {sampled:x?}"
            );
            for cut in 0..jpeg.len() {
                coefficient_bytes(&jpeg[..cut]);
            }
        };
        let pixels = 1600 * 800;
        check(0xc2, &[0x11, 0x11, 0x11], 3, pixels * 6);
        check(0xc2, &[0x22, 0x11, 0x11], 3, pixels * 3);
        check(0xc2, &[0x11], 1, pixels * 2);
        check(0xc0, &[0x22, 0x11, 0x11], 3, 0);
        // No progressive one, and yet its colours come one after another.
        check(0xc0, &[0x22, 0x11, 0x11], 1, pixels * 3);
    }

    #[test]
    fn what_is_no_jpeg_holds_nothing() {
        for bytes in [
            &b""[..],
            b"\xff",
            b"\xff\xd8\xff\xff",
            b"<html>",
            &[0xff; 99],
        ] {
            assert_eq!(coefficient_bytes(bytes), 0);
        }
    }
}
