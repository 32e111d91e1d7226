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
//! keys/*/ROLE.12345678.pem       a key that came later, by the first digits of its id
//! keys/people.toml               who holds which key; never published
//! drafts/root-2.draft.json       a change of keys that waits for signatures
//! signed/N.root.json             what the offline keys have signed; public
//! signed/N.targets.json
//! editions/N.tar.gz              full bundles; public
//! editions/N-text.tar.gz         small copies of the newest, without pictures, or with small ones (`light`); public
//! dense/MARK-N.zst               full ones for thin lines, and updates; made anew where they are missing
//! archive/ID.jsonl               articles of feeds, which forget; public
//! sync/                          what `colport sync` remembers: channels, mirrors and who was told; never published
//! lock                           held while a program publishes here
//! cache/web/                     what was fetched, so that it need not be sent again
//! cache/                         what was worked out before; whoever deletes it loses time and nothing else
//! keys/intake.token              who may push articles; see `colport intake`
//! ```

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::custody::{Place, new_key, read_key};
use super::{Archive, ArchiveError, Cache, Drawer, Lifetimes, PublishError, WebCache};
use crate::base::{Digest, EditionNumber, Fingerprint, LIMITS, MetadataName, Secret};
use crate::edition::{DenseForms, Refusal, Remembered, Variant, VerifiedEdition, write_excerpt};
use crate::io::address::{BundleFile, BundleName};
use crate::io::files::{self, Copying, FileError, Pages, Spool, Thrift};
use crate::io::part::Lock;
use crate::io::random;
use crate::trust::editor::{
    self, EditorError, Founding, KeyRing, MetadataSet, NewsroomId, RoleSigners, RootSigners,
};
use crate::trust::{KeyError, SigningKey};

const SITE_KEY: &str = "site";
const TOKEN_BYTES: u64 = 1000;
const SHORTEST_TOKEN: usize = 16;
const FOLDERS: [&str; 5] = [
    "keys/offline",
    "keys/newsrooms",
    "keys/online",
    "signed",
    "editions",
];

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
    #[error("`{0}` cannot be understood")]
    People(PathBuf),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error("{threshold} people must sign `{role}`, and without this key they would be too few")]
    LastKey { role: String, threshold: u64 },
    #[error("`{role}` has {keys} keys, so not {wanted} of them can be wanted")]
    TooManyWanted {
        role: String,
        keys: usize,
        wanted: u64,
    },
    #[error("which key of `{role}` is meant cannot be told")]
    WhichKey { role: String },
    #[error("nothing was founded in `{0}`")]
    NotFounded(PathBuf),
    #[error("there is no edition in `{0}`")]
    NoEdition(PathBuf),
    #[error("`{0}` is too short for a token")]
    Token(PathBuf),
}

impl FolderError {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::Key { source, .. } => source.hint(),
            Self::Editor(error) => error.hint(),
            Self::LastKey { role, .. } => Some(format!(
                "first `colport key add {role} --person NAME`, or a smaller `colport key threshold {role}`"
            )),
            Self::TooManyWanted { role, .. } => Some(format!(
                "first give the key of one more person a say: `colport key add {role} --person NAME`"
            )),
            Self::WhichKey { .. } => {
                Some("say which with `--person`; `colport key list` shows names and ids".into())
            }
            Self::Edition { .. } => {
                Some("move the file away, and take that edition again from a mirror".into())
            }
            Self::People(_) => Some(
                "it has lines such as `0123…ef = \"Alena\"`; correct it, or move it away: it holds only names".into(),
            ),
            Self::Archive(error) => error.hint(),
            Self::Publish(error) => error.hint(),
            Self::NotFounded(_) => Some("run `colport init DIR` first".into()),
            Self::NoEdition(_) => Some("run `colport pack` first".into()),
            Self::Token(_) => Some("remove the file; a good one is made when you run this again".into()),
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

