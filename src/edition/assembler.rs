//! Writes the full bundle of an edition out of what comes in and what is held already.
//!
//! 1. The metadata, proved before, is written first.
//! 2. Files are added in ascending order of path. Each is unpacked and compared with what was signed before a byte of it
//!    is written; what lies between two added files is copied, still packed, from the edition held.
//! 3. What is refused has changed nothing: the right file may come next, from somebody else.
//! 4. At the end nothing that was signed may be missing, but for pictures that the variant goes without.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;

use super::metadata::SignedFile;
use super::places::Places;
use super::verified::{Entry, Excerpt, VerifiedEdition};
use super::{Gathered, Proof, Refusal, Variant};
use crate::base::{Digest, MetadataName, SitePath};
use crate::bundle::{self, About, BundleError, Effort, Kind, Slot, Writer};

/// See the module.
pub struct Assembler<W: Write> {
    writer: Writer<W>,
    proof: Proof,
    held: Option<Arc<Excerpt>>,
    variant: Variant,
    metadata: Vec<(MetadataName, Entry)>,
    /// Written so far: every file of the proof up to the last of these.
    places: Places,
}

impl<W: Write> Assembler<W> {
    /// `metadata` must hold every file that `proof` names; `held` may hold some of the files.
    pub fn new(
        out: W,
        proof: Proof,
        metadata: &Gathered,
        held: Option<Arc<VerifiedEdition>>,
    ) -> Result<Self, Refusal> {
        let held = held.map(|held| held.as_excerpt());
        Self::of_variant(out, proof, metadata, held, Variant::Full)
    }

    /// The same of a bundle that may lack pictures, for [`Self::finish_excerpt`].
    pub fn of_variant(
        out: W,
        proof: Proof,
        metadata: &Gathered,
        held: Option<Arc<Excerpt>>,
        variant: Variant,
    ) -> Result<Self, Refusal> {
        let about = About {
            kind: match variant {
                Variant::Full => Kind::Full,
                Variant::Light | Variant::Text => Kind::Excerpt,
            },
            edition: proof.edition(),
        };
        let mut writer = Writer::start(out, &about)?;
        let mut written = Vec::new();
        for name in proof.names() {
            let content = metadata.required(&name)?;
            let digest = Digest::of(content);
            let slot = match packed_before(held.as_deref(), &name, digest) {
                Some(packed) => writer.packed_metadata(&name, content.len() as u64, &packed)?,
                None => writer.metadata(&name, content)?,
            };
            written.push((name, entry(slot, digest)));
        }
        Ok(Self {
            writer,
            places: Places::with_capacity(proof.files().len()),
            proof,
            held,
            variant,
            metadata: written,
        })
    }

    pub fn proof(&self) -> &Proof {
        &self.proof
    }

    /// A file as a gzip member. Refused, with nothing changed, unless it is the very content that was signed, comes
    /// after the last one, and all between them is held.
    pub fn add(&mut self, path: &SitePath, packed: &[u8]) -> Result<(), Refusal> {
        self.add_if(path, packed, |file| check(path, file, packed))
    }

    /// The content as a gzip member, if it is the very one that was signed.
    pub(super) fn pack(
        &self,
        path: &SitePath,
        content: &[u8],
        effort: Effort,
    ) -> Result<Packed, Refusal> {
        let stray = || Refusal::Stray { path: path.clone() };
        match self.proof.files().get(path).ok_or_else(stray)?.is(content) {
            true => Ok(Packed(bundle::pack(content, effort))),
            false => Err(Refusal::Altered { path: path.clone() }),
        }
    }

    /// As [`Self::add`], of what [`Self::pack`] gave for this path.
    pub(super) fn add_packed(&mut self, path: &SitePath, packed: &Packed) -> Result<(), Refusal> {
        self.add_if(path, &packed.0, |_| Ok(()))
    }

    fn add_if(
        &mut self,
        path: &SitePath,
        packed: &[u8],
        check: impl FnOnce(&SignedFile) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let stray = || Refusal::Stray { path: path.clone() };
        let (number, file) = self.proof.files().find(path).ok_or_else(stray)?;
        let file = *file;
        if number < self.places.known() {
            return Err(stray());
        }
        self.refuse_gap(number)?;
        check(&file)?;
        self.copy(number)?;
        self.write(number, path, &file, &[], packed)
    }

