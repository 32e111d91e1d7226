//! From the bytes of a page to its article.
//!
//! 1. Read the page by its character set; refuse one that is too large to be read in good time, and leave out what is
//!    another every day ([`Lean`]): what is read depends on the rest alone.
//! 2. Read what it says about itself.
//! 3. Find the furniture, and let Readability (dom_smoothie) point at the text in what is left.
//! 4. Read the blocks of the container around that text.
//! 5. Drop what repeats or introduces the article: its title, byline, date, and lead picture.
//! 6. Refuse a page that holds no article: a soft 404, a wall of whatever kind, a list. Some pages show their text by a
//!    script and tell it in their metadata: then that is read.
//! 7. When all pages of a newsroom are at hand, leave out what stands on many of them: see `familiar`.

mod addresses;
mod appeal;
mod block;
mod body;
mod byline;
mod cloaks;
mod container;
mod dateline;
mod dates;
mod document;
mod embeds;
mod familiar;
mod furniture;
mod hidden;
mod illustration;
mod json_ld;
mod lean;
mod metadata;
mod midst;
mod months;
mod names;
mod nodes;
mod paywall;
mod phrases;
mod pointing;
mod readers;
mod rules;
mod strangers;
mod streamed;
mod tangle;
mod tidy;
mod told;
mod unscripted;
mod walls;
mod words;

use std::collections::HashSet;

use dom_query::{Document, NodeRef};
use dom_smoothie::Readability;
use serde::{Deserialize, Serialize};
use url::Url;

pub use addresses::{is_document, is_of_host, key as picture_key};
pub use block::{Block, Figure};
pub use dates::{Moment, parse as parse_date};
pub use familiar::{Familiar, LeftOut, Sample, block_of_lead, blocks};
pub use rules::{Rulebook, Rules, Selector};
pub use tidy::is_credit;
pub use told::{extract_captioned, extract_finished, extract_summary};
pub use words::{escaped, shared, squeezed, unescaped, weight};

use super::{charset, script};
use crate::site::{Direction, Language};
use addresses::Home;
use block::Tongue;
use container::{Manner, Reading};
use furniture::{Furniture, Measures};
use metadata::Metadata;
use nodes::NodeSet;

/// An article as its page tells it. All texts but `html` are plain.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Extracted {
    pub title: String,
    pub byline: Option<String>,
    pub published: Option<Moment>,
    pub modified: Option<Moment>,
    pub section: Option<String>,
    /// What the page says in short.
    pub description: Option<String>,
    /// As the page says, not checked.
    pub lang: Option<String>,
    pub dir: Option<String>,
    /// The picture above the text; it is not repeated in `html`.
    pub lead: Option<Figure>,
    /// Whether it stood in the text, and not above it or in the metadata alone.
    #[serde(default)]
    pub has_lead_in_text: bool,
    /// Pictures in the text, in order.
    pub pictures: Vec<Figure>,
    /// Simple elements only, addresses absolute. Not yet safe: it is for `site::clean`.
    pub html: String,
    /// Prose, one block a line, without captions.
    pub text: String,
    /// The address that the page gives itself.
    pub canonical: Option<Url>,
    /// Whether the page says that it is an article, or on which day it was published.
    pub is_vouched_for: bool,
    /// Whether it says that it is something else; see [`NoArticle::Other`].
    pub is_other: bool,
    /// The character set that the page was read by. Of no interest later.
    #[serde(skip)]
    pub charset: &'static str,
}

impl Extracted {
    /// Shows another picture above the text; the one that stood there stays below it. One that stands in the text is taken
    /// from there, with its words.
    pub fn lead_with(&mut self, mut lead: Figure) {
        let mut shown = self.pictures.iter();
        if let Some(at) = shown.position(|figure| figure.src == lead.src) {
            let same = self.pictures.remove(at);
            let mut html = String::new();
            same.write_html(&mut html);
            self.html = self.html.replacen(&html, "", 1);
            lead = lead.or(same);
        }
        match self.lead.take() {
            Some(same) if same.src == lead.src => self.lead = Some(lead.or(same)),
            before => {
                self.has_lead_in_text = false;
                let mut html = String::new();
                if let Some(before) = &before {
                    before.write_html(&mut html);
                }
                self.html.insert_str(0, &html);
                self.lead = before;
                let pictures = std::mem::take(&mut self.pictures);
                self.pictures = self
                    .lead
                    .replace(lead)
                    .into_iter()
                    .chain(pictures)
                    .collect();
            }
        }
    }

