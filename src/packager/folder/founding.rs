//! The beginning: all keys, and the first root and targets.

use std::path::PathBuf;

use jiff::Timestamp;

use super::super::Lifetimes;
use super::super::custody::{Place, new_key};
use super::{FolderError, NewsroomFolder, Result, SITE_KEY};
use crate::base::{Fingerprint, Secret};
use crate::io::files;
use crate::trust::editor::{
    self, Founding, KeyRing, MetadataSet, NewsroomId, RoleSigners, RootSigners,
};

/// Who holds which key is told in the first, and nobody else may look into them.
const PRIVATE: [&str; 4] = ["keys", "keys/offline", "keys/newsrooms", "keys/online"];
const FOLDERS: [&str; 2] = ["signed", "editions"];

impl NewsroomFolder {
    /// Whether the first root and targets were signed here.
    pub fn is_founded(&self) -> bool {
        let signed = files::list(&self.signed()).unwrap_or_default();
        let is_targets = |path: &PathBuf| path.to_string_lossy().ends_with(".targets.json");
        signed.iter().any(is_targets)
    }

    /// Makes all keys and signs the first root and targets. Refused if any of the keys is there already, before
    /// anything is written. If it fails in the middle, as on a full disk, nothing of it is left.
    pub fn found(
        &self,
        newsrooms: &[NewsroomId],
        now: Timestamp,
        lifetimes: &Lifetimes,
    ) -> Result<Fingerprint> {
        self.found_locked(newsrooms, None, now, lifetimes)
    }

    /// The same, with the offline keys behind a passphrase. The others work every day without a person.
    pub fn found_locked(
        &self,
        newsrooms: &[NewsroomId],
        passphrase: Option<&Secret<String>>,
        now: Timestamp,
        lifetimes: &Lifetimes,
    ) -> Result<Fingerprint> {
        let made = self.make_room(newsrooms)?;
        self.found_with(newsrooms, passphrase, now, lifetimes)
            .inspect_err(|_| made.iter().for_each(|path| drop(files::remove(path))))
    }

    fn found_with(
        &self,
        newsrooms: &[NewsroomId],
        passphrase: Option<&Secret<String>>,
        now: Timestamp,
        lifetimes: &Lifetimes,
    ) -> Result<Fingerprint> {
        let key = |role: &str, lock| {
            let folder = Place::of(role).folder();
            new_key(&self.key_path(folder, role), lock)
        };
        let one = |role: &str| -> Result<RoleSigners> {
            Ok(RoleSigners::one(key(role, None)?.public().clone()))
        };
        let offline = [key("root", passphrase)?, key("targets", passphrase)?];
        let [root, targets] = offline.each_ref().map(|key| key.public().clone());
        let desks = newsrooms
            .iter()
            .map(|id| Ok((id.clone(), one(id.as_str())?)));
        let founding = Founding {
            top: RootSigners {
                root: RoleSigners::one(root),
                targets: RoleSigners::one(targets),
                snapshot: one("snapshot")?,
                timestamp: one("timestamp")?,
            },
            site: one(SITE_KEY)?,
            newsrooms: desks.collect::<Result<_>>()?,
        };
        self.sign_founding(&founding, &KeyRing::from_iter(offline), now, lifetimes)
    }

    /// Folders for what will be made, of which the paths are given. Refused if any of it is there.
    fn make_room(&self, newsrooms: &[NewsroomId]) -> Result<Vec<PathBuf>> {
        let desks = newsrooms.iter().map(NewsroomId::as_str);
        let roles = desks.chain(["root", "targets", "snapshot", "timestamp", SITE_KEY]);
        let keys = roles.map(|role| self.key_path(Place::of(role).folder(), role));
        let signed = ["1.root.json", "1.targets.json"].map(|name| self.signed().join(name));
        let made: Vec<_> = keys.chain(signed).collect();
        // Keys whose signatures are gone: new ones beside them would be another newsroom's.
        if made.iter().any(|path| files::exists(path)) {
            return Err(FolderError::SignedLost(self.signed()));
        }
        for folder in FOLDERS {
            files::create_folder(&self.place.join(folder))?;
        }
        for folder in PRIVATE {
            files::create_private_folder(&self.place.join(folder))?;
        }
        Ok(made)
    }

    fn sign_founding(
        &self,
        founding: &Founding,
        ring: &KeyRing,
        now: Timestamp,
        lifetimes: &Lifetimes,
    ) -> Result<Fingerprint> {
        let (mut root, mut targets) = editor::establish(founding, now, lifetimes);
        root.sign(ring);
        targets.sign(ring);
        let mut set = MetadataSet::default();
        set.put_signed(root)?;
        set.put_signed(targets)?;
        self.keep_signed(&set)?;
        self.fingerprint()
    }
}
