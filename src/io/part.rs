//! A file that only grows: what came of a download so far, kept for the next try; and the lock that keeps others away.
//!
//! A part may be torn at the end by a power cut or a kill; who reads it must check what is in it.
#![expect(
    clippy::disallowed_methods,
    reason = "this is a module that touches files"
)]

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;

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

    /// What is there now, from the beginning, in pieces; `each` says when it has enough.
    pub fn replay<E: From<FileError>>(
        &self,
        mut each: impl FnMut(Bytes) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let failed = |e| FileError::new("read", &self.place, e);
        let mut file = File::open(&self.place).map_err(failed)?;
        loop {
            let mut piece = Vec::with_capacity(PIECE_BYTES);
            let limit = PIECE_BYTES as u64;
            Read::by_ref(&mut file)
                .take(limit)
                .read_to_end(&mut piece)
                .map_err(failed)?;
            if piece.is_empty() {
                return Ok(());
            }
            each(piece.into())?;
        }
    }

    /// Throws away everything behind the first `length` bytes.
    pub fn cut(&mut self, length: u64) -> Result<()> {
        self.file
            .set_len(length)
            .map_err(|e| FileError::new("shorten", &self.place, e))
    }
}

const PIECE_BYTES: usize = 1 << 18;

/// Held by one program at a time, and let go when that program ends, however it ends.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    pub fn take(place: &Path) -> Result<Self> {
        let failed = |e| FileError::new("lock", place, e);
        let mut options = OpenOptions::new();
        let file = options
            .create(true)
            .append(true)
            .open(place)
            .map_err(failed)?;
        for _ in 0..LOCK_TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                // A program that this one is just starting has all its files until it is another program.
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        Err(failed(io::Error::new(
            io::ErrorKind::ResourceBusy,
            "another colport is using this folder",
        )))
    }
}

impl Drop for Lock {
    /// Let go here too, since a program that is just being started has this file as well.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

const LOCK_TRIES: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

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
