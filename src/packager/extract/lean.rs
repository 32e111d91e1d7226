//! A page without what changes on it from day to day although its article does not: boxes of other articles, comments
//! and advertisements, the numbers of scripts and forms. All that is read later is read of what is left, so pages that
//! differ in nothing else give the same article, and only one of them need be read.
//!
//! 1. Tags are looked at one after another, as a parser would see them.
//! 2. A box is emptied if its class or id can mean nothing else, if every tag in it is closed in it, and if little of
//!    what the page says, links apart, lies in the boxes of its kind: what wraps a whole page is called a "sidebar" now and
//!    then. The box itself stays, with a sign in it if it held text, so that the text before and behind it is not one line.
//! 3. Scripts lose their attributes, counters their addresses, forms what they send.
//!
//! Only of pages that say that they are articles: of others nothing is sure.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use memchr::{memchr, memmem};

use super::names;
use super::readers;
use super::tangle::{Kind, Name, Tag, comment_length, length_before};
use super::words;

/// Of a page with less prose nothing is left out: what little there is may be what is wanted.
const PROSE: usize = 1_000;

/// A run of text of this weight is prose.
const RUN: usize = 100;

/// The page, emptied; `html` is without scripts already.
pub fn emptied(html: &str) -> Cow<'_, str> {
    let claims = ["NewsArticle", "article:published_time", "datePublished"];
    let claims = claims.map(|claim| memmem::find(html.as_bytes(), claim.as_bytes()));
    if claims.iter().all(Option::is_none) {
        return html.into();
    }
    let mut scan = Scan::default();
    scan.read(html);
    scan.edited(html).map_or(html.into(), Cow::Owned)
}

#[derive(Default)]
struct Scan {
    /// The elements that are open.
    open: Vec<Name>,
    /// Boxes that are being read, and may not end well.
    entered: Vec<Furnished>,
    ended: Vec<Furnished>,
    /// What is to be put in the place of a tag.
    tags: Vec<(Range<usize>, &'static str)>,
    is_in_link: bool,
    /// Articles and main parts that are open: at which depth, where they begin, and what was said before.
    parts: Vec<(usize, usize, usize)>,
    /// The place of the largest of them, and how much it says.
    largest: Option<(Range<usize>, usize)>,
    /// Weights: of text outside links, and of runs of it that are prose.
    said: usize,
    prose: usize,
}

/// A box that can be nothing but furniture.
struct Furnished {
    /// What those of its kind are called.
    words: String,
    is_strong: bool,
    is_of_readers: bool,
    name: Name,
    /// How many elements are open around it.
    depth: usize,
    /// From its first tag to where its last one begins.
    place: Range<usize>,
    said: usize,
    has_text: bool,
}

impl Scan {
    // Step 1.
    fn read(&mut self, html: &str) {
        let mut at = 0;
        while let Some(found) = memchr(b'<', html.as_bytes().get(at..).unwrap_or_default()) {
            let start = at + found;
            self.text(html.get(at..start).unwrap_or_default());
            let rest = html.as_bytes().get(start + 1..).unwrap_or_default();
            let Some(tag) = Tag::read(rest) else {
                at = start + 1 + comment_length(rest);
                continue;
            };
            let end = (start + 1 + tag.bytes + 1).min(html.len());
            match tag.closes {
                true => self.close(&tag, start),
                false => self.begin(&tag, html, start..end),
            }
            let raw = tag.raw_end.filter(|_| !tag.closes);
            at = raw.map_or(end, |raw| behind(html, end, raw));
        }
    }

    fn text(&mut self, text: &str) {
        let weight = words::weight(text);
        let said = if self.is_in_link { 0 } else { weight };
        self.said += said;
        self.prose += if said >= RUN { said } else { 0 };
        if let Some(entered) = self.entered.last_mut() {
            entered.said += said;
            entered.has_text |= weight > 0;
        }
    }

