//! Takes a dense stream apart, part by part, as who knows what was signed asks for it.

use bytes::Bytes;

use super::super::buffer::Buffer;
use super::super::{BundleError, MemberName};
use super::frame::Frame;
use super::head;
use super::layout::read_folio_entry;
use super::picture::{RETOLD_HEAD_BYTES, tell};
use super::{Head, Known, SKIPPABLE_BYTES, skippable};
use crate::base::{LIMITS, MetadataName};

/// A dense stream in pieces of any size. Each method gives `None` or `false` while more bytes are needed; asked again
/// after a push it goes on. What was handed out counts as proved when the next thing is asked for, up to
/// [`Self::rewind`].
#[derive(Default)]
pub struct Dense {
    buffer: Buffer,
    /// Bytes of the stream before the frame or the raw part that is being read, and proved.
    before: u64,
    frame: Option<Frame>,
    /// Bytes of the raw part that were handed out and are still to be accepted.
    raw_waits: u64,
}

/// Of a line before a metadata file.
const LINE_BYTES: usize = 128;

impl Dense {
    pub fn push(&mut self, bytes: Bytes) {
        self.buffer.push(bytes);
    }

    /// Bytes of the stream that are proved.
    pub fn position(&self) -> u64 {
        self.before + self.frame.as_ref().map_or(0, |frame| frame.proved() as u64)
    }

    /// Forgets what came behind [`Self::position`].
    pub fn rewind(&mut self) -> Result<(), BundleError> {
        self.buffer = Buffer::default();
        let rewound = self.frame.as_mut().map_or(Ok(()), Frame::rewind);
        rewound.map_err(|why| self.damaged(why))
    }

    pub fn is_drained(&self) -> bool {
        self.buffer.is_empty()
    }

    pub fn damaged(&self, why: &'static str) -> BundleError {
        match self.position() {
            0 => BundleError::NotABundle(why),
            at => BundleError::Damaged { at, why },
        }
    }

    /// What the stream says of itself.
    pub fn head(&mut self) -> Result<Option<Head>, BundleError> {
        let (first, known) = self.buffer.peek::<SKIPPABLE_BYTES>();
        if known < SKIPPABLE_BYTES {
            return Ok(None);
        }
        let [.., a, b, c, d] = first;
        let length = u32::from_le_bytes([a, b, c, d]);
        if first != skippable(length) || length > head::MOST_BYTES {
            return Err(BundleError::NotABundle("it does not begin as bundles do"));
        }
        let Some(json) = self.skipped(length as usize) else {
            return Ok(None);
        };
        let head = Head::parse(&json)?;
        self.before += (SKIPPABLE_BYTES + json.len()) as u64;
        Ok(Some(head))
    }

    fn skipped(&mut self, length: usize) -> Option<Bytes> {
        let mut whole = (self.buffer.len() >= SKIPPABLE_BYTES + length)
            .then(|| self.buffer.take(SKIPPABLE_BYTES + length))??;
        Some(whole.split_off(SKIPPABLE_BYTES))
    }

    /// A frame begins here, with at most so many bytes in it.
    pub fn begin_frame(&mut self, dictionary: Bytes, most: u64) -> Result<(), BundleError> {
        let frame = Frame::new(dictionary, most).map_err(|why| self.damaged(why))?;
        self.frame = Some(frame);
        Ok(())
    }

    /// What begins here was foretold, with just so many bytes in it.
    pub fn begin_foretold(&mut self, known: Known, length: u64) {
        self.frame = Some(Frame::foretold(known, length));
    }

    /// Whether a frame began and did not end yet.
    pub fn is_in_frame(&self) -> bool {
        self.frame.is_some()
    }

    fn fill(&mut self, length: usize) -> Result<bool, BundleError> {
        let Self { buffer, frame, .. } = self;
        let filled = match frame {
            Some(frame) => frame.fill(length, buffer),
            None => Err("no frame should begin here"),
        };
        filled.map_err(|why| self.damaged(why))
    }

    fn inflated(&self) -> &[u8] {
        self.frame.as_ref().map_or(&[], Frame::inflated)
    }

