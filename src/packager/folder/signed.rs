//! What the offline keys have signed, and the keys that work every day.

use bytes::Bytes;

use super::super::custody::read_key;
use super::{FolderError, NewsroomFolder, Result, SITE_KEY};
use crate::base::{Fingerprint, LIMITS, MetadataName};
use crate::edition::{Remembered, VerifiedEdition};
use crate::io::files;
use crate::trust::SigningKey;
use crate::trust::editor::{KeyRing, MetadataSet, NewsroomId, Staff};

impl NewsroomFolder {
    /// What the offline keys have signed.
    pub fn signed_metadata(&self) -> Result<MetadataSet> {
        if !files::is_folder(&self.signed()) {
            return Err(self.unfounded());
        }
        let mut found = Vec::new();
        for path in files::list(&self.signed())? {
            let name = path.to_str().and_then(MetadataName::parse);
            if let Some(name) = name {
                let content = files::read(&self.signed().join(&path), LIMITS.targets_bytes)?;
                found.push((name, Bytes::from(content)));
            }
        }
        Ok(MetadataSet::new(found))
    }

    /// The newest metadata of each role, of the newest edition and of what was signed since.
    pub fn metadata(&self, newest: Option<&VerifiedEdition>) -> Result<MetadataSet> {
        let signed = self.signed_metadata()?;
        let published = newest.map(|newest| newest.gathered()).unwrap_or_default();
        let all = published.iter().chain(signed.iter());
        Ok(MetadataSet::new(
            all.map(|(name, content)| (name.clone(), content.clone())),
        ))
    }

    fn first_root(&self) -> Result<Bytes> {
        let signed = self.signed_metadata()?;
        signed.first_root().cloned().ok_or_else(|| self.unfounded())
    }

    /// What readers compare.
    pub fn fingerprint(&self) -> Result<Fingerprint> {
        Ok(Fingerprint::of_first_root(&self.first_root()?))
    }

    /// What a reader begins with who knows only this newsroom's first root.
    pub fn newcomer(&self) -> Result<Remembered> {
        Ok(Remembered::new(self.first_root()?))
    }
}

impl NewsroomFolder {
    pub(in crate::packager) fn keep_signed(&self, set: &MetadataSet) -> Result<()> {
        for (name, content) in set.iter() {
            let place = self.signed().join(name.to_string());
            if !files::exists(&place) {
                files::write_new(&place, content)?;
            }
        }
        Ok(())
    }

    /// Those of the newsrooms for which the offline keys have not signed, so that no reader would believe them.
    pub fn unsigned(&self, newsrooms: &[NewsroomId]) -> Result<Vec<NewsroomId>> {
        let staff = Staff::of(&self.signed_metadata()?)?;
        let unsigned = newsrooms
            .iter()
            .filter(|id| staff.role(id.as_str()).is_none());
        Ok(unsigned.cloned().collect())
    }

    /// The keys that publishing needs: of the newsrooms, the site, snapshot and timestamp. Replaced ones among them do no
    /// harm: each signs only for the roles that name it.
    pub fn publishing_keys(&self, newsrooms: &[NewsroomId]) -> Result<KeyRing> {
        let added = self.unsigned(newsrooms)?;
        for newsroom in added {
            if self.key_files("newsrooms", newsroom.as_str())?.is_empty() {
                return Err(FolderError::NoNewsroomKey(newsroom));
            }
        }
        let desks = newsrooms
            .iter()
            .map(NewsroomId::as_str)
            .chain([SITE_KEY])
            .map(|name| ("newsrooms", name));
        let online = ["snapshot", "timestamp"].map(|name| ("online", name));
        let mut ring = KeyRing::default();
        for (kind, name) in desks.chain(online) {
            let files = self.key_files(kind, name)?;
            if files.is_empty() {
                return Err(FolderError::LostKey {
                    path: self.key_path(kind, name),
                    role: name.to_owned(),
                });
            }
            for path in files {
                ring.add(read_key(&path, &mut |_| None)?);
            }
        }
        Ok(ring)
    }

    /// The keys that sign lists of mirrors: those of `timestamp`.
    pub fn list_keys(&self) -> Result<Vec<SigningKey>> {
        let files = self.key_files("online", "timestamp")?;
        let keys = files.iter().map(|path| read_key(path, &mut |_| None));
        keys.collect()
    }
}
