//! Contents in and out of gzip members.
//!
//! 1. A content is deflated, unless that would save less than 3 %: then it lies in stored blocks, so that a server can
//!    send it as it is, and a picture is not inflated for nothing. Most of an edition is pictures, so a long content is
//!    not even tried when a sample of it does not shrink.
//! 2. Packing is done by libdeflate (C), of our own contents only; unpacking, of anybody's, in Rust.

use std::ops::Range;

use flate2::Crc;
use libdeflater::{CompressionLvl, Compressor};

use crate::base::{Digest, Hasher, LIMITS};

use super::BundleError;
use super::gzip::{self, CONTENT_HEAD, TRAILER_BYTES};

/// How hard to press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// libdeflate's level 9: for who waits, and for trying out.
    Quick,
    /// libdeflate's level 12: some 3 % smaller for some ten times the work.
    Best,
}

/// The most that one stored block can hold.
const STORED_BLOCK_BYTES: usize = 0xffff;
const STORED_HEAD_BYTES: usize = 5;
/// A content longer than this is judged by a sample first, out of its middle: a picture's first bytes can be text.
const LONG_BYTES: usize = 16 << 10;
const SAMPLE_BYTES: usize = 4 << 10;
const SAMPLE_LEVEL: i32 = 1;
/// Deflate cannot do better than 258 bytes out of two bits.
const MOST_PER_PACKED_BYTE: u64 = 1032;

/// One content as a gzip member (RFC 1952) with a fixed header; what deflate does not shrink by 3 % lies in stored
/// blocks. The same content and effort give the same bytes, as long as libdeflate's version is the same.
pub fn pack(content: &[u8], effort: Effort) -> Vec<u8> {
    let mut packed = Vec::with_capacity(CONTENT_HEAD.len() + content.len() / 2 + TRAILER_BYTES);
    packed.extend(CONTENT_HEAD);
    match smaller(content, effort) {
        Some(deflated) => packed.extend(deflated),
        None => store(content, &mut packed),
    }
    packed.extend(gzip::trailer(content));
    packed
}

/// The deflated content, if that is worth it.
fn smaller(content: &[u8], effort: Effort) -> Option<Vec<u8>> {
    let pays = |whole: &[u8], deflated: &[u8]| deflated.len() * 100 <= whole.len() * 97;
    if content.len() > LONG_BYTES {
        let middle = content.len() / 2;
        let sample = content.get(middle..middle + SAMPLE_BYTES)?;
        if !pays(sample, &deflate(sample, SAMPLE_LEVEL)) {
            return None;
        }
    }
    let deflated = deflate(content, effort.level());
    pays(content, &deflated).then_some(deflated)
}

fn store(content: &[u8], packed: &mut Vec<u8>) {
    let mut rest = content;
    loop {
        let (block, behind) = rest.split_at(rest.len().min(STORED_BLOCK_BYTES));
        let length = u16::try_from(block.len()).expect("a block is at most 65,535 bytes");
        packed.push(u8::from(behind.is_empty()));
        packed.extend(length.to_le_bytes());
        packed.extend((!length).to_le_bytes());
        packed.extend(block);
        rest = behind;
        if rest.is_empty() {
            break;
        }
    }
}

impl Effort {
    fn level(self) -> i32 {
        match self {
            Self::Quick => 9,
            Self::Best => 12,
        }
    }
}

/// A raw deflate stream (RFC 1951), at one of libdeflate's levels. Making a compressor anew costs nothing that could be
/// measured beside using it, so none is kept.
pub(super) fn deflate(content: &[u8], level: i32) -> Vec<u8> {
    let level = CompressionLvl::new(level).expect("libdeflate has levels up to 12");
    let mut compressor = Compressor::new(level);
    let mut deflated = vec![0; compressor.deflate_compress_bound(content.len())];
    let length = compressor
        .deflate_compress(content, &mut deflated)
        .expect("the bound is large enough for everything");
    deflated.truncate(length);
    deflated
}

/// The longest content member that the format allows for a content of `length` bytes: all of it stored.
pub(super) fn most_packed_bytes(length: u64) -> u64 {
    let blocks = length.div_ceil(STORED_BLOCK_BYTES as u64).max(1);
    let frame = (CONTENT_HEAD.len() + TRAILER_BYTES) as u64;
    length
        .saturating_add(frame)
        .saturating_add(blocks.saturating_mul(STORED_HEAD_BYTES as u64))
}