    /// Whether a file need not come.
    pub(super) fn may_lack(&self, path: &SitePath, file: &SignedFile) -> bool {
        self.is_held(path, file) || !self.variant.holds(path, file.length)
    }

    /// Refused unless of the signed files after the last one written and before `end` all are held that the variant has.
    fn refuse_gap(&self, end: usize) -> Result<(), Refusal> {
        let between = self.places.known()..end;
        let between = between.filter_map(|number| self.proof.files().at(number));
        let mut lacking = between.filter(|(path, file)| !self.may_lack(path, file));
        match lacking.next() {
            Some((first, _)) => Err(Refusal::FilesMissing {
                first: first.clone(),
                count: 1 + lacking.count(),
            }),
            None => Ok(()),
        }
    }

    fn is_held(&self, path: &SitePath, file: &SignedFile) -> bool {
        let entry = self.held.as_ref().and_then(|held| held.file(path));
        entry.is_some_and(|entry| entry.digest == file.digest)
    }

    /// All that is held of what lies between the last one written and `end`.
    fn copy(&mut self, end: usize) -> Result<(), Refusal> {
        let Some(held) = self.held.clone() else {
            return Ok(());
        };
        for number in self.places.known()..end {
            let Some((path, file)) = self.proof.files().at(number) else {
                break;
            };
            let there = held.file_behind(path);
            if let Some((header, entry)) = there.filter(|(_, entry)| entry.digest == file.digest) {
                let (path, file) = (path.clone(), *file);
                self.write(number, &path, &file, header, &held.packed(entry))?;
            }
        }
        Ok(())
    }

    /// `header`: what stands before it where it was copied from.
    fn write(
        &mut self,
        number: usize,
        path: &SitePath,
        file: &SignedFile,
        header: &[u8],
        packed: &[u8],
    ) -> Result<(), Refusal> {
        let slot = self.writer.file_behind(header, path, file.length, packed)?;
        let is_in_order = self.places.put(number, slot.offset, slot.packed_bytes);
        assert!(is_in_order, "files come in order");
        Ok(())
    }

    /// Ends the bundle. `publish` puts what was written in its place and returns its bytes, mapped or read.
    pub fn finish<E: From<Refusal>>(
        self,
        publish: impl FnOnce(W) -> Result<Bytes, E>,
    ) -> Result<VerifiedEdition, E> {
        match self.variant {
            Variant::Full => self.finish_excerpt(publish).map(VerifiedEdition::new),
            Variant::Light | Variant::Text => Err(Refusal::ExcerptOnly.into()),
        }
    }

    /// The same of any variant.
    pub fn finish_excerpt<E: From<Refusal>>(
        mut self,
        publish: impl FnOnce(W) -> Result<Bytes, E>,
    ) -> Result<Excerpt, E> {
        let all = self.proof.files().len();
        self.refuse_gap(all)?;
        self.copy(all)?;
        let out = self.writer.finish().map_err(Refusal::from)?;
        let bundle = publish(out)?;
        Ok(Excerpt::new(bundle, self.proof, self.metadata, self.places))
    }
}

/// Metadata that the edition held has too, packed as it is there.
fn packed_before(held: Option<&Excerpt>, name: &MetadataName, digest: Digest) -> Option<Bytes> {
    let (held, entry) = held.and_then(|held| Some((held, held.metadata_file(name)?)))?;
    (entry.digest == digest).then(|| held.packed(entry))
}

/// A gzip member made here, of a content that was found to be the signed one.
pub(super) struct Packed(Vec<u8>);

fn entry(slot: Slot, digest: Digest) -> Entry {
    Entry {
        length: slot.length,
        digest,
        offset: slot.offset,
        packed_bytes: slot.packed_bytes,
    }
}

/// The proof of one file: it unpacks to exactly what was signed.
pub(super) fn check(path: &SitePath, file: &SignedFile, packed: &[u8]) -> Result<(), Refusal> {
    let altered = || Refusal::Altered { path: path.clone() };
    match bundle::digest(packed, file.length) {
        Ok(digest) if digest == file.digest => Ok(()),
        Err(error @ BundleError::TooLarge { .. }) => Err(error.into()),
        Ok(_) | Err(_) => Err(altered()),
    }
}
