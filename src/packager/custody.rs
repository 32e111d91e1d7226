//! Keys on disk: which are here, whose they are, and changes of keys that wait for signatures.
//!
//! People's names stay in `keys/people.toml` on this machine, and travel only inside a draft. They are never written into
//! the metadata, although TUF has room for it: every root stays on every mirror for ever, and a list of who holds the
//! keys would tell the police whose door to knock at.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::folder::{FolderError, NewsroomFolder};
use crate::base::{NewsroomId, Secret};
use crate::io::files::{self, FileError};
use crate::io::random;
use crate::trust::editor::{KeyRing, Proposal};
use crate::trust::{KeyError, KeyId, PublicKey, SigningKey};

const KEY_BYTES: u64 = 16 << 10;
const PEOPLE_BYTES: u64 = 1 << 20;
const DRAFT_BYTES: u64 = 64 << 20;
const DRAFT_ENDING: &str = ".draft.json";

type Result<T> = std::result::Result<T, FolderError>;

/// Who is meant by a key.
pub type People = BTreeMap<KeyId, String>;

/// Asked for the passphrase of a locked key; `None` if nobody can say it.
pub type Unlock<'a> = dyn FnMut(&Path) -> Option<Secret<String>> + 'a;

/// Where a private key lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In `keys/offline`: the folder that should be on memory sticks.
    Offline,
    Newsrooms,
    Online,
}

impl Place {
    const ALL: [Self; 3] = [Self::Offline, Self::Newsrooms, Self::Online];

    /// Where keys of a role belong.
    pub fn of(role: &str) -> Self {
        match role {
            "root" | "targets" => Self::Offline,
            "snapshot" | "timestamp" => Self::Online,
            _ => Self::Newsrooms,
        }
    }

    pub(super) fn folder(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Newsrooms => "newsrooms",
            Self::Online => "online",
        }
    }
}

/// A private key that lies in the newsroom's folder.
#[derive(Debug, Clone)]
pub struct HeldKey {
    pub id: KeyId,
    pub path: PathBuf,
    pub place: Place,
}

