//! What is made of the text of a feed before a reader goes through it, and what is mended where none can.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::base::LIMITS;
use crate::packager::extract::unescaped;

/// Elements that the reader does not know, under names that it does: the full text for the news and the pages of Yandex.
pub fn with_known_elements(text: &str) -> Cow<'_, str> {
    const CONTENT: &str =
        "<content:encoded xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"";
    let names = ["yandex:full-text", "turbo:content"];
    if !names.iter().any(|name| text.contains(name)) {
        return Cow::Borrowed(text);
    }
    let starts = text.match_indices("<item").map(|(at, _)| at);
    let starts: Vec<usize> = starts.collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let first = starts.first().copied().unwrap_or(text.len());
    let mut known = text.get(..first).unwrap_or_default().to_owned();
    for (start, end) in starts.iter().zip(ends) {
        let mut item = text.get(*start..end).unwrap_or_default().to_owned();
        let told = names.iter().find(|name| item.contains(&format!("<{name}")));
        if let Some(name) = told.filter(|_| !item.contains("<content:encoded")) {
            item = item.replacen(&format!("<{name}"), CONTENT, 1);
            item = item.replacen(&format!("</{name}"), "</content:encoded", 1);
        }
        known.push_str(&item);
    }
    known.into()
}

/// From the first element on, without the XML declaration: the text is UTF-8 by now, whatever that says.
pub fn unwrapped(text: &str) -> Option<&str> {
    let start = text.find(['<', '{'])?;
    let text = text.get(start..)?;
    let is_element = |(at, _): &(usize, &str)| {
        let next = text.get(at + 1..).and_then(|rest| rest.chars().next());
        next.is_some_and(char::is_alphabetic)
    };
    let first = text.match_indices('<').find(is_element);
    let head = first.map_or(text, |(first, _)| text.get(..first).unwrap_or_default());
    // What stands in an article is no declaration of the feed's.
    let Some(at) = head.find("<?xml").filter(|_| text.starts_with('<')) else {
        return Some(text);
    };
    let end = text.get(at..)?.find("?>")? + at + 2;
    let behind = text.get(end..)?;
    behind.find('<').and_then(|first| behind.get(first..))
}

/// As HTML goes in Atom; no feed needs half of it.
pub const DEPTH: usize = 200;

pub fn is_deep(text: &str) -> bool {
    let (mut reader, mut depth) = (lenient(text), 0_usize);
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Eof => break,
            _ => {}
        }
        if depth > DEPTH {
            return true;
        }
    }
    false
}

/// One more than may be offered, so that it is told that there are too many.
pub fn first_items(text: &str) -> &str {
    if !text.starts_with('<') {
        return text;
    }
    let (mut reader, mut items, mut before) = (lenient(text), 0, 0);
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(start) | Event::Empty(start) => {
                items += usize::from(matches!(start.local_name().as_ref(), "item" | "entry"));
            }
            Event::Eof => break,
            _ => {}
        }
        if items > LIMITS.offers + 1 {
            return text.get(..before).unwrap_or(text);
        }
        before = usize::try_from(reader.buffer_position()).unwrap_or(before);
    }
    text
}

fn lenient(text: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_dangling_amp = true;
    config.allow_unmatched_ends = true;
    reader
}

pub fn mended(text: &str) -> String {
    let text = without_control(text);
    let text = closed(&text);
    let text = with_known_root(&text);
    let text = with_known_namespaces(&text);
    with_references(&text).into_owned()
}

fn without_control(text: &str) -> String {
    let allowed = |c: &char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    text.chars().filter(allowed).collect()
}

/// References that XML does not know become characters; an ampersand that begins none is escaped. Not in CDATA.
fn with_references(text: &str) -> Cow<'_, str> {
    let mut mended = String::with_capacity(text.len());
    for (index, part) in text.split("<![CDATA[").enumerate() {
        let mut rest = part;
        if index > 0 {
            mended.push_str("<![CDATA[");
            let end = part.find("]]>").unwrap_or(part.len());
            let (raw, behind) = part.split_at(end);
            mended.push_str(raw);
            rest = behind;
        }
        push_with_references(rest, &mut mended);
    }
    Cow::Owned(mended)
}

