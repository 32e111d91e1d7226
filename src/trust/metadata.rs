//! Metadata as it travels (TUF 1.0 section 4), taken apart from bytes but not yet believed.
//!
//! 1. [`Document::parse`] reads one file: strict JSON, `signed` and `signatures`.
//! 2. It checks what every role has: type, version of the specification, version, date of expiry.
//! 3. It keeps the canonical bytes of `signed` exactly as received, unknown fields included, for the signatures.
//!
//! Fields that are not known here are left alone. Whether anything was signed is the affair of
//! [`keys`](super::keys) and [`client`](super::client).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest as _, Sha512};

use super::Refusal;
use super::json;
use super::pattern::PathPattern;
use crate::base::{Digest, LIMITS};

pub const ROOT: &str = "root";
pub const TIMESTAMP: &str = "timestamp";
pub const SNAPSHOT: &str = "snapshot";
pub const TARGETS: &str = "targets";

/// The version of the specification that colport writes; it reads every `1.x`.
pub const SPEC_VERSION: &str = "1.0.34";

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
    pub targets: BTreeMap<String, Target>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegations: Option<Delegations>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// In bytes.
    pub length: u64,
    pub hashes: Hashes,
}

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

/// The hashes of one file. Others than these two are left aside; without any of the two nothing matches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hashes {
    pub sha256: Option<Digest>,
    pub sha512: Option<Box<[u8; 64]>>,
}

impl Hashes {
    pub fn sha256(digest: Digest) -> Self {
        Self {
            sha256: Some(digest),
            sha512: None,
        }
    }

    /// Each hash that is known in lower-case hexadecimal, as it stands in file names (TUF 5.7.3).
    pub fn names(&self) -> impl Iterator<Item = String> {
        let first = self.sha256.map(|digest| digest.to_string());
        let second = self.sha512.as_deref().map(|digest| hex(digest));
        first.into_iter().chain(second)
    }

    /// Whether every hash that is known fits, and at least one is known.
    pub fn fit(&self, content: &[u8]) -> bool {
        let known = self.sha256.is_some() || self.sha512.is_some();
        let first = self.sha256.is_none_or(|hash| hash == Digest::of(content));
        let second = |hash: &[u8; 64]| hash.as_slice() == Sha512::digest(content).as_slice();
        known && first && self.sha512.as_deref().is_none_or(second)
    }
}

impl<'de> Deserialize<'de> for Hashes {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let all = BTreeMap::<String, String>::deserialize(reader)?;
        if all.is_empty() {
            return Err(D::Error::custom("a file has no hash"));
        }
        let sha256 = all.get("sha256").map(|hex| hex.parse::<Digest>());
        let sha512 = all.get("sha512").map(|hex| {
            lower_hex(hex)
                .and_then(|bytes| <[u8; 64]>::try_from(bytes).ok())
                .ok_or_else(|| D::Error::custom("a SHA-512 is no 128 hexadecimal digits"))
        });
        Ok(Self {
            sha256: sha256.transpose().map_err(D::Error::custom)?,
            sha512: sha512.transpose()?.map(Box::new),
        })
    }
}

impl Serialize for Hashes {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        let mut all = BTreeMap::new();
        if let Some(digest) = &self.sha256 {
            all.insert("sha256", digest.to_string());
        }
        if let Some(digest) = &self.sha512 {
            all.insert("sha512", hex(digest.as_slice()));
        }
        all.serialize(writer)
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn lower_hex(text: &str) -> Option<Vec<u8>> {
    let upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
    (!upper).then(|| from_hex(text)).flatten()
}

/// Of either case.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    let pairs = digits.chunks_exact(2);
    Some(
        pairs
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect(),
    )
}

/// One metadata file, taken apart. Its signatures have not been looked at.
#[derive(Debug, Clone)]
pub struct Document<T> {
    pub signed: T,
    pub signatures: BTreeMap<KeyId, String>,
    /// What the signatures are over: `signed` in canonical JSON.
    pub payload: Vec<u8>,
    /// The file as received, which is what hashes are of and what is stored.
    pub bytes: Bytes,
}

