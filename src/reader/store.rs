//! What a reader keeps: one folder.
//!
//! ```text
//! STORE/anchor.json        the root that came by a trusted way; the edition below is proved from it
//! STORE/trust.json         the newest metadata seen: the floor below which nothing is accepted from a mirror
//! STORE/edition.tar.gz     the newest edition that was wholly received, with all pictures or fewer
//! STORE/part-12.zst        what came so far of a bundle; checked again before it is used
//! STORE/evidence/          two validly signed files of one version: somebody says two things
//! STORE/mirrors.json       which mirrors lied and which were good
//! STORE/channel            the word of the channel by which the reader was told
//! STORE/list.json          the newest list of that channel's mirrors, sealed
//! STORE/lock               held while a program writes here
//! ```
//!
//! Every file but the part appears whole or not at all, and each can be missing: a torn store is a store that knows less,
//! never one that believes more.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::mirrors::Past;
use crate::base::LIMITS;
use crate::edition::{self, Excerpt, Remembered};
use crate::io::address::BundleFile;
use crate::io::evidence;
use crate::io::files::{self, FileError};
use crate::io::part::Lock;
use crate::trust::Equivocation;
use crate::trust::lists::ChannelWord;

#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    _lock: Lock,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("`{0}` is damaged")]
    Damaged(PathBuf),
    #[error("could not write the edition: {0}")]
    Unwritable(String),
    #[error("the edition that is kept in `{path}` cannot be opened: {refusal}")]
    Refused {
        path: PathBuf,
        refusal: edition::Refusal,
    },
}

impl StoreError {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::Damaged(_) => Some(
                "move it away, and compare the site's fingerprint again before you go on".into(),
            ),
            Self::Unwritable(_) => Some(
                "free some space or check the folder; what came so far is kept for the next try"
                    .into(),
            ),
            Self::Refused { .. } => Some("move it away, and fetch the edition again".into()),
        }
    }
}

const MIRRORS_BYTES: u64 = 1 << 20;
const WORD_BYTES: u64 = 100;

impl Store {
    /// Makes the folder if there is none: others on this machine need not know what is read here. Refused while another
    /// program writes in it; what one that was killed left half-written goes.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        files::create_private_folder(folder)?;
        let lock = Lock::take(&folder.join("lock"))?;
        files::sweep_parts(folder)?;
        Ok(Self {
            folder: folder.to_path_buf(),
            _lock: lock,
        })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The floor: what was seen so far. `None` if this store is new.
    pub fn remembered(&self) -> Result<Option<Remembered>, StoreError> {
        let path = self.folder.join("trust.json");
        // Escaping can make it longer than the metadata that it holds, but not twice as long.
        let Some(bytes) = read_if_there(&path, 2 * LIMITS.metadata_bytes)? else {
            return Ok(self.anchor()?.map(Remembered::new));
        };
        let remembered = Remembered::from_json(&bytes);
        Ok(Some(remembered.ok_or(StoreError::Damaged(path))?))
    }

    /// Beware: replaces the floor. Only what grew out of [`Self::remembered`] may come here.
    pub fn remember(&self, remembered: &Remembered) -> Result<(), StoreError> {
        let path = self.folder.join("trust.json");
        Ok(files::write(&path, &remembered.to_json())?)
    }

    /// Keeps both files of a contradiction for ever.
    pub fn keep_evidence(&self, found: &Equivocation) -> Result<(), StoreError> {
        let files = [&found.known, &found.other].map(|file| &file[..]);
        let folder = self.folder.join(evidence::FOLDER);
        Ok(evidence::keep(&folder, &found.role, found.version, files)?)
    }

    /// The root from which everything here is proved.
    pub fn anchor(&self) -> Result<Option<Bytes>, StoreError> {
        let path = self.folder.join("anchor.json");
        Ok(read_if_there(&path, LIMITS.root_bytes)?.map(Bytes::from))
    }

    /// Sets the anchor of a new store. Refused if there is one: a store belongs to one newsroom.
    pub fn drop_anchor(&self, root: &[u8]) -> Result<(), StoreError> {
        Ok(files::write_new(&self.folder.join("anchor.json"), root)?)
    }

    /// The edition kept here. It is proved from the anchor, not from the floor: when a newer edition was seen but could
    /// not be fetched, the last good one still opens.
    pub fn edition(&self, now: Timestamp) -> Result<Option<Arc<Excerpt>>, StoreError> {
        let path = self.edition_place();
        let (Some(anchor), true) = (self.anchor()?, files::exists(&path)) else {
            return Ok(None);
        };
        let bundle = files::map(&path)?;
        match Excerpt::open(bundle, &Remembered::new(anchor), now) {
            Ok(edition) => Ok(Some(Arc::new(edition))),
            Err(refusal) => Err(StoreError::Refused { path, refusal }),
        }
    }

    pub fn edition_place(&self) -> PathBuf {
        self.folder.join("edition.tar.gz")
    }

    pub fn part_place(&self, name: &BundleFile) -> PathBuf {
        self.folder.join(format!("part-{name}"))
    }

