//! Files, written whole or not at all.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the module that touches files"
)]

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, Read, Write};
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rustix::io::Errno;
use tempfile::{NamedTempFile, TempDir};

pub(super) use super::mapped::map_file;
pub use super::mapped::{Copying, Pages, Thrift, map, map_pages};

/// What a caller can do about a file that did not do as it was told.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("`{0}` does not exist")]
    NotFound(PathBuf),
    #[error("`{0}` exists already")]
    Exists(PathBuf),
    #[error("no space is left for `{0}`")]
    Full(PathBuf),
    #[error("others can read the private file `{0}`")]
    Exposed(PathBuf),
    #[error("`{path}` is larger than {max_bytes} bytes")]
    TooLarge { path: PathBuf, max_bytes: u64 },
    #[error("could not {doing} `{path}`: {source}")]
    Other {
        doing: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

impl FileError {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound(_) => Some("check the spelling of the path".into()),
            Self::Exists(_) => Some("move it away first; nothing was overwritten".into()),
            Self::Full(_) => Some(
                "free some space and run the command again; what was there before is still whole"
                    .into(),
            ),
            Self::Exposed(path) => Some(format!(
                "run `chmod 600 {}`, and replace the key if someone else uses this machine. On a memory stick with FAT that \
                 changes nothing: copy the file into a folder of yours first, best into `$XDG_RUNTIME_DIR`",
                path.display()
            )),
            Self::TooLarge { .. } => Some("check that it is the file you meant".into()),
            Self::Other { source, .. } if source.kind() == io::ErrorKind::ResourceBusy => {
                Some("wait until the other one has ended, or end it".into())
            }
            Self::Other { path, source, .. } => Some(match source.kind() {
                io::ErrorKind::PermissionDenied => format!(
                    "see with `ls -ld {}` whose it is, and run the command as that user, or name another place",
                    path.display()
                ),
                io::ErrorKind::ReadOnlyFilesystem => {
                    "name a place on a disk that can be written to".into()
                }
                io::ErrorKind::IsADirectory => "name a file in there".into(),
                io::ErrorKind::NotADirectory => {
                    "name a folder; a file stands where one is needed".into()
                }
                _ => "check that you may read and write there, and that the disk is sound".into(),
            }),
        }
    }

    /// Whether it says nothing about the file: this program, or this machine, has no room for one more just now.
    pub fn is_passing(&self) -> bool {
        let Self::Other { source, .. } = self else {
            return false;
        };
        let passing = [Errno::MFILE, Errno::NFILE, Errno::NOMEM];
        let code = source.raw_os_error();
        passing
            .iter()
            .any(|errno| code == Some(errno.raw_os_error()))
    }

    pub(super) fn new(doing: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound(path),
            io::ErrorKind::AlreadyExists => Self::Exists(path),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(path),
            _ => Self::Other {
                doing,
                path,
                source,
            },
        }
    }
}

pub type Result<T> = std::result::Result<T, FileError>;

/// The whole file, refused if it is longer than `max_bytes`.
pub fn read(path: &Path, max_bytes: u64) -> Result<Vec<u8>> {
    let file = File::open(path).map_err(|e| FileError::new("open", path, e))?;
    read_open(file, path, max_bytes)
}

/// The same of a file to which nobody appends, and when it was last written.
pub fn read_dated(path: &Path, max_bytes: u64) -> Result<(Vec<u8>, jiff::Timestamp)> {
    let file = File::open(path).map_err(|e| FileError::new("open", path, e))?;
    let facts = file
        .metadata()
        .map_err(|e| FileError::new("look at", path, e))?;
    let written = time_of(&facts, path)?;
    if facts.len() > max_bytes {
        let path = path.to_path_buf();
        return Err(FileError::TooLarge { path, max_bytes });
    }
    let read = read_at(&file, &(0..facts.len()));
    Ok((read.map_err(|e| FileError::new("read", path, e))?, written))
}

fn read_open(file: File, path: &Path, max_bytes: u64) -> Result<Vec<u8>> {
    let length = file.metadata().map_or(0, |about| about.len());
    // A byte more, so that the end is seen without more room being made for what is behind it.
    let room = length.min(max_bytes).saturating_add(1);
    let mut bytes = Vec::with_capacity(usize::try_from(room).unwrap_or_default());
    file.take(max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|e| FileError::new("read", path, e))?;
    if bytes.len() as u64 > max_bytes {
        return Err(FileError::TooLarge {
            path: path.to_path_buf(),
            max_bytes,
        });
    }
    Ok(bytes)
}

