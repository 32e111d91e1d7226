//! One connection's bytes: counted, watched, and closed so that the other side can read the last answer.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// What a connection has come to. Counts only; they go when the connection goes.
///
/// Only the connection itself counts, in one thread at a time; so no count is made in one step, which would be dear.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Heads of requests.
    heads: AtomicU32,
    /// Bytes, also those read when the last head was whole.
    read: AtomicU64,
    read_at_head: AtomicU64,
    written: AtomicU64,
    /// The other side takes no more for now.
    blocked: AtomicBool,
    /// A bundle is being taken in, which has a patience of its own.
    intake: AtomicBool,
    /// The other side may still be sending what is not read any more.
    linger: AtomicBool,
    /// Several requests share the connection, and what comes need not be the head of one.
    multiplexed: AtomicBool,
    /// No further request is to be answered.
    stopping: AtomicBool,
    /// Nothing more is to be done for it at all.
    over: AtomicBool,
    /// It told of other mirrors.
    reported: AtomicBool,
    /// What is being brought now.
    brought: AtomicU32,
    who: Option<u64>,
}

impl Progress {
    /// `who`: a number that is the same for connections from the same address, if they can be told apart.
    pub(super) fn of(who: Option<u64>) -> Self {
        Self {
            who,
            ..Self::default()
        }
    }

    pub(super) fn who(&self) -> Option<u64> {
        self.who
    }

    /// Whether this is the first report.
    pub(super) fn reports(&self) -> bool {
        !self.reported.swap(true, Relaxed)
    }

    pub(super) fn head_read(&self) {
        self.heads
            .store(self.heads.load(Relaxed).wrapping_add(1), Relaxed);
        self.read_at_head.store(self.read.load(Relaxed), Relaxed);
    }

    /// Call when the answer goes out before the request was read to its end.
    pub(super) fn will_linger(&self) {
        self.linger.store(true, Relaxed);
    }

    pub(super) fn multiplex(&self) {
        self.multiplexed.store(true, Relaxed);
    }

    pub(super) fn stop(&self) {
        self.stopping.store(true, Relaxed);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Relaxed)
    }

    pub(super) fn give_up(&self) {
        self.over.store(true, Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Relaxed)
    }

    /// To bring something, until the guard is dropped. `None`: as many as may do so already. Each holds on to the head of its
    /// request.
    pub(super) fn brings(&self) -> Option<Brings<'_>> {
        let more = |now: u32| (now < BROUGHT).then_some(now + 1);
        self.brought.fetch_update(Relaxed, Relaxed, more).ok()?;
        Some(Brings(self))
    }

    pub(super) fn is_bringing(&self) -> bool {
        self.brought.load(Relaxed) > 0
    }

    /// Of requests, counted round and round.
    pub(super) fn heads(&self) -> u32 {
        self.heads.load(Relaxed)
    }

    /// As they went over the wire.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Relaxed)
    }

    pub(super) fn wrote(&self, bytes: usize) {
        add(&self.written, bytes);
    }

    /// Both ways, as they went over the wire.
    pub(super) fn bytes(&self) -> u64 {
        self.read.load(Relaxed) + self.written.load(Relaxed)
    }

    /// Until the guard is dropped.
    pub(super) fn intake(&self) -> IntakeGuard<'_> {
        self.intake.store(true, Relaxed);
        IntakeGuard(self)
    }
}

#[must_use]
pub(super) struct IntakeGuard<'a>(&'a Progress);

impl Drop for IntakeGuard<'_> {
    fn drop(&mut self) {
        self.0.intake.store(false, Relaxed);
    }
}

/// At a time, on one connection.
const BROUGHT: u32 = 3;

#[must_use]
pub(super) struct Brings<'a>(&'a Progress);

impl Drop for Brings<'_> {
    fn drop(&mut self) {
        self.0.brought.fetch_sub(1, Relaxed);
    }
}

/// Whether it is worth to go on with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outlook {
    Fair,
    /// Close it.
    Hopeless,
}

impl Outlook {
    pub(super) fn is_hopeless(self) -> bool {
        self == Self::Hopeless
    }
}

