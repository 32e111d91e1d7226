//! Pages that write their text for browsers without scripts: all others show it by a script.

use dom_query::{Document, NodeRef};

use super::nodes;
use super::words;

/// Fewer paragraphs are a note that a script is missing.
const PARAGRAPHS: usize = 3;

/// A run of text of this weight is a sentence and no label.
const SENTENCE: usize = 60;

/// Where such a `noscript` holds more prose than the rest of the page, it is the page.
pub fn unwrap(doc: &Document) {
    let Some(body) = doc.body() else { return };
    let below = body.descendants_it();
    let texts = below.filter(|node| node.has_name("noscript") && holds_paragraphs(node));
    let texts = texts.map(|node| (prose_in(&node), node));
    let Some((most, text)) = texts.max_by_key(|(prose, _)| *prose) else {
        return;
    };
    if most * 2 > prose_in(&body) {
        text.rename("div");
    }
}

fn holds_paragraphs(node: &NodeRef) -> bool {
    let below = node.descendants_it();
    let paragraphs = below.filter(|below| below.has_name("p"));
    paragraphs.take(PARAGRAPHS).count() == PARAGRAPHS
}

fn prose_in(node: &NodeRef) -> usize {
    let is_raw = |name: &str| matches!(name, "script" | "style" | "template");
    let runs = node.descendants_it().filter(|below| {
        below.is_text()
            && !below
                .parent()
                .is_some_and(|up| nodes::is_named(&up, is_raw))
    });
    let runs = runs.filter_map(|run| nodes::with_text(&run, words::weight));
    runs.filter(|weight| *weight >= SENTENCE).sum()
}
