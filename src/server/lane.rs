//! The fast lane of HTTP/1.1: one plain request after the other, answered without anything held in between.
//!
//! 1. What comes is read into a space that all connections of a thread share, and kept only until its head is whole.
//! 2. A head of the plainest kind ([`head`]) is answered at once; if it says no more than what is wanted, without any of
//!    the detours of a [`brief`](super::respond::brief) answer.
//! 3. Anything else leaves the lane with every byte of it, and goes to hyper.
//! 4. While nothing comes, a connection holds no buffer: thousands may wait.
//!
//! A thin line is one on which only so many bytes arrive, in both directions, before somebody lets it freeze. There each
//! answer is the last one of its connection, and is cut off where the line would be: who wants the rest asks for it on a
//! fresh one, by a range.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};

use bytes::Buf;
use http::header::CONNECTION;
use http::request::Parts;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};

use super::head::{self, Bare, Common, Heading, Heard, Room};
use super::line::{self, Line};
use super::listen::{Answer, Hall};
use super::respond::{Body, Brief};
use super::wire::Progress;

/// Why nothing more is done in the lane.
pub(super) enum Left {
    /// It has been closed.
    Closed,
    /// The line has something to be read that is for hyper.
    ForHyper,
}

struct Lane<'a, A> {
    hall: &'a Hall<A>,
    line: &'a mut Line,
    progress: &'a Progress,
    /// Came, and is not understood yet.
    input: Vec<u8>,
    /// What `Host` said when it was last found that this is for us.
    host: Option<Box<[u8]>>,
}

thread_local! {
    static SPACE: RefCell<Box<[u8]>> = RefCell::new(vec![0; 16 << 10].into());
    /// The second and how it is written, since all answers of a second bear the same.
    static DATE: RefCell<(i64, String)> = RefCell::default();
}

pub(super) async fn serve<A: Answer>(
    hall: &Hall<A>,
    line: &mut Line,
    progress: &Progress,
) -> io::Result<Left> {
    let mut lane = Lane {
        hall,
        line,
        progress,
        input: Vec::new(),
        host: None,
    };
    loop {
        match lane.next() {
            Next::Reply(reply) => {
                let is_last = reply.is_last;
                lane.send(reply).await?;
                if is_last {
                    return Ok(Left::Closed);
                }
            }
            Next::More => {
                if lane.more().await? == 0 {
                    lane.line.shutdown().await?;
                    return Ok(Left::Closed);
                }
            }
            Next::Other => {
                lane.line.put_back(lane.input.into());
                return Ok(Left::ForHyper);
            }
        }
    }
}

/// What is to be done about the input.
enum Next {
    Reply(Reply),
    More,
    Other,
}

/// As it is sent.
struct Reply {
    head: Vec<u8>,
    body: Body,
    /// No more of it, in bytes.
    most: usize,
    is_last: bool,
}

