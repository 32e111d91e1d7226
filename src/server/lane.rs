//! The fast lane of HTTP/1.1: one plain request after the other, answered without anything held in between.
//!
//! 1. What comes is read into a space that all connections of a thread share, and understood there. Only the beginning of
//!    a head that is not whole yet is kept.
//! 2. A head of the plainest kind ([`head`]) is answered at once; if it says no more than what is wanted, without any of
//!    the detours of a [`brief`](super::respond::brief) answer, and straight from the bundle. Only what the other side does
//!    not take at once is kept.
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
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http::header::CONNECTION;
use http::request::Parts;
use http::{HeaderMap, StatusCode, Version};
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};

use super::head::{self, Common, Heading, Heard, Room};
use super::line::{self, Line};
use super::listen::{Answer, Hall, Newcomer};
use super::respond::{Allowed, Body, Brief};
use super::threads::{self, Seat};
use super::wire::Progress;

/// Why nothing more is done in the lane.
pub(super) enum Left {
    /// It has been closed.
    Closed,
    /// The line has something to be read that is for hyper.
    ForHyper,
    /// It rests, and had better go on in the thread with this number.
    For(usize),
}

struct Lane<'a, A> {
    hall: &'a Hall<A>,
    seat: &'a Seat<Newcomer>,
    line: &'a mut Line,
    progress: &'a Progress,
    /// Came, and is not understood yet.
    input: Vec<u8>,
    /// What `Host` said when it was last found that this is for us.
    host: Option<Box<[u8]>>,
    /// Since it was last looked where its bytes come by.
    answers: u32,
}

/// Where the bytes of a connection come by is looked up once in so many answers: to look and to move cost less than one
/// answer and a few, and who asks less often gains nothing by it.
const LOOK_AFTER: u32 = 64;

/// What all connections of a thread use one after the other.
struct Desk {
    space: Box<[u8]>,
    /// Of the answer that is being written.
    head: Vec<u8>,
    date: Date,
}

/// The second and how it is written, since all answers of a second bear the same.
#[derive(Default)]
struct Date {
    second: i64,
    text: String,
}

thread_local! {
    static DESK: RefCell<Desk> = RefCell::new(Desk {
        space: vec![0; 16 << 10].into(),
        head: Vec::with_capacity(HEAD_BYTES as usize),
        date: Date::default(),
    });
}

pub(super) async fn serve<A: Answer>(
    hall: &Hall<A>,
    seat: &Seat<Newcomer>,
    line: &mut Line,
    progress: &Progress,
) -> io::Result<Left> {
    let mut lane = Lane {
        hall,
        seat,
        line,
        progress,
        input: Vec::new(),
        host: None,
        answers: 0,
    };
    loop {
        match std::future::poll_fn(|cx| lane.poll_next(cx)).await? {
            Next::Reply(reply) => {
                let is_last = reply.is_last;
                lane.send(reply).await?;
                if is_last {
                    return Ok(Left::Closed);
                }
            }
            Next::End => {
                lane.line.shutdown().await?;
                return Ok(Left::Closed);
            }
            Next::Elsewhere(thread) => return Ok(Left::For(thread)),
            Next::Other => {
                lane.line.flush().await?;
                lane.line.put_back(lane.input.into());
                return Ok(Left::ForHyper);
            }
        }
    }
}

/// What is to be done when requests cannot be answered at once any more.
enum Next {
    /// To be sent, or the rest of it.
    Reply(Reply),
    /// No further request is to be answered.
    End,
    /// What came is for hyper.
    Other,
    /// Nothing, here.
    Elsewhere(usize),
}

/// As it is sent.
struct Reply {
    head: Vec<u8>,
    body: Body,
    /// No more of it, in bytes.
    most: usize,
    is_last: bool,
}

/// Where a request has led.
enum Led {
    /// It was answered.
    On,
    To(Next),
}

