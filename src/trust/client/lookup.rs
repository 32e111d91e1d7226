//! The search for one file (TUF 5.6.7): asks for just the roles on the way to it.

use bytes::Bytes;

use super::super::Refusal;
use super::trusted::Step;
use super::{TargetFile, Trusted, Want};
use crate::base::LIMITS;

/// Ask [`Self::wants`], fetch, [`Self::give`], again; then [`Self::finish`].
///
/// What it loads stays in the [`Trusted`], so that the next search need not load it again.
#[derive(Debug)]
pub struct Lookup<'a> {
    trusted: &'a mut Trusted,
    path: String,
    state: State,
}

#[derive(Debug)]
enum State {
    Wants { parent: String, want: Want },
    Done(Option<TargetFile>),
    Stopped(Refusal),
}

impl<'a> Lookup<'a> {
    pub(super) fn new(trusted: &'a mut Trusted, path: &str) -> Self {
        let mut lookup = Self {
            trusted,
            path: path.to_owned(),
            state: State::Done(None),
        };
        lookup.advance();
        lookup
    }

    /// `None` when the search is over.
    pub fn wants(&self) -> Option<Want> {
        match &self.state {
            State::Wants { want, .. } => Some(want.clone()),
            State::Done(_) | State::Stopped(_) => None,
        }
    }

    /// The file that is wanted; `None`: there is no such file, and then the search cannot go on.
    pub fn give(&mut self, file: Option<Bytes>) -> Result<(), Refusal> {
        let State::Wants { parent, want } = &self.state else {
            return Err(Refusal::NotWanted);
        };
        let role = want.role.clone();
        let loaded = match file {
            Some(bytes) => self.trusted.load(parent, &role, bytes),
            None => Err(Refusal::Missing { role }),
        };
        match loaded {
            Ok(()) => self.advance(),
            Err(refusal) => self.state = State::Stopped(refusal),
        }
        match &self.state {
            State::Stopped(refusal) => Err(refusal.clone()),
            _ => Ok(()),
        }
    }

    /// The file, or `None` if nobody who may speak for this path names it.
    pub fn finish(self) -> Result<Option<TargetFile>, Refusal> {
        match self.state {
            State::Done(found) => Ok(found),
            State::Stopped(refusal) => Err(refusal),
            State::Wants { want, .. } => Err(Refusal::Unfinished { role: want.role }),
        }
    }

    /// Searches from the start; roles that are loaded cost next to nothing.
    fn advance(&mut self) {
        loop {
            let (parent, role) = match self.trusted.search(&self.path) {
                Step::Found(target, role) => {
                    self.state = State::Done(Some(Trusted::found(target, role)));
                    return;
                }
                Step::Absent => {
                    self.state = State::Done(None);
                    return;
                }
                Step::TooMany { role } => {
                    self.state = State::Stopped(Refusal::TooManyRoles {
                        role: role.to_owned(),
                        limit: LIMITS.delegated_roles,
                    });
                    return;
                }
                Step::Needs { parent, role } => (parent.to_owned(), role.to_owned()),
            };
            match self.trusted.recall(&parent, &role) {
                Ok(None) => {}
                Ok(Some(want)) => {
                    self.state = State::Wants { parent, want };
                    return;
                }
                Err(refusal) => {
                    self.state = State::Stopped(refusal);
                    return;
                }
            }
        }
    }
}
