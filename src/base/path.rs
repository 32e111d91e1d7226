//! Where a file lies in a site: one spelling, safe on every file system and in every URL that colport meets.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{LIMITS, tame};

/// A file's place below the root of the site, such as `be/2026/11/river/index.html`: also its TUF target path.
///
/// 1. Segments are joined by `/`; none is empty, `.` or `..`, so a path can lead nowhere else.
/// 2. No control character, and none of `? % # * [ ] \ : " < > |`: the first three would be read as something else in a
///    URL, the next three in a TUF path pattern, the rest on Windows and FAT file systems.
/// 3. No segment ends in a dot or blank or begins with a blank, and none is a device name of Windows.
/// 4. The first segment is not `.colport`, which holds what is about the edition and not of it.
/// 5. At most 255 bytes a segment and [`Limits::path_bytes`](super::Limits::path_bytes) in all.
///
/// A copy shares its text: while an edition is made, each of its files stands in many lists.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SitePath(Arc<str>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is no path inside a site: {why}")]
pub struct PathError {
    pub path: String,
    pub why: &'static str,
}

const RESERVED_CHARACTERS: &[char] = &['?', '%', '#', '*', '[', ']', '\\', ':', '"', '<', '>', '|'];
const SEGMENT_BYTES: usize = 255;

impl SitePath {
    pub fn parse(text: &str) -> Result<Self, PathError> {
        match fault(text) {
            None => Ok(Self(text.into())),
            Some(why) => Err(PathError {
                path: tame(&text.chars().take(200).collect::<String>()),
                why,
            }),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its text, which takes no more memory.
    pub fn text(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

fn fault(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("it is empty");
    }
    if text.len() > LIMITS.path_bytes {
        return Some("it is too long");
    }
    if text.split('/').next() == Some(".colport") {
        return Some("`.colport` is kept for what is about the edition");
    }
    text.split('/').find_map(segment_fault)
}

fn segment_fault(segment: &str) -> Option<&'static str> {
    match segment {
        "" => Some("a segment is empty, or it begins or ends with `/`"),
        "." | ".." => Some("it leads elsewhere"),
        _ if segment.len() > SEGMENT_BYTES => Some("a segment is too long"),
        _ if segment.contains(|c: char| c.is_control() || RESERVED_CHARACTERS.contains(&c)) => {
            Some("it holds a character that means something else in URLs, patterns or file systems")
        }
        _ if segment.ends_with(['.', ' ']) || segment.starts_with(' ') => {
            Some("a segment begins with a blank or ends with a dot or a blank")
        }
        _ if is_device(segment) => Some("a segment is a device name"),
        _ => None,
    }
}

/// The names that Windows keeps for devices, with any extension.
fn is_device(segment: &str) -> bool {
    let stem = segment
        .split('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let numbered = |name: &str| {
        stem.strip_prefix(name)
            .is_some_and(|rest| matches!(rest.as_bytes(), [b'1'..=b'9']))
    };
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

impl fmt::Display for SitePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SitePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

impl FromStr for SitePath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for SitePath {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, PathError> {
        Self::parse(&text)
    }
}

impl From<SitePath> for String {
    fn from(path: SitePath) -> Self {
        path.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_paths_pass() {
        for path in [
            "index.html",
            "be/2026/11/river/index.html",
            "be/навіны/фота 1.webp",
            "a/console.js",
            "com10",
            "...a",
        ] {
            assert_eq!(SitePath::parse(path).map(String::from), Ok(path.to_owned()));
        }
    }

    #[test]
    fn paths_that_lead_elsewhere_or_mean_something_else_are_refused() {
        let long = "a/".repeat(600) + "a";
        let wide = "a".repeat(256);
        let bad = [
            "",
            "/",
            "/etc/passwd",
            "a//b",
            "a/",
            "../a",
            "a/../b",
            "a/.",
            ".",
            "a?b",
            "a%41",
            "a#b",
            "a*b",
            "a[b",
            "a\\b",
            "c:/a",
            "a\0b",
            "a\nb",
            "a\u{7f}",
            "a\u{85}b",
            ".colport/x",
            ".colport",
            "a/nul",
            "a/NUL.txt",
            "com1",
            "Lpt9.html",
            "a.",
            "a ",
            " a",
            &long,
            &wide,
        ];
        for path in bad {
            assert!(SitePath::parse(path).is_err(), "{path:?}");
        }
    }
}
