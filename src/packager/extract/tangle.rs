//! Whether a page can be parsed in good time: a look at its tags, before a parser sees them. What only a parser can tell,
//! [`super::document`] asks while it parses.
//!
//! Parsing and walking a page takes time by the sum of the depths of its elements, and some of it memory on the stack.
//! No page that people made comes near these limits; one that was made to hang a reader does.
//!
//! Scripts and styles are half of most pages. What stands in them is left out here, so that no parser need read it.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;

/// Elements that are open at a time. Browsers stop at 512; the deepest real pages have some 100.
const DEPTH: usize = 300;

/// In all. The largest real pages have some 30,000.
const TAGS: usize = 100_000;

/// For each element how many are open around it, in all: a walk from every element up to the page's own is that long.
/// The largest real pages come to some 500,000.
const STEPS: usize = 3_000_000;

/// Of one element; a parser compares each with all others.
const ATTRIBUTES: usize = 300;

/// Of all elements. The largest real pages have some 60,000.
const ALL_ATTRIBUTES: usize = 400_000;

/// A parser puts text together out of what stands between these characters, each time copying what it has. The largest
/// real pages have some 30,000 of them outside their scripts.
const SEAMS: usize = 200_000;

/// The largest real pages have some 3 MB, nearly all of it scripts.
const BYTES: usize = 6 << 20;

/// The page without what stands in its scripts and styles, but for what it says about itself in JSON-LD; `None` if it
/// is tangled.
pub fn untangled(html: &str) -> Option<Cow<'_, str>> {
    let mut cuts = Vec::new();
    if scan(html.as_bytes(), &mut cuts) {
        return None;
    }
    let lean: Cow<str> = match cuts.is_empty() {
        true => html.into(),
        false => without(html, &cuts)?.into(),
    };
    (seams(lean.as_bytes()) <= SEAMS).then_some(lean)
}

fn without(html: &str, cuts: &[Range<usize>]) -> Option<String> {
    let mut lean = String::with_capacity(html.len());
    let mut at = 0;
    for cut in cuts {
        lean.push_str(html.get(at..cut.start)?);
        at = cut.end;
    }
    lean.push_str(html.get(at..)?);
    Some(lean)
}

pub fn is_tangled(html: &[u8]) -> bool {
    scan(html, &mut Vec::new()) || seams(html) > SEAMS
}

fn seams(html: &[u8]) -> usize {
    let is_seam = |byte: &&u8| matches!(byte, b'&' | b'<' | b'\n' | b'\r' | b'\0');
    html.iter().filter(is_seam).count()
}

/// Notes where scripts and styles are that are no JSON-LD. Where it cannot be sure what a parser would see, it sees more.
fn scan(html: &[u8], cuts: &mut Vec<Range<usize>>) -> bool {
    if html.len() > BYTES {
        return true;
    }
    let mut open = Open::default();
    let (mut tags, mut steps, mut attributes) = (0, 0, 0);
    let mut at = 0;
    while let Some(start) = memchr(b'<', html.get(at..).unwrap_or_default()) {
        at += start + 1;
        let rest = html.get(at..).unwrap_or_default();
        let Some(tag) = Tag::read(rest) else {
            at += match open.is_drawing() {
                true => 0,
                false => comment_length(rest),
            };
            continue;
        };
        at += tag.bytes;
        let is_drawing = open.take(&tag);
        tags += 1;
        steps += open.boxes.len() + open.marks;
        attributes += tag.attributes;
        let deep = open.boxes.len() > DEPTH || open.marks > DEPTH || steps > STEPS;
        if deep || tags > TAGS || tag.attributes > ATTRIBUTES || attributes > ALL_ATTRIBUTES {
            return true;
        }
        // What stands in a script is no tag, unless it is one of a drawing.
        if let (Some(end), false, false) = (tag.raw_end, tag.closes, is_drawing) {
            let length = length_before(html.get(at..).unwrap_or_default(), end);
            if tag.is_cut && length > 1 {
                // Behind the `>` of the tag.
                cuts.push(at + 1..at + length);
            }
            at += length;
        }
    }
    false
}

/// The elements that are open.
#[derive(Default)]
struct Open {
    boxes: Vec<Name>,
    /// How many of them are drawings.
    drawings: usize,
    marks: usize,
}

