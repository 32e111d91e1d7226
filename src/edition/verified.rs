//! A bundle of which every byte that a reader can see was proved.
//!
//! An [`Excerpt`] may lack pictures, for those to whom a megabyte is much; it knows which. It lacks nothing else: who
//! hands it on cannot leave out an article. A [`VerifiedEdition`] is one that lacks nothing at all, and only that is
//! mirrored, updated and published.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, Range};
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::assembler::check;
use super::excerpt::is_picture;
use super::metadata::SignedFile;
use super::places::Places;
use super::{Gathered, Proof, Refusal, Remembered};
use crate::base::{Digest, EditionNumber, Hasher, MetadataName, SitePath, Variant};
use crate::bundle::{self, About, BundleError, Kind, Member, MemberName, Scanner};
use crate::trust::Freshness;

/// A file of the edition, and where its gzip member lies in the bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// As the reader sees it, unpacked, in bytes.
    pub length: u64,
    /// Of the content as the reader sees it.
    pub digest: Digest,
    pub(super) offset: u64,
    pub(super) packed_bytes: u64,
}

impl Entry {
    /// Where the gzip member lies in the bundle.
    pub fn place(&self) -> Range<u64> {
        self.offset..self.offset + self.packed_bytes
    }
}

/// An edition of which nothing is missing. Verified by [`VerifiedEdition::open`], also if an
/// [earlier run](VerifiedEdition::open_again) did that, or while it was written by an
/// [`Assembler`](super::Assembler); there is no third way. Cheap to share behind an `Arc`: the bundle's bytes are never
/// copied.
#[derive(Debug)]
pub struct VerifiedEdition(Arc<Excerpt>);

impl VerifiedEdition {
    /// Of one of which nothing is missing.
    pub(super) fn new(complete: Excerpt) -> Self {
        Self(complete.into())
    }

    /// The same, as something of which something could be missing.
    pub fn as_excerpt(&self) -> Arc<Excerpt> {
        Arc::clone(&self.0)
    }

    /// Verifies a whole bundle, every file of it. `remembered` is what this reader or mirror knows so far, at least a
    /// root; [`Excerpt::remembered`] is what it must know from now on.
    pub fn open(bundle: Bytes, remembered: &Remembered, now: Timestamp) -> Result<Self, Refusal> {
        Self::open_watched(bundle, remembered, now, &mut |_| {})
    }

    /// The same; `seen` is told how many bytes from the beginning will not be looked at again.
    pub fn open_watched(
        bundle: Bytes,
        remembered: &Remembered,
        now: Timestamp,
        seen: &mut dyn FnMut(u64),
    ) -> Result<Self, Refusal> {
        Opening::read(&bundle, remembered, now, check, seen)?.finish_whole(bundle)
    }

    /// The same of a bundle that was verified before, by the same code, when all of its bytes had this `digest`. If they
    /// have it still, its files need not be unpacked again, and its table of contents is what was seen then; its metadata is
    /// proved in any case.
    pub fn open_again(
        bundle: Bytes,
        digest: Digest,
        remembered: &Remembered,
        now: Timestamp,
        seen: &mut dyn FnMut(u64),
    ) -> Result<Self, Refusal> {
        if digest_of(&bundle, seen) != digest {
            return Self::open(bundle, remembered, now);
        }
        match Opening::listed(&bundle, remembered, now) {
            Ok(opening) => opening.finish_whole(bundle),
            Err(_) => Self::open(bundle, remembered, now),
        }
    }

    /// The same, which holds its signed lists no longer in memory but in `laid`, as far as they are just there: what
    /// [`Trusted::lists`](crate::trust::Trusted::lists) gives, one behind the other, in a map or wherever. To be called
    /// before it is shared.
    #[must_use]
    pub fn with_lists_in(mut self, laid: &Bytes) -> Self {
        if let Some(excerpt) = Arc::get_mut(&mut self.0) {
            excerpt.proof.hold_lists_in(laid);
        }
        self
    }
}

