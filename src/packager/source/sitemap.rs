//! Sitemaps (sitemaps.org 0.9) with the extensions for news and images, indexes of sitemaps, and plain lists; packed or
//! not.
//!
//! 1. Read the bytes, unpacked up to [`Limits::listing_bytes`](crate::base::Limits::listing_bytes). Elements are known
//!    by their names without prefixes, since newsrooms forget to declare them; what comes before a break is kept. What is
//!    longer than [`Limits::address_bytes`](crate::base::Limits::address_bytes) is not taken.
//! 2. Of an index, leave out the sitemaps of tags, categories, authors and single pages, as WordPress and its plug-ins name
//!    them: they change with every article. Fetch those that changed last first, and stop when none of the others can hold a newer page
//!    than the newest so many; at most [`Limits::listings`](crate::base::Limits::listings) of them, and no more when they
//!    have told [`Limits::told_bytes`](crate::base::Limits::told_bytes).
//! 3. Offer the newest pages. A page that was not changed since it was fetched is not fetched again.

use std::collections::HashSet;

use jiff::civil::Date;
use quick_xml::Reader;
use quick_xml::events::Event;
use url::Url;

use super::feed::Entry;
use super::unpacked::unpacked;
use super::{Document, Offer, Page, SourceError, in_time, newest, shelf};
use crate::base::{LIMITS, Timestamp};
use crate::io::fetch::shown;
use crate::io::files;
use crate::packager::extract::{Moment, parse_date, squeezed, unescaped};
use crate::packager::fetching::{Getter, Terms};
use crate::packager::patience::PATIENCE;
use crate::packager::{Skipped, charset};

/// What one file says.
#[derive(Debug, Default, PartialEq)]
struct Sitemap {
    pages: Vec<Told>,
    /// Further sitemaps.
    maps: Vec<Told>,
}

/// One `<url>` or `<sitemap>`. Texts are as they stand there.
#[derive(Debug, Default, Clone, PartialEq)]
struct Told {
    loc: String,
    lastmod: String,
    published: String,
    title: String,
    language: String,
    picture: String,
    caption: String,
}

pub(super) async fn offers(
    document: &Document,
    most: usize,
    terms: Terms,
    getter: &Getter<'_>,
    skipped: &mut Vec<Skipped>,
) -> Result<Vec<Offer>, SourceError> {
    let (bytes, url) = match document {
        Document::Address(url) => {
            let got = getter.get_on(url, terms).await?;
            (got.bytes.to_vec(), got.url)
        }
        Document::File(file) => {
            let bytes = files::read(&file.path, LIMITS.listing_bytes)?;
            (bytes, shelf::address(""))
        }
    };
    let name = match document {
        Document::Address(url) => shown(url),
        Document::File(file) => file.path.display().to_string(),
    };
    let sitemap = in_time(PATIENCE, &name, move || read(&bytes)).await?;
    let sitemap = sitemap.ok_or_else(|| SourceError::NotASitemap(name.clone()))?;
    let walk = Walk {
        terms,
        getter,
        most,
        seen: HashSet::from([url.clone()]),
        others: Vec::new(),
    };
    let pages = walk.pages(sitemap, &url, skipped).await;
    let pages = newest(pages, most, |(told, _)| told.newest());
    match pages.is_empty() {
        true => Err(SourceError::NoAddress(name)),
        false => Ok(pages
            .into_iter()
            .map(|(told, url)| offer(told, url))
            .collect()),
    }
}

// Step 2.

struct Walk<'a> {
    terms: Terms,
    getter: &'a Getter<'a>,
    most: usize,
    seen: HashSet<Url>,
    /// Left out.
    others: Vec<Url>,
}