/// A private key or the like: refused when group or others have any access to it.
pub fn read_private(path: &Path, max_bytes: u64) -> Result<Vec<u8>> {
    let file = File::open(path).map_err(|e| FileError::new("open", path, e))?;
    // Asked of the open file, so that it cannot be exchanged between the look and the read.
    let mode = file
        .metadata()
        .map_err(|e| FileError::new("look at", path, e))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(FileError::Exposed(path.to_path_buf()));
    }
    read_open(file, path, max_bytes)
}

/// A new file with mode 0600. Refused if anything is there already.
pub fn write_new_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| FileError::new("create", path, e))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(|e| {
        // Half a key is worse than none.
        let _ = fs::remove_file(path);
        FileError::new("write", path, e)
    })
}

/// A new file with the usual mode. Refused if anything is there already.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(FileError::Exists(path.to_path_buf()));
    }
    write(path, bytes)
}

/// Puts `bytes` in the place of whatever `path` held: a reader sees the old file or the new one, whole.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut spool = Spool::beside(path)?;
    spool
        .write_all(bytes)
        .map_err(|e| FileError::new("write", path, e))?;
    spool.publish()
}

/// The same for what nobody else may read.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut spool = Spool::with_mode(path, 0o600)?;
    spool
        .write_all(bytes)
        .map_err(|e| FileError::new("write", path, e))?;
    spool.publish()
}

/// The same for what can be made again: it appears whole or not at all, but a power cut may take it away or leave it
/// damaged.
pub fn write_lightly(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut spool = Spool::beside(path)?;
    let written = spool.write_all(bytes);
    written.map_err(|e| FileError::new("write", path, e))?;
    spool.put_in_place().map(drop)
}

/// Writes into the middle of a file that is there: what colport itself never does, and what a broken disk or an intruder
/// may. For the demonstration.
pub fn vandalise(path: &Path, at: u64, bytes: &[u8]) -> Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .open(path)
        .map_err(|e| FileError::new("open", path, e))?;
    file.write_all_at(bytes, at)
        .map_err(|e| FileError::new("write", path, e))
}

/// A folder that nobody else can look into; it vanishes when it is dropped.
pub fn temporary_folder(prefix: &str) -> Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    let only_ours = fs::Permissions::from_mode(0o700);
    let made = builder.prefix(prefix).permissions(only_ours).tempdir();
    made.map_err(|e| FileError::new("create a folder in", &std::env::temp_dir(), e))
}

pub fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|e| FileError::new("create the folder", path, e))
}

/// One that only its owner may look into, if it is new.
pub fn create_private_folder(path: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(path);
    made.map_err(|e| FileError::new("create the folder", path, e))
}

pub fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).map_err(|e| FileError::new("remove", path, e))
}

/// In bytes.
pub fn length(path: &Path) -> Result<u64> {
    let facts = fs::metadata(path).map_err(|e| FileError::new("look at", path, e))?;
    Ok(facts.len())
}

pub fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

pub fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

/// A part of a file, refused if the file ends before it does.
pub fn read_range(path: &Path, range: &Range<u64>) -> Result<Vec<u8>> {
    let file = File::open(path).map_err(|e| FileError::new("open", path, e))?;
    read_at(&file, range).map_err(|e| FileError::new("read", path, e))
}

pub(super) fn read_at(file: &File, range: &Range<u64>) -> io::Result<Vec<u8>> {
    let length = range.end.saturating_sub(range.start);
    let length = usize::try_from(length).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, range.start)?;
    Ok(bytes)
}

/// At most the first `max_bytes` of a file, and the length of all of it.
pub fn read_head(path: &Path, max_bytes: u64) -> Result<(Vec<u8>, u64)> {
    let file = File::open(path).map_err(|e| FileError::new("open", path, e))?;
    let read = |e| FileError::new("read", path, e);
    let length = file.metadata().map_err(read)?.len();
    let head = read_at(&file, &(0..length.min(max_bytes))).map_err(read)?;
    Ok((head, length))
}

/// Each line of a file with its place, without its end. Refused if the file is longer than `max_bytes`.
pub fn lines<E: From<FileError>>(
    path: &Path,
    max_bytes: u64,
    mut each: impl FnMut(Range<u64>, &[u8]) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    let failed = |doing, e| E::from(FileError::new(doing, path, e));
    let file = File::open(path).map_err(|e| failed("open", e))?;
    let mut reader = io::BufReader::with_capacity(1 << 16, file.take(max_bytes.saturating_add(1)));
    let (mut at, mut line) = (0, Vec::new());
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line);
        let read = read.map_err(|e| failed("read", e))? as u64;
        if read == 0 {
            return Ok(());
        }
        if at + read > max_bytes {
            let path = path.to_path_buf();
            return Err(FileError::TooLarge { path, max_bytes }.into());
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        each(at..at + text.len() as u64, text)?;
        at += read;
    }
}

