//! Which further roles there are, and for which paths they may speak (TUF 1.0 section 4.5).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::pattern::PathPattern;
use super::positive;
use super::roles::{Key, KeyId, RoleKeys};
use crate::base::Digest;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegations {
    pub keys: BTreeMap<KeyId, Key>,
    /// In order of priority.
    pub roles: Vec<Delegation>,
}

/// One further role, and the paths for which it may speak.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WrittenDelegation", into = "WrittenDelegation")]
pub struct Delegation {
    pub name: String,
    pub signers: RoleKeys,
    pub paths: Paths,
    /// Whether the search ends with this role for every path that it matches.
    pub terminating: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paths {
    Patterns(Vec<PathPattern>),
    /// The first digits of the SHA-256 of the path, in lower-case hexadecimal.
    HashPrefixes(Vec<String>),
}

/// As it stands in the file, where exactly one of the two kinds of paths must be there.
#[derive(Clone, Serialize, Deserialize)]
struct WrittenDelegation {
    name: String,
    keyids: Vec<KeyId>,
    #[serde(deserialize_with = "positive")]
    threshold: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    paths: Option<Vec<PathPattern>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_hash_prefixes: Option<Vec<String>>,
    terminating: bool,
}

impl TryFrom<WrittenDelegation> for Delegation {
    type Error = &'static str;

    fn try_from(written: WrittenDelegation) -> Result<Self, &'static str> {
        let paths = match (written.paths, written.path_hash_prefixes) {
            (Some(patterns), None) => Paths::Patterns(patterns),
            (None, Some(prefixes)) => Paths::HashPrefixes(prefixes),
            _ => return Err("a delegation needs either `paths` or `path_hash_prefixes`"),
        };
        let (keyids, threshold) = (written.keyids, written.threshold);
        Ok(Self {
            name: written.name,
            signers: RoleKeys { keyids, threshold },
            paths,
            terminating: written.terminating,
        })
    }
}

impl From<Delegation> for WrittenDelegation {
    fn from(delegation: Delegation) -> Self {
        let (paths, path_hash_prefixes) = match delegation.paths {
            Paths::Patterns(patterns) => (Some(patterns), None),
            Paths::HashPrefixes(prefixes) => (None, Some(prefixes)),
        };
        Self {
            name: delegation.name,
            keyids: delegation.signers.keyids,
            threshold: delegation.signers.threshold,
            paths,
            path_hash_prefixes,
            terminating: delegation.terminating,
        }
    }
}

impl Delegation {
    pub fn covers(&self, path: &str) -> bool {
        match &self.paths {
            Paths::Patterns(patterns) => patterns.iter().any(|pattern| pattern.matches(path)),
            Paths::HashPrefixes(prefixes) => {
                let hash = Digest::of(path.as_bytes()).to_string();
                prefixes.iter().any(|prefix| hash.starts_with(prefix))
            }
        }
    }
}
