//! The loop around the [`Daemon`]: the one place where it meets the world.
//!
//! 1. One event after another: the file was changed, an edition appeared, time passed, a task ended, the operator spoke,
//!    somebody wants it to stop.
//! 2. What the daemon then remembers is written down; only after that is anything done.
//! 3. Every effect is a task of its own, so that a dead mirror or a slow program holds up nobody.
//! 4. Who stops it waits for none of them: a push goes on where it was, and what was begun is begun again.
//!
//! What only others can do stands behind a [`Desk`]: reading the file, opening editions, signing, starting programs.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::SignedDuration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use url::Url;

use super::lists::{self, Sealed};
use super::{Daemon, Effect, Event, Member, Moment, Part, Steady, Told, View, Wanted};
use crate::base::{EditionNumber, Timestamp};
use crate::io::clock::Clock;
use crate::io::ledger::{Ledger, LedgerError};
use crate::io::line::{Limit, Sent};
use crate::sync::hooks;
use crate::sync::rotation::{MirrorId, Probe, VantageId};
use crate::sync::watching::hints;
use crate::sync::{self, Options, Outcome, Source, Wire};

/// How often the file and the folder are looked at.
const TICK: Duration = Duration::from_secs(5);
const COPY_EVERY: Duration = Duration::from_secs(3600);
/// No push goes on longer, however much of it moves: one that drips would never be tried anew. What our own limits take is not
/// the mirror's fault.
const LONGEST_PUSH: Duration = Duration::from_secs(4 * 3600);

/// Something of the newsroom's own that went wrong, in words for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Trouble(pub String);

/// What the daemon needs and cannot do itself.
pub trait Desk: Send + Sync + 'static {
    /// What the file says, if it is another than at the last call. That it cannot be understood is said at every call, as
    /// long as it is so. `made`: what was said of mirrors that do not stand in it.
    fn wanted(&self, made: &[String]) -> Option<Result<Wanted, Trouble>>;

    /// The number of the newest edition in the folder.
    fn newest(&self) -> Result<Option<EditionNumber>, Trouble>;

    /// The newest edition with everything that belongs to it on a mirror. May take seconds.
    fn source(&self) -> Result<Arc<Source>, Trouble>;

    fn seal(&self, told: &Told) -> Result<Sealed, Trouble>;

    /// Looks at those of the mirrors that the vantage may see. Each is told with the time at which it was seen.
    fn probe(
        &self,
        vantage: VantageId,
        members: Vec<(MirrorId, Member, Exposure)>,
        source: Arc<Source>,
        now: Timestamp,
    ) -> BoxFuture<'static, Vec<Probe>>;

    fn announce(
        &self,
        way: String,
        told: Told,
        sealed: Sealed,
    ) -> BoxFuture<'static, Result<(), Trouble>>;

    /// `follow`: which mirrors it may be told of, to copy them.
    fn make(
        &self,
        living: Vec<Member>,
        follow: Vec<Url>,
    ) -> BoxFuture<'static, Result<Box<Member>, Trouble>>;

    fn alert(&self, words: String) -> BoxFuture<'static, Result<(), Trouble>>;

    /// How to push.
    fn options(&self) -> Options;

    /// Shown to whoever sits at the terminal. Names no address.
    fn say(&self, line: &str);
}

/// Whether somebody was told of a mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    Told,
    Untold,
}

/// Whoever looks after the mirrors.
pub struct Operator {
    /// What he says.
    pub said: mpsc::Receiver<Event>,
    /// How things stand is shown here.
    pub views: watch::Sender<View>,
}

