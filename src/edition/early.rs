//! Metadata of a stranger, proved as it comes, so that what nobody signed takes no more memory than one file of it.
//!
//! Files come in the order of a bundle: roots, `timestamp`, `snapshot`, `targets`, then delegated roles by name.
//! 1. The workflow of TUF goes on with each file that it waits for; what it waits for and is held already, it gets from
//!    there; and what cannot come any more is missing.
//! 2. As soon as it has proved the top-level roles, the edition must be newer than the one held.
//! 3. Behind those only the delegated roles are kept that `snapshot` names, as far as it does.
//!
//! This only decides what is worth keeping. The proof is [`Gathered::prove`], once all has come.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::metadata::name_of;
use super::{Excerpt, Gathered, Refusal, Remembered};
use crate::base::{EditionNumber, MetadataName};
use crate::bundle::MemberName;
use crate::trust::{self, Equivocation, Expiry, Refresh, Trusted};

/// See the module.
pub(super) struct Early {
    held: Option<Arc<Excerpt>>,
    /// The newest root that was proved.
    root: u64,
    /// What contradicts what is held, also when it is refused.
    evidence: Vec<Equivocation>,
    stage: Stage,
}

enum Stage {
    TopLevel(Box<Refresh>),
    Delegated(Box<Trusted>),
    Refused(Refusal),
}

/// Whether a file is worth keeping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Worth {
    Keep,
    /// Nobody will look at it.
    Leave,
}

impl Early {
    pub(super) fn new(remembered: Remembered, held: Option<Arc<Excerpt>>, now: Timestamp) -> Self {
        let refresh = Refresh::new(remembered, now, Expiry::Report);
        // It always begins by asking for the next root.
        let next = refresh
            .as_ref()
            .ok()
            .and_then(|refresh| refresh.wants()?.version);
        let stage = match refresh {
            Ok(refresh) => Stage::TopLevel(Box::new(refresh)),
            Err(refusal) => Stage::Refused(refusal.into()),
        };
        Self {
            held,
            root: next.unwrap_or(1) - 1,
            evidence: Vec::new(),
            stage,
        }
    }

    pub(super) fn evidence(&self) -> &[Equivocation] {
        &self.evidence
    }

    /// The next file; `set` holds those that were kept before.
    pub(super) fn take(
        &mut self,
        name: &MetadataName,
        content: &Bytes,
        set: &Gathered,
    ) -> Result<Worth, Refusal> {
        let taken = self.advance(name, content, set);
        let taken = taken.and_then(|()| self.worth(name, content));
        if let Err(refusal) = &taken {
            self.stage = Stage::Refused(refusal.clone());
        }
        taken
    }

    /// Step 1.
    fn advance(
        &mut self,
        name: &MetadataName,
        content: &Bytes,
        set: &Gathered,
    ) -> Result<(), Refusal> {
        while let Stage::TopLevel(refresh) = &mut self.stage {
            self.evidence = refresh.evidence().to_vec();
            let Some(want) = refresh.wants() else {
                return self.settle();
            };
            let wanted = name_of(&want);
            if wanted.as_ref() == Some(name) {
                refresh.give(Some(content.clone()))?;
                self.note_root(name);
            } else if let Some(known) = known(wanted.as_ref(), set, self.held.as_deref()) {
                refresh.give(Some(known))?;
            } else if wanted.is_some_and(|wanted| comes_after(wanted, name)) {
                break;
            } else {
                refresh.give(None)?;
            }
        }
        Ok(())
    }

    fn note_root(&mut self, name: &MetadataName) {
        if name.role() == "root" {
            self.root = name.version().unwrap_or(self.root);
        }
    }

    /// Step 2.
    fn settle(&mut self) -> Result<(), Refusal> {
        // Seen by nobody: what comes of the workflow takes its place.
        let meanwhile = Stage::Refused(trust::Refusal::NotWanted.into());
        if let Stage::TopLevel(refresh) = std::mem::replace(&mut self.stage, meanwhile) {
            let trusted = refresh.finish()?;
            if let Some(held) = &self.held {
                refuse_older(&trusted, &held.remembered(), held.number())?;
            }
            self.stage = Stage::Delegated(Box::new(trusted));
        }
        Ok(())
    }

    /// Step 3.
    fn worth(&self, name: &MetadataName, content: &Bytes) -> Result<Worth, Refusal> {
        let is_worth = match &self.stage {
            Stage::Refused(refusal) => return Err(refusal.clone()),
            // Old roots are for readers who come with one of them.
            _ if name.role() == "root" => {
                name.version().is_some_and(|version| version <= self.root)
            }
            // The workflow took it, or passed over it.
            Stage::TopLevel(refresh) => {
                let remembered = refresh.remembered();
                let taken = [remembered.timestamp, remembered.snapshot];
                taken.iter().flatten().any(|taken| taken == content)
            }
            Stage::Delegated(trusted) => match proved(trusted, name) {
                // What was remembered may have stood in for it.
                Some(proved) if proved != content => {
                    return Err(Refusal::MetadataAltered { name: name.clone() });
                }
                Some(_) => true,
                None => name
                    .version()
                    .is_some_and(|version| trusted.describes(name.role(), version, content)),
            },
        };
        Ok(if is_worth { Worth::Keep } else { Worth::Leave })
    }
}

/// What is held goes for files of one name in all editions; the timestamp's name is not of that kind.
fn known(name: Option<&MetadataName>, set: &Gathered, held: Option<&Excerpt>) -> Option<Bytes> {
    let name = name.filter(|name| **name != MetadataName::timestamp())?;
    let from_held = || {
        let held = held?;
        Some(held.content(held.metadata_file(name)?))
    };
    set.content(name).cloned().or_else(from_held)
}

fn comes_after(wanted: MetadataName, name: &MetadataName) -> bool {
    MemberName::Metadata(wanted) > MemberName::Metadata(name.clone())
}

fn proved<'a>(trusted: &'a Trusted, name: &MetadataName) -> Option<&'a Bytes> {
    let mut files = trusted.files();
    files.find_map(|(role, version, content)| {
        let same = role == name.role() && name.version().is_none_or(|named| named == version);
        same.then_some(content)
    })
}

pub(super) fn refuse_older(
    trusted: &Trusted,
    remembered: &Remembered,
    held: EditionNumber,
) -> Result<(), Refusal> {
    match trusted.is_newer_than(remembered) {
        true => Ok(()),
        false => Err(Refusal::NotNewer {
            offered: trusted.edition(),
            held,
        }),
    }
}
