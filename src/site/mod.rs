//! The site that readers see: pages, feeds and styles, made from cleaned articles. Pure: values in, bytes out.
//!
//! 1. [`clean()`] makes harmless HTML of an article's body; nothing else can make a [`CleanHtml`].
//! 2. [`render`] makes all files of a site but the pictures. What a page depends on is told in `pages`.
//! 3. [`not_found`] and [`best_language`] are for a server that can choose by reader.
//!
//! What is absent: scripts, anything from another host, the number or the time of an edition (pages would change when
//! no article did), and links that begin at the root of the host (a mirror may lie in a folder, or on a disk), but for
//! the way home from "not found", which is shown under any address.

mod calendar;
mod clean;
mod feed;
mod frame;
mod language;
mod links;
mod newsroom;
mod pages;
mod shallow;
mod story;
mod style;
mod words;

use std::collections::HashSet;

use jiff::Timestamp;

use crate::base::{Fingerprint, SitePath};

pub use clean::{CleanHtml, Link, Resolve, clean};
pub use language::{Direction, Language};
pub use newsroom::Newsroom;
pub use shallow::shallow;

pub use crate::base::NewsroomId;
pub use words::best_language;

/// What the whole site is called, and the language of the pages that belong to no newsroom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteIdentity {
    pub name: String,
    pub language: Language,
}

/// A picture that lies in the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub path: SitePath,
    /// In pixels; so a page does not jump while it loads.
    pub width: u32,
    pub height: u32,
    /// What it shows, for who cannot see it. Plain text.
    pub alt: String,
    /// Plain text.
    pub caption: Option<String>,
}

/// One published piece, ready to be shown. All texts but `body` are plain text, not HTML.
#[derive(Debug, Clone)]
pub struct Article {
    pub newsroom: NewsroomId,
    /// `NEWSROOM/YYYY/MM/SLUG/index.html`, see [`Article::place`]
    pub path: SitePath,
    pub title: String,
    pub byline: Option<String>,
    pub published: Timestamp,
    /// Only if it was changed noticeably after it was published.
    pub updated: Option<Timestamp>,
    pub language: Language,
    /// One to three sentences; may be empty.
    pub summary: String,
    pub lead: Option<Picture>,
    pub body: CleanHtml,
    /// Address of the original.
    pub source: Option<String>,
}

impl Article {
    /// Where an article lies: `NEWSROOM/YYYY/MM/SLUG/index.html`, by its date in UTC.
    /// `None` if the slug is no single path segment.
    pub fn place(newsroom: &NewsroomId, published: Timestamp, slug: &str) -> Option<SitePath> {
        let day = published.to_zoned(jiff::tz::TimeZone::UTC).date();
        let path = format!(
            "{newsroom}/{:04}/{:02}/{slug}/index.html",
            day.year(),
            day.month()
        );
        let path = SitePath::parse(&path).ok()?;
        (path.as_str().split('/').count() == 5).then_some(path)
    }
}

/// What the page "about this mirror" says of the publisher. Nothing in it differs from edition to edition, so that an
/// edition in which nothing is new has the same pages; number and age are told by `colport verify` and the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// `None` in a preview that nobody signed.
    pub fingerprint: Option<Fingerprint>,
    /// How to reach the publisher, as plain text; may be absent.
    pub contact: Option<String>,
}

/// All pages, feeds and styles of the site, in ascending order of path. The same input gives the same bytes.
///
/// Pictures are not among them: they lie where [`Picture::path`] says and are the caller's to add. An article whose
/// newsroom is not listed is left out, and of two articles with one path all but the newest.
pub fn render(
    site: &SiteIdentity,
    newsrooms: &[Newsroom],
    articles: &[Article],
    about: &About,
) -> Vec<(SitePath, Vec<u8>)> {
    let mut newest_first: Vec<&Article> = articles.iter().collect();
    newest_first.sort_by(|a, b| (b.published, &a.path).cmp(&(a.published, &b.path)));
    let rooms: Vec<(&Newsroom, Vec<&Article>)> = newsrooms
        .iter()
        .map(|newsroom| (newsroom, of_newsroom(newsroom, &newest_first)))
        .collect();
    let mut files = vec![
        (
            frame::site_path(frame::ICON),
            include_bytes!("icon.svg").to_vec(),
        ),
        pages::not_found_in_all(site),
        pages::home(site, newsrooms, &rooms),
    ];
    files.extend(pages::about(site, newsrooms, about));
    for (newsroom, articles) in &rooms {
        files.push(pages::front(site, newsroom, articles));
        files.push(feed::feed(newsroom, articles, about));
        files.extend(pages::archive(site, newsroom, articles));
        files.extend(articles.iter().map(|a| pages::article(site, newsroom, a)));
    }
    files.sort();
    files
}

