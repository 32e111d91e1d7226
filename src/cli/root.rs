//! "Whom do you trust?": the argument `--root`.

use std::path::PathBuf;
use std::str::FromStr;

use super::failure::Failure;
use crate::base::{Fingerprint, LIMITS};
use crate::io::files;
use crate::server::Anchor;

/// A newsroom's first key, as its fingerprint or as the file `1.root.json`.
#[derive(Debug, Clone)]
pub(crate) enum Root {
    Fingerprint(Fingerprint),
    File(PathBuf),
}

impl FromStr for Root {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.parse() {
            Ok(fingerprint) => Self::Fingerprint(fingerprint),
            Err(_) => Self::File(text.into()),
        })
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
                .try_this("a fingerprint has eight groups of four digits or letters a-f, such as `9f2c-…-01ab`")),
                Err(error) => Err(error.into()),
            },
        }
    }
}
