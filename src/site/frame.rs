//! What every page has around its content: head, masthead, ways to other pages, foot.

use crate::base::SitePath;

use super::links::relative;
use super::look::Logo;
use super::style::{Kind, Scripts, Style};
use super::typesetter::Typesetter;
use super::words::Words;
use super::{Language, Newsroom};

pub struct Frame<'a> {
    pub title: String,
    pub language: &'a Language,
    pub words: &'static Words,
    pub style: Style,
    /// Its masthead is the one of a front page.
    pub is_front: bool,
    /// `None` on a page that must stand by itself.
    pub links: Option<Links<'a>>,
}

pub struct Links<'a> {
    pub site: &'a str,
    pub home: String,
    pub about: String,
    pub icon: String,
    pub logo: Option<Mark<'a>>,
    /// Whose page this is.
    pub room: Option<RoomLinks<'a>>,
    /// On pages of the whole site.
    pub rooms: Vec<RoomLinks<'a>>,
}

/// A logo as a page addresses it.
pub struct Mark<'a> {
    pub address: String,
    pub logo: &'a Logo,
}

pub struct RoomLinks<'a> {
    pub name: &'a str,
    pub language: &'a Language,
    /// The newsroom and the site have one name, which need not be said twice.
    pub is_the_site: bool,
    pub front: String,
    pub archive: String,
    pub search: String,
    pub feed: String,
    pub rss: String,
}

pub const HOME: &str = "index.html";
pub const ABOUT: &str = "about.html";
pub const NOT_FOUND: &str = "404.html";
pub const ARCHIVE: &str = "archive.html";
pub const SEARCH: &str = "search.html";
pub const FEED: &str = "feed.xml";
pub const RSS: &str = "rss.xml";
pub const LOGO: &str = "logo.webp";
pub const ICON: &str = "assets/icon.svg";
pub const SITE_LOGO: &str = "assets/logo.webp";

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
    pub fn of_site(setter: &Typesetter<'a>, kind: Kind, page: &SitePath) -> Self {
        let site = setter.site;
        let scripts = match kind {
            Kind::List => Scripts::Mixed,
            _ => Scripts::Of(&site.language),
        };
        let rooms = setter.newsrooms.iter();
        Self {
            title: site.name.clone(),
            language: &site.language,
            words: Words::of(&[&site.language]),
            style: Style::new(kind, scripts, &site.look),
            is_front: false,
            links: Some(Links {
                rooms: rooms
                    .map(|room| RoomLinks::new(setter, room, page))
                    .collect(),
                logo: Mark::new(site.logo.as_ref(), page, &site_path(SITE_LOGO)),
                ..Links::new(setter, page, &site_path(ABOUT))
            }),
        }
    }

    /// Of a page of one newsroom, in `language`. It names no other newsroom, so that it need not change with them.
    pub fn of_newsroom(
        setter: &Typesetter<'a>,
        newsroom: &'a Newsroom,
        language: &'a Language,
        kind: Kind,
        page: &SitePath,
    ) -> Self {
        let site = setter.site;
        Self {
            title: newsroom.name.clone(),
            language,
            words: Words::of(&[language, &newsroom.language, &site.language]),
            style: Style::new(kind, Scripts::Of(language), &site.look),
            is_front: false,
            links: Some(Links {
                room: Some(RoomLinks::new(setter, newsroom, page)),
                logo: Mark::new(newsroom.logo.as_ref(), page, &room_path(newsroom, LOGO)),
                ..Links::new(setter, page, &room_path(newsroom, ABOUT))
            }),
        }
    }

    /// Of a page that is shown under any address, so that no link to another page holds.
    pub fn standing_alone(title: String, words: &'static Words, style: Style) -> Self {
        Self {
            title,
            language: words.language(),
            words,
            style,
            is_front: false,
            links: None,
        }
    }

    /// The language of the words, where it is not that of the page because there are none in it.
    pub fn tongue(&self) -> Option<&Language> {
        let words = self.words.language();
        (words.primary() != self.language.primary()).then_some(words)
    }

    /// An attribute for a name in `language`, where that is not the language of the page.
    pub fn speaks(&self, language: &Language) -> String {
        match language.primary() == self.language.primary() {
            true => String::new(),
            false => format!(" lang=\"{language}\""),
        }
    }

    pub fn titled(self, title: &str) -> Self {
        let title = format!("{title} · {}", self.title);
        Self { title, ..self }
    }

    pub fn fronting(self) -> Self {
        Self {
            is_front: true,
            ..self
        }
    }
}

impl<'a> Links<'a> {
    fn new(setter: &Typesetter<'a>, page: &SitePath, about: &SitePath) -> Self {
        Self {
            site: &setter.site.name,
            home: relative(page, &site_path(HOME)),
            about: relative(page, about),
            icon: relative(page, &site_path(ICON)),
            logo: None,
            room: None,
            rooms: Vec::new(),
        }
    }
}

impl<'a> Mark<'a> {
    fn new(logo: Option<&'a Logo>, page: &SitePath, place: &SitePath) -> Option<Self> {
        logo.map(|logo| Self {
            address: relative(page, place),
            logo,
        })
    }
}

impl<'a> RoomLinks<'a> {
    pub fn new(setter: &Typesetter<'a>, newsroom: &'a Newsroom, page: &SitePath) -> Self {
        let to = |file| relative(page, &room_path(newsroom, file));
        Self {
            name: &newsroom.name,
            language: &newsroom.language,
            is_the_site: newsroom.name == setter.site.name,
            front: to(HOME),
            archive: to(ARCHIVE),
            search: to(SEARCH),
            feed: to(FEED),
            rss: to(RSS),
        }
    }
}
