//! What a page says about its article in JSON-LD, by the words of schema.org.
//!
//! 1. An article type at any depth; of several the first that knows its date.
//! 2. The trail of breadcrumbs that leads to it.
//! 3. That the page is none: a list of articles, a profile, or a page about the newsroom.

use dom_query::NodeRef;
use serde_json::Value;

use super::dates;
use super::metadata::{Metadata, some};
use super::words;

/// Fills in what the scripts of the page tell; what they do not tell stays as it is.
pub fn read(scripts: &[NodeRef], found: &mut Metadata) {
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
    found.is_other = is_other(&parsed);
    found.trail = parsed
        .iter()
        .find_map(|value| trail(value, 0))
        .unwrap_or_default();
}

/// The names in a `BreadcrumbList`.
fn trail(value: &Value, depth: usize) -> Option<Vec<String>> {
    if depth > 12 {
        return None;
    }
    match value {
        Value::Array(items) => items.iter().find_map(|item| trail(item, depth + 1)),
        Value::Object(fields) => {
            if fields.get("@type").and_then(Value::as_str) == Some("BreadcrumbList") {
                let steps = fields.get("itemListElement")?.as_array()?;
                return Some(steps.iter().take(12).filter_map(name_of_step).collect());
            }
            fields.values().find_map(|field| trail(field, depth + 1))
        }
        _ => None,
    }
}

fn name_of_step(step: &Value) -> Option<String> {
    let own = step.get("name").and_then(|name| first_text(name, "name"));
    own.or_else(|| first_text(step.get("item")?, "name"))
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
    is_of(value, |name| {
        name.ends_with("Article")
            || name.ends_with("Posting")
            || matches!(name, "Report" | "AnalysisNewsArticle" | "ClaimReview")
    })
}

const OTHERS: &[&str] = &[
    "AboutPage",
    "CollectionPage",
    "ContactPage",
    "ProfilePage",
    "SearchResultsPage",
];

/// Articles that stand deeper than the page itself are those of its list.
fn is_other(parsed: &[Value]) -> bool {
    let things = || parsed.iter().flat_map(things);
    let is_own =
        |thing: &Value| is_article(thing) || thing.get("mainEntity").is_some_and(is_article);
    things().any(|thing| is_of(thing, |name| OTHERS.contains(&name))) && !things().any(is_own)
}

/// What stands in a script beside each other.
fn things(script: &Value) -> Vec<&Value> {
    match script {
        Value::Array(all) => all.iter().flat_map(things).collect(),
        one => match one.get("@graph") {
            Some(Value::Array(graph)) => graph.iter().collect(),
            _ => vec![one],
        },
    }
}

fn is_of(value: &Value, is_it: impl Fn(&str) -> bool) -> bool {
    let named = |name: &Value| name.as_str().is_some_and(&is_it);
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
    found.is_told = true;
    found.title = text("headline").or_else(|| text("name"));
    found.published = date("datePublished").or_else(|| date("dateCreated"));
    found.modified = date("dateModified");
    let body = article.get("articleBody").and_then(Value::as_str);
    found.text = body.map(words::letters);
    found.body = body.map(str::to_owned);
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

/// Each is compared with each, and no line on a page holds more.
const MOST_AUTHORS: usize = 20;

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
        if names.len() == MOST_AUTHORS {
            break;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_very_many_authors_some_are_named() {
        let author = |number: usize| serde_json::json!({ "name": format!("Author {number}") });
        let authors = |number: usize| (0..number).map(author).collect::<Value>();
        let names = |number: usize| joined_names(&authors(number), Some("Author 0"));
        assert_eq!(names(1).as_deref(), Some("Author 0"));
        assert_eq!(names(3).as_deref(), Some("Author 1, Author 2"));
        assert!(names(100_000).is_some_and(|names| names.ends_with(", Author 19")));
    }
}
