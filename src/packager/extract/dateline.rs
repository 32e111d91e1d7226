//! The day that a page shows about its headline, where nothing marks it as one.
//!
//! 1. It stands in a short line of its own, between the headline and the text, or else just above the headline.
//! 2. Of several days one that says "published" counts before others, and one that says "updated" behind them.
//! 3. Where a day is marked below the begin of the text alone, only one below the headline is surer.

use dom_query::{Document, NodeRef};

use super::container::Reading;
use super::dates::{self, Moment};
use super::metadata::Metadata;
use super::nodes;
use super::words;

/// A longer line tells of a day.
const LINE: usize = 60;

/// Lines between the headline and the text.
const BELOW: usize = 30;

/// Lines above the headline.
const ABOVE: usize = 4;

pub fn found(reading: &Reading, doc: &Document, meta: &Metadata) -> Option<Moment> {
    if meta.published.is_some() && !meta.is_dated_below {
        return None;
    }
    let lines = lines(reading, &doc.body()?);
    let headline = meta.title.as_deref()?;
    let is_headline =
        |line: &Line| line.text.len() < 400 && words::are_alike(&line.text, headline, 0.7);
    let at = lines
        .iter()
        .position(|line| line.is_kept_prose)
        .unwrap_or(lines.len());
    let (head, _) = lines.split_at(at);
    let title = head.iter().rposition(is_headline)?;
    let (above, below) = head.split_at(title);
    let below = best(below.iter().skip(1).take(BELOW));
    below.or_else(|| match meta.is_dated_below {
        true => None,
        false => best(above.iter().rev().take(ABOVE)),
    })
}

struct Line {
    text: String,
    is_kept_prose: bool,
}

fn lines(reading: &Reading, body: &NodeRef) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut waiting = vec![*body];
    while let Some(node) = waiting.pop() {
        // A list of facts about the article is no text, but may tell its day.
        if reading.furniture.contains(&node.id) && !node.has_name("dl") {
            continue;
        }
        let text = nodes::with_text(&node, words::squeezed);
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            let is_kept_prose = reading.kept.contains(&node.id) && words::weight(&text) > 2 * LINE;
            lines.push(Line {
                text,
                is_kept_prose,
            });
            if is_kept_prose {
                break;
            }
        }
        waiting.extend(node.children_it(true));
    }
    lines
}

// Step 2.
fn best<'a>(lines: impl Iterator<Item = &'a Line>) -> Option<Moment> {
    let short = lines.filter(|line| words::weight(&line.text) < LINE);
    let dated = short.filter_map(|line| Some((rank(&line.text), dates::parse_line(&line.text)?)));
    dated.min_by_key(|(rank, _)| *rank).map(|(_, day)| day)
}

/// Whether a line says that on its day something was published or changed.
pub fn says_of_article(text: &str) -> bool {
    rank(text) != 1
}

fn rank(text: &str) -> u8 {
    let text = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match () {
        () if says(&[
            "publish",
            "posted",
            "created",
            "опублик",
            "апублік",
            "опублік",
        ]) =>
        {
            0
        }
        () if says(&[
            "updat",
            "modif",
            "review",
            "edited",
            "обновл",
            "абноўл",
            "оновл",
        ]) =>
        {
            2
        }
        () => 1,
    }
}
