//! What stands on many pages of a newsroom is furniture, whatever it looks like: its address, an appeal for help, the
//! picture that stands for pages without one.
//!
//! 1. Blocks are counted by what they say and where their links lead; pictures, and links that stand alone, by their
//!    addresses. Numbers count too, since "the rate is 41.25" is news every day, but not those of "12 comments".
//! 2. What stands on enough of the pages is [`Familiar`]. A page counts once, and the order of pages is of no matter. Of
//!    what an editor may have written again on purpose, a sentence about a prisoner, his photo, a document, far more pages
//!    are asked for than of "Follow us". So are they of a line with the page's own prose right before and behind it, and
//!    of a lead picture that stands in the text: three other pages that repeat them must not take them from an article.
//! 3. It is left out of what was read before, so that a page need not be read anew because another one changed.
//! 4. A page of which little would be left stays as it is: then it is the article that is told twice.
//! 5. A heading stays where that stays which it heads: "What happened", and below it what did.
//! 6. What was left out is told, so that the editor sees it.
//!
//! What warns readers stays wherever it stands.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use super::block::EMBED_SIGN;
use super::{Extracted, addresses, words};
use crate::io::fetch::shown;

/// Fewer pages tell nothing.
const PAGES: usize = 4;

/// Of all pages, one in so many.
const ONE_IN: usize = 5;

/// The same of what says something; see [`is_weighty`].
const PAGES_OF_WEIGHTY: usize = 6;
const ONE_IN_OF_WEIGHTY: usize = 2;

/// A line of this weight is no label, but says something.
const SENTENCE: usize = 40;

/// The pages of one place that are counted; of more, a sample that does not depend on their order.
const MOST_PAGES: usize = 1_000;

/// Of one page.
const MOST_BLOCKS: usize = 500;

/// What was left out of a page.
#[derive(Debug)]
pub struct LeftOut {
    /// By which it is known.
    pub key: u64,
    /// How it begins, or the address of the picture.
    pub what: String,
    /// The line that it was; nothing of the picture above the text.
    pub html: String,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Familiar {
    blocks: HashSet<u64>,
    /// Those that stand on so many pages that they go from the midst of a text too.
    often: HashSet<u64>,
    /// What says more is none of them.
    longest: usize,
}

/// The pages of one place that are counted.
#[derive(Debug, Default)]
pub struct Sample(BTreeMap<(u64, Box<str>), Box<[u64]>>);

impl Sample {
    /// A page with its name and its [`blocks`]. Of more than [`MOST_PAGES`] those stay of which the names have the least
    /// hashes.
    pub fn add(&mut self, name: &str, blocks: Box<[u64]>) {
        let place = (hash(name), name.into());
        let is_full = self.0.len() >= MOST_PAGES;
        if is_full
            && self
                .0
                .last_key_value()
                .is_some_and(|(last, _)| *last < place)
        {
            return;
        }
        self.0.insert(place, blocks);
        if self.0.len() > MOST_PAGES {
            self.0.pop_last();
        }
    }
}

impl Familiar {
    pub fn on(Sample(pages): &Sample) -> Self {
        let mut counts: HashMap<u64, usize> = HashMap::new();
        for block in pages.values().flatten() {
            *counts.entry(*block).or_default() += 1;
        }
        let of_weighty = PAGES_OF_WEIGHTY.max(pages.len().div_ceil(ONE_IN_OF_WEIGHTY));
        let enough = |block: u64| match is_weighty(block) {
            true => of_weighty,
            false => PAGES.max(pages.len().div_ceil(ONE_IN)),
        };
        let mut familiar = Self::default();
        for (block, count) in counts {
            if count >= enough(block) {
                familiar.blocks.insert(block);
                familiar.longest = familiar.longest.max(length_of(block));
            }
            if count >= of_weighty {
                familiar.often.insert(block);
            }
        }
        familiar
    }

