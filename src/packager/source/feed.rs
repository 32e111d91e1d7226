//! Feeds as newsrooms write them: RSS of any version, Atom, JSON Feed, and what is nearly one.
//!
//! 1. Read the bytes by their character set, and drop what stands before the first element.
//! 2. Read what stands [beside] the text of each item, which feed-rs does not tell or mixes up.
//! 3. Let feed-rs read it, unless its elements nest deeper than [`mending::DEPTH`]: of some the reader goes down by calling
//!    itself.
//!    Of very many items the first are read: each takes memory, however short it is.
//! 4. If it cannot, mend what is commonly broken and let it try again: bare ampersands, entities of HTML, control
//!    characters, unknown versions of RSS, and an end that never came; of JSON Feed, see [`json`].
//! 5. If it still cannot, or finds none of the items that stand there, read it [loosely](super::loose).

mod beside;
mod mending;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

use jiff::tz::Offset;
use url::Url;

use self::beside::PLAYER;
pub(super) use self::beside::{Attached, Beside, Seen};
use self::mending::{first_items, is_deep, mended, unwrapped, with_known_elements};
use super::{Offer, Page, Source, SourceError, json, loose};
use crate::base::{LIMITS, Timestamp};
use crate::io::fetch::shown;
use crate::packager::extract::{
    Moment, escaped, is_document, parse_date, picture_key, plain_text, unescaped, weight,
};
use crate::packager::mark::Mark;
use crate::packager::{Skipped, archive, charset};
use crate::site::{Language, shortened};

/// One article as its source tells it. Any part may be missing; texts are plain unless they say otherwise.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    /// What the source calls it; often its address.
    pub id: String,
    pub link: Option<Url>,
    pub title: Option<String>,
    pub byline: Option<String>,
    pub published: Option<Moment>,
    pub updated: Option<Moment>,
    pub language: Option<String>,
    pub section: Option<String>,
    /// HTML: the whole article, if the newsroom gives it away.
    pub content: Option<String>,
    /// HTML or plain: a few sentences.
    pub summary: Option<String>,
    /// The address of the picture above the text, and what is written below it.
    pub picture: Option<String>,
    pub caption: Option<String>,
    /// What those who do not see it are told that it shows.
    pub alt: Option<String>,
    /// The addresses of pictures in `content`, as they stand there, and what is written below each.
    pub captions: Vec<(String, String)>,
}

impl Entry {
    /// A digest of what its source calls the article with this address, if it calls it anything else: that may stay while the
    /// headline changes and the address with it.
    pub fn own_id(&self, address: &str) -> Option<Mark> {
        let id = self.id.trim();
        let is_other = || archive::key(id) != archive::key(address);
        let is_any = self.link.is_some() && !id.is_empty() && is_other();
        is_any.then(|| Mark::of(&[id.as_bytes()]))
    }
}

/// A description this long, with paragraphs in it, is the article itself.
const WHOLE: usize = 1200;

/// The articles of a feed that was found at `url`.
pub(super) fn offers(
    bytes: &[u8],
    content_type: Option<&str>,
    url: &Url,
    source: &Source,
) -> Result<(Vec<Offer>, Vec<Skipped>), SourceError> {
    // To this relative links are joined, and one such as `#1` keeps the query, in which a token may stand.
    let url = &Url::parse(&shown(url)).unwrap_or_else(|_| url.clone());
    let entries =
        read(bytes, content_type, url).ok_or_else(|| SourceError::NotAFeed(source.to_string()))?;
    if entries.is_empty() {
        return Err(SourceError::EmptyFeed(source.to_string()));
    }
    let (mut offers, mut skipped) = (Vec::with_capacity(entries.len()), Vec::new());
    for entry in named_once(entries) {
        let title = entry.title.clone().unwrap_or_default();
        match offer(entry, url) {
            Some(offer) => offers.push(offer),
            None => skipped.push(Skipped {
                what: format!("{source}: {}", shortened(&title, 80)),
                why: "the feed gives it no address, and not all of it together with an id".into(),
            }),
        }
    }
    Ok((offers, skipped))
}

/// What several items are called tells none of them from the others.
fn named_once(mut entries: Vec<Entry>) -> Vec<Entry> {
    let mut times: HashMap<String, usize> = HashMap::new();
    for entry in &entries {
        *times.entry(entry.id.clone()).or_default() += 1;
    }
    let linked = entries.iter_mut().filter(|entry| entry.link.is_some());
    for entry in linked.filter(|entry| times.get(&entry.id) > Some(&1)) {
        entry.id.clear();
    }
    entries
}