/// The length of the file in bytes, and when it was last written.
pub fn look_at(path: &Path) -> Result<(u64, jiff::Timestamp)> {
    let looked_at = path.symlink_metadata();
    let facts = looked_at.map_err(|e| FileError::new("look at", path, e))?;
    Ok((facts.len(), time_of(&facts, path)?))
}

/// As if the file had been written then.
pub fn set_modified(path: &Path, then: jiff::Timestamp) -> Result<()> {
    let set = File::open(path).and_then(|file| file.set_modified(then.into()));
    set.map_err(|e| FileError::new("touch", path, e))
}

/// Whether a regular file lies there, and no link to one.
pub fn is_plain_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|kind| kind.is_file())
}

/// When the file was last written.
pub fn modified(path: &Path) -> Result<jiff::Timestamp> {
    let looked_at = path.symlink_metadata();
    let facts = looked_at.map_err(|e| FileError::new("look at", path, e))?;
    time_of(&facts, path)
}

fn time_of(facts: &fs::Metadata, path: &Path) -> Result<jiff::Timestamp> {
    let time = facts.modified();
    let time = time.map_err(|e| FileError::new("look at", path, e))?;
    jiff::Timestamp::try_from(time)
        .map_err(|e| FileError::new("read the time of", path, io::Error::other(e.to_string())))
}

/// What tells one state of a file from another without a look at its bytes: size, device, inode, and the times of the last
/// write (whole seconds, then the rest) and of the last change, both in one number, which nobody can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks(pub [u64; 6]);

pub fn marks(path: &Path) -> Result<Marks> {
    use std::os::unix::fs::MetadataExt;
    let looked_at = path.symlink_metadata();
    let kind = looked_at.map_err(|e| FileError::new("look at", path, e))?;
    let changed = kind
        .ctime()
        .wrapping_mul(1_000_000_000)
        .wrapping_add(kind.ctime_nsec());
    Ok(Marks([
        kind.size(),
        kind.dev(),
        kind.ino(),
        kind.mtime().cast_unsigned(),
        kind.mtime_nsec().cast_unsigned(),
        changed.cast_unsigned(),
    ]))
}

/// The regular files below `folder`, each by its path relative to it, sorted; symbolic links are not followed.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    walk(folder, &mut |path| found.push(path))?;
    found.sort();
    Ok(found)
}

/// The same one after another, in any order: there may be very many. Each may be removed when it is told.
pub fn walk(folder: &Path, each: &mut dyn FnMut(PathBuf)) -> Result<()> {
    let mut waiting = vec![PathBuf::new()];
    while let Some(below) = waiting.pop() {
        let here = folder.join(&below);
        for entry in fs::read_dir(&here).map_err(|e| FileError::new("list", &here, e))? {
            let entry = entry.map_err(|e| FileError::new("list", &here, e))?;
            let kind = entry
                .file_type()
                .map_err(|e| FileError::new("look at", &entry.path(), e))?;
            let path = below.join(entry.file_name());
            if kind.is_dir() {
                waiting.push(path);
            } else if kind.is_file() {
                each(path);
            }
        }
    }
    Ok(())
}

