//! What a source holds itself, so that it need not be fetched: pages and pictures by their addresses.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use url::Url;

use super::feed::Entry;
use crate::io::fetch::without_login;
use crate::io::files::FileError;

/// Shared by all offers of a source. Reading may touch the disk, so it is for a thread that may wait.
pub trait Shelf: fmt::Debug + Send + Sync {
    /// `None` if the address is none of the shelf's, so that it may be fetched.
    fn read(&self, url: &Url) -> Option<Result<Held, ShelfError>>;

    /// The article itself, of a shelf that holds one and tells all of it.
    fn told(&self) -> Result<Entry, ShelfError> {
        Err(ShelfError::Absent)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// As the server once said, if the source knows.
    pub content_type: Option<String>,
    pub bytes: Bytes,
}

impl Held {
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        Self {
            content_type: None,
            bytes: bytes.into(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    #[error("it does not lie there")]
    Absent,
    #[error("it is not in the crawl, and nothing is fetched for one")]
    NotCrawled,
    #[error("{0}")]
    Damaged(String),
    #[error(transparent)]
    File(#[from] FileError),
}

/// Stands for the shelf in addresses of what has none, so that links between its pages and pictures resolve as on a web
/// host. Reserved by RFC 2606, so no host has it.
const HOST: &str = "folder.invalid";

/// The address of what lies on a shelf under this path.
pub(in crate::packager) fn address(path: &str) -> Url {
    let mut url = Url::parse("http://folder.invalid/").expect("a constant address");
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.clear().extend(path.split('/'));
    }
    url
}

pub fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// Other names mean an article only together with who gave them.
pub fn is_web_address(name: &str) -> bool {
    Url::parse(name).is_ok_and(|url| is_web(&url))
}

pub fn is_on_shelf(url: &Url) -> bool {
    url.host_str() == Some(HOST)
}

/// The path that such an address means.
pub(super) fn path_of(url: &Url) -> Option<Cow<'_, str>> {
    let path = url.path().trim_start_matches('/');
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    is_on_shelf(url).then_some(decoded)
}

/// An address as people know it: of what lies on a shelf, its path there.
pub fn shown(url: &Url) -> String {
    match is_on_shelf(url) {
        true => url.path().trim_start_matches('/').to_owned(),
        false => without_login(url).into(),
    }
}
