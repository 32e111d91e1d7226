//! From a draft that has its place to the line that is kept of the article: its pictures made, its HTML cleaned.

use std::collections::BTreeMap;

use super::archive::{Lead, Line, Moment, Shown, Slip, Story};
use super::cache::{Key, Kind};
use super::draft::{Background, Copy, Draft};
use super::extract::LeftOut;
use super::gather::{LostPicture, Skipped};
use super::links::{Inside, Known};
use super::placing::Placed;
use super::source;
use super::studio::{self, Finished, Studio};
use super::trace::{PROGRAM, traced};
use crate::base::{SitePath, Timestamp};
use crate::site;

/// What all articles of a newsroom have in common.
pub struct Galley<'a> {
    pub studio: &'a Studio<'a>,
    pub inside: &'a Inside,
    pub background: Background<'a>,
}

/// An article with its pictures.
pub struct Done {
    pub slip: Slip,
    /// What the folder calls it, if it came from one and tells no date.
    pub undated: Option<(String, Timestamp)>,
    pub pictures: Vec<(SitePath, Finished)>,
    pub lost_pictures: Vec<LostPicture>,
    pub left_out: Vec<LeftOut>,
}

impl Galley<'_> {
    pub async fn article(&self, placed: Placed) -> Result<Done, Skipped> {
        let Placed { draft, path } = placed;
        let Some(mut copy) = draft.copy() else {
            return Err(Skipped {
                what: draft.id,
                why: "the disk lost what was read of it; run this again".into(),
            });
        };
        let left_out = std::mem::take(&mut copy.left_out);
        let shown = self.studio.pictures_of(&draft, &copy.read, &path).await;
        let line = self.line(&draft, copy, path, &shown);
        let is_fleeting = draft.is_fleeting();
        let undated = draft.is_undated && !is_fleeting;
        Ok(Done {
            slip: Slip::of(&line, is_fleeting, self.background.drawer),
            undated: undated.then_some((draft.id, draft.published)),
            pictures: shown.files,
            lost_pictures: shown.lost,
            left_out,
        })
    }

    fn line(&self, draft: &Draft, copy: Copy, path: SitePath, shown: &studio::Shown) -> Line {
        let read = &copy.read;
        let base = draft.base();
        let known = Known {
            base: &base,
            inside: self.inside,
            pictures: &shown.by_address,
        };
        // In their order, so that the key is always the same.
        let pictures: BTreeMap<_, _> = shown.by_address.iter().collect();
        let on = format!("{path} {base} {pictures:?}");
        let key = Key::of(&[PROGRAM, &on, &read.html].map(str::as_bytes));
        let body = traced(
            (self.background.cache, Kind::Articles, key),
            &known,
            |resolve| site::clean(&read.html, &path, resolve).as_str().into(),
        );
        let lead = read.lead.as_ref();
        let lead = lead.and_then(|lead| shown.by_address.get(lead.src.as_str()));
        let source = original(draft);
        let id = match draft.is_fleeting() {
            true => draft.id.clone(),
            false => source.clone().unwrap_or_else(|| path.to_string()),
        };
        Line {
            path,
            id,
            source,
            language: None,
            story: Some(Story {
                title: copy.title,
                byline: copy.byline,
                published: Moment(draft.published),
                updated: copy.updated,
                language: copy.language,
                summary: copy.summary,
                section: copy.section,
                lead: lead.map(Lead::of),
                pictures: shown.files.iter().map(Shown::of).collect(),
                // Faster than to look for faults, of which there are none.
                body: String::from_utf8(body)
                    .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
            }),
        }
    }
}

/// Where people find the original: not a file on the editor's machine.
fn original(draft: &Draft) -> Option<String> {
    let url = draft.address();
    let url = match draft.is_held && source::is_on_shelf(&url) {
        true => draft.canonical.as_deref().cloned(),
        false => Some(url),
    };
    url.filter(|url| !source::is_on_shelf(url))
        .map(String::from)
}
