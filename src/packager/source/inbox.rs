//! Articles that the newsroom's own system (CMS) pushes, finished, one file of JSON each. Whether they come through
//! [`intake`](crate::packager::intake) or are put there by another program is the same.
//!
//! ```text
//! inbox/0a1b….json          an article, or that it is withdrawn
//! inbox/0a1b….9f2c….jpg     a picture of it, named by the article's file
//! ```
//!
//! 1. [`take`] checks a pushed article whole, so that the system hears at once what is wrong with it.
//! 2. It writes the pictures first, then the article over what was there of it, then removes pictures that nothing names
//!    any more. Of a withdrawn article nothing stays but its name.
//! 3. [`found`] reads what lies there. Of two files about one article the later counts; one that is broken, or still being
//!    written, is named.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use url::Url;

use super::feed::Entry;
use super::shelf::{self, Held, Shelf, ShelfError};
use super::{Found, Offer, Page, SourceError};
use crate::base::{Digest, LIMITS, Timestamp};
use crate::io::files::{self, FileError};
use crate::packager::Skipped;
use crate::packager::extract::parse_date;
use crate::site::Language;

/// Longer ones are no names.
const NAME_BYTES: usize = 1000;

/// Of one article.
const IMAGES: usize = 200;

/// An article as it is pushed. Dates are RFC 3339, or what feeds write.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pushed {
    /// Never changes while the article lives: an address or any other name.
    pub id: String,
    /// The article is taken back; nothing else is said then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub withdraw: bool,
    /// Where people find the original.
    pub url: Option<String>,
    pub title: Option<String>,
    pub byline: Option<String>,
    pub published: Option<String>,
    pub updated: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
    pub section: Option<String>,
    pub summary: Option<String>,
    /// The whole article and nothing else. It names pictures by `<img src="NAME">`.
    pub html: Option<String>,
    /// The name of the picture above the text.
    pub lead: Option<String>,
    pub images: Vec<Image>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Image {
    /// As the HTML names it.
    pub name: String,
    /// Below the picture, if it is the lead.
    pub caption: Option<String>,
    /// The picture itself, or …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// … the name of a file beside the article's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// What is wrong with a pushed article, in words for who wrote the system.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

#[derive(Debug, thiserror::Error)]
pub enum PushError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    File(#[from] FileError),
}

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    New,
    Replaced,
    Withdrawn,
}

impl Pushed {
    pub fn parse(json: &[u8]) -> Result<Self, Refused> {
        let pushed: Self = serde_json::from_slice(json)
            .map_err(|why| Refused(format!("it is no article in JSON: {why}")))?;
        pushed.check()?;
        Ok(pushed)
    }

    fn check(&self) -> Result<(), Refused> {
        let refuse = |why: String| Err(Refused(why));
        if self.id.trim().is_empty() || self.id.len() > NAME_BYTES {
            return refuse(format!("`id` is empty or longer than {NAME_BYTES} bytes"));
        }
        if self.withdraw {
            return Ok(());
        }
        for (name, text) in [("title", &self.title), ("html", &self.html)] {
            if text.as_deref().is_none_or(|text| text.trim().is_empty()) {
                return refuse(format!("`{name}` is missing"));
            }
        }
        for (name, date) in [("published", &self.published), ("updated", &self.updated)] {
            if let Some(date) = date.as_deref().filter(|date| parse_date(date).is_none()) {
                return refuse(format!("`{name}` is no date: `{}`", short(date)));
            }
        }
        if let Some(url) = self.url.as_deref().filter(|url| web_address(url).is_none()) {
            return refuse(format!("`url` is no address: `{}`", short(url)));
        }
        let language = self.language.as_deref();
        if let Some(tag) = language.filter(|tag| Language::parse(tag).is_none()) {
            return refuse(format!("`language` is none: `{}`", short(tag)));
        }
        self.check_images()
    }

    fn check_images(&self) -> Result<(), Refused> {
        let mut names = HashSet::new();
        if self.images.len() > IMAGES {
            return Err(Refused(format!("it has more than {IMAGES} images")));
        }
        for image in &self.images {
            let is_good = !image.name.is_empty() && image.name.len() <= NAME_BYTES;
            if !is_good || !names.insert(image.name.as_str()) {
                let name = short(&image.name);
                return Err(Refused(format!(
                    "the image `{name}` has no name of its own"
                )));
            }
        }
        match &self.lead {
            Some(lead) if !names.contains(lead.as_str()) && web_address(lead).is_none() => {
                Err(Refused(format!("`lead` names no image: `{}`", short(lead))))
            }
            _ => Ok(()),
        }
    }