impl NewsroomFolder {
    /// The files in which keys of a role can lie: `ROLE.pem` and `ROLE.….pem`.
    pub(super) fn key_files(&self, kind: &str, role: &str) -> Result<Vec<PathBuf>> {
        let all = pem_files(&self.place().join("keys").join(kind))?;
        let of_role = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.and_then(|name| name.split('.').next()) == Some(role)
        };
        Ok(all.into_iter().filter(of_role).collect())
    }

    /// Every private key that is here.
    pub fn held_keys(&self) -> Result<Vec<HeldKey>> {
        let mut held = Vec::new();
        for place in Place::ALL {
            for path in pem_files(&self.place().join("keys").join(place.folder()))? {
                let id = key_id(&path)?;
                held.push(HeldKey { id, path, place });
            }
        }
        Ok(held)
    }

    /// A new key for a role that has one already.
    pub fn another_key(
        &self,
        role: &str,
        lock: Option<&Secret<String>>,
    ) -> Result<(SigningKey, PathBuf)> {
        let key = generate(self.place())?;
        let folder = Place::of(role).folder();
        let path = self.key_path(folder, &format!("{role}.{}", short(key.id())));
        files::create_private_folder(&self.place().join("keys").join(folder))?;
        write_key(&path, &key, lock)?;
        Ok((key, path))
    }

    /// The first key of a newsroom, made if it is not here yet.
    pub(super) fn newsroom_key(&self, id: &NewsroomId) -> Result<SigningKey> {
        let path = self.key_path(Place::Newsrooms.folder(), id.as_str());
        match files::exists(&path) {
            true => read_key(&path, &mut |_| None),
            false => new_key(&path, None),
        }
    }

    pub fn people(&self) -> Result<People> {
        let path = self.people_path();
        let bytes = match files::read(&path, PEOPLE_BYTES) {
            Err(FileError::NotFound(_)) => return Ok(People::new()),
            read => read?,
        };
        let people = toml::from_str(&String::from_utf8_lossy(&bytes));
        people.map_err(|_| FolderError::People(path))
    }

    /// Notes whose a key is.
    pub fn name_key(&self, id: &KeyId, person: &str) -> Result<()> {
        let mut people = self.people()?;
        people.insert(id.clone(), person.to_owned());
        let table =
            toml::to_string(&people).map_err(|_| FolderError::People(self.people_path()))?;
        let text = format!("# Who holds which key. Never published; nicknames will do.\n{table}");
        Ok(files::write_private(&self.people_path(), text.as_bytes())?)
    }

    fn people_path(&self) -> PathBuf {
        self.place().join("keys").join("people.toml")
    }

    /// The private keys at hand that have a say in a proposal: those in `keys/offline`, and in `also`, which are files or
    /// folders. A locked key that has no say is not asked for.
    pub fn keys_for(
        &self,
        proposal: &Proposal,
        also: &[PathBuf],
        unlock: &mut Unlock<'_>,
    ) -> Result<KeyRing> {
        let mut paths = Vec::new();
        for place in Place::ALL {
            paths.extend(pem_files(&self.place().join("keys").join(place.folder()))?);
        }
        for path in also {
            match files::is_folder(path) {
                true => paths.extend(pem_files(path)?),
                false => paths.push(path.clone()),
            }
        }
        let mut ring = KeyRing::default();
        for path in paths {
            if proposal.heeds(&key_id(&path)?) {
                ring.add(read_key(&path, unlock)?);
            }
        }
        Ok(ring)
    }

    fn drafts(&self) -> PathBuf {
        self.place().join("drafts")
    }

    /// The change that waits for signatures, if it still follows from what is in force.
    pub fn pending(&self) -> Result<Option<(PathBuf, Proposal)>> {
        let set = self.signed_metadata()?;
        for path in self.draft_files()? {
            let Ok((proposal, _)) = read_proposal(&path) else {
                continue;
            };
            if proposal.follows(&set) {
                return Ok(Some((path, proposal)));
            }
        }
        Ok(None)
    }

    /// Where the file is that a person calls by this path: beside him, or else among the drafts.
    pub fn draft_called(&self, file: &Path) -> PathBuf {
        let among = self.drafts().join(file);
        let is_name = file.file_name() == Some(file.as_os_str());
        match is_name && !files::exists(file) && files::exists(&among) {
            true => among,
            false => file.to_path_buf(),
        }
    }

    fn draft_files(&self) -> Result<Vec<PathBuf>> {
        let folder = self.drafts();
        if !files::is_folder(&folder) {
            return Ok(Vec::new());
        }
        let is_draft = |path: &PathBuf| path.to_string_lossy().ends_with(DRAFT_ENDING);
        let found = files::list(&folder)?.into_iter().filter(is_draft);
        Ok(found.map(|name| folder.join(name)).collect())
    }

    /// Writes the file that is carried to who must sign, in the place of any other that waits.
    pub fn keep_draft(&self, proposal: &Proposal) -> Result<PathBuf> {
        let path = self
            .drafts()
            .join(format!("{}{DRAFT_ENDING}", proposal.name()));
        files::create_private_folder(&self.drafts())?;
        files::write_private(&path, &proposal.to_bytes(&self.people()?))?;
        for other in self
            .draft_files()?
            .into_iter()
            .filter(|other| *other != path)
        {
            files::remove(&other)?;
        }
        Ok(path)
    }

    /// Puts a proposal that everybody needed has signed into force. It is kept until all of it is: half of it, after a power
    /// cut, would stop all publishing.
    pub fn install(&self, proposal: Proposal) -> Result<()> {
        let set = proposal.clone().finish(&self.signed_metadata()?)?;
        self.keep_draft(&proposal)?;
        self.keep_signed(&set)?;
        for draft in self.draft_files()? {
            files::remove(&draft)?;
        }
        Ok(())
    }
}

