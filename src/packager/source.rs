//! Where articles come from, and the list of those that a source offers.
//!
//! 1. A feed, fetched or read, names its articles and tells what it knows of them.
//! 2. A folder offers every HTML file below it. Symbolic links are not followed, and other files only lie beside the
//!    pages, as pictures do; one that looks like a page but is not called one is named.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use url::Url;

use super::Skipped;
use super::feed::{self, Entry};
use super::fetching::{GetError, Getter};
use crate::base::{LIMITS, Timestamp};
use crate::io::files::{self, FileError};

/// What an operator names as the source of a newsroom's articles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// HTML pages with pictures beside them.
    Folder(PathBuf),
    /// RSS, Atom or JSON Feed at an address.
    Feed(Url),
    /// The same in a file. Articles it does not hold whole are fetched.
    FeedFile(PathBuf),
}

impl Source {
    /// Whether it names only its last articles. A folder holds all of them, so what is not there is not wanted.
    pub fn forgets(&self) -> bool {
        match self {
            Self::Feed(_) | Self::FeedFile(_) => true,
            Self::Folder(_) => false,
        }
    }
}

/// How people tell sources apart.
impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(path) | Self::FeedFile(path) => write!(f, "{}", path.display()),
            Self::Feed(url) => f.write_str(&crate::io::fetch::shown(url)),
        }
    }
}

/// A source that gave nothing at all.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("`{0}` is not a feed")]
    NotAFeed(String),
    #[error("the feed `{0}` names no article")]
    EmptyFeed(String),
    #[error("`{0}` holds no HTML page")]
    NoPages(String),
    #[error("the feed could not be fetched: {0}")]
    Fetch(#[from] GetError),
    #[error(transparent)]
    File(#[from] FileError),
}

impl SourceError {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotAFeed(_) => Some(
                "open it in a browser: an RSS or Atom feed begins with `<rss`, `<feed` or `<rdf:RDF`; \
                 a newsroom's page often links its feed at the bottom"
                    .into(),
            ),
            Self::EmptyFeed(_) => Some(
                "wait until the feed is whole again, or take it out of the sources: every article of it would vanish for readers"
                    .into(),
            ),
            Self::NoPages(_) => Some("pages are files whose name ends in `.html`, `.htm` or `.xhtml`".into()),
            Self::Fetch(_) => Some("check the address, or save the feed to a file and name that".into()),
            Self::File(error) => error.hint(),
        }
    }
}

/// An article that a source offers, and what is known of it before its page is read.
#[derive(Debug)]
pub struct Offer {
    /// Never changes while the article lives.
    pub id: String,
    pub page: Page,
    pub told: Entry,
}

#[derive(Debug)]
pub enum Page {
    File {
        folder: std::sync::Arc<Folder>,
        below: PathBuf,
    },
    Address(Url),
    /// The feed holds the whole article.
    Told(Url),
}

/// A folder and its regular files, by their path below it.
#[derive(Debug)]
pub struct Folder {
    pub root: PathBuf,
    files: HashMap<String, PathBuf>,
}

/// Stands for the folder in addresses, so that links between its pages and pictures resolve as on a web host.
/// Reserved by RFC 2606, so no host has it.
const FOLDER_HOST: &str = "http://folder.invalid/";

/// An address as people know it: of a file in a folder, its path there.
pub fn shown(url: &Url) -> &str {
    let text = url.as_str();
    text.strip_prefix(FOLDER_HOST).unwrap_or(text)
}

impl Folder {
    /// The address of a file in the folder, if it were a web host.
    pub fn address(below: &Path) -> Option<Url> {
        let mut url = Url::parse(FOLDER_HOST).ok()?;
        let names = below.iter().map(|name| name.to_string_lossy().into_owned());
        url.path_segments_mut().ok()?.clear().extend(names);
        Some(url)
    }

    /// The file that such an address means; `None` for one of another host, or of no regular file in the folder.
    pub fn file(&self, url: &Url) -> Option<PathBuf> {
        if !url.as_str().starts_with(FOLDER_HOST) {
            return None;
        }
        let path = percent_encoding::percent_decode_str(url.path().trim_start_matches('/'));
        let found = self.files.get(&*path.decode_utf8_lossy())?;
        Some(self.root.join(found))
    }

    pub fn modified(&self, below: &Path) -> Option<Timestamp> {
        files::modified(&self.root.join(below)).ok()
    }
}

/// Step 1 or 2.
pub async fn discover(
    source: &Source,
    getter: &Getter<'_>,
    skipped: &mut Vec<Skipped>,
) -> Result<Vec<Offer>, SourceError> {
    match source {
        Source::Feed(url) => {
            let got = getter.get(url).await?;
            offers_of_feed(&got.bytes, got.content_type.as_deref(), &got.url, source)
        }
        Source::FeedFile(path) => {
            let bytes = files::read(path, LIMITS.fetched_bytes)?;
            let url = Url::parse(FOLDER_HOST).expect("a constant address");
            offers_of_feed(&bytes, None, &url, source)
        }
        Source::Folder(root) => offers_of_folder(root, skipped),
    }
}

fn offers_of_feed(
    bytes: &[u8],
    content_type: Option<&str>,
    url: &Url,
    source: &Source,
) -> Result<Vec<Offer>, SourceError> {
    let entries = feed::read(bytes, content_type, url)
        .ok_or_else(|| SourceError::NotAFeed(source.to_string()))?;
    if entries.is_empty() {
        return Err(SourceError::EmptyFeed(source.to_string()));
    }
    Ok(entries
        .into_iter()
        .filter_map(|entry| offer(entry, url))
        .collect())
}

