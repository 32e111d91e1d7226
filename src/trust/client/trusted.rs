//! What a whole refresh has proved, and what can be asked of it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use super::super::metadata::{
    Document, Hashes, KeyId, ROOT, Root, SNAPSHOT, Signed, Snapshot, TARGETS, TIMESTAMP, Target,
    Targets, TimestampRole,
};
use super::super::{Refusal, json};
use super::refresh::{floor, want_described};
use super::verified::{Authority, Verified, check_described};
use super::{Context, Equivocation, Everything, Lookup, Remembered, Want};
use crate::base::{Digest, EditionNumber};

/// Verified top-level metadata, and the delegated roles that were loaded since.
///
/// Made only by [`Refresh::finish`](super::Refresh::finish).
#[derive(Debug)]
pub struct Trusted {
    context: Context,
    root: Verified<Root>,
    timestamp: Verified<TimestampRole>,
    snapshot: Verified<Snapshot>,
    roles: BTreeMap<String, LoadedRole>,
}

/// `targets` or a delegated role.
#[derive(Debug)]
struct LoadedRole {
    signed: Targets,
    /// Whether `signed` lacks its files, which stand in `bytes` only.
    is_let_go: bool,
    bytes: Bytes,
    /// By the role that delegates to it, since what counts as signed for one need not for another.
    accepted_for: BTreeMap<String, Signatures>,
}

#[derive(Debug)]
struct Signatures {
    signers: Vec<KeyId>,
    threshold: u64,
}

/// A file as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFile {
    /// In bytes.
    pub length: u64,
    pub hashes: Hashes,
    /// The role that speaks for it.
    pub role: String,
}

impl TargetFile {
    pub(super) fn new(target: &Target, role: &str) -> Self {
        Self {
            length: target.length,
            hashes: target.hashes.clone(),
            role: role.to_owned(),
        }
    }

    /// colport's own editions always have it.
    pub fn digest(&self) -> Option<Digest> {
        self.hashes.sha256
    }

    /// TUF 5.7.3: the length is right, and every hash that is known, of at least one.
    pub fn fits(&self, content: &[u8]) -> bool {
        content.len() as u64 == self.length && self.hashes.fit(content)
    }
}

/// How old the metadata is, told by the role that expires first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Freshness {
    Fresh {
        role: String,
        until: Timestamp,
    },
    /// Signed honestly, but something newer should exist.
    Expired {
        role: String,
        since: Timestamp,
    },
    /// It was signed in this clock's future, so the clock cannot tell how old it is.
    ClockBehind {
        issued: Timestamp,
    },
}

/// Who vouches for one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub role: String,
    pub version: u64,
    /// The role that named the keys; `None` for `root`, which names its own.
    pub delegated_by: Option<String>,
    /// Whose signatures are good.
    pub signers: Vec<KeyId>,
    /// How many were needed.
    pub threshold: u64,
    pub expires: Timestamp,
    /// By the publisher's clock.
    pub issued: Option<Timestamp>,
}

impl Trusted {
    pub(super) fn new(
        context: Context,
        root: Verified<Root>,
        timestamp: Verified<TimestampRole>,
        snapshot: Verified<Snapshot>,
        targets: Verified<Targets>,
    ) -> Self {
        let mut trusted = Self {
            context,
            root,
            timestamp,
            snapshot,
            roles: BTreeMap::new(),
        };
        trusted.insert(ROOT, TARGETS, targets);
        trusted
    }

    /// The version of `snapshot`, which is the number of the edition.
    pub fn edition(&self) -> EditionNumber {
        self.snapshot.signed.version
    }

    /// Whether these are news for who has `had`. What was signed by keys that have been withdrawn since counts for
    /// nothing: a thief may have given it the largest number there is, and nothing would ever be newer.
    pub fn is_newer_than(&self, had: &Remembered) -> bool {
        is_news(&self.root.signed, self.edition(), had)
    }

    /// Whether `snapshot` names this very file. Its signatures are another matter.
    pub fn describes(&self, role: &str, version: u64, content: &Bytes) -> bool {
        let described = self.snapshot.signed.file(role);
        described.is_some_and(|described| {
            described.version == version && check_described(role, content, described).is_ok()
        })
    }

    /// When the publisher signed it, by the publisher's clock.
    pub fn issued(&self) -> Option<Timestamp> {
        self.timestamp.signed.issued
    }

    /// Whether target files have a hash before their name on an outside repository (TUF 5.7.3).
    pub fn consistent_snapshot(&self) -> bool {
        self.root.signed.consistent_snapshot
    }

