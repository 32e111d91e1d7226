//! The mirror server: shows one verified edition, and takes in newer ones.
//!
//! 1. [`prepare`] takes the address first, so that a port in use is known at once, then all else that only the machine can
//!    give. Behind that the program can be shut in with its state folder and its certificates.
//! 2. [`Prepared::start`] opens the state folder ([`holdings`]) and verifies what lies there, every byte, then the bundle it was given,
//!    if that is newer. Only then does the first byte go out; but what was verified before is shown at once, and verified
//!    behind that ([`seal`]).
//! 3. [`listen`] accepts connections, in a thread for each processor, and watches over them; [`crowd`] sees to it that no
//!    address takes all of them; [`wire`] counts their bytes and closes them with care; [`tls`] has the certificates, and
//!    [`renewal`] gets them if that is wanted.
//! 4. A request to read is answered by [`respond`], a function of values, out of the edition that is live when it
//!    comes ([`current`]): plain ones in the fast [`lane`], all others by hyper. Beside the edition stand the sealed lists of
//!    channels ([`lists`]) and its other [`forms`], which are made behind.
//! 5. A bundle that someone brings goes through [`intake`], and when it is proved takes the place of the live one. One that this
//!    program fetched elsewhere comes by the [`door`].
//! 6. What readers' clients tell of other mirrors is counted in memory ([`reports`]).
//!
//! Deliberately absent: any record of readers. No address is kept, no user agent is read, nothing is logged; there are
//! only [`counters`], told to this machine by the [`office`] if that is wanted.
//! Also absent is any key: a mirror can prove what it shows and cannot make anything up.

mod admission;
mod counters;
mod crowd;
mod current;
mod door;
mod fitness;
mod forgetful;
mod forms;
mod head;
mod holdings;
mod index;
mod intake;
mod lane;
mod line;
mod listen;
mod lists;
mod names;
mod office;
mod places;
mod ration;
mod refused;
mod renewal;
mod reports;
mod respond;
mod round;
mod seal;
mod shares;
mod show;
mod threads;
mod tls;
mod wire;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use jiff::Timestamp;
use tokio::net::TcpSocket;
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

pub use crowd::CrowdBounds;
pub use door::Door;
pub use fitness::Unfit;
pub use holdings::{Anchor, HoldingsError};
pub use intake::IntakeBounds;
pub use listen::Bounds;
pub use names::{HostName, HostNameError};
pub use refused::Refused;
pub use renewal::{Acme, LETS_ENCRYPT, News, OrderError, Renewal, Validity};
pub use respond::INTAKE;
pub use show::{Showing, show};
pub use tls::{Identity, TlsError};

use crate::base::EditionNumber;
use crate::io::clock::Clock;
use crate::io::enclosure::{self, Open};
use crate::io::evidence;
use crate::io::files;
use crate::io::memory;
use crate::io::part::Lock;
use crate::io::report::{REPORT_BYTES, Report};
use crate::site::{self, Language};
use counters::Counters;
use crowd::Crowd;
use head::{Bare, Heard, Room};
use holdings::Holdings;
use intake::Intake;
use listen::{Answer, Hall, Stop};
use lists::Lists;
use names::Names;
use office::Office;
use renewal::Kept;
use reports::{REPORTS, Tally};
use respond::{Allowed, Body, Brief, NotFoundPages};
use tls::{Certificates, Speaks, Terms};
use wire::Progress;

/// What a mirror needs to know. [`Options::new`] sets what is seldom set otherwise.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where editions are kept; made if it is not there. One folder, one server, one site.
    pub state: PathBuf,
    /// Whom to trust. Needed once; then the state folder knows, and it is only compared.
    pub anchor: Option<Anchor>,
    /// Port 0 takes any free port.
    pub listen: SocketAddr,
    /// A bundle to begin with, full or an update; copied into the state folder if it is newer than what is held.
    pub bundle: Option<PathBuf>,
    /// To speak TLS with. Without any, plain HTTP is spoken: behind a proxy, or an onion service.
    pub identities: Vec<Identity>,
    /// To get certificates by itself. Then [`Server::renewal`] must be kept going.
    pub acme: Option<Acme>,
    /// The names to answer under. Without any, those of the certificates; without those, all.
    pub names: Vec<String>,
    /// For networks that let a connection freeze after so many bytes, both ways together.
    pub thin: Option<u64>,
    /// Where to tell what goes on, as numbers: see [`counters`].
    pub metrics: Option<SocketAddr>,
    pub bounds: Bounds,
    pub intake: IntakeBounds,
}