/// Looks at a connection from time to time and tells whether it is a slow one or a dead one.
///
/// - The head of a request must be whole within [`HEAD_LOOKS`] looks, however its bytes drip.
/// - An answer must move by at least [`MOVED_BYTES`] every [`BLOCKED_LOOKS`] looks. What moves is what the kernel takes
///   off us, in steps of up to a third of its buffer, so slow lines need many looks.
/// - Between requests it may rest for [`QUIET_LOOKS`] looks.
#[derive(Debug, Default)]
pub(super) struct Watch {
    heads: u32,
    written: u64,
    head_looks: u32,
    blocked_looks: u32,
    quiet_looks: u32,
}

const HEAD_LOOKS: u32 = 3;
const BLOCKED_LOOKS: u32 = 24;
const QUIET_LOOKS: u32 = 12;
const MOVED_BYTES: u64 = 1024;

impl Watch {
    pub(super) fn look(&mut self, progress: &Progress) -> Outlook {
        let heads = progress.heads.load(Relaxed);
        let written = progress.written.load(Relaxed);
        let is_taking = progress.intake.load(Relaxed);
        let moved = heads != self.heads || written.saturating_sub(self.written) >= MOVED_BYTES;
        if moved || is_taking {
            *self = Self {
                heads,
                written,
                ..Self::default()
            };
        } else {
            self.count(progress);
        }
        let hopeless = self.head_looks > HEAD_LOOKS
            || self.blocked_looks > BLOCKED_LOOKS
            || self.quiet_looks > QUIET_LOOKS;
        if hopeless {
            Outlook::Hopeless
        } else {
            Outlook::Fair
        }
    }

    /// Nothing moved since the last look.
    fn count(&mut self, progress: &Progress) {
        let is_blocked = progress.blocked.load(Relaxed);
        let is_reading = progress.read.load(Relaxed) > progress.read_at_head.load(Relaxed);
        let is_in_head = self.heads == 0 || (is_reading && !progress.multiplexed.load(Relaxed));
        match (is_blocked, is_in_head) {
            (true, _) => self.blocked_looks += 1,
            (false, true) => self.head_looks += 1,
            (false, false) => self.quiet_looks += 1,
        }
    }
}

/// How long, and how much of, what nobody wants is read after the last answer.
const LINGER: Duration = Duration::from_secs(5);
const LINGER_BYTES: u64 = 256 << 10;

/// A TCP stream that counts, and closes with care.
pub(super) struct Wire {
    stream: TcpStream,
    /// Written, and not sent yet.
    held: Vec<u8>,
    sends: Sends,
    progress: Arc<Progress>,
    closing: Option<Pin<Box<Sleep>>>,
    thrown_away: u64,
}

/// When what is written goes out. Each write of its own costs the kernel and the other side as much as a small answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sends {
    /// At once, and with it what is held; that may also be sent by itself.
    Now,
    /// Before something is waited for; for talks in which both sides take turns.
    BeforeWaiting,
}

/// More than this is not kept back.
const HELD_BYTES: usize = 16 << 10;

impl Wire {
    pub(super) fn new(stream: TcpStream, progress: Arc<Progress>) -> Self {
        Self {
            stream,
            held: Vec::new(),
            sends: Sends::Now,
            progress,
            closing: None,
            thrown_away: 0,
        }
    }

    /// From now on.
    pub(super) fn send(&mut self, when: Sends) {
        self.sends = when;
    }

    /// From now on this thread is told when something comes. If there is no room for that, the one before stays told, and
    /// tells this one.
    pub(super) fn move_here(&mut self) -> io::Result<()> {
        let same = self.stream.as_fd().try_clone_to_owned()?;
        self.stream = TcpStream::from_std(same.into())?;
        Ok(())
    }

    /// To be changed before it goes out.
    pub(super) fn held(&mut self) -> &mut [u8] {
        &mut self.held
    }

    pub(super) fn held_bytes(&self) -> u64 {
        self.held.len() as u64
    }

