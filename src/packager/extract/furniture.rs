//! What stands around articles on the pages of newsrooms: menus, boxes of links, sharing, consent, advertisements.
//!
//! 1. Each element is measured once: how much text, how much of it in links, how much of it prose.
//! 2. An element is furniture by what it is (`nav`), by its role, or by the words in its class and id,
//! 3. unless much of the page's prose lies in it: many pages wrap everything in a "modal" or a "paywall".

use std::collections::{HashMap, HashSet};

use dom_query::{Document, NodeId, NodeRef};

use super::words;

/// Of one element with all below it; weights as of [`words::weight`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Measure {
    pub text: usize,
    pub linked: usize,
    /// In paragraphs and in runs of text that are as long as one.
    pub prose: usize,
    pub pictures: usize,
    pub links: usize,
}

pub struct Measures {
    by_node: HashMap<NodeId, Measure>,
    pub all: Measure,
}

/// A run of text this long is prose whatever element it stands in.
const PROSE_WEIGHT: usize = 100;

impl Measures {
    pub fn of(doc: &Document) -> Self {
        let root = doc.root();
        let nodes: Vec<NodeRef> = root.descendants_it().collect();
        let mut by_node: HashMap<NodeId, Measure> = HashMap::with_capacity(nodes.len());
        // Children stand behind their parents, so backwards every element is whole before it is added to its parent.
        for node in nodes.iter().rev() {
            let own = whole(node, by_node.get(&node.id).copied().unwrap_or_default());
            by_node.insert(node.id, own);
            if let Some(parent) = node.parent() {
                let sum = by_node.entry(parent.id).or_default();
                sum.text += own.text;
                sum.linked += own.linked;
                sum.prose += own.prose;
                sum.pictures += own.pictures;
                sum.links += own.links;
            }
        }
        let all = by_node.get(&root.id).copied().unwrap_or_default();
        Self { by_node, all }
    }

    pub fn of_node(&self, node: &NodeRef) -> Measure {
        self.by_node.get(&node.id).copied().unwrap_or_default()
    }
}

/// What an element adds to the sum of its children.
fn whole(node: &NodeRef, below: Measure) -> Measure {
    let mut own = below;
    if node.is_text() {
        let text = words::weight(&node.text());
        own.text = text;
        own.prose = if text >= PROSE_WEIGHT { text } else { 0 };
        return own;
    }
    let Some(name) = node.node_name() else {
        return own;
    };
    match &*name {
        "script" | "style" | "template" | "head" | "noscript" => return Measure::default(),
        "a" => {
            own.linked = own.text;
            own.prose = 0;
            own.links += 1;
        }
        "p" | "blockquote" | "pre" => own.prose = own.text.saturating_sub(own.linked),
        "img" | "amp-img" | "picture" => own.pictures = 1,
        _ => {}
    }
    own
}

/// The elements that are furniture, and nothing below them.
pub fn find(doc: &Document, measures: &Measures) -> HashSet<NodeId> {
    let mut found = HashSet::new();
    let Some(body) = doc.body() else {
        return found;
    };
    let kinds = prose_by_class(&body, measures);
    let mut waiting = body.element_children();
    while let Some(node) = waiting.pop() {
        if is_furniture(&node, measures, &kinds) {
            found.insert(node.id);
        } else {
            waiting.extend(node.element_children());
        }
    }
    found
}

/// How much prose all elements of one class hold together: a text may be laid out in many boxes of one kind.
fn prose_by_class(body: &NodeRef, measures: &Measures) -> HashMap<String, usize> {
    let mut kinds: HashMap<String, usize> = HashMap::new();
    for node in body.descendants_it().filter(NodeRef::is_element) {
        if let Some(class) = node.class() {
            *kinds.entry(class.to_string()).or_default() += measures.of_node(&node).prose;
        }
    }
    kinds
}

/// A page of text with nothing around it: no scripts, forms or frames, and no links to speak of. Shields, walls and lists
/// are never so plain.
pub fn is_bare(doc: &Document, measures: &Measures) -> bool {
    let active =
        "script, style, form, iframe, frame, input, button, noscript, meta[http-equiv=refresh]";
    let links = "a[href]:not([href^='javascript:'])";
    let few_links = measures.all.linked * 2 <= measures.all.text || !doc.select(links).exists();
    few_links && !doc.select(active).exists()
}

