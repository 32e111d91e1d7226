//! Places for those who bring a bundle. Nobody can keep others out by sitting in one.
//!
//! 1. A stranger, of whom nothing is proved yet, has one of a few places. When all are taken, one of those gives way who
//!    have most of them, or else who has been there longest: the newsroom proves itself with its first kilobytes.
//! 2. Whose metadata is proved gets another place. A validly signed bundle can be had by anyone, and be dripped. So when
//!    all of these are taken, who is slowest gives way, unless it is fast. To hold all places one must bring whole
//!    bundles faster than the newsroom does, and the first of them goes live and makes the others pointless.
//! 3. In both, everybody has a little time first.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) strangers: usize,
    pub(super) proved: usize,
    /// That everybody has in a place.
    pub(super) grace: Duration,
    /// Who is as fast as this need not give way.
    pub(super) fast_bytes_per_second: u64,
}

pub(super) struct Places {
    bounds: Bounds,
    guests: Mutex<Guests>,
}

/// Who came first stands first.
#[derive(Default)]
struct Guests {
    strangers: VecDeque<Arc<Guest>>,
    proved: VecDeque<Arc<Guest>>,
}

impl Guests {
    /// The oldest stranger of an address that has several places, the most of all, and more than `who` has. Without a
    /// little time first: an address that takes every place as it grows free would otherwise leave the newsroom none.
    fn crowding(&self, who: Option<u64>) -> Option<usize> {
        let held_by = |who| {
            self.strangers
                .iter()
                .filter(|guest| guest.who == who)
                .count()
        };
        let most = self
            .strangers
            .iter()
            .filter(|guest| guest.who.is_some())
            .map(|guest| held_by(guest.who))
            .max()?;
        let own = who.map_or(0, |_| held_by(who));
        let is_crowding = |guest: &Arc<Guest>| guest.who.is_some() && held_by(guest.who) == most;
        let at = self.strangers.iter().position(is_crowding)?;
        (most > own.max(1)).then_some(at)
    }
}

struct Guest {
    /// The same for all that come from one address; none of those who cannot be told apart.
    who: Option<u64>,
    came: Instant,
    /// What it brought so far.
    bytes: AtomicU64,
    leave: Notify,
}

impl Guest {
    fn bytes_per_second(&self) -> u64 {
        let millis = u64::try_from(self.came.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.bytes.load(Relaxed).saturating_mul(1000) / millis.max(1)
    }
}

/// Given back when the last part of it is dropped.
#[derive(Clone)]
pub(super) struct Place(Arc<Held>);

struct Held {
    places: Arc<Places>,
    guest: Arc<Guest>,
}

impl Places {
    pub(super) fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self {
            bounds,
            guests: Mutex::default(),
        })
    }

    fn guests(&self) -> MutexGuard<'_, Guests> {
        // Nothing that can panic happens under the lock.
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For a stranger. `None` if nobody need give way yet.
    pub(super) fn enter(self: &Arc<Self>, who: Option<u64>) -> Option<Place> {
        let mut guests = self.guests();
        if guests.strangers.len() >= self.bounds.strangers {
            let at = guests.crowding(who).or_else(|| {
                let is_over = guests.strangers.front()?.came.elapsed() >= self.bounds.grace;
                is_over.then_some(0)
            })?;
            let leaving = guests.strangers.remove(at)?;
            leaving.leave.notify_one();
        }
        let guest = Arc::new(Guest {
            who,
            came: Instant::now(),
            bytes: AtomicU64::new(0),
            leave: Notify::new(),
        });
        guests.strangers.push_back(Arc::clone(&guest));
        Some(Place(Arc::new(Held {
            places: Arc::clone(self),
            guest,
        })))
    }
}

impl Place {
    /// Ends when the place is to be left.
    pub(super) async fn is_needed(&self) {
        self.0.guest.leave.notified().await;
    }

    pub(super) fn brought(&self, bytes: u64) {
        self.0.guest.bytes.fetch_add(bytes, Relaxed);
    }