#[derive(Deserialize)]
struct Envelope {
    signed: Value,
    signatures: Vec<Signature>,
}

/// One signature over `signed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    pub keyid: KeyId,
    /// Hexadecimal.
    pub sig: String,
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "_type")]
    kind: String,
    spec_version: String,
}

impl<T: Signed> Document<T> {
    /// `role` is the name under which the file was asked for, and is only used to say what was refused.
    pub fn parse(role: &str, bytes: Bytes) -> Result<Self, Refusal> {
        let max_bytes = max_bytes(role);
        if bytes.len() as u64 > max_bytes {
            return Err(Refusal::TooLong {
                role: role.to_owned(),
                max_bytes,
            });
        }
        Self::understand(bytes).map_err(|why| Refusal::malformed(role, why))
    }

    fn understand(bytes: Bytes) -> Result<Self, String> {
        let value = json::parse(&bytes)?;
        let envelope: Envelope = serde_json::from_value(value).map_err(in_words)?;
        let head = Head::deserialize(&envelope.signed).map_err(in_words)?;
        head.check(T::TYPE)?;
        let payload = json::canonical(&envelope.signed);
        let signed: T = serde_json::from_value(envelope.signed).map_err(in_words)?;
        signed.check()?;
        Ok(Self {
            signed,
            signatures: unique(envelope.signatures)?,
            payload,
            bytes,
        })
    }
}

impl Head {
    fn check(&self, kind: &str) -> Result<(), String> {
        if self.kind != kind {
            return Err(format!(
                "it is of type `{}`, not `{kind}`",
                short(&self.kind)
            ));
        }
        let mut numbers = self.spec_version.split('.').map(str::parse::<u32>);
        let known = numbers.next() == Some(Ok(1)) && numbers.all(|number| number.is_ok());
        if !known {
            return Err(format!(
                "it follows version `{}` of the specification, not `1.x`",
                short(&self.spec_version)
            ));
        }
        Ok(())
    }
}

/// TUF 1.0 section 4.2.1: no key id may occur twice, even where one signature would be enough.
fn unique(signatures: Vec<Signature>) -> Result<BTreeMap<KeyId, String>, String> {
    let mut all = BTreeMap::new();
    for Signature { keyid, sig } in signatures {
        if all.contains_key(&keyid) {
            return Err(format!(
                "two signatures are of the key `{}`",
                short(keyid.as_str())
            ));
        }
        all.insert(keyid, sig);
    }
    Ok(all)
}

fn max_bytes(role: &str) -> u64 {
    match role {
        ROOT => LIMITS.root_bytes,
        TIMESTAMP => LIMITS.timestamp_bytes,
        SNAPSHOT => LIMITS.snapshot_bytes,
        _ => LIMITS.targets_bytes,
    }
}

/// The ceiling for a role's file, lowered to what was signed about its length.
pub(super) fn ceiling(role: &str, told: Option<&MetaFile>) -> u64 {
    let limit = max_bytes(role);
    told.and_then(|file| file.length)
        .map_or(limit, |told| told.min(limit))
}

fn in_words(error: serde_json::Error) -> String {
    short(&error.to_string())
}

/// So that a stranger's text cannot fill a screen.
fn short(text: &str) -> String {
    text.chars().take(200).collect()
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
    fn version(&self) -> u64 {
        self.version
    }
    fn expires(&self) -> Timestamp {
        self.expires
    }
    fn issued(&self) -> Option<Timestamp> {
        self.issued
    }
}

impl Signed for TimestampRole {
    const TYPE: &'static str = TIMESTAMP;
    fn version(&self) -> u64 {
        self.version
    }
    fn expires(&self) -> Timestamp {
        self.expires
    }
    fn issued(&self) -> Option<Timestamp> {
        self.issued
    }
}

