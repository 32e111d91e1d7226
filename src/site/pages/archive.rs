//! The archive of a newsroom: its contents, and the lists of its months.

use std::collections::BTreeMap;

use askama::Template;

use super::super::frame::{ARCHIVE, Frame, room_path};
use super::super::headline::{Headline, Month};
use super::super::links::relative;
use super::super::style::Kind;
use super::super::typesetter::{Room, Typesetter};
use super::lists::{List, month_path, sections_of};
use super::{Page, page};

#[derive(Template)]
#[template(config = "src/site/templates/askama.toml", path = "archive.html")]
struct ArchivePage<'a> {
    frame: Frame<'a>,
    years: Vec<Year>,
    sections: Vec<Entry>,
}

struct Year {
    title: String,
    months: Vec<Entry>,
}

/// A line of the contents.
struct Entry {
    address: String,
    title: String,
    count: String,
}

/// The months of a newsroom with their articles, the newest first.
pub(super) fn months<'h>(room: &Room<'_, 'h>) -> BTreeMap<Month, Vec<&'h Headline>> {
    let mut months: BTreeMap<Month, Vec<&Headline>> = BTreeMap::new();
    for headline in &room.headlines {
        if let Some(month) = headline.month() {
            months.entry(month).or_default().push(headline);
        }
    }
    months
}

/// The contents, and the pages of each month.
pub fn archive(setter: &Typesetter<'_>, room: &Room<'_, '_>, lay: &mut dyn FnMut(Page)) {
    let months = months(room);
    lay(contents(setter, room, &months));
    let order: Vec<&Month> = months.keys().collect();
    for (index, (month, headlines)) in months.iter().enumerate() {
        let beside = |index: Option<usize>| Some(month_path(order.get(index?)?));
        let words =
            super::super::words::Words::of(&[&room.newsroom.language, &setter.site.language]);
        let list = List {
            folder: month.folder.clone(),
            heading: words.month(month.year, month.month),
            newsroom: room.newsroom,
            headlines: headlines.clone(),
            newer: None,
            older: beside(index.checked_sub(1)),
        };
        list.pages(setter, lay);
    }
}

fn contents(
    setter: &Typesetter<'_>,
    room: &Room<'_, '_>,
    months: &BTreeMap<Month, Vec<&Headline>>,
) -> Page {
    let newsroom = room.newsroom;
    let path = room_path(newsroom, ARCHIVE);
    let frame = Frame::of_newsroom(setter, newsroom, &newsroom.language, Kind::Archive, &path);
    let words = frame.words;
    let mut years: BTreeMap<i32, Vec<Entry>> = BTreeMap::new();
    for (month, headlines) in months.iter().rev() {
        years.entry(month.year).or_default().push(Entry {
            address: relative(&path, &month_path(month)),
            title: words.month(month.year, month.month),
            count: words.articles(headlines.len()),
        });
    }
    let year = |(year, months)| Year {
        title: words.number(year),
        months,
    };
    let section = |section: super::lists::Section<'_>| Entry {
        address: relative(&path, &section.path),
        title: section.name.to_owned(),
        count: words.articles(section.headlines.len()),
    };
    let template = ArchivePage {
        frame: frame.titled(&words.say("archive")),
        years: years.into_iter().rev().map(year).collect(),
        sections: sections_of(room).into_iter().map(section).collect(),
    };
    page(path.clone(), &template)
}