impl Walk<'_> {
    async fn pages(
        mut self,
        first: Sitemap,
        base: &Url,
        skipped: &mut Vec<Skipped>,
    ) -> Vec<(Told, Url)> {
        let pages = self.read(first, base, skipped).await;
        skipped.extend(told_of_others(base, &self.others));
        pages
    }

    async fn read(
        &mut self,
        first: Sitemap,
        base: &Url,
        skipped: &mut Vec<Skipped>,
    ) -> Vec<(Told, Url)> {
        let mut pages = addressed(first.pages, base);
        let mut waiting = self.further(first.maps, base);
        for _ in 0..LIMITS.listings {
            waiting.sort_by_cached_key(|(told, _)| told.newest());
            // Never more than so many are read, so the oldest of them can go.
            waiting.drain(..waiting.len().saturating_sub(LIMITS.offers));
            let Some((told, url)) = waiting.pop() else {
                return pages;
            };
            if self.is_enough(&pages, &told) {
                return pages;
            }
            let all = pages.iter().chain(&waiting);
            if all.map(|(told, _)| told.bytes()).sum::<usize>() > LIMITS.told_bytes {
                skipped.push(Skipped {
                    what: shown(base),
                    why: format!(
                        "its sitemaps tell too much; {} were left out",
                        waiting.len() + 1
                    ),
                });
                return pages;
            }
            let terms = Terms {
                changed: told.changed(),
                ..self.terms
            };
            let read = match self.getter.get_on(&url, terms).await {
                Ok(got) => match in_time(PATIENCE, &shown(&url), move || read(&got.bytes)).await {
                    Ok(read) => read.ok_or_else(|| "it is not a sitemap".to_owned()),
                    Err(error) => Err(error.to_string()),
                },
                Err(error) => Err(error.to_string()),
            };
            match read {
                Ok(sitemap) => {
                    pages.extend(addressed(sitemap.pages, &url));
                    pages = newest(pages, LIMITS.offers, |(told, _)| told.newest());
                    waiting.extend(self.further(sitemap.maps, &url));
                }
                Err(why) => skipped.push(Skipped {
                    what: shown(&url),
                    why,
                }),
            }
        }
        if !waiting.is_empty() {
            skipped.push(Skipped {
                what: shown(base),
                why: format!(
                    "it names too many sitemaps; {} were left out",
                    waiting.len()
                ),
            });
        }
        pages
    }

    fn further(&mut self, maps: Vec<Told>, base: &Url) -> Vec<(Told, Url)> {
        let mut maps = addressed(maps, base);
        maps.retain(|(_, url)| self.seen.insert(url.clone()));
        let (others, maps) = maps
            .into_iter()
            .partition::<Vec<_>, _>(|(_, url)| is_of_others(url));
        self.others.extend(others.into_iter().map(|(_, url)| url));
        // Of those without a date the last is read first: they are numbered upwards.
        maps
    }

    /// Whether so many pages are newer than anything that this sitemap can hold.
    fn is_enough(&self, pages: &[(Told, Url)], next: &Told) -> bool {
        let Some(changed) = next.changed() else {
            return pages.len() >= LIMITS.offers;
        };
        let newer = pages
            .iter()
            .filter(|(told, _)| told.newest().is_some_and(|newest| newest >= changed));
        newer.count() >= self.most
    }
}

/// Whether a sitemap lists no articles: `post_tag-sitemap2.xml`, `wp-sitemap-taxonomies-category-1.xml`, `page-sitemap.xml`.
/// One whose name says more, such as `category-politics.xml`, may be of articles.
fn is_of_others(map: &Url) -> bool {
    const OTHERS: &[&str] = &[
        "author",
        "authors",
        "categories",
        "category",
        "tag",
        "tags",
        "taxonomies",
        "users",
    ];
    const BESIDE: &[&str] = &[
        "blog", "format", "gz", "index", "news", "post", "posts", "sitemap", "wp", "xml",
    ];
    let name = map.path().rsplit('/').next().unwrap_or_default();
    let name = name.to_ascii_lowercase();
    // Elsewhere a number of pages is a part of all.
    if name.starts_with("page-sitemap") || name.starts_with("wp-sitemap-posts-page-") {
        return true;
    }
    let words = name.split(|c: char| !c.is_ascii_alphabetic());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let is_any = |known: &[&str]| words.iter().any(|word| known.contains(word));
    is_any(OTHERS)
        && words
            .iter()
            .all(|word| OTHERS.contains(word) || BESIDE.contains(word))
}

fn told_of_others(base: &Url, others: &[Url]) -> Option<Skipped> {
    const SHOWN: usize = 5;
    let names = others
        .iter()
        .take(SHOWN)
        .map(|url| format!("`{}`", shown(url)));
    let names: Vec<String> = names.collect();
    let rest = match others.len() {
        0 => return None,
        number if number > SHOWN => format!(" and {} more", number - SHOWN),
        _ => String::new(),
    };
    Some(Skipped {
        what: shown(base),
        why: format!(
            "by their names these sitemaps list tags, categories, authors or single pages: {}{rest}; one that lists articles can \
             be a source of its own",
            names.join(", ")
        ),
    })
}

