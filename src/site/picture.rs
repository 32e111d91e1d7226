//! How a page shows a picture of an article.
//!
//! Every reader is shown the small one, of at most 10 KB, and may ask for the full one by following it. Only screens too
//! wide for a phone load the full one by themselves. Width decides and not density, as `srcset` with `w` would have it:
//! the sharpest screens are those of phones, on the thinnest lines. Text browsers see the words for it, with a link.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::links::relative;
use super::words::Words;
use super::{CleanHtml, Picture};
use crate::base::SitePath;

/// Wide enough for the full picture to be seen as such.
const WIDE: &str = "(min-width:62em)";

/// The lead picture of an article, which is on the screen at once.
pub fn lead(picture: &Picture, page: &SitePath, words: &Words) -> String {
    let Picture { width, height, .. } = picture;
    let size = format!("width=\"{width}\" height=\"{height}\"");
    let alt = escaped(&picture.alt);
    match &picture.small {
        Some(small) => both(
            &relative(page, &picture.path),
            &relative(page, small),
            &format!("{size} alt=\"{}\"", told(&alt, words)),
        ),
        None => format!(
            "<img src=\"{}\" {size} alt=\"{}\">",
            escaped(&relative(page, &picture.path)),
            told(&alt, words)
        ),
    }
}

/// The body of an article with its pictures shown so, and what scrolls within the reach of a keyboard.
pub fn in_body(body: &CleanHtml, page: &SitePath, words: &Words) -> String {
    let html = body.as_str();
    let mut shown = String::with_capacity(html.len() + 200);
    let (mut rest, mut is_in_link) = (html, false);
    while let Some(start) = rest.find('<') {
        let (text, tag_and_more) = rest.split_at(start);
        let (tag, more) = tag_and_more.split_at(end_of_tag(tag_and_more));
        shown.push_str(text);
        match small_of(tag, body, page).filter(|_| !is_in_link) {
            Some((full, small)) => shown.push_str(&both(&full, &small, &rest_of(tag, words))),
            None => shown.push_str(&reachable(tag, words)),
        }
        is_in_link = match tag {
            _ if tag.starts_with("<a ") => true,
            "</a>" => false,
            _ => is_in_link,
        };
        rest = more;
    }
    shown.push_str(rest);
    shown
}

/// The addresses of the picture that a tag shows and of its small one, if there is one.
fn small_of(tag: &str, body: &CleanHtml, page: &SitePath) -> Option<(String, String)> {
    let address = attribute(tag.strip_prefix("<img ")?, "src")?;
    let is_it = |picture: &&Picture| escaped(&relative(page, &picture.path)) == address;
    let small = body.pictures().iter().find(is_it)?.small.as_ref()?;
    Some((address.to_owned(), relative(page, small)))
}

/// A table may be wider than the screen, and then scrolls by the keys only if it can have the focus. A picture without words
/// of its own would keep its room where it is missing.
fn reachable<'t>(tag: &'t str, words: &Words) -> Cow<'t, str> {
    match tag {
        _ if tag.starts_with("<table") => tag.replacen("<table", "<table tabindex=\"0\"", 1).into(),
        _ if tag.starts_with("<img ") && attribute(tag, "alt") == Some("") => {
            let named = format!("alt=\"{}\"", told("", words));
            tag.replacen("alt=\"\"", &named, 1).into()
        }
        _ => tag.into(),
    }
}

/// All of an `img` but its address, as it was written.
fn rest_of(tag: &str, words: &Words) -> String {
    let mut rest = String::new();
    for name in ["width", "height", "loading"] {
        if let Some(value) = attribute(tag, name) {
            let _ = write!(rest, "{name}=\"{value}\" ");
        }
    }
    let alt = attribute(tag, "alt").unwrap_or_default();
    let _ = write!(rest, "alt=\"{}\"", told(alt, words));
    rest
}

/// Addresses are relative, so percent-encoded but for `&` and `'`.
fn both(full: &str, small: &str, rest: &str) -> String {
    let (full, small) = (escaped(full), escaped(small));
    format!(
        "<a href=\"{full}\"><picture><source media=\"{WIDE}\" srcset=\"{full}\"><img src=\"{small}\" {rest}></picture></a>"
    )
}

/// A link must have a name, though a picture need not; and a missing one without any keeps its room.
fn told(alt: &str, words: &Words) -> String {
    match alt.trim() {
        "" => escaped(&words.say("picture")),
        _ => alt.to_owned(),
    }
}

/// Behind the `>` that closes the tag; one inside a value does not. What is never closed is no tag.
fn end_of_tag(text: &str) -> usize {
    let mut is_quoted = false;
    let end = text.char_indices().find(|(_, c)| {
        is_quoted ^= *c == '"';
        *c == '>' && !is_quoted
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

/// As it stands in a tag that the cleaner wrote: between double quotes, escaped.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, behind) = tag.split_once(&format!("{name}=\""))?;
    behind.split('"').next()
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('"', "&quot;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}
