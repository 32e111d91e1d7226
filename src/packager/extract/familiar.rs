//! What stands on many pages of a newsroom is furniture, whatever it looks like: its address, an appeal for help, the
//! picture that stands for pages without one.
//!
//! 1. Blocks are counted by what they say, without digits: "12 comments" and "3 comments" are one. Pictures, and links
//!    that stand alone, count by their addresses.
//! 2. What stands on enough of the pages is [`Familiar`]. A page counts once, and the order of pages is of no matter.
//! 3. It is left out of what was read before, so that a page need not be read anew because another one changed.
//! 4. A page of which little would be left stays as it is: then it is the article that is told twice.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use super::block::EMBED_SIGN;
use super::{Extracted, Figure, words};

/// Fewer pages tell nothing.
const PAGES: usize = 4;

/// Of all pages, one in so many.
const ONE_IN: usize = 5;

/// The pages of one place that are counted; of more, a sample that does not depend on their order.
const MOST_PAGES: usize = 1_000;

/// Of one page.
const MOST_BLOCKS: usize = 500;

/// See the module.
#[derive(Debug, Default)]
pub struct Familiar(HashSet<u64>);

impl Familiar {
    /// `pages` with their names, and their [`blocks`].
    pub fn on<'a>(pages: impl Iterator<Item = (&'a str, &'a [u64])>) -> Self {
        let mut sample = BTreeMap::new();
        for (name, page) in pages {
            sample.insert((number(name), name), page);
            if sample.len() > MOST_PAGES {
                sample.pop_last();
            }
        }
        let mut counts: HashMap<u64, usize> = HashMap::new();
        for block in sample.values().copied().flatten() {
            *counts.entry(*block).or_default() += 1;
        }
        let enough = PAGES.max(sample.len().div_ceil(ONE_IN));
        let often = counts.into_iter().filter(|(_, count)| *count >= enough);
        Self(often.map(|(block, _)| block).collect())
    }

    /// Leaves it out of a page.
    pub fn clear(&self, page: &mut Extracted) {
        if self.0.is_empty() {
            return;
        }
        let is_own = |key: Option<u64>| key.is_none_or(|key| !self.0.contains(&key));
        let lines = page.text.split_inclusive('\n');
        let text: String = lines.filter(|line| is_own(key_of_text(line))).collect();
        // Step 4.
        if words::weight(&text) * 3 < words::weight(&page.text) * 2 {
            return;
        }
        page.text = text;
        let lines = page.html.split_inclusive('\n');
        page.html = lines.filter(|line| is_own(key(line))).collect();
        let is_own = |figure: &Figure| is_own(Some(number(figure.src.as_str())));
        page.pictures.retain(is_own);
        page.lead = page.lead.take().filter(is_own);
    }
}

/// By what a page is compared with others: each of its blocks, once, but for its lead picture.
pub fn blocks(page: &Extracted) -> Vec<u64> {
    let all = page.html.lines().filter_map(key).take(MOST_BLOCKS);
    let once: BTreeSet<u64> = all.collect();
    once.into_iter().collect()
}

/// The same of a picture that is shown above the text.
pub fn block_of_lead(lead: &Figure) -> u64 {
    number(lead.src.as_str())
}

/// What a block has in common with others that say the same; `None` if it says nothing, or if the line of HTML is not
/// one whole block: see [`super::block::Block::write_html`].
fn key(line: &str) -> Option<u64> {
    let line = line.trim_end();
    if let Some(rest) = line.strip_prefix("<figure><img src=\"") {
        let (address, rest) = rest.split_once('"')?;
        let whole = rest.ends_with("</figure>");
        return whole.then(|| number(&words::unescaped(address)));
    }
    let inner = |tag: &str| {
        let (begin, end) = (format!("<{tag}>"), format!("</{tag}>"));
        line.strip_prefix(&begin)?.strip_suffix(&end)
    };
    let text = ["p", "h2", "h3", "h4"].into_iter().find_map(inner)?;
    match address_of_link(text) {
        Some(address) => Some(number(&words::unescaped(address))),
        None => key_of_text(&words::unescaped(text)),
    }
}

/// Of a block that is nothing but a link, as what plays from elsewhere is. All films of one house look the same, and only
/// their addresses tell them apart.
fn address_of_link(text: &str) -> Option<&str> {
    let text = text.strip_prefix(EMBED_SIGN).unwrap_or(text);
    let (address, rest) = text.strip_prefix("<a href=\"")?.split_once('"')?;
    let is_whole = rest.ends_with("</a>") && !rest.contains("<a ");
    is_whole.then_some(address)
}

fn key_of_text(text: &str) -> Option<u64> {
    let mut letters = words::letters(text);
    letters.retain(|c| !c.is_numeric());
    (letters.len() >= LETTERS).then(|| number(&letters))
}

/// In bytes; less is a heading such as "Why?", which any article may have.
const LETTERS: usize = 8;