/// Of a whole bundle; `seen` is told how far it was read.
pub fn digest_of(bundle: &[u8], seen: &mut dyn FnMut(u64)) -> Digest {
    let (mut hasher, mut at) = (Hasher::default(), 0);
    for piece in bundle.chunks(PIECE_BYTES) {
        hasher.update(piece);
        at += piece.len() as u64;
        seen(at);
    }
    hasher.finish()
}

const PIECE_BYTES: usize = 1 << 20;

impl Deref for VerifiedEdition {
    type Target = Excerpt;

    fn deref(&self) -> &Excerpt {
        &self.0
    }
}

/// A signed edition of which every file that is here was checked, and every page is here. Pictures may lack.
#[derive(Debug)]
pub struct Excerpt {
    bundle: Bytes,
    proof: Proof,
    metadata: BTreeMap<MetadataName, Entry>,
    places: Places,
    /// Of channels. Nothing of them was proved.
    lists: Vec<Bytes>,
}

/// So many lists are looked at.
const LISTS: usize = 8;

impl Excerpt {
    pub(super) fn new(
        bundle: Bytes,
        proof: Proof,
        metadata: impl IntoIterator<Item = (MetadataName, Entry)>,
        places: Places,
    ) -> Self {
        Self {
            bundle,
            proof,
            metadata: metadata.into_iter().collect(),
            places,
            lists: Vec::new(),
        }
    }

    /// Lists of channels that came in the same bundle. They belong to no edition, so **nothing of them was proved**.
    pub fn lists_beside(&self) -> &[Bytes] {
        &self.lists
    }

    /// Whether nothing of this variant is missing.
    pub fn covers(&self, variant: Variant) -> bool {
        self.signed()
            .all(|(path, file, entry)| !variant.holds(path, file.length) || entry.is_some())
    }

    /// Verifies a bundle, every file that it holds. What it may lack says its kind.
    pub fn open(bundle: Bytes, remembered: &Remembered, now: Timestamp) -> Result<Self, Refusal> {
        Opening::read(&bundle, remembered, now, check, &mut |_| {})?.finish(bundle)
    }

    pub fn number(&self) -> EditionNumber {
        self.proof.edition()
    }

    /// When the publisher signed it, by the publisher's clock.
    pub fn issued(&self) -> Option<Timestamp> {
        self.proof.trusted().issued()
    }

    pub fn freshness_at(&self, now: Timestamp) -> Freshness {
        self.proof.freshness_at(now)
    }

    pub fn proof(&self) -> &Proof {
        &self.proof
    }

    pub fn remembered(&self) -> Remembered {
        self.proof.remembered()
    }

    /// The pictures that were signed and are not here, in ascending order of path.
    pub fn lacking(&self) -> impl Iterator<Item = &SitePath> {
        let signed = self.signed();
        signed.filter_map(|(path, _, entry)| entry.is_none().then_some(path))
    }

    pub fn file(&self, path: &SitePath) -> Option<Entry> {
        let (number, file) = self.proof.files().find(path)?;
        self.places.entry(number, file)
    }

    /// In ascending order of path.
    pub fn files(&self) -> impl Iterator<Item = (&SitePath, Entry)> {
        let signed = self.signed();
        signed.filter_map(|(path, _, entry)| Some((path, entry?)))
    }

    /// Every file of the edition, also those that are not here.
    fn signed(&self) -> impl Iterator<Item = (&SitePath, &SignedFile, Option<Entry>)> {
        let signed = self.proof.files().iter().enumerate();
        signed.map(|(number, (path, file))| (path, file, self.places.entry(number, file)))
    }

    /// All metadata files, older roots among them.
    pub fn metadata(&self) -> impl Iterator<Item = (&MetadataName, Entry)> {
        self.metadata.iter().map(|(name, entry)| (name, *entry))
    }

    pub fn metadata_file(&self, name: &MetadataName) -> Option<Entry> {
        self.metadata.get(name).copied()
    }

