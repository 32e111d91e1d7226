//! What a newsroom's feeds told of once. A feed names only its last articles; what it forgets stays in the site.
//!
//! The file `archive/ID.jsonl` has one line of JSON for each article that came from a feed, in the order of their
//! places. Pages in a folder are not in it: they lie in the folder as long as they are wanted.
//!
//! 1. Articles that were gathered now replace what was kept of them.
//! 2. Withdrawn ones lose everything but their names, which stay so that no feed can bring them back unnoticed.
//! 3. Pictures are those gathered now; of older articles, those of the edition before with the digest that was noted.
//! 4. Every article, new or kept, is shown by what a line holds of it. So its page has the same bytes on the day it
//!    comes and years after its feed forgot it, and no link leads to an article that is gone.
//!
//! The text was cleaned before it was kept, and is cleaned again in step 4: a file on a disk is not trusted either.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use url::Url;

use super::links::{self, Inside};
use super::pictures::Encoded;
use super::withdrawn::Withdrawn;
use super::{Gathered, LostPicture};
use crate::base::{Digest, SitePath, Timestamp};
use crate::edition::VerifiedEdition;
use crate::io::files::{self, FileError};
use crate::site::{self, Article, Language, Link, NewsroomId, Picture, Resolve};

/// Some hundred thousand articles.
const ARCHIVE_BYTES: u64 = 1 << 30;

/// What is kept of one newsroom's feeds.
#[derive(Debug)]
pub struct Archive {
    place: PathBuf,
    /// Of the file as it lies on the disk; `None` if nothing is there.
    written: Option<Digest>,
    /// By [`key`].
    lines: BTreeMap<String, Line>,
}

#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("`{place}` is damaged in line {line}: {why}")]
    Damaged {
        place: PathBuf,
        /// Counted from 1.
        line: usize,
        why: String,
    },
}

impl ArchiveError {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::Damaged { line, .. } => Some(format!(
                "put the file back from a copy of this folder; or remove line {line}: its article then goes from the \
                 site, unless its feed still names it"
            )),
        }
    }
}

/// Everything that a newsroom shows.
#[derive(Debug, Default)]
pub struct Stock {
    pub articles: Vec<Article>,
    /// Pictures that were gathered now.
    pub pictures: Vec<(SitePath, Encoded)>,
    /// Pictures that stay as they are in the edition before.
    pub kept_pictures: BTreeSet<SitePath>,
    /// How many of the articles were not gathered now.
    pub kept_articles: usize,
    /// Pictures of kept articles that are nowhere any more.
    pub lost_pictures: Vec<LostPicture>,
    /// What was withdrawn, but fits no article, gathered or kept.
    pub unknown: Vec<Withdrawn>,
}

// ---- the file

/// An article as it is written. Its own type, so that inner ones can change without breaking anybody's file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    path: SitePath,
    /// What its source calls it.
    id: String,
    /// Address of the original, which may be another by now.
    source: Option<String>,
    /// Absent if it was withdrawn.
    story: Option<Story>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    title: String,
    byline: Option<String>,
    published: Moment,
    updated: Option<Moment>,
    language: Tongue,
    summary: String,
    lead: Option<Lead>,
    pictures: Vec<Shown>,
    /// HTML with addresses relative to the article's place.
    body: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lead {
    path: SitePath,
    alt: String,
    caption: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    path: SitePath,
    /// In pixels.
    width: u32,
    height: u32,
    sha256: Sha256,
}

/// RFC 3339.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Moment(Timestamp);

/// BCP 47.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Tongue(Language);

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Sha256(Digest);

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parsed = text.parse().map(Self);
        parsed.map_err(|_| format!("`{text}` is no moment"))
    }
}

impl TryFrom<String> for Tongue {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parsed = Language::parse(&text).map(Self);
        parsed.ok_or_else(|| format!("`{text}` is no language"))
    }
}

impl TryFrom<String> for Sha256 {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error| format!("{error}"))
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.0.to_string()
    }
}

impl From<Tongue> for String {
    fn from(tongue: Tongue) -> Self {
        tongue.0.to_string()
    }
}

impl From<Sha256> for String {
    fn from(digest: Sha256) -> Self {
        digest.0.to_string()
    }
}

