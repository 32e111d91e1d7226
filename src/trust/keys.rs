//! Keys: whether signatures are good, and making them.
//!
//! 1. [`signers`] counts, for one role, the different keys that signed one payload (TUF 1.0 section 5: each key counts
//!    once, under whatever ids and spellings it is listed).
//! 2. Ed25519, ECDSA over P-256 with SHA-256, and RSA-PSS with SHA-256 are verified, so that outside repositories work.
//! 3. [`SigningKey`] signs, with Ed25519 only.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ring::rand::SecureRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, Ed25519KeyPair, KeyPair as _, RSA_PSS_2048_8192_SHA256,
    UnparsedPublicKey,
};
use serde_json::{Value, json};

use super::metadata::{Key, KeyId, RoleKeys, Signature, from_hex, hex};
use super::{Refusal, der, json};
use crate::base::{Digest, Secret};

/// The keys of `role` that signed `payload`, each named once. Refused when they are fewer than the threshold.
///
/// Signatures that are wrong, of unknown keys or of keys of other roles count nothing but do no harm either.
pub(super) fn signers(
    name: &str,
    role: &RoleKeys,
    keys: &BTreeMap<KeyId, Key>,
    payload: &[u8],
    signatures: &BTreeMap<KeyId, String>,
) -> Result<Vec<KeyId>, Refusal> {
    let mut counted = BTreeSet::new();
    let mut valid = Vec::new();
    for keyid in role.keyids.iter().collect::<BTreeSet<_>>() {
        let known = keys.get(keyid).and_then(VerifyingKey::of);
        let (Some(key), Some(signature)) = (known, signatures.get(keyid)) else {
            continue;
        };
        if !counted.contains(&key) && key.verifies(payload, signature) {
            counted.insert(key);
            valid.push(keyid.clone());
        }
    }
    if (valid.len() as u64) < role.threshold {
        return Err(Refusal::ThresholdNotMet {
            role: name.to_owned(),
            valid: valid.len(),
            needed: role.threshold,
        });
    }
    Ok(valid)
}

/// A public key of a kind that is known, in the one form in which two spellings of it are equal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum VerifyingKey {
    /// The 32 bytes of RFC 8032.
    Ed25519(Vec<u8>),
    /// An uncompressed point.
    EcdsaP256(Vec<u8>),
    /// `RSAPublicKey` of PKCS#1.
    RsaPss(Vec<u8>),
}

impl VerifyingKey {
    fn of(key: &Key) -> Option<Self> {
        let public = key.keyval.get("public")?.as_str()?;
        let info = || der::from_pem(public, "PUBLIC KEY");
        match (key.keytype.as_str(), key.scheme.as_str()) {
            ("ed25519", "ed25519") => from_hex(public).map(Self::Ed25519),
            ("ecdsa" | "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256") => {
                der::p256_point(&info()?).map(Self::EcdsaP256)
            }
            ("rsa", "rsassa-pss-sha256") => der::rsa_key(&info()?).map(Self::RsaPss),
            _ => None,
        }
    }

    fn verifies(&self, payload: &[u8], signature: &str) -> bool {
        let Some(signature) = from_hex(signature) else {
            return false;
        };
        let verified = match self {
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(payload, &signature),
            Self::EcdsaP256(key) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key).verify(payload, &signature)
            }
            Self::RsaPss(key) => {
                UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key).verify(payload, &signature)
            }
        };
        verified.is_ok()
    }
}

/// What may be told to everyone: a key and the id that colport gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    pub id: KeyId,
    pub key: Key,
}

impl PublicKey {
    /// An Ed25519 key from the 32 bytes of RFC 8032.
    pub fn ed25519(public: &[u8; 32]) -> Self {
        Self::from(Key {
            keytype: "ed25519".into(),
            scheme: "ed25519".into(),
            keyval: json!({ "public": hex(public) }),
            unknown: BTreeMap::new(),
        })
    }
}

impl From<Key> for PublicKey {
    /// The id is the SHA-256 of the key in canonical JSON (TUF 1.0 section 4.2).
    fn from(key: Key) -> Self {
        let mut value =
            json!({ "keytype": key.keytype, "scheme": key.scheme, "keyval": key.keyval });
        if let Value::Object(fields) = &mut value {
            fields.extend(key.unknown.clone());
        }
        let id = KeyId::new(Digest::of(&json::canonical(&value)).to_string());
        Self { id, key }
    }
}

const PRIVATE_KEY: &str = "PRIVATE KEY";

/// A private Ed25519 key.
#[derive(Clone)]
pub struct SigningKey {
    seed: Secret<[u8; 32]>,
    public: PublicKey,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("it holds no private Ed25519 key in PEM form")]
    NotAKey,
    #[error("this machine gives no random numbers")]
    NoRandomness,
}

impl KeyError {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotAKey => Some(
                "a private key begins with `-----BEGIN PRIVATE KEY-----`; perhaps another file was given".into(),
            ),
            Self::NoRandomness => None,
        }
    }
}

impl SigningKey {
    /// A new key. Who calls brings the dice.
    pub fn generate(random: &dyn SecureRandom) -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        random.fill(&mut seed).map_err(|_| KeyError::NoRandomness)?;
        Ok(Self::from_seed(Secret::new(seed)))
    }

    /// The key of RFC 8032 that these 32 bytes are the private half of.
    pub fn from_seed(seed: Secret<[u8; 32]>) -> Self {
        let pair = pair(&seed);
        let mut public = [0; 32];
        public.copy_from_slice(pair.public_key().as_ref());
        Self {
            seed,
            public: PublicKey::ed25519(&public),
        }
    }

    /// PKCS#8 in PEM form (RFC 5958, RFC 8410).
    pub fn from_pem(pem: &Secret<String>) -> Result<Self, KeyError> {
        let seed = der::from_pem(pem.expose(), PRIVATE_KEY).and_then(|der| der::ed25519_seed(&der));
        seed.map(|seed| Self::from_seed(Secret::new(seed)))
            .ok_or(KeyError::NotAKey)
    }

    /// PKCS#8 version 1 in PEM form, as `openssl genpkey -algorithm ed25519` writes it.
    pub fn to_pem(&self) -> Secret<String> {
        let der = der::ed25519_private(self.seed.expose());
        Secret::new(der::to_pem(&der, PRIVATE_KEY))
    }

    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    pub fn id(&self) -> &KeyId {
        &self.public.id
    }

    pub fn sign(&self, payload: &[u8]) -> Signature {
        Signature {
            keyid: self.public.id.clone(),
            sig: hex(pair(&self.seed).sign(payload).as_ref()),
        }
    }
}

fn pair(seed: &Secret<[u8; 32]>) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(seed.expose()).expect("any 32 bytes are an Ed25519 seed")
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the private half of {:?}", self.public.id)
    }
}
