//! A folder that is a mirror: files are put into it by paths that cannot lead out of it.
//!
//! 1. The folder itself must exist: a stick that is not plugged in must not be taken for an empty one.
//! 2. Below it no symbolic link is followed, neither in place of a file nor of a folder on the way.
//! 3. A file appears whole or not at all; [`Tree::settle`] makes everything written so far survive a power cut.
//! 4. What a program that was killed left half-written is taken away once it is [old](OLD): another may be writing there.
#![expect(
    clippy::disallowed_methods,
    reason = "this is a module that touches files"
)]

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use jiff::SignedDuration;

use super::files::{self, FileError, Result};
use crate::base::{Digest, Hasher};

#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    unsettled: Vec<PathBuf>,
    /// Whether nothing half-written was left at the last look.
    is_swept: bool,
}

/// No file takes so long.
const OLD: SignedDuration = SignedDuration::from_mins(10);

impl Tree {
    pub fn open(root: &Path) -> Result<Self> {
        if !files::is_folder(root) {
            return Err(FileError::NotFound(root.to_path_buf()));
        }
        Ok(Self {
            root: root.to_path_buf(),
            unsettled: Vec::new(),
            is_swept: false,
        })
    }

    /// The digest of the regular file at `path`; `None` if nothing is there.
    pub fn digest(&self, path: &str) -> Result<Option<Digest>> {
        let place = self.place(path)?;
        match File::open(&place) {
            Ok(file) => digest_of(file)
                .map(Some)
                .map_err(|e| FileError::new("read", &place, e)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(FileError::new("open", &place, e)),
        }
    }

    /// A part of the file at `path`; less where the file ends before.
    pub fn read(&self, path: &str, part: Range<u64>) -> Result<Vec<u8>> {
        let place = self.place(path)?;
        let mut file = File::open(&place).map_err(|e| FileError::new("open", &place, e))?;
        let mut bytes = Vec::new();
        let read = file.seek(io::SeekFrom::Start(part.start)).and_then(|_| {
            let length = part.end.saturating_sub(part.start);
            file.take(length).read_to_end(&mut bytes)
        });
        read.map_err(|e| FileError::new("read", &place, e))?;
        Ok(bytes)
    }

    /// The names of the regular files in the folder at `path`, sorted; none if there is no such folder.
    pub fn names(&self, path: &str) -> Result<Vec<String>> {
        let folder = self.place(path)?;
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let read = |e| FileError::new("list", &folder, e);
        let mut names = Vec::new();
        for entry in fs::read_dir(&folder).map_err(read)? {
            let entry = entry.map_err(read)?;
            let is_file = entry.file_type().map_err(read)?.is_file();
            if let (true, Ok(name)) = (is_file, entry.file_name().into_string()) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Puts a file in the place of whatever file was there, with the folders on the way.
    pub fn write(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        let place = self.place(path)?;
        let folder = place.parent().unwrap_or(&self.root).to_path_buf();
        files::create_folder(&folder)?;
        let mut file = tempfile::Builder::new()
            .prefix(".colport-")
            .suffix(".part")
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .tempfile_in(&folder)
            .map_err(|e| FileError::new("create a file in", &folder, e))?;
        io::Write::write_all(&mut file, bytes).map_err(|e| FileError::new("write", &place, e))?;
        file.persist(&place)
            .map_err(|e| FileError::new("put in place", &place, e.error))?;
        self.unsettled.push(place);
        Ok(())
    }

    /// Returns once everything written so far is on disk for good, names included.
    pub fn settle(&mut self) -> Result<()> {
        // All writes were handed over before the first wait, so the disk can order them as it likes.
        for place in &self.unsettled {
            sync(place)?;
        }
        let mut folders: Vec<&Path> = self.unsettled.iter().filter_map(|p| p.parent()).collect();
        folders.sort_unstable();
        folders.dedup();
        for folder in folders {
            sync(folder)?;
        }
        self.sweep()?;
        self.unsettled.clear();
        Ok(())
    }

    // Step 4. By the clock of the disk, which may be far away.
    fn sweep(&mut self) -> Result<()> {
        let Some(newest) = self.unsettled.last().filter(|_| !self.is_swept) else {
            return Ok(());
        };
        let now = files::modified(newest)?;
        let mut left = 0;
        for part in parts(&self.root) {
            let then = files::modified(&part);
            let is_old = then.is_ok_and(|then| now.duration_since(then) > OLD);
            // One that is not ours to remove does not keep readers from the edition.
            if !is_old || files::remove(&part).is_err() {
                left += 1;
            }
        }
        self.is_swept = left == 0;
        Ok(())
    }

    /// Removes the file at `path`, then the folders above it that became empty.
    pub fn remove(&mut self, path: &str) -> Result<()> {
        let place = self.place(path)?;
        files::remove(&place)?;
        let above = place.ancestors().skip(1);
        for folder in above.take_while(|folder| **folder != self.root) {
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn place(&self, path: &str) -> Result<PathBuf> {
        let mut place = self.root.clone();
        for component in Path::new(path).components() {
            let Component::Normal(name) = component else {
                return Err(refused(&self.root.join(path), "it leads elsewhere"));
            };
            place.push(name);
            if place.is_symlink() {
                return Err(refused(
                    &place,
                    "it is a symbolic link, which may lead elsewhere",
                ));
            }
        }
        Ok(place)
    }
}

/// What is being written anywhere below, or was. Folders that cannot be looked into are none of ours.
fn parts(root: &Path) -> Vec<PathBuf> {
    let (mut waiting, mut found) = (vec![root.to_path_buf()], Vec::new());
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => waiting.push(entry.path()),
                Ok(kind) if kind.is_file() && files::is_part(&entry.file_name()) => {
                    found.push(entry.path());
                }
                _ => {}
            }
        }
    }
    found
}

fn refused(path: &Path, why: &'static str) -> FileError {
    FileError::Other {
        doing: "use",
        path: path.to_path_buf(),
        source: io::Error::new(io::ErrorKind::InvalidInput, why),
    }
}

fn digest_of(mut file: File) -> io::Result<Digest> {
    let mut hasher = Hasher::default();
    let mut piece = vec![0; 1 << 18];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.finish()),
            length => hasher.update(piece.get(..length).unwrap_or_default()),
        }
    }
}

