//! The dates of pages in folders that tell none, as they were when each was first seen: a copied folder, whose files are
//! all of today, must not send them through the months.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::ArchiveError;
use super::line::Moment;
use crate::base::Timestamp;
use crate::io::files::{self, FileError, Spool};

/// As many pages as fit into one site, with names as long as systems take them.
const DATES_BYTES: u64 = 1 << 28;

#[derive(Debug, Default)]
pub(super) struct Dates {
    place: PathBuf,
    /// By what their folder calls them.
    pages: BTreeMap<Box<str>, Moment>,
    is_changed: bool,
}

impl Dates {
    pub fn read(place: PathBuf) -> Result<Self, ArchiveError> {
        let pages = match files::read(&place, DATES_BYTES) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| ArchiveError::Damaged {
                place: place.clone(),
                line: error.line(),
                why: error.to_string(),
            })?,
            Err(FileError::NotFound(_)) => BTreeMap::new(),
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            place,
            pages,
            is_changed: false,
        })
    }

    pub fn of(&self, id: &str) -> Option<Timestamp> {
        self.pages.get(id).map(|moment| moment.0)
    }

    /// What is known of a page already stays.
    pub fn add(&mut self, undated: Vec<(Box<str>, Timestamp)>) {
        let is_new = |(id, _): &(Box<str>, Timestamp)| !self.pages.contains_key(id);
        let new = undated.into_iter().filter(is_new);
        // Collected at once, a tree is full; one by one in order, half empty.
        let mut new: BTreeMap<_, _> = new.map(|(id, given)| (id, Moment(given))).collect();
        self.is_changed |= !new.is_empty();
        self.pages.append(&mut new);
    }

    /// The file as it shall be, if something is new.
    pub fn write_beside(&self) -> Result<Option<Spool>, FileError> {
        if !self.is_changed {
            return Ok(None);
        }
        let mut spool = super::spool_at(&self.place, DATES_BYTES)?;
        let written = serde_json::to_writer_pretty(&mut spool, &self.pages);
        written.map_err(|error| FileError::Other {
            doing: "write",
            path: self.place.clone(),
            source: error.into(),
        })?;
        Ok(Some(spool))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(dates: &Dates) {
        let file = dates.write_beside().unwrap();
        file.map_or(Ok(()), Spool::publish).unwrap();
    }

    #[test]
    fn a_page_keeps_the_date_it_was_first_given() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("archive/be.dates.json");
        let mut dates = Dates::read(place.clone()).unwrap();
        write(&dates);
        assert!(!files::exists(&place), "nothing is known");
        let given = |text: &str| vec![("a.html".into(), text.parse().unwrap())];
        dates.add(given("2026-11-20T10:00:00Z"));
        write(&dates);
        let mut dates = Dates::read(place.clone()).unwrap();
        let written = files::modified(&place).unwrap();
        dates.add(given("2026-12-24T10:00:00Z"));
        write(&dates);
        assert_eq!(files::modified(&place).unwrap(), written, "nothing is new");
        let first = dates.of("a.html").unwrap();
        assert_eq!(first.to_string(), "2026-11-20T10:00:00Z");
        assert_eq!(dates.of("b.html"), None);
    }

    #[test]
    fn damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("be.dates.json");
        for text in ["", "{\"a\":\"yesterday\"}", "[]"] {
            files::write(&place, text.as_bytes()).unwrap();
            let error = Dates::read(place.clone()).unwrap_err();
            assert!(error.to_string().contains("be.dates.json`"), "{error}");
        }
    }
}