    /// Leaves it out of what readers get of a page, and tells what that was.
    pub fn clear(&self, page: &mut Extracted) -> Vec<LeftOut> {
        let mut left_out = Vec::new();
        if self.blocks.is_empty() {
            return left_out;
        }
        let lines: Vec<&str> = page.html.split_inclusive('\n').collect();
        let mut is_own: Vec<bool> = lines.iter().map(|line| !self.holds(line)).collect();
        self.keep_midst(&lines, &mut is_own);
        keep_headings(&lines, &mut is_own);
        let own = || lines.iter().zip(&is_own).filter(|(_, is_own)| **is_own);
        if !is_own.iter().all(|is_own| *is_own) {
            let left: usize = own().map(|(line, _)| said(line)).sum();
            let all: usize = lines.iter().map(|line| said(line)).sum();
            // Step 4.
            if left * 3 < all * 2 {
                return left_out;
            }
            let others = lines.iter().zip(&is_own).filter(|(_, is_own)| !**is_own);
            left_out.extend(others.filter_map(|(line, _)| self.left_out(line)));
            page.html = own().map(|(line, _)| *line).collect();
        }
        page.pictures
            .retain(|figure| !self.blocks.contains(&block_of_picture(figure.src.as_str())));
        let key = block_of_lead(page).filter(|key| self.blocks.contains(key));
        if let Some((key, lead)) = key.and_then(|key| Some((key, page.lead.take()?))) {
            left_out.push(LeftOut {
                key,
                what: shown(&lead.src),
                html: String::new(),
            });
        }
        left_out
    }

    /// What stands between two sentences of an article is likely its own. Links that stand alone lead elsewhere wherever
    /// they are.
    fn keep_midst(&self, lines: &[&str], is_own: &mut [bool]) {
        let is_prose = |(line, is_own): (&&str, &bool)| {
            *is_own && line.starts_with("<p") && said(line) >= SENTENCE
        };
        let told: Vec<bool> = lines.iter().zip(&*is_own).map(is_prose).collect();
        let mut at = 0;
        while at < lines.len() {
            let run = is_own
                .iter()
                .skip(at)
                .take_while(|is_own| !**is_own)
                .count();
            let before = at.checked_sub(1).and_then(|before| told.get(before));
            if before == Some(&true) && told.get(at + run) == Some(&true) {
                for (line, is_own) in lines.iter().zip(&mut *is_own).skip(at).take(run) {
                    *is_own = !is_lone_link(line) && !self.holds_often(line);
                }
            }
            at += run.max(1);
        }
    }

    fn holds_often(&self, line: &str) -> bool {
        key(line, self.longest).is_some_and(|key| self.often.contains(&key))
    }

    /// Whether anything of it may be left out of a page that has these [`blocks`] and whose HTML is not at hand.
    pub fn may_be_in(&self, page: &Extracted, blocks: &[u64]) -> bool {
        let pictures = page.pictures.iter();
        let pictures = pictures.map(|figure| block_of_picture(figure.src.as_str()));
        let lead = block_of_lead(page);
        let mut all = blocks.iter().copied().chain(pictures).chain(lead);
        all.any(|block| self.blocks.contains(&block))
    }

    fn left_out(&self, line: &str) -> Option<LeftOut> {
        Some(LeftOut {
            key: key(line, self.longest)?,
            what: beginning_of(line),
            html: line.to_owned(),
        })
    }

    fn holds(&self, line: &str) -> bool {
        key(line, self.longest).is_some_and(|key| self.blocks.contains(&key))
    }
}

// Step 5.
fn keep_headings(lines: &[&str], is_own: &mut Vec<bool>) {
    let is_heading = |line: &&str| line.starts_with("<h");
    let mut is_next_own = false;
    for (line, is_own) in lines.iter().zip(is_own).rev() {
        *is_own |= is_heading(line) && is_next_own;
        // One heading above another heads nothing yet.
        is_next_own = *is_own && !is_heading(line);
    }
}

/// How much there is to read in a line of HTML, captions apart.
fn said(line: &str) -> usize {
    if line.starts_with("<figure>") {
        return 0;
    }
    let texts = line.split('<').map(|part| part.rsplit('>').next());
    texts.flatten().map(words::weight).sum()
}

/// By what a page is compared with others: each of its blocks, once, but for its lead picture.
pub fn blocks(page: &Extracted) -> Vec<u64> {
    let keys = page.html.lines().filter_map(|line| key(line, usize::MAX));
    let once: BTreeSet<u64> = keys.take(MOST_BLOCKS).collect();
    once.into_iter().collect()
}

/// The same of the picture that is shown above the text. Without a caption, and where the text itself has none, it may be
/// the one that stands for pages without one.
pub fn block_of_lead(page: &Extracted) -> Option<u64> {
    let lead = page.lead.as_ref()?;
    Some(match lead.caption.is_some() || page.has_lead_in_text {
        true => block_of_picture(lead.src.as_str()),
        false => number(lead.src.as_str()),
    })
}

/// Of one with a caption, or in the text.
fn block_of_picture(address: &str) -> u64 {
    weighty(number(address))
}

/// How people know it again.
fn beginning_of(line: &str) -> String {
    if let Some((address, _)) = picture_of(line) {
        return words::unescaped(address);
    }
    let mut text = String::new();
    for part in line.split('<') {
        text.push_str(part.split_once('>').map_or(part, |(_, behind)| behind));
    }
    let text = words::squeezed(&words::unescaped(&text));
    match text.char_indices().nth(BEGINNING) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
        None => text,
    }
}