impl Signed for Snapshot {
    const TYPE: &'static str = SNAPSHOT;
    fn version(&self) -> u64 {
        self.version
    }
    fn expires(&self) -> Timestamp {
        self.expires
    }
    fn issued(&self) -> Option<Timestamp> {
        self.issued
    }
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
    fn version(&self) -> u64 {
        self.version
    }
    fn expires(&self) -> Timestamp {
        self.expires
    }
    fn issued(&self) -> Option<Timestamp> {
        self.issued
    }
}

fn positive<'de, D: Deserializer<'de>>(reader: D) -> Result<u64, D::Error> {
    std::num::NonZeroU64::deserialize(reader).map(Into::into)
}

/// `2026-11-23T12:00:00Z` and no other spelling (TUF 1.0 section 4.2: ISO 8601, in UTC, without fractions).
pub(super) mod moment {
    use super::*;

    const SHAPE: &str = "9999-99-99T99:99:99Z";

    pub(in crate::trust) fn read(text: &str) -> Option<Timestamp> {
        let shaped = text.len() == SHAPE.len()
            && text
                .bytes()
                .zip(SHAPE.bytes())
                .all(|(byte, shape)| match shape {
                    b'9' => byte.is_ascii_digit(),
                    _ => byte == shape,
                });
        shaped.then(|| text.parse().ok()).flatten()
    }

