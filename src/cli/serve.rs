//! `colport serve`: a mirror.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use url::Url;

use super::failure::{Failure, Outcome};
use super::follow::Following;
use super::get::mirror;
use super::open;
use super::root::Root;
use super::screen::Screen;
use crate::io::clock::SystemClock;
use crate::io::enclosure::{self, Enclosed};
use crate::io::service::{self, State};
use crate::server::{self, HoldingsError, Identity, Options, Prepared, Server, StartError};

/// Run a mirror.
///
/// It serves the newest edition that it was brought or copied with `--from`, verified whole before the first byte goes out,
/// and takes a newer one from anyone: what the newsroom has signed is accepted, everything else refused. It holds no key and no password, and
/// writes nothing down about who reads. It speaks only to this machine unless `--listen` says otherwise: plain HTTP behind a web
/// server or an onion service, or HTTPS by itself with `--certificate` and `--key`.
#[derive(Args)]
pub(crate) struct Serve {
    /// A bundle to begin with; without one the mirror waits until somebody brings one
    #[arg(value_name = "BUNDLE")]
    bundle: Option<PathBuf>,
    /// Whose editions: the newsroom's fingerprint, or a file `1.root.json` that you got from
    /// them. Needed the first time
    #[arg(long, value_name = "FINGERPRINT|FILE")]
    root: Option<Root>,
    /// The folder in which the mirror keeps its edition
    #[arg(long, value_name = "DIR", default_value = "mirror")]
    state: PathBuf,
    /// The address to listen on; `0.0.0.0:8080` is reached from everywhere
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// A certificate chain, PEM, to speak HTTPS with; again for each further one, with its `--key`. The names in it are the
    /// ones the mirror answers under. The files are read again when they change
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Vec<PathBuf>,
    /// The key of the certificate, PEM without a passphrase
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Vec<PathBuf>,
    /// Answer under this host name only; again for each further one
    #[arg(long, value_name = "HOST")]
    name: Vec<String>,
    /// For networks that let a connection freeze after some 15 KB: close each before that, after one answer
    #[arg(long, value_name = "BYTES", num_args = 0..=1, require_equals = true, default_missing_value = "14000", value_parser = clap::value_parser!(u64).range(4096..))]
    thin: Option<u64>,
    /// Tell in numbers what goes on, for Prometheus, at this address, under `/metrics`. Coarse numbers, and nothing about
    /// anybody; keep it on this machine all the same
    #[arg(long, value_name = "ADDRESS:PORT")]
    metrics: Option<SocketAddr>,
    /// Copy this mirror, at start and every few minutes from then on; again for each further one. None of them is trusted
    #[arg(long, value_name = "ADDRESS", visible_alias = "follow", value_parser = mirror)]
    from: Vec<Url>,
    /// How many seconds pass between two looks at the others, on average
    #[arg(long, value_name = "SECONDS", default_value = "300", requires = "from", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    every: u64,
}

impl Serve {
    /// The mirror's place is taken first, by the only thread; then the door closes; then it serves.
    pub(crate) fn run(self, screen: &Screen) -> Outcome {
        let (from, every) = (self.from.clone(), self.every);
        let store = self.state.join("copied");
        let prepared = server::prepare(self.options()?)?;
        close_door(&prepared, &from, screen);
        super::in_threads(async {
            let server = prepared.start(Arc::new(SystemClock)).await?;
            let following = (!from.is_empty()).then(|| Following {
                mirrors: from,
                store,
                every: Duration::from_secs(every),
                door: server.door(),
            });
            serve(server, following, screen).await
        })
    }

    fn options(self) -> Result<Options, Failure> {
        let mut options = Options::new(self.state, self.listen);
        if let Some(bundle) = &self.bundle {
            // Says so if it is a folder or empty.
            open::bundle(bundle)?;
        }
        options.bundle = self.bundle;
        options.identities = identities(self.certificate, self.key)?;
        options.names = self.name;
        options.thin = self.thin;
        options.metrics = self.metrics;
        options.anchor = self.root.map(Root::anchor).transpose()?;
        Ok(options)
    }
}

/// From here on there is nothing for the program but its folder, its certificates, and those whom it copies.
fn close_door(prepared: &Prepared, from: &[Url], screen: &Screen) {
    let mut open = prepared.leave_open();
    open.reaches_out = !from.is_empty();
    if from.iter().any(|mirror| mirror.domain().is_some()) {
        open.read.extend(enclosure::places_of_names());
    }
    let why = match enclosure::enclose(&open) {
        Ok(Enclosed::Wholly | Enclosed::Partly) => return,
        Ok(Enclosed::Not) => "this kernel has no Landlock".to_owned(),
        Err(error) => error.to_string(),
    };
    screen.warn(format!(
        "the mirror is not shut in with its folder, and could read other files: {why}"
    ));
}

/// Until somebody ends it.
async fn serve(mut server: Server, following: Option<Following>, screen: &Screen) -> Outcome {
    let was_damaged = tell_damage(&server, screen);
    let url = server.url();
    match server.edition() {
        Some(edition) => screen.line(format!("Serving edition {edition} on {url}")),
        None => screen.line(format!("Waiting for a first edition on {url}")),
    }
    let beside = async {
        service::tell(State::Ready);
        if following.is_some() {
            // Nothing is taken in before.
            server.hurry();
        }
        server.proved().await;
        if !was_damaged {
            tell_damage(&server, screen);
        }
        match following {
            Some(following) => following.run(screen).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        // First, so that a signal is heard from the moment on at which the mirror says that it is ready.
        biased;
        () = until_interrupted() => {}
        () = beside => {}
    }
    service::tell(State::Stopping);
    server.stop().await;
    Ok(())
}

fn tell_damage(server: &Server, screen: &Screen) -> bool {
    let Some(damage) = server.damage() else {
        return false;
    };
    screen.warn(format!(
        "the edition that was kept here is not served: {damage}"
    ));
    true
}

fn identities(certificates: Vec<PathBuf>, keys: Vec<PathBuf>) -> Result<Vec<Identity>, Failure> {
    if certificates.len() != keys.len() {
        let failure = Failure::setup("there must be one `--key` for each `--certificate`");
        return Err(failure.hint(Some("give them in the same order".to_owned())));
    }
    let pairs = certificates.into_iter().zip(keys);
    Ok(pairs
        .map(|(certificate, key)| Identity { certificate, key })
        .collect())
}

/// Until Ctrl-C, or the signal by which systems end a service.
pub(super) async fn until_interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupted = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
        }
        Err(_) => drop(interrupted.await),
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let failure = match &error {
            StartError::Holdings(HoldingsError::Bundle { .. }) => Self::refused(&error),
            _ => Self::setup(&error),
        };
        failure.hint(error.hint())
    }
}
