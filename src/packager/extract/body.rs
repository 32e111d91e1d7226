//! The text of an article as plain blocks, read out of the container that holds it.
//!
//! 1. The container is the smallest element that holds nearly all text that Readability would keep.
//! 2. It is walked in order; inline text gathers until a block ends.
//! 3. Pictures become figures, with the caption that stands beside them.
//! 4. Furniture is passed over, and so are boxes that are nothing but links.

use std::collections::{HashMap, HashSet};

use dom_query::{Document, NodeId, NodeRef};
use url::Url;

use super::addresses;
use super::block::{Block, Figure, Line};
use super::embeds;
use super::furniture::Measures;
use super::words::{self, escaped};

/// Deeper than any page that people wrote; what lies deeper is read as plain text.
const DEPTH: usize = 180;

/// Of kept text that the container must hold.
const SHARE_OF_KEPT: f64 = 0.97;

/// A caption is at most this long, in weight.
const CAPTION: usize = 700;

pub struct Reading<'a> {
    pub base: &'a Url,
    pub measures: &'a Measures,
    pub furniture: &'a HashSet<NodeId>,
    /// Text nodes that Readability keeps.
    pub kept: &'a HashSet<NodeId>,
}

impl Reading<'_> {
    /// The blocks of the article, in order, and the pictures that stand outside its container.
    pub fn blocks(&self, doc: &Document, title: Option<&str>) -> (Vec<Block>, Vec<Figure>) {
        let Some(body) = doc.body() else {
            return (Vec::new(), Vec::new());
        };
        let container = self.one_of_several(self.widened(self.container(&body)), title);
        let mut walk = Walk::new(self);
        walk.children(&container, 0);
        walk.end_line("p");
        (walk.blocks, self.pictures_outside(&body, &container))
    }

    // Step 1.
    fn container<'a>(&self, body: &NodeRef<'a>) -> NodeRef<'a> {
        let mut sums: HashMap<NodeId, usize> = HashMap::new();
        let nodes: Vec<NodeRef> = body.descendants_it().collect();
        for node in nodes.iter().filter(|node| self.kept.contains(&node.id)) {
            let weight = words::weight(&node.text());
            for ancestor in node.ancestors_it(None) {
                *sums.entry(ancestor.id).or_default() += weight;
            }
        }
        let sum = |node: &NodeRef| sums.get(&node.id).copied().unwrap_or(0);
        let enough = share(sum(body), SHARE_OF_KEPT);
        let mut here = *body;
        loop {
            let below = here.element_children();
            let inner = below
                .into_iter()
                .filter(|child| !is_line(child) && !self.furniture.contains(&child.id))
                .find(|child| sum(child) >= enough && sum(child) > 0);
            match inner {
                Some(inner) => here = inner,
                None => return here,
            }
        }
    }

    /// Readability stops at the first of several boxes of text: the `article` around them is meant if there is much
    /// more prose in it.
    fn widened<'a>(&self, container: NodeRef<'a>) -> NodeRef<'a> {
        let around = container.ancestors_it(Some(8)).find(|up| {
            up.has_name("article") || up.attr("itemprop").as_deref() == Some("articleBody")
        });
        match around {
            Some(article) if self.prose(&article) * 10 > self.prose(&container) * 12 => article,
            _ => container,
        }
    }

    /// Without the prose of furniture.
    fn prose(&self, node: &NodeRef) -> usize {
        let whole = self.measures.of_node(node).prose;
        let furniture = node
            .descendants_it()
            .filter(|below| self.furniture.contains(&below.id));
        whole.saturating_sub(
            furniture
                .map(|below| self.measures.of_node(&below).prose)
                .sum(),
        )
    }

    /// Pages that go on with the next article: the one under the page's own title is meant.
    fn one_of_several<'a>(&self, container: NodeRef<'a>, title: Option<&str>) -> NodeRef<'a> {
        let Some(title) = title else {
            return container;
        };
        let articles: Vec<NodeRef> = container
            .descendants_it()
            .filter(|node| node.has_name("article") && self.prose(node) > 400)
            .collect();
        let titled = |article: &&NodeRef| {
            article
                .descendants_it()
                .any(|node| node.has_name("h1") && words::likeness(&node.text(), title) > 0.8)
        };
        // The innermost: `article` may be nested.
        let own = articles.iter().rfind(titled);
        match own {
            Some(own) if articles.len() > 1 && self.prose(own) * 5 > self.prose(&container) => *own,
            _ => container,
        }
    }

    /// A lead picture often stands above the text, in a header that the container leaves out.
    fn pictures_outside(&self, body: &NodeRef, container: &NodeRef) -> Vec<Figure> {
        let pictures = body.descendants_it().filter(|node| {
            node.has_name("img") || node.has_name("amp-img") || node.has_name("video")
        });
        let mut found: Vec<Figure> = Vec::new();
        for picture in pictures.take(60) {
            let ups: Vec<NodeRef> = picture.ancestors_it(None).collect();
            let inside = ups.iter().any(|up| up.id == container.id);
            if inside
                || ups.iter().any(|up| {
                    self.furniture.contains(&up.id)
                        || up.has_name("a") && self.measures.of_node(up).text > 0
                })
            {
                continue;
            }
            let mut walk = Walk::new(self);
            let frame = ups.iter().take(7).find(|up| up.has_name("figure"));
            let frame = frame.or_else(|| ups.iter().take(5).rfind(|up| walk.is_illustration(up)));
            match frame {
                Some(frame) => walk.illustration(frame, 0),
                None => walk.picture(&picture),
            }
            found.extend(walk.blocks.into_iter().filter_map(|block| match block {
                Block::Figure(figure) => Some(figure),
                _ => None,
            }));
        }
        found
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a weight is far below 2^52"
)]
fn share(whole: usize, part: f64) -> usize {
    (whole as f64 * part) as usize
}

