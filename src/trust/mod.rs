//! The Update Framework, version 1.0: what is signed by whom, and whether it is the newest.

use bytes::Bytes;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What a reader or mirror keeps between two looks: the newest metadata of each role that it has verified.
/// It is the floor below which nothing is accepted.
#[derive(Debug, Clone)]
pub struct Remembered {
    pub root: Bytes,
    pub timestamp: Option<Bytes>,
    pub snapshot: Option<Bytes>,
    /// `targets` and delegated roles.
    pub targets: BTreeMap<String, Bytes>,
}

impl Remembered {
    /// The beginning: a root that came by a way that is trusted.
    pub fn new(root: Bytes) -> Self {
        Self {
            root,
            timestamp: None,
            snapshot: None,
            targets: BTreeMap::new(),
        }
    }
}

/// What to do about metadata past its date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Refuse it.
    Enforce,
    /// Accept it and tell: for a reader without a network, or a mirror that must not go dark.
    Report,
}

/// A piece of metadata that the workflow needs next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    pub role: String,
    /// `None` for `timestamp.json` (and for every role but root of a repository without consistent snapshots).
    pub version: Option<u64>,
    pub max_bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("todo")]
    Todo,
}

/// The client workflow (TUF 1.0 section 5.3), driven from outside: ask [`Self::wants`], fetch, [`Self::give`], again.
pub struct Refresh {}

impl Refresh {
    pub fn new(_remembered: Remembered, _now: Timestamp, _expiry: Expiry) -> Result<Self, Refusal> {
        todo!()
    }
    /// `None` when the top-level metadata is complete.
    pub fn wants(&self) -> Option<Want> {
        todo!()
    }
    /// `None`: there is no such file.
    pub fn give(&mut self, _file: Option<Bytes>) -> Result<(), Refusal> {
        todo!()
    }
}
