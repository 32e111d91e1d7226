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
//! archive/newest-edition         its number, so that none is given twice
//! sync/                          what `colport sync` remembers: channels, mirrors and who was told; never published
//! lock                           held while a program publishes here
//! cache/web/                     what was fetched, so that it need not be sent again
//! cache/                         what was worked out before; whoever deletes it loses time and nothing else
//! keys/intake.token              who may push articles; see `colport intake`
//! ```

mod editions;
mod founding;
mod signed;

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{Archive, ArchiveError, Cache, Drawer, PublishError, WebCache};
use crate::base::{EditionNumber, Secret};
use crate::edition::{Refusal, Variant};
use crate::io::address::BundleName;
use crate::io::files::{self, FileError};
use crate::io::part::Lock;
use crate::io::random;
use crate::trust::KeyError;
use crate::trust::editor::{EditorError, NewsroomId};

const SITE_KEY: &str = "site";
const TOKEN_BYTES: u64 = 1000;
const SHORTEST_TOKEN: usize = 16;

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
    #[error("the newsroom `{0}` has no key yet")]
    NoNewsroomKey(NewsroomId),
    #[error("nothing was founded in `{0}`")]
    NotFounded(PathBuf),
    #[error("there is no edition in `{0}`")]
    NoEdition(PathBuf),
    #[error("`{0}` is gone, and without it the next edition has no number")]
    EditionLost(PathBuf),
    #[error("`{0}` holds no number of an edition")]
    Note(PathBuf),
    #[error("what the offline keys signed is gone from `{0}`")]
    SignedLost(PathBuf),
    #[error("the key `{path}` is gone")]
    LostKey { path: PathBuf, role: String },
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
            Self::NoNewsroomKey(_) => {
                Some("run `colport init .` in this folder, which makes the key of a newsroom that was added".into())
            }
            Self::EditionLost(_) => Some(format!(
                "put it back: any friend may have it, and every mirror has it below `/.colport/bundle/`; the next edition \
                 counts on from it. If none ever left this computer, remove `archive/{}`",
                editions::PUBLISHED
            )),
            Self::Note(path) => Some(format!(
                "write the number of the newest edition into it, or remove it: `rm {}`",
                path.display()
            )),
            Self::SignedLost(_) => Some(
                "put the folder `signed` back from a copy; or put into it all `N.root.json` and the newest \
                 `N.targets.json` from `.colport/metadata` of the newest bundle. New keys would be another newsroom's"
                    .into(),
            ),
            Self::LostKey { role, .. } => Some(format!(
                "put it back from a copy of this folder, or put another in its place with `colport key rotate {role}`"
            )),
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

    /// Why nothing signed is here.
    pub(super) fn unfounded(&self) -> FolderError {
        let keys = files::list(&self.place.join("keys")).unwrap_or_default();
        let is_key = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "pem");
        match keys.iter().any(is_key) {
            true => FolderError::SignedLost(self.signed()),
            false => FolderError::NotFounded(self.place.clone()),
        }
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
        let archive = self.place.join("archive");
        if files::is_folder(&archive) {
            files::sweep_parts(&archive)?;
        }
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

    /// Where `colport sync` keeps what it must not forget; made if it is not there.
    pub fn sync_folder(&self) -> Result<PathBuf> {
        let folder = self.place.join("sync");
        files::create_private_folder(&folder)?;
        Ok(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_program_left_half_written_goes_with_the_next_lock() {
        let place = tempfile::tempdir().unwrap();
        let folder = NewsroomFolder::at(place.path());
        drop(folder.lock().unwrap());
        let at = |name: &str| place.path().join(name);
        files::create_folder(&at("archive")).unwrap();
        let parts = ["editions/.colport-a.part", "archive/.colport-b.part"];
        for name in parts.into_iter().chain(["archive/be.jsonl"]) {
            files::write(&at(name), b"an article").unwrap();
        }
        let _lock = folder.lock().unwrap();
        assert!(parts.iter().all(|name| !files::exists(&at(name))));
        assert!(files::exists(&at("archive/be.jsonl")));
        // What another is writing stays.
        files::write(&at(parts[1]), b"an article").unwrap();
        assert!(folder.lock().is_err());
        assert!(files::exists(&at(parts[1])));
    }
}
