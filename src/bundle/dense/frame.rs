//! A stranger's frame, of zstd or [foretold], inflated block by block.
//!
//! 1. A head of zstd must be the plain one: a window, and nothing else. A large window is refused before memory is set aside.
//! 2. A block (RFC 8878 section 3.1.1.2) holds at most 128 KiB. It is inflated when it has come whole and somebody waits
//!    for what is in it, and refused if it is longer than what it holds; foretold, if it is longer than what is needed.
//! 3. More than was announced to come is refused.
//! 4. What was consumed was proved by who consumed it; with it are proved all blocks before the one that was not yet
//!    consumed whole. After a rewind the frame goes on from there.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};
use zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer};

use super::super::buffer::Buffer;
use super::foretold::{self, Known};
use super::model::Model;
use super::{SKIPPABLE_BYTES, WINDOW_LOG};

const HEAD_BYTES: usize = 6;
const HEAD_START: [u8; 5] = [0x28, 0xb5, 0x2f, 0xfd, 0];
pub(super) const BLOCK_HEAD_BYTES: usize = 3;
pub(super) const BLOCK_BYTES: usize = 1 << 17;

type Why = &'static str;

/// See the module.
pub(super) struct Frame {
    kind: Kind,
    /// The most that may be in it, in bytes.
    most: u64,
    /// All that came of it, from its head on.
    came: BytesMut,
    /// Behind each block that was not consumed whole: how much had come, and how much was inflated.
    marks: VecDeque<(usize, u64)>,
    /// Bytes of `came` that are proved.
    proved: usize,
    inflated: BytesMut,
    produced: u64,
    consumed: u64,
    is_over: bool,
}

enum Kind {
    Zstd {
        dictionary: Bytes,
        context: DCtx<'static>,
        room: Vec<u8>,
    },
    Foretold {
        known: Known,
        /// Once its head came: it takes time to make.
        model: Option<Box<Model>>,
    },
}

impl Kind {
    fn zstd(dictionary: Bytes) -> Result<Self, Why> {
        Ok(Self::Zstd {
            context: context(&dictionary)?,
            dictionary,
            room: vec![0; BLOCK_BYTES],
        })
    }

    fn foretold(known: Known) -> Self {
        Self::Foretold { known, model: None }
    }

    /// As it was before anything came.
    fn anew(&self) -> Result<Self, Why> {
        match self {
            Self::Zstd { dictionary, .. } => Self::zstd(dictionary.clone()),
            Self::Foretold { known, .. } => Ok(Self::foretold(known.clone())),
        }
    }

    fn head_bytes(&self) -> usize {
        match self {
            Self::Zstd { .. } => HEAD_BYTES,
            Self::Foretold { .. } => SKIPPABLE_BYTES,
        }
    }
}

impl Frame {
    pub(super) fn new(dictionary: Bytes, most: u64) -> Result<Self, Why> {
        Ok(Self::of(Kind::zstd(dictionary)?, most))
    }

    /// Foretold by what is known, with just so many bytes in it.
    pub(super) fn foretold(known: Known, length: u64) -> Self {
        Self::of(Kind::foretold(known), length)
    }

    fn of(kind: Kind, most: u64) -> Self {
        Self {
            kind,
            most,
            came: BytesMut::new(),
            marks: VecDeque::new(),
            proved: 0,
            inflated: BytesMut::new(),
            produced: 0,
            consumed: 0,
            is_over: false,
        }
    }

    /// Bytes of the stream that are proved by what was consumed.
    pub(super) fn proved(&self) -> usize {
        self.proved
    }

    /// What is inflated and not consumed.
    pub(super) fn inflated(&self) -> &[u8] {
        &self.inflated
    }

