//! "Whom do you trust?": the argument `--root`.

use std::path::PathBuf;
use std::str::FromStr;

use super::failure::Failure;
use crate::base::{Fingerprint, FingerprintError, LIMITS};
use crate::io::files;
use crate::server::Anchor;

/// A newsroom's first key, as its fingerprint or as the file `1.root.json`.
#[derive(Debug, Clone)]
pub(crate) enum Root {
    Fingerprint(Fingerprint),
    File(PathBuf),
}

impl FromStr for Root {
    type Err = FingerprintError;

    /// What cannot be a fingerprint is a file; twelve words with a mistake in them are neither.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(fingerprint) => Ok(Self::Fingerprint(fingerprint)),
            Err(FingerprintError::Shape(_)) => Ok(Self::File(text.into())),
            Err(_) if PathBuf::from(text).components().count() > 1 => Ok(Self::File(text.into())),
            Err(mistake) => Err(mistake),
        }
    }
}

impl Root {
    pub(crate) fn anchor(self) -> Result<Anchor, Failure> {
        match self {
            Self::Fingerprint(fingerprint) => Ok(Anchor::Fingerprint(fingerprint)),
            Self::File(path) => match files::read(&path, LIMITS.root_bytes) {
                Ok(root) => Ok(Anchor::Root(root.into())),
                Err(files::FileError::NotFound(path)) => Err(Failure::setup(format!(
                    "`{}` is neither a fingerprint nor a file",
                    path.display()
                ))
                .try_this("a fingerprint has eight groups of four digits or letters a-f, such as `9f2c-…-01ab`, or twelve words")),
                Err(error) => Err(error.into()),
            },
        }
    }
}
