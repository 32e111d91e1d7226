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
use crate::bundle::dense::{Dense, may_be_dense};
use crate::bundle::{self, MemberName, Scanner};
use crate::edition::{Effort, Proof, Receiver, Refusal, Remembered, VerifiedEdition};
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

    /// Of nothing at all.
    pub(super) fn refused(why: Refused, now: Timestamp) -> Self {
        Self {
            held: None,
            now,
            stage: Stage::Refused(why),
        }
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
    // Readers are sent these bytes for as long as the file lives, and other mirrors have the same.
    let receiver = Receiver::new(out, remembered, held, now).packing(Effort::Best);
    Stage::Receive(Box::new(receiver))
}

/// Looks for `1.root.json`, which comes first of all metadata.
struct Search {
    wanted: Fingerprint,
    form: Form,
    bytes: u64,
}

enum Form {
    /// Nothing came yet.
    Unknown,
    Plain(Box<Scanner>),
    /// With the length of the root, once its line was read.
    Dense(Box<Dense>, Option<u64>),
}

impl Search {
    fn new(wanted: Fingerprint) -> Self {
        Self {
            wanted,
            form: Form::Unknown,
            bytes: 0,
        }
    }

    /// The root, once it was seen and has the right fingerprint.
    fn push(&mut self, piece: Bytes) -> Result<Option<Bytes>, Refused> {
        if self.bytes > 2 * LIMITS.root_bytes {
            return Err(Refused::NoRoot);
        }
        self.bytes += piece.len() as u64;
        if let (Form::Unknown, Some(first)) = (&self.form, piece.first()) {
            self.form = match may_be_dense(*first) {
                true => Form::Dense(Box::default(), None),
                false => Form::Plain(Box::default()),
            };
        }
        let root = match &mut self.form {
            Form::Unknown => None,
            Form::Plain(scanner) => {
                scanner.push(piece);
                in_plain(scanner)?
            }
            Form::Dense(dense, length) => {
                dense.push(piece);
                in_dense(dense, length)?
            }
        };
        root.map(|root| self.compare(root)).transpose()
    }

    fn compare(&self, root: Bytes) -> Result<Bytes, Refused> {
        if Fingerprint::of_first_root(&root) == self.wanted {
            Ok(root)
        } else {
            Err(Refused::OtherSite {
                wanted: self.wanted,
            })
        }
    }
}

fn in_plain(scanner: &mut Scanner) -> Result<Option<Bytes>, Refused> {
    while let Some(member) = scanner.next().map_err(Refusal::from)? {
        match &member.name {
            MemberName::About => {}
            MemberName::Metadata(name) if is_first_root(name) => {
                let root = bundle::unpack(&member.packed, member.length);
                return Ok(Some(root.map_err(Refusal::from)?.into()));
            }
            _ => return Err(Refused::NoRoot),
        }
    }
    Ok(None)
}

fn in_dense(dense: &mut Dense, length: &mut Option<u64>) -> Result<Option<Bytes>, Refused> {
    if !dense.is_in_frame() {
        let Some(head) = dense.head().map_err(Refusal::from)? else {
            return Ok(None);
        };
        if head.base.is_some() {
            return Err(Refused::NoRoot);
        }
        let begun = dense.begin_frame(Bytes::new(), Dense::FOLIO_BYTES);
        begun.map_err(Refusal::from)?;
    }
    if length.is_none() {
        *length = match dense.folio().map_err(Refusal::from)? {
            None => return Ok(None),
            Some(Some((name, length))) if is_first_root(&name) => Some(length),
            Some(_) => return Err(Refused::NoRoot),
        };
    }
    let root = dense.content(length.unwrap_or_default());
    Ok(root.map_err(Refusal::from)?)
}

fn is_first_root(name: &MetadataName) -> bool {
    name.role() == "root" && name.version() == Some(1)
}
