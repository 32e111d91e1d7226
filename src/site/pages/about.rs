//! "About this mirror": who signed, how old it is, how to check it, where else to find the site.

use askama::Template;

use super::super::frame::{ABOUT, Frame, room_path, site_path};
use super::super::headline::Headline;
use super::super::style::Kind;
use super::super::typesetter::{Room, Typesetter};
use super::super::{About, SmallCopy};
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
    /// Address and name of each small copy.
    small: Vec<(String, String)>,
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
    let small = setter.about.small.iter();
    let small = small.map(|copy| {
        let name = frame.words.small_copy(copy.variant.word(), copy.bytes);
        (on_a_mirror(&path, copy), name)
    });
    let template = AboutPage {
        small: small.collect(),
        newest: newest.map(|headline| frame.words.newest(headline.published, headline.clock)),
        frame: frame.titled(&title),
        site: &setter.site.name,
        about: setter.about,
    };
    page(path, &template)
}

/// On a disk there is no such file; the page says so.
fn on_a_mirror(path: &SitePath, copy: &SmallCopy) -> String {
    let up = "../".repeat(path.as_str().matches('/').count());
    format!("{up}.colport/bundle/{}.tar.gz", copy.variant.word())
}
