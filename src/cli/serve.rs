//! `colport serve`: a mirror.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jiff::SignedDuration;
use url::{Host, Url};

use super::failure::{Failure, Outcome};
use super::follow::Following;
use super::get::mirror;
use super::open;
use super::root::Root;
use super::screen::{Screen, one_line};
use super::words::{day, moment};
use crate::io::clock::{Clock, SystemClock};
use crate::io::enclosure::{self, Enclosed};
use crate::io::evidence;
use crate::io::files;
use crate::io::memory;
use crate::io::rights::{self, RightsError};
use crate::io::service::{self, State};
use crate::server::{
    self, Acme, Door, HoldingsError, HostName, Identity, News, Options, Prepared, Renewal, Server,
    StartError,
};

/// Run a mirror.
///
/// It serves the newest edition that it was brought or copied with `--from`, verified whole before the first byte goes out,
/// and takes a newer one from anyone: what the newsroom has signed is accepted, everything else refused. It holds no key and no password, and
/// writes nothing down about who reads. It speaks only to this machine unless `--listen` or `--acme` says otherwise: plain HTTP behind a web
/// server or an onion service, or HTTPS by itself with `--acme`, which gets certificates, or with `--certificate` and `--key`.
#[derive(Args)]
pub(crate) struct Serve {
    /// A bundle to begin with; without one the mirror waits until somebody brings one
    #[arg(value_name = "BUNDLE")]
    bundle: Option<PathBuf>,
    /// Whose editions: the newsroom's fingerprint, or a file `1.root.json` that you got from
    /// them. Needed the first time
    #[arg(long, value_name = "FINGERPRINT|FILE")]
    root: Option<Root>,
    /// The folder in which the mirror keeps its edition. If not said, `mirror`, and for root `/var/lib/colport`
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// The address to listen on; `0.0.0.0:8080` is reached from everywhere. If not said, `127.0.0.1:8080`, and with `--acme`
    /// port 443 of every address of this machine
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = listened)]
    listen: Option<SocketAddr>,
    /// Get a certificate for this host name, by itself and again in good time, from Let's Encrypt; again for each further
    /// name. The name must lead to this machine, and becomes public: every certificate is listed for all to see
    #[arg(long, value_name = "HOST", requires = "agree")]
    acme: Vec<HostName>,
    /// You agree to the terms under which the authority gives certificates: <https://letsencrypt.org/repository/>
    #[arg(long, requires = "acme")]
    agree: bool,
    /// Another authority than Let's Encrypt: its ACME directory
    #[arg(long, value_name = "URL", requires = "acme", default_value = server::LETS_ENCRYPT, value_parser = directory)]
    acme_directory: Url,
    /// Who vouches for that authority, PEM, if browsers do not know it
    #[arg(long, value_name = "FILE", requires = "acme_directory")]
    acme_root: Option<PathBuf>,
    /// A certificate chain, PEM, to speak HTTPS with; again for each further one, with its `--key`. The names in it are the
    /// ones the mirror answers under. The files are read again when they change
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Vec<PathBuf>,
    /// The key of the certificate, PEM without a passphrase
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Vec<PathBuf>,
    /// Answer under this host name only; again for each further one
    #[arg(long, value_name = "HOST", value_parser = host)]
    name: Vec<String>,
    /// For networks that let a connection freeze after some 15 KB: close each before that, after one answer
    #[arg(long, value_name = "BYTES", num_args = 0..=1, require_equals = true, default_missing_value = "14000", value_parser = clap::value_parser!(u64).range(4096..))]
    thin: Option<u64>,
    /// Tell in numbers what goes on, for Prometheus, at this address of this machine alone (`127.0.0.1:PORT`), under
    /// `/metrics`. Coarse numbers, and nothing about anybody
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = loopback)]
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
        let options = self.options()?;
        let store = options.state.join("copied");
        let evidence = options.state.join(evidence::FOLDER);
        let prepared = prepare(options, screen)?;
        let hosts = prepared.hosts();
        close_door(&prepared, &from, screen);
        super::in_threads(async {
            let server = prepared.start(Arc::new(SystemClock)).await?;
            let following = (!from.is_empty()).then(|| Following {
                mirrors: from,
                store,
                every: Duration::from_secs(every),
                door: server.door(),
            });
            serve(server, &hosts, following, &evidence, screen).await
        })
    }

    fn options(self) -> Result<Options, Failure> {
        let listen = self.listen.unwrap_or(match self.acme.is_empty() {
            true => (Ipv4Addr::LOCALHOST, 8080).into(),
            false => (Ipv6Addr::UNSPECIFIED, 443).into(),
        });
        let state = self.state.unwrap_or(match rights::is_root() {
            true => "/var/lib/colport".into(),
            false => "mirror".into(),
        });
        let mut options = Options::new(state, listen);
        options.acme = (!self.acme.is_empty()).then_some(Acme {
            names: self.acme,
            directory: self.acme_directory,
            root: self.acme_root,
        });
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

const FILES_BESIDE: u64 = 256;
const LEAST_PLACES: u32 = 16;

/// What one connection can make the program hold, as measured under attack: by HTTP/1.1, and by HTTP/2, where `scripts/soak
/// shared` tries many ways.
const CONNECTION_BYTES: u64 = 48 << 10;
const SHARED_BYTES: u64 = 192 << 10;

/// Connections that half of the memory is enough for, whatever they do.
fn places_in(memory_bytes: u64) -> u32 {
    places(memory_bytes / 2, CONNECTION_BYTES)
}

/// Those of them that may speak HTTP/2: an eighth is enough for them.
fn shared_places_in(memory_bytes: u64) -> u32 {
    places(memory_bytes / 8, SHARED_BYTES)
}

fn places(bytes: u64, each_bytes: u64) -> u32 {
    let places = u32::try_from(bytes / each_bytes).unwrap_or(u32::MAX);
    places.max(LEAST_PLACES)
}

/// The ports are root's to give; whatever follows is done without its rights.
fn prepare(mut options: Options, screen: &Screen) -> Result<Prepared, Failure> {
    let bounds = &mut options.bounds;
    if let Some(memory_bytes) = memory::of_machine() {
        bounds.connections = bounds.connections.min(places_in(memory_bytes));
        bounds.shared = bounds.shared.min(shared_places_in(memory_bytes));
    }
    // With what every connection may need beside itself.
    let files = u64::from(options.bounds.connections) + FILES_BESIDE;
    let given = rights::open_files(files);
    if given < files {
        screen.warn("the system allows fewer open files than the mirror has places for readers: see `ulimit -n`");
        // Places that nobody can be given would hide that they are scarce.
        let places = u32::try_from(given.saturating_sub(FILES_BESIDE)).unwrap_or(u32::MAX);
        options.bounds.connections = options.bounds.connections.min(places.max(LEAST_PLACES));
    }
    let (state, is_known) = (options.state.clone(), options.anchor.is_some());
    let root = options.acme.as_ref().and_then(|acme| acme.root.as_ref());
    // Certificates are read again when they are renewed; the rest is read once.
    let rereads = !options.identities.is_empty();
    let reads = rereads || options.bundle.is_some() || root.is_some();
    let ports = server::take_ports(options)?;
    let is_given = (is_known || files::exists(&state))
        && match rights::give_away(&state, server::STATE_FILES, reads) {
            Ok(()) => true,
            Err(error @ RightsError::Kept(_)) => {
                screen.warn(&error);
                false
            }
            Err(error) => return Err(Failure::setup(&error).hint(error.hint())),
        };
    let prepared = ports.prepare()?;
    tell_what_is_odd(&prepared, &state, screen);
    if is_given && !rereads {
        rights::read_no_more().unwrap_or_else(|error| screen.warn(&error));
    }
    Ok(prepared)
}

/// What will keep readers away though the mirror runs.
fn tell_what_is_odd(prepared: &Prepared, state: &Path, screen: &Screen) {
    let now = SystemClock.now();
    for unfit in prepared.unfit(now) {
        screen.warn(format!("{unfit}; {}", unfit.hint()));
    }
    let came = files::modified(&state.join("edition.tar.gz"));
    if came.is_ok_and(|came| came.duration_since(now) > CLOCKS_DIFFER) {
        screen.warn(format!(
            "this machine's clock says {}, which is before the edition here came in; set it with `timedatectl set-ntp true`",
            moment(now)
        ));
    }
}

const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_hours(1);

/// From here on there is nothing for the program but its folder, its certificates, and those whom it copies.
fn close_door(prepared: &Prepared, from: &[Url], screen: &Screen) {
    let mut open = prepared.leave_open();
    from.iter().for_each(|mirror| open.reach_out(mirror));
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
async fn serve(
    mut server: Server,
    hosts: &[String],
    following: Option<Following>,
    evidence: &Path,
    screen: &Screen,
) -> Outcome {
    let was_damaged = tell_damage(&server, screen);
    let url = server.url();
    match server.edition() {
        Some(edition) => screen.line(format!("Serving edition {edition} on {url}")),
        None => screen.line(format!("Waiting for a first edition on {url}")),
    }
    if !hosts.is_empty() {
        let hosts = hosts.iter().map(|host| format!("`{host}`"));
        let hosts = hosts.collect::<Vec<_>>().join(", ");
        screen.line(format!(
            "Pages are shown under {hosts} alone, as the certificate says"
        ));
    }
    let (renewal, door) = (server.renewal(), server.door());
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
        () = renew(renewal, screen) => {}
        () = tell_what_comes(&door, evidence, screen) => {}
    }
    service::tell(State::Stopping);
    server.stop().await;
    Ok(())
}

/// For ever: which edition came in, from whomever, and that the newsroom's keys have contradicted themselves.
async fn tell_what_comes(door: &Door, evidence: &Path, screen: &Screen) {
    let kept = || match files::is_folder(evidence) {
        true => files::list(evidence).map_or(0, |names| names.len()),
        false => 0,
    };
    let mut told = (door.edition(), 0);
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let now = (door.edition(), kept());
        if let Some(edition) = now.0.filter(|_| now.0 != told.0) {
            screen.line(format!("Edition {edition} came in, and is served now"));
        }
        if now.1 > told.1 {
            screen.warn(format!(
                "two files of one number were seen that differ, both validly signed: tell the newsroom; they lie in `{}`",
                evidence.display()
            ));
        }
        told = now;
    }
}