impl Archive {
    /// Reads the archive of `newsroom` at `place`; an empty one if nothing is there.
    pub fn read(place: PathBuf, newsroom: &NewsroomId) -> Result<Self, ArchiveError> {
        let written = match files::read(&place, ARCHIVE_BYTES) {
            Ok(bytes) => Some(bytes),
            Err(FileError::NotFound(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let mut archive = Self {
            place,
            written: None,
            lines: BTreeMap::new(),
        };
        if let Some(bytes) = written {
            archive.fill(&bytes, newsroom)?;
            archive.written = Some(Digest::of(&bytes));
        }
        Ok(archive)
    }

    fn fill(&mut self, bytes: &[u8], newsroom: &NewsroomId) -> Result<(), ArchiveError> {
        let mut places = BTreeSet::new();
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let lines = bytes.split(|byte| *byte == b'\n').enumerate();
        for (index, text) in lines.filter(|_| !bytes.is_empty()) {
            let damaged = |why: String| ArchiveError::Damaged {
                place: self.place.clone(),
                line: index + 1,
                why,
            };
            let line: Line =
                serde_json::from_slice(text).map_err(|error| damaged(error.to_string()))?;
            if !line.is_of(newsroom) {
                return Err(damaged(format!(
                    "`{}` is no place of an article of `{newsroom}` with its date",
                    line.path
                )));
            }
            let key = key(&line.id);
            if self.lines.contains_key(&key) || !places.insert(line.path.clone()) {
                return Err(damaged(format!("`{}` stands there twice", line.path)));
            }
            self.lines.insert(key, line);
        }
        Ok(())
    }

    /// Puts the file in place, unless it lies there already.
    pub fn write(&self) -> Result<(), ArchiveError> {
        let text = self.text();
        let is_needless = match self.written {
            Some(written) => written == Digest::of(text.as_bytes()),
            None => text.is_empty(),
        };
        if is_needless {
            return Ok(());
        }
        if let Some(folder) = self.place.parent() {
            files::create_folder(folder)?;
        }
        Ok(files::write(&self.place, text.as_bytes())?)
    }

    fn text(&self) -> String {
        let mut lines: Vec<&Line> = self.lines.values().collect();
        lines.sort_by(|a, b| a.path.cmp(&b.path));
        let lines = lines.into_iter().map(|line| {
            serde_json::to_string(line).expect("texts and numbers can always be written") + "\n"
        });
        lines.collect()
    }

    /// Whether anything was ever kept here. If not, nobody knows what the feeds told of before.
    pub fn is_there(&self) -> bool {
        self.written.is_some()
    }
}

impl Line {
    fn is_of(&self, newsroom: &NewsroomId) -> bool {
        let Some(story) = &self.story else {
            let room = self.path.as_str().split('/').next();
            return room == Some(newsroom.as_str());
        };
        let slug = self.path.as_str().rsplit('/').nth(1).unwrap_or_default();
        Article::place(newsroom, story.published.0, slug).as_ref() == Some(&self.path)
    }

    fn of(article: &Article, id: Option<&String>, pictures: &[(SitePath, Encoded)]) -> Self {
        let path = article.path.clone();
        let folder = path.as_str().strip_suffix("index.html").unwrap_or_default();
        let own = pictures
            .iter()
            .filter(|(place, _)| place.as_str().starts_with(folder));
        let id = id.or(article.source.as_ref());
        Self {
            id: id.cloned().unwrap_or_else(|| path.to_string()),
            source: article.source.clone(),
            story: Some(Story {
                title: article.title.clone(),
                byline: article.byline.clone(),
                published: Moment(article.published),
                updated: article.updated.map(Moment),
                language: Tongue(article.language.clone()),
                summary: article.summary.clone(),
                lead: article.lead.as_ref().map(Lead::of),
                pictures: own.map(Shown::of).collect(),
                body: article.body.as_str().to_owned(),
            }),
            path,
        }
    }
}

impl Lead {
    fn of(picture: &Picture) -> Self {
        Self {
            path: picture.path.clone(),
            alt: picture.alt.clone(),
            caption: picture.caption.clone(),
        }
    }
}

impl Shown {
    fn of((path, encoded): &(SitePath, Encoded)) -> Self {
        Self {
            path: path.clone(),
            width: encoded.width,
            height: encoded.height,
            sha256: Sha256(Digest::of(&encoded.webp)),
        }
    }

    fn picture(&self) -> Picture {
        Picture {
            path: self.path.clone(),
            width: self.width,
            height: self.height,
            alt: String::new(),
            caption: None,
        }
    }
}

// ---- what gathering asks

/// Feeds change the spelling of an address, from `http` to `https` or by what a campaign appends, and mean the same
/// article.
fn key(id: &str) -> String {
    match Url::parse(id) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => links::key(&url),
        _ => id.to_owned(),
    }
}

impl Archive {
    /// What the source called the article when it first told of it: by that it is placed.
    pub(super) fn first_id(&self, id: &str) -> Option<&str> {
        Some(&self.lines.get(&key(id))?.id)
    }

    /// What an article was called that had this title and this very moment, other than those `now` called by their ids:
    /// the site of a newsroom moves when it is blocked, and then all its addresses are new.
    pub(super) fn moved(
        &self,
        title: &str,
        published: Timestamp,
        now: &BTreeSet<String>,
    ) -> Option<&str> {
        let is_it = |line: &&Line| {
            line.story
                .as_ref()
                .is_some_and(|story| story.title == title && story.published.0 == published)
        };
        let found = self.lines.values().filter(is_it);
        found.map(|line| &*line.id).find(|id| !now.contains(*id))
    }

    /// The article that its source calls `id`, unless it was withdrawn.
    pub(super) fn holds(&self, id: &str) -> bool {
        self.story(id).is_some()
    }

    fn story(&self, id: &str) -> Option<&Story> {
        self.lines.get(&key(id))?.story.as_ref()
    }

    /// The date under which the article was shown before.
    pub(super) fn published(&self, id: &str) -> Option<Timestamp> {
        self.story(id).map(|story| story.published.0)
    }

    /// Whether another article than `id` lies at `path`.
    pub(super) fn is_taken(&self, path: &SitePath, id: &str) -> bool {
        let mut others = self.lines.values().filter(|line| line.story.is_some());
        others.any(|line| line.path == *path && line.id != id)
    }

    /// Where articles lie, by the address of the original.
    pub(super) fn addresses(&self) -> impl Iterator<Item = (Url, &SitePath)> {
        let shown = self.lines.values().filter(|line| line.story.is_some());
        shown.flat_map(|line| line.addresses().map(|url| (url, &line.path)))
    }
}

impl Line {
    /// The addresses of the original. An article that has none names its feed as its source; that one is not its own.
    fn addresses(&self) -> impl Iterator<Item = Url> {
        let first = Url::parse(&self.id).ok();
        let now = self.source.as_ref().filter(|_| first.is_some());
        let now = now.and_then(|source| Url::parse(source).ok());
        first.into_iter().chain(now)
    }

    fn is_meant_by(&self, withdrawn: &Withdrawn) -> bool {
        withdrawn.means(&self.path, self.addresses())
    }
}

// ---- from what was gathered and what was kept to what is shown

impl Archive {
    /// Takes up what was gathered, and gives everything that the newsroom shows. Nothing is written yet.
    pub fn stock(
        &mut self,
        gathered: Gathered,
        withdrawn: &[Withdrawn],
        previous: Option<&VerifiedEdition>,
    ) -> Stock {
        // Step 1.
        let mut from_folders = Vec::new();
        for article in &gathered.articles {
            let id = gathered.fleeting.get(&article.path);
            let line = Line::of(article, id, &gathered.pictures);
            match id {
                Some(id) => drop(self.lines.insert(key(id), line)),
                None => from_folders.push(line),
            }
        }
        // Step 2.
        let mut stock = Stock {
            unknown: self.withdraw(withdrawn, &mut from_folders),
            ..Stock::default()
        };
        // Step 3.
        let fresh: BTreeSet<&SitePath> = gathered.pictures.iter().map(|(path, _)| path).collect();
        for line in self.lines.values_mut() {
            line.keep_pictures(&fresh, previous, &mut stock);
        }
        // Step 4.
        let lines = self.lines.values().chain(&from_folders);
        let mut shown: Vec<&Line> = lines.filter(|line| line.story.is_some()).collect();
        shown.sort_by(|a, b| a.path.cmp(&b.path));
        stock.articles = articles(&shown);
        let gathered_now: BTreeSet<&SitePath> = gathered
            .articles
            .iter()
            .map(|article| &article.path)
            .collect();
        let kept = shown
            .iter()
            .filter(|line| !gathered_now.contains(&line.path));
        stock.kept_articles = kept.count();
        let pictures: BTreeSet<&SitePath> = shown
            .iter()
            .flat_map(|line| line.pictures())
            .map(|picture| &picture.path)
            .collect();
        stock.pictures = gathered
            .pictures
            .into_iter()
            .filter(|(path, _)| pictures.contains(path))
            .collect();
        stock
    }

    /// Gives those that fit nothing.
    fn withdraw(&mut self, withdrawn: &[Withdrawn], others: &mut Vec<Line>) -> Vec<Withdrawn> {
        let is_meant = |line: &Line| withdrawn.iter().any(|one| line.is_meant_by(one));
        let known = |one: &&Withdrawn| {
            let mut lines = self.lines.values().chain(&*others);
            lines.any(|line| line.is_meant_by(one))
        };
        let unknown = withdrawn
            .iter()
            .filter(|one| !known(one))
            .cloned()
            .collect();
        others.retain(|line| !is_meant(line));
        for line in self.lines.values_mut().filter(|line| is_meant(line)) {
            line.story = None;
        }
        self.lines
            .retain(|_, line| line.story.is_some() || is_meant(line));
        unknown
    }
}

impl Line {
    fn pictures(&self) -> &[Shown] {
        self.story.as_ref().map_or(&[], |story| &story.pictures)
    }

    /// Lets go of pictures that are neither among the `fresh` ones nor in the edition before.
    fn keep_pictures(
        &mut self,
        fresh: &BTreeSet<&SitePath>,
        previous: Option<&VerifiedEdition>,
        stock: &mut Stock,
    ) {
        let Some(story) = &mut self.story else {
            return;
        };
        story.pictures.retain(|shown| {
            if fresh.contains(&shown.path) {
                return true;
            }
            let before = previous.and_then(|previous| previous.file(&shown.path));
            let is_there = before.is_some_and(|entry| entry.digest == shown.sha256.0);
            if is_there {
                stock.kept_pictures.insert(shown.path.clone());
            } else {
                stock.lost_pictures.push(LostPicture {
                    article: self.path.to_string(),
                    picture: shown.path.to_string(),
                    why: "its feed has forgotten it, and it is not in the last edition".into(),
                });
            }
            is_there
        });
    }

    fn article(&self, shelf: &Shelf<'_>) -> Option<Article> {
        let story = self.story.as_ref()?;
        let newsroom = self.path.as_str().split('/').next()?;
        let page = Page {
            shelf,
            address: address_of(&self.path)?,
            pictures: &story.pictures,
        };
        let lead = story.lead.as_ref().and_then(|lead| {
            Some(Picture {
                alt: lead.alt.clone(),
                caption: lead.caption.clone(),
                ..page.picture_at(&lead.path)?
            })
        });
        Some(Article {
            newsroom: newsroom.parse().ok()?,
            path: self.path.clone(),
            title: story.title.clone(),
            byline: story.byline.clone(),
            published: story.published.0,
            updated: story.updated.map(|moment| moment.0),
            language: story.language.0.clone(),
            summary: story.summary.clone(),
            lead,
            body: site::clean(&story.body, &self.path, &page),
            source: self.source.clone(),
        })
    }
}

fn articles(shown: &[&Line]) -> Vec<Article> {
    let mut shelf = Shelf::default();
    for line in shown {
        shelf.places.insert(&line.path);
        for url in line.addresses() {
            shelf.inside.add(&url, &line.path);
        }
    }
    shown
        .iter()
        .filter_map(|line| line.article(&shelf))
        .collect()
}

/// Where the articles lie that are shown.
#[derive(Default)]
struct Shelf<'a> {
    places: BTreeSet<&'a SitePath>,
    inside: Inside,
}

/// Answers for the body of one article as it was kept.
struct Page<'a> {
    shelf: &'a Shelf<'a>,
    address: Url,
    pictures: &'a [Shown],
}

