//! What a text can be found by: its words, cut and hashed so that an index of them is light.
//!
//! The script of the search page (`search.js`) does the same to what a reader looks for, step by step; change both.
//!
//! 1. Lower case; marks that people leave out (harakat, tatweel, zero-width joiners, combining accents) go, and letters
//!    that they mix up (`ё` and `е`, Arabic and Persian `ي`) become one.
//! 2. Runs of letters and digits are words. Scripts without spaces give every pair of neighbours instead.
//! 3. Endings go, so that a word is found in its other forms. What goes is the same few letters for all languages of a
//!    script: two words that become one only give a result too many.
//! 4. What is left is hashed to [`HASH_BITS`] bits; one article in some thousand is found by mistake.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Article;

const HASH_BITS: u32 = 18;

/// The terms of an article, as text for the index: 64 digits, the hashes ascending, each as its distance from the one
/// before in two digits, or `_` and three digits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms(String);

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl Terms {
    pub fn of_article(article: &Article) -> Self {
        let text = dom_query::Document::fragment(article.body.as_str()).text();
        let byline = article.byline.as_deref().unwrap_or_default();
        Self::of(&[&article.title, &article.summary, byline, &text])
    }

    pub fn of(texts: &[&str]) -> Self {
        let hashes: BTreeSet<u32> = texts
            .iter()
            .flat_map(|text| words(text))
            .map(|word| hash(&stem(&word)))
            .collect();
        let mut written = String::with_capacity(hashes.len() * 2);
        let mut before = 0;
        for hash in hashes {
            write(hash - before, &mut written);
            before = hash;
        }
        Self(written)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn write(distance: u32, to: &mut String) {
    let digit = |shift: u32| {
        let index = usize::try_from(distance >> shift & 63).unwrap_or_default();
        DIGITS.get(index).copied().map_or('A', char::from)
    };
    if distance < 63 << 6 {
        to.extend([digit(6), digit(0)]);
    } else {
        to.extend(['_', digit(12), digit(6), digit(0)]);
    }
}

// Step 1.
fn folded(c: char) -> Option<char> {
    Some(match c {
        '\u{300}'..='\u{36f}' | '\u{64b}'..='\u{652}' | '\u{670}' | '\u{640}' => return None,
        '\u{200b}'..='\u{200f}' | '\u{ad}' | '\u{2060}' | '\u{feff}' => return None,
        '\'' | '’' | 'ʼ' | '`' => return None,
        'ё' => 'е',
        'ς' => 'σ',
        'ґ' => 'г',
        'ı' => 'i',
        'ي' | 'ى' | 'ئ' => 'ی',
        'ك' => 'ک',
        'ة' => 'ه',
        'أ' | 'إ' | 'آ' => 'ا',
        'ؤ' => 'و',
        c => c,
    })
}

// Step 2.
fn words(text: &str) -> Vec<String> {
    let folded: String = text
        .chars()
        .flat_map(char::to_lowercase)
        .filter_map(folded)
        .collect();
    let mut words = Vec::new();
    for run in folded.split(|c: char| !c.is_alphanumeric()) {
        let mut rest = run;
        while let Some(first) = rest.chars().next() {
            let same = |c: &char| is_unspaced(*c) == is_unspaced(first);
            let end: usize = rest.chars().take_while(same).map(char::len_utf8).sum();
            let (part, others) = rest.split_at(end);
            match is_unspaced(first) {
                true => words.extend(pairs(part)),
                false if part.chars().count() > 1 => words.push(part.to_owned()),
                false => {}
            }
            rest = others;
        }
    }
    words
}

/// Of scripts that put no spaces between words.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn pairs(run: &str) -> impl Iterator<Item = String> {
    let next = run.chars().skip(1);
    run.chars().zip(next).map(|(a, b)| [a, b].iter().collect())
}

// Step 3.

/// The most letters that go, and the fewest that stay.
const MOST_GONE: usize = 5;
const LEAST_LEFT: usize = 4;

/// Letters that endings are made of, in Cyrillic, Latin and Arabic script.
const ENDINGS: &str = "аеийіїоуўыьэюямхвaeisdıuünlrтةهایونت";

fn stem(word: &str) -> String {
    let bare = match word.strip_prefix("ال") {
        Some(bare) if bare.chars().count() >= LEAST_LEFT => bare,
        _ => word,
    };
    let mut letters: Vec<char> = bare.chars().collect();
    for _ in 0..MOST_GONE {
        if letters.len() > LEAST_LEFT && letters.last().is_some_and(|c| ENDINGS.contains(*c)) {
            letters.pop();
        }
    }
    letters.into_iter().collect()
}

// Step 4.

/// FNV-1a over UTF-16 code units, as a browser counts text, folded.
fn hash(word: &str) -> u32 {
    let whole = word.encode_utf16().fold(0x811c_9dc5_u32, |hash, unit| {
        (hash ^ u32::from(unit)).wrapping_mul(0x0100_0193)
    });
    (whole ^ whole >> HASH_BITS) & ((1 << HASH_BITS) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(language: &str, forms: &[&str]) {
        let stems: BTreeSet<Vec<String>> = forms
            .iter()
            .map(|form| words(form).iter().map(|word| stem(word)).collect())
            .collect();
        assert_eq!(stems.len(), 1, "{language}: {stems:?}");
    }

    #[test]
    fn a_word_is_found_in_its_other_forms() {
        check("be", &["Выбары", "выбараў", "выбарамі", "выбарах"]);
        check("ru", &["ёлка-музей", "елка музее", "ЁЛКА, музеями"]);
        check("uk", &["рішення", "рішенням", "рішеннями"]);
        check("en", &["election", "Elections", "election's"]);
        check("tr", &["gazete", "gazeteler", "gazetenin"]);
        check("fa", &["كتاب", "کتاب", "کتاب‌ها"]);
        check("ar", &["كِتَاب", "الكتاب", "كتاب"]);
    }

    #[test]
    fn the_script_of_the_page_cuts_the_same_endings() {
        let script = include_str!("search.js");
        let cut =
            format!("n < {MOST_GONE} && letters.length > {LEAST_LEFT} && \"{ENDINGS}\".includes");
        assert!(script.contains(&cut), "{cut}");
    }

    #[test]
    fn scripts_without_spaces_are_found_by_pairs() {
        assert_eq!(words("河畔邮报2026年"), ["河畔", "畔邮", "邮报", "2026"]);
        assert_eq!(words("— a, I! б 7"), Vec::<String>::new());
    }

    #[test]
    fn terms_are_few_letters_each() {
        let text: String = (0..300).map(|n| format!("word{n}x ")).collect();
        let terms = Terms::of(&[&text, &text]);
        let each = terms.as_str().len() as f64 / 300.0;
        assert!((2.0..2.5).contains(&each), "{each}");
        assert_eq!(Terms::of(&[""]), Terms::default());
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_can_be_read(texts: Vec<String>) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let written = Terms::of(&texts).0;
            let digit = |c: u8| DIGITS.iter().position(|d| *d == c).unwrap() as u32;
            let (mut rest, mut sum, mut read) = (written.as_bytes(), 0, BTreeSet::new());
            while let [first, tail @ ..] = rest {
                let long = *first == b'_';
                let (digits, tail) = if long { tail.split_at(3) } else { rest.split_at(2) };
                sum += digits.iter().fold(0, |n, c| n << 6 | digit(*c));
                read.insert(sum);
                rest = tail;
            }
            let hashes = texts.iter().flat_map(|text| words(text)).map(|word| hash(&stem(&word)));
            proptest::prop_assert_eq!(read, hashes.collect());
        }
    }
}
