//! The site that readers see: pages, feeds and styles, made from cleaned articles. Pure: values in, bytes out.
//!
//! 1. [`clean()`] makes harmless HTML of an article's body; nothing else can make a [`CleanHtml`].
//! 2. A [`Typesetter`] makes the page of an article, and all lists from the [`Headline`]s of articles; [`render`] makes a
//!    whole site. What a page depends on is told in `pages`.
//! 3. [`not_found`] and [`best_language`] are for a server that can choose by reader.
//!
//! What is absent: scripts, but for the one that searches; anything from another host; the number or the time of an
//! edition (pages would change when no article did); and links that begin at the root of the host (a mirror may lie in a
//! folder, or on a disk), but for the way home from "not found", which is shown under any
//! address, with a way up beside it for a mirror that lies in a folder.

mod calendar;
mod clean;
mod feed;
mod frame;
mod headline;
pub(crate) mod kind;
mod language;
mod links;
mod look;
mod newsroom;
mod pages;
mod picture;
mod plain;
mod search;
mod shallow;
mod story;
mod style;
mod terms;
mod typesetter;
mod words;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::{Fingerprint, SitePath, Variant};

pub use calendar::{Clock, solar_hijri_date};
pub use clean::{CleanHtml, Link, Resolve, clean};
pub use headline::{Headline, Recall, Told};
pub use language::{Direction, Language};
pub use look::{Accent, AccentError, Logo, Look};
pub use newsroom::Newsroom;
pub use plain::shortened;
pub use shallow::shallow;
pub use style::script_source;
pub use terms::Terms;
pub use typesetter::{Typesetter, render};

pub use crate::base::NewsroomId;
pub use words::{Words, best_language};

/// What the whole site is called, and the language of the pages that belong to no newsroom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteIdentity {
    pub name: String,
    pub language: Language,
    pub look: Look,
    pub logo: Option<Logo>,
}

/// A picture that lies in the site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    pub path: SitePath,
    /// A light one of the same, see [`Picture::small_place`]; `None` if the picture is light itself.
    pub small: Option<SitePath>,
    /// In pixels; so a page does not jump while it loads.
    pub width: u32,
    pub height: u32,
    /// What it shows, for who cannot see it. Plain text.
    pub alt: String,
    /// Plain text.
    pub caption: Option<String>,
}

impl Picture {
    /// Where the small one of the picture at `path` lies: `…/1s.webp` beside `…/1.webp`.
    pub fn small_place(path: &SitePath) -> Option<SitePath> {
        let stem = path.as_str().strip_suffix(".webp")?;
        SitePath::parse(&format!("{stem}s.webp")).ok()
    }

    /// Whether `path` is that of a small one, which is not a picture of its own.
    pub fn is_small_place(path: &SitePath) -> bool {
        path.as_str().ends_with("s.webp")
    }
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
    /// By which its dates are told.
    pub clock: Clock,
    /// Only if it was changed noticeably after it was published.
    pub updated: Option<Timestamp>,
    pub language: Language,
    /// One to three sentences; may be empty.
    pub summary: String,
    /// What the newsroom calls this part of its news, such as "Culture".
    pub section: Option<String>,
    pub lead: Option<Picture>,
    pub body: CleanHtml,
    /// Address of the original.
    pub source: Option<String>,
}

impl Article {
    /// Where an article lies: `NEWSROOM/YYYY/MM/SLUG/index.html`, by its day as the newsroom tells it.
    /// `None` if the slug is no single path segment.
    pub fn place(
        newsroom: &NewsroomId,
        published: Timestamp,
        clock: Clock,
        slug: &str,
    ) -> Option<SitePath> {
        let day = clock.date(published);
        let path = format!(
            "{newsroom}/{:04}/{:02}/{slug}/index.html",
            day.year(),
            day.month()
        );
        let path = SitePath::parse(&path).ok()?;
        (path.as_str().split('/').count() == 5).then_some(path)
    }
}

