//! What a page says about its article outside the text, best source first.
//!
//! 1. JSON-LD of a schema.org article type, at any depth.
//! 2. OpenGraph and other `<meta>`.
//! 3. Microdata and `<time>`.
//! 4. The address of the page.

use dom_query::{Document, NodeRef};
use serde_json::Value;
use url::Url;

use super::dates::{self, Moment};
use super::words::{self, squeezed};

/// All of it claims of strangers: any part may be missing or wrong.
#[derive(Debug, Clone, Default)]
pub struct Metadata {
    pub title: Option<String>,
    pub byline: Option<String>,
    pub published: Option<Moment>,
    pub modified: Option<Moment>,
    pub section: Option<String>,
    pub description: Option<String>,
    pub site_name: Option<String>,
    /// Addresses as written, best first.
    pub images: Vec<String>,
    /// Captions of pictures: address as written, caption.
    pub captions: Vec<(String, String)>,
    pub canonical: Option<String>,
    pub lang: Option<String>,
    pub dir: Option<String>,
    /// Whether the page itself says that it is an article.
    pub says_article: bool,
}

pub fn read(doc: &Document, url: &Url) -> Metadata {
    let mut found = Metadata::default();
    read_json_ld(doc, &mut found);
    let meta = Meta::of(doc);
    read_meta(&meta, &mut found);
    read_markup(doc, &mut found);
    if found.published.is_none() {
        found.published = day_in_path(url);
    }
    found.title = title(doc, &meta, found.title.take(), found.site_name.as_deref());
    found
}

fn some(text: &str) -> Option<String> {
    let text = squeezed(&words::unescaped(text));
    (!text.is_empty()).then_some(text)
}

// ---- JSON-LD

fn read_json_ld(doc: &Document, found: &mut Metadata) {
    let scripts = doc.select("script[type='application/ld+json']");
    let parsed: Vec<Value> = scripts
        .iter()
        .filter_map(|s| lenient_json(&s.text()))
        .collect();
    let mut articles = Vec::new();
    for value in &parsed {
        collect_articles(value, 0, &mut articles);
    }
    // The first that knows its date is the page's own; others are often those of a list of links.
    let own = articles
        .iter()
        .find(|a| a.get("datePublished").is_some())
        .or(articles.first());
    if let Some(article) = own {
        read_article(article, found);
    }
}

/// Newsrooms leave line breaks inside strings, comments around, and semicolons behind their JSON.
fn lenient_json(text: &str) -> Option<Value> {
    let text = text.trim();
    if let Ok(value) = serde_json::from_str(text) {
        return Some(value);
    }
    let start = text.find(['{', '['])?;
    let end = text.rfind(['}', ']'])?;
    let inner = text.get(start..=end)?;
    let clean: String = inner
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    serde_json::from_str(&clean).ok()
}

fn collect_articles<'a>(value: &'a Value, depth: usize, found: &mut Vec<&'a Value>) {
    if depth > 12 {
        return;
    }
    match value {
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect_articles(item, depth + 1, found)),
        Value::Object(fields) => {
            if is_article(value) {
                found.push(value);
            }
            for field in fields.values() {
                collect_articles(field, depth + 1, found);
            }
        }
        _ => {}
    }
}

fn is_article(value: &Value) -> bool {
    let named = |name: &Value| {
        name.as_str().is_some_and(|name| {
            name.ends_with("Article")
                || name.ends_with("Posting")
                || matches!(name, "Report" | "AnalysisNewsArticle" | "ClaimReview")
        })
    };
    match value.get("@type") {
        Some(Value::Array(names)) => names.iter().any(named),
        Some(name) => named(name),
        None => false,
    }
}

