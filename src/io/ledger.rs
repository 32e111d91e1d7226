//! What a daemon must not forget: entries by name, in one file, changed together or not at all.
//!
//! 1. The file is a database (redb) that survives a kill and a power cut at any moment: a change that was
//!    [committed](Ledger::commit) is there, one that was not leaves no trace.
//! 2. One program at a time has it open.
//! 3. A write that failed, as on a full disk, makes the database refuse all others. Then it is let go, and opened anew by the
//!    next commit.
//! 4. Beside it lies a plain copy, `NAME.copy.json`, made from time to time. When the database is torn, which only a bad
//!    disk or a stranger can do, nothing is thrown away: the error says how to go on from the copy.
//!
//! Both are for their owner's eyes alone. What the entries mean is their owner's affair.
#![expect(
    clippy::disallowed_methods,
    reason = "this is a module that touches files"
)]

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

#[cfg(not(test))]
use redb::backends::FileBackend as Disk;
use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, TableDefinition};

use super::files::{self, FileError};

const TABLE: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("entries");
const CACHE_BYTES: usize = 16 << 20;
/// Of the whole copy.
const COPY_BYTES: u64 = 256 << 20;

/// Entries by name.
pub type Entries = BTreeMap<String, Vec<u8>>;

pub struct Ledger {
    /// `None` after a write that failed.
    database: Option<Database>,
    place: PathBuf,
    /// As they are on the disk.
    entries: Entries,
}

#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("another colport works with `{0}` already")]
    Busy(PathBuf),
    /// It is none of ours, or no longer whole.
    #[error("`{place}` is no longer whole, or was not written by colport: {why}")]
    Torn { place: PathBuf, why: String },
    #[error("`{place}` could not be written: {why}")]
    Unwritable { place: PathBuf, why: String },
}

impl LedgerError {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::Busy(_) => Some("stop the other one, or leave it to its work".into()),
            Self::Torn { place, .. } => {
                let copy = copy_of(place);
                Some(match files::exists(&copy) {
                    true => format!(
                        "check the disk and move the file away, do not delete it; the next start goes on from `{}`",
                        copy.display()
                    ),
                    false => "check the disk and move the file away, do not delete it; the next start begins anew".into(),
                })
            }
            Self::Unwritable { .. } => Some("free some space, or check the disk".into()),
        }
    }
}

type Result<T> = std::result::Result<T, LedgerError>;

impl Ledger {
    /// What lies at `place`; a new one if there is none, out of the copy beside it if there is one.
    pub fn open(place: &Path) -> Result<Self> {
        if !files::exists(place) {
            // Under another name, so that a kill leaves no half-made one in its place.
            let making = place.with_extension("new");
            if files::exists(&making) {
                files::remove(&making)?;
            }
            Self::at(&making, place)?.take_up_copy()?;
            fs::rename(&making, place).map_err(|e| FileError::new("put in place", place, e))?;
        }
        let mut ledger = Self::at(place, place)?;
        ledger.entries = ledger.read()?;
        Ok(ledger)
    }

    fn at(file: &Path, place: &Path) -> Result<Self> {
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(file)
            .map_err(|e| FileError::new("open", file, e))?;
        let mut builder = redb::Builder::new();
        builder.set_cache_size(CACHE_BYTES);
        let database = Disk::new(opened).and_then(|file| builder.create_with_backend(file));
        Ok(Self {
            database: Some(database.map_err(|error| refused(place, error))?),
            place: place.to_path_buf(),
            entries: Entries::new(),
        })
    }