/// The content of a gzip member, refused unless it is exactly one member of exactly `length` bytes content, with
/// colport's fixed head. Never takes more memory than `length`, nor more than
/// [`Limits::member_bytes`](crate::base::Limits::member_bytes).
pub fn unpack(packed: &[u8], length: u64) -> Result<Vec<u8>, BundleError> {
    refuse_otherwise(packed, length)?;
    unpack_within(packed, length)
}

/// The digest of what [`unpack`] would give, refused where that is. What lies in stored blocks is read where it lies.
pub fn digest(packed: &[u8], length: u64) -> Result<Digest, BundleError> {
    refuse_otherwise(packed, length)?;
    let stored = stored_runs(packed).zip(gzip::split(packed));
    let Some((runs, (_, trailer))) = stored else {
        return Ok(Digest::of(&unpack_within(packed, length)?));
    };
    let mut hasher = Hasher::default();
    let found = each_run(packed, &runs, trailer, |run| hasher.update(run));
    has_length(found.map_err(BundleError::Content)?, length)?;
    Ok(hasher.finish())
}

fn refuse_otherwise(packed: &[u8], length: u64) -> Result<(), BundleError> {
    if length > LIMITS.member_bytes {
        return Err(too_large(length, LIMITS.member_bytes));
    }
    if is_stored_otherwise(packed) {
        return Err(BundleError::Content(
            "it is stored otherwise than bundles do",
        ));
    }
    Ok(())
}

pub(super) fn too_large(claimed: u64, most: u64) -> BundleError {
    BundleError::TooLarge {
        what: "a member",
        claimed,
        most,
    }
}

/// [`unpack`] for callers with a limit of their own.
pub(super) fn unpack_within(packed: &[u8], length: u64) -> Result<Vec<u8>, BundleError> {
    let (deflated, trailer) =
        gzip::split(packed).ok_or(BundleError::Content("it is no gzip member of a bundle"))?;
    // Asked before memory is set aside for a claim.
    if length > (packed.len() as u64).saturating_mul(MOST_PER_PACKED_BYTE) {
        return Err(BundleError::Content("it holds less than its header claims"));
    }
    let content = match stored_runs(packed) {
        Some(runs) => copy_runs(packed, &runs, trailer),
        None => inflate_whole(deflated, trailer, length),
    };
    let content = content.map_err(BundleError::Content)?;
    has_length(content.len() as u64, length)?;
    Ok(content)
}

fn has_length(found: u64, claimed: u64) -> Result<(), BundleError> {
    match found == claimed {
        true => Ok(()),
        false => Err(BundleError::Content(
            "its length is not what its header claims",
        )),
    }
}

fn copy_runs(
    packed: &[u8],
    runs: &[Range<usize>],
    trailer: &[u8; TRAILER_BYTES],
) -> Result<Vec<u8>, &'static str> {
    let mut content = Vec::with_capacity(packed.len());
    each_run(packed, runs, trailer, |run| content.extend_from_slice(run))?;
    Ok(content)
}

/// Hands stored runs on, one after another, and gives how many bytes they are.
fn each_run(
    packed: &[u8],
    runs: &[Range<usize>],
    trailer: &[u8; TRAILER_BYTES],
    mut take: impl FnMut(&[u8]),
) -> Result<u64, &'static str> {
    let (mut crc, mut bytes) = (Crc::new(), 0);
    for run in runs {
        let run = packed.get(run.clone()).unwrap_or_default();
        crc.update(run);
        bytes += run.len() as u64;
        take(run);
    }
    match gzip::trailer_of(&crc) == *trailer {
        true => Ok(bytes),
        false => Err("its checksum or length is wrong"),
    }
}

fn inflate_whole(
    deflated: &[u8],
    trailer: &[u8; TRAILER_BYTES],
    length: u64,
) -> Result<Vec<u8>, &'static str> {
    let room = usize::try_from(length).map_err(|_| "it is larger than this machine's memory")?;
    // One byte more, so that a content longer than claimed shows itself.
    let mut content = vec![0; room.saturating_add(1)];
    let mut fresh = 0;
    gzip::inflate(deflated, trailer, length, &mut content, |piece| {
        fresh += piece.len()
    })?;
    content.truncate(fresh);
    Ok(content)
}

