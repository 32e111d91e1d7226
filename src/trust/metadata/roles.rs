//! The five kinds of metadata, as they are written (TUF 1.0 sections 4.2 to 4.6).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::delegations::Delegations;
use super::hashes::Hashes;
use super::{ROOT, SNAPSHOT, TARGETS, TIMESTAMP, moment, positive, short};

/// The name of a key, by which signatures point to it: for colport's own keys the SHA-256 of the key in canonical JSON.
/// TUF lets a repository choose any text, so nothing is concluded from it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(String);

impl KeyId {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

/// A public key as written. Kinds that are not known are read all the same; they just never verify anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    pub keytype: String,
    pub scheme: String,
    /// An object whose `public` is hexadecimal (Ed25519) or PEM.
    pub keyval: Value,
    /// Belongs to the key and so to its id: `x-…` fields of others.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Value>,
}

/// Who may sign a role, and how many of them must.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleKeys {
    pub keyids: Vec<KeyId>,
    #[serde(deserialize_with = "positive")]
    pub threshold: u64,
}

/// Every role has the same three fields, but `serde` cannot share them between types without reading them twice.
macro_rules! dated {
    () => {
        fn version(&self) -> u64 {
            self.version
        }
        fn expires(&self) -> Timestamp {
            self.expires
        }
        fn issued(&self) -> Option<Timestamp> {
            self.issued
        }
    };
}

/// What every role says about itself.
pub trait Signed: DeserializeOwned {
    const TYPE: &'static str;
    fn version(&self) -> u64;
    fn expires(&self) -> Timestamp;
    /// When it was signed by the publisher's clock: colport's own field, unknown of outside repositories.
    fn issued(&self) -> Option<Timestamp>;
    /// What its fields must keep to together; in words, what they do not.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// The keys of all top-level roles (TUF 1.0 section 4.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    #[serde(deserialize_with = "positive")]
    pub version: u64,
    #[serde(with = "moment")]
    pub expires: Timestamp,
    #[serde(
        rename = "x-colport-issued",
        default,
        with = "moment::lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub issued: Option<Timestamp>,
    #[serde(default)]
    pub consistent_snapshot: bool,
    pub keys: BTreeMap<KeyId, Key>,
    pub roles: BTreeMap<String, RoleKeys>,
}

/// The newest snapshot (TUF 1.0 section 4.6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimestampRole {
    #[serde(deserialize_with = "positive")]
    pub version: u64,
    #[serde(with = "moment")]
    pub expires: Timestamp,
    #[serde(
        rename = "x-colport-issued",
        default,
        with = "moment::lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub issued: Option<Timestamp>,
    pub meta: TimestampMeta,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimestampMeta {
    #[serde(rename = "snapshot.json")]
    pub snapshot: MetaFile,
}

/// The versions of all `targets` roles that belong together (TUF 1.0 section 4.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    #[serde(deserialize_with = "positive")]
    pub version: u64,
    #[serde(with = "moment")]
    pub expires: Timestamp,
    #[serde(
        rename = "x-colport-issued",
        default,
        with = "moment::lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub issued: Option<Timestamp>,
    /// By file name, such as `targets.json`.
    pub meta: BTreeMap<String, MetaFile>,
}

impl Snapshot {
    pub fn file(&self, role: &str) -> Option<&MetaFile> {
        self.meta.get(&format!("{role}.json"))
    }
}

/// One metadata file as another role describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetaFile {
    #[serde(deserialize_with = "positive")]
    pub version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hashes: Option<Hashes>,
}

/// Files and further roles (TUF 1.0 section 4.5), of `targets` and of delegated roles alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targets {
    #[serde(deserialize_with = "positive")]
    pub version: u64,
    #[serde(with = "moment")]
    pub expires: Timestamp,
    #[serde(
        rename = "x-colport-issued",
        default,
        with = "moment::lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub issued: Option<Timestamp>,
    #[serde(deserialize_with = "packed")]
    pub targets: BTreeMap<String, Target>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegations: Option<Delegations>,
}

/// In order, one by one, they leave the map half empty; all at once they fill it.
fn packed<'de, D: Deserializer<'de>>(reader: D) -> Result<BTreeMap<String, Target>, D::Error> {
    let targets = BTreeMap::<String, Target>::deserialize(reader)?;
    Ok(targets.into_iter().collect())
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// In bytes.
    pub length: u64,
    pub hashes: Hashes,
}

impl Root {
    /// The keys of a top-level role; a parsed root has those of all four.
    pub fn role(&self, name: &str) -> Option<&RoleKeys> {
        self.roles.get(name)
    }
}

impl Signed for Root {
    const TYPE: &'static str = ROOT;
    fn check(&self) -> Result<(), String> {
        let missing = [ROOT, TIMESTAMP, SNAPSHOT, TARGETS]
            .into_iter()
            .find(|role| !self.roles.contains_key(*role));
        missing.map_or(Ok(()), |role| Err(format!("it names no keys for `{role}`")))
    }
    dated!();
}

impl Signed for TimestampRole {
    const TYPE: &'static str = TIMESTAMP;
    dated!();
}

impl Signed for Snapshot {
    const TYPE: &'static str = SNAPSHOT;
    dated!();
}

impl Signed for Targets {
    const TYPE: &'static str = TARGETS;
    /// Two delegations of one name would need two files of one name, and a delegated `root` would overwrite the root.
    fn check(&self) -> Result<(), String> {
        let mut names = BTreeSet::from([ROOT, TIMESTAMP, SNAPSHOT, TARGETS, ""]);
        let roles = self.delegations.iter().flat_map(|all| &all.roles);
        let twice = roles
            .map(|role| role.name.as_str())
            .find(|name| !names.insert(name));
        twice.map_or(Ok(()), |name| {
            Err(format!("it delegates to `{}`, which is taken", short(name)))
        })
    }
    dated!();
}
