//! What a timestamp tells by itself: that there is such an edition.
//!
//! That is TUF 5.3 and 5.4 and no more, enough to choose whom to ask for what. Everything below the timestamp comes with the
//! edition, and is proved there from what is to be [remembered](Sighting::remembered) of this.

use jiff::Timestamp;

use super::super::metadata::{ROOT, Root, TIMESTAMP, TimestampRole};
use super::trusted::{is_behind, is_news};
use super::verified::{Authority, Verified};
use super::{Context, Equivocation, Freshness, Remembered};
use crate::base::EditionNumber;

/// Made only by [`Refresh::sighting`](super::Refresh::sighting).
#[derive(Debug)]
pub struct Sighting {
    context: Context,
    root: Verified<Root>,
    timestamp: Verified<TimestampRole>,
}

impl Sighting {
    pub(super) fn new(
        context: Context,
        root: Verified<Root>,
        timestamp: Verified<TimestampRole>,
    ) -> Self {
        Self {
            context,
            root,
            timestamp,
        }
    }

    /// The version of the `snapshot` that is named.
    pub fn edition(&self) -> EditionNumber {
        self.timestamp.signed.meta.snapshot.version
    }

    /// As [`Trusted::is_newer_than`](super::Trusted::is_newer_than).
    pub fn is_newer_than(&self, had: &Remembered) -> bool {
        is_news(&self.root.signed, self.edition(), had)
    }

    /// Whether it tells of more than another one does. What keys have signed that were withdrawn since counts for nothing.
    pub fn exceeds(&self, other: &Self) -> bool {
        let by_our_keys = Authority::of_root(&self.root.signed, TIMESTAMP).and_then(|authority| {
            Verified::<TimestampRole>::new(TIMESTAMP, other.timestamp.bytes.clone(), authority)
        });
        let is_newer = by_our_keys.is_err() || other.edition() < self.edition();
        other.root.signed.version <= self.root.signed.version && is_newer
    }

    pub fn remembered(&self) -> Remembered {
        self.context.remembered.clone()
    }

    /// Contradictions that were met on the way.
    pub fn evidence(&self) -> &[Equivocation] {
        &self.context.evidence
    }

    /// When the publisher signed it, by the publisher's clock.
    pub fn issued(&self) -> Option<Timestamp> {
        self.timestamp.signed.issued
    }

    /// Of what is known so far, seen from the moment at which the refresh began.
    pub fn freshness(&self) -> Freshness {
        let now = self.context.now;
        if let Some(issued) = self.issued().filter(|issued| is_behind(now, *issued)) {
            return Freshness::ClockBehind { issued };
        }
        let root = (self.root.signed.expires, ROOT);
        let (until, role) = root.min((self.timestamp.signed.expires, TIMESTAMP));
        let role = role.to_owned();
        match until > now {
            true => Freshness::Fresh { role, until },
            false => Freshness::Expired { role, since: until },
        }
    }
}
