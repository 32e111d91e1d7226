//! Which character set a page or a feed is written in.
//!
//! 1. A byte order mark decides (Encoding Standard section 6).
//! 2. Bytes that are valid UTF-8 with more than a handful of non-ASCII characters, or with one of print such as `’`, are
//!    UTF-8, whatever is declared: text of another set is practically never valid UTF-8, but declarations are often wrong,
//!    as in pages that were saved by a browser.
//! 3. The HTTP header, then `<meta charset>` or `<?xml encoding?>` within the first bytes, if the bytes fit it.
//! 4. What the bytes look like (chardetng, the detector of Firefox).

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};

/// Browsers look for a declaration in the first 1024 bytes; newsrooms put it later now and then.
const PRESCAN_BYTES: usize = 4096;

/// Fewer non-ASCII characters than this can be valid UTF-8 by accident: two Chinese characters in GBK can.
const TELLING_CHARACTERS: usize = 8;

/// The text and the name of the character set it was read by. Malformed sequences become U+FFFD.
pub fn decode<'a>(bytes: &'a [u8], content_type: Option<&str>) -> (Cow<'a, str>, &'static str) {
    // Step 2, for most pages.
    if let Some(text) = surely_utf8(bytes) {
        return (text.trim_start_matches('\u{feff}').into(), UTF_8.name());
    }
    let encoding = encoding_of(bytes, content_type);
    // Removes the byte order mark too.
    let (text, used, _) = encoding.decode(bytes);
    (text, used.name())
}

/// What must be UTF-8, such as JSON, without the byte order mark that some systems put before it; of UTF-16 with one, what it
/// says in UTF-8.
pub fn unmarked(bytes: &[u8]) -> Cow<'_, [u8]> {
    match Encoding::for_bom(bytes) {
        Some((wide, _)) if wide != UTF_8 => match wide.decode(bytes) {
            (text, _, false) => text.into_owned().into_bytes().into(),
            _ => bytes.into(),
        },
        Some((_, length)) => bytes.get(length..).unwrap_or_default().into(),
        None => bytes.into(),
    }
}

/// UTF-32, and UTF-16 without a byte order mark: XML may be written so, HTML may not. Told by where the zero bytes are
/// around the first `<` (XML 1.0 appendix F).
pub fn decode_wide(bytes: &[u8]) -> Option<String> {
    let units = |size: usize, number: fn(&[u8]) -> u32| -> String {
        let numbers = bytes.chunks_exact(size).map(number);
        numbers
            .map(|n| char::from_u32(n).unwrap_or('\u{fffd}'))
            .collect()
    };
    let number = |unit: &[u8]| {
        unit.iter()
            .fold(0, |number, byte| number << 8 | u32::from(*byte))
    };
    let reversed = |unit: &[u8]| {
        unit.iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u32::from(*byte))
    };
    match bytes.get(..4)? {
        [0, 0, 0, b'<'] | [0, 0, 0xfe, 0xff] => Some(units(4, number)),
        [b'<', 0, 0, 0] | [0xff, 0xfe, 0, 0] => Some(units(4, reversed)),
        [0, b'<', 0, _] => Some(UTF_16BE.decode_without_bom_handling(bytes).0.into_owned()),
        [b'<', 0, _, 0] => Some(UTF_16LE.decode_without_bom_handling(bytes).0.into_owned()),
        _ => None,
    }
}

fn encoding_of(bytes: &[u8], content_type: Option<&str>) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding;
    }
    let declared = [
        content_type.and_then(charset_of),
        declared_within(bytes.get(..PRESCAN_BYTES).unwrap_or(bytes)),
    ];
    let mut declared = declared.into_iter().flatten();
    declared
        .find(|encoding| fits(encoding, bytes))
        .unwrap_or_else(|| guessed(bytes))
}

fn surely_utf8(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    // Each character beyond ASCII begins with one such byte.
    let telling = bytes
        .iter()
        .filter(|byte| **byte >= 0xc0)
        .nth(TELLING_CHARACTERS);
    (telling.is_some() || bytes.windows(3).any(is_of_print)).then_some(text)
}