/// Until `stopped` ends.
pub async fn run(
    desk: Arc<dyn Desk>,
    wire: Arc<dyn Wire>,
    clock: &dyn Clock,
    mut ledger: Ledger,
    mut daemon: Daemon,
    mut operator: Operator,
    stopped: impl Future<Output = ()>,
) -> Result<(), LedgerError> {
    let begun = Instant::now();
    let mut steady = Steady::start(clock.now(), daemon.last());
    let mut tasks: JoinSet<Event> = JoinSet::new();
    let mut stopped = std::pin::pin!(stopped);
    let mut room = Room {
        desk,
        wire,
        source: None,
        edition: 0,
        line: None,
        under_way: UnderWay::default(),
    };
    let mut events = vec![Event::Tick];
    let mut waiting: Vec<Effect> = Vec::new();
    let mut copied: Option<Instant> = None;
    let mut told_full = false;
    loop {
        let passed = SignedDuration::try_from(begun.elapsed()).unwrap_or_default();
        let (moment, jump) = steady.tell(clock.now(), passed);
        if let Some(off) = jump {
            events.push(trouble(Part::Clock, jumped(off)));
        } else if !steady.is_apart() && daemon.is_in_trouble(Part::Clock) {
            events.push(trouble(Part::Clock, String::new()));
        }
        daemon.line_is_limited(room.desk.options().line_bytes_per_second.is_some());
        events.extend(room.look(&daemon));
        for event in events.drain(..) {
            waiting.extend(daemon.on(event, moment));
        }
        match ledger.commit(daemon.entries()) {
            Ok(()) => {
                if told_full {
                    told_full = false;
                    events.push(trouble(Part::Memory, String::new()));
                }
                for effect in waiting.drain(..) {
                    room.perform(effect, &daemon, moment, &mut tasks);
                }
            }
            // Nothing is done that would be forgotten. The operator is told all the same: to be told twice does no harm.
            Err(error) => {
                if !told_full {
                    told_full = true;
                    let words = format!("nothing is done until this is mended: {error}");
                    waiting.extend(daemon.on(trouble(Part::Memory, words), moment));
                }
                let is_alert = |effect: &mut Effect| matches!(effect, Effect::Alert(_));
                for alert in waiting.extract_if(.., is_alert) {
                    room.perform(alert, &daemon, moment, &mut tasks);
                }
            }
        }
        if copied.is_none_or(|at| at.elapsed() >= COPY_EVERY) && ledger.copy().is_ok() {
            copied = Some(Instant::now());
        }
        let view = View::of(&daemon, moment).with_progress(&locked(&room.under_way));
        operator.views.send_replace(view);
        tokio::select! {
            biased;
            () = &mut stopped => break,
            Some(done) = tasks.join_next(), if !tasks.is_empty() => events.extend(done.ok()),
            Some(event) = operator.said.recv() => events.push(event),
            () = tokio::time::sleep(TICK) => events.push(Event::Tick),
        }
        while let Some(done) = tasks.try_join_next() {
            events.extend(done.ok());
        }
    }
    tasks.shutdown().await;
    // The next start goes on from the database; the copy is for a bad day.
    let _ = ledger.copy();
    Ok(())
}

fn trouble(of: Part, words: String) -> Event {
    Event::Trouble { of, words }
}

fn jumped(off: SignedDuration) -> String {
    let (hours, way) = (
        off.as_secs().unsigned_abs() / 3600,
        if off.is_positive() { "ahead" } else { "back" },
    );
    let minutes = off.as_secs().unsigned_abs() % 3600 / 60;
    format!(
        "this machine's clock jumped {way} by {hours} h {minutes} min; nothing is rotated for it, and it is followed slowly"
    )
}

struct Room {
    desk: Arc<dyn Desk>,
    wire: Arc<dyn Wire>,
    source: Option<Arc<Source>>,
    /// Of the folder, as it was last looked at.
    edition: EditionNumber,
    /// What all pushes share, and for how many bytes a second.
    line: Option<(u64, Arc<Limit>)>,
    under_way: UnderWay,
}

/// How far each push under way has come.
type UnderWay = Arc<Mutex<BTreeMap<MirrorId, Sent>>>;

/// Counts one push, until it ends, however it does.
struct Counting {
    id: MirrorId,
    under_way: UnderWay,
}

impl Counting {
    fn tell(&self, event: &sync::Event) {
        let sent = match event {
            sync::Event::Begun { .. } => Sent::default(),
            sync::Event::Progress { sent, .. } => *sent,
            sync::Event::Done { .. } => return,
        };
        locked(&self.under_way).insert(self.id, sent);
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        locked(&self.under_way).remove(&self.id);
    }
}

