//! Small types that everything else is spelled with. Nothing here opens, fetches, sleeps or asks the time.

mod digest;
mod fingerprint;
mod fingerprint_words;
mod limits;
mod metadata_name;
mod newsroom_id;
mod path;
mod secret;
mod tame;
mod variant;

pub use digest::{Digest, DigestError, Hasher};
pub use fingerprint::{Fingerprint, FingerprintError};
pub use jiff::Timestamp;
pub use limits::{LIMITS, Limits};
pub use metadata_name::MetadataName;
pub use newsroom_id::{NewsroomId, NewsroomIdError};
pub use path::{PathError, SitePath};
pub use secret::Secret;
pub use tame::{Pile, is_unreadable, is_wild, readable, tame};
pub use variant::Variant;

/// The number of an edition: the version of its snapshot. The first is 1; a later edition has a larger one.
pub type EditionNumber = u64;
