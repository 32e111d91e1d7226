//! One clock over a connection: how much came, and when the last of it did.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep_until};

#[derive(Debug, Default)]
pub(super) struct Meter {
    received: AtomicU64,
    last: Mutex<Option<Instant>>,
}

impl Meter {
    pub(super) fn received(&self) -> u64 {
        self.received.load(Relaxed)
    }

    /// Time is counted from now on.
    pub(super) fn begin(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn came(&self, bytes: u64) {
        self.received.fetch_add(bytes, Relaxed);
        self.begin();
    }

    /// Ends when no byte came for so long.
    pub(super) async fn still(&self, silence: Duration) {
        let begun = Instant::now();
        loop {
            let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
            let until = last.map_or(begun, |last| last.max(begun)) + silence;
            if until <= Instant::now() {
                return;
            }
            sleep_until(until).await;
        }
    }
}

/// A stream whose bytes are counted.
pub(super) struct Counted<S> {
    stream: S,
    meter: Arc<Meter>,
}

impl<S> Counted<S> {
    pub(super) fn new(stream: S, meter: Arc<Meter>) -> Self {
        Self { stream, meter }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        space: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = space.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, space))?;
        let came = space.filled().len() - before;
        if came > 0 {
            this.meter.came(came as u64);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
