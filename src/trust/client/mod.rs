//! The client workflow of TUF 1.0, section 5.3 to 5.7, driven from outside: ask what is wanted, fetch it from anywhere,
//! give it, ask again.
//!
//! 1. [`Refresh`] (sections 5.3 to 5.6) goes from what was [`Remembered`] to [`Trusted`] top-level metadata; half-way there is
//!    a [`Sighting`].
//! 2. [`Trusted::lookup`] (section 5.6.7) finds one file, loading the delegated roles on the way to it and no others.
//! 3. [`Trusted::everything`] loads all roles and lists every file that a look-up would find.
//!
//! What was verified is worth keeping even when a later step fails: [`Refresh::remembered`] and
//! [`Trusted::remembered`] may be asked at any time, and store exactly what the specification says to persist.

#[cfg(test)]
mod attacks;
mod everything;
mod lookup;
mod refresh;
mod remembered;
mod roots;
mod search;
mod sighting;
#[cfg(test)]
mod tests;
mod trusted;
mod verified;

use bytes::Bytes;
use jiff::Timestamp;

pub use everything::Everything;
pub use lookup::Lookup;
pub use refresh::Refresh;
pub use remembered::Remembered;
pub use sighting::Sighting;
pub use trusted::{Freshness, Proof, TargetFile, Trusted};

use super::Refusal;
use super::metadata::Signed;
use crate::base::Digest;

/// What to do about metadata past its date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Refuse it.
    Enforce,
    /// Accept it and tell (see [`Freshness`]): for a reader without a network, or a mirror that must not go dark.
    Report,
}

/// A piece of metadata that the workflow needs next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    pub role: String,
    /// `None` for `timestamp.json` (and for every role but root of a repository without consistent snapshots).
    pub version: Option<u64>,
    /// More than this is refused, so there is no use in fetching it.
    pub max_bytes: u64,
}

/// Two different files of one role and version, both validly signed: someone says different things to different
/// people. Kept as evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equivocation {
    pub role: String,
    pub version: u64,
    pub known: Bytes,
    pub other: Bytes,
}

impl Equivocation {
    /// The hashes by which the two files can be compared with what others were given.
    pub fn hashes(&self) -> [Digest; 2] {
        [Digest::of(&self.known), Digest::of(&self.other)]
    }
}

/// What does not change while one workflow runs, and what it has learned so far.
#[derive(Debug, Clone)]
struct Context {
    /// The fixed update start time (TUF 5.2).
    now: Timestamp,
    expiry: Expiry,
    /// See [`Limits::delegated_roles`](crate::base::Limits::delegated_roles).
    max_roles: usize,
    remembered: Remembered,
    evidence: Vec<Equivocation>,
}

impl Context {
    /// The checks for a freeze attack: 5.3.10, 5.4.4, 5.5.6 and 5.6.5.
    fn check_expiry<T: Signed>(&self, role: &str, signed: &T) -> Result<(), Refusal> {
        let since = signed.expires();
        if since <= self.now && self.expiry == Expiry::Enforce {
            return Err(Refusal::Expired {
                role: role.to_owned(),
                since,
            });
        }
        Ok(())
    }
}
