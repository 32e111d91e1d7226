//! Whether a page can be parsed in good time: a look at its tags, before a parser sees them.
//!
//! Parsing and walking a page takes time by the square of its depth, and some of it memory on the stack. No page that
//! people made comes near these limits; one that was made to hang a reader does.

/// Elements that are open at a time. Browsers stop at 512; the deepest real pages have some 100.
const DEPTH: usize = 300;

/// In all. The largest real pages have some 30,000.
const TAGS: usize = 100_000;

/// Of one element.
const ATTRIBUTES: usize = 1_000;

/// The largest real pages have some 3 MB, nearly all of it scripts.
const BYTES: usize = 6 << 20;

pub fn is_tangled(html: &[u8]) -> bool {
    if html.len() > BYTES {
        return true;
    }
    let mut open: Vec<Name> = Vec::new();
    let mut marks = 0usize;
    let mut tags = 0;
    let mut rest = html;
    while let Some(start) = rest.iter().position(|b| *b == b'<') {
        rest = rest.get(start + 1..).unwrap_or_default();
        if let Some(comment) = rest.strip_prefix(b"!--") {
            rest = behind(comment, b"-->");
            continue;
        }
        let Some(tag) = Tag::read(rest) else {
            continue;
        };
        tags += 1;
        rest = rest.get(tag.bytes..).unwrap_or_default();
        match (tag.kind, tag.closes) {
            (Kind::Alone, _) => {}
            (Kind::Mark, true) => marks = marks.saturating_sub(1),
            (Kind::Mark, false) => marks += 1,
            (Kind::Box, false) => open.push(tag.name),
            // Closes all that was left open inside.
            (Kind::Box, true) => {
                if let Some(at) = open.iter().rposition(|name| *name == tag.name) {
                    open.truncate(at);
                }
            }
        }
        let deep = open.len() > DEPTH || marks > DEPTH;
        if deep || tags > TAGS || tag.attributes > ATTRIBUTES {
            return true;
        }
        // What stands in a script is no tag.
        if let (Some(end), false) = (tag.raw_end, tag.closes) {
            rest = behind(rest, end);
        }
    }
    false
}

fn behind<'a>(text: &'a [u8], end: &[u8]) -> &'a [u8] {
    let found = text
        .windows(end.len())
        .position(|window| window.eq_ignore_ascii_case(end));
    found.map_or(&[], |at| text.get(at + end.len()..).unwrap_or_default())
}

/// The first bytes of a tag's name: enough to tell those apart that nest.
type Name = [u8; 10];

#[derive(Clone, Copy)]
enum Kind {
    /// Void, or closed by the next of its kind.
    Alone,
    /// Bold type and the like: left open, a parser opens it again in every box that follows.
    Mark,
    /// Everything else.
    Box,
}

struct Tag {
    bytes: usize,
    closes: bool,
    name: Name,
    kind: Kind,
    attributes: usize,
    raw_end: Option<&'static [u8]>,
}

impl Tag {
    /// `text` begins behind a `<`.
    fn read(text: &[u8]) -> Option<Self> {
        let closes = text.first() == Some(&b'/');
        let named = text.get(usize::from(closes)..)?;
        let length = named
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || **b == b'-')
            .count();
        let name = named.get(..length)?.to_ascii_lowercase();
        if !name.first()?.is_ascii_alphabetic() {
            return None;
        }
        let (inner, attributes) = extent(text);
        let alone = text.get(..inner)?.ends_with(b"/");
        Some(Self {
            bytes: inner,
            closes,
            kind: if alone { Kind::Alone } else { kind(&name) },
            name: std::array::from_fn(|at| name.get(at).copied().unwrap_or(0)),
            attributes,
            raw_end: match name.as_slice() {
                b"script" => Some(b"</script"),
                b"style" => Some(b"</style"),
                b"textarea" => Some(b"</textarea"),
                _ => None,
            },
        })
    }
}

/// Length of a tag up to its `>`, which may stand in quotes before, and about how many attributes it has.
fn extent(text: &[u8]) -> (usize, usize) {
    let mut quote = None;
    let mut attributes = 0;
    // An apostrophe anywhere else is one.
    let mut behind_equals = false;
    for (at, byte) in text.iter().enumerate() {
        match (quote, byte) {
            (None, b'>') => return (at, attributes),
            (None, b'"' | b'\'') if behind_equals => quote = Some(*byte),
            (None, b) if b.is_ascii_whitespace() => {
                let next = text.get(at + 1);
                attributes += usize::from(next.is_some_and(|b| !b.is_ascii_whitespace()));
            }
            (Some(open), b) if open == *b => quote = None,
            _ => {}
        }
        behind_equals = *byte == b'=' || (behind_equals && byte.is_ascii_whitespace());
    }
    (text.len(), attributes)
}

fn kind(name: &[u8]) -> Kind {
    const MARKS: &[&[u8]] = &[
        b"b", b"big", b"code", b"em", b"font", b"i", b"nobr", b"s", b"small", b"strike", b"strong",
        b"tt", b"u",
    ];
    match name {
        _ if is_closed_by_others(name) => Kind::Alone,
        _ if MARKS.contains(&name) => Kind::Mark,
        _ => Kind::Box,
    }
}

/// Void elements, and those that a next one of their kind closes.
fn is_closed_by_others(name: &[u8]) -> bool {
    const NAMES: &[&[u8]] = &[
        b"area",
        b"base",
        b"br",
        b"col",
        b"embed",
        b"hr",
        b"img",
        b"input",
        b"link",
        b"meta",
        b"param",
        b"source",
        b"track",
        b"wbr",
        b"p",
        b"li",
        b"dt",
        b"dd",
        b"option",
        b"optgroup",
        b"tr",
        b"td",
        b"th",
        b"tbody",
        b"thead",
        b"tfoot",
        b"a",
        b"html",
        b"head",
        b"body",
        b"script",
        b"style",
        b"textarea",
        b"path",
        b"rt",
        b"rp",
    ];
    NAMES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_no_tangle() {
        for html in [
            "<p>one<p>two".repeat(5_000),
            "<ul><li>a<li>b</ul><br><img src=x>".repeat(3_000),
            "<div class='a > b'><b>x</b></div>".repeat(10_000),
            format!("<script>{}</script>", "'<div>'".repeat(10_000)),
            format!("<!-- {} -->", "<div>".repeat(10_000)),
            "<svg><g><path d=''/></g></svg>".repeat(3_000),
            "<div><span><label></div>".repeat(3_000),
            format!("<div {} id=x>", " ".repeat(5_000)),
            "<a title=Don't href='/x'>it's</a>".repeat(3_000),
            "a < b and c << d ".repeat(1_000),
            format!("{}{}", "<div>".repeat(200), "</div>".repeat(200)),
        ] {
            assert!(!is_tangled(html.as_bytes()), "{}", &html[..40]);
        }
    }

    #[test]
    fn what_hangs_a_reader_is() {
        for html in [
            "<div>".repeat(1_000),
            "<div><b></div>".repeat(1_000),
            "<b>".repeat(1_000),
            "<table><tr><td>".repeat(1_000),
            "<ul><li>".repeat(1_000),
            "<blockquote>x".repeat(1_000),
            "<br>".repeat(200_000),
            format!("<div {}>", "a=1 ".repeat(10_000)),
            "x".repeat(7 << 20),
        ] {
            assert!(is_tangled(html.as_bytes()), "{}", &html[..40]);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_looked_at(bytes: Vec<u8>) {
            is_tangled(&bytes);
        }
    }
}
