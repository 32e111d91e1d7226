//! The parts that an article is made of, and how they are written.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use url::Url;

use super::addresses;
use super::words::{self, escaped, squeezed};
use crate::io::reach::is_private;

#[derive(Debug, Clone)]
pub enum Block {
    /// `tag`: `p`, `h2` to `h4`, or `div` for text that stood in no paragraph.
    Line {
        tag: &'static str,
        line: Line,
    },
    List {
        /// The number of the first item, if they are numbered.
        start: Option<u32>,
        items: Vec<Vec<Block>>,
    },
    Table(Table),
    /// Terms, and what is said of each.
    Terms(Vec<Part>),
    /// What opens below its line of summary.
    Details {
        summary: Line,
        inner: Vec<Block>,
    },
    Pre {
        text: String,
        tongue: Tongue,
    },
    Quote(Vec<Block>),
    /// A line between what came before and what follows.
    Rule,
    Figure(Figure),
    Embed(Embed),
    /// Here stood furniture.
    Gone,
}

/// A term, or what is said of those before it.
#[derive(Debug, Clone)]
pub struct Part {
    pub is_term: bool,
    pub blocks: Vec<Block>,
}

#[derive(Debug, Clone)]
pub struct Table {
    pub caption: Option<Line>,
    pub rows: Vec<Vec<Cell>>,
    pub tongue: Tongue,
}

#[derive(Debug, Clone)]
pub struct Cell {
    pub is_head: bool,
    /// How many columns and rows it stands in.
    pub across: u8,
    pub down: u8,
    /// Lines that follow one another are one.
    pub blocks: Vec<Block>,
}

/// In which language a part is written, and which way, where the page says that of it; see WCAG 2.2, 3.1.2.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tongue {
    /// In its normal spelling.
    pub lang: Option<String>,
    pub dir: Option<&'static str>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Figure {
    pub src: Url,
    /// Where the same picture lies too, should that one be missing or of a kind that is not read here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spare: Option<Url>,
    pub alt: String,
    pub caption: Option<String>,
    /// The caption once more, as HTML, if there are links in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linked: Option<String>,
}

/// Before a link to what plays elsewhere.
pub(super) const EMBED_SIGN: &str = "▶ ";

/// What a page plays from elsewhere: readers get a link.
#[derive(Debug, Clone)]
pub struct Embed {
    pub url: Url,
    /// What the page calls it.
    pub title: Option<String>,
    pub caption: Option<String>,
}

impl Block {
    pub fn is_content(&self) -> bool {
        match self {
            Self::Gone => false,
            Self::Line { line, .. } => line.weight() > 0,
            _ => true,
        }
    }

    pub fn is_heading(&self) -> bool {
        matches!(self, Self::Line { tag, .. } if tag.starts_with('h'))
    }

    pub fn leads_to_document(&self) -> bool {
        matches!(self, Self::Line { line, .. } if line.leads_to_document())
    }

    /// `h2` is 2.
    pub fn level(&self) -> Option<u8> {
        match self {
            Self::Line { tag, .. } => tag.strip_prefix('h')?.parse().ok(),
            _ => None,
        }
    }

    pub fn write_html(&self, html: &mut String) {
        match self {
            Self::Line { tag, line } => {
                let tag = if *tag == "div" { "p" } else { tag };
                let (tongue, inner) = (line.tongue.attributes(), line.html());
                let _ = writeln!(html, "<{tag}{tongue}>{inner}</{tag}>");
            }
            Self::List { start, items } => {
                let tag = if start.is_some() { "ol" } else { "ul" };
                let start = start.filter(|start| *start != 1);
                let start = start.map_or(String::new(), |start| format!(" start=\"{start}\""));
                let _ = write!(html, "<{tag}{start}>");
                items
                    .iter()
                    .for_each(|item| write_item("li", "", item, html));
                let _ = writeln!(html, "</{tag}>");
            }
            Self::Terms(parts) => {
                html.push_str("<dl>");
                for Part { is_term, blocks } in parts {
                    let tag = if *is_term { "dt" } else { "dd" };
                    write_item(tag, "", blocks, html);
                }
                html.push_str("</dl>\n");
            }
            Self::Details { summary, inner } => {
                let (tongue, line) = (summary.tongue.attributes(), summary.html());
                let _ = write!(html, "<details open><summary{tongue}>{line}</summary>");
                inner.iter().for_each(|block| block.write_html(html));
                html.push_str("</details>\n");
            }
            Self::Rule => html.push_str("<hr>\n"),
            Self::Table(table) => table.write_html(html),
            Self::Pre { text, tongue } => {
                let tongue = tongue.attributes();
                let _ = writeln!(html, "<pre{tongue}>{}</pre>", escaped(text));
            }
            Self::Quote(blocks) => {
                html.push_str("<blockquote>");
                blocks.iter().for_each(|block| block.write_html(html));
                html.push_str("</blockquote>\n");
            }
            Self::Figure(figure) => figure.write_html(html),
            Self::Embed(embed) => embed.write_html(html),
            Self::Gone => {}
        }
    }

