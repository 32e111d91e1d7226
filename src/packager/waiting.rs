//! What is not needed yet lies on the disk, so that an edition may be larger than memory.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use crate::base::Digest;
use crate::io::files::{self, FileError};
use crate::io::scratch::Scratch;

/// Where bytes lie. There is one of these for each article and more, so it is kept small.
#[derive(Debug, Clone)]
pub(super) enum Whereabouts {
    File(Arc<PathBuf>, Range<u64>),
    Drawer(Arc<Scratch>, Range<u64>),
    /// On a disk that is full, or write-protected.
    Memory(Box<Bytes>),
}

impl Whereabouts {
    pub fn read(&self) -> Result<Bytes, FileError> {
        match self {
            Self::File(place, range) => Ok(files::read_range(place, range)?.into()),
            Self::Drawer(scratch, range) => Ok(scratch.read(range)?.into()),
            Self::Memory(content) => Ok(Bytes::clone(content)),
        }
    }
}

/// For what one run of the packager works on. Nothing of it is left when the run ends, however it ends.
#[derive(Debug, Clone)]
pub struct Drawer(Option<Arc<Scratch>>);

impl Drawer {
    pub fn on(folder: &Path) -> Self {
        Self(Scratch::on(folder).ok().map(Arc::new))
    }

    /// A file of its own on the same disk.
    pub(super) fn another(&self) -> Result<Scratch, FileError> {
        match &self.0 {
            Some(scratch) => scratch.another(),
            None => Err(FileError::Full("cache".into())),
        }
    }

    pub(super) fn lay(&self, content: impl Into<Bytes>) -> Whereabouts {
        let content = content.into();
        let laid = self.0.as_ref().and_then(|scratch| {
            let range = scratch.append(&content).ok()?;
            Some(Whereabouts::Drawer(Arc::clone(scratch), range))
        });
        laid.unwrap_or_else(|| Whereabouts::Memory(content.into()))
    }
}

/// A file of the site that lies on the disk until it is packed.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub length: u64,
    pub digest: Digest,
    whereabouts: Whereabouts,
}

impl Waiting {
    pub(super) fn new(content: &[u8], whereabouts: Whereabouts) -> Self {
        Self::known(content.len() as u64, Digest::of(content), whereabouts)
    }

    /// One of which length and digest were noted.
    pub(super) fn known(length: u64, digest: Digest, whereabouts: Whereabouts) -> Self {
        Self {
            length,
            digest,
            whereabouts,
        }
    }

    /// One that is held in memory after all.
    pub fn held(content: Bytes) -> Self {
        Self::new(&content.clone(), Whereabouts::Memory(content.into()))
    }

    /// Refused if it is not what it was: then it is thrown away, so that it can be made anew.
    pub fn content(&self) -> Result<Bytes, FileError> {
        let content = self.whereabouts.read()?;
        if Digest::of(&content) == self.digest {
            return Ok(content);
        }
        let path = match &self.whereabouts {
            Whereabouts::File(place, _) => PathBuf::clone(place),
            _ => PathBuf::new(),
        };
        files::remove(&path)?;
        Err(FileError::NotFound(path))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for Waiting {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_read_where_it_lies() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a");
        files::write(&place, b"head and content").unwrap();
        let whereabouts = [
            Whereabouts::File(place.clone().into(), 9..16),
            Drawer::on(folder.path()).lay(&b"content"[..]),
            Drawer::on(&place).lay(&b"content"[..]),
        ];
        assert!(
            matches!(whereabouts[2], Whereabouts::Memory(_)),
            "no folder"
        );
        for whereabouts in whereabouts {
            let waiting = Waiting::new(b"content", whereabouts);
            assert_eq!(waiting.content().unwrap(), &b"content"[..]);
            assert_eq!(waiting.length, 7);
        }
    }

    #[test]
    fn what_was_damaged_is_thrown_away() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a");
        files::write(&place, b"contemt").unwrap();
        let waiting = Waiting::new(b"content", Whereabouts::File(place.clone().into(), 0..7));
        assert!(waiting.content().is_err());
        assert!(!files::exists(&place));
    }
}
