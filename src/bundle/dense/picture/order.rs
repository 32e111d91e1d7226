//! In which order the bits of a VP8 key frame stand (RFC 6386 sections 9 and 11 to 13, and 19 in short), and beside which
//! others each is looked at.
#![expect(
    clippy::indexing_slicing,
    reason = "it is all tables of a fixed size, and indices that are made of few bits"
)]

use super::super::coder::Bits;
use super::Talk;
use super::numbers::{CHANGES, SUBMODES, TOKENS};

/// The bits of heads and modes stand in the first part of a frame, those of coefficients in the second.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Modes,
    Coefficients,
}

/// What a bit is told by: nothing is learned of those that are as likely as the picture says.
pub(super) enum Kind {
    Plain,
    /// By what it is, and how likely it is said to be.
    Mode(usize),
    /// By what stands around it.
    Token(usize),
}

const CHANGE: usize = 0;
const SEGMENT: usize = 1;
const SKIPPED: usize = 4;
const MODE: usize = 5;
const SUBMODE: usize = 9;
const COLOUR: usize = 18;
/// Kinds of bits of modes.
pub(super) const MODES: usize = 21;
/// Places of bits of tokens.
pub(super) const PLACES: usize = 4 * 16 * 3 * 8 * 11;

/// What the neighbours of a block go by: its coefficients, none over 3, and whether there are any.
#[derive(Clone, Copy, Default)]
struct Block {
    sizes: [u8; 16],
    is_filled: bool,
}

/// Of a macroblock, what the one below and the one to the right go by.
#[derive(Clone, Copy, Default)]
struct Edge {
    submodes: [usize; 4],
    /// 4 of luma, 2 and 2 of colour, and that of the 16 means.
    blocks: [Block; 9],
}

/// What the head says of all macroblocks.
struct Frame {
    segments: Option<[u8; 3]>,
    skipped: Option<u8>,
    tokens: [u8; 1056],
}

/// All bits of a frame of so many macroblocks. `None`: it is of a kind that is not told.
pub(super) fn frame<B: Bits>(talk: &mut Talk<'_, B>, columns: usize, rows: usize) -> Option<()> {
    let frame = head(talk)?;
    let mut above = vec![Edge::default(); columns];
    for _ in 0..rows {
        let mut left = Edge::default();
        for above in &mut above {
            macroblock(talk, &frame, above, &mut left)?;
            talk.check()?;
        }
    }
    Some(())
}

fn head<B: Bits>(talk: &mut Talk<'_, B>) -> Option<Frame> {
    // The colour space, and whether colours are clamped.
    talk.number(2)?;
    let segments = segments(talk)?;
    // The loop filter.
    talk.number(10)?;
    if talk.flag()? && talk.flag()? {
        for _ in 0..8 {
            talk.optional(7)?;
        }
    }
    if talk.number(2)? != 0 {
        return None;
    }
    // Steps, and whether the next frame goes on from here.
    talk.number(7)?;
    for _ in 0..5 {
        talk.optional(5)?;
    }
    talk.flag()?;
    let mut tokens = TOKENS;
    for (zero, change) in tokens.iter_mut().zip(CHANGES) {
        if talk.mode(CHANGE, change)? {
            *zero = talk.number(8)? as u8;
        }
    }
    let skipped = match talk.flag()? {
        true => Some(talk.number(8)? as u8),
        false => None,
    };
    Some(Frame {
        segments,
        skipped,
        tokens,
    })
}

/// How likely their bits are, if each macroblock names one.
fn segments<B: Bits>(talk: &mut Talk<'_, B>) -> Option<Option<[u8; 3]>> {
    if !talk.flag()? {
        return Some(None);
    }
    let (are_named, are_described) = (talk.flag()?, talk.flag()?);
    if are_described {
        talk.flag()?;
        for bits in [8, 8, 8, 8, 7, 7, 7, 7] {
            talk.optional(bits)?;
        }
    }
    if !are_named {
        return Some(None);
    }
    let mut zeros = [255; 3];
    for zero in &mut zeros {
        if talk.flag()? {
            *zero = talk.number(8)? as u8;
        }
    }
    Some(Some(zeros))
}

fn macroblock<B: Bits>(
    talk: &mut Talk<'_, B>,
    frame: &Frame,
    above: &mut Edge,
    left: &mut Edge,
) -> Option<()> {
    if let Some(zeros) = frame.segments {
        let high = usize::from(talk.mode(SEGMENT, zeros[0])?);
        talk.mode(SEGMENT + 1 + high, zeros[1 + high])?;
    }
    let is_skipped = match frame.skipped {
        Some(zero) => talk.mode(SKIPPED, zero)?,
        None => false,
    };
    let has_means = modes(talk, above, left)?;
    if is_skipped {
        let blocks = if has_means { 0..9 } else { 0..8 };
        above.blocks[blocks.clone()].fill(Block::default());
        left.blocks[blocks].fill(Block::default());
        return Some(());
    }
    let mut block = |plane, x: usize, y: usize| {
        let block = block(talk, &frame.tokens, plane, above.blocks[x], left.blocks[y])?;
        (above.blocks[x], left.blocks[y]) = (block, block);
        Some(())
    };
    if has_means {
        block(1, 8, 8)?;
    }
    let luma = if has_means { 0 } else { 3 };
    for (plane, from, side) in [(luma, 0, 4), (2, 4, 2), (2, 6, 2)] {
        for at in 0..side * side {
            block(plane, from + at % side, from + at / side)?;
        }
    }
    Some(())
}