    /// The article as readers see it: the lead picture first, above the text, with its caption in plain words.
    pub fn html_with_lead(&self) -> String {
        let mut html = String::new();
        if let Some(lead) = &self.lead {
            let plain = Figure {
                linked: None,
                ..lead.clone()
            };
            plain.write_html(&mut html);
        }
        html + &self.html
    }
}

/// Why a page gave no article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum NoArticle {
    #[error("it is too large or too tangled for a page")]
    TooLarge,
    #[error("it says that the page was not found")]
    NotFound,
    #[error("it holds no article")]
    NoText,
    #[error(
        "it says of itself that it is a list of articles, a profile or a page about the newsroom"
    )]
    Other,
    #[error(
        "it holds no article: a wall stands before it, such as a shield, a login or a question of consent"
    )]
    Wall,
}

/// Reads one page. Takes some 10 ms of CPU; neither panics nor hangs on any bytes.
pub fn extract_page(html: &[u8], url: &Url) -> Result<Extracted, NoArticle> {
    extract_page_as(html, None, url, &Rules::default())
}

/// The same, knowing what the server said about its type, and what the newsroom settled about its pages.
pub fn extract_page_as(
    html: &[u8],
    content_type: Option<&str>,
    url: &Url,
    rules: &Rules,
) -> Result<Extracted, NoArticle> {
    Lean::of(html, content_type, rules)?.article(url, rules)
}

/// A page of which only that is left on which its article depends.
pub struct Lean {
    html: String,
    charset: &'static str,
}

impl Lean {
    // Step 1.
    pub fn of(html: &[u8], content_type: Option<&str>, rules: &Rules) -> Result<Self, NoArticle> {
        let (text, charset) = charset::decode(html, content_type);
        let text = tangle::untangled(&text).ok_or(NoArticle::TooLarge)?;
        // The newsroom may have settled that something stands in what others throw away.
        let html = match rules.are_none() {
            true => lean::emptied(&text).into_owned(),
            false => text.into_owned(),
        };
        Ok(Self { html, charset })
    }

    /// All that the article depends on, besides the rules and the address.
    pub fn html(&self) -> &str {
        &self.html
    }

    pub fn article(&self, url: &Url, rules: &Rules) -> Result<Extracted, NoArticle> {
        extract(&self.html, self.charset, url, rules)
    }
}

fn extract(
    html: &str,
    charset: &'static str,
    url: &Url,
    rules: &Rules,
) -> Result<Extracted, NoArticle> {
    let doc = document::parsed(html).ok_or(NoArticle::TooLarge)?;
    let base = base_of(&doc, url);
    streamed::settle(&doc);
    unscripted::unwrap(&doc);
    cloaks::uncover(&doc);
    rules.remove_from(&doc);
    // Step 2.
    let mut meta = metadata::read(&doc, url);
    rules.correct(&doc, &mut meta);
    let home = home_of(&meta, &base);
    // Steps 3 and 4.
    let measures = Measures::of(&doc);
    let is_bare = furniture::is_bare(&doc, &measures);
    let page = Page {
        doc: &doc,
        measures: &measures,
        base: &base,
        home: &home,
        is_bare,
        charset,
    };
    match page.article(rules, meta.clone()) {
        Ok(article) if !told::is_beside(&article.text, &meta) => Ok(article),
        Err(NoArticle::NoText) | Ok(_) => {
            let found = told::found_in_metadata(&meta, &base, &home).ok_or(NoArticle::NoText)?;
            page.assemble(meta, found)
        }
        other => other,
    }
}

/// How a page is to be read of which is not known where it lies: as the one that it says it is.
pub fn rules_of(page: &[u8], content_type: Option<&str>, url: &Url, rulebook: &Rulebook) -> Rules {
    let said = || {
        let (text, _) = charset::decode(page, content_type);
        let doc = document::parsed(&tangle::untangled(&text)?)?;
        let canonical = metadata::read(&doc, url).canonical?;
        addresses::absolute(&canonical, &base_of(&doc, url))
    };
    let said = rulebook.names_hosts().then(said).flatten();
    rulebook.rules_for(said.as_ref().unwrap_or(url))
}

/// A page that is read, and what is known of it.
struct Page<'a> {
    doc: &'a Document,
    measures: &'a Measures,
    base: &'a Url,
    home: &'a Home,
    is_bare: bool,
    charset: &'static str,
}

