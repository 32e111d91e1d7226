//! Metadata as it travels (TUF 1.0 section 4), taken apart from bytes but not yet believed.
//!
//! 1. [`Document::parse`] reads one file: strict JSON, `signed` and `signatures`.
//! 2. It checks what every role has: type, version of the specification, version, date of expiry.
//! 3. It keeps the canonical bytes of `signed` exactly as received, unknown fields included, for the signatures.
//!
//! Fields that are not known here are left alone. Whether anything was signed is the affair of
//! [`keys`](super::keys) and [`client`](super::client).

mod delegations;
mod hashes;
pub(super) mod moment;
mod roles;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

pub use delegations::{Delegation, Delegations, Paths};
pub use hashes::Hashes;
pub(super) use hashes::{from_hex, hex};
pub use roles::{
    Key, KeyId, MetaFile, RoleKeys, Root, Signed, Snapshot, Target, Targets, TimestampMeta,
    TimestampRole,
};

use super::Refusal;
use super::json;
use crate::base::LIMITS;

pub const ROOT: &str = "root";
pub const TIMESTAMP: &str = "timestamp";
pub const SNAPSHOT: &str = "snapshot";
pub const TARGETS: &str = "targets";

/// The version of the specification that colport writes; it reads every `1.x`.
pub const SPEC_VERSION: &str = "1.0.34";

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

fn positive<'de, D: Deserializer<'de>>(reader: D) -> Result<u64, D::Error> {
    std::num::NonZeroU64::deserialize(reader).map(Into::into)
}
