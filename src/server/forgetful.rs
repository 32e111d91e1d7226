//! The beginning of a connection of HTTP/2, looked at frame by frame before hyper has it, so that nothing of a head is kept
//! for those that follow.
//!
//! By HPACK (RFC 7541) a client may have the other side remember some fields of its heads, 4096 bytes of them at first. What
//! is remembered holds on to the memory that it came in: a hundred small fields, each out of a piece of 16 KiB, are megabytes
//! for one connection. So the mirror asks for a table of no bytes (SETTINGS_HEADER_TABLE_SIZE). That binds only those who want
//! to be bound:
//!
//! 1. A client that has not agreed yet (RFC 9113 section 6.5.3) may send only so much.
//! 2. One that has agreed must tell, in front of its next head, that its table has no bytes now (RFC 7541 section 4.2). Whether
//!    it does or not, we say it in its place, and what was remembered is gone. From then on hyper knows what was agreed, and ends a
//!    connection in which more is said. To say it twice is allowed.
//!
//! Behind that, what is said passes unchanged. Of each frame only how long it is and of what kind is looked at, for the
//! [`Ration`].

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::line::Line;
use super::ration::{Ration, Spent};
use super::wire::Progress;

pub(super) struct Forgetful {
    line: Line,
    /// `None`: it is over.
    beginning: Option<Box<Beginning>>,
    ration: Ration,
    progress: Arc<Progress>,
    begun: Instant,
}

impl Forgetful {
    pub(super) fn new(line: Line, progress: Arc<Progress>) -> Self {
        Self {
            line,
            beginning: Some(Box::default()),
            ration: Ration::default(),
            progress,
            begun: Instant::now(),
        }
    }

    /// Reads on, and has the client pay for it.
    fn poll_paid(&mut self, cx: &mut Context<'_>, space: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = space.filled().len();
        ready!(Pin::new(&mut self.line).poll_read(cx, space))?;
        let came = space.filled().get(before..).unwrap_or_default();
        let paid = (self.ration).pay_for(came, &self.progress, || self.begun.elapsed());
        Poll::Ready(paid.map_err(|Spent| io::ErrorKind::InvalidData.into()))
    }
}

/// Of what a client may send before it agrees: heads and orders, and content, of which it may send less than 64 KiB unasked.
const EARLY_BYTES: usize = 24 << 10;
const EARLY_CONTENT_BYTES: usize = 96 << 10;

/// No client may send a longer one (RFC 9113 section 6.5.2).
const FRAME_BYTES: usize = 16 << 10;
pub(super) const FRAME_HEAD_BYTES: usize = 9;
/// `PRI * HTTP/2.0` and what belongs to it.
pub(super) const PREFACE_BYTES: usize = 24;

// RFC 9113 section 6.
pub(super) const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const ACK: u8 = 0x1;
pub(super) const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

/// "The table has 0 bytes from here on", RFC 7541 section 6.3.
const NO_TABLE: u8 = 0x20;

struct Beginning {
    /// Not understood yet.
    unread: BytesMut,
    /// To be read by hyper.
    passed: BytesMut,
    /// Of the frame under way.
    left_bytes: usize,
    has_agreed: bool,
    is_over: bool,
    early_bytes: usize,
    early_content_bytes: usize,
}

