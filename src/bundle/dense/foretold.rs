//! Contents of which only is said what a [`Model`] does not foretell: a skippable frame, in which stand blocks.
//!
//! Before each block stand 3 bytes, little-endian: twice the length of what is said in it, and 1 more in the last one. Every
//! block but the last holds 128 KiB of contents, the last what is left, which may be nothing. The model goes on from block
//! to block.

use std::io::{self, Write};

use bytes::Bytes;

use super::frame::{BLOCK_BYTES, BLOCK_HEAD_BYTES};
use super::model::Model;
use super::skippable;

/// Bytes that the receiver has already.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Where the same may stand.
    pub matched: Bytes,
    /// Behind that: of the kind that is to come. It takes most of a microsecond a byte.
    pub learned: Bytes,
}

/// Of what is said in a block. A text may be other than anything, and then more is said of it than it has bytes.
const MOST_BYTES: usize = 2 * BLOCK_BYTES;

/// All contents, one after the other. The same input gives the same bytes.
pub fn foretell(out: &mut impl Write, known: &Known, contents: &[Bytes]) -> io::Result<()> {
    let content = contents.concat();
    let mut model = Model::new(known);
    let mut blocks = content.chunks(BLOCK_BYTES).peekable();
    let mut written = Vec::new();
    loop {
        let said = model.write(blocks.next().unwrap_or_default());
        // Who paces the work, or has no use for it any more, is heard between two blocks.
        let _none = out.write(&[])?;
        if said.len() > MOST_BYTES {
            return Err(io::Error::other("these texts are not like any text"));
        }
        let is_last = blocks.peek().is_none();
        let head = (said.len() << 1 | usize::from(is_last)).to_le_bytes();
        written.extend(head.into_iter().take(BLOCK_HEAD_BYTES));
        written.extend(said);
        if is_last {
            break;
        }
    }
    let length = u32::try_from(written.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
    out.write_all(&skippable(length))?;
    out.write_all(&written)
}

/// The length of what is said in a block, and whether it is the last one.
pub(super) fn block(head: [u8; BLOCK_HEAD_BYTES]) -> Result<(usize, bool), &'static str> {
    let [low, middle, high] = head;
    let head = u32::from_le_bytes([low, middle, high, 0]);
    match (head >> 1) as usize {
        length @ 0..=MOST_BYTES => Ok((length, head & 1 == 1)),
        _ => Err("a block of it is too long"),
    }
}

pub(super) fn check_head(head: &[u8]) -> Result<(), &'static str> {
    match head.starts_with(&super::SKIPPABLE) {
        true => Ok(()),
        false => Err("foretold texts should begin here and do not"),
    }
}