/// The article's own address is the steadier name; an entry without one can only be read if it is whole.
fn offer(told: Entry, feed: &Url) -> Option<Offer> {
    let id = match &told.link {
        Some(link) => link.to_string(),
        None => told.id.clone(),
    };
    let page = match (&told.link, told.content.is_some()) {
        (Some(link), false) => Page::Address(link.clone().into()),
        (Some(link), true) => Page::Told(link.clone().into()),
        // Only to know where relative links lead.
        (None, true) => Page::Told(feed.clone().into()),
        (None, false) => return None,
    };
    (!id.is_empty()).then(|| Offer::new(id, page, told))
}

/// `None` if no reading of the bytes gives a feed. `url` resolves relative links; it need not exist.
pub fn read(bytes: &[u8], content_type: Option<&str>, url: &Url) -> Option<Vec<Entry>> {
    let wide = charset::decode_wide(bytes);
    let text = wide.map_or_else(|| charset::decode(bytes, content_type).0, Cow::Owned);
    let text = with_known_elements(first_items(unwrapped(&text)?));
    let text = &*text;
    if text.starts_with('{') && json::is_crowded(text.as_bytes()) {
        return None;
    }
    let is_json = text.starts_with('{');
    let (numbered, mut beside) = match is_json {
        true => (Cow::Borrowed(text), json::beside(text)),
        false => {
            let (numbered, beside) = beside::numbered(text, url);
            (Cow::Owned(numbered), beside)
        }
    };
    // Entries in a place where the reader does not look for them are worth another try.
    let empty = |feed: &feed_rs::model::Feed| {
        feed.entries.is_empty() && (text.contains("<item") || text.contains("<entry"))
    };
    let first = parsed(&numbered, url).filter(|feed| !empty(feed));
    let feed = first.or_else(|| {
        let mended = match is_json {
            true => json::mended(text)?,
            false => mended(&numbered),
        };
        parsed(&mended, url).filter(|feed| !empty(feed))
    });
    let Some(feed) = feed else {
        return loose::read(text, url);
    };
    let language = feed.language.clone();
    let entries = feed.entries.into_iter().enumerate().map(|(index, told)| {
        let number = match is_json {
            true => Some(index),
            false => beside::number(&told.links),
        };
        let beside = number.and_then(|number| beside.get_mut(number));
        let beside = beside.map(std::mem::take).unwrap_or_default();
        entry(told, beside, language.as_deref(), url)
    });
    Some(entries.collect())
}

fn parsed(text: &str, url: &Url) -> Option<feed_rs::model::Feed> {
    if text.starts_with('<') && is_deep(text) {
        return None;
    }
    let parser = feed_rs::parser::Builder::new()
        .base_uri(Some(url.as_str()))
        .id_generator(|_, _, _| String::new())
        // Its own leaves out what has no zone, and what is not in English.
        .timestamp_parser(|text| Some(carried(parse_date(text)?).into()))
        .build();
    parser.parse(text.as_bytes()).ok()
}

// ---- what an entry tells

fn entry(
    mut told: feed_rs::model::Entry,
    beside: Beside,
    language: Option<&str>,
    feed: &Url,
) -> Entry {
    told.links.retain(|link| !beside::is_number(link));
    let link = article_link(&told, feed);
    let names: Vec<String> = told
        .authors
        .iter()
        .filter_map(|author| plain(author.name.as_deref()?))
        .collect();
    let summary = told.summary.map(|text| text.content);
    let body = told
        .content
        .and_then(|content| content.body)
        .map(in_paragraphs);
    let whole = |text: &String| weight(text) >= WHOLE && text.contains("<p");
    let content = body.filter(|text| !text.trim().is_empty());
    let content = content.or_else(|| summary.clone().filter(whole));
    let caption = |seen: &Seen| seen.caption(summary.as_deref());
    let pictures = || beside.pictures.iter();
    let content = content.map(|text| {
        let further = further_pictures(&text, pictures().skip(1), feed, caption);
        let attached = attached(&text, &beside.attached);
        text + &further + &attached
    });
    let own = beside.language.filter(|tag| Language::parse(tag).is_some());
    let moment = |date: Option<_>| date.and_then(moment);
    let id = match (told.id.trim(), &link) {
        ("", Some(link)) => link.to_string(),
        (id, _) => id.to_owned(),
    };
    Entry {
        id,
        title: told.title.and_then(|title| plain(&title.content)),
        byline: (!names.is_empty()).then(|| names.join(", ")),
        published: moment(told.published).or(moment(told.updated)),
        updated: moment(told.updated),
        language: told.language.or(own).or(language.map(str::to_owned)),
        section: section(&told.categories),
        caption: beside.pictures.first().and_then(caption),
        picture: beside.pictures.first().map(|seen| seen.address.clone()),
        alt: None,
        captions: Vec::new(),
        content,
        summary,
        link,
    }
}

