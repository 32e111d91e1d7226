//! The search for one file (TUF 5.6.7): asks for just the roles on the way to it.

use bytes::Bytes;

use super::super::Refusal;
use super::search::{Search, Step};
use super::{TargetFile, Trusted, Want};

/// Ask [`Self::wants`], fetch, [`Self::give`], again; then [`Self::finish`].
///
/// What it loads stays in the [`Trusted`], so that the next search need not load it again.
#[derive(Debug)]
pub struct Lookup<'a> {
    trusted: &'a mut Trusted,
    search: Search,
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
            search: Search::new(path),
            state: State::Done(None),
        };
        let went = lookup.advance();
        // A refusal is kept, and told by `finish`.
        let _ = lookup.settle(went);
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
        let went = loaded.and_then(|()| self.advance());
        self.settle(went)
    }

    /// The file, or `None` if nobody who may speak for this path names it.
    pub fn finish(self) -> Result<Option<TargetFile>, Refusal> {
        match self.state {
            State::Done(found) => Ok(found),
            State::Stopped(refusal) => Err(refusal),
            State::Wants { want, .. } => Err(Refusal::Unfinished { role: want.role }),
        }
    }

    fn settle(&mut self, went: Result<(), Refusal>) -> Result<(), Refusal> {
        if let Err(refusal) = &went {
            self.state = State::Stopped(refusal.clone());
        }
        went
    }

    /// Loads what is remembered until something must be asked for.
    fn advance(&mut self) -> Result<(), Refusal> {
        loop {
            let (parent, role) = match self.search.go_on(self.trusted)? {
                Step::Found(file) => {
                    self.state = State::Done(Some(file));
                    return Ok(());
                }
                Step::Absent => {
                    self.state = State::Done(None);
                    return Ok(());
                }
                Step::Needs { parent, role } => (parent, role),
            };
            if let Some(want) = self.trusted.recall(&parent, &role)? {
                self.state = State::Wants { parent, want };
                return Ok(());
            }
        }
    }
}