fn sync(path: &Path) -> Result<()> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(|e| FileError::new("write", path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> (tempfile::TempDir, Tree) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let tree = Tree::open(folder.path()).expect("the folder is there");
        (folder, tree)
    }

    #[test]
    fn files_go_in_and_out() {
        let (folder, mut tree) = tree();
        tree.write("a/b/c.txt", b"one").expect("a new file");
        tree.write("a/b/c.txt", b"two").expect("another content");
        tree.settle().expect("a disk that works");
        assert_eq!(
            tree.digest("a/b/c.txt").ok(),
            Some(Some(Digest::of(b"two")))
        );
        assert_eq!(tree.digest("a/b/d.txt").ok(), Some(None));
        assert_eq!(tree.read("a/b/c.txt", 1..9).ok(), Some(b"wo".to_vec()));
        assert_eq!(tree.names("a/b").ok(), Some(vec!["c.txt".to_owned()]));
        assert_eq!(tree.names("x").ok(), Some(Vec::new()));
        tree.remove("a/b/c.txt").expect("it is there");
        assert!(!folder.path().join("a").exists());
        assert!(folder.path().exists());
    }

    #[test]
    fn what_a_killed_program_left_goes_and_what_another_writes_stays() {
        let (folder, mut tree) = tree();
        let [old, new] = ["a/.colport-x.part", "b/c/.colport-y.part"].map(|name| {
            tree.write(name, b"an article").expect("a new file");
            folder.path().join(name)
        });
        let hour = SignedDuration::from_hours(1);
        let set_back = |part: &Path, by| {
            let then = files::modified(part).expect("it is there") - by;
            files::set_modified(part, then).expect("it is ours");
        };
        set_back(&old, hour);
        tree.settle().expect("a disk that works");
        assert_eq!((old.exists(), new.exists()), (false, true));
        set_back(&new, hour);
        tree.settle().expect("a disk that works");
        assert!(new.exists(), "nothing was written");
        tree.write("a/b", b"x").expect("a new file");
        tree.settle().expect("a disk that works");
        assert!(!new.exists() && folder.path().join("a/b").exists());
    }

    #[test]
    fn a_folder_that_is_not_there_is_not_made() {
        let (folder, _) = tree();
        let stick = folder.path().join("stick");
        assert!(matches!(Tree::open(&stick), Err(FileError::NotFound(_))));
        assert!(!stick.exists());
    }

    #[test]
    fn nothing_is_written_read_or_removed_through_a_symbolic_link() {
        let (outside, mut other) = tree();
        other.write("secret", b"mine").expect("a new file");
        let (folder, mut tree) = tree_with_link(outside.path());
        for path in ["way/secret", "way/new", "way", "../x", "/etc/passwd"] {
            assert!(tree.write(path, b"theirs").is_err(), "{path}");
            assert!(tree.digest(path).is_err(), "{path}");
            assert!(tree.remove(path).is_err(), "{path}");
        }
        assert_eq!(other.digest("secret").ok(), Some(Some(Digest::of(b"mine"))));
        assert!(!outside.path().join("new").exists());
        drop(folder);
    }

    fn tree_with_link(outside: &Path) -> (tempfile::TempDir, Tree) {
        let (folder, tree) = tree();
        std::os::unix::fs::symlink(outside, folder.path().join("way")).expect("a link");
        (folder, tree)
    }
}
