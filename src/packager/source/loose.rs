//! The last resort for a feed that no parser takes: Microsoft's Channel Definition Format of 1997, Atom with items of RSS,
//! RDF whose only link is `rdf:about`, text in base64, prefixes that nobody declared, and what breaks off.
//!
//! 1. Elements are known by their names without prefixes and without regard to case.
//! 2. An item begins with `<item>` or `<entry>`; what stands in its children is what it tells.
//! 3. Where the text cannot be read on, the whole items before the break are what there is.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use url::Url;

use super::feed::Entry;
use crate::packager::extract::{parse_date, plain_text, unescaped};

/// `None` if it is no feed even so.
pub(super) fn read(text: &str, url: &Url) -> Option<Vec<Entry>> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_dangling_amp = true;
    config.allow_unmatched_ends = true;
    let (mut items, mut item, mut is_feed) = (Vec::new(), None, false);
    // Step 3.
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(start) => match (&mut item, name(&start).as_str()) {
                (_, "item" | "entry") if is_feed => item = Some(begun(&start, url)),
                // Such links are left open now and then, and hold nothing.
                (Some(item), "link") if attribute(&start, "href").is_some() => {
                    tell(item, "link", &start, "", url);
                }
                (Some(item), known) if FIELDS.contains(&known) => {
                    let Ok(raw) = reader.read_text(start.name()) else {
                        break;
                    };
                    tell(item, known, &start, &value(&raw, &start), url);
                }
                (_, "rss" | "feed" | "rdf" | "channel") => is_feed = true,
                _ => {}
            },
            Event::Empty(start) => match (&mut item, name(&start).as_str()) {
                (_, "item" | "entry") if is_feed => items.push(begun(&start, url)),
                (Some(item), known) => tell(item, known, &start, "", url),
                _ => {}
            },
            Event::End(end) => {
                let end = end.local_name().as_ref().to_ascii_lowercase();
                if end == "item" || end == "entry" {
                    items.extend(item.take());
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    is_feed.then_some(items)
}

const FIELDS: [&str; 17] = [
    "title",
    "link",
    "a",
    "guid",
    "id",
    "description",
    "summary",
    "abstract",
    "content",
    "encoded",
    "pubdate",
    "date",
    "published",
    "issued",
    "updated",
    "creator",
    "author",
];

fn name(start: &BytesStart<'_>) -> String {
    start.local_name().as_ref().to_ascii_lowercase()
}

pub(super) fn attribute(start: &BytesStart<'_>, wanted: &str) -> Option<String> {
    let mut attributes = start.html_attributes();
    let mut attributes = attributes.with_checks(false).flatten();
    let named = attributes.find(|one| one.key.local_name().as_ref().eq_ignore_ascii_case(wanted));
    Some(unescaped(named?.value.trim()))
}

/// With what its tag says of an item.
fn begun(start: &BytesStart<'_>, url: &Url) -> Entry {
    let address = attribute(start, "href").or_else(|| attribute(start, "about"));
    let changed = attribute(start, "lastmod").and_then(|date| parse_date(&date));
    Entry {
        link: address.as_deref().and_then(|href| web(href, url)),
        id: address.unwrap_or_default(),
        published: changed,
        updated: changed,
        ..Entry::default()
    }
}

fn web(href: &str, url: &Url) -> Option<Url> {
    let found = url.join(href.trim()).ok()?;
    (!href.trim().is_empty() && matches!(found.scheme(), "http" | "https")).then_some(found)
}

/// What stands in an element: as HTML.
fn value(raw: &str, start: &BytesStart<'_>) -> String {
    let raw = raw.trim();
    let cdata = raw.strip_prefix("<![CDATA[");
    let text = match cdata.and_then(|text| text.strip_suffix("]]>")) {
        Some(text) => text.to_owned(),
        None if raw.contains('<') => raw.to_owned(),
        None => unescaped(raw),
    };
    // RFC 4287 section 4.1.3.3, which was meant for content only.
    let is_packed = attribute(start, "type").is_some_and(|kind| kind == "application/octet-stream");
    let unpacked = is_packed.then(|| STANDARD.decode(text.split_whitespace().collect::<String>()));
    match unpacked {
        Some(Ok(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        _ => text,
    }
}

fn tell(item: &mut Entry, field: &str, start: &BytesStart<'_>, html: &str, url: &Url) {
    let text = || Some(plain_text(html)).filter(|text| !text.is_empty());
    let html = || Some(html.to_owned()).filter(|html| !html.trim().is_empty());
    match field {
        "title" => item.title = item.title.take().or_else(text),
        "link" | "a" => {
            let href = attribute(start, "href").or_else(text);
            let is_self = attribute(start, "rel").is_some_and(|rel| rel != "alternate");
            let found = href.filter(|_| !is_self).and_then(|href| web(&href, url));
            item.link = item.link.take().or(found);
        }
        "guid" | "id" => {
            item.id = text().unwrap_or_default();
            let is_address = item.id.starts_with("http");
            let found = is_address.then(|| web(&item.id, url)).flatten();
            item.link = item.link.take().or(found);
        }
        "description" | "summary" | "abstract" => {
            item.summary = item.summary.take().or_else(html);
        }
        "content" | "encoded" => item.content = item.content.take().or_else(html),
        "pubdate" | "date" | "published" | "issued" | "updated" => {
            let date = text().and_then(|date| parse_date(&date));
            item.published = item.published.take().or(date);
        }
        "creator" | "author" => item.byline = item.byline.take().or_else(text),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url() -> Url {
        Url::parse("https://n.example/feed").unwrap()
    }

    fn told(text: &str) -> Vec<(String, String)> {
        let read = read(text, &url()).unwrap();
        let told = read.into_iter().map(|entry| {
            let link = entry.link.map(|link| link.to_string());
            (entry.title.unwrap_or_default(), link.unwrap_or_default())
        });
        told.collect()
    }

    #[track_caller]
    fn check(text: &str, title: &str, link: &str) {
        assert_eq!(told(text), [(title.to_owned(), link.to_owned())]);
    }

    #[test]
    fn what_no_parser_takes_is_read() {
        check(
            "<CHANNEL HREF='/'><ITEM HREF='/a' LASTMOD='2004-04-06T23:05:43-05:00'><TITLE>A</TITLE></ITEM></CHANNEL>",
            "A",
            "https://n.example/a",
        );
        check(
            "<rdf:RDF><item rdf:about='http://n.example/1'><title>A</title></item></rdf:RDF",
            "A",
            "http://n.example/1",
        );
        check(
            "<feed><item><title>A</title><link rel=self href=/self><link href=/b></item></feed>",
            "A",
            "https://n.example/b",
        );
        check(
            "<feed><entry><title type='application/octet-stream'>\nPHA+Q291\ncnQ8L3A+</title></entry></feed>",
            "Court",
            "",
        );
        check(
            "<rss><channel><item><media:title>A & B</media:title><guid>https://n.example/c</guid></item><item><title><![CD",
            "A & B",
            "https://n.example/c",
        );
    }

    #[test]
    fn what_is_no_feed_is_none_and_no_script_becomes_a_link() {
        for text in [
            "",
            "hello",
            "<html><body><item>x</item></body></html>",
            "{}",
        ] {
            assert!(read(text, &url()).is_none(), "{text}");
        }
        check(
            "<rss><item><link>javascript:alert(1)</link></item></rss>",
            "",
            "",
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(</?(item|entry|title|link|rss|a:content)( href=x)?/?>|<!\\[CDATA\\[|]]>|&|[a-z ]{0,5}){0,60}") {
            let _ = read(&format!("<rss>{text}"), &url());
        }
    }
}