/// What a page shows as its article, before it is tidied.
#[derive(Default)]
struct Found {
    blocks: Vec<Block>,
    /// Pictures above the text.
    above: Vec<Figure>,
    /// The picture that the newsroom's rules name.
    lead: Option<Figure>,
    /// The day that stands about the headline.
    dated: Option<Moment>,
    manner: Manner,
}

impl Page<'_> {
    /// What is known of the pages of newsrooms is not true of others: where neither the page says that it is an article
    /// nor a date stands on it, Readability's judgement stands, unless it took one part of many. What readers say it is not
    /// asked about.
    fn article(&self, rules: &Rules, meta: Metadata) -> Result<Extracted, NoArticle> {
        let settled = rules.bodies(self.doc);
        if !settled.is_empty() {
            let furniture = furniture::find_certain(self.doc, self.measures);
            let kept = texts_below(&settled);
            let reading = self.reading(&furniture, &kept);
            let found = Found {
                blocks: reading.blocks_of(&settled),
                ..self.with_lead(&reading, rules)
            };
            return self.assemble(meta, found);
        }
        if meta.says_article || meta.published.is_some() {
            let found = self.found(rules, &meta);
            return self.assemble(meta, found);
        }
        let furniture = furniture::find(self.doc, self.measures, self.home);
        let newsroom = without(self.doc, &furniture.of_readers);
        let read = read_by_readability(newsroom, self.base, Default::default());
        let kept = read.as_ref().map_or(NodeSet::default(), gathered);
        let found = self.found_in(furniture, &kept, rules, &meta);
        // A day that merely stands about the headline tells nothing of whose page it is.
        let dated = found.dated;
        let glance = self.assemble(
            meta.clone(),
            Found {
                dated: None,
                ..found
            },
        );
        match (&glance, read) {
            (Ok(article), _) if article.published.is_some() => {
                let found = self.found(rules, &meta);
                self.assemble(meta, found)
            }
            (Err(NoArticle::NotFound), _) | (_, None) => glance,
            (_, Some(read)) => {
                let found = self.found_by_readability(&read, rules);
                let plain = self.assemble(meta, Found { dated, ..found })?;
                let whole = glance
                    .ok()
                    .filter(|whole| holds_more(&whole.text, &plain.text));
                Ok(whole.map_or(plain, |whole| Extracted {
                    published: dated,
                    ..whole
                }))
            }
        }
    }

    fn found(&self, rules: &Rules, meta: &Metadata) -> Found {
        let furniture = furniture::find(self.doc, self.measures, self.home);
        let kept = kept_by_readability(self.doc, self.measures, meta, &furniture.found, self.base);
        self.found_in(furniture, &kept, rules, meta)
    }

    fn found_in(
        &self,
        furniture: Furniture,
        kept: &NodeSet,
        rules: &Rules,
        meta: &Metadata,
    ) -> Found {
        let furniture = furniture.settle(self.doc, kept);
        let reading = self.reading(&furniture, kept);
        let (blocks, above) = reading.blocks(self.doc, meta);
        Found {
            blocks,
            above,
            dated: dateline::found(&reading, self.doc, meta),
            ..self.with_lead(&reading, rules)
        }
    }

    /// What Readability makes of the whole page, no more and no less.
    fn found_by_readability(&self, read: &Document, rules: &Rules) -> Found {
        let measures = Measures::of(read);
        let furniture = furniture::find_certain(read, &measures);
        let kept = gathered(read);
        let reading = Reading {
            measures: &measures,
            manner: Manner::Readability,
            ..self.reading(&furniture, &kept)
        };
        let article = read.select_single(ARTICLE);
        let article = article.nodes().first();
        let found = article.map(|article| reading.blocks_within(read, article));
        let (blocks, above) = found.unwrap_or_default();
        Found {
            blocks,
            above,
            manner: Manner::Readability,
            ..self.with_lead(&self.reading(&furniture, &kept), rules)
        }
    }

    fn reading<'r>(&'r self, furniture: &'r NodeSet, kept: &'r NodeSet) -> Reading<'r> {
        Reading {
            base: self.base,
            home: self.home,
            measures: self.measures,
            furniture,
            kept,
            manner: Manner::Newsroom,
        }
    }

    fn with_lead(&self, reading: &Reading, rules: &Rules) -> Found {
        let lead = rules.lead(self.doc);
        Found {
            lead: lead.and_then(|node| reading.picture_of(&node)),
            ..Found::default()
        }
    }

    fn assemble(&self, meta: Metadata, found: Found) -> Result<Extracted, NoArticle> {
        assemble(
            meta,
            found,
            self.base,
            self.home,
            self.is_bare,
            self.charset,
        )
    }
}