    fn read(&self) -> Result<Entries> {
        let torn = |why: String| LedgerError::Torn {
            place: self.place.clone(),
            why,
        };
        let Some(database) = &self.database else {
            return Ok(self.entries.clone());
        };
        let reading = database.begin_read().map_err(|e| torn(e.to_string()))?;
        let table = match reading.open_table(TABLE) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Entries::new()),
            Err(error) => return Err(torn(error.to_string())),
        };
        let mut entries = Entries::new();
        for entry in table.iter().map_err(|e| torn(e.to_string()))? {
            let (name, value) = entry.map_err(|e| torn(e.to_string()))?;
            entries.insert(name.value().to_owned(), value.value().to_vec());
        }
        Ok(entries)
    }

    fn take_up_copy(&mut self) -> Result<()> {
        let copy = copy_of(&self.place);
        if !files::exists(&copy) {
            return Ok(());
        }
        let bytes = files::read_private(&copy, COPY_BYTES)?;
        let texts: BTreeMap<String, String> =
            serde_json::from_slice(&bytes).map_err(|error| LedgerError::Torn {
                place: copy,
                why: error.to_string(),
            })?;
        let entries = texts.into_iter();
        self.commit(
            entries
                .map(|(name, text)| (name, text.into_bytes()))
                .collect(),
        )
    }

    pub fn entries(&self) -> &Entries {
        &self.entries
    }

    /// From now on there are these entries and no others. Only what differs is written; when this returns, it is on the
    /// disk. After an error it may be called again.
    pub fn commit(&mut self, entries: Entries) -> Result<()> {
        if entries == self.entries && self.database.is_some() {
            return Ok(());
        }
        if self.database.is_none() {
            let mut opened = Self::at(&self.place, &self.place)?;
            // What failed may have been written all the same.
            self.entries = opened.read()?;
            self.database = opened.database.take();
        }
        let written = match &self.database {
            Some(database) => self.write(database, &entries),
            None => Ok(()),
        };
        if let Err(error) = written {
            // Beware: the lock on the file goes with it, and must be gone before it is opened anew.
            self.database = None;
            return Err(LedgerError::Unwritable {
                place: self.place.clone(),
                why: error.to_string(),
            });
        }
        self.entries = entries;
        Ok(())
    }

    fn write(
        &self,
        database: &Database,
        entries: &Entries,
    ) -> std::result::Result<(), redb::Error> {
        let writing = database.begin_write()?;
        {
            let mut table = writing.open_table(TABLE)?;
            for name in self
                .entries
                .keys()
                .filter(|name| !entries.contains_key(*name))
            {
                table.remove(name.as_str())?;
            }
            for (name, value) in entries {
                if self.entries.get(name) != Some(value) {
                    table.insert(name.as_str(), value.as_slice())?;
                }
            }
        }
        writing.commit()?;
        Ok(())
    }

    /// Writes the copy anew. Entries are JSON, and so text.
    pub fn copy(&self) -> Result<()> {
        let texts: BTreeMap<&str, _> = self
            .entries
            .iter()
            .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value)))
            .collect();
        let bytes = serde_json::to_vec(&texts).unwrap_or_default();
        Ok(files::write_private(&copy_of(&self.place), &bytes)?)
    }
}

fn copy_of(place: &Path) -> PathBuf {
    place.with_extension("copy.json")
}

fn refused(place: &Path, error: DatabaseError) -> LedgerError {
    let place = place.to_path_buf();
    match error {
        DatabaseError::DatabaseAlreadyOpen => LedgerError::Busy(place),
        error => LedgerError::Torn {
            place,
            why: error.to_string(),
        },
    }
}

