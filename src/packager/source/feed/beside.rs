//! What stands beside the text of an item: its language, and what is to be seen and heard with it (Media RSS 1.5.1). feed-rs
//! tells the language of few, and makes one thing of all pictures, with what was said of any of them; so it is read by hand.
//!
//! 1. Every item is given a link with its number, by which feed-rs hands it on: it leaves some items out.
//! 2. What a group holds is one thing in several sizes, and so is what has one name and several widths, unless other words
//!    stand with each. Of those the one that is wide enough is taken.
//! 3. What is said of a group, or of an item, is said of what is in it only where that is one thing: rather no words below
//!    a picture than those of another.

use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use url::Url;

use super::super::loose::attribute;
use super::{is_picture_name, plain};
use crate::packager::extract::{is_of_host, picture_key, unescaped};

#[derive(Debug, Default)]
pub struct Beside {
    pub language: Option<String>,
    /// The first is the one that stands for the article.
    pub pictures: Vec<Seen>,
    /// Recordings, players, documents and whatever else is attached.
    pub attached: Vec<Attached>,
}

#[derive(Debug, Default, Clone)]
pub struct Seen {
    pub address: String,
    words: Words,
}

#[derive(Debug, Clone)]
pub struct Attached {
    pub address: String,
    /// As MIME names it, or its first half; [`PLAYER`] of a page that plays something.
    pub kind: String,
    pub title: Option<String>,
}

pub const PLAYER: &str = "player";

/// What is said of one thing.
#[derive(Debug, Default, Clone)]
struct Words {
    title: Option<String>,
    said: Option<String>,
    credits: Vec<String>,
}

impl Words {
    fn complete(&mut self, other: &Self) {
        self.title = self.title.take().or_else(|| other.title.clone());
        self.said = self.said.take().or_else(|| other.said.clone());
        if self.credits.is_empty() {
            self.credits.clone_from(&other.credits);
        }
    }

    fn is_alike(&self, other: &Self) -> bool {
        (&self.said, &self.credits) == (&other.said, &other.credits)
    }
}

impl Seen {
    pub fn of(address: String) -> Self {
        Self {
            address,
            words: Words::default(),
        }
    }

    /// What is said of it, and whose it is. Many repeat there what the article is about.
    pub fn caption(&self, summary: Option<&str>) -> Option<String> {
        let said = self.words.said.as_ref();
        let said = said.filter(|said| summary.and_then(plain).as_ref() != Some(said));
        let credits = self.words.credits.join(", ");
        match said {
            Some(said) if credits.is_empty() || said.contains(&credits) => Some(said.clone()),
            Some(said) => Some(format!("{said} ({credits})")),
            None => (!credits.is_empty()).then_some(credits),
        }
    }
}

// Step 1.

/// A scheme that no address has.
const NUMBER: &str = "colport-item:";

/// By the links of an item, as feed-rs hands it on.
pub fn number(links: &[feed_rs::model::Link]) -> Option<usize> {
    links
        .iter()
        .find_map(|link| link.href.strip_prefix(NUMBER)?.parse().ok())
}

pub fn is_number(link: &feed_rs::model::Link) -> bool {
    link.href.starts_with(NUMBER)
}

