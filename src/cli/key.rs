//! `colport key`: who may sign what, and changing that.

mod change;
mod fingerprint;
mod list;
mod passphrase;
mod sign;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::failure::Outcome;
use super::screen::Screen;
use crate::trust::KeyId;

pub(super) use change::tell_settled;
use passphrase::Known;
pub(super) use passphrase::Passphrase;

/// See and change who may sign for the site.
///
/// Every part of the site is signed with a key, which is a small private file. Readers and
/// mirrors believe only what these keys have signed:
///
///   root        replaces all other keys. Kept away from every network, best with several people
///   targets     says which newsroom has which key. Kept away from every network
///   snapshot    says which parts of an edition belong together; lies on this machine
///   timestamp   says which edition is the newest; lies on this machine
///   site        signs the home page
///   NEWSROOM    signs a newsroom's articles, such as `be`
///
/// A lost or stolen key is replaced with `colport key rotate`. The site keeps its address, its
/// readers and its fingerprint.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Key {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    List(list::List),
    Fingerprint(fingerprint::Show),
    Name(change::Name),
    New(change::New),
    Add(change::Add),
    Rotate(change::Rotate),
    Revoke(change::Revoke),
    Threshold(change::Threshold),
    Renew(change::Renew),
    Sign(sign::Sign),
    Finish(sign::Finish),
}

/// Where the newsroom is.
#[derive(Args)]
struct Site {
    /// The newsroom's folder, made by `colport init`
    #[arg(long = "site", value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

impl Key {
    pub(crate) fn run(self, screen: &Screen) -> Outcome {
        match self.action {
            Action::List(list) => list.run(screen),
            Action::Fingerprint(show) => show.run(screen),
            Action::Name(name) => name.run(screen),
            Action::New(new) => new.run(screen),
            Action::Add(add) => add.run(screen),
            Action::Rotate(rotate) => rotate.run(screen),
            Action::Revoke(revoke) => revoke.run(screen),
            Action::Threshold(threshold) => threshold.run(screen),
            Action::Renew(renew) => renew.run(screen),
            Action::Sign(sign) => sign.run(screen),
            Action::Finish(finish) => finish.run(screen),
        }
    }
}

/// Enough of a key's id to tell one newsroom's keys apart.
fn short(id: &KeyId) -> String {
    id.as_str().chars().take(8).collect()
}

/// `Alena (key 3fa9c2d1)`, or `key 3fa9c2d1` of nobody known.
fn holder(id: &KeyId, person: Option<&str>) -> String {
    match person {
        Some(person) => format!("{person} (key {})", short(id)),
        None => format!("key {}", short(id)),
    }
}