impl<A: Answer> Lane<'_, A> {
    /// Answers what comes for as long as nobody need wait for anything but the next request.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Next>> {
        DESK.with_borrow_mut(|desk| {
            let Desk { space, head, date } = desk;
            loop {
                if let Some(next) = self.answer_input(cx, head, date) {
                    return Poll::Ready(next);
                }
                if self.progress.is_stopping() && self.input.is_empty() {
                    return Poll::Ready(Ok(Next::End));
                }
                let mut space = ReadBuf::new(space);
                let read = Pin::new(&mut *self.line).poll_read(cx, &mut space);
                if read.is_pending() {
                    // Behind a handshake something is held for the first answer, and some clients wait for it.
                    ready!(self.line.wire_mut().poll_send_held(cx))?;
                    if let Some(thread) = self.elsewhere() {
                        return Poll::Ready(Ok(Next::Elsewhere(thread)));
                    }
                }
                ready!(read)?;
                let came = space.filled();
                if came.is_empty() {
                    return Poll::Ready(Ok(Next::End));
                }
                if !self.input.is_empty() {
                    self.input.extend_from_slice(came);
                    continue;
                }
                let (understood, next) = self.answer_all(cx, came, head, date);
                let rest = came.get(understood..).unwrap_or_default();
                if !rest.is_empty() {
                    self.input = rest.to_vec();
                }
                if let Some(next) = next {
                    return Poll::Ready(next);
                }
            }
        })
    }

    /// The thread to which it should go while it rests.
    fn elsewhere(&mut self) -> Option<usize> {
        if self.answers < LOOK_AFTER || !self.input.is_empty() {
            return None;
        }
        self.answers = 0;
        self.seat.better(threads::near(self.line.wire())?)
    }

    /// What was kept, and is perhaps whole now.
    fn answer_input(
        &mut self,
        cx: &mut Context<'_>,
        head: &mut Vec<u8>,
        date: &mut Date,
    ) -> Option<io::Result<Next>> {
        if self.input.is_empty() {
            return None;
        }
        let mut input = std::mem::take(&mut self.input);
        let (understood, next) = self.answer_all(cx, &input, head, date);
        if understood < input.len() {
            input.drain(..understood);
            self.input = input;
        }
        next
    }

    /// Answers the requests at the beginning of `bytes`, and tells how many bytes those were. `None`: more bytes are wanted.
    fn answer_all(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        head: &mut Vec<u8>,
        date: &mut Date,
    ) -> (usize, Option<io::Result<Next>>) {
        let longest = self.hall.bounds.buffer_bytes;
        let mut understood = 0;
        loop {
            let rest = bytes.get(understood..).unwrap_or_default();
            if rest.is_empty() {
                return (understood, None);
            }
            let first = rest.get(..longest).unwrap_or(rest);
            let mut room = Room::new();
            let heading = match head::read(first, &mut room) {
                Heard::Request(heading) => heading,
                Heard::More if rest.len() < longest => return (understood, None),
                Heard::Other if head::is_of_http_2(rest) => {
                    let refused = Next::Reply(self.refusal(StatusCode::BAD_REQUEST, date));
                    return (understood, Some(Ok(refused)));
                }
                Heard::More | Heard::Other => return (understood, Some(Ok(Next::Other))),
            };
            match self.answer(cx, &heading, head, date) {
                Ok(Led::On) => understood += heading.bytes,
                Ok(Led::To(Next::Reply(reply))) => {
                    let reply = Some(Ok(Next::Reply(reply)));
                    return (understood + heading.bytes, reply);
                }
                Ok(Led::To(next)) => return (understood, Some(Ok(next))),
                Err(error) => return (understood, Some(Err(error))),
            }
        }
    }

    fn answer(
        &mut self,
        cx: &mut Context<'_>,
        heading: &Heading<'_, '_>,
        head: &mut Vec<u8>,
        date: &mut Date,
    ) -> io::Result<Led> {
        threads::answered();
        self.answers = self.answers.saturating_add(1);
        let is_last = heading.is_last || self.progress.is_stopping();
        if let Some(bare) = heading.bare()
            && self.hall.thin.is_none()
            && !is_last
            && self.is_asked(bare.host)
        {
            let common = Common {
                date: date.of(self.hall.clock.now()),
                version: Version::HTTP_11,
                is_last,
            };
            let (line, progress) = (&mut *self.line, self.progress);
            let sent = self.hall.brief(&bare, |brief| {
                progress.head_read();
                send_now(cx, line, brief, common, head)
            });
            if let Some(sent) = sent {
                return sent;
            }
        }
        let Some(parts) = heading.parts() else {
            return Ok(Led::To(Next::Other));
        };
        let reply = self.any(&parts, is_last, date);
        self.progress.head_read();
        Ok(Led::To(Next::Reply(reply)))
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

    fn any(&self, request: &Parts, is_last: bool, date: &mut Date) -> Reply {
        let thin = self.hall.thin.map(|most| most.saturating_sub(self.spent()));
        let allowed = Allowed {
            most_bytes: thin.map(for_body),
            who: self.progress.who(),
        };
        let answer = self.hall.read(request, allowed);
        let (parts, body) = answer.into_parts();
        let is_last = is_last || thin.is_some() || parts.headers.contains_key(CONNECTION);
        let common = Common {
            date: date.of(self.hall.clock.now()),
            version: request.version,
            is_last,
        };
        let mut head = Vec::with_capacity(HEAD_BYTES as usize);
        head::write(
            &mut head,
            parts.status,
            &parts.headers,
            body.length(),
            common,
        );
        let most = thin.map_or(u64::MAX, |thin| thin.max(head.len() as u64));
        Reply {
            head,
            body,
            // More than the machine can address is no limit.
            most: usize::try_from(most).unwrap_or(usize::MAX),
            is_last,
        }
    }

    /// As hyper refuses what it cannot read, with no word about why.
    fn refusal(&self, status: StatusCode, date: &mut Date) -> Reply {
        let common = Common {
            date: date.of(self.hall.clock.now()),
            version: Version::HTTP_11,
            is_last: true,
        };
        let mut head = Vec::new();
        head::write(&mut head, status, &HeaderMap::new(), 0, common);
        Reply {
            head,
            body: Body::Empty,
            most: usize::MAX,
            is_last: true,
        }
    }

    /// And closes the connection if that was all.
    async fn send(&mut self, reply: Reply) -> io::Result<()> {
        if reply.is_last {
            self.line.send_with_the_end();
        }
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

    /// With what TLS will add to the answer.
    fn spent(&self) -> u64 {
        let overhead = if self.line.is_secure() { TLS_BYTES } else { 0 };
        self.progress.bytes() + self.line.wire().held_bytes() + overhead
    }
}

/// Writes it while it is at hand, on a connection that goes on. What is not taken at once is kept for later.
fn send_now(
    cx: &mut Context<'_>,
    line: &mut Line,
    brief: Brief<'_>,
    common: Common<'_>,
    head: &mut Vec<u8>,
) -> io::Result<Led> {
    let (tag, body) = (brief.tag.as_bytes(), brief.body.bytes());
    head.clear();
    head::write_whole(head, brief.fields, tag, body.len() as u64, common);
    let head_bytes = head.len();
    let sent = line::try_send(cx, Pin::new(line), head, body)?;
    if sent.bytes == head_bytes + body.len() && sent.is_out {
        return Ok(Led::On);
    }
    let body_sent = sent.bytes.saturating_sub(head_bytes);
    let head_left = head.get(sent.bytes..head_bytes).unwrap_or_default();
    Ok(Led::To(Next::Reply(Reply {
        head: head_left.to_vec(),
        body: Body::Whole(brief.body.kept_from(body_sent)),
        most: usize::MAX,
        is_last: false,
    })))
}

/// Of a record or two, and of the notice that the end is meant.
const TLS_BYTES: u64 = 80;

/// What is left for a body once its head is sent.
fn for_body(room: u64) -> u64 {
    room.saturating_sub(HEAD_BYTES).max(1)
}

/// No head of ours is longer.
const HEAD_BYTES: u64 = 1024;

impl Date {
    fn of(&mut self, now: Timestamp) -> &str {
        if self.second != now.as_second() || self.text.is_empty() {
            self.text.clear();
            // A string takes all that is written to it. RFC 9110 section 5.6.7.
            let _ = write!(self.text, "{}", now.strftime("%a, %d %b %Y %H:%M:%S GMT"));
            self.second = now.as_second();
        }
        &self.text
    }
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
            assert_eq!(Date::default().of(now.parse().unwrap()), expected);
        }
    }
}