fn texts_below(nodes: &[NodeRef]) -> NodeSet {
    let below = nodes.iter().flat_map(|node| node.descendants_it());
    below
        .filter(|node| node.is_text())
        .map(|node| node.id)
        .collect()
}

/// A folder's pages have no host; where they came from they say themselves.
fn home_of(meta: &Metadata, base: &Url) -> Home {
    let canonical = meta.canonical.as_ref();
    let canonical = canonical.and_then(|href| addresses::absolute(href, base));
    Home::of(canonical.iter().chain([base]))
}

/// Whether a text is another with much more around it.
fn holds_more(whole: &str, part: &str) -> bool {
    let (all, own) = (weight(whole), weight(part));
    if all * 2 <= own * 3 || all <= own + container::MUCH {
        return false;
    }
    let lines: HashSet<&str> = whole.lines().collect();
    let held = part.lines().filter(|line| lines.contains(line));
    held.map(weight).sum::<usize>() * 10 >= own * 8
}

/// What is to be read in a piece of HTML, on one line; nothing of a tangled one.
pub fn plain_text(html: &str) -> String {
    if !html.contains('<') {
        return squeezed(html);
    }
    if tangle::is_tangled(html.as_bytes()) {
        return String::new();
    }
    document::parsed(html).map_or(String::new(), |doc| squeezed(&doc.text()))
}

fn base_of(doc: &Document, url: &Url) -> Url {
    let href = doc.base_uri();
    href.and_then(|href| url.join(&href).ok())
        .filter(|base| matches!(base.scheme(), "http" | "https"))
        .unwrap_or_else(|| url.clone())
}

fn without(doc: &Document, nodes: &NodeSet) -> Document {
    let copy = doc.clone();
    for id in nodes {
        copy.tree.remove_from_parent(id);
    }
    copy
}

/// The text nodes that Readability takes for the article, where furniture is out of its way.
fn kept_by_readability(
    doc: &Document,
    measures: &Measures,
    meta: &Metadata,
    furniture: &NodeSet,
    base: &Url,
) -> NodeSet {
    let copy = without(doc, furniture);
    // Pages that build themselves up hide their text until a script shows it, and walls hide it behind an offer.
    let most = match meta.says_article {
        true => 5,
        false => 8,
    };
    let veiled = |node: &NodeRef| measures.of_node(node).prose * 10 > measures.all.prose * most;
    for node in copy
        .root()
        .descendants_it()
        .filter(veiled)
        .collect::<Vec<_>>()
    {
        node.remove_attrs(&["hidden", "aria-hidden", "style"]);
        if is_miscalled(&node) {
            node.remove_attrs(&["class", "id"]);
        }
    }
    let root = copy.root();
    let all = root.descendants_it();
    let misnamed: Vec<NodeRef> = all.filter(|node| is_misnamed(node, measures)).collect();
    for node in misnamed {
        node.remove_attrs(&["class", "id"]);
    }
    let config = dom_smoothie::Config {
        char_threshold: 250,
        ..Default::default()
    };
    let read = read_by_readability(copy, base, config);
    read.as_ref().map_or(NodeSet::default(), gathered)
}

/// Readability counts "widget" and "hidden" against a box. Systems that put pages together out of parts call each of them
/// a widget, and say of many what of them is hidden: their label, what overflows.
fn is_misleading(names: &str) -> bool {
    let signs = ["widget", "label-hidden", "overflow-hidden"];
    signs.iter().any(|sign| names.contains(sign))
}

/// Whether what holds most of a page's prose is called by a word that Readability knows from what stands beside texts.
fn is_miscalled(node: &NodeRef) -> bool {
    const BESIDE: &[&str] = &[
        "banner",
        "breadcrumbs",
        "combx",
        "disqus",
        "extra",
        "footer",
        "gdpr",
        "header",
        "hidden",
        "menu",
        "outbrain",
        "pagination",
        "pager",
        "popup",
        "promo",
        "related",
        "remark",
        "replies",
        "scroll",
        "share",
        "shopping",
        "sidebar",
        "skyscraper",
        "social",
        "sponsor",
        "supplemental",
        "tags",
    ];
    let is_beside = |value: &str| {
        let value = value.to_ascii_lowercase();
        BESIDE.iter().any(|word| value.contains(word))
    };
    nodes::is_named(node, |name| matches!(name, "div" | "section"))
        && !readers::are_of_readers(&names::tokens(node))
        && nodes::any_attribute(node, |name, value| {
            matches!(name, "class" | "id") && is_beside(value)
        })
}

