//! What a member is called, and in which order members stand.

use std::cmp::Ordering;
use std::fmt;

use crate::base::{LIMITS, MetadataName, SitePath};

use super::BundleError;
use super::error::shown;

/// What a member is. Spelled as the path of its tar entry; ordered as members stand in a bundle:
///
/// 1. `.colport/bundle.json`;
/// 2. `.colport/metadata/…`: roots by version, `timestamp`, `snapshot`, `targets`, then delegated roles by name
///    and version, so that each can be verified as soon as it is read;
/// 3. files of the site by the bytes of their path;
/// 4. `.colport/lists/NAME.json`: sealed lists of channels, which no edition knows of, by name;
/// 5. `.colport/contents.jsonl`.
///
/// Each member is greater than the one before it, so none can stand twice.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MemberName {
    About,
    Metadata(MetadataName),
    File(SitePath),
    List(ListFile),
    Contents,
}

/// Under what name a bundle carries the sealed list of a channel: 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListFile(String);

impl ListFile {
    pub fn parse(name: &str) -> Option<Self> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (name.len() == 32 && name.bytes().all(is_hex)).then(|| Self(name.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const ABOUT: &str = ".colport/bundle.json";
const METADATA: &str = ".colport/metadata/";
const LISTS: &str = ".colport/lists/";
const CONTENTS: &str = ".colport/contents.jsonl";

impl MemberName {
    pub fn parse(path: &str) -> Result<Self, BundleError> {
        let forbidden = |why| BundleError::Forbidden {
            path: shown(path.as_bytes()),
            why,
        };
        if path == ABOUT {
            return Ok(Self::About);
        }
        if path == CONTENTS {
            return Ok(Self::Contents);
        }
        if let Some(name) = path.strip_prefix(METADATA) {
            return MetadataName::parse(name)
                .map(Self::Metadata)
                .ok_or_else(|| forbidden("it is no name of metadata"));
        }
        if let Some(name) = path.strip_prefix(LISTS) {
            let name = name.strip_suffix(".json").and_then(ListFile::parse);
            return name
                .map(Self::List)
                .ok_or_else(|| forbidden("it is no name of a list"));
        }
        SitePath::parse(path)
            .map(Self::File)
            .map_err(|error| forbidden(error.why))
    }

    /// The longest content. What comes before anything is proved is short, so that strangers cannot fill much memory.
    pub(super) fn most_bytes(&self) -> u64 {
        match self {
            Self::Metadata(name) => match name.role() {
                "root" | "timestamp" => 1 << 20,
                "snapshot" => LIMITS.snapshot_bytes,
                _ => LIMITS.targets_bytes,
            },
            Self::List(_) => LIMITS.address_list_bytes,
            _ => LIMITS.member_bytes,
        }
    }

    fn class(&self) -> u8 {
        match self {
            Self::About => 0,
            Self::Metadata(_) => 1,
            Self::File(_) => 2,
            Self::List(_) => 3,
            Self::Contents => 4,
        }
    }
}

fn metadata_order(name: &MetadataName) -> (u8, &str, Option<u64>) {
    let rank = match name.role() {
        "root" => 0,
        "timestamp" => 1,
        "snapshot" => 2,
        "targets" => 3,
        _ => 4,
    };
    (rank, name.role(), name.version())
}

impl Ord for MemberName {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Metadata(a), Self::Metadata(b)) => metadata_order(a).cmp(&metadata_order(b)),
            (Self::File(a), Self::File(b)) => a.cmp(b),
            (Self::List(a), Self::List(b)) => a.cmp(b),
            _ => self.class().cmp(&other.class()),
        }
    }
}

impl PartialOrd for MemberName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for MemberName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::About => f.write_str(ABOUT),
            Self::Metadata(name) => write!(f, "{METADATA}{name}"),
            Self::File(path) => write!(f, "{path}"),
            Self::List(name) => write!(f, "{LISTS}{}.json", name.as_str()),
            Self::Contents => f.write_str(CONTENTS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stand_in_the_order_in_which_they_can_be_verified() {
        let order = [
            ".colport/bundle.json",
            ".colport/metadata/1.root.json",
            ".colport/metadata/2.root.json",
            ".colport/metadata/10.root.json",
            ".colport/metadata/timestamp.json",
            ".colport/metadata/7.snapshot.json",
            ".colport/metadata/3.targets.json",
            ".colport/metadata/9.be.json",
            ".colport/metadata/1.be-2026-11.json",
            ".colport/metadata/1.fa.json",
            "404.html",
            "be/index.html",
            "я.html",
            ".colport/lists/00112233445566778899aabbccddeeff.json",
            ".colport/lists/f0112233445566778899aabbccddeeff.json",
            ".colport/contents.jsonl",
        ];
        let names: Vec<MemberName> = order
            .iter()
            .map(|path| MemberName::parse(path).expect(path))
            .collect();
        assert!(names.is_sorted_by(|a, b| a < b));
        for (name, path) in names.iter().zip(order) {
            assert_eq!(name.to_string(), path);
        }
    }

    #[test]
    fn paths_outside_the_site_are_forbidden() {
        for path in [
            "",
            "../x",
            "/etc/passwd",
            "a/../../x",
            ".colport/x",
            ".colport",
            ".colport/metadata/",
            ".colport/metadata/../x",
            ".colport/metadata/root.json",
            ".colport/bundle.json/x",
            ".colport/lists/",
            ".colport/lists/letter.json",
            ".colport/lists/00112233445566778899aabbccddeeff",
            ".colport/lists/00112233445566778899AABBCCDDEEFF.json",
            "a\\b",
            "nul",
        ] {
            let refused = MemberName::parse(path);
            assert!(
                matches!(refused, Err(BundleError::Forbidden { .. })),
                "{path}: {refused:?}"
            );
        }
    }
}