/// Whether the means of the 16 blocks stand in one of their own.
fn modes<B: Bits>(talk: &mut Talk<'_, B>, above: &mut Edge, left: &mut Edge) -> Option<bool> {
    let has_means = talk.mode(MODE, 145)?;
    if has_means {
        let mode = match talk.mode(MODE + 1, 156)? {
            false => [0, 2][usize::from(talk.mode(MODE + 2, 163)?)],
            true => [3, 1][usize::from(talk.mode(MODE + 3, 128)?)],
        };
        (above.submodes, left.submodes) = ([mode; 4], [mode; 4]);
    } else {
        for at in 0..16 {
            let (above, left) = (&mut above.submodes[at % 4], &mut left.submodes[at / 4]);
            let mode = submode(talk, *above, *left)?;
            (*above, *left) = (mode, mode);
        }
    }
    for (branch, zero) in [142, 114, 183].into_iter().enumerate() {
        if !talk.mode(COLOUR + branch, zero)? {
            break;
        }
    }
    Some(has_means)
}

/// The branches of the tree, two by two: further branches, or modes, as less than 0.
const SUBMODE_TREE: [i8; 18] = [
    -1, 2, -2, 4, -3, 6, 8, 12, -4, 10, -6, -7, -5, 14, -8, 16, -9, -10,
];

fn submode<B: Bits>(talk: &mut Talk<'_, B>, above: usize, left: usize) -> Option<usize> {
    let zeros = &SUBMODES[(above * 10 + left) * 9..][..9];
    let mut at = 0;
    loop {
        let bit = talk.mode(SUBMODE + at / 2, zeros[at / 2])?;
        match SUBMODE_TREE[at + usize::from(bit)] {
            mode @ ..0 => return Some(usize::from(mode.unsigned_abs()) - 1),
            next => at = usize::from(next.unsigned_abs()),
        }
    }
}

const BANDS: [usize; 16] = [0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7];
const ZIGZAG: [usize; 16] = [0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15];
/// Steps of what stands around a coefficient.
const STEPS: [usize; 16] = [0, 1, 2, 3, 3, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6];
/// The bits behind a token that stands for several numbers.
const EXTRA: [&[u8]; 6] = [
    &[159],
    &[165, 145],
    &[173, 148, 140],
    &[176, 155, 140, 135],
    &[180, 157, 141, 134, 130],
    &[254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129],
];

fn block<B: Bits>(
    talk: &mut Talk<'_, B>,
    tokens: &[u8; 1056],
    plane: usize,
    above: Block,
    left: Block,
) -> Option<Block> {
    let mut block = Block::default();
    let mut before = usize::from(above.is_filled) + usize::from(left.is_filled);
    let mut last = [0; 2];
    let mut may_end = true;
    for at in usize::from(plane == 0)..16 {
        let zeros = &tokens[((plane * 8 + BANDS[at]) * 3 + before) * 11..][..11];
        let place = ZIGZAG[at];
        let around = around(&block, place) + usize::from(above.sizes[place] + left.sizes[place]);
        let around = STEPS[(around + 2 * last[0] + last[1]).min(15)];
        let from = (((plane * 16 + at) * 3 + before) * 8 + around) * 11;
        let mut branch = |branch: usize| {
            let kind = Kind::Token(from + branch);
            talk.bit(Part::Coefficients, zeros[branch], kind)
        };
        if may_end && !branch(0)? {
            break;
        }
        block.is_filled = true;
        may_end = branch(1)?;
        let size = match may_end {
            true => size(branch)?,
            false => Size::Small(0),
        };
        if let Size::Large(extra) = size {
            for zero in EXTRA[extra] {
                talk.bit(Part::Coefficients, *zero, Kind::Plain)?;
            }
        }
        let size = match size {
            Size::Small(size) => size.min(3),
            Size::Large(_) => 3,
        };
        if may_end {
            // Whether it is negative.
            talk.bit(Part::Coefficients, 128, Kind::Plain)?;
        }
        before = size.min(2);
        block.sizes[place] = size as u8;
        last = [size, last[0]];
    }
    Some(block)
}

/// Twice what stands above and to the left in the block itself.
fn around(block: &Block, place: usize) -> usize {
    let above = match place {
        0..4 => 0,
        _ => block.sizes[place - 4],
    };
    let left = match place % 4 {
        0 => 0,
        _ => block.sizes[place - 1],
    };
    2 * usize::from(above + left)
}

enum Size {
    Small(usize),
    /// One of several, which further bits tell.
    Large(usize),
}

fn size(mut branch: impl FnMut(usize) -> Option<bool>) -> Option<Size> {
    if !branch(2)? {
        return Some(Size::Small(1));
    }
    if !branch(3)? {
        return Some(Size::Small(match branch(4)? {
            true => 3 + usize::from(branch(5)?),
            false => 2,
        }));
    }
    let high = usize::from(branch(6)?);
    Some(Size::Large(match high {
        0 => usize::from(branch(7)?),
        _ => {
            let high = usize::from(branch(8)?);
            2 + 2 * high + usize::from(branch(9 + high)?)
        }
    }))
}