fn addressed(told: Vec<Told>, base: &Url) -> Vec<(Told, Url)> {
    let address = |told: &Told| {
        let url = base.join(&told.loc).ok()?;
        (matches!(url.scheme(), "http" | "https") && !shelf::is_on_shelf(&url)).then_some(url)
    };
    told.into_iter()
        .filter_map(|told| address(&told).map(|url| (told, url)))
        .collect()
}

// Step 3.

fn offer(told: Told, url: Url) -> Offer {
    let text = |text: &str| Some(squeezed(text)).filter(|text| !text.is_empty());
    let entry = Entry {
        link: Some(url.clone()),
        title: text(&told.title),
        published: moment(&told.published),
        language: text(&told.language),
        picture: text(&told.picture),
        caption: text(&told.caption),
        ..Entry::default()
    };
    let changed = told.changed();
    let mut offer = Offer::new(url.to_string(), Page::Address(url.into()), entry);
    offer.terms.changed = changed;
    offer.seen = moment(&told.lastmod).map(|moment| moment.at);
    offer
}

fn moment(text: &str) -> Option<Moment> {
    parse_date(text).filter(|moment| moment.at > Timestamp::UNIX_EPOCH)
}

impl Told {
    /// That it takes in memory; its address stands there twice.
    fn bytes(&self) -> usize {
        let texts = [
            &self.loc,
            &self.loc,
            &self.lastmod,
            &self.published,
            &self.title,
            &self.language,
            &self.picture,
            &self.caption,
        ];
        texts.iter().map(|text| text.len()).sum()
    }

    fn newest(&self) -> Option<Timestamp> {
        let moments = [&self.lastmod, &self.published].map(|text| moment(text));
        moments.into_iter().flatten().map(|moment| moment.at).max()
    }

    /// A day without an hour lasts until it is over everywhere.
    fn changed(&self) -> Option<Timestamp> {
        let at = moment(&self.lastmod)?.at;
        match self.lastmod.trim().parse::<Date>() {
            Ok(_) if self.lastmod.trim().len() == 10 => {
                at.checked_add(jiff::SignedDuration::from_hours(36)).ok()
            }
            _ => Some(at),
        }
    }
}

// Step 1.

/// `None` if the bytes are no sitemap.
fn read(bytes: &[u8]) -> Option<Sitemap> {
    let bytes = unpacked(bytes, LIMITS.listing_bytes).ok()?;
    let (text, _) = charset::decode(&bytes, None);
    let text = text.trim_start();
    match text.starts_with("http://") || text.starts_with("https://") {
        true => Some(read_lines(text)),
        false => read_xml(text),
    }
}

fn read_lines(text: &str) -> Sitemap {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let page = |line: &str| Told {
        loc: line.to_owned(),
        ..Told::default()
    };
    Sitemap {
        pages: lines.take(LIMITS.offers).map(page).collect(),
        maps: Vec::new(),
    }
}

fn read_xml(text: &str) -> Option<Sitemap> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_dangling_amp = true;
    config.allow_unmatched_ends = true;
    let (mut sitemap, mut is_one) = (Sitemap::default(), false);
    let (mut told, mut written) = (Told::default(), String::new());
    // Of a file that breaks off, what was whole before is kept.
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(start) => {
                written.clear();
                match start.local_name().as_ref() {
                    "urlset" | "sitemapindex" => is_one = true,
                    "url" | "sitemap" => told = Told::default(),
                    _ => {}
                }
            }
            Event::Text(text) => written.push_str(&text),
            Event::CData(text) => written.push_str(&text),
            Event::GeneralRef(name) => {
                let whole = format!("&{};", &*name);
                written.push_str(&unescaped(&whole));
            }
            Event::End(end) => {
                let text = written.trim();
                match (end.name().prefix().is_some(), end.local_name().as_ref()) {
                    (_, "url") => sitemap.pages.push(std::mem::take(&mut told)),
                    (_, "sitemap") => sitemap.maps.push(std::mem::take(&mut told)),
                    (has_prefix, name) => told.take(has_prefix, name, text),
                }
                written.clear();
            }
            Event::Eof => break,
            _ => {}
        }
        if sitemap.pages.len().max(sitemap.maps.len()) >= LIMITS.offers {
            break;
        }
    }
    sitemap.pages.retain(|told| !told.loc.is_empty());
    sitemap.maps.retain(|told| !told.loc.is_empty());
    is_one.then_some(sitemap)
}

