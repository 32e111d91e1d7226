//! The text of an article as plain blocks, read out of the container that holds it.
//!
//! 1. It is walked in order; inline text gathers until a block ends.
//! 2. Pictures become figures, see `illustration`; what plays from elsewhere becomes a link, see `embeds`.
//! 3. Furniture is passed over, and so are boxes that are nothing but links, unless a line announces them: "Detained:".
//! 4. Of an article that was told finished nothing is passed over: its boxes, lists and links are the editor's.

mod leading;

use dom_query::NodeRef;

use self::leading::{are_of_others, words_in};
use super::super::script;
use super::addresses::{self, Contact};
use super::block::{self, Block, Cell, Line, Part, Table, Tongue};
use super::container::{Manner, Reading};
use super::embeds;
use super::nodes;
use super::pointing;
use super::strangers;
use super::words::{escaped, squeezed};
use crate::site::Language;

/// Deeper than any page that people wrote; what lies deeper is read as plain text.
pub const DEPTH: usize = 180;

pub struct Walk<'r, 'a> {
    pub reading: &'r Reading<'a>,
    pub blocks: Vec<Block>,
    line: Line,
    /// The element that the line will be, if not a paragraph.
    pub pending: Option<&'static str>,
    /// Of what is being read, as far as the page says it of a part.
    tongue: Tongue,
    /// Whether a `figure` is around that holds more than a picture.
    pub is_framed: bool,
    /// Whether the cell of a table is around.
    is_in_cell: bool,
    /// Whether an `aside` is around that is text: Readability keeps none.
    is_in_aside: bool,
}

impl<'r, 'a> Walk<'r, 'a> {
    pub fn new(reading: &'r Reading<'a>) -> Self {
        Self {
            reading,
            blocks: Vec::new(),
            line: Line::default(),
            pending: None,
            tongue: Tongue::default(),
            is_framed: false,
            is_in_cell: false,
            is_in_aside: false,
        }
    }

    /// What the page says of the elements around, but not of itself.
    pub fn hear_around(&mut self, node: &NodeRef) {
        let is_part =
            |node: &NodeRef| !nodes::is_named(node, |name| matches!(name, "html" | "body"));
        let around = [*node].into_iter().chain(node.ancestors_it(None));
        self.tongue = around
            .filter(is_part)
            .fold(Tongue::default(), |told, node| {
                told.within(&tongue_of(&node))
            });
    }

    /// Gives back what was told before.
    fn hear(&mut self, node: &NodeRef) -> Tongue {
        let told = tongue_of(node).within(&self.tongue);
        if told != self.tongue {
            self.end_line("div");
        }
        std::mem::replace(&mut self.tongue, told)
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
        let kept = || self.is_in_aside || self.reading.kept.contains(&node.id);
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
        if is_inline(&name) {
            return self.inline(node, &name, depth);
        }
        let before = self.hear(node);
        self.element(node, &name, depth);
        self.tongue = before;
    }

    /// What runs another way than the line around it is told apart, as a telephone number in Persian is: without that its
    /// groups change places.
    fn inline(&mut self, node: &NodeRef, name: &str, depth: usize) {
        let dir = dir_of(node);
        let is_apart = dir.is_some() || name == "bdi";
        if !is_apart || self.reading.measures.of_node(node).text == 0 {
            return self.element(node, name, depth);
        }
        let dir = dir.map_or(String::new(), |dir| format!(" dir=\"{dir}\""));
        self.line.open("bdi", &dir);
        self.element(node, name, depth);
        self.line.close("bdi");
    }

    fn passed_over(&mut self, node: &NodeRef) {
        if node.has_name("script") {
            self.embed(node);
            return;
        }
        let own = self.reading.measures.of_node(node);
        if own.text > 0 {
            self.end_line("div");
            let is_list = self.is_of_newsroom() && own.linked * 2 > own.text;
            match is_list && self.leads_home(node) {
                true => self.left_out(),
                false => self.blocks.push(Block::Gone),
            }
        }
    }