/// What the page "about this copy" says of the publisher. Nothing in it differs from edition to edition, so that an
/// edition in which nothing is new has the same pages; number and age are told by `colport verify` and the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// `None` in a preview that nobody signed.
    pub fingerprint: Option<Fingerprint>,
    /// How to reach the publisher, as plain text; may be absent.
    pub contact: Option<String>,
    /// Where else readers find the site, as plain text: addresses, channels, mail.
    pub elsewhere: Vec<String>,
    /// What every mirror has for those to whom data is dear.
    pub small: Vec<SmallCopy>,
}

/// The newest edition with fewer pictures, as one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmallCopy {
    pub variant: Variant,
    /// About how many.
    pub bytes: u64,
}

impl SmallCopy {
    /// Of a site with these files, by the lengths of their contents. It depends on nothing but what the site shows, so that
    /// the page that tells it stays the same while the site does.
    pub fn of(variant: Variant, files: impl IntoIterator<Item = (bool, u64)>) -> Self {
        let mut bytes = EDITION_BYTES;
        for (is_picture, length) in files {
            bytes += FILE_BYTES;
            match (is_picture, variant) {
                (false, _) => bytes += TEXT_BYTES + length * PACKED_PERCENT / 100,
                (true, Variant::Light) if length <= LIGHT_BYTES => bytes += length,
                (true, _) => {}
            }
        }
        Self { variant, bytes }
    }
}