impl<A: Answer> Lane<'_, A> {
    fn next(&mut self) -> Next {
        let longest = self.hall.bounds.buffer_bytes;
        let input = std::mem::take(&mut self.input);
        let first = input.get(..longest).unwrap_or(&input);
        let mut room = Room::new();
        let (next, read) = match head::read(first, &mut room) {
            Heard::Request(heading) => match self.reply(&heading) {
                Some(reply) => (Next::Reply(reply), heading.bytes),
                None => (Next::Other, 0),
            },
            Heard::More if input.len() < longest => (Next::More, 0),
            Heard::More | Heard::Other => (Next::Other, 0),
        };
        self.input = input;
        self.input.drain(..read);
        next
    }

    /// `None`: it is for hyper after all.
    fn reply(&mut self, heading: &Heading<'_, '_>) -> Option<Reply> {
        let brief = heading.bare().and_then(|bare| self.brief(&bare));
        let reply = match brief {
            Some(brief) => self.whole(brief, heading.is_last),
            None => self.any(&heading.parts()?, heading.is_last),
        };
        self.progress.head_read();
        Some(reply)
    }

    fn brief(&mut self, bare: &Bare<'_>) -> Option<Brief> {
        if self.hall.thin.is_some() || !self.is_asked(bare.host) {
            return None;
        }
        self.hall.brief(bare)
    }

    /// Whether it is for us; nearly always the same is said as before.
    fn is_asked(&mut self, host: &[u8]) -> bool {
        if self.host.as_deref() == Some(host) {
            return true;
        }
        let is_ours = self.hall.names.are_said(host);
        if is_ours && !self.hall.names.are_any() {
            self.host = Some(host.into());
        }
        is_ours
    }

    fn whole(&self, brief: Brief, is_last: bool) -> Reply {
        let is_last = is_last || self.progress.is_stopping();
        let mut head = Vec::with_capacity(HEAD_BYTES as usize);
        let (tag, body_bytes) = (brief.tag.as_bytes(), brief.body.len() as u64);
        with_date(self.hall.clock.now(), |date| {
            let common = Common { date, is_last };
            head::write_whole(&mut head, brief.fields, tag, body_bytes, common);
        });
        Reply {
            head,
            body: Body::Whole(brief.body),
            most: usize::MAX,
            is_last,
        }
    }

    fn any(&self, request: &Parts, is_last: bool) -> Reply {
        let thin = self.hall.thin.map(|most| most.saturating_sub(self.spent()));
        let answer = self.hall.read(request, thin.map(for_body));
        let (parts, body) = answer.into_parts();
        let is_last = is_last
            || thin.is_some()
            || self.progress.is_stopping()
            || parts.headers.contains_key(CONNECTION);
        let mut head = Vec::with_capacity(HEAD_BYTES as usize);
        with_date(self.hall.clock.now(), |date| {
            let common = Common { date, is_last };
            head::write(
                &mut head,
                parts.status,
                &parts.headers,
                body.length(),
                common,
            );
        });
        let most = thin.map_or(u64::MAX, |thin| thin.max(head.len() as u64));
        Reply {
            head,
            body,
            // More than the machine can address is no limit.
            most: usize::try_from(most).unwrap_or(usize::MAX),
            is_last,
        }
    }

    /// And closes the connection if that was all.
    async fn send(&mut self, reply: Reply) -> io::Result<()> {
        let answer = reply.head.as_slice().chain(reply.body);
        line::send(self.line, answer.take(reply.most)).await?;
        if reply.is_last {
            if !self.input.is_empty() {
                self.progress.will_linger();
            }
            self.line.shutdown().await?;
        }
        Ok(())
    }

    /// Waits for bytes, and tells how many came. None at the end, or when no further request is to be answered.
    async fn more(&mut self) -> io::Result<usize> {
        std::future::poll_fn(|cx| {
            if self.progress.is_stopping() && self.input.is_empty() {
                return Poll::Ready(Ok(0));
            }
            SPACE.with_borrow_mut(|space| {
                let mut space = ReadBuf::new(space);
                let read = Pin::new(&mut *self.line).poll_read(cx, &mut space);
                if read.is_pending() && self.input.is_empty() {
                    self.input = Vec::new();
                }
                ready!(read)?;
                self.input.extend_from_slice(space.filled());
                Poll::Ready(Ok(space.filled().len()))
            })
        })
        .await
    }

    /// With what TLS will add to the answer.
    fn spent(&self) -> u64 {
        let overhead = if self.line.is_secure() { TLS_BYTES } else { 0 };
        self.progress.bytes() + overhead
    }
}

/// Of a record or two, and of the notice that the end is meant.
const TLS_BYTES: u64 = 80;

/// What is left for a body once its head is sent.
fn for_body(room: u64) -> u64 {
    room.saturating_sub(HEAD_BYTES).max(1)
}

/// No head of ours is longer.
const HEAD_BYTES: u64 = 1024;

fn with_date(now: Timestamp, use_it: impl FnOnce(&str)) {
    DATE.with_borrow_mut(|(second, text)| {
        if *second != now.as_second() || text.is_empty() {
            text.clear();
            // A string takes all that is written to it. RFC 9110 section 5.6.7.
            let _ = write!(text, "{}", now.strftime("%a, %d %b %Y %H:%M:%S GMT"));
            *second = now.as_second();
        }
        use_it(text);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_http_wants_it() {
        for (now, expected) in [
            ("2026-11-23T12:00:00.9Z", "Mon, 23 Nov 2026 12:00:00 GMT"),
            ("2027-01-03T02:03:04Z", "Sun, 03 Jan 2027 02:03:04 GMT"),
            ("1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ] {
            with_date(now.parse().unwrap(), |date| assert_eq!(date, expected));
        }
    }
}