    /// How much there is to read in it, captions apart.
    pub fn weight(&self) -> usize {
        match self {
            Self::Line { line, .. } => line.weight(),
            Self::List { items, .. } => items.iter().flatten().map(Self::weight).sum(),
            Self::Quote(blocks) => blocks.iter().map(Self::weight).sum(),
            Self::Terms(parts) => parts
                .iter()
                .flat_map(|part| &part.blocks)
                .map(Self::weight)
                .sum(),
            Self::Details { summary, inner } => {
                summary.weight() + inner.iter().map(Self::weight).sum::<usize>()
            }
            Self::Table(table) => table
                .cells()
                .flat_map(|cell| &cell.blocks)
                .map(Self::weight)
                .sum(),
            Self::Pre { text, .. } => words::weight(text),
            Self::Figure(_) | Self::Embed(_) | Self::Rule | Self::Gone => 0,
        }
    }

    /// Blocks in it, list by list.
    pub fn within(&self) -> Vec<&[Block]> {
        match self {
            Self::List { items, .. } => items.iter().map(Vec::as_slice).collect(),
            Self::Terms(parts) => parts.iter().map(|part| &*part.blocks).collect(),
            Self::Details { inner, .. } | Self::Quote(inner) => vec![inner],
            Self::Table(table) => table.cells().map(|cell| &*cell.blocks).collect(),
            _ => Vec::new(),
        }
    }

    pub fn within_mut(&mut self) -> Vec<&mut [Block]> {
        match self {
            Self::List { items, .. } => items.iter_mut().map(Vec::as_mut_slice).collect(),
            Self::Terms(parts) => parts.iter_mut().map(|part| &mut *part.blocks).collect(),
            Self::Details { inner, .. } | Self::Quote(inner) => vec![inner],
            Self::Table(table) => {
                let cells = table.rows.iter_mut().flatten();
                cells.map(|cell| &mut *cell.blocks).collect()
            }
            _ => Vec::new(),
        }
    }

    /// All lines in it, in order, without what they stand in.
    pub fn into_lines(self) -> Vec<Line> {
        match self {
            Self::Line { line, .. } => vec![line],
            Self::Terms(parts) => {
                let blocks = parts.into_iter().flat_map(|part| part.blocks);
                blocks.flat_map(Self::into_lines).collect()
            }
            Self::Details { summary, inner } => {
                let lines = inner.into_iter().flat_map(Self::into_lines);
                std::iter::once(summary).chain(lines).collect()
            }
            Self::List { items, .. } => {
                let blocks = items.into_iter().flatten();
                blocks.flat_map(Self::into_lines).collect()
            }
            Self::Quote(blocks) => blocks.into_iter().flat_map(Self::into_lines).collect(),
            Self::Table(table) => {
                let cells = table.rows.into_iter().flatten();
                let blocks = table.caption.map(|line| Self::Line { tag: "p", line });
                let blocks = blocks.into_iter().chain(cells.flat_map(|cell| cell.blocks));
                blocks.flat_map(Self::into_lines).collect()
            }
            Self::Pre { text, tongue } => {
                let lines = text.lines().filter(|line| !line.trim().is_empty());
                let told = |line| Line {
                    tongue: tongue.clone(),
                    ..Line::of(line)
                };
                lines.map(told).collect()
            }
            Self::Embed(embed) => embed.lines(),
            Self::Figure(figure) => {
                let caption = figure.caption.iter();
                caption.map(|caption| Line::of(caption)).collect()
            }
            Self::Rule | Self::Gone => Vec::new(),
        }
    }

