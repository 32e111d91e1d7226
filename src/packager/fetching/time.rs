//! How much of a run each source may take with what is asked for it, so that one that drips holds up no other.
//!
//! 1. Counted is the time in which something is on its way for the source, pauses and waiting included; what comes at the
//!    same time counts once.
//! 2. When half of it is over, what was kept of earlier runs is used without asking, so that the other half is for what
//!    was never had: a site that cannot be read in one run is read in several.
//! 3. When all of it is over, what is asked for is cut off, and nothing more is asked in this run.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

pub(super) struct Times {
    each: Duration,
    meters: Mutex<HashMap<u32, Meter>>,
}

#[derive(Default)]
struct Meter {
    spent: Duration,
    /// How many things are on their way, and since when there are any.
    running: usize,
    since: Option<Instant>,
}

impl Meter {
    fn spent(&self) -> Duration {
        let now = self.since.map(|since| since.elapsed());
        self.spent + now.unwrap_or_default()
    }
}

/// Something is on its way until this goes.
pub(super) struct Spending<'a> {
    times: &'a Times,
    source: u32,
    pub left: Duration,
}

impl Times {
    pub(super) fn of(each: Duration) -> Self {
        Self {
            each,
            meters: Mutex::default(),
        }
    }

    /// `None` if all of its time is over.
    pub(super) fn begin(&self, source: u32) -> Option<Spending<'_>> {
        let mut meters = self.lock();
        let meter = meters.entry(source).or_default();
        let left = self.each.saturating_sub(meter.spent());
        if left.is_zero() {
            return None;
        }
        meter.running += 1;
        meter.since.get_or_insert_with(Instant::now);
        Some(Spending {
            times: self,
            source,
            left,
        })
    }

    pub(super) fn is_half_over(&self, source: u32) -> bool {
        let spent = self.lock().get(&source).map(Meter::spent);
        spent.is_some_and(|spent| spent >= self.each / 2)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u32, Meter>> {
        self.meters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Spending<'_> {
    fn drop(&mut self) {
        let mut meters = self.times.lock();
        let meter = meters.entry(self.source).or_default();
        meter.running -= 1;
        if meter.running == 0 {
            meter.spent = meter.spent();
            meter.since = None;
        }
    }
}
