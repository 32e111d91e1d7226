//! From the path of a request to a name that can be looked up.
//!
//! A name is only ever looked up in a table of what the edition holds, never joined to a folder: `..` names nothing.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Why a path cannot be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unusable {
    /// It does not follow RFC 3986 section 2.1, or is not UTF-8.
    Malformed,
    /// It could be read in two ways.
    Ambiguous,
}

/// Without the leading `/` and with percent-encoding undone, once.
pub(super) fn decode(path: &str) -> Result<Cow<'_, str>, Unusable> {
    let path = path.strip_prefix('/').ok_or(Unusable::Malformed)?;
    if !path.contains('%') {
        return Ok(Cow::Borrowed(path));
    }
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'%' => escaped(rest.next(), rest.next())?,
            plain => plain,
        });
    }
    let decoded = String::from_utf8(decoded).map_err(|_| Unusable::Malformed)?;
    Ok(Cow::Owned(decoded))
}

fn escaped(high: Option<u8>, low: Option<u8>) -> Result<u8, Unusable> {
    let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
    let (Some(high), Some(low)) = (digit(high), digit(low)) else {
        return Err(Unusable::Malformed);
    };
    match u8::try_from(high << 4 | low) {
        // An escaped `/` is another name than a plain one (RFC 3986 section 2.2), and no file has it.
        Ok(b'/') => Err(Unusable::Ambiguous),
        Ok(byte) => Ok(byte),
        Err(_) => Err(Unusable::Malformed),
    }
}

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Where a folder asked for without its last `/` is, relative to what was asked: it leads to no other host whatever
/// the name holds.
pub(super) fn folder_of(decoded: &str) -> String {
    let name = decoded.rsplit('/').next().unwrap_or_default();
    format!("{}/", utf8_percent_encode(name, UNRESERVED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_once() {
        let check = |path: &str, expected: &str| {
            assert_eq!(decode(path).as_deref(), Ok(expected), "{path}");
        };
        check("/", "");
        check("/be/index.html", "be/index.html");
        check("/be/", "be/");
        check("/%62e", "be");
        check("/%D0%B1%d0%B5", "бе");
        check("/бе", "бе");
        check("/a%20b", "a b");
        check("/a+b", "a+b");
        check("/%2562e", "%62e");
        check("/%2e%2e/etc", "../etc");
        check("//a", "/a");
    }

    #[test]
    fn what_cannot_be_read_in_one_way_is_refused() {
        let check = |path: &str, expected: Unusable| {
            assert_eq!(decode(path), Err(expected), "{path}");
        };
        check("", Unusable::Malformed);
        check("*", Unusable::Malformed);
        check("/%", Unusable::Malformed);
        check("/%4", Unusable::Malformed);
        check("/%zz", Unusable::Malformed);
        check("/%+1", Unusable::Malformed);
        check("/%u0431", Unusable::Malformed);
        check("/%ff", Unusable::Malformed);
        check("/%c0%ae%c0%ae", Unusable::Malformed);
        check("/%ed%a0%80", Unusable::Malformed);
        check("/be%2findex.html", Unusable::Ambiguous);
        check("/..%2F..%2Fetc", Unusable::Ambiguous);
    }

    #[test]
    fn a_redirect_stays_where_it_is() {
        assert_eq!(folder_of("be"), "be/");
        assert_eq!(folder_of("be/2026"), "2026/");
        assert_eq!(
            folder_of("be/навіны"),
            "%D0%BD%D0%B0%D0%B2%D1%96%D0%BD%D1%8B/"
        );
        assert_eq!(folder_of("a:b\r\nx"), "a%3Ab%0D%0Ax/");
    }
}