const LOOK_EVERY: Duration = Duration::from_secs(2);

/// For ever.
async fn renew(renewal: Option<Renewal>, screen: &Screen) {
    let Some(mut renewal) = renewal else {
        return std::future::pending().await;
    };
    loop {
        match renewal.next().await {
            News::Renewed { name, until } => {
                screen.line(format!("`{name}` has a certificate until {}", day(until)));
            }
            failed @ News::Failed { .. } => screen.warn(one_line(failure(&failed))),
        }
    }
}

fn tell_damage(server: &Server, screen: &Screen) -> bool {
    let Some(damage) = server.damage() else {
        return false;
    };
    screen.warn(format!(
        "the edition that was kept here is not served: {damage}; the next that comes in takes its place, with `--from` in a moment"
    ));
    true
}

/// What is at work meanwhile, and what comes next.
fn failure(news: &News) -> String {
    let News::Failed {
        name,
        why,
        holds_until,
        next_try_in,
    } = news
    else {
        return String::new();
    };
    let what = match holds_until {
        Some(until) => format!(
            "the certificate of `{name}`, which is good until {}, was not renewed",
            day(*until)
        ),
        None => format!("`{name}` has no certificate, so nothing can be read there"),
    };
    let hint = why
        .hint()
        .map_or_else(String::new, |hint| format!("; {hint}"));
    let minutes = next_try_in.as_secs().div_ceil(60);
    format!("{what}: {why}{hint}; the next try is in {minutes} minutes")
}