impl Options {
    pub fn new(state: PathBuf, listen: SocketAddr) -> Self {
        Self {
            state,
            anchor: None,
            listen,
            bundle: None,
            identities: Vec::new(),
            acme: None,
            names: Vec::new(),
            thin: None,
            metrics: None,
            bounds: Bounds::default(),
            intake: IntakeBounds::default(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the address `{0}` is in use by another program")]
    AddressInUse(SocketAddr),
    #[error("could not listen on `{address}`: {source}")]
    Listen {
        address: SocketAddr,
        source: io::Error,
    },
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Holdings(#[from] HoldingsError),
}

impl StartError {
    fn of(address: SocketAddr, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::AddressInUse(address),
            _ => Self::Listen { address, source },
        }
    }

    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        let words = match self {
            Self::Holdings(error) => return error.hint(),
            Self::Tls(error) => return error.hint(),
            Self::AddressInUse(_) => {
                "see with `ss -ltnp` which one it is; stop it, or choose another port with `--listen` or `--metrics`"
            }
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "ports below 1024 are root's to give: run it with `sudo`, and the rights are given away at once; or choose a \
                 higher port with `--listen` (but an authority comes to 443 only)"
            }
            Self::Listen { .. } => "check that the address belongs to this machine",
        };
        Some(words.to_owned())
    }
}

/// Begins to serve. Returns once everything was verified, now or at an earlier start, and connections are accepted.
///
/// Without an edition, neither in the state folder nor given, it answers 503 until someone brings one.
pub async fn start(options: Options, clock: Arc<dyn Clock>) -> Result<Server, StartError> {
    prepare(options)?.start(clock).await
}

/// Takes all that is needed of the machine: the ports, the state folder, the certificates. Behind this the process can be
/// [enclosed](Prepared::leave_open).
pub fn prepare(options: Options) -> Result<Prepared, StartError> {
    take_ports(options)?.prepare()
}

/// The first step of [`prepare`], and the only one that may need rights which the rest should not have.
pub fn take_ports(options: Options) -> Result<Ports, StartError> {
    memory::keep_together();
    Ok(Ports {
        port: Port::take(options.listen)?,
        metrics: options.metrics.map(Port::take).transpose()?,
        options,
    })
}

/// A mirror that has its ports and has touched nothing else.
pub struct Ports {
    port: Port,
    metrics: Option<Port>,
    options: Options,
}

impl Ports {
    /// The rest of [`prepare`].
    pub fn prepare(self) -> Result<Prepared, StartError> {
        let Self {
            port,
            metrics,
            options,
        } = self;
        let files = tls_files(&options)?;
        let kept = options.acme.as_ref();
        let kept = kept.map(|acme| Kept::open(acme, &options.state));
        let kept = kept.transpose().map_err(TlsError::Root)?;
        let bundle = options.bundle.as_deref();
        let bundle = bundle.map(files::map).transpose();
        let bundle = bundle.map_err(HoldingsError::from)?;
        let lock = holdings::lock(&options.state, options.anchor.as_ref())?;
        Ok(Prepared {
            port,
            metrics,
            files,
            kept,
            bundle,
            lock,
            options,
        })
    }
}

/// What may lie in a state folder.
pub const STATE_FILES: &[&str] = &[
    "acme",
    "copied",
    "edition.seal",
    "edition.tar.gz",
    evidence::FOLDER,
    "forms",
    "lists",
    "lock",
    "remembered.json",
];

/// A mirror that has its place and does not serve yet.
pub struct Prepared {
    port: Port,
    metrics: Option<Port>,
    files: Option<tls::Files>,
    kept: Option<Kept>,
    /// What is in the file that it begins with, which need not be opened again.
    bundle: Option<Bytes>,
    lock: Lock,
    options: Options,
}

impl Prepared {
    /// What the mirror needs from now on, for [`enclose`](crate::io::enclosure::enclose).
    pub fn leave_open(&self) -> Open {
        let identities = self.options.identities.iter();
        let renewed = identities.flat_map(|identity| [&identity.certificate, &identity.key]);
        let mut open = Open {
            kept: vec![self.options.state.clone()],
            read: renewed
                .flat_map(|file| enclosure::folders_of(file))
                .collect(),
            reaches_out: false,
        };
        if let Some(acme) = &self.options.acme {
            open.reach_out(&acme.directory);
        }
        open
    }