/// Whether a member of stored blocks only has others than [`pack`] makes, or bits in them that mean nothing: a stranger
/// could spell the same content so, and bundles of one edition would differ.
fn is_stored_otherwise(packed: &[u8]) -> bool {
    let Some((mut rest, _)) = gzip::split(packed) else {
        return false;
    };
    let mut as_packed = true;
    let mut is_first = true;
    while let Some((head, behind)) = rest.split_first_chunk::<STORED_HEAD_BYTES>() {
        let [kind, low, high, ..] = *head;
        let length = usize::from(u16::from_le_bytes([low, high]));
        let (is_stored, is_last) = (kind & 0b110 == 0, kind & 1 == 1);
        let Some((_, behind)) = behind.split_at_checked(length).filter(|_| is_stored) else {
            return false;
        };
        as_packed &= kind <= 1;
        as_packed &= if is_last {
            length > 0 || is_first
        } else {
            length == STORED_BLOCK_BYTES
        };
        if is_last {
            return behind.is_empty() && !as_packed;
        }
        (rest, is_first) = (behind, false);
    }
    false
}

/// The runs of content bytes inside a gzip member made of stored blocks only: offsets into `packed`. `None` if
/// deflated. So that a picture can be sent as it is, from where it lies. Checks no checksum.
pub fn stored_runs(packed: &[u8]) -> Option<Vec<Range<usize>>> {
    let (deflated, _) = gzip::split(packed)?;
    let mut runs = Vec::new();
    let mut rest = deflated;
    loop {
        let (head, behind) = rest.split_first_chunk::<STORED_HEAD_BYTES>()?;
        let [kind, length @ .., not_low, not_high] = *head;
        let length = u16::from_le_bytes(length);
        if kind > 1 || !length != u16::from_le_bytes([not_low, not_high]) {
            return None;
        }
        let (block, behind) = behind.split_at_checked(usize::from(length))?;
        let start = packed.len() - TRAILER_BYTES - behind.len() - block.len();
        if !block.is_empty() {
            runs.push(start..start + block.len());
        }
        rest = behind;
        if kind == 1 {
            return rest.is_empty().then_some(runs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does not deflate at all.
    pub(super) fn noise(length: usize) -> Vec<u8> {
        let mut state: u32 = 1;
        std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_le_bytes()[0]
        })
        .take(length)
        .collect()
    }

    #[test]
    fn contents_go_there_and_back() {
        let text = "Рака стала на досвітку. ".repeat(1000).into_bytes();
        for content in [
            vec![],
            vec![0],
            text,
            noise(65_535),
            noise(65_536),
            noise(200_000),
            vec![0; 3 << 20],
        ] {
            for effort in [Effort::Quick, Effort::Best] {
                let packed = pack(&content, effort);
                assert!(packed.len() as u64 <= most_packed_bytes(content.len() as u64));
                let length = content.len() as u64;
                assert_eq!(unpack(&packed, length).as_ref(), Ok(&content));
                assert_eq!(digest(&packed, length), Ok(Digest::of(&content)));
                assert_eq!(pack(&content, effort), packed, "the same bytes again");
            }
        }
    }

    #[test]
    fn what_does_not_shrink_lies_as_it_is() {
        for length in [0, 1, 65_535, 65_536, 200_000] {
            let content = noise(length);
            let packed = pack(&content, Effort::Best);
            let runs = stored_runs(&packed).expect("noise is stored");
            let found: Vec<u8> = runs
                .iter()
                .flat_map(|run| &packed[run.clone()])
                .copied()
                .collect();
            assert_eq!(found, content);
        }
        assert_eq!(
            stored_runs(&pack(&noise(100), Effort::Best)),
            Some(std::iter::once(15..115).collect())
        );
        assert_eq!(stored_runs(&pack(&[b'a'; 1000], Effort::Best)), None);
    }

    /// The head of a member is 10 bytes, that of a stored block 5.
    #[test]
    fn a_strangers_spelling_of_stored_blocks_is_refused() {
        let content = noise(70_000);
        let packed = pack(&content, Effort::Best);
        let check = |foreign: &[u8], expected| {
            let length = content.len() as u64;
            assert_eq!(unpack(foreign, length).is_ok(), expected);
            assert_eq!(digest(foreign, length).is_ok(), expected);
        };
        check(&packed, true);
        for at in [10, 10 + 5 + 65_535] {
            for bit in 3..8 {
                let mut padded = packed.clone();
                padded[at] |= 1 << bit;
                check(&padded, false);
            }
        }
        let (frame, trailer) = (&packed[..10], &packed[packed.len() - 8..]);
        let block = |last: u8, part: &[u8]| {
            let length = u16::try_from(part.len()).unwrap();
            let mut block = vec![last];
            block.extend(length.to_le_bytes());
            block.extend((!length).to_le_bytes());
            [&block, part].concat()
        };
        let (one, two) = content.split_at(65_000);
        check(
            &[frame, &block(0, one), &block(1, two), trailer].concat(),
            false,
        );
        let (one, two) = content.split_at(65_535);
        let blocks = [block(0, one), block(0, two), block(1, &[])].concat();
        check(&[frame, &blocks, trailer].concat(), false);
    }

    #[test]
    fn a_long_text_is_deflated_and_a_long_picture_with_a_text_before_it_is_not() {
        let text = "Рака стала на досвітку. ".repeat(4000).into_bytes();
        assert!(pack(&text, Effort::Best).len() * 20 < text.len());
        let picture = [&text[..4000], &noise(80_000)].concat();
        assert!(stored_runs(&pack(&picture, Effort::Best)).is_some());
    }

    #[test]
    fn one_member_and_nothing_else_is_accepted() {
        for content in [vec![b'a'; 1000], noise(1000), vec![]] {
            let length = content.len() as u64;
            let packed = pack(&content, Effort::Best);
            let refused = |packed: &[u8], length| {
                assert!(matches!(
                    unpack(packed, length),
                    Err(BundleError::Content(_))
                ));
            };
            refused(&packed, length + 1);
            refused(&packed, length.wrapping_sub(1).min(1 << 20));
            refused(&[packed.clone(), vec![0]].concat(), length);
            refused(&[packed.clone(), pack(b"", Effort::Best)].concat(), length);
            // The end of the deflate stream hidden behind a second trailer.
            refused(&[&packed[..], &packed[packed.len() - 8..]].concat(), length);
            for cut in 0..packed.len() {
                refused(&packed[..cut], length);
            }
            for bit in 0..packed.len() * 8 {
                let mut flipped = packed.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let found = unpack(&flipped, length);
                let said = found.as_ref().map(|found| Digest::of(found)).ok();
                assert_eq!(digest(&flipped, length).ok(), said);
                match found {
                    // Some bits of deflate mean nothing; the content is the same all the same.
                    Ok(found) => assert_eq!(found, content),
                    Err(error) => assert!(matches!(error, BundleError::Content(_))),
                }
            }
        }
    }

    #[test]
    fn a_bomb_is_refused_before_it_takes_memory() {
        let bomb = pack(&vec![0; 16 << 20], Effort::Quick);
        assert!(unpack(&bomb, 100).is_err());
        assert!(matches!(
            unpack(&bomb, u64::MAX),
            Err(BundleError::TooLarge { .. })
        ));
        assert!(unpack(&pack(b"", Effort::Quick), LIMITS.member_bytes).is_err());
    }

    #[test]
    fn what_other_packers_write_is_accepted() {
        // Fixed codes, an empty stored block between, and an empty content without any block of text.
        let empty = [&CONTENT_HEAD[..], &[3, 0], &[0; 8]].concat();
        assert_eq!(unpack(&empty, 0), Ok(vec![]));
        let mut mixed = CONTENT_HEAD.to_vec();
        mixed.extend([0, 1, 0, 0xfe, 0xff, b'a', 3, 0]);
        mixed.extend(gzip::trailer(b"a"));
        assert_eq!(stored_runs(&mixed), None);
        assert_eq!(unpack(&mixed, 1), Ok(b"a".to_vec()));
    }
}
