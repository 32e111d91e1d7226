//! Bringing an edition to the mirrors, once.
//!
//! 1. A [`Source`] is an edition as it lies on a mirror, with updates from earlier editions.
//! 2. A [`Mirror`] is a host that keeps files, for which a [`plan`](plan()) is made and performed ([`Push`]); or a colport
//!    server, which takes bundles; or one that copies others, to which nothing is sent.
//! 3. [`push_all`] goes to many at once. A dead or slow mirror costs only itself: a slow one gives way to the next, and each
//!    is given up after a time without progress; one that was there at first, after the second such time.
//! 4. What became of each is an [`Outcome`], seen by reading back as a reader would.
//!
//! Deliberately absent: schedules (a daemon's), and any key: mirrors look at the signatures in the bundle.

pub mod daemon;
pub mod hooks;
mod hosts;
mod lanes;
mod plan;
pub mod pool;
pub mod rotation;
mod server;
pub mod simulation;
mod source;
pub mod watching;

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use tokio::sync::SemaphorePermit;
use url::Url;

pub use hosts::Push;
pub use plan::{Holding, Plan, Step, plan};
pub use server::Sending;
pub use source::{Item, Source, Stage};

use crate::base::EditionNumber;
use crate::io::address::{self, AddressError};
use crate::io::fetch::{Fetch, shown};
use crate::io::line::{Limit, Line, Sent};
use crate::io::push::Post;
use crate::io::store::{self, Keeper, Store, StoreError};
use lanes::{Lanes, Over};

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
    /// One that runs `colport serve --from`: it copies others, so nothing is sent to it, and it is only looked at.
    Follows(Url),
    Host(Host),
}

