//! All files of a repository at once: for who holds all of its metadata, as in a bundle.
//!
//! 1. Every role that is delegated by a loaded role is loaded, each for every role that delegates to it.
//! 2. Each name in any of them is then looked up as a reader would do it. A file that its role may not speak for, or
//!    that a role of higher priority hides, is so found nowhere, and the list cannot differ from the look-ups.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;

use super::super::Refusal;
use super::super::metadata::TARGETS;
use super::search::{Search, Step};
use super::{TargetFile, Trusted, Want};
use crate::base::{LIMITS, SitePath};

/// Ask [`Self::wants`], fetch, [`Self::give`], again; then [`Self::finish`].
#[derive(Debug)]
pub struct Everything {
    trusted: Trusted,
    /// Delegations still to be followed, from and to.
    waiting: VecDeque<(String, String)>,
    seen: BTreeSet<(String, String)>,
    metadata_bytes: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    Wants { parent: String, want: Want },
    Complete,
    Stopped(Refusal),
}

impl Everything {
    pub(super) fn new(trusted: Trusted) -> Self {
        let mut walk = Self {
            trusted,
            waiting: VecDeque::new(),
            seen: BTreeSet::new(),
            metadata_bytes: 0,
            state: State::Complete,
        };
        let started = walk.follow(TARGETS).and_then(|()| walk.advance());
        // A refusal is kept, and told by `finish`.
        let _ = walk.settle(started);
        walk
    }

    /// `None` when all roles are loaded, or one was refused.
    pub fn wants(&self) -> Option<Want> {
        match &self.state {
            State::Wants { want, .. } => Some(want.clone()),
            State::Complete | State::Stopped(_) => None,
        }
    }

    /// The file that is wanted; `None`: there is no such file.
    pub fn give(&mut self, file: Option<Bytes>) -> Result<(), Refusal> {
        let State::Wants { parent, want } = &self.state else {
            return Err(Refusal::NotWanted);
        };
        let (parent, role) = (parent.clone(), want.role.clone());
        let given = match file {
            Some(bytes) => self.trusted.load(&parent, &role, bytes),
            None => Err(Refusal::Missing { role: role.clone() }),
        };
        let went = given
            .and_then(|()| self.follow(&role))
            .and_then(|()| self.advance());
        self.settle(went)
    }

    /// The roles and all files, each by its path. A role that names a file which cannot lie in a site is refused.
    pub fn finish(self) -> Result<(Trusted, BTreeMap<SitePath, TargetFile>), Refusal> {
        let mut files = BTreeMap::new();
        let trusted = self.finish_with(|path, file| {
            files.insert(path, file);
            Ok::<_, Refusal>(())
        })?;
        Ok((trusted, files))
    }

    /// The same, one file after another in ascending order of path. What the roles say of files is let go of then: who
    /// looks one up in what is given has its roles taken apart again.
    pub fn finish_with<E: From<Refusal>>(
        mut self,
        take: impl FnMut(SitePath, TargetFile) -> Result<(), E>,
    ) -> Result<Trusted, E> {
        match self.state {
            State::Complete => {
                each_file(&self.trusted, take)?;
                self.trusted.let_go_of_files();
                Ok(self.trusted)
            }
            State::Stopped(refusal) => Err(refusal.into()),
            State::Wants { want, .. } => Err(Refusal::Unfinished { role: want.role }.into()),
        }
    }

    /// At most so many files are named.
    pub fn most_files(&self) -> usize {
        self.trusted.roles().map(|role| role.targets.len()).sum()
    }

    /// What was verified so far.
    pub fn trusted(&self) -> &Trusted {
        &self.trusted
    }

    fn settle(&mut self, went: Result<(), Refusal>) -> Result<(), Refusal> {
        if let Err(refusal) = &went {
            self.state = State::Stopped(refusal.clone());
        }
        went
    }

    /// Loads what is remembered until something must be asked for.
    fn advance(&mut self) -> Result<(), Refusal> {
        while let Some((parent, role)) = self.waiting.pop_front() {
            // A search may have loaded it before.
            if self.trusted.accepted(&parent, &role).is_some() {
                self.follow(&role)?;
                continue;
            }
            let limit = self.trusted.max_roles();
            if self.trusted.role_count() >= limit {
                return Err(Refusal::TooManyRoles { role, limit });
            }
            if let Some(want) = self.trusted.recall(&parent, &role)? {
                self.state = State::Wants { parent, want };
                return Ok(());
            }
            self.follow(&role)?;
        }
        self.state = State::Complete;
        Ok(())
    }

    /// Queues the delegations of a role that has just been loaded.
    fn follow(&mut self, role: &str) -> Result<(), Refusal> {
        let loaded = self.trusted.role(role);
        let delegations = loaded.and_then(|loaded| loaded.delegations.as_ref());
        for delegation in delegations.iter().flat_map(|all| &all.roles) {
            let edge = (role.to_owned(), delegation.name.clone());
            if self.seen.insert(edge.clone()) {
                self.waiting.push_back(edge);
            }
        }
        self.count_bytes(role)
    }

    fn count_bytes(&mut self, role: &str) -> Result<(), Refusal> {
        self.metadata_bytes += self.trusted.role_bytes(role);
        if self.metadata_bytes > LIMITS.metadata_bytes {
            return Err(Refusal::TooLong {
                role: role.to_owned(),
                max_bytes: LIMITS.metadata_bytes,
            });
        }
        Ok(())
    }
}

fn each_file<E: From<Refusal>>(
    trusted: &Trusted,
    mut take: impl FnMut(SitePath, TargetFile) -> Result<(), E>,
) -> Result<(), E> {
    let roles = trusted.roles();
    let mut names: Vec<&String> = roles.flat_map(|role| role.targets.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        match Search::new(name).go_on(trusted)? {
            Step::Found(file) => take(site_path(name, &file)?, file)?,
            Step::Absent => {}
            Step::Needs { role, .. } => return Err(Refusal::Unfinished { role }.into()),
        }
    }
    Ok(())
}

fn site_path(name: &str, file: &TargetFile) -> Result<SitePath, Refusal> {
    SitePath::parse(name).map_err(|error| Refusal::BadTargetName {
        role: file.role.clone(),
        why: error.to_string(),
    })
}
