//! What a page says about its article outside the text, best source first.
//!
//! 1. JSON-LD of a schema.org article type, at any depth.
//! 2. OpenGraph and other `<meta>`.
//! 3. Microdata and `<time>`.
//! 4. The address of the page.

use std::sync::LazyLock;

use dom_query::{Document, Matcher, NodeRef};
use url::Url;

use super::byline;
use super::dates::{self, Moment};
use super::json_ld;
use super::midst::Text;
use super::nodes::{self, NodeMap};
use super::readers::Around;
use super::words::{self, squeezed};

/// All of it claims of strangers: any part may be missing or wrong.
#[derive(Debug, Clone, Default)]
pub struct Metadata {
    pub title: Option<String>,
    /// What the page shows as its headline, whether or not that is its title.
    pub headline: Option<String>,
    pub byline: Option<String>,
    pub published: Option<Moment>,
    pub modified: Option<Moment>,
    pub section: Option<String>,
    pub description: Option<String>,
    /// All that it says of itself in short.
    pub summaries: Vec<String>,
    pub site_name: Option<String>,
    /// Who it says publishes it, and in whose copyright it is; folded.
    pub houses: Vec<String>,
    /// What it says that the text is; see [`words::letters`].
    pub text: Option<String>,
    /// The same as it is written.
    pub body: Option<String>,
    /// Addresses as written, best first.
    pub images: Vec<String>,
    /// Captions of pictures: address as written, caption.
    pub captions: Vec<(String, String)>,
    /// The names of the pages that lead to this one, the home page first.
    pub trail: Vec<String>,
    pub canonical: Option<String>,
    pub lang: Option<String>,
    pub dir: Option<String>,
    /// Whether the page itself says that it is an article.
    pub says_article: bool,
    /// Whether it says so in JSON-LD.
    pub is_told: bool,
    /// Whether it says that it is something else: a list of articles, a profile, a page about the newsroom.
    pub is_other: bool,
    /// Whether the date is that of the address, under which a wall may stand as well.
    pub is_dated_by_address: bool,
    /// Whether the date is one that is marked below the begin of the text, as that of a post that is shown there may be.
    pub is_dated_below: bool,
}

impl Metadata {
    /// Whether the page itself says that it is an article, or on which day it was published.
    pub fn vouches(&self) -> bool {
        self.says_article || (self.published.is_some() && !self.is_dated_by_address)
    }
}

/// The elements by which a page tells about itself.
#[derive(Default)]
struct Landmarks<'a> {
    metas: Vec<NodeRef<'a>>,
    /// JSON-LD.
    scripts: Vec<NodeRef<'a>>,
    titles: Vec<NodeRef<'a>>,
    headlines: Vec<NodeRef<'a>>,
    canonical: Option<NodeRef<'a>>,
    /// That may mark the date or the byline: nothing else is tried.
    hints: Vec<NodeRef<'a>>,
    text: Text,
}

impl<'a> Landmarks<'a> {
    fn of(doc: &'a Document) -> Self {
        let mut found = Self::default();
        for node in doc.root().descendants_it() {
            let is = |key: &str, expected: &str| {
                nodes::any_attribute(&node, |name, value| name == key && value == expected)
            };
            let Some(name) = node.qual_name_ref() else {
                continue;
            };
            match &*name.local {
                "meta" => found.metas.push(node),
                "script" if is("type", "application/ld+json") => found.scripts.push(node),
                "title" => found.titles.push(node),
                "h1" => found.headlines.push(node),
                "link" if found.canonical.is_none() && is("rel", "canonical") => {
                    found.canonical = Some(node);
                }
                _ => {}
            }
            if is_hint(&node, &name.local) {
                found.hints.push(node);
            }
        }
        // Whoever comments on an article has a name and a day too.
        let around = Around::of(doc);
        let mut known = NodeMap::default();
        found
            .hints
            .retain(|hint| !around.is_among_theirs(hint, &mut known));
        found
    }

    /// What is marked in the midst of the text is that of others.
    fn leave_out_midst(&mut self, doc: &Document, title: Option<&str>) {
        let is_title = |h1: &&NodeRef| some(&h1.text()).as_deref() == title;
        let headline = self.headlines.iter().find(is_title);
        self.text = Text::of(doc, headline.or(self.headlines.first()));
        let text = &self.text;
        self.hints.retain(|hint| !text.holds_in_its_midst(hint));
    }

