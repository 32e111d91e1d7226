//! The publisher's side of TUF: making metadata. Pure: what is there goes in, what shall be there comes out.
//!
//! 1. [`establish`] makes the first `root` and `targets`, which delegates to the role `site` and to newsrooms.
//! 2. [`next_edition`], or [`amend_edition`] for who knows the difference, puts files into roles and signs what has
//!    changed, then `snapshot` and `timestamp`.
//! 3. [`revise_root`], [`add_newsroom`], [`rekey_newsroom`], [`remove_newsroom`] and [`renew_targets`] change who may
//!    sign what.
//!
//! Keys may be elsewhere: steps 1 and 3 give a [`Draft`], of which [`Draft::to_bytes`] can be carried to another
//! machine, signed there by [`sign_detached`], and the signature brought back to [`Draft::attach`]. For people there is
//! [`Proposal`]: one file that carries drafts with everything that is needed to see what they change.
//!
//! The same input makes the same bytes: metadata is written in canonical JSON, and Ed25519 rolls no dice.

mod draft;
mod edition;
mod founding;
mod layout;
mod orders;
mod press;
mod proposal;
mod set;
mod staff;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

pub use crate::base::NewsroomId;
pub use draft::{Draft, Missing, Whose, sign_detached};
pub use edition::{Change, FileFacts, amend_edition, next_edition};
pub use founding::{
    Founding, RootSigners, add_newsroom, establish, rekey_newsroom, remove_newsroom, renew_targets,
    revise_root,
};
pub use proposal::{KeyChange, Proposal};
pub use set::MetadataSet;
pub use staff::Staff;

use super::keys::{PublicKey, SigningKey};
use super::metadata::{Key, KeyId, RoleKeys};
use super::{Refusal, json};

/// How long a role is good for, from the moment at which it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifetimes {
    pub root: SignedDuration,
    pub targets: SignedDuration,
    /// Newsrooms and `site`.
    pub newsroom: SignedDuration,
    pub month: SignedDuration,
    pub snapshot: SignedDuration,
    pub timestamp: SignedDuration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        let days = |days: i64| SignedDuration::from_hours(24 * days);
        Self {
            root: days(365),
            targets: days(365),
            newsroom: days(365),
            month: days(3650),
            snapshot: days(30),
            timestamp: days(7),
        }
    }
}

/// Who may sign a role, and how many of them must.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleSigners {
    keys: Vec<PublicKey>,
    threshold: u64,
}

impl RoleSigners {
    pub fn one(key: PublicKey) -> Self {
        Self {
            keys: vec![key],
            threshold: 1,
        }
    }

    /// `None` unless there are at least `threshold` different keys, and at least one is needed.
    pub fn of(keys: Vec<PublicKey>, threshold: u64) -> Option<Self> {
        let different: BTreeMap<_, _> = keys.into_iter().map(|key| (key.id.clone(), key)).collect();
        let fits = threshold > 0 && threshold <= different.len() as u64;
        fits.then(|| Self {
            keys: different.into_values().collect(),
            threshold,
        })
    }

    pub fn public(&self) -> &[PublicKey] {
        &self.keys
    }

    pub fn threshold(&self) -> u64 {
        self.threshold
    }

    fn read(role: &RoleKeys, keys: &BTreeMap<KeyId, Key>) -> Option<Self> {
        let named = |id: &KeyId| {
            let (id, key) = (id.clone(), keys.get(id)?.clone());
            Some(PublicKey { id, key })
        };
        let keys = role.keyids.iter().map(named).collect::<Option<_>>()?;
        Self::of(keys, role.threshold)
    }

    fn written(&self) -> RoleKeys {
        RoleKeys {
            keyids: self.keys.iter().map(|key| key.id.clone()).collect(),
            threshold: self.threshold,
        }
    }

    fn keys(&self) -> impl Iterator<Item = (KeyId, Key)> {
        self.keys
            .iter()
            .map(|key| (key.id.clone(), key.key.clone()))
    }
}

/// The private keys that are at hand. Each signs only for the roles that name it.
#[derive(Debug, Clone, Default)]
pub struct KeyRing(BTreeMap<KeyId, SigningKey>);

impl KeyRing {
    pub fn add(&mut self, key: SigningKey) {
        self.0.insert(key.id().clone(), key);
    }

    fn of<'a>(&'a self, role: &'a RoleKeys) -> impl Iterator<Item = &'a SigningKey> {
        role.keyids.iter().filter_map(|id| self.0.get(id))
    }
}

impl FromIterator<SigningKey> for KeyRing {
    fn from_iter<I: IntoIterator<Item = SigningKey>>(keys: I) -> Self {
        let mut ring = Self::default();
        keys.into_iter().for_each(|key| ring.add(key));
        ring
    }
}

/// What keeps an edition from being made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditorError {
    #[error("no role may speak for `{path}`")]
    NoRole { path: String },
    #[error("`{role}` has {valid} signatures of {needed} needed")]
    Unsigned {
        role: String,
        valid: usize,
        needed: u64,
    },
    /// A signature was brought that is wrong, or of a key that has no say.
    #[error("the signature by `{keyid}` does not count for `{role}`")]
    BadSignature { role: String, keyid: KeyId },
    #[error("`{role}` has expired at {since}")]
    Expired { role: String, since: Timestamp },
    #[error("`{role}` is not among the metadata")]
    Missing { role: String },
    #[error("the metadata of `{role}` cannot be used: {why}")]
    Damaged { role: String, why: String },
    #[error("`{role}` would be longer than {max_bytes} bytes")]
    TooLarge { role: String, max_bytes: u64 },
    #[error("the draft is no next step from what counts here: {why}")]
    Stale { why: String },
    #[error("the newsroom `{id}` exists already")]
    NewsroomExists { id: String },
    #[error("there is no newsroom `{id}`")]
    NoNewsroom { id: String },
}

impl EditorError {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoRole { .. } => {
                "a file lies at the top of the site, in `assets`, or at most five folders deep in the folder of a \
                 newsroom that is in `targets`. One that was added lately must be signed for first: have the file in \
                 `drafts` signed, then `colport key finish`"
            }
            Self::Unsigned { .. } => {
                "bring more of the role's private keys, or have it signed where they are kept"
            }
            Self::BadSignature { .. } => {
                "perhaps it was made over an earlier draft, or with another key: sign this draft again"
            }
            Self::Expired { .. } => "sign a new version of it with the offline keys first",
            Self::Missing { .. } | Self::Damaged { .. } => {
                "restore the newsroom's metadata from a backup or from any mirror"
            }
            Self::Stale { .. } => {
                "make the change again on the newsroom's machine, and have the new draft signed"
            }
            Self::TooLarge { .. } => "split its files over more roles, for example more newsrooms",
            Self::NewsroomExists { .. } | Self::NoNewsroom { .. } => "check the spelling",
        };
        Some(hint.to_owned())
    }
}

#[cfg(test)]
mod tests;

impl From<Refusal> for EditorError {
    fn from(refusal: Refusal) -> Self {
        Self::Damaged {
            role: refusal.role().unwrap_or_default().to_owned(),
            why: refusal.to_string(),
        }
    }
}