    /// Prose only, one block a line; no captions.
    pub fn write_text(&self, text: &mut String) {
        let mut push = |line: &str| {
            if !line.is_empty() {
                text.push_str(line);
                text.push('\n');
            }
        };
        match self {
            Self::Line { line, .. } => push(line.text()),
            Self::List { .. } | Self::Quote(_) | Self::Terms(_) => self.write_text_within(text),
            Self::Details { summary, .. } => {
                push(summary.text());
                self.write_text_within(text);
            }
            Self::Table(table) => {
                for row in &table.rows {
                    let cells: Vec<String> = row.iter().map(Cell::text).collect();
                    push(cells.join(" ").trim());
                }
            }
            Self::Pre { text: pre, .. } => push(pre),
            Self::Figure(_) | Self::Embed(_) | Self::Rule | Self::Gone => {}
        }
    }

    fn write_text_within(&self, text: &mut String) {
        let within = self.within();
        within
            .into_iter()
            .flatten()
            .for_each(|block| block.write_text(text));
    }
}

/// Lines that follow one another as one, with breaks in it.
pub fn with_lines_joined(blocks: Vec<Block>) -> Vec<Block> {
    let mut joined: Vec<Block> = Vec::with_capacity(blocks.len());
    for block in blocks.into_iter().filter(Block::is_content) {
        match (joined.last_mut(), block) {
            (Some(Block::Line { line: last, .. }), Block::Line { line, .. }) => {
                *last = Line::joined([std::mem::take(last), line].into_iter());
            }
            (_, Block::Line { line, .. }) => joined.push(Block::Line { tag: "p", line }),
            (_, block) => joined.push(block),
        }
    }
    joined
}

/// Leaves of what parts say of their language only what is not true of the whole article anyway.
pub fn tell_tongues_apart(blocks: &mut [Block], whole: &Tongue) {
    for block in blocks {
        match block {
            Block::Line { line, .. } => {
                line.tongue.besides(whole);
                line.run_as(line.tongue.dir.or(whole.dir));
            }
            Block::Pre { tongue, .. } => tongue.besides(whole),
            Block::Details { summary, inner } => {
                summary.tongue.besides(whole);
                tell_tongues_apart(inner, whole);
            }
            Block::Table(table) => {
                let around = table.tongue.clone().within(whole);
                table.tongue.besides(whole);
                let cells = table.rows.iter_mut().flatten();
                cells.for_each(|cell| tell_tongues_apart(&mut cell.blocks, &around));
            }
            block => {
                let within = block.within_mut().into_iter();
                within.for_each(|blocks| tell_tongues_apart(blocks, whole));
            }
        }
    }
}

/// The language of most of the text, if the page says it of its parts.
pub fn language_of_most(blocks: &[Block]) -> Option<String> {
    let mut told: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    count_languages(blocks, &mut told);
    let all: usize = told.values().sum();
    let most = told.into_iter().find(|(_, weight)| weight * 2 > all)?;
    most.0.map(str::to_owned)
}

fn count_languages<'a>(blocks: &'a [Block], told: &mut BTreeMap<Option<&'a str>, usize>) {
    for block in blocks {
        match block {
            Block::List { .. } | Block::Quote(_) | Block::Terms(_) => {
                let within = block.within().into_iter();
                within.for_each(|blocks| count_languages(blocks, told));
            }
            Block::Line { line, .. } => {
                *told.entry(line.tongue.lang.as_deref()).or_default() += line.weight();
            }
            _ => *told.entry(None).or_default() += block.weight(),
        }
    }
}

/// An item that is one line needs no paragraph.
fn write_item(tag: &str, attributes: &str, item: &[Block], html: &mut String) {
    let _ = write!(html, "<{tag}{attributes}");
    match item {
        [Block::Line { line, .. }] => {
            let _ = write!(html, "{}>{}", line.tongue.attributes(), line.html());
        }
        blocks => {
            html.push('>');
            blocks.iter().for_each(|block| block.write_html(html));
        }
    }
    let _ = write!(html, "</{tag}>");
}

impl Table {
    fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.rows.iter().flatten()
    }

    fn write_html(&self, html: &mut String) {
        let _ = write!(html, "<table{}>", self.tongue.attributes());
        if let Some(caption) = &self.caption {
            let _ = write!(html, "<caption>{}</caption>", caption.html());
        }
        for row in &self.rows {
            html.push_str("<tr>");
            row.iter().for_each(|cell| cell.write_html(html));
            html.push_str("</tr>");
        }
        html.push_str("</table>\n");
    }
}

