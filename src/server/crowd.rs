//! How many connections one address may hold, and how fast it may open new ones.
//!
//! No address is kept: only a hash of it, made with a key that this process draws and never tells, in memory, and only
//! while the address holds a connection or has just opened some. Addresses that are handed out together count as one
//! (IPv6: the 56 bits that a household gets). This machine's own address is not counted, since a proxy or an onion
//! service speaks for many.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

/// What one address may.
#[derive(Debug, Clone)]
pub struct CrowdBounds {
    /// At a time. Generous: whole towns share an address.
    pub connections: u32,
    /// New ones, over minutes.
    pub opened_per_second: u32,
    /// New ones at once.
    pub opened_at_once: u32,
}

impl Default for CrowdBounds {
    fn default() -> Self {
        Self {
            connections: 1024,
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
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Member> {
        let member = |hash| Member {
            crowd: Arc::clone(self),
            hash,
        };
        if address.to_canonical().is_loopback() {
            return Some(member(None));
        }
        let hash = self.key.hash_one(household(address));
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
        seen.left = self.left(seen, now);
        seen.then = now;
        if seen.connections >= self.bounds.connections {
            return None;
        }
        seen.left = seen.left.checked_sub(1)?;
        seen.connections += 1;
        drop(addresses);
        Some(member(Some(hash)))
    }

    fn left(&self, seen: &Seen, now: Instant) -> u32 {
        let millis = now.saturating_duration_since(seen.then).as_millis();
        let more = millis * u128::from(self.bounds.opened_per_second) / 1000;
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        seen.left
            .saturating_add(more)
            .min(self.bounds.opened_at_once)
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

fn household(address: IpAddr) -> Ipv6Addr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (!0 << 72)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn crowd(connections: u32, opened_per_second: u32, opened_at_once: u32) -> Arc<Crowd> {
        Crowd::new(CrowdBounds {
            connections,
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
        let first = crowd.admit(one).expect("the first");
        let _second = crowd.admit(one).expect("the second");
        assert!(crowd.admit(one).is_none());
        assert!(crowd.admit(address("192.0.2.2")).is_some(), "another one");
        drop(first);
        assert!(crowd.admit(one).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_opens_one_after_the_other_is_slowed_down() {
        let crowd = crowd(100, 2, 3);
        let one = address("192.0.2.1");
        let opened = || (0..10).filter(|_| crowd.admit(one).is_some()).count();
        assert_eq!(opened(), 3);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(opened(), 2);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(opened(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_household_is_one_and_this_machine_is_not_counted() {
        let crowd = crowd(1, 100, 100);
        let _one = crowd.admit(address("2001:db8:0:1::1")).expect("the first");
        assert!(crowd.admit(address("2001:db8:0:ff::2")).is_none());
        assert!(crowd.admit(address("2001:db8:0:100::2")).is_some());
        let _mapped = crowd.admit(address("::ffff:192.0.2.1")).expect("the first");
        assert!(crowd.admit(address("192.0.2.1")).is_none());
        let own: Vec<_> = ["127.0.0.1", "::1", "::ffff:127.0.0.1"]
            .iter()
            .flat_map(|own| [crowd.admit(address(own)), crowd.admit(address(own))])
            .collect();
        assert!(own.iter().all(Option::is_some));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_kept_of_who_has_gone() {
        let crowd = crowd(10, 1, 2);
        let staying = crowd.admit(address("192.0.2.1"));
        drop(crowd.admit(address("192.0.2.2")));
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