impl Page<'_> {
    /// The file of the site that a relative reference means.
    fn file(&self, reference: &str) -> Option<SitePath> {
        let url = self.address.join(reference).ok()?;
        let path = percent_encoding::percent_decode_str(url.path().trim_start_matches('/'));
        SitePath::parse(&path.decode_utf8().ok()?).ok()
    }

    fn picture_at(&self, path: &SitePath) -> Option<Picture> {
        let shown = self.pictures.iter().find(|shown| shown.path == *path)?;
        Some(shown.picture())
    }
}

impl Resolve for Page<'_> {
    fn link(&self, href: &str) -> Link {
        if let Ok(url) = Url::parse(href) {
            let inside = self.shelf.inside.page(&url).cloned();
            return inside.map_or_else(|| Link::Outside(href.to_owned()), Link::Inside);
        }
        match self.file(href) {
            Some(path) if self.shelf.places.contains(&path) => Link::Inside(path),
            _ => Link::Drop,
        }
    }

    fn picture(&self, src: &str) -> Option<Picture> {
        self.picture_at(&self.file(src)?)
    }
}

/// Stands for the site in addresses, so that relative ones can be resolved. Reserved by RFC 2606, so no host has it.
fn address_of(path: &SitePath) -> Option<Url> {
    let mut url = Url::parse("http://site.invalid/").ok()?;
    let segments = path.as_str().split('/');
    url.path_segments_mut().ok()?.clear().extend(segments);
    Some(url)
}

