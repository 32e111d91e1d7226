//! The one door to "verified": a [`VerifiedEdition`] can only be had where every signature and every file was checked.
//!
//! - [`VerifiedEdition::open`] checks a whole bundle that lies there; [`Excerpt::open`] also one that lacks pictures.
//! - [`Receiver`] checks a bundle, full or update, while it streams in from a stranger, and writes the full one.
//! - [`Assembler`] writes a full bundle from verified metadata and files that it checks one by one; the publisher, the
//!   mirror and the reader all go through it, so that the same edition has the same bytes everywhere.
//! - [`write_update`] writes what another edition lacks; [`write_excerpt`] leaves out pictures.
//! - [`DenseForms`] writes the same for thin lines; the [`Receiver`] takes both forms.
//!
//! Not here: where bytes come from and where they go. Everything is a function of values and `now`.

mod assembler;
mod by_path;
mod choice;
mod dense;
mod dictionary;
mod early;
mod excerpt;
mod metadata;
mod places;
mod receiver;
mod refusal;
mod shelf;
mod thaw;
mod update;
mod verified;

pub use crate::site::LIGHT_BYTES;
pub use assembler::Assembler;
pub use by_path::ByPath;
pub use dense::{DenseForms, Retold, write_dense, write_dense_update};
pub use excerpt::write_excerpt;
pub use metadata::{Gathered, Proof, SignedFile};
pub use receiver::Receiver;
pub use refusal::Refusal;
pub use update::{Holding, write_update};
pub use verified::{Entry, Excerpt, VerifiedEdition, digest_of};

pub use crate::base::Variant;
pub use crate::bundle::Effort;
pub use crate::trust::{Freshness, Remembered};
