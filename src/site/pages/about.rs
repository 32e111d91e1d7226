//! "About this mirror": who signed, how old it is, how to check it, where else to find the site.

use askama::Template;

use super::super::About;
use super::super::frame::{ABOUT, Frame, room_path, site_path};
use super::super::headline::Headline;
use super::super::style::Kind;
use super::super::typesetter::{Room, Typesetter};
use super::{Page, page};
use crate::base::{Fingerprint, SitePath};

#[derive(Template)]
#[template(config = "src/site/templates/askama.toml", path = "about.html")]
struct AboutPage<'a> {
    frame: Frame<'a>,
    site: &'a str,
    about: &'a About,
    /// When the newest article was published.
    newest: Option<String>,
}

impl AboutPage<'_> {
    fn spoken(&self, fingerprint: &Fingerprint) -> String {
        fingerprint.words().join(" ")
    }
}

/// Of the whole site, in its language.
pub fn about_site(setter: &Typesetter<'_>, newest: Option<&Headline>) -> Page {
    let path = site_path(ABOUT);
    let frame = Frame::of_site(setter, Kind::Text, &path);
    written(setter, path, frame, newest)
}

/// Of a newsroom, in its language.
pub fn about_newsroom(setter: &Typesetter<'_>, room: &Room<'_, '_>) -> Page {
    let newsroom = room.newsroom;
    let path = room_path(newsroom, ABOUT);
    let frame = Frame::of_newsroom(setter, newsroom, &newsroom.language, Kind::Text, &path);
    written(setter, path, frame, room.headlines.first().copied())
}

fn written(
    setter: &Typesetter<'_>,
    path: SitePath,
    frame: Frame<'_>,
    newest: Option<&Headline>,
) -> Page {
    let title = frame.words.say("about");
    let template = AboutPage {
        newest: newest.map(|headline| frame.words.newest(headline.published)),
        frame: frame.titled(&title),
        site: &setter.site.name,
        about: setter.about,
    };
    page(path, &template)
}
