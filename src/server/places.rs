//! Places for strangers, of whom nothing is proved yet. When all are taken, who has been there longest gives way, so that
//! nobody can keep others out by sitting there: the newsroom proves itself with its first kilobytes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

pub(super) struct Places {
    places: usize,
    /// That everybody has.
    grace: Duration,
    /// Who came first stands first.
    guests: Mutex<VecDeque<Arc<Guest>>>,
}

struct Guest {
    came: Instant,
    leave: Notify,
}

/// Given back when it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    guest: Arc<Guest>,
}

/// Hears when a place is to be left, and can leave it sooner.
pub(super) struct Bell {
    places: Arc<Places>,
    guest: Arc<Guest>,
}

impl Places {
    pub(super) fn new(places: usize, grace: Duration) -> Arc<Self> {
        Arc::new(Self {
            places,
            grace,
            guests: Mutex::default(),
        })
    }

    fn guests(&self) -> MutexGuard<'_, VecDeque<Arc<Guest>>> {
        // Nothing that can panic happens under the lock.
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, gone: &Arc<Guest>) {
        self.guests().retain(|guest| !Arc::ptr_eq(guest, gone));
    }

    /// `None` if nobody need give way yet.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Place> {
        let mut guests = self.guests();
        if guests.len() >= self.places {
            let first = guests.front()?;
            if first.came.elapsed() < self.grace {
                return None;
            }
            first.leave.notify_one();
            guests.pop_front();
        }
        let guest = Arc::new(Guest {
            came: Instant::now(),
            leave: Notify::new(),
        });
        guests.push_back(Arc::clone(&guest));
        Some(Place {
            places: Arc::clone(self),
            guest,
        })
    }
}

impl Place {
    pub(super) fn bell(&self) -> Bell {
        Bell {
            places: Arc::clone(&self.places),
            guest: Arc::clone(&self.guest),
        }
    }
}

impl Bell {
    pub(super) async fn rings(&self) {
        self.guest.leave.notified().await;
    }

    /// No stranger any more.
    pub(super) fn leave(&self) {
        self.places.forget(&self.guest);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.forget(&self.guest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn who_stayed_longest_gives_way_after_a_while() {
        let places = Places::new(2, GRACE);
        let first = places.enter().unwrap();
        tokio::time::advance(GRACE / 2).await;
        let second = places.enter().unwrap();
        assert!(places.enter().is_none());
        tokio::time::advance(GRACE / 2).await;
        let third = places.enter().unwrap();
        first.bell().rings().await;
        // The one who must leave takes nobody's place along.
        drop(first);
        assert!(places.enter().is_none());
        drop(second);
        assert!(places.enter().is_some());
        drop(third);
    }

    #[tokio::test]
    async fn without_any_place_nobody_comes_in() {
        assert!(Places::new(0, Duration::ZERO).enter().is_none());
    }
}
