//! All metadata of one edition.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::super::Remembered;
use super::super::metadata::{Document, ROOT, Root, SNAPSHOT, Signed, TARGETS, TIMESTAMP, Targets};
use super::EditorError;
use crate::base::{Fingerprint, MetadataName, Timestamp};

/// Every root from the first on, and the newest version of every other role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetadataSet {
    files: BTreeMap<MetadataName, Bytes>,
    /// By role.
    newest: BTreeMap<Box<str>, MetadataName>,
}

impl MetadataSet {
    /// From files that were read or received; a role may be there in several versions.
    pub fn new(files: impl IntoIterator<Item = (MetadataName, Bytes)>) -> Self {
        let mut set = Self::default();
        for (name, bytes) in files {
            set.put(name, bytes);
        }
        set
    }

    /// In the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&MetadataName, &Bytes)> {
        self.files.iter()
    }

    /// The file as a client asks for it; without a version (`timestamp`) the newest.
    pub fn file(&self, role: &str, version: Option<u64>) -> Option<&Bytes> {
        match version {
            Some(version) => self.files.get(&MetadataName::versioned(role, version)?),
            None => self.newest(role).map(|(_, bytes)| bytes),
        }
    }

    pub fn newest(&self, role: &str) -> Option<(&MetadataName, &Bytes)> {
        self.files.get_key_value(self.newest.get(role)?)
    }

    /// Byte for byte what the site's [`Fingerprint`] is of.
    pub fn first_root(&self) -> Option<&Bytes> {
        self.file(ROOT, Some(1))
    }

    /// A role's next version takes the place of the former; roots stay, for readers who come back after years.
    pub fn put(&mut self, name: MetadataName, bytes: Bytes) {
        let held = self.newest.get(name.role()).cloned();
        let newer = |held: &MetadataName| held.version() > name.version();
        let is_older = held.as_ref().is_some_and(newer);
        if name.role() != ROOT {
            if is_older {
                return;
            }
            held.and_then(|held| self.files.remove(&held));
        }
        if !is_older {
            self.newest.insert(name.role().into(), name.clone());
        }
        self.files.insert(name, bytes);
    }

    /// A finished [`Draft`](super::Draft).
    pub fn put_signed(&mut self, draft: super::Draft) -> Result<(), EditorError> {
        let name = if draft.role() == TIMESTAMP {
            MetadataName::timestamp()
        } else {
            MetadataName::versioned(draft.role(), draft.version()).ok_or_else(|| {
                EditorError::Damaged {
                    role: draft.role().to_owned(),
                    why: "the role cannot be a file name".into(),
                }
            })?
        };
        let bytes = draft.finish()?;
        self.put(name, bytes);
        Ok(())
    }

    /// When the roles expire that are signed offline, `root` and `targets`.
    pub fn offline_expiries(&self) -> Result<Vec<(String, Timestamp)>, EditorError> {
        let root = self.require::<Root>(ROOT)?.signed.expires;
        let targets = self.require::<Targets>(TARGETS)?.signed.expires;
        Ok(vec![(ROOT.to_owned(), root), (TARGETS.to_owned(), targets)])
    }

    /// What a reader would remember who has seen just this.
    pub fn remembered(&self) -> Option<Remembered> {
        let newest = |role: &str| self.newest(role).map(|(_, bytes)| bytes.clone());
        let delegated = self
            .files
            .iter()
            .filter(|(name, _)| ![ROOT, TIMESTAMP, SNAPSHOT].contains(&name.role()));
        let first_root = self
            .first_root()
            .map(|root| Fingerprint::of_first_root(root));
        Some(Remembered {
            first_root,
            root: newest(ROOT)?,
            timestamp: newest(TIMESTAMP),
            snapshot: newest(SNAPSHOT),
            targets: delegated
                .map(|(name, bytes)| (name.role().to_owned(), bytes.clone()))
                .collect(),
        })
    }

    /// The newest version of a role, taken apart.
    pub(super) fn read<T: Signed>(&self, role: &str) -> Result<Option<Document<T>>, EditorError> {
        let newest = self.newest(role);
        let document = newest.map(|(_, bytes)| Document::parse(role, bytes.clone()));
        document.transpose().map_err(EditorError::from)
    }

    pub(super) fn require<T: Signed>(&self, role: &str) -> Result<Document<T>, EditorError> {
        self.read(role)?.ok_or_else(|| EditorError::Missing {
            role: role.to_owned(),
        })
    }
}
