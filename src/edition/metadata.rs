//! The metadata of an edition, and the proof that it holds.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;

use super::Refusal;
use super::by_path::ByPath;
use super::early::refuse_older;
use crate::base::{Digest, EditionNumber, Fingerprint, LIMITS, MetadataName, SitePath};
use crate::bundle::MemberName;
use crate::trust::{Expiry, Freshness, Refresh, Remembered, TargetFile, Trusted, Want};

/// Metadata files by name, from anywhere: nothing about them is proved.
#[derive(Debug, Clone, Default)]
pub struct Gathered {
    files: BTreeMap<MetadataName, Bytes>,
    bytes: u64,
}

impl Gathered {
    /// A file of the same name is replaced.
    pub fn insert(&mut self, name: MetadataName, content: Bytes) -> Result<(), Refusal> {
        let replaced = self.files.get(&name).map_or(0, Bytes::len);
        self.bytes = self.bytes.saturating_sub(replaced as u64) + content.len() as u64;
        if self.bytes > LIMITS.metadata_bytes {
            return Err(Refusal::TooMuchMetadata {
                max_bytes: LIMITS.metadata_bytes,
            });
        }
        self.files.insert(name, content);
        Ok(())
    }

    pub fn content(&self, name: &MetadataName) -> Option<&Bytes> {
        self.files.get(name)
    }

    pub(super) fn required(&self, name: &MetadataName) -> Result<&Bytes, Refusal> {
        self.files
            .get(name)
            .ok_or_else(|| Refusal::MetadataMissing { name: name.clone() })
    }

    pub fn iter(&self) -> impl Iterator<Item = (&MetadataName, &Bytes)> {
        self.files.iter()
    }

    pub(super) fn into_files(self) -> BTreeMap<MetadataName, Bytes> {
        self.files
    }

    fn answer(&self, want: &Want) -> Option<Bytes> {
        self.files.get(&name_of(want)?).cloned()
    }

    /// 1. Runs the client workflow of TUF over these files: the top-level roles, then every delegation.
    /// 2. What was remembered may have stood in for a file of the same name here; it must be the same file.
    /// 3. The first root must be the one that is remembered. Its signatures cannot tell: anyone can make a first root that
    ///    leads to a later, genuine one.
    /// 4. The roots from the first on must lead to the newest, for readers who come with an old one.
    ///
    /// Expired metadata is accepted and told by [`Proof::freshness_at`]: a reader without a network, and a mirror that
    /// must not go dark, are better off with old news than with none. A rollback is refused all the same.
    pub fn prove(&self, remembered: &Remembered, now: Timestamp) -> Result<Proof, Refusal> {
        self.prove_sharing(remembered, now, [])
    }

    /// The same for who has the paths already, in ascending order: a copy of one takes no more memory.
    pub fn prove_sharing<'a>(
        &self,
        remembered: &Remembered,
        now: Timestamp,
        paths: impl IntoIterator<Item = &'a SitePath>,
    ) -> Result<Proof, Refusal> {
        let mut refresh = Refresh::new(remembered.clone(), now, Expiry::Report)?;
        while let Some(want) = refresh.wants() {
            refresh.give(self.answer(&want))?;
        }
        let mut everything = refresh.finish()?.everything();
        while let Some(want) = everything.wants() {
            everything.give(self.answer(&want))?;
        }
        let mut files = ByPath::with_capacity(everything.most_files());
        let mut paths = paths.into_iter().peekable();
        let trusted = everything.finish_with(|path, file| {
            let signed = in_edition(&path, &file)?;
            while paths.next_if(|had| **had < path).is_some() {}
            let had = paths.next_if(|had| **had == path);
            files.push(had.cloned().unwrap_or(path), signed);
            Ok::<_, Refusal>(())
        })?;
        files.shrink();
        let fingerprint = Fingerprint::of_first_root(self.required(&first_root())?);
        let proof = Proof {
            trusted,
            files,
            fingerprint,
        };
        self.compare(&proof)?;
        compare_first_root(&proof, remembered)?;
        self.check_old_roots(&proof, now)?;
        Ok(proof)
    }

    fn compare(&self, proof: &Proof) -> Result<(), Refusal> {
        for (name, content) in proof.newest() {
            if self.required(&name)? != content {
                return Err(Refusal::MetadataAltered { name });
            }
        }
        Ok(())
    }

    fn check_old_roots(&self, proof: &Proof, now: Timestamp) -> Result<(), Refusal> {
        let newest = proof.root_name();
        let from_first = Remembered::new(self.required(&first_root())?.clone());
        let mut refresh = Refresh::new(from_first, now, Expiry::Report)?;
        while let Some(name) = refresh.wants().and_then(|want| name_of(&want)) {
            if name.role() != "root" || name.version() > newest.version() {
                break;
            }
            refresh.give(Some(self.required(&name)?.clone()))?;
        }
        match refresh.remembered().root == *self.required(&newest)? {
            true => Ok(()),
            false => Err(Refusal::MetadataAltered { name: newest }),
        }
    }
}

