//! What a reader or mirror keeps between two looks, and how it is written down.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::super::metadata::{Document, ROOT, Root};
use crate::base::Fingerprint;

/// The newest metadata of each role that was verified. It is the floor below which nothing is accepted, and a store of
/// what need not be fetched again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// Of the first root, if that is known. A later root proves the roots that follow it, and not those before.
    pub first_root: Option<Fingerprint>,
    pub root: Bytes,
    pub timestamp: Option<Bytes>,
    pub snapshot: Option<Bytes>,
    /// `targets` and delegated roles.
    pub targets: BTreeMap<String, Bytes>,
}

/// As it lies on disk: metadata is JSON and so text, kept byte for byte, since it was signed byte for byte.
#[derive(Serialize, Deserialize)]
struct Written {
    #[serde(default)]
    site: Option<String>,
    root: String,
    timestamp: Option<String>,
    snapshot: Option<String>,
    targets: BTreeMap<String, String>,
}

/// What else there is, is passed over as it is read.
#[derive(Deserialize)]
struct WrittenTopLevel {
    #[serde(default)]
    site: Option<String>,
    root: String,
    timestamp: Option<String>,
    snapshot: Option<String>,
}

impl Remembered {
    /// The beginning: a root that came by a way that is trusted.
    pub fn new(root: Bytes) -> Self {
        let document = Document::<Root>::parse(ROOT, root.clone());
        let is_first = document.is_ok_and(|document| document.signed.version == 1);
        Self {
            first_root: is_first.then(|| Fingerprint::of_first_root(&root)),
            root,
            timestamp: None,
            snapshot: None,
            targets: BTreeMap::new(),
        }
    }

    /// Of the root; 0 if it is none.
    pub fn root_version(&self) -> u64 {
        let document = Document::<Root>::parse(ROOT, self.root.clone());
        document.map_or(0, |document| document.signed.version)
    }

    /// For a file that only its owner writes. What is no text is no metadata either, and is refused when it is read.
    pub fn to_json(&self) -> Vec<u8> {
        let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
        let targets = self.targets.iter();
        let written = Written {
            site: self.first_root.map(|first| first.to_string()),
            root: text(&self.root),
            timestamp: self.timestamp.as_ref().map(text),
            snapshot: self.snapshot.as_ref().map(text),
            targets: targets
                .map(|(role, bytes)| (role.clone(), text(bytes)))
                .collect(),
        };
        serde_json::to_vec(&written).expect("texts are always JSON")
    }

    /// `None` if it was not written by [`Self::to_json`]. The metadata itself is looked at when it is used.
    pub fn from_json(json: &[u8]) -> Option<Self> {
        let written: Written = serde_json::from_slice(json).ok()?;
        let targets = written.targets.into_iter();
        Some(Self {
            first_root: written.site.map(|site| site.parse()).transpose().ok()?,
            root: written.root.into(),
            timestamp: written.timestamp.map(Bytes::from),
            snapshot: written.snapshot.map(Bytes::from),
            targets: targets.map(|(role, text)| (role, text.into())).collect(),
        })
    }

    /// The same without `targets` and the delegated roles, by whose number all takes memory. It is enough to tell what is newer,
    /// and no floor for those roles.
    pub fn top_level_from_json(json: &[u8]) -> Option<Self> {
        let written: WrittenTopLevel = serde_json::from_slice(json).ok()?;
        Some(Self {
            first_root: written.site.map(|site| site.parse()).transpose().ok()?,
            root: written.root.into(),
            timestamp: written.timestamp.map(Bytes::from),
            snapshot: written.snapshot.map(Bytes::from),
            targets: BTreeMap::new(),
        })
    }

    /// See [`Self::top_level_from_json`].
    pub fn top_level(self) -> Self {
        Self {
            targets: BTreeMap::new(),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{first, newcomer};
    use super::*;

    #[test]
    fn what_is_remembered_comes_back_byte_for_byte() {
        let mut remembered = newcomer(&first());
        remembered.timestamp = Some(Bytes::from_static("{\"é\\\\\n\u{202e}\"}".as_bytes()));
        let targets = Bytes::from_static(b"{}");
        remembered.targets.insert("be-2026-11".into(), targets);
        assert!(remembered.first_root.is_some());
        let json = remembered.to_json();
        assert_eq!(Remembered::from_json(&json), Some(remembered.clone()));
        let top_level = remembered.top_level();
        assert!(top_level.targets.is_empty());
        assert_eq!(Remembered::top_level_from_json(&json), Some(top_level));
        let torn = &json[..json.len() - 1];
        assert_eq!(Remembered::from_json(torn), None);
        assert_eq!(Remembered::top_level_from_json(torn), None);
    }

    #[test]
    fn a_later_root_does_not_say_what_the_first_was() {
        let root = Bytes::from_static(b"{}");
        assert_eq!(Remembered::new(root).first_root, None);
    }
}
