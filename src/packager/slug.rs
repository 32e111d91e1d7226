//! The last part of an article's address in the site: the same for the same source, with no memory of earlier editions.
//! `id` is what the source calls the article (its address, or its path in a folder) and never changes, while a title may.

use url::Url;

use crate::base::Digest;

/// Bytes of the readable part. With the newsroom, the month and a picture's name a path stays far below its limit.
const WORDS_BYTES: usize = 48;

/// Digits of the source's digest: two sources with the same words part ways here (one chance in 16 million).
const DIGEST_DIGITS: usize = 6;

/// So many that nobody finds another source with the same, however long he searches.
const LONG_DIGITS: usize = 16;

/// Readable words from the last telling segment of the source's address, then digits of the source's digest.
pub fn slug(id: &str) -> String {
    with_digits(id, DIGEST_DIGITS)
}

/// For an article that came later than another with the same [`slug`].
pub fn long_slug(id: &str) -> String {
    with_digits(id, LONG_DIGITS)
}

/// Whether a part of an address could be one of these.
pub fn is_slug(part: &str) -> bool {
    let tail = part.rsplit_once('-').map(|(_, tail)| tail);
    tail.is_some_and(|tail| {
        [DIGEST_DIGITS, LONG_DIGITS].contains(&tail.len())
            && tail.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn with_digits(id: &str, digits: usize) -> String {
    let digest = Digest::of(id.as_bytes()).to_string();
    let tail = digest.get(..digits).unwrap_or_default();
    match words(id) {
        words if words.is_empty() => format!("a-{tail}"),
        words => format!("{words}-{tail}"),
    }
}

fn words(id: &str) -> String {
    let path = Url::parse(id).map_or_else(|_| id.to_owned(), |url| url.path().to_owned());
    let telling = path
        .rsplit(['/', '\\'])
        .map(without_extension)
        .find(|segment| is_telling(segment));
    telling.map(sanitised).unwrap_or_default()
}

fn without_extension(segment: &str) -> &str {
    match segment.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 5 => stem,
        _ => segment,
    }
}

/// `index`, `amp` and the like say nothing about the article.
fn is_telling(segment: &str) -> bool {
    let empty = sanitised(segment).is_empty();
    let hollow = ["index", "default", "amp", "article", "print", "html"];
    !empty && !hollow.contains(&segment.to_ascii_lowercase().as_str())
}

/// `a-z 0-9 -` only. Percent-encoded and other non-ASCII letters leave nothing: the digest tells them apart.
fn sanitised(segment: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(segment).decode_utf8_lossy();
    let mut words = String::new();
    for c in decoded.chars() {
        match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9') => words.push(c),
            _ if !words.is_empty() && !words.ends_with('-') => words.push('-'),
            _ => {}
        }
        if words.len() == WORDS_BYTES {
            break;
        }
    }
    words.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: &str, expected_words: &str) {
        let slug = slug(id);
        let (words, tail) = slug.rsplit_once('-').unwrap();
        assert_eq!(words, expected_words, "{id}");
        assert_eq!(tail.len(), DIGEST_DIGITS);
        let long = long_slug(id);
        assert!(
            long.starts_with(&slug) && long.len() == slug.len() + 10,
            "{long}"
        );
        assert!(is_slug(&slug) && is_slug(&long), "{slug}");
    }

    #[test]
    fn other_parts_of_addresses_are_none() {
        for part in [
            "court",
            "the-verdict",
            "court-12345",
            "court-a1b2cx",
            "a1b2c3",
        ] {
            assert!(!is_slug(part), "{part}");
        }
    }

    #[test]
    fn the_last_telling_segment_gives_the_words() {
        check("https://n.example/a/33012345.html", "33012345");
        check(
            "https://n.example/2026/11/The-River%20rises/amp/",
            "the-river-rises",
        );
        check("https://n.example/news/court/index.php", "court");
        check("court/verdict.html", "verdict");
        check("https://n.example/суд-вынес-приговор", "a");
        check("https://n.example/", "a");
        check("", "a");
        check("https://n.example/../con", "con");
        check(
            &format!("https://n.example/{}", "word-".repeat(40)),
            "word-word-word-word-word-word-word-word-word-wor",
        );
    }

    #[test]
    fn queries_tell_articles_apart() {
        assert_ne!(
            slug("https://n.example/a?id=1"),
            slug("https://n.example/a?id=2")
        );
    }

    proptest::proptest! {
        #[test]
        fn any_source_has_an_address(id: String) {
            let id = format!("/{id}/");
            let path = crate::base::SitePath::parse(&format!("be/2026/11/{}/index.html", slug(&id)));
            proptest::prop_assert!(path.is_ok());
            let path = crate::base::SitePath::parse(&format!("be/2026/11/{}/index.html", long_slug(&id)));
            proptest::prop_assert!(path.is_ok());
        }
    }
}
