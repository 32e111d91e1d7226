//! `colport serve`: a mirror.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;

use clap::Args;

use super::failure::{Failure, Outcome};
use super::open;
use super::root::Root;
use super::screen::Screen;
use crate::io::clock::SystemClock;
use crate::server::{self, HoldingsError, Identity, Options, Server, StartError};

/// Run a mirror.
///
/// It serves the newest edition that it was brought, verified whole before the first byte goes out, and takes a newer one
/// from anyone: what the newsroom has signed is accepted, everything else refused. It holds no key and no password, and
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
}

impl Serve {
    pub(crate) async fn run(self, screen: &Screen) -> Outcome {
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
        let mut server = server::start(options, Arc::new(SystemClock)).await?;
        let was_damaged = tell_damage(&server, screen);
        let url = server.url();
        match server.edition() {
            Some(edition) => screen.line(format!("Serving edition {edition} on {url}")),
            None => screen.line(format!("Waiting for a first edition on {url}")),
        }
        let mut interrupted = pin!(until_interrupted());
        tokio::select! {
            () = interrupted.as_mut() => {}
            () = server.proved() => {
                if !was_damaged {
                    tell_damage(&server, screen);
                }
                interrupted.await;
            }
        }
        server.stop().await;
        Ok(())
    }
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
