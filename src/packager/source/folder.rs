//! A folder of HTML pages with their pictures beside them.
//!
//! It offers every HTML file below it. Symbolic links are not followed, and other files only lie beside the pages, as
//! pictures do; one that looks like a page but is not called one is named. So is a page in the folder that a browser saved
//! beside another: that is a frame of it, mostly an advertisement.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::Url;

use super::pasted::Unpasted;
use super::shelf::{self, Held, Shelf, ShelfError};
use super::{Offer, Page, SourceError};
use crate::base::LIMITS;
use crate::io::files;
use crate::packager::Skipped;

/// A folder and its regular files.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    /// By their paths below it, sorted.
    files: Vec<Box<Path>>,
    /// Those of which the name is no text, by what they are called instead.
    odd: HashMap<String, Box<Path>>,
}

impl Folder {
    fn of(root: &Path, listed: Vec<PathBuf>) -> Self {
        let is_odd = |below: &&PathBuf| below.to_str().is_none();
        let odd = listed.iter().filter(is_odd);
        Self {
            root: root.to_path_buf(),
            odd: odd
                .map(|below| (slashed(below), below.as_path().into()))
                .collect(),
            files: listed.into_iter().map(PathBuf::into_boxed_path).collect(),
        }
    }

    /// The file that such an address means; `None` for one of another host, or of no regular file in the folder.
    fn file(&self, url: &Url) -> Option<PathBuf> {
        let path = shelf::path_of(url)?;
        let found = match self.odd.get(&*path) {
            Some(odd) => odd,
            None => self.plain(&path)?,
        };
        Some(self.root.join(found))
    }

    /// One of which the name is spelled just so.
    fn plain(&self, path: &str) -> Option<&Path> {
        let found = self
            .files
            .binary_search_by(|below| (**below).cmp(Path::new(path)));
        let found = &**self.files.get(found.ok()?)?;
        (found.to_str() == Some(path)).then_some(found)
    }

    /// The page of which it is a part, as a browser saved it.
    fn whole(&self, below: &Path) -> Option<PathBuf> {
        let mut pages = below.ancestors().skip(1).flat_map(pages_of);
        pages.find(|page| {
            let found = self.files.binary_search_by(|file| (**file).cmp(page));
            found.is_ok()
        })
    }
}

/// What the page may be called of which this folder holds the parts.
fn pages_of(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let name = folder.file_name().and_then(|name| name.to_str());
    let stem = name.and_then(|name| {
        let mut stems = PARTS.iter().filter_map(|word| name.strip_suffix(word));
        stems.find_map(|stem| stem.strip_suffix(['_', '-', '.']))
    });
    let stem = stem.filter(|stem| !stem.is_empty()).map(str::to_owned);
    let ends = ["html", "htm", "xhtml", "shtml", "HTML", "HTM"];
    let folder = folder.to_path_buf();
    stem.into_iter().flat_map(move |stem| {
        let folder = folder.clone();
        ends.map(|end| folder.with_file_name(format!("{stem}.{end}")))
    })
}

/// What the folder with the parts of a page is called behind the name of the page ("Save page as"), in the languages of
/// browsers.
const PARTS: [&str; 24] = [
    "files",
    "Dateien",
    "fichiers",
    "archivos",
    "arquivos",
    "ficheiros",
    "fitxers",
    "file",
    "pliki",
    "soubory",
    "súbory",
    "elemei",
    "datoteke",
    "fișiere",
    "bestanden",
    "filer",
    "tiedostot",
    "dosyalar",
    "файлы",
    "файли",
    "файлове",
    "ملفات",
    "文件",
    "ファイル",
];

impl Shelf for Folder {
    fn read(&self, url: &Url) -> Option<Result<Held, ShelfError>> {
        if !shelf::is_on_shelf(url) {
            return None;
        }
        let read = match self.file(url) {
            Some(path) => files::read(&path, LIMITS.fetched_bytes).map_err(ShelfError::from),
            None => Err(ShelfError::Absent),
        };
        Some(read.map(Held::of))
    }
}

