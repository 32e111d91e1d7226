//! Bringing an edition to the mirrors, once.
//!
//! 1. A [`Source`] is an edition as it lies on a mirror, with updates from earlier editions.
//! 2. A [`Mirror`] is a folder, for which a [`plan`](plan()) is made and performed, or a colport server, which takes bundles.
//! 3. [`push_all`] goes to many at once. A dead or slow mirror costs only itself: each is given up after a time without
//!    progress, and none waits for another.
//! 4. What became of each is an [`Outcome`], seen by reading back as a reader would.
//!
//! Deliberately absent: retries and schedules (a daemon's), and any key: mirrors look at the signatures in the bundle.

pub mod daemon;
mod folder;
pub mod hooks;
mod plan;
pub mod pool;
pub mod rotation;
mod server;
pub mod simulation;
mod source;
pub mod watching;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use url::Url;

pub use plan::{Holding, Plan, Step, plan};
pub use server::Sending;
pub use source::{Item, Source, Stage};

use crate::base::EditionNumber;
use crate::io::address::{self, AddressError};
use crate::io::fetch::{Fetch, shown};
use crate::io::push::Post;

/// Who can ask and send.
pub trait Wire: Fetch + Post {}

impl<T: Fetch + Post> Wire for T {}

/// A mirror that editions are pushed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// What the operator calls it.
    pub name: String,
    pub place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Folder(PathBuf),
    /// A machine that runs `colport serve`.
    Colport(Url),
}

impl Place {
    /// What begins with `http://` or `https://` is a server, anything else the path of a folder.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.starts_with("http://") || text.starts_with("https://") {
            return address::parse(text).map(Self::Colport);
        }
        let path = text.strip_prefix("file://").unwrap_or(text);
        Ok(Self::Folder(path.into()))
    }

    /// Where readers find it, if that is known.
    pub fn url(&self) -> Option<&Url> {
        match self {
            Self::Folder(_) => None,
            Self::Colport(url) => Some(url),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::Colport(url) => f.write_str(&shown(url)),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Options {
    /// Mirrors that are served at one time.
    pub abreast: usize,
    /// A mirror with which nothing moves for so long is given up.
    pub stall: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            abreast: 16,
            stall: Duration::from_secs(30),
        }
    }
}

/// What became of one mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Pushed(Pushed),
    Already {
        edition: EditionNumber,
    },
    /// It answered and would not have it, or could not hold it.
    Refused(String),
    /// Nobody answered, or not until the end.
    Unreachable(String),
    /// It was sent, but what the mirror shows is not what was sent.
    Unsure(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pushed {
    pub edition: EditionNumber,
    /// That were sent or written.
    pub bytes: u64,
}

impl Outcome {
    /// Whether the mirror shows the edition now.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Pushed(_) | Self::Already { .. })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pushed(pushed) => {
                write!(
                    f,
                    "has edition {} now, {} bytes",
                    pushed.edition, pushed.bytes
                )
            }
            Self::Already { edition } => write!(f, "had edition {edition} already"),
            Self::Refused(why) => write!(f, "refused: {why}"),
            Self::Unreachable(why) => write!(f, "not reached: {why}"),
            Self::Unsure(why) => write!(f, "not sure: {why}"),
        }
    }
}

/// What happens meanwhile, to be shown. Mirrors are told by their place in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Begun {
        mirror: usize,
    },
    /// So many bytes of it so far.
    Progress {
        mirror: usize,
        bytes: u64,
    },
    Done {
        mirror: usize,
        outcome: Outcome,
    },
}

