//! From what was remembered to trusted top-level metadata.
//!
//! 1. [`Roots`]: the chain of roots, one version at a time, each signed by the former and by itself (TUF 5.3).
//! 2. [`AwaitTimestamp`]: always fetched, since only it can tell whether there is anything new (5.4).
//! 3. [`AwaitSnapshot`]: what `timestamp` names, unless it is remembered (5.5).
//! 4. [`AwaitTargets`]: what `snapshot` names, unless it is remembered (5.6).
//!
//! Each step consumes the one before, so that none can be left out.

use std::mem;

use bytes::Bytes;
use jiff::Timestamp;

use super::super::Refusal;
use super::super::metadata::{
    Document, MetaFile, Root, SNAPSHOT, Signed, Snapshot, TARGETS, TIMESTAMP, Targets,
    TimestampRole, ceiling,
};
use super::roots::Roots;
use super::verified::{Authority, Verified};
use super::{Context, Equivocation, Expiry, Remembered, Sighting, Trusted, Want};
use crate::base::LIMITS;

/// The client workflow: ask [`Self::wants`], fetch, [`Self::give`], again; then [`Self::finish`].
#[derive(Debug)]
pub struct Refresh {
    context: Context,
    stage: Stage,
}

#[derive(Debug)]
pub(super) enum Stage {
    Roots(Roots),
    Timestamp(Box<AwaitTimestamp>),
    Snapshot(Box<AwaitSnapshot>),
    Targets(Box<AwaitTargets>),
    Complete(Box<Complete>),
    Stopped(Refusal),
}

impl Refresh {
    /// `now` is the fixed update start time (TUF 5.2): all dates of expiry are compared with it.
    /// Refused when the remembered root is not even signed by itself.
    pub fn new(remembered: Remembered, now: Timestamp, expiry: Expiry) -> Result<Self, Refusal> {
        let trusted = Roots::first(remembered.root.clone())?;
        Ok(Self {
            context: Context {
                now,
                expiry,
                max_roles: LIMITS.delegated_roles,
                remembered,
                evidence: Vec::new(),
            },
            stage: Stage::Roots(trusted),
        })
    }

    /// `None` when the top-level metadata is complete, or was refused.
    pub fn wants(&self) -> Option<Want> {
        match &self.stage {
            Stage::Roots(step) => Some(step.want()),
            Stage::Timestamp(_) => Some(Want {
                role: TIMESTAMP.into(),
                version: None,
                max_bytes: LIMITS.timestamp_bytes,
            }),
            Stage::Snapshot(step) => Some(step.want()),
            Stage::Targets(step) => Some(step.want()),
            Stage::Complete(_) | Stage::Stopped(_) => None,
        }
    }

    /// The file that is wanted; `None`: there is no such file. After a refusal nothing more is wanted.
    pub fn give(&mut self, file: Option<Bytes>) -> Result<(), Refusal> {
        let stage = mem::replace(&mut self.stage, Stage::Stopped(Refusal::NotWanted));
        let context = &mut self.context;
        let next = match stage {
            Stage::Roots(step) => step.give(file, context),
            Stage::Timestamp(step) => step.give(file, context),
            Stage::Snapshot(step) => step.give(file, context),
            Stage::Targets(step) => step.give(file, context),
            Stage::Complete(complete) => {
                self.stage = Stage::Complete(complete);
                return Err(Refusal::NotWanted);
            }
            Stage::Stopped(refusal) => Err(refusal),
        };
        self.stage = next.unwrap_or_else(Stage::Stopped);
        match &self.stage {
            Stage::Stopped(refusal) => Err(refusal.clone()),
            _ => Ok(()),
        }
    }

    /// What is to be kept from now on, also when the workflow stopped half-way. Never less than was given to
    /// [`Self::new`], unless keys of `timestamp` or `snapshot` were replaced (TUF 5.3.11).
    pub fn remembered(&self) -> Remembered {
        self.context.remembered.clone()
    }

    /// Contradictions that were met on the way.
    pub fn evidence(&self) -> &[Equivocation] {
        &self.context.evidence
    }

    /// What the timestamp tells, as soon as that is proved.
    pub fn sighting(&self) -> Option<Sighting> {
        let (root, timestamp) = match &self.stage {
            Stage::Snapshot(step) => (&step.root, &step.timestamp),
            Stage::Targets(step) => (&step.root, &step.timestamp),
            Stage::Complete(complete) => (&complete.root, &complete.timestamp),
            Stage::Roots(_) | Stage::Timestamp(_) | Stage::Stopped(_) => return None,
        };
        let context = self.context.clone();
        Some(Sighting::new(context, root.clone(), timestamp.clone()))
    }

    pub fn finish(self) -> Result<Trusted, Refusal> {
        let wanted = self.wants();
        match self.stage {
            Stage::Complete(complete) => Ok(complete.into_trusted(self.context)),
            Stage::Stopped(refusal) => Err(refusal),
            _ => Err(Refusal::Unfinished {
                role: wanted.map(|want| want.role).unwrap_or_default(),
            }),
        }
    }
}