/// Going into one of these would lose what it is.
fn is_line(node: &NodeRef) -> bool {
    node.node_name().is_some_and(|name| {
        matches!(
            &*name,
            "p" | "ul"
                | "ol"
                | "pre"
                | "table"
                | "tbody"
                | "tr"
                | "blockquote"
                | "figure"
                | "h1"
                | "h2"
                | "h3"
        )
    })
}

struct Walk<'r, 'a> {
    reading: &'r Reading<'a>,
    blocks: Vec<Block>,
    line: Line,
    /// The element that the line will be, if not a paragraph.
    pending: Option<&'static str>,
}

impl<'r, 'a> Walk<'r, 'a> {
    fn new(reading: &'r Reading<'a>) -> Self {
        Self {
            reading,
            blocks: Vec::new(),
            line: Line::default(),
            pending: None,
        }
    }

    fn children(&mut self, node: &NodeRef, depth: usize) {
        for child in node.children_it(false) {
            self.node(&child, depth + 1);
        }
    }

    fn node(&mut self, node: &NodeRef, depth: usize) {
        if node.is_text() {
            let kept = self.reading.kept.contains(&node.id);
            self.line.push_text(&node.text(), kept);
            return;
        }
        if !node.is_element() || self.reading.furniture.contains(&node.id) {
            if node.is_element() {
                self.passed_over(node);
            }
            return;
        }
        if depth > DEPTH {
            self.line.push_text(&node.text(), false);
            return;
        }
        let Some(name) = node.node_name() else { return };
        self.element(node, &name, depth);
    }

    fn passed_over(&mut self, node: &NodeRef) {
        if self.reading.measures.of_node(node).text > 0 {
            self.end_line("div");
            self.blocks.push(Block::Gone);
        }
    }

    fn element(&mut self, node: &NodeRef, name: &str, depth: usize) {
        match name {
            "br" => self.line.push_break(),
            "a" => self.link(node, depth),
            "b" | "strong" => self.marked(node, "strong", depth),
            "i" | "em" | "cite" => self.marked(node, "em", depth),
            "sub" | "sup" | "code" | "s" | "del" | "mark" | "q" | "u" => {
                let known = ["sub", "sup", "code", "s", "del", "mark", "q", "u"];
                let tag = known.into_iter().find(|tag| *tag == name).unwrap_or("u");
                self.marked(node, tag, depth);
            }
            "img" | "amp-img" | "video" | "amp-video" => self.picture(node),
            "figure" => self.figure(node, depth),
            "iframe" | "embed" | "amp-youtube" | "amp-twitter" | "amp-instagram"
            | "amp-facebook" | "amp-iframe" => self.embed(node),
            "noscript" => self.noscript(node, depth),
            "h1" | "h2" => self.block(node, "h2", depth),
            "h3" => self.block(node, "h3", depth),
            "h4" | "h5" | "h6" => self.block(node, "h4", depth),
            "p" => self.paragraph(node, depth),
            "pre" => self.preformatted(node),
            "blockquote" => self.quote(node, depth),
            "ul" | "ol" => self.list(node, name == "ol", depth),
            "table" => self.table(node, depth),
            "script" | "style" | "template" | "head" | "audio" | "source" | "track" | "param"
            | "object" | "svg" | "math" => {}
            "dt" | "dd" | "div" | "section" | "article" | "main" | "header" | "aside"
            | "center" | "address" | "details" | "summary" | "fieldset" | "td" | "tr" | "tbody"
            | "th" | "dl" | "li" | "hr" | "footer" | "form" | "nav" | "figcaption" => {
                self.division(node, depth)
            }
            _ => self.children(node, depth),
        }
    }

