//! The dense form of a bundle: how an edition travels where the line is thin. Told byte by byte in `src/manual/bundle.md`.
//!
//! 1. [`Head`] says what it is, and by which old contents it was pressed.
//! 2. [`frame`] and [`mod@press`] are the text: one zstd frame (RFC 8878) for many contents, so that what they have in common
//!    travels once, and what the receiver has already, not at all.
//!    Or, of an update, what a [`model`] did not [foretell](foretold): a quarter less, for more time.
//!    Pictures of an update are [retold](picture) by what stands around each of their bits.
//! 3. [`Way`] says of each file of the edition how it comes; [`groups`] in which order.
//! 4. [`Dense`] takes such a stream apart, as far as that can be done without knowing what was signed.
//!
//! Names and lengths of files do not travel: they are in the signed metadata, which comes first. So there is nothing in
//! which a stranger could lie about them, and never more is inflated than was signed.

mod chance;
mod coder;
mod foretold;
mod frame;
mod head;
mod layout;
mod model;
mod picture;
mod press;
mod stream;

pub use foretold::{Known, foretell};
pub use head::{Base, Head, Texts};
pub use layout::{Group, Way, folio_entry, groups};
pub use picture::{RETOLD_PICTURE_BYTES, retold};
pub use press::{Pressure, press};
pub use stream::Dense;

/// Of a frame, in bytes: what a receiver must set aside (RFC 8878 section 3.1.1.1.2), as a power of two.
const WINDOW_LOG: u32 = 25;

/// A zstd skippable frame (RFC 8878 section 3.1.2): any program for zstd passes over it.
const SKIPPABLE: [u8; 4] = [0x50, 0x2a, 0x4d, 0x18];
const SKIPPABLE_BYTES: usize = 8;

/// What stands before bytes that are not pressed.
pub fn skippable(length: u32) -> [u8; 8] {
    let mut head = [0; SKIPPABLE_BYTES];
    let (magic, size) = head.split_at_mut(4);
    magic.copy_from_slice(&SKIPPABLE);
    size.copy_from_slice(&length.to_le_bytes());
    head
}

/// Whether a stream that begins with this byte can be of the dense form.
pub fn may_be_dense(first_byte: u8) -> bool {
    first_byte == SKIPPABLE[0]
}
