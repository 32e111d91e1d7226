//! A WebP picture told bit by bit, as a coder that learns would have written it, and put back to the byte.
//!
//! 1. A lossy WebP picture is a VP8 key frame, in which each bit was written with a chance that the picture sets beforehand.
//!    Here each goes by what stands around it, and learns to the end: 1 to 5 in 100 bytes less, the fewer the more pains
//!    the encoder took.
//! 2. The bits are read by VP8's coder and said by ours ([`retold`]), or the other way ([`tell`]); [`order`] knows which comes
//!    next, and is the same for both. Of what they mean it knows no more than it needs for that.
//! 3. A picture is told alone: nothing goes over to the next. So it is proved alone, too.
//! 4. Who retells also writes VP8 anew and compares: a picture that does not come out as it was is not told. Such are those
//!    without loss, with transparency, or in several parts.
//! 5. Work and memory are bounded by the length that was signed, whatever is said.

mod bools;
mod numbers;
mod order;

use super::chance::Chance;
use super::coder::{Bits, Reading, Writing};
use bools::{BoolReader, BoolWriter};
use order::{Kind, MODES, PLACES, Part};

/// A longer one comes as it is.
pub const RETOLD_PICTURE_BYTES: u64 = 1 << 20;

/// What stands before one in a stream: the length of what is said of it.
pub(super) const RETOLD_HEAD_BYTES: usize = 3;

/// A picture as it stands in a stream. `None`: it is of a kind that is not told.
pub fn retold(picture: &[u8]) -> Option<Vec<u8>> {
    let said = retell(picture)?;
    let length = (said.len() as u32).to_le_bytes();
    let head = length.into_iter().take(RETOLD_HEAD_BYTES);
    let whole: Vec<u8> = head.chain(said).collect();
    // Else it would be no gain.
    (whole.len() < picture.len()).then_some(whole)
}

/// What must be said of it to who knows its length.
fn retell(picture: &[u8]) -> Option<Vec<u8>> {
    if picture.len() as u64 > RETOLD_PICTURE_BYTES {
        return None;
    }
    let (head, [modes, coefficients]) = parts(picture)?;
    let original = Some([modes, coefficients].map(BoolReader::new));
    let mut talk = Talk::new(original, Writing::new(), picture.len());
    let again = talk.picture(Some(head))?;
    (again == picture).then(|| talk.bits.finish())
}

/// The other way: the picture, which has so many bytes.
pub(super) fn tell(said: &[u8], length: u64) -> Option<Vec<u8>> {
    let length = usize::try_from(length.min(RETOLD_PICTURE_BYTES)).ok()?;
    let mut talk = Talk::new(None, Reading::new(said), length);
    let picture = talk.picture(None)?;
    (picture.len() == length && talk.bits.is_spent()).then_some(picture)
}

/// Of a frame: its version and whether it is shown, in 4 bits; width and height, in 16 each.
#[derive(Clone, Copy)]
struct Head([u32; 3]);

const HEAD_BITS: [u32; 3] = [4, 16, 16];
/// What stands before the parts: of the file, and of the frame.
const FILE_HEAD_BYTES: usize = 20;
const FRAME_HEAD_BYTES: usize = 10;
/// Behind the 3 bytes with the length of the first part; only key frames have it.
const FRAME_BEGIN: [u8; 3] = [0x9d, 0x01, 0x2a];

impl Head {
    /// Macroblocks in a row, and rows.
    fn macroblocks(self) -> (usize, usize) {
        let Self([_, width, height]) = self;
        let count = |side: u32| ((side & 0x3fff) as usize).div_ceil(16);
        (count(width), count(height))
    }
}

/// The head of a frame, and its two parts. Before any work it is looked whether the file is one that [`whole`] makes.
fn parts(picture: &[u8]) -> Option<(Head, [&[u8]; 2])> {
    let (file, frame) = picture.split_at_checked(FILE_HEAD_BYTES)?;
    if file != file_head(frame.len()) {
        return None;
    }
    let (head, rest) = frame.split_first_chunk::<FRAME_HEAD_BYTES>()?;
    let [a, b, c, begin @ .., w, x, y, z] = *head;
    let tag = u32::from_le_bytes([a, b, c, 0]);
    if tag & 1 != 0 || begin != FRAME_BEGIN {
        return None;
    }
    let side = |bytes| u32::from(u16::from_le_bytes(bytes));
    let head = Head([tag >> 1 & 15, side([w, x]), side([y, z])]);
    let (modes, coefficients) = rest.split_at_checked((tag >> 5) as usize)?;
    Some((head, [modes, coefficients]))
}

fn four(number: usize) -> [u8; 4] {
    (number as u32).to_le_bytes()
}

/// Of a file with a frame of so many bytes.
fn file_head(length: usize) -> Vec<u8> {
    let [riff, webp] = [FILE_HEAD_BYTES - 8 + length, length].map(four);
    [&b"RIFF"[..], &riff, b"WEBPVP8 ", &webp].concat()
}