    /// Whether there is a place among the proved. The one of a stranger is free then.
    pub(super) fn prove(&self) -> bool {
        let (places, guest) = (&self.0.places, &self.0.guest);
        let mut guests = places.guests();
        if guests.proved.len() >= places.bounds.proved {
            let is_slow = |guest: &&Arc<Guest>| {
                guest.came.elapsed() >= places.bounds.grace
                    && guest.bytes_per_second() < places.bounds.fast_bytes_per_second
            };
            let slow = guests.proved.iter().filter(is_slow);
            let Some(slowest) = slow.min_by_key(|guest| guest.bytes_per_second()).cloned() else {
                return false;
            };
            slowest.leave.notify_one();
            guests.proved.retain(|guest| !Arc::ptr_eq(guest, &slowest));
        }
        guests.strangers.retain(|other| !Arc::ptr_eq(other, guest));
        guests.proved.push_back(Arc::clone(guest));
        true
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut guests = self.places.guests();
        let stays = |guest: &Arc<Guest>| !Arc::ptr_eq(guest, &self.guest);
        guests.strangers.retain(stays);
        guests.proved.retain(stays);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(5);

    fn places(strangers: usize, proved: usize) -> Arc<Places> {
        Places::new(Bounds {
            strangers,
            proved,
            grace: GRACE,
            fast_bytes_per_second: 1000,
        })
    }

    #[tokio::test(start_paused = true)]
    async fn one_address_cannot_take_all_places_again_and_again() {
        let places = places(3, 1);
        let crowd = Some(1);
        let taken: Vec<_> = (0..3).map(|_| places.enter(crowd).unwrap()).collect();
        assert!(places.enter(crowd).is_none(), "not for its own sake");
        let newsroom = places.enter(Some(2)).expect("a place at once");
        assert!(is_needed(&taken[0]).await);
        let unknown = places
            .enter(None)
            .expect("also for who cannot be told apart");
        assert!(is_needed(&taken[1]).await);
        assert!(places.enter(Some(3)).is_none(), "now everybody has one");
        assert!(!is_needed(&newsroom).await && !is_needed(&unknown).await);
    }

    async fn is_needed(place: &Place) -> bool {
        tokio::time::timeout(Duration::from_millis(1), place.is_needed())
            .await
            .is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn the_stranger_who_stayed_longest_gives_way_after_a_while() {
        let places = places(2, 1);
        let first = places.enter(None).unwrap();
        tokio::time::advance(GRACE / 2).await;
        let second = places.enter(None).unwrap();
        assert!(places.enter(None).is_none());
        tokio::time::advance(GRACE / 2).await;
        let third = places.enter(None).unwrap();
        assert!(is_needed(&first).await);
        assert!(!is_needed(&second).await);
        // The one who must leave takes nobody's place along.
        drop(first);
        assert!(places.enter(None).is_none());
        drop(second);
        assert!(places.enter(None).is_some());
        drop(third);
    }

    #[tokio::test]
    async fn without_any_place_nobody_comes_in() {
        assert!(places(0, 1).enter(None).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn of_the_proved_the_slowest_gives_way() {
        let places = places(9, 2);
        let enter = || {
            let place = places.enter(None).unwrap();
            place.prove().then_some(place)
        };
        let dripping = enter().unwrap();
        let steady = enter().unwrap();
        assert!(enter().is_none(), "everybody has a little time");
        tokio::time::advance(GRACE).await;
        dripping.brought(10);
        steady.brought(6000);
        let third = enter().unwrap();
        assert!(is_needed(&dripping).await);
        assert!(!is_needed(&steady).await);
        assert!(enter().is_none(), "one is new, one is fast");
        tokio::time::advance(GRACE).await;
        third.brought(1000 * 6);
        steady.brought(1000 * 8);
        assert!(enter().is_none(), "both are fast");
        drop((dripping, steady));
        assert!(enter().is_some());
    }
}