    fn end_line(&mut self, tag: &'static str) {
        let tag = self.pending.unwrap_or(tag);
        for line in std::mem::take(&mut self.line).paragraphs() {
            self.blocks.push(Block::Line { tag, line });
        }
    }

    fn block(&mut self, node: &NodeRef, tag: &'static str, depth: usize) {
        self.end_line("div");
        let outer = self.pending.replace(tag);
        self.children(node, depth);
        self.end_line(tag);
        self.pending = outer;
    }

    fn paragraph(&mut self, node: &NodeRef, depth: usize) {
        if self.is_illustration(node) {
            return self.illustration(node, depth);
        }
        self.block(node, "p", depth);
    }

    fn division(&mut self, node: &NodeRef, depth: usize) {
        self.end_line("div");
        if self.is_illustration(node) {
            return self.illustration(node, depth);
        }
        if self.is_box_of_links(node) {
            self.blocks.push(Block::Gone);
            return;
        }
        self.children(node, depth);
        self.end_line("div");
    }

    /// A short text that is nearly all links, in a box of its own: "read also", tags, sections.
    fn is_box_of_links(&self, node: &NodeRef) -> bool {
        let own = self.reading.measures.of_node(node);
        let mostly_links = own.linked * 10 > own.text * 8;
        own.links > 0 && mostly_links && own.text > 0 && own.prose == 0 && own.pictures <= own.links
    }

    fn marked(&mut self, node: &NodeRef, tag: &'static str, depth: usize) {
        self.line.open(tag, "");
        self.children(node, depth);
        self.line.close(tag);
    }

    fn link(&mut self, node: &NodeRef, depth: usize) {
        let holds_blocks = node.descendants_it().any(|below| {
            below.node_name().is_some_and(|name| {
                matches!(
                    &*name,
                    "h1" | "h2" | "h3" | "h4" | "h5" | "div" | "p" | "ul" | "article" | "section"
                )
            })
        });
        let own = self.reading.measures.of_node(node);
        if holds_blocks && own.text > 0 {
            // A card that leads elsewhere, unless it is only a picture that opens larger.
            self.end_line("div");
            self.blocks.push(Block::Gone);
            return;
        }
        let href = node
            .attr("href")
            .and_then(|href| addresses::absolute(&href, self.reading.base));
        match href {
            Some(url) if own.text > 0 => {
                self.line
                    .open("a", &format!(" href=\"{}\"", escaped(url.as_str())));
                self.line.in_link(true);
                self.children(node, depth);
                self.line.in_link(false);
                self.line.close("a");
            }
            _ => {
                self.line.in_link(own.text > 0 && node.has_attr("href"));
                self.children(node, depth);
                self.line.in_link(false);
            }
        }
    }

