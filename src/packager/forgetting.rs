//! What is left on this computer of articles that are taken back: somebody may be in danger for what stood in them.
//!
//! The archive lets go of their texts itself, and what lies in a folder is its owner's. What was fetched, and what was
//! worked out of it, lies in the cache under keys that tell nothing, so:
//!
//! 1. What holds words of theirs is found by those: the headline, the place in the site, the address, the longest of the
//!    sentences. Where a page was read, the addresses of its pictures stand with it.
//! 2. Of the answers of hosts those go that came from these addresses, and those that hold such a sentence, as a feed does.
//! 3. A picture is known by its digest. One that waits to be packed for another article stays.
//!
//! Too much may go by that, and is made anew.

use std::collections::HashSet;
use std::fmt::Write as _;

use memchr::memmem::Finder;
use url::Url;

use super::archive::{Line, Story};
use super::cache::{Cache, Kind};
use super::fetching::WebCache;
use super::makeup::MadeUp;
use super::reading;
use super::studio;
use crate::base::{Digest, SitePath};
use crate::io::files::FileError;

/// An article by what it can be found by in the cache.
#[derive(Debug, Default)]
pub struct TakenBack {
    /// Its headline as JSON has it, and its place.
    names: Vec<String>,
    addresses: Vec<Url>,
    sentences: Vec<String>,
    /// Of its pictures.
    digests: Vec<Digest>,
}

/// So many sentences are looked for: an earlier wording has some of them too.
const SENTENCES: usize = 4;

/// In bytes; less may stand anywhere.
const SENTENCE: usize = 40;

impl TakenBack {
    pub(super) fn of(line: &Line, story: &Story, addresses: impl Iterator<Item = Url>) -> Self {
        let pictures = story.pictures.iter();
        Self {
            names: names(&story.title, &line.path),
            addresses: addresses.filter(is_of_a_page).collect(),
            sentences: sentences(&story.body),
            digests: pictures.map(|shown| shown.sha256.0).collect(),
        }
    }

    /// The same of what is known only by its page in an edition, with the digests of its pictures there.
    pub(super) fn of_page(path: &SitePath, page: &str, digests: Vec<Digest>) -> Self {
        let between = |start: &str, end: &str| {
            let (_, rest) = page.split_once(start)?;
            Some(rest.split_once(end)?.0)
        };
        let title = between("<h1>", "</h1>").unwrap_or_default();
        Self {
            names: names(&super::extract::unescaped(title), path),
            addresses: Vec::new(),
            sentences: sentences(between("<article", "</article>").unwrap_or_default()),
            digests,
        }
    }
}

fn names(title: &str, path: &SitePath) -> Vec<String> {
    let title = serde_json::to_string(title).expect("a text can always be written");
    let folder = path.as_str().strip_suffix("index.html");
    let folder = folder.unwrap_or(path.as_str()).to_owned();
    vec![format!("\"title\":{title}"), folder]
}

/// That of a whole site stands everywhere.
fn is_of_a_page(url: &Url) -> bool {
    url.path() != "/" || url.query().is_some()
}