/// Of one picture in a light copy. Some networks let a connection starve after about 15 KB.
pub const LIGHT_BYTES: u64 = 10_240;
/// What a file costs beside its content: its headers, and its line in the metadata.
const FILE_BYTES: u64 = 200;
/// What all that is signed costs together, besides the lines of files.
const EDITION_BYTES: u64 = 5_000;
/// Of text; and what a text costs that is packed without others of its kind.
const TEXT_BYTES: u64 = 500;
const PACKED_PERCENT: u64 = 30;

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
            small: (name == "1.webp").then(|| path("be/2026/11/ferry/1s.webp")),
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
            look: Look::default(),
            logo: None,
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
            logo: None,
        }
    }

    fn article(room: &str, published: &str, slug: &str) -> Article {
        let newsroom = newsroom(room).id;
        let published = published.parse().expect("a time");
        let path = Article::place(&newsroom, published, Clock::default(), slug).expect("a slug");
        let body = "<p>Body <a href=own>in</a> <a href=https://e.org/>out</a> <img src=2.webp></p>";
        Article {
            body: clean(body, &path, &Offline),
            title: format!("<img src=x onerror=a()> {slug}"),
            byline: Some("<b>\u{1}".to_owned()),
            updated: None,
            language: language(room),
            summary: "\"><script>".to_owned(),
            section: (slug == "ferry").then(|| "Культура".to_owned()),
            lead: (slug == "ferry").then(|| picture("1.webp")),
            source: Some("javascript:a()".to_owned()),
            newsroom,
            path,
            published,
            clock: Clock::default(),
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
            elsewhere: vec!["<https://e.org/>".to_owned()],
            small: Vec::new(),
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
    fn the_page_about_the_copy_leads_to_the_small_ones() {
        let picture = (true, 9_000);
        let files = [(false, 20_000_000), picture, (true, 400_000_000)];
        let small = [Variant::Text, Variant::Light].map(|variant| SmallCopy::of(variant, files));
        assert_eq!(small.map(|copy| copy.bytes), [6_006_100, 6_015_100]);
        let many = std::iter::repeat_n(picture, 1000);
        assert_eq!(SmallCopy::of(Variant::Light, many.clone()).bytes, 9_205_000);
        assert_eq!(SmallCopy::of(Variant::Text, many).bytes, 205_000);
        let about = About {
            fingerprint: Some(Fingerprint::of_first_root(b"root")),
            small: small.to_vec(),
            ..About::default()
        };
        let newsrooms = [newsroom("be"), newsroom("fa")];
        let files: BTreeMap<_, _> = render(&site(), &newsrooms, &articles(), &about)
            .into_iter()
            .collect();
        for (page, address, said) in [
            (
                "about.html",
                "\".colport/bundle/text.tar.gz\"",
                "about 6\u{a0}MB",
            ),
            (
                "be/about.html",
                "\"../.colport/bundle/light.tar.gz\"",
                "каля 6\u{a0}МБ",
            ),
            (
                "fa/about.html",
                "\"../.colport/bundle/text.tar.gz\"",
                "حدود ۶\u{a0}مگابایت",
            ),
        ] {
            let page = &files[&SitePath::parse(page).expect("a path")];
            let page = String::from_utf8_lossy(page);
            assert!(page.contains(address) && page.contains(said), "{page}");
        }
    }

    #[test]
    fn the_site_has_these_files() {
        let files: BTreeSet<String> = rendered(&articles()).into_keys().collect();
        let mut expected = BTreeSet::from(
            ["404.html", "about.html", "assets/icon.svg", "index.html"].map(String::from),
        );
        for room in ["be", "fa", "zh"] {
            let own = [
                "about.html",
                "archive.html",
                "feed.xml",
                "index.html",
                "rss.xml",
                "search.html",
            ];
            expected.extend(own.map(|file| format!("{room}/{file}")));
        }
        for month in ["be/2026/10", "be/2026/11", "fa/2026/11"] {
            expected.extend(["index.html", "search-1.css"].map(|file| format!("{month}/{file}")));
        }
        for article in ["be/2026/10/orchard", "be/2026/11/ferry", "fa/2026/11/بازار"] {
            expected.insert(format!("{article}/index.html"));
        }
        expected.insert("be/section/культура/index.html".to_owned());
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
            "be/rss.xml",
            "be/2026/11/search-1.css",
        ]);
        // They tell how new the newest article is.
        expected.extend(["be/index.html", "index.html", "be/about.html", "about.html"]);
        assert_eq!(changed, BTreeSet::from_iter(expected));
    }

    #[test]
    fn pages_run_nothing_and_load_only_pictures_of_the_site() {
        let files = rendered(&articles());
        for (path, page) in pages(&files) {
            let running = "iframe, object, embed, svg, math, base, [onerror], [style]";
            assert!(!page.select(running).exists(), "{path}");
            let is_search = path.ends_with("/search.html");
            assert_eq!(page.select("script, form").length(), usize::from(is_search));
            let months = page.select("[data-days*='студзеня %|']").length();
            assert_eq!(months, usize::from(path == "be/search.html"));
            let loading = "link[rel=stylesheet], [background], script[src]";
            assert!(!page.select(loading).exists());
            for source in page.select("source").nodes() {
                assert_eq!(source.attr("srcset").as_deref(), Some("1.webp"), "{path}");
            }
            assert_eq!(page.select("style").length(), 1, "{path}");
            let policy = page.select("meta[http-equiv=Content-Security-Policy]");
            let policy = policy.attr("content").unwrap_or_default();
            assert!(policy.starts_with("default-src 'none'; img-src 'self'; style-src 'sha256-"));
            assert_eq!(policy.contains("script-src 'sha256-"), is_search);
            for image in page.select("img").nodes() {
                assert!(
                    image.attr("src").is_some_and(|src| src.ends_with(".webp")),
                    "{path}"
                );
            }
            // Lists show all in one shape, which their style says.
            let sized = page.select("img[width][height][alt], .pic img[alt]");
            assert_eq!(sized.length(), page.select("img").length(), "{path}");
        }
    }

    #[test]
    fn every_link_leads_to_a_file_of_the_site_or_says_that_it_leads_out() {
        let files = rendered(&articles());
        let pictures = ["be/2026/11/ferry/1.webp", "be/2026/11/ferry/1s.webp"];
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
                    assert!(matches!(&*address, "/" | "../"), "{address}");
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
        // A name in Latin letters.
        for (page, turns) in [
            ("be/2026/11/ferry/index.html", false),
            ("fa/2026/11/بازار/index.html", true),
        ] {
            let byline = Document::from(files[page].as_str());
            assert_eq!(byline.select(".by b[dir=auto]").exists(), turns, "{page}");
        }
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
    fn what_is_in_another_language_than_its_newsroom_says_so() {
        let persian = Article {
            language: language("fa"),
            ..article("be", "2026-11-22T10:00:00Z", "bazaar")
        };
        let files = rendered(&[persian]);
        let front = Document::from(files["be/index.html"].as_str());
        let date = front.select("article[lang=fa][dir=rtl] time[lang=be][dir=ltr]");
        assert_eq!(date.text().as_ref(), "22\u{a0}лістапада 2026");
        let own = Document::from(files["be/2026/11/bazaar/index.html"].as_str());
        assert!(own.select("html[lang=fa] .name a[lang=be]").exists());
    }

    #[test]
    fn a_wide_table_can_be_scrolled_by_the_keys_and_a_picture_has_words() {
        let page = path("be/2026/11/ferry/index.html");
        let body = "<table lang=fa><tr><td>a &lt;table&gt;</table><p><img src=3.webp alt=''></p>";
        let wordless = Picture {
            alt: String::new(),
            caption: None,
            ..picture("3.webp")
        };
        struct Wordless(Picture);
        impl Resolve for Wordless {
            fn link(&self, _: &str) -> Link {
                Link::Drop
            }
            fn picture(&self, _: &str) -> Option<Picture> {
                Some(self.0.clone())
            }
        }
        let ferry = Article {
            body: clean(body, &page, &Wordless(wordless)),
            ..article("be", "2026-11-22T10:00:00Z", "ferry")
        };
        let files = rendered(&[ferry]);
        let page = Document::from(files[page.as_str()].as_str());
        assert!(page.select(".body table[tabindex='0'][lang=fa]").exists());
        assert_eq!(page.select("td").text().as_ref(), "a <table>");
        assert_eq!(
            page.select(".body img").attr("alt").as_deref(),
            Some("Здымак")
        );
    }

    #[test]
    fn a_title_without_end_is_cut_wherever_it_is_not_alone() {
        let title = "Слова ".repeat(5000);
        let ferry = Article {
            title: title.clone(),
            ..article("be", "2026-11-03T10:00:00Z", "ferry")
        };
        let shown = format!("{}…", "Слова ".repeat(33).trim_end());
        for (path, text) in rendered(&[ferry]) {
            let is_list = [
                "index.html",
                "be/index.html",
                "be/2026/11/index.html",
                "be/section/культура/index.html",
                "be/feed.xml",
                "be/rss.xml",
                "be/2026/11/search-1.css",
            ]
            .contains(&&*path);
            assert_eq!(text.contains(&shown), is_list, "{path}");
            let is_own = path == "be/2026/11/ferry/index.html";
            assert_eq!(text.contains(title.trim_end()), is_own, "{path}");
        }
    }

    #[test]
    fn a_title_is_no_markup_for_readers_of_feeds_that_take_it_for_some() {
        let rss = &rendered(&articles())["be/rss.xml"];
        let titles: Vec<&str> = rss.split("<title>").skip(2).collect();
        assert!(
            titles[0].starts_with("‹img src=x onerror=a()› ferry</title>"),
            "{rss}"
        );
        assert_eq!(titles.len(), 2);
        assert!(rss.contains("<category>Культура</category>"));
        let atom = &rendered(&articles())["be/feed.xml"];
        assert!(
            atom.contains("<title>&#60;img src=x onerror=a()&#62; ferry</title>"),
            "{atom}"
        );
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

    /// RSS has no word on relative addresses: its readers begin at the feed's address, or at that of the channel.
    #[test]
    fn addresses_in_feeds_lead_into_the_copy_that_the_feed_came_from() {
        for feed in ["be/feed.xml", "be/rss.xml"] {
            let xml = rendered(&articles()).remove(feed).expect("a feed");
            assert!(!xml.contains("xml:base"), "{feed}");
            let address = format!("https://mirror.example/copy/{feed}");
            let parser = feed_rs::parser::Builder::new();
            let parser = parser.base_uri(Some(&address)).build();
            let read = parser.parse(xml.as_bytes()).expect("a valid feed");
            let root = url::Url::parse(&address).expect("an address");
            let channel = read.links.iter().find(|link| link.href.contains("index"));
            let channel = root.join(&channel.expect("a way to the front page").href);
            let article = &read.entries[0].links[0].href;
            for base in [root, channel.expect("an address")] {
                assert_eq!(
                    base.join(article).expect("an address").as_str(),
                    "https://mirror.example/copy/be/2026/11/ferry/index.html",
                    "{feed}"
                );
            }
        }
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
        assert_eq!(all.select("h1").length(), 1);
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
                Article::place(&room, Timestamp::UNIX_EPOCH, Clock::default(), slug),
                None,
                "{slug}"
            );
        }
    }
}
