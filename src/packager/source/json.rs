//! JSON Feed as newsrooms write it, mended so that a strict reader takes it.
//!
//! 1. An `id` may be a number: the specification (version 1.1, "items") wants it read as a text.
//! 2. What is missing at the top gets a value that says nothing; what is of a wrong kind is left out.
//! 3. Links in it may be relative, as in other feeds; the reader of feeds resolves them.

use serde_json::{Map, Value};

use super::feed::{Attached, Beside, Seen};
use crate::base::LIMITS;

/// Whether more objects stand there than any list needs: in memory each takes a hundred times of what it takes on the way.
pub(super) fn is_crowded(json: &[u8]) -> bool {
    memchr::memchr_iter(b'{', json).count() > LIMITS.objects
}

/// What each item names besides its text; the reader of feeds knows no picture and no language of it.
pub(super) fn beside(text: &str) -> Vec<Beside> {
    let feed = serde_json::from_str::<Value>(text).unwrap_or_default();
    let items = feed.get("items").and_then(Value::as_array);
    let items = items.into_iter().flatten().filter(|item| item.is_object());
    items.map(beside_item).collect()
}

fn beside_item(item: &Value) -> Beside {
    let named = |item: &Value, key: &str| {
        let text = item.get(key)?.as_str()?;
        (!text.trim().is_empty()).then(|| text.to_owned())
    };
    let attached = item.get("attachments").and_then(Value::as_array);
    let attached = attached.into_iter().flatten().filter_map(|one| {
        Some(Attached {
            address: named(one, "url")?,
            kind: named(one, "mime_type").unwrap_or_default(),
            title: named(one, "title"),
        })
    });
    let (shown, attached): (Vec<_>, Vec<_>) =
        attached.partition(|one: &Attached| one.kind.starts_with("image/"));
    let picture = named(item, "image").or_else(|| named(item, "banner_image"));
    let shown = shown.into_iter().map(|one| one.address);
    let shown = shown.filter(|address| Some(address) != picture.as_ref());
    let pictures: Vec<String> = picture.clone().into_iter().chain(shown).collect();
    Beside {
        language: named(item, "language"),
        pictures: pictures.into_iter().map(Seen::of).collect(),
        attached,
    }
}

/// `None` if it is no JSON Feed.
pub(super) fn mended(text: &str) -> Option<String> {
    let Value::Object(mut feed) = serde_json::from_str(text).ok()? else {
        return None;
    };
    let Some(Value::Array(items)) = feed.get_mut("items") else {
        return None;
    };
    let is_item = |item: Value| match item {
        Value::Object(item) => Some(Value::Object(mended_item(item))),
        _ => None,
    };
    *items = std::mem::take(items)
        .into_iter()
        .filter_map(is_item)
        .collect();
    only_texts(
        &mut feed,
        &[
            "title",
            "home_page_url",
            "feed_url",
            "language",
            "description",
            "icon",
            "favicon",
        ],
    );
    only_people(&mut feed);
    feed.entry("title").or_insert_with(|| "".into());
    let version = feed.get("version").and_then(Value::as_str);
    if !version.is_some_and(|version| version.starts_with(VERSION)) {
        feed.insert("version".into(), VERSION.into());
    }
    Some(Value::Object(feed).to_string())
}

const VERSION: &str = "https://jsonfeed.org/version/1";

const TEXTS: [&str; 9] = [
    "id",
    "url",
    "external_url",
    "title",
    "content_html",
    "content_text",
    "summary",
    "date_published",
    "date_modified",
];

fn mended_item(mut item: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::Number(number)) = item.get("id") {
        let id = number.to_string();
        item.insert("id".into(), id.into());
    }
    only_texts(&mut item, &TEXTS);
    only_people(&mut item);
    keep_among(&mut item, "tags", Value::is_string);
    keep_among(&mut item, "attachments", |attachment| {
        let is_text = |name| attachment.get(name).is_some_and(Value::is_string);
        is_text("url") && is_text("mime_type")
    });
    if let Some(Value::Array(attachments)) = item.get_mut("attachments") {
        for attachment in attachments.iter_mut().filter_map(Value::as_object_mut) {
            attachment.retain(|name, _| name == "url" || name == "mime_type");
        }
    }
    item
}

fn only_texts(object: &mut Map<String, Value>, names: &[&str]) {
    object.retain(|name, value| !names.contains(&&**name) || value.is_string());
}

/// Some write a name where a person should stand.
fn only_people(object: &mut Map<String, Value>) {
    let person = |value: &Value| match value {
        Value::String(name) => Some(serde_json::json!({ "name": name })),
        Value::Object(told) => {
            let mut told = told.clone();
            only_texts(&mut told, &["name", "url"]);
            Some(Value::Object(told))
        }
        _ => None,
    };
    if let Some(told) = object.remove("author").and_then(|told| person(&told)) {
        object.insert("author".into(), told);
    }
    if let Some(Value::Array(told)) = object.remove("authors") {
        object.insert("authors".into(), told.iter().filter_map(person).collect());
    }
}

fn keep_among(object: &mut Map<String, Value>, name: &str, is_good: impl Fn(&Value) -> bool) {
    if let Some(Value::Array(mut all)) = object.remove(name) {
        all.retain(is_good);
        object.insert(name.to_owned(), all.into());
    }
}
