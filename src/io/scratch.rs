//! Room on the disk for what memory should not hold while a program runs.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use super::files::{self, FileError, Pages, Result, create_folder};

/// A file without a name, for what memory should not hold: it grows until it is dropped, and a kill leaves nothing of it.
#[derive(Debug)]
pub struct Scratch {
    file: File,
    /// How much was written.
    length: Mutex<u64>,
    folder: PathBuf,
}

impl Scratch {
    /// On the disk where `folder` lies.
    pub fn on(folder: &Path) -> Result<Self> {
        create_folder(folder)?;
        let file = tempfile::tempfile_in(folder);
        Ok(Self {
            file: file.map_err(|e| FileError::new("create a file in", folder, e))?,
            length: Mutex::default(),
            folder: folder.to_path_buf(),
        })
    }

    /// Gives the place of what was written.
    pub fn append(&self, bytes: &[u8]) -> Result<Range<u64>> {
        let mut length = self.length.lock().unwrap_or_else(PoisonError::into_inner);
        let written = self.file.write_all_at(bytes, *length);
        written.map_err(|e| FileError::new("write a file in", &self.folder, e))?;
        let start = *length;
        *length += bytes.len() as u64;
        Ok(start..*length)
    }

    /// All of it, mapped: nothing more can be written.
    pub fn into_map(self) -> Result<(Bytes, Pages)> {
        files::map_file(&self.file, &self.folder)
    }

    pub fn read(&self, range: &Range<u64>) -> Result<Vec<u8>> {
        let read = files::read_at(&self.file, range);
        read.map_err(|e| FileError::new("read a file in", &self.folder, e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_scratched_is_read_where_it_lies_and_has_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = Scratch::on(folder.path()).unwrap();
        let places: Vec<_> = [&b"one"[..], b"", b"three"]
            .map(|text| scratch.append(text).unwrap())
            .into();
        assert_eq!(scratch.read(&places[2]).unwrap(), b"three");
        assert_eq!(scratch.read(&places[0]).unwrap(), b"one");
        assert!(scratch.read(&(0..9)).is_err());
        assert!(files::list(folder.path()).unwrap().is_empty());
        assert_eq!(scratch.into_map().unwrap().0, &b"onethree"[..]);
    }
}
