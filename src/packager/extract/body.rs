//! The text of an article as plain blocks, read out of the container that holds it.
//!
//! 1. It is walked in order; inline text gathers until a block ends.
//! 2. Pictures become figures, see `illustration`; what plays from elsewhere becomes a link, see `embeds`.
//! 3. Furniture is passed over, and so are boxes that are nothing but links, unless a line announces them: "Detained:".
//! 4. Of an article that was told finished nothing is passed over: its boxes, lists and links are the editor's.

use dom_query::NodeRef;

use super::addresses;
use super::block::{Block, Line, Table};
use super::container::{Manner, Reading};
use super::embeds;
use super::furniture;
use super::nodes;
use super::words::{escaped, squeezed};

/// Deeper than any page that people wrote; what lies deeper is read as plain text.
pub const DEPTH: usize = 180;

pub struct Walk<'r, 'a> {
    pub reading: &'r Reading<'a>,
    pub blocks: Vec<Block>,
    line: Line,
    /// The element that the line will be, if not a paragraph.
    pub pending: Option<&'static str>,
}

impl<'r, 'a> Walk<'r, 'a> {
    pub fn new(reading: &'r Reading<'a>) -> Self {
        Self {
            reading,
            blocks: Vec::new(),
            line: Line::default(),
            pending: None,
        }
    }

    pub fn children(&mut self, node: &NodeRef, depth: usize) {
        for child in node.children_it(false) {
            self.node(&child, depth + 1);
        }
    }

    fn node(&mut self, node: &NodeRef, depth: usize) {
        if self.reading.furniture.contains(&node.id) {
            return self.passed_over(node);
        }
        let kept = || self.reading.kept.contains(&node.id);
        if nodes::with_text(node, |text| self.line.push_text(text, kept())).is_some() {
            return;
        }
        if !node.is_element() {
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
            "audio" => self.film(node),
            "figure" if self.knows_captions() => self.figure(node, depth),
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
            "script" | "style" | "template" | "head" | "source" | "track" | "param" | "object"
            | "svg" | "annotation" => {}
            "dt" | "dd" | "div" | "section" | "article" | "main" | "header" | "aside"
            | "center" | "address" | "details" | "summary" | "fieldset" | "td" | "tr" | "tbody"
            | "th" | "dl" | "li" | "hr" | "footer" | "form" | "nav" | "figure" | "figcaption" => {
                self.division(node, depth)
            }
            _ => self.children(node, depth),
        }
    }

    fn is(&self, manner: Manner) -> bool {
        self.reading.manner == manner
    }

    pub fn is_finished(&self) -> bool {
        self.is(Manner::Finished)
    }

    fn knows_captions(&self) -> bool {
        !self.is(Manner::Readability)
    }

    pub fn end_line(&mut self, tag: &'static str) {
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
        if self.knows_captions() && self.is_marked_illustration(node) {
            return self.illustration(node);
        }
        self.block(node, "p", depth);
    }

    fn division(&mut self, node: &NodeRef, depth: usize) {
        self.end_line("div");
        match self.reading.manner {
            // It knows no captions: they are words like others.
            Manner::Readability => self.children_as_block(node, depth),
            // Words beside a picture may have links in them, which captions have not.
            Manner::Finished if self.is_marked_illustration(node) => self.illustration(node),
            Manner::Finished if node.has_name("figcaption") && self.lacks_caption() => {
                self.lone_caption(node);
            }
            Manner::Finished => self.children_as_block(node, depth),
            Manner::Newsroom => self.division_of_page(node, depth),
        }
    }

    fn division_of_page(&mut self, node: &NodeRef, depth: usize) {
        if self.is_illustration(node) {
            return self.illustration(node);
        }
        if node.has_name("figcaption") {
            return self.lone_caption(node);
        }
        if (self.is_box_of_links(node) || self.is_card(node)) && self.leads_away(node) {
            self.blocks.push(Block::Gone);
            return;
        }
        self.children_as_block(node, depth);
    }

    /// Whether it leads to other articles, and no line of the text announces it.
    fn leads_away(&self, node: &NodeRef) -> bool {
        !self.is_announced() && self.leads_home(node)
    }

    /// "Detained today:" and no "Read also:".
    fn is_announced(&self) -> bool {
        let Some(Block::Line { tag: "p", line }) = self.blocks.last() else {
            return false;
        };
        let text = line.text();
        let is_said = line.kept_weight() > 0 && line.linked_weight() == 0;
        is_said && text.ends_with([':', '：']) && !furniture::is_pointing(text)
    }

    /// A short text that is nearly all links, in a box of its own: "read also", tags, sections.
    fn is_box_of_links(&self, node: &NodeRef) -> bool {
        let own = self.reading.measures.of_node(node);
        let mostly_links = own.linked * 10 > own.text * 8;
        own.links > 0 && mostly_links && own.text > 0 && own.prose == 0 && own.pictures <= own.links
    }