    /// The search for one file, given by its path in the repository.
    pub fn lookup(&mut self, path: &str) -> Lookup<'_> {
        Lookup::new(self, path)
    }

    /// The walk over all roles.
    pub fn everything(self) -> Everything {
        Everything::new(self)
    }

    /// What is to be kept from now on.
    pub fn remembered(&self) -> Remembered {
        self.context.remembered.clone()
    }

    /// What both say of one role and version, where they say different things.
    pub fn contradictions(&self, other: &Self) -> Vec<Equivocation> {
        let others: BTreeMap<_, _> = other
            .files()
            .map(|(role, version, bytes)| ((role, version), bytes))
            .collect();
        let same = self.files().filter_map(|(role, version, known)| {
            let other = *others.get(&(role, version))?;
            (said(known) != said(other)).then(|| Equivocation {
                role: role.to_owned(),
                version,
                known: known.clone(),
                other: other.clone(),
            })
        });
        same.collect()
    }

    /// Contradictions that were met on the way.
    pub fn evidence(&self) -> &[Equivocation] {
        &self.context.evidence
    }

    /// Seen from the moment at which the refresh began, over all roles loaded so far.
    pub fn freshness(&self) -> Freshness {
        self.freshness_at(self.context.now)
    }

    pub fn freshness_at(&self, now: Timestamp) -> Freshness {
        if let Some(issued) = self.issued().filter(|issued| is_behind(now, *issued)) {
            return Freshness::ClockBehind { issued };
        }
        let (until, role) = self.first_to_expire();
        if until > now {
            Freshness::Fresh { role, until }
        } else {
            Freshness::Expired { role, since: until }
        }
    }

    fn first_to_expire(&self) -> (Timestamp, String) {
        let top = [
            (self.timestamp.signed.expires, TIMESTAMP),
            (self.snapshot.signed.expires, SNAPSHOT),
        ];
        let roles = self
            .roles
            .iter()
            .map(|(name, role)| (role.signed.expires, name.as_str()));
        let root = (self.root.signed.expires, ROOT);
        let (until, role) = top.into_iter().chain(roles).fold(root, Ord::min);
        (until, role.to_owned())
    }

    /// The chain of proofs: the top-level roles from `root` on, then the delegated ones loaded so far by name.
    pub fn proofs(&self) -> Vec<Proof> {
        let mut proofs = vec![
            proof(ROOT, None, &self.root),
            proof(TIMESTAMP, Some(ROOT), &self.timestamp),
            proof(SNAPSHOT, Some(ROOT), &self.snapshot),
        ];
        let (targets, delegated): (Vec<_>, Vec<_>) = self
            .roles
            .iter()
            .partition(|(name, _)| name.as_str() == TARGETS);
        for (name, role) in targets.into_iter().chain(delegated) {
            proofs.extend(role.proofs(name));
        }
        proofs
    }

    /// The metadata files that were verified, by role.
    pub fn files(&self) -> impl Iterator<Item = (&str, u64, &Bytes)> {
        let top = [
            (ROOT, self.root.signed.version, &self.root.bytes),
            (
                TIMESTAMP,
                self.timestamp.signed.version,
                &self.timestamp.bytes,
            ),
            (SNAPSHOT, self.snapshot.signed.version, &self.snapshot.bytes),
        ];
        let roles = self.roles.iter();
        top.into_iter()
            .chain(roles.map(|(name, role)| (name.as_str(), role.signed.version, &role.bytes)))
    }

    /// A role that is loaded, and was signed as the other demands.
    pub(super) fn accepted(&self, parent: &str, role: &str) -> Option<&Targets> {
        let loaded = self.roles.get(role)?;
        let is_there = !loaded.is_let_go && loaded.accepted_for.contains_key(parent);
        is_there.then_some(&loaded.signed)
    }

    pub(super) fn role(&self, name: &str) -> Option<&Targets> {
        self.roles.get(name).map(|role| &role.signed)
    }

    /// The length of a loaded role's file.
    pub(super) fn role_bytes(&self, name: &str) -> u64 {
        self.roles
            .get(name)
            .map_or(0, |role| role.bytes.len() as u64)
    }

    pub(super) fn roles(&self) -> impl Iterator<Item = &Targets> {
        self.roles.values().map(|role| &role.signed)
    }

    /// For who has listed them elsewhere: they take more memory than all else. A role is taken apart again when it is
    /// looked into, but for `targets`, which names next to none.
    pub(super) fn let_go_of_files(&mut self) {
        let delegated = self.roles.iter_mut().filter(|(name, _)| *name != TARGETS);
        for (_, role) in delegated {
            role.signed.targets.clear();
            role.is_let_go = true;
        }
    }

    /// The files of the roles below the top, which are nearly all of the metadata, in a fixed order.
    pub fn lists(&self) -> impl Iterator<Item = &Bytes> {
        self.roles.values().map(|role| &role.bytes)
    }

    /// `laid` is what [`Self::lists`] gives, one behind the other. What is just there is held there from now on.
    pub fn hold_lists_in(&mut self, laid: &Bytes) {
        let mut start = 0;
        for (name, role) in &mut self.roles {
            let place = start..start + role.bytes.len();
            start = place.end;
            if laid.get(place.clone()) != Some(&*role.bytes) {
                continue;
            }
            let there = laid.slice(place);
            let remembered = self.context.remembered.targets.get_mut(name);
            if let Some(remembered) = remembered.filter(|known| **known == role.bytes) {
                *remembered = there.clone();
            }
            role.bytes = there;
        }
    }

    pub(super) fn max_roles(&self) -> usize {
        self.context.max_roles
    }

    /// So that a test of the limit need not sign thousands of roles.
    #[cfg(test)]
    pub(super) fn with_max_roles(mut self, max_roles: usize) -> Self {
        self.context.max_roles = max_roles;
        self
    }

    pub(super) fn role_count(&self) -> usize {
        self.roles.len()
    }

    /// The delegated role, taken from memory if what is remembered is just what `snapshot` names. What is still to be
    /// fetched otherwise.
    pub(super) fn recall(&mut self, parent: &str, role: &str) -> Result<Option<Want>, Refusal> {
        let described = self
            .snapshot
            .signed
            .file(role)
            .ok_or_else(|| Refusal::Missing {
                role: role.to_owned(),
            })?;
        let want = want_described(&self.root.signed, role, described);
        let loaded = self.roles.get(role).map(|loaded| &loaded.bytes);
        // What is loaded already cannot become better by being fetched again.
        if let Some(bytes) = loaded.cloned() {
            return self.load(parent, role, bytes).map(|()| None);
        }
        let held = self.context.remembered.targets.get(role).cloned();
        let recalled = held.is_some_and(|bytes| self.load(parent, role, bytes).is_ok());
        Ok((!recalled).then_some(want))
    }

    /// TUF 5.6.2 to 5.6.6 for a delegated role.
    pub(super) fn load(&mut self, parent: &str, role: &str, bytes: Bytes) -> Result<(), Refusal> {
        let missing = || Refusal::Missing {
            role: role.to_owned(),
        };
        let described = self.snapshot.signed.file(role).ok_or_else(missing)?;
        let delegations = self
            .role(parent)
            .and_then(|parent| parent.delegations.as_ref());
        let authority = Authority::of_delegations(delegations.ok_or_else(missing)?, role)?;
        let verified = self
            .context
            .verify_described(role, bytes, described, authority)?;
        self.context.check_expiry(role, &verified.signed)?;
        self.context.note_contradiction(role, &verified);
        let bytes = verified.bytes.clone();
        self.context
            .remembered
            .targets
            .insert(role.to_owned(), bytes);
        self.insert(parent, role, verified);
        Ok(())
    }

    fn insert(&mut self, parent: &str, role: &str, verified: Verified<Targets>) {
        let signatures = Signatures {
            signers: verified.signers,
            threshold: verified.threshold,
        };
        let loaded = match self.roles.entry(role.to_owned()) {
            Entry::Vacant(place) => place.insert(LoadedRole {
                signed: verified.signed,
                is_let_go: false,
                bytes: verified.bytes,
                accepted_for: BTreeMap::new(),
            }),
            Entry::Occupied(place) => {
                let loaded = place.into_mut();
                if loaded.is_let_go && loaded.bytes == verified.bytes {
                    loaded.signed = verified.signed;
                    loaded.is_let_go = false;
                }
                loaded
            }
        };
        loaded.accepted_for.insert(parent.to_owned(), signatures);
    }
}

