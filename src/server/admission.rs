//! A bundle that comes in piece by piece, from who trusts nobody but the newsroom's keys.
//!
//! 1. A mirror that was told only a fingerprint looks for the first root in the bundle, and compares.
//! 2. From then on the [`Receiver`] decides: metadata before files, each file before it is written.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::holdings::Part;
use super::refused::Refused;
use crate::base::{Fingerprint, LIMITS, MetadataName};
use crate::bundle::{self, MemberName, Scanner};
use crate::edition::{Proof, Receiver, Refusal, Remembered, VerifiedEdition};
use crate::trust::Equivocation;

/// What a mirror goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trust {
    Remembered(Remembered),
    /// Of the first root; nothing has been seen yet.
    Fingerprint(Fingerprint),
}

impl Trust {
    /// With the first root out of `bundle`, if that is still to be found.
    pub(super) fn remembered(&self, bundle: &Bytes) -> Result<Remembered, Refused> {
        match self {
            Self::Remembered(remembered) => Ok(remembered.clone()),
            Self::Fingerprint(fingerprint) => {
                let mut search = Search::new(*fingerprint);
                let root = search.push(bundle.clone())?;
                root.map(Remembered::new).ok_or(Refused::NoRoot)
            }
        }
    }
}

pub(super) struct Admission {
    held: Option<Arc<VerifiedEdition>>,
    now: Timestamp,
    stage: Stage,
}

enum Stage {
    /// With what came until now, which the receiver will want to see too.
    Search(Box<Search>, Vec<Bytes>, Part),
    Receive(Box<Receiver<Part>>),
    Refused(Refused),
}

impl Admission {
    pub(super) fn new(
        out: Part,
        trust: Trust,
        held: Option<Arc<VerifiedEdition>>,
        now: Timestamp,
    ) -> Self {
        let stage = match trust {
            Trust::Fingerprint(print) => {
                Stage::Search(Box::new(Search::new(print)), Vec::new(), out)
            }
            Trust::Remembered(remembered) => receive(out, remembered, held.clone(), now),
        };
        Self { held, now, stage }
    }

    /// After a refusal every further piece is refused the same way.
    pub(super) fn push(&mut self, piece: Bytes) -> Result<(), Refused> {
        match &mut self.stage {
            Stage::Receive(receiver) => Ok(receiver.push(piece)?),
            Stage::Refused(refused) => Err(refused.clone()),
            Stage::Search(search, pieces, _) => {
                pieces.push(piece.clone());
                match search.push(piece) {
                    Ok(None) => Ok(()),
                    Ok(Some(root)) => self.begin(root),
                    Err(refused) => {
                        self.stage = Stage::Refused(refused.clone());
                        Err(refused)
                    }
                }
            }
        }
    }

    fn begin(&mut self, root: Bytes) -> Result<(), Refused> {
        let meanwhile = Stage::Refused(Refused::Broken);
        if let Stage::Search(_, pieces, out) = std::mem::replace(&mut self.stage, meanwhile) {
            self.stage = receive(out, Remembered::new(root), self.held.clone(), self.now);
            for piece in pieces {
                self.push(piece)?;
            }
        }
        Ok(())
    }

    /// Known once the metadata has been proved.
    pub(super) fn proof(&self) -> Option<&Proof> {
        match &self.stage {
            Stage::Receive(receiver) => receiver.proof(),
            Stage::Search(..) | Stage::Refused(_) => None,
        }
    }

    /// What it says otherwise than what is held, validly signed both.
    pub(super) fn evidence(&self) -> &[Equivocation] {
        match &self.stage {
            Stage::Receive(receiver) => receiver.evidence(),
            Stage::Search(..) | Stage::Refused(_) => &[],
        }
    }

    /// `publish` is called when everything has come and was found good.
    pub(super) fn finish(
        self,
        publish: impl FnOnce(Part) -> Result<Bytes, Refused>,
    ) -> Result<VerifiedEdition, Refused> {
        match self.stage {
            Stage::Receive(receiver) => receiver.finish(publish),
            Stage::Refused(refused) => Err(refused),
            Stage::Search(..) => Err(Refused::NoRoot),
        }
    }
}

fn receive(
    out: Part,
    remembered: Remembered,
    held: Option<Arc<VerifiedEdition>>,
    now: Timestamp,
) -> Stage {
    Stage::Receive(Box::new(Receiver::new(out, remembered, held, now)))
}

/// Looks for `1.root.json`, which comes first of all metadata.
struct Search {
    wanted: Fingerprint,
    scanner: Scanner,
    bytes: u64,
}

impl Search {
    fn new(wanted: Fingerprint) -> Self {
        Self {
            wanted,
            scanner: Scanner::default(),
            bytes: 0,
        }
    }

    /// The root, once it was seen and has the right fingerprint.
    fn push(&mut self, piece: Bytes) -> Result<Option<Bytes>, Refused> {
        if self.bytes > 2 * LIMITS.root_bytes {
            return Err(Refused::NoRoot);
        }
        self.bytes += piece.len() as u64;
        self.scanner.push(piece);
        while let Some(member) = self.scanner.next().map_err(Refusal::from)? {
            match &member.name {
                MemberName::About => {}
                MemberName::Metadata(name) if is_first_root(name) => {
                    let root = bundle::unpack(&member.packed, member.length);
                    return self.compare(root.map_err(Refusal::from)?).map(Some);
                }
                _ => return Err(Refused::NoRoot),
            }
        }
        Ok(None)
    }

    fn compare(&self, root: Vec<u8>) -> Result<Bytes, Refused> {
        if Fingerprint::of_first_root(&root) == self.wanted {
            Ok(root.into())
        } else {
            Err(Refused::OtherSite {
                wanted: self.wanted,
            })
        }
    }
}

fn is_first_root(name: &MetadataName) -> bool {
    name.role() == "root" && name.version() == Some(1)
}
