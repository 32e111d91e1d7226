//! The bundle: an ordinary `.tar.gz` whose files can be served, verified and copied one by one.

use bytes::Bytes;
use std::io::{self, Write};

use crate::base::{EditionNumber, MetadataName, SitePath};

/// What the first entry, `.colport/bundle.json`, says. Nothing of it is trusted; it lets a stream be understood early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    pub kind: Kind,
    pub edition: EditionNumber,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Every file of the edition.
    Full,
    /// The files that are not in the edition `base`, and all metadata that `base` does not have.
    Update { base: EditionNumber },
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum MemberName {
    About,
    Metadata(MetadataName),
    File(SitePath),
    Contents,
}

/// One file of the bundle.
#[derive(Debug, Clone)]
pub struct Member {
    pub name: MemberName,
    /// Unpacked, in bytes, as the tar header says: a claim until unpacked.
    pub length: u64,
    /// Where `packed` begins in the bundle.
    pub offset: u64,
    /// The gzip member, ready to be sent with `Content-Encoding: gzip`.
    pub packed: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    #[error("todo")]
    Todo,
}

/// How hard to press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    Quick,
    Best,
}

/// One content as a gzip member (RFC 1952) with a fixed header; what deflate does not shrink lies in stored blocks.
pub fn pack(_content: &[u8], _effort: Effort) -> Vec<u8> {
    todo!()
}

/// The content of a gzip member, refused unless it is exactly one member of exactly `length` bytes content.
pub fn unpack(_packed: &[u8], _length: u64) -> Result<Vec<u8>, BundleError> {
    todo!()
}

/// The runs of content bytes inside a gzip member made of stored blocks only: offsets into `packed`. `None` if deflated.
/// So that a picture can be sent as it is, from where it lies.
pub fn stored_runs(_packed: &[u8]) -> Option<Vec<std::ops::Range<usize>>> {
    todo!()
}

/// Writes a bundle from front to back; knows only how large members are, never holds more than one.
pub struct Writer<W> {
    _out: W,
}

impl<W: Write> Writer<W> {
    pub fn start(_out: W, _about: &About) -> io::Result<Self> {
        todo!()
    }
    /// In any order but before all files.
    pub fn metadata(&mut self, _name: &MetadataName, _content: &[u8]) -> io::Result<Slot> {
        todo!()
    }
    /// In ascending order of path.
    pub fn file(&mut self, _path: &SitePath, _length: u64, _packed: &[u8]) -> io::Result<Slot> {
        todo!()
    }
    /// The table of contents and the footer.
    pub fn finish(self) -> io::Result<W> {
        todo!()
    }
}

/// Where a packed content lies in a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    pub offset: u64,
    pub packed_bytes: u64,
    pub length: u64,
}

/// Takes a bundle apart from front to back, in pieces of any size as they come from a network.
#[derive(Default)]
pub struct Scanner {}

impl Scanner {
    pub fn push(&mut self, _bytes: Bytes) {
        todo!()
    }
    /// The next member; `None` while more bytes are needed, and at the end.
    #[expect(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Member>, BundleError> {
        todo!()
    }
    /// The place right behind the last member handed out. A download may go on from here: see [`Self::rewind`].
    pub fn position(&self) -> u64 {
        todo!()
    }
    /// Forgets what was pushed behind [`Self::position`]; the next push continues from there.
    pub fn rewind(&mut self) {
        todo!()
    }
    /// Whether the footer was read: nothing is missing, nothing may follow.
    pub fn is_complete(&self) -> bool {
        todo!()
    }
}
