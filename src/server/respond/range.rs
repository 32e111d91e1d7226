//! `Range` and `If-Range` (RFC 9110 section 14): one range of bytes, or all.
//!
//! Several ranges in one request are answered with the whole, as section 14.2 allows: no reader of ours asks for them,
//! and many small ones are a known way to make a server work hard.

use std::ops::Range;

use http::header::{IF_RANGE, RANGE};
use http::{HeaderMap, HeaderValue};

use super::conditions::is_strong_tag;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    Whole,
    /// Not empty, and inside of the whole.
    Part(Range<u64>),
    /// Nothing of the whole is in the range.
    Unsatisfiable,
}

/// What a GET of `length` bytes with the tag `current` asks for.
pub(super) fn asked(headers: &HeaderMap, length: u64, current: &HeaderValue) -> Asked {
    let mut lines = headers.get_all(RANGE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return Asked::Whole;
    };
    // What the client has is of another version, so a part of this one is of no use to it.
    let stale = headers
        .get(IF_RANGE)
        .is_some_and(|value| !is_strong_tag(value, current));
    if stale {
        return Asked::Whole;
    }
    let text = line.to_str().unwrap_or_default();
    parse(text, length).unwrap_or(Asked::Whole)
}

/// `None`: not one well-formed range of bytes, which a server must pass over.
fn parse(text: &str, length: u64) -> Option<Asked> {
    let (unit, set) = text.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = set.trim_matches([' ', '\t']).split_once('-')?;
    let range = match (number(first)?, number(last)?) {
        (None, None) => return None,
        (None, Some(suffix)) => length.saturating_sub(suffix)..length,
        (Some(first), None) => first..length,
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Some(_), Some(_)) => return None,
    };
    if range.start < range.end {
        Some(Asked::Part(range))
    } else {
        Some(Asked::Unsatisfiable)
    }
}

/// Digits only; none at all is `Some(None)`. A number too large for any file is as good as the largest.
fn number(digits: &str) -> Option<Option<u64>> {
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    if digits.is_empty() {
        return Some(None);
    }
    Some(Some(digits.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: HeaderValue = HeaderValue::from_static("\"abc\"");

    fn headers(lines: &[(http::HeaderName, &str)]) -> HeaderMap {
        let one = |(name, value): &(http::HeaderName, &str)| {
            let value = HeaderValue::from_str(value).expect("a header value");
            (name.clone(), value)
        };
        lines.iter().map(one).collect()
    }

    #[test]
    fn one_range_of_a_thousand_bytes() {
        let check = |text: &str, expected: Asked| {
            assert_eq!(
                asked(&headers(&[(RANGE, text)]), 1000, &TAG),
                expected,
                "{text}"
            );
        };
        check("bytes=0-0", Asked::Part(0..1));
        check("bytes=0-499", Asked::Part(0..500));
        check("bytes=500-", Asked::Part(500..1000));
        check("bytes=-1", Asked::Part(999..1000));
        check("bytes=-5000", Asked::Part(0..1000));
        check("bytes=0-99999999999999999999999999", Asked::Part(0..1000));
        check("bytes=999-18446744073709551615", Asked::Part(999..1000));
        check("BYTES=0-1", Asked::Part(0..2));
        check("bytes= 0-1 ", Asked::Part(0..2));
        check("bytes=1000-", Asked::Unsatisfiable);
        check("bytes=99999999999999999999999999-", Asked::Unsatisfiable);
        check("bytes=-0", Asked::Unsatisfiable);
        check("bytes=2-1", Asked::Whole);
        check("bytes=-", Asked::Whole);
        check("bytes=", Asked::Whole);
        check("bytes=a-b", Asked::Whole);
        check("bytes=+1-2", Asked::Whole);
        check("bytes=0-1,5-6", Asked::Whole);
        check("bytes=0-1-2", Asked::Whole);
        check("lines=0-1", Asked::Whole);
        check("bytes 0-1", Asked::Whole);
        check("", Asked::Whole);
    }

    #[test]
    fn nothing_can_be_taken_out_of_nothing() {
        let headers = headers(&[(RANGE, "bytes=0-")]);
        assert_eq!(asked(&headers, 0, &TAG), Asked::Unsatisfiable);
    }

    #[test]
    fn two_range_lines_are_no_range() {
        let headers = headers(&[(RANGE, "bytes=0-1"), (RANGE, "bytes=0-1")]);
        assert_eq!(asked(&headers, 1000, &TAG), Asked::Whole);
    }

    #[test]
    fn a_part_is_only_sent_of_the_version_that_is_known() {
        let check = |tag: &str, expected: Asked| {
            let headers = headers(&[(RANGE, "bytes=5-6"), (IF_RANGE, tag)]);
            assert_eq!(asked(&headers, 1000, &TAG), expected, "{tag}");
        };
        check("\"abc\"", Asked::Part(5..7));
        check("W/\"abc\"", Asked::Whole);
        check("\"other\"", Asked::Whole);
        check("Mon, 23 Nov 2026 12:00:00 GMT", Asked::Whole);
    }
}
