//! Lists of articles over several pages: those of a month, and those of a section.
//!
//! Pages are numbered from the oldest articles on, and hold [`EACH`]. A new article changes the last page only, which
//! is `index.html` and holds what the numbered ones do not: one to two times [`EACH`].

use std::collections::BTreeMap;

use askama::Template;

use super::super::Newsroom;
use super::super::frame::{Frame, site_path};
use super::super::headline::{Headline, Month};
use super::super::links::relative;
use super::super::story::Story;
use super::super::style::Kind;
use super::super::typesetter::{Room, Typesetter};
use super::{Page, page};
use crate::base::SitePath;

const EACH: usize = 25;

/// Articles that belong together, the newest first, under one heading.
pub(super) struct List<'a, 'h> {
    /// Such as `be/2026/11`.
    pub folder: String,
    pub heading: String,
    pub newsroom: &'a Newsroom,
    pub headlines: Vec<&'h Headline>,
    /// Where the list goes on with newer and older ones.
    pub newer: Option<SitePath>,
    pub older: Option<SitePath>,
}

#[derive(Template)]
#[template(config = "src/site/templates/askama.toml", path = "list.html")]
struct ListPage<'a> {
    frame: Frame<'a>,
    heading: &'a str,
    stories: Vec<Story>,
    newer: Option<String>,
    older: Option<String>,
}

impl<'a> List<'a, '_> {
    pub fn pages(&self, setter: &Typesetter<'a>, lay: &mut dyn FnMut(Page)) {
        let numbered = (self.headlines.len() / EACH).saturating_sub(1);
        let (newest, mut rest) = self
            .headlines
            .split_at(self.headlines.len() - numbered * EACH);
        lay(self.page(setter, newest, 0, numbered));
        for number in (1..=numbered).rev() {
            let (part, older) = rest.split_at(EACH.min(rest.len()));
            lay(self.page(setter, part, number, numbered));
            rest = older;
        }
    }

    /// `number` 0 is the newest page.
    fn page(
        &self,
        setter: &Typesetter<'a>,
        headlines: &[&Headline],
        number: usize,
        numbered: usize,
    ) -> Page {
        let path = self.path(number);
        let language = &self.newsroom.language;
        let frame = Frame::of_newsroom(setter, self.newsroom, language, Kind::List, &path);
        let (newer, older) = match number {
            0 if numbered > 0 => (self.newer.clone(), Some(self.path(numbered))),
            0 => (self.newer.clone(), self.older.clone()),
            1 if numbered == 1 => (Some(self.path(0)), self.older.clone()),
            1 => (Some(self.path(2)), self.older.clone()),
            last if last == numbered => (Some(self.path(0)), Some(self.path(last - 1))),
            middle => (Some(self.path(middle + 1)), Some(self.path(middle - 1))),
        };
        let words = frame.words;
        let stories = headlines.iter();
        let template = ListPage {
            frame: frame.titled(&self.heading),
            heading: &self.heading,
            stories: stories
                .map(|headline| Story::told(headline, &path, words, language))
                .collect(),
            newer: newer.map(|newer| relative(&path, &newer)),
            older: older.map(|older| relative(&path, &older)),
        };
        page(path.clone(), &template)
    }

    fn path(&self, number: usize) -> SitePath {
        let name = match number {
            0 => "index".to_owned(),
            number => number.to_string(),
        };
        site_path(&format!("{}/{name}.html", self.folder))
    }
}

pub(super) fn month_path(month: &Month) -> SitePath {
    site_path(&format!("{}/index.html", month.folder))
}

/// A section as it is found in articles.
pub(super) struct Section<'h> {
    pub name: &'h str,
    pub path: SitePath,
    pub headlines: Vec<&'h Headline>,
}

/// The sections of a newsroom, those with most articles first. Of two spellings the newest is its name.
pub(super) fn sections_of<'h>(room: &Room<'_, 'h>) -> Vec<Section<'h>> {
    let mut sections: BTreeMap<SitePath, Section<'h>> = BTreeMap::new();
    for headline in &room.headlines {
        let Some(name) = headline.section.as_deref() else {
            continue;
        };
        let Some(path) = section_path(room.newsroom, name) else {
            continue;
        };
        let section = sections.entry(path.clone()).or_insert_with(|| Section {
            name,
            path,
            headlines: Vec::new(),
        });
        section.headlines.push(headline);
    }
    let mut sections: Vec<_> = sections.into_values().collect();
    sections.sort_by_key(|section| std::cmp::Reverse(section.headlines.len()));
    sections.truncate(MOST_SECTIONS);
    sections
}

/// Their pages are signed in one list with the newsroom's front pages, and any source may name any number of them. The
/// links of rare ones beyond lead nowhere.
const MOST_SECTIONS: usize = 1000;

/// Where the page of a section lies; `None` if its name has no letter.
pub(super) fn section_path(newsroom: &Newsroom, name: &str) -> Option<SitePath> {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let slug: String = words.join("-").chars().take(LONGEST_SLUG).collect();
    if slug.is_empty() {
        return None;
    }
    SitePath::parse(&format!("{}/section/{slug}/index.html", newsroom.id)).ok()
}

/// In characters.
const LONGEST_SLUG: usize = 40;

/// The pages of all sections.
pub fn sections(setter: &Typesetter<'_>, room: &Room<'_, '_>, lay: &mut dyn FnMut(Page)) {
    for section in sections_of(room) {
        let folder = section.path.as_str().strip_suffix("/index.html");
        let list = List {
            folder: folder.unwrap_or_default().to_owned(),
            heading: section.name.to_owned(),
            newsroom: room.newsroom,
            headlines: section.headlines,
            newer: None,
            older: None,
        };
        list.pages(setter, lay);
    }
}
