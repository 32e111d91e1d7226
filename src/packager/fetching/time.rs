//! How much of a run each source may take with what is asked for it, so that one that drips holds up no other.
//!
//! 1. Counted is the time in which something is on its way for the source, pauses and waiting included; what comes at the
//!    same time counts once.
//! 2. When half of it is over, what was kept of earlier runs is used without asking, so that the other half is for what
//!    was never had: a site that cannot be read in one run is read in several.
//! 3. When all of it is over, what is asked for is cut off, and nothing more is asked in this run.
//! 4. To read what it brings, and to make its pictures light, each has as much again, counted for itself: what cannot be
//!    asked for any more is still told in short. What was begun is ended. What lies on the operator's own disk is read to
//!    the last page, however long that takes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use super::GetError;
use crate::io::fetch::shown;

/// What time is taken with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Work {
    Asking,
    Reading,
}

pub(super) struct Times {
    each: Duration,
    meters: Mutex<HashMap<(u32, Work), Meter>>,
}

/// What a source may take of a run with what it brings.
#[derive(Clone, Copy)]
pub struct Share<'a> {
    pub(super) times: &'a Times,
    /// Its place among those of the newsroom.
    pub source: u32,
}

impl<'a> Share<'a> {
    /// Counts until what it gives goes. `url`: what is read.
    pub fn begin(self, url: &Url) -> Result<Spending<'a>, GetError> {
        let spending = self.times.begin(self.source, Work::Reading);
        spending.ok_or_else(|| GetError::NoTimeLeft(shown(url)))
    }
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

/// Something is on its way, or read, until this goes.
pub struct Spending<'a> {
    times: &'a Times,
    of: (u32, Work),
    pub(super) left: Duration,
}

impl Times {
    pub(super) fn of(each: Duration) -> Self {
        Self {
            each,
            meters: Mutex::default(),
        }
    }

    /// `None` if all of its time is over.
    pub(super) fn begin(&self, source: u32, work: Work) -> Option<Spending<'_>> {
        let of = (source, work);
        let mut meters = self.lock();
        let meter = meters.entry(of).or_default();
        let left = self.each.saturating_sub(meter.spent());
        if left.is_zero() {
            return None;
        }
        meter.running += 1;
        meter.since.get_or_insert_with(Instant::now);
        Some(Spending {
            times: self,
            of,
            left,
        })
    }

    pub(super) fn is_half_over(&self, source: u32) -> bool {
        let spent = self.lock().get(&(source, Work::Asking)).map(Meter::spent);
        spent.is_some_and(|spent| spent >= self.each / 2)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(u32, Work), Meter>> {
        self.meters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Spending<'_> {
    fn drop(&mut self) {
        let mut meters = self.times.lock();
        let meter = meters.entry(self.of).or_default();
        meter.running -= 1;
        if meter.running == 0 {
            meter.spent = meter.spent();
            meter.since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn reading_has_a_share_of_its_own() {
        let times = Times::of(Duration::from_secs(100));
        let url = Url::parse("https://n.example/a").unwrap();
        let share = |source| Share {
            times: &times,
            source,
        };
        for seconds in [40, 59, 1000] {
            let spending = share(1).begin(&url).ok().unwrap();
            tokio::time::advance(Duration::from_secs(seconds)).await;
            drop(spending);
            // Between two pages nothing is counted.
            tokio::time::advance(Duration::from_secs(1000)).await;
        }
        let why = share(1).begin(&url).err().unwrap();
        assert!(why.to_string().contains("in the next"), "{why}");
        assert!(share(0).begin(&url).is_ok());
        assert!(times.begin(1, Work::Asking).is_some() && !times.is_half_over(1));
    }
}
