//! Hashes of files, and hexadecimal.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha512};

use crate::base::Digest;

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

pub(in crate::trust) fn hex(bytes: &[u8]) -> String {
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
pub(in crate::trust) fn from_hex(text: &str) -> Option<Vec<u8>> {
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