impl Open {
    /// Whether the tag is one of a drawing.
    fn take(&mut self, tag: &Tag) -> bool {
        if self.is_drawing() && tag.ends_drawings {
            let inside = self
                .boxes
                .iter()
                .rposition(holds_html)
                .map_or(0, |at| at + 1);
            let drawing = self.boxes.iter().skip(inside).position(is_drawing);
            self.close(inside + drawing.unwrap_or_default());
        }
        let is_in_drawing = self.is_drawing();
        match (tag.kind, tag.closes) {
            (Kind::Alone, _) => {}
            // Only in a drawing, and where it begins, does a stroke at its end close a tag.
            _ if tag.closes_itself && (is_in_drawing || is_drawing(&tag.name)) => {}
            (Kind::Mark, true) => self.marks = self.marks.saturating_sub(1),
            (Kind::Mark, false) => self.marks += 1,
            (Kind::Box, false) => {
                self.drawings += usize::from(is_drawing(&tag.name));
                self.boxes.push(tag.name);
            }
            // Closes all that was left open inside.
            (Kind::Box, true) => {
                if let Some(at) = self.boxes.iter().rposition(|name| *name == tag.name) {
                    self.close(at);
                }
            }
        }
        is_in_drawing
    }

    fn close(&mut self, at: usize) {
        self.boxes.truncate(at);
        self.drawings = match self.drawings {
            0 => 0,
            _ => self.boxes.iter().filter(|name| is_drawing(name)).count(),
        };
    }

    /// In SVG and MathML other rules hold (HTML Standard, 13.2.6.5).
    fn is_drawing(&self) -> bool {
        if self.drawings == 0 {
            return false;
        }
        let inner = self
            .boxes
            .iter()
            .rfind(|name| is_drawing(name) || holds_html(name));
        inner.is_some_and(is_drawing)
    }
}

fn is_drawing(name: &Name) -> bool {
    matches!(name, b"svg\0\0\0\0\0\0\0" | b"math\0\0\0\0\0\0")
}

/// What stands in a drawing and holds HTML again.
fn holds_html(name: &Name) -> bool {
    matches!(
        trimmed(name),
        b"foreignobj"
            | b"desc"
            | b"title"
            | b"mi"
            | b"mo"
            | b"mn"
            | b"ms"
            | b"mtext"
            | b"annotation"
    )
}

fn trimmed(name: &Name) -> &[u8] {
    let length = name
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(name.len());
    name.get(..length).unwrap_or_default()
}

/// Of what begins with `<` and is no tag: up to its end, or 0 if it is text. `text` begins behind the `<`.
pub(super) fn comment_length(text: &[u8]) -> usize {
    let Some(comment) = text.strip_prefix(b"!--") else {
        let is_comment = matches!(text, [b'!' | b'?' | b'/', ..]);
        let end = is_comment.then(|| memchr(b'>', text).map_or(text.len(), |end| end + 1));
        return end.unwrap_or_default();
    };
    // `<!-->` is whole (13.2.5.43).
    for whole in [&b">"[..], b"->"] {
        if comment.starts_with(whole) {
            return 3 + whole.len();
        }
    }
    let mut at = 0;
    while let Some(end) = memchr(b'>', comment.get(at..).unwrap_or_default()) {
        at += end + 1;
        let before = comment.get(..at - 1).unwrap_or_default();
        if before.ends_with(b"--") || before.ends_with(b"--!") {
            return 3 + at;
        }
    }
    text.len()
}

/// Up to `end`, which begins with `<`, in letters of either case.
pub(super) fn length_before(text: &[u8], end: &[u8]) -> usize {
    let mut at = 0;
    while let Some(start) = memchr(b'<', text.get(at..).unwrap_or_default()) {
        at += start;
        let found = text.get(at..at + end.len());
        if found.is_some_and(|found| found.eq_ignore_ascii_case(end)) {
            return at;
        }
        at += 1;
    }
    text.len()
}

/// The first bytes of a tag's name: enough to tell those apart that nest.
pub(super) type Name = [u8; 10];

#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Void, or closed by the next of its kind.
    Alone,
    /// Bold type and the like: left open, a parser opens it again in every box that follows.
    Mark,
    /// Everything else.
    Box,
}

