//! "Whom do you trust?": the argument `--root`, and its one-time question.

use std::path::PathBuf;
use std::str::FromStr;

use crate::base::Fingerprint;

/// A newsroom's first key, as the file `1.root.json` or as its fingerprint.
#[derive(Debug, Clone)]
pub(crate) enum Root {
    File(PathBuf),
    Fingerprint(Fingerprint),
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