    /// What will keep readers from seeing anything here over TLS, though the mirror can serve.
    pub fn unfit(&self, now: Timestamp) -> Vec<Unfit> {
        let files = self.files.as_ref().map(tls::Files::shown);
        fitness::judge(&files.unwrap_or_default(), &self.options.names, now)
    }

    /// Whom the certificates name that were given, if that decides under which names the mirror answers.
    pub fn hosts(&self) -> Vec<String> {
        let files = self
            .files
            .as_ref()
            .filter(|_| self.options.names.is_empty());
        let files = files.map(tls::Files::shown).unwrap_or_default();
        files
            .iter()
            .flat_map(|(_, shown)| fitness::hosts(shown))
            .collect()
    }

    /// As [`start()`].
    pub async fn start(self, clock: Arc<dyn Clock>) -> Result<Server, StartError> {
        let Self {
            port,
            metrics,
            files,
            kept,
            bundle,
            lock,
            options,
        } = self;
        let now = clock.now();
        let (state, anchor) = (options.state, options.anchor);
        let bundle = options.bundle.zip(bundle);
        let opening = tokio::task::spawn_blocking(move || {
            let holdings = Holdings::open(&state, anchor.as_ref(), now)?;
            if let Some((path, bundle)) = bundle {
                holdings.take_mapped(&path, bundle, now)?;
            }
            Ok::<_, HoldingsError>(Arc::new(holdings))
        });
        let holdings = opening.await.expect("opening gives errors, not panics")?;
        let (address, listener) = (port.address, port.open()?);
        let metrics_address = metrics.as_ref().map(|port| port.address);
        let metrics = metrics.map(Port::open).transpose()?;
        let proving = prove_behind(&holdings, now);
        let certificates = files.as_ref().map(tls::Files::certificates);
        let certificates = certificates.or_else(|| kept.is_some().then(Arc::default));
        let is_secure = certificates.is_some();
        let look_at_files_every = options.bounds.look_at_files_every;
        let renewal = kept.zip(certificates.clone()).map(|(kept, certificates)| {
            kept.show(certificates, Arc::clone(&clock), look_at_files_every)
        });
        let door = Door {
            holdings: Arc::clone(&holdings),
            counters: Arc::default(),
            clock: Arc::clone(&clock),
        };
        let lists = Lists::open(Arc::clone(&holdings));
        let intake = Intake::new(Arc::clone(&holdings), Arc::clone(&clock), options.intake);
        let site = Site {
            not_found: not_found_pages(),
            intake,
            lists,
            tally: Tally::default(),
            clock: Arc::clone(&clock),
            holdings: Arc::clone(&holdings),
            counters: Arc::clone(&door.counters),
        };
        let hall = Arc::new(Hall {
            names: names(&options.names, certificates.as_ref()),
            tls: certificates.map(|certificates| terms(certificates, address, options.thin)),
            thin: options.thin,
            counters: Arc::clone(&door.counters),
            ..Hall::plain(site, Arc::clone(&clock), options.bounds)
        });
        let (stop, stopped) = watch::channel(Stop::Running);
        let mut beside = JoinSet::new();
        if let Some(files) = files {
            beside.spawn(files.watch(look_at_files_every));
        }
        if let Some(listener) = metrics {
            let office = Office {
                counters: Arc::clone(&door.counters),
                holdings,
            };
            let office = Hall::plain(office, clock, office::bounds());
            beside.spawn(listen::serve(listener, Arc::new(office), stopped.clone()));
        }
        let (crowd, kept) = (Arc::clone(&hall.crowd), Arc::clone(&door.holdings));
        beside.spawn(async move {
            loop {
                tokio::time::sleep(FORGET_EVERY).await;
                forget(Arc::clone(&crowd), Arc::clone(&kept));
            }
        });
        let serving = tokio::spawn(async move {
            listen::serve_in_threads(listener, hall, stopped).await;
            beside.shutdown().await;
        });
        Ok(Server {
            address,
            metrics_address,
            is_secure,
            renewal,
            door,
            proving,
            stop,
            serving,
            _lock: lock,
        })
    }
}

const FORGET_EVERY: Duration = Duration::from_secs(60);

/// What nobody needs any more. In a thread, since it is when one ends that the allocator gives back to the system what was
/// freed in any of them, some time before.
fn forget(crowd: Arc<Crowd>, holdings: Arc<Holdings>) {
    let work = move || {
        crowd.forget();
        holdings.let_go();
        drop(holdings);
        std::thread::sleep(FREED_BEFORE);
        // Only the end of a thread counts that has had memory of its own.
        drop(std::hint::black_box(Box::new(0_u8)));
        memory::give_back();
    };
    let thread = std::thread::Builder::new().name("forgetting".to_owned());
    // Where no thread is to be had, it is done in a minute.
    let _ = thread.spawn(work);
}

const FREED_BEFORE: Duration = Duration::from_secs(2);

/// What goes on behind the first answers. Dropped, it is not begun any more.
struct Proving {
    holdings: Arc<Holdings>,
    /// Ends when that does.
    done: oneshot::Receiver<()>,
}

impl Drop for Proving {
    fn drop(&mut self) {
        self.holdings.forgo();
    }
}

/// In a thread for which nobody need wait, also not at the end of the program. Its end of the line is dropped when it is done.
fn prove_behind(holdings: &Arc<Holdings>, now: Timestamp) -> Proving {
    let (done, proved) = oneshot::channel();
    let prover = Arc::clone(holdings);
    let thread = std::thread::Builder::new().name("proving".to_owned());
    let work = move || {
        prover.prove_at_leisure(now);
        drop(done);
    };
    if thread.spawn(work).is_err() {
        holdings.prove(now);
    }
    Proving {
        holdings: Arc::clone(holdings),
        done: proved,
    }
}

fn tls_files(options: &Options) -> Result<Option<tls::Files>, TlsError> {
    if options.identities.is_empty() {
        return Ok(None);
    }
    tls::Files::open(options.identities.clone()).map(Some)
}

fn terms(certificates: Arc<Certificates>, address: SocketAddr, thin: Option<u64>) -> Terms {
    let speaks = match thin {
        Some(_) => Speaks::Http1,
        None => Speaks::Http1And2,
    };
    Terms::new(certificates, address.ip(), speaks)
}

fn names(listed: &[String], certificates: Option<&Arc<Certificates>>) -> Names {
    match certificates {
        _ if !listed.is_empty() => Names::listed(listed),
        Some(certificates) => Names::OfCertificates(Arc::clone(certificates)),
        None => Names::Any,
    }
}

/// An address that is ours, and at which nobody is answered yet.
struct Port {
    address: SocketAddr,
    socket: TcpSocket,
}

impl Port {
    fn take(address: SocketAddr) -> Result<Self, StartError> {
        let bound = listen::bind(address).and_then(|socket| {
            let address = socket.local_addr()?;
            Ok(Self { address, socket })
        });
        bound.map_err(|source| StartError::of(address, source))
    }

