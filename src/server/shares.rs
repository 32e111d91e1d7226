//! A number of things that all clients have together, of which none gets more than a share.
//!
//! Who is known by a number only, as in the [`crowd`](super::crowd), and only while something is held. Those who cannot be told
//! apart, who come through a proxy on this machine, have all of it together.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(super) struct Shares {
    /// What one may hold. Who holds nothing may take more, if there is so much: one thing need not be smaller than that.
    each: u64,
    held: Mutex<Held>,
}

struct Held {
    left: u64,
    by: BTreeMap<u64, u64>,
}

/// Given back when dropped.
pub(super) struct Share<S: Deref<Target = Shares>> {
    of: S,
    who: Option<u64>,
    amount: u64,
}

impl Shares {
    pub(super) const fn of(all: u64, each: u64) -> Self {
        let held = Held {
            left: all,
            by: BTreeMap::new(),
        };
        Self {
            each,
            held: Mutex::new(held),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing under the lock leaves anything half done.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn grant(&self, who: Option<u64>, amount: u64) -> bool {
        let mut held = self.held();
        let own = who.and_then(|who| held.by.get(&who)).copied();
        let own = own.unwrap_or_default();
        let is_fair = who.is_none() || own == 0 || own.saturating_add(amount) <= self.each;
        let Some(left) = held.left.checked_sub(amount).filter(|_| is_fair) else {
            return false;
        };
        held.left = left;
        if let Some(who) = who {
            held.by.insert(who, own + amount);
        }
        true
    }

    fn give_back(&self, who: Option<u64>, amount: u64) {
        let mut held = self.held();
        held.left += amount;
        let Some(who) = who else { return };
        if let Some(own) = held.by.get_mut(&who) {
            *own -= amount;
            if *own == 0 {
                held.by.remove(&who);
            }
        }
    }
}

impl<S: Deref<Target = Shares>> Share<S> {
    /// `None`: there is not so much left, or not for `who`.
    pub(super) fn take(of: S, who: Option<u64>, amount: u64) -> Option<Self> {
        let is_granted = of.grant(who, amount);
        // One that is not granted must not come to be, since it would give back what it never had.
        is_granted.then(|| Self { of, who, amount })
    }
}

impl<S: Deref<Target = Shares>> Drop for Share<S> {
    fn drop(&mut self) {
        self.of.give_back(self.who, self.amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_gets_a_share_and_all_get_no_more_than_there_is() {
        let shares = Shares::of(10, 4);
        let take = |who, amount| Share::take(&shares, who, amount);
        let first = take(Some(1), 3).unwrap();
        assert!(take(Some(1), 2).is_none(), "more than a share");
        let second = take(Some(1), 1).unwrap();
        let other = take(Some(2), 6).expect("one thing may be larger than a share");
        assert!(take(Some(3), 1).is_none(), "all is taken");
        drop((first, other));
        assert!(take(Some(1), 4).is_none());
        drop(second);
        assert!(take(Some(1), 4).is_some());
        assert!(shares.held().by.is_empty(), "nobody is remembered");
        assert_eq!(shares.held().left, 10);
    }

    #[test]
    fn those_who_cannot_be_told_apart_have_all_of_it_together() {
        let shares = Shares::of(10, 1);
        let taken: Vec<_> = (0..12)
            .filter_map(|_| Share::take(&shares, None, 1))
            .collect();
        assert_eq!(taken.len(), 10);
    }
}