/// Whether a name of it says less than Readability makes of it.
fn is_misnamed(node: &NodeRef, measures: &Measures) -> bool {
    if !nodes::is_named(node, |name| matches!(name, "div" | "section" | "article")) {
        return false;
    }
    let own = measures.of_node(node);
    let is_text = own.prose > 0 && own.linked * 3 < own.text;
    // One that lists other articles holds them as such.
    let holds_articles = || node.descendants_it().any(|below| below.has_name("article"));
    is_text
        && !holds_articles()
        && nodes::any_attribute(node, |name, value| {
            matches!(name, "class" | "id") && is_misleading(&value.to_ascii_lowercase())
        })
}

/// The texts of the article in a page that [`read_by_readability`] gives. They have the numbers that they had before.
fn gathered(read: &Document) -> NodeSet {
    texts_below(read.select_single(ARTICLE).nodes())
}

/// The element that Readability gathers an article in.
const ARTICLE: &str = "#readability-page-1";

/// The page, taken apart and with the article gathered in one element.
fn read_by_readability(
    doc: Document,
    base: &Url,
    config: dom_smoothie::Config,
) -> Option<Document> {
    let config = dom_smoothie::Config {
        disable_json_ld: true,
        ..config
    };
    let mut read = Readability::with_document(doc, Some(base.as_str()), Some(config)).ok()?;
    read.parse().ok()?;
    Some(read.doc)
}

/// In bytes of HTML, which grow as links are marked; some hundred thousand words. A page that is longer than a member of a
/// bundle may be would stop the whole edition.
const LONGEST: usize = 2 << 20;

fn assemble(
    mut meta: Metadata,
    found: Found,
    base: &Url,
    home: &Home,
    is_bare: bool,
    charset: &'static str,
) -> Result<Extracted, NoArticle> {
    if meta.is_dated_below {
        let marked = meta.published;
        // Of one day the mark tells the hour too.
        let is_other = |shown: &Moment| marked.is_none_or(|marked| !marked.is_about(shown));
        meta.published = found.dated.filter(is_other).or(marked);
    }
    let mut article = tidy::tidy(found.blocks, found.above, found.manner, &meta, base, home);
    if let Some(lead) = found.lead {
        article.lead_with(lead);
    }
    let mut text = String::new();
    for block in &article.blocks {
        block.write_text(&mut text);
    }
    match found.manner {
        Manner::Finished => tidy::judge_finished(&article)?,
        _ => tidy::judge(&text, &meta, is_bare)?,
    }
    let is_vouched_for = meta.vouches();
    let lang = meta
        .lang
        .or_else(|| block::language_of_most(&article.blocks));
    let language = lang.as_deref().and_then(Language::parse);
    // Where nobody says the language, it is one that is written as this text is: the newsroom's, or a guess.
    let direction = language.as_ref().map(Language::direction);
    let direction = direction.or_else(|| script::direction(&text));
    let whole = Tongue {
        lang: language.map(|language| language.to_string()),
        dir: direction.map(Direction::as_str),
    };
    block::tell_tongues_apart(&mut article.blocks, &whole);
    let mut html = String::new();
    article
        .blocks
        .iter()
        .for_each(|block| block.write_html(&mut html));
    if html.len() > LONGEST {
        return Err(NoArticle::TooLarge);
    }
    Ok(Extracted {
        title: meta.title.unwrap_or_default(),
        byline: meta.byline,
        published: article.published.or(found.dated),
        modified: meta.modified,
        section: meta.section,
        description: meta.description,
        lang,
        dir: meta.dir,
        pictures: tidy::figures(&article.blocks),
        lead: article.lead,
        has_lead_in_text: article.has_lead_in_text,
        html,
        text,
        canonical: meta
            .canonical
            .and_then(|href| addresses::absolute(&href, base)),
        is_vouched_for,
        is_other: meta.is_other,
        charset,
    })
}

#[cfg(test)]
mod builders;
#[cfg(test)]
mod days;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod wholes;
