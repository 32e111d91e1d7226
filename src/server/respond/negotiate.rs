//! What a client would rather have: `Accept-Encoding` and `Accept-Language` (RFC 9110 section 12.5).
//!
//! An item that is not written as the RFC says is passed over; it never spoils its neighbours.

use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, ACCEPT_LANGUAGE, HeaderName};

/// A quality in thousandths, 0 ..= 1000 (RFC 9110 section 12.4.2).
type Quality = u16;

/// Whether to send the gzip form where there is one: it is accepted, and not liked less than the plain form.
pub(super) fn prefers_gzip(headers: &HeaderMap) -> bool {
    likes_gzip(lines(headers, &ACCEPT_ENCODING))
}

/// The same of the lines of `Accept-Encoding`.
pub(super) fn likes_gzip<'a>(lines: impl Iterator<Item = &'a str>) -> bool {
    let (mut gzip, mut identity, mut any) = (None, None, None);
    for (coding, quality) in items(lines) {
        let slot = match coding {
            c if c.eq_ignore_ascii_case("gzip") || c.eq_ignore_ascii_case("x-gzip") => &mut gzip,
            c if c.eq_ignore_ascii_case("identity") => &mut identity,
            "*" => &mut any,
            _ => continue,
        };
        *slot = Some(quality);
    }
    // Identity is acceptable when nobody names it, and then any quality of gzip is a wish for gzip.
    let gzip = gzip.or(any).unwrap_or(0);
    gzip > 0 && gzip >= identity.unwrap_or(0)
}

/// The place in `available` of the language that the reader likes best, by the look-up of RFC 4647 section 3.4:
/// `be-Latn-BY` finds `be-latn`, then `be`. 0 when nothing fits.
pub(super) fn language(headers: &HeaderMap, available: &[impl AsRef<str>]) -> usize {
    let mut best = (0, 0);
    for (range, quality) in items(lines(headers, &ACCEPT_LANGUAGE)) {
        // Strictly better, so that of equals the first one named wins.
        if quality > best.0
            && let Some(place) = look_up(range, available)
        {
            best = (quality, place);
        }
    }
    best.1
}

fn look_up(range: &str, available: &[impl AsRef<str>]) -> Option<usize> {
    if range == "*" {
        return (!available.is_empty()).then_some(0);
    }
    let mut range = range;
    loop {
        let same = |tag: &dyn AsRef<str>| tag.as_ref().eq_ignore_ascii_case(range);
        if let Some(place) = available.iter().position(|tag| same(tag)) {
            return Some(place);
        }
        range = range.rsplit_once('-')?.0;
    }
}

fn lines<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).iter();
    lines.filter_map(|line| line.to_str().ok())
}

/// `(token, quality)` of a comma-separated list, over all lines.
fn items<'a>(lines: impl Iterator<Item = &'a str>) -> impl Iterator<Item = (&'a str, Quality)> {
    lines.flat_map(|line| line.split(',')).filter_map(item)
}

fn item(text: &str) -> Option<(&str, Quality)> {
    let mut parts = text.split(';').map(|part| part.trim_matches([' ', '\t']));
    let token = parts.next().filter(|token| !token.is_empty())?;
    match (parts.next(), parts.next()) {
        (None, _) => Some((token, 1000)),
        (Some(weight), None) => Some((token, quality(weight)?)),
        (Some(_), Some(_)) => None,
    }
}

/// `q=` and a number from 0 to 1 with at most three decimals.
fn quality(weight: &str) -> Option<Quality> {
    let number = weight
        .strip_prefix("q=")
        .or_else(|| weight.strip_prefix("Q="))?;
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let well_spelled = decimals.len() <= 3 && decimals.bytes().all(|b| b.is_ascii_digit());
    match whole {
        "1" if well_spelled && decimals.bytes().all(|b| b == b'0') => Some(1000),
        "0" if well_spelled => format!("{decimals:0<3}").parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(name: HeaderName, lines: &[&str]) -> HeaderMap {
        let lines = lines.iter().map(|line| HeaderValue::from_str(line));
        lines
            .map(|line| (name.clone(), line.expect("a header value")))
            .collect()
    }

    #[test]
    fn gzip_goes_to_who_asks_for_it_and_to_nobody_else() {
        let check = |lines: &[&str], expected: bool| {
            let headers = headers(ACCEPT_ENCODING, lines);
            assert_eq!(prefers_gzip(&headers), expected, "{lines:?}");
        };
        check(&[], false);
        check(&[""], false);
        check(&["gzip"], true);
        check(&["GZip"], true);
        check(&["x-gzip"], true);
        check(&["gzip, deflate, br, zstd"], true);
        check(&["br;q=1.0, gzip;q=0.1"], true);
        check(&["deflate", "gzip"], true);
        check(&["gzip;q=0"], false);
        check(&["gzip;q=0.000"], false);
        check(&["gzip ; q=0.001"], true);
        check(&["*"], true);
        check(&["*;q=0"], false);
        check(&["*, gzip;q=0"], false);
        check(&["gzip;q=0, *"], false);
        check(&["identity"], false);
        check(&["identity, gzip"], true);
        check(&["identity;q=1, gzip;q=0.5"], false);
        check(&["identity;q=0.5, gzip;q=1.0"], true);
        check(&["br, deflate"], false);
        check(&["gzipped"], false);
        check(&[",, gzip ,,"], true);
    }

    #[test]
    fn a_weight_that_is_none_takes_its_item_along() {
        for bad in ["2", "1.001", "0.1234", "-1", ".5", "", "0,5", "1e0", "+0"] {
            let headers = headers(ACCEPT_ENCODING, &[&format!("gzip;q={bad}")]);
            assert!(!prefers_gzip(&headers), "{bad}");
        }
        assert_eq!(quality("q=0."), Some(0));
        assert_eq!(quality("q=0.25"), Some(250));
        assert_eq!(quality("q=1.000"), Some(1000));
    }

    #[test]
    fn the_reader_s_language_is_looked_up() {
        let check = |line: &str, expected: &str| {
            let available = ["en", "be", "fa", "zh", "zh-hant"];
            let headers = headers(ACCEPT_LANGUAGE, &[line]);
            assert_eq!(
                available[language(&headers, &available)],
                expected,
                "{line}"
            );
        };
        check("be", "be");
        check("BE-BY", "be");
        check("be-Latn-BY, en;q=0.9", "be");
        check("zh-Hant-TW", "zh-hant");
        check("zh-CN", "zh");
        check("de, fa;q=0.3, be;q=0.7", "be");
        check("fa, be", "fa");
        check("be;q=0, fa;q=0.1", "fa");
        check("de", "en");
        check("*", "en");
        check("", "en");
        check("--, ;q=1, be", "be");
        assert_eq!(language(&HeaderMap::new(), &["en"]), 0);
        let none: [&str; 0] = [];
        assert_eq!(language(&headers(ACCEPT_LANGUAGE, &["*"]), &none), 0);
    }
}