    fn open(self) -> Result<TcpListener, StartError> {
        listen::open(self.socket).map_err(|source| StartError::of(self.address, source))
    }
}

/// The languages that the site has words in; the first is for who speaks none of them.
const LANGUAGES: &[&str] = &["en", "be", "ru", "uk", "fa", "zh", "tr", "ar"];

fn not_found_pages() -> NotFoundPages {
    NotFoundPages::new(LANGUAGES, |tag| {
        Language::parse(tag).map_or_else(Vec::new, |language| site::not_found(&language))
    })
}

/// A running mirror. Dropped, it stops at once.
pub struct Server {
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    is_secure: bool,
    renewal: Option<Renewal>,
    door: Door,
    proving: Proving,
    stop: watch::Sender<Stop>,
    serving: JoinHandle<()>,
    /// Two servers in one folder would sweep away each other's parts, and could go back behind each other's editions.
    _lock: Lock,
}

impl Server {
    /// Where it listens, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the counters can be read, if that was wanted.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// Where a browser on this machine finds it.
    pub fn url(&self) -> String {
        let scheme = if self.is_secure { "https" } else { "http" };
        format!("{scheme}://{}/", self.address)
    }

    /// The number of the edition that is live now.
    pub fn edition(&self) -> Option<EditionNumber> {
        self.door.edition()
    }

    /// What gets the certificates, if that was wanted; the first who asks has it.
    pub fn renewal(&mut self) -> Option<Renewal> {
        self.renewal.take()
    }

    /// For bundles that this program fetched elsewhere.
    pub fn door(&self) -> Door {
        self.door.clone()
    }

    /// Ends when every byte of what was there at the start was verified, or found to be damaged. That is done within a
    /// minute; see [`Self::hurry`].
    pub async fn proved(&mut self) {
        if !self.proving.done.is_terminated() {
            // It says nothing. If that thread panicked, nothing is taken in any more, and what is shown is what was
            // verified before.
            let _ = (&mut self.proving.done).await;
        }
    }

