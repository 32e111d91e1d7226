//! How many mirrors are served at a time, so that none waits for a slow one.
//!
//! 1. So many push at once, each in a lane.
//! 2. Who was slow for a while, through no limit of ours, gives up its lane and goes on beside it. Then the next begins.
//! 3. With whom nothing moves at all is given up; later, if it has everything and is looking at it. So is who takes too long,
//!    not counting what our own limits take.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::sleep;

use crate::io::line::{Line, Sent};

pub(super) struct Lanes {
    free: Semaphore,
}

/// Beside each lane so many may be who gave it up.
const BESIDE: usize = 7;
const LOOK: Duration = Duration::from_millis(200);
/// Looks after which it is judged how fast a mirror was.
const LOOKS: u32 = 10;
/// Who takes less between two judgements (some 64 KB a second) is slow.
const SLOW_BYTES: u64 = 128 << 10;

impl Lanes {
    pub(super) fn new(abreast: usize) -> Self {
        Self {
            free: Semaphore::new(abreast),
        }
    }

    /// With those beside them.
    pub(super) fn most(abreast: usize) -> usize {
        abreast.saturating_mul(1 + BESIDE)
    }

    pub(super) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        self.free.acquire().await.ok()
    }
}

/// Why somebody is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// Nothing moved for the time that is given for that.
    Still,
    /// All of it took longer than it may.
    Long,
}

/// Ends when nothing moved for so long, or when all of it took too long. Meanwhile tells of progress, and leaves the lane if it
/// is slow.
pub(super) async fn watch(
    line: &Line,
    mut lane: Option<SemaphorePermit<'_>>,
    stall: Duration,
    longest: Option<Duration>,
    progress: &(dyn Fn(Sent) + Sync),
) -> Over {
    let (mut beats, mut sent, mut bytes_judged) = (0, Sent::default(), 0);
    let (mut still, mut looks) = (Duration::ZERO, 0);
    let mut took = Duration::ZERO;
    while still < stall.max(line.working()) {
        sleep(LOOK).await;
        if !line.is_held() {
            took += LOOK;
        }
        if longest.is_some_and(|longest| took >= longest) {
            return Over::Long;
        }
        if line.is_held() || line.beats() != beats {
            (beats, still) = (line.beats(), Duration::ZERO);
        } else {
            still += LOOK;
        }
        if line.sent() != sent {
            sent = line.sent();
            progress(sent);
        }
        looks += u32::from(!line.is_held());
        if looks == LOOKS {
            if sent.bytes - bytes_judged < SLOW_BYTES {
                lane = None;
            }
            (looks, bytes_judged) = (0, sent.bytes);
        }
    }
    drop(lane);
    Over::Still
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::io::line::Limit;

    const HOUR: Duration = Duration::from_secs(3600);

    async fn watched(line: &Line, sending: impl Future<Output = ()>) -> Option<Over> {
        let stall = Duration::from_secs(30);
        tokio::select! {
            over = watch(line, None, stall, Some(HOUR), &|_| ()) => Some(over),
            () = sending => None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_drips_is_given_up_and_who_waits_for_our_own_limit_is_not() {
        let line = Line::default();
        let dripping = async {
            loop {
                sleep(Duration::from_secs(10)).await;
                line.pass(1).await;
            }
        };
        assert_eq!(watched(&line, dripping).await, Some(Over::Long));
        let silent = std::future::pending();
        assert_eq!(watched(&line, silent).await, Some(Over::Still));
        let line = Line::new(vec![Arc::new(Limit::new(1))]);
        let held = async {
            for _ in 0..9 {
                line.pass(1000).await;
            }
        };
        assert_eq!(watched(&line, held).await, None);
    }
}
