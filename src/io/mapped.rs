//! The one memory map, and how its memory is given back.
#![expect(
    clippy::disallowed_methods,
    reason = "this is a module that touches files"
)]

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::files::{FileError, Result};

/// The file's bytes, read from disk as they are touched and shared with every other process that maps it.
///
/// Beware:
/// - who truncates the file while it is mapped ends this process (SIGBUS), as does a bad sector of the disk. colport
///   replaces files whole and never writes into one, so only a stranger with write access, or a pulled USB stick, can
///   truncate one;
/// - the same stranger can change the bytes while they are looked at. Where a file may be his (a bundle on a stick),
///   what is judged must be a copy.
pub fn map(path: &Path) -> Result<Bytes> {
    Ok(map_pages(path)?.0)
}

/// The same, with a hold on the memory that it comes to take.
pub fn map_pages(path: &Path) -> Result<(Bytes, Pages)> {
    let file = File::open(path).map_err(|e| FileError::new("open", path, e))?;
    map_file(&file, path)
}

/// The same of a file that is open. `path` is only said of what fails.
pub(super) fn map_file(file: &File, path: &Path) -> Result<(Bytes, Pages)> {
    let kind = file
        .metadata()
        .map_err(|e| FileError::new("look at", path, e))?;
    if !kind.is_file() {
        let source = io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file");
        return Err(FileError::new("read", path, source));
    }
    if kind.len() == 0 {
        return Ok((Bytes::new(), Pages::default()));
    }
    #[expect(unsafe_code, reason = "the one memory map; see the warning above")]
    // SAFETY: nothing in colport writes into a file that may be mapped, and who else could is copied from first. The map
    // is read-only.
    let mapped = unsafe { memmap2::Mmap::map(file) };
    let mapped = Arc::new(mapped.map_err(|e| FileError::new("map", path, e))?);
    let bytes = Bytes::from_owner(Mapped(Arc::clone(&mapped)));
    Ok((bytes, Pages(vec![mapped])))
}

/// The part of mapped files that was touched. It counts as memory of this process until it is let go; what is touched
/// again comes from the disk, or from where the system keeps it, again.
#[derive(Debug, Clone, Default)]
pub struct Pages(Vec<Arc<memmap2::Mmap>>);

struct Mapped(Arc<memmap2::Mmap>);

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Pages {
    /// Of these files and those.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub fn let_go(&self) {
        for mapped in &self.0 {
            let advice = memmap2::UncheckedAdvice::DontNeed;
            #[expect(unsafe_code, reason = "it belongs to the one memory map")]
            // SAFETY: of a read-only map of a file nothing is lost: each page is filled from the file when it is next
            // touched.
            let advised = unsafe { mapped.unchecked_advise(advice) };
            // Where it cannot be, the memory stays taken.
            drop(advised);
        }
    }
}

/// So much of a map is touched before it is let go.
const TOUCHED_BYTES: u64 = 4 << 20;

/// Lets go of a map's pages while somebody goes through it.
#[derive(Debug)]
pub struct Thrift {
    pages: Pages,
    let_go: u64,
}

impl Thrift {
    pub fn new(pages: Pages) -> Self {
        Self { pages, let_go: 0 }
    }

    /// So many bytes from the beginning are done with.
    pub fn passed(&mut self, bytes: u64) {
        if bytes >= self.let_go + TOUCHED_BYTES {
            self.let_go = bytes;
            self.pages.let_go();
        }
    }
}

/// Writes what is copied out of a map, and lets go of the map behind it.
#[derive(Debug)]
pub struct Copying<W> {
    out: W,
    thrift: Thrift,
    written: u64,
}

impl<W> Copying<W> {
    pub fn new(out: W, pages: Pages) -> Self {
        Self {
            out,
            thrift: Thrift::new(pages),
            written: 0,
        }
    }

    pub fn into_inner(self) -> W {
        self.thrift.pages.let_go();
        self.out
    }
}

impl<W: Write> Write for Copying<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.written += written as u64;
        self.thrift.passed(self.written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::super::files::write;
    use super::*;

    #[test]
    fn a_map_is_the_file_and_only_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("a"), b"abc").unwrap();
        write(&folder.path().join("empty"), b"").unwrap();
        assert_eq!(map(&folder.path().join("a")).unwrap(), &b"abc"[..]);
        assert!(map(&folder.path().join("empty")).unwrap().is_empty());
        assert!(map(folder.path()).is_err());
        assert!(matches!(
            map(&folder.path().join("none")),
            Err(FileError::NotFound(_))
        ));
    }

    #[test]
    fn a_map_whose_pages_were_let_go_is_still_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a");
        let content = vec![7; 1 << 20];
        write(&place, &content).unwrap();
        let (bytes, pages) = map_pages(&place).unwrap();
        for _ in 0..2 {
            assert_eq!(bytes, content);
            pages.let_go();
        }
        Pages::default().let_go();
    }
}