    /// Those of a kind, in the order of the page; the kinds in theirs.
    fn marked(
        &self,
        kinds: &'static [Matcher],
    ) -> impl Iterator<Item = impl Iterator<Item = &NodeRef<'a>>> {
        let fits = |kind: &'static Matcher| self.hints.iter().filter(|node| node.is_match(kind));
        kinds.iter().map(fits)
    }
}

fn is_hint(node: &NodeRef, name: &str) -> bool {
    const CLASSES: &[&str] = &[
        "author", "Author", "byline", "Byline", "writer", "date", "time", "publish", "Publish",
    ];
    const ADDRESSES: &[&str] = &["/author", "/avtor/"];
    let holds = |value: &str, words: &[&str]| words.iter().any(|word| value.contains(word));
    name == "time"
        || nodes::any_attribute(node, |key, value| match key {
            "itemprop" => {
                matches!(value, "datePublished" | "dateModified" | "author" | "name")
            }
            "rel" => value.contains("author"),
            "datetime" => true,
            "class" => holds(value, CLASSES),
            "href" => holds(value, ADDRESSES),
            _ => false,
        })
}

/// `https://news.example/` or `/be/`.
fn is_front(canonical: Option<&str>) -> bool {
    let url = canonical.and_then(|address| Url::parse(address).ok());
    url.is_some_and(|url| url.query().is_none() && url.path().trim_matches('/').len() <= 2)
}

pub fn read(doc: &Document, url: &Url) -> Metadata {
    let mut found = Metadata::default();
    let mut marks = Landmarks::of(doc);
    json_ld::read(&marks.scripts, &mut found);
    let meta = Meta::of(&marks.metas);
    read_meta(&meta, &mut found);
    found.title = title(
        &marks,
        &meta,
        found.title.take(),
        found.site_name.as_deref(),
    );
    let mut headlines = marks.headlines.iter();
    found.headline = headlines.find_map(|h1| some(&h1.text()));
    marks.leave_out_midst(doc, found.title.as_deref());
    read_markup(doc, &marks, &mut found);
    // Systems call every page an article, also the one that leads to all others.
    found.says_article =
        found.says_article && !is_front(found.canonical.as_deref()) || found.is_told;
    if found.published.is_none() {
        found.published = day_in_path(url);
        found.is_dated_by_address = found.published.is_some();
    }
    if found.section.is_none() {
        found.section = section_in(&found.trail, found.title.as_deref());
    }
    found
}

/// The last step before the article itself; the first is the home page.
fn section_in(trail: &[String], title: Option<&str>) -> Option<String> {
    let is_title = |name: &&String| title.is_some_and(|title| words::likeness(name, title) > 0.7);
    let mut steps = trail.iter().skip(1).rev();
    steps
        .find(|name| !is_title(name) && words::weight(name) < 60)
        .cloned()
}

/// On one line, or `None` if that is empty.
pub fn some(text: &str) -> Option<String> {
    let text = squeezed(&words::unescaped(text));
    (!text.is_empty()).then_some(text)
}

// ---- <meta>

struct Meta {
    pairs: Vec<(String, String)>,
}

impl Meta {
    fn of(metas: &[NodeRef]) -> Self {
        let mut pairs = Vec::new();
        for meta in metas {
            let Some(content) = meta.attr("content") else {
                continue;
            };
            for key in ["property", "name", "itemprop"] {
                if let Some(names) = meta.attr(key) {
                    let names = names.to_ascii_lowercase();
                    pairs.extend(
                        names
                            .split_ascii_whitespace()
                            .map(|name| (name.to_owned(), content.to_string())),
                    );
                }
            }
        }
        Self { pairs }
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = move |(key, content): &'a (String, String)| {
            (key == name && !content.trim().is_empty()).then_some(content.as_str())
        };
        self.pairs.iter().filter_map(named)
    }

    fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.all(name).find_map(some))
    }

    fn date(&self, names: &[&str]) -> Option<Moment> {
        names
            .iter()
            .find_map(|name| self.all(name).find_map(dates::parse))
    }
}

