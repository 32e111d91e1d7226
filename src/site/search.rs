//! The index that the search page looks into: light files that each hold some articles of one month.
//!
//! 1. The articles of a month stand in the order in which they were published, so that a new one changes only the last
//!    file of its month.
//! 2. A file takes as many as fit into [`FILE_BYTES`] on the wire. The page loads them whole, the newest first, whatever
//!    is looked for: nobody on the way learns a word of it.
//! 3. A file is JSON in the shape of a style sheet. Nothing else can be read by a page that lies on a disk (`file://`),
//!    where a browser refuses to fetch; and unlike a script it can do nothing. A custom property keeps the text that it
//!    was given as it was written, as long as quotes and brackets match (CSS Custom Properties Level 1, section 2.2).

use std::borrow::Cow;

use serde::Serialize;

use super::headline::{Headline, Month, Told};
use super::links::relative;
use super::pages::Page;
use super::plain::shortened;
use crate::base::SitePath;

/// The one script there is.
pub const SCRIPT: &str = include_str!("search.js");

/// The most that a file shall weigh, compressed.
const FILE_BYTES: usize = 12_000;

/// In characters. A few words under a headline.
const SUMMARY: usize = 110;

/// Address from the folder of the newsroom, title, day, summary, terms; and the language, where it is another.
#[derive(Serialize)]
struct Row<'a>(
    String,
    &'a str,
    String,
    Cow<'a, str>,
    &'a str,
    #[serde(skip_serializing_if = "Option::is_none")] Option<String>,
);

/// The files of one month, one after another; gives how many they are. `headlines` with the oldest first; `search` is the
/// page that loads the files.
pub fn files(
    month: &Month,
    headlines: &[&Headline],
    search: &SitePath,
    language: &super::Language,
    lay: &mut dyn FnMut(Page),
) -> usize {
    let (mut rows, mut weight, mut number) = (String::new(), 0, 1);
    for headline in headlines {
        let told = headline.told();
        let row = row(headline, &told, search, language);
        let heavier = weight_of(&row);
        if weight + heavier > FILE_BYTES && weight > 0 {
            lay(file(month, number, &rows));
            rows.clear();
            (weight, number) = (0, number + 1);
        }
        weight += heavier;
        let comma = if rows.is_empty() { "" } else { ",\n" };
        let json = serde_json::to_string(&row).expect("texts can always be written");
        rows.extend([comma, &json]);
    }
    lay(file(month, number, &rows));
    number
}

/// `number` from 1.
fn file(month: &Month, number: usize, rows: &str) -> Page {
    let path = super::frame::site_path(&format!("{}/search-{number}.css", month.folder));
    (path, format!(":root{{--rows:[{rows}]}}\n").into_bytes())
}

fn row<'a>(
    headline: &Headline,
    told: &'a Told,
    search: &SitePath,
    language: &super::Language,
) -> Row<'a> {
    let other = (told.language != *language).then(|| told.language.to_string());
    Row(
        relative(search, &headline.path),
        &told.title,
        headline.clock.date(headline.published).to_string(),
        shortened(&told.summary, SUMMARY),
        told.terms.as_str(),
        other,
    )
}

/// Roughly, compressed: of text a letter takes half a byte or two thirds, and terms are close to noise.
fn weight_of(Row(address, title, _, summary, terms, _): &Row<'_>) -> usize {
    let letters = address.len() / 2 + title.len() + summary.len();
    letters / 2 + terms.len() * 4 / 5 + 16
}