#[cfg(test)]
mod tests {
    use crate::site::{About, Newsroom, SiteIdentity};

    use super::super::fetching::tests::Web;
    use super::super::{Options, Source, gather};
    use super::*;

    fn id() -> NewsroomId {
        "fa".parse().unwrap()
    }

    fn path(text: &str) -> SitePath {
        SitePath::parse(text).unwrap()
    }

    fn empty() -> Archive {
        Archive::read("/nowhere/fa.jsonl".into(), &id()).unwrap()
    }

    /// As if it had been written and read.
    fn reread(archive: &Archive) -> Archive {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("archive/fa.jsonl");
        let text = archive.text();
        Archive {
            place: place.clone(),
            written: None,
            lines: archive.lines.clone(),
        }
        .write()
        .unwrap();
        let read = Archive::read(place, &id()).unwrap();
        assert_eq!(read.text(), text);
        read
    }

    struct World;

    impl Resolve for World {
        fn link(&self, href: &str) -> Link {
            match href.strip_prefix("own-") {
                Some(slug) => Link::Inside(path(&format!("fa/2026/11/{slug}/index.html"))),
                None => Link::Outside(href.to_owned()),
            }
        }

        fn picture(&self, src: &str) -> Option<Picture> {
            src.ends_with(".jpg").then(|| Picture {
                path: path("fa/2026/11/bazar/1.webp"),
                width: 640,
                height: 480,
                alt: "A \"market\"".into(),
                caption: src.contains("captioned").then(|| "By <night>".into()),
            })
        }
    }