fn read_article(article: &Value, found: &mut Metadata) {
    let text = |key: &str| article.get(key).and_then(Value::as_str).and_then(some);
    let date = |key: &str| {
        article
            .get(key)
            .and_then(Value::as_str)
            .and_then(dates::parse)
    };
    found.says_article = true;
    found.title = text("headline").or_else(|| text("name"));
    found.published = date("datePublished").or_else(|| date("dateCreated"));
    found.modified = date("dateModified");
    found.section = article
        .get("articleSection")
        .and_then(|section| first_text(section, "name"));
    found.site_name = article
        .get("publisher")
        .and_then(|publisher| first_text(publisher, "name"));
    found.byline = article
        .get("author")
        .and_then(|author| joined_names(author, found.site_name.as_deref()));
    for key in ["image", "thumbnailUrl"] {
        if let Some(image) = article.get(key) {
            collect_addresses(image, &mut found.images);
            collect_captions(image, &mut found.captions);
        }
    }
}

/// What a picture's `caption` says, unless it is a file's name.
fn collect_captions(image: &Value, captions: &mut Vec<(String, String)>) {
    let images = match image {
        Value::Array(images) => images.as_slice(),
        image => std::slice::from_ref(image),
    };
    for image in images.iter().take(40) {
        let caption = image.get("caption").and_then(|c| first_text(c, "name"));
        let address = ["url", "contentUrl"]
            .iter()
            .find_map(|key| image.get(*key)?.as_str());
        if let (Some(caption), Some(address)) = (caption, address)
            && caption.contains(' ')
        {
            captions.push((address.to_owned(), caption));
        }
    }
}

fn first_text(value: &Value, key: &str) -> Option<String> {
    match value {
        Value::String(text) => some(text),
        Value::Array(items) => items.first().and_then(|item| first_text(item, key)),
        Value::Object(fields) => fields.get(key).and_then(|field| first_text(field, key)),
        _ => None,
    }
}

fn joined_names(author: &Value, publisher: Option<&str>) -> Option<String> {
    let authors: Vec<&Value> = match author {
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    };
    let mut names: Vec<String> = Vec::new();
    for name in authors
        .into_iter()
        .filter_map(|author| first_text(author, "name"))
    {
        if !name.contains("://") && !names.contains(&name) {
            names.push(name);
        }
    }
    // Several authors of which one is the newsroom itself: the people are meant.
    if names.len() > 1 {
        names.retain(|name| Some(name.as_str()) != publisher);
    }
    (!names.is_empty()).then(|| names.join(", "))
}

fn collect_addresses(image: &Value, addresses: &mut Vec<String>) {
    match image {
        Value::String(address) => addresses.push(address.clone()),
        Value::Array(items) => items
            .iter()
            .take(8)
            .for_each(|item| collect_addresses(item, addresses)),
        Value::Object(fields) => {
            let address = ["url", "contentUrl"]
                .iter()
                .find_map(|key| fields.get(*key));
            if let Some(address) = address {
                collect_addresses(address, addresses);
            }
        }
        _ => {}
    }
}

// ---- <meta>

struct Meta {
    pairs: Vec<(String, String)>,
}

