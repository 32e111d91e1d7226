//! How many connections one address may hold, and how fast it may open new ones.
//!
//! No address is kept: only a hash of it, made with a key that this process draws and never tells, in memory, and only
//! while the address holds a connection or has just opened some. Addresses that are handed out together count as one
//! (IPv6: the 48 bits that anyone can have for the asking). This machine's own address is not counted, since a proxy or
//! an onion service speaks for many.
//!
//! When places grow scarce, one address may hold a few only: with a handful of addresses nobody keeps all others out.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What one address may.
#[derive(Debug, Clone)]
pub struct CrowdBounds {
    /// At a time. Generous: whole towns share an address.
    pub connections: u32,
    /// The same when places are scarce.
    pub connections_if_scarce: u32,
    /// New ones, over minutes.
    pub opened_per_second: u32,
    /// New ones at once.
    pub opened_at_once: u32,
}

impl Default for CrowdBounds {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_if_scarce: 64,
            opened_per_second: 50,
            opened_at_once: 1024,
        }
    }
}

pub(super) struct Crowd {
    bounds: CrowdBounds,
    key: RandomState,
    addresses: Mutex<HashMap<u64, Seen>>,
}

struct Seen {
    connections: u32,
    /// How many it may still open at once, as of `then`.
    left: u32,
    then: Instant,
}

const SECOND: Duration = Duration::from_secs(1);

/// Beyond this, those that are forgotten soon are forgotten now.
const ADDRESSES: usize = 1 << 16;

/// One connection; dropped, it counts no more.
pub(super) struct Member {
    crowd: Arc<Crowd>,
    /// None of those who are not counted.
    hash: Option<u64>,
}

impl Crowd {
    pub(super) fn new(bounds: CrowdBounds) -> Arc<Self> {
        Arc::new(Self {
            bounds,
            key: RandomState::new(),
            addresses: Mutex::default(),
        })
    }

    fn addresses(&self) -> MutexGuard<'_, HashMap<u64, Seen>> {
        // Nothing that can panic happens under the lock.
        self.addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// `None`: there are too many of that address.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr, is_scarce: bool) -> Option<Member> {
        let member = |hash| Member {
            crowd: Arc::clone(self),
            hash,
        };
        if address.to_canonical().is_loopback() {
            return Some(member(None));
        }
        let hash = self.key.hash_one(handed_out_with(address));
        let now = Instant::now();
        let mut addresses = self.addresses();
        if addresses.len() >= ADDRESSES {
            addresses.retain(|_, seen| !self.is_forgotten(seen, now));
        }
        let seen = addresses.entry(hash).or_insert(Seen {
            connections: 0,
            left: self.bounds.opened_at_once,
            then: now,
        });
        self.refill(seen, now);
        let most = match is_scarce {
            true => self.bounds.connections_if_scarce,
            false => self.bounds.connections,
        };
        if seen.connections >= most {
            return None;
        }
        seen.left = seen.left.checked_sub(1)?;
        seen.connections += 1;
        drop(addresses);
        Some(member(Some(hash)))
    }

    fn left(&self, seen: &Seen, now: Instant) -> u32 {
        seen.left
            .saturating_add(self.more(seen, now))
            .min(self.bounds.opened_at_once)
    }

    fn more(&self, seen: &Seen, now: Instant) -> u32 {
        let nanos = now.saturating_duration_since(seen.then).as_nanos();
        let more = nanos * u128::from(self.bounds.opened_per_second) / SECOND.as_nanos();
        u32::try_from(more).unwrap_or(u32::MAX)
    }

    /// What is less than one is not lost, or who keeps on asking would never get another.
    fn refill(&self, seen: &mut Seen, now: Instant) {
        let more = self.more(seen, now);
        seen.left = self.left(seen, now);
        seen.then = match seen.left == self.bounds.opened_at_once {
            true => now,
            false => seen.then + SECOND.saturating_mul(more) / self.bounds.opened_per_second.max(1),
        };
    }

    fn is_forgotten(&self, seen: &Seen, now: Instant) -> bool {
        seen.connections == 0 && self.left(seen, now) == self.bounds.opened_at_once
    }

    /// For the slow clock: lets go of addresses that nobody has used for a while.
    pub(super) fn forget(&self) {
        let now = Instant::now();
        let mut addresses = self.addresses();
        addresses.retain(|_, seen| !self.is_forgotten(seen, now));
        addresses.shrink_to_fit();
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let Some(hash) = self.hash else { return };
        if let Some(seen) = self.crowd.addresses().get_mut(&hash) {
            seen.connections = seen.connections.saturating_sub(1);
        }
    }
}

