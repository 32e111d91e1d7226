//! The next edition: files into roles, and as few signatures as will do.
//!
//! 1. `root` and `targets` must be there, signed and in date; they are not touched.
//! 2. Each file goes to the one role that may speak for it ([`Orders`]).
//! 3. A role is signed anew if its files or delegations have changed, if its keys have, or if its date comes near
//!    ([`Press`]).
//! 4. `snapshot` lists every role, `timestamp` the snapshot; both have the number of the edition.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::Timestamp;

use super::super::metadata::{
    Document, Hashes, MetaFile, ROOT, Root, SNAPSHOT, Snapshot, TARGETS, TIMESTAMP, Targets,
    TimestampMeta, TimestampRole,
};
use super::draft::Draft;
use super::founding::authority;
use super::orders::Orders;
use super::press::{Press, is_signed};
use super::{EditorError, KeyRing, Lifetimes, MetadataSet};
use crate::base::{Digest, SitePath};

/// One file as the reader sees it: its length in bytes, and its digest.
pub type FileFacts = (u64, Digest);

/// The difference between two editions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// New and replaced files.
    pub put: BTreeMap<SitePath, FileFacts>,
    pub gone: BTreeSet<SitePath>,
}

/// With more roles `snapshot` would come near the two megabytes that clients accept: a role costs some 140 bytes with
/// its length and hash, and 60 without the hash. Then the version and the signature of a role must do, and who has stolen
/// a newsroom's key no longer needs the key of `snapshot` to show different readers different files of one version. The
/// length stays, so that nobody can send something longer in a role's place.
const ROLES_WITH_HASHES: usize = 5_000;

/// The metadata of the next edition, which holds exactly these files.
///
/// `previous` is the last edition's, or after [`establish`](super::establish) the signed `root` and `targets`.
/// Only keys of roles that change need to be in the ring. The same input makes the same bytes.
pub fn next_edition(
    previous: &MetadataSet,
    ring: &KeyRing,
    files: &BTreeMap<SitePath, FileFacts>,
    now: Timestamp,
    lifetimes: &Lifetimes,
) -> Result<MetadataSet, EditorError> {
    print(previous, ring, now, lifetimes, |targets| {
        Orders::exactly(files, targets)
    })
}

/// As [`next_edition`], for who knows what has changed since the last edition: roles that it does not touch are not
/// even looked into, so that it costs time in proportion to the change and to the number of roles.
pub fn amend_edition(
    previous: &MetadataSet,
    ring: &KeyRing,
    change: &Change,
    now: Timestamp,
    lifetimes: &Lifetimes,
) -> Result<MetadataSet, EditorError> {
    print(previous, ring, now, lifetimes, |targets| {
        Orders::amend(change, targets)
    })
}

fn print<'a>(
    previous: &MetadataSet,
    ring: &KeyRing,
    now: Timestamp,
    lifetimes: &Lifetimes,
    orders: impl FnOnce(&Targets) -> Result<Orders<'a>, EditorError>,
) -> Result<MetadataSet, EditorError> {
    let root: Document<Root> = previous.require(ROOT)?;
    let targets = checked_targets(previous, &root.signed, now)?.signed;
    let mut orders = orders(&targets)?;
    let mut press = Press::new(previous.clone(), ring, now, lifetimes);
    let delegations = targets.delegations.unwrap_or_default();
    for delegation in &delegations.roles {
        press.print(delegation, &delegations, &mut orders)?;
    }
    seal(press.into_set(), &root.signed, ring, now, lifetimes)
}

