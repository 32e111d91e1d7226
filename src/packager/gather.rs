//! Everything that sources offer, as articles of a site.
//!
//! 1. Ask every source what it offers; one that gives nothing is reported and the others go on.
//! 2. Read the pages, several at a time.
//! 3. Give each article its place; two sources of one article make one article.
//! 4. Fetch and encode the pictures of an article and clean its HTML, several articles at a time. At most one unpacked
//!    picture an encoder is in memory; what is kept is the encoded ones.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use futures_util::StreamExt;
use futures_util::stream;
use url::Url;

use super::archive::{self, Archive};
use super::draft::{self, Background, Draft};
use super::extract::Rulebook;
use super::fetching::Getter;
use super::links::{Inside, Known};
use super::pictures::Encoded;
use super::slug;
use super::source::{self, Offer, Page, Source, SourceError};
use super::studio::Studio;
use crate::base::{SitePath, Timestamp};
use crate::site::{self, Article, Newsroom};

#[derive(Debug, Clone)]
pub struct Options {
    /// Pages that are fetched or read at a time.
    pub pages_at_once: usize,
    /// Pictures that are encoded at a time: processors to use.
    pub encoders: usize,
    /// Pictures that one article may show; further ones are left out.
    pub pictures_per_article: usize,
    /// Where the parts of an article stand on the newsroom's pages.
    pub rules: Rulebook,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pages_at_once: 6,
            encoders: std::thread::available_parallelism().map_or(2, usize::from),
            pictures_per_article: 60,
            rules: Rulebook::default(),
        }
    }
}

/// What gathering brought.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Newest first.
    pub articles: Vec<Article>,
    /// WebP files, ascending by path.
    pub pictures: Vec<(SitePath, Encoded)>,
    /// Articles that a feed told of and may forget, and what it calls them.
    pub fleeting: BTreeMap<SitePath, String>,
    /// Pages that are not in the edition.
    pub skipped: Vec<Skipped>,
    /// Pictures that articles in the edition go without.
    pub lost_pictures: Vec<LostPicture>,
    /// Pages that the archive holds and that could not be read anew: they are shown as they were.
    pub stale: Vec<Skipped>,
    /// Articles that a source takes back, by their addresses or other names.
    pub withdrawn: Vec<String>,
    /// Sources that gave nothing at all.
    pub failed: Vec<Failed>,
}

/// A source that gave nothing at all, and why.
#[derive(Debug)]
pub struct Failed {
    pub source: Source,
    pub error: SourceError,
}

/// A page that is not in the edition. Both texts are for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    pub what: String,
    pub why: String,
}

/// A picture that an article goes without. All texts are for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostPicture {
    pub article: String,
    /// On the web, or below the folder that is the source.
    pub picture: String,
    pub why: String,
}

/// How far gathering has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Reading { done: usize, of: usize },
    Pictures { done: usize, of: usize },
}