impl Member {
    /// The same for connections from the same address; none of those who are not counted.
    pub(super) fn who(&self) -> Option<u64> {
        self.hash
    }
}

fn handed_out_with(address: IpAddr) -> Ipv6Addr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (!0 << 80)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: u32 = 1000;

    #[tokio::test(start_paused = true)]
    async fn when_places_are_scarce_one_address_gets_a_few() {
        let crowd = Crowd::new(CrowdBounds {
            connections: 4,
            connections_if_scarce: 2,
            opened_per_second: MANY,
            opened_at_once: MANY,
        });
        let (one, other) = (address("192.0.2.1"), address("192.0.2.2"));
        let held: Vec<_> = (0..3).map(|_| crowd.admit(one, false)).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(crowd.admit(one, true).is_none());
        let _others = crowd.admit(other, true).expect("the first of another");
        assert!(crowd.admit(one, false).is_some(), "there is room again");
    }

    fn crowd(connections: u32, opened_per_second: u32, opened_at_once: u32) -> Arc<Crowd> {
        Crowd::new(CrowdBounds {
            connections,
            connections_if_scarce: connections,
            opened_per_second,
            opened_at_once,
        })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[tokio::test(start_paused = true)]
    async fn one_address_gets_so_many_places_and_no_more() {
        let crowd = crowd(2, 100, 100);
        let one = address("192.0.2.1");
        let first = crowd.admit(one, false).expect("the first");
        let _second = crowd.admit(one, false).expect("the second");
        assert!(crowd.admit(one, false).is_none());
        assert!(
            crowd.admit(address("192.0.2.2"), false).is_some(),
            "another one"
        );
        drop(first);
        assert!(crowd.admit(one, false).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_opens_one_after_the_other_is_slowed_down() {
        let crowd = crowd(100, 2, 3);
        let one = address("192.0.2.1");
        let opened = || {
            (0..10)
                .filter(|_| crowd.admit(one, false).is_some())
                .count()
        };
        assert_eq!(opened(), 3);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(opened(), 2);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(opened(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn who_keeps_on_asking_gets_as_many_as_there_are() {
        let crowd = crowd(100_000, 50, 8);
        let one = address("192.0.2.1");
        let mut admitted = Vec::new();
        for _ in 0..625 {
            admitted.extend(crowd.admit(one, false));
            tokio::time::advance(Duration::from_millis(16)).await;
        }
        assert!((500..=510).contains(&admitted.len()), "{}", admitted.len());
    }

    #[tokio::test(start_paused = true)]
    async fn a_site_is_one_and_this_machine_is_not_counted() {
        let crowd = crowd(1, 100, 100);
        let admit = |text: &str| crowd.admit(address(text), false);
        let _one = admit("2001:db8:7:1::1").expect("the first");
        assert!(admit("2001:db8:7:ff00::2").is_none());
        assert!(admit("2001:db8:8::2").is_some());
        let _mapped = admit("::ffff:192.0.2.1").expect("the first");
        assert!(admit("192.0.2.1").is_none());
        let own: Vec<_> = ["127.0.0.1", "::1", "::ffff:127.0.0.1"]
            .iter()
            .flat_map(|own| [admit(own), admit(own)])
            .collect();
        assert!(own.iter().all(Option::is_some));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_kept_of_who_has_gone() {
        let crowd = crowd(10, 1, 2);
        let staying = crowd.admit(address("192.0.2.1"), false);
        drop(crowd.admit(address("192.0.2.2"), false));
        crowd.forget();
        assert_eq!(crowd.addresses().len(), 2, "it has just been here");
        tokio::time::advance(Duration::from_secs(1)).await;
        crowd.forget();
        assert_eq!(crowd.addresses().len(), 1);
        drop(staying);
        crowd.forget();
        assert_eq!(crowd.addresses().len(), 0);
    }
}
