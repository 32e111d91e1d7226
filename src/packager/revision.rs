//! A change of keys in the making.
//!
//! 1. [`Revision::begin`] starts from what is in force, or from the change that waits for signatures, so that several
//!    changes are signed in one go.
//! 2. Each method changes who may sign; new keys are made here, or their public halves brought.
//! 3. [`Revision::settle`] signs with the keys at hand. If that is enough the change is in force; if not it is written to
//!    one file, to be carried to who must sign.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;

use super::Lifetimes;
use super::custody::{People, Unlock};
use super::folder::{FolderError, NewsroomFolder};
use crate::base::{NewsroomId, Secret};
use crate::trust::editor::{EditorError, MetadataSet, Proposal, RoleSigners, Staff};
use crate::trust::{KeyId, PublicKey};

type Result<T> = std::result::Result<T, FolderError>;

/// See the module.
#[derive(Debug)]
pub struct Revision<'a> {
    folder: &'a NewsroomFolder,
    set: MetadataSet,
    staff: Staff,
    /// Roles that get a next version whatever changes.
    anew: BTreeSet<String>,
    people: People,
    /// The draft that this one replaces.
    replaces: Option<PathBuf>,
}

/// How it ended.
#[derive(Debug)]
pub enum Settled {
    /// Nothing had to change.
    Nothing,
    InForce(Proposal),
    /// Signatures are wanted still; the file is to be carried to those who can give them.
    Waiting {
        proposal: Proposal,
        file: PathBuf,
    },
}

impl<'a> Revision<'a> {
    pub fn begin(folder: &'a NewsroomFolder) -> Result<Self> {
        let set = folder.signed_metadata()?;
        if set.first_root().is_none() {
            return Err(FolderError::NotFounded(folder.place().to_path_buf()));
        }
        let pending = folder.pending()?;
        let staff = match &pending {
            Some((_, proposal)) => proposal.staff()?,
            None => Staff::of(&set)?,
        };
        let anew = pending.as_ref().map(|(_, proposal)| proposal.roles());
        Ok(Self {
            folder,
            set,
            staff,
            anew: anew.unwrap_or_default(),
            people: folder.people()?,
            replaces: pending.map(|(path, _)| path),
        })
    }

    /// The draft that waits already, and that this revision is added to.
    pub fn replaces(&self) -> Option<&PathBuf> {
        self.replaces.as_ref()
    }

    pub fn staff(&self) -> &Staff {
        &self.staff
    }

    fn role(&self, role: &str) -> Result<RoleSigners> {
        let id = role.to_owned();
        let found = self.staff.role(role).cloned();
        Ok(found.ok_or(EditorError::NoNewsroom { id })?)
    }

    /// Whether there is such a role.
    pub fn check(&self, role: &str) -> Result<()> {
        self.role(role).map(|_| ())
    }

    /// The key of a role that is meant by a person's name or the beginning of the key's id; if nobody is named, the
    /// only one.
    pub fn key_of(&self, role: &str, person: Option<&str>) -> Result<PublicKey> {
        let signers = self.role(role)?;
        let is_meant = |key: &&PublicKey| match person {
            None => true,
            Some(name) => {
                let by_id = name.len() >= SHORTEST_ID && key.id.as_str().starts_with(name);
                by_id || self.people.get(&key.id).is_some_and(|known| known == name)
            }
        };
        let mut meant = signers.public().iter().filter(is_meant);
        match (meant.next(), meant.next()) {
            (Some(key), None) => Ok(key.clone()),
            _ => Err(FolderError::WhichKey { role: role.into() }),
        }
    }

    /// The key whose id begins like this, whatever it is for.
    pub fn any_key(&self, beginning: &str) -> Result<PublicKey> {
        let mut roles = self.staff.roles().map(|(role, _)| role);
        let found = roles.find_map(|role| self.key_of(role, Some(beginning)).ok());
        let role = beginning.to_owned();
        found.ok_or(FolderError::WhichKey { role })
    }