    /// A heading that is a link, and a few words that are no sentence: another article.
    fn is_card(&self, node: &NodeRef) -> bool {
        let own = self.reading.measures.of_node(node);
        let fits = own.links > 0 && own.links <= 3 && own.prose == 0 && own.linked * 2 > own.text;
        let leads = |heading: &NodeRef| {
            let of = self.reading.measures.of_node(heading);
            of.text > 0 && of.linked == of.text
        };
        let is_heading = |name: &str| matches!(name, "h2" | "h3" | "h4" | "h5");
        let mut below = node.descendants_it();
        fits && below.any(|below| nodes::is_named(&below, is_heading) && leads(&below))
    }

    fn lacks_caption(&self) -> bool {
        matches!(self.blocks.last(), Some(Block::Figure(figure)) if figure.caption.is_none())
    }

    /// One that no `figure` holds belongs to the picture before it.
    fn lone_caption(&mut self, node: &NodeRef) {
        let text = squeezed(&node.text());
        if let Some(Block::Figure(figure)) = self.blocks.last_mut()
            && figure.caption.is_none()
            && !text.is_empty()
        {
            figure.caption = Some(text);
        }
    }

    fn marked(&mut self, node: &NodeRef, tag: &'static str, depth: usize) {
        self.line.open(tag, "");
        self.children(node, depth);
        self.line.close(tag);
    }

    fn link(&mut self, node: &NodeRef, depth: usize) {
        let is_block = |name: &str| {
            matches!(
                name,
                "h1" | "h2" | "h3" | "h4" | "h5" | "div" | "p" | "ul" | "article" | "section"
            )
        };
        let mut below = node.descendants_it();
        let holds_blocks = below.any(|below| nodes::is_named(&below, is_block));
        let own = self.reading.measures.of_node(node);
        if holds_blocks && own.text > 0 && self.is_finished() {
            return self.card(node);
        }
        if holds_blocks && own.text > 0 && self.is(Manner::Newsroom) {
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

    /// A link around blocks, as one line: a line is in one link, or in none.
    fn card(&mut self, node: &NodeRef) {
        self.end_line("div");
        let is_picture = |name: &str| matches!(name, "img" | "amp-img");
        for below in node.descendants_it() {
            if nodes::is_named(&below, is_picture) {
                self.picture(&below);
            }
        }
        let href = node.attr("href");
        let url = href.and_then(|href| addresses::absolute(&href, self.reading.base));
        if let Some(url) = &url {
            let href = format!(" href=\"{}\"", escaped(url.as_str()));
            self.line.open("a", &href);
            self.line.in_link(true);
        }
        let mut words = Line::default();
        self.words_of(node, 0, &mut words);
        self.line.push_text(words.text(), true);
        self.line.in_link(false);
        if url.is_some() {
            self.line.close("a");
        }
        self.end_line("div");
    }

    /// What is heard or seen elsewhere, of an article that was told finished.
    pub fn film(&mut self, node: &NodeRef) {
        if let Some(embed) = embeds::of_film(node, self.reading.base).filter(|_| self.is_finished())
        {
            self.end_line("div");
            self.blocks.push(Block::Embed(embed));
        }
    }

    fn noscript(&mut self, node: &NodeRef, depth: usize) {
        let holds = |name: &str| node.descendants_it().any(|below| below.has_name(name));
        if holds("img") && !holds("iframe") {
            self.children(node, depth);
        }
    }

    pub fn children_as_block(&mut self, node: &NodeRef, depth: usize) {
        self.children(node, depth);
        self.end_line("div");
    }

    /// Whether a link below leads to the newsroom itself, or nowhere, and none to a document.
    fn leads_home(&self, node: &NodeRef) -> bool {
        let links = node.descendants_it().filter(|below| below.has_name("a"));
        let mut targets = links.map(|link| {
            let href = link.attr("href")?;
            addresses::absolute(&href, self.reading.base)
        });
        let mut inward = false;
        let holds_document = targets.any(|target| {
            inward |= target
                .as_ref()
                .is_none_or(|url| self.reading.home.holds(url.as_str()));
            target.is_some_and(|url| addresses::is_document(url.as_str()))
        });
        inward && !holds_document
    }

    pub fn embed(&mut self, node: &NodeRef) {
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
        if links_only && self.is(Manner::Newsroom) && self.leads_away(node) {
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
        let is_illustration = match self.reading.manner {
            Manner::Newsroom => self.is_illustration(node),
            Manner::Readability => false,
            Manner::Finished => self.is_marked_illustration(node),
        };
        if is_illustration {
            return self.illustration(node);
        }
        let rows = rows_of(node);
        if !is_data(node, &rows) || (self.is_finished() && holds_more_than_lines(node)) {
            return self.children_as_block(node, depth);
        }
        let captions = node.element_children();
        let caption = captions.iter().find(|part| part.has_name("caption"));
        let caption = caption.map(|caption| self.cell(caption));
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
        self.blocks.push(Block::Table(Table {
            caption: caption.filter(|caption| caption.weight() > 0),
            rows,
        }));
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

/// Of a cell only its lines are read.
fn holds_more_than_lines(table: &NodeRef) -> bool {
    let more = |name: &str| {
        matches!(
            name,
            "ul" | "ol" | "img" | "video" | "audio" | "iframe" | "blockquote" | "pre" | "figure"
        )
    };
    let mut below = table.descendants_it();
    below.any(|below| nodes::is_named(&below, more))
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