    // Step 3.
    fn picture(&mut self, node: &NodeRef) {
        if is_tiny(node) {
            return;
        }
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

    fn noscript(&mut self, node: &NodeRef, depth: usize) {
        let holds = |name: &str| node.descendants_it().any(|below| below.has_name(name));
        if holds("img") && !holds("iframe") {
            self.children(node, depth);
        }
    }

    fn figure(&mut self, node: &NodeRef, depth: usize) {
        self.end_line("div");
        let holds = |names: &[&str]| {
            node.descendants_it()
                .find(|below| names.iter().any(|name| below.has_name(name)))
        };
        if holds(&["table", "pre", "blockquote"]).is_some() {
            return self.children_as_block(node, depth);
        }
        if let Some(embed) = holds(&["iframe"]) {
            self.embed(&embed);
        }
        self.illustration(node, depth);
    }

    fn children_as_block(&mut self, node: &NodeRef, depth: usize) {
        self.children(node, depth);
        self.end_line("div");
    }

    /// An element with a picture and a few words that are no link and no heading: the words are its caption.
    fn is_illustration(&self, node: &NodeRef) -> bool {
        let own = self.reading.measures.of_node(node);
        if own.pictures == 0 && !node.descendants_it().any(|n| n.has_name("video")) {
            return false;
        }
        let lines = node.descendants_it().filter(|below| {
            below.node_name().is_some_and(|name| {
                matches!(
                    &*name,
                    "h1" | "h2" | "h3" | "h4" | "figure" | "ul" | "ol" | "blockquote" | "iframe"
                )
            })
        });
        let paragraphs = node.descendants_it().filter(|n| n.has_name("p")).count();
        own.pictures <= 2
            && own.text <= CAPTION / 2
            && own.linked * 2 <= own.text
            && paragraphs <= 1
            && lines.count() == 0
    }

    fn illustration(&mut self, node: &NodeRef, _depth: usize) {
        self.end_line("div");
        let before = self.blocks.len();
        for below in node.descendants_it() {
            let inside = below
                .node_name()
                .is_some_and(|name| matches!(&*name, "img" | "amp-img" | "video" | "amp-video"));
            let hidden = below
                .ancestors_it(Some(8))
                .any(|up| self.reading.furniture.contains(&up.id));
            if inside && !hidden {
                self.picture(&below);
            }
        }
        let caption = self.caption(node);
        // The caption belongs to the last of several pictures.
        if let Some(Block::Figure(figure)) = self.blocks.get_mut(before..).and_then(<[_]>::last_mut)
        {
            figure.caption = caption.or(figure.caption.take());
        }
    }

    fn caption(&self, node: &NodeRef) -> Option<String> {
        let marked = node
            .descendants_it()
            .find(|below| below.has_name("figcaption"));
        let mut line = Line::default();
        let from = marked.unwrap_or(*node);
        self.caption_text(&from, 0, &mut line);
        let text = line.text();
        let weight = words::weight(&text);
        (weight > 1 && weight <= CAPTION).then_some(text)
    }

    fn caption_text(&self, node: &NodeRef, depth: usize, line: &mut Line) {
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
                    self.caption_text(&child, depth + 1, line);
                    line.push_text(" ", true);
                }
            }
        }
    }

    fn embed(&mut self, node: &NodeRef) {
        if let Some(embed) = embeds::of(node, self.reading.base) {
            self.end_line("div");
            self.blocks.push(Block::Embed(embed));
        }
    }

    fn preformatted(&mut self, node: &NodeRef) {
        self.end_line("div");
        let text = node.text().trim_matches('\n').to_string();
        if !text.trim().is_empty() {
            self.blocks.push(Block::Pre(text));
        }
    }

    fn quote(&mut self, node: &NodeRef, depth: usize) {
        self.end_line("div");
        let inner = self.apart(node, depth);
        if !inner.is_empty() {
            self.blocks.push(Block::Quote(inner));
        }
    }

    /// The blocks below an element, not mixed with those around it.
    fn apart(&mut self, node: &NodeRef, depth: usize) -> Vec<Block> {
        let outer = std::mem::take(&mut self.blocks);
        let pending = self.pending.take();
        self.children(node, depth);
        self.end_line("div");
        self.pending = pending;
        std::mem::replace(&mut self.blocks, outer)
    }

    fn list(&mut self, node: &NodeRef, ordered: bool, depth: usize) {
        self.end_line("div");
        let own = self.reading.measures.of_node(node);
        let links_only = own.linked * 10 > own.text * 7 && own.links > 0;
        if links_only {
            self.blocks.push(Block::Gone);
            return;
        }
        let items: Vec<Vec<Block>> = node
            .element_children()
            .iter()
            .filter(|item| !self.reading.furniture.contains(&item.id))
            .map(|item| self.apart(item, depth + 1))
            .filter(|item| item.iter().any(Block::is_content))
            .collect();
        if !items.is_empty() {
            self.blocks.push(Block::List { ordered, items });
        }
    }

    fn table(&mut self, node: &NodeRef, depth: usize) {
        self.end_line("div");
        if self.is_illustration(node) {
            return self.illustration(node, depth);
        }
        let rows = rows_of(node);
        if !is_data(node, &rows) {
            return self.children_as_block(node, depth);
        }
        let rows = rows
            .iter()
            .map(|row| {
                let cells = row.element_children();
                let cells = cells
                    .iter()
                    .filter(|cell| cell.has_name("td") || cell.has_name("th"));
                cells
                    .map(|cell| (cell.has_name("th"), self.cell(cell)))
                    .collect()
            })
            .collect();
        self.blocks.push(Block::Table(rows));
    }

    fn cell(&mut self, cell: &NodeRef) -> Line {
        let outer = std::mem::take(&mut self.line);
        let blocks = self.apart(cell, 0);
        self.line = outer;
        let lines = blocks.into_iter().filter_map(|block| match block {
            Block::Line { line, .. } => Some(line),
            _ => None,
        });
        Line::joined(lines)
    }
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

fn rows_of<'a>(table: &NodeRef<'a>) -> Vec<NodeRef<'a>> {
    let parts = table.element_children().into_iter().flat_map(|part| {
        if part.has_name("tr") {
            vec![part]
        } else {
            part.element_children()
        }
    });
    parts.filter(|row| row.has_name("tr")).collect()
}

/// A table of facts has several rows of several short cells; old pages lay out whole articles in tables.
fn is_data(table: &NodeRef, rows: &[NodeRef]) -> bool {
    let nested = table.descendants_it().any(|n| n.has_name("table"));
    let wide = rows
        .iter()
        .filter(|row| row.element_children().len() >= 2)
        .count();
    let long = table.descendants_it().filter(|n| n.has_name("p")).count();
    !nested && rows.len() >= 2 && wide * 2 >= rows.len() && long <= rows.len() * 4
}