/// The elements that are never part of a text, whatever is around them.
pub fn find_certain(doc: &Document) -> HashSet<NodeId> {
    let certain = doc.select("script, style, template, svg, button, select, input, textarea, object, canvas, nav, dialog, form, link, meta");
    certain.nodes().iter().map(|node| node.id).collect()
}

fn is_furniture(node: &NodeRef, measures: &Measures, kinds: &HashMap<String, usize>) -> bool {
    let Some(name) = node.node_name() else {
        return false;
    };
    match &*name {
        "script" | "style" | "template" | "svg" | "button" | "select" | "input" | "textarea"
        | "object" | "canvas" | "amp-ad" | "amp-pixel" | "amp-analytics" | "amp-sidebar"
        | "amp-consent" | "link" | "meta" => return true,
        _ => {}
    }
    let own = measures.of_node(node);
    // Step 3. A third of all prose is never furniture, unless it cannot be anything else.
    let class = node.class().unwrap_or_default();
    let alike = kinds.get(&*class).copied().unwrap_or(0).max(own.prose);
    let strong = by_strong_words(node);
    let holds_much = own.prose > 0
        && if strong {
            own.prose * 10 > measures.all.prose * 7
        } else {
            alike * 3 > measures.all.prose
        };
    match &*name {
        "nav" | "footer" | "dialog" | "aside" | "form" => !holds_much || by_words(node),
        "html" | "body" | "main" | "article" => false,
        _ if by_role(node) => !holds_much || is_wall(node, &own, measures),
        "a" | "img" | "picture" | "figcaption" | "blockquote" | "td" | "tr" | "tbody" | "h1"
        | "h2" | "source" | "em" | "strong" | "b" | "i" => false,
        "p" | "h3" | "h4" | "figure" | "table" | "li" | "amp-img" => {
            by_words_of_lines(node) && !holds_much
        }
        _ => by_words(node) && (!holds_much || is_wall(node, &own, measures)),
    }
}

/// A page that is all consent dialogue or paywall has nothing else to offer.
fn is_wall(node: &NodeRef, own: &Measure, measures: &Measures) -> bool {
    let words = tokens(node);
    let named = words.iter().any(|word| WALLS.contains(&word.as_str()));
    named && own.prose < 600 && measures.all.prose < 1000
}

const WALLS: &[&str] = &["cookie", "cookies", "consent", "gdpr", "paywall", "regwall"];

fn by_role(node: &NodeRef) -> bool {
    let role = node.attr_or("role", "");
    matches!(
        &*role,
        "navigation"
            | "complementary"
            | "dialog"
            | "alertdialog"
            | "banner"
            | "contentinfo"
            | "search"
            | "menu"
            | "menubar"
            | "toolbar"
            | "alert"
    ) || is_hidden(node)
}

fn is_hidden(node: &NodeRef) -> bool {
    let style = node.attr_or("style", "");
    let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
    node.has_attr("hidden") || style.contains("display:none") || style.contains("visibility:hidden")
}

/// The words in class and id, in lower case: `jp-relatedPosts also_read` → `jp related posts also read`.
pub fn tokens(node: &NodeRef) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    for name in ["class", "id", "data-testid", "data-component"] {
        let Some(value) = node.attr(name) else {
            continue;
        };
        let mut token = String::new();
        let mut was_lower = false;
        for c in value.chars().take(400).chain([' ']) {
            let starts = !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && was_lower);
            if starts && !token.is_empty() {
                tokens.push(std::mem::take(&mut token));
            }
            if c.is_ascii_alphanumeric() {
                token.push(c.to_ascii_lowercase());
            }
            was_lower = c.is_ascii_lowercase();
        }
    }
    tokens
}

/// Prose in these is that of readers or of other articles, however much it is.
fn by_strong_words(node: &NodeRef) -> bool {
    let strong = [
        "comments",
        "comment",
        "disqus",
        "commentlist",
        "related",
        "relatedposts",
        "newsletter",
        "footer",
        "cookie",
        "cookies",
        "gallery",
    ];
    let tokens = tokens(node);
    node.has_name("footer") || tokens.iter().any(|token| strong.contains(&token.as_str()))
}