/// The file of these parts.
fn whole(Head([kind, width, height]): Head, [modes, coefficients]: [Vec<u8>; 2]) -> Vec<u8> {
    let length = FRAME_HEAD_BYTES + modes.len() + coefficients.len();
    let length = length.next_multiple_of(2);
    let mut file = Vec::with_capacity(FILE_HEAD_BYTES + length);
    file.extend(file_head(length));
    let tag = four(modes.len() << 5 | (kind << 1) as usize);
    file.extend(tag.iter().take(3));
    file.extend(FRAME_BEGIN);
    for side in [width, height] {
        file.extend(four(side as usize).iter().take(2));
    }
    file.extend(modes);
    file.extend(coefficients);
    file.resize(FILE_HEAD_BYTES + length, 0);
    file
}

/// The bits of a picture on their way from one form to the other.
struct Talk<'a, B> {
    /// Its two parts, if it is retold.
    original: Option<[BoolReader<'a>; 2]>,
    bits: B,
    again: [BoolWriter; 2],
    chances: Vec<Chance>,
    /// Of the picture, in bytes.
    length: usize,
    /// So many bits may still come.
    left: u64,
}

/// Of 256.
const STEPS_OF_MODES: usize = 32;
/// What the picture says of a chance counts as so many looks; and after so many it learns no more slowly.
const LOOKS: [u32; 2] = [12, 120];
/// For each byte of a picture, and beside that. Photographs have ten.
const MOST_BITS: [u64; 2] = [64, 16_384];

