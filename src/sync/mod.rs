//! sync

use std::path::PathBuf;

use url::Url;

/// A mirror that editions are pushed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// What the operator calls it.
    pub name: String,
    pub place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Folder(PathBuf),
    /// A machine that runs `colport serve`.
    Colport(Url),
}
