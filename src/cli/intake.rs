//! `colport intake`: a door for the newsroom's own system.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::failure::{Failure, Outcome};
use super::screen::Screen;
use super::serve::until_interrupted;
use crate::base::NewsroomId;
use crate::config::{self, Config};
use crate::io::door;
use crate::io::files;
use crate::packager::{self, NewsroomFolder};

/// Take finished articles from the newsroom's own system.
///
/// Each newsroom with an `inbox` in `colport.toml` gets an address to which its system (CMS) posts articles as JSON, with
/// the token in `keys/intake.token`. What was taken lies in the inbox, and is in the next edition that `colport pack`
/// makes. It speaks plain HTTP: let it listen on this machine only, or put a web server with HTTPS before it.
#[derive(Args)]
pub(crate) struct Intake {
    /// The newsroom's folder, made by `colport init`
    #[arg(long, value_name = "DIR", default_value = ".")]
    site: PathBuf,
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8070")]
    listen: SocketAddr,
}

impl Intake {
    pub(crate) async fn run(self, screen: &Screen) -> Outcome {
        let config = config::load(&self.site)?;
        let inboxes = inboxes(&config)?;
        for inbox in inboxes.values() {
            files::create_private_folder(inbox)?;
        }
        let (token, place) = NewsroomFolder::at(&self.site).intake_token()?;
        let (listener, address) = door::open(self.listen).await.map_err(|error| {
            Failure::setup(format!("could not listen on `{}`: {error}", self.listen))
                .try_this("stop what listens there, or choose another port with `--listen`")
        })?;
        if !address.ip().is_loopback() {
            screen.warn("whoever watches the line to this address reads the token and every article: put HTTPS before it");
        }
        for id in inboxes.keys() {
            screen.line(format!(
                "Taking articles of `{id}` on http://{address}/{id}"
            ));
        }
        screen.line(format!("The token is in `{}`.", place.display()));
        let keeper = packager::intake::Intake::new(inboxes, &token);
        keeper.sweep()?;
        door::keep(listener, Arc::new(keeper), until_interrupted()).await;
        Ok(())
    }
}

/// Each newsroom's first inbox.
fn inboxes(config: &Config) -> Result<BTreeMap<NewsroomId, PathBuf>, Failure> {
    let inboxes = config.newsrooms.iter().filter_map(|desk| {
        let inbox = desk.sources.iter().find_map(|source| source.inbox())?;
        Some((desk.newsroom.id.clone(), inbox.to_path_buf()))
    });
    let inboxes: BTreeMap<_, _> = inboxes.collect();
    match inboxes.is_empty() {
        true => Err(Failure::setup("no newsroom in `colport.toml` has an inbox")
            .try_this("add `[[newsroom.source]]` with `inbox = \"inbox\"` to the newsroom")),
        false => Ok(inboxes),
    }
}
