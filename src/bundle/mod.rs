//! The bundle: an ordinary `.tar.gz` whose files can be served, verified and copied one by one.
//!
//! The format is told byte by byte in `src/manual/bundle.md`. Here lie
//! 1. [`About`], what the first entry says of the bundle;
//! 2. [`MemberName`], what members are called and how they are ordered;
//! 3. [`pack`] and [`unpack`], one content in a gzip member;
//! 4. [`Writer`], members in, bundle out;
//! 5. [`Scanner`], pieces of a bundle in, members out;
//! 6. [`contents`], a look into a whole bundle at random;
//! 7. [`carry()`], a bundle with lists of channels behind its edition;
//! 8. [`dense`], another form for the way only, in which what files have in common travels once.
//!
//! Nothing here is a proof: who wrote a bundle, and whether a content is the right one, is known only in
//! [`edition`](crate::edition).

mod about;
mod buffer;
mod carry;
pub mod dense;
mod error;
mod gzip;
mod name;
mod packing;
#[cfg(test)]
mod sample;
mod scanner;
mod table;
mod tar;
mod writer;

use bytes::Bytes;

pub use about::{About, Kind};
pub use carry::carry;
pub use error::BundleError;
pub use name::{ListFile, MemberName};
pub use packing::{Effort, digest, pack, stored_runs, unpack};
pub use scanner::Scanner;
pub use table::{contents, each_member};
pub use writer::Writer;

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

impl Member {
    /// Unpacked; see [`unpack`]. Not for the table of contents, which may be larger than members are.
    pub fn content(&self) -> Result<Vec<u8>, BundleError> {
        unpack(&self.packed, self.length)
    }
}

/// Where a packed content lies in a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    pub offset: u64,
    pub packed_bytes: u64,
    /// Unpacked, in bytes.
    pub length: u64,
}