impl Told {
    fn take(&mut self, has_prefix: bool, name: &str, text: &str) {
        let place = match (has_prefix, name) {
            (false, "loc") => &mut self.loc,
            (false, "lastmod") => &mut self.lastmod,
            (_, "publication_date") => &mut self.published,
            // Of the article, and of the picture where there is no other.
            (_, "title") => &mut self.title,
            (_, "language") => &mut self.language,
            (true, "loc") => &mut self.picture,
            (_, "caption") => &mut self.caption,
            _ => return,
        };
        // The first: the lead picture, and the article's title before that of a picture.
        if place.is_empty() && text.len() <= LIMITS.address_bytes {
            text.clone_into(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{folder, found, found_on};
    use super::super::unpacked::tests::gzip;
    use super::super::{NEWEST, Source};
    use super::*;
    use crate::packager::fetching::tests::Web;

    const NEWS: &str = "<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:news='http://www.google.com/schemas/sitemap-news/0.9'>
        <url><loc>https://n.example/a?x=1&amp;y=2</loc><lastmod>2026-11-23T10:00:00+03:00</lastmod>
        <news:news><news:publication><news:name>N</news:name><news:language>be</news:language></news:publication>
        <news:publication_date>2026-11-22T08:00:00Z</news:publication_date><news:title><![CDATA[Суд & рака]]></news:title></news:news>
        <image:image><image:loc>/1.jpg</image:loc><image:caption>The building</image:caption></image:image></url>
        <url><loc>  https://n.example/b  </loc></url></urlset>";

    fn address(text: &str) -> Source {
        Source::Sitemap(Document::Address(Url::parse(text).unwrap()), NEWEST)
    }

    fn ids(offers: &[Offer]) -> Vec<&str> {
        offers
            .iter()
            .map(|offer| offer.id.rsplit('/').next().unwrap())
            .collect()
    }

    #[test]
    fn of_a_sitemap_without_end_no_more_is_held_than_is_offered() {
        let many = LIMITS.offers + 10;
        let lines = format!("http://n.example/\n{}", "a\n".repeat(many));
        let wrapped = |tag: &str, one: &str| format!("<{tag}>{}", one.repeat(many));
        let pages = wrapped("urlset", "<url><loc>a</loc></url>");
        let maps = wrapped("sitemapindex", "<sitemap><loc>a</loc></sitemap>");
        for bomb in [lines, pages, maps] {
            let sitemap = read(&gzip(bomb.as_bytes())).unwrap();
            let held = sitemap.pages.len() + sitemap.maps.len();
            assert_eq!(held, LIMITS.offers);
        }
    }

    #[test]
    fn what_is_too_long_to_be_an_address_or_a_title_is_not_taken() {
        let long = "a".repeat(LIMITS.address_bytes + 1);
        let map = format!(
            "<urlset><url><loc>https://n.example/{long}</loc></url><url><loc>https://n.example/a</loc>\
             <news:title>{long}</news:title></url></urlset>"
        );
        let pages = read(map.as_bytes()).unwrap().pages;
        assert_eq!(pages.len(), 1);
        assert_eq!(
            (&*pages[0].loc, &*pages[0].title),
            ("https://n.example/a", "")
        );
    }

    #[tokio::test]
    async fn sitemaps_that_tell_too_much_are_read_no_further() {
        let names: Vec<String> = (0..9).map(|n| format!("{n}.xml")).collect();
        let entries: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
        let mut web = Web::default().with(
            "https://n.example/sitemap.xml",
            "",
            map(&entries, "sitemap"),
        );
        let long = "a".repeat(4_000);
        let many: String = (0..5_000)
            .map(|n| format!("<url><loc>https://n.example/{n}/{long}</loc></url>"))
            .collect();
        let packed = gzip(format!("<urlset>{many}</urlset>").as_bytes());
        for name in &names {
            web = web.with(&format!("https://n.example/{name}"), "", packed.clone());
        }
        let (offers, skipped) = found_on(&web, &address("https://n.example/sitemap.xml")).await;
        assert_eq!(offers.unwrap().len(), NEWEST);
        assert!(
            skipped[0].why.contains("tell too much; 6 were"),
            "{skipped:?}"
        );
    }

    #[tokio::test]
    async fn what_a_sitemap_tells_of_news_is_taken() {
        for bytes in [NEWS.as_bytes().to_vec(), gzip(NEWS.as_bytes())] {
            let web = Web::default().with("https://n.example/news.xml", "text/plain", bytes);
            let (offers, skipped) = found_on(&web, &address("https://n.example/news.xml")).await;
            let offers = offers.unwrap();
            assert!(skipped.is_empty());
            assert_eq!(ids(&offers), ["a?x=1&y=2", "b"]);
            let told = offers[0].told.as_ref().unwrap();
            assert_eq!(told.title.as_deref(), Some("Суд & рака"));
            assert_eq!(told.language.as_deref(), Some("be"));
            assert_eq!(told.picture.as_deref(), Some("/1.jpg"));
            assert_eq!(told.caption.as_deref(), Some("The building"));
            let published = told.published.as_ref().unwrap().at;
            assert_eq!(published.to_string(), "2026-11-22T08:00:00Z");
            let changed = offers[0].terms.changed.unwrap();
            assert_eq!(changed.to_string(), "2026-11-23T07:00:00Z");
            assert_eq!(offers[1].terms.changed, None);
        }
    }

    fn map(entries: &[(&str, &str)], tag: &str) -> String {
        let entry = |(name, day): &(&str, &str)| {
            let day = match *day {
                "" => String::new(),
                day => format!("<lastmod>2026-11-{day}</lastmod>"),
            };
            format!("<{tag}><loc>https://n.example/{name}</loc>{day}</{tag}>")
        };
        let entries: String = entries.iter().map(entry).collect();
        let root = match tag {
            "url" => "urlset",
            _ => "sitemapindex",
        };
        format!("<{root}>{entries}</{root}>")
    }

    #[tokio::test]
    async fn of_an_index_only_what_can_be_newest_is_fetched() {
        let index = map(
            &[("old.xml", "01"), ("new.xml", "20"), ("gone.xml", "22")],
            "sitemap",
        );
        let web = Web::default()
            .with("https://n.example/sitemap.xml", "text/xml", index)
            .with(
                "https://n.example/new.xml",
                "text/xml",
                map(&[("1", "18"), ("2", "20"), ("3", "")], "url"),
            )
            .with(
                "https://n.example/old.xml",
                "text/xml",
                map(&[("4", "01")], "url"),
            );
        let url = Url::parse("https://n.example/sitemap.xml").unwrap();
        let two = Source::Sitemap(Document::Address(url), 2);
        let (offers, skipped) = found_on(&web, &two).await;
        assert_eq!(ids(&offers.unwrap()), ["2", "1"]);
        assert_eq!(skipped.len(), 1);
        assert!(skipped[0].what.contains("gone.xml"));
        let asked = web.asked.load(std::sync::atomic::Ordering::Relaxed);
        assert_eq!(asked, 3, "not the old one");
        let (offers, _) = found_on(&web, &address("https://n.example/sitemap.xml")).await;
        assert_eq!(ids(&offers.unwrap()), ["2", "1", "4", "3"]);
    }

    #[tokio::test]
    async fn tags_and_authors_take_no_articles_place() {
        let names = [
            ("post-sitemap.xml", "01"),
            ("post_tag-sitemap.xml", "20"),
            ("author-sitemap.xml", "21"),
        ];
        let mut web = Web::default().with(
            "https://n.example/sitemap_index.xml",
            "",
            map(&names, "sitemap"),
        );
        for (name, pages) in [
            ("post-sitemap.xml", [("1", "01"), ("2", "")]),
            ("post_tag-sitemap.xml", [("tag/a", "20"), ("tag/b", "20")]),
            (
                "author-sitemap.xml",
                [("author/a", "21"), ("author/b", "21")],
            ),
        ] {
            web = web.with(&format!("https://n.example/{name}"), "", map(&pages, "url"));
        }
        let url = Url::parse("https://n.example/sitemap_index.xml").unwrap();
        let two = Source::Sitemap(Document::Address(url), 2);
        let (offers, skipped) = found_on(&web, &two).await;
        assert_eq!(ids(&offers.unwrap()), ["1", "2"]);
        let [left_out] = &skipped[..] else {
            panic!("{skipped:?}")
        };
        for name in ["post_tag-sitemap.xml`", "author-sitemap.xml`"] {
            assert!(left_out.why.contains(name), "{left_out:?}");
        }
        // Who names it as a source means it.
        let (offers, _) = found_on(&web, &address("https://n.example/author-sitemap.xml")).await;
        assert_eq!(offers.unwrap().len(), 2);
    }

    #[test]
    fn sitemaps_of_others_are_known_by_their_names() {
        let is_of_others =
            |name: &str| is_of_others(&Url::parse(&format!("https://n.example/{name}")).unwrap());
        for name in [
            "post_tag-sitemap2.xml",
            "category-sitemap.xml.gz",
            "sitemap-tags.xml",
            "page-sitemap.xml",
            "wp-sitemap-users-1.xml",
            "wp-sitemap-taxonomies-post_tag-1.xml",
            "wp-sitemap-posts-page-1.xml",
        ] {
            assert!(is_of_others(name), "{name}");
        }
        for name in [
            "post-sitemap.xml",
            "wp-sitemap-posts-post-1.xml",
            "sitemap-pages-2.xml",
            "sitemap-category-politics.xml",
            "tag/sitemap.xml",
            "news.xml?page=3",
            "",
        ] {
            assert!(!is_of_others(name), "{name}");
        }
    }

    #[tokio::test]
    async fn an_index_of_itself_and_one_without_end_are_bounded() {
        let all: Vec<String> = (0..300).map(|n| format!("{n}.xml")).collect();
        let entries: Vec<(&str, &str)> = all.iter().map(|name| (name.as_str(), "")).collect();
        let index = map(&[&entries[..], &[("sitemap.xml", "")]].concat(), "sitemap");
        let mut web = Web::default().with("https://n.example/sitemap.xml", "", index.clone());
        for name in &all {
            let page = map(&[(&format!("page-{name}"), "")], "url");
            web = web.with(&format!("https://n.example/{name}"), "", page);
        }
        let (offers, skipped) = found_on(&web, &address("https://n.example/sitemap.xml")).await;
        assert_eq!(offers.unwrap().len(), LIMITS.listings);
        assert!(skipped[0].why.contains("too many"), "{skipped:?}");
        let asked = web.asked.load(std::sync::atomic::Ordering::Relaxed);
        assert_eq!(asked, LIMITS.listings + 1);
    }

    #[tokio::test]
    async fn a_sitemap_in_a_file_is_read_and_one_that_breaks_off_too() {
        let broken = NEWS.split("<url><loc>  ").next().unwrap();
        let root = folder(&[
            ("sitemap.xml", &format!("{broken}<url><loc>https://n.exa")),
            ("list.txt", "https://n.example/1\nhttps://n.example/2\n"),
            ("page.html", "<html><body>Not found"),
        ]);
        let file = |name| Source::Sitemap(Document::File(root.path().join(name).into()), NEWEST);
        let (offers, _) = found(&file("sitemap.xml")).await;
        assert_eq!(ids(&offers.unwrap()), ["a?x=1&y=2"]);
        let (offers, _) = found(&file("list.txt")).await;
        assert_eq!(offers.unwrap().len(), 2);
        let (offers, _) = found(&file("page.html")).await;
        assert!(matches!(offers, Err(SourceError::NotASitemap(_))));
    }

    #[test]
    fn a_day_without_an_hour_lasts_until_it_is_over() {
        let told = |lastmod: &str| Told {
            lastmod: lastmod.into(),
            ..Told::default()
        };
        let check = |lastmod: &str, expected: Option<&str>| {
            let changed = told(lastmod).changed().map(|at| at.to_string());
            assert_eq!(changed.as_deref(), expected, "{lastmod}");
        };
        check("2026-11-20", Some("2026-11-21T12:00:00Z"));
        check("2026-11-20T10:00:00Z", Some("2026-11-20T10:00:00Z"));
        check("yesterday", None);
        check("", None);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, tags in "(</?(url|loc|lastmod|sitemap|news:title)>|<!\\[CDATA\\[|&#?[a-z0-9]{0,4};?|[a-z/:. ]{0,9}){0,60}") {
            let _ = read(&bytes);
            let _ = read(format!("<urlset>{tags}").as_bytes());
            let _ = read(&gzip(tags.as_bytes()));
        }
    }
}
