//! Keys: whether signatures are good, and making them.
//!
//! 1. `signers` counts, for one role, the different keys that signed one payload (TUF 1.0 section 5: each key counts
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
use super::{Refusal, der, json, locked};
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

    /// One line of JSON, for a file that may be shown to everyone.
    pub fn to_line(&self) -> String {
        let value = serde_json::to_string(&self.key);
        value.expect("a key has text fields") + "\n"
    }

    /// What [`Self::to_line`] wrote; only keys of the kind that colport signs with.
    pub fn from_line(text: &str) -> Result<Self, KeyError> {
        let value = json::parse(text.as_bytes()).map_err(|_| KeyError::NotPublic)?;
        let key: Key = serde_json::from_value(value).map_err(|_| KeyError::NotPublic)?;
        let public = match VerifyingKey::of(&key) {
            Some(VerifyingKey::Ed25519(public)) => <[u8; 32]>::try_from(public).ok(),
            _ => None,
        };
        public
            .map(|public| Self::ed25519(&public))
            .filter(|known| known.key == key)
            .ok_or(KeyError::NotPublic)
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
const ID_LINE: &str = "Key: ";

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
    #[error("it holds no public Ed25519 key")]
    NotPublic,
    #[error("it is locked with a passphrase")]
    Locked,
    #[error("the passphrase is wrong, or the file is damaged")]
    WrongPassphrase,
    /// Opening it would take the machine's memory, or hours.
    #[error("it asks for more memory or time than a passphrase needs")]
    TooCostly,
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
            Self::NotPublic => Some(
                "the public half of a key is the file `….pub` that `colport key new` writes".into(),
            ),
            Self::Locked => Some(
                "a terminal is needed to ask for it; in a script give `--passphrase-file`".into(),
            ),
            Self::WrongPassphrase => Some("mind the keyboard's layout and capital letters".into()),
            Self::TooCostly => Some(
                "lock it again where it was made, with less: for example `openssl pkcs8 -topk8 -scrypt`".into(),
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
    /// `Locked` if a passphrase is needed.
    pub fn from_pem(pem: &Secret<String>) -> Result<Self, KeyError> {
        if locked::is_locked(pem) {
            return Err(KeyError::Locked);
        }
        let seed = der::from_pem(pem.expose(), PRIVATE_KEY).and_then(|der| der::ed25519_seed(&der));
        seed.map(|seed| Self::from_seed(Secret::new(seed)))
            .ok_or(KeyError::NotAKey)
    }

    /// PKCS#8 version 1 in PEM form, as `openssl genpkey -algorithm ed25519` writes it.
    pub fn to_pem(&self) -> Secret<String> {
        let der = der::ed25519_private(self.seed.expose());
        Secret::new(der::to_pem(&der, PRIVATE_KEY))
    }

    /// What [`Self::to_locked_pem`] wrote, or `openssl pkcs8 -topk8 -scrypt`.
    pub fn from_locked_pem(
        pem: &Secret<String>,
        passphrase: &Secret<String>,
    ) -> Result<Self, KeyError> {
        locked::open(pem, passphrase).map(Self::from_seed)
    }

    /// Encrypted PKCS#8 (RFC 5958) in PEM form, with the key's id in a line before it.
    pub fn to_locked_pem(
        &self,
        passphrase: &Secret<String>,
        random: &dyn SecureRandom,
    ) -> Result<Secret<String>, KeyError> {
        let pem = locked::lock(&self.seed, passphrase, random)?;
        Ok(Secret::new(format!(
            "{ID_LINE}{}\n{}",
            self.id(),
            pem.expose()
        )))
    }

    /// The id as it is written before a locked key. Beware: nothing proves it.
    pub fn id_of_locked(pem: &Secret<String>) -> Option<KeyId> {
        let mut lines = pem.expose().lines();
        let id = lines.find_map(|line| line.strip_prefix(ID_LINE))?;
        Some(KeyId::new(id.trim()))
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

#[cfg(test)]
mod tests {
    use super::super::testing::key;
    use super::*;

    const PAYLOAD: &[u8] = b"colport";
    // Made by `openssl pkey -pubout` and `openssl dgst -sign` (OpenSSL 3.0.19).
    const RSA: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArh0SlLy4xIrzOBzrICK4
4WwDMv70aIh44aKfh9ms1fc0+QRE4e8xajEJgcouPOvJ6fE4Tq1HmtwRAxxhR9rd
+YH0bStq5q6md1wiauAi9JAqf5/zLqqe5G+TzbSG2XnKgLH+2rtqu6NI+vegzkeJ
I/MgjdWccI4/nmeOFkPs7gu/DuQ7IfLJFLRelu7C1eQUckPsjJxoIinfvzdE8yCj
fcCeZZldMJoth+dcYnqvILrJF5+fugDIgiRoh7Uj7fNpM8495HaPVESsScghI0fr
a2cEowkbdpVDhQ9cPhg0QADQ/eOcSxIpUHRiEzJt/0axZVFH69YopqzKZOWUggtv
OwIDAQAB
-----END PUBLIC KEY-----
";
    const RSA_SIGNATURE: &str = "15221feade9008d24e6c8fbdec6c8b6253b7864d5b19e400303ce0de82d090c6425b272b5ea6afe3\
f8f8c5aab75e69ec875d53a0f2fc536b759b9d2cdf031a09b4e7ba3352dc6e8b9d80264874ca1871eaaf11da9e42b4d3c04c4f871233e42a2cb218\
b0316bb7b706e945c0327501775beb55d4b218e83268e0155c6dee06bd108566c68f6ac53113c427b7abd6e65f3349575d2f5954b2b34f35b24692\
8e09868a4c6d30c63bedcbd2f84ecc46a17a1d379aa18841590269d00ae194a7233cb90ffb19d6f7ccdc81ecb50da3c5c838f96e5a8a4fd5d5283b\
0492f337cf4e4b03ef12959857783b64b7e4e36c4905ca35f0eaaf1163ae5b2d15c6bc9382a8ba";
    const P256: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZEIZ9WI4uKnmOpC0mNVMYMqlro5H
60HE2AApzJaNoJpKgtcCqLFEO4I03F+aLOV+OX1dP0Q+Dkncpz3ez/BZUA==
-----END PUBLIC KEY-----
";
    const P256_SIGNATURE: &str = "3045022013da4def7e29a6cc2187140e5a0e6e162bab0db7aa776c7b38216fefeb58db32022100c0e999\
bb81524caaee905992b2baa95d115719556d272d6fb1ee0e8e02056af7";
    const ED25519_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIIFIWScaK/mHfJaptXuH0xUfBA/MI6m/RoWpvvCRbdCw
-----END PRIVATE KEY-----
";
    const ED25519_PUBLIC: &str = "58320dbf212c4e6897fb6b06364bd0aafc9a2964046505ead1e5c20bda6e7506";
    const ED25519_SIGNATURE: &str = "247e336d7e3eb76ad49314ebe2a6eaad8c3f87e3836ba04f3cb7a8cc1bcedfd1b818208a2601e8610\
c37ac40b4ea27130074d73493728ae7a0c35af89a14010e";

    fn written(keytype: &str, scheme: &str, public: &str) -> Key {
        Key {
            keytype: keytype.into(),
            scheme: scheme.into(),
            keyval: json!({ "public": public }),
            unknown: BTreeMap::new(),
        }
    }

    /// How many of `keys` count as signers of `payload`.
    fn count(keys: &[(&str, Key)], payload: &[u8], signatures: &[(&str, &str)]) -> usize {
        let role = RoleKeys {
            keyids: keys.iter().map(|(id, _)| KeyId::new(*id)).collect(),
            threshold: 1,
        };
        let keys = keys.iter().map(|(id, key)| (KeyId::new(*id), key.clone()));
        let signatures = signatures
            .iter()
            .map(|(id, sig)| (KeyId::new(*id), (*sig).to_owned()));
        signers("r", &role, &keys.collect(), payload, &signatures.collect())
            .map_or(0, |ids| ids.len())
    }

    #[test]
    fn signatures_made_by_openssl_are_verified() {
        let check = |keytype, scheme, public, signature: &str| {
            let keys = [("k", written(keytype, scheme, public))];
            assert_eq!(count(&keys, PAYLOAD, &[("k", signature)]), 1, "{scheme}");
            assert_eq!(
                count(&keys, b"kolport", &[("k", signature)]),
                0,
                "{scheme}: other content"
            );
            let other = format!("{}00", &signature[..signature.len() - 2]);
            assert_eq!(
                count(&keys, PAYLOAD, &[("k", &other)]),
                0,
                "{scheme}: other signature"
            );
            for broken in ["", "0", "zz", &signature[2..]] {
                assert_eq!(
                    count(&keys, PAYLOAD, &[("k", broken)]),
                    0,
                    "{scheme}: `{broken}`"
                );
            }
        };
        check("rsa", "rsassa-pss-sha256", RSA, RSA_SIGNATURE);
        check("ecdsa", "ecdsa-sha2-nistp256", P256, P256_SIGNATURE);
        check(
            "ecdsa-sha2-nistp256",
            "ecdsa-sha2-nistp256",
            P256,
            P256_SIGNATURE,
        );
        check("ed25519", "ed25519", ED25519_PUBLIC, ED25519_SIGNATURE);
    }

    #[test]
    fn kinds_that_do_not_fit_together_verify_nothing() {
        for (keytype, scheme, public) in [
            ("rsa", "ecdsa-sha2-nistp256", P256),
            ("ecdsa", "ecdsa-sha2-nistp256", RSA),
            ("ecdsa", "ecdsa-sha2-nistp384", P256),
            ("rsa", "rsassa-pss-sha256", P256),
            ("ed25519", "ed25519", RSA),
            ("none", "none", P256),
        ] {
            let keys = [("k", written(keytype, scheme, public))];
            for signature in [RSA_SIGNATURE, P256_SIGNATURE, ED25519_SIGNATURE] {
                assert_eq!(
                    count(&keys, PAYLOAD, &[("k", signature)]),
                    0,
                    "{keytype} {scheme}"
                );
            }
        }
    }

    #[test]
    fn one_key_under_several_names_counts_once() {
        let spaced = P256.replace('\n', "\r\n");
        let keys = [
            ("a", written("ed25519", "ed25519", ED25519_PUBLIC)),
            (
                "b",
                written("ed25519", "ed25519", &ED25519_PUBLIC.to_uppercase()),
            ),
            ("c", written("ecdsa", "ecdsa-sha2-nistp256", P256)),
            (
                "d",
                written("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", &spaced),
            ),
        ];
        let signatures = [
            ("a", ED25519_SIGNATURE),
            ("b", ED25519_SIGNATURE),
            ("c", P256_SIGNATURE),
            ("d", P256_SIGNATURE),
        ];
        assert_eq!(count(&keys, PAYLOAD, &signatures), 2);
    }

    #[test]
    fn a_key_listed_twice_counts_once() {
        let public = key("a").public().clone();
        let role = RoleKeys {
            keyids: vec![public.id.clone(), public.id.clone()],
            threshold: 2,
        };
        let Signature { keyid, sig } = key("a").sign(PAYLOAD);
        let keys = [(public.id, public.key)].into();
        let refused = signers("r", &role, &keys, PAYLOAD, &[(keyid, sig)].into());
        let (valid, needed) = (1, 2);
        let role = "r".into();
        assert_eq!(
            refused,
            Err(Refusal::ThresholdNotMet {
                role,
                valid,
                needed
            })
        );
    }

    #[test]
    fn a_private_key_of_openssl_is_read_and_written_alike() {
        let pem = Secret::new(ED25519_PRIVATE.to_owned());
        let key = SigningKey::from_pem(&pem).expect("a key of openssl");
        assert_eq!(key.to_pem().expose(), ED25519_PRIVATE);
        assert_eq!(key.sign(PAYLOAD).sig, ED25519_SIGNATURE);
        // As securesystemslib 1.4.0 computes it.
        assert_eq!(
            key.id().as_str(),
            "a95f3eb00c59432d68982261464421d7101a5fa5fa6a8df814258d6743144f27"
        );
        assert!(!format!("{key:?}").contains("IFIWScaK"));
    }

    #[test]
    fn what_is_no_private_key_is_refused() {
        for text in [
            "",
            RSA,
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ] {
            let read = SigningKey::from_pem(&Secret::new(text.to_owned()));
            assert_eq!(read.map(|key| key.public), Err(KeyError::NotAKey));
        }
    }

    #[test]
    fn new_keys_differ() {
        let random = ring::rand::SystemRandom::new();
        let one = SigningKey::generate(&random).expect("random numbers");
        let two = SigningKey::generate(&random).expect("random numbers");
        assert_ne!(one.id(), two.id());
    }
}