    pub(super) fn key_path(&self, kind: &str, name: &str) -> PathBuf {
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

    /// A small copy of an edition.
    pub fn small_bundle(&self, edition: EditionNumber, variant: Variant) -> PathBuf {
        let name = BundleName::of(None, edition, variant);
        self.editions().join(name.to_string())
    }

    /// Writes those of these small copies of the newest edition that are not there, and removes all others.
    /// `pages`: of the edition's bundle, which is gone through.
    pub fn write_small(
        &self,
        edition: &VerifiedEdition,
        pages: &Pages,
        variants: &[Variant],
    ) -> Result<()> {
        let wanted = variants
            .iter()
            .filter(|variant| **variant != Variant::Full)
            .map(|variant| (self.small_bundle(edition.number(), *variant), *variant));
        let wanted: BTreeMap<_, _> = wanted.collect();
        for (place, variant) in &wanted {
            if !files::exists(place) {
                let spool = Copying::new(Spool::beside(place)?, pages.clone());
                write_excerpt(spool, edition, *variant)
                    .map_err(|error| PublishError::from(Refusal::from(error)))?
                    .into_inner()
                    .publish()?;
            }
        }
        for name in files::list(&self.editions())? {
            let place = self.editions().join(&name);
            let name = name.to_string_lossy();
            let is_small = name.ends_with("-light.tar.gz") || name.ends_with("-text.tar.gz");
            if is_small && !wanted.contains_key(&place) {
                files::remove(&place)?;
            }
        }
        Ok(())
    }

    /// What is kept of a newsroom's feeds.
    pub fn archive(&self, newsroom: &NewsroomId) -> Result<Archive> {
        let place = self.place.join("archive").join(format!("{newsroom}.jsonl"));
        Ok(Archive::read(place, newsroom)?)
    }

    /// Keeps other programs from publishing here, and takes away what one that was killed left half-written.
    pub fn lock(&self) -> Result<Lock> {
        let lock = Lock::take(&self.place.join("lock"))?;
        files::create_folder(&self.editions())?;
        files::sweep_parts(&self.editions())?;
        Ok(lock)
    }

    /// What was worked out before.
    pub fn cache(&self, now: Timestamp) -> Cache {
        Cache::at(self.place.join("cache"), now)
    }

    /// For what one run works on.
    pub fn drawer(&self) -> Drawer {
        Drawer::on(&self.place.join("cache"))
    }

    /// What was fetched before. For one program at a time.
    pub fn web_cache(&self, now: Timestamp) -> Result<WebCache> {
        Ok(WebCache::begin(&self.place.join("cache/web"), now)?)
    }

    /// The token by which the newsroom's own system is known; made if there is none.
    pub fn intake_token(&self) -> Result<(Secret<String>, PathBuf)> {
        let place = self.place.join("keys").join("intake.token");
        if !files::exists(&place) {
            let token = random::token();
            files::write_new_private(&place, format!("{}\n", token.expose()).as_bytes())?;
        }
        let text = files::read_private(&place, TOKEN_BYTES)?;
        let text = String::from_utf8_lossy(&text).trim().to_owned();
        match text.len() >= SHORTEST_TOKEN {
            true => Ok((Secret::new(text), place)),
            false => Err(FolderError::Token(place)),
        }
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
        if let Some(there) = made.iter().find(|path| files::exists(path)) {
            return Err(FileError::Exists(there.clone()).into());
        }
        for folder in FOLDERS {
            files::create_folder(&self.place.join(folder))?;
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

    pub(super) fn keep_signed(&self, set: &MetadataSet) -> Result<()> {
        for (name, content) in set.iter() {
            let place = self.signed().join(name.to_string());
            if !files::exists(&place) {
                files::write_new(&place, content)?;
            }
        }
        Ok(())
    }

    /// The keys that publishing needs: of the newsrooms, the site, snapshot and timestamp. Replaced ones among them do no
    /// harm: each signs only for the roles that name it.
    pub fn publishing_keys(&self, newsrooms: &[NewsroomId]) -> Result<KeyRing> {
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
                return Err(FileError::NotFound(self.key_path(kind, name)).into());
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

    /// Where `colport sync` keeps what it must not forget; made if it is not there.
    pub fn sync_folder(&self) -> Result<PathBuf> {
        let folder = self.place.join("sync");
        files::create_private_folder(&folder)?;
        Ok(folder)
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
        let published = newest.map(|newest| newest.gathered()).unwrap_or_default();
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
        Ok(self.edition_and_pages(number, now)?.0)
    }

    fn edition_and_pages(
        &self,
        number: EditionNumber,
        now: Timestamp,
    ) -> Result<(VerifiedEdition, Pages)> {
        let path = self.bundle(number);
        let (bundle, pages) = files::map_pages(&path)?;
        let mut thrift = Thrift::new(pages.clone());
        let seen = &mut |bytes| thrift.passed(bytes);
        let opened = VerifiedEdition::open_watched(bundle, &self.newcomer()?, now, seen);
        let opened = opened.map_err(|refusal| FolderError::Edition { path, refusal })?;
        pages.let_go();
        Ok((opened, pages))
    }

    pub fn newest(&self, now: Timestamp) -> Result<Option<Arc<VerifiedEdition>>> {
        let newest = self.newest_and_pages(now)?;
        Ok(newest.map(|(edition, _)| edition))
    }

    /// The same, with a hold on the memory that its bundle comes to take.
    pub fn newest_and_pages(
        &self,
        now: Timestamp,
    ) -> Result<Option<(Arc<VerifiedEdition>, Pages)>> {
        let Some(&number) = self.kept()?.last() else {
            return Ok(None);
        };
        let (edition, pages) = self.edition_and_pages(number, now)?;
        Ok(Some((Arc::new(edition), pages)))
    }

    /// Those small copies of the edition that were [written](Self::write_small).
    pub fn small_forms(
        &self,
        edition: EditionNumber,
        variants: &[Variant],
    ) -> Result<Vec<(BundleFile, Bytes)>> {
        let small = variants.iter().filter(|variant| **variant != Variant::Full);
        let places = small.map(|variant| {
            let name = BundleName::of(None, edition, *variant).plain();
            (name, self.small_bundle(edition, *variant))
        });
        let there = places.filter(|(_, place)| files::exists(place));
        there
            .map(|(name, place)| Ok((name, files::map(&place)?)))
            .collect()
    }

    /// The dense forms of `newest` and of the updates from `earlier`, in all variants. They take a few seconds to make, so
    /// they are kept, by the mark of the edition; those of other editions go.
    pub fn dense_forms(
        &self,
        newest: &VerifiedEdition,
        earlier: &[Arc<VerifiedEdition>],
        variants: &[Variant],
    ) -> Result<Vec<(BundleFile, Bytes)>> {
        let edition = newest.number();
        let issued = newest.remembered().timestamp.unwrap_or_default();
        let mark: String = Digest::of(&issued).to_string().chars().take(16).collect();
        let folder = self.place.join("dense");
        files::create_folder(&folder)?;
        for name in files::list(&folder)? {
            if !name.to_string_lossy().starts_with(&mark) {
                files::remove(&folder.join(name))?;
            }
        }
        let mut forms = Vec::new();
        let earlier = earlier.iter().filter(|base| base.number() < edition);
        for base in std::iter::once(None).chain(earlier.map(Some)) {
            let mut dense = None;
            for variant in variants {
                let number = base.map(|base| base.number());
                let name = BundleName::of(number, edition, *variant).dense();
                let place = folder.join(format!("{mark}-{name}"));
                let bytes = kept_or_made(&place, |out| {
                    let dense = match &mut dense {
                        Some(dense) => dense,
                        None => dense.insert(match base {
                            None => DenseForms::of(newest),
                            Some(base) => DenseForms::since(base, newest)?,
                        }),
                    };
                    dense.write(out, *variant)
                })?;
                forms.push((name, bytes));
            }
        }
        Ok(forms)
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

fn kept_or_made(place: &Path, write: impl FnOnce(Spool) -> io::Result<Spool>) -> Result<Bytes> {
    if !files::exists(place) {
        let written = write(Spool::beside(place)?).map_err(|source| FileError::Other {
            doing: "write",
            path: place.into(),
            source,
        });
        written?.publish()?;
    }
    Ok(files::map(place)?)
}