    /// To which the addresses in the HTML are relative.
    fn base(&self) -> Url {
        let url = self.url.as_deref().or(Some(&self.id));
        url.and_then(web_address)
            .unwrap_or_else(|| shelf::address(&format!("{}/", key(&self.id))))
    }
}

fn web_address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && !shelf::is_on_shelf(&url)).then_some(url)
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

/// The beginning of the names of all files of an article.
fn key(id: &str) -> String {
    Digest::of(id.as_bytes())
        .to_string()
        .chars()
        .take(24)
        .collect()
}

// Steps 1 and 2.

/// Puts a pushed article into the inbox, with pictures that came beside it by their names. Beware: not for two at a time.
pub fn take(
    inbox: &Path,
    mut pushed: Pushed,
    beside: &HashMap<String, Bytes>,
) -> Result<Taken, PushError> {
    pushed.check()?;
    if pushed.withdraw {
        pushed = Pushed {
            id: pushed.id,
            url: pushed.url.filter(|url| web_address(url).is_some()),
            withdraw: true,
            ..Pushed::default()
        };
    }
    let key = key(&pushed.id);
    let pictures = pushed
        .images
        .iter()
        .map(|image| Ok((image.name.clone(), picture(image, beside)?)))
        .collect::<Result<Vec<_>, Refused>>()?;
    let unused = beside
        .keys()
        .find(|name| !pictures.iter().any(|(used, _)| used == *name));
    if let Some(name) = unused {
        let name = short(name);
        return Err(Refused(format!("no image of the article is called `{name}`")).into());
    }
    let article = inbox.join(format!("{key}.json"));
    let taken = match (pushed.withdraw, files::exists(&article)) {
        (true, _) => Taken::Withdrawn,
        (false, true) => Taken::Replaced,
        (false, false) => Taken::New,
    };
    for (image, (_, bytes)) in pushed.images.iter_mut().zip(pictures) {
        let digest: String = Digest::of(&bytes).to_string().chars().take(16).collect();
        let file = format!("{key}.{digest}.picture");
        if !files::exists(&inbox.join(&file)) {
            files::write(&inbox.join(&file), &bytes)?;
        }
        image.base64 = None;
        image.file = Some(file);
    }
    let json = serde_json::to_vec_pretty(&pushed).expect("texts and lists can be written");
    files::write(&article, &json)?;
    sweep(inbox, &key, &pushed)?;
    Ok(taken)
}

fn picture(image: &Image, beside: &HashMap<String, Bytes>) -> Result<Bytes, Refused> {
    let name = short(&image.name);
    let bytes = match (&image.base64, beside.get(&image.name), &image.file) {
        (Some(text), None, None) => unbased(text)
            .ok_or_else(|| Refused(format!("`base64` of the image `{name}` is none")))?,
        (None, Some(bytes), None) => bytes.clone(),
        (None, None, Some(_)) => {
            let why = format!("the image `{name}` names a file; push the picture itself");
            return Err(Refused(why));
        }
        _ => {
            let why = format!(
                "the image `{name}` comes not once: as `base64`, or as a part of that name"
            );
            return Err(Refused(why));
        }
    };
    if bytes.len() as u64 > LIMITS.fetched_bytes {
        return Err(Refused(format!("the image `{name}` is too large")));
    }
    match image::guess_format(&bytes) {
        Ok(_) => Ok(bytes),
        Err(_) => Err(Refused(format!("the image `{name}` is no picture"))),
    }
}

fn unbased(text: &str) -> Option<Bytes> {
    // Systems break lines, and some send the address of the data.
    let text = text.split_once("base64,").map_or(text, |(_, data)| data);
    let text: String = text.split_ascii_whitespace().collect();
    STANDARD.decode(text).ok().map(Bytes::from)
}

/// Removes pictures of an article that it does not name any more.
fn sweep(inbox: &Path, key: &str, pushed: &Pushed) -> Result<(), FileError> {
    let named: HashSet<&str> = pushed
        .images
        .iter()
        .filter_map(|image| image.file.as_deref())
        .collect();
    for below in files::list(inbox)? {
        let name = below.to_string_lossy();
        let is_of_it = name.starts_with(key) && name.ends_with(".picture");
        if is_of_it && !named.contains(&*name) {
            files::remove(&inbox.join(&below))?;
        }
    }
    Ok(())
}