impl Cell {
    /// On one line.
    fn text(&self) -> String {
        let mut text = String::new();
        let blocks = self.blocks.iter();
        blocks.for_each(|block| block.write_text(&mut text));
        squeezed(&text)
    }

    fn write_html(&self, html: &mut String) {
        let tag = if self.is_head { "th" } else { "td" };
        let mut attributes = String::new();
        for (name, count) in [("colspan", self.across), ("rowspan", self.down)] {
            if count > 1 {
                let _ = write!(attributes, " {name}=\"{count}\"");
            }
        }
        write_item(tag, &attributes, &self.blocks, html);
    }
}

impl Tongue {
    fn attributes(&self) -> String {
        let mut attributes = String::new();
        for (name, value) in [("lang", self.lang.as_deref()), ("dir", self.dir)] {
            if let Some(value) = value {
                let _ = write!(attributes, " {name}=\"{}\"", escaped(value));
            }
        }
        attributes
    }

    /// With what is true around it, where it says nothing itself.
    pub fn within(self, around: &Tongue) -> Self {
        Self {
            lang: self.lang.or_else(|| around.lang.clone()),
            dir: self.dir.or(around.dir),
        }
    }

    /// What it says besides what is true of the whole article.
    pub fn besides(&mut self, whole: &Tongue) {
        self.lang.take_if(|lang| whole.lang.as_ref() == Some(lang));
        self.dir.take_if(|dir| whole.dir == Some(dir));
    }
}

impl Embed {
    /// What is told of it stands behind the link, unless the link has no other name.
    fn write_html(&self, html: &mut String) {
        for line in self.lines() {
            let _ = writeln!(html, "<p>{}</p>", line.html());
        }
    }

    /// None if nothing can be said of it: neither a folder nor the newsroom's own network is named to readers, who cannot
    /// go there.
    fn lines(&self) -> Vec<Line> {
        let host = self.url.host_str().unwrap_or_default();
        let host = host.trim_start_matches("www.");
        let host = Some(host).filter(|host| !is_private(&self.url) && !host.ends_with(".invalid"));
        let is_name = |caption: &&String| words::weight(caption) <= NAME;
        let caption = self.caption.as_ref();
        let name = self.title.as_ref().or_else(|| caption.filter(is_name));
        let label = match (name, host) {
            (Some(name), Some(host)) => Some(format!("{name} ({host})")),
            (name, host) => name.cloned().or(host.map(str::to_owned)),
        };
        let link = label.map(|label| {
            let mut link = Line::of(EMBED_SIGN);
            let href = format!(" href=\"{}\"", escaped(self.url.as_str()));
            link.marked("a", &href, &label);
            link
        });
        let caption = caption.filter(|caption| name != Some(*caption));
        let caption = caption.map(|caption| {
            let mut line = Line::default();
            line.marked("small", "", caption);
            line
        });
        link.into_iter().chain(caption).collect()
    }
}

/// A link is named by words of this weight at most.
const NAME: usize = 120;

/// On one line, as captions are.
fn unbroken(line: &Line) -> String {
    let html = line.html();
    let parts: Vec<&str> = html.split("<br>").map(str::trim).collect();
    parts.join(" ")
}

impl Figure {
    /// What it shows, in words, unless its caption says the same: nobody wants to hear that twice.
    pub fn alt(&self) -> &str {
        let caption = self.caption.as_deref();
        let is_told = caption.is_some_and(|told| words::folded(told) == words::folded(&self.alt));
        if is_told { "" } else { &self.alt }
    }

    pub fn write_html(&self, html: &mut String) {
        let (src, alt) = (escaped(self.src.as_str()), escaped(self.alt()));
        let _ = write!(html, "<figure><img src=\"{src}\" alt=\"{alt}\">");
        if let Some(caption) = &self.caption {
            let caption = self.linked.clone().unwrap_or_else(|| escaped(caption));
            let _ = write!(html, "<figcaption>{caption}</figcaption>");
        }
        html.push_str("</figure>\n");
    }

    /// With what is told of the same picture elsewhere. This one's caption goes before.
    pub fn or(self, same: Figure) -> Self {
        match self.caption {
            Some(_) => Figure {
                src: same.src,
                spare: same.spare,
                alt: same.alt,
                ..self
            },
            None => same,
        }
    }