    /// Takes it for later, if it is not to go out now.
    fn hold(&mut self, slices: &[io::IoSlice<'_>]) -> Option<usize> {
        let count = slices.iter().map(|slice| slice.len()).sum();
        if self.sends != Sends::BeforeWaiting || self.held.len() + count > HELD_BYTES {
            return None;
        }
        slices
            .iter()
            .for_each(|slice| self.held.extend_from_slice(slice));
        Some(count)
    }

    /// What was held goes first, in the same write as `slices`; tells how much of those was written.
    fn poll_write_behind_held(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut all = [io::IoSlice::new(&[]); 16];
        let from = std::iter::once(&*self.held).chain(slices.iter().map(|slice| &**slice));
        let filled = all.iter_mut().zip(from);
        let count = filled
            .map(|(place, slice)| *place = io::IoSlice::new(slice))
            .count();
        let all = all.get(..count).unwrap_or_default();
        let result = poll_write(&mut self.stream, cx, all);
        self.wrote(&result);
        let written = ready!(result)?;
        let of_held = written.min(self.held.len());
        self.held.drain(..of_held);
        if self.held.is_empty() {
            self.held = Vec::new();
        }
        Poll::Ready(Ok(written - of_held))
    }

    pub(super) fn poll_send_held(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.held.is_empty() {
            let before = self.held.len();
            ready!(self.poll_write_behind_held(cx, &[]))?;
            if self.held.len() == before {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
        }
        Poll::Ready(Ok(()))
    }

    fn wrote(&self, result: &Poll<io::Result<usize>>) {
        match result {
            Poll::Ready(Ok(count)) => {
                self.progress.wrote(*count);
                self.progress.blocked.store(false, Relaxed);
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.progress.blocked.store(true, Relaxed),
        }
    }

    /// To close a socket with unread bytes resets the connection, and the reset may overtake the answer on its way
    /// (RFC 9112 section 9.6). So after our last byte is sent, some of what still comes is read and thrown away, and
    /// then the other side is given time to close.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.closing.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        if deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let mut space = [0; 4096];
        while self.thrown_away < LINGER_BYTES {
            let mut space = ReadBuf::new(&mut space);
            let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut space));
            if read.is_err() || space.filled().is_empty() {
                return Poll::Ready(());
            }
            self.thrown_away += space.filled().len() as u64;
        }
        Poll::Pending
    }
}

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