// Step 3.

pub(super) fn found(inbox: &Path, skipped: &mut Vec<Skipped>) -> Result<Found, SourceError> {
    let mut latest: HashMap<String, (Timestamp, PathBuf, Pushed)> = HashMap::new();
    for below in files::list(inbox)? {
        let is_article = below.extension().is_some_and(|end| end == "json");
        if !is_article || below.components().count() != 1 {
            continue;
        }
        let place = inbox.join(&below);
        match read(&place) {
            Ok((at, pushed)) => {
                let had = latest.get(&pushed.id);
                if had.is_none_or(|(before, ..)| *before <= at) {
                    latest.insert(pushed.id.clone(), (at, place, pushed));
                }
            }
            Err(error) => skipped.push(Skipped {
                what: below.to_string_lossy().into_owned(),
                why: error.to_string(),
            }),
        }
    }
    let mut latest: Vec<_> = latest.into_values().collect();
    // Newest first, in an order that does not hang on the file system.
    latest.sort_by(|(a, _, one), (b, _, other)| (b, &one.id).cmp(&(a, &other.id)));
    let mut found = Found::default();
    for (at, place, pushed) in latest {
        match pushed.withdraw {
            true => found.withdrawn.extend(names(pushed)),
            false => found.offers.push(offer(pushed, &place, at)),
        }
    }
    Ok(found)
}

/// By its name the article was placed; by its address a feed may have told of it too.
fn names(withdrawn: Pushed) -> impl Iterator<Item = String> {
    let Pushed { id, url, .. } = withdrawn;
    let address = url.filter(|url| *url != id);
    [id].into_iter().chain(address)
}

fn read(place: &Path) -> Result<(Timestamp, Pushed), PushError> {
    let json = files::read(place, LIMITS.pushed_bytes)?;
    Ok((files::modified(place)?, Pushed::parse(&json)?))
}

fn offer(pushed: Pushed, place: &Path, at: Timestamp) -> Offer {
    let base = pushed.base();
    let address = |name: &str| base.join(name).ok();
    let mut images: HashMap<Url, Stored> = HashMap::new();
    for image in &pushed.images {
        let stored = match &image.file {
            Some(file) => Stored::File(file.clone()),
            None => Stored::Inside(image.name.clone()),
        };
        images.extend(address(&image.name).map(|url| (url, stored)));
    }
    let lead = pushed.lead.as_ref();
    let caption = lead.and_then(|lead| {
        let mut images = pushed.images.iter();
        images.find(|image| image.name == *lead)?.caption.clone()
    });
    let date = |text: &Option<String>| text.as_deref().and_then(parse_date);
    let told = Entry {
        id: pushed.id.clone(),
        link: (!shelf::is_on_shelf(&base)).then(|| base.clone()),
        published: date(&pushed.published),
        updated: date(&pushed.updated),
        picture: pushed.lead,
        caption,
        title: pushed.title,
        byline: pushed.byline,
        language: pushed.language,
        section: pushed.section,
        content: pushed.html,
        summary: pushed.summary,
        seen: Some(at),
    };
    let article = Article {
        place: place.to_path_buf(),
        images,
    };
    Offer {
        shelf: Some(Arc::new(article)),
        ..Offer::new(pushed.id, Page::Told(base), told)
    }
}

/// The pictures of one article.
#[derive(Debug)]
struct Article {
    place: PathBuf,
    images: HashMap<Url, Stored>,
}

#[derive(Debug)]
enum Stored {
    /// Beside the article's file.
    File(String),
    /// In the article's file, under this name.
    Inside(String),
}

impl Shelf for Article {
    fn read(&self, url: &Url) -> Option<Result<Held, ShelfError>> {
        match self.images.get(url) {
            Some(stored) => Some(self.picture(stored).map(Held::of)),
            None => shelf::is_on_shelf(url).then_some(Err(ShelfError::Absent)),
        }
    }
}

