//! The home page, and the front pages of newsrooms.

use askama::Template;

use super::super::frame::{Frame, HOME, RoomLinks, room_path, site_path};
use super::super::links::relative;
use super::super::story::Story;
use super::super::style::Kind;
use super::super::typesetter::{Room, Typesetter};
use super::super::words::Words;
use super::archive::months;
use super::lists::{month_path, sections_of};
use super::{Page, page};
use crate::base::SitePath;

/// Stories on a front page: one on top, a row of cards with pictures, then headlines.
const CARDS: usize = 3;
const FRONT_STORIES: usize = 30;

/// Stories of each newsroom on the home page.
const HOME_STORIES: usize = 5;

/// Sections that a front page names; the contents of the archive names all.
const SECTIONS: usize = 8;

#[derive(Template)]
#[template(config = "src/site/templates/askama.toml", path = "home.html")]
struct HomePage<'a> {
    frame: Frame<'a>,
    rooms: Vec<Shown<'a>>,
}

/// A newsroom on the home page.
struct Shown<'a> {
    links: RoomLinks<'a>,
    tagline: &'a str,
    stories: Vec<Story>,
}

/// Of a site with one newsroom it is that one's front page.
pub fn home(setter: &Typesetter<'_>, rooms: &[Room<'_, '_>]) -> Page {
    let path = site_path(HOME);
    if let [room] = rooms {
        return front_at(setter, room, path);
    }
    let shown = rooms.iter().map(|room| Shown {
        links: RoomLinks::new(setter, room.newsroom, &path),
        tagline: &room.newsroom.tagline,
        stories: home_stories(room, &path),
    });
    let template = HomePage {
        frame: Frame::of_site(setter, Kind::List, &path).fronting(),
        rooms: shown.collect(),
    };
    page(path.clone(), &template)
}

fn home_stories(room: &Room<'_, '_>, path: &SitePath) -> Vec<Story> {
    let language = &room.newsroom.language;
    let words = Words::of(&[language]);
    let stories = room.headlines.iter().take(HOME_STORIES).enumerate();
    stories
        .map(|(index, headline)| match index {
            0 => Story::pictured(headline, path, words, language),
            _ => Story::told(headline, path, words, language).short(),
        })
        .collect()
}

#[derive(Template)]
#[template(config = "src/site/templates/askama.toml", path = "newsroom.html")]
struct FrontPage<'a> {
    frame: Frame<'a>,
    tagline: &'a str,
    sections: Vec<Way<'a>>,
    lead: Option<Story>,
    cards: Vec<Story>,
    list: Vec<Story>,
    older: Option<String>,
}

struct Way<'a> {
    address: String,
    title: &'a str,
}

/// The front page of a newsroom.
pub fn front(setter: &Typesetter<'_>, room: &Room<'_, '_>) -> Page {
    front_at(setter, room, room_path(room.newsroom, HOME))
}

fn front_at(setter: &Typesetter<'_>, room: &Room<'_, '_>, path: SitePath) -> Page {
    let newsroom = room.newsroom;
    let language = &newsroom.language;
    let frame = Frame::of_newsroom(setter, newsroom, language, Kind::List, &path).fronting();
    let words = frame.words;
    let sections = sections_of(room);
    let mut headlines = room.headlines.iter().take(FRONT_STORIES);
    let pictured = |headline| Story::pictured(headline, &path, words, language);
    let template = FrontPage {
        tagline: &newsroom.tagline,
        lead: headlines.next().copied().map(pictured),
        cards: headlines
            .by_ref()
            .take(CARDS)
            .copied()
            .map(pictured)
            .collect(),
        list: headlines
            .map(|headline| Story::told(headline, &path, words, language))
            .collect(),
        sections: sections
            .iter()
            .take(SECTIONS)
            .map(|section| Way {
                address: relative(&path, &section.path),
                title: section.name,
            })
            .collect(),
        older: months(room)
            .last_key_value()
            .map(|(month, _)| relative(&path, &month_path(month))),
        frame,
    };
    page(path.clone(), &template)
}