impl Default for Beginning {
    fn default() -> Self {
        Self {
            unread: BytesMut::new(),
            passed: BytesMut::new(),
            left_bytes: PREFACE_BYTES,
            has_agreed: false,
            is_over: false,
            early_bytes: 0,
            early_content_bytes: 0,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct TooMuch;

#[derive(Clone, Copy)]
pub(super) struct FrameHead {
    pub(super) length: usize,
    pub(super) kind: u8,
    pub(super) flags: u8,
}

impl FrameHead {
    /// `None`: not all of it is there.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let &[high, middle, low, kind, flags, _, _, _, _] = bytes.first_chunk()?;
        let length = u32::from_be_bytes([0, high, middle, low]) as usize;
        Some(Self {
            length,
            kind,
            flags,
        })
    }

    /// What stands in a frame of a head before the head itself.
    fn fields_before(self) -> usize {
        let padding = usize::from(self.flags & PADDED != 0);
        let priority = if self.flags & PRIORITY != 0 { 5 } else { 0 };
        padding + priority
    }
}

impl Beginning {
    fn push(&mut self, bytes: &[u8]) -> Result<(), TooMuch> {
        self.unread.extend_from_slice(bytes);
        while !self.is_over && self.step()? {}
        if self.is_over {
            self.passed.extend_from_slice(&self.unread);
            self.unread.clear();
        }
        Ok(())
    }

    /// `false`: more bytes are needed.
    fn step(&mut self) -> Result<bool, TooMuch> {
        let count = self.left_bytes.min(self.unread.len());
        self.pass(count);
        self.left_bytes -= count;
        if self.left_bytes > 0 {
            return Ok(false);
        }
        let Some(head) = FrameHead::parse(&self.unread) else {
            return Ok(false);
        };
        if head.kind == HEADERS && self.has_agreed {
            return self.say_it(head);
        }
        if !self.has_agreed {
            self.count(head)?;
        }
        self.has_agreed |= head.kind == SETTINGS && head.flags & ACK != 0;
        self.pass(FRAME_HEAD_BYTES);
        self.left_bytes = head.length;
        Ok(true)
    }

    fn pass(&mut self, count: usize) {
        let bytes = self.unread.get(..count).unwrap_or_default();
        self.passed.extend_from_slice(bytes);
        self.unread.advance(count);
    }

    fn count(&mut self, head: FrameHead) -> Result<(), TooMuch> {
        match head.kind {
            DATA => self.early_content_bytes += head.length,
            _ => self.early_bytes += FRAME_HEAD_BYTES + head.length,
        }
        let is_fine =
            self.early_bytes <= EARLY_BYTES && self.early_content_bytes <= EARLY_CONTENT_BYTES;
        is_fine.then_some(()).ok_or(TooMuch)
    }

    /// The frame grows by a byte.
    fn say_it(&mut self, head: FrameHead) -> Result<bool, TooMuch> {
        let before = head.fields_before();
        if head.length < before || head.length >= FRAME_BYTES {
            return Err(TooMuch);
        }
        if self.unread.len() < FRAME_HEAD_BYTES + before {
            return Ok(false);
        }
        // It is shorter than `FRAME_BYTES`.
        let [_, high, middle, low] = (head.length as u32 + 1).to_be_bytes();
        self.passed.extend_from_slice(&[high, middle, low]);
        self.unread.advance(3);
        self.pass(FRAME_HEAD_BYTES - 3 + before);
        self.passed.extend_from_slice(&[NO_TABLE]);
        self.is_over = true;
        Ok(true)
    }

    /// What may be read now.
    fn give(&mut self, space: &mut ReadBuf<'_>) {
        let count = self.passed.len().min(space.remaining());
        space.put_slice(&self.passed.split_to(count));
    }
}

const PIECE_BYTES: usize = 4 << 10;

impl AsyncRead for Forgetful {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        space: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while let Some(begun) = &mut self.beginning {
            if !begun.passed.is_empty() {
                begun.give(space);
                return Poll::Ready(Ok(()));
            }
            if begun.is_over {
                self.beginning = None;
                break;
            }
            let mut piece = [0; PIECE_BYTES];
            let mut piece = ReadBuf::new(&mut piece);
            ready!(self.poll_paid(cx, &mut piece))?;
            if piece.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            let Some(begun) = &mut self.beginning else {
                break;
            };
            let pushed = begun.push(piece.filled());
            pushed.map_err(|TooMuch| io::Error::from(io::ErrorKind::InvalidData))?;
        }
        self.poll_paid(cx, space)
    }
}

impl AsyncWrite for Forgetful {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.line).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.line).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.line.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.line).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.line).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, content: &[u8]) -> Vec<u8> {
        let [_, length @ ..] = u32::try_from(content.len()).unwrap().to_be_bytes();
        let head = [&length[..], &[kind, flags, 0, 0, 0, 1]].concat();
        [head.as_slice(), content].concat()
    }

    const SAYS: [u8; PREFACE_BYTES] = *b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const END: u8 = 0x4;

    /// What hyper reads, however the bytes come.
    #[track_caller]
    fn check(frames: &[Vec<u8>], expected: Option<&[Vec<u8>]>) {
        let sent = [&SAYS[..], &frames.concat()].concat();
        let expected = expected.map(|frames| [&SAYS[..], &frames.concat()].concat());
        for piece in [1, 2, 7, 10, 16, 4096, sent.len()] {
            let mut beginning = Beginning::default();
            let pushed = sent.chunks(piece).try_for_each(|it| beginning.push(it));
            let read = pushed.is_ok().then(|| beginning.passed.to_vec());
            assert_eq!(read, expected, "in pieces of {piece}");
        }
    }

    #[test]
    fn who_has_agreed_keeps_nothing_whether_it_says_so_or_not() {
        let (before, agreed) = (frame(HEADERS, END, b"\x82"), frame(SETTINGS, ACK, b""));
        let content = frame(DATA, 0, &[7; 300]);
        let asks = |flags: u8, begins: &[u8], head: &[u8]| {
            frame(HEADERS, END | flags, &[begins, head].concat())
        };
        for (flags, begins) in [
            (0, &b""[..]),
            (PADDED, b"\x00"),
            (PRIORITY, b"abcde"),
            (PADDED | PRIORITY, b"\x00abcde"),
        ] {
            let last = asks(0, b"", b"\x41\x01a");
            let sent = |head: &[u8]| {
                [
                    frame(SETTINGS, 0, b"abcdef"),
                    before.clone(),
                    agreed.clone(),
                    content.clone(),
                    asks(flags, begins, head),
                    last.clone(),
                ]
            };
            check(&sent(b"\x82\x87"), Some(&sent(b"\x20\x82\x87")));
        }
    }

    #[test]
    fn who_does_not_agree_may_send_a_little() {
        let whole = frame(HEADERS, END, &[0; FRAME_BYTES]);
        let content = frame(DATA, 0, &[0; FRAME_BYTES]);
        let fair = [vec![content; 6], vec![whole.clone()]].concat();
        check(&fair, Some(&fair));
        for more in [whole, frame(DATA, 0, &[0]), frame(0xfa, 0, &[0; 9000])] {
            check(&[fair.clone(), vec![more]].concat(), None);
        }
        let small = frame(HEADERS, END, &[0; 10]);
        check(&vec![small; EARLY_BYTES / 19 + 1], None);
    }

    #[test]
    fn what_is_no_frame_of_a_head_is_refused() {
        let agreed = frame(SETTINGS, ACK, b"");
        for broken in [
            frame(HEADERS, PRIORITY, b"abcd"),
            frame(HEADERS, PADDED, b""),
            frame(HEADERS, END, &[0; FRAME_BYTES]),
        ] {
            check(&[agreed.clone(), broken], None);
        }
    }
}
