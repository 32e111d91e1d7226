//! From a draft that has its place to the line that is kept of the article: its pictures made, its HTML cleaned.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::archive::{Lead, Line, Moment, Said, Shown, Slip, Story};
use super::cache::{Key, Kind};
use super::draft::{self, Background, Copy, Draft};
use super::extract::LeftOut;
use super::gather::{LostPicture, Skipped};
use super::links::{Inside, Known};
use super::placing::Placed;
use super::source;
use super::studio::{self, Finished, Studio};
use super::trace::{PROGRAM, traced};
use super::wording::Wording;
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
    /// What it says, if it lies with its source.
    pub said: Option<(String, Said)>,
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
        let mut slip = Slip::of(&line, is_fleeting, self.background.drawer);
        slip.told_by = draft.teller.as_ref().map(|teller| Arc::clone(&teller.name));
        Ok(Done {
            slip,
            undated: undated.then(|| (draft.id.clone(), draft.published)),
            said: match is_fleeting {
                true => None,
                false => line.said().map(|said| (draft.id, said)),
            },
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
        // What was read from the cache is text unless the disk is faulty.
        let body = String::from_utf8(body)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        let updated = self.updated(draft, &copy, &body);
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
            told_by: draft.teller.as_ref().map(|teller| (*teller.name).into()),
            read_by: draft.is_fleeting().then(|| PROGRAM.to_owned()),
            language: None,
            story: Some(Story {
                title: copy.title,
                byline: copy.byline,
                published: Moment(draft.published),
                updated,
                language: copy.language,
                summary: copy.summary,
                section: copy.section,
                lead: lead.map(Lead::of),
                pictures: shown.files.iter().map(Shown::of).collect(),
                body,
            }),
        }
    }
}

impl Galley<'_> {
    /// When it was changed at the source. Where the source does not say so, as RSS cannot, it was now if it says
    /// something new.
    fn updated(&self, draft: &Draft, copy: &Copy, body: &str) -> Option<Moment> {
        let told = copy.updated;
        let said = self.background.archive.said(&draft.id, draft.is_fleeting());
        let Some((before, updated)) = said else {
            return told;
        };
        let at = |moment: Option<Moment>| moment.map(|moment| moment.0);
        if at(told) > at(updated) {
            return told;
        }
        let says_anew = |before| Wording::of(&copy.title, body).adds_to(&before);
        let now = self.background.now;
        match before.is_some_and(says_anew) && draft::is_noticeable(now, draft.published) {
            true => Some(Moment(now)),
            false => updated,
        }
    }
}

/// Where people find the original: not a file on the editor's machine, nor the feed that told it.
fn original(draft: &Draft) -> Option<String> {
    if !draft.has_original {
        return None;
    }
    let url = draft.address();
    let url = match draft.is_held && source::is_on_shelf(&url) {
        true => draft.canonical.as_deref().cloned(),
        false => Some(url),
    };
    url.filter(|url| !source::is_on_shelf(url))
        .map(String::from)
}
