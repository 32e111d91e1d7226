//! From a draft that has its place to the line that is kept of the article: its pictures made, its HTML cleaned.

use std::collections::BTreeMap;
use std::sync::Arc;

use url::Url;

use super::archive::{Before, Lead, Line, Lying, Moment, Said, Shown, Slip, Story};
use super::cache::{Key, Kind};
use super::dating;
use super::draft::{Background, Copy, Draft};
use super::extract::LeftOut;
use super::gather::{LostPicture, Skipped};
use super::links::{Inside, Known};
use super::placing::Placed;
use super::source;
use super::studio::{self, Finished, Studio};
use super::trace::{self, PROGRAM};
use super::wording::{Saying, Wording};
use crate::base::{SitePath, Timestamp};
use crate::io::reach::is_private;
use crate::site;

/// What all articles of a newsroom have in common.
pub struct Galley<'a> {
    pub studio: &'a Studio<'a>,
    pub inside: &'a Inside,
    pub background: Background<'a>,
}

/// An article with its pictures.
pub struct Done {
    pub slip: Arc<Slip>,
    /// What the folder calls it, if it came from one and tells no date.
    pub undated: Option<(Box<str>, Timestamp)>,
    /// Its id, if what is kept of it gives way.
    pub taken_over: Option<String>,
    /// What it says, if it lies with its source and did not say so before.
    pub said: Option<Said>,
    pub pictures: Vec<(SitePath, Finished)>,
    pub lost_pictures: Vec<LostPicture>,
    pub left_out: Vec<LeftOut>,
}

/// Of an article, cleaned.
struct Body {
    html: String,
    /// Where it lies, and what it was made of beside that key.
    lies: Option<Lying>,
    trace: Vec<u8>,
}

