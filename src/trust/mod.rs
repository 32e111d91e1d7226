//! The Update Framework, version 1.0: what is signed by whom, and whether it is the newest.
//!
//! Everything here is a function of bytes and of `now`: nothing opens, fetches, sleeps, asks the time or rolls dice.
//!
//! 1. [`metadata`] takes files apart, [`keys`] counts their signatures.
//! 2. [`client`] is the way from what was remembered to what may be believed now: [`Refresh`], then [`Trusted`].
//! 3. [`editor`] is the publisher's side: the first root, the next edition, new newsrooms and keys.
//! 4. [`lists`]: which addresses a channel is told, signed without a new edition.
//!
//! Deliberately absent: fetching and storing (the actors'), and anything about files' content but length and hash.

pub mod client;
mod der;
pub mod editor;
pub mod json;
pub mod keys;
pub mod lists;
mod locked;
pub mod metadata;
pub mod pattern;
mod refusal;
#[cfg(test)]
mod testing;

pub use client::{
    Equivocation, Everything, Expiry, Freshness, Lookup, Proof, Refresh, Remembered, Sighting,
    TargetFile, Trusted, Want,
};
pub use keys::{KeyError, PublicKey, SigningKey};
pub use metadata::KeyId;
pub use refusal::Refusal;
