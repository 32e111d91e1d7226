//! The search of a newsroom: its page, and the index that the page looks into.

use askama::Template;

use super::super::frame::{Frame, SEARCH, room_path};
use super::super::links::relative;
use super::super::search;
use super::super::style::Kind;
use super::super::typesetter::{Room, Typesetter};
use super::archive::months;
use super::{Page, page};

#[derive(Template)]
#[template(config = "src/site/templates/askama.toml", path = "search.html")]
struct SearchPage<'a> {
    frame: Frame<'a>,
    name: &'a str,
    /// How many files each month has: `2026/10:2 2026/11:3`.
    files: String,
    /// See [`Words::days`](super::super::words::Words::days).
    days: Option<String>,
    script: &'static str,
    archive: String,
}

pub fn search(setter: &Typesetter<'_>, room: &Room<'_, '_>, lay: &mut dyn FnMut(Page)) {
    let newsroom = room.newsroom;
    let path = room_path(newsroom, SEARCH);
    let frame = Frame::of_newsroom(setter, newsroom, &newsroom.language, Kind::Search, &path);
    let mut counted = Vec::new();
    for (month, mut headlines) in months(room) {
        headlines.reverse();
        let files = search::files(&month, &headlines, &path, &newsroom.language, lay);
        let (_, folder) = month.folder.split_once('/').unwrap_or_default();
        counted.push(format!("{folder}:{files}"));
    }
    let title = frame.words.say("search");
    let days = frame.words.days().map(|days| days.join("|"));
    let template = SearchPage {
        archive: relative(&path, &room_path(newsroom, super::super::frame::ARCHIVE)),
        frame: frame.titled(&title),
        name: &newsroom.name,
        files: counted.join(" "),
        days,
        script: search::SCRIPT,
    };
    lay(page(path.clone(), &template));
}