/// Dashes, quotation marks and dots (U+2010 to U+2027). In other sets the same bytes are `â€™`, `вЂ™` or `鈥檚`, and
/// nobody's text.
fn is_of_print(bytes: &[u8]) -> bool {
    matches!(bytes, [0xe2, 0x80, 0x90..=0xa7])
}

fn fits(encoding: &&'static Encoding, bytes: &[u8]) -> bool {
    encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .is_some()
}

/// Also the last word on bytes that fit nothing declared, such as a UTF-8 page with one broken character.
fn guessed(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    for part in telling_parts(bytes) {
        detector.feed(part, false);
    }
    detector.feed(&[], true);
    let guess = detector.guess(None, Utf8Detection::Allow);
    let broken = |encoding: &'static Encoding| {
        let (text, _) = encoding.decode_without_bom_handling(bytes);
        text.chars().filter(|c| *c == '\u{fffd}').count()
    };
    let seen = bytes.iter().filter(|b| !b.is_ascii()).count();
    // A page cut in the middle of a character, or with a few bytes of another page, is UTF-8 all the same.
    if guess != UTF_8 && broken(UTF_8) * 20 < seen {
        return UTF_8;
    }
    guess
}

/// What stands in plain ASCII between tags tells nothing of a set, and is nearly all of most pages. Where characters are
/// switched by escapes everything may tell.
fn telling_parts(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_switched = bytes.contains(&0x1b);
    let parts = bytes.split_inclusive(move |byte| *byte == b'<' && !is_switched);
    parts.filter(move |part| is_switched || !part.is_ascii())
}

/// `text/html; charset=windows-1251`
fn charset_of(content_type: &str) -> Option<&'static Encoding> {
    label_after(content_type.as_bytes(), b"charset").and_then(usable)
}

/// The first declaration in markup. Attributes in other places than `<meta>` are rare enough to be read too.
fn declared_within(head: &[u8]) -> Option<&'static Encoding> {
    let mut rest = head;
    while let Some(start) = rest.iter().position(|b| *b == b'<') {
        rest = rest.get(start + 1..).unwrap_or_default();
        let end = rest.iter().position(|b| *b == b'>').unwrap_or(rest.len());
        let tag = rest.get(..end).unwrap_or_default();
        let key: &[u8] = match tag {
            _ if begins(tag, b"meta") => b"charset",
            _ if begins(tag, b"?xml") => b"encoding",
            _ => continue,
        };
        if let Some(encoding) = label_after(tag, key).and_then(usable_in_markup) {
            return Some(encoding);
        }
    }
    None
}

fn begins(tag: &[u8], name: &[u8]) -> bool {
    tag.get(..name.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(name))
}

/// What stands behind `KEY =`, with or without quotes.
fn label_after<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let found = text
        .windows(key.len())
        .position(|window| window.eq_ignore_ascii_case(key))?;
    let rest = text.get(found + key.len()..)?.trim_ascii_start();
    let rest = rest.strip_prefix(b"=")?.trim_ascii_start();
    let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
    let rest = rest.strip_prefix(b"'").unwrap_or(rest);
    let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b';' | b'/' | b'>');
    rest.split(ends).next()
}

fn usable(label: &[u8]) -> Option<&'static Encoding> {
    Encoding::for_label_no_replacement(label)
}

/// Who reads a declaration byte by byte is not reading UTF-16 (HTML Standard, 13.2.3.2 step 13).
fn usable_in_markup(label: &[u8]) -> Option<&'static Encoding> {
    let encoding = usable(label)?;
    Some(match encoding {
        _ if encoding == UTF_16BE || encoding == UTF_16LE => UTF_8,
        _ if encoding == X_USER_DEFINED => WINDOWS_1252,
        _ => encoding,
    })
}

#[cfg(test)]
mod tests {
    use encoding_rs::{GB18030, SHIFT_JIS, WINDOWS_1251};

    use super::*;

