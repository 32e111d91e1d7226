//! The file name of one piece of TUF metadata, as it lies in a bundle and on a mirror.

use std::fmt;

/// `timestamp.json`, or `VERSION.ROLE.json` such as `3.root.json` or `12.be-2026-11.json`
/// (TUF 1.0 section 6.2, consistent snapshots).
///
/// Roles of colport's own editions are spelled with `a-z 0-9 -` only, so that a role can be a file name anywhere.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetadataName {
    // `None` only for `timestamp`; it sorts first and is fetched without knowing a version.
    version: Option<u64>,
    role: Box<str>,
}

const ROLE_BYTES: usize = 64;

impl MetadataName {
    pub fn timestamp() -> Self {
        Self {
            version: None,
            role: "timestamp".into(),
        }
    }

    /// Of any role but `timestamp`. `None` if the role cannot be a file name or the version is 0.
    pub fn versioned(role: &str, version: u64) -> Option<Self> {
        let spelled = !role.is_empty()
            && role.len() <= ROLE_BYTES
            && !role.starts_with('-')
            && role
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let fits = spelled && role != "timestamp" && version > 0;
        fits.then(|| Self {
            version: Some(version),
            role: role.into(),
        })
    }

    pub fn parse(text: &str) -> Option<Self> {
        let stem = text.strip_suffix(".json")?;
        if stem == "timestamp" {
            return Some(Self::timestamp());
        }
        let (version, role) = stem.split_once('.')?;
        // `007` and `+7` parse as numbers too, but one name has one spelling.
        let name = Self::versioned(role, version.parse().ok()?)?;
        (name.to_string() == text).then_some(name)
    }

    pub fn role(&self) -> &str {
        &self.role
    }

    pub fn version(&self) -> Option<u64> {
        self.version
    }
}

impl fmt::Display for MetadataName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            None => write!(f, "{}.json", self.role),
            Some(version) => write!(f, "{version}.{}.json", self.role),
        }
    }
}

impl fmt::Debug for MetadataName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        for text in ["timestamp.json", "1.root.json", "12.be-2026-11.json"] {
            assert_eq!(
                MetadataName::parse(text).map(|n| n.to_string()).as_deref(),
                Some(text)
            );
        }
    }

    #[test]
    fn other_names_are_refused() {
        for text in [
            "",
            "root.json",
            "0.root.json",
            "01.root.json",
            "+1.root.json",
            "1.timestamp.json",
            "1.../x.json",
            "1.Root.json",
            "1.root.json.json",
            "1..json",
            "-1.root.json",
        ] {
            assert_eq!(MetadataName::parse(text), None, "{text}");
        }
    }
}