/// In characters.
const BEGINNING: usize = 70;

/// The address in a line that is a picture, and what stands behind it.
fn picture_of(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("<figure><img src=\"")?.split_once('"')
}

/// What a block has in common with others that say the same; `None` if it says nothing, or more than `most`, or if the
/// line of HTML is not one whole block: see [`super::block::Block::write_html`].
fn key(line: &str, most: usize) -> Option<u64> {
    let line = line.trim_end();
    if let Some((address, rest)) = picture_of(line) {
        let whole = rest.ends_with("</figure>");
        return whole.then(|| block_of_picture(&words::unescaped(address)));
    }
    // In which language it is does not change what it says.
    let inner = |tag: &str| {
        let rest = line.strip_prefix('<')?.strip_prefix(tag)?;
        let has_attributes = [" lang=", " dir="]
            .iter()
            .any(|name| rest.starts_with(name));
        match has_attributes {
            true => rest.split_once('>').map(|(_, inner)| inner),
            false => rest.strip_prefix('>'),
        }
    };
    let (tag, text) = ["p", "h2", "h3", "h4"]
        .into_iter()
        .find_map(|tag| Some((tag, inner(tag)?)))?;
    let text = text
        .strip_suffix('>')?
        .strip_suffix(tag)?
        .strip_suffix("</")?;
    // All films of one house look the same, and only their whole addresses tell them apart.
    if let Some(address) = text.strip_prefix(EMBED_SIGN).and_then(address_of_link) {
        return Some(weighty(number(&words::unescaped(address))));
    }
    match address_of_link(text) {
        Some(address) if addresses::is_document(address) => {
            Some(weighty(number(&place_of(address))))
        }
        Some(address) => Some(number(&place_of(address))),
        None => key_of_text(text, most),
    }
}

fn is_lone_link(line: &str) -> bool {
    let inner = line.trim_end().strip_suffix("</p>");
    let inner = inner.and_then(|line| line.split_once('>'));
    inner.is_some_and(|(_, inner)| address_of_link(inner).is_some())
}

/// Of a block that is nothing but a link.
fn address_of_link(text: &str) -> Option<&str> {
    let (address, rest) = text.strip_prefix("<a href=\"")?.split_once('"')?;
    let is_whole = rest.ends_with("</a>") && !rest.contains("<a ");
    is_whole.then_some(address)
}

/// The address of a link without what only tells from where it was followed, and of one by which a page is shared without
/// the page. Others may have the address of what they show in them, as a viewer of documents has.
fn place_of(address: &str) -> String {
    let address = words::unescaped(address);
    let Some((place, asked)) = address.split_once('?') else {
        return address;
    };
    let shares = [
        "share",
        "intent",
        "submit",
        "offer",
        "pin/create",
        "/save",
        "forward",
        "wa.me",
        "mailto:",
    ];
    let is_shared = shares.iter().any(|sign| place.contains(sign));
    let is_its_own = |part: &&str| {
        let from = ["utm_", "ref=", "from="];
        let told = [
            "://",
            "%3A%2F%2F",
            "%3a%2f%2f",
            "text=",
            "title=",
            "subject=",
            "body=",
        ];
        let is_from = from.iter().any(|name| part.starts_with(name));
        let is_told = is_shared && told.iter().any(|sign| part.contains(sign));
        !is_from && !is_told
    };
    let asked: Vec<&str> = asked.split('&').filter(is_its_own).collect();
    format!("{place}?{}", asked.join("&"))
}

