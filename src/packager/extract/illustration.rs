//! Pictures in the text of an article, each with the caption that stands beside it.

use dom_query::NodeRef;

use super::addresses;
use super::block::{Block, Figure, Line};
use super::body::{DEPTH, Walk};
use super::furniture;
use super::nodes;
use super::words;

/// A caption is at most this long, in weight.
const CAPTION: usize = 700;

impl Walk<'_, '_> {
    pub fn picture(&mut self, node: &NodeRef) {
        if is_tiny(node) {
            return;
        }
        self.still(node);
        if nodes::is_named(node, |name| matches!(name, "video" | "amp-video")) {
            self.film(node);
        }
    }

    fn still(&mut self, node: &NodeRef) {
        if let Some(src) = addresses::of_picture(node, self.reading.base) {
            let pending = self.pending.take();
            self.end_line("div");
            self.pending = pending;
            self.push_figure(Figure {
                src,
                alt: words::squeezed(&node.attr_or("alt", "")),
                caption: None,
            });
        }
    }

    /// A lazy picture and its copy for browsers without scripts are one.
    fn push_figure(&mut self, figure: Figure) {
        let key = addresses::key(&figure.src);
        if let Some(Block::Figure(last)) = self.blocks.last_mut()
            && addresses::key(&last.src) == key
        {
            last.caption = last.caption.take().or(figure.caption);
            return;
        }
        self.blocks.push(Block::Figure(figure));
    }

    pub fn figure(&mut self, node: &NodeRef, depth: usize) {
        self.end_line("div");
        let holds = |names: &[&str]| {
            node.descendants_it()
                .find(|below| names.iter().any(|name| below.has_name(name)))
        };
        // A gallery has a caption for each, and one without a picture may be anything.
        let pictures = ["img", "amp-img", "video", "amp-video", "iframe"];
        if self.is_finished() && (holds(&["figure"]).is_some() || holds(&pictures).is_none()) {
            return self.children_as_block(node, depth);
        }
        if holds(&["table", "pre", "blockquote"]).is_some() {
            return self.children_as_block(node, depth);
        }
        if let Some(embed) = holds(&["iframe"]) {
            self.embed(&embed);
        }
        self.illustration(node);
    }

    /// An element with a picture and a few words that are no link and no heading: the words are its caption.
    pub fn is_illustration(&self, node: &NodeRef) -> bool {
        let own = self.reading.measures.of_node(node);
        let fits = (1..=2).contains(&own.pictures) || (own.pictures == 0 && own.films > 0);
        if !fits || own.text > CAPTION / 2 || own.linked * 2 > own.text {
            return false;
        }
        let mut paragraphs = 0;
        let mut holds_more = node.descendants_it().filter(|below| {
            nodes::is_named(below, |name| {
                paragraphs += usize::from(name == "p");
                matches!(
                    name,
                    "h1" | "h2" | "h3" | "h4" | "figure" | "ul" | "ol" | "blockquote" | "iframe"
                )
            })
        });
        let holds_more = holds_more.next().is_some();
        !holds_more && paragraphs <= 1
    }

    /// One whose words say by their class that they are a caption: in the midst of a text, few words beside a picture
    /// may as well belong to the text.
    pub fn is_marked_illustration(&self, node: &NodeRef) -> bool {
        if !self.is_illustration(node) {
            return false;
        }
        let measures = self.reading.measures;
        let text = measures.of_node(node).text;
        if text == 0 || is_named_as_picture(node) {
            return true;
        }
        // What systems call a picture itself says nothing about the words beside it.
        let below = node.descendants_it().take(20);
        let named = below.filter(|below| !below.has_name("img") && is_named_as_picture(below));
        let caption = named.map(|caption| measures.of_node(&caption).text).max();
        caption.is_some_and(|caption| text.saturating_sub(caption) < SENTENCE)
    }

    pub fn illustration(&mut self, node: &NodeRef) {
        self.end_line("div");
        let before = self.blocks.len();
        for below in node.descendants_it() {
            let is_picture = |name: &str| matches!(name, "img" | "amp-img" | "video" | "amp-video");
            if !nodes::is_named(&below, is_picture) {
                continue;
            }
            let mut around = below.ancestors_it(Some(8));
            if !around.any(|up| self.reading.furniture.contains(&up.id)) {
                self.picture(&below);
            }
        }
        let caption = self.caption(node);
        let is_finished = self.is_finished();
        // The caption belongs to the last of several pictures.
        let shown = self.blocks.get_mut(before..).unwrap_or_default();
        let last = shown.iter_mut().rev().find_map(|block| match block {
            Block::Figure(figure) => Some(figure),
            _ => None,
        });
        match (last, caption) {
            (Some(figure), Some(caption)) => figure.caption = Some(caption),
            (None, Some(caption)) if is_finished => {
                let mut line = Line::default();
                line.push_text(&caption, true);
                self.blocks.push(Block::Line { tag: "p", line });
            }
            _ => {}
        }
    }

    fn caption(&self, node: &NodeRef) -> Option<String> {
        let marked = node
            .descendants_it()
            .find(|below| below.has_name("figcaption"));
        let mut line = Line::default();
        let from = marked.unwrap_or(*node);
        self.words_of(&from, 0, &mut line);
        let weight = line.weight();
        let is_short = weight <= CAPTION || self.is_finished();
        (weight > 1 && is_short).then(|| line.text().to_owned())
    }

    pub fn words_of(&self, node: &NodeRef, depth: usize, line: &mut Line) {
        if depth > DEPTH || (depth > 0 && self.reading.furniture.contains(&node.id)) {
            return;
        }
        for child in node.children_it(false) {
            if child.is_text() {
                line.push_text(&child.text(), true);
                continue;
            }
            let Some(name) = child.node_name() else {
                continue;
            };
            match &*name {
                "script" | "style" | "noscript" | "button" | "svg" | "template" | "video"
                | "iframe" => {}
                _ => {
                    line.push_text(" ", true);
                    self.words_of(&child, depth + 1, line);
                    line.push_text(" ", true);
                }
            }
        }
    }
}

/// Words of this weight beside a caption are more than the name of who took the picture.
const SENTENCE: usize = 60;

fn is_named_as_picture(node: &NodeRef) -> bool {
    const WORDS: &[&str] = &[
        "caption",
        "captions",
        "credit",
        "copyright",
        "figure",
        "figcaption",
        "foto",
        "image",
        "img",
        "legend",
        "legende",
        "media",
        "photo",
        "picture",
        "pic",
        "thumb",
    ];
    let words = furniture::tokens(node);
    words.split(' ').any(|word| WORDS.contains(&word))
}

/// Counters and icons.
fn is_tiny(img: &NodeRef) -> bool {
    ["width", "height"].iter().any(|name| {
        let side = img
            .attr(name)
            .and_then(|side| side.trim_end_matches("px").parse::<u32>().ok());
        side.is_some_and(|side| side < 48)
    })
}