    /// In the place of what leads to other articles. A line that only pointed there goes with it.
    fn left_out(&mut self) {
        let is_label = |block: &mut Block| matches!(block, Block::Line { line, .. } if pointing::is_label_alone(line));
        self.blocks.pop_if(is_label);
        self.blocks.push(Block::Gone);
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
            "img" | "amp-img" => {
                self.picture(node);
            }
            "video" | "amp-video" => {
                self.film(node);
            }
            "figure" if self.knows_captions() => self.figure(node, depth),
            // What stands in one is shown where it names nothing to be played.
            "object" if self.is_finished() => {
                if !self.embed(node) {
                    self.children(node, depth);
                }
            }
            name if embeds::is_named(name) => {
                self.embed(node);
            }
            "rp" => {}
            "rt" if self.reading.measures.of_node(node).text > 0 => {
                self.line.push_text("(", true);
                self.children(node, depth);
                self.line.push_text(")", true);
            }
            "mfrac" => self.fraction(node, depth),
            "noscript" => self.noscript(node, depth),
            "h1" | "h2" => self.block(node, "h2", depth),
            "h3" => self.block(node, "h3", depth),
            "h4" | "h5" | "h6" => self.block(node, "h4", depth),
            // One that is no furniture stands above what it opens.
            "button" if self.pending.is_none() => self.block(node, "h4", depth),
            "p" => self.paragraph(node, depth),
            "pre" => self.preformatted(node),
            "blockquote" => self.quote(node, depth),
            "ul" | "ol" => self.list(node, depth),
            "dl" if self.holds_terms(node) => self.terms(node, depth),
            "details" if self.is_kept(node) => self.details(node, depth),
            "hr" => {
                self.end_line("div");
                self.blocks.push(Block::Rule);
            }
            "table" => self.table(node, depth),
            "script" | "style" | "template" | "head" | "source" | "track" | "param" | "svg"
            | "annotation" => {}
            "aside" => self.aside(node, depth),
            "dt" | "dd" | "div" | "section" | "article" | "main" | "header" | "center"
            | "address" | "details" | "summary" | "fieldset" | "td" | "tr" | "tbody" | "th"
            | "dl" | "li" | "footer" | "form" | "nav" | "figure" | "figcaption" => {
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

    pub fn is_of_newsroom(&self) -> bool {
        self.is(Manner::Newsroom)
    }

    fn knows_captions(&self) -> bool {
        !self.is(Manner::Readability)
    }

    pub fn end_line(&mut self, tag: &'static str) {
        let tag = self.pending.unwrap_or(tag);
        for mut line in std::mem::take(&mut self.line).paragraphs() {
            line.tongue = self.told_of(line.text());
            self.blocks.push(Block::Line { tag, line });
        }
    }

    /// Texts that are pasted bring along what another program thought of them.
    fn told_of(&self, text: &str) -> Tongue {
        let mut tongue = self.tongue.clone();
        tongue.lang.take_if(|lang| {
            let language = Language::parse(lang);
            language.is_none_or(|language| !script::may_be(text, &language))
        });
        tongue
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
            return self.illustrated(node, depth);
        }
        let own = self.reading.measures.of_node(node);
        if own.pictures > 0 && own.links > 0 && self.is_of_newsroom() && self.is_other(node) {
            self.end_line("div");
            return self.left_out();
        }
        self.block(node, "p", depth);
    }

    fn division(&mut self, node: &NodeRef, depth: usize) {
        self.end_line("div");
        let manner = self.reading.manner;
        match manner {
            // It knows no captions: they are words like others.
            Manner::Readability => self.children_as_block(node, depth),
            _ if self.is_to_be_filled(node) && self.embed(node) => {}
            _ if self.is_painted(node) => {
                self.picture(node);
            }
            // Words beside a picture may have links in them, which captions have not.
            Manner::Finished if self.is_marked_illustration(node) => self.illustrated(node, depth),
            Manner::Newsroom if self.is_illustration(node) => self.illustrated(node, depth),
            _ if node.has_name("figcaption") => self.lone_caption(node, depth),
            Manner::Finished => self.children_as_block(node, depth),
            Manner::Newsroom => self.division_of_page(node, depth),
        }
    }

    fn aside(&mut self, node: &NodeRef, depth: usize) {
        let own = self.reading.measures.of_node(node);
        let is_told = own.links == 0 && own.pictures == 0 && self.is_of_newsroom();
        let outer = std::mem::replace(&mut self.is_in_aside, is_told);
        self.division(node, depth);
        self.is_in_aside = outer;
    }

    /// By a script, with a picture.
    fn is_painted(&self, node: &NodeRef) -> bool {
        let own = self.reading.measures.of_node(node);
        own.text == 0 && own.pictures == 0 && addresses::is_painted(node)
    }

    /// By a script.
    pub fn is_to_be_filled(&self, node: &NodeRef) -> bool {
        let text = self.reading.measures.of_node(node).text;
        text == 0 && embeds::is_box(node) || text < BUTTON && embeds::is_named_box(node)
    }

    /// Of an article that was told finished the words stay also where nothing is to be shown.
    fn illustrated(&mut self, node: &NodeRef, depth: usize) {
        if !self.illustration(node) && self.is_finished() {
            self.children_as_block(node, depth);
        }
    }

    pub fn division_of_page(&mut self, node: &NodeRef, depth: usize) {
        let is_of_others = self.is_box_of_links(node) || self.is_card(node);
        if is_of_others && self.leads_away(node) || self.is_other(node) {
            return self.left_out();
        }
        self.children_as_block(node, depth);
    }

    /// One that no `figure` holds belongs to the picture before it. That of a table, of a quotation or of several pictures
    /// together is told behind them.
    fn lone_caption(&mut self, node: &NodeRef, depth: usize) {
        if self.is_framed {
            self.marked(node, "small", depth);
            return self.end_line("p");
        }
        let is_finished = self.is_finished();
        let is_bare =
            |block: &Block| matches!(block, Block::Figure(figure) if figure.caption.is_none());
        let is_said = !node.text().trim().is_empty() && self.blocks.last().is_some_and(is_bare);
        let line = is_said.then(|| self.inner_line(node));
        match (self.blocks.last_mut(), line) {
            (Some(Block::Figure(figure)), Some(line)) => {
                let text = squeezed(&node.text());
                figure.tell(&line);
                figure.linked.take_if(|_| line.text() != text);
                figure.caption = Some(text);
            }
            _ if is_finished => self.children_as_block(node, depth),
            _ => {}
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
        let is_card = holds_blocks && own.text > 0 || strangers::is_card(node, self.reading);
        if is_card && self.is_of_newsroom() && self.is_reference(node) {
            return self.card(node);
        }
        if is_card && self.is_of_newsroom() {
            // A card that leads elsewhere, unless it is only a picture that opens larger.
            self.end_line("div");
            return self.left_out();
        }
        let href = node.attr("href").unwrap_or_default();
        let contact = addresses::contact(&href);
        match self.address_of(node) {
            Some(address) if own.text > 0 => {
                self.line
                    .open("a", &format!(" href=\"{}\"", escaped(&address)));
                self.line.in_link(true);
                self.children(node, depth);
                self.line.in_link(false);
                self.line.close("a");
            }
            _ => {
                self.line.in_link(own.text > 0 && node.has_attr("href"));
                self.children(node, depth);
                self.line.in_link(false);
                if let Some(Contact::Telephone(number)) = contact {
                    self.number(&number, &node.text());
                }
            }
        }
    }

    /// Where a link leads, if somebody may follow it there.
    pub fn address_of(&self, link: &NodeRef) -> Option<String> {
        let href = link.attr("href")?;
        match addresses::contact(&href) {
            Some(Contact::Mail(address)) => Some(address),
            _ => addresses::absolute(&href, self.reading.base).map(String::from),
        }
    }

    /// To dial is to be known to whoever runs the network, so no tap may do it; but the number is told, if it is not what
    /// stands there anyway.
    fn number(&mut self, number: &str, said: &str) {
        let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
        if !digits(said).contains(&digits(number)) {
            self.line.push_text(&format!(" ({number})"), true);
        }
    }

    /// A link around blocks, as one line: a line is in one link, or in none. What a page shows on one says less than its
    /// words.
    fn card(&mut self, node: &NodeRef) {
        self.end_line("div");
        let mut words = Line::default();
        match self.is_finished() {
            true => words = self.shown_and_said(node),
            false => words.push_text(&words_in(node, |_| false), true),
        }
        let target = self.target_of(node);
        if !target.is_empty() {
            let href = format!(" href=\"{}\"", escaped(&target));
            self.line.open("a", &href);
            self.line.in_link(true);
        }
        self.line.push_text(words.text(), true);
        self.line.in_link(false);
        if !target.is_empty() {
            self.line.close("a");
        }
        self.end_line("div");
    }

    fn noscript(&mut self, node: &NodeRef, depth: usize) {
        let find = |name: &str| node.descendants_it().find(|below| below.has_name(name));
        if let Some(frame) = find("iframe") {
            // What stands before it may have told the same.
            if embeds::is_seen(&frame) {
                self.embed(&frame);
            }
            return;
        }
        let link = find("a").filter(|_| !self.is(Manner::Readability));
        let leads = |link: &NodeRef| addresses::is_document(&self.target_of(link));
        if find("img").is_some() || link.as_ref().is_some_and(leads) {
            self.children(node, depth);
        }
        let picture = link.filter(|link| self.reading.measures.of_node(link).pictures > 0);
        if let Some(film) = picture.and_then(|link| embeds::of_link(&link, self.reading.base)) {
            self.end_line("div");
            self.blocks.push(Block::Embed(film));
        }
    }

    pub fn children_as_block(&mut self, node: &NodeRef, depth: usize) {
        self.children(node, depth);
        self.end_line("div");
    }

    /// Whether it was one.
    pub fn embed(&mut self, node: &NodeRef) -> bool {
        let base = self.reading.base;
        let embed = embeds::of(node, base).filter(|_| !embeds::is_quoted(node));
        let Some(embed) = embed else {
            return false;
        };
        self.end_line("div");
        // A late frame and its copy for browsers without scripts are one.
        match self.blocks.last_mut() {
            Some(Block::Embed(last)) if last.url == embed.url => {
                last.title = last.title.take().or(embed.title);
            }
            _ => self.blocks.push(Block::Embed(embed)),
        }
        true
    }

    fn preformatted(&mut self, node: &NodeRef) {
        self.end_line("div");
        let mut text = String::new();
        for below in node.descendants_it() {
            match nodes::with_text(&below, |said| text.push_str(said)) {
                None if below.has_name("br") => text.push('\n'),
                _ => {}
            }
        }
        if !text.trim().is_empty() {
            let text = text.trim_matches('\n').to_owned();
            let tongue = self.told_of(&text);
            self.blocks.push(Block::Pre { text, tongue });
        }
    }

    fn quote(&mut self, node: &NodeRef, depth: usize) {
        self.end_line("div");
        let inner = self.apart(node, depth);
        if self.is_of_newsroom() && are_of_others(&inner) && self.leads_away(node) {
            return self.left_out();
        }
        match inner.iter().any(Block::is_content) {
            // One that a script would fill.
            false => {
                self.embed(node);
            }
            true => {
                self.blocks.push(Block::Quote(inner));
                // Of the film itself only the words below it stand there.
                if node.has_class("tiktok-embed") {
                    self.embed(node);
                }
            }
        }
    }

    fn fraction(&mut self, node: &NodeRef, depth: usize) {
        self.line.push_text(" ", false);
        for (at, part) in node.element_children().iter().enumerate() {
            if at == 1 {
                self.line.push_text("/", true);
            }
            self.node(part, depth + 1);
        }
    }

    /// The blocks below an element, not mixed with those around it.
    fn apart(&mut self, node: &NodeRef, depth: usize) -> Vec<Block> {
        let outer = std::mem::take(&mut self.blocks);
        let pending = self.pending.take();
        let tongue = self.hear(node);
        self.children(node, depth);
        self.end_line("div");
        self.tongue = tongue;
        self.pending = pending;
        std::mem::replace(&mut self.blocks, outer)
    }

    fn list(&mut self, node: &NodeRef, depth: usize) {
        self.end_line("div");
        let own = self.reading.measures.of_node(node);
        let links_only = own.linked * 10 > own.text * 7 && own.links > 0;
        if links_only && self.is_of_newsroom() && self.leads_away(node) {
            return self.left_out();
        }
        let start = node
            .has_name("ol")
            .then(|| number_of(node, "start", LAST_NUMBER));
        let mut items = Vec::new();
        let mut told = 0;
        // Words may stand between the items, and are none.
        let mut between = node.children_it(false);
        let holds_words = between.any(|child| !is_blank_text(&child));
        for child in node.children_it(false) {
            let is_word = nodes::is_named(&child, is_inline) && holds_words;
            if child.is_text() || is_word {
                if !(items.is_empty() || is_blank(&child)) {
                    self.end_items(start, &mut told, &mut items);
                }
                self.node(&child, depth + 1);
                continue;
            }
            if !child.is_element() || self.reading.furniture.contains(&child.id) {
                continue;
            }
            self.end_line("p");
            let item = self.apart(&child, depth + 1);
            if item.iter().any(Block::is_content) {
                items.push(item);
            }
        }
        self.end_items(start, &mut told, &mut items);
        self.end_line("p");
    }

    /// Whether something of it is text of the article for sure.
    fn is_kept(&self, node: &NodeRef) -> bool {
        let mut below = node.descendants_it();
        self.is_finished() || below.any(|below| self.reading.kept.contains(&below.id))
    }

    /// Whether it tells what words mean, and is no picture with its caption, and no box of links.
    fn holds_terms(&self, node: &NodeRef) -> bool {
        let holds = |name: &str| node.descendants_it().any(|below| below.has_name(name));
        let is_shown = match self.reading.manner {
            Manner::Finished => self.is_marked_illustration(node),
            _ => self.reading.measures.of_node(node).pictures > 0,
        };
        let is_else = || {
            let is_box = self.is_box_of_links(node) || self.is_card(node);
            self.is(Manner::Newsroom) && is_box && self.leads_away(node)
        };
        holds("dt") && holds("dd") && !is_shown && self.is_kept(node) && !is_else()
    }

    fn terms(&mut self, node: &NodeRef, depth: usize) {
        self.end_line("div");
        let mut parts = Vec::new();
        self.parts_of(node, depth, &mut parts);
        self.end_terms(&mut parts);
        self.end_line("p");
    }

    /// Words may stand between the parts, and boxes around some of them.
    fn parts_of(&mut self, node: &NodeRef, depth: usize, parts: &mut Vec<Part>) {
        for child in node.children_it(false) {
            let is_part = nodes::is_named(&child, |name| matches!(name, "dt" | "dd"));
            let is_group = child.has_name("div") && depth < DEPTH && is_all_parts(&child);
            if is_group {
                self.parts_of(&child, depth + 1, parts);
            } else if !is_part {
                if !is_blank(&child) || self.reading.measures.of_node(&child).pictures > 0 {
                    self.end_terms(parts);
                }
                self.node(&child, depth + 1);
            } else if !self.reading.furniture.contains(&child.id) {
                self.end_line("p");
                let blocks = self.apart(&child, depth + 1);
                if blocks.iter().any(Block::is_content) {
                    let is_term = child.has_name("dt");
                    parts.push(Part { is_term, blocks });
                }
            }
        }
    }

    /// What has no term, or of which nothing is said, are lines like others.
    fn end_terms(&mut self, parts: &mut Vec<Part>) {
        let parts = std::mem::take(parts);
        let is_whole = parts.first().is_some_and(|part| part.is_term)
            && parts.last().is_some_and(|part| !part.is_term);
        match is_whole {
            true => self.blocks.push(Block::Terms(parts)),
            false => self
                .blocks
                .extend(parts.into_iter().flat_map(|part| part.blocks)),
        }
    }

    /// Without a line of summary above it all it is a box like others, and so is one that holds most of a page.
    fn details(&mut self, node: &NodeRef, depth: usize) {
        let mut said = node.children_it(false).filter(|child| !is_blank(child));
        let summary = said.next().filter(|first| first.has_name("summary"));
        let summary = summary.filter(|summary| !holds_more_than_lines(summary));
        let measures = self.reading.measures;
        let is_most = measures.of_node(node).prose * 2 > measures.all.prose && !self.is_finished();
        let Some(summary) = summary.filter(|_| !is_most) else {
            return self.division(node, depth);
        };
        self.end_line("div");
        let line = self.inner_line(&summary);
        let outer = std::mem::take(&mut self.blocks);
        let pending = self.pending.take();
        for child in node
            .children_it(false)
            .filter(|child| child.id != summary.id)
        {
            self.node(&child, depth + 1);
        }
        self.end_line("div");
        self.pending = pending;
        let inner = std::mem::replace(&mut self.blocks, outer);
        let is_of_others = pointing::is_label_alone(&line) && are_of_others(&inner);
        if is_of_others && self.is_of_newsroom() && self.leads_away(node) {
            return self.left_out();
        }
        match inner.iter().any(Block::is_content) {
            true => self.blocks.push(Block::Details {
                summary: line,
                inner,
            }),
            false => {
                self.blocks.push(Block::Line { tag: "p", line });
                self.blocks.extend(inner);
            }
        }
    }

    /// Of a list that is parted the later parts count on.
    fn end_items(&mut self, start: Option<u32>, told: &mut u32, items: &mut Vec<Vec<Block>>) {
        if items.is_empty() {
            return;
        }
        let items = std::mem::take(items);
        let start = start.map(|start| start + *told);
        *told += u32::try_from(items.len()).unwrap_or_default();
        self.blocks.push(Block::List { start, items });
    }

    fn table(&mut self, node: &NodeRef, depth: usize) {
        self.end_line("div");
        let is_illustration = match self.reading.manner {
            Manner::Newsroom => self.is_illustration(node),
            Manner::Readability => false,
            Manner::Finished => self.is_marked_illustration(node),
        };
        if is_illustration {
            return self.illustrated(node, depth);
        }
        let rows = rows_of(node);
        if !is_data(node, &rows) {
            return self.children_as_block(node, depth);
        }
        let captions = node.element_children();
        let caption = captions.iter().find(|part| part.has_name("caption"));
        let caption = caption.map(|caption| self.inner_line(caption));
        let rows = rows
            .iter()
            .map(|row| {
                let cells = row.element_children();
                let cells = cells
                    .iter()
                    .filter(|cell| cell.has_name("td") || cell.has_name("th"));
                cells.map(|cell| self.cell(cell)).collect()
            })
            .collect();
        self.blocks.push(Block::Table(Table {
            caption: caption.filter(|caption| caption.weight() > 0),
            rows,
            tongue: self.tongue.clone(),
        }));
    }

    fn cell(&mut self, cell: &NodeRef) -> Cell {
        let count = |name| u8::try_from(number_of(cell, name, MOST_SPANNED)).unwrap_or(1);
        Cell {
            is_head: cell.has_name("th"),
            across: count("colspan"),
            down: count("rowspan"),
            blocks: self.told_in_cell(cell),
        }
    }

    /// In a table of facts a list of links is one of them.
    fn told_in_cell(&mut self, cell: &NodeRef) -> Vec<Block> {
        let line = std::mem::take(&mut self.line);
        let outer = std::mem::replace(&mut self.is_in_cell, true);
        let blocks = self.apart(cell, 0);
        self.is_in_cell = outer;
        self.line = line;
        block::with_lines_joined(blocks)
    }

    fn inner_line(&mut self, cell: &NodeRef) -> Line {
        let outer = std::mem::take(&mut self.line);
        let blocks = self.apart(cell, 0);
        self.line = outer;
        Line::joined(blocks.into_iter().flat_map(Block::into_lines))
    }
}

/// In the weight of its text; more is no button to press.
const BUTTON: usize = 20;

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

/// Of a summary only its lines are read.
fn holds_more_than_lines(summary: &NodeRef) -> bool {
    let more = |name: &str| {
        let is_block = matches!(
            name,
            "ul" | "ol" | "dl" | "details" | "blockquote" | "pre" | "figure" | "table"
        );
        is_block || matches!(name, "img" | "video") || embeds::is_named(name)
    };
    let mut below = summary.descendants_it();
    below.any(|below| nodes::is_named(&below, more))
}

/// A table of facts has several rows of several short cells; old pages lay out whole articles in tables.
fn is_data(table: &NodeRef, rows: &[NodeRef]) -> bool {
    let nested = table.descendants_it().any(|n| n.has_name("table"));
    let wide = widths(rows).filter(|width| *width >= 2).count();
    let long = table.descendants_it().filter(|n| n.has_name("p")).count();
    !nested && rows.len() >= 2 && wide * 2 >= rows.len() && long <= rows.len() * 4
}

/// How many cells stand in each row, with those that reach down into it.
fn widths(rows: &[NodeRef]) -> impl Iterator<Item = usize> {
    let mut hanging: Vec<u32> = Vec::new();
    rows.iter().map(move |row| {
        hanging.retain_mut(|rows| {
            *rows -= 1;
            *rows > 0
        });
        let cells = row.element_children();
        let width = hanging.len() + cells.len();
        let reach = cells
            .iter()
            .map(|cell| number_of(cell, "rowspan", MOST_SPANNED));
        hanging.extend(reach);
        width
    })
}

/// Rows or columns that a cell stands in; more is no table that anybody wrote.
const MOST_SPANNED: u32 = 50;

/// Of a list.
const LAST_NUMBER: u32 = 99_999;

/// What an attribute says if it is a number from 1 to `most`, else 1.
fn number_of(node: &NodeRef, name: &str, most: u32) -> u32 {
    let told = node.attr(name);
    let number = told.and_then(|told| told.trim().parse().ok());
    number
        .filter(|number| (1..=most).contains(number))
        .unwrap_or(1)
}

/// Whether it is a box around terms and what is said of them.
fn is_all_parts(node: &NodeRef) -> bool {
    let is_part = |child: &NodeRef| {
        is_blank(child) || nodes::is_named(child, |name| matches!(name, "dt" | "dd"))
    };
    node.children_it(false).all(|child| is_part(&child))
}

/// Text of which nothing is seen, or no text.
fn is_blank_text(node: &NodeRef) -> bool {
    nodes::with_text(node, |text| text.trim().is_empty()).unwrap_or(true)
}

/// Whether it shows no word.
fn is_blank(node: &NodeRef) -> bool {
    match node.is_text() {
        true => is_blank_text(node),
        false => node.text().trim().is_empty(),
    }
}

/// What an element says of its own language.
fn tongue_of(node: &NodeRef) -> Tongue {
    let language = node.attr("lang").and_then(|lang| Language::parse(&lang));
    Tongue {
        lang: language.map(|language| language.to_string()),
        dir: dir_of(node),
    }
}

fn dir_of(node: &NodeRef) -> Option<&'static str> {
    let dir = node.attr("dir")?;
    let mut known = ["ltr", "rtl", "auto"].into_iter();
    known.find(|known| dir.trim().eq_ignore_ascii_case(known))
}

/// Elements in the midst of a line.
fn is_inline(name: &str) -> bool {
    const INLINE: &[&str] = &[
        "a", "abbr", "b", "bdi", "bdo", "br", "cite", "code", "del", "em", "font", "i", "img",
        "ins", "kbd", "mark", "picture", "q", "s", "small", "span", "strong", "sub", "sup", "time",
        "u", "wbr",
    ];
    INLINE.contains(&name)
}
