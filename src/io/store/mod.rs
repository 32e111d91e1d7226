//! Hosts that only keep files: what may be asked of one, whatever it is.
//!
//! 1. A [`Keeper`] says which host it is and where; it holds no secret, so it may be shown and compared.
//! 2. [`open`](open()) makes a [`Store`] of it. Only then the [`Credentials`] are read, and each time anew.
//! 3. What fails in passing is tried again by a layer around the store: OpenDAL's own where the host is OpenDAL's,
//!    [`Patient`] around the others. Limits of bandwidth are the [`Line`]'s.
//!
//! | host | by | when a file appears |
//! | --- | --- | --- |
//! | folder | our [`Tree`](super::tree::Tree) | whole or not at all |
//! | S3, WebDAV | OpenDAL | as the service does it; S3: whole or not at all |
//! | SFTP | `ssh`, and the client that OpenDAL has too | whole or not at all |
//! | git | `git` | all together, with [`Store::settle`] |
//!
//! **Why not OpenDAL's SFTP?** It writes files where they are read, so that a reader meets half of one; it opens a login for
//! each file under way; and the `ssh` that it starts outlives a colport that is killed.

mod cloud;
mod credentials;
mod folder;
mod git;
mod patient;
mod sftp;
mod transport;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use url::Url;

pub use credentials::Credentials;
pub use git::BlobId;
pub use patient::Patient;

use super::fetch::shown;
use super::line::Line;
use crate::base::Digest;

/// What a caller can do about a host that did not do as it was told. Each holds what went wrong, in words that show no
/// secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The place itself, or a file that was just there, is not.
    #[error("{0}")]
    NotFound(String),
    /// The host is there and lets us not in, or not do this.
    #[error("{0}")]
    Denied(String),
    #[error("{0}")]
    Full(String),
    /// Worth another try.
    #[error("{0}")]
    Transient(String),
    /// Trying again would give the same.
    #[error("{0}")]
    Permanent(String),
}

pub type Result<T> = std::result::Result<T, StoreError>;

/// What a host tells of a file without sending it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// So many bytes, as they are stored, of whatever content.
    Length(u64),
    /// Looked at, every byte.
    Digest(Digest),
    /// As git names contents.
    Blob(BlobId),
}

/// By path below the mirror's root.
pub type Survey = BTreeMap<String, Found>;

/// What is put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    pub bytes: Bytes,
    pub content_type: &'static str,
    pub cache_control: &'static str,
    /// The bytes are a gzip form of what readers shall see; only for who [says encodings](Store::says_encoding).
    pub is_gzip: bool,
}

/// A host that keeps files by path. Of a path that leads nowhere on that host, such as one with a folder in the place of the
/// file, every call is an error; nothing outside of the place is ever touched.
pub trait Store: Send + Sync {
    /// What is there of `wanted` and in the folder of bundles. It may tell of other files too. [`StoreError::NotFound`] is
    /// for a place (a folder, a bucket) that does not exist; an empty one has an empty survey. Changes nothing.
    fn survey<'a>(&'a self, wanted: &'a BTreeSet<String>) -> BoxFuture<'a, Result<Survey>>;

    /// A part of a file as it is stored. Where the file ends before, it is less, or an error. Changes nothing.
    fn read<'a>(&'a self, path: &'a str, part: Range<u64>) -> BoxFuture<'a, Result<Bytes>>;

    /// In place of what was there. May be called again with the same, also after it failed half-way. What readers see of it
    /// before [`Store::settle`] depends on the host.
    fn put<'a>(&'a self, path: &'a str, body: &'a Body) -> BoxFuture<'a, Result<()>>;

    /// No error if nothing is there.
    fn remove<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<()>>;

    /// Returns when all that was put and removed is there for readers, and stays through a power cut as far as the host can
    /// promise it. Nothing happens if nothing was.
    fn settle(&self) -> BoxFuture<'_, Result<()>>;

    /// Whether all since the last [`Store::settle`] appears at once with the next. Otherwise things appear in the order in
    /// which they were put.
    fn is_atomic(&self) -> bool {
        false
    }

    /// Files that may be put at a time.
    fn abreast(&self) -> usize {
        8
    }

    /// Whether it sends `Content-Encoding: gzip` for a [`Body`] that says so.
    fn says_encoding(&self) -> bool {
        false
    }
}

/// A host that keeps files, and where on it. Shown without anything secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keeper {
    Folder(PathBuf),
    S3(S3),
    WebDav(WebDav),
    Sftp(Sftp),
    Git(Git),
}

/// A bucket at Amazon or at anyone who speaks its protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3 {
    pub endpoint: Url,
    pub region: String,
    pub bucket: String,
    /// Below which everything lies; empty for the bucket's root.
    pub prefix: String,
    /// `user` is the access key, `password` its secret.
    pub credentials: Credentials,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebDav {
    pub address: Url,
    pub credentials: Option<Credentials>,
}

/// A folder on a machine that one may log in to with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sftp {
    pub user: Option<String>,
    /// Or a name that the user's `ssh_config` explains.
    pub host: String,
    pub port: Option<u16>,
    pub path: String,
    /// The private key, if `ssh` would not find it by itself.
    pub key: Option<PathBuf>,
    /// Where the host's own key is written, if not among those that `ssh` knows.
    pub known_hosts: Option<PathBuf>,
}

/// A branch from which a pages host serves. Its history is one commit, so that what was taken back is not kept in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Git {
    /// As `git` understands it.
    pub repository: String,
    pub branch: String,
    /// `password` is a token of the host.
    pub credentials: Option<Credentials>,
    /// A folder for what was pushed, so that it needs not travel again. It may be lost.
    pub copy: PathBuf,
}

impl fmt::Display for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::S3(s3) => write!(f, "{}{}/{}", shown(&s3.endpoint), s3.bucket, s3.prefix),
            Self::WebDav(dav) => f.write_str(&shown(&dav.address)),
            Self::Sftp(sftp) => write!(f, "sftp://{}{}", sftp.host, sftp.path),
            Self::Git(git) => write!(f, "{} ({})", git.repository, git.branch),
        }
    }
}

/// Reads the credentials. Whether the host is there shows only the first call.
pub fn open(keeper: &Keeper, line: &Arc<Line>) -> Result<Box<dyn Store>> {
    let line = line.clone();
    Ok(match keeper {
        Keeper::Folder(path) => Box::new(folder::FolderStore::new(path, line)),
        Keeper::S3(s3) => Box::new(cloud::Cloud::s3(s3, line)?),
        Keeper::WebDav(dav) => Box::new(cloud::Cloud::web_dav(dav, line)?),
        Keeper::Sftp(sftp) => Box::new(Patient::new(sftp::SftpStore::new(sftp, line))),
        Keeper::Git(git) => Box::new(Patient::new(git::GitStore::new(git, line)?)),
    })
}

/// The folder of bundles, of which a survey tells everything.
pub const BUNDLES: &str = ".colport/bundle";

/// A host's words for people: one short line of text.
fn told(text: &str) -> String {
    let words = text.split(|c: char| c.is_control() || c.is_whitespace());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(160).collect()
}