impl<'a, B: Bits> Talk<'a, B> {
    fn new(original: Option<[BoolReader<'a>; 2]>, bits: B, length: usize) -> Self {
        let [for_each, beside] = MOST_BITS;
        Self {
            original,
            bits,
            again: [BoolWriter::new(), BoolWriter::new()],
            chances: vec![Chance::UNKNOWN; MODES * STEPS_OF_MODES + PLACES],
            length,
            left: length as u64 * for_each + beside,
        }
    }

    /// All of it, as it was written.
    fn picture(&mut self, known: Option<Head>) -> Option<Vec<u8>> {
        let mut head = known.unwrap_or(Head([0; 3]));
        for (number, bits) in head.0.iter_mut().zip(HEAD_BITS) {
            let even = |at| self.bits.bit(1 << 15, *number >> at & 1 == 1);
            *number = (0..bits).rev().map(even).fold(0, with_bit);
        }
        let (columns, rows) = head.macroblocks();
        order::frame(self, columns, rows)?;
        self.check()?;
        let again = std::mem::replace(&mut self.again, [BoolWriter::new(), BoolWriter::new()]);
        Some(whole(head, again.map(BoolWriter::finish)))
    }

    /// Whether no more has come than may.
    fn check(&self) -> Option<()> {
        let length: usize = self.again.iter().map(BoolWriter::length).sum();
        (length <= self.length).then_some(())
    }

    /// `zero`: how likely the picture holds a 0, of 256.
    #[inline]
    fn bit(&mut self, part: Part, zero: u8, kind: Kind) -> Option<bool> {
        self.left = self.left.checked_sub(1)?;
        let part = part as usize;
        let original = self.original.as_mut().and_then(|parts| parts.get_mut(part));
        let wanted = original.is_some_and(|part| part.bit(zero));
        let said = (256 - u32::from(zero)) << 8;
        let chance = match kind {
            Kind::Plain => None,
            Kind::Mode(kind) => {
                let at = kind * STEPS_OF_MODES + usize::from(zero >> 3);
                self.chances.get_mut(at)
            }
            Kind::Token(place) => self.chances.get_mut(MODES * STEPS_OF_MODES + place),
        };
        let within = |chance: u32| chance.clamp(64, 65_472);
        let bit = match chance {
            None => self.bits.bit(within(said), wanted),
            Some(chance) => {
                let [first, most] = LOOKS;
                chance.become_known(within(said), first);
                let bit = self.bits.bit(within(chance.wide()), wanted);
                chance.learn(bit, most);
                bit
            }
        };
        if let Some(again) = self.again.get_mut(part) {
            again.bit(zero, bit);
        }
        Some(bit)
    }

    fn mode(&mut self, kind: usize, zero: u8) -> Option<bool> {
        self.bit(Part::Modes, zero, Kind::Mode(kind))
    }

    fn flag(&mut self) -> Option<bool> {
        self.bit(Part::Modes, 128, Kind::Plain)
    }

    /// The highest bit first.
    fn number(&mut self, bits: u32) -> Option<u32> {
        (0..bits).try_fold(0, |number, _| Some(with_bit(number, self.flag()?)))
    }

    /// Nothing, or so many bits.
    fn optional(&mut self, bits: u32) -> Option<()> {
        match self.flag()? {
            true => self.number(bits).map(drop),
            false => Some(()),
        }
    }
}

fn with_bit(number: u32, bit: bool) -> u32 {
    number << 1 | u32::from(bit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Of all kinds of blocks: flat ones, edges, and noise.
    fn photo(width: u32, height: u32, seed: u32) -> Vec<u8> {
        let mut state = seed | 1;
        let pixel = |at: u32| {
            let (x, y) = (at % width, at / width);
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = if x * 3 > width {
                (state >> 28) as u8
            } else {
                0
            };
            let edge = if (x / 13 + y / 9) % 3 == 0 { 90 } else { 20 };
            [(x + y) as u8 / 2 + noise, edge + noise, (x * y / 50) as u8]
        };
        (0..width * height).flat_map(pixel).collect()
    }

    fn encoded(
        width: u32,
        height: u32,
        quality: f32,
        change: impl Fn(&mut webp::WebPConfig),
    ) -> Vec<u8> {
        let pixels = photo(width, height, width * 7 + height);
        let mut config = webp::WebPConfig::new().expect("a config");
        config.quality = quality;
        change(&mut config);
        let encoder = webp::Encoder::from_rgb(&pixels, width, height);
        encoder.encode_advanced(&config).expect("pixels").to_vec()
    }

    fn check(picture: &[u8]) -> usize {
        let said = retell(picture).expect("it is of the plain kind");
        assert_eq!(tell(&said, picture.len() as u64).as_deref(), Some(picture));
        said.len()
    }

    #[test]
    fn pictures_come_out_as_they_were() {
        for (width, height) in [(1, 1), (16, 16), (17, 15), (200, 133), (640, 427)] {
            for quality in [0.0, 40.0, 75.0, 100.0] {
                check(&encoded(width, height, quality, |_| ()));
            }
        }
        for method in 0..=6 {
            check(&encoded(150, 90, 70.0, |config| config.method = method));
        }
        check(&encoded(150, 90, 70.0, |config| config.segments = 1));
        check(&encoded(150, 90, 70.0, |config| config.filter_type = 0));
        check(&encoded(150, 90, 70.0, |config| {
            config.filter_sharpness = 5
        }));
    }

    #[test]
    fn a_photo_gets_smaller() {
        let photo = encoded(640, 427, 75.0, |_| ());
        let said = check(&photo);
        assert!(said * 100 < photo.len() * 98, "{said} of {}", photo.len());
    }

    /// They come as they are.
    #[test]
    fn other_kinds_of_pictures_are_not_told() {
        let photo = encoded(64, 64, 75.0, |_| ());
        assert_eq!(
            retell(&encoded(64, 64, 75.0, |config| config.lossless = 1)),
            None
        );
        assert_eq!(retell(&[&photo[..], b"x"].concat()), None);
        for length in 0..photo.len() {
            assert_eq!(retell(&photo[..length]), None, "{length}");
        }
        assert_eq!(retell(&vec![0; 5000]), None);
        for at in [0, 4, 8, 16, 20, 23, 24] {
            let mut other = photo.clone();
            other[at] ^= 1;
            assert_eq!(retell(&other), None, "{at}");
        }
    }

    #[test]
    fn another_length_and_bytes_behind_are_refused() {
        let photo = encoded(64, 64, 75.0, |_| ());
        let said = retell(&photo).expect("it is of the plain kind");
        let length = photo.len() as u64;
        for other in [0, 1, length - 1, length + 1, length + 2, u64::MAX] {
            assert_eq!(tell(&said, other), None);
        }
        for behind in [
            &[0][..],
            &[1],
            &[0, 0],
            &[0, 1],
            &[0, 0, 1],
            &[1, 2, 3, 4, 5],
        ] {
            assert_eq!(tell(&[&said[..], behind].concat(), length), None);
        }
    }

    /// Of the format: another colport must say the same.
    #[test]
    fn what_is_said_never_changes() {
        let photo = include_bytes!("../../../../tests/fuzz/photo.webp");
        let said = retell(photo).expect("it is of the plain kind");
        let digest = crate::base::Digest::of(&said).to_string();
        assert_eq!((said.len(), &digest[..16]), (1196, "8f0ea9407055dc75"));
    }

    /// Of the largest sides that can be named; few bits of it come.
    #[test]
    fn a_picture_of_nothing_without_end_is_given_up() {
        for byte in [0, 1, 0x55, 0xff] {
            let begun = std::time::Instant::now();
            let said = [&[0x0f, 0xff, 0xff, 0xff, 0xff][..], &vec![byte; 5000]].concat();
            let _none = tell(&said, 5000);
            assert!(begun.elapsed().as_secs() < 60);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn nothing_that_is_said_makes_it_panic(
            said in proptest::collection::vec(any::<u8>(), 0..300),
            sides in any::<[u8; 2]>(),
            length in 0..20_000u64,
        ) {
            // Small ones first: most bytes say a picture that is too large for its length.
            let head = [0, 0, sides[0] >> 2, 0, sides[1] >> 2];
            for said in [said.clone(), [&head[..], &said].concat()] {
                let told = tell(&said, length);
                prop_assert!(told.is_none_or(|told| told.len() as u64 == length));
            }
        }

        #[test]
        fn a_changed_picture_is_told_as_it_is_or_not_at_all(
            at in 20..2000usize,
            change in 1..=255u8,
        ) {
            let mut picture = encoded(60, 40, 75.0, |_| ());
            let at = at % picture.len();
            picture[at] ^= change;
            if let Some(said) = retell(&picture) {
                prop_assert_eq!(tell(&said, picture.len() as u64), Some(picture));
            }
        }
    }
}