    /// Removes the parts of all other bundles.
    pub fn clear_parts(&self, but: &[BundleFile]) -> Result<(), StoreError> {
        let kept: Vec<_> = but.iter().map(|name| self.part_place(name)).collect();
        for name in files::list(&self.folder)? {
            let is_part = name.to_str().is_some_and(|name| name.starts_with("part-"));
            let path = self.folder.join(&name);
            if is_part && !kept.contains(&path) {
                files::remove(&path)?;
            }
        }
        Ok(())
    }

    /// Of the reader's channel. Damage is as good as none: it is told again with the next address.
    pub fn word(&self) -> Result<Option<ChannelWord>, StoreError> {
        let bytes = read_if_there(&self.folder.join("channel"), WORD_BYTES)?;
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(text.and_then(|text| ChannelWord::parse(text.trim())))
    }

    /// Beware: the list of another channel is forgotten.
    pub fn keep_word(&self, word: &ChannelWord) -> Result<(), StoreError> {
        if self.word()?.as_ref() == Some(word) {
            return Ok(());
        }
        let list = self.folder.join("list.json");
        if files::exists(&list) {
            files::remove(&list)?;
        }
        let line = format!("{}\n", word.expose());
        Ok(files::write_private(
            &self.folder.join("channel"),
            line.as_bytes(),
        )?)
    }

    /// As it came: not yet proved.
    pub fn list(&self) -> Result<Option<Bytes>, StoreError> {
        let path = self.folder.join("list.json");
        Ok(read_if_there(&path, LIMITS.address_list_bytes)?.map(Bytes::from))
    }

    pub fn keep_list(&self, list: &[u8]) -> Result<(), StoreError> {
        Ok(files::write_private(&self.folder.join("list.json"), list)?)
    }

    /// How mirrors behaved. Nothing depends on it but the order in which they are asked, so damage is no error.
    pub fn past(&self) -> BTreeMap<String, Past> {
        let read = files::read(&self.folder.join("mirrors.json"), MIRRORS_BYTES);
        read.ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    /// Adds to what is known of other mirrors.
    pub fn keep_past(&self, past: BTreeMap<String, Past>) -> Result<(), StoreError> {
        let mut all = self.past();
        all.extend(past);
        let bytes = serde_json::to_vec_pretty(&all).unwrap_or_default();
        Ok(files::write(&self.folder.join("mirrors.json"), &bytes)?)
    }
}

fn read_if_there(path: &Path, max_bytes: u64) -> Result<Option<Vec<u8>>, StoreError> {
    match files::read(path, max_bytes) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(FileError::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::address::BundleName;

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(&folder.path().join("store")).expect("a new store");
        (folder, store)
    }

    #[test]
    fn what_was_seen_goes_there_and_back() {
        let (_folder, store) = store();
        assert!(matches!(store.remembered(), Ok(None)));
        let mut seen = Remembered::new(Bytes::from_static(b"{\"a\":\"\\n\"}"));
        seen.timestamp = Some("{}".into());
        seen.targets
            .insert("be-2026-11".into(), "{\"\u{1f600}\":1}".into());
        store.remember(&seen).expect("room on the disk");
        let back = store.remembered().ok().flatten().expect("it was written");
        assert_eq!(back.root, seen.root);
        assert_eq!(back.timestamp, seen.timestamp);
        assert_eq!(back.snapshot, None);
        assert_eq!(back.targets, seen.targets);
    }

    #[test]
    fn the_anchor_is_set_once() {
        let (_folder, store) = store();
        store.drop_anchor(b"{}").expect("a new store has none");
        let again = store.drop_anchor(b"{\"other\":1}");
        assert!(matches!(again, Err(StoreError::File(FileError::Exists(_)))));
        assert_eq!(store.anchor().ok().flatten().as_deref(), Some(&b"{}"[..]));
        let remembered = store.remembered().ok().flatten();
        assert_eq!(remembered.map(|r| r.root), Some(Bytes::from_static(b"{}")));
    }

    #[test]
    fn a_damaged_memory_is_an_error_and_not_a_new_beginning() {
        let (_folder, store) = store();
        store.drop_anchor(b"{}").expect("a new store has none");
        files::write(&store.folder().join("trust.json"), b"{\"root\":").expect("room");
        assert!(matches!(store.remembered(), Err(StoreError::Damaged(_))));
    }

    #[test]
    fn two_programs_cannot_write_in_one_store() {
        let (folder, store) = store();
        assert!(Store::open(store.folder()).is_err());
        let place = folder.path().join("store");
        drop(store);
        assert!(Store::open(&place).is_ok());
    }

    #[test]
    fn only_parts_in_use_are_kept() {
        let (_folder, store) = store();
        let names = [
            BundleName::Full(7).plain(),
            BundleName::Full(8).dense(),
            BundleName::Full(8).plain(),
        ];
        for name in &names {
            files::write(&store.part_place(name), b"x").expect("room");
        }
        store
            .clear_parts(&names[1..2])
            .expect("they can be removed");
        let left = names.map(|name| files::exists(&store.part_place(&name)));
        assert_eq!(left, [false, true, false]);
    }
}