    fn article(slug: &str, html: &str) -> Article {
        let path = path(&format!("fa/2026/11/{slug}/index.html"));
        Article {
            newsroom: id(),
            title: format!("<{slug}> \u{2028}\n\"&"),
            byline: Some("س".into()),
            published: "2026-11-20T10:00:00.25Z".parse().unwrap(),
            updated: Some("2026-11-21T10:00:00Z".parse().unwrap()),
            language: Language::parse("fa-AF").unwrap(),
            summary: "A summary of its own".into(),
            lead: World.picture("captioned.jpg").filter(|_| slug == "bazar"),
            body: site::clean(html, &path, &World),
            source: Some(format!("https://n.example/{slug}")),
            path,
        }
    }

    fn told(articles: &[(&str, &str)]) -> Gathered {
        let articles: Vec<Article> = articles.iter().map(|(s, h)| article(s, h)).collect();
        let named = |a: &Article| (a.path.clone(), a.source.clone().unwrap());
        Gathered {
            fleeting: articles.iter().map(named).collect(),
            articles,
            pictures: vec![(
                path("fa/2026/11/bazar/1.webp"),
                Encoded {
                    webp: b"webp".to_vec(),
                    width: 640,
                    height: 480,
                },
            )],
            ..Gathered::default()
        }
    }

    fn pages(articles: &[Article]) -> Vec<(SitePath, Vec<u8>)> {
        let language = Language::parse("fa").unwrap();
        let site = SiteIdentity {
            name: "Post".into(),
            language: language.clone(),
        };
        let newsroom = Newsroom {
            id: id(),
            name: "Post".into(),
            tagline: String::new(),
            language,
        };
        site::render(&site, &[newsroom], articles, &About::default())
    }

    fn text_of(stock: &Stock, slug: &str) -> String {
        let found = stock
            .articles
            .iter()
            .find(|a| a.path.as_str().contains(slug));
        found.map_or_else(String::new, |article| article.body.as_str().to_owned())
    }

    const BODY: &str = "<p dir=rtl>متن <a href=own-ruz>in</a> <a href='https://e.org/?a=1&amp;b'>out</a> \
        <a href=mailto:a@e.org>mail</a></p><img src=captioned.jpg><figure><img src=x.jpg alt=''>\
        <figcaption>c</figcaption></figure><p>end";

