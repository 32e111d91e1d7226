//! `colport serve`: a mirror.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::failure::{Failure, Outcome};
use super::open;
use super::root::Root;
use super::screen::Screen;
use crate::io::clock::SystemClock;
use crate::server::{self, HoldingsError, Options, StartError};

/// Run a mirror.
///
/// It serves the newest edition that it was brought, verified whole before the first byte goes out, and takes a newer one
/// from anyone: what the newsroom has signed is accepted, everything else refused. It holds no key and no password, and
/// writes nothing down about who reads. It speaks plain HTTP, and only to this machine unless `--listen` says otherwise: put a
/// web server with HTTPS or an onion service before it.
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
}

impl Serve {
    pub(crate) async fn run(self, screen: &Screen) -> Outcome {
        let mut options = Options::new(self.state, self.listen);
        if let Some(bundle) = &self.bundle {
            // Says so if it is a folder or empty.
            open::bundle(bundle)?;
        }
        options.bundle = self.bundle;
        options.anchor = self.root.map(Root::anchor).transpose()?;
        let server = server::start(options, Arc::new(SystemClock)).await?;
        if let Some(damage) = server.damage() {
            screen.warn(format!(
                "the edition that was kept here is not served: {damage}"
            ));
        }
        match server.edition() {
            Some(edition) => screen.line(format!(
                "Serving edition {edition} on http://{}/",
                server.address()
            )),
            None => screen.line(format!(
                "Waiting for a first edition on http://{}/",
                server.address()
            )),
        }
        until_interrupted().await;
        server.stop().await;
        Ok(())
    }
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