/// TUF clients would refuse everything below an unsigned or expired `targets`, so it is found out before.
fn checked_targets(
    set: &MetadataSet,
    root: &Root,
    now: Timestamp,
) -> Result<Document<Targets>, EditorError> {
    let targets: Document<Targets> = set.require(TARGETS)?;
    let authority = authority(root, TARGETS);
    if !is_signed(TARGETS, &targets, &authority) {
        return Err(EditorError::Unsigned {
            role: TARGETS.into(),
            valid: 0,
            needed: authority.role.threshold,
        });
    }
    let dated = [(ROOT, root.expires), (TARGETS, targets.signed.expires)];
    let expired = dated.into_iter().find(|(_, since)| *since <= now);
    expired.map_or(Ok(targets), |(role, since)| {
        let role = role.to_owned();
        Err(EditorError::Expired { role, since })
    })
}

/// The `snapshot` and `timestamp` over what was printed.
fn seal(
    mut set: MetadataSet,
    root: &Root,
    ring: &KeyRing,
    now: Timestamp,
    lifetimes: &Lifetimes,
) -> Result<MetadataSet, EditorError> {
    let former = set.read::<Snapshot>(SNAPSHOT)?;
    let former = former.map(|document| document.signed);
    let stamped = set.read::<TimestampRole>(TIMESTAMP)?;
    let stamped = stamped.map_or(0, |document| document.signed.version);
    let number = former.as_ref().map_or(0, |former| former.version);
    let number = number.max(stamped) + 1;
    let snapshot = Snapshot {
        version: number,
        expires: now + lifetimes.snapshot,
        issued: Some(now),
        meta: listing(&set, former),
    };
    let mut draft = Draft::new(SNAPSHOT, &snapshot, vec![authority(root, SNAPSHOT)]);
    draft.sign(ring);
    let file = draft.clone().finish()?;
    set.put_signed(draft)?;
    let timestamp = TimestampRole {
        version: number,
        expires: now + lifetimes.timestamp,
        issued: Some(now),
        meta: TimestampMeta {
            snapshot: describe(number, &file),
        },
    };
    let mut draft = Draft::new(TIMESTAMP, &timestamp, vec![authority(root, TIMESTAMP)]);
    draft.sign(ring);
    set.put_signed(draft)?;
    Ok(set)
}

/// Every role that was ever listed, in its newest version: clients refuse a snapshot from which one has disappeared.
fn listing(set: &MetadataSet, former: Option<Snapshot>) -> BTreeMap<String, MetaFile> {
    let mut meta = former.map(|former| former.meta).unwrap_or_default();
    let roles = set.iter();
    let roles: Vec<_> = roles
        .filter(|(name, _)| ![ROOT, SNAPSHOT, TIMESTAMP].contains(&name.role()))
        .collect();
    for (name, bytes) in &roles {
        let version = name.version().unwrap_or(1);
        let file = format!("{}.json", name.role());
        // What is described already need not be hashed again.
        let held = meta.get(&file).filter(|held| held.hashes.is_some());
        if held.is_none_or(|held| held.version != version) {
            meta.insert(file, describe(version, bytes));
        }
    }
    if roles.len() > ROLES_WITH_HASHES {
        for described in meta.values_mut() {
            described.hashes = None;
        }
    }
    meta
}

fn describe(version: u64, bytes: &Bytes) -> MetaFile {
    MetaFile {
        version,
        length: Some(bytes.len() as u64),
        hashes: Some(Hashes::sha256(Digest::of(bytes))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::MetadataName;

    #[test]
    fn of_very_many_roles_the_length_is_signed_and_not_the_hash() {
        let listed = |roles: usize| {
            let files = (0..roles).map(|number| {
                let name = MetadataName::versioned(&format!("be-{number}"), 1);
                (name.expect("a name"), Bytes::from_static(b"{}"))
            });
            listing(&MetadataSet::new(files), None)
        };
        for (roles, has_hashes) in [(ROLES_WITH_HASHES, true), (ROLES_WITH_HASHES + 1, false)] {
            let listed = listed(roles);
            assert_eq!(listed.len(), roles);
            for described in listed.values() {
                assert_eq!(described.length, Some(2));
                assert_eq!(described.hashes.is_some(), has_hashes);
            }
        }
    }
}
