//! A role's next version while signatures are gathered.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use super::super::keys::{self, SigningKey};
use super::super::metadata::{
    Document, Key, KeyId, RoleKeys, SPEC_VERSION, Signature, Signed, ceiling,
};
use super::super::{Refusal, json};
use super::{EditorError, KeyRing};

/// What is to be signed, and who may do it.
#[derive(Debug, Clone)]
pub struct Draft {
    role: String,
    version: u64,
    signed: Value,
    payload: Vec<u8>,
    /// A new `root` needs the consent of the former one's keys too, which come first.
    authorities: Vec<Authority>,
    signatures: BTreeMap<KeyId, String>,
}

/// In whose name signatures are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Those who may sign until now, and must consent to the change.
    Former,
    /// Those who may sign from now on.
    Own,
}

/// Signatures without which a draft does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    pub role: String,
    pub version: u64,
    /// Whether it is the consent of those whose say a new root may end.
    pub whose: Whose,
    /// How many are there, and how many there must be.
    pub valid: usize,
    pub needed: u64,
    /// The keys that could still sign.
    pub of: Vec<KeyId>,
}

#[derive(Debug, Clone)]
pub(super) struct Authority {
    pub role: RoleKeys,
    pub keys: BTreeMap<KeyId, Key>,
}

impl Draft {
    pub(super) fn new<T: Signed + Serialize>(
        role: &str,
        body: &T,
        authorities: Vec<Authority>,
    ) -> Self {
        let mut signed = serde_json::to_value(body).expect("metadata has text keys and integers");
        if let Value::Object(fields) = &mut signed {
            fields.insert("_type".into(), T::TYPE.into());
            fields.insert("spec_version".into(), SPEC_VERSION.into());
        }
        Self {
            role: role.to_owned(),
            version: body.version(),
            payload: json::canonical(&signed),
            signed,
            authorities,
            signatures: BTreeMap::new(),
        }
    }

    /// A draft that came back from elsewhere; its signatures are still to be attached.
    pub(super) fn restored<T: Signed + Serialize>(
        role: &str,
        document: &Document<T>,
        authorities: Vec<Authority>,
    ) -> Result<Self, EditorError> {
        let draft = Self::new(role, &document.signed, authorities);
        if draft.payload == document.payload {
            return Ok(draft);
        }
        Err(EditorError::Damaged {
            role: role.to_owned(),
            why: "it says something that colport would not write".into(),
        })
    }

    pub fn role(&self) -> &str {
        &self.role
    }

    pub fn version(&self) -> u64 {
        self.version
    }

    /// Signs with every key at hand that has a say.
    pub fn sign(&mut self, ring: &KeyRing) {
        for authority in &self.authorities {
            for key in ring.of(&authority.role) {
                let Signature { keyid, sig } = key.sign(&self.payload);
                self.signatures.insert(keyid, sig);
            }
        }
    }

    /// Takes a signature that was made elsewhere, if it is good.
    pub fn attach(&mut self, signature: Signature) -> Result<(), EditorError> {
        let Signature { keyid, sig } = signature;
        let one = BTreeMap::from([(keyid.clone(), sig.clone())]);
        let counts = self.authorities.iter().any(|authority| {
            let alone = RoleKeys {
                threshold: 1,
                keyids: authority.role.keyids.clone(),
            };
            keys::signers(&self.role, &alone, &authority.keys, &self.payload, &one).is_ok()
        });
        if !counts {
            return Err(EditorError::BadSignature {
                role: self.role.clone(),
                keyid,
            });
        }
        self.signatures.insert(keyid, sig);
        Ok(())
    }

    /// Takes the signatures of another copy over.
    pub(super) fn merge(&mut self, other: &Self) -> Result<(), EditorError> {
        if self.payload != other.payload {
            return Err(EditorError::Damaged {
                role: self.role.clone(),
                why: "the files propose different things".into(),
            });
        }
        let theirs = other.signatures.clone().into_iter();
        let mut theirs = theirs.map(|(keyid, sig)| Signature { keyid, sig });
        theirs.try_for_each(|signature| self.attach(signature))
    }

    /// Which signatures are wanted still, for each body of people that must consent.
    pub fn missing(&self) -> Vec<Missing> {
        let last = self.authorities.len().saturating_sub(1);
        let authorities = self.authorities.iter().enumerate();
        let lacking = authorities.filter_map(|(position, authority)| {
            let Authority { role, keys } = authority;
            let counted = keys::signers(&self.role, role, keys, &self.payload, &self.signatures);
            let Err(Refusal::ThresholdNotMet { valid, needed, .. }) = counted else {
                return None;
            };
            let waiting = |id: &&KeyId| !self.signatures.contains_key(*id);
            Some(Missing {
                role: self.role.clone(),
                version: self.version,
                whose: match position < last {
                    true => Whose::Former,
                    false => Whose::Own,
                },
                valid,
                needed,
                of: role.keyids.iter().filter(waiting).cloned().collect(),
            })
        });
        lacking.collect()
    }

    /// Whether a signature of this key would count.
    pub fn heeds(&self, key: &KeyId) -> bool {
        let mut roles = self.authorities.iter().map(|authority| &authority.role);
        roles.any(|role| role.keyids.contains(key))
    }

    /// Whether nobody else needs to sign.
    pub fn check(&self) -> Result<(), EditorError> {
        for authority in &self.authorities {
            let signers = keys::signers(
                &self.role,
                &authority.role,
                &authority.keys,
                &self.payload,
                &self.signatures,
            );
            signers.map_err(unsigned)?;
        }
        Ok(())
    }

    /// The file as it stands, with the signatures so far: to be carried to who signs next.
    pub fn to_bytes(&self) -> Bytes {
        let signatures: Vec<_> = self
            .signatures
            .iter()
            .map(|(keyid, sig)| json!({ "keyid": keyid, "sig": sig }))
            .collect();
        let mut file = json::canonical(&json!({ "signatures": signatures, "signed": null }));
        // `signed` was written already, and can be large.
        file.truncate(file.len() - "null}".len());
        // It is kept as it is until the edition is written.
        file.reserve_exact(self.payload.len() + 1);
        file.extend_from_slice(&self.payload);
        file.push(b'}');
        file.into()
    }

    /// The finished file.
    pub fn finish(self) -> Result<Bytes, EditorError> {
        self.check()?;
        let file = self.to_bytes();
        let max_bytes = ceiling(&self.role, None);
        if file.len() as u64 > max_bytes {
            return Err(EditorError::TooLarge {
                role: self.role,
                max_bytes,
            });
        }
        Ok(file)
    }

    /// What will be signed, for who wants to look at it first.
    pub fn signed(&self) -> &Value {
        &self.signed
    }
}

fn unsigned(refusal: Refusal) -> EditorError {
    match refusal {
        Refusal::ThresholdNotMet {
            role,
            valid,
            needed,
        } => EditorError::Unsigned {
            role,
            valid,
            needed,
        },
        other => other.into(),
    }
}

/// Signs a file that [`Draft::to_bytes`] made, on the machine where the key is. The signature is all that goes back.
pub fn sign_detached(file: &[u8], key: &SigningKey) -> Result<Signature, EditorError> {
    let damaged = |why: String| EditorError::Damaged {
        role: "draft".into(),
        why,
    };
    let value = json::parse(file).map_err(damaged)?;
    let signed = value.get("signed").filter(|signed| signed.is_object());
    let signed = signed.ok_or_else(|| damaged("it has nothing to sign".into()))?;
    Ok(key.sign(&json::canonical(signed)))
}
