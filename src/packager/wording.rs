//! Whether a text says something that it did not say before.
//!
//! 1. A text is compared as it was extracted, paragraph by paragraph: what else stands on its page does not count, nor do
//!    pictures and links.
//! 2. What goes does not count, and neither does what comes back: what stands on many other pages is left out for as long
//!    as it does. So what was left out counts among what was said.
//! 3. In a short line only letters count: a counter of readers is another at each visit.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

use super::extract;
use super::mark::Mark;
use crate::base::Timestamp;

/// The paragraphs of an article, in ascending order of a number that each is known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wording(Box<[u32]>);

impl Wording {
    /// `html` as [`extract`] or `site::clean` writes it.
    pub fn of(title: &str, html: &str) -> Self {
        let mut paragraphs = paragraphs(html);
        paragraphs.insert(digest(title, 0));
        Self(paragraphs.into_iter().collect())
    }

    /// Of `html` alone; `None` if it says nothing.
    pub fn of_lines(html: &str) -> Option<Self> {
        let paragraphs: Box<[u32]> = paragraphs(html).into_iter().collect();
        (!paragraphs.is_empty()).then_some(Self(paragraphs))
    }

    /// By which the same is known again when nothing else of it shall be left. It is one for all: only who has the whole text
    /// can tell that it was this one. What says little comes again, such as the picture of a day; so there the moment counts.
    pub fn mark(&self, published: Timestamp) -> Mark {
        let at = (self.0.len() < TELLING).then(|| published.to_string());
        let paragraphs: Vec<u8> = self.0.iter().flat_map(|one| one.to_be_bytes()).collect();
        Mark::of(&[&paragraphs, at.unwrap_or_default().as_bytes()])
    }

    /// Whether something stands in it that stands in none of those `before`.
    pub fn adds_to(&self, before: &[&Self]) -> bool {
        let stood = |one: &u32| before.iter().any(|said| said.0.binary_search(one).is_ok());
        !self.0.iter().all(stood)
    }

    /// Whether at least half of what stands in the longer one stands in both.
    pub fn is_alike(&self, other: &Self) -> bool {
        let stands = |one: &&u32| other.0.binary_search(one).is_ok();
        let shared = self.0.iter().filter(stands).count();
        shared * 2 >= self.0.len().max(other.0.len())
    }
}

/// The headline and so many paragraphs that two articles do not have all of them in common.
const TELLING: usize = 4;

fn paragraphs(html: &str) -> BTreeSet<u32> {
    let mut paragraphs = BTreeSet::new();
    let mut paragraph = String::new();
    for part in html.split_inclusive('>') {
        let (text, tag) = part.split_once('<').unwrap_or((part, ""));
        paragraph.push_str(text);
        if !is_inline(tag) {
            paragraphs.insert(digest(&std::mem::take(&mut paragraph), SHORT));
        }
    }
    paragraphs.insert(digest(&paragraph, SHORT));
    paragraphs.remove(&digest("", SHORT));
    paragraphs
}

/// What an article says now. Its wording is only made if it may have changed.
pub struct Saying<'a> {
    title: &'a str,
    body: &'a str,
    /// HTML of what was left out of the body, since it stands on many pages.
    left_out: &'a str,
    /// Of all that the source tells in it.
    pub mark: Mark,
    wording: OnceCell<Wording>,
}

impl<'a> Saying<'a> {
    pub fn new(title: &'a str, body: &'a str, left_out: &'a str, mark: Mark) -> Self {
        let wording = OnceCell::new();
        Self {
            title,
            body,
            left_out,
            mark,
            wording,
        }
    }

    pub fn is(&self, title: &str, body: &str) -> bool {
        (self.title, self.body) == (title, body)
    }

    pub fn wording(&self) -> &Wording {
        let make = || Wording::of(self.title, &[self.body, self.left_out].concat());
        self.wording.get_or_init(make)
    }

