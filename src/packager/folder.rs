//! A newsroom's folder on disk: keys, what the offline keys signed, and editions.
//!
//! ```text
//! colport.toml
//! articles/                      the newsroom's own
//! keys/offline/root.pem          replaces all others: belongs on two memory sticks, not here
//! keys/offline/targets.pem       says which newsroom has which key
//! keys/newsrooms/ID.pem          signs the articles of the newsroom ID; `site` signs the home page
//! keys/online/snapshot.pem       sign which version is the newest
//! keys/online/timestamp.pem
//! signed/N.root.json             what the offline keys have signed; public
//! signed/N.targets.json
//! editions/N.tar.gz              full bundles; public
//! archive/ID.jsonl               articles of feeds, which forget; public
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::{Archive, ArchiveError, Lifetimes, PublishError};
use crate::base::{EditionNumber, Fingerprint, LIMITS, MetadataName, Secret};
use crate::edition::{Refusal, Remembered, VerifiedEdition};
use crate::io::files::{self, FileError};
use crate::io::random;
use crate::trust::editor::{
    self, EditorError, Founding, KeyRing, MetadataSet, NewsroomId, RoleSigners, RootSigners,
};
use crate::trust::{KeyError, SigningKey};

const KEY_BYTES: u64 = 16 << 10;
const SITE_KEY: &str = "site";

/// See the module.
#[derive(Debug, Clone)]
pub struct NewsroomFolder {
    place: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the key `{path}` cannot be used: {source}")]
    Key { path: PathBuf, source: KeyError },
    #[error(transparent)]
    Editor(#[from] EditorError),
    #[error("`{path}` is not the edition that was signed here: {refusal}")]
    Edition { path: PathBuf, refusal: Refusal },
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error("nothing was founded in `{0}`")]
    NotFounded(PathBuf),
    #[error("there is no edition in `{0}`")]
    NoEdition(PathBuf),
}

impl FolderError {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::Key { source, .. } => source.hint(),
            Self::Editor(error) => error.hint(),
            Self::Edition { .. } => {
                Some("move the file away, and take that edition again from a mirror".into())
            }
            Self::Archive(error) => error.hint(),
            Self::Publish(error) => error.hint(),
            Self::NotFounded(_) => Some("run `colport init DIR` first".into()),
            Self::NoEdition(_) => Some("run `colport pack` first".into()),
        }
    }
}

type Result<T> = std::result::Result<T, FolderError>;

impl NewsroomFolder {
    pub fn at(place: &Path) -> Self {
        Self {
            place: place.to_path_buf(),
        }
    }

    pub fn place(&self) -> &Path {
        &self.place
    }

    fn key_path(&self, kind: &str, name: &str) -> PathBuf {
        self.place
            .join("keys")
            .join(kind)
            .join(format!("{name}.pem"))
    }

    fn editions(&self) -> PathBuf {
        self.place.join("editions")
    }

    pub fn signed(&self) -> PathBuf {
        self.place.join("signed")
    }

    pub fn bundle(&self, edition: EditionNumber) -> PathBuf {
        self.editions().join(format!("{edition}.tar.gz"))
    }

