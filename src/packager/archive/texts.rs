//! What the pages of folders, crawls and inboxes said when they were last seen, and when that was new: they lie with their
//! source and not in the archive, and few of them tell when they were changed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::super::trace::PROGRAM;
use super::super::wording::Wording;
use super::ArchiveError;
use super::line::Moment;
use crate::io::files::{self, FileError, Spool};

/// As many pages as fit into one site, of 2 KB each.
const TEXTS_BYTES: u64 = 1 << 30;

#[derive(Debug, Default)]
pub(super) struct Texts {
    place: PathBuf,
    laid: Laid,
    is_changed: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Laid {
    /// The program that read the pages: another may read the same page otherwise.
    read_by: String,
    /// By what their source calls them.
    pages: BTreeMap<String, Said>,
}

/// Of one page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    pub says: Wording,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::packager) updated: Option<Moment>,
}

impl Texts {
    pub fn read(place: PathBuf) -> Result<Self, ArchiveError> {
        let laid = match files::read(&place, TEXTS_BYTES) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| ArchiveError::Damaged {
                place: place.clone(),
                line: error.line(),
                why: error.to_string(),
            })?,
            Err(FileError::NotFound(_)) => Laid::default(),
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            place,
            laid,
            is_changed: false,
        })
    }

    pub fn of(&self, id: &str) -> Option<&Said> {
        self.laid.pages.get(id)
    }

    /// Whether it was this program that read them.
    pub fn are_read_alike(&self) -> bool {
        self.laid.read_by == PROGRAM
    }

    pub fn add(&mut self, said: BTreeMap<String, Said>) {
        for (id, said) in said {
            if self.laid.pages.get(&id) != Some(&said) {
                self.laid.pages.insert(id, said);
                self.is_changed = true;
            }
        }
        if !self.are_read_alike() && !self.laid.pages.is_empty() {
            PROGRAM.clone_into(&mut self.laid.read_by);
            self.is_changed = true;
        }
    }

    /// Puts the file in place, if something is new.
    pub fn write(&self) -> Result<(), FileError> {
        if !self.is_changed {
            return Ok(());
        }
        if let Some(folder) = self.place.parent() {
            files::create_folder(folder)?;
        }
        // There may be very many, so it is written as it comes.
        let mut spool = Spool::beside(&self.place)?.at_most(TEXTS_BYTES);
        let written = serde_json::to_writer(&mut spool, &self.laid);
        written.map_err(|error| FileError::Other {
            doing: "write",
            path: self.place.clone(),
            source: error.into(),
        })?;
        spool.publish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_known_the_next_time() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("archive/be.texts.json");
        let said = Said {
            says: Wording::of("One", "<p>It began with some 20 people.</p>"),
            updated: Some(Moment("2026-11-20T10:00:00Z".parse().unwrap())),
        };
        let mut texts = Texts::read(place.clone()).unwrap();
        texts.add(BTreeMap::new());
        texts.write().unwrap();
        assert!(!files::exists(&place), "nothing is known");
        texts.add(BTreeMap::from([("a.html".to_owned(), said.clone())]));
        texts.write().unwrap();
        let mut texts = Texts::read(place.clone()).unwrap();
        assert!(texts.are_read_alike());
        assert_eq!(texts.of("a.html"), Some(&said));
        let written = files::modified(&place).unwrap();
        texts.add(BTreeMap::from([("a.html".to_owned(), said)]));
        texts.write().unwrap();
        assert_eq!(files::modified(&place).unwrap(), written, "nothing is new");
        files::write(&place, b"{}").unwrap();
        let error = Texts::read(place).unwrap_err().to_string();
        assert!(error.contains("be.texts.json`"), "{error}");
    }
}
