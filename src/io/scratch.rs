//! Room on the disk for what memory should not hold while a program runs.

use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::files::{self, FileError, Pages, Result, create_folder};

/// A file without a name, for what memory should not hold: it grows until it is dropped, and a kill leaves nothing of it.
#[derive(Debug)]
pub struct Scratch {
    file: File,
    end: Mutex<End>,
    folder: PathBuf,
}

/// What was appended last is gathered, since each call of the system costs more than what is written.
#[derive(Debug, Default)]
struct End {
    /// How much of it was written before.
    start: u64,
    gathered: Vec<u8>,
}

const GATHERED_BYTES: usize = 1 << 16;

impl Scratch {
    /// On the disk where `folder` lies.
    pub fn on(folder: &Path) -> Result<Self> {
        create_folder(folder)?;
        let file = tempfile::tempfile_in(folder);
        Ok(Self {
            file: file.map_err(|e| FileError::new("create a file in", folder, e))?,
            end: Mutex::default(),
            folder: folder.to_path_buf(),
        })
    }

    /// On the same disk.
    pub fn another(&self) -> Result<Self> {
        Self::on(&self.folder)
    }

    /// Gives the place of what was written. What fails is not there, and what was there before still is.
    pub fn append(&self, bytes: &[u8]) -> Result<Range<u64>> {
        let mut end = self.end();
        let before = end.gathered.len();
        let start = end.start + before as u64;
        end.gathered.extend_from_slice(bytes);
        if end.gathered.len() >= GATHERED_BYTES {
            let written = self.write_out(&mut end);
            written.inspect_err(|_| end.gathered.truncate(before))?;
        }
        Ok(start..start + bytes.len() as u64)
    }

    fn write_out(&self, end: &mut End) -> Result<()> {
        let written = self.file.write_all_at(&end.gathered, end.start);
        written.map_err(|e| FileError::new("write a file in", &self.folder, e))?;
        // Room that one long text took is given back.
        end.start += std::mem::take(&mut end.gathered).len() as u64;
        Ok(())
    }

    /// All of it, mapped: nothing more can be written.
    pub fn into_map(self) -> Result<(Bytes, Pages)> {
        self.write_out(&mut self.end())?;
        files::map_file(&self.file, &self.folder)
    }

    pub fn read(&self, range: &Range<u64>) -> Result<Vec<u8>> {
        if let Some(gathered) = self.end().part(range) {
            return Ok(gathered.to_vec());
        }
        let read = files::read_at(&self.file, range);
        read.map_err(|e| FileError::new("read a file in", &self.folder, e))
    }

    fn end(&self) -> MutexGuard<'_, End> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Scratch {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let appended = self.append(bytes).map_err(|error| match error {
            FileError::Full(_) => io::ErrorKind::StorageFull.into(),
            error => io::Error::other(error),
        });
        appended.map(|_| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl End {
    /// What lies there, if it was not written yet.
    fn part(&self, range: &Range<u64>) -> Option<&[u8]> {
        let place = |at: u64| usize::try_from(at.checked_sub(self.start)?).ok();
        self.gathered.get(place(range.start)?..place(range.end)?)
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

    #[test]
    fn what_is_gathered_and_what_was_written_is_read_alike() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = Scratch::on(folder.path()).unwrap();
        let text = |number: usize| vec![number.to_le_bytes()[0]; number * 37 % 5000];
        let places: Vec<_> = (0..100)
            .map(|number| scratch.append(&text(number)).unwrap())
            .collect();
        let written = scratch.end().start;
        assert!(written > 0 && places.iter().any(|place| place.start > written));
        for (number, place) in places.iter().enumerate() {
            assert_eq!(scratch.read(place).unwrap(), text(number));
        }
        let end = places.last().unwrap().end;
        assert!(scratch.read(&(end - 1..end + 1)).is_err());
    }

    #[test]
    fn a_full_disk_takes_nothing_of_what_was_gathered() {
        let folder = tempfile::tempdir().unwrap();
        let (reader, _writer) = std::io::pipe().unwrap();
        let scratch = Scratch {
            // It cannot be written to.
            file: std::os::fd::OwnedFd::from(reader).into(),
            end: Mutex::default(),
            folder: folder.path().into(),
        };
        let first = scratch.append(b"first").unwrap();
        assert!(scratch.append(&vec![0; GATHERED_BYTES]).is_err());
        let last = scratch.append(b"last").unwrap();
        assert_eq!(scratch.read(&first).unwrap(), b"first");
        assert_eq!(scratch.read(&last).unwrap(), b"last");
    }
}