    /// Of what was left out, if that says anything.
    pub fn left_out(&self) -> Option<Wording> {
        Wording::of_lines(self.left_out)
    }
}

fn is_inline(tag: &str) -> bool {
    const INLINE: [&str; 13] = [
        "a", "b", "em", "strong", "i", "span", "sub", "sup", "code", "time", "abbr", "small", "img",
    ];
    let name = tag.trim_start_matches('/');
    let end = name.find(|c: char| !c.is_ascii_alphanumeric());
    INLINE.contains(&name.get(..end.unwrap_or(name.len())).unwrap_or_default())
}

/// A line that holds so few letters may be a counter.
const SHORT: usize = 40;

/// Numbers count in a text of more letters than `least`.
fn digest(text: &str, least: usize) -> u32 {
    let letters: String = extract::unescaped(text)
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect();
    let words: String = letters.chars().filter(|c| !c.is_numeric()).collect();
    let says = words.chars().nth(least).map_or(&words, |_| &letters);
    // One that is the same with every compiler: what it gives is kept.
    let mut hasher = SipHasher13::new();
    hasher.write(says.as_bytes());
    let [a, b, c, d, ..] = hasher.finish().to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_said_anew_counts() {
        let before = "<p>The ferry runs again, as many as 200 people said, <a href=/b>and</a> that is <em>good</em> news.</p>\n\
            <p>Nobody knows for how long.</p><p>Read 17 times</p><img src=1.webp>";
        let check = |old: &str, new: &str, expected: bool| {
            let after = Wording::of("The ferry", &before.replace(old, new));
            let before = Wording::of("The ferry", before);
            assert_eq!(after.adds_to(&[&before]), expected, "{new}");
        };
        check("", "", false);
        check("200", "300", true);
        check("17", "18", false);
        check("<a href=/b>and</a>", "<a href=../c/>and</a>", false);
        check("<em>good</em>", "good", false);
        check("<p>Nobody knows for how long.</p>", "", false);
        check("Nobody knows", "The minister knows", true);
        check("<img src=1.webp>", "<img src=2.webp><h2>Later</h2>", true);
        let renamed = Wording::of("A ferry", before);
        assert!(renamed.adds_to(&[&Wording::of("The ferry", before)]));
    }

    #[test]
    fn a_text_is_known_again_and_a_short_one_at_its_moment_only() {
        let [one, other] = ["2026-11-20T10:00:00Z", "2026-11-21T10:00:00Z"];
        let mark =
            |title: &str, html: &str, at: &str| Wording::of(title, html).mark(at.parse().unwrap());
        let long = "<p>The ferry runs.</p><p>The train runs.</p><p>The tram runs.</p>";
        assert_eq!(
            mark("A", long, one),
            mark("A", &long.replace("<p>", "<p dir=ltr>"), other)
        );
        assert_ne!(mark("A", long, one), mark("B", long, one));
        assert_ne!(
            mark("A", long, one),
            mark("A", &long.replace("tram", "bus"), one)
        );
        assert_eq!(mark("A", "<p>Rain.</p>", one), mark("A", "<p>Rain.", one));
        assert_ne!(
            mark("A", "<p>Rain.</p>", one),
            mark("A", "<p>Rain.</p>", other)
        );
    }

    #[test]
    fn texts_are_alike_that_have_half_of_their_paragraphs_in_common() {
        let text = |words: &[&str]| {
            let lines = words.iter().map(|word| format!("<p>The {word} runs.</p>"));
            Wording::of_lines(&lines.collect::<String>()).unwrap()
        };
        let check = |other: &[&str], expected: bool| {
            let (one, other) = (text(&["ferry", "train"]), text(other));
            assert_eq!(one.is_alike(&other), expected);
            assert_eq!(other.is_alike(&one), expected);
        };
        check(&["ferry", "train"], true);
        check(&["ferry"], true);
        check(&["ferry", "tram"], true);
        check(&["ferry", "tram", "bus"], false);
        check(&["tram"], false);
    }
}