/// The longest pieces that are written alike in HTML, in JSON and in a feed; all of a text that has no long one.
fn sentences(html: &str) -> Vec<String> {
    let is_written_otherwise =
        |c: char| matches!(c, '<' | '>' | '"' | '\\' | '/' | '\u{a0}') || c.is_control();
    let mut in_tag = false;
    let mut pieces: Vec<&str> = Vec::new();
    for part in html.split_inclusive(['<', '>']) {
        if !in_tag {
            let mut between = part.split('&');
            let first = between.next().into_iter();
            let behind = between.filter_map(|rest| Some(rest.split_once(';')?.1));
            let texts = first.chain(behind);
            pieces.extend(texts.flat_map(|text| text.split(is_written_otherwise).map(str::trim)));
        }
        in_tag = part.ends_with('<');
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces.sort_by_key(|piece| std::cmp::Reverse(piece.len()));
    let is_long = |piece: &&str| piece.len() >= SENTENCE;
    let long: Vec<String> = pieces
        .iter()
        .copied()
        .filter(is_long)
        .take(SENTENCES)
        .map(str::to_owned)
        .collect();
    if long.is_empty() && !html.is_empty() {
        return vec![html.to_owned()];
    }
    let escaped: Vec<String> = long.iter().filter_map(|text| in_escapes(text)).collect();
    [long, escaped].concat()
}

/// As programs write JSON that trust no other letters than English ones; `None` where that is the same.
fn in_escapes(text: &str) -> Option<String> {
    let mut escaped = String::new();
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => escaped.push(byte.into()),
            _ => {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    (escaped != text).then_some(escaped)
}

/// What all of them are found by.
struct Signs<'a> {
    names: Vec<Finder<'a>>,
    sentences: Vec<Finder<'a>>,
    addresses: Vec<Finder<'a>>,
}

impl<'a> Signs<'a> {
    fn of(all: &'a [TakenBack]) -> Self {
        let names = all.iter().flat_map(|one| &one.names);
        let sentences = all.iter().flat_map(|one| &one.sentences);
        let addresses = all.iter().flat_map(|one| &one.addresses);
        Self {
            names: names.map(Finder::new).collect(),
            sentences: sentences.map(Finder::new).collect(),
            addresses: addresses.map(|url| Finder::new(url.as_str())).collect(),
        }
    }

    fn say(&self, content: &[u8]) -> bool {
        self.sentences
            .iter()
            .any(|sentence| sentence.find(content).is_some())
    }

    fn stand_in(&self, content: &[u8]) -> bool {
        self.say(content)
            || self.names.iter().any(|name| name.find(content).is_some())
            || self
                .addresses
                .iter()
                .any(|address| stands_whole(address, content))
    }
}

/// An address may be the beginning of another.
fn stands_whole(address: &Finder<'_>, content: &[u8]) -> bool {
    let length = address.needle().len();
    address.find_iter(content).any(|at| {
        let behind = content.get(at + length);
        behind.is_none_or(|c| matches!(c, b'"' | b'\\' | b'<' | b'#' | b' ' | b'\''))
    })
}

/// Removes what is left of them. To be called when all is made up, and before it is published: after a kill in between it is
/// done again.
pub fn forget(made_up: &MadeUp, cache: &Cache, web: &WebCache) -> Result<(), FileError> {
    let all = &made_up.taken_back;
    if all.is_empty() {
        return Ok(());
    }
    let signs = Signs::of(all);
    let digests: HashSet<Digest> = all
        .iter()
        .flat_map(|one| one.digests.iter().copied())
        .collect();
    let waiting: HashSet<Digest> = match digests.is_empty() {
        true => HashSet::new(),
        false => made_up.waiting.values().map(|file| file.digest).collect(),
    };
    let mut addresses: Vec<Url> = all.iter().flat_map(|one| one.addresses.clone()).collect();
    cache.forget(studio::HEAD_BYTES, &mut |kind, entry| match kind {
        Kind::Pictures => {
            let shown = studio::digests_in(entry);
            shown.iter().any(|one| digests.contains(one))
                && !shown.iter().any(|one| waiting.contains(one))
        }
        _ if signs.stand_in(entry) => {
            addresses.extend(reading::pictures_in(entry));
            true
        }
        _ => false,
    })?;
    web.forget(&addresses, &|body| signs.say(body))
}

#[cfg(test)]
mod tests {
    use super::super::archive::{Moment, Tongue};
    use super::super::cache::Key;
    use super::super::cache::tests::cache;
    use super::*;
    use crate::io::visit::Validators;
    use crate::site::Language;

    const SAID: &str = "A source named Maryam told us what she saw in the street.";

    fn taken_back() -> TakenBack {
        let moment = Moment("2026-11-20T10:00:00Z".parse().unwrap());
        let line: Line = serde_json::from_value(serde_json::json!({
            "path": "be/2026/11/street-a1b2c3/index.html", "id": "https://n.example/1", "source": null, "story": null,
        }))
        .unwrap();
        let story = Story {
            title: "The \"street\"".into(),
            byline: None,
            published: moment,
            minutes_ahead: 0,
            updated: None,
            language: Tongue(Language::parse("be").unwrap()),
            summary: String::new(),
            section: None,
            lead: None,
            pictures: Vec::new(),
            body: format!("<p>{SAID}</p><p>Short.</p>"),
        };
        let addresses = ["https://n.example/1", "https://n.example/"];
        let addresses = addresses.into_iter().flat_map(Url::parse);
        TakenBack::of(&line, &story, addresses)
    }

    #[test]
    fn what_holds_words_of_what_is_taken_back_goes_and_nothing_else() {
        let (folder, cache) = cache();
        let web = WebCache::begin(
            &folder.path().join("web"),
            "2026-11-23T12:00:00Z".parse().unwrap(),
        )
        .unwrap();
        let page =
            "{\"Ok\":{\"article\":{\"title\":\"The \\\"street\\\"\",\"html\":\"\"}}}".to_owned();
        let gone = [
            page,
            format!("[]\n<p>{SAID}</p>"),
            "[[\"x\",\"be/2026/11/street-a1b2c3/index.html\"]]\n<p>As told</p>".into(),
            "{\"html\":\"<a href=\\\"https://n.example/1\\\">as told</a>\"}".into(),
        ];
        let stays = [
            "{\"title\":\"The street of streets\"}",
            "{\"html\":\"<a href=\\\"https://n.example/12\\\">as told</a> <a href=\\\"https://n.example/\\\">home</a>\"}",
            "[[\"x\",\"be/2026/11/street-a1b2c4/index.html\"]]",
            "<p>Short.</p>",
        ];
        let key = |text: &str| Key::of(&[text.as_bytes()]);
        let url = |name: &str| Url::parse(&format!("https://n.example/{name}")).unwrap();
        let keep = |name: &str, kind: &str, body: &str| {
            web.keep(
                &url(name),
                &url(name),
                Some(kind),
                Validators::default(),
                None,
                body.as_bytes(),
            );
        };
        for text in gone.iter().map(String::as_str).chain(stays) {
            cache
                .keep(Kind::Articles, key(text), text.as_bytes())
                .unwrap();
        }
        keep("1", "text/html", "the page");
        keep(
            "feed",
            "text/xml",
            &format!("<item>&lt;p&gt;{SAID}&lt;/p&gt;"),
        );
        keep("2", "text/html", "another");
        web.end();
        let made_up = |taken_back: Vec<TakenBack>| {
            let mut made_up = MadeUp::default();
            made_up.taken_back.extend(taken_back);
            made_up
        };
        forget(&made_up(Vec::new()), &cache, &web).unwrap();
        assert!(
            cache.find(Kind::Articles, key(&gone[0])).is_some() && web.answer(&url("1")).is_some()
        );
        forget(&made_up(vec![taken_back()]), &cache, &web).unwrap();
        let is_there = |text: &str| cache.find(Kind::Articles, key(text)).is_some();
        for text in &gone {
            assert!(!is_there(text), "{text}");
        }
        for text in stays {
            assert!(is_there(text), "{text}");
        }
        drop(web);
        let web = WebCache::begin(
            &folder.path().join("web"),
            "2026-11-23T13:00:00Z".parse().unwrap(),
        )
        .unwrap();
        let left = ["1", "feed", "2"].map(|name| web.answer(&url(name)).is_some());
        assert_eq!(left, [false, false, true]);
    }

    #[test]
    fn a_text_without_a_long_sentence_is_looked_for_as_a_whole() {
        assert_eq!(sentences("<p>Fire.</p>"), ["<p>Fire.</p>"]);
        assert_eq!(sentences(""), [""; 0]);
        let [one, two] = [
            "It went on for hours and hours, say those who were there.",
            "Nobody was hurt but for two of them, the police says.",
        ];
        let cyrillic = "Суд агучыў прысуд журналістам у панядзелак";
        let [plain, escaped] = sentences(cyrillic).try_into().unwrap();
        assert_eq!(plain, cyrillic);
        assert!(
            escaped.starts_with("\\u0421\\u0443\\u0434 \\u0430"),
            "{escaped}"
        );
        let read: String = serde_json::from_str(&format!("\"{escaped}\"")).unwrap();
        assert_eq!(read, cyrillic);
        let html = format!(
            "<p class=\"{}\">{one}&amp;{two}</p><p>Short.</p>",
            "x".repeat(99)
        );
        assert_eq!(sentences(&html), [one, two]);
    }

    #[test]
    fn a_page_of_an_edition_tells_what_to_look_for() {
        let path = SitePath::parse("be/2026/11/street-a1b2c3/index.html").unwrap();
        let page = format!(
            "<p>{}</p><article><h1>A &amp; B</h1><p>{SAID}</p></article>",
            "Furniture of the site ".repeat(9)
        );
        let found = TakenBack::of_page(&path, &page, Vec::new());
        assert_eq!(
            found.names,
            ["\"title\":\"A & B\"", "be/2026/11/street-a1b2c3/"]
        );
        assert_eq!(found.sentences, [SAID]);
    }
}