/// A host that keeps files, of whatever kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    pub keeper: Keeper,
    /// Where readers find it.
    pub url: Option<Url>,
    /// See [`Push::bundles`].
    pub bundles: bool,
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

    fn has_bundles(&self) -> bool {
        match self {
            Self::Host(host) => host.bundles,
            Self::Folder(_) | Self::Colport(_) | Self::Follows(_) => true,
        }
    }

    /// Where readers find it, if that is known.
    pub fn url(&self) -> Option<&Url> {
        match self {
            Self::Folder(_) => None,
            Self::Colport(url) | Self::Follows(url) => Some(url),
            Self::Host(host) => host.url.as_ref(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::Colport(url) | Self::Follows(url) => f.write_str(&shown(url)),
            Self::Host(host) => host.keeper.fmt(f),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Mirrors that are served at one time; slow ones are served beside them.
    pub abreast: usize,
    /// A mirror with which nothing moves for so long is given up.
    pub stall: Duration,
    /// So is one with which it takes longer, however much moves. What our own limits take does not count.
    pub longest: Option<Duration>,
    /// What may go out to all mirrors together.
    pub line_bytes_per_second: Option<u64>,
    /// What may go out to each.
    pub mirror_bytes_per_second: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            abreast: 16,
            stall: Duration::from_secs(30),
            longest: None,
            line_bytes_per_second: None,
            mirror_bytes_per_second: None,
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
    /// It took it, and shows it in its own time: nobody has read it there yet.
    Taken(Pushed),
    /// It copies others and has not copied the edition yet; it has this one, or one that we do not know, or none.
    Behind {
        edition: Option<EditionNumber>,
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

    /// Whether something is wrong, or may be. Who copies others, or builds its pages first, may take his time.
    pub fn is_fault(&self) -> bool {
        !self.is_good() && !matches!(self, Self::Behind { .. } | Self::Taken(_))
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
            Self::Taken(pushed) => write!(
                f,
                "took edition {}, {} bytes, and was not read yet",
                pushed.edition, pushed.bytes
            ),
            Self::Behind {
                edition: Some(edition),
            } => write!(f, "copies others, and has edition {edition} so far"),
            Self::Behind { edition: None } => {
                f.write_str("copies others, and has none of ours yet")
            }
            Self::Refused(why) => write!(f, "refused: {why}"),
            Self::Unreachable(why) => write!(f, "not reached: {why}"),
            Self::Unsure(why) => write!(f, "not sure: {why}"),
        }
    }
}

/// What happens meanwhile, to be shown. Mirrors are told by their place in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Begun { mirror: usize },
    Progress { mirror: usize, sent: Sent },
    Done { mirror: usize, outcome: Outcome },
}

/// Brings the edition to all, and tells what became of each, in the order given.
pub async fn push_all(
    wire: &dyn Wire,
    source: &Arc<Source>,
    mirrors: &[Mirror],
    options: &Options,
    report: &mut (dyn FnMut(Event) + Send),
) -> Vec<(Mirror, Outcome)> {
    let whole_line = options.line_bytes_per_second.map(Limit::new).map(Arc::new);
    push_along(whole_line, wire, source, mirrors, options, report).await
}

/// The same, where others may send along the line at the same time: its limit is theirs too.
pub(crate) async fn push_along(
    whole_line: Option<Arc<Limit>>,
    wire: &dyn Wire,
    source: &Arc<Source>,
    mirrors: &[Mirror],
    options: &Options,
    report: &mut (dyn FnMut(Event) + Send),
) -> Vec<(Mirror, Outcome)> {
    let (heard, mut hearing) = tokio::sync::mpsc::unbounded_channel();
    let lanes = &Lanes::new(options.abreast.max(1));
    let limit = |bytes: u64| Arc::new(Limit::new(bytes));
    let whole_line = &whole_line;
    let pushes = in_order(mirrors).map(|(index, mirror)| {
        let heard = heard.clone();
        async move {
            let lane = lanes.enter().await;
            // Nobody may be listening any more, which does not matter to the mirror.
            let tell = |event| drop(heard.send(event));
            tell(Event::Begun { mirror: index });
            let progress = |sent| {
                tell(Event::Progress {
                    mirror: index,
                    sent,
                })
            };
            let own = options.mirror_bytes_per_second.map(limit);
            let limits = whole_line.iter().cloned().chain(own).collect();
            let line = Arc::new(Line::new(limits));
            let outcome =
                served(wire, source, &mirror.place, &line, lane, options, &progress).await;
            (index, mirror.clone(), outcome)
        }
        .boxed()
    });
    let most = Lanes::most(options.abreast.max(1));
    let pushes: Vec<_> = pushes.collect();
    let pushes = futures_util::stream::iter(pushes).buffer_unordered(most);
    let mut pushes = std::pin::pin!(pushes);
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

/// What is said where our own code breaks off over what a stranger sent.
pub(crate) const BROKEN: &str = "colport itself broke off over what it was answered";

/// One mirror that makes us stumble stops no push to others.
async fn unbroken(push: impl Future<Output = Outcome>) -> Outcome {
    let pushed = AssertUnwindSafe(push).catch_unwind().await;
    pushed.unwrap_or_else(|_| Outcome::Unsure(BROKEN.into()))
}

/// Who answered and then fell still may only have had too much to do, so it is tried a second time, beside the others.
async fn served(
    wire: &dyn Wire,
    source: &Arc<Source>,
    place: &Place,
    line: &Arc<Line>,
    mut lane: Option<SemaphorePermit<'_>>,
    options: &Options,
    progress: &(dyn Fn(Sent) + Sync),
) -> Outcome {
    let (stall, longest) = (options.stall, options.longest);
    for is_last in [false, true] {
        line.let_work(Duration::ZERO);
        let over = tokio::select! {
            outcome = unbroken(push(wire, source, place, line)) => return outcome,
            over = lanes::watch(line, lane.take(), stall, longest, progress) => over,
        };
        if over == Over::Long {
            let hours = longest.unwrap_or_default().as_secs() / 3600;
            return Outcome::Unreachable(format!("it was not done within {hours} hours"));
        }
        if is_last || line.beats() == 0 {
            break;
        }
    }
    Outcome::Unreachable(format!("nothing moved for {} seconds", stall.as_secs()))
}

/// Those who copy others come last: then there is something to copy.
fn in_order(mirrors: &[Mirror]) -> impl Iterator<Item = (usize, &Mirror)> {
    let follows = |mirror: &Mirror| matches!(mirror.place, Place::Follows(_));
    let pushed = mirrors
        .iter()
        .enumerate()
        .filter(move |(_, it)| !follows(it));
    let following = mirrors
        .iter()
        .enumerate()
        .filter(move |(_, it)| follows(it));
    pushed.chain(following)
}

async fn push(wire: &dyn Wire, source: &Arc<Source>, place: &Place, line: &Arc<Line>) -> Outcome {
    match place {
        Place::Colport(url) => server::push(wire, url, source, line).await,
        Place::Follows(url) => server::watch(wire, url, source).await,
        Place::Folder(_) | Place::Host(_) => match opened(place, line) {
            Ok(store) => {
                let push = Push {
                    store: &*store,
                    line,
                    source,
                    bundles: place.has_bundles(),
                    reader: place.url().map(|url| (wire, url)),
                };
                push.perform().await
            }
            // It was not asked yet.
            Err(error) => Outcome::Unreachable(error.to_string()),
        },
    }
}

fn opened(place: &Place, line: &Arc<Line>) -> Result<Box<dyn Store>, StoreError> {
    match place {
        Place::Folder(path) => store::open(&Keeper::Folder(path.clone()), line),
        Place::Host(host) => store::open(&host.keeper, line),
        Place::Colport(url) | Place::Follows(url) => Err(StoreError::Permanent(format!(
            "`{}` keeps no files of ours",
            shown(url)
        ))),
    }
}

/// What a push would do to one mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Of a host that keeps files.
    Steps(Plan),
    /// Of a server.
    Send(Sending),
    /// It copies others.
    Leave,
    Unreachable(String),
}

/// What [`push_all`] would do. Nothing is changed anywhere.
pub async fn plan_all(
    wire: &dyn Wire,
    source: &Arc<Source>,
    mirrors: &[Mirror],
    options: &Options,
) -> Vec<(Mirror, Intent)> {
    let looks = mirrors.iter().map(|mirror| {
        async move {
            let looked = look(wire, source, &mirror.place);
            let looked = tokio::time::timeout(options.stall, looked).await;
            let intent = looked.unwrap_or_else(|_| Intent::Unreachable("no answer in time".into()));
            (mirror.clone(), intent)
        }
        .boxed()
    });
    let looks: Vec<_> = looks.collect();
    let looks = futures_util::stream::iter(looks).buffered(options.abreast.max(1));
    looks.collect().await
}

async fn look(wire: &dyn Wire, source: &Arc<Source>, place: &Place) -> Intent {
    match place {
        Place::Colport(url) => match server::look(wire, url, source).await {
            Ok(sending) => Intent::Send(sending),
            Err(error) => Intent::Unreachable(error.reason()),
        },
        Place::Follows(_) => Intent::Leave,
        Place::Folder(_) | Place::Host(_) => match look_at_files(source, place).await {
            Ok(plan) => Intent::Steps(plan),
            Err(error) => Intent::Unreachable(error.to_string()),
        },
    }
}

async fn look_at_files(source: &Source, place: &Place) -> Result<Plan, StoreError> {
    let line = Arc::new(Line::default());
    let store = opened(place, &line)?;
    let push = Push {
        store: &*store,
        line: &line,
        source,
        bundles: place.has_bundles(),
        reader: None,
    };
    push.look().await
}