    fn begin(&mut self, tag: &Tag, html: &str, place: Range<usize>) {
        let whole = html.get(place.clone()).unwrap_or_default();
        if let Some(to) = stripped(tag, whole) {
            self.tags.push((place.clone(), to));
        }
        self.is_in_link |= tag.is_called(b"a");
        if tag.raw_end.is_some() || !matches!(tag.kind, Kind::Box) {
            return;
        }
        if tag.is_called(b"article") || tag.is_called(b"main") {
            self.parts.push((self.open.len(), place.start, self.said));
        }
        if let Some((words, kind)) = called(tag, whole) {
            self.entered.push(Furnished {
                is_strong: names::has_strong_words(&words),
                is_of_readers: readers::are_of_readers(&words),
                words: kind,
                name: tag.name,
                depth: self.open.len(),
                place,
                said: 0,
                has_text: false,
            });
        }
        self.open.push(tag.name);
    }

    fn close(&mut self, tag: &Tag, start: usize) {
        self.is_in_link &= !tag.is_called(b"a");
        let Some(at) = self.open.iter().rposition(|name| *name == tag.name) else {
            return;
        };
        let is_sound = at + 1 == self.open.len();
        self.open.truncate(at);
        while let Some((_, begin, before)) = self.parts.pop_if(|(depth, ..)| *depth >= at) {
            let said = self.said - before;
            if self.largest.as_ref().is_none_or(|(_, most)| said > *most) {
                self.largest = Some((begin..start, said));
            }
        }
        while let Some(mut ended) = self.entered.pop_if(|entered| entered.depth >= at) {
            if let Some(around) = self.entered.last_mut() {
                around.said += ended.said;
                around.has_text |= ended.has_text;
            }
            // What was left open in it may have been meant to end elsewhere.
            if is_sound {
                ended.place.end = start;
                self.ended.push(ended);
            }
        }
    }

    /// The page with steps 2 and 3 done; `None` if there is nothing to do.
    fn edited(&self, html: &str) -> Option<String> {
        let boxes = self.emptied_boxes().into_iter();
        let boxes = boxes.map(|ended| (ended.place.clone(), ended.replacement()));
        let tags = self.tags.iter();
        let tags = tags.map(|(place, to)| (place.clone(), (*to).to_owned()));
        let mut edits: Vec<_> = boxes.chain(tags).collect();
        edits.sort_by_key(|(place, _)| place.start);
        let mut lean = String::with_capacity(html.len());
        let mut at = 0;
        for (place, to) in &edits {
            // What stands in a box is gone with it.
            if place.start >= at {
                lean.push_str(html.get(at..place.start)?);
                lean.push_str(to);
                at = place.end;
            }
        }
        lean.push_str(html.get(at..)?);
        (!edits.is_empty()).then_some(lean)
    }