fn poll_write(
    stream: &mut TcpStream,
    cx: &mut Context<'_>,
    slices: &[io::IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    let stream = Pin::new(stream);
    match slices {
        // The kernel takes one piece with less ado than a list of one.
        [slice] => stream.poll_write(cx, slice),
        _ => stream.poll_write_vectored(cx, slices),
    }
}

fn add(sum: &AtomicU64, count: usize) {
    sum.store(sum.load(Relaxed).wrapping_add(count as u64), Relaxed);
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        space: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = space.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, space);
        let count = space.filled().len() - before;
        add(&self.progress.read, count);
        if result.is_pending() && self.sends == Sends::BeforeWaiting {
            ready!(self.poll_send_held(cx))?;
        }
        result
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[io::IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(count) = self.hold(slices) {
            return Poll::Ready(Ok(count));
        }
        while !self.held.is_empty() {
            let written = ready!(self.poll_write_behind_held(cx, slices))?;
            if written > 0 {
                return Poll::Ready(Ok(written));
            }
        }
        let result = poll_write(&mut self.stream, cx, slices);
        self.wrote(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.sends == Sends::Now {
            ready!(self.poll_send_held(cx))?;
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.closing.is_none() {
            ready!(self.poll_send_held(cx))?;
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            if !self.progress.linger.load(Relaxed) {
                return Poll::Ready(Ok(()));
            }
        }
        self.poll_linger(cx).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;

    /// How many looks a connection survives to which `happens` before each.
    fn looks(happens: impl Fn(u32, &Progress)) -> Option<u32> {
        let (progress, mut watch) = (Progress::default(), Watch::default());
        (1..=100).find(|look| {
            happens(*look, &progress);
            watch.look(&progress).is_hopeless()
        })
    }

    fn reads(progress: &Progress, bytes: u64) {
        progress.read.fetch_add(bytes, Relaxed);
    }

    fn writes(progress: &Progress, bytes: u64) {
        progress.written.fetch_add(bytes, Relaxed);
    }

    #[test]
    fn who_connects_and_says_nothing_is_closed() {
        assert_eq!(looks(|_, _| ()), Some(HEAD_LOOKS + 1));
    }

    #[test]
    fn a_head_that_drips_is_closed() {
        assert_eq!(
            looks(|_, progress| reads(progress, 1)),
            Some(HEAD_LOOKS + 1)
        );
    }

    #[test]
    fn a_second_head_that_drips_is_closed() {
        let died = looks(|look, progress| match look {
            1 => {
                reads(progress, 100);
                progress.head_read();
                writes(progress, 5000);
            }
            _ => reads(progress, 1),
        });
        assert_eq!(died, Some(1 + HEAD_LOOKS + 1));
    }

    #[test]
    fn a_connection_may_rest_between_requests_but_not_for_ever() {
        let died = looks(|look, progress| {
            if look == 1 {
                reads(progress, 100);
                progress.head_read();
            }
        });
        assert_eq!(died, Some(1 + QUIET_LOOKS + 1));
    }

    #[test]
    fn who_reads_slowly_is_served_and_who_reads_nothing_is_not() {
        let reading = |bytes: u64| {
            move |look: u32, progress: &Progress| {
                if look == 1 {
                    progress.head_read();
                }
                progress.blocked.store(true, Relaxed);
                writes(progress, bytes);
            }
        };
        assert_eq!(looks(reading(MOVED_BYTES)), None);
        assert_eq!(looks(reading(MOVED_BYTES / 20)), None);
        assert_eq!(looks(reading(0)), Some(1 + BLOCKED_LOOKS + 1));
        assert_eq!(looks(reading(1)), Some(1 + BLOCKED_LOOKS + 1));
    }

    #[test]
    fn what_keeps_a_shared_connection_going_is_no_head_that_drips() {
        let died = looks(|look, progress| match look {
            1 => {
                progress.multiplex();
                progress.head_read();
            }
            _ => reads(progress, 13),
        });
        assert_eq!(died, Some(1 + QUIET_LOOKS + 1));
    }

    #[test]
    fn an_intake_has_its_own_patience() {
        let progress = Progress::default();
        let mut watch = Watch::default();
        progress.head_read();
        let guard = progress.intake();
        assert!((0..100).all(|_| !watch.look(&progress).is_hopeless()));
        drop(guard);
        assert!((0..100).any(|_| watch.look(&progress).is_hopeless()));
    }

    /// What the other side has received.
    async fn received(client: &mut TcpStream) -> Vec<u8> {
        let mut space = [0; 16];
        let count = client.read(&mut space).await.expect("it reads");
        space[..count].to_vec()
    }

    #[tokio::test]
    async fn what_is_held_goes_out_before_something_is_waited_for_or_with_the_next_write() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (client, served) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (mut client, (stream, _)) = (client.expect("a line"), served.expect("a line"));
        let progress = Arc::<Progress>::default();
        let mut wire = Wire::new(stream, Arc::clone(&progress));

        wire.send(Sends::BeforeWaiting);
        wire.write_all(b"ab").await.expect("it is held");
        wire.flush().await.expect("it is held");
        assert_eq!(progress.bytes(), 0);
        let mut space = [0; 4];
        let read = timeout(Duration::ZERO, wire.read(&mut space)).await;
        assert!(read.is_err(), "nothing comes");
        assert_eq!(received(&mut client).await, b"ab");

        wire.write_all(b"c").await.expect("it is held");
        wire.send(Sends::Now);
        wire.write_all(b"d").await.expect("it is sent");
        assert_eq!(progress.bytes(), 4);
        assert_eq!(received(&mut client).await, b"cd");

        wire.send(Sends::BeforeWaiting);
        wire.write_all(b"x").await.expect("it is held");
        wire.send(Sends::Now);
        wire.flush().await.expect("it is sent");
        assert_eq!(received(&mut client).await, b"x");

        wire.send(Sends::BeforeWaiting);
        wire.write_all(b"f").await.expect("it is held");
        wire.send(Sends::Now);
        let read = timeout(Duration::ZERO, wire.read(&mut space)).await;
        assert!(read.is_err(), "nothing comes");
        assert_eq!(progress.bytes(), 5, "and nothing is sent for that");
        wire.write_all(b"g").await.expect("it is sent");
        assert_eq!(received(&mut client).await, b"fg");

        wire.send(Sends::BeforeWaiting);
        wire.write_all(b"e").await.expect("it is held");
        wire.shutdown().await.expect("it is sent");
        assert_eq!(received(&mut client).await, b"e");
    }
}