    /// Lets what was there at the start be verified now.
    pub fn hurry(&self) {
        self.door.holdings.hurry();
    }

    /// Whether every byte of the edition that is live was verified by this very process.
    pub fn is_proved(&self) -> bool {
        self.door.holdings.is_proved()
    }

    /// Why the edition of the last time is not served, if there was one and it is damaged. A bundle that someone
    /// brings takes its place.
    pub fn damage(&self) -> Option<&HoldingsError> {
        self.door.holdings.damage()
    }

    /// Lets answers under way come to their end, for as long as [`Bounds::grace`] says.
    pub async fn stop(self) {
        self.stop.send_replace(Stop::Gently);
        // It ends by itself; if it panicked there is nothing left to stop.
        let _ = self.serving.await;
        self.stop.send_replace(Stop::Now);
        let holdings = Arc::clone(&self.door.holdings);
        let closing = tokio::task::spawn_blocking(move || holdings.close());
        let _ = closing.await;
    }
}

/// What the fast lane makes of bytes, to be compared with what others make of them.
#[derive(Debug, Default)]
pub struct InTheLane {
    /// Of the requests that it answers by itself.
    pub heads: Vec<Parts>,
    /// How many bytes those took. What follows is for hyper.
    pub bytes: usize,
    /// After the last of them the connection is closed.
    pub is_over: bool,
}

/// See [`InTheLane`].
///
/// # Panics
///
/// If the short way to an answer understands something else than the long one.
pub fn in_the_lane(bytes: &[u8]) -> InTheLane {
    let mut seen = InTheLane::default();
    while let Some(rest) = bytes.get(seen.bytes..)
        && !seen.is_over
        && let Heard::Request(heading) = head::read(rest, &mut Room::new())
    {
        let (bare, parts) = (heading.bare(), heading.parts());
        if let Some(bare) = bare {
            let path = parts
                .as_ref()
                .and_then(|parts| parts.uri.path().strip_prefix('/'));
            assert_eq!(path, Some(bare.path), "of {rest:?}");
        }
        let Some(parts) = parts else { break };
        seen.bytes += heading.bytes;
        seen.is_over = heading.is_last;
        seen.heads.push(parts);
    }
    seen
}

/// What all connections ask.
struct Site {
    holdings: Arc<Holdings>,
    not_found: NotFoundPages,
    intake: Intake,
    lists: Lists,
    tally: Tally,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
}

impl Answer for Site {
    fn read(&self, head: &Parts, allowed: Allowed) -> Response<Body> {
        if lists::is_asked(head) {
            return self.lists.answer(head);
        }
        if head.uri.path() == REPORTS
            && head.method == Method::GET
            && respond::fault(head).is_none()
        {
            return self.tally.answer(self.clock.now());
        }
        let live = self.holdings.current().hold();
        respond::respond(&live, &self.not_found, head, allowed)
    }

    fn brief<T>(&self, wanted: &Bare<'_>, send: impl FnOnce(Brief<'_>) -> T) -> Option<T> {
        let live = self.holdings.current().hold();
        respond::brief(&live, wanted.path, wanted.accept_encoding).map(send)
    }

    fn is_wanted(&self, head: &Parts) -> bool {
        matches!(head.uri.path(), INTAKE | REPORTS) || lists::is_asked(head)
    }

    async fn take(&self, head: &Parts, body: &mut Incoming, progress: &Progress) -> Response<Body> {
        if lists::is_asked(head) {
            return self.lists.take(head, body, progress).await;
        }
        if head.uri.path() == REPORTS {
            return self.hear(head, body, progress).await;
        }
        let answer = self.intake.answer(head, body, progress).await;
        if answer.status() == StatusCode::CREATED {
            self.counters.taken_in();
        }
        answer
    }
}

impl Site {
    /// A report of other mirrors, if this connection told none before.
    async fn hear(&self, head: &Parts, body: &mut Incoming, progress: &Progress) -> Response<Body> {
        let limited = Limited::new(body, REPORT_BYTES as usize);
        let sent = tokio::time::timeout(REPORT_TIME, limited.collect()).await;
        let report = match sent {
            Ok(Ok(sent)) if respond::fault(head).is_none() => Report::parse(&sent.to_bytes()),
            _ => None,
        };
        let Some(report) = report else {
            progress.will_linger();
            return reports::refused();
        };
        if progress.reports() {
            self.tally.count(&report, progress.who(), self.clock.now());
        }
        reports::taken()
    }
}

const REPORT_TIME: Duration = Duration::from_secs(20);