pub(super) struct Tag {
    /// Up to its `>`.
    pub bytes: usize,
    pub closes: bool,
    closes_itself: bool,
    pub name: Name,
    pub kind: Kind,
    attributes: usize,
    /// No tag is one up to here.
    pub raw_end: Option<&'static [u8]>,
    /// Whether what stands in it is left out.
    pub is_cut: bool,
    /// Whether a drawing cannot hold it.
    ends_drawings: bool,
}

impl Tag {
    pub fn is_called(&self, name: &[u8]) -> bool {
        trimmed(&self.name) == name
    }

    /// `text` begins behind a `<`.
    pub fn read(text: &[u8]) -> Option<Self> {
        let closes = text.first() == Some(&b'/');
        let named = text.get(usize::from(closes)..)?;
        if !named.first()?.is_ascii_alphabetic() {
            return None;
        }
        let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'/' | b'>');
        let length = named.iter().position(ends).unwrap_or(named.len());
        let mut name = Name::default();
        for (to, from) in name.iter_mut().zip(named.get(..length)?) {
            *to = from.to_ascii_lowercase();
        }
        let (bytes, attributes) = extent(text);
        let whole = text.get(..bytes)?;
        let known = name.get(..length.min(name.len()))?;
        let raw_end = raw_end(known);
        Some(Self {
            bytes,
            closes,
            closes_itself: whole.ends_with(b"/"),
            kind: kind(known),
            attributes,
            is_cut: matches!(known, b"script" | b"style") && !is_json_ld(whole),
            ends_drawings: ends_drawings(known),
            raw_end,
            name,
        })
    }
}

fn raw_end(name: &[u8]) -> Option<&'static [u8]> {
    Some(match name {
        b"script" => b"</script",
        b"style" => b"</style",
        b"textarea" => b"</textarea",
        b"title" => b"</title",
        b"iframe" => b"</iframe",
        b"xmp" => b"</xmp",
        b"noembed" => b"</noembed",
        b"noframes" => b"</noframes",
        _ => return None,
    })
}

fn is_json_ld(tag: &[u8]) -> bool {
    let mut parts = tag.windows(b"ld+json".len());
    parts.any(|part| part.eq_ignore_ascii_case(b"ld+json"))
}

/// Where in a tag (HTML Standard, 13.2.5.8 to 13.2.5.39).
#[derive(Clone, Copy)]
enum At {
    Name,
    Between,
    Attribute,
    BehindAttribute,
    Equals,
    Bare,
}

/// Length of a tag up to its `>`, which may stand in quotes before, and how many attributes it has.
fn extent(text: &[u8]) -> (usize, usize) {
    let mut attributes = 0;
    let mut place = At::Name;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let is_blank = byte.is_ascii_whitespace();
        place = match (place, byte) {
            (_, b'>') => return (at, attributes),
            (At::Equals, b'"' | b'\'') => {
                let inside = text.get(at + 1..).unwrap_or_default();
                at += 1 + memchr(*byte, inside).unwrap_or(inside.len());
                At::Between
            }
            (At::Equals, _) if is_blank => At::Equals,
            (At::Equals, _) => At::Bare,
            (At::Bare, _) if !is_blank => At::Bare,
            (At::Attribute | At::BehindAttribute, b'=') => At::Equals,
            (At::Attribute | At::BehindAttribute, _) if is_blank => At::BehindAttribute,
            (At::Name | At::Attribute, _) if *byte != b'/' && !is_blank => place,
            _ if *byte == b'/' || is_blank => At::Between,
            _ => {
                attributes += 1;
                At::Attribute
            }
        };
        at += 1;
    }
    (text.len(), attributes)
}

fn kind(name: &[u8]) -> Kind {
    match name {
        // Void elements, and those that a next one of their kind closes.
        b"area" | b"base" | b"br" | b"col" | b"embed" | b"hr" | b"img" | b"input" | b"link"
        | b"meta" | b"param" | b"source" | b"track" | b"wbr" | b"p" | b"li" | b"dt" | b"dd"
        | b"option" | b"optgroup" | b"tr" | b"td" | b"th" | b"tbody" | b"thead" | b"tfoot"
        | b"a" | b"html" | b"head" | b"body" | b"script" | b"style" | b"textarea" | b"path"
        | b"rt" | b"rp" => Kind::Alone,
        b"b" | b"big" | b"code" | b"em" | b"font" | b"i" | b"nobr" | b"s" | b"small"
        | b"strike" | b"strong" | b"tt" | b"u" => Kind::Mark,
        _ => Kind::Box,
    }
}