fn locked(under_way: &UnderWay) -> MutexGuard<'_, BTreeMap<MirrorId, Sent>> {
    under_way.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Room {
    /// What changed in the newsroom's folder.
    fn look(&mut self, daemon: &Daemon) -> Vec<Event> {
        let mut events = Vec::new();
        let (mut file, mut folder) = (String::new(), String::new());
        match self.desk.wanted(&daemon.made()) {
            Some(Ok(wanted)) => events.push(Event::Configured(wanted)),
            Some(Err(trouble)) => file = trouble.0,
            None => {}
        }
        match self.desk.newest() {
            Ok(Some(edition)) if edition != self.edition => {
                self.edition = edition;
                self.source = None;
                events.push(Event::Edition(edition));
            }
            Ok(_) => {}
            Err(trouble) => folder = trouble.0,
        }
        for (of, words) in [(Part::File, file), (Part::Folder, folder)] {
            if !words.is_empty() || daemon.is_in_trouble(of) {
                events.push(trouble(of, words));
            }
        }
        events
    }

    /// The newest edition, opened once.
    fn source(&mut self) -> Result<Arc<Source>, Trouble> {
        if let Some(source) = &self.source {
            return Ok(source.clone());
        }
        let source = self.desk.source()?;
        self.source = Some(source.clone());
        Ok(source)
    }

    fn perform(
        &mut self,
        effect: Effect,
        daemon: &Daemon,
        now: Moment,
        tasks: &mut JoinSet<Event>,
    ) {
        match effect {
            Effect::Push {
                mirror,
                edition,
                lists,
            } => {
                // It left in the same round: that is no trouble.
                let Some(member) = daemon.member(mirror).cloned() else {
                    tasks.spawn(async { Event::Tick });
                    return;
                };
                let versions = lists.iter().map(|told| (told.channel, told.list.version));
                let versions: Vec<_> = versions.collect();
                let pushing = self.pushing(mirror, member, &lists);
                tasks.spawn(async move {
                    let delivery = match pushing {
                        Ok(pushing) => {
                            let broken = || Delivery {
                                outcome: Outcome::Unsure(sync::BROKEN.into()),
                                shows: Vec::new(),
                                untaken: None,
                            };
                            caught(pushing, broken).await
                        }
                        Err(trouble) => {
                            return Event::Held {
                                mirror,
                                why: trouble.0,
                            };
                        }
                    };
                    Event::Pushed {
                        mirror,
                        edition,
                        outcome: discreet(delivery.outcome),
                        lists: shown(versions, delivery.shows),
                        untaken: delivery.untaken.map(discreet),
                    }
                });
            }
            Effect::Probe { vantage, mirrors } => {
                let exposed = |id: &MirrorId| match daemon.is_told(*id) {
                    true => Exposure::Told,
                    false => Exposure::Untold,
                };
                let members = mirrors
                    .iter()
                    .filter_map(|id| Some((*id, daemon.member(*id)?.clone(), exposed(id))))
                    .collect();
                let looking = self
                    .source()
                    .map(|source| self.desk.probe(vantage, members, source, now.steady));
                tasks.spawn(async move {
                    let probes = match looking {
                        Ok(looking) => caught(looking, Vec::new).await,
                        Err(_) => Vec::new(),
                    };
                    Event::Probed { vantage, probes }
                });
            }
            Effect::Hear(mirrors) => {
                let url = |id: &MirrorId| daemon.member(*id)?.server().cloned();
                let from: Vec<Url> = mirrors.iter().filter_map(url).collect();
                let all = daemon.addresses();
                let wire = self.wire.clone();
                tasks.spawn(async move {
                    let hearing = hints::hear(wire.as_ref(), &from, &all);
                    Event::Heard(caught(hearing, Vec::new).await)
                });
            }
            Effect::Announce { way, told } => {
                let (channel, version) = (told.channel, told.list.version);
                let telling = self
                    .desk
                    .seal(&told)
                    .map(|sealed| self.desk.announce(way.clone(), told, sealed));
                tasks.spawn(async move {
                    let told = match telling {
                        Ok(telling) => caught(telling, broken).await,
                        Err(trouble) => Err(trouble),
                    };
                    Event::Announced {
                        channel,
                        way,
                        version,
                        failed: told.err().map(|trouble| trouble.0),
                    }
                });
            }
            Effect::Make { follow } => {
                let making = self.desk.make(daemon.members(), follow);
                tasks.spawn(async move {
                    let made = caught(making, broken).await;
                    Event::Made(made.map_err(|trouble| trouble.0))
                });
            }
            // A host that stands in the file is the operator's to switch off: the journal says so.
            Effect::Retire { .. } => {}
            Effect::Alert(words) => {
                self.desk.say(&words);
                let alerting = self.desk.alert(words);
                let desk = self.desk.clone();
                tasks.spawn(async move {
                    if let Err(trouble) = caught(alerting, broken).await {
                        desk.say(&format!("nobody could be alerted: {trouble}"));
                    }
                    Event::Tick
                });
            }
        }
    }

    fn pushing(
        &mut self,
        id: MirrorId,
        member: Member,
        lists: &[Told],
    ) -> Result<BoxFuture<'static, Delivery>, Trouble> {
        let sealed = lists
            .iter()
            .map(|told| self.desk.seal(told))
            .collect::<Result<Vec<Sealed>, _>>()?;
        let (source, wire) = (self.source()?, self.wire.clone());
        let options = Options {
            longest: Some(LONGEST_PUSH),
            ..self.desk.options()
        };
        let (line, under_way) = (self.line(&options), self.under_way.clone());
        Ok(Box::pin(async move {
            let counting = Counting { id, under_way };
            let mut tell = |event| counting.tell(&event);
            push(
                wire.as_ref(),
                &source,
                member,
                &sealed,
                &options,
                line,
                &mut tell,
            )
            .await
        }))
    }

    /// The one limit of the whole line, as long as the file says the same.
    fn line(&mut self, options: &Options) -> Option<Arc<Limit>> {
        let all = options.line_bytes_per_second?;
        if self.line.as_ref().is_none_or(|(of, _)| *of != all) {
            self.line = Some((all, Arc::new(Limit::new(all))));
        }
        self.line.as_ref().map(|(_, limit)| limit.clone())
    }
}

