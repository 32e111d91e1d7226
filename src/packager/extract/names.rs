//! What the elements of a page are called, in their classes and ids, and what that tells of them.

use std::collections::HashSet;
use std::sync::LazyLock;

use dom_query::NodeRef;

/// Attributes that name an element.
pub const NAMING: [&str; 4] = ["class", "id", "data-testid", "data-component"];

/// The words in class and id, in lower case, parted by blanks: `jp-relatedPosts also_read` → `jp related posts also read`.
pub fn tokens(node: &NodeRef) -> String {
    let mut tokens = String::new();
    let Some(element) = node.element_ref() else {
        return tokens;
    };
    // Some name their boxes by elements of their own.
    if element.name.local.contains('-') {
        push_words(&mut tokens, &element.name.local);
    }
    for name in NAMING {
        let mut attributes = element.attrs.iter();
        let named = attributes.find(|attribute| &*attribute.name.local == name);
        if let Some(named) = named {
            push_tokens(&mut tokens, name, &named.value);
        }
    }
    tokens
}

pub fn push_tokens(tokens: &mut String, name: &str, value: &str) {
    let end = value
        .char_indices()
        .nth(400)
        .map_or(value.len(), |(at, _)| at);
    let parts = value
        .get(..end)
        .unwrap_or_default()
        .split_ascii_whitespace();
    let naming = parts.filter(|part| !says_how_it_looks(part));
    for part in naming.filter(|part| name != "id" || !is_sentence(part)) {
        push_words(tokens, part);
    }
}

fn push_words(tokens: &mut String, part: &str) {
    let mut starts = true;
    let mut was_lower = false;
    for c in part.chars() {
        starts |= !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && was_lower);
        if c.is_ascii_alphanumeric() {
            if std::mem::take(&mut starts) && !tokens.is_empty() {
                tokens.push(' ');
            }
            tokens.push(c.to_ascii_lowercase());
        }
        was_lower = c.is_ascii_lowercase();
    }
}

/// What overflows or labels are hidden, on which screens (`md:hidden`), and whether anything stands beside it.
fn says_how_it_looks(part: &str) -> bool {
    const BESIDE: &[&str] = &[
        "no", "has", "with", "without", "enabled", "disabled", "false",
    ];
    let is_of = |words: &[&str]| part.split(['-', '_']).any(|word| words.contains(&word));
    part.contains(':')
        || part.contains("hidden") && is_of(&["overflow", "label", "backface"])
        || part.contains("sidebar") && is_of(BESIDE)
}

/// The heading of a part of the text, as its address: `4-why-this-is-so-popular-now`.
fn is_sentence(id: &str) -> bool {
    id.split(['-', '_']).filter(|word| !word.is_empty()).count() > 7
}

/// What is another every day: other articles, what readers say, what is sold.
pub fn is_passing(words: &str) -> bool {
    const PASSING: &[&str] = &[
        "related",
        "relatedposts",
        "relateds",
        "recommended",
        "recommendation",
        "recommendations",
        "recirculation",
        "recirc",
        "newsletter",
        "newsletters",
        "advert",
        "adverts",
        "advertisement",
        "advertising",
        "ads",
        "ad",
        "adslot",
        "adbox",
        "gpt",
        "dfp",
        "sponsored",
        "comments",
        "disqus",
        "commentlist",
        "sidebar",
        "outbrain",
        "taboola",
        "trending",
        "popular",
        "mostread",
        "alsoread",
        "readalso",
        "seealso",
        "ticker",
        "teasers",
    ];
    const PAIRS: &[(&str, &str)] = &[
        ("read", "also"),
        ("also", "read"),
        ("see", "also"),
        ("most", "read"),
        ("more", "stories"),
        ("more", "news"),
        ("more", "articles"),
        ("latest", "news"),
        ("other", "news"),
    ];
    let next = words.split(' ').skip(1);
    let mut pairs = words.split(' ').zip(next);
    words.split(' ').any(|word| PASSING.contains(&word)) || pairs.any(|pair| PAIRS.contains(&pair))
}

/// Prose in these is that of readers or of other articles, however much it is.
pub fn has_strong_words(words: &str) -> bool {
    const STRONG: &[&str] = &[
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
    ];
    words.split(' ').any(|word| STRONG.contains(&word))
}

/// What is told in its place says the same in each.
pub fn stands_for_embed(words: &str) -> bool {
    const PLACES: [(&str, &str); 3] = [
        ("social", "placeholder"),
        ("embed", "placeholder"),
        ("embed", "consent"),
    ];
    let next = words.split(' ').skip(1);
    words
        .split(' ')
        .zip(next)
        .any(|pair| PLACES.contains(&pair))
}

/// A box of facts beside the text belongs to it.
pub fn is_of_the_text(words: &str) -> bool {
    const FACTS: &[&str] = &[
        "fact",
        "facts",
        "factbox",
        "infobox",
        "explainer",
        "background",
        "spravka",
        "dossier",
    ];
    words.split(' ').any(|word| FACTS.contains(&word)) && !by_words(words)
}

/// What stands below a headline and introduces the text.
pub fn is_standfirst(words: &str) -> bool {
    const BELOW: &[&str] = &[
        "subtitle",
        "subheadline",
        "subheading",
        "subhead",
        "standfirst",
        "deck",
        "dek",
        "lede",
        "lead",
        "strapline",
        "excerpt",
    ];
    words.split(' ').any(|word| BELOW.contains(&word)) && !by_words(words)
}

/// Pictures of the article, or of something else.
pub fn is_gallery(words: &str) -> bool {
    const GALLERIES: &[&str] = &["gallery", "slideshow", "photogallery"];
    words.split(' ').any(|word| GALLERIES.contains(&word))
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
    "modals",
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

/// Of what is furniture, as far as names tell.
pub static NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| WORDS.iter().copied().collect());

/// Whether nothing else tells that it is furniture.
pub fn is_only_teaser(words: &str) -> bool {
    let mut telling = words
        .split(' ')
        .filter(|word| NAMES.contains(*word))
        .peekable();
    telling.peek().is_some() && telling.all(|word| word == "teaser") && !has_pair(words)
}

pub fn by_words(words: &str) -> bool {
    words.split(' ').any(|word| NAMES.contains(word)) || has_pair(words)
}

/// Paragraphs and the like are dropped only for what can mean nothing else.
pub fn by_words_of_lines(words: &str) -> bool {
    const CLEAR: &[&str] = &[
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
    words.split(' ').any(|word| CLEAR.contains(&word)) || has_pair(words)
}

pub fn has_pair(words: &str) -> bool {
    let next = words.split(' ').skip(1);
    words.split(' ').zip(next).any(|pair| PAIRS.contains(&pair))
}
