//! How many mirrors are served at a time, so that none waits for a slow one.
//!
//! 1. So many push at once, each in a lane.
//! 2. Who was slow for a while, through no limit of ours, gives up its lane and goes on beside it. Then the next begins.
//! 3. With whom nothing moves at all is given up; later, if it has everything and is looking at it.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::sleep;

use crate::io::line::Line;

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

/// Ends when nothing moved for so long. Meanwhile tells of progress, and leaves the lane if it is slow.
pub(super) async fn watch(
    line: &Line,
    mut lane: Option<SemaphorePermit<'_>>,
    stall: Duration,
    progress: &(dyn Fn(u64) + Sync),
) {
    let (mut beats, mut bytes, mut bytes_judged) = (0, 0, 0);
    let (mut still, mut looks) = (Duration::ZERO, 0);
    while still < stall.max(line.working()) {
        sleep(LOOK).await;
        if line.is_held() || line.beats() != beats {
            (beats, still) = (line.beats(), Duration::ZERO);
        } else {
            still += LOOK;
        }
        if line.bytes() != bytes {
            bytes = line.bytes();
            progress(bytes);
        }
        looks += u32::from(!line.is_held());
        if looks == LOOKS {
            if bytes - bytes_judged < SLOW_BYTES {
                lane = None;
            }
            (looks, bytes_judged) = (0, bytes);
        }
    }
    drop(lane);
}
