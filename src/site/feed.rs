//! A newsroom's feeds: Atom (RFC 4287) and RSS 2.0, for readers that know nothing else.
//!
//! Nobody who signs a feed knows under which addresses it will lie, so all in it are relative to the feed's own. In Atom
//! that has a meaning (RFC 4287 section 2), so pages name it first; of RSS most readers understand it the same way, from
//! the feed's address or from that of the channel, which lies in the same folder. An `xml:base` would have to be absolute
//! to help the others. Names of articles (`id`, `guid`) are no addresses, and the same on every mirror.
//!
//! A feed changes with each new article and travels with it, so it holds headlines and not whole articles.

use askama::Template;
use jiff::Timestamp;

use crate::base::{Digest, SitePath};

use super::frame::{FEED, RSS, room_path};
use super::headline::{Headline, Told};
use super::links::relative;
use super::typesetter::Room;
use super::{About, Newsroom};

#[derive(Template)]
#[template(config = "src/site/templates/askama.toml", path = "feed.xml")]
struct Atom<'a> {
    newsroom: &'a Newsroom,
    id: String,
    updated: Timestamp,
    entries: Vec<Entry<'a>>,
}

#[derive(Template)]
#[template(config = "src/site/templates/askama.toml", path = "rss.xml")]
struct Rss<'a> {
    newsroom: &'a Newsroom,
    entries: Vec<Entry<'a>>,
}

struct Entry<'a> {
    headline: &'a Headline,
    told: Told,
    id: String,
    address: String,
    updated: Timestamp,
    /// As RFC 5322 has it.
    published: String,
    /// As HTML, which is what RSS understands by a description.
    summary: String,
    /// Nobody knows whether a reader of RSS takes a title for text or for HTML: these are the same in both.
    bare_title: String,
    bare_section: Option<String>,
}

const ENTRIES: usize = 20;

pub fn atom(room: &Room<'_, '_>, about: &About) -> (SitePath, Vec<u8>) {
    let path = room_path(room.newsroom, FEED);
    let entries = entries(room, about, &path);
    let updated = entries.iter().map(|entry| entry.updated).max();
    let feed = Atom {
        newsroom: room.newsroom,
        id: identifier(about, &path),
        updated: updated.unwrap_or(Timestamp::UNIX_EPOCH),
        entries,
    };
    written(path, &feed)
}

pub fn rss(room: &Room<'_, '_>, about: &About) -> (SitePath, Vec<u8>) {
    let path = room_path(room.newsroom, RSS);
    let feed = Rss {
        newsroom: room.newsroom,
        entries: entries(room, about, &path),
    };
    written(path, &feed)
}

fn entries<'h>(room: &Room<'_, 'h>, about: &About, feed: &SitePath) -> Vec<Entry<'h>> {
    let entry = |headline: &&'h Headline| told(headline, about, feed);
    room.headlines.iter().take(ENTRIES).map(entry).collect()
}

fn told<'h>(headline: &'h Headline, about: &About, feed: &SitePath) -> Entry<'h> {
    let told = headline.told();
    Entry {
        id: identifier(about, &headline.path),
        address: relative(feed, &headline.path),
        updated: told.updated.unwrap_or(headline.published),
        published: headline
            .published
            .strftime("%a, %d %b %Y %H:%M:%S +0000")
            .to_string(),
        summary: told.summary.replace('&', "&amp;").replace('<', "&lt;"),
        bare_title: bare(&told.title),
        bare_section: headline.section.as_deref().map(bare),
        headline,
        told,
    }
}

/// With signs that look like those that begin and end a tag, but do not.
fn bare(text: &str) -> String {
    text.replace('<', "‹").replace('>', "›")
}

fn written(path: SitePath, feed: &impl Template) -> (SitePath, Vec<u8>) {
    let xml = feed.render().expect("a template writes to memory");
    (path, xml.replace(is_no_xml, "").into_bytes())
}

/// Characters that XML 1.0 (section 2.2) cannot hold, not even escaped.
fn is_no_xml(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// A name for an article that is the same on every mirror: a UUID of version 8 (RFC 9562, section 5.8) made from the
/// site's fingerprint and the article's place.
fn identifier(about: &About, path: &SitePath) -> String {
    let site = about.fingerprint.map(|f| f.to_string()).unwrap_or_default();
    let digest = Digest::of(format!("{site}/{path}").as_bytes()).to_string();
    let part = |range| digest.get(range).unwrap_or_default();
    format!(
        "urn:uuid:{}-{}-8{}-8{}-{}",
        part(0..8),
        part(8..12),
        part(13..16),
        part(17..20),
        part(20..32)
    )
}
