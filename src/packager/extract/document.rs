//! Parses HTML, and stops where that would take too long.
//!
//! What a parser makes of tags depends on nearly all tags before: which are ignored, close others, stay open or are opened
//! again. [`super::tangle`] looks at most of that at little cost. Here the parser itself is asked, after each piece:
//!
//! 1. how many elements it holds open: with each tag it may look at all of them;
//! 2. how much it made so far: where many are left open it makes them anew in each paragraph;
//! 3. how many attributes the page's own elements have: each `<body>` brings its own, compared with those of all before;
//! 4. and at the end, how many steps a walk from every node up to the page is long.

use std::cell::Cell;

use dom_query::{Document, NodeId, NodeRef};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tree_builder::{Tracer, TreeBuilderOpts};
use html5ever::{ParseOpts, parse_document};

/// Bytes between two looks. So many begin some 700 elements.
const PIECE: usize = 2048;

/// Elements that are open, and those that will be opened again. The deepest real pages have some 100.
const OPEN: usize = 1000;

/// Elements around one. Browsers stop at 512.
const DEPTH: usize = 512;

/// Of all kinds. The largest real pages have some 30,000 elements.
const NODES: usize = 400_000;

/// Twice as many as are let in by tags alone: here texts and elements that nobody closes count as well.
const STEPS: usize = 6_000_000;

/// Of the page's own elements.
const ATTRIBUTES: usize = 300;

/// `None` of a page that nobody wrote to be read.
pub fn parsed(html: &str) -> Option<Document> {
    let options = ParseOpts {
        tree_builder: TreeBuilderOpts {
            scripting_enabled: false,
            ..TreeBuilderOpts::default()
        },
        ..ParseOpts::default()
    };
    let mut parser = parse_document(Document::default(), options);
    let mut rest = html;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(rest.floor_char_boundary(PIECE));
        parser.process(StrTendril::from_slice(piece));
        rest = behind;
        let builder = &parser.tokenizer.sink;
        let held = Held::default();
        builder.trace_handles(&held);
        if held.0.get() > OPEN || is_overgrown(&builder.sink) {
            return None;
        }
    }
    let doc = parser.finish();
    is_walked_soon(&doc).then_some(doc)
}

/// Counts what a parser holds.
#[derive(Default)]
struct Held(Cell<usize>);

impl Tracer for Held {
    type Handle = NodeId;

    fn trace_handle(&self, _: &NodeId) {
        self.0.set(self.0.get() + 1);
    }
}

fn is_overgrown(doc: &Document) -> bool {
    let of_page = [doc.root().first_element_child(), doc.body()];
    let attributes = of_page.into_iter().flatten().filter_map(|node| {
        let element = node.element_ref()?;
        Some(element.attrs.len())
    });
    doc.tree.len() > NODES || attributes.sum::<usize>() > ATTRIBUTES
}

fn is_walked_soon(doc: &Document) -> bool {
    let (mut depth, mut steps) = (0, 0);
    let mut at = doc.root();
    loop {
        steps += depth;
        if depth > DEPTH || steps > STEPS {
            return false;
        }
        if let Some(below) = at.first_child() {
            (at, depth) = (below, depth + 1);
            continue;
        }
        let Some((next, up)) = behind(at) else {
            return true;
        };
        (at, depth) = (next, depth.saturating_sub(up));
    }
}

