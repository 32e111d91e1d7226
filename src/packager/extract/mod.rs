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
mod block;
mod body;
mod byline;
mod container;
mod dateline;
mod dates;
mod document;
mod embeds;
mod familiar;
mod furniture;
mod illustration;
mod json_ld;
mod lean;
mod metadata;
mod nodes;
mod paywall;
mod rules;
mod streamed;
mod tangle;
mod tidy;
mod told;
mod walls;
mod words;

use dom_query::{Document, NodeRef};
use dom_smoothie::Readability;
use serde::{Deserialize, Serialize};
use url::Url;

pub use addresses::key as picture_key;
pub use block::{Block, Figure};
pub use dates::{Moment, parse as parse_date};
pub use familiar::{Familiar, LeftOut, Sample, block_of_lead, blocks};
pub use rules::{Rulebook, Rules, Selector};
pub use told::{extract_finished, extract_summary};
pub use words::{shared, squeezed, unescaped, weight};

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
    /// The character set that the page was read by. Of no interest later.
    #[serde(skip)]
    pub charset: &'static str,
}

impl Extracted {
    /// Shows another picture above the text; the one that stood there stays below it.
    pub fn lead_with(&mut self, lead: Figure) {
        match self.lead.take() {
            Some(same) if same.src == lead.src => {
                let caption = lead.caption.or(same.caption);
                self.lead = Some(Figure { caption, ..same });
            }
            before => {
                self.lead = before;
                self.html = self.html_with_lead();
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

    /// The article as readers see it: the lead picture first.
    pub fn html_with_lead(&self) -> String {
        let mut html = String::new();
        if let Some(lead) = &self.lead {
            lead.write_html(&mut html);
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
    /// nor a date stands on it, Readability's judgement stands.
    fn article(&self, rules: &Rules, meta: Metadata) -> Result<Extracted, NoArticle> {
        let settled = rules.bodies(self.doc);
        if !settled.is_empty() {
            let furniture = furniture::find_certain(self.doc);
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
        let read = read_by_readability(self.doc.clone(), self.base, Default::default());
        let kept = read.as_ref().map_or(NodeSet::default(), gathered);
        let furniture = furniture::find(self.doc, self.measures);
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
                self.assemble(meta, Found { dated, ..found })
            }
        }
    }

    fn found(&self, rules: &Rules, meta: &Metadata) -> Found {
        let furniture = furniture::find(self.doc, self.measures);
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
        let furniture = furniture::find_certain(read);
        let kept = gathered(read);
        let measures = Measures::of(read);
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

/// The text nodes that Readability takes for the article, where furniture is out of its way.
fn kept_by_readability(
    doc: &Document,
    measures: &Measures,
    meta: &Metadata,
    furniture: &NodeSet,
    base: &Url,
) -> NodeSet {
    let copy = doc.clone();
    for id in furniture {
        copy.tree.remove_from_parent(id);
    }
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

/// Readability counts "widget" against a box, and systems that put pages together out of parts call each of them so.
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
            matches!(name, "class" | "id") && value.to_ascii_lowercase().contains("widget")
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

fn assemble(
    meta: Metadata,
    found: Found,
    base: &Url,
    home: &Home,
    is_bare: bool,
    charset: &'static str,
) -> Result<Extracted, NoArticle> {
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
        html,
        text,
        canonical: meta
            .canonical
            .and_then(|href| addresses::absolute(&href, base)),
        is_vouched_for,
        charset,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extracted(html: &str) -> Result<Extracted, NoArticle> {
        let url = Url::parse("https://n.example/a/1.html").unwrap();
        extract_page(html.as_bytes(), &url)
    }

    const PROSE: &str = "Several hundred people carrying flowers took to the streets on Monday evening. \
        The ministry promises to solve the problem by the end of the month, as it did before.";

    #[test]
    fn a_deep_page_does_not_overflow_the_stack() {
        for tag in [
            "div",
            "b",
            "blockquote",
            "ul",
            "figure",
            "table",
            "section",
            "em",
        ] {
            let nest = format!("<{tag}>").repeat(290);
            let _ = extracted(&format!(
                "<body>{nest}<p>{PROSE}</p><img src=/1.jpg><p>{PROSE}</p>"
            ));
        }
    }

    #[test]
    fn a_tangled_page_is_refused() {
        let page = "<div><b>".repeat(50_000);
        assert_eq!(extracted(&page).err(), Some(NoArticle::TooLarge));
        assert_eq!(plain_text(&page), "");
        // What looks as if it closed, and does not.
        for page in ["<rt>x".repeat(20_000), "<li><dd>x".repeat(20_000)] {
            assert_eq!(extracted(&page).err(), Some(NoArticle::TooLarge));
            let url = Url::parse("https://n.example/a").unwrap();
            assert!(extract_finished(&page, None, &url).is_err());
            assert_eq!(plain_text(&page), "");
        }
    }

    /// Each is as large as pages are let in. If one of them took time by the square of its size, this test would not
    /// end in an hour.
    #[test]
    fn a_page_made_to_keep_a_reader_busy_is_read_or_refused_in_good_time() {
        let head = "<title>The court</title><meta property='article:published_time' content=2026-11-20><h1>The court</h1>";
        for (unit, count) in [
            ("<p>x", 40_000),
            ("<br>", 40_000),
            ("word ", 400_000),
            ("<a href=/1>x</a> ", 20_000),
            ("<span>x</span>", 20_000),
            ("<li>x", 40_000),
            ("<p><img src=/1.jpg>x</p>", 10_000),
            ("<p>The same line once more</p>", 10_000),
            ("<time>20 November</time>", 10_000),
            (
                "<figure><img src=/1.jpg><figcaption>A caption</figcaption></figure>",
                5_000,
            ),
            ("<meta name=author content=x>", 20_000),
            ("&amp;", 40_000),
        ] {
            let _ = extracted(&format!("{head}{}", unit.repeat(count)));
        }
        for (nest, unit, count) in [
            ("<div>", "<p>A paragraph of some words</p>", 1_000),
            ("<blockquote>", "<img src=/1.jpg>", 1_000),
            (
                "<div class=gallery>",
                "<p>A paragraph of some words</p>",
                1_000,
            ),
            ("<article>", "<h2>x</h2>", 1_000),
        ] {
            let _ = extracted(&format!("{head}{}{}", nest.repeat(280), unit.repeat(count)));
        }
        for page in [
            "<div>".repeat(1 << 20),
            "<div></div>".repeat(450_000),
            format!("<p {}>", "a=1 ".repeat(1 << 20)),
            "<p a=1 b=2 c=3>".repeat(300_000),
            "&".repeat(5 << 20),
            "<".repeat(5 << 20),
            "x\n".repeat(2 << 20),
        ] {
            assert_eq!(extracted(&page).err(), Some(NoArticle::TooLarge));
        }
    }

    #[test]
    fn what_stands_behind_the_text_that_the_page_marks_is_none() {
        let page = format!(
            "<title>The court</title><meta property='article:published_time' content=2026-11-20><article><h1>The court</h1><p>In short: {PROSE}</p>\
             <div itemprop='x articleBody'><p>{PROSE}</p><p>{PROSE}</p><p>{PROSE}</p></div><div><h4>Say something</h4><p>Be kind to one another.</p></div></article>"
        );
        let text = extracted(&page).unwrap().text;
        assert!(
            text.starts_with("In short") && text.ends_with(&format!("{PROSE}\n")),
            "{text}"
        );
    }

    #[test]
    fn a_front_page_that_calls_itself_an_article_is_none_of_a_newsroom() {
        let at = |address: &str| {
            let page = format!(
                "<meta property=og:type content=article><link rel=canonical href={address}><title>Notes</title><div><p>{PROSE}</p>\
                 <p><a href=/2>The second part of these notes</a></p><p>{PROSE}</p></div>"
            );
            extracted(&page).unwrap().text.contains("The second part")
        };
        assert!(at("https://n.example/") && at("https://n.example/be/"));
        assert!(!at("https://n.example/be/the-court"));
    }

    #[test]
    fn what_the_metadata_does_not_tell_behind_the_end_is_no_text() {
        const END: &str = "So it ended, and nobody was surprised by any of it, for once.";
        let page = |told: &str| {
            let json = serde_json::json!({"@type": "NewsArticle", "headline": "The court", "articleBody": told});
            let page = format!(
                "<title>The court</title><script type='application/ld+json'>{json}</script><article><h1>The court</h1><p>{PROSE}</p><p>Then {PROSE}</p>\
                 <p>At last {PROSE} {END}</p><p>Write to us about this text, we are glad.</p></article>"
            );
            extracted(&page).unwrap().text
        };
        let whole = format!("{PROSE} Then {PROSE} <p>At last {PROSE} {END}</p>");
        assert!(!page(&whole).contains("Write to us"));
        // One that is cut off tells nothing.
        for told in [whole.split_at(whole.len() - 40).0, PROSE, ""] {
            assert!(page(told).contains("Write to us"), "{told}");
        }
    }

    #[test]
    fn furniture_and_scripts_stay_out() {
        let page = format!(
            "<title>The court | News</title><meta property='og:type' content=article><body><nav>Menu</nav><article><h1>The court</h1>\
             <div class=byline>By Olga Carter</div><time datetime=2026-11-20T10:00:00+03:00>20 November</time><p>{PROSE}</p>\
             <script>alert(1)</script><div class='share-bar'>Share</div><p>{PROSE}</p><div class=also-read><a href=/2>Read also: more</a></div></article>"
        );
        let article = extracted(&page).unwrap();
        assert_eq!(article.title, "The court");
        assert_eq!(article.byline.as_deref(), Some("Olga Carter"));
        assert_eq!(
            article.published.unwrap().to_string(),
            "2026-11-20T10:00:00+03:00"
        );
        assert_eq!(article.text, format!("{PROSE}\n{PROSE}\n"));
        for word in ["Menu", "alert", "Share", "Read also", "Olga", "20 November"] {
            assert!(!article.html.contains(word), "{word}: {}", article.html);
        }
    }

    #[test]
    fn pages_without_an_article_are_told_apart() {
        for (page, why) in [
            ("", NoArticle::NoText),
            (
                "<title>News</title><ul><li><a href=/1>One</a><li><a href=/2>Two</a></ul>",
                NoArticle::NoText,
            ),
            (
                "<title>404 Not Found</title><h1>Not found</h1><p>The page you asked for is not here. Try our search instead.</p>",
                NoArticle::NotFound,
            ),
            (
                "<title>N</title><div class=cookie-consent><p>We use cookies to improve how this site works, and so do our 800 partners.</p></div>",
                NoArticle::Wall,
            ),
        ] {
            assert_eq!(extracted(page).err(), Some(why), "{page}");
        }
    }

    #[test]
    fn what_is_no_newsroom_page_is_read_as_readability_reads_it() {
        let page = |meta: &str| {
            format!(
                "{meta}<title>Notes</title><body><div><p>{PROSE}</p><p><a href=/2>The second part of these notes</a></p><p>{PROSE}</p></div>"
            )
        };
        let link = "The second part";
        let text = |meta: &str| extracted(&page(meta)).unwrap().text;
        assert!(text("").contains(link));
        assert!(!text("<meta property=og:type content=article>").contains(link));
        assert!(!text("<meta name=date content=2026-11-20>").contains(link));
    }

    /// The html of a newsroom's page in which this stands in the midst of the text, and at its end.
    fn amid(html: &str) -> String {
        let meta = "<meta property=og:type content=article>";
        let page = format!(
            "{meta}<title>The court</title><article><h1>The court</h1><p>{PROSE}</p><p>{PROSE} So they say.</p>{html}<p>Then {PROSE}</p>{html}</article>"
        );
        extracted(&page).unwrap().html
    }

    #[test]
    fn a_text_that_is_laid_out_in_many_boxes_is_one() {
        let more = "The river rose again, and the ferries stayed at their piers until the wind had turned to the south. ";
        let part = |number: usize| {
            format!(
                "<div class=row><div class=col><h2>Part {number}</h2><p>{number}: {}</p></div></div>",
                more.repeat(5)
            )
        };
        let parts: String = (1..6).map(part).collect();
        let text = |frame: &str, widget: &str| {
            let body = frame.replace("$", &parts.replace("class=col", widget));
            let page = format!(
                "<meta property=og:type content=article><title>The river</title><h1>The river</h1>{body}"
            );
            extracted(&page).unwrap().text
        };
        for frame in [
            "<main><div>$</div></main>",
            "<article><div><div>$</div></div></article>",
        ] {
            for widget in ["class=col", "class=elementor-widget"] {
                let text = text(frame, widget);
                assert!(
                    text.contains("1: The") && text.contains("5: The"),
                    "{frame}: {text}"
                );
            }
        }
    }

    #[test]
    fn what_holds_the_article_is_no_furniture_whatever_it_is_called() {
        for frame in [
            "<aside class=banner><main>$</main></aside>",
            "<nav class=navigation>$</nav>",
            "<div class=newsletter-wrapper><article>$</article></div>",
            "<div><div class=sidebar-content>$</div></div>",
            "<div hidden id=S:0>$</div>",
        ] {
            let text = format!("<p>{PROSE}</p><p>Then {PROSE}</p><p>At last {PROSE}</p>");
            let page = format!(
                "<meta property='article:published_time' content=2026-11-20><title>The court</title><h1>The court</h1>{}\
                 <div><p>{}</p></div>",
                frame.replace('$', &text.repeat(3)),
                "Our house is open from ten to six. ".repeat(6),
            );
            let text = extracted(&page).unwrap().text;
            assert!(text.contains("At last"), "{frame}: {text}");
        }
    }

    #[test]
    fn links_that_stand_far_beside_a_page_are_no_text() {
        let spam = "<div style='position:absolute; left:-35255px'><p>Whether you like slots or tables, this house of games offers a wide choice.</p></div>";
        assert!(!amid(spam).contains("slots"));
        assert!(amid(&spam.replace("-35255px", "-5px")).contains("slots"));
    }

    #[test]
    fn lines_of_a_program_stay_lines() {
        assert!(amid("<pre><code>one<br>two</code></pre>").contains("one\ntwo"));
    }

    #[test]
    fn a_day_about_the_headline_is_that_of_the_article() {
        let published = |head: &str, behind: &str| {
            let page = format!(
                "<meta property=og:type content=article><title>The court</title><div>{head}</div><article><p>{PROSE}</p><p>{PROSE}</p><p>{PROSE}</p>{behind}</article>"
            );
            extracted(&page)
                .unwrap()
                .published
                .map(|day| day.to_string().chars().take(10).collect::<String>())
        };
        let day = Some("2026-11-20".to_owned());
        for head in [
            "<h1>The court</h1><div class=x>By Olga</div><div>Nov 20, 2026</div>",
            "<div>Updated: Nov 20, 2026</div><h1>The court</h1>",
            "<h1>The court</h1><span>Updated Nov 22, 2026</span><span>Published Nov 20, 2026</span>",
        ] {
            assert_eq!(published(head, ""), day, "{head}");
        }
        assert_eq!(
            published(
                "<h1>The court</h1>",
                "<p>So it was on 20 November 2026 as well, they said, in the old town.</p>"
            ),
            None
        );
    }

    #[test]
    fn a_day_behind_the_text_is_no_text() {
        let page = |line: &str| {
            format!(
                "<meta property=og:type content=article><title>The court</title><article><h1>The court</h1><p>{PROSE}</p><p>{PROSE}</p><p>{PROSE}</p>{line}</article>"
            )
        };
        assert!(
            !extracted(&page("<p>Last updated: 20 November 2026</p>"))
                .unwrap()
                .text
                .contains("updated")
        );
        assert!(
            extracted(&page("<p>They go on 20 November 2026.</p>"))
                .unwrap()
                .text
                .contains("go on")
        );
    }

    #[test]
    fn links_to_documents_of_the_newsroom_stay() {
        for link in [
            "<p><a href=/doc.pdf>The leaked order (PDF)</a></p>",
            "<div class=wp-block-file><a href=/doc.pdf>The leaked order</a><a href=/doc.pdf class=wp-block-file__button download>Download</a></div>",
            "<p><a class=button href='/colport.apk?v=2'>The app</a></p>",
            "<ul><li><a href=/1.xlsx>The first list</a><li><a href=/2.ods>The second list</a></ul>",
        ] {
            let html = amid(link);
            let count = html.matches("href=").count();
            assert_eq!(count, link.matches("href=").count() * 2, "{html}");
        }
        assert!(!amid("<p><a href=/2>Seven go on trial for shouting</a></p>").contains("href="));
    }

    #[test]
    fn a_list_that_the_text_announces_stays_though_it_is_all_links() {
        let list =
            "<ul><li><a href=/ivanova>Anna Ivanova</a><li><a href=/petrov>Ivan Petrov</a></ul>";
        let html = amid(&format!("<p>Detained today:</p>{list}"));
        assert_eq!(html.matches("Ivan Petrov").count(), 2, "{html}");
        for before in ["", "<p>Read also:</p>", "<p>They went home.</p>"] {
            let html = amid(&format!("{before}{list}"));
            assert!(!html.contains("Ivan Petrov"), "{html}");
        }
    }

    #[test]
    fn a_box_of_facts_is_text_and_a_box_of_links_is_none() {
        let aside = |class: &str| {
            format!(
                "<aside class={class}><p>The court has sentenced nine people since the spring, of whom two are sixteen.</p></aside>"
            )
        };
        assert!(amid(&aside("fact-box")).contains("nine people"));
        assert!(!amid(&aside("sidebar")).contains("nine people"));
        assert!(!amid("<aside class=fact-box><a href=/1>The court has sentenced nine people since the spring</a></aside>").contains("nine people"));
    }

    #[test]
    fn words_beside_a_picture_of_a_paragraph_are_text() {
        let meta = "<meta property=og:type content=article>";
        let page = format!(
            "{meta}<title>The court</title><article><p><a href=/1.jpg><img class=wp-image-1 src=/1.jpg></a>{PROSE}</p><p>{PROSE}</p></article>"
        );
        assert_eq!(extracted(&page).unwrap().text.lines().count(), 2);
    }

    #[test]
    fn a_table_of_facts_keeps_its_caption() {
        let check = |caption: &str, expected: &str| {
            let table = format!("<table>{caption}<tr><th>Year<th>Ferries<tr><td>2025<td>7</table>");
            let meta = "<meta property=og:type content=article>";
            let page = format!(
                "{meta}<title>The court</title><article><p>{PROSE}</p>{table}<p>{PROSE}</p></article>"
            );
            let article = extracted(&page).unwrap();
            let rows = "<tr><th>Year</th><th>Ferries</th></tr><tr><td>2025</td><td>7</td></tr>";
            let found = format!("<table>{expected}{rows}</table>");
            assert!(article.html.contains(&found), "{}", article.html);
            assert!(!article.text.contains("crossings"));
        };
        check("", "");
        check("<caption> </caption>", "");
        check(
            "<caption>River <b>crossings</b>, <a href=/s>official</a></caption>",
            "<caption>River <strong>crossings</strong>, <a href=\"https://n.example/s\">official</a></caption>",
        );
    }

    #[test]
    fn another_article_in_a_box_is_no_text() {
        let meta = "<meta property=og:type content=article>";
        let card = "<section><article><h4><a href=/2>Seven go on trial for shouting</a></h4><span>by Olga</span></article></section>";
        let page = format!(
            "{meta}<title>The court</title><article><p>{PROSE}</p>{card}<p>{PROSE}</p></article>"
        );
        assert_eq!(
            extracted(&page).unwrap().text,
            format!("{PROSE}\n{PROSE}\n")
        );
    }

    #[test]
    fn the_section_is_named_by_the_article_or_by_the_trail_to_it() {
        let trail = r#"{"@type":"BreadcrumbList","itemListElement":[{"name":"Home"},{"item":{"name":"Politics"}},{"name":"The court"}]}"#;
        let article =
            r#"{"@type":"NewsArticle","headline":"The court","articleSection":["Law","X"]}"#;
        for (json, meta, expected) in [
            (article, "", Some("Law")),
            (&*format!("[{article},{trail}]"), "", Some("Law")),
            (trail, "", Some("Politics")),
            (
                "{}",
                "<meta property=article:section content=Courts>",
                Some("Courts"),
            ),
            ("{}", "", None),
        ] {
            let page = format!(
                "<title>The court</title><script type='application/ld+json'>{json}</script>{meta}<article><h1>The court</h1><p>{PROSE}</p><p>{PROSE}</p></article>"
            );
            let article = extracted(&page).unwrap();
            assert_eq!(article.section.as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn a_short_text_is_an_article_where_nothing_else_is_on_the_page() {
        assert_eq!(
            extracted("<ol><li><p>Only this.</p></li></ol>")
                .unwrap()
                .text,
            "Only this.\n"
        );
        for (page, why) in [
            (
                "<script>check()</script><p>Wait before you go on.</p>",
                NoArticle::NoText,
            ),
            (
                "<p>Checking your browser before you go on.</p>",
                NoArticle::Wall,
            ),
            ("<form action=/><p>Only this.</p></form>", NoArticle::NoText),
            (
                "<a href=/1>Only</a> <a href=/2>this.</a>",
                NoArticle::NoText,
            ),
        ] {
            assert_eq!(extracted(page).err(), Some(why), "{page}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, tags in "(<(p|div|a href=x|img src=y|ul|li|table|td|br|h1|figure|/p|/div|/a|/ul)>[a-z ]{0,9}){0,60}") {
            let url = Url::parse("https://n.example/a").unwrap();
            let _ = extract_page(&bytes, &url);
            let _ = extract_finished(&tags, None, &url);
            let _ = extract_summary(&tags, None, &url);
            let _ = extract_page(tags.as_bytes(), &url);
        }
    }
}