    /// What is kept of a newsroom's feeds.
    pub fn archive(&self, newsroom: &NewsroomId) -> Result<Archive> {
        let place = self.place.join("archive").join(format!("{newsroom}.jsonl"));
        Ok(Archive::read(place, newsroom)?)
    }

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
        let offline = ["root", "targets"].map(|name| self.key_path("offline", name));
        let online = ["snapshot", "timestamp"].map(|name| self.key_path("online", name));
        let desks: Vec<_> = newsrooms
            .iter()
            .map(|id| self.key_path("newsrooms", id.as_str()))
            .collect();
        let site = self.key_path("newsrooms", SITE_KEY);
        let all = offline.iter().chain(&online).chain(&desks).chain([&site]);
        let all: Vec<_> = all.cloned().collect();
        let signed = ["1.root.json", "1.targets.json"].map(|name| self.signed().join(name));
        let mut made = all.iter().chain(&signed);
        if let Some(there) = made.clone().find(|path| files::exists(path)) {
            return Err(FileError::Exists(there.clone()).into());
        }
        self.found_with(&all, newsrooms, now, lifetimes)
            .inspect_err(|_| made.by_ref().for_each(|path| drop(files::remove(path))))
    }

    /// `paths`: of the keys for root, targets, snapshot, timestamp, each newsroom and the site.
    fn found_with(
        &self,
        paths: &[PathBuf],
        newsrooms: &[NewsroomId],
        now: Timestamp,
        lifetimes: &Lifetimes,
    ) -> Result<Fingerprint> {
        for folder in [
            "keys/offline",
            "keys/newsrooms",
            "keys/online",
            "signed",
            "editions",
        ] {
            files::create_folder(&self.place.join(folder))?;
        }
        let keys = paths.iter().map(|path| new_key(path));
        let keys = keys.collect::<Result<Vec<_>>>()?;
        let mut keys = keys
            .iter()
            .map(|key| RoleSigners::one(key.public().clone()))
            .collect::<Vec<_>>()
            .into_iter();
        let mut next = || keys.next().expect("one key for each path");
        let (root, targets, snapshot, timestamp) = (next(), next(), next(), next());
        let newsrooms = newsrooms.iter().map(|id| (id.clone(), next())).collect();
        let top = RootSigners {
            root,
            targets,
            snapshot,
            timestamp,
        };
        let founding = Founding {
            top,
            site: next(),
            newsrooms,
        };
        self.sign_founding(&founding, now, lifetimes)
    }

    fn sign_founding(
        &self,
        founding: &Founding,
        now: Timestamp,
        lifetimes: &Lifetimes,
    ) -> Result<Fingerprint> {
        let ring = KeyRing::from_iter([
            self.key("offline", "root")?,
            self.key("offline", "targets")?,
        ]);
        let (mut root, mut targets) = editor::establish(founding, now, lifetimes);
        root.sign(&ring);
        targets.sign(&ring);
        let mut set = MetadataSet::default();
        set.put_signed(root)?;
        set.put_signed(targets)?;
        self.keep_signed(&set)?;
        self.fingerprint()
    }

    fn keep_signed(&self, set: &MetadataSet) -> Result<()> {
        for (name, content) in set.iter() {
            let place = self.signed().join(name.to_string());
            if !files::exists(&place) {
                files::write_new(&place, content)?;
            }
        }
        Ok(())
    }

    /// A key for each of these newsrooms that has none yet, signed in with the offline `targets` key.
    /// Gives those that were added.
    pub fn add_newsrooms(
        &self,
        ids: &[NewsroomId],
        now: Timestamp,
        lifetimes: &Lifetimes,
    ) -> Result<Vec<NewsroomId>> {
        let mut set = self.signed_metadata()?;
        let mut added = Vec::new();
        for id in ids {
            let path = self.key_path("newsrooms", id.as_str());
            if files::exists(&path) {
                continue;
            }
            let ring = KeyRing::from_iter([self.key("offline", "targets")?]);
            let signers = RoleSigners::one(new_key(&path)?.public().clone());
            let mut draft = editor::add_newsroom(&set, id, &signers, now, lifetimes)?;
            draft.sign(&ring);
            set.put_signed(draft)?;
            added.push(id.clone());
        }
        self.keep_signed(&set)?;
        Ok(added)
    }

    fn key(&self, kind: &str, name: &str) -> Result<SigningKey> {
        read_key(&self.key_path(kind, name))
    }

    /// The keys that publishing needs: of the newsrooms, the site, snapshot and timestamp.
    pub fn publishing_keys(&self, newsrooms: &[NewsroomId]) -> Result<KeyRing> {
        let desks = newsrooms
            .iter()
            .map(NewsroomId::as_str)
            .chain([SITE_KEY])
            .map(|name| ("newsrooms", name));
        let online = ["snapshot", "timestamp"].map(|name| ("online", name));
        desks
            .chain(online)
            .map(|(kind, name)| self.key(kind, name))
            .collect()
    }

    /// What the offline keys have signed.
    pub fn signed_metadata(&self) -> Result<MetadataSet> {
        if !files::is_folder(&self.signed()) {
            return Err(FolderError::NotFounded(self.place.clone()));
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
        let published = newest.map(VerifiedEdition::gathered).unwrap_or_default();
        let all = published.iter().chain(signed.iter());
        Ok(MetadataSet::new(
            all.map(|(name, content)| (name.clone(), content.clone())),
        ))
    }

    fn first_root(&self) -> Result<Bytes> {
        let signed = self.signed_metadata()?;
        signed
            .first_root()
            .cloned()
            .ok_or_else(|| FolderError::NotFounded(self.place.clone()))
    }

    /// What readers compare.
    pub fn fingerprint(&self) -> Result<Fingerprint> {
        Ok(Fingerprint::of_first_root(&self.first_root()?))
    }

    /// What a reader begins with who knows only this newsroom's first root.
    pub fn newcomer(&self) -> Result<Remembered> {
        Ok(Remembered::new(self.first_root()?))
    }

    /// The numbers of the full bundles that are kept, in ascending order.
    pub fn kept(&self) -> Result<Vec<EditionNumber>> {
        let number = |path: PathBuf| path.to_str()?.strip_suffix(".tar.gz")?.parse().ok();
        let mut kept: Vec<_> = files::list(&self.editions())?
            .into_iter()
            .filter_map(number)
            .collect();
        kept.sort_unstable();
        Ok(kept)
    }

    /// An edition that was published from here, verified again: a disk may have changed it.
    pub fn edition(&self, number: EditionNumber, now: Timestamp) -> Result<VerifiedEdition> {
        let path = self.bundle(number);
        let bundle = files::map(&path)?;
        let opened = VerifiedEdition::open(bundle, &self.newcomer()?, now);
        opened.map_err(|refusal| FolderError::Edition { path, refusal })
    }

    pub fn newest(&self, now: Timestamp) -> Result<Option<Arc<VerifiedEdition>>> {
        match self.kept()?.last() {
            Some(&number) => Ok(Some(Arc::new(self.edition(number, now)?))),
            None => Ok(None),
        }
    }

    /// Removes all but the newest edition and `earlier` before it, from which updates can be made.
    pub fn prune(&self, earlier: usize) -> Result<()> {
        let kept = self.kept()?;
        let past = kept.len().saturating_sub(earlier + 1);
        for number in kept.into_iter().take(past) {
            files::remove(&self.bundle(number))?;
        }
        Ok(())
    }

    /// The editions before `newest` that are kept. One that a disk has damaged is of no use for updates, and left out.
    pub fn earlier(
        &self,
        newest: EditionNumber,
        now: Timestamp,
    ) -> Result<Vec<Arc<VerifiedEdition>>> {
        let mut kept = self.kept()?;
        kept.retain(|number| *number < newest);
        Ok(kept
            .into_iter()
            .filter_map(|number| self.edition(number, now).ok())
            .map(Arc::new)
            .collect())
    }
}

fn new_key(path: &Path) -> Result<SigningKey> {
    let key = SigningKey::generate(&random::system()).map_err(|source| FolderError::Key {
        path: path.to_path_buf(),
        source,
    })?;
    files::write_new_private(path, key.to_pem().expose().as_bytes())?;
    Ok(key)
}

fn read_key(path: &Path) -> Result<SigningKey> {
    let bytes = files::read_private(path, KEY_BYTES)?;
    let unusable = |source| FolderError::Key {
        path: path.to_path_buf(),
        source,
    };
    let pem = Secret::new(String::from_utf8_lossy(&bytes).into_owned());
    SigningKey::from_pem(&pem).map_err(unusable)
}