fn directory(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let is_https = url.scheme() == "https" && url.has_host();
    is_https
        .then_some(url)
        .ok_or_else(|| "it must begin with `https://`".to_owned())
}

fn listened(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "it is no address with a port; `[::]:443` is that port of every address of this machine, `0.0.0.0:443` leaves out IPv6, \
         and `127.0.0.1:8080` is reached from this machine alone"
            .to_owned()
    })
}

/// As browsers write it.
fn host(text: &str) -> Result<String, String> {
    let host = Host::parse(text).map(|host| host.to_string());
    host.map_err(|_| {
        "it is no host, such as `mirror.example`, without `https://` and without a port".to_owned()
    })
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text
        .parse()
        .map_err(|_| "it is no ADDRESS:PORT".to_owned())?;
    let is_here = address.ip().is_loopback();
    is_here.then_some(address).ok_or_else(|| {
        "these numbers are only told to this machine: use an address such as `127.0.0.1:9100`"
            .to_owned()
    })
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

/// The same. The system hears that the service is ready, once that is listened for, and that it ends.
pub(super) async fn until_service_ends() {
    let mut ended = pin!(until_interrupted());
    let is_over = tokio::select! {
        biased;
        () = &mut ended => true,
        () = std::future::ready(()) => false,
    };
    if !is_over {
        service::tell(State::Ready);
        ended.await;
    }
    service::tell(State::Stopping);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_port_or_a_name_with_more_is_told_how_it_is_written() {
        for wrong in [
            "443",
            ":443",
            "localhost:8080",
            "0.0.0.0",
            "[::]",
            "1.2.3.4:99999",
        ] {
            assert!(listened(wrong).unwrap_err().contains("[::]:443"), "{wrong}");
        }
        assert!(listened("[::]:443").is_ok());
        for wrong in ["", "https://m.example/", "m.example:443", "m.example/x"] {
            assert!(
                host(wrong).unwrap_err().contains("mirror.example"),
                "{wrong}"
            );
        }
        for (written, asked) in [
            ("M.example", "m.example"),
            ("газета.example", "xn--80aahjj1e.example"),
            ("[2001:DB8::1]", "[2001:db8::1]"),
        ] {
            assert_eq!(host(written).as_deref(), Ok(asked));
        }
    }

    #[test]
    fn a_small_machine_has_fewer_places() {
        let memory = [64 << 10, 512 << 20, 1 << 30, u64::MAX];
        let places = memory.map(places_in);
        assert_eq!(places, [LEAST_PLACES, 5461, 10_922, u32::MAX]);
        let shared = memory.map(shared_places_in);
        assert_eq!(shared, [LEAST_PLACES, 341, 682, u32::MAX]);
    }
}