    // Step 2.
    fn emptied_boxes(&self) -> Vec<&Furnished> {
        if self.prose < PROSE {
            return Vec::new();
        }
        let mut kinds: HashMap<&str, usize> = HashMap::new();
        for ended in &self.ended {
            *kinds.entry(&ended.words).or_default() += ended.said;
        }
        let is_little = |ended: &&Furnished| {
            let own = kinds.get(&*ended.words).copied().unwrap_or_default();
            match ended.is_strong {
                true => own * 2 < self.said,
                false => own * 5 < self.said,
            }
        };
        // What wraps the article is called a "newsletter" now and then, if that is where it was first told.
        let largest = self.largest.as_ref();
        let largest = largest.filter(|(_, said)| said * 3 > self.said);
        let holds_article = |ended: &&Furnished| {
            largest.is_some_and(|(place, said)| {
                let is_most_of_it = place.contains(&ended.place.start)
                    && ended.said * 2 > *said
                    && !ended.is_of_readers;
                ended.place.contains(&place.start) || is_most_of_it
            })
        };
        let little = self.ended.iter().filter(is_little);
        little.filter(|ended| !holds_article(ended)).collect()
    }
}

impl Furnished {
    fn replacement(&self) -> String {
        let name = String::from_utf8_lossy(&self.name);
        let name = name.trim_end_matches('\0');
        let sign = if self.has_text { SIGN } else { "" };
        format!("<{name} class=ad>{sign}")
    }
}

/// That there was text.
const SIGN: &str = "×";

/// Behind the end of an element whose content is no HTML.
fn behind(html: &str, at: usize, end: &[u8]) -> usize {
    let rest = html.as_bytes().get(at..).unwrap_or_default();
    let closing = at + length_before(rest, end);
    let rest = html.as_bytes().get(closing..).unwrap_or_default();
    memchr(b'>', rest).map_or(html.len(), |length| closing + length + 1)
}

/// The words of its class and id, if they are those of furniture that changes, and those that name its kind: the parts of
/// a text may each have an id of its own. What the page marks as the text is none, whatever it is called.
fn called(tag: &Tag, whole: &str) -> Option<(String, String)> {
    const BOXES: [&[u8]; 7] = [
        b"div", b"section", b"aside", b"ul", b"nav", b"footer", b"form",
    ];
    if !BOXES.iter().any(|name| tag.is_called(name)) {
        return None;
    }
    let words_of = |fits: &dyn Fn(&str) -> bool| {
        let mut words = String::new();
        let named = attributes(whole).filter(|(name, _)| fits(name));
        named.for_each(|(name, value)| names::push_tokens(&mut words, name, value));
        words
    };
    let words = words_of(&|name| names::NAMING.contains(&name));
    if !names::is_passing(&words) || marks_text(whole) {
        return None;
    }
    let kind = words_of(&|name| name == "class");
    match names::is_passing(&kind) {
        true => Some((words, kind)),
        false => Some((words.clone(), words)),
    }
}

fn marks_text(tag: &str) -> bool {
    attributes(tag).any(|(name, value)| {
        let mut words = value.split_ascii_whitespace();
        name == "itemprop" && words.any(|word| word == "articleBody")
    })
}

// Step 3.
fn stripped(tag: &Tag, whole: &str) -> Option<&'static str> {
    let is_counter = || {
        attributes(whole).any(|(name, value)| {
            matches!(name, "width" | "height") && matches!(value, "0" | "1" | "0px" | "1px")
        })
    };
    let to = match () {
        // It stands for a post.
        () if tag.is_cut && whole.contains("data-telegram-post") => return None,
        () if tag.is_cut && tag.is_called(b"script") => "<script>",
        () if tag.is_cut => "<style>",
        // It tells a letter's box from others.
        () if tag.is_called(b"input") && whole.contains("email") => "<input type=email>",
        () if tag.is_called(b"input") => "<input>",
        () if tag.is_called(b"img") && is_counter() => "<img width=1>",
        () if tag.is_called(b"meta") && whole.contains("csrf") => "<meta>",
        () => return None,
    };
    (to != whole).then_some(to)
}

