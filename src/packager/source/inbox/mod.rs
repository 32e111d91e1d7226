//! Articles that the newsroom's own system (CMS) pushes, finished, one file of JSON each. Whether they come through
//! [`intake`](crate::packager::intake) or are put there by another program is the same.
//!
//! ```text
//! inbox/0a1b….json          an article, or that it is withdrawn
//! inbox/0a1b….9f2c….jpg     a picture of it, named by the article's file
//! ```
//!
//! 1. [`take`] checks a pushed article whole, so that the system hears at once what is wrong with it.
//! 2. It writes the pictures first, then the article over what was there of it, then removes pictures that nothing names
//!    any more. Of a withdrawn article nothing stays but its name.
//! 3. `found` reads what lies there. Of two files about one article the later counts; one that is broken, or still being
//!    written, is named.

mod lying;
mod pushed;
mod taking;

use crate::base::Digest;
use crate::io::files::FileError;

pub(super) use self::lying::found;
pub use self::pushed::{IMAGES, Pushed};
pub use self::taking::{Taken, take};

/// What is wrong with a pushed article, in words for who wrote the system.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

#[derive(Debug, thiserror::Error)]
pub enum PushError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    File(#[from] FileError),
}

/// The beginning of the names of all files of an article.
fn key(id: &str) -> String {
    Digest::of(id.as_bytes())
        .to_string()
        .chars()
        .take(24)
        .collect()
}

#[cfg(test)]
mod tests;
