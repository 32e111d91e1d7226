//! The TUF client of the package `sigstore-tuf`, run over metadata in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use colport::trust::Remembered;
use colport::trust::editor::MetadataSet;
use jiff::Timestamp;
use ring::digest;
use ring::signature::{ED25519, UnparsedPublicKey};
use sigstore_crypto::{CryptoProvider, Error, HashContext, Result, SigningScheme};
use sigstore_tuf::transport::FetchFuture;
use sigstore_tuf::{MetadataStore, Repository, Updater};
use sigstore_types::HashAlgorithm;

/// SHA-2 and Ed25519 by `ring`: all that our repositories need.
#[derive(Debug)]
struct Ring;

pub fn install_cryptography() {
    // Another test of this process may have been first.
    let _ = sigstore_crypto::install_default_provider(&Ring);
}

struct Hash(digest::Context);

impl HashContext for Hash {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finalize(self: Box<Self>) -> Vec<u8> {
        self.0.finish().as_ref().to_vec()
    }
}

impl CryptoProvider for Ring {
    fn hash(&self, algorithm: HashAlgorithm) -> Result<Box<dyn HashContext>> {
        let algorithm = match algorithm {
            HashAlgorithm::Sha2256 => &digest::SHA256,
            HashAlgorithm::Sha2384 => &digest::SHA384,
            HashAlgorithm::Sha2512 => &digest::SHA512,
            other => return Err(Error::UnsupportedAlgorithm(format!("{other:?}"))),
        };
        Ok(Box::new(Hash(digest::Context::new(algorithm))))
    }

    fn verify_raw(
        &self,
        scheme: SigningScheme,
        key: &[u8],
        data: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        if scheme != SigningScheme::Ed25519 {
            return Err(Error::UnsupportedAlgorithm(format!("{scheme:?}")));
        }
        // A key of Ed25519 is the last 32 bytes of its SubjectPublicKeyInfo.
        let key = key
            .last_chunk::<32>()
            .ok_or_else(|| Error::Verification("no key".into()))?;
        UnparsedPublicKey::new(&ED25519, key)
            .verify(data, signature)
            .map_err(|_| Error::Verification("a wrong signature".into()))
    }

    fn verify_prehashed(&self, scheme: SigningScheme, _: &[u8], _: &[u8], _: &[u8]) -> Result<()> {
        Err(Error::UnsupportedAlgorithm(format!("{scheme:?}")))
    }
}

/// Answers from a set of metadata.
struct Shelf(BTreeMap<String, Vec<u8>>);

impl Repository for Shelf {
    fn fetch_metadata<'a>(&'a self, name: &'a str, max_length: u64) -> FetchFuture<'a> {
        Box::pin(async move {
            match self.0.get(name) {
                Some(file) if file.len() as u64 > max_length => {
                    Err(sigstore_tuf::Error::transport("too long"))
                }
                found => Ok(found.cloned()),
            }
        })
    }

    fn fetch_target<'a>(&'a self, _: &'a str, _: u64) -> FetchFuture<'a> {
        Box::pin(async { Ok(None) })
    }
}

/// What the other client remembers.
#[derive(Clone, Default)]
pub struct Store(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Store {
    pub fn of(remembered: &Remembered) -> Self {
        let top = [
            ("timestamp", &remembered.timestamp),
            ("snapshot", &remembered.snapshot),
        ];
        let top = top
            .into_iter()
            .filter_map(|(role, file)| Some((role, file.as_ref()?)));
        let targets = remembered
            .targets
            .iter()
            .map(|(role, file)| (role.as_str(), file));
        let files = top.chain(targets);
        let files = files.map(|(role, file)| (format!("{role}.json"), file.to_vec()));
        Self(Arc::new(Mutex::new(files.collect())))
    }
}

impl MetadataStore for Store {
    fn load(&self, name: &str) -> sigstore_tuf::Result<Option<Vec<u8>>> {
        Ok(self
            .0
            .lock()
            .expect("no test panics with it")
            .get(name)
            .cloned())
    }

    fn store(&self, name: &str, bytes: &[u8]) -> sigstore_tuf::Result<()> {
        let mut files = self.0.lock().expect("no test panics with it");
        files.insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }
}

/// What a look-up says of one path: a file by its length and hash, that there is none, or why it was refused.
pub type Verdict = std::result::Result<Option<(u64, String)>, String>;

/// The other client's verdict on a refresh, and if it is good on each path.
pub async fn verdicts(
    remembered: &Remembered,
    set: &MetadataSet,
    now: Timestamp,
    paths: &[&str],
) -> std::result::Result<Vec<Verdict>, String> {
    let shelf = Shelf(names(set));
    let words = |error: sigstore_tuf::Error| error.to_string();
    let updater = Updater::new(shelf, &remembered.root).map_err(words)?;
    let mut updater = updater.with_store(Store::of(remembered));
    updater.refresh(now).await.map_err(words)?;
    let mut verdicts = Vec::new();
    for path in paths {
        let found = updater.get_target_info(path, now).await;
        let found = found.map(|file| {
            file.map(|file| {
                let hash = file.hashes.get("sha256").cloned().unwrap_or_default();
                (file.length, hash)
            })
        });
        verdicts.push(found.map_err(words));
    }
    Ok(verdicts)
}

/// Each file by its name, and but for roots also by its name in a repository without consistent snapshots.
fn names(set: &MetadataSet) -> BTreeMap<String, Vec<u8>> {
    let versioned = set.iter().map(|(name, file)| (name.to_string(), file));
    let others = set.iter().filter(|(name, _)| name.role() != "root");
    let plain = others.map(|(name, file)| (format!("{}.json", name.role()), file));
    versioned
        .chain(plain)
        .map(|(name, file)| (name, file.to_vec()))
        .collect()
}