    /// One more key may sign for a role. As many must as before.
    pub fn add(&mut self, role: &str, key: PublicKey) -> Result<()> {
        let signers = self.role(role)?;
        let keys = signers.public().iter().cloned().chain([key]).collect();
        self.set(role, keys, signers.threshold())
    }

    /// A key makes room for another.
    pub fn replace(&mut self, role: &str, former: &KeyId, key: PublicKey) -> Result<()> {
        let signers = self.role(role)?;
        let others = signers.public().iter().filter(|key| key.id != *former);
        let keys = others.cloned().chain([key]).collect();
        self.set(role, keys, signers.threshold())
    }

    /// A key has no say any more. Refused if the others could not sign without it.
    pub fn remove(&mut self, role: &str, former: &KeyId) -> Result<()> {
        let signers = self.role(role)?;
        let others = signers.public().iter().filter(|key| key.id != *former);
        let threshold = signers.threshold();
        let keys: Vec<_> = others.cloned().collect();
        let role = role.to_owned();
        if (keys.len() as u64) < threshold {
            return Err(FolderError::LastKey { role, threshold });
        }
        self.set(&role, keys, threshold)
    }

    /// How many of a role's keys must sign.
    pub fn threshold(&mut self, role: &str, wanted: u64) -> Result<()> {
        let keys = self.role(role)?.public().to_vec();
        self.set(role, keys, wanted)
    }

    fn set(&mut self, role: &str, keys: Vec<PublicKey>, wanted: u64) -> Result<()> {
        let too_many = FolderError::TooManyWanted {
            role: role.to_owned(),
            keys: keys.len(),
            wanted,
        };
        let signers = RoleSigners::of(keys, wanted).ok_or(too_many)?;
        Ok(self.staff.replace(role, signers)?)
    }

    /// `root` or `targets` is signed again, so that it expires later.
    pub fn renew(&mut self, role: &str) {
        self.anew.insert(role.to_owned());
    }

    /// A key for each of these newsrooms that has none. Gives those that were added.
    pub fn open(&mut self, newsrooms: &[NewsroomId]) -> Result<Vec<NewsroomId>> {
        let known = |id: &&NewsroomId| self.staff.role(id.as_str()).is_none();
        let new: Vec<_> = newsrooms.iter().filter(known).cloned().collect();
        for id in &new {
            let key = self.folder.newsroom_key(id)?;
            self.staff.open(id, RoleSigners::one(key.public().clone()));
        }
        Ok(new)
    }

    /// A key that is made here; see [`NewsroomFolder::another_key`].
    pub fn make_key(
        &mut self,
        role: &str,
        person: Option<&str>,
        lock: Option<&Secret<String>>,
    ) -> Result<(PublicKey, PathBuf)> {
        let (key, path) = self.folder.another_key(role, lock)?;
        if let Some(person) = person {
            self.name(key.id(), person)?;
        }
        Ok((key.public().clone(), path))
    }

    pub fn name(&mut self, key: &KeyId, person: &str) -> Result<()> {
        self.people.insert(key.clone(), person.to_owned());
        self.folder.name_key(key, person)
    }

    /// The name by which the holder of a key is known here.
    pub fn person(&self, key: &KeyId) -> Option<&str> {
        self.people.get(key).map(String::as_str)
    }

    /// `also`: further private keys, as files or folders.
    pub fn settle(
        self,
        also: &[PathBuf],
        unlock: &mut Unlock<'_>,
        now: Timestamp,
        lifetimes: &Lifetimes,
    ) -> Result<Settled> {
        let proposal = Proposal::of(&self.set, &self.staff, &self.anew, now, lifetimes)?;
        let Some(mut proposal) = proposal else {
            return Ok(Settled::Nothing);
        };
        proposal.sign(&self.folder.keys_for(&proposal, also, unlock)?);
        if proposal.missing().is_empty() {
            self.folder.install(proposal.clone())?;
            return Ok(Settled::InForce(proposal));
        }
        let file = self.folder.keep_draft(&proposal)?;
        Ok(Settled::Waiting { proposal, file })
    }
}

/// Fewer digits could be meant as a name.
const SHORTEST_ID: usize = 6;