fn key_of_text(html: &str, most: usize) -> Option<u64> {
    let mut said = what_it_says(&words::unescaped(html), most)?;
    if is_warning(&said) {
        return None;
    }
    let is_sentence = words::weight(&said) >= SENTENCE;
    for link in html.split("<a href=\"").skip(1) {
        said += &place_of(link.split('"').next()?);
    }
    (LETTERS..=most)
        .contains(&said.len())
        .then(|| match is_sentence {
            true => weighty(number(&said)),
            false => number(&said),
        })
}

/// Letters in lower case, and numbers if there is more to read than in "12 comments"; `None` if that is more than `most`.
fn what_it_says(text: &str, most: usize) -> Option<String> {
    let (mut letters, mut numbered) = (String::new(), String::new());
    let (mut in_tag, mut in_word, mut words, mut signs) = (false, false, 0, 0);
    for c in text.chars() {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            _ if in_tag => {}
            c if c.is_alphabetic() && !c.is_numeric() => {
                words += usize::from(!in_word);
                signs += usize::from(is_unspaced(c));
                letters.extend(lower(c));
                numbered.extend(lower(c));
            }
            c if c.is_numeric() => numbered.push(c),
            _ => {}
        }
        in_word = !in_tag && c.is_alphabetic();
        if letters.len() > most {
            return None;
        }
    }
    let counts = words <= COUNTER && signs <= COUNTER_SIGNS && letters.len() <= COUNTER_BYTES;
    Some(if counts { letters } else { numbered })
}

/// Of what counts something: words, signs where words have no blanks between them, bytes.
const COUNTER: usize = 2;
const COUNTER_SIGNS: usize = 4;
const COUNTER_BYTES: usize = 60;

/// Of scripts that write words without blanks between them: Thai and its neighbours, kana, Han.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}')
}

/// The same whether a Turkish word was in capitals or not.
fn lower(c: char) -> impl Iterator<Item = char> {
    let lower = c.to_lowercase().filter(|c| *c != '\u{307}');
    lower.map(|c| if c == 'ı' { 'i' } else { c })
}

/// In bytes; less is a heading such as "Why?", which any article may have.
const LETTERS: usize = 8;

/// Whether it may warn who reads or shares this: "declared extremist", "undesirable", "dangerous". Told on every page, it
/// must reach the reader of any. Beginnings of words, in letters as [`what_it_says`] gives them.
fn is_warning(said: &str) -> bool {
    const SIGNS: &[&str] = &[
        "extremi",
        "undesirable",
        "danger",
        "экстреми",
        "нежелательн",
        "опасн",
        "экстрэмі",
        "непажадан",
        "небяспе",
        "екстремі",
        "небажан",
        "небезпе",
        "aşiril",
        "tehlike",
        "تطرف",
        "افراط",
        "خطر",
        "极端",
        "危险",
    ];
    SIGNS.iter().any(|sign| said.contains(sign))
}

/// Of a text, with its length in the lower bits.
fn number(text: &str) -> u64 {
    (hash(text) << LENGTH_BITS | text.len().min(LONGEST) as u64) & !WEIGHTY
}

/// The same of what an editor may have written again on purpose: prose, a picture of the text, a document, a film.
fn weighty(number: u64) -> u64 {
    number | WEIGHTY
}

fn is_weighty(number: u64) -> bool {
    number & WEIGHTY != 0
}

const WEIGHTY: u64 = 1 << 63;

const LENGTH_BITS: u32 = 16;
const LONGEST: usize = (1 << LENGTH_BITS) - 1;

fn length_of(number: u64) -> usize {
    match usize::try_from(number).unwrap_or_default() & LONGEST {
        LONGEST => usize::MAX,
        length => length,
    }
}

fn hash(text: &str) -> u64 {
    // One that is the same with every compiler: what it gives is kept.
    let mut hasher = SipHasher13::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests;