pub(super) fn offers(root: &Path, skipped: &mut Vec<Skipped>) -> Result<Vec<Offer>, SourceError> {
    let listed = files::list(root)?;
    let folder = Arc::new(Unpasted(Folder::of(root, listed)));
    let files = &folder.0.files;
    let pages = files.iter();
    let pages = pages.filter(|below| matches!(kind_of(below), Kind::Page));
    let mut offers = Vec::with_capacity(pages.count());
    for below in files {
        let id = slashed(below);
        let kind = kind_of(below);
        if let Some(whole) = matches!(kind, Kind::Page)
            .then(|| folder.0.whole(below))
            .flatten()
        {
            skipped.push(Skipped {
                what: id,
                why: format!("a browser saved it as a part of `{}`", slashed(&whole)),
            });
            continue;
        }
        match kind {
            Kind::Page => offers.push(offer(&folder, id, &root.join(below))),
            Kind::Unsure if looks_like_page(&root.join(below)) => skipped.push(Skipped {
                what: id,
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

fn offer(folder: &Arc<Unpasted<Folder>>, id: String, place: &Path) -> Offer {
    Offer {
        seen: files::modified(place).ok(),
        shelf: Some(Arc::clone(folder) as Arc<dyn Shelf>),
        ..Offer::bare(id, Page::Lying)
    }
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
    use url::Url;

    use super::super::pasted::tests as pasted;
    use super::super::tests::{folder, found};
    use super::super::{Source, SourceError};

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
    async fn what_a_browser_saved_as_a_part_of_a_page_is_no_page() {
        let root = folder(&[
            ("b/Пожар — Газета.html", ""),
            ("b/Пожар — Газета_files/saved_resource.html", ""),
            ("b/Пожар — Газета_files/1.jpg", ""),
            ("c.htm", ""),
            ("c-Dateien/deep/ad.html", ""),
            // Of these no page is there.
            ("case_files/1.html", ""),
            ("files/2.html", ""),
            ("_files/3.html", ""),
            ("profiles/4.html", ""),
            ("pro.html", ""),
        ]);
        let (offers, skipped) = found(&Source::Folder(root.path().into())).await;
        let ids: Vec<String> = offers.unwrap().into_iter().map(|offer| offer.id).collect();
        let own = [
            "_files/3.html",
            "b/Пожар — Газета.html",
            "c.htm",
            "case_files/1.html",
            "files/2.html",
            "pro.html",
            "profiles/4.html",
        ];
        assert_eq!(ids, own);
        assert_eq!(skipped.len(), 2);
        assert!(skipped[1].why.contains("`c.htm`"), "{skipped:?}");
    }

    #[tokio::test]
    async fn pictures_outside_the_folder_are_not_reached() {
        let root = folder(&[("a b/page.html", ""), ("a b/1.jpg", "x")]);
        let (offers, _) = found(&Source::Folder(root.path().into())).await;
        let offer = offers.unwrap().remove(0);
        let (page, Some(shelf)) = (offer.address(), &offer.shelf) else {
            panic!("no file");
        };
        let read = |href: &str| shelf.read(&page.join(href).unwrap());
        for href in ["1.jpg", "/a%20b/1.jpg?x=1"] {
            assert_eq!(&read(href).unwrap().unwrap().bytes[..], b"x");
        }
        for href in [
            "../../etc/passwd",
            "/etc/passwd",
            "%2e%2e/%2e%2e/etc/passwd",
            "..%2f..%2fetc/passwd",
        ] {
            assert!(read(href).unwrap().is_err(), "{href}");
        }
        assert!(read("http://n.example/a%20b/1.jpg").is_none());
    }

    #[tokio::test]
    async fn a_picture_that_was_saved_in_its_page_lies_beside_it() {
        let picture = pasted::png(200);
        let html = format!("<p>A<img src=\"{}\">", pasted::data(&picture));
        let root = folder(&[("a b/page.html", &*html)]);
        let (offers, _) = found(&Source::Folder(root.path().into())).await;
        let offer = offers.unwrap().remove(0);
        let shelf = offer.shelf.as_ref().unwrap();
        let read = |url: &Url| shelf.read(url).unwrap().map(|held| held.bytes);
        let page = String::from_utf8(read(&offer.address()).unwrap().to_vec()).unwrap();
        assert!(!page.contains("data:"), "{page}");
        let address = page.split('"').nth(1).unwrap();
        let found = read(&Url::parse(address).unwrap()).unwrap();
        assert_eq!(found, picture);
        let other = address.replace("pasted-", "pasted-0");
        assert!(read(&Url::parse(&other).unwrap()).is_err());
    }

    #[tokio::test]
    async fn a_folder_without_pages_is_an_error() {
        let root = folder(&[("a.jpg", "")]);
        let (offers, _) = found(&Source::Folder(root.path().into())).await;
        assert!(matches!(offers, Err(SourceError::NoPages(_))));
    }
}