fn compare_first_root(proof: &Proof, remembered: &Remembered) -> Result<(), Refusal> {
    match remembered.first_root {
        Some(known) if known != proof.fingerprint => {
            Err(Refusal::MetadataAltered { name: first_root() })
        }
        _ => Ok(()),
    }
}

fn first_root() -> MetadataName {
    MetadataName::versioned("root", 1).expect("it is a name")
}

/// `None` for a name that no edition of ours has.
pub(super) fn name_of(want: &Want) -> Option<MetadataName> {
    match want.version {
        Some(version) => MetadataName::versioned(&want.role, version),
        None => (want.role == "timestamp").then(MetadataName::timestamp),
    }
}

impl FromIterator<(MetadataName, Bytes)> for Gathered {
    fn from_iter<I: IntoIterator<Item = (MetadataName, Bytes)>>(files: I) -> Self {
        let files: BTreeMap<_, _> = files.into_iter().collect();
        let bytes = files.values().map(|content| content.len() as u64).sum();
        Self { files, bytes }
    }
}

/// A file that an edition must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedFile {
    /// As the reader sees it, in bytes.
    pub length: u64,
    pub digest: Digest,
}

impl SignedFile {
    /// Whether this is the content that was signed.
    pub fn is(&self, content: &[u8]) -> bool {
        content.len() as u64 == self.length && Digest::of(content) == self.digest
    }
}

/// Every file of ours is signed with its SHA-256; one without could not be compared between editions.
fn in_edition(path: &SitePath, file: &TargetFile) -> Result<SignedFile, Refusal> {
    let stray = || Refusal::Stray { path: path.clone() };
    Ok(SignedFile {
        length: file.length,
        digest: file.digest().ok_or_else(stray)?,
    })
}

/// Metadata of which every signature was checked, and the files that it speaks of.
#[derive(Debug)]
pub struct Proof {
    trusted: Trusted,
    files: ByPath<SignedFile>,
    fingerprint: Fingerprint,
}

impl Proof {
    pub fn edition(&self) -> EditionNumber {
        self.trusted.edition()
    }

    /// Who vouches for what.
    pub fn trusted(&self) -> &Trusted {
        &self.trusted
    }

    /// Refused unless this is news for who holds edition `held`.
    pub fn refuse_older_than(
        &self,
        remembered: &Remembered,
        held: EditionNumber,
    ) -> Result<(), Refusal> {
        refuse_older(&self.trusted, remembered, held)
    }

    /// Every file of the edition.
    pub fn files(&self) -> &ByPath<SignedFile> {
        &self.files
    }

    /// See [`Trusted::hold_lists_in`].
    pub(super) fn hold_lists_in(&mut self, laid: &Bytes) {
        self.trusted.hold_lists_in(laid);
    }

    pub fn freshness_at(&self, now: Timestamp) -> Freshness {
        self.trusted.freshness_at(now)
    }

    /// With the first root, also for who began with a later one: it will not change any more.
    pub fn remembered(&self) -> Remembered {
        Remembered {
            first_root: Some(self.fingerprint),
            ..self.trusted.remembered()
        }
    }

    pub(super) fn newest(&self) -> impl Iterator<Item = (MetadataName, &Bytes)> {
        self.trusted
            .files()
            .filter_map(|(role, version, content)| match role {
                "timestamp" => Some((MetadataName::timestamp(), content)),
                _ => Some((MetadataName::versioned(role, version)?, content)),
            })
    }

    fn root_name(&self) -> MetadataName {
        let root = self
            .newest()
            .map(|(name, _)| name)
            .find(|name| name.role() == "root");
        root.expect("nothing is trusted without a root")
    }

    /// The metadata files that make up the edition, of which the roots but the newest are for readers who come late.
    /// In the order of a bundle.
    pub fn names(&self) -> Vec<MetadataName> {
        let newest_root = self.root_name().version().unwrap_or(1);
        let old_roots =
            (1..newest_root).filter_map(|version| MetadataName::versioned("root", version));
        let newest = self.newest().map(|(name, _)| name);
        let mut names: Vec<_> = old_roots.chain(newest).collect();
        names.sort_by_cached_key(|name| MemberName::Metadata(name.clone()));
        names
    }
}