    pub fn tell(&mut self, caption: &Line) {
        self.linked = caption.targets().next().map(|_| unbroken(caption));
        self.caption = Some(caption.text().to_owned());
    }

    /// Adds it to what is told.
    pub fn tell_more(&mut self, line: &Line) {
        let Some(said) = self.caption.take() else {
            return self.tell(line);
        };
        if self.linked.is_some() || line.targets().next().is_some() {
            let before = self.linked.take().unwrap_or_else(|| escaped(&said));
            self.linked = Some(format!("{before} {}", unbroken(line)));
        }
        self.caption = Some(format!("{said} {}", line.text()));
    }
}

/// Inline text with its marks. What is asked of it again and again it counts as it grows.
#[derive(Debug, Clone, Default)]
pub struct Line {
    pub tongue: Tongue,
    pieces: Vec<Piece>,
    linking: bool,
    weight: usize,
    linked: usize,
    kept: usize,
    plain: OnceCell<String>,
}

#[derive(Debug, Clone)]
enum Piece {
    Text {
        text: String,
        weight: usize,
        linked: bool,
        kept: bool,
    },
    Open {
        tag: &'static str,
        attributes: String,
    },
    Close(&'static str),
    Break,
}

impl Line {
    fn of(text: &str) -> Self {
        let mut line = Self::default();
        line.push_text(text, true);
        line
    }

    fn marked(&mut self, tag: &'static str, attributes: &str, text: &str) {
        self.open(tag, attributes);
        self.push_text(text, true);
        self.close(tag);
    }

    pub fn push_text(&mut self, text: &str, kept: bool) {
        self.push(Piece::Text {
            text: text.to_owned(),
            weight: words::weight(text),
            linked: self.linking,
            kept,
        });
    }

    fn push(&mut self, piece: Piece) {
        if let Piece::Text {
            weight,
            linked,
            kept,
            ..
        } = &piece
        {
            self.weight += weight;
            self.linked += if *linked { *weight } else { 0 };
            self.kept += if *kept { *weight } else { 0 };
        }
        self.plain.take();
        self.pieces.push(piece);
    }

    pub fn push_break(&mut self) {
        self.push(Piece::Break);
    }

    pub fn open(&mut self, tag: &'static str, attributes: &str) {
        self.push(Piece::Open {
            tag,
            attributes: attributes.to_owned(),
        });
    }

    pub fn close(&mut self, tag: &'static str) {
        self.push(Piece::Close(tag));
    }

    pub fn in_link(&mut self, linking: bool) {
        self.linking = linking;
    }

    /// What is marked to run as the line does anyway is marked for nothing; what is pasted brings many such marks.
    fn run_as(&mut self, dir: Option<&str>) {
        let Some(same) = dir.map(|dir| format!(" dir=\"{dir}\"")) else {
            return;
        };
        let mut idle = Vec::new();
        self.pieces.retain(|piece| match piece {
            Piece::Open {
                tag: "bdi",
                attributes,
            } => {
                idle.push(*attributes == same);
                *attributes != same
            }
            Piece::Close("bdi") => !idle.pop().unwrap_or_default(),
            _ => true,
        });
    }

    /// Lines of a caption or a cell, one below the other.
    pub fn joined(lines: impl Iterator<Item = Line>) -> Self {
        let mut all = Self::default();
        for line in lines {
            match all.pieces.is_empty() {
                true => all.tongue = line.tongue,
                false => all.push_break(),
            }
            line.pieces.into_iter().for_each(|piece| all.push(piece));
        }
        all
    }

