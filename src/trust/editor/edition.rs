//! The next edition: files into roles, and as few signatures as will do.
//!
//! 1. `root` and `targets` must be there, signed and in date; they are not touched.
//! 2. Each file goes to the one role that may speak for it.
//! 3. A role is signed anew if its files or delegations have changed, if its keys have, or if its date comes near.
//! 4. `snapshot` lists every role, `timestamp` the snapshot; both have the number of the edition.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::super::keys;
use super::super::metadata::{
    Delegation, Delegations, Document, Hashes, MetaFile, ROOT, Root, SNAPSHOT, Snapshot, TARGETS,
    TIMESTAMP, Target, Targets, TimestampMeta, TimestampRole,
};
use super::draft::{Authority, Draft};
use super::founding::authority;
use super::layout::{Month, SITE, month_delegation};
use super::{EditorError, KeyRing, Lifetimes, MetadataSet};
use crate::base::{Digest, SitePath};

/// One file as the reader sees it: its length in bytes, and its digest.
pub type FileFacts = (u64, Digest);

/// With more roles `snapshot` would come near the two megabytes that clients accept: a role costs some 140 bytes with
/// its length and hash, and 40 without. The hash is a second line only; the version and the signature remain.
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
    let root: Document<Root> = previous.require(ROOT)?;
    let targets = checked_targets(previous, &root.signed, now)?;
    let delegations = targets.signed.delegations.unwrap_or_default();
    let mut press = Press {
        set: previous.clone(),
        ring,
        now,
        lifetimes,
    };
    let mut shares = shares(files, &delegations)?;
    for delegation in &delegations.roles {
        let share = shares.remove(delegation.name.as_str()).unwrap_or_default();
        press.print(delegation, &delegations, share)?;
    }
    press.finish(&root.signed)
}

/// TUF clients would refuse everything below an unsigned or expired `targets`, so it is found out before.
fn checked_targets(
    set: &MetadataSet,
    root: &Root,
    now: Timestamp,
) -> Result<Document<Targets>, EditorError> {
    let targets: Document<Targets> = set.require(TARGETS)?;
    if !is_signed(TARGETS, &targets, &authority(root, TARGETS)) {
        return Err(EditorError::Unsigned {
            role: TARGETS.into(),
            valid: 0,
            needed: authority(root, TARGETS).role.threshold,
        });
    }
    let dated = [(ROOT, root.expires), (TARGETS, targets.signed.expires)];
    for (role, since) in dated.into_iter().filter(|(_, since)| *since <= now) {
        let role = role.to_owned();
        return Err(EditorError::Expired { role, since });
    }
    Ok(targets)
}

fn is_signed<T>(role: &str, document: &Document<T>, by: &Authority) -> bool {
    let (payload, signatures) = (&document.payload, &document.signatures);
    keys::signers(role, &by.role, &by.keys, payload, signatures).is_ok()
}

/// The files of one delegation of `targets`.
#[derive(Default)]
struct Share<'a> {
    own: Files<'a>,
    /// By the name of the month's role.
    months: BTreeMap<String, Files<'a>>,
}

type Files<'a> = BTreeMap<&'a SitePath, FileFacts>;

fn shares<'a>(
    files: &'a BTreeMap<SitePath, FileFacts>,
    delegations: &'a Delegations,
) -> Result<BTreeMap<&'a str, Share<'a>>, EditorError> {
    let mut shares = BTreeMap::<&str, Share<'a>>::new();
    for (path, facts) in files {
        let delegation = responsible(path, delegations)?;
        let share = shares.entry(&delegation.name).or_default();
        let month = Month::of(path).filter(|_| delegation.name != SITE);
        let files = match month {
            None => &mut share.own,
            Some(month) => share.months.entry(month.role()).or_default(),
        };
        files.insert(path, *facts);
    }
    Ok(shares)
}

/// The first delegation that covers the path, as a reader's search would choose.
fn responsible<'a>(
    path: &SitePath,
    delegations: &'a Delegations,
) -> Result<&'a Delegation, EditorError> {
    let mut roles = delegations.roles.iter();
    let found = roles.find(|role| role.covers(path.as_str()));
    found.ok_or_else(|| EditorError::NoRole {
        path: path.to_string(),
    })
}

/// The edition in the making.
struct Press<'a> {
    set: MetadataSet,
    ring: &'a KeyRing,
    now: Timestamp,
    lifetimes: &'a Lifetimes,
}