    /// The content as a gzip member, without a copy.
    pub fn packed(&self, entry: Entry) -> Bytes {
        let start = usize::try_from(entry.offset).expect("the bundle is in memory");
        let length = usize::try_from(entry.packed_bytes).expect("the bundle is in memory");
        self.bundle.slice(start..start + length)
    }

    /// A file with the header member that stands before it in the bundle, which is empty for the first.
    pub(super) fn file_behind(&self, path: &SitePath) -> Option<(&[u8], Entry)> {
        let (number, file) = self.proof.files().find(path)?;
        let entry = self.places.entry(number, file)?;
        Some((self.between(self.places.end_before(number), entry), entry))
    }

    /// Every file so, in ascending order of path.
    pub(super) fn files_behind(&self) -> impl Iterator<Item = (&[u8], &SitePath, Entry)> {
        let mut before = None;
        self.files().map(move |(path, entry)| {
            let header = self.between(before.replace(entry.place().end), entry);
            (header, path, entry)
        })
    }

    /// What lies between the end of a file and the next one.
    fn between(&self, end: Option<u64>, next: Entry) -> &[u8] {
        let place = |at| usize::try_from(at).expect("the bundle is in memory");
        let between = end.map(|end| place(end)..place(next.offset));
        let between = between.and_then(|between| self.bundle.get(between));
        between.unwrap_or_default()
    }

    /// The content as the reader sees it.
    pub fn content(&self, entry: Entry) -> Bytes {
        let content = bundle::unpack(&self.packed(entry), entry.length);
        content
            .expect("this very member was unpacked when the edition was verified")
            .into()
    }

    /// The same, once more compared with what was signed: a disk can have changed it meanwhile.
    pub(super) fn proved_content(&self, entry: Entry) -> Option<Bytes> {
        let content = bundle::unpack(&self.packed(entry), entry.length).ok()?;
        (Digest::of(&content) == entry.digest).then(|| content.into())
    }

    /// The whole bundle file; of a [`VerifiedEdition`] always a full one.
    pub fn bundle(&self) -> &Bytes {
        &self.bundle
    }

    /// All metadata, unpacked, as if it had just been gathered. What the proof holds is not held twice.
    pub fn gathered(&self) -> Gathered {
        let proved: BTreeMap<_, _> = self.proof.newest().collect();
        let content = |(name, entry): (&MetadataName, Entry)| {
            let held = proved.get(name).map(|content| Bytes::clone(content));
            (name.clone(), held.unwrap_or_else(|| self.content(entry)))
        };
        self.metadata().map(content).collect()
    }
}

/// How a packed file is proved.
type Check = fn(&SitePath, &SignedFile, &[u8]) -> Result<(), Refusal>;

/// A bundle being verified: metadata is gathered until the first file comes, then proved, then each file.
#[derive(Default)]
struct Opening {
    gathered: Gathered,
    metadata: Vec<(MetadataName, Entry)>,
    proof: Option<Proof>,
    places: Option<Places>,
    lists: Vec<Bytes>,
    is_excerpt: bool,
}

impl Opening {
    fn read(
        bundle: &Bytes,
        remembered: &Remembered,
        now: Timestamp,
        check: Check,
        seen: &mut dyn FnMut(u64),
    ) -> Result<Self, Refusal> {
        let mut opening = Self::default();
        let mut scanner = Scanner::default();
        scanner.push(bundle.clone());
        while let Some(member) = scanner.next()? {
            opening.take(member, remembered, now, check)?;
            seen(scanner.position());
        }
        scanner.finish()?;
        Ok(opening)
    }

    /// Of one that was read before: its table of contents is right.
    fn listed(bundle: &Bytes, remembered: &Remembered, now: Timestamp) -> Result<Self, Refusal> {
        let mut opening = Self::default();
        let place = |at| usize::try_from(at).expect("the bundle is in memory");
        bundle::each_member(bundle, |name, slot| {
            let end = slot.offset + slot.packed_bytes;
            let member = Member {
                name,
                length: slot.length,
                offset: slot.offset,
                packed: bundle.slice(place(slot.offset)..place(end)),
            };
            opening.take(member, remembered, now, |_, _, _| Ok(()))
        })?;
        // The table does not name itself, but what it stands behind.
        opening.proof(remembered, now)?;
        Ok(opening)
    }