/// The article's own address is the steadier name; an entry without one can only be read if it is whole.
fn offer(told: Entry, feed: &Url) -> Option<Offer> {
    let id = match &told.link {
        Some(link) => link.to_string(),
        None => told.id.clone(),
    };
    let page = match (&told.link, told.content.is_some()) {
        (Some(link), false) => Page::Address(link.clone()),
        (link, true) => Page::Told(link.clone().unwrap_or_else(|| feed.clone())),
        (None, false) => return None,
    };
    (!id.is_empty()).then_some(Offer { id, page, told })
}

fn offers_of_folder(root: &Path, skipped: &mut Vec<Skipped>) -> Result<Vec<Offer>, SourceError> {
    let listed = files::list(root)?;
    let mut offers = Vec::new();
    let named: HashMap<String, PathBuf> = listed
        .iter()
        .map(|below| (slashed(below), below.clone()))
        .collect();
    let folder = std::sync::Arc::new(Folder {
        root: root.to_path_buf(),
        files: named,
    });
    for below in listed {
        match kind_of(&below) {
            Kind::Page => offers.push(Offer {
                id: slashed(&below),
                page: Page::File {
                    folder: folder.clone(),
                    below,
                },
                told: Entry::default(),
            }),
            Kind::Unsure if looks_like_page(&root.join(&below)) => skipped.push(Skipped {
                what: slashed(&below),
                why: "it looks like a page, but its name does not end in `.html`".into(),
            }),
            _ => {}
        }
    }
    if offers.is_empty() {
        return Err(SourceError::NoPages(root.display().to_string()));
    }
    Ok(offers)
}

fn slashed(below: &Path) -> String {
    let names: Vec<_> = below.iter().map(|name| name.to_string_lossy()).collect();
    names.join("/")
}

enum Kind {
    Page,
    Unsure,
    Other,
}

fn kind_of(path: &Path) -> Kind {
    let extension = path
        .extension()
        .map(|e| e.to_string_lossy().to_ascii_lowercase());
    match extension.as_deref() {
        Some("html" | "htm" | "xhtml" | "shtml") => Kind::Page,
        None | Some("php" | "asp" | "aspx" | "jsp" | "txt" | "xml" | "mht" | "cgi") => Kind::Unsure,
        _ => Kind::Other,
    }
}

fn looks_like_page(path: &Path) -> bool {
    let bytes = files::read(path, LIMITS.fetched_bytes).unwrap_or_default();
    let head = bytes.trim_ascii_start();
    let begins = |start: &[u8]| {
        head.get(..start.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(start))
    };
    begins(b"<!doctype html") || begins(b"<html")
}

#[cfg(test)]
mod tests {
    use super::super::fetching::tests::Web;
    use super::*;

    fn folder(names: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in names {
            let path = root.path().join(name);
            files::create_folder(path.parent().unwrap()).unwrap();
            files::write_new(&path, text.as_bytes()).unwrap();
        }
        root
    }

    async fn found(source: &Source) -> (Result<Vec<Offer>, SourceError>, Vec<Skipped>) {
        let web = Web::default();
        let getter = Getter::new(&web, std::iter::empty());
        let mut skipped = Vec::new();
        let offers = discover(source, &getter, &mut skipped).await;
        (offers, skipped)
    }

    #[tokio::test]
    async fn a_folder_offers_its_pages() {
        let root = folder(&[
            ("a.html", ""),
            ("b/c.HTM", ""),
            ("b/1.jpg", ""),
            ("d.php", "\n<!DOCTYPE html><p>"),
            ("notes.txt", "x"),
        ]);
        std::os::unix::fs::symlink("/etc/passwd", root.path().join("e.html")).unwrap();
        let (offers, skipped) = found(&Source::Folder(root.path().into())).await;
        let ids: Vec<String> = offers.unwrap().into_iter().map(|offer| offer.id).collect();
        assert_eq!(ids, ["a.html", "b/c.HTM"]);
        assert_eq!(skipped.len(), 1);
        assert_eq!(skipped[0].what, "d.php");
    }

    #[tokio::test]
    async fn pictures_outside_the_folder_are_not_reached() {
        let root = folder(&[("a b/page.html", ""), ("a b/1.jpg", "")]);
        let (offers, _) = found(&Source::Folder(root.path().into())).await;
        let Page::File { folder, below } = &offers.unwrap()[0].page else {
            panic!("no file");
        };
        let page = Folder::address(below).unwrap();
        let file = |href: &str| folder.file(&page.join(href).unwrap());
        assert_eq!(file("1.jpg"), Some(root.path().join("a b/1.jpg")));
        assert_eq!(
            file("/a%20b/1.jpg?x=1"),
            Some(root.path().join("a b/1.jpg"))
        );
        for href in [
            "../../etc/passwd",
            "/etc/passwd",
            "%2e%2e/%2e%2e/etc/passwd",
            "..%2f..%2fetc/passwd",
            "http://n.example/a%20b/1.jpg",
        ] {
            assert_eq!(file(href), None, "{href}");
        }
    }

    #[tokio::test]
    async fn what_is_no_feed_is_named() {
        let root = folder(&[("feed.xml", "<html><body>Not found</body></html>")]);
        let (offers, _) = found(&Source::FeedFile(root.path().join("feed.xml"))).await;
        let error = offers.unwrap_err();
        assert!(
            error.to_string().contains("feed.xml` is not a feed"),
            "{error}"
        );
        assert!(error.hint().is_some());
    }

    #[tokio::test]
    async fn a_folder_without_pages_is_an_error() {
        let root = folder(&[("a.jpg", "")]);
        let (offers, _) = found(&Source::Folder(root.path().into())).await;
        assert!(matches!(offers, Err(SourceError::NoPages(_))));
    }
}