/// Removes what a killed program was writing beside a place in `folder`. Beware: also what a living one is writing.
pub fn sweep_parts(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(|e| FileError::new("list", folder, e))? {
        let entry = entry.map_err(|e| FileError::new("list", folder, e))?;
        if is_part(&entry.file_name()) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// Whether a file of this name is being written, or was when a program was killed.
pub(super) fn is_part(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with(PART_PREFIX) && name.ends_with(PART_SUFFIX)
}

const PART_PREFIX: &str = ".colport-";
const PART_SUFFIX: &str = ".part";

/// A file that is being written beside the place where it shall lie. Dropped, it vanishes.
#[derive(Debug)]
pub struct Spool {
    file: io::BufWriter<NamedTempFile>,
    place: PathBuf,
    /// Bytes that may still be written.
    room: u64,
}

impl Spool {
    pub fn beside(place: &Path) -> Result<Self> {
        Self::with_mode(place, 0o644)
    }

    fn with_mode(place: &Path, mode: u32) -> Result<Self> {
        let folder = match place.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let file = tempfile::Builder::new()
            .prefix(PART_PREFIX)
            .suffix(PART_SUFFIX)
            .permissions(fs::Permissions::from_mode(mode))
            .tempfile_in(folder)
            .map_err(|e| FileError::new("create a file in", folder, e))?;
        Ok(Self {
            file: io::BufWriter::with_capacity(1 << 16, file),
            place: place.to_path_buf(),
            room: u64::MAX,
        })
    }

    /// No more than is read again.
    pub fn at_most(self, max_bytes: u64) -> Self {
        Self {
            room: max_bytes,
            ..self
        }
    }

    /// What was written so far, which may be read also when it lies in its place. Nothing more may be written.
    pub fn map_pages(&mut self) -> Result<(Bytes, Pages)> {
        let flushed = self.file.flush();
        flushed.map_err(|e| FileError::new("write", &self.place, e))?;
        map_pages(self.file.get_ref().path())
    }

    /// On disk for good, then in its place.
    pub fn publish(mut self) -> Result<()> {
        let flushed = self.file.flush();
        let synced = flushed.and_then(|()| self.file.get_ref().as_file().sync_all());
        synced.map_err(|e| FileError::new("write", &self.place, e))?;
        sync_folder_of(&self.put_in_place()?)
    }

    /// Gives its place.
    fn put_in_place(self) -> Result<PathBuf> {
        let place = self.place;
        let file = self
            .file
            .into_inner()
            .map_err(|e| FileError::new("write", &place, e.into_error()))?;
        file.persist(&place)
            .map_err(|e| FileError::new("put in place", &place, e.error))?;
        Ok(place)
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.room {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let written = self.file.write(bytes)?;
        self.room -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A rename is only safe from a power cut once its folder is on disk.
fn sync_folder_of(place: &Path) -> Result<()> {
    let folder = match place.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => return Ok(()),
    };
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|e| FileError::new("write the folder", folder, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_that_could_not_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a");
        let mut spool = Spool::beside(&place).unwrap().at_most(5);
        spool.write_all(b"abc").unwrap();
        spool.write_all(b"de").unwrap();
        let error = spool.write_all(b"f").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        spool.publish().unwrap();
        assert_eq!(read(&place, 5).unwrap(), b"abcde");
    }

    fn names_in(folder: &Path) -> Vec<PathBuf> {
        list(folder).unwrap()
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_lies_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a");
        write(&place, b"old").unwrap();
        write(&place, b"new").unwrap();
        assert_eq!(read(&place, 3).unwrap(), b"new");
        assert_eq!(names_in(folder.path()), [Path::new("a")]);
    }

    #[test]
    fn nobody_else_looks_into_a_temporary_folder() {
        let folder = temporary_folder("ours").unwrap();
        let mode = fs::metadata(folder.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn an_unpublished_spool_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::beside(&folder.path().join("a")).unwrap();
        spool.write_all(b"half").unwrap();
        drop(spool);
        assert!(names_in(folder.path()).is_empty());
    }

    #[test]
    fn a_private_file_is_for_its_owner_alone_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("key");
        write_new_private(&place, b"secret").unwrap();
        assert_eq!(
            fs::metadata(&place).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(read_private(&place, 100).unwrap(), b"secret");
        assert!(matches!(
            write_new_private(&place, b"other"),
            Err(FileError::Exists(_))
        ));
        assert_eq!(read_private(&place, 100).unwrap(), b"secret");
    }

    #[test]
    fn a_private_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("key");
        write(&place, b"secret").unwrap();
        for mode in [0o640, 0o604, 0o660, 0o610] {
            fs::set_permissions(&place, fs::Permissions::from_mode(mode)).unwrap();
            assert!(
                matches!(read_private(&place, 100), Err(FileError::Exposed(_))),
                "{mode:o}"
            );
        }
    }

    #[test]
    fn a_file_longer_than_allowed_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a");
        write(&place, b"1234").unwrap();
        assert!(matches!(
            read(&place, 3),
            Err(FileError::TooLarge { max_bytes: 3, .. })
        ));
        assert!(matches!(
            read(Path::new("/dev/zero"), 1000),
            Err(FileError::TooLarge { .. })
        ));
    }

    #[test]
    fn lines_have_their_places() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a");
        let check = |text: &str, expected: &[(u64, &str)]| {
            write(&place, text.as_bytes()).unwrap();
            let mut found = Vec::new();
            let read = lines(&place, 12, |range, line| {
                assert_eq!(read_range(&place, &range).unwrap(), line);
                found.push((range.start, String::from_utf8(line.to_vec()).unwrap()));
                Ok::<_, FileError>(())
            });
            let expected = expected.iter().map(|(at, line)| (*at, (*line).to_owned()));
            assert_eq!(found, expected.collect::<Vec<_>>());
            read
        };
        check("", &[]).unwrap();
        check("a\nbc\n", &[(0, "a"), (2, "bc")]).unwrap();
        check("a\n\nbc", &[(0, "a"), (2, ""), (3, "bc")]).unwrap();
        assert!(check("0123456\n012345\n", &[(0, "0123456")]).is_err());
    }

    #[test]
    fn links_are_not_followed_when_listing() {
        let folder = tempfile::tempdir().unwrap();
        create_folder(&folder.path().join("b")).unwrap();
        write(&folder.path().join("b/a"), b"").unwrap();
        std::os::unix::fs::symlink("/etc", folder.path().join("etc")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("passwd")).unwrap();
        assert_eq!(names_in(folder.path()), [Path::new("b/a")]);
    }
}