    /// All pages with `told`, fresh and then kept only; pictures as if the edition before held them.
    fn fresh_and_kept(html: &str) -> [Vec<(SitePath, Vec<u8>)>; 2] {
        let mut archive = empty();
        let both = [("bazar", html), ("ruz", "<p>other")];
        let fresh = archive.stock(told(&both), &[], None);
        assert_eq!((fresh.articles.len(), fresh.kept_articles), (2, 0));
        let mut archive = reread(&archive);
        let pictures = told(&[]).pictures;
        let forgotten = Gathered {
            pictures,
            ..Gathered::default()
        };
        let kept = archive.stock(forgotten, &[], None);
        assert_eq!((kept.articles.len(), kept.kept_articles), (2, 2));
        [pages(&fresh.articles), pages(&kept.articles)]
    }

    #[test]
    fn a_page_has_the_same_bytes_fresh_and_kept() {
        let [fresh, kept] = fresh_and_kept(BODY);
        assert_eq!(fresh, kept);
        let page = fresh.iter().find(|(p, _)| p.as_str().contains("bazar/"));
        let html = String::from_utf8(page.unwrap().1.clone()).unwrap();
        for part in [
            "<a href=\"../ruz/index.html\">in</a>",
            "<a href=\"https://e.org/?a=1&amp;b\" rel=",
            "<a href=\"mailto:a@e.org\"",
            "<img src=\"1.webp\" width=\"640\" height=\"480\" alt=\"A &quot;market&quot;\"",
            "By &lt;night&gt;",
            "dir=\"rtl\"",
            "A summary of its own",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_page_has_the_same_bytes_fresh_and_kept(
            soup in "(<|</|>|\"| |=|a|img|p|figure|h1|h2|li|marquee|table|td|href|src|own-ruz|x.jpg|captioned.jpg|//e.org|https:){0,40}"
        ) {
            let [fresh, kept] = fresh_and_kept(&soup);
            proptest::prop_assert_eq!(fresh, kept);
        }
    }

    #[test]
    fn the_same_again_gives_the_same_file() {
        let mut archive = empty();
        archive.stock(told(&[("bazar", BODY), ("ruz", "<p>x")]), &[], None);
        let mut again = reread(&archive);
        again.stock(told(&[("ruz", "<p>x"), ("bazar", BODY)]), &[], None);
        assert_eq!(again.written, Some(Digest::of(again.text().as_bytes())));
    }

    #[test]
    fn what_is_gathered_replaces_what_was_kept() {
        let mut archive = empty();
        archive.stock(told(&[("bazar", "<p>old")]), &[], None);
        let mut moved = told(&[("bazar", "<p>new")]);
        // Its feed gave it another date, and so another place.
        let place = path("fa/2026/10/bazar/index.html");
        moved.articles[0].path = place.clone();
        moved.fleeting = BTreeMap::from([(place, "https://n.example/bazar".into())]);
        let stock = archive.stock(moved, &[], None);
        assert_eq!(stock.articles.len(), 1);
        assert_eq!(text_of(&stock, "2026/10/bazar"), "<p>new</p>");
    }

    #[test]
    fn a_withdrawn_article_leaves_only_its_names() {
        let withdrawn = [Withdrawn::parse("https://n.example/ruz").unwrap()];
        let mut archive = empty();
        archive.stock(told(&[("bazar", BODY), ("ruz", "<p>secret")]), &[], None);
        let mut archive = reread(&archive);
        let stock = archive.stock(Gathered::default(), &withdrawn, None);
        assert!(stock.unknown.is_empty());
        assert_eq!(stock.articles.len(), 1);
        let body = text_of(&stock, "bazar");
        assert!(body.contains("<span>in</span>"), "{body}");
        assert!(!archive.text().contains("secret"), "{}", archive.text());

        // A feed that names it again does not bring it back, and it stays known.
        let mut archive = reread(&archive);
        let stock = archive.stock(told(&[("ruz", "<p>secret")]), &withdrawn, None);
        assert_eq!(stock.articles.len(), 1);
        let stock = archive.stock(Gathered::default(), &withdrawn, None);
        assert!(stock.unknown.is_empty());

        // Only when it is named no longer.
        let stock = archive.stock(Gathered::default(), &[], None);
        assert_eq!(stock.articles.len(), 1);
        let stock = archive.stock(Gathered::default(), &withdrawn, None);
        assert_eq!(stock.unknown, withdrawn);
    }

    #[test]
    fn a_picture_that_is_nowhere_is_left_out_and_named_once() {
        let mut archive = empty();
        archive.stock(told(&[("bazar", BODY)]), &[], None);
        let stock = archive.stock(Gathered::default(), &[], None);
        assert_eq!(stock.lost_pictures.len(), 1);
        assert!(stock.articles[0].lead.is_none());
        let body = text_of(&stock, "bazar");
        assert!(
            !body.contains("img") && body.contains("<p>end</p>"),
            "{body}"
        );
        let stock = archive.stock(Gathered::default(), &[], None);
        assert!(stock.lost_pictures.is_empty());
    }

    #[track_caller]
    fn check(text: &str, at: usize, says: &str) {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("fa.jsonl");
        files::write(&place, text.as_bytes()).unwrap();
        let error = Archive::read(place, &id()).unwrap_err();
        assert!(matches!(&error, ArchiveError::Damaged { line, .. } if *line == at));
        let message = error.to_string();
        assert!(message.contains("fa.jsonl`"), "{message}");
        assert!(message.contains(says), "{message}");
        assert!(error.hint().unwrap().contains(&format!("line {at}:")));
    }

    #[test]
    fn damage_is_named_with_its_line() {
        let mut archive = empty();
        archive.stock(told(&[("bazar", BODY), ("ruz", "<p>x")]), &[], None);
        let good = archive.text();
        let lines: Vec<&str> = good.lines().collect();
        let [first, second] = lines[..] else {
            panic!("two lines");
        };
        check(&good[..good.len() - 9], 2, "");
        check(&format!("{first}\n\n{second}\n"), 2, "");
        check(&format!("{good}{first}\n"), 3, "twice");
        check(
            &good.replacen("2026-11-20T", "2026-10-20T", 1),
            1,
            "its date",
        );
        check(&good.replacen("2026-11-20T", "x", 1), 1, "no moment");
        check(&good.replacen("\"fa-AF\"", "\"!\"", 1), 1, "no language");
        check(&good.replacen("\"title\"", "\"titel\"", 1), 1, "titel");
        check(&good.replace("fa/2026", "be/2026"), 1, "`fa`");
        check(
            &good.replacen("fa/2026/11/bazar/index", "fa/../x/y/index", 1),
            1,
            "elsewhere",
        );
        check(&good.replacen('س', "\u{1}", 1), 1, "control");
        check("\u{feff}", 1, "");
    }

    #[test]
    fn bytes_that_are_no_text_are_damage() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("fa.jsonl");
        files::write(&place, b"\n\xff\xfe\n").unwrap();
        assert!(Archive::read(place, &id()).is_err());
    }