const WORDS: &[&str] = &[
    "related",
    "relatedposts",
    "relateds",
    "recommended",
    "recommendation",
    "recommendations",
    "recirculation",
    "recirc",
    "share",
    "sharing",
    "sharedaddy",
    "sharebar",
    "shares",
    "sharetools",
    "socials",
    "addtoany",
    "subscribe",
    "subscription",
    "subscribebox",
    "newsletter",
    "newsletters",
    "signup",
    "login",
    "register",
    "registration",
    "cookie",
    "cookies",
    "consent",
    "gdpr",
    "paywall",
    "regwall",
    "piano",
    "advert",
    "adverts",
    "advertisement",
    "advertising",
    "advertorial",
    "ads",
    "ad",
    "adslot",
    "adbox",
    "adv",
    "gpt",
    "dfp",
    "banner",
    "sponsor",
    "sponsored",
    "promo",
    "promobox",
    "promotion",
    "werbung",
    "reklama",
    "reklam",
    "teaser",
    "teasers",
    "comments",
    "comment",
    "disqus",
    "commentlist",
    "breadcrumb",
    "breadcrumbs",
    "sidebar",
    "outbrain",
    "taboola",
    "popup",
    "modal",
    "overlay",
    "offcanvas",
    "navigation",
    "navbar",
    "nav",
    "menu",
    "footer",
    "pagination",
    "pager",
    "toolbar",
    "taglist",
    "tags",
    "keywords",
    "topics",
    "donate",
    "donation",
    "trending",
    "popular",
    "mostread",
    "printonly",
    "rating",
    "ratings",
    "vote",
    "poll",
    "skip",
    "hidden",
    "tooltip",
    "toc",
    "playlist",
    "readmore",
    "alsoread",
    "readalso",
    "seealso",
    "interlink",
    "inlinelink",
    "dropdown",
    "copyright",
    "bookmark",
    "feedback",
    "survey",
    "quiz",
    "ticker",
    "carousel",
    "upsell",
];

const PAIRS: &[(&str, &str)] = &[
    ("read", "also"),
    ("also", "read"),
    ("read", "more"),
    ("more", "on"),
    ("see", "also"),
    ("up", "next"),
    ("most", "read"),
    ("more", "stories"),
    ("more", "news"),
    ("more", "articles"),
    ("latest", "news"),
    ("visually", "hidden"),
    ("sr", "only"),
    ("screen", "reader"),
    ("author", "bio"),
    ("author", "box"),
    ("about", "author"),
    ("author", "info"),
    ("post", "author"),
    ("article", "author"),
    ("social", "links"),
    ("social", "media"),
    ("social", "buttons"),
    ("social", "icons"),
    ("social", "bar"),
    ("social", "share"),
    ("follow", "us"),
    ("display", "embed"),
    ("embed", "consent"),
    ("social", "placeholder"),
    ("embed", "placeholder"),
    ("lees", "ook"),
    ("lire", "aussi"),
    ("link", "list"),
    ("news", "list"),
    ("article", "list"),
    ("list", "articles"),
    ("other", "news"),
];

fn by_words(node: &NodeRef) -> bool {
    let tokens = tokens(node);
    tokens.iter().any(|token| WORDS.contains(&token.as_str())) || has_pair(&tokens)
}

/// Paragraphs and the like are dropped only for what can mean nothing else.
fn by_words_of_lines(node: &NodeRef) -> bool {
    let clear = [
        "related",
        "relatedposts",
        "newsletter",
        "advert",
        "advertisement",
        "promo",
        "readmore",
        "alsoread",
        "readalso",
        "taboola",
        "outbrain",
        "breadcrumb",
        "breadcrumbs",
        "share",
        "comment",
        "hidden",
    ];
    let tokens = tokens(node);
    tokens.iter().any(|token| clear.contains(&token.as_str())) || has_pair(&tokens)
}

fn has_pair(tokens: &[String]) -> bool {
    tokens.windows(2).any(|two| {
        let [one, other] = two else { return false };
        PAIRS.contains(&(one.as_str(), other.as_str()))
    })
}
