//! A newsroom's feed, in Atom (RFC 4287), because Atom knows relative addresses and a mirror's own address changes.

use askama::Template;
use jiff::Timestamp;

use crate::base::{Digest, SitePath};

use super::frame::{FEED, room_path};
use super::links::relative;
use super::{About, Article, Newsroom};

#[derive(Template)]
#[template(config = "src/site/templates/askama.toml", path = "feed.xml")]
struct Feed<'a> {
    newsroom: &'a Newsroom,
    id: String,
    updated: Timestamp,
    entries: Vec<Entry<'a>>,
}

struct Entry<'a> {
    article: &'a Article,
    id: String,
    address: String,
    updated: Timestamp,
}

/// The feed changes with each new article and travels with it, so each further entry is paid for every time.
const ENTRIES: usize = 20;

/// `articles` with the newest first.
pub fn feed(newsroom: &Newsroom, articles: &[&Article], about: &About) -> (SitePath, Vec<u8>) {
    let path = room_path(newsroom, FEED);
    let entries: Vec<Entry<'_>> = articles
        .iter()
        .take(ENTRIES)
        .map(|article| Entry {
            article,
            id: identifier(about, &article.path),
            address: relative(&path, &article.path),
            updated: article.updated.unwrap_or(article.published),
        })
        .collect();
    let updated = entries.iter().map(|entry| entry.updated).max();
    let feed = Feed {
        newsroom,
        id: identifier(about, &path),
        updated: updated.unwrap_or(Timestamp::UNIX_EPOCH),
        entries,
    };
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