impl Press<'_> {
    /// One delegation of `targets`, and the months below it.
    fn print(
        &mut self,
        delegation: &Delegation,
        all: &Delegations,
        share: Share<'_>,
    ) -> Result<(), EditorError> {
        let signers = &delegation.signers;
        let mine = |id: &_| signers.keyids.contains(id);
        let keys: BTreeMap<_, _> = all
            .keys
            .clone()
            .into_iter()
            .filter(|(id, _)| mine(id))
            .collect();
        let authority = Authority {
            role: signers.clone(),
            keys,
        };
        let months = self.months(&delegation.name, &authority, share.months)?;
        let body = Body {
            files: share.own,
            delegations: months,
            lifetime: self.lifetimes.newsroom,
        };
        self.revise(&delegation.name, body, &authority)
    }

    /// Months stay delegated for ever, if need be without files: clients refuse an edition in which a role that they
    /// have seen is listed no more.
    fn months(
        &mut self,
        newsroom: &str,
        authority: &Authority,
        mut files: BTreeMap<String, Files<'_>>,
    ) -> Result<Option<Delegations>, EditorError> {
        let former = self.set.read::<Targets>(newsroom)?;
        let former = former.and_then(|document| document.signed.delegations);
        for role in former.iter().flat_map(|all| &all.roles) {
            files.entry(role.name.clone()).or_default();
        }
        let mut roles = Vec::new();
        for (name, files) in files {
            let Some(month) = Month::of_role(newsroom, &name) else {
                continue;
            };
            roles.push(month_delegation(&month, authority.role.clone()));
            let body = Body {
                files,
                delegations: None,
                lifetime: self.lifetimes.month,
            };
            self.revise(&name, body, authority)?;
        }
        let keys = authority.keys.clone();
        Ok((!roles.is_empty()).then_some(Delegations { keys, roles }))
    }

    /// A role as it was if that will do, else its next version.
    fn revise(
        &mut self,
        role: &str,
        body: Body<'_>,
        authority: &Authority,
    ) -> Result<(), EditorError> {
        let former = self.set.read::<Targets>(role)?;
        let state = match &former {
            None => State::Changed,
            Some(former) if !body.is(&former.signed) || !is_signed(role, former, authority) => {
                State::Changed
            }
            Some(former) => self.age(former.signed.expires, body.lifetime),
        };
        if state == State::Good {
            return Ok(());
        }
        let version = former.map_or(0, |former| former.signed.version) + 1;
        let next = body.into_targets(version, self.now);
        let mut draft = Draft::new(role, &next, vec![authority.clone()]);
        draft.sign(self.ring);
        // What is only growing old may wait for a day on which its key is at hand.
        if state == State::Ageing && draft.check().is_err() {
            return Ok(());
        }
        self.put(draft)
    }

    fn age(&self, expires: Timestamp, lifetime: SignedDuration) -> State {
        let left = expires.duration_since(self.now);
        if left <= SignedDuration::ZERO {
            State::Changed
        } else if left < lifetime / 3 {
            State::Ageing
        } else {
            State::Good
        }
    }

    fn put(&mut self, draft: Draft) -> Result<(), EditorError> {
        self.set.put_signed(draft)
    }

    fn finish(mut self, root: &Root) -> Result<MetadataSet, EditorError> {
        let former = self
            .set
            .read::<Snapshot>(SNAPSHOT)?
            .map(|document| document.signed);
        let stamped = self.set.read::<TimestampRole>(TIMESTAMP)?;
        let stamped = stamped.map_or(0, |document| document.signed.version);
        let number = former
            .as_ref()
            .map_or(0, |former| former.version)
            .max(stamped)
            + 1;
        let snapshot = Snapshot {
            version: number,
            expires: self.now + self.lifetimes.snapshot,
            issued: Some(self.now),
            meta: self.listing(former)?,
        };
        let mut draft = Draft::new(SNAPSHOT, &snapshot, vec![authority(root, SNAPSHOT)]);
        draft.sign(self.ring);
        self.put(draft)?;
        let timestamp = TimestampRole {
            version: number,
            expires: self.now + self.lifetimes.timestamp,
            issued: Some(self.now),
            meta: TimestampMeta {
                snapshot: self.describe(SNAPSHOT, DESCRIBED_WHOLE)?,
            },
        };
        let mut draft = Draft::new(TIMESTAMP, &timestamp, vec![authority(root, TIMESTAMP)]);
        draft.sign(self.ring);
        self.put(draft)?;
        Ok(self.set)
    }

    /// Every role that was ever listed, in its newest version.
    fn listing(&self, former: Option<Snapshot>) -> Result<BTreeMap<String, MetaFile>, EditorError> {
        let mut meta = former.map(|former| former.meta).unwrap_or_default();
        let roles = self.set.iter().map(|(name, _)| name.role());
        let roles = roles.filter(|role| ![ROOT, SNAPSHOT, TIMESTAMP].contains(role));
        let roles: Vec<&str> = roles.collect();
        let described = if roles.len() > ROLES_WITH_HASHES {
            DESCRIBED_SHORTLY
        } else {
            DESCRIBED_WHOLE
        };
        for role in roles {
            meta.insert(format!("{role}.json"), self.describe(role, described)?);
        }
        Ok(meta)
    }

    fn describe(&self, role: &str, described: Described) -> Result<MetaFile, EditorError> {
        let newest = self.set.newest(role);
        let (name, bytes) = newest.ok_or_else(|| EditorError::Missing {
            role: role.to_owned(),
        })?;
        Ok(described(name.version().unwrap_or(1), bytes))
    }
}

type Described = fn(u64, &Bytes) -> MetaFile;

const DESCRIBED_WHOLE: Described = |version, bytes| MetaFile {
    version,
    length: Some(bytes.len() as u64),
    hashes: Some(Hashes::sha256(Digest::of(bytes))),
};

const DESCRIBED_SHORTLY: Described = |version, _| MetaFile {
    version,
    length: None,
    hashes: None,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    Ageing,
    Changed,
}

/// What a role shall say.
struct Body<'a> {
    files: Files<'a>,
    delegations: Option<Delegations>,
    lifetime: SignedDuration,
}

impl Body<'_> {
    fn is(&self, former: &Targets) -> bool {
        let same =
            |((path, facts), (name, target)): ((&&SitePath, &FileFacts), (&String, &Target))| {
                path.as_str() == name && *target == target_of(facts)
            };
        self.delegations == former.delegations
            && self.files.len() == former.targets.len()
            && self.files.iter().zip(&former.targets).all(same)
    }

    fn into_targets(self, version: u64, now: Timestamp) -> Targets {
        let files = self.files.iter();
        Targets {
            version,
            expires: now + self.lifetime,
            issued: Some(now),
            targets: files
                .map(|(path, facts)| (path.as_str().to_owned(), target_of(facts)))
                .collect(),
            delegations: self.delegations,
        }
    }
}

fn target_of((length, digest): &FileFacts) -> Target {
    Target {
        length: *length,
        hashes: Hashes::sha256(*digest),
    }
}