/// Of a tag: names as they are written, and values as they are written.
fn attributes(tag: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_end = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>');
    let mut rest = tag
        .find(is_end)
        .and_then(|end| tag.get(end..))
        .unwrap_or_default();
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(is_end);
        let length = rest
            .find(|c| is_end(c) || c == '=')
            .unwrap_or(rest.len())
            .max(rest.chars().next()?.len_utf8());
        let (name, behind) = rest.split_at(length);
        rest = behind;
        let Some(value) = behind.trim_ascii_start().strip_prefix('=') else {
            return Some((name, ""));
        };
        let value = value.trim_ascii_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, behind) = match quote {
            Some(quote) => {
                let inner = value.get(1..).unwrap_or_default();
                inner.split_once(quote).unwrap_or((inner, ""))
            }
            None => value.split_at(
                value
                    .find(|c: char| c.is_ascii_whitespace() || c == '>')
                    .unwrap_or(value.len()),
            ),
        };
        rest = behind;
        Some((name, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "<meta property='article:published_time' content=2026-11-20>";

    /// So much that a page is a page.
    fn text() -> String {
        let line = "<p>Several hundred people carrying flowers took to the streets of the old town on Monday evening, and the ministry promised to help by the end of the month.</p>";
        line.repeat(12)
    }

    #[track_caller]
    fn check(html: &str, expected: &str) {
        let text = text();
        let page = format!("{HEAD}{text}{html}");
        assert_eq!(emptied(&page), format!("{HEAD}{text}{expected}"));
    }

    #[test]
    fn boxes_that_change_are_emptied() {
        check(
            "<div class='ad ad--2' id=gpt-1><a href=/1>Buy</a></div>x",
            "<div class=ad>×</div>x",
        );
        check(
            "<DIV id=div-gpt-ad-7><script>a</script></DIV>",
            "<div class=ad></DIV>",
        );
        check(
            "<section class=comments><ol><li class=comment><p>No!<p>Yes!</ol></section>",
            "<section class=ad>×</section>",
        );
        check(
            "<aside class=sidebar><div class=ad><b>x</b></div><ul><li>a</ul></aside>",
            "<aside class=ad>×</aside>",
        );
        check(
            "<div class=readAlso><br>Read: <a href=/2>it</a></div>",
            "<div class=ad>×</div>",
        );
    }

    #[test]
    fn what_may_be_the_article_stays() {
        for html in [
            "<div class=text>x</div>".to_owned(),
            "<p class=related>x</p>".to_owned(),
            format!("<div class=has-sidebar>{}</div>", text()),
            // Of one kind they hold a quarter of the text.
            format!(
                "<div class=popular>{0}</div><div class=popular>{0}</div>",
                "It is so. ".repeat(40)
            ),
            // Where it ends is not sure.
            "<div class=related><ul><li>x</div>".to_owned(),
            "<div class=related>x".to_owned(),
            "<main><div class=related></main>x</div>".to_owned(),
        ] {
            check(&html, &html);
        }
        check(
            &format!(
                "<div class=has-sidebar>{}<div class=ad>x</div></div>",
                text()
            ),
            &format!(
                "<div class=has-sidebar>{}<div class=ad>×</div></div>",
                text()
            ),
        );
    }

    #[test]
    fn numbers_of_scripts_counters_and_forms_go() {
        check(
            "<script src=a.js?id=1></script><script type='application/ld+json'>{}</script><style nonce=x></style>",
            "<script></script><script type='application/ld+json'>{}</script><style></style>",
        );
        check(
            "<noscript><img src='//e.example/p?1' width='1'></noscript><img src=/a.jpg width=100>",
            "<noscript><img width=1></noscript><img src=/a.jpg width=100>",
        );
        check(
            "<meta name=csrf-token content=7><input type=hidden value=9><input type=email name=x>",
            "<meta><input><input type=email>",
        );
        check(
            "<!-- <input value=1> --><title><input value=1></title>",
            "<!-- <input value=1> --><title><input value=1></title>",
        );
    }

    #[test]
    fn of_what_says_to_be_no_article_or_is_short_nothing_goes() {
        let page = format!("{}<div class=ad>x</div>", text());
        assert_eq!(emptied(&page), page);
        let page = format!("{HEAD}<p>Short.</p><div class=ad>x</div>");
        assert_eq!(emptied(&page), page);
    }

    #[test]
    fn attributes_are_read_as_they_are_written() {
        let found: Vec<_> = attributes("<img a=1 b = \"2 >\" c d='' / e=/x/>").collect();
        assert_eq!(
            found,
            [("a", "1"), ("b", "2 >"), ("c", ""), ("d", ""), ("e", "/x/")]
        );
    }

    proptest::proptest! {
        #[test]
        fn any_soup_is_read(soup in "(<|</|>|\"|'|=| |div|section|a|class|ad|é|<!--|-->|<div class=ad>|</div>|<script|x){0,60}") {
            let page = format!("{HEAD}{}{soup}", text());
            let lean = emptied(&page);
            proptest::prop_assert!(lean.starts_with(HEAD));
        }
    }
}
