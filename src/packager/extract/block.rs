//! The parts that an article is made of, and how they are written.

use std::cell::OnceCell;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use url::Url;

use super::addresses;
use super::words::{self, escaped, squeezed};

#[derive(Debug, Clone)]
pub enum Block {
    /// `tag`: `p`, `h2` to `h4`, or `div` for text that stood in no paragraph.
    Line {
        tag: &'static str,
        line: Line,
    },
    List {
        ordered: bool,
        items: Vec<Vec<Block>>,
    },
    Table(Table),
    Pre(String),
    Quote(Vec<Block>),
    Figure(Figure),
    Embed(Embed),
    /// Here stood furniture.
    Gone,
}

#[derive(Debug, Clone)]
pub struct Table {
    pub caption: Option<Line>,
    /// Rows of cells; `true` for a head cell.
    pub rows: Vec<Vec<(bool, Line)>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Figure {
    pub src: Url,
    pub alt: String,
    pub caption: Option<String>,
}

/// Before a link to what plays elsewhere.
pub(super) const EMBED_SIGN: &str = "▶ ";

/// What a page plays from elsewhere: readers get a link.
#[derive(Debug, Clone)]
pub struct Embed {
    pub url: Url,
    pub label: String,
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
                wrapped(html, tag, &line.html());
            }
            Self::List { ordered, items } => {
                let tag = if *ordered { "ol" } else { "ul" };
                let _ = write!(html, "<{tag}>");
                for item in items {
                    html.push_str("<li>");
                    write_item(item, html);
                    html.push_str("</li>");
                }
                let _ = writeln!(html, "</{tag}>");
            }
            Self::Table(table) => table.write_html(html),
            Self::Pre(text) => wrapped(html, "pre", &escaped(text)),
            Self::Quote(blocks) => {
                html.push_str("<blockquote>");
                blocks.iter().for_each(|block| block.write_html(html));
                html.push_str("</blockquote>\n");
            }
            Self::Figure(figure) => figure.write_html(html),
            Self::Embed(embed) => {
                let (url, label) = (escaped(embed.url.as_str()), escaped(&embed.label));
                let _ = writeln!(html, "<p>{EMBED_SIGN}<a href=\"{url}\">{label}</a></p>");
            }
            Self::Gone => {}
        }
    }

    /// How much there is to read in it, captions apart.
    pub fn weight(&self) -> usize {
        match self {
            Self::Line { line, .. } => line.weight(),
            Self::List { items, .. } => items.iter().flatten().map(Self::weight).sum(),
            Self::Quote(blocks) => blocks.iter().map(Self::weight).sum(),
            Self::Table(table) => table.cells().map(Line::weight).sum(),
            Self::Pre(text) => words::weight(text),
            Self::Figure(_) | Self::Embed(_) | Self::Gone => 0,
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
            Self::List { items, .. } => items
                .iter()
                .flatten()
                .for_each(|block| block.write_text(text)),
            Self::Quote(blocks) => blocks.iter().for_each(|block| block.write_text(text)),
            Self::Table(table) => {
                for row in &table.rows {
                    let cells: Vec<&str> = row.iter().map(|(_, cell)| cell.text()).collect();
                    push(cells.join(" ").trim());
                }
            }
            Self::Pre(pre) => push(pre),
            Self::Figure(_) | Self::Embed(_) | Self::Gone => {}
        }
    }
}

fn wrapped(html: &mut String, tag: &str, inner: &str) {
    let _ = writeln!(html, "<{tag}>{inner}</{tag}>");
}

/// An item that is one line needs no paragraph.
fn write_item(item: &[Block], html: &mut String) {
    match item {
        [Block::Line { line, .. }] => html.push_str(&line.html()),
        blocks => blocks.iter().for_each(|block| block.write_html(html)),
    }
}

impl Table {
    fn cells(&self) -> impl Iterator<Item = &Line> {
        self.rows.iter().flatten().map(|(_, cell)| cell)
    }

    fn write_html(&self, html: &mut String) {
        html.push_str("<table>");
        if let Some(caption) = &self.caption {
            let _ = write!(html, "<caption>{}</caption>", caption.html());
        }
        for row in &self.rows {
            html.push_str("<tr>");
            for (head, cell) in row {
                let tag = if *head { "th" } else { "td" };
                let _ = write!(html, "<{tag}>{}</{tag}>", cell.html());
            }
            html.push_str("</tr>");
        }
        html.push_str("</table>\n");
    }
}

impl Figure {
    pub fn write_html(&self, html: &mut String) {
        let (src, alt) = (escaped(self.src.as_str()), escaped(&self.alt));
        let _ = write!(html, "<figure><img src=\"{src}\" alt=\"{alt}\">");
        if let Some(caption) = &self.caption {
            let _ = write!(html, "<figcaption>{}</figcaption>", escaped(caption));
        }
        html.push_str("</figure>\n");
    }
}

/// Inline text with its marks. What is asked of it again and again it counts as it grows.
#[derive(Debug, Clone, Default)]
pub struct Line {
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

    /// Lines of a cell, one below the other.
    pub fn joined(lines: impl Iterator<Item = Line>) -> Self {
        let mut all = Self::default();
        for line in lines {
            if !all.pieces.is_empty() {
                all.push_break();
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
    }

    /// At every break, not only at two.
    pub fn broken(self) -> Vec<Line> {
        let mut doubled = Self::default();
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
            "strong", "em", "u", "s", "code", "mark", "sup", "sub", "q", "del",
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