/// The one category; where there are several, they are tags.
fn section(categories: &[feed_rs::model::Category]) -> Option<String> {
    match categories {
        [category] => plain(category.label.as_deref().unwrap_or(&category.term)),
        _ => None,
    }
}

/// More minutes than any clock is behind UTC.
const BEHIND: i32 = 48 * 60;

/// feed-rs hands on no offset. Fractions of a second no newsroom tells, so they carry it: its minutes as nanoseconds.
fn carried(moment: Moment) -> SystemTime {
    let minutes = u64::try_from(moment.offset.seconds() / 60 + BEHIND).unwrap_or_default();
    SystemTime::from(moment.at) + Duration::from_nanos(minutes)
}

fn moment(date: impl Into<SystemTime>) -> Option<Moment> {
    let date = Timestamp::try_from(date.into()).ok()?;
    let minutes = date.subsec_nanosecond() - BEHIND;
    let moment = Moment {
        at: Timestamp::from_second(date.as_second()).ok()?,
        offset: Offset::from_seconds(minutes * 60).ok()?,
    };
    Some(moment).filter(|moment| moment.at > Timestamp::UNIX_EPOCH)
}

fn article_link(told: &feed_rs::model::Entry, feed: &Url) -> Option<Url> {
    let named = |rel: Option<&str>| {
        let links = told
            .links
            .iter()
            .filter(move |link| link.rel.as_deref() == rel && is_page(link));
        links
            .map(|link| link.href.trim())
            .find(|href| !href.is_empty())
    };
    let guid = || Some(told.id.as_str()).filter(|id| id.starts_with("http"));
    let href = named(Some("alternate"))
        .or_else(|| named(None))
        .or_else(guid)?;
    let url = feed.join(href).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// What JSON Feed attaches comes as a link as well.
fn is_page(link: &feed_rs::model::Link) -> bool {
    let kind = link.media_type.as_deref();
    kind.is_none_or(|kind| kind.starts_with("text/") || kind.contains("html"))
}

/// Without markup.
fn plain(html: &str) -> Option<String> {
    let text = plain_text(&unescaped(html));
    (!text.is_empty()).then_some(text)
}

/// Text without any mark-up, as HTML.
fn in_paragraphs(text: String) -> String {
    let is_tag = |(at, _): (usize, &str)| {
        let next = text.get(at + 1..).and_then(|rest| rest.chars().next());
        next.is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '!'))
    };
    if !text.trim().contains('\n') || text.match_indices('<').any(is_tag) {
        return text;
    }
    let text = text.replace("\r\n", "\n").replace('<', "&lt;");
    let part = if text.contains("\n\n") { "\n\n" } else { "\n" };
    let paragraphs = text
        .split(part)
        .map(str::trim)
        .filter(|text| !text.is_empty());
    paragraphs
        .map(|text| format!("<p>{}</p>", text.replace('\n', "<br>")))
        .collect()
}

/// Those that do not stand in the text anyway, below it.
fn further_pictures<'s>(
    text: &str,
    pictures: impl Iterator<Item = &'s Seen>,
    feed: &Url,
    caption: impl Fn(&Seen) -> Option<String>,
) -> String {
    let mut pictures = pictures.peekable();
    if pictures.peek().is_none() {
        return String::new();
    }
    let key = |address: &str| Some(picture_key(&feed.join(address).ok()?));
    // Whatever may be an address in it, in several sizes or to come later.
    let parts = text.split(['"', '\'', '=', ',', '>', ' ', '\n']);
    let is_address = |part: &&str| {
        let path = part.split(['?', '#']).next().unwrap_or_default();
        let begins = ["http", "/", "."]
            .iter()
            .any(|start| part.starts_with(start));
        part.len() <= LIMITS.address_bytes && (begins || is_picture_name(path))
    };
    let shown = parts.filter(is_address);
    let shown: HashSet<String> = shown.filter_map(|part| key(&unescaped(part))).collect();
    let further =
        pictures.filter(|seen| key(&seen.address).is_some_and(|key| !shown.contains(&key)));
    let figures = further.map(|seen| {
        let said = caption(seen).map(|said| format!("<figcaption>{}</figcaption>", escaped(&said)));
        let address = escaped(&seen.address);
        let said = said.unwrap_or_default();
        format!("<figure><img src=\"{address}\">{said}</figure>")
    });
    figures.collect()
}