const PUBLISHED: &[&str] = &[
    "article:published_time",
    "og:article:published_time",
    "article:published",
    "og:published_time",
    "datepublished",
    "article.published",
    "parsely-pub-date",
    "sailthru.date",
    "cxenseparse:recs:publishtime",
    "cxenseparse:publishtime",
    "publishdate",
    "publish-date",
    "publication_date",
    "publish_date",
    "pubdate",
    "pub_date",
    "published_time",
    "published_at",
    "dc.date.issued",
    "dc.date.created",
    "dcterms.created",
    "dcterms.date",
    "dc.date",
    "date",
    "article:create_at",
    "weibo:article:create_at",
    "apub:time",
    "firstpublishedtime",
    "last-modified",
];
const MODIFIED: &[&str] = &["article:modified_time", "og:updated_time", "datemodified"];
const AUTHOR: &[&str] = &[
    "author",
    "article:author",
    "byl",
    "parsely-author",
    "sailthru.author",
    "dc.creator",
    "dcterms.creator",
    "cxenseparse:author",
    "article:author_name",
    "twitter:creator:name",
];
const IMAGE: &[&str] = &[
    "og:image",
    "og:image:url",
    "og:image:secure_url",
    "twitter:image",
    "twitter:image:src",
    "image",
];

/// Of one thing that is told again and again.
const MOST: usize = 8;

fn read_meta(meta: &Meta, found: &mut Metadata) {
    found.says_article |= meta
        .first(&["og:type"])
        .is_some_and(|kind| kind.to_ascii_lowercase().contains("article"));
    let is_profile = meta
        .first(&["og:type"])
        .is_some_and(|kind| kind == "profile");
    found.is_other |= is_profile && !found.is_told;
    found.published = found.published.or_else(|| meta.date(PUBLISHED));
    found.modified = found.modified.or_else(|| meta.date(MODIFIED));
    found.says_article |= meta.first(&["article:published_time"]).is_some();
    let names = AUTHOR.iter().flat_map(|name| meta.all(name));
    let names = names.filter(|name| !name.contains("://") && !name.starts_with('@'));
    let names: Vec<String> = found
        .byline
        .take()
        .into_iter()
        .chain(names.filter_map(some))
        .take(MOST)
        .collect();
    let houses = ["copyright", "og:site_name"].into_iter();
    let houses = houses.flat_map(|name| meta.all(name).take(MOST));
    found.houses = houses.map(words::folded).collect();
    let person = names.iter().find(|name| !is_house(name, found));
    found.byline = person.or(names.first()).cloned();
    let summaries = ["og:description", "description", "twitter:description"].into_iter();
    let summaries = summaries.filter_map(|name| meta.first(&[name]));
    found.summaries = summaries.collect();
    found.summaries.dedup();
    found.description = found.summaries.first().cloned();
    if found.section.is_none() {
        found.section = meta.first(&["article:section"]);
    }
    let site_name = meta.first(&["og:site_name", "application-name"]);
    found.site_name = found.site_name.take().or(site_name);
    let images = IMAGE.iter().flat_map(|name| meta.all(name));
    found.images.extend(images.map(str::to_owned));
}

/// Whether it is the name of who publishes the page, and of nobody who wrote it.
fn is_house(name: &str, found: &Metadata) -> bool {
    let name = words::folded(name);
    let publisher = found.site_name.as_deref().map(words::folded);
    let mut houses = found.houses.iter().chain(&publisher);
    houses.any(|house| house.contains(&name))
}

// ---- markup

fn read_markup(doc: &Document, marks: &Landmarks, found: &mut Metadata) {
    let html = doc.root().first_element_child();
    let attr = |name: &str| html?.attr(name).and_then(|value| some(&value));
    found.lang = attr("lang").or_else(|| attr("xml:lang"));
    found.dir = attr("dir").or_else(|| {
        let body = doc.body().and_then(|body| body.attr("dir"));
        body.and_then(|dir| some(&dir))
    });
    let canonical = marks.canonical.and_then(|link| link.attr("href"));
    found.canonical = canonical.and_then(|href| some(&href));
    if found.published.is_none() {
        let marked = marked_date(marks);
        found.published = marked.map(|(day, _)| day);
        found.is_dated_below = marked.is_some_and(|(_, is_below)| is_below);
    }
    found.modified = found.modified.or_else(|| {
        let mut kinds = marks.marked(&CHANGES);
        kinds.find_map(|kind| kind.take(TRIED).find_map(date_of))
    });
    let told = found.byline.take();
    let person = told.clone().filter(|name| !is_house(name, found));
    found.byline = person.or_else(|| byline::marked(&marks.hints)).or(told);
}

/// Best first; those of [`LISTED_DATES`] only if there is no other.
static DATES: LazyLock<Vec<Matcher>> = LazyLock::new(|| {
    matchers(&[
        "[itemprop='datePublished']",
        "time[pubdate]",
        "time[datetime]",
        "[datetime]",
        "time",
        ".published, .entry-date, .post-date, .article-date, .pubdate, .publish-date, .date-published",
        "[class*='publish'], [class*='Publish'], [class*='pubtime'], [class*='post-time']",
    ])
});