/// The feed with a number in each item, and by it what stands beside the item's text.
pub fn numbered(text: &str, feed: &Url) -> (String, Vec<Beside>) {
    let mut reader = NsReader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_dangling_amp = true;
    config.allow_unmatched_ends = true;
    let (mut numbered, mut copied) = (String::with_capacity(text.len()), 0);
    let (mut all, mut item): (Vec<Beside>, Option<Item>) = (Vec::new(), None);
    while let Ok((space, event)) = reader.read_resolved_event() {
        let is_media = matches!(space, ResolveResult::Bound(space) if space.0.contains(MEDIA));
        let is_empty = matches!(event, Event::Empty(_));
        match event {
            Event::Start(start) | Event::Empty(start) => {
                let (name, prefix) = (start.local_name(), start.name().prefix());
                let (name, prefix) = (name.as_ref(), prefix.map(|prefix| prefix.into_inner()));
                let is_media = is_media || prefix == Some("media");
                match &mut item {
                    _ if matches!(name, "item" | "entry") => {
                        all.extend(item.take().map(Item::finished));
                        if !is_empty {
                            let at = usize::try_from(reader.buffer_position()).unwrap_or(copied);
                            numbered.push_str(text.get(copied..at).unwrap_or_default());
                            numbered.push_str(&link(prefix, all.len(), name));
                            copied = at;
                            item = Some(Item::begun(&start));
                        }
                    }
                    Some(item) if is_media && THINGS.contains(&name) => {
                        item.take(name, &start, feed);
                        if is_empty {
                            item.close(name);
                        }
                    }
                    Some(item) if !is_empty && is_word(is_media, prefix, name) => {
                        let Ok(raw) = reader.read_text(start.name()) else {
                            break;
                        };
                        item.say(name, &raw);
                    }
                    Some(item) => item.attach(name, &start, feed),
                    None => {}
                }
            }
            Event::End(end) => {
                let (name, prefix) = (end.local_name(), end.name().prefix());
                let is_media =
                    is_media || prefix.is_some_and(|prefix| prefix.into_inner() == "media");
                match (name.as_ref(), &mut item) {
                    ("item" | "entry", _) => all.extend(item.take().map(Item::finished)),
                    (name, Some(item)) if is_media => item.close(name),
                    _ => {}
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    all.extend(item.map(Item::finished));
    numbered.push_str(text.get(copied..).unwrap_or_default());
    (numbered, all)
}

const MEDIA: &str = "search.yahoo.com/mrss";

/// Of its elements those that hold no words themselves.
const THINGS: [&str; 4] = ["group", "content", "player", "thumbnail"];

fn link(prefix: Option<&str>, number: usize, name: &str) -> String {
    let prefix = prefix.map_or(String::new(), |prefix| format!("{prefix}:"));
    match name {
        "entry" => format!("<{prefix}link rel=\"number\" href=\"{NUMBER}{number}\"/>"),
        _ => format!("<{prefix}link>{NUMBER}{number}</{prefix}link>"),
    }
}

fn is_word(is_media: bool, prefix: Option<&str>, name: &str) -> bool {
    match name {
        "title" | "description" | "text" | "credit" => is_media,
        "language" => matches!(prefix, None | Some("dc")),
        _ => false,
    }
}

// Steps 2 and 3.

/// An item while it is read.
#[derive(Default)]
struct Item {
    language: Option<String>,
    own: Words,
    groups: Vec<Words>,
    is_in_group: bool,
    /// What stands in the element that is open.
    open: Option<Thing>,
    things: Vec<Thing>,
    thumbnails: Vec<Thing>,
    enclosures: Vec<Attached>,
}

#[derive(Debug, Clone)]
struct Thing {
    address: String,
    kind: String,
    width: Option<u32>,
    group: Option<usize>,
    words: Words,
}

/// No item has more; each is compared with all others.
const MOST: usize = 200;

impl Item {
    fn begun(start: &BytesStart<'_>) -> Self {
        Self {
            language: attribute(start, "lang"),
            ..Self::default()
        }
    }

    /// One of [`THINGS`].
    fn take(&mut self, name: &str, start: &BytesStart<'_>, feed: &Url) {
        match name {
            "group" => {
                self.groups.push(Words::default());
                self.is_in_group = true;
            }
            "content" => {
                self.close(name);
                self.open = Some(self.thing(start, feed, ""));
            }
            "player" => {
                let player = self.thing(start, feed, PLAYER);
                match &mut self.open {
                    // Instead of an address of its own.
                    Some(open) if open.address.is_empty() => {
                        open.address = player.address;
                        open.kind = player.kind;
                    }
                    Some(_) => {}
                    None => self.keep(player),
                }
            }
            _ => {
                let thumbnail = self.thing(start, feed, "image");
                if self.thumbnails.len() < MOST && thumbnail.is_to_be_had() {
                    self.thumbnails.push(thumbnail);
                }
            }
        }
    }

    fn thing(&self, start: &BytesStart<'_>, feed: &Url, kind: &str) -> Thing {
        let said = |name| attribute(start, name).unwrap_or_default();
        let (mime, medium) = (said("type"), said("medium"));
        // Some send every picture as a stream of bytes.
        let is_telling = ["image/", "audio/", "video/"]
            .iter()
            .any(|sort| mime.starts_with(sort));
        let told = if is_telling || medium.is_empty() {
            mime
        } else {
            medium
        };
        let address = address(&said("url"), feed).unwrap_or_default();
        Thing {
            kind: if kind.is_empty() {
                told
            } else {
                kind.to_owned()
            },
            address,
            width: said("width").trim().parse().ok(),
            group: self.is_in_group.then_some(self.groups.len()),
            words: Words::default(),
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "content" => {
                if let Some(open) = self.open.take() {
                    self.keep(open);
                }
            }
            "group" => self.is_in_group = false,
            _ => {}
        }
    }

    fn keep(&mut self, thing: Thing) {
        if self.things.len() < MOST && thing.is_to_be_had() {
            self.things.push(thing);
        }
    }

    fn say(&mut self, name: &str, raw: &str) {
        let Some(said) = plain(&text_of(raw)) else {
            return;
        };
        let is_picture = self.open.as_ref().is_some_and(Thing::is_picture);
        let words = match &mut self.open {
            Some(open) => &mut open.words,
            None if self.is_in_group => self.groups.last_mut().unwrap_or(&mut self.own),
            None => &mut self.own,
        };
        match name {
            "language" => {
                self.language.get_or_insert(said);
            }
            "title" => {
                words.title.get_or_insert(said);
            }
            "credit" => words.credits.push(said),
            // Of a recording it is all that is spoken in it.
            "text" if !is_picture => {}
            _ => {
                words.said.get_or_insert(said);
            }
        }
    }

    /// What RSS and Atom have for it themselves.
    fn attach(&mut self, name: &str, start: &BytesStart<'_>, feed: &Url) {
        let said = |name| attribute(start, name);
        let href = match name {
            "enclosure" => said("url"),
            "link" if said("rel").as_deref() == Some("enclosure") => said("href"),
            _ => return,
        };
        let address = href.and_then(|href| address(&href, feed));
        if let Some(address) = address.filter(|_| self.enclosures.len() < MOST) {
            self.enclosures.push(Attached {
                address,
                kind: said("type").unwrap_or_default(),
                title: said("title").filter(|title| !title.trim().is_empty()),
            });
        }
    }

    fn finished(mut self) -> Beside {
        self.close("content");
        let (groups, own) = (&self.groups, &self.own);
        let mut things = told_apart(self.things);
        let counted: Vec<Option<usize>> = things.iter().map(|thing| thing.group).collect();
        let is_alone = things.len() == 1;
        for thing in &mut things {
            let group = thing.group.filter(|_| {
                let mut same = counted.iter().filter(|group| **group == thing.group);
                same.next().is_some() && same.next().is_none()
            });
            let group = group.and_then(|group| groups.get(group.checked_sub(1)?));
            thing.words.complete(group.unwrap_or(&Words::default()));
            if is_alone {
                thing.words.complete(own);
            }
        }
        let mut pictures: Vec<Seen> = things
            .iter()
            .filter(|thing| thing.is_picture())
            .map(|thing| thing.seen(&thing.words))
            .collect();
        let (enclosed, mut attached): (Vec<_>, Vec<_>) =
            (self.enclosures.into_iter()).partition(|one| one.kind.starts_with("image/"));
        if pictures.is_empty() {
            pictures.extend(enclosed.into_iter().map(|one| Seen::of(one.address)));
        }
        if pictures.is_empty() {
            let words = match (&*things, &**groups) {
                ([thing], _) => thing.words.clone(),
                ([], [group]) => {
                    let mut words = group.clone();
                    words.complete(own);
                    words
                }
                ([], []) => own.clone(),
                _ => Words::default(),
            };
            let widest = (self.thumbnails.into_iter()).min_by_key(Thing::lack);
            pictures.extend(widest.map(|thumbnail| thumbnail.seen(&words)));
        }
        let others = things.into_iter().filter(|thing| !thing.is_picture());
        attached.splice(0..0, others.map(Thing::attached));
        Beside {
            language: self.language,
            pictures,
            attached,
        }
    }
}

fn told_apart(all: Vec<Thing>) -> Vec<Thing> {
    let mut apart: Vec<Thing> = Vec::new();
    for thing in all {
        match apart.iter_mut().find(|other| other.is_same(&thing)) {
            Some(other) => {
                other.words.complete(&thing.words);
                if thing.lack() < other.lack() {
                    other.width = thing.width;
                    other.address = thing.address;
                }
            }
            None => apart.push(thing),
        }
    }
    apart
}

/// Pixels, of the columns of readers' screens.
const ENOUGH: u32 = 1600;

/// Of one of which the width is not told: mostly it is the picture as it is.
const USUAL: u32 = 800;

impl Thing {
    /// The face of who wrote it is no picture of the article.
    fn is_to_be_had(&self) -> bool {
        let url = Url::parse(&self.address).ok();
        url.is_some_and(|url| !is_of_host(&url, "gravatar.com"))
    }

    fn is_picture(&self) -> bool {
        self.kind.starts_with("image")
            || (self.kind.is_empty()
                && Url::parse(&self.address).is_ok_and(|url| is_picture_name(url.path())))
    }

    /// How much of its width it lacks to be wide enough.
    fn lack(&self) -> u32 {
        ENOUGH.saturating_sub(self.width.unwrap_or(USUAL))
    }

    /// Whether it is the same in another size.
    fn is_same(&self, other: &Self) -> bool {
        if self.address == other.address {
            return true;
        }
        let is_of_group = self.group.is_some() && self.group == other.group;
        let are_sizes = || {
            let widths = self.width.zip(other.width);
            let key = |thing: &Self| Url::parse(&thing.address).ok().map(|url| picture_key(&url));
            widths.is_some_and(|(one, two)| one != two) && key(self) == key(other)
        };
        let sort = |thing: &Self| thing.kind.split('/').next() == self.kind.split('/').next();
        sort(other) && self.words.is_alike(&other.words) && (is_of_group || are_sizes())
    }

    fn seen(&self, words: &Words) -> Seen {
        Seen {
            address: self.address.clone(),
            words: words.clone(),
        }
    }

    fn attached(self) -> Attached {
        Attached {
            address: self.address,
            kind: self.kind,
            title: self.words.title,
        }
    }
}

fn address(href: &str, feed: &Url) -> Option<String> {
    let url = feed.join(href.trim()).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https") && !href.trim().is_empty();
    is_web.then(|| url.into())
}

/// What stands in an element, as HTML.
fn text_of(raw: &str) -> String {
    match raw.contains("<![CDATA[") {
        true => raw.replace("<![CDATA[", "").replace("]]>", ""),
        false => unescaped(raw),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed() -> Url {
        Url::parse("https://n.example/feed").unwrap()
    }

    fn item(inside: &str) -> Beside {
        let text = format!(
            "<rss xmlns:media='http://search.yahoo.com/mrss/' xmlns:m='http://search.yahoo.com/mrss/' \
             xmlns:dc='http://purl.org/dc/elements/1.1/'><channel><item>{inside}</item></channel></rss>"
        );
        numbered(&text, &feed()).1.remove(0)
    }

    /// Its pictures and their captions.
    #[track_caller]
    fn check(inside: &str, expected: &[(&str, &str)]) {
        let pictures = item(inside).pictures;
        let shown = pictures.iter().map(|seen| {
            let name = seen.address.rsplit('/').next().unwrap_or_default();
            (name, seen.caption(None).unwrap_or_default())
        });
        let shown: Vec<_> = shown.collect();
        let shown: Vec<_> = shown.iter().map(|(name, said)| (*name, &**said)).collect();
        assert_eq!(shown, expected, "{inside}");
    }

    #[test]
    fn every_picture_has_its_own_words_and_no_others() {
        check(
            "<media:content url='/d.jpg' medium='image'><media:text>Petrov</media:text></media:content>\
             <media:content url='/e.jpg' medium='image'><media:description>Ivanov &amp;amp; son</media:description>\
             <media:credit>Ann</media:credit></media:content><media:content url='/f.jpg' medium='image'/>",
            &[
                ("d.jpg", "Petrov"),
                ("e.jpg", "Ivanov & son (Ann)"),
                ("f.jpg", ""),
            ],
        );
        let two = "<media:content url='/d.jpg'/><media:content url='/e.jpg'/>";
        check(
            &format!("<media:description>Petrov</media:description>{two}"),
            &[("d.jpg", ""), ("e.jpg", "")],
        );
        check(
            "<media:group><media:content url='/d.jpg'><media:description>Petrov</media:description></media:content>\
             <media:content url='/e.jpg' width='2000'/></media:group>",
            &[("d.jpg", "Petrov"), ("e.jpg", "")],
        );
        check(
            "<media:group><media:content url='/d.jpg'/><media:description>Petrov</media:description></media:group>\
             <media:group><media:content url='/e.jpg'/><media:description><![CDATA[Ivanov]]></media:description></media:group>",
            &[("d.jpg", "Petrov"), ("e.jpg", "Ivanov")],
        );
        check(
            "<media:content url='/d.jpg'/><media:description>Petrov</media:description>",
            &[("d.jpg", "Petrov")],
        );
        check(
            "<media:content url='/f.mp4' type='video/mp4'/><media:content url='/d.jpg'/><media:description>Petrov</media:description>",
            &[("d.jpg", "")],
        );
        check(
            "<media:thumbnail url='/d.jpg'/><media:content url='/f.mp4' type='video/mp4'/>\
             <media:content url='/g.mp4' type='video/mp4'/><media:description>Petrov</media:description>",
            &[("d.jpg", "")],
        );
    }

    #[test]
    fn of_several_sizes_the_one_that_is_wide_enough_is_taken() {
        let sized = |name: &str, width: u32| {
            format!("<media:content url='/{name}' medium='image' width='{width}'/>")
        };
        let group = |inside: String| format!("<media:group>{inside}</media:group>");
        check(
            &group(sized("s.jpg", 150) + &sized("l.jpg", 640)),
            &[("l.jpg", "")],
        );
        check(
            &group(sized("s.jpg", 150) + &sized("m.jpg", 1700) + &sized("l.jpg", 6000)),
            &[("m.jpg", "")],
        );
        check(
            &group(sized("s.jpg", 150) + "<media:content url='/l.jpg' medium='image'/>"),
            &[("l.jpg", "")],
        );
        // Without a group.
        check(
            &(sized("a-150x100.jpg", 150) + &sized("a-900x600.jpg", 900) + &sized("b.jpg", 900)),
            &[("a-900x600.jpg", ""), ("b.jpg", "")],
        );
        check(
            "<media:thumbnail url='/s.jpg' width='60'/><media:thumbnail url='/l.jpg' width='300'/>",
            &[("l.jpg", "")],
        );
    }

    #[test]
    fn a_picture_may_be_told_in_any_way() {
        check("<m:content url='/1?x=1' medium='image'/>", &[("1?x=1", "")]);
        check("<media:content url='/1' type='image/png'/>", &[("1", "")]);
        check(
            "<enclosure url='/1' type='image/png'/><enclosure url='/2' type='image/png'/>",
            &[("1", ""), ("2", "")],
        );
        check(
            "<enclosure url='/1' type='image/png'/><media:content url='/2.jpg'/>",
            &[("2.jpg", "")],
        );
        check(
            "<media:content url='https://2.gravatar.com/avatar/ab' medium='image'/><media:content url='/1.jpg'/>",
            &[("1.jpg", "")],
        );
        check("<media:content url='javascript:x' medium='image'/>", &[]);
    }

    #[test]
    fn recordings_players_and_documents_are_told_with_their_titles() {
        let attached = |inside: &str| {
            let attached = item(inside).attached.into_iter();
            let told = attached.map(|one| {
                let title = one.title.unwrap_or_default();
                format!("{} {} {title}", one.address, one.kind)
            });
            told.collect::<Vec<_>>()
        };
        assert_eq!(
            attached(
                "<media:content url='/v.mp4' type='video/mp4'><media:title>The film</media:title></media:content>"
            ),
            ["https://n.example/v.mp4 video/mp4 The film"]
        );
        assert_eq!(
            attached(
                "<media:group><media:player url='https://v.example/1'/><media:title>The film</media:title></media:group>"
            ),
            ["https://v.example/1 player The film"]
        );
        assert_eq!(
            attached(
                "<media:content medium='video'><media:player url='https://v.example/1'/></media:content>\
                 <enclosure url='/l.pdf' type='application/pdf'/>"
            ),
            [
                "https://v.example/1 player ",
                "https://n.example/l.pdf application/pdf "
            ]
        );
    }

    #[test]
    fn an_item_may_name_its_language() {
        let language = |inside: &str| item(inside).language;
        assert_eq!(
            language("<dc:language>tr</dc:language>").as_deref(),
            Some("tr")
        );
        assert_eq!(language("<language>tr</language>").as_deref(), Some("tr"));
        assert_eq!(language("<title>A</title>"), None);
        let atom =
            "<feed xml:lang='en'><entry xml:lang='tr'><title>A</title></entry><entry/></feed>";
        let (numbered, all) = numbered(atom, &feed());
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].language.as_deref(), Some("tr"));
        assert_eq!(numbered.matches(NUMBER).count(), 1);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_gone_through(text in "(</?(item|entry|media:content|media:group|media:description|dc:language|link)( url=x)?/?>|<!\\[CDATA\\[|]]>|&|[a-z ]{0,5}){0,60}") {
            let (numbered, all) = numbered(&text, &feed());
            proptest::prop_assert!(numbered.len() >= text.len() && all.len() <= text.len());
        }
    }
}
