//! What every page has around its content: head, masthead, ways to other pages, foot.

use crate::base::SitePath;

use super::links::relative;
use super::style::{STYLE, Style};
use super::words::Words;
use super::{Language, Newsroom, SiteIdentity};

pub struct Frame<'a> {
    pub title: String,
    pub language: &'a Language,
    pub words: &'static Words,
    pub style: &'static Style,
    /// `None` on a page that must stand by itself.
    pub links: Option<Links<'a>>,
}

pub struct Links<'a> {
    pub site: &'a str,
    pub home: String,
    pub about: String,
    pub icon: String,
    /// Whose page this is.
    pub room: Option<RoomLinks<'a>>,
    /// On pages of the whole site.
    pub rooms: Vec<RoomLinks<'a>>,
}

pub struct RoomLinks<'a> {
    pub name: &'a str,
    pub language: &'a Language,
    /// The newsroom and the site have one name, which need not be said twice.
    pub is_the_site: bool,
    pub front: String,
    pub archive: String,
    pub feed: String,
}

pub const HOME: &str = "index.html";
pub const ABOUT: &str = "about.html";
pub const NOT_FOUND: &str = "404.html";
pub const ICON: &str = "assets/icon.svg";

/// A path of ours below the root of the site.
pub fn site_path(text: &str) -> SitePath {
    SitePath::parse(text).expect("names of our own files are site paths")
}

/// A path of ours below the folder of a newsroom.
pub fn room_path(newsroom: &Newsroom, file: &str) -> SitePath {
    site_path(&format!("{}/{file}", newsroom.id))
}

impl<'a> Frame<'a> {
    /// Of a page of the whole site.
    pub fn of_site(site: &'a SiteIdentity, newsrooms: &'a [Newsroom], page: &SitePath) -> Self {
        let rooms = newsrooms
            .iter()
            .map(|newsroom| RoomLinks::new(site, newsroom, page))
            .collect();
        Self {
            title: site.name.clone(),
            language: &site.language,
            words: Words::of(&[&site.language]),
            style: &STYLE,
            links: Some(Links {
                rooms,
                ..Links::new(site, page, &site_path(ABOUT))
            }),
        }
    }

    /// Of a page of one newsroom, in `language`. It names no other newsroom, so that it need not change with them.
    pub fn of_newsroom(
        site: &'a SiteIdentity,
        newsroom: &'a Newsroom,
        language: &'a Language,
        page: &SitePath,
    ) -> Self {
        Self {
            title: newsroom.name.clone(),
            language,
            words: Words::of(&[language, &newsroom.language, &site.language]),
            style: &STYLE,
            links: Some(Links {
                room: Some(RoomLinks::new(site, newsroom, page)),
                ..Links::new(site, page, &room_path(newsroom, ABOUT))
            }),
        }
    }

    /// Of a page that is shown under any address, so that no relative link holds.
    pub fn standing_alone(title: String, words: &'static Words) -> Self {
        Self {
            title,
            language: words.language(),
            words,
            style: &STYLE,
            links: None,
        }
    }

    /// The language of the words, where it is not that of the page because there are none in it.
    pub fn tongue(&self) -> Option<&Language> {
        let words = self.words.language();
        (words.primary() != self.language.primary()).then_some(words)
    }

    pub fn titled(self, title: &str) -> Self {
        let title = format!("{title} · {}", self.title);
        Self { title, ..self }
    }
}

impl<'a> Links<'a> {
    fn new(site: &'a SiteIdentity, page: &SitePath, about: &SitePath) -> Self {
        Self {
            site: &site.name,
            home: relative(page, &site_path(HOME)),
            about: relative(page, about),
            icon: relative(page, &site_path(ICON)),
            room: None,
            rooms: Vec::new(),
        }
    }
}

impl<'a> RoomLinks<'a> {
    pub fn new(site: &SiteIdentity, newsroom: &'a Newsroom, page: &SitePath) -> Self {
        let to = |file| relative(page, &room_path(newsroom, file));
        Self {
            name: &newsroom.name,
            language: &newsroom.language,
            is_the_site: newsroom.name == site.name,
            front: to(HOME),
            archive: to(ARCHIVE),
            feed: to(FEED),
        }
    }
}

pub const ARCHIVE: &str = "archive.html";
pub const FEED: &str = "feed.xml";
