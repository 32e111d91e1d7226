//! Entity tags and what a request makes depend on them (RFC 9110 sections 8.8.3 and 13).
//!
//! There is no `Last-Modified`, and so `If-Modified-Since`, `If-Unmodified-Since` and a date in `If-Range` are passed
//! over as the RFC asks: an edition does not say when a single file changed, the time of the edition would be wrong for
//! nearly every file, and each file has a strong tag anyway.

use http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue};

use crate::base::Digest;

/// How a client may say whether it has a file already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Send,
    NotModified,
    PreconditionFailed,
}

/// A strong tag: the first half of the content's digest. On the gzip form, whose bytes are others, also how many they
/// are: two mirrors may hold the same content pressed differently, and share a cache.
pub(super) fn tag(digest: &Digest, gzip_bytes: Option<u64>) -> Tag {
    let mut tag = Tag {
        text: [0; TAG_BYTES],
        length: 0,
    };
    tag.push(b"\"");
    if let Some((first, _)) = digest.as_bytes().split_first_chunk::<16>() {
        tag.push(hex(first).as_flattened());
    }
    if let Some(bytes) = gzip_bytes {
        tag.push(b"-gz");
        tag.push(hex(&bytes.to_be_bytes()).as_flattened());
    }
    tag.push(b"\"");
    tag
}

/// In quotes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tag {
    text: [u8; TAG_BYTES],
    length: usize,
}

const TAG_BYTES: usize = 1 + 32 + 3 + 16 + 1;

impl Tag {
    fn push(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if let Some(next) = self.text.get_mut(self.length..end) {
            next.copy_from_slice(bytes);
            self.length = end;
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.get(..self.length).unwrap_or_default()
    }
}

impl From<Tag> for HeaderValue {
    fn from(tag: Tag) -> Self {
        Self::from_bytes(tag.as_bytes()).expect("hexadecimal digits in quotes are a header value")
    }
}

fn hex<const N: usize>(bytes: &[u8; N]) -> [[u8; 2]; N] {
    let mut digits = [[0; 2]; N];
    for (pair, byte) in digits.iter_mut().zip(bytes) {
        *pair = [hex_digit(byte >> 4), hex_digit(byte & 15)];
    }
    digits
}

/// Of a number below 16.
fn hex_digit(number: u8) -> u8 {
    if number < 10 {
        b'0' + number
    } else {
        b'a' + (number - 10)
    }
}

/// In the order of RFC 9110 section 13.2.2, for GET and HEAD of something that exists and has the tag `current`.
pub(super) fn judge(headers: &HeaderMap, current: &HeaderValue) -> Verdict {
    if headers.contains_key(IF_MATCH) && !any(headers, &IF_MATCH, |tag| tag.is_strongly(current)) {
        return Verdict::PreconditionFailed;
    }
    if any(headers, &IF_NONE_MATCH, |tag| tag.is_weakly(current)) {
        return Verdict::NotModified;
    }
    Verdict::Send
}

/// Whether `value`, of `If-Range`, is exactly the strong tag `current`.
pub(super) fn is_strong_tag(value: &HeaderValue, current: &HeaderValue) -> bool {
    value == current
}

enum Listed<'a> {
    Any,
    Strong(&'a [u8]),
    Weak(&'a [u8]),
}

impl Listed<'_> {
    fn is_strongly(&self, current: &HeaderValue) -> bool {
        match self {
            Self::Any => true,
            Self::Strong(tag) => *tag == current.as_bytes(),
            Self::Weak(_) => false,
        }
    }

    fn is_weakly(&self, current: &HeaderValue) -> bool {
        match self {
            Self::Any => true,
            Self::Strong(tag) | Self::Weak(tag) => *tag == current.as_bytes(),
        }
    }
}

fn any(headers: &HeaderMap, name: &HeaderName, fits: impl Fn(Listed<'_>) -> bool) -> bool {
    headers.get_all(name).iter().any(|line| {
        let mut rest = line.as_bytes();
        while let Some(tag) = next_tag(&mut rest) {
            if fits(tag) {
                return true;
            }
        }
        false
    })
}

/// Takes one tag, quotes included, off the front of a list. A comma may stand inside of quotes, so the list cannot be split.
fn next_tag<'a>(rest: &mut &'a [u8]) -> Option<Listed<'a>> {
    let start = rest
        .iter()
        .position(|b| !matches!(b, b' ' | b'\t' | b','))?;
    let text = rest.get(start..)?;
    if text.first() == Some(&b'*') {
        *rest = &[];
        return Some(Listed::Any);
    }
    let (weak, text) = match text.strip_prefix(b"W/") {
        Some(text) => (true, text),
        None => (false, text),
    };
    let inside = text.strip_prefix(b"\"")?;
    let end = inside.iter().position(|b| *b == b'"')? + 2;
    let (tag, behind) = text.split_at_checked(end)?;
    *rest = behind;
    Some(if weak {
        Listed::Weak(tag)
    } else {
        Listed::Strong(tag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURRENT: HeaderValue = HeaderValue::from_static("\"abc\"");

    fn check(name: HeaderName, lines: &[&str], expected: Verdict) {
        let lines_of = lines.iter().map(|line| HeaderValue::from_str(line));
        let headers: HeaderMap = lines_of
            .map(|line| (name.clone(), line.expect("a header value")))
            .collect();
        assert_eq!(judge(&headers, &CURRENT), expected, "{name} {lines:?}");
    }

    #[test]
    fn who_has_it_is_told_so() {
        use Verdict::{NotModified, Send};
        check(IF_NONE_MATCH, &["\"abc\""], NotModified);
        check(IF_NONE_MATCH, &["W/\"abc\""], NotModified);
        check(IF_NONE_MATCH, &["*"], NotModified);
        check(IF_NONE_MATCH, &["\"x\", \"abc\""], NotModified);
        check(IF_NONE_MATCH, &["\"x,y\",W/\"z\" ,\t\"abc\""], NotModified);
        check(IF_NONE_MATCH, &["\"x\"", "\"abc\""], NotModified);
        check(IF_NONE_MATCH, &[",,\"abc\""], NotModified);
        check(IF_NONE_MATCH, &["\"ABC\""], Send);
        check(IF_NONE_MATCH, &["abc"], Send);
        check(IF_NONE_MATCH, &["\"abc"], Send);
        check(IF_NONE_MATCH, &["w/\"abc\""], Send);
        check(IF_NONE_MATCH, &["\"x, \"abc\""], Send);
        check(IF_NONE_MATCH, &[""], Send);
        check(IF_NONE_MATCH, &[], Send);
    }

    #[test]
    fn who_wants_only_what_it_knows_gets_nothing_else() {
        use Verdict::{PreconditionFailed, Send};
        check(IF_MATCH, &["\"abc\""], Send);
        check(IF_MATCH, &["*"], Send);
        check(IF_MATCH, &["\"x\", \"abc\""], Send);
        check(IF_MATCH, &["W/\"abc\""], PreconditionFailed);
        check(IF_MATCH, &["\"x\""], PreconditionFailed);
        check(IF_MATCH, &[""], PreconditionFailed);
    }

    #[test]
    fn the_tag_names_content_and_form() {
        let digest = Digest::of(b"abc");
        let half = "ba7816bf8f01cfea414140de5dae2223";
        let text = |gzip_bytes| HeaderValue::from(tag(&digest, gzip_bytes));
        assert_eq!(text(None), format!("\"{half}\""));
        let gzip = text(Some(300));
        assert_eq!(gzip, format!("\"{half}-gz000000000000012c\""));
        assert_ne!(gzip, text(Some(301)));
    }
}