    /// Two line breaks in a row begin a new paragraph. Marks that are open there go on in the next.
    pub fn paragraphs(self) -> Vec<Line> {
        let mut lines = vec![Line::default()];
        let mut open: Vec<(&'static str, String)> = Vec::new();
        let mut breaks = 0;
        for piece in self.pieces {
            match &piece {
                Piece::Break => breaks += 1,
                Piece::Text { text, .. } if text.trim().is_empty() => {}
                Piece::Open { tag, attributes } => open.push((tag, attributes.clone())),
                Piece::Close(tag) => {
                    if let Some(last) = open.iter().rposition(|(name, _)| name == tag) {
                        open.remove(last);
                    }
                }
                Piece::Text { .. } => {
                    if breaks > 1 {
                        lines.push(Line::reopened(&open));
                    }
                    breaks = 0;
                }
            }
            if let Some(line) = lines.last_mut() {
                line.push(piece);
            }
        }
        lines.retain(|line| line.weight() > 0);
        lines
            .iter_mut()
            .for_each(|line| line.tongue = self.tongue.clone());
        lines
    }

    /// At every break, not only at two.
    pub fn broken(self) -> Vec<Line> {
        let mut doubled = Self {
            tongue: self.tongue,
            ..Self::default()
        };
        for piece in self.pieces {
            if matches!(piece, Piece::Break) {
                doubled.push_break();
            }
            doubled.push(piece);
        }
        doubled.paragraphs()
    }

    fn reopened(open: &[(&'static str, String)]) -> Self {
        let mut line = Self::default();
        for (tag, attributes) in open {
            line.open(tag, attributes);
        }
        line
    }

    /// Addresses of the links in it, as they are written in HTML.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Open {
                tag: "a",
                attributes,
            } => attributes.strip_prefix(" href=\"")?.strip_suffix('"'),
            _ => None,
        })
    }

    /// Such a link is no pointer to another article.
    pub fn leads_to_document(&self) -> bool {
        self.targets().any(addresses::is_document)
    }

    pub fn weight(&self) -> usize {
        self.weight
    }

    pub fn linked_weight(&self) -> usize {
        self.linked
    }

    pub fn kept_weight(&self) -> usize {
        self.kept
    }

    pub fn text(&self) -> &str {
        self.plain.get_or_init(|| {
            let mut all = String::new();
            for piece in &self.pieces {
                match piece {
                    Piece::Text { text, .. } => all.push_str(text),
                    Piece::Break => all.push(' '),
                    _ => {}
                }
            }
            squeezed(&all)
        })
    }

    /// Well-formed whatever the page was: what is open at the end is closed, what closes nothing is left out.
    pub fn html(&self) -> String {
        let mut html = String::new();
        let mut open: Vec<&'static str> = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text { text, .. } => push_squeezed(&mut html, text),
                Piece::Break if html.is_empty() => {}
                Piece::Break => html.push_str("<br>"),
                Piece::Open { tag, attributes } => {
                    let _ = write!(html, "<{tag}{attributes}>");
                    open.push(tag);
                }
                Piece::Close(tag) => {
                    if open.last() == Some(tag) {
                        open.pop();
                        let _ = write!(html, "</{tag}>");
                    }
                }
            }
        }
        for tag in open.iter().rev() {
            let _ = write!(html, "</{tag}>");
        }
        tidied(&html)
    }
}

fn push_squeezed(html: &mut String, text: &str) {
    let begins = text.starts_with(char::is_whitespace);
    let ends = text.ends_with(char::is_whitespace);
    let inner = squeezed(text);
    if begins && !html.is_empty() && !html.ends_with(' ') {
        html.push(' ');
    }
    html.push_str(&escaped(&inner));
    if ends && !inner.is_empty() {
        html.push(' ');
    }
}

/// Without empty marks, and without breaks at the ends.
fn tidied(html: &str) -> String {
    let mut html = html.trim().to_owned();
    let is_tidy = |html: &str| {
        let marks = html.contains("></") || html.contains("> </");
        !marks && !html.starts_with("<br>") && !html.ends_with("<br>")
    };
    while !is_tidy(&html) {
        let mut next = html.clone();
        for tag in [
            "strong", "em", "u", "s", "code", "mark", "sup", "sub", "q", "del", "small",
        ] {
            next = next.replace(&format!("<{tag}></{tag}>"), "");
            next = next.replace(&format!("<{tag}> </{tag}>"), " ");
        }
        let trimmed = next
            .trim()
            .trim_end_matches("<br>")
            .trim_start_matches("<br>")
            .trim();
        if trimmed == html {
            return html;
        }
        html = trimmed.to_owned();
    }
    html
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A paragraph of each.
    pub fn lines_of(texts: &[&str]) -> Vec<Block> {
        let line = |text: &&str| {
            let mut line = Line::default();
            line.push_text(text, true);
            Block::Line { tag: "p", line }
        };
        texts.iter().map(line).collect()
    }

    /// How many of them tell anything.
    pub fn told(blocks: Vec<Block>) -> usize {
        blocks.iter().filter(|block| block.is_content()).count()
    }
}
