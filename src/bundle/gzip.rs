//! The frame of gzip members (RFC 1952): their fixed heads, and the lengths that stand in the extra field.
//!
//! 1. Every head has the modification time 0, no flags of compression and the unknown operating system, so that it
//!    tells nothing about who packed and when.
//! 2. A *content member* has no extra field: 10 bytes of head, deflate, CRC-32 and length.
//! 3. A *header member* has one with the subfield `CP`: its own length and that of the content member behind it.
//! 4. The *footer* is an empty member with the subfield `CF`: where the header member of the contents begins.

use flate2::{Crc, Decompress, FlushDecompress, Status};

/// Of a content member.
pub(super) const CONTENT_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// CRC-32 and length.
pub(super) const TRAILER_BYTES: usize = 8;
/// Of header members and the footer: a head of 10 bytes, the length of the extra field, one subfield of 8 bytes.
pub(super) const LONG_HEAD_BYTES: usize = 24;
pub(super) const FOOTER_BYTES: usize = LONG_HEAD_BYTES + EMPTY_DEFLATE.len() + TRAILER_BYTES;

/// One block with fixed codes that holds nothing.
const EMPTY_DEFLATE: [u8; 2] = [3, 0];
const HEADER: [u8; 2] = *b"CP";
const FOOTER: [u8; 2] = *b"CF";

/// What the extra field of a header member says, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lengths {
    pub header: u32,
    /// 0 behind the last header member, the end of the archive.
    pub content: u32,
}

const fn head_start(subfield: [u8; 2]) -> [u8; 16] {
    let [si1, si2] = subfield;
    [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 12, 0, si1, si2, 8, 0]
}

/// What every header member begins with.
pub(super) const HEADER_START: [u8; 16] = head_start(HEADER);

pub(super) fn lengths(head: &[u8; LONG_HEAD_BYTES]) -> Option<Lengths> {
    let (start, rest) = head.split_first_chunk::<16>()?;
    let (header, content) = rest.split_first_chunk::<4>()?;
    (*start == HEADER_START).then_some(Lengths {
        header: u32::from_le_bytes(*header),
        content: u32::from_le_bytes(content.try_into().ok()?),
    })
}

/// A header member that holds `deflated`, which unpacks to `tar`.
pub(super) fn header_member(tar: &[u8], deflated: &[u8], content_bytes: u32) -> Vec<u8> {
    let whole = LONG_HEAD_BYTES + deflated.len() + TRAILER_BYTES;
    let header_bytes = u32::try_from(whole).expect("a few tar headers are a few kilobytes");
    let mut member = Vec::with_capacity(whole);
    member.extend(HEADER_START);
    member.extend(header_bytes.to_le_bytes());
    member.extend(content_bytes.to_le_bytes());
    member.extend(deflated);
    member.extend(trailer(tar));
    member
}

/// Whether `member` says of itself that it is the header member of these blocks before a content of this length. What is
/// deflated in it is not looked at.
pub(super) fn is_header_member(member: &[u8], tar: &[u8], content_bytes: u32) -> bool {
    let said = member.first_chunk().and_then(lengths);
    let is_whole =
        |said: Lengths| said.header as usize == member.len() && said.content == content_bytes;
    said.is_some_and(is_whole) && member.ends_with(&trailer(tar))
}

pub(super) fn footer(contents_at: u64) -> [u8; FOOTER_BYTES] {
    let mut footer = [0; FOOTER_BYTES];
    footer[..16].copy_from_slice(&head_start(FOOTER));
    footer[16..24].copy_from_slice(&contents_at.to_le_bytes());
    footer[24..26].copy_from_slice(&EMPTY_DEFLATE);
    footer
}

/// The place that a footer points to. `None` if it is none.
pub(super) fn pointed_at(bytes: &[u8; FOOTER_BYTES]) -> Option<u64> {
    let contents_at = u64::from_le_bytes(bytes[16..24].try_into().ok()?);
    (*bytes == footer(contents_at)).then_some(contents_at)
}

pub(super) fn trailer(content: &[u8]) -> [u8; TRAILER_BYTES] {
    let mut crc = Crc::new();
    crc.update(content);
    trailer_of(&crc)
}

pub(super) fn trailer_of(crc: &Crc) -> [u8; TRAILER_BYTES] {
    let mut trailer = [0; TRAILER_BYTES];
    trailer[..4].copy_from_slice(&crc.sum().to_le_bytes());
    // RFC 1952: the length modulo 2^32.
    trailer[4..].copy_from_slice(&crc.amount().to_le_bytes());
    trailer
}

/// The deflate stream and the trailer of a content member; `None` if it cannot be one.
pub(super) fn split(packed: &[u8]) -> Option<(&[u8], &[u8; TRAILER_BYTES])> {
    packed
        .strip_prefix(&CONTENT_HEAD)?
        .split_last_chunk::<TRAILER_BYTES>()
}

/// What a deflate stream holds, handed on in pieces. Refused unless the stream ends where `deflated` ends, holds at
/// most `most` bytes, and `trailer` is right. Bytes from strangers are inflated by Rust, not by C.
pub(super) fn inflate(
    deflated: &[u8],
    trailer: &[u8; TRAILER_BYTES],
    most: u64,
    window: &mut [u8],
    mut take: impl FnMut(&[u8]),
) -> Result<(), &'static str> {
    let mut inflater = Decompress::new(false);
    let mut crc = Crc::new();
    loop {
        let (read, written) = (inflater.total_in(), inflater.total_out());
        let rest = usize::try_from(read)
            .ok()
            .and_then(|read| deflated.get(read..))
            .unwrap_or_default();
        let status = inflater
            .decompress(rest, window, FlushDecompress::None)
            .map_err(|_| "it is no deflate stream")?;
        let fresh = usize::try_from(inflater.total_out() - written).unwrap_or(usize::MAX);
        let fresh = window.get(..fresh).unwrap_or_default();
        if inflater.total_out() > most {
            return Err("it holds more than its header claims");
        }
        crc.update(fresh);
        take(fresh);
        if status == Status::StreamEnd {
            break;
        }
        if fresh.is_empty() && inflater.total_in() == read {
            return Err("it ends in the middle");
        }
    }
    if inflater.total_in() != deflated.len() as u64 {
        return Err("something lies behind its end");
    }
    if trailer_of(&crc) != *trailer {
        return Err("its checksum or length is wrong");
    }
    Ok(())
}
