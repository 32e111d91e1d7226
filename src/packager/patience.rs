//! Work on what strangers wrote, which may take without end.
//!
//! 1. It is done on a thread of its own, so that it holds up nobody, and given up on after a while.
//! 2. No thread can be stopped from outside: one that was given up on goes on. So as long as it does, nothing more is read
//!    of whoever's page that was, or one after another all threads would be lost.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// One page is read in some 10 ms, the worst of real ones in one second; the longest listing that is let in takes some
/// seconds.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How many threads of this process go on with what was given up on, by whose that is.
static OVERDUE: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());

#[derive(Debug, PartialEq, Eq)]
pub enum GivenUp {
    /// It took longer than that.
    TooLong,
    /// It was not begun, since another of the same still goes on.
    Behind,
    /// It panicked.
    Fault,
}

/// What comes of work on what is `whose`; of nobody's all is begun.
pub async fn in_time<T: Send + 'static>(
    whose: Option<String>,
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, GivenUp> {
    if whose.as_deref().is_some_and(Overdue::is_one) {
        return Err(GivenUp::Behind);
    }
    let mut working = tokio::task::spawn_blocking(work);
    if let Ok(done) = tokio::time::timeout(patience, &mut working).await {
        return done.map_err(|_| GivenUp::Fault);
    }
    let overdue = whose.map(Overdue::of);
    // One that waits for a thread need not begin.
    working.abort();
    tokio::spawn(async move {
        let _ = working.await;
        drop(overdue);
    });
    Err(GivenUp::TooLong)
}

/// Counts for as long as it is held.
struct Overdue(String);

impl Overdue {
    fn of(whose: String) -> Self {
        Self::counting(|counts| *counts.entry(whose.clone()).or_default() += 1);
        Self(whose)
    }

    fn is_one(whose: &str) -> bool {
        Self::counting(|counts| counts.contains_key(whose))
    }

    fn counting<T>(count: impl FnOnce(&mut BTreeMap<String, usize>) -> T) -> T {
        count(&mut OVERDUE.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Overdue {
    fn drop(&mut self) {
        Self::counting(|counts| match counts.get_mut(&self.0) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(counts.remove(&self.0)),
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn while_one_page_takes_without_end_no_other_of_the_same_is_begun() {
        let whose = |name: &str| Some(name.to_owned());
        let (end, ended) = mpsc::channel::<()>();
        let endless = in_time(whose("a"), Duration::from_millis(20), move || ended.recv());
        assert_eq!(endless.await.err(), Some(GivenUp::TooLong));
        assert_eq!(in_time(whose("a"), LONG, || 1).await, Err(GivenUp::Behind));
        assert_eq!(in_time(whose("b"), LONG, || 1).await, Ok(1));
        assert_eq!(in_time(None, LONG, || 1).await, Ok(1));
        drop(end);
        while in_time(whose("a"), LONG, || 1).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let faulty = in_time(whose("a"), LONG, || panic!("a fault"));
        assert_eq!(faulty.await, Err::<(), _>(GivenUp::Fault));
    }
}