    // ---- with gathering

    const SENTENCES: &str = "Several hundred people carrying flowers took to the streets on Monday evening. \
        The ministry promises to solve the problem by the end of the month, as it did before. \
        Rights groups consider the defendants to be political prisoners and ask for their release.";

    fn feed(items: &str) -> String {
        format!("<rss version='2.0'><channel>{items}</channel></rss>")
    }

    fn page(body: &str) -> String {
        format!(
            "<html><title>T</title><article><h1>T</h1>{body}<p>{SENTENCES}<p>{SENTENCES}</article>"
        )
    }

    async fn gathered(web: &Web, archive: &Archive, now: &str) -> Gathered {
        let newsroom = Newsroom {
            id: id(),
            name: "News".into(),
            tagline: String::new(),
            language: Language::parse("fa").unwrap(),
        };
        let sources = [Source::Feed(Url::parse("https://n.example/feed").unwrap())];
        let (options, now) = (Options::default(), now.parse().unwrap());
        gather(
            web,
            &newsroom,
            &sources,
            &options,
            now,
            archive,
            &mut |_| {},
        )
        .await
    }

    const ITEM_A: &str = "<item><title>A</title><link>https://n.example/a</link>\
        <description>Only a summary of what happened to people in the streets.</description></item>";
    const ITEM_B: &str = "<item><title>B</title><link>https://n.example/b</link></item>";

    #[tokio::test]
    async fn an_article_without_a_date_stays_where_it_was_first_seen() {
        let web = Web::default()
            .with("https://n.example/feed", "text/xml", feed(ITEM_A))
            .with("https://n.example/a", "text/html", page(""));
        let mut archive = empty();
        let first = gathered(&web, &archive, "2026-11-23T12:00:00Z").await;
        let first = archive.stock(first, &[], None);
        let later = gathered(&web, &archive, "2026-12-24T12:00:00Z").await;
        let later = archive.stock(later, &[], None);
        assert_eq!(first.articles.len(), 1);
        assert_eq!(pages(&first.articles), pages(&later.articles));
    }