#[cfg(test)]
use tests::Disk;

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fs::File;
    use std::io;
    use std::ops::Bound;

    use redb::backends::FileBackend;
    use redb::{BackendError, StorageBackend};

    use super::*;

    thread_local! {
        static IS_FULL: Cell<bool> = const { Cell::new(false) };
    }

    /// One that a test can fill.
    #[derive(Debug)]
    pub(super) struct Disk(FileBackend);

    impl Disk {
        pub(super) fn new(file: File) -> std::result::Result<Self, DatabaseError> {
            FileBackend::new(file).map(Self)
        }
    }

    type Locked<T> = std::result::Result<T, BackendError>;

    fn room() -> io::Result<()> {
        match IS_FULL.get() {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }

    impl StorageBackend for Disk {
        fn len(&self) -> io::Result<u64> {
            self.0.len()
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            self.0.read(offset, out)
        }

        fn set_len(&self, len: u64) -> io::Result<()> {
            room()?;
            self.0.set_len(len)
        }

        fn sync_data(&self) -> io::Result<()> {
            room()?;
            self.0.sync_data()
        }

        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            room()?;
            self.0.write(offset, data)
        }

        fn close(&self) -> io::Result<()> {
            self.0.close()
        }

        fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<bool> {
            self.0.try_lock_range(start, end)
        }

        fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<bool> {
            self.0.try_lock_shared_range(start, end)
        }

        fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<()> {
            self.0.lock_range(start, end)
        }

        fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<()> {
            self.0.lock_shared_range(start, end)
        }

        fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<bool> {
            self.0.query_lock_range(start, end)
        }

        fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<()> {
            self.0.unlock_range(start, end)
        }
    }

    #[test]
    fn it_goes_on_when_a_disk_that_was_full_has_room_again() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("state.redb");
        let mut ledger = Ledger::open(&place).unwrap();
        ledger.commit(entries(&[("a", "1")])).unwrap();
        IS_FULL.set(true);
        for _ in 0..3 {
            let error = ledger.commit(entries(&[("a", "2")])).unwrap_err();
            assert!(error.hint().is_some(), "{error}");
            assert_eq!(ledger.entries(), &entries(&[("a", "1")]));
        }
        IS_FULL.set(false);
        ledger.commit(entries(&[("a", "3")])).unwrap();
        drop(ledger);
        let again = Ledger::open(&place).unwrap();
        assert_eq!(again.entries(), &entries(&[("a", "3")]));
    }

    fn entries(pairs: &[(&str, &str)]) -> Entries {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn what_was_committed_is_there_after_a_restart_and_nobody_else_may_look() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("state.redb");
        let mut ledger = Ledger::open(&place).unwrap();
        ledger.commit(entries(&[("a", "1"), ("b", "2")])).unwrap();
        ledger.commit(entries(&[("b", "3")])).unwrap();
        ledger.copy().unwrap();
        drop(ledger);
        assert_eq!(
            Ledger::open(&place).unwrap().entries(),
            &entries(&[("b", "3")])
        );
        for file in files::list(folder.path()).unwrap() {
            let mode = fs::metadata(folder.path().join(file))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o077, 0);
        }
    }

    #[test]
    fn a_second_program_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("state.redb");
        let ledger = Ledger::open(&place).unwrap();
        assert!(matches!(Ledger::open(&place), Err(LedgerError::Busy(_))));
        drop(ledger);
        assert!(Ledger::open(&place).is_ok());
    }

    #[test]
    fn a_torn_or_foreign_database_is_left_as_it_is_and_the_copy_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("state.redb");
        let mut ledger = Ledger::open(&place).unwrap();
        ledger.commit(entries(&[("a", "1")])).unwrap();
        ledger.copy().unwrap();
        drop(ledger);
        let whole = fs::read(&place).unwrap();
        for torn in [
            whole[..100].to_vec(),
            b"somebody else's".to_vec(),
            vec![0x5a; whole.len()],
        ] {
            fs::write(&place, &torn).unwrap();
            let refused = Ledger::open(&place).err().unwrap();
            assert!(matches!(refused, LedgerError::Torn { .. }), "{refused}");
            assert!(refused.hint().unwrap().contains("state.copy.json"));
            assert_eq!(fs::read(&place).unwrap(), torn, "nothing is lost");
        }
        fs::rename(&place, folder.path().join("aside")).unwrap();
        assert_eq!(
            Ledger::open(&place).unwrap().entries(),
            &entries(&[("a", "1")])
        );
    }
}
