//! The mirror server: shows one verified edition, and takes in newer ones.
//!
//! 1. [`start`] takes the address first, so that a port in use is known at once.
//! 2. It opens the state folder and verifies what lies there, every byte ([`holdings`]), then the bundle it was given,
//!    if that is newer. Only then does the first byte go out.
//! 3. [`listen`] accepts connections and watches over them; [`wire`] counts their bytes and closes them with care.
//! 4. A request to read is answered by [`respond`], a function of values, out of the edition that is live when it
//!    comes ([`current`]).
//! 5. A bundle that someone brings goes through [`intake`], and when it is proved takes the place of the live one.
//!
//! Deliberately absent: any record of readers. No address is looked at, no user agent is read, nothing is logged.
//! Also absent is any key: a mirror can prove what it shows and cannot make anything up.

mod admission;
mod current;
mod holdings;
mod intake;
mod listen;
mod places;
mod refused;
mod respond;
mod show;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use http::{Method, Request, Response};
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use holdings::{Anchor, HoldingsError};
pub use intake::IntakeBounds;
pub use listen::Bounds;
pub use refused::Refused;
pub use respond::INTAKE;
pub use show::{Showing, show};

use crate::base::EditionNumber;
use crate::edition::VerifiedEdition;
use crate::io::clock::Clock;
use crate::io::part::Lock;
use crate::site::{self, Language};
use holdings::Holdings;
use intake::Intake;
use listen::{Answer, Stop};
use respond::{Body, NotFoundPages};
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
    Holdings(#[from] HoldingsError),
}

impl StartError {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        let words = match self {
            Self::Holdings(error) => return error.hint(),
            Self::AddressInUse(_) => {
                "stop the other program, or choose another port with `--listen`"
            }
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "ports below 1024 need special rights: choose a higher one with `--listen`"
            }
            Self::Listen { .. } => "check that the address belongs to this machine",
        };
        Some(words.to_owned())
    }
}

/// Begins to serve. Returns once everything was verified and connections are accepted.
///
/// Without an edition, neither in the state folder nor given, it answers 503 until someone brings one.
pub async fn start(options: Options, clock: Arc<dyn Clock>) -> Result<Server, StartError> {
    let (listener, address) = bind(options.listen)?;
    let now = clock.now();
    let (state, anchor, bundle) = (options.state, options.anchor, options.bundle);
    let opening = tokio::task::spawn_blocking(move || {
        let lock = holdings::lock(&state, anchor.as_ref())?;
        let holdings = Holdings::open(&state, anchor.as_ref(), now)?;
        if let Some(bundle) = bundle {
            holdings.take_file(&bundle, now)?;
        }
        Ok::<_, HoldingsError>((Arc::new(holdings), lock))
    });
    let (holdings, lock) = opening.await.expect("opening gives errors, not panics")?;
    let site = Arc::new(Site {
        not_found: not_found_pages(),
        intake: Intake::new(Arc::clone(&holdings), clock, options.intake),
        holdings: Arc::clone(&holdings),
    });
    let (stop, stopped) = watch::channel(Stop::Running);
    let serving = tokio::spawn(listen::serve(listener, site, options.bounds, stopped));
    Ok(Server {
        address,
        holdings,
        stop,
        serving,
        _lock: lock,
    })
}

fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let bound = listen::bind(address).and_then(|listener| {
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    bound.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::AddressInUse(address),
        _ => StartError::Listen { address, source },
    })
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
    holdings: Arc<Holdings>,
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

    /// The number of the edition that is live now.
    pub fn edition(&self) -> Option<EditionNumber> {
        self.holdings.current().hold().edition()
    }

    /// The edition that is live now: who signed it, and how old it is.
    pub fn held(&self) -> Option<Arc<VerifiedEdition>> {
        self.holdings.edition()
    }

    /// Why the edition of the last time is not served, if there was one and it is damaged. A bundle that someone
    /// brings takes its place.
    pub fn damage(&self) -> Option<&HoldingsError> {
        self.holdings.damage()
    }

    /// Lets answers under way come to their end, for as long as [`Bounds::grace`] says.
    pub async fn stop(self) {
        self.stop.send_replace(Stop::Gently);
        // It ends by itself; if it panicked there is nothing left to stop.
        let _ = self.serving.await;
        self.stop.send_replace(Stop::Now);
    }
}

/// What all connections ask.
struct Site {
    holdings: Arc<Holdings>,
    not_found: NotFoundPages,
    intake: Intake,
}

impl Answer for Site {
    async fn answer(&self, request: Request<Incoming>, progress: &Progress) -> Response<Body> {
        let (head, body) = request.into_parts();
        if head.method == Method::POST && head.uri.path() == INTAKE {
            // In a box, so that the many who only read need no room for it.
            return Box::pin(self.intake.answer(&head, body, progress)).await;
        }
        let live = self.holdings.current().hold();
        let answer = respond::respond(&live, &self.not_found, &head);
        if hyper::body::Body::is_end_stream(&body) {
            return answer;
        }
        // Nobody reads that body, and what comes behind it must not be taken for a request.
        progress.will_linger();
        respond::closing(answer)
    }
}