impl Galley<'_> {
    pub async fn article(&self, placed: Placed) -> Result<Done, Skipped> {
        let Placed { draft, path } = placed;
        let made = self.made(&draft, path).await;
        made.ok_or_else(|| Skipped {
            what: draft.id,
            why: "the disk lost what was read of it, or it has changed meanwhile; run this again"
                .into(),
        })
    }

    async fn made(&self, draft: &Draft, path: SitePath) -> Option<Done> {
        let mut copy = draft.copy()?;
        if draft.is_in_doubt(&copy) {
            draft.complete(&mut copy, self.background).await?;
        }
        let shown = match draft.copied.is_empty() {
            true => self.studio.pictures_of(draft, &copy.read, &path).await,
            // Nothing of it will be shown.
            false => studio::Shown::default(),
        };
        let body = self.body(draft, &mut copy, &path, &shown).await?;
        let left_out = std::mem::take(&mut copy.left_out);
        let aside: String = left_out.iter().map(|one| &*one.html).collect();
        let (line, said) = self.line(draft, copy, (body.html, &aside), path, &shown);
        let is_fleeting = draft.is_fleeting();
        let is_given = || self.background.archive.has_given_date(&draft.id);
        let undated = draft.is_undated && !is_fleeting && !is_given();
        let drawer = self.background.drawer;
        let mut slip = match body.lies.filter(|_| !is_fleeting) {
            Some(lies) => Slip::without_body(line, &lies, &body.trace, drawer),
            None => Slip::of(&line, is_fleeting, drawer),
        };
        slip.told_by = draft.teller.as_ref().map(|teller| Arc::clone(&teller.name));
        Some(Done {
            slip: slip.into(),
            undated: undated.then(|| (draft.id.as_str().into(), draft.published)),
            taken_over: draft.takes_over.then(|| draft.id.clone()),
            said,
            pictures: shown.files,
            lost_pictures: shown.lost,
            left_out,
        })
    }

    async fn body(
        &self,
        draft: &Draft,
        copy: &mut Copy,
        path: &SitePath,
        shown: &studio::Shown,
    ) -> Option<Body> {
        let base = draft.base();
        let withheld = draft.withheld();
        let known = Known {
            base: &base,
            inside: self.inside,
            told_by: draft.told_by(),
            withheld,
            pictures: &shown.by_address,
        };
        // In their order, so that the key is always the same.
        let pictures: BTreeMap<_, _> = shown.by_address.iter().collect();
        // Of one that is not shown above the text the words stand at its head.
        let lead = copy.read.lead.as_ref();
        let lead = lead.filter(|lead| !shown.by_address.contains_key(lead.src.as_str()));
        let mut head = String::new();
        if let Some(lead) = lead.filter(|lead| lead.caption.is_some()) {
            lead.write_html(&mut head);
        }
        // A source of which more is withheld by now has another name.
        let teller = draft.told_by().filter(|_| !withheld.is_none());
        let teller = teller.unwrap_or_default();
        let on = format!("{path} {base} {pictures:?} {teller} {head}");
        let html = copy.html_mark();
        let key = Key::of(&[PROGRAM.as_bytes(), on.as_bytes(), html.as_bytes()]);
        let at = (&**self.background.cache, Kind::Articles, key);
        let done = match trace::found(at, &known) {
            Some(done) => done,
            None => {
                draft.complete(copy, self.background).await?;
                let html = head + &copy.read.html;
                trace::made(at, &known, |resolve| {
                    site::clean(&html, path, resolve).as_str().into()
                })
            }
        };
        let place = self.background.cache.place(Kind::Articles, key);
        // A place that is no text cannot be noted.
        let is_there = done.is_kept && place.to_str().is_some();
        Some(Body {
            lies: is_there.then_some(Lying { place, key }),
            trace: done.trace().into(),
            // What was read from the cache is text unless the disk is faulty.
            html: String::from_utf8(done.into_content())
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        })
    }

    /// With what is to be noted of what it says, if that is new and it lies with its source.
    fn line(
        &self,
        draft: &Draft,
        copy: Copy,
        (body, left_out): (String, &str),
        path: SitePath,
        shown: &studio::Shown,
    ) -> (Line, Option<Said>) {
        let saying = Saying::new(&copy.title, &body, left_out, copy.mark());
        let archive = self.background.archive;
        let before = archive.before(&draft.id, draft.is_fleeting(), &saying);
        // It is not newer than the words of another.
        let before = before.filter(|_| !draft.takes_over);
        let updated = self.updated(draft, copy.updated, before.as_ref());
        let is_known = before.as_ref().is_some_and(|before| before.is_same);
        let left_out = left_out_so_far(&saying, before);
        let said = (!draft.is_fleeting() && !is_known)
            .then(|| Said::lay(&draft.id, &saying, updated, self.background.drawer));
        let lead = copy.read.lead.as_ref();
        let lead = lead.and_then(|lead| shown.by_address.get(lead.src.as_str()));
        let source = original(draft);
        let id = match draft.is_fleeting() {
            true => draft.id.clone(),
            false => source.clone().unwrap_or_else(|| path.to_string()),
        };
        // Of one that has no address of its own, the source may be a feed.
        let mut also = draft.also();
        if Url::parse(&id).is_ok() {
            also.retain(|name| source.as_ref() != Some(name));
        }
        let line = Line {
            path,
            id,
            source,
            also,
            told_by: draft.told_by().map(Box::from),
            is_hearsay: draft.alone_says().is_some(),
            own_id: copy.own_id,
            read_by: draft.is_fleeting().then(|| PROGRAM.to_owned()),
            left_out: left_out.filter(|_| draft.is_fleeting()),
            language: None,
            said: None,
            story: Some(Story {
                title: copy.title,
                byline: copy.byline,
                published: Moment(draft.published),
                minutes_ahead: draft.clock.minutes_ahead(),
                updated,
                language: copy.language,
                summary: copy.summary,
                section: copy.section,
                lead: lead.map(Lead::of),
                pictures: shown.files.iter().map(Shown::of).collect(),
                body,
            }),
        };
        (line, said)
    }

    /// When it was changed at the source. Where the source does not say so, as RSS cannot, it was now if it says
    /// something new.
    fn updated(
        &self,
        draft: &Draft,
        told: Option<Moment>,
        before: Option<&Before>,
    ) -> Option<Moment> {
        let Some(before) = before else {
            return told;
        };
        let at = |moment: Option<Moment>| moment.map(|moment| moment.0);
        if at(told) > at(before.updated) {
            return told;
        }
        let now = self.background.now;
        match before.says_less && dating::is_noticeable(now, draft.published) {
            true => Some(Moment(dating::hour(now).max(draft.published))),
            false => before.updated,
        }
    }
}

/// As long as the article says the same, what was left out of it before is not forgotten, so that its line is the same.
fn left_out_so_far(saying: &Saying<'_>, before: Option<Before>) -> Option<Wording> {
    let now = saying.left_out();
    let known = before.filter(|before| before.is_same);
    let known = known.and_then(|before| before.left_out);
    let holds_all = |known: &Wording| now.as_ref().is_none_or(|now| !now.adds_to(&[known]));
    known.filter(holds_all).or(now)
}

/// Where people find the original: not a file on the editor's machine or a host in the newsroom's network, nor the feed
/// that told it. A partner could say of what he made up that it was first published by the newsroom, so only the first
/// source is believed that alone says so.
fn original(draft: &Draft) -> Option<String> {
    let is_of_first = draft.terms.source == 0;
    if !draft.has_original || draft.alone_says().is_some() && !is_of_first {
        return None;
    }
    let url = draft.address();
    let url = match draft.is_held && source::is_on_shelf(&url) {
        true => draft.canonical_url(),
        false => Some(url),
    };
    let url = url.filter(|url| !source::is_on_shelf(url) && !is_private(url))?;
    draft.withheld().shown(&url).map(String::from)
}