    fn check(bytes: &[u8], content_type: Option<&str>, name: &str, text: &str) {
        let (decoded, used) = decode(bytes, content_type);
        assert_eq!(used, name);
        assert!(decoded.contains(text), "{decoded}");
    }

    const RUSSIAN: &str = "Городской суд в понедельник огласил приговор";
    const CHINESE: &str = "市法院星期一对记者案作出判决，数百人上街声援";
    const JAPANESE: &str = "市の裁判所は月曜日に記者らに判決を言い渡した";

    #[test]
    fn declared_in_the_header() {
        for (encoding, text) in [
            (WINDOWS_1251, RUSSIAN),
            (GB18030, CHINESE),
            (SHIFT_JIS, JAPANESE),
        ] {
            let (bytes, _, _) = encoding.encode(text);
            let header = format!("text/html; Charset = \"{}\"", encoding.name());
            check(&bytes, Some(&header), encoding.name(), text);
        }
    }

    #[test]
    fn declared_in_the_markup() {
        for (encoding, text) in [
            (WINDOWS_1251, RUSSIAN),
            (GB18030, CHINESE),
            (SHIFT_JIS, JAPANESE),
        ] {
            let name = encoding.name();
            for page in [
                format!("<html><meta charset={name}><p>{text}"),
                format!(
                    "<META http-equiv=Content-Type content='text/html;charset={name}'><p>{text}"
                ),
                format!("<?xml version='1.0' encoding='{name}'?><rss>{text}</rss>"),
            ] {
                let (bytes, _, _) = encoding.encode(&page);
                check(&bytes, None, name, text);
                check(&bytes, Some("text/html"), name, text);
            }
        }
    }

    #[test]
    fn detected_without_a_declaration() {
        let (bytes, _, _) = WINDOWS_1251.encode(RUSSIAN);
        check(&bytes, None, "windows-1251", RUSSIAN);
        let (bytes, _, _) = SHIFT_JIS.encode(JAPANESE);
        check(&bytes, None, "Shift_JIS", JAPANESE);
        let (bytes, _, _) = GB18030.encode(CHINESE);
        check(&bytes, None, "GBK", CHINESE);
    }

    #[test]
    fn a_lie_about_utf8_is_seen_through() {
        check(
            RUSSIAN.as_bytes(),
            Some("text/html; charset=windows-1251"),
            "UTF-8",
            RUSSIAN,
        );
        let (bytes, _, _) = WINDOWS_1251.encode(RUSSIAN);
        check(
            &bytes,
            Some("text/html; charset=utf-8"),
            "windows-1251",
            RUSSIAN,
        );
    }

    #[test]
    fn one_quotation_mark_tells_utf8() {
        for text in ["The court’s ruling", "He said: “No”", "1990–1995", "So…"] {
            for set in ["iso-8859-1", "windows-1251", "gbk", "shift_jis"] {
                let page = format!("<meta charset={set}><p>{text}");
                check(page.as_bytes(), None, "UTF-8", text);
                let (bytes, _, unmappable) = WINDOWS_1252.encode(text);
                assert!(!unmappable && surely_utf8(&bytes).is_none(), "{text}");
            }
        }
        // It says nothing that could not be of another set.
        let page = "<meta charset=iso-8859-1><p>CAFÉ» © 2026";
        let (bytes, _, _) = WINDOWS_1252.encode(page);
        check(&bytes, None, "windows-1252", "CAFÉ» ©");
    }

    #[test]
    fn a_broken_character_does_not_change_the_set() {
        let mut bytes = RUSSIAN.repeat(20).into_bytes();
        bytes.truncate(bytes.len() - 1);
        check(&bytes, Some("text/html; charset=utf-8"), "UTF-8", RUSSIAN);
    }

    #[test]
    fn a_byte_order_mark_decides() {
        let utf16: Vec<u8> = "\u{feff}суд"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        check(&utf16, Some("text/html; charset=utf-8"), "UTF-16LE", "суд");
        check(b"\xef\xbb\xbfabc", None, "UTF-8", "abc");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_decoded(bytes: Vec<u8>, header: Option<String>) {
            decode(&bytes, header.as_deref());
        }
    }
}