    /// The next `length` bytes in the frame. They stay until [`Self::consume`].
    pub fn content(&mut self, length: u64) -> Result<Option<Bytes>, BundleError> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if !self.fill(length)? {
            return Ok(None);
        }
        Ok(self.inflated().get(..length).map(Bytes::copy_from_slice))
    }

    /// They were good, and are given back.
    pub fn consume(&mut self, length: impl TryInto<usize>) -> Bytes {
        let length = length.try_into().unwrap_or(usize::MAX);
        let frame = self.frame.as_mut();
        frame.map_or_else(Bytes::new, |frame| frame.consume(length))
    }

    /// All of the frame that begins here, which needs no dictionary and has just so many bytes in it. They stay until
    /// [`Self::consume`] and [`Self::end_frame`].
    pub fn whole_frame(&mut self, length: u64) -> Result<Option<Bytes>, BundleError> {
        if self.frame.is_none() {
            self.begin_frame(Bytes::new(), length)?;
        }
        let Some(content) = self.content(length)? else {
            return Ok(None);
        };
        let Self { buffer, frame, .. } = self;
        let ended = frame
            .as_mut()
            .map_or(Ok(true), |frame| frame.is_whole(buffer));
        let ended = ended.map_err(|why| self.damaged(why))?;
        Ok(ended.then_some(content))
    }

    /// The line before a metadata file, of which only the content is then still to come; `Some(None)` behind the last.
    pub fn folio(&mut self) -> Result<Option<Option<(MetadataName, u64)>>, BundleError> {
        loop {
            let line = self.inflated().iter().take(LINE_BYTES);
            let Some(end) = line.clone().position(|byte| *byte == b'\n') else {
                let known = self.inflated().len();
                if known >= LINE_BYTES {
                    return Err(self.damaged("a line before metadata is too long"));
                }
                match self.fill(known + 1)? {
                    true => continue,
                    false => return Ok(None),
                }
            };
            let line = self.inflated().get(..end).unwrap_or_default().to_vec();
            if line.is_empty() {
                self.consume(1);
                return Ok(Some(None));
            }
            let entry = self.entry(&line)?;
            self.consume(end + 1);
            return Ok(Some(Some(entry)));
        }
    }

    fn entry(&self, line: &[u8]) -> Result<(MetadataName, u64), BundleError> {
        let entry = std::str::from_utf8(line).ok().and_then(read_folio_entry);
        let (name, length) =
            entry.ok_or(self.damaged("what stands before metadata is no name and length"))?;
        let most = MemberName::Metadata(name.clone()).most_bytes();
        match length > most {
            true => Err(BundleError::TooLarge {
                what: "a metadata file",
                claimed: length,
                most,
            }),
            false => Ok((name, length)),
        }
    }

    /// Whether the frame has ended, just here.
    pub fn end_frame(&mut self) -> Result<bool, BundleError> {
        let Self { buffer, frame, .. } = self;
        let ended = frame.as_mut().map_or(Ok(true), |frame| frame.end(buffer));
        match ended.map_err(|why| self.damaged(why))? {
            false => Ok(false),
            true => {
                self.before = self.position();
                self.frame = None;
                Ok(true)
            }
        }
    }

    /// What stands before the raw part, which has just so many bytes, or with pictures that are retold, at most. How many
    /// it has then is for those who pass over it: nothing here proves it, so nothing may depend on it.
    pub fn raw_head(&mut self, most: u64, has_retold: bool) -> Result<bool, BundleError> {
        let Some(head) = self.buffer.take(SKIPPABLE_BYTES) else {
            return Ok(false);
        };
        let length = head
            .last_chunk()
            .map_or(0, |length| u32::from_le_bytes(*length));
        let is_right = match has_retold {
            true => u64::from(length) <= most,
            false => u64::from(length) == most,
        };
        if !is_right || skippable(length) != head[..] {
            return Err(self.damaged("files that are not pressed should begin here and do not"));
        }
        self.before += SKIPPABLE_BYTES as u64;
        Ok(true)
    }

    /// The next file that is not pressed. It stays to be accepted.
    pub fn raw(&mut self, length: u64) -> Option<Bytes> {
        let raw = self.buffer.take(usize::try_from(length).ok()?)?;
        self.raw_waits = length;
        Some(raw)
    }

    /// The same of a picture of so many bytes that was [retold](super::picture).
    pub fn retold(&mut self, length: u64) -> Result<Option<Bytes>, BundleError> {
        let (head, known) = self.buffer.peek::<RETOLD_HEAD_BYTES>();
        if known < RETOLD_HEAD_BYTES {
            return Ok(None);
        }
        let [low, middle, high] = head;
        let said = u64::from(u32::from_le_bytes([low, middle, high, 0]));
        let whole = RETOLD_HEAD_BYTES as u64 + said;
        if whole >= length {
            return Err(self.damaged("more is said of a picture than it holds"));
        }
        let Some(mut said) = self.raw(whole) else {
            return Ok(None);
        };
        let picture = tell(&said.split_off(RETOLD_HEAD_BYTES), length);
        let picture =
            picture.ok_or_else(|| self.damaged("a picture was not said as it must be"))?;
        Ok(Some(picture.into()))
    }

    /// It was good.
    pub fn accept_raw(&mut self) {
        self.before += std::mem::take(&mut self.raw_waits);
    }

    /// The most that may stand in the first frame before it is known what was signed.
    pub const FOLIO_BYTES: u64 = LIMITS.metadata_bytes + LIMITS.members as u64;
}