/// Some pages lay even their byline out as a list.
static LISTED_DATES: LazyLock<Vec<Matcher>> = LazyLock::new(|| {
    matchers(&["article time[datetime], main time[datetime], header time[datetime]"])
});

pub(super) fn matchers(selectors: &[&str]) -> Vec<Matcher> {
    selectors
        .iter()
        .filter_map(|selector| Matcher::new(selector).ok())
        .collect()
}

static CHANGES: LazyLock<Vec<Matcher>> = LazyLock::new(|| matchers(&["[itemprop='dateModified']"]));

/// Of one kind that are tried.
const TRIED: usize = 6;

/// And whether it is a guess from below the begin of the text. `<time>` within a link or a list belongs to another article.
fn marked_date(marks: &Landmarks) -> Option<(Moment, bool)> {
    let here = |node: &&NodeRef| !is_elsewhere(node);
    let dated = |node: &NodeRef| {
        let is_named = nodes::any_attribute(node, |name, value| match name {
            "itemprop" => value == "datePublished",
            name => name == "pubdate",
        });
        Some((date_of(node)?, !is_named && marks.text.begins_above(node)))
    };
    let mut kinds = marks.marked(&DATES);
    let found = kinds.find_map(|kind| kind.filter(here).take(TRIED).find_map(dated));
    found.or_else(|| {
        let mut kinds = marks.marked(&LISTED_DATES);
        kinds.find_map(|mut kind| kind.next().and_then(dated))
    })
}

fn date_of(node: &NodeRef) -> Option<Moment> {
    let attribute = [
        "datetime",
        "content",
        "title",
        "data-datetime",
        "data-time",
        "data-timestamp",
    ]
    .iter()
    .find_map(|name| node.attr(name).and_then(|value| dates::parse(&value)));
    attribute.or_else(|| {
        let text = squeezed(&node.text());
        dates::parse_line(&text)
    })
}

fn is_elsewhere(node: &NodeRef) -> bool {
    node.ancestors_it(Some(12)).any(|ancestor| {
        ancestor.node_name().is_some_and(|name| {
            matches!(
                &*name,
                "a" | "aside" | "nav" | "footer" | "li" | "ul" | "ol"
            )
        })
    })
}

/// `/2026/11/23/` or `/2026-11-23-` or `/20261123`.
fn day_in_path(url: &Url) -> Option<Moment> {
    let path = url.path();
    let starts = path.match_indices("20").map(|(place, _)| place);
    starts
        .filter(|place| {
            let before = path.as_bytes().get(place.wrapping_sub(1));
            before.is_none_or(|b| !b.is_ascii_digit())
        })
        .find_map(|place| {
            let day = path.get(place..)?;
            // Eight digits that go on are a number.
            let digits = day.bytes().take_while(u8::is_ascii_digit).count();
            let short = matches!(digits, 4 | 8);
            short.then(|| dates::parse(day.get(..10).unwrap_or(day)))?
        })
}

// ---- title

/// The headline as readers of the page see it, if it agrees with what the metadata claims.
fn title(
    marks: &Landmarks,
    meta: &Meta,
    headline: Option<String>,
    site: Option<&str>,
) -> Option<String> {
    let shared = meta.first(&["og:title", "twitter:title", "parsely-title", "dc.title"]);
    let is_in_head = |title: &&NodeRef| title.parent().is_some_and(|up| up.has_name("head"));
    let tab = marks
        .titles
        .iter()
        .find(is_in_head)
        .or(marks.titles.first());
    let tab = tab.and_then(|title| some(&title.text()));
    let claims: Vec<&String> = [&headline, &shared, &tab].into_iter().flatten().collect();
    let headlines = || marks.headlines.iter().filter_map(|h1| some(&h1.text()));
    let shown = headlines().find(|h1| {
        h1.chars().count() >= 4 && claims.iter().any(|claim| words::likeness(h1, claim) >= 0.7)
    });
    let bare = |text: String| words::without_site(&text, site).to_owned();
    shown
        .or(headline.map(bare))
        .or(shared.map(bare))
        .or_else(|| {
            let named = tab
                .as_deref()
                .map(|tab| words::without_site(tab, site).to_owned());
            match (headlines().next(), named) {
                (Some(h1), Some(tab)) if tab.contains(&h1) => Some(h1),
                (h1, named) => named.or(h1),
            }
        })
}
