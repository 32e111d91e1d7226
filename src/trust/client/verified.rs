//! Metadata of which the signatures were counted. There is no other way to get a [`Verified`] than [`Verified::new`].

use bytes::Bytes;

use super::super::Refusal;
use super::super::keys;
use super::super::metadata::{Delegations, Document, KeyId, MetaFile, RoleKeys, Root, Signed};
use super::Context;
use std::collections::BTreeMap;

/// One file whose role's threshold was met.
#[derive(Debug, Clone)]
pub(super) struct Verified<T> {
    pub signed: T,
    pub bytes: Bytes,
    /// Whose signatures are good, each key once.
    pub signers: Vec<KeyId>,
    pub threshold: u64,
}

/// Who may sign one role: the keys of the role that delegates to it.
#[derive(Clone, Copy)]
pub(super) struct Authority<'a> {
    pub role: &'a RoleKeys,
    pub keys: &'a BTreeMap<KeyId, keys_of::Key>,
}

mod keys_of {
    pub use super::super::super::metadata::Key;
}

impl<'a> Authority<'a> {
    /// Over a top-level role.
    pub fn of_root(root: &'a Root, role: &str) -> Result<Self, Refusal> {
        let keys = &root.keys;
        let role = root.role(role).ok_or_else(|| Refusal::Missing {
            role: role.to_owned(),
        })?;
        Ok(Self { role, keys })
    }

    /// Over a delegated role.
    pub fn of_delegations(delegations: &'a Delegations, role: &str) -> Result<Self, Refusal> {
        let found = delegations.roles.iter().find(|found| found.name == role);
        let found = found.ok_or_else(|| Refusal::Missing {
            role: role.to_owned(),
        })?;
        Ok(Self {
            role: &found.signers,
            keys: &delegations.keys,
        })
    }
}

impl<T: Signed> Verified<T> {
    /// TUF 5.3.4, 5.4.2, 5.5.3, 5.6.3: the check for an arbitrary software attack.
    pub fn new(name: &str, bytes: Bytes, authority: Authority<'_>) -> Result<Self, Refusal> {
        let document = Document::<T>::parse(name, bytes)?;
        let signers = authority.signers(name, &document)?;
        Ok(Self {
            signed: document.signed,
            bytes: document.bytes,
            signers,
            threshold: authority.role.threshold,
        })
    }
}

impl Authority<'_> {
    pub fn signers<T>(&self, name: &str, document: &Document<T>) -> Result<Vec<KeyId>, Refusal> {
        keys::signers(
            name,
            self.role,
            self.keys,
            &document.payload,
            &document.signatures,
        )
    }
}

/// TUF 5.5.2 and 5.6.2: the file is the one that a role above it describes, as far as it does.
pub(super) fn check_described(
    name: &str,
    bytes: &Bytes,
    described: &MetaFile,
) -> Result<(), Refusal> {
    let role = || name.to_owned();
    let got = bytes.len() as u64;
    if let Some(told) = described.length.filter(|told| *told != got) {
        return Err(Refusal::WrongLength {
            role: role(),
            told,
            got,
        });
    }
    if described
        .hashes
        .as_ref()
        .is_some_and(|hashes| !hashes.fit(bytes))
    {
        return Err(Refusal::WrongHash { role: role() });
    }
    Ok(())
}

/// TUF 5.5.4 and 5.6.4.
pub(super) fn check_version<T: Signed>(
    name: &str,
    signed: &T,
    expected: u64,
) -> Result<(), Refusal> {
    let got = signed.version();
    if got != expected {
        return Err(Refusal::WrongVersion {
            role: name.to_owned(),
            expected,
            got,
        });
    }
    Ok(())
}

impl Context {
    /// A file below `timestamp`: described, signed, of the right version and not expired, in the order of the specification.
    pub(super) fn verify_described<T: Signed>(
        &self,
        name: &str,
        bytes: Bytes,
        described: &MetaFile,
        authority: Authority<'_>,
    ) -> Result<Verified<T>, Refusal> {
        check_described(name, &bytes, described)?;
        let verified = Verified::new(name, bytes, authority)?;
        check_version(name, &verified.signed, described.version)?;
        Ok(verified)
    }
}
