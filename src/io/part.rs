//! A file that only grows: what came of a download so far, kept for the next try.
//!
//! It may be torn at the end by a power cut or a kill; who reads it must check what is in it.
#![expect(
    clippy::disallowed_methods,
    reason = "this is a module that touches files"
)]

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::files::{FileError, Result};

#[derive(Debug)]
pub struct Part {
    file: File,
    place: PathBuf,
}

impl Part {
    /// Opens what is there, or begins anew.
    pub fn open(place: &Path) -> Result<Self> {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(place)
            .map(|file| Self {
                file,
                place: place.to_path_buf(),
            })
            .map_err(|e| FileError::new("open", place, e))
    }

    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.file
            .write_all(bytes)
            .map_err(|e| FileError::new("write", &self.place, e))
    }

    /// Throws away everything behind the first `length` bytes.
    pub fn cut(&mut self, length: u64) -> Result<()> {
        self.file
            .set_len(length)
            .map_err(|e| FileError::new("shorten", &self.place, e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::files;

    #[test]
    fn it_grows_over_several_runs_and_can_be_cut() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let place = folder.path().join("part-7");
        let mut part = Part::open(&place).expect("a new part");
        part.append(b"one ").expect("room on the disk");
        drop(part);
        let mut part = Part::open(&place).expect("the same part");
        part.append(b"two three").expect("room on the disk");
        part.cut(7).expect("a shorter file");
        part.append(b"!").expect("room on the disk");
        assert_eq!(
            files::read(&place, 100).ok().as_deref(),
            Some(&b"one two!"[..])
        );
    }
}