/// What was remembered and is still signed by keys that count today. A thief's key may be gone from the root although
/// we have not seen the change: then the file says nothing any more. One that cannot be read at all is another matter.
pub(super) fn floor<T: Signed>(
    name: &str,
    remembered: Option<&Bytes>,
    root: &Root,
) -> Result<Option<Verified<T>>, Refusal> {
    let Some(bytes) = remembered else {
        return Ok(None);
    };
    match Verified::new(name, bytes.clone(), Authority::of_root(root, name)?) {
        Ok(verified) => Ok(Some(verified)),
        Err(Refusal::ThresholdNotMet { .. }) => Ok(None),
        Err(refusal) => Err(Refusal::DamagedMemory {
            role: name.to_owned(),
            why: refusal.to_string(),
        }),
    }
}

/// TUF 5.4.
#[derive(Debug)]
pub(super) struct AwaitTimestamp {
    root: Verified<Root>,
    floor: Option<Verified<TimestampRole>>,
    snapshot_floor: Option<Verified<Snapshot>>,
}

impl AwaitTimestamp {
    pub fn start(root: Verified<Root>, context: &Context) -> Result<Stage, Refusal> {
        let remembered = &context.remembered;
        let floor = floor(TIMESTAMP, remembered.timestamp.as_ref(), &root.signed)?;
        let snapshot_floor = self::floor(SNAPSHOT, remembered.snapshot.as_ref(), &root.signed)?;
        Ok(Stage::Timestamp(Box::new(Self {
            root,
            floor,
            snapshot_floor,
        })))
    }

    fn give(self, file: Option<Bytes>, context: &mut Context) -> Result<Stage, Refusal> {
        let bytes = file.ok_or_else(|| missing(TIMESTAMP))?;
        // 5.4.2
        let authority = Authority::of_root(&self.root.signed, TIMESTAMP)?;
        let new = Verified::<TimestampRole>::new(TIMESTAMP, bytes, authority)?;
        // 5.4.3
        let chosen = match self.floor {
            None => new,
            Some(had) => newer(had, new, context)?,
        };
        // 5.4.4
        context.check_expiry(TIMESTAMP, &chosen.signed)?;
        // 5.4.5
        context.remembered.timestamp = Some(chosen.bytes.clone());
        AwaitSnapshot {
            root: self.root,
            timestamp: chosen,
            floor: self.snapshot_floor,
        }
        .start(context)
    }
}

/// TUF 5.4.3: the new one, or on equal versions the one we have, of which then everything else is known too.
fn newer(
    had: Verified<TimestampRole>,
    new: Verified<TimestampRole>,
    context: &mut Context,
) -> Result<Verified<TimestampRole>, Refusal> {
    // 5.4.3.1
    check_rollback(TIMESTAMP, had.signed.version, new.signed.version)?;
    if had.signed.version == new.signed.version {
        if had.signed != new.signed {
            context.contradiction(TIMESTAMP, had.signed.version, &had.bytes, &new.bytes);
        }
        return Ok(had);
    }
    // 5.4.3.2
    let version = |timestamp: &TimestampRole| timestamp.meta.snapshot.version;
    check_rollback(SNAPSHOT, version(&had.signed), version(&new.signed))?;
    Ok(new)
}

fn check_rollback(role: &str, had: u64, got: u64) -> Result<(), Refusal> {
    if got < had {
        return Err(Refusal::Rollback {
            role: role.to_owned(),
            had,
            got,
        });
    }
    Ok(())
}

fn missing(role: &str) -> Refusal {
    Refusal::Missing {
        role: role.to_owned(),
    }
}

/// Roles below `timestamp` have their version in the file name if the root says so (TUF 5.5.1, 5.6.1).
pub(super) fn want_described(root: &Root, role: &str, described: &MetaFile) -> Want {
    Want {
        role: role.to_owned(),
        version: root.consistent_snapshot.then_some(described.version),
        max_bytes: ceiling(role, Some(described)),
    }
}

/// TUF 5.5.
#[derive(Debug)]
pub(super) struct AwaitSnapshot {
    root: Verified<Root>,
    timestamp: Verified<TimestampRole>,
    floor: Option<Verified<Snapshot>>,
}

impl AwaitSnapshot {
    /// What is remembered and is just what `timestamp` names is not asked for again.
    fn start(self, context: &mut Context) -> Result<Stage, Refusal> {
        let held = self.floor.as_ref().map(|floor| floor.bytes.clone());
        let held = held.and_then(|bytes| self.verify(bytes, context).ok());
        match held {
            Some(snapshot) => self.accept(snapshot, context),
            None => Ok(Stage::Snapshot(Box::new(self))),
        }
    }

    fn described(&self) -> &MetaFile {
        &self.timestamp.signed.meta.snapshot
    }

    fn want(&self) -> Want {
        want_described(&self.root.signed, SNAPSHOT, self.described())
    }

    /// 5.5.2 to 5.5.4.
    fn verify(&self, bytes: Bytes, context: &Context) -> Result<Verified<Snapshot>, Refusal> {
        let authority = Authority::of_root(&self.root.signed, SNAPSHOT)?;
        context.verify_described(SNAPSHOT, bytes, self.described(), authority)
    }

