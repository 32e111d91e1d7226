//! `colport sync` without `--once`: the newsroom's side of the [daemon](crate::sync::daemon).
//!
//! 1. Its memory is opened, or refused in words: a second daemon, a torn database, another format.
//! 2. [`NewsroomDesk`] reads the file and the folder, and signs.
//! 3. Beside it run the operator's [page](crate::sync::daemon::page), and a file that says how things stand, for
//!    `colport mirrors`.
//! 4. It goes on until somebody wants it to stop.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::failure::{Failure, Outcome};
use super::screen::Screen;
use super::serve::until_interrupted;
use super::sync::source;
use crate::base::{EditionNumber, Timestamp};
use crate::config::{self, Config};
use crate::io::clock::SystemClock;
use crate::io::door;
use crate::io::fetch::{HttpFetch, Patience};
use crate::io::files::{self, Marks};
use crate::io::ledger::{Ledger, LedgerError};
use crate::io::random;
use crate::packager::NewsroomFolder;
use crate::sync::Source;
use crate::sync::daemon::page::{self, Office};
use crate::sync::daemon::{
    self, Announcement, BookError, Daemon, Desk, Exposure, FILES, Member, Sealed, Told, Trouble,
    View, Wanted,
};
use crate::sync::rotation::{MirrorId, Probe};

/// The daemon's memory in the folder `sync`.
const MEMORY: &str = "state.redb";
/// How things stand, in the same folder.
pub(super) const STATUS: &str = "status.json";
const STATUS_EVERY: Duration = Duration::from_secs(2);

pub(super) async fn keep(site: &Path, screen: &Screen) -> Outcome {
    // Once in front of the person, who can mend it.
    let config = config::load(site)?;
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
    let (say, said) = mpsc::channel(16);
    let (views, seen) = watch::channel(View::default());
    let mut beside = JoinSet::new();
    beside.spawn(write_status(sync.join(STATUS), seen.clone()));
    if let Some(address) = config.page {
        let (listener, address) = page_listener(address).await?;
        let token = random::token();
        beside.spawn(page::serve(
            listener,
            address,
            Office {
                views: seen,
                say: say.clone(),
                token,
            },
        ));
        screen.line(format!("How things stand is shown on http://{address}/"));
    }
    screen.line("Mirrors are kept up to date from now on. Ctrl-C ends it.");
    let wire = Arc::new(HttpFetch::new(Patience::default()));
    let (clock, stop) = (&SystemClock, until_interrupted());
    daemon::run(desk, wire, clock, ledger, memory, said, views, stop).await?;
    drop(say);
    screen.line("Stopped.");
    Ok(())
}

async fn page_listener(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    door::open(address).await.map_err(|error| {
        Failure::setup(format!("could not listen on `{address}`: {error}")).try_this(
            "stop what listens there, or choose another `page` under `[sync]` in `colport.toml`",
        )
    })
}

async fn write_status(place: PathBuf, mut seen: watch::Receiver<View>) {
    while seen.changed().await.is_ok() {
        let view = seen.borrow_and_update().clone();
        let json = serde_json::to_vec(&view).unwrap_or_default();
        // Written again in a moment; the daemon's own memory tells of a full disk.
        let _ = files::replace_private(&place, &json);
        tokio::time::sleep(STATUS_EVERY).await;
    }
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

impl NewsroomDesk {
    /// The file as it was last understood.
    fn config(&self) -> Result<Arc<Config>, Trouble> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let config = read.as_ref().map(|(_, config)| config.clone());
        config.ok_or_else(|| Trouble("`colport.toml` cannot be read".into()))
    }

    /// For people and programs that announce by themselves, and at meeting places.
    fn lay_out(&self, config: &Config, told: &Told, sealed: &Sealed) -> Result<(), Trouble> {
        let announcement = self.announcement(config, told, sealed)?;
        let folder = self
            .folder
            .sync_folder()
            .map_err(trouble)?
            .join("announce")
            .join(&told.name);
        files::create_private_folder(&folder).map_err(trouble)?;
        let mut laid = vec![
            ("text.txt", announcement.text.clone().into_bytes()),
            ("qr.svg", announcement.qr_svg.clone().into_bytes()),
            ("qr.txt", announcement.qr_terminal.clone().into_bytes()),
            ("list.json", announcement.list.clone()),
        ];
        if let Some(name) = &config.wanted.rendezvous.dns {
            laid.push(("zone.txt", announcement.zone(name).into_bytes()));
        }
        for (name, bytes) in laid {
            files::replace_private(&folder.join(name), &bytes).map_err(trouble)?;
        }
        for place in &config.meeting_places {
            let file = place.folder.join(format!("{}.json", announcement.name));
            files::write(&file, &announcement.list).map_err(trouble)?;
        }
        Ok(())
    }

    fn announcement(
        &self,
        config: &Config,
        told: &Told,
        sealed: &Sealed,
    ) -> Result<Announcement, Trouble> {
        let fingerprint = self.folder.fingerprint().map_err(trouble)?;
        let mut languages = vec![config.site.language.clone()];
        for desk in &config.newsrooms {
            if !languages.contains(&desk.newsroom.language) {
                languages.push(desk.newsroom.language.clone());
            }
        }
        Ok(Announcement::of(
            told,
            sealed,
            &config.site.name,
            &languages,
            fingerprint,
        ))
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
        told: Told,
        sealed: Sealed,
    ) -> BoxFuture<'static, Result<(), Trouble>> {
        let told = self.config().and_then(|config| match way.as_str() {
            FILES => self.lay_out(&config, &told, &sealed),
            _ => Err(Trouble(format!("there is no way `{way}`"))),
        });
        async { told }.boxed()
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
