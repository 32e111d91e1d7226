//! The one door to "verified".

use std::io::Write;

use bytes::Bytes;
use jiff::Timestamp;

use crate::base::{Digest, EditionNumber, MetadataName, SitePath};
pub use crate::trust::Remembered;

/// A full bundle of which every signature and every file was checked. There is no other way to get one than
/// [`VerifiedEdition::open`] and [`Receiver::finish`].
pub struct VerifiedEdition {
    _private: (),
}

/// A file of the edition, and where its gzip member lies in the bundle.
#[derive(Debug, Clone)]
pub struct Entry {
    /// As the reader sees it, uncompressed.
    pub length: u64,
    pub digest: Digest,
    pub(crate) offset: u64,
    pub(crate) packed_bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    Fresh {
        until: Timestamp,
    },
    /// Signed honestly, but a newer edition should exist.
    Expired {
        since: Timestamp,
    },
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum Refusal {
    #[error("todo")]
    Todo,
}

impl Refusal {
    pub fn hint(&self) -> Option<String> {
        todo!()
    }
}

impl VerifiedEdition {
    /// Verifies a whole bundle, every byte. `remembered` is what this reader or mirror knows so far (at least a root).
    /// Returns what it must remember from now on.
    pub fn open(
        _bundle: Bytes,
        _remembered: &Remembered,
        _now: Timestamp,
    ) -> Result<(Self, Remembered), Refusal> {
        todo!()
    }
    pub fn number(&self) -> EditionNumber {
        todo!()
    }
    /// When the publisher signed it, by the publisher's clock.
    pub fn issued(&self) -> Option<Timestamp> {
        todo!()
    }
    pub fn freshness(&self, _now: Timestamp) -> Freshness {
        todo!()
    }
    pub fn file(&self, _path: &SitePath) -> Option<&Entry> {
        todo!()
    }
    /// In ascending order of path.
    pub fn files(&self) -> impl Iterator<Item = (&SitePath, &Entry)> {
        std::iter::empty()
    }
    /// All metadata files, also older roots.
    pub fn metadata(&self) -> impl Iterator<Item = (&MetadataName, &Entry)> {
        std::iter::empty()
    }
    /// The content as a gzip member, without a copy.
    pub fn packed(&self, _entry: &Entry) -> Bytes {
        todo!()
    }
    /// The content as the reader sees it.
    pub fn content(&self, _entry: &Entry) -> Bytes {
        todo!()
    }
    /// The whole bundle file, always a full one.
    pub fn bundle(&self) -> &Bytes {
        todo!()
    }
}

/// Writes an update bundle for who has the edition `base` (its files by path and digest).
pub fn write_update<W: Write>(
    _out: W,
    _new: &VerifiedEdition,
    _base: EditionNumber,
    _has: impl Fn(&SitePath) -> Option<Digest>,
) -> std::io::Result<W> {
    todo!()
}

/// Takes a bundle, full or update, piece by piece from a stranger, and writes the full bundle of the new edition.
/// Metadata is verified before any file is looked at, and each file before a byte of it is written.
pub struct Receiver<W> {
    _out: W,
}

impl<W: Write> Receiver<W> {
    /// `held`: the edition we hold now, from which an update takes what it does not carry.
    pub fn new(
        _out: W,
        _remembered: Remembered,
        _held: Option<std::sync::Arc<VerifiedEdition>>,
        _now: Timestamp,
    ) -> Self {
        todo!()
    }
    pub fn push(&mut self, _bytes: Bytes) -> Result<(), Refusal> {
        todo!()
    }
    /// Known once the metadata has been verified.
    pub fn edition(&self) -> Option<EditionNumber> {
        todo!()
    }
    /// Bytes of the stream that were verified; a download may go on from here after [`Self::rewind`].
    pub fn position(&self) -> u64 {
        todo!()
    }
    pub fn rewind(&mut self) {
        todo!()
    }
    /// Whether the footer was read.
    pub fn is_complete(&self) -> bool {
        todo!()
    }
    /// Completes the bundle in `out`. `publish` puts `out` in its place and maps it.
    pub fn finish<E: From<Refusal>>(
        self,
        _publish: impl FnOnce(W) -> Result<Bytes, E>,
    ) -> Result<(VerifiedEdition, Remembered), E> {
        todo!()
    }
}