/// Tags at which a parser leaves a drawing (HTML Standard, 13.2.6.5).
fn ends_drawings(name: &[u8]) -> bool {
    matches!(
        name,
        b"b" | b"big"
            | b"blockquote"
            | b"body"
            | b"br"
            | b"center"
            | b"code"
            | b"dd"
            | b"div"
            | b"dl"
            | b"dt"
            | b"em"
            | b"embed"
            | b"h1"
            | b"h2"
            | b"h3"
            | b"h4"
            | b"h5"
            | b"h6"
            | b"head"
            | b"hr"
            | b"i"
            | b"img"
            | b"li"
            | b"listing"
            | b"menu"
            | b"meta"
            | b"nobr"
            | b"ol"
            | b"p"
            | b"pre"
            | b"ruby"
            | b"s"
            | b"small"
            | b"span"
            | b"strong"
            | b"strike"
            | b"sub"
            | b"sup"
            | b"table"
            | b"tt"
            | b"u"
            | b"ul"
            | b"var"
            | b"font"
    )
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
    fn scripts_and_styles_are_left_out() {
        for (html, lean) in [
            ("a<script>x</script>b", "a<script></script>b"),
            (
                "<SCRIPT src=a>if (a<b) '<p>'</SCRIPT >b",
                "<SCRIPT src=a></SCRIPT >b",
            ),
            ("<style>p{}</style><p>it's", "<style></style><p>it's"),
            (
                "<!--<script>-->a<script>x</script>",
                "<!--<script>-->a<script></script>",
            ),
            ("<!-->a<script>x</script>", "<!-->a<script></script>"),
            (
                "<p title='<script>'>a</p></script>",
                "<p title='<script>'>a</p></script>",
            ),
            ("a<script>never closed <p>", "a<script>"),
            (
                "<script type='application/LD+json'>{}</script>",
                "<script type='application/LD+json'>{}</script>",
            ),
            (
                "<textarea><script>x</textarea>",
                "<textarea><script>x</textarea>",
            ),
            ("<svg><style>x</style></svg>", "<svg><style>x</style></svg>"),
            ("<script></script>", "<script></script>"),
        ] {
            assert_eq!(untangled(html).unwrap(), lean);
        }
        assert!(untangled(&"<div>".repeat(1_000)).is_none());
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
            format!("<div {}>", "a/".repeat(10_000)),
            format!("<div {}>", "a='1'".repeat(10_000)),
            format!("<i {}>", "a=1 ".repeat(200)).repeat(5_000),
            // Parsers read on where a careless look would not.
            format!("<!-->{}", "<div>".repeat(1_000)),
            format!("<!-- --!>{}", "<div>".repeat(1_000)),
            format!("<svg><script>{}", "<div>".repeat(1_000)),
            format!("<svg><![CDATA[<!--]]>{}", "<div>".repeat(1_000)),
            format!("<svg><p>{}", "<x/>".repeat(1_000)),
            format!("<svg><foreignObject>{}", "<x/>".repeat(1_000)),
            format!("<title><!--</title>{}", "<div>".repeat(1_000)),
            format!("<iframe><!--</iframe>{}", "<div>".repeat(1_000)),
            format!("<!x <!-- >{}", "<div>".repeat(1_000)),
            format!("<p =\">{}", "<div>".repeat(1_000)),
            format!("<p a==\">{}", "<div>".repeat(1_000)),
            "<div/>".repeat(1_000),
            "<div></div>".repeat(450_000),
            "<".repeat(5 << 20),
            "&".repeat(5 << 20),
            "x\n".repeat(2 << 20),
            "\0".repeat(5 << 20),
            format!("<math><style>{}", "<div>".repeat(1_000)),
            format!("{}{}", "<div>".repeat(250), "<br>".repeat(20_000)),
            "x".repeat(7 << 20),
        ] {
            assert!(untangled(&html).is_none(), "{}", &html[..40]);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_looked_at(bytes: Vec<u8>) {
            is_tangled(&bytes);
            untangled(&String::from_utf8_lossy(&bytes));
        }
    }
}
