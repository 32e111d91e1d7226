//! A newsroom in a temporary folder that publishes what a test gives it.

use std::sync::Arc;

use bytes::Bytes;
use colport::base::SitePath;
use colport::edition::{Holding, Remembered, VerifiedEdition, write_update};
use colport::io::files::{self, Spool};
use colport::packager::{
    Effort, Files, FolderError, Lifetimes, NewsroomFolder, Press, PublishError,
};
use colport::trust::editor::NewsroomId;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

pub struct Newsroom {
    pub folder: NewsroomFolder,
    pub now: Timestamp,
    _place: TempDir,
}

pub fn path(text: &str) -> SitePath {
    SitePath::parse(text).unwrap()
}

/// Files by path and content.
pub fn site(files: &[(&str, &str)]) -> Files {
    files
        .iter()
        .map(|(place, content)| (path(place), Bytes::from((*content).to_owned())))
        .collect()
}

impl Newsroom {
    /// With one newsroom, `be`.
    pub fn new() -> Self {
        let place = TempDir::new().unwrap();
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let folder = NewsroomFolder::at(place.path());
        folder.found(&[be()], now, &Lifetimes::default()).unwrap();
        Self {
            folder,
            now,
            _place: place,
        }
    }

    pub fn newcomer(&self) -> Remembered {
        self.folder.newcomer().unwrap()
    }

    pub fn pass(&mut self, hours: i64) {
        self.now += SignedDuration::from_hours(hours);
    }

    pub fn press(&self) -> Press {
        let previous = self.folder.newest(self.now).unwrap();
        Press {
            metadata: self.folder.metadata(previous.as_deref()).unwrap(),
            previous,
            kept: Default::default(),
            waiting: Default::default(),
            keys: self.folder.publishing_keys(&[be()]).unwrap(),
            lifetimes: Lifetimes::default(),
            effort: Effort::Quick,
        }
    }

    /// The next edition, with the updates from those before.
    pub fn publish(&self, files: &Files) -> Arc<VerifiedEdition> {
        let press = self.press();
        let number = press
            .previous
            .as_ref()
            .map_or(1, |previous| previous.number() + 1);
        let place = self.folder.bundle(number);
        let spool = Spool::beside(&place).unwrap();
        let printed = press.print(files, self.now, spool, |spool| {
            spool.publish().map_err(FolderError::from)?;
            files::map(&place).map_err(FolderError::from)
        });
        let edition = printed.unwrap();
        self.folder.prune(7).unwrap();
        Arc::new(edition)
    }

    /// The update from one edition of the folder to another.
    pub fn update(&self, base: u64, number: u64) -> Bytes {
        let [base, new] =
            [base, number].map(|number| self.folder.edition(number, self.now).unwrap());
        write_update(Vec::new(), &new, &Holding::from(base.proof()))
            .unwrap()
            .into()
    }

    pub fn try_print(&self, files: &Files) -> Result<VerifiedEdition, PublishError> {
        self.press()
            .print(files, self.now, Vec::new(), |bytes| Ok(Bytes::from(bytes)))
    }
}

fn be() -> NewsroomId {
    "be".parse().unwrap()
}