/// See [`Trusted::is_newer_than`].
pub(super) fn is_news(root: &Root, edition: EditionNumber, had: &Remembered) -> bool {
    let Ok(had_root) = Document::<Root>::parse(ROOT, had.root.clone()) else {
        return true;
    };
    let floor = floor::<Snapshot>(SNAPSHOT, had.snapshot.as_ref(), root);
    let is_newer = match floor {
        Ok(Some(had)) => had.signed.version < edition,
        Ok(None) | Err(_) => true,
    };
    had_root.signed.version <= root.version && is_newer
}

/// What is signed; who signed it is another matter.
fn said(file: &Bytes) -> Option<Value> {
    let mut file = json::parse(file).ok()?;
    Some(file.get_mut("signed")?.take())
}

/// A day is granted for time zones set wrong and clocks that drift.
pub(super) fn is_behind(now: Timestamp, issued: Timestamp) -> bool {
    issued.duration_since(now) > jiff::SignedDuration::from_hours(24)
}

fn proof<T: Signed>(role: &str, delegated_by: Option<&str>, verified: &Verified<T>) -> Proof {
    Proof {
        role: role.to_owned(),
        version: verified.signed.version(),
        delegated_by: delegated_by.map(str::to_owned),
        signers: verified.signers.clone(),
        threshold: verified.threshold,
        expires: verified.signed.expires(),
        issued: verified.signed.issued(),
    }
}

impl LoadedRole {
    fn proofs(&self, name: &str) -> impl Iterator<Item = Proof> {
        self.accepted_for
            .iter()
            .map(move |(parent, signatures)| Proof {
                role: name.to_owned(),
                version: self.signed.version,
                delegated_by: Some(parent.clone()),
                signers: signatures.signers.clone(),
                threshold: signatures.threshold,
                expires: self.signed.expires,
                issued: self.signed.issued,
            })
    }
}