/// A file that was written by [`NewsroomFolder::keep_draft`], and the names that came with it.
pub fn read_proposal(path: &Path) -> Result<(Proposal, People)> {
    let bytes = files::read(path, DRAFT_BYTES)?;
    Ok(Proposal::read(&bytes)?)
}

/// Puts a proposal with more signatures into the place of the file that it came from.
pub fn write_proposal(path: &Path, proposal: &Proposal, people: &People) -> Result<()> {
    Ok(files::write_private(path, &proposal.to_bytes(people))?)
}

/// A person's own key: the private half in `path`, the public half beside it in `….pub`.
pub fn write_key_pair(path: &Path, lock: Option<&Secret<String>>) -> Result<(PublicKey, PathBuf)> {
    let mut public = path.as_os_str().to_owned();
    public.push(".pub");
    let public = PathBuf::from(public);
    if files::exists(&public) {
        return Err(FileError::Exists(public).into());
    }
    let key = generate(path)?;
    write_key(path, &key, lock)?;
    files::write_new(&public, key.public().to_line().as_bytes())?;
    Ok((key.public().clone(), public))
}

pub fn read_public(path: &Path) -> Result<PublicKey> {
    let bytes = files::read(path, KEY_BYTES)?;
    let key = PublicKey::from_line(&String::from_utf8_lossy(&bytes));
    key.map_err(|source| unusable(path, source))
}

/// Refused if others can read the file.
pub fn read_key(path: &Path, unlock: &mut Unlock<'_>) -> Result<SigningKey> {
    let pem = read_pem(path)?;
    let key = match SigningKey::from_pem(&pem) {
        Err(KeyError::Locked) => match unlock(path) {
            Some(passphrase) => SigningKey::from_locked_pem(&pem, &passphrase),
            None => Err(KeyError::Locked),
        },
        read => read,
    };
    key.map_err(|source| unusable(path, source))
}

/// The id of the key in a file, for which a locked one need not be opened.
fn key_id(path: &Path) -> Result<KeyId> {
    let pem = read_pem(path)?;
    let id = match SigningKey::from_pem(&pem) {
        Ok(key) => Ok(key.id().clone()),
        Err(KeyError::Locked) => SigningKey::id_of_locked(&pem).ok_or(KeyError::NotAKey),
        Err(other) => Err(other),
    };
    id.map_err(|source| unusable(path, source))
}

fn read_pem(path: &Path) -> Result<Secret<String>> {
    let bytes = files::read_private(path, KEY_BYTES)?;
    Ok(Secret::new(String::from_utf8_lossy(&bytes).into_owned()))
}

pub(super) fn new_key(path: &Path, lock: Option<&Secret<String>>) -> Result<SigningKey> {
    let key = generate(path)?;
    write_key(path, &key, lock)?;
    Ok(key)
}

fn generate(path: &Path) -> Result<SigningKey> {
    SigningKey::generate(&random::system()).map_err(|source| unusable(path, source))
}

fn write_key(path: &Path, key: &SigningKey, lock: Option<&Secret<String>>) -> Result<()> {
    let pem = match lock {
        None => key.to_pem(),
        Some(passphrase) => key
            .to_locked_pem(passphrase, &random::system())
            .map_err(|source| unusable(path, source))?,
    };
    Ok(files::write_new_private(path, pem.expose().as_bytes())?)
}

fn pem_files(folder: &Path) -> Result<Vec<PathBuf>> {
    if !files::is_folder(folder) {
        return Ok(Vec::new());
    }
    let found = files::list(folder)?.into_iter();
    let pem = found.filter(|path| path.extension().is_some_and(|ending| ending == "pem"));
    Ok(pem.map(|path| folder.join(path)).collect())
}

fn unusable(path: &Path, source: KeyError) -> FolderError {
    FolderError::Key {
        path: path.to_path_buf(),
        source,
    }
}

/// The first digits of a key's id: enough to tell a newsroom's keys apart.
pub(super) fn short(id: &KeyId) -> String {
    id.as_str().chars().take(8).collect()
}