/// What is to be heard, seen or read with the article, as a page would show it.
fn attached(text: &str, all: &[Attached]) -> String {
    let mut shown = HashSet::new();
    let new = all.iter().filter(|one| shown.insert(&*one.address));
    let html = new.map(|one| {
        let address = escaped(&one.address);
        if text.contains(&*one.address) || text.contains(&address) {
            return String::new();
        }
        let title = one.title.as_deref().map(escaped);
        let named = title.as_ref().map(|title| format!(" title=\"{title}\""));
        let named = named.unwrap_or_default();
        let sort = one.kind.split('/').next();
        match sort.unwrap_or_default() {
            "audio" | "video" => format!("<audio src=\"{address}\"{named}></audio>"),
            PLAYER => format!("<iframe src=\"{address}\"{named}></iframe>"),
            _ if one.kind == "application/pdf" || is_document(&one.address) => {
                let name = title.unwrap_or_else(|| escaped(file_name(&one.address)));
                format!("<p><a href=\"{address}\">{name}</a></p>")
            }
            _ => String::new(),
        }
    });
    html.collect()
}

fn file_name(address: &str) -> &str {
    let path = address.split(['?', '#']).next().unwrap_or(address);
    let name = path.trim_end_matches('/').rsplit('/').next();
    name.unwrap_or(path)
}