impl Meta {
    fn of(doc: &Document) -> Self {
        let mut pairs = Vec::new();
        for meta in doc.select("meta").nodes() {
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

fn read_meta(meta: &Meta, found: &mut Metadata) {
    found.says_article |= meta
        .first(&["og:type"])
        .is_some_and(|kind| kind.to_ascii_lowercase().contains("article"));
    found.published = found.published.or_else(|| meta.date(PUBLISHED));
    found.modified = found.modified.or_else(|| meta.date(MODIFIED));
    found.says_article |= meta.first(&["article:published_time"]).is_some();
    if found.byline.is_none() {
        let names = AUTHOR.iter().flat_map(|name| meta.all(name));
        found.byline = names
            .filter(|name| !name.contains("://") && !name.starts_with('@'))
            .find_map(some);
    }
    found.description = meta.first(&["og:description", "description", "twitter:description"]);
    if found.section.is_none() {
        found.section = meta.first(&["article:section"]);
    }
    let site_name = meta.first(&["og:site_name", "application-name"]);
    found.site_name = found.site_name.take().or(site_name);
    let images = IMAGE.iter().flat_map(|name| meta.all(name));
    found.images.extend(images.map(str::to_owned));
}

// ---- markup

fn read_markup(doc: &Document, found: &mut Metadata) {
    let html = doc.select_single("html");
    let attr = |name: &str| html.attr(name).and_then(|value| some(&value));
    found.lang = attr("lang").or_else(|| attr("xml:lang"));
    found.dir = attr("dir").or_else(|| {
        let body = doc.select_single("body").attr("dir");
        body.and_then(|dir| some(&dir))
    });
    let canonical = doc.select_single("link[rel='canonical']").attr("href");
    found.canonical = canonical.and_then(|href| some(&href));
    found.published = found.published.or_else(|| marked_date(doc));
    if found.byline.is_none() {
        found.byline = marked_byline(doc);
    }
}

/// `<time>` within a link or a list belongs to another article.
fn marked_date(doc: &Document) -> Option<Moment> {
    let marked = [
        "[itemprop='datePublished']",
        "time[pubdate]",
        "time[datetime]",
        "[datetime]",
        "time",
        ".published, .entry-date, .post-date, .article-date, .pubdate, .publish-date, .date-published",
        "[class*='publish'], [class*='Publish'], [class*='pubtime'], [class*='post-time']",
    ];
    let found = marked.iter().find_map(|selector| {
        let nodes = doc.select(selector);
        nodes
            .nodes()
            .iter()
            .filter(|node| !is_elsewhere(node))
            .take(6)
            .find_map(date_of)
    });
    // Some pages lay even their byline out as a list.
    found.or_else(|| {
        let times =
            doc.select("article time[datetime], main time[datetime], header time[datetime]");
        times.nodes().first().and_then(date_of)
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

fn marked_byline(doc: &Document) -> Option<String> {
    let marked = [
        "[itemprop='author'] [itemprop='name']",
        "[itemprop='author']",
        "[rel='author']",
        ".byline-name, .author-name, .author__name, .article-author, .post-author, .entry-author",
        ".byline",
        ".author",
        "a[href*='/author/'], a[href*='/authors/'], a[href*='/avtor/']",
        "[class*='byline'], [class*='Byline']",
    ];
    marked.iter().find_map(|selector| {
        let nodes = doc.select(selector);
        nodes
            .nodes()
            .iter()
            .filter(|node| !in_comments(node))
            .take(3)
            .find_map(name_of)
    })
}

fn in_comments(node: &NodeRef) -> bool {
    node.ancestors_it(Some(12)).any(|ancestor| {
        let id = ancestor.attr_or("id", "");
        id.contains("comment") || ancestor.has_name("aside") || ancestor.has_name("footer")
    })
}

/// A name is short and has no digits: whatever else stands in a byline is not it.
fn name_of(node: &NodeRef) -> Option<String> {
    let text = node.attr("content").unwrap_or_else(|| node.text());
    let name = words::without_by(&squeezed(&text)).to_owned();
    let fits = (2..=90).contains(&name.chars().count())
        && !name
            .chars()
            .any(|c| c.is_ascii_digit() || matches!(c, '@' | '|'));
    (fits && !name.contains("://")).then_some(name)
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
    doc: &Document,
    meta: &Meta,
    headline: Option<String>,
    site: Option<&str>,
) -> Option<String> {
    let shared = meta.first(&["og:title", "twitter:title", "parsely-title", "dc.title"]);
    let tab = some(&doc.select_single("head > title").text())
        .or_else(|| some(&doc.select_single("title").text()));
    let claims: Vec<&String> = [&headline, &shared, &tab].into_iter().flatten().collect();
    let shown = doc
        .select("h1")
        .iter()
        .filter_map(|h1| some(&h1.text()))
        .find(|h1| {
            h1.chars().count() >= 4 && claims.iter().any(|claim| words::likeness(h1, claim) >= 0.7)
        });
    let bare = |text: String| words::without_site(&text, site).to_owned();
    shown
        .or(headline.map(bare))
        .or(shared.map(bare))
        .or_else(|| {
            let mut h1 = doc.select("h1").iter().filter_map(|h1| some(&h1.text()));
            let named = tab
                .as_deref()
                .map(|tab| words::without_site(tab, site).to_owned());
            match (h1.next(), named) {
                (Some(h1), Some(tab)) if tab.contains(&h1) => Some(h1),
                (h1, named) => named.or(h1),
            }
        })
}