/// Gathers the articles of one newsroom. `now` bounds dates that lie in the future and stands for missing ones.
///
/// What the `archive` holds is not among what is gathered, but links may lead to it; see [`Archive::stock`].
pub async fn gather(
    getter: &Getter<'_>,
    newsroom: &Newsroom,
    sources: &[Source],
    options: &Options,
    now: Timestamp,
    archive: &Archive,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Gathered {
    let mut gathered = Gathered::default();
    let offers = offers(sources, getter, &mut gathered).await;
    let background = Background {
        newsroom,
        archive,
        rules: &options.rules,
        now,
    };
    let drafts = drafts(offers, getter, background, options, &mut gathered, progress).await;
    let placed = placed(drafts, background, &mut gathered.skipped);
    finish(placed, getter, background, options, &mut gathered, progress).await;
    gathered
        .articles
        .sort_by(|a, b| (b.published, &a.path).cmp(&(a.published, &b.path)));
    gathered.pictures.sort_by(|a, b| a.0.cmp(&b.0));
    gathered
}

// Step 1.
async fn offers(sources: &[Source], getter: &Getter<'_>, gathered: &mut Gathered) -> Vec<Offer> {
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    for source in sources {
        match source::discover(source, getter, &mut gathered.skipped).await {
            Ok(found) => {
                gathered.withdrawn.extend(found.withdrawn);
                all.extend(
                    found
                        .offers
                        .into_iter()
                        .filter(|offer| seen.insert(archive::key(&offer.id))),
                );
            }
            Err(error) => gathered.failed.push(Failed {
                source: source.clone(),
                error,
            }),
        }
    }
    all
}

// Step 2.
async fn drafts(
    offers: Vec<Offer>,
    getter: &Getter<'_>,
    background: Background<'_>,
    options: &Options,
    gathered: &mut Gathered,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Vec<Draft> {
    let of = offers.len();
    let reading = offers
        .into_iter()
        .map(|offer| draft::draft(offer, getter, background));
    // In the order of the sources, so that the same input gives the same edition.
    let mut reading = stream::iter(reading).buffered(options.pages_at_once.max(1));
    let mut drafts = Vec::new();
    let mut done = 0;
    while let Some(read) = reading.next().await {
        done += 1;
        progress(Progress::Reading { done, of });
        match read {
            Ok(draft) => drafts.push(draft),
            Err((what, error)) => {
                let list = match background.archive.holds(&what) {
                    true => &mut gathered.stale,
                    false => &mut gathered.skipped,
                };
                list.push(Skipped {
                    what,
                    why: error.to_string(),
                });
            }
        }
    }
    drafts
}

struct Placed {
    draft: Draft,
    path: SitePath,
}

// Step 3.
fn placed(
    drafts: Vec<Draft>,
    background: Background<'_>,
    skipped: &mut Vec<Skipped>,
) -> Vec<Placed> {
    let Background {
        newsroom, archive, ..
    } = background;
    let now: BTreeSet<String> = drafts.iter().map(|draft| draft.id.clone()).collect();
    let mut taken = HashSet::new();
    let mut placed = Vec::new();
    for mut draft in drafts {
        if draft.shelf.is_none()
            && !archive.holds(&draft.id)
            && let Some(first) = archive.moved(&draft.title, draft.published, &now)
        {
            first.clone_into(&mut draft.id);
        }
        let path = Article::place(&newsroom.id, draft.published, &slug::slug(&draft.id));
        let why = match path {
            Some(path) if !archive.is_taken(&path, &draft.id) && taken.insert(path.clone()) => {
                placed.push(Placed { draft, path });
                continue;
            }
            Some(_) => "another article has the same address",
            None => "it can have no address",
        };
        skipped.push(Skipped {
            what: draft.id,
            why: why.into(),
        });
    }
    placed
}

fn inside(placed: &[Placed], archive: &Archive) -> Inside {
    let mut inside = Inside::default();
    for Placed { draft, path } in placed {
        inside.add(&draft.base, path);
        if let Ok(url) = Url::parse(&draft.id) {
            inside.add(&url, path);
        }
    }
    for (url, path) in archive.addresses() {
        inside.add(&url, path);
    }
    // What a page claims to be comes last, so that it takes no other's address.
    for Placed { draft, path } in placed {
        if let Some(canonical) = &draft.read.canonical {
            inside.add(canonical, path);
        }
    }
    inside
}

// Step 4.
async fn finish(
    placed: Vec<Placed>,
    getter: &Getter<'_>,
    background: Background<'_>,
    options: &Options,
    gathered: &mut Gathered,
    progress: &mut (dyn FnMut(Progress) + Send),
) {
    let inside = inside(&placed, background.archive);
    let studio = Studio::new(getter, options.encoders, options.pictures_per_article);
    let of = placed.len();
    let finishing = placed
        .into_iter()
        .map(|placed| finished(placed, &studio, &inside, background.newsroom));
    let mut finishing = stream::iter(finishing).buffered(options.encoders.max(1) + 2);
    let mut done = 0;
    while let Some(one) = finishing.next().await {
        done += 1;
        progress(Progress::Pictures { done, of });
        if let Some(id) = one.fleeting {
            gathered.fleeting.insert(one.article.path.clone(), id);
        }
        gathered.articles.push(one.article);
        gathered.pictures.extend(one.pictures);
        gathered.lost_pictures.extend(one.lost_pictures);
    }
}

struct Finished {
    article: Article,
    /// What the feed calls it, if it came from one.
    fleeting: Option<String>,
    pictures: Vec<(SitePath, Encoded)>,
    lost_pictures: Vec<LostPicture>,
}

async fn finished(
    placed: Placed,
    studio: &Studio<'_>,
    inside: &Inside,
    newsroom: &Newsroom,
) -> Finished {
    let Placed { draft, path } = placed;
    let shown = studio.pictures_of(&draft, &path).await;
    let known = Known {
        base: &draft.base,
        inside,
        pictures: &shown.by_address,
    };
    let body = site::clean(&draft.read.html, &path, &known);
    let lead = draft
        .read
        .lead
        .as_ref()
        .and_then(|lead| shown.by_address.get(lead.src.as_str()).cloned());
    let is_fleeting = draft.shelf.is_none();
    let article = Article {
        newsroom: newsroom.id.clone(),
        source: original(&draft),
        path,
        title: draft.title,
        byline: draft.byline,
        published: draft.published,
        updated: draft.updated,
        language: draft.language,
        summary: draft.summary,
        section: draft.section,
        lead,
        body,
    };
    Finished {
        article,
        fleeting: is_fleeting.then_some(draft.id),
        pictures: shown.files,
        lost_pictures: shown.lost,
    }
}

/// Where people find the original: not a file on the editor's machine.
fn original(draft: &Draft) -> Option<String> {
    let url = match &draft.page {
        Page::Held(url) if source::is_on_shelf(url) => draft.read.canonical.as_ref(),
        Page::Address(url) | Page::Told(url) | Page::Held(url) => Some(url),
    };
    url.filter(|url| !source::is_on_shelf(url))
        .map(Url::to_string)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use image::ImageFormat;

    use crate::io::files;
    use crate::site::{Language, NewsroomId};

    use super::super::fetching::tests::Web;
    use super::*;

    const NOW: &str = "2026-11-23T12:00:00Z";

    fn newsroom() -> Newsroom {
        Newsroom {
            id: NewsroomId::parse("be").unwrap(),
            name: "News".into(),
            tagline: String::new(),
            language: Language::parse("be").unwrap(),
            logo: None,
        }
    }

    fn photo() -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let picture = image::RgbImage::from_pixel(640, 480, image::Rgb([200, 30, 30]));
        picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    const SENTENCES: &str = "Several hundred people carrying flowers took to the streets on Monday evening. \
        The ministry promises to solve the problem by the end of the month, as it did before. \
        Rights groups consider the defendants to be political prisoners and ask for their release.";

    fn page(title: &str, body: &str) -> String {
        format!(
            "<!DOCTYPE html><html lang=en><head><meta charset=utf-8><title>{title}</title>\
             <meta property='article:published_time' content='2026-11-20T10:00:00+03:00'></head><body><nav><a href=/>Home</a></nav>\
             <article><h1>{title}</h1>{body}<p>{SENTENCES}</p><p>{SENTENCES}</p></article></body></html>"
        )
    }

    fn nothing() -> Archive {
        Archive::read("/nowhere".into(), &newsroom().id).unwrap()
    }

    async fn gathered(web: &Web, sources: &[Source]) -> Gathered {
        let now = NOW.parse().unwrap();
        gather(
            &Getter::new(web, sources.iter().filter_map(Source::address).cloned()),
            &newsroom(),
            sources,
            &Options::default(),
            now,
            &nothing(),
            &mut |_| {},
        )
        .await
    }

    fn feed_source() -> [Source; 1] {
        [Source::Feed(Url::parse("https://n.example/feed").unwrap())]
    }

    fn why<'a>(gathered: &'a Gathered, what: &str) -> &'a str {
        let found = gathered.skipped.iter().find(|s| s.what.contains(what));
        found.map_or_else(
            || panic!("`{what}` was not skipped: {:?}", gathered.skipped),
            |s| s.why.as_str(),
        )
    }

    fn item(link: &str) -> String {
        format!("<item><title>T {link}</title><link>https://n.example/{link}</link></item>")
    }

    fn feed(items: &[String]) -> String {
        format!(
            "<rss version='2.0'><channel>{}</channel></rss>",
            items.concat()
        )
    }

    #[tokio::test]
    async fn a_feed_becomes_articles_with_pictures_and_links_inside() {
        let first = page(
            "The court",
            "<figure><img src=/1.jpg alt=Court><figcaption>The building</figcaption></figure>\
             <p>As <a href='/b?utm_source=x'>reported</a> and <a href='https://other.example/'>elsewhere</a>, it went on for many hours without a break.</p>",
        );
        let web = Web::default()
            .with(
                "https://n.example/feed",
                "text/xml",
                feed(&[item("a"), item("b"), item("gone")]),
            )
            .with("https://n.example/a", "text/html", first)
            .with("https://n.example/b", "text/html", page("The river", ""))
            .with("https://n.example/1.jpg", "text/html", photo());
        let gathered = gathered(&web, &feed_source()).await;
        assert_eq!(gathered.articles.len(), 2, "{:?}", gathered.skipped);
        assert!(why(&gathered, "gone").contains("nothing there"));
        let court = gathered.articles.iter().find(|a| a.title == "T a").unwrap();
        assert!(
            court.path.as_str().starts_with("be/2026/11/a-"),
            "{}",
            court.path
        );
        assert_eq!(court.published.to_string(), "2026-11-20T07:00:00Z");
        assert_eq!(court.source.as_deref(), Some("https://n.example/a"));
        let lead = court.lead.as_ref().unwrap();
        assert_eq!((lead.width, lead.height), (640, 480));
        assert_eq!(lead.caption.as_deref(), Some("The building"));
        assert_eq!(gathered.pictures.len(), 1);
        assert_eq!(gathered.pictures[0].0, lead.path);
        let body = court.body.as_str();
        assert!(body.contains("../b-"), "{body}");
        assert!(body.contains("https://other.example/"), "{body}");
    }

    #[tokio::test]
    async fn two_spellings_of_an_address_are_one_article() {
        let items = ["a", "a?utm_source=top", "a/"].map(item);
        let web = Web::default()
            .with("https://n.example/feed", "text/xml", feed(&items))
            .with("https://n.example/a", "text/html", page("A", ""));
        let gathered = gathered(&web, &feed_source()).await;
        assert_eq!(gathered.articles.len(), 1);
        assert!(gathered.skipped.is_empty(), "{:?}", gathered.skipped);
    }

    #[tokio::test]
    async fn full_content_needs_no_fetch() {
        let whole = format!(
            "<item><title>Whole</title><link>https://n.example/w</link><pubDate>Mon, 02 Nov 2026 10:00:00 GMT</pubDate>\
             <description>&lt;p&gt;{0}&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;p&gt;{0}&lt;/p&gt;&lt;p&gt;{0}{0}{0}{0}&lt;/p&gt;</description></item>",
            SENTENCES
        );
        let web = Web::default().with("https://n.example/feed", "text/xml", feed(&[whole]));
        let gathered = gathered(&web, &feed_source()).await;
        assert_eq!(gathered.articles.len(), 1, "{:?}", gathered.skipped);
        assert_eq!(
            web.asked.load(std::sync::atomic::Ordering::Relaxed),
            1,
            "only the feed"
        );
        let body = gathered.articles[0].body.as_str();
        assert!(
            body.contains("political prisoners") && !body.contains("alert"),
            "{body}"
        );
    }

    #[tokio::test]
    async fn bad_pages_are_skipped_and_named() {
        let links = [
            "good", "huge", "endless", "pdf", "wall", "empty", "lost", "10.0.0.1",
        ];
        let items: Vec<String> = links.iter().map(|link| item(link)).collect();
        let inner = "<item><title>x</title><link>http://192.168.1.1/admin</link></item>".to_owned();
        let mut web = Web::default()
            .with("https://n.example/feed", "text/xml", feed(&[items.concat(), inner]))
            .with("https://n.example/good", "text/html", page("Good", "<img src=/lie.png width=640><img src=/bomb.png width=640>"))
            .with("https://n.example/lie.png", "image/png", "<html>not a picture</html>")
            .with("https://n.example/bomb.png", "image/png", &b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\xff\xff\xff\0\xff\xff\xff\x08\x02\0\0\0"[..])
            .with("https://n.example/huge", "text/html", vec![b'a'; 100 << 20])
            .with("https://n.example/pdf", "application/pdf", "%PDF-1.7")
            .with("https://n.example/wall", "text/html", "<title>News</title><div id=cookie-consent role=dialog><p>We use cookies to improve how this site works.</p></div>")
            .with("https://n.example/empty", "text/html", "")
            .with("https://n.example/lost", "text/html", "<title>Page not found | News</title><h1>Page not found</h1><p>Page not found. Try the home page or our search.</p>");
        web.endless.push("https://n.example/endless".into());
        let gathered = gathered(&web, &feed_source()).await;
        assert_eq!(gathered.articles.len(), 1);
        assert!(why(&gathered, "huge").contains("more than"));
        assert!(why(&gathered, "endless").contains("more than"));
        assert!(why(&gathered, "n.example/pdf").contains("application/pdf"));
        assert!(why(&gathered, "wall").contains("no article"));
        assert!(why(&gathered, "empty").contains("no article"));
        assert!(why(&gathered, "lost").contains("not found"));
        assert!(why(&gathered, "192.168").contains("private network"));
        let lost: Vec<_> = gathered
            .lost_pictures
            .iter()
            .map(|lost| (lost.picture.as_str(), lost.why.contains("no picture")))
            .collect();
        let at = ["https://n.example/lie.png", "https://n.example/bomb.png"];
        assert_eq!(lost, [(at[0], true), (at[1], false)]);
        assert!(gathered.pictures.is_empty());
    }

    #[tokio::test]
    async fn one_bad_source_does_not_stop_the_others() {
        let web = Web::default()
            .with("https://n.example/feed", "text/xml", feed(&[item("a")]))
            .with("https://n.example/a", "text/html", page("A", ""))
            .with("https://n.example/home", "text/html", page("Home", ""));
        let sources = [
            Source::Feed(Url::parse("https://n.example/home").unwrap()),
            feed_source()[0].clone(),
        ];
        let gathered = gathered(&web, &sources).await;
        assert_eq!(gathered.articles.len(), 1);
        assert_eq!(
            gathered.failed[0].error.to_string(),
            "`https://n.example/home` is not a feed"
        );
    }

    #[tokio::test]
    async fn a_folder_becomes_articles_with_the_pictures_beside_them() {
        let root = tempfile::tempdir().unwrap();
        let lay = |name: &str, bytes: &[u8]| {
            let path = root.path().join(name);
            files::create_folder(path.parent().unwrap()).unwrap();
            files::write_new(&path, bytes).unwrap();
        };
        let body = "<img src='pics/1.jpg'><p>See <a href='sub/two.html'>the other</a> and <a href='missing.html'>nothing</a>, which is enough for now.</p><img src='../../etc/passwd'>";
        lay("one.html", page("One", body).as_bytes());
        lay(
            "sub/two.html",
            page("Two", "<img src='/pics/1.jpg'>").as_bytes(),
        );
        lay("pics/1.jpg", &photo());
        lay("broken.html", b"<html><p>too short");
        let russian = page("Суд", "<p>Городской суд в понедельник огласил приговор по делу журналистов, сообщает корреспондент.</p>").replace("charset=utf-8", "charset=windows-1251");
        let (bytes, _, _) = encoding_rs::WINDOWS_1251.encode(&russian);
        lay("old.html", &bytes);
        let web = Web::default();
        let gathered = gathered(&web, &[Source::Folder(root.path().into())]).await;
        assert_eq!(gathered.articles.len(), 3, "{:?}", gathered.skipped);
        assert_eq!(gathered.pictures.len(), 2);
        why(&gathered, "broken.html");
        let one = gathered.articles.iter().find(|a| a.title == "One").unwrap();
        assert!(one.body.as_str().contains("two-"), "{}", one.body.as_str());
        assert!(!one.body.as_str().contains("missing"));
        assert_eq!(one.source, None);
        assert!(gathered.articles.iter().any(|a| a.title == "Суд"));
        assert_eq!(
            web.asked.load(std::sync::atomic::Ordering::Relaxed),
            0,
            "nothing was fetched"
        );
    }

    #[tokio::test]
    async fn the_same_input_gives_the_same_articles() {
        let web = Web::default()
            .with(
                "https://n.example/feed",
                "text/xml",
                feed(&[item("a"), item("b"), item("c")]),
            )
            .with(
                "https://n.example/a",
                "text/html",
                page("A", "<img src=/1.jpg>"),
            )
            .with(
                "https://n.example/b",
                "text/html",
                page("B", "<img src=/1.jpg>"),
            )
            .with("https://n.example/c", "text/html", page("C", ""))
            .with("https://n.example/1.jpg", "image/jpeg", photo());
        let (one, other) = (
            gathered(&web, &feed_source()).await,
            gathered(&web, &feed_source()).await,
        );
        assert_eq!(one.articles.len(), 3);
        assert_eq!(
            format!("{:?}", one.articles),
            format!("{:?}", other.articles)
        );
        assert_eq!(one.pictures, other.pictures);
    }

    /// The made-up newsroom pages that lie beside the project on the developers' machines.
    #[tokio::test]
    async fn made_up_newsroom_pages_become_articles() {
        let folder =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/articles/ours/pages");
        if !files::is_folder(&folder) {
            println!("left out: `{}` is not there", folder.display());
            return;
        }
        let gathered = gathered(&Web::default(), &[Source::Folder(folder)]).await;
        assert_eq!(gathered.articles.len(), 90, "{:?}", gathered.skipped);
        assert_eq!(gathered.skipped.len(), 30);
    }
}