    /// The one article of a feed whose site lies at `host`, after it lay at `https://n.example`.
    async fn found_again(host: &str) {
        let dated = page("").replace(
            "<title>",
            "<meta property='article:published_time' content='2026-11-20T10:00:00Z'><title>",
        );
        let item = |link: &str| feed(&ITEM_A.replace("https://n.example/a", link));
        let web = Web::default()
            .with("https://n.example/feed", "text/xml", feed(ITEM_A))
            .with("https://n.example/a", "text/html", dated.clone());
        let mut archive = empty();
        let now = "2026-11-23T12:00:00Z";
        let first = gathered(&web, &archive, now).await;
        let first = archive.stock(first, &[], None);
        let link = format!("{host}/a");
        let web = Web::default()
            .with("https://n.example/feed", "text/xml", item(&link))
            .with(&link, "text/html", dated);
        for _ in 0..2 {
            let again = gathered(&web, &archive, now).await;
            assert_eq!(again.articles.len(), 1, "{host}");
            let again = archive.stock(again, &[], None);
            assert_eq!(again.articles.len(), 1, "{host}");
            assert_eq!(again.articles[0].path, first.articles[0].path);
        }
        // It can be withdrawn by its old and its new address, also once the feed has forgotten it.
        for address in ["https://n.example/a", &link] {
            let mut archive = reread(&archive);
            let withdrawn = [Withdrawn::parse(address).unwrap()];
            for _ in 0..2 {
                let stock = archive.stock(Gathered::default(), &withdrawn, None);
                assert_eq!((stock.articles.len(), stock.unknown), (0, Vec::new()));
            }
        }
    }

    #[tokio::test]
    async fn an_article_whose_address_changes_is_not_shown_twice() {
        found_again("http://n.example").await;
        found_again("https://www.n.example").await;
        found_again("https://not-yet-blocked.example").await;
    }

    #[tokio::test]
    async fn a_page_behind_a_shield_is_shown_as_it_was() {
        let web = Web::default()
            .with("https://n.example/feed", "text/xml", feed(ITEM_A))
            .with("https://n.example/a", "text/html", page(""));
        let mut archive = empty();
        let first = gathered(&web, &archive, "2026-11-23T12:00:00Z").await;
        archive.stock(first, &[], None);
        let shielded = Web::default().with("https://n.example/feed", "text/xml", feed(ITEM_A));
        let second = gathered(&shielded, &archive, "2026-11-24T12:00:00Z").await;
        assert_eq!(second.stale.len(), 1);
        assert!(second.skipped.is_empty(), "{:?}", second.skipped);
        let stock = archive.stock(second, &[], None);
        assert!(text_of(&stock, "/a-").contains("political prisoners"));
    }

    #[tokio::test]
    async fn links_to_what_the_feed_forgot_stay_inside() {
        let b = page("<p>As <a href=/a>reported</a> before, and at length, by many.</p>");
        let web = Web::default()
            .with(
                "https://n.example/feed",
                "text/xml",
                feed(&[ITEM_A, ITEM_B].concat()),
            )
            .with("https://n.example/a", "text/html", page(""))
            .with("https://n.example/b", "text/html", b.clone());
        let mut archive = empty();
        let now = "2026-11-23T12:00:00Z";
        let first = gathered(&web, &archive, now).await;
        let first = archive.stock(first, &[], None);
        let web = Web::default()
            .with("https://n.example/feed", "text/xml", feed(ITEM_B))
            .with("https://n.example/b", "text/html", b);
        let second = gathered(&web, &archive, now).await;
        assert_eq!(second.articles.len(), 1);
        let second = archive.stock(second, &[], None);
        assert!(text_of(&second, "/b-").contains("href=\"../a-"));
        assert_eq!(pages(&first.articles), pages(&second.articles));
    }

    #[tokio::test]
    async fn a_new_article_cannot_take_the_place_of_another() {
        let web = Web::default()
            .with("https://n.example/feed", "text/xml", feed(ITEM_A))
            .with("https://n.example/a", "text/html", page(""));
        let mut archive = empty();
        let now = "2026-11-23T12:00:00Z";
        let place = gathered(&web, &archive, now).await.articles[0].path.clone();
        // Another article whose digest begins with the same digits.
        let mut other = told(&[("bazar", "<p>other")]);
        other.articles[0].path = place.clone();
        other.fleeting = BTreeMap::from([(place, "https://n.example/other".into())]);
        archive.stock(other, &[], None);
        let gathered = gathered(&web, &archive, now).await;
        assert!(gathered.articles.is_empty());
        assert!(gathered.skipped[0].why.contains("same address"));
        let stock = archive.stock(gathered, &[], None);
        assert_eq!(stock.articles[0].body.as_str(), "<p>other</p>");
    }
}