fn push_with_references(text: &str, mended: &mut String) {
    for (index, part) in text.split('&').enumerate() {
        if index == 0 {
            mended.push_str(part);
            continue;
        }
        let name = part
            .split(';')
            .next()
            .filter(|name| name.len() < part.len());
        let known =
            |name: &&str| matches!(*name, "amp" | "lt" | "gt" | "quot" | "apos") || is_number(name);
        match name {
            Some(name) if known(&name) => mended.push('&'),
            Some(name) if name.len() <= 10 => {
                let whole = format!("&{name};");
                let plain = unescaped(&whole);
                if plain != whole {
                    mended.push_str(&plain);
                    mended.push_str(part.get(name.len() + 1..).unwrap_or_default());
                    continue;
                }
                mended.push_str("&amp;");
            }
            _ => mended.push_str("&amp;"),
        }
        mended.push_str(part);
    }
}

fn is_number(name: &str) -> bool {
    let Some(digits) = name.strip_prefix('#') else {
        return false;
    };
    match digits.strip_prefix(['x', 'X']) {
        Some(hex) => !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()),
        None => !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()),
    }
}

/// Atom 0.3 and the early RSS had others; their elements mean the same.
fn with_known_namespaces(text: &str) -> String {
    const ATOM: &str = "http://www.w3.org/2005/Atom";
    const RSS: &str = "http://purl.org/rss/1.0/";
    const OLD: &[(&str, &str)] = &[
        ("http://purl.org/atom/ns#", ATOM),
        ("http://example.com/newformat#", ATOM),
        ("http://my.netscape.com/rdf/simple/0.9/", RSS),
        ("http://channel.netscape.com/rdf/simple/0.9/", RSS),
        ("http://my.netscape.com/publish/formats/rss-0.91.dtd", RSS),
        ("http://backend.userland.com/rss2", RSS),
        ("http://blogs.law.harvard.edu/tech/rss", RSS),
        ("http://purl.org/net/rss1.1#", RSS),
        ("http://www.w3.org/2005/atom", ATOM),
        // Not names of namespaces, but of the same age: Atom 0.3 names kinds of text as MIME types.
        ("type=\"application/xhtml+xml\"", "type=\"xhtml\""),
        ("type=\"text/html\"", "type=\"html\""),
        ("type=\"text/plain\"", "type=\"text\""),
        ("type=\"\"", ""),
        // A base that is no address would cost the whole entry.
        (" xml:base=", " base="),
    ];
    let replaced = |text: String, (old, new): &(&str, &str)| text.replace(old, new);
    OLD.iter().fold(text.to_owned(), replaced)
}

/// feed-rs knows RSS 0.91, 0.92 and 2.0 only; what others say is near enough to 2.0.
fn with_known_root(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let Some(start) = lower.find("<rss") else {
        return text.to_owned();
    };
    let end = text.get(start..).and_then(|tail| tail.find('>'));
    let Some(end) = end.map(|end| start + end) else {
        return text.to_owned();
    };
    let tag = text.get(start + 4..end).unwrap_or_default();
    let attributes = tag
        .split_ascii_whitespace()
        .filter(|word| word.starts_with("xmlns"));
    let attributes: Vec<&str> = attributes.collect();
    let before = text.get(..start).unwrap_or_default();
    let behind = text.get(end + 1..).unwrap_or_default();
    let attributes = attributes.join(" ");
    let attributes = attributes.trim_end_matches('/');
    if lower.contains("<channel") {
        return format!("{before}<rss version=\"2.0\" {attributes}>{behind}");
    }
    let inner = behind.split("</rss").next().unwrap_or_default();
    format!("{before}<rss version=\"2.0\" {attributes}><channel>{inner}</channel></rss>")
}

/// A feed that breaks off is closed behind its last whole entry.
fn closed(text: &str) -> String {
    let ends = ["</rss>", "</feed>", "</rdf:RDF>", "</rdf>", "</RDF>"];
    if text.starts_with('{') || ends.iter().any(|end| text.contains(end)) {
        return text.to_owned();
    }
    let last = |end: &str| text.rfind(end).map(|at| at + end.len());
    let (cut, tail) = match (last("</item>"), last("</entry>")) {
        (_, Some(cut)) => (cut, "</feed>"),
        (Some(cut), None) if text.contains("<rdf:RDF") => (cut, "</rdf:RDF>"),
        (Some(cut), None) => (cut, "</channel></rss>"),
        (None, None) if text.contains("<rss") => {
            let cut = text.rfind("<item").unwrap_or(text.len());
            let cut = text
                .get(..cut)
                .map_or(cut, |head| head.rfind('>').map_or(cut, |end| end + 1));
            (cut, "</channel></rss>")
        }
        (None, None) => return text.to_owned(),
    };
    format!("{}{tail}", text.get(..cut).unwrap_or(text))
}
