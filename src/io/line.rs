//! The line to one host: what goes out is counted, so that others see it move, and held back where there is a limit.
//!
//! A limit is shared by all who hold it: one of the whole line by every host, one of a host by what goes there. Who comes
//! first goes first.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// So many bytes a second, and no burst.
#[derive(Debug)]
pub struct Limit {
    bytes_per_second: u64,
    /// From when on the next may go.
    free: Mutex<Option<Instant>>,
}

impl Limit {
    pub fn new(bytes_per_second: u64) -> Self {
        Self {
            bytes_per_second: bytes_per_second.max(1),
            free: Mutex::new(None),
        }
    }

    /// Returns when so many bytes may go. Who gives up meanwhile keeps his turn from others.
    async fn pass(&self, bytes: u64) {
        sleep_until(self.turn(bytes)).await;
    }

    fn turn(&self, bytes: u64) -> Instant {
        let micros = bytes.saturating_mul(1_000_000) / self.bytes_per_second;
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let turn = free.map_or(now, |free| free.max(now));
        *free = Some(turn + Duration::from_micros(micros));
        turn
    }
}

/// How far the work with one host has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sent {
    pub bytes: u64,
    /// Of so many; `None` while it is not known yet, or where nothing has to go.
    pub of: Option<u64>,
}

/// What others see of the work with one host.
#[derive(Debug, Default)]
pub struct Line {
    limits: Vec<Arc<Limit>>,
    bytes: AtomicU64,
    /// What will have gone out in the end; 0 while that is not known.
    whole: AtomicU64,
    beats: AtomicU64,
    held: AtomicUsize,
    /// Milliseconds for which the other side may be silent, since it has work of its own.
    working: AtomicU64,
}

/// What is sent at a time: small, so that a limit is smooth and an early refusal is heard early.
pub const PIECE_BYTES: usize = 1 << 15;

impl Line {
    pub fn new(limits: Vec<Arc<Limit>>) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Returns when so many bytes may go, and counts them.
    pub async fn pass(&self, bytes: usize) {
        let bytes = bytes as u64;
        if !self.limits.is_empty() {
            let _held = Held::new(&self.held);
            for limit in &self.limits {
                limit.pass(bytes).await;
            }
        }
        self.moved(bytes);
    }

    /// Counts bytes that are no limit's business.
    pub fn moved(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.beat();
    }

    /// So many bytes will go out from now on. What goes out twice, since it got lost, is not counted in.
    pub fn expect(&self, bytes: u64) {
        self.whole.store(self.bytes() + bytes, Ordering::Relaxed);
    }

    /// Beware: more may have gone out than was expected.
    pub fn sent(&self) -> Sent {
        let (bytes, whole) = (self.bytes(), self.whole.load(Ordering::Relaxed));
        Sent {
            bytes,
            of: (whole > 0).then_some(whole.max(bytes)),
        }
    }

    /// The work goes on.
    pub fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
    }

    /// The other side has all of it now, and has so long to make something of it.
    pub fn let_work(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.working.store(millis, Ordering::Relaxed);
    }

    /// How long silence is no sign of death; nothing while bytes should go.
    pub fn working(&self) -> Duration {
        Duration::from_millis(self.working.load(Ordering::Relaxed))
    }

    /// That went out so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub fn beats(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }

    /// Whether something waits for a limit of ours, which is not the host's fault.
    pub fn is_held(&self) -> bool {
        self.held.load(Ordering::Relaxed) > 0
    }
}

/// Counts one who waits, until it is dropped.
struct Held<'a>(&'a AtomicUsize);

impl<'a> Held<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_limit_is_shared_by_all_who_hold_it() {
        let whole = Arc::new(Limit::new(100_000));
        let lines = [(); 4].map(|()| Line::new(vec![whole.clone()]));
        let begun = Instant::now();
        let send = |line| async move {
            for _ in 0..10 {
                Line::pass(line, 10_000).await;
            }
        };
        futures_util::future::join_all(lines.iter().map(send)).await;
        let took = begun.elapsed().as_secs_f64();
        // The last piece may go as soon as those before it have gone.
        assert!((3.9..=4.0).contains(&took), "{took}");
        assert!(lines.iter().all(|line| line.bytes() == 100_000));
        assert!(lines.iter().all(|line| !line.is_held()));
    }

    #[tokio::test(start_paused = true)]
    async fn the_narrower_limit_counts_and_rest_is_not_saved_up() {
        let line = Line::new(vec![
            Arc::new(Limit::new(1_000_000)),
            Arc::new(Limit::new(10_000)),
        ]);
        tokio::time::sleep(Duration::from_secs(60)).await;
        let begun = Instant::now();
        for _ in 0..11 {
            line.pass(10_000).await;
        }
        assert!((9.9..=11.0).contains(&begun.elapsed().as_secs_f64()));
    }
}