    /// Inflates until `length` bytes wait to be consumed. `false`: more must come for that.
    pub(super) fn fill(&mut self, length: usize, buffer: &mut Buffer) -> Result<bool, Why> {
        if self.produced > self.most {
            return Err("it holds more than was signed");
        }
        while self.inflated.len() < length {
            if self.is_over {
                return Err("it holds less than was signed");
            }
            if !self.block(buffer)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn consume(&mut self, length: usize) -> Bytes {
        let taken = self.inflated.split_to(length.min(self.inflated.len()));
        self.consumed += taken.len() as u64;
        while let Some((came, produced)) = self.marks.front() {
            if *produced > self.consumed {
                break;
            }
            self.proved = *came;
            self.marks.pop_front();
        }
        taken.freeze()
    }

    /// Whether its last block was read. `false`: more must come.
    pub(super) fn is_whole(&mut self, buffer: &mut Buffer) -> Result<bool, Why> {
        while !self.is_over {
            if !self.block(buffer)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// As [`Self::is_whole`], when all must have been consumed.
    pub(super) fn end(&mut self, buffer: &mut Buffer) -> Result<bool, Why> {
        let is_whole = self.is_whole(buffer)?;
        match self.inflated.is_empty() {
            true => Ok(is_whole),
            false => Err("it holds more than was signed"),
        }
    }

    /// The frame without what is not proved. What was consumed stays consumed.
    pub(super) fn rewind(&mut self) -> Result<(), Why> {
        let mut kept = Buffer::default();
        kept.push(self.came.split_to(self.proved).freeze());
        *self = Self {
            consumed: self.consumed,
            ..Self::of(self.kind.anew()?, self.most)
        };
        while !kept.is_empty() && self.block(&mut kept)? {}
        Ok(())
    }

    /// The head, or the next block.
    fn block(&mut self, buffer: &mut Buffer) -> Result<bool, Why> {
        let is_head = self.came.is_empty();
        let length = match (is_head, &self.kind) {
            (true, kind) => kind.head_bytes(),
            (false, Kind::Zstd { .. }) => match block_length(buffer)? {
                Some(length) => length,
                None => return Ok(false),
            },
            (false, Kind::Foretold { .. }) => {
                let (head, known) = buffer.peek();
                if known < BLOCK_HEAD_BYTES {
                    return Ok(false);
                }
                BLOCK_HEAD_BYTES + foretold::block(head)?.0
            }
        };
        let Some(piece) = buffer.take(length) else {
            return Ok(false);
        };
        match (&mut self.kind, is_head) {
            (Kind::Zstd { .. }, _) => {
                if is_head {
                    check_head(&piece)?;
                }
                self.inflate(&piece)?;
            }
            (Kind::Foretold { known, model }, true) => {
                foretold::check_head(&piece)?;
                *model = Some(Box::new(Model::new(known)));
            }
            (Kind::Foretold { .. }, false) => self.read(&piece)?,
        }
        self.came.extend_from_slice(&piece);
        self.marks.push_back((self.came.len(), self.produced));
        if !is_head {
            self.is_over = piece.first().is_some_and(|first| first & 1 == 1);
        }
        // A block may hold nothing, and the head does.
        self.consume(0);
        Ok(true)
    }

    /// A block that was foretold.
    fn read(&mut self, piece: &[u8]) -> Result<(), Why> {
        let Kind::Foretold {
            model: Some(model), ..
        } = &mut self.kind
        else {
            return Err("no block should begin here");
        };
        let is_last = piece.first().is_some_and(|first| first & 1 == 1);
        let left = usize::try_from(self.most - self.produced).unwrap_or(usize::MAX);
        let length = match (is_last, left) {
            (true, 0..=BLOCK_BYTES) => left,
            (true, _) => return Err("it holds less than was signed"),
            // The last may be full.
            (false, 0..=BLOCK_BYTES) => return Err("it holds more than was signed"),
            (false, _) => BLOCK_BYTES,
        };
        let coded = piece.get(BLOCK_HEAD_BYTES..).unwrap_or_default();
        let fresh = model.read(coded, length);
        self.give(&fresh.ok_or("a block of it is longer than what it says")?);
        Ok(())
    }

    /// To be consumed, unless that was before a rewind.
    fn give(&mut self, fresh: &[u8]) {
        let mut new = fresh;
        let known = self.consumed.saturating_sub(self.produced);
        new.advance(usize::try_from(known).unwrap_or(usize::MAX).min(new.len()));
        self.inflated.extend_from_slice(new);
        self.produced += fresh.len() as u64;
    }

    fn inflate(&mut self, piece: &[u8]) -> Result<(), Why> {
        let before = self.produced;
        let mut input = InBuffer::around(piece);
        loop {
            let Kind::Zstd { context, room, .. } = &mut self.kind else {
                return Err("no zstd frame should begin here");
            };
            let mut output = OutBuffer::around(&mut room[..]);
            let left = context
                .decompress_stream(&mut output, &mut input)
                .map_err(|_| "it is no sound zstd frame")?;
            let fresh = Bytes::copy_from_slice(output.as_slice());
            self.give(&fresh);
            if left == 0 || (fresh.is_empty() && input.pos() == piece.len()) {
                break;
            }
        }
        let held = self.produced - before;
        let is_last = piece.first().is_some_and(|first| first & 1 == 1);
        let is_head = self.came.is_empty();
        if self.produced > self.most {
            return Err("it holds more than was signed");
        }
        if !is_head && !is_last && held == 0 {
            return Err("a block of it holds nothing");
        }
        if !is_head && (piece.len() - BLOCK_HEAD_BYTES) as u64 > held {
            return Err("a block of it is longer than what it holds");
        }
        Ok(())
    }
}

fn context(dictionary: &[u8]) -> Result<DCtx<'static>, Why> {
    let mut context = DCtx::try_create().ok_or("there is not enough memory")?;
    let prepared = context
        .set_parameter(DParameter::WindowLogMax(WINDOW_LOG))
        .and_then(|_| context.load_dictionary(dictionary));
    prepared.map_err(|_| "its dictionary cannot be used")?;
    Ok(context)
}

/// A window of at most 2^[`WINDOW_LOG`] bytes; no length, no checksum, no number of a dictionary.
fn check_head(head: &[u8]) -> Result<(), Why> {
    let Some((window, start)) = head.split_last() else {
        return Err("it is no zstd frame");
    };
    if start != HEAD_START {
        return Err("a zstd frame of the plain kind should begin here and does not");
    }
    let (log, eighths) = (10 + u32::from(window >> 3), window & 7);
    match log < WINDOW_LOG || (log == WINDOW_LOG && eighths == 0) {
        true => Ok(()),
        false => Err("its window is too large"),
    }
}

/// With its head; `None` while that has not come.
fn block_length(buffer: &Buffer) -> Result<Option<usize>, Why> {
    let (head, known) = buffer.peek::<BLOCK_HEAD_BYTES>();
    if known < BLOCK_HEAD_BYTES {
        return Ok(None);
    }
    let [low, middle, high] = head;
    let bits = u32::from_le_bytes([low, middle, high, 0]);
    let (kind, size) = ((bits >> 1) & 3, (bits >> 3) as usize);
    if kind == 3 || size > BLOCK_BYTES {
        return Err("it has a block of no known kind");
    }
    // Kind 1 is one byte, repeated.
    let content = if kind == 1 { 1 } else { size };
    Ok(Some(BLOCK_HEAD_BYTES + content))
}

#[cfg(test)]
mod tests {
    use super::super::press::{Pressure, press};
    use super::*;

    fn text(seed: u64, length: usize) -> Vec<u8> {
        let words = ["рака ", "стала ", "на ", "досвітку", ". ", "лес ", "і "];
        let mut state = seed | 1;
        let mut text = Vec::new();
        while text.len() < length {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let word = words[usize::try_from(state >> 60).expect("small") % words.len()];
            text.extend_from_slice(word.as_bytes());
            text.extend_from_slice(&state.to_le_bytes()[6..]);
        }
        text.truncate(length);
        text
    }

    fn pressed(dictionary: &[u8], content: &[u8]) -> Vec<u8> {
        let (content, mut out) = (Bytes::copy_from_slice(content), Vec::new());
        press(&mut out, dictionary, &[content], Pressure::Much).expect("memory takes all");
        out
    }

    fn frame(dictionary: &[u8], most: u64) -> Frame {
        Frame::new(Bytes::copy_from_slice(dictionary), most).expect("there is memory")
    }

    /// All that comes out, asked for in pieces.
    fn inflate(frame: &mut Frame, bytes: &[u8], length: usize) -> Result<Vec<u8>, Why> {
        let mut buffer = Buffer::default();
        buffer.push(Bytes::copy_from_slice(bytes));
        let mut out = Vec::new();
        while out.len() < length {
            let next = (length - out.len()).min(10_000);
            if !frame.fill(next, &mut buffer)? {
                return Err("cut short");
            }
            out.extend_from_slice(&frame.consume(next));
        }
        match frame.end(&mut buffer)? && buffer.is_empty() {
            true => Ok(out),
            false => Err("not at its end"),
        }
    }

    #[test]
    fn contents_go_there_and_back_with_and_without_a_dictionary() {
        let old = text(1, 600_000);
        for length in [0, 1, 1000, 131_072, 131_073, 500_000] {
            let new = [&old[..length / 2], &text(2, length - length / 2)].concat();
            for dictionary in [&b""[..], &old] {
                let packed = pressed(dictionary, &new);
                assert_eq!(pressed(dictionary, &new), packed, "the same bytes again");
                let mut frame = frame(dictionary, length as u64);
                assert_eq!(inflate(&mut frame, &packed, length).as_ref(), Ok(&new));
                assert_eq!(frame.proved(), packed.len());
            }
        }
    }

    #[test]
    fn what_the_receiver_has_hardly_costs_anything() {
        let old = text(1, 300_000);
        let new = [&old[100_000..], b"one new line"].concat();
        assert!(pressed(&old, &new).len() < 200);
        assert!(pressed(b"", &new).len() > 20_000);
    }

    #[test]
    fn never_more_comes_out_than_was_announced() {
        let bomb = pressed(b"", &vec![b'a'; 64 << 20]);
        assert!(bomb.len() < 10_000);
        let refused = inflate(&mut frame(b"", 1000), &bomb, 1000);
        assert_eq!(refused, Err("it holds more than was signed"));
        let refused = inflate(&mut frame(b"", 65 << 20), &bomb, 65 << 20);
        assert_eq!(refused, Err("it holds less than was signed"));
        let mut exact = frame(b"", 64 << 20);
        assert!(inflate(&mut exact, &bomb, 64 << 20).is_ok());
    }

    #[test]
    fn a_large_window_and_other_heads_are_refused() {
        let packed = pressed(b"", &text(1, 1000));
        let check = |at: usize, byte: u8| {
            let mut other = packed.clone();
            other[at] = byte;
            assert!(inflate(&mut frame(b"", 1000), &other, 1000).is_err());
        };
        check(5, (WINDOW_LOG as u8 - 10) << 3 | 1);
        check(5, 0xff);
        // With a length, with a checksum, with the number of a dictionary.
        for descriptor in [0x20, 0x80, 4, 1] {
            check(4, descriptor);
        }
    }

    #[test]
    fn blocks_that_waste_bytes_are_refused() {
        let head = [&HEAD_START[..], &[0x38]].concat();
        let check = |blocks: &[&[u8]], why| {
            let frame = [&[&head[..]], blocks].concat().concat();
            assert_eq!(inflate(&mut self::frame(b"", 3), &frame, 3), Err(why));
        };
        let good = [1 | 3 << 3, 0, 0, b'a', b'b', b'c'];
        let whole = [&head[..], &good].concat();
        assert_eq!(inflate(&mut frame(b"", 3), &whole, 3), Ok(b"abc".to_vec()));
        check(&[&[0, 0, 0], &good], "a block of it holds nothing");
        check(&[&[7, 0, 0]], "it has a block of no known kind");
        check(&[&[1, 0, 0xff]], "it has a block of no known kind");
    }

    #[test]
    fn another_dictionary_gives_no_content_or_another() {
        let (old, new) = (text(1, 50_000), text(1, 40_000));
        let packed = pressed(&old, &new);
        let other = inflate(&mut frame(&text(3, 50_000), 40_000), &packed, 40_000);
        assert_ne!(other, Ok(new));
    }

    #[test]
    fn it_goes_on_from_where_it_was_proved() {
        let content = text(5, 1_500_000);
        let packed = pressed(b"", &content);
        let mut frame = frame(b"", content.len() as u64);
        let mut out = Vec::new();
        let mut at = 0;
        // A line that breaks after a few blocks; then what is not proved comes again, every third time with a wrong byte.
        for turn in 0.. {
            let mut buffer = Buffer::default();
            let mut part = packed[at..packed.len().min(at + 150_000)].to_vec();
            if turn % 3 == 1 {
                let last = part.len() - 1;
                part[last] ^= 0xff;
            }
            buffer.push(part.into());
            while out.len() < content.len() {
                let next = (content.len() - out.len()).min(3000);
                match frame.fill(next, &mut buffer) {
                    Ok(true) if frame.inflated()[..next] == content[out.len()..][..next] => {
                        out.extend_from_slice(&frame.consume(next));
                    }
                    _ => break,
                }
            }
            if out.len() == content.len() {
                break;
            }
            frame.rewind().expect("what was proved stays good");
            assert!(frame.proved() >= at);
            at = frame.proved();
            assert!(turn < 100, "it goes on");
        }
        assert_eq!(out, content);
    }
}