fn is_picture_name(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    [".jpg", ".jpeg", ".png", ".webp"]
        .iter()
        .any(|end| lower.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(feed: &[u8]) -> Option<Vec<String>> {
        let url = Url::parse("https://n.example/feed.xml").unwrap();
        let entries = read(feed, None, &url)?;
        Some(
            entries
                .into_iter()
                .filter_map(|entry| entry.title)
                .collect(),
        )
    }

    #[track_caller]
    fn check(feed: &str, expected: &[&str]) {
        assert_eq!(
            titles(feed.as_bytes()).as_deref(),
            Some(
                expected
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .as_slice()
            ),
            "{feed}"
        );
    }

    #[test]
    fn every_kind_of_feed_is_read() {
        check(
            "<rss version='2.0'><channel><item><title>A</title></item></channel></rss>",
            &["A"],
        );
        check(
            "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>A</title></entry></feed>",
            &["A"],
        );
        check(
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'><channel></channel><item><title>A</title><link>https://n.example/a</link></item></rdf:RDF>",
            &["A"],
        );
        check(
            "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"N\",\"items\":[{\"id\":\"1\",\"title\":\"A\",\"content_text\":\"B\"}]}",
            &["A"],
        );
    }

    #[test]
    fn what_is_nearly_a_feed_is_read() {
        let channel = "<channel><item><title>A</title></item></channel></rss>";
        check(
            &format!(
                "\n\n junk <?xml version='1.0' encoding='utf-16'?><rss version='2.0'>{channel}"
            ),
            &["A"],
        );
        check(&format!("<rss version='0.94'>{channel}"), &["A"]);
        check(&format!("<rss>{channel}"), &["A"]);
        check(
            "<rss version='2.0'><channel><item><title>A &amp; B & C&nbsp;&laquo;D&raquo;</title></item></channel></rss>",
            &["A & B & C «D»"],
        );
        check(
            "<rss version='2.0'><channel><item><title>A</title></item><item><title>B</ti",
            &["A"],
        );
        check(
            "<rss version='2.0'><channel><item><title>A\u{8}\u{1}B</title></item></channel></rss>",
            &["AB"],
        );
    }

    #[test]
    fn dates_are_read_as_newsrooms_write_them() {
        let url = Url::parse("https://n.example/feed.xml").unwrap();
        let read = |feed: &str| read(feed.as_bytes(), None, &url).unwrap().remove(0);
        for date in [
            "2026-11-20 10:00:00",
            "Fri, 20 Nov 2026 10:00:00",
            "Fri, 20 Nov 2026 13:00:00 MSK",
            "Пт, 20 ноя 2026 13:00:00 +0300",
        ] {
            let feed = format!(
                "<rss version='2.0'><channel><item><title>A</title><pubDate>{date}</pubDate></item></channel></rss>"
            );
            let published = read(&feed).published.unwrap_or_else(|| panic!("{date}"));
            assert_eq!(published.at.to_string(), "2026-11-20T10:00:00Z", "{date}");
        }
        for offset in ["+08:00", "+00:00", "-03:30"] {
            let date = format!("2026-11-01T07:30:00{offset}");
            let feed = format!(
                "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>A</title><published>{date}</published></entry></feed>"
            );
            assert_eq!(read(&feed).published.unwrap().to_string(), date);
        }
    }

    #[test]
    fn what_is_told_beside_the_text_is_taken() {
        let url = Url::parse("https://n.example/feed.xml").unwrap();
        let item = |told: &str| {
            let feed = format!(
                "<rss version='2.0' xmlns:media='http://search.yahoo.com/mrss/' xmlns:yandex='http://news.yandex.ru' \
                 xmlns:turbo='http://turbo.yandex.ru'><channel><item><title>A</title><link>/a</link>{told}</item>\
                 <item><title>B</title></item></channel></rss>"
            );
            read(feed.as_bytes(), None, &url).unwrap().remove(0)
        };
        for told in [
            "<media:thumbnail url='https://n.example/1.jpg'/>",
            "<media:thumbnail url='https://n.example/1.jpg' width='600'></media:thumbnail>",
            "<media:content url='https://n.example/1.jpg' medium='image'/><media:thumbnail url='https://n.example/s.jpg'/>",
        ] {
            let picture = item(told).picture;
            assert_eq!(
                picture.as_deref(),
                Some("https://n.example/1.jpg"),
                "{told}"
            );
        }
        let content = |inside: &str| {
            item(&format!(
                "<description>Short</description><media:content url='https://n.example/1.jpg' type='image/jpeg'>{inside}</media:content>"
            ))
        };
        for (inside, caption) in [
            (
                "<media:description>The ferry</media:description>",
                Some("The ferry"),
            ),
            (
                "<media:description>The ferry</media:description><media:credit>Ann</media:credit>",
                Some("The ferry (Ann)"),
            ),
            (
                "<media:description>Short</media:description><media:credit>Ann</media:credit>",
                Some("Ann"),
            ),
            ("<media:description>Short</media:description>", None),
        ] {
            assert_eq!(content(inside).caption.as_deref(), caption, "{inside}");
        }
        for name in ["yandex:full-text", "turbo:content"] {
            let told = item(&format!("<{name}>One & two.\nThree.</{name}>"));
            assert_eq!(
                told.content.as_deref(),
                Some("<p>One & two.</p><p>Three.</p>")
            );
            let told = item(&format!("<{name}><![CDATA[<p>One</p>]]></{name}>"));
            assert_eq!(told.content.as_deref(), Some("<p>One</p>"));
        }
    }

    #[test]
    fn pictures_and_paragraphs_of_json_feeds_are_taken() {
        let url = Url::parse("https://n.example/feed.json").unwrap();
        let feed = "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"N\",\"items\":[null,\
            {\"id\":\"1\",\"image\":\"/1.jpg\",\"banner_image\":\"/2.jpg\",\"content_text\":\"One < two.\\n\\nThree\\nfour.\"},\
            {\"id\":\"2\",\"banner_image\":\"/2.jpg\",\"content_html\":\"<p>One</p>\\n<p>Two</p>\"}]}";
        let entries = read(feed.as_bytes(), None, &url).unwrap();
        let told = entries.iter().map(|entry| {
            (
                entry.picture.as_deref().unwrap(),
                entry.content.as_deref().unwrap(),
            )
        });
        assert_eq!(
            told.collect::<Vec<_>>(),
            [
                ("/1.jpg", "<p>One &lt; two.</p><p>Three<br>four.</p>"),
                ("/2.jpg", "<p>One</p>\n<p>Two</p>")
            ]
        );
    }

    #[test]
    fn every_picture_of_an_item_is_shown_with_what_is_said_of_it() {
        let url = Url::parse("https://n.example/feed.xml").unwrap();
        let feed = "<rss version='2.0' xmlns:media='http://search.yahoo.com/mrss/' xmlns:content='http://purl.org/rss/1.0/modules/content/'>\
            <channel><item/><item><title>A</title><link>/a</link><content:encoded><![CDATA[<p>In the fire, petrov.</p><img src='/c-800x600.jpg'>]]></content:encoded>\
            <media:content url='/fire.jpg' medium='image'><media:text>Petrov</media:text></media:content>\
            <media:content url='/e.jpg' medium='image'><media:description>Ivanov &amp;amp; son</media:description></media:content>\
            <media:content url='/c.jpg' medium='image'/><media:content url='/petrov.jpg' medium='image'/></item></channel></rss>";
        let mut entries = read(feed.as_bytes(), None, &url).unwrap();
        let entry = entries.pop().unwrap();
        assert_eq!(entry.link.unwrap().as_str(), "https://n.example/a");
        assert_eq!(entry.picture.as_deref(), Some("https://n.example/fire.jpg"));
        assert_eq!(entry.caption.as_deref(), Some("Petrov"));
        assert_eq!(
            entry.content.as_deref(),
            Some(
                "<p>In the fire, petrov.</p><img src='/c-800x600.jpg'>\
                 <figure><img src=\"https://n.example/e.jpg\"><figcaption>Ivanov &amp; son</figcaption></figure>\
                 <figure><img src=\"https://n.example/petrov.jpg\"></figure>"
            )
        );
    }

    #[test]
    fn items_may_be_in_another_language_than_their_feed() {
        let url = Url::parse("https://n.example/feed").unwrap();
        let languages = |feed: &str| {
            let entries = read(feed.as_bytes(), None, &url).unwrap().into_iter();
            let languages = entries.map(|entry| entry.language.unwrap_or_default());
            languages.collect::<Vec<_>>()
        };
        assert_eq!(
            languages(
                "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"N\",\"language\":\"en\",\"items\":[null,\
                 {\"id\":\"1\",\"language\":\"fa\",\"content_text\":\"A\"},{\"id\":\"2\",\"language\":\"?\",\"content_text\":\"A\"}]}"
            ),
            ["fa", "en"]
        );
        assert_eq!(
            languages(
                "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='en'><entry xml:lang='tr'><id>1</id></entry>\
                 <entry xml:lang='tr'><id>2</id><content xml:lang='fa'>A</content></entry><entry><id>3</id></entry></feed>"
            ),
            ["tr", "fa", "en"]
        );
        // The reader leaves out an item without a link.
        assert_eq!(
            languages(
                "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/' \
                 xmlns:dc='http://purl.org/dc/elements/1.1/'><channel/><item><title>A</title><dc:language>uk</dc:language></item>\
                 <item><title>B</title><link>/b</link><dc:language>tr</dc:language></item></rdf:RDF>"
            ),
            ["uk", "tr"]
        );
    }

    #[test]
    fn attachments_of_json_feeds_are_shown_with_their_titles() {
        let url = Url::parse("https://n.example/feed").unwrap();
        let feed = "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"N\",\"items\":[{\"id\":\"5\",\"content_html\":\"<p>Text</p>\",\
            \"attachments\":[{\"url\":\"https://n.example/c.mp3\",\"mime_type\":\"audio/mpeg\",\"title\":\"The call\"},\
            {\"url\":\"https://n.example/l.pdf?a&b\",\"mime_type\":\"application/pdf\"},{\"url\":\"https://n.example/1.jpg\",\"mime_type\":\"image/jpeg\"}]}]}";
        let entry = read(feed.as_bytes(), None, &url).unwrap().remove(0);
        assert_eq!(entry.link, None, "an attachment is no page");
        assert_eq!(entry.picture.as_deref(), Some("https://n.example/1.jpg"));
        assert_eq!(
            entry.content.as_deref(),
            Some(
                "<p>Text</p><audio src=\"https://n.example/c.mp3\" title=\"The call\"></audio>\
                 <p><a href=\"https://n.example/l.pdf?a&amp;b\">l.pdf</a></p>"
            )
        );
    }

    #[test]
    fn an_item_that_cannot_be_an_article_is_named() {
        let url = Url::parse("https://n.example/feed.xml").unwrap();
        let feed = "<rss version='2.0'><channel><item><title>A</title><link>/a</link></item><item><title>Lost</title></item></channel></rss>";
        let source = Source::Feed(url.clone());
        let (offers, skipped) = offers(feed.as_bytes(), None, &url, &source).unwrap();
        assert_eq!((offers.len(), skipped.len()), (1, 1));
        assert_eq!(skipped[0].what, "https://n.example/feed.xml: Lost");
    }

    #[test]
    fn json_feeds_are_read_as_they_are_written() {
        let url = Url::parse("https://n.example/feed.json").unwrap();
        let read = |text: &str| read(text.as_bytes(), Some("application/feed+json"), &url).unwrap();
        let version = "\"version\":\"https://jsonfeed.org/version/1.1\"";
        let numbered = format!(
            "\u{feff}{{{version},\"title\":\"N\",\"items\":[{{\"id\":1,\"url\":\"/a\",\"content_html\":\"<p>B\"}},\
             {{\"id\":2.5,\"title\":7,\"tags\":null,\"authors\":[\"Olga\"],\"content_text\":\"C\"}},null]}}"
        );
        let entries = read(&numbered);
        let ids: Vec<&str> = entries.iter().map(|entry| &*entry.id).collect();
        assert_eq!(ids, ["1", "2.5"]);
        let link = entries[0].link.as_ref().map(Url::as_str);
        assert_eq!(link, Some("https://n.example/a"));
        assert_eq!(entries[0].title, None);
        assert_eq!(entries[1].byline.as_deref(), Some("Olga"));
        let nameless = format!(
            "{{{version},\"items\":[{{\"id\":\"x\",\"title\":\"A\",\"content_text\":\"B\",\"attachments\":\
             [{{\"url\":\"https://n.example/1.jpg\",\"mime_type\":\"image/jpeg\",\"size_in_bytes\":\"9\"}}]}}]}}"
        );
        assert_eq!(read(&nameless)[0].title.as_deref(), Some("A"));
        let versionless = "{\"items\":[{\"id\":\"x\",\"title\":\"A\"}]}";
        assert_eq!(read(versionless).len(), 1);
    }

    #[test]
    fn a_declaration_in_an_article_is_none_of_the_feed() {
        let said = "First &lt;?xml version='1.0'?&gt; stands there, or <![CDATA[<?xml version='1.0'?><p>]]>.";
        let rss = format!(
            "<rss version='2.0'><channel><item><title>A</title><description>{said}</description></item></channel></rss>"
        );
        check(&rss, &["A"]);
        check(&format!("<?xml version='1.0'?><!-- B -->{rss}"), &["A"]);
        let json = "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"N\",\"items\":\
                    [{\"id\":\"1\",\"title\":\"A\",\"content_text\":\"<?xml version='1.0'?><p>\"}]}";
        check(json, &["A"]);
    }

    #[test]
    fn a_feed_that_nests_without_end_is_read_without_its_depths() {
        let deep = |depth: usize| {
            let (open, close) = (
                "<media:group>".repeat(depth),
                "</media:group>".repeat(depth),
            );
            format!(
                "<rss version='2.0' xmlns:media='http://search.yahoo.com/mrss/'><channel><item><title>A</title>{open}\
                 <media:content url='https://n.example/1.jpg' medium='image'/>{close}</item></channel></rss>"
            )
        };
        let url = Url::parse("https://n.example/feed").unwrap();
        let picture = |depth| {
            read(deep(depth).as_bytes(), None, &url)
                .unwrap()
                .remove(0)
                .picture
        };
        assert_eq!(picture(1).as_deref(), Some("https://n.example/1.jpg"));
        check(&deep(20_000), &["A"]);
    }

    #[test]
    fn of_items_without_end_no_more_are_read_than_are_offered() {
        let many = LIMITS.offers + 1000;
        for item in ["<item/>", "<item><title>A</title></item>"] {
            let feed = format!(
                "<rss version='2.0'><channel>{}</channel></rss>",
                item.repeat(many)
            );
            let read = titles_or_none(feed.as_bytes()).unwrap();
            let most = LIMITS.offers..=LIMITS.offers + 1;
            assert!(most.contains(&read), "{item}: {read}");
        }
        let json = |items: &str| format!("{{\"items\":[{items}null]}}");
        let crowded = json(&"{},".repeat(LIMITS.objects));
        assert_eq!(titles_or_none(crowded.as_bytes()), None);
    }

    fn titles_or_none(bytes: &[u8]) -> Option<usize> {
        let url = Url::parse("https://n.example/feed").unwrap();
        read(bytes, None, &url).map(|entries| entries.len())
    }

    #[test]
    fn odd_character_sets_are_read() {
        let feed = "<?xml version='1.0' encoding='windows-1251'?><rss version='2.0'><channel><item><title>Суд</title></item></channel></rss>";
        let (bytes, _, _) = encoding_rs::WINDOWS_1251.encode(feed);
        assert_eq!(titles(&bytes), Some(vec!["Суд".into()]));
    }

    #[test]
    fn what_is_no_feed_is_none() {
        for bytes in [
            &b""[..],
            b"hello",
            b"<html><body><p>Not found",
            b"{}",
            b"\x89PNG",
            b"<",
            b"{\"items\":",
        ] {
            assert_eq!(titles(bytes), None, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn full_content_and_facts_are_taken() {
        let url = Url::parse("https://n.example/feed.xml").unwrap();
        let feed = "<rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/' xmlns:dc='http://purl.org/dc/elements/1.1/'><channel><language>be</language><item>
            <title>&lt;b&gt;Суд&lt;/b&gt;</title><link>/a/1</link><guid isPermaLink='false'>77</guid><dc:creator>Янка</dc:creator>
            <pubDate>Mon, 23 Nov 2026 12:00:00 +0300</pubDate><content:encoded><![CDATA[<p>Text & more</p>]]></content:encoded>
            <enclosure url='https://n.example/1.jpg' type='image/jpeg' length='1'/></item></channel></rss>";
        let entry = read(feed.as_bytes(), None, &url).unwrap().remove(0);
        assert_eq!(entry.id, "77");
        assert_eq!(entry.link.unwrap().as_str(), "https://n.example/a/1");
        assert_eq!(entry.title.as_deref(), Some("Суд"));
        assert_eq!(entry.byline.as_deref(), Some("Янка"));
        assert_eq!(entry.language.as_deref(), Some("be"));
        assert_eq!(
            entry.published.unwrap().at.to_string(),
            "2026-11-23T09:00:00Z"
        );
        assert_eq!(entry.content.as_deref(), Some("<p>Text & more</p>"));
        assert_eq!(entry.picture.as_deref(), Some("https://n.example/1.jpg"));
    }

    #[test]
    fn what_is_to_be_heard_goes_with_the_text() {
        let url = Url::parse("https://n.example/feed.xml").unwrap();
        let content = |enclosure: &str| {
            let feed = format!(
                "<rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel><item><title>A</title>\
                 <content:encoded><![CDATA[<p>Text</p>]]></content:encoded>{enclosure}</item></channel></rss>"
            );
            let mut entries = read(feed.as_bytes(), None, &url).unwrap();
            entries.remove(0).content.unwrap()
        };
        assert_eq!(
            content(
                "<enclosure url='https://n.example/1.mp3?a=1&amp;b=2' type='audio/mpeg' length='1'/>"
            ),
            "<p>Text</p><audio src=\"https://n.example/1.mp3?a=1&amp;b=2\"></audio>"
        );
        assert_eq!(
            content("<enclosure url='https://n.example/1.jpg' type='image/jpeg' length='1'/>"),
            "<p>Text</p>"
        );
    }

    /// The feeds of feedparser's tests, which lie beside the project on the developers' machines.
    #[test]
    fn every_odd_feed_is_read() {
        let folder =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/feeds");
        if !crate::io::files::is_folder(&folder) {
            println!("left out: `{}` is not there", folder.display());
            return;
        }
        let url = Url::parse("http://127.0.0.1:8097/feed").unwrap();
        let (mut all, mut read_whole, mut unread) = (0, 0, Vec::new());
        for name in crate::io::files::list(&folder).unwrap() {
            let bytes = crate::io::files::read(&folder.join(&name), 1 << 20).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            let header = text
                .lines()
                .take(8)
                .find_map(|line| line.trim().strip_prefix("Header:"));
            let kind = header.and_then(|header| Some(header.split_once(':')?.1.trim()));
            let expected = ["<item>", "<item ", "<entry>", "<entry "]
                .iter()
                .any(|tag| text.contains(tag));
            all += 1;
            match read(&bytes, kind, &url) {
                Some(entries) if !expected || !entries.is_empty() => read_whole += 1,
                _ => unread.push(name),
            }
        }
        println!("{read_whole} of {all} feeds were read; not: {unread:?}");
        // One names no whole item: it breaks off in the first.
        let broken: Vec<_> = unread.iter().map(|name| name.to_string_lossy()).collect();
        assert_eq!(broken, ["illformed/rss_incomplete_cdata.xml"], "of {all}");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(tail in ".{0,200}") {
            let _ = titles(tail.as_bytes());
            let _ = titles(format!("<rss version='2.0'><channel><item>{tail}").as_bytes());
        }
    }
}