    fn take(
        &mut self,
        member: Member,
        remembered: &Remembered,
        now: Timestamp,
        check: Check,
    ) -> Result<(), Refusal> {
        match &member.name {
            MemberName::About => self.about(&member),
            MemberName::Metadata(name) => {
                let content = Bytes::from(member.content()?);
                self.metadata
                    .push((name.clone(), entry(&member, Digest::of(&content))));
                self.gathered.insert(name.clone(), content)
            }
            MemberName::File(path) => {
                let proof = self.proof(remembered, now)?;
                let stray = || Refusal::Stray { path: path.clone() };
                let (number, file) = proof.files().find(path).ok_or_else(stray)?;
                check(path, file, &member.packed)?;
                let all = proof.files().len();
                let places = self
                    .places
                    .get_or_insert_with(|| Places::with_capacity(all));
                match places.put(number, member.offset, member.packed.len() as u64) {
                    true => Ok(()),
                    false => Err(stray()),
                }
            }
            MemberName::List(_) if self.lists.len() < LISTS => {
                self.lists.push(member.content()?.into());
                Ok(())
            }
            MemberName::List(_) => Ok(()),
            MemberName::Contents => self.proof(remembered, now).map(|_| ()),
        }
    }

    fn about(&mut self, member: &Member) -> Result<(), Refusal> {
        match About::parse(&member.content()?)?.kind {
            Kind::Full => Ok(()),
            Kind::Excerpt => {
                self.is_excerpt = true;
                Ok(())
            }
            Kind::Update { .. } => Err(Refusal::UpdateAlone),
        }
    }

    fn proof(&mut self, remembered: &Remembered, now: Timestamp) -> Result<&Proof, Refusal> {
        let proof = match self.proof.take() {
            Some(proof) => proof,
            None => self.gathered.prove(remembered, now)?,
        };
        Ok(self.proof.insert(proof))
    }

    fn finish_whole(self, bundle: Bytes) -> Result<VerifiedEdition, Refusal> {
        match self.is_excerpt {
            false => Ok(VerifiedEdition::new(self.finish(bundle)?)),
            true => Err(Refusal::ExcerptOnly),
        }
    }

    fn finish(self, bundle: Bytes) -> Result<Excerpt, Refusal> {
        let proof = self
            .proof
            .ok_or(BundleError::NotABundle("it holds no files"))?;
        let places = self.places.unwrap_or_else(|| Places::with_capacity(0));
        let may_lack = |path: &SitePath| self.is_excerpt && is_picture(path);
        refuse_missing(&proof, &places, may_lack)?;
        // Metadata that the proof did not need was not verified, so it is not shown.
        let mut metadata: BTreeMap<_, _> = self.metadata.into_iter().collect();
        let needed = proof.names().into_iter().collect();
        metadata.retain(|name, _| BTreeSet::contains(&needed, name));
        Ok(Excerpt {
            bundle,
            proof,
            metadata,
            places,
            lists: self.lists,
        })
    }
}

fn refuse_missing(
    proof: &Proof,
    places: &Places,
    may_lack: impl Fn(&SitePath) -> bool,
) -> Result<(), Refusal> {
    let signed = proof.files().iter().enumerate();
    let missing = signed
        .filter(|(number, (path, file))| !may_lack(path) && places.entry(*number, file).is_none());
    let mut missing = missing.map(|(_, (path, _))| path);
    missing.next().map_or(Ok(()), |first| {
        Err(Refusal::FilesMissing {
            first: first.clone(),
            count: 1 + missing.count(),
        })
    })
}

fn entry(member: &Member, digest: Digest) -> Entry {
    Entry {
        length: member.length,
        digest,
        offset: member.offset,
        packed_bytes: member.packed.len() as u64,
    }
}
