//! The short name of a newsroom.

use std::fmt;
use std::str::FromStr;

/// The short name of a newsroom: its folder in the site and its role in the metadata.
///
/// 1. `a-z`, then at most 23 of `a-z 0-9 -`.
/// 2. Not a name that the site or the metadata already uses.
/// 3. Not ending in `-dddd-dd`, which is how roles of months end.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NewsroomId(Box<str>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` cannot name a newsroom: {why}")]
pub struct NewsroomIdError {
    pub text: String,
    pub why: &'static str,
}

const RESERVED: &[&str] = &["root", "targets", "snapshot", "timestamp", "site", "assets"];
const ID_BYTES: usize = 24;

impl NewsroomId {
    pub fn parse(text: &str) -> Result<Self, NewsroomIdError> {
        match fault(text) {
            None => Ok(Self(text.into())),
            Some(why) => Err(NewsroomIdError {
                text: text.chars().take(80).collect(),
                why,
            }),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn fault(text: &str) -> Option<&'static str> {
    let spelled = text
        .bytes()
        .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if !spelled || !text.starts_with(|c: char| c.is_ascii_lowercase()) {
        Some("it begins with a letter a-z and goes on with a-z, 0-9 and -")
    } else if text.len() > ID_BYTES {
        Some("it has at most 24 letters")
    } else if RESERVED.contains(&text) {
        Some("the name is taken by a part of the site")
    } else if ends_like_a_month(text) {
        Some("names ending like `-2026-11` are kept for months")
    } else {
        None
    }
}

fn ends_like_a_month(text: &str) -> bool {
    let mut parts = text.rsplit('-');
    let digits = |part: Option<&str>, count| {
        part.is_some_and(|p| p.len() == count && p.bytes().all(|b| b.is_ascii_digit()))
    };
    digits(parts.next(), 2) && digits(parts.next(), 4) && parts.next().is_some()
}

impl fmt::Display for NewsroomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for NewsroomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

impl FromStr for NewsroomId {
    type Err = NewsroomIdError;

    fn from_str(text: &str) -> Result<Self, NewsroomIdError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, accepted: bool) {
        let parsed = NewsroomId::parse(text);
        assert_eq!(parsed.is_ok(), accepted, "{text:?}");
    }

    #[test]
    fn short_names_pass() {
        for text in [
            "a",
            "be",
            "zh-hans",
            "x2026-11",
            "be-2026",
            "abcdefghijklmnopqrstuvwx",
        ] {
            check(text, true);
        }
    }

    #[test]
    fn names_that_mean_something_else_are_refused() {
        for text in [
            "",
            "Be",
            "бе",
            "1a",
            "-a",
            "a/b",
            "a.b",
            "a b",
            "root",
            "assets",
            "site",
            "be-2026-11",
            "abcdefghijklmnopqrstuvwxy",
            "..",
        ] {
            check(text, false);
        }
    }
}
