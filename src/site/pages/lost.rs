//! "Not found", and "withdrawn".

use askama::Template;

use super::super::frame::{Frame, NOT_FOUND, site_path};
use super::super::look::Look;
use super::super::style::{Kind, Scripts, Style};
use super::super::typesetter::Typesetter;
use super::super::words::Words;
use super::super::{Language, Newsroom, SiteIdentity};
use super::{Page, page};
use crate::base::SitePath;

#[derive(Template)]
#[template(config = "src/site/templates/askama.toml", path = "not_found.html")]
struct NotFoundPage<'a> {
    frame: Frame<'a>,
    tongues: Vec<&'static Words>,
}

pub fn not_found(language: &Language) -> Vec<u8> {
    not_found_in(vec![Words::of(&[language])], &Look::default())
}

/// For hosts that cannot ask which language a reader likes: all of them, the site's own first.
pub fn not_found_in_all(site: &SiteIdentity) -> Page {
    let own = Words::of(&[&site.language]);
    let others = Words::all()
        .iter()
        .filter(|w| w.language() != own.language());
    let tongues = [own].into_iter().chain(others).collect();
    (site_path(NOT_FOUND), not_found_in(tongues, &site.look))
}

fn not_found_in(tongues: Vec<&'static Words>, look: &Look) -> Vec<u8> {
    let words = tongues.first().copied().unwrap_or_else(|| Words::of(&[]));
    let style = Style::new(Kind::Text, Scripts::Mixed, look);
    let frame = Frame::standing_alone(words.say("not-found-title"), words, style);
    let template = NotFoundPage { frame, tongues };
    template
        .render()
        .expect("a template writes to memory")
        .into_bytes()
}

#[derive(Template)]
#[template(config = "src/site/templates/askama.toml", path = "withdrawn.html")]
struct WithdrawnPage<'a> {
    frame: Frame<'a>,
}

pub fn withdrawn(
    setter: &Typesetter<'_>,
    newsroom: &Newsroom,
    path: &SitePath,
    language: &Language,
) -> Page {
    let frame = Frame::of_newsroom(setter, newsroom, language, Kind::Text, path);
    let title = frame.words.say("withdrawn-title");
    let frame = frame.titled(&title);
    page(path.clone(), &WithdrawnPage { frame })
}