/// Brings the edition to all, and tells what became of each, in the order given.
pub async fn push_all(
    wire: &dyn Wire,
    source: &Arc<Source>,
    mirrors: &[Mirror],
    options: &Options,
    report: &mut (dyn FnMut(Event) + Send),
) -> Vec<(Mirror, Outcome)> {
    let (heard, mut hearing) = tokio::sync::mpsc::unbounded_channel();
    let all = mirrors.iter().cloned().enumerate();
    let pushes = futures_util::stream::iter(all).map(|(index, mirror)| {
        let heard = heard.clone();
        async move {
            // Nobody may be listening any more, which does not matter to the mirror.
            let tell = |event| drop(heard.send(event));
            tell(Event::Begun { mirror: index });
            let progress = |bytes| {
                tell(Event::Progress {
                    mirror: index,
                    bytes,
                })
            };
            let outcome = push(wire, source, &mirror.place, options, &progress).await;
            (index, mirror, outcome)
        }
    });
    let mut pushes = std::pin::pin!(pushes.buffer_unordered(options.abreast.max(1)));
    let mut outcomes = Vec::new();
    loop {
        tokio::select! {
            biased;
            Some(event) = hearing.recv() => report(event),
            done = pushes.next() => match done {
                Some((index, mirror, outcome)) => {
                    report(Event::Done { mirror: index, outcome: outcome.clone() });
                    outcomes.push((index, (mirror, outcome)));
                }
                None => break,
            },
        }
    }
    outcomes.sort_by_key(|(index, _)| *index);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

async fn push(
    wire: &dyn Wire,
    source: &Arc<Source>,
    place: &Place,
    options: &Options,
    progress: &(dyn Fn(u64) + Sync),
) -> Outcome {
    let pulse = Arc::new(Pulse::default());
    let work = async {
        match place {
            Place::Colport(url) => server::push(wire, url, source, &pulse).await,
            Place::Folder(path) => {
                let (path, source, pulse) = (path.clone(), source.clone(), pulse.clone());
                spawn_blocking(move || folder::push(&path, &source, &pulse))
                    .await
                    .expect("writing does not panic, and nobody cancels it")
            }
        }
    };
    tokio::select! {
        outcome = work => outcome,
        () = stalled(&pulse, options.stall, progress) => {
            let seconds = options.stall.as_secs();
            Outcome::Unreachable(format!("nothing moved for {seconds} seconds"))
        }
    }
}

const LOOK: Duration = Duration::from_millis(200);

/// By this others see that a push goes on.
#[derive(Debug, Default)]
struct Pulse {
    bytes: AtomicU64,
    beats: AtomicU64,
}

impl Pulse {
    fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
    }

    fn moved(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.beat();
    }
}

/// Ends when there was no beat for so long.
async fn stalled(pulse: &Pulse, stall: Duration, progress: &(dyn Fn(u64) + Sync)) {
    let (mut last_beat, mut last_bytes) = (0, 0);
    let mut still = Duration::ZERO;
    while still < stall {
        sleep(LOOK).await;
        still += LOOK;
        let beat = pulse.beats.load(Ordering::Relaxed);
        if beat != last_beat {
            (last_beat, still) = (beat, Duration::ZERO);
        }
        let bytes = pulse.bytes.load(Ordering::Relaxed);
        if bytes != last_bytes {
            last_bytes = bytes;
            progress(bytes);
        }
    }
}

/// What a push would do to one mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Of a folder.
    Steps(Plan),
    /// Of a server.
    Send(Sending),
    Unreachable(String),
}

/// What [`push_all`] would do. Nothing is changed anywhere.
pub async fn plan_all(
    wire: &dyn Wire,
    source: &Arc<Source>,
    mirrors: &[Mirror],
    options: &Options,
) -> Vec<(Mirror, Intent)> {
    let looks = futures_util::stream::iter(mirrors).map(|mirror| async move {
        let looked = tokio::time::timeout(options.stall, look(wire, source, &mirror.place)).await;
        let intent = looked.unwrap_or_else(|_| Intent::Unreachable("no answer in time".into()));
        (mirror.clone(), intent)
    });
    looks.buffered(options.abreast.max(1)).collect().await
}

async fn look(wire: &dyn Wire, source: &Arc<Source>, place: &Place) -> Intent {
    match place {
        Place::Colport(url) => match server::look(wire, url, source).await {
            Ok(sending) => Intent::Send(sending),
            Err(error) => Intent::Unreachable(error.reason()),
        },
        Place::Folder(path) => {
            let (path, source) = (path.clone(), source.clone());
            let looked =
                spawn_blocking(move || folder::look(&path, &source, &Pulse::default())).await;
            match looked.expect("looking does not panic, and nobody cancels it") {
                Ok(plan) => Intent::Steps(plan),
                Err(error) => Intent::Unreachable(error.to_string()),
            }
        }
    }
}
