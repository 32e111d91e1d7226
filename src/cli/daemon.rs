//! `colport sync` without `--once`: the newsroom's side of the [daemon](crate::sync::daemon).
//!
//! 1. Its memory is opened, or refused in words: a second daemon, a torn database, another format.
//! 2. [`NewsroomDesk`] reads the file and the folder, and signs.
//! 3. It goes on until somebody wants it to stop.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, watch};

use super::failure::{Failure, Outcome};
use super::screen::Screen;
use super::serve::until_interrupted;
use super::sync::source;
use crate::base::{EditionNumber, Timestamp};
use crate::config::{self, Config};
use crate::io::clock::SystemClock;
use crate::io::fetch::{HttpFetch, Patience};
use crate::io::files::{self, Marks};
use crate::io::ledger::{Ledger, LedgerError};
use crate::io::random;
use crate::packager::NewsroomFolder;
use crate::sync::Source;
use crate::sync::daemon::{
    self, BookError, Daemon, Desk, Exposure, Member, Sealed, Told, Trouble, View, Wanted,
};
use crate::sync::rotation::{MirrorId, Probe};

/// The daemon's memory in the folder `sync`.
const MEMORY: &str = "state.redb";

pub(super) async fn keep(site: &Path, screen: &Screen) -> Outcome {
    // Once in front of the person, who can mend it.
    config::load(site)?;
    let folder = NewsroomFolder::at(site);
    folder.fingerprint()?;
    folder.list_keys()?;
    let sync = folder.sync_folder()?;
    let ledger = Ledger::open(&sync.join(MEMORY))?;
    let memory = Daemon::open(ledger.entries(), random::bytes)?;
    let desk = Arc::new(NewsroomDesk {
        site: site.to_path_buf(),
        folder,
        read: Mutex::default(),
        screen: screen.clone(),
    });
    let (_say, said) = mpsc::channel(16);
    let (views, _) = watch::channel(View::default());
    screen.line("Mirrors are kept up to date from now on. Ctrl-C ends it.");
    let wire = Arc::new(HttpFetch::new(Patience::default()));
    daemon::run(
        desk,
        wire,
        &SystemClock,
        ledger,
        memory,
        said,
        views,
        until_interrupted(),
    )
    .await?;
    screen.line("Stopped.");
    Ok(())
}

/// See the module.
struct NewsroomDesk {
    site: PathBuf,
    folder: NewsroomFolder,
    /// The file as it was last read, and its marks.
    read: Mutex<Option<(Marks, Arc<Config>)>>,
    screen: Screen,
}

fn trouble(error: impl std::fmt::Display) -> Trouble {
    Trouble(error.to_string())
}

impl NewsroomDesk {
    fn read(&self) -> Option<Result<Arc<Config>, Trouble>> {
        let marks = match files::marks(&self.site.join(config::FILE)) {
            Ok(marks) => marks,
            Err(error) => return Some(Err(trouble(error))),
        };
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.as_ref().is_some_and(|(before, _)| *before == marks) {
            return None;
        }
        match config::load(&self.site) {
            Ok(config) => {
                let config = Arc::new(config);
                *read = Some((marks, config.clone()));
                Some(Ok(config))
            }
            Err(error) => Some(Err(trouble(error))),
        }
    }
}

impl Desk for NewsroomDesk {
    fn wanted(&self, _made: &[String]) -> Option<Result<Wanted, Trouble>> {
        let read = self.read()?;
        Some(read.map(|config| config.wanted.clone()))
    }

    fn newest(&self) -> Result<Option<EditionNumber>, Trouble> {
        let kept = self.folder.kept().map_err(trouble)?;
        Ok(kept.last().copied())
    }

    fn source(&self) -> Result<Arc<Source>, Trouble> {
        source(&self.folder).map_err(trouble)
    }

    fn seal(&self, told: &Told) -> Result<Sealed, Trouble> {
        let keys = self.folder.list_keys().map_err(trouble)?;
        Ok((told.word.name(), told.list.seal(&told.word, &keys)))
    }

    fn probe(
        &self,
        _members: Vec<(MirrorId, Member, Exposure)>,
        _source: Arc<Source>,
        _now: Timestamp,
    ) -> BoxFuture<'static, Vec<Probe>> {
        async { Vec::new() }.boxed()
    }

    fn announce(
        &self,
        way: String,
        _told: Told,
        _sealed: Sealed,
    ) -> BoxFuture<'static, Result<(), Trouble>> {
        async move { Err(Trouble(format!("there is no way `{way}`"))) }.boxed()
    }

    fn make(&self, _living: Vec<Member>) -> BoxFuture<'static, Result<Box<Member>, Trouble>> {
        async { Err(Trouble("nobody makes mirrors".into())) }.boxed()
    }

    fn alert(&self, _words: String) -> BoxFuture<'static, Result<(), Trouble>> {
        async { Ok(()) }.boxed()
    }

    fn say(&self, line: &str) {
        self.screen.line(line);
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::setup(&error).hint(error.hint())
    }
}

impl From<BookError> for Failure {
    fn from(error: BookError) -> Self {
        let hint = error.hint();
        Self::setup(&error).hint(hint)
    }
}