/// The node that follows this one and all below it, and how many levels higher it is.
fn behind(mut node: NodeRef<'_>) -> Option<(NodeRef<'_>, usize)> {
    let mut up = 0;
    loop {
        if let Some(next) = node.next_sibling() {
            return Some((next, up));
        }
        node = node.parent()?;
        up += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[&str] = &[
        "a",
        "abbr",
        "acronym",
        "address",
        "applet",
        "area",
        "article",
        "aside",
        "audio",
        "b",
        "base",
        "basefont",
        "bdi",
        "bdo",
        "bgsound",
        "big",
        "blink",
        "blockquote",
        "body",
        "br",
        "button",
        "canvas",
        "caption",
        "center",
        "cite",
        "code",
        "col",
        "colgroup",
        "data",
        "datalist",
        "dd",
        "del",
        "details",
        "dfn",
        "dialog",
        "dir",
        "div",
        "dl",
        "dt",
        "em",
        "embed",
        "fieldset",
        "figcaption",
        "figure",
        "font",
        "footer",
        "form",
        "frame",
        "frameset",
        "h1",
        "h6",
        "head",
        "header",
        "hgroup",
        "hr",
        "html",
        "i",
        "iframe",
        "image",
        "img",
        "input",
        "ins",
        "kbd",
        "keygen",
        "label",
        "legend",
        "li",
        "link",
        "listing",
        "main",
        "map",
        "mark",
        "marquee",
        "math",
        "menu",
        "menuitem",
        "meta",
        "meter",
        "mi",
        "nav",
        "nobr",
        "noembed",
        "noframes",
        "noscript",
        "object",
        "ol",
        "optgroup",
        "option",
        "output",
        "p",
        "param",
        "path",
        "picture",
        "plaintext",
        "pre",
        "progress",
        "q",
        "rb",
        "rp",
        "rt",
        "rtc",
        "ruby",
        "s",
        "samp",
        "script",
        "search",
        "section",
        "select",
        "slot",
        "small",
        "source",
        "span",
        "strike",
        "strong",
        "style",
        "sub",
        "summary",
        "sup",
        "svg",
        "table",
        "tbody",
        "td",
        "template",
        "textarea",
        "tfoot",
        "th",
        "thead",
        "time",
        "title",
        "tr",
        "track",
        "tt",
        "u",
        "ul",
        "var",
        "video",
        "wbr",
        "xmp",
        "x-own",
    ];

    /// In these other rules hold, or others close them.
    const AROUND: &[&str] = &[
        "<table>",
        "<svg>",
        "<math><mi>",
        "<select>",
        "<template>",
        "<a>",
        "<li>",
        "<object>",
    ];

    /// What parsers take longest for, if they are let.
    fn knots() -> Vec<String> {
        let mut knots = Vec::new();
        for name in NAMES {
            knots.push(format!("<{name}>x"));
            knots.push(format!("<{name}>x</{name}>"));
            knots.push(format!("<p>x<{name} a=#>"));
            let around = AROUND.iter();
            knots.extend(around.map(|around| format!("<{name}>{around}</{name}>")));
        }
        knots
    }

    /// `#` is another number each time.
    fn repeated(knot: &str, count: usize) -> String {
        (0..count)
            .map(|number| knot.replace('#', &number.to_string()))
            .collect()
    }

    #[test]
    fn nothing_is_walked_that_is_deep() {
        for knot in knots() {
            let Some(doc) = parsed(&repeated(&knot, 400)) else {
                continue;
            };
            let root = doc.root();
            let last = root.descendants_it().last();
            let depth = last.map_or(0, |last| last.ancestors_it(None).count());
            assert!(depth <= DEPTH && doc.tree.len() <= NODES, "{knot}");
        }
    }

    #[test]
    fn what_keeps_a_parser_busy_is_left() {
        for knot in [
            "<rt>x",
            "<svg><path>",
            "<svg><a>",
            "<li><dd>",
            "<span><div></span>",
            "<div><object></div>",
            "<form><div></form>",
            "<b></u>",
            "<b><object></b></object>",
            "<div><svg><!--</svg></div>-->",
            "<custom-element-a></custom-element-b>",
            "<template>",
            "<body a#=1>",
            "<html a#=1>",
            "<p><b a#=1>x",
            "<select><optgroup><option><div>",
        ] {
            assert!(parsed(&repeated(knot, 20_000)).is_none(), "{knot}");
        }
        let often = "<p>x".repeat(20_000);
        assert!(parsed(&(repeated("<b a=#>", 400) + &often)).is_none());
        assert!(parsed(&("<div>".repeat(500) + &"<br>".repeat(20_000))).is_none());
    }

    #[test]
    fn pieces_make_the_same_page_as_the_whole() {
        let page = "<title>Суд &amp; more</title><p class='a b'>Слова, 文字 &hellip; <b>x<p>y</b>\r\n<!-- c --><table>z<tr><td>1</table>"
            .repeat(300);
        let whole = Document::from(&*page).html();
        assert_eq!(parsed(&page).unwrap().html(), whole);
        assert!(parsed("").unwrap().body().is_some());
    }
}