    pub(in crate::trust) fn write(moment: Timestamp) -> String {
        moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(reader: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(reader)?;
        read(&text).ok_or_else(|| D::Error::custom(format_args!("`{}` is no date", short(&text))))
    }

    pub fn serialize<S: Serializer>(moment: &Timestamp, writer: S) -> Result<S::Ok, S::Error> {
        writer.serialize_str(&write(*moment))
    }

    /// A field that only informs: whatever else stands there counts as nothing.
    pub mod lenient {
        use super::*;

        pub fn deserialize<'de, D: Deserializer<'de>>(
            reader: D,
        ) -> Result<Option<Timestamp>, D::Error> {
            let value = Value::deserialize(reader)?;
            Ok(value.as_str().and_then(read))
        }

        pub fn serialize<S: Serializer>(
            moment: &Option<Timestamp>,
            writer: S,
        ) -> Result<S::Ok, S::Error> {
            moment.map(write).serialize(writer)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::testing::{first, key, sign_value};
    use super::*;

    fn root() -> Value {
        let key = key("k").public().clone();
        let role = json!({ "keyids": [key.id], "threshold": 1 });
        json!({
            "_type": "root", "spec_version": "1.0.34", "version": 1, "expires": "2030-01-01T00:00:00Z",
            "consistent_snapshot": true,
            "keys": { key.id.as_str(): key.key },
            "roles": { "root": role, "targets": role, "snapshot": role, "timestamp": role },
        })
    }

    fn delegating(delegations: Value) -> Value {
        json!({
            "_type": "targets", "spec_version": "1.0.34", "version": 1, "expires": "2030-01-01T00:00:00Z",
            "targets": {}, "delegations": delegations,
        })
    }

    fn delegation(name: &str) -> Value {
        json!({ "name": name, "keyids": [], "threshold": 1, "terminating": false, "paths": [] })
    }

    /// Why `signed` is refused as `T`, or `None`.
    fn check<T: Signed>(signed: Value, expected: Option<&str>) {
        let file = sign_value(signed.clone(), &[]);
        let why = match Document::<T>::parse("r", file) {
            Ok(_) => None,
            Err(Refusal::Malformed { role, why }) if role == "r" => Some(why),
            Err(other) => panic!("{other}"),
        };
        let fits = match (&why, expected) {
            (None, None) => true,
            (Some(why), Some(words)) => why.contains(words),
            _ => false,
        };
        assert!(fits, "{signed}: {why:?} where {expected:?} was expected");
    }

    fn check_root(change: impl FnOnce(&mut Value), expected: Option<&str>) {
        let mut signed = root();
        change(&mut signed);
        check::<Root>(signed, expected);
    }

    #[test]
    fn fields_are_checked() {
        check_root(|_| (), None);
        check_root(|it| it["x-unknown"] = json!({ "a": [1, null] }), None);
        check_root(
            |it| it["roles"]["mirrors"] = it["roles"]["root"].clone(),
            None,
        );
        check_root(|it| it["spec_version"] = "1.1".into(), None);
        check_root(|it| it["x-colport-issued"] = 7.into(), None);
        check_root(
            |it| it["_type"] = "targets".into(),
            Some("of type `targets`"),
        );
        check_root(
            |it| it["spec_version"] = "2.0.0".into(),
            Some("version `2.0.0`"),
        );
        check_root(
            |it| it["spec_version"] = "1.x".into(),
            Some("version `1.x`"),
        );
        check_root(|it| it["version"] = 0.into(), Some("nonzero"));
        check_root(|it| it["version"] = (-1).into(), Some("nonzero"));
        check_root(|it| it["version"] = "1".into(), Some("nonzero"));
        check_root(
            |it| it["roles"]["root"]["threshold"] = 0.into(),
            Some("nonzero"),
        );
        check_root(|it| it["roles"]["snapshot"] = Value::Null, Some("RoleKeys"));
        check_root(|it| it["keys"] = Value::Null, Some("map"));
        check_root(
            |it| {
                it["roles"]
                    .as_object_mut()
                    .map(|roles| roles.remove("snapshot"));
            },
            Some("no keys for `snapshot`"),
        );
    }

    #[test]
    fn dates_have_one_spelling() {
        for (date, good) in [
            ("2030-01-01T00:00:00Z", true),
            ("2028-02-29T23:59:59Z", true),
            ("2030-02-29T00:00:00Z", false),
            ("2030-01-01T00:00:00.5Z", false),
            ("2030-01-01T00:00:00+00:00", false),
            ("2030-01-01 00:00:00Z", false),
            ("2030-01-01T00:00:00z", false),
            ("+02030-01-01T00:00:00Z", false),
            ("2030-01-01T25:00:00Z", false),
            ("\u{661}030-01-01T00:00:00Z", false),
            ("", false),
        ] {
            check_root(
                |it| it["expires"] = date.into(),
                (!good).then_some("is no date"),
            );
        }
    }

    #[test]
    fn delegations_are_checked() {
        let roles = |roles: Value| delegating(json!({ "keys": {}, "roles": roles }));
        check::<Targets>(roles(json!([delegation("a"), delegation("b")])), None);
        check::<Targets>(
            roles(json!([delegation("a"), delegation("a")])),
            Some("`a`, which is taken"),
        );
        for name in ["root", "timestamp", "snapshot", "targets", ""] {
            check::<Targets>(roles(json!([delegation(name)])), Some("which is taken"));
        }
        let mut both = delegation("a");
        both["path_hash_prefixes"] = json!([]);
        check::<Targets>(roles(json!([both])), Some("either"));
        let mut neither = delegation("a");
        neither["paths"] = Value::Null;
        check::<Targets>(roles(json!([neither])), Some("either"));
        let mut lasting = delegation("a");
        lasting["terminating"] = Value::Null;
        check::<Targets>(roles(json!([lasting])), Some("boolean"));
    }

    #[test]
    fn hashes_are_checked() {
        let with = |hashes: Value| {
            let mut signed = delegating(json!({ "keys": {}, "roles": [] }));
            signed["targets"]["a"] = json!({ "length": 1, "hashes": hashes });
            signed
        };
        check::<Targets>(
            with(json!({ "sha256": "ab".repeat(32), "sha512": "ab".repeat(64) })),
            None,
        );
        check::<Targets>(with(json!({ "other": "anything" })), None);
        check::<Targets>(with(json!({})), Some("no hash"));
        check::<Targets>(with(json!({ "sha256": "AB".repeat(32) })), Some("SHA-256"));
        check::<Targets>(with(json!({ "sha512": "AB".repeat(64) })), Some("SHA-512"));
        check::<Targets>(with(json!({ "sha512": "ab" })), Some("SHA-512"));
    }

    #[test]
    fn a_file_fits_only_by_a_hash_that_is_known() {
        let both = Hashes {
            sha256: Some(Digest::of(b"a")),
            sha512: from_hex(&hex(&Sha512::digest(b"a")))
                .and_then(|bytes| Some(Box::new(bytes.try_into().ok()?))),
        };
        let mut first = both.clone();
        first.sha512 = None;
        let mut second = both.clone();
        second.sha256 = None;
        let mut torn = both.clone();
        torn.sha256 = Some(Digest::of(b"b"));
        for hashes in [&both, &first, &second] {
            assert!(hashes.fit(b"a") && !hashes.fit(b"b"));
        }
        assert!(!torn.fit(b"a") && !torn.fit(b"b"));
        assert!(!Hashes::default().fit(b"a"));
    }

    #[test]
    fn each_role_has_its_ceiling() {
        for (role, max_bytes) in [
            (ROOT, LIMITS.root_bytes),
            (TIMESTAMP, LIMITS.timestamp_bytes),
            (SNAPSHOT, LIMITS.snapshot_bytes),
            (TARGETS, LIMITS.targets_bytes),
            ("be", LIMITS.targets_bytes),
        ] {
            let file = Bytes::from(vec![
                b' ';
                usize::try_from(max_bytes).expect("a small limit") + 1
            ]);
            let refused = Document::<Targets>::parse(role, file.clone()).map(|_| ());
            let role = role.to_owned();
            assert_eq!(
                refused,
                Err(Refusal::TooLong {
                    role: role.clone(),
                    max_bytes
                })
            );
            let within = Document::<Targets>::parse(&role, file.slice(1..));
            assert!(matches!(within, Err(Refusal::Malformed { .. })));
        }
    }

    #[test]
    fn a_strangers_text_does_not_fill_the_screen() {
        let long = "x".repeat(10_000);
        for change in [json!(long), json!({ long.as_str(): 1 })] {
            for field in [
                "_type",
                "spec_version",
                "version",
                "expires",
                "keys",
                "roles",
            ] {
                let mut signed = root();
                signed[field] = change.clone();
                let refused = Document::<Root>::parse("r", sign_value(signed, &[]));
                let words = refused.map(|_| ()).expect_err(field).to_string();
                assert!(words.len() < 600, "{field}: {}", words.len());
            }
        }
    }

    /// Every file of a small edition, by which the mutations below start near good ones.
    fn files() -> Vec<Bytes> {
        first().iter().map(|(_, bytes)| bytes.clone()).collect()
    }

    fn parse_as_all(bytes: &Bytes) {
        let _ = Document::<Root>::parse(ROOT, bytes.clone());
        let _ = Document::<TimestampRole>::parse(TIMESTAMP, bytes.clone());
        let _ = Document::<Snapshot>::parse(SNAPSHOT, bytes.clone());
        let _ = Document::<Targets>::parse(TARGETS, bytes.clone());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            parse_as_all(&bytes.into());
        }

        #[test]
        fn no_damage_to_a_good_file_makes_it_panic(
            which: prop::sample::Index,
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
            cut: prop::sample::Index,
        ) {
            let files = files();
            let mut bytes = which.get(&files).to_vec();
            for (at, byte) in damage {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            parse_as_all(&bytes.clone().into());
            bytes.truncate(cut.index(bytes.len()));
            parse_as_all(&bytes.into());
        }

        #[test]
        fn what_is_written_is_read(version in 1..u64::MAX, length: u64, name: String, content: Vec<u8>) {
            let target = Target { length, hashes: Hashes::sha256(Digest::of(&content)) };
            let written = Targets {
                version,
                expires: "2030-01-01T00:00:00Z".parse().expect("a date"),
                issued: None,
                targets: [(name, target)].into(),
                delegations: None,
            };
            let mut signed = serde_json::to_value(&written).expect("plain data");
            signed["_type"] = "targets".into();
            signed["spec_version"] = SPEC_VERSION.into();
            let read = Document::<Targets>::parse("r", sign_value(signed, &[])).map(|it| it.signed);
            prop_assert_eq!(read, Ok(written));
        }
    }
}