fn of_newsroom<'a>(newsroom: &Newsroom, articles: &[&'a Article]) -> Vec<&'a Article> {
    let mut paths = HashSet::new();
    articles
        .iter()
        .filter(|article| article.newsroom == newsroom.id && paths.insert(&article.path))
        .copied()
        .collect()
}

/// A page at the place of an article that was withdrawn, which says so in the language of the article, or the
/// newsroom's if there are no words in it.
pub fn withdrawn(
    site: &SiteIdentity,
    newsroom: &Newsroom,
    path: &SitePath,
    language: &Language,
) -> (SitePath, Vec<u8>) {
    pages::withdrawn(site, newsroom, path, language)
}

/// A page that says "not found" in the given language, or English if there are no words in it.
/// Stands by itself: no picture, no file beside it, so it can be served under any address.
pub fn not_found(language: &Language) -> Vec<u8> {
    pages::not_found(language)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use dom_query::Document;

    use super::*;

    struct Offline;

    impl Resolve for Offline {
        fn link(&self, href: &str) -> Link {
            match href {
                "own" => Link::Inside(path("be/2026/10/orchard/index.html")),
                other => Link::Outside(other.to_owned()),
            }
        }

        fn picture(&self, src: &str) -> Option<Picture> {
            Some(picture(src))
        }
    }

    fn path(text: &str) -> SitePath {
        SitePath::parse(text).expect("a site path")
    }

    fn picture(name: &str) -> Picture {
        Picture {
            path: path(&format!("be/2026/11/ferry/{name}")),
            width: 1200,
            height: 800,
            alt: "A ferry".to_owned(),
            caption: Some("\"<script>\"".to_owned()),
        }
    }

    fn site() -> SiteIdentity {
        SiteIdentity {
            name: "Post <b>".to_owned(),
            language: language("en"),
        }
    }

    fn language(tag: &str) -> Language {
        Language::parse(tag).expect("a language tag")
    }

    fn newsroom(id: &str) -> Newsroom {
        Newsroom {
            id: NewsroomId::parse(id).expect("an id"),
            name: format!("Room {id} \"'<script>&"),
            tagline: "</style><script>".to_owned(),
            language: language(id),
        }
    }

    fn article(room: &str, published: &str, slug: &str) -> Article {
        let newsroom = newsroom(room).id;
        let published = published.parse().expect("a time");
        let path = Article::place(&newsroom, published, slug).expect("a slug");
        let body = "<p>Body <a href=own>in</a> <a href=https://e.org/>out</a> <img src=2.webp></p>";
        Article {
            body: clean(body, &path, &Offline),
            title: format!("<img src=x onerror=a()> {slug}"),
            byline: Some("<b>\u{1}".to_owned()),
            updated: None,
            language: language(room),
            summary: "\"><script>".to_owned(),
            lead: (slug == "ferry").then(|| picture("1.webp")),
            source: Some("javascript:a()".to_owned()),
            newsroom,
            path,
            published,
        }
    }

    fn articles() -> Vec<Article> {
        vec![
            article("be", "2026-10-02T10:00:00Z", "orchard"),
            article("be", "2026-11-03T10:00:00Z", "ferry"),
            article("fa", "2026-11-01T10:00:00Z", "بازار"),
        ]
    }

    fn rendered(articles: &[Article]) -> BTreeMap<String, String> {
        let about = About {
            fingerprint: Some(Fingerprint::of_first_root(b"root")),
            contact: Some("<desk>".to_owned()),
        };
        let newsrooms = [newsroom("be"), newsroom("fa"), newsroom("zh")];
        render(&site(), &newsrooms, articles, &about)
            .into_iter()
            .map(|(path, bytes)| (path.into(), String::from_utf8(bytes).expect("text")))
            .collect()
    }

    fn pages(files: &BTreeMap<String, String>) -> impl Iterator<Item = (&String, Document)> {
        let pages = files.iter().filter(|(path, _)| path.ends_with(".html"));
        pages.map(|(path, html)| (path, Document::from(html.as_str())))
    }

    #[test]
    fn the_site_has_these_files() {
        let files: Vec<String> = rendered(&articles()).into_keys().collect();
        let mut expected = vec!["404.html", "about.html", "assets/icon.svg"];
        expected.extend(["be/2026/10/index.html", "be/2026/10/orchard/index.html"]);
        expected.extend(["be/2026/11/ferry/index.html", "be/2026/11/index.html"]);
        expected.extend([
            "be/about.html",
            "be/archive.html",
            "be/feed.xml",
            "be/index.html",
        ]);
        expected.extend(["fa/2026/11/index.html", "fa/2026/11/بازار/index.html"]);
        expected.extend([
            "fa/about.html",
            "fa/archive.html",
            "fa/feed.xml",
            "fa/index.html",
        ]);
        expected.extend(["index.html"]);
        expected.extend([
            "zh/about.html",
            "zh/archive.html",
            "zh/feed.xml",
            "zh/index.html",
        ]);
        assert_eq!(files, expected);
    }

    #[test]
    fn the_same_articles_in_any_order_give_the_same_bytes() {
        let mut reversed = articles();
        reversed.reverse();
        assert_eq!(rendered(&articles()), rendered(&reversed));
    }

    #[test]
    fn a_new_article_leaves_other_articles_and_older_months_alone() {
        let before = rendered(&articles());
        let mut more = articles();
        more.push(article("be", "2026-11-20T10:00:00Z", "library"));
        let after = rendered(&more);
        let changed: BTreeSet<&str> = after
            .iter()
            .filter(|(path, text)| before.get(*path) != Some(text))
            .map(|(path, _)| path.as_str())
            .collect();
        let mut expected = vec!["be/2026/11/index.html", "be/2026/11/library/index.html"];
        expected.extend([
            "be/archive.html",
            "be/feed.xml",
            "be/index.html",
            "index.html",
        ]);
        assert_eq!(changed, BTreeSet::from_iter(expected));
    }

    #[test]
    fn pages_run_nothing_and_load_only_pictures_of_the_site() {
        let files = rendered(&articles());
        for (path, page) in pages(&files) {
            let running =
                "script, iframe, object, embed, form, svg, math, base, [onerror], [style]";
            assert!(!page.select(running).exists(), "{path}");
            assert!(
                !page
                    .select("link[rel=stylesheet], [srcset], [background]")
                    .exists()
            );
            assert_eq!(page.select("style").length(), 1, "{path}");
            let policy = page.select("meta[http-equiv=Content-Security-Policy]");
            let policy = policy.attr("content").unwrap_or_default();
            assert!(policy.starts_with("default-src 'none'; img-src 'self'; style-src 'sha256-"));
            for image in page.select("img").nodes() {
                assert!(
                    image.attr("src").is_some_and(|src| src.ends_with(".webp")),
                    "{path}"
                );
                assert!(
                    image.has_attr("width") && image.has_attr("height") && image.has_attr("alt")
                );
            }
        }
    }

    #[test]
    fn every_link_leads_to_a_file_of_the_site_or_says_that_it_leads_out() {
        let files = rendered(&articles());
        let pictures = ["be/2026/11/ferry/1.webp"];
        let root = url::Url::parse("http://mirror.example/copy/").expect("an address");
        for (path, page) in pages(&files) {
            let here = root.join(path).expect("an address");
            for node in page.select("a[href], link[href], img[src]").nodes() {
                let address = node.attr("href").or(node.attr("src")).unwrap_or_default();
                // "Not found" stands under any address; only there a link starts at the root.
                if address.starts_with('#') || node.has_attr("rel") && node.has_name("a") {
                    continue;
                }
                if path == "404.html" {
                    assert_eq!(&*address, "/");
                    continue;
                }
                let target = here.join(&address).expect("an address");
                let below = target.path().strip_prefix("/copy/").unwrap_or("outside");
                let file = percent_encoding::percent_decode_str(below).decode_utf8_lossy();
                let is_there = files.contains_key(&*file) || pictures.contains(&&*file);
                assert!(is_there || file.ends_with("/2.webp"), "{path} → {address}");
            }
        }
    }

    #[test]
    fn outside_links_tell_nobody_where_the_reader_was() {
        let files = rendered(&articles());
        let page = Document::from(files["be/2026/11/ferry/index.html"].as_str());
        let outside = page.select("a[href^=http]");
        assert_eq!(outside.length(), 1);
        assert_eq!(
            outside.attr("rel").as_deref(),
            Some("noreferrer noopener nofollow")
        );
        let referrer = page.select("meta[name=referrer]").attr("content");
        assert_eq!(referrer.as_deref(), Some("no-referrer"));
    }

    #[test]
    fn each_page_says_its_language_and_direction() {
        let files = rendered(&articles());
        for (page, lang, dir) in [
            ("be/index.html", "be", "ltr"),
            ("fa/2026/11/بازار/index.html", "fa", "rtl"),
            ("zh/about.html", "zh", "ltr"),
            ("index.html", "en", "ltr"),
        ] {
            let document = Document::from(files[page].as_str());
            let html = document.select("html");
            assert_eq!(html.attr("lang").as_deref(), Some(lang), "{page}");
            assert_eq!(html.attr("dir").as_deref(), Some(dir), "{page}");
        }
        let home = Document::from(files["index.html"].as_str());
        assert!(home.select("section[lang=fa][dir=rtl]").exists());
    }

    #[test]
    fn words_in_another_language_than_the_page_say_so() {
        let swahili = Newsroom {
            language: language("sw"),
            ..newsroom("be")
        };
        let files = render(&site(), &[swahili], &[], &About::default());
        let front = files
            .iter()
            .find(|(path, _)| path.as_str() == "be/index.html");
        let html = String::from_utf8(front.expect("a front page").1.clone()).expect("text");
        let page = Document::from(html.as_str());
        assert_eq!(page.select("html").attr("lang").as_deref(), Some("sw"));
        assert_eq!(page.select("footer").attr("lang").as_deref(), Some("en"));
        let belarusian = Document::from(rendered(&[])["be/index.html"].as_str());
        assert!(!belarusian.select("footer").has_attr("lang"));
    }

    #[test]
    fn a_feed_can_be_read_and_keeps_its_names() {
        let read = |articles: &[Article]| {
            let xml = rendered(articles).remove("be/feed.xml").expect("a feed");
            feed_rs::parser::parse(xml.as_bytes()).expect("a valid feed")
        };
        let before = read(&articles());
        let titles: Vec<_> = before
            .entries
            .iter()
            .map(|e| e.title.clone().unwrap().content)
            .collect();
        assert_eq!(
            titles,
            [
                "<img src=x onerror=a()> ferry",
                "<img src=x onerror=a()> orchard"
            ]
        );
        assert_eq!(before.entries[0].links[0].href, "2026/11/ferry/index.html");
        let mut more = articles();
        more.push(article("be", "2026-11-20T10:00:00Z", "library"));
        let after = read(&more);
        assert_eq!(after.id, before.id);
        assert_eq!(after.entries[1].id, before.entries[0].id);
        assert_ne!(after.entries[0].id, before.entries[0].id);
    }

    #[test]
    fn not_found_speaks_the_readers_language() {
        let persian = not_found(&best_language("de, fa-IR;q=0.8"));
        let page = Document::from(String::from_utf8(persian).expect("text").as_str());
        assert_eq!(page.select("html").attr("dir").as_deref(), Some("rtl"));
        assert_eq!(page.select("section").length(), 1);
        let files = rendered(&[]);
        let all = Document::from(files["404.html"].as_str());
        assert_eq!(all.select("section[lang]").length(), 8);
    }

    #[test]
    fn articles_of_unknown_newsrooms_and_second_ones_at_a_place_are_left_out() {
        let mut odd = articles();
        odd.push(article("uk", "2026-11-03T10:00:00Z", "stray"));
        odd.push(article("be", "2026-11-03T09:00:00Z", "ferry"));
        assert_eq!(rendered(&odd), rendered(&articles()));
    }

    #[test]
    fn a_slug_is_one_segment() {
        let room = newsroom("be").id;
        for slug in ["", "a/b", "..", "../../x", "a?b", "a/"] {
            assert_eq!(
                Article::place(&room, Timestamp::UNIX_EPOCH, slug),
                None,
                "{slug}"
            );
        }
    }
}