fn number(text: &str) -> u64 {
    // One that is the same with every compiler: what it gives is kept.
    let mut hasher = SipHasher13::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::super::extract_page;
    use super::*;

    const APPEAL: &str = "Support us: 12 people did so today.";

    /// Some pages of a newsroom; of every `nth` the text is followed by an appeal and the newsroom's own picture.
    fn pages(count: usize, nth: usize) -> Vec<(String, Extracted)> {
        let page = |number: usize| {
            let words = [
                "court", "river", "school", "bridge", "market", "forest", "museum",
            ];
            let word = format!("{}{}", words[number % 7], "x".repeat(number / 7));
            let prose = format!(
                "In the {word} several hundred people carrying flowers met on Monday evening. "
            )
            .repeat(3);
            let appeal = match number % nth {
                0 => format!(
                    "<img src=/appeal.jpg><p>{}</p>",
                    APPEAL.replace("12", &number.to_string())
                ),
                _ => String::new(),
            };
            let html = format!(
                "<title>The {word}</title><meta property='article:published_time' content=2026-11-20>\
                 <meta property='og:image' content=/logo.png><article><h1>The {word}</h1><p>{prose}</p>{appeal}<p>The {word}: {prose}</p></article>"
            );
            let url = Url::parse(&format!("https://n.example/{number}")).unwrap();
            (
                url.to_string(),
                extract_page(html.as_bytes(), &url).unwrap(),
            )
        };
        (0..count).map(page).collect()
    }

    fn cleared(mut pages: Vec<(String, Extracted)>) -> Vec<(String, Extracted)> {
        let counted = pages.iter().map(|(_, page)| {
            let lead = page.lead.as_ref().map(block_of_lead);
            blocks(page).into_iter().chain(lead).collect()
        });
        let counted: Vec<Vec<u64>> = counted.collect();
        let named = pages.iter().zip(&counted);
        let familiar = Familiar::on(named.map(|((name, _), blocks)| (name.as_str(), &blocks[..])));
        pages.iter_mut().for_each(|(_, page)| familiar.clear(page));
        pages
    }

    #[test]
    fn what_stands_on_many_pages_is_left_out_and_nothing_else() {
        let before = pages(10, 2);
        assert!(before[0].1.html.contains("Support us") && before[0].1.html.contains("appeal.jpg"));
        for ((_, page), (_, before)) in cleared(before.clone()).iter().zip(&before) {
            assert!(!page.html.contains("Support us") && !page.text.contains("Support us"));
            assert!(
                !page.html.contains("appeal.jpg")
                    && page.pictures.is_empty()
                    && page.lead.is_none()
            );
            let own = |text: &str| {
                text.lines()
                    .filter(|line| !line.contains("Support"))
                    .collect::<Vec<_>>()
                    .join("\n")
            };
            assert_eq!(page.text.trim_end(), own(&before.text));
        }
    }

    #[test]
    fn no_block_is_torn() {
        let appeal = key("<p>Support <b>us</b></p>\n");
        assert!(appeal.is_some() && appeal == key_of_text("Support us"));
        for line in [
            "<blockquote><p>Support us</p>",
            "<pre>Support us",
            "Support us</pre>",
            "<ul><li>Support us</li></ul>",
            "</blockquote>",
            "",
        ] {
            assert_eq!(key(line), None, "{line}");
        }
    }

    #[test]
    fn a_film_in_every_article_is_no_furniture() {
        let page = |number: usize| {
            let prose = format!(
                "In town {} several hundred people met. ",
                "x".repeat(number)
            );
            let html = format!(
                "<title>The {number}</title><meta property='article:published_time' content=2026-11-20>\
                 <article><h1>The {number}</h1><p>{0}</p><iframe src='https://video.example/embed/{number}a'></iframe>\
                 <p>{0}</p><p><a href='https://n.example/support'>Support our newsroom today</a></p><p>{0}</p></article>",
                prose.repeat(6)
            );
            let url = Url::parse(&format!("https://n.example/{number}")).unwrap();
            let page = extract_page(html.as_bytes(), &url).unwrap();
            (url.to_string(), page)
        };
        for (number, (_, page)) in cleared((0..12).map(page).collect()).iter().enumerate() {
            let film = format!("https://video.example/embed/{number}a");
            assert!(page.html.contains(&film), "{}", page.html);
            assert!(!page.html.contains("Support our"), "{}", page.html);
        }
    }

    #[test]
    fn what_stands_on_few_pages_stays() {
        for (count, nth) in [(3, 1), (20, 7), (40, 8)] {
            let pages = cleared(pages(count, nth));
            assert!(pages[0].1.text.contains("Support us"), "{count} {nth}");
        }
    }

    #[test]
    fn the_order_of_pages_is_of_no_matter() {
        let forth = cleared(pages(30, 3));
        let mut back = pages(30, 3);
        back.reverse();
        let mut back = cleared(back);
        back.reverse();
        let html = |pages: &[(String, Extracted)]| {
            pages
                .iter()
                .map(|(_, page)| page.html.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(html(&forth), html(&back));
    }

    #[test]
    fn an_article_that_is_told_on_many_pages_stays_whole() {
        let one = pages(1, 1).remove(0).1;
        let same: Vec<_> = (0..20)
            .map(|number| (number.to_string(), one.clone()))
            .collect();
        assert_eq!(cleared(same)[7].1.html, one.html);
    }

    #[test]
    fn beyond_a_thousand_pages_a_sample_is_counted() {
        let one = pages(1, 1).remove(0).1;
        let many: Vec<_> = (0..1_500).map(|number| number.to_string()).collect();
        let one = &blocks(&one)[..];
        let forth = Familiar::on(many.iter().map(|name| (name.as_str(), one)));
        let back = Familiar::on(many.iter().rev().map(|name| (name.as_str(), one)));
        assert_eq!(forth.0, back.0);
        assert!(!forth.0.is_empty());
    }
}