    fn give(self, file: Option<Bytes>, context: &mut Context) -> Result<Stage, Refusal> {
        let bytes = file.ok_or_else(|| missing(SNAPSHOT))?;
        let snapshot = self.verify(bytes, context)?;
        self.accept(snapshot, context)
    }

    fn accept(self, snapshot: Verified<Snapshot>, context: &mut Context) -> Result<Stage, Refusal> {
        // 5.5.5
        if let Some(had) = &self.floor {
            check_roles_kept(&had.signed, &snapshot.signed)?;
            if had.signed.version == snapshot.signed.version && had.signed != snapshot.signed {
                context.contradiction(SNAPSHOT, had.signed.version, &had.bytes, &snapshot.bytes);
            }
        }
        // 5.5.6
        context.check_expiry(SNAPSHOT, &snapshot.signed)?;
        // 5.5.7
        context.remembered.snapshot = Some(snapshot.bytes.clone());
        AwaitTargets::start(self.root, self.timestamp, snapshot, context)
    }
}

/// TUF 5.5.5: no listed role becomes older, and none disappears.
fn check_roles_kept(had: &Snapshot, new: &Snapshot) -> Result<(), Refusal> {
    check_rollback(SNAPSHOT, had.version, new.version)?;
    for (file, had) in &had.meta {
        let role = file.strip_suffix(".json").unwrap_or(file);
        let new = new.meta.get(file).ok_or_else(|| missing(role))?;
        check_rollback(role, had.version, new.version)?;
    }
    Ok(())
}

/// TUF 5.6.
#[derive(Debug)]
pub(super) struct AwaitTargets {
    root: Verified<Root>,
    timestamp: Verified<TimestampRole>,
    snapshot: Verified<Snapshot>,
    described: MetaFile,
}

impl AwaitTargets {
    fn start(
        root: Verified<Root>,
        timestamp: Verified<TimestampRole>,
        snapshot: Verified<Snapshot>,
        context: &mut Context,
    ) -> Result<Stage, Refusal> {
        let described = snapshot.signed.file(TARGETS).cloned();
        let step = Self {
            root,
            timestamp,
            snapshot,
            described: described.ok_or_else(|| missing(TARGETS))?,
        };
        let held = context.remembered.targets.get(TARGETS).cloned();
        let held = held.and_then(|bytes| step.verify(bytes, context).ok());
        match held {
            Some(targets) => step.accept(targets, context),
            None => Ok(Stage::Targets(Box::new(step))),
        }
    }

    fn want(&self) -> Want {
        want_described(&self.root.signed, TARGETS, &self.described)
    }

    /// 5.6.2 to 5.6.4.
    fn verify(&self, bytes: Bytes, context: &Context) -> Result<Verified<Targets>, Refusal> {
        let authority = Authority::of_root(&self.root.signed, TARGETS)?;
        context.verify_described(TARGETS, bytes, &self.described, authority)
    }

    fn give(self, file: Option<Bytes>, context: &mut Context) -> Result<Stage, Refusal> {
        let bytes = file.ok_or_else(|| missing(TARGETS))?;
        let targets = self.verify(bytes, context)?;
        self.accept(targets, context)
    }

    fn accept(self, targets: Verified<Targets>, context: &mut Context) -> Result<Stage, Refusal> {
        // 5.6.5
        context.check_expiry(TARGETS, &targets.signed)?;
        context.note_contradiction(TARGETS, &targets);
        // 5.6.6
        let bytes = targets.bytes.clone();
        context.remembered.targets.insert(TARGETS.into(), bytes);
        Ok(Stage::Complete(Box::new(Complete {
            root: self.root,
            timestamp: self.timestamp,
            snapshot: self.snapshot,
            targets,
        })))
    }
}

/// All four roles.
#[derive(Debug)]
pub(super) struct Complete {
    root: Verified<Root>,
    timestamp: Verified<TimestampRole>,
    snapshot: Verified<Snapshot>,
    targets: Verified<Targets>,
}

impl Complete {
    fn into_trusted(self, context: Context) -> Trusted {
        Trusted::new(
            context,
            self.root,
            self.timestamp,
            self.snapshot,
            self.targets,
        )
    }
}

impl Context {
    fn contradiction(&mut self, role: &str, version: u64, known: &Bytes, other: &Bytes) {
        self.evidence.push(Equivocation {
            role: role.to_owned(),
            version,
            known: known.clone(),
            other: other.clone(),
        });
    }

    /// A role below `snapshot` in the version that is remembered, but with another content. The remembered one was
    /// verified when it was stored.
    pub(super) fn note_contradiction(&mut self, role: &str, new: &Verified<Targets>) {
        let Some(known) = self.remembered.targets.get(role).cloned() else {
            return;
        };
        if known == new.bytes {
            return;
        }
        let had = Document::<Targets>::parse(role, known.clone()).map(|document| document.signed);
        if had.is_ok_and(|had| had.version == new.signed.version && had != new.signed) {
            self.contradiction(role, new.signed.version, &known, &new.bytes);
        }
    }
}