impl Article {
    fn picture(&self, stored: &Stored) -> Result<Vec<u8>, ShelfError> {
        match stored {
            Stored::File(name) => {
                // A name that leads elsewhere is none.
                let is_plain = Path::new(name)
                    .file_name()
                    .is_some_and(|file| file == &**name);
                let folder = self.place.parent().filter(|_| is_plain);
                let place = folder.ok_or(ShelfError::Absent)?.join(name);
                match files::is_plain_file(&place) {
                    true => Ok(files::read(&place, LIMITS.fetched_bytes)?),
                    false => Err(ShelfError::Absent),
                }
            }
            Stored::Inside(name) => {
                let json = files::read(&self.place, LIMITS.pushed_bytes)?;
                let damaged = |why: Refused| ShelfError::Damaged(why.to_string());
                let pushed = Pushed::parse(&json).map_err(damaged)?;
                let image = pushed.images.iter().find(|image| image.name == *name);
                let image = image.ok_or(ShelfError::Absent)?;
                let bytes = picture(image, &HashMap::new()).map_err(damaged)?;
                Ok(bytes.to_vec())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::super::tests::found as found_in;
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR";

    fn article() -> Pushed {
        let image = Image {
            name: "1.png".into(),
            caption: Some("The ferry".into()),
            base64: Some(STANDARD.encode(PNG)),
            file: None,
        };
        Pushed {
            id: "https://n.example/river".into(),
            title: Some("The river".into()),
            html: Some("<p>Text <img src='1.png'>".into()),
            published: Some("2026-11-20T10:00:00+03:00".into()),
            language: Some("be".into()),
            section: Some("Society".into()),
            lead: Some("1.png".into()),
            images: vec![image],
            ..Pushed::default()
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let listed = files::list(folder).unwrap();
        listed
            .iter()
            .map(|below| below.display().to_string())
            .collect()
    }

    fn push(folder: &Path, pushed: Pushed) -> Taken {
        take(folder, pushed, &HashMap::new()).unwrap()
    }

    async fn offers(folder: &Path) -> (Vec<Offer>, Vec<Skipped>) {
        let (offers, skipped) = found_in(&Source::Inbox(folder.into())).await;
        (offers.unwrap(), skipped)
    }

    #[tokio::test]
    async fn a_pushed_article_is_offered_with_its_pictures() {
        let inbox = tempfile::tempdir().unwrap();
        assert_eq!(push(inbox.path(), article()), Taken::New);
        let (offers, skipped) = offers(inbox.path()).await;
        assert!(skipped.is_empty());
        let offer = &offers[0];
        assert_eq!(offer.id, "https://n.example/river");
        assert!(matches!(&offer.page, Page::Told(url) if url.as_str() == offer.id));
        assert_eq!(offer.told.section.as_deref(), Some("Society"));
        assert_eq!(offer.told.caption.as_deref(), Some("The ferry"));
        assert_eq!(offer.told.picture.as_deref(), Some("1.png"));
        let picture = Url::parse("https://n.example/1.png").unwrap();
        let shelf = offer.shelf.as_ref().unwrap();
        assert_eq!(&shelf.read(&picture).unwrap().unwrap().bytes[..], PNG);
        let other = Url::parse("https://n.example/2.png").unwrap();
        assert!(shelf.read(&other).is_none(), "to be fetched");
    }

    #[tokio::test]
    async fn what_is_pushed_again_is_replaced_and_what_is_withdrawn_goes_with_its_pictures() {
        let inbox = tempfile::tempdir().unwrap();
        push(inbox.path(), article());
        assert_eq!(names(inbox.path()).len(), 2);
        let mut second = article();
        second.title = Some("The river, again".into());
        second.images[0].base64 = Some(STANDARD.encode([PNG, b"x"].concat()));
        assert_eq!(push(inbox.path(), second), Taken::Replaced);
        assert_eq!(names(inbox.path()).len(), 2);
        let (found, _) = offers(inbox.path()).await;
        assert_eq!(found[0].told.title.as_deref(), Some("The river, again"));
        let withdrawal = Pushed {
            withdraw: true,
            ..article()
        };
        assert_eq!(push(inbox.path(), withdrawal), Taken::Withdrawn);
        assert_eq!(names(inbox.path()).len(), 1, "no picture");
        let left = files::read(&inbox.path().join(&names(inbox.path())[0]), 1000).unwrap();
        assert!(!String::from_utf8(left).unwrap().contains("Text"));
        let found = super::found(inbox.path(), &mut Vec::new()).unwrap();
        assert!(found.offers.is_empty());
        assert_eq!(found.withdrawn, ["https://n.example/river"]);
    }

    #[tokio::test]
    async fn another_program_may_put_files_there() {
        let inbox = tempfile::tempdir().unwrap();
        let lay = |name: &str, text: &str| {
            files::write(&inbox.path().join(name), text.as_bytes()).unwrap();
        };
        lay("any name.json", &serde_json::to_string(&article()).unwrap());
        files::write(&inbox.path().join("photo.png"), PNG).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", inbox.path().join("link.png")).unwrap();
        lay(
            "two.json",
            r#"{"id":"two","title":"Two","html":"<p>x","images":[{"name":"a.png","file":"photo.png"},
            {"name":"b.png","file":"../../etc/passwd"},{"name":"c.png","file":"link.png"},{"name":"d.png","file":"/etc/passwd"}]}"#,
        );
        lay("half.json", r#"{"id":"half","title":"#);
        lay("odd.json", r#"{"id":"odd","tilte":"x"}"#);
        lay("notes.txt", "x");
        let (offers, mut skipped) = offers(inbox.path()).await;
        assert_eq!(offers.len(), 2);
        skipped.sort_by(|a, b| a.what.cmp(&b.what));
        assert_eq!(skipped[0].what, "half.json");
        assert!(skipped[1].why.contains("tilte"), "{skipped:?}");
        let inside = offers.iter().find(|offer| offer.id != "two").unwrap();
        let picture = Url::parse("https://n.example/1.png").unwrap();
        let held = inside.shelf.as_ref().unwrap().read(&picture);
        assert_eq!(&held.unwrap().unwrap().bytes[..], PNG);
        let two = offers.iter().find(|offer| offer.id == "two").unwrap();
        let Page::Told(base) = &two.page else {
            panic!("not told");
        };
        assert!(shelf::is_on_shelf(base));
        let read = |name: &str| {
            let held = two.shelf.as_ref().unwrap().read(&base.join(name).unwrap());
            held.unwrap().map(|held| held.bytes)
        };
        assert_eq!(&read("a.png").unwrap()[..], PNG);
        for name in ["b.png", "c.png", "d.png", "e.png"] {
            assert!(matches!(read(name), Err(ShelfError::Absent)), "{name}");
        }
    }

    #[test]
    fn what_is_wrong_with_an_article_is_said() {
        let inbox = tempfile::tempdir().unwrap();
        let check = |change: fn(&mut Pushed), says: &str| {
            let mut pushed = article();
            change(&mut pushed);
            let beside = HashMap::from([("2.png".to_owned(), Bytes::from_static(PNG))]);
            let beside = match says.contains("is called") {
                true => beside,
                false => HashMap::new(),
            };
            let refused = take(inbox.path(), pushed, &beside).unwrap_err();
            assert!(refused.to_string().contains(says), "{refused}");
        };
        check(|p| p.id = " ".into(), "`id`");
        check(|p| p.title = None, "`title`");
        check(|p| p.html = Some("\n".into()), "`html`");
        check(|p| p.published = Some("soon".into()), "`published`");
        check(|p| p.url = Some("javascript:x".into()), "`url`");
        check(|p| p.language = Some("!".into()), "`language`");
        check(|p| p.lead = Some("2.png".into()), "`lead`");
        check(|p| p.images[0].base64 = Some("§".into()), "`base64`");
        check(
            |p| p.images[0].base64 = Some("aGVsbG8=".into()),
            "no picture",
        );
        check(|p| p.images[0].base64 = None, "comes not once");
        check(
            |p| {
                p.images[0].base64 = None;
                p.images[0].file = Some("x".into());
            },
            "names a file",
        );
        check(|p| p.images.push(p.images[0].clone()), "name of its own");
        check(|_| {}, "is called `2.png`");
        assert!(names(inbox.path()).is_empty(), "nothing was written");
    }

    proptest::proptest! {
        #[test]
        fn any_push_is_taken_or_refused(bytes: Vec<u8>, id: String, name: String, data: String) {
            let _ = Pushed::parse(&bytes);
            let inbox = tempfile::tempdir().unwrap();
            let image = Image { name, base64: Some(data), ..Image::default() };
            let pushed = Pushed { id, images: vec![image], ..article() };
            let _ = take(inbox.path(), pushed, &HashMap::new());
            found(inbox.path(), &mut Vec::new()).unwrap();
        }
    }
}