/// Without the addresses that hosts, and the programs that reach them, name when something goes wrong.
fn discreet(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Refused(why) => Outcome::Refused(hooks::discreet(&why)),
        Outcome::Unreachable(why) => Outcome::Unreachable(hooks::discreet(&why)),
        Outcome::Unsure(why) => Outcome::Unsure(hooks::discreet(&why)),
        Outcome::Pushed(_)
        | Outcome::Already { .. }
        | Outcome::Taken(_)
        | Outcome::Behind { .. } => outcome,
    }
}

/// What comes of it. Where our own code breaks off over what a stranger sent, that is a failure like others: what waits for
/// this end would otherwise wait for ever.
async fn caught<T>(work: impl Future<Output = T>, broken: impl FnOnce() -> T) -> T {
    let done = AssertUnwindSafe(work).catch_unwind().await;
    done.unwrap_or_else(|_| broken())
}

fn broken<T>() -> Result<T, Trouble> {
    Err(Trouble(sync::BROKEN.into()))
}

/// Those of the lists that the mirror shows.
fn shown<T>(lists: Vec<T>, shows: Vec<bool>) -> Vec<T> {
    let lists = lists.into_iter().zip(shows);
    lists
        .filter_map(|(list, shows)| shows.then_some(list))
        .collect()
}

/// What came of one push.
struct Delivery {
    /// Of the edition.
    outcome: Outcome,
    /// Of each list, whether the mirror shows it.
    shows: Vec<bool>,
    untaken: Option<Outcome>,
}

async fn push(
    wire: &dyn Wire,
    source: &Arc<Source>,
    member: Member,
    lists: &[Sealed],
    options: &Options,
    line: Option<Arc<Limit>>,
    tell: &mut (dyn FnMut(sync::Event) + Send),
) -> Delivery {
    let server = member.server().cloned();
    let mirrors = [member.mirror];
    let source = match server {
        Some(_) => source.clone(),
        None => Arc::new(lists::beside(source, lists)),
    };
    let pushed = sync::push_along(line, wire, &source, &mirrors, options, tell).await;
    let outcome = pushed.into_iter().next().map(|(_, outcome)| outcome);
    let outcome = outcome.unwrap_or_else(|| Outcome::Unreachable("nothing came of it".into()));
    let (shows, untaken) = match server {
        Some(url) if outcome.is_good() => lists::send(wire, &url, lists, options.stall).await,
        _ => (vec![outcome.is_good(); lists.len()], None),
    };
    Delivery {
        outcome,
        shows,
        untaken,
    }
}
