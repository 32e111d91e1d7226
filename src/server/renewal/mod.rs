//! Certificates that the mirror gets by itself, from an authority that speaks ACME (RFC 8555).
//!
//! 1. Each name has a certificate and a key of its own, so that no certificate tells which names are one machine's. They lie
//!    in the state folder, in `acme`, and only their owner may read them.
//! 2. The clock is looked at from time to time; [`schedule`] says when a name's turn has come.
//! 3. [`order`] gets one. That the name is ours is proved inside of TLS, at the very port that readers come to
//!    (TLS-ALPN-01, RFC 8737), so no other port is needed.
//! 4. What came is looked at before it takes the place of what is there. Whatever fails leaves that one at work, is told,
//!    and is tried again.
//!
//! Deliberately absent: an address to write to. Authorities send no warnings any more, and a volunteer need not leave a name.

mod order;
mod schedule;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use url::Url;

pub use order::OrderError;
pub use schedule::Validity;

use super::names::HostName;
use super::tls::{Certificates, Shown};
use crate::io::authority::{AuthorityLine, RootError};
use crate::io::clock::Clock;
use crate::io::files;
use crate::io::random;
use order::Desk;

/// Whom to ask for certificates, and for which names.
#[derive(Debug, Clone)]
pub struct Acme {
    pub names: Vec<HostName>,
    /// Where the authority says what can be asked of it; see [`LETS_ENCRYPT`].
    pub directory: Url,
    /// Who vouches for the authority itself, PEM, if it is none that browsers know.
    pub root: Option<PathBuf>,
}

/// The directory of Let's Encrypt.
pub const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// What became of a try.
#[derive(Debug)]
pub enum News {
    Renewed {
        name: HostName,
        until: Timestamp,
    },
    Failed {
        name: HostName,
        why: OrderError,
        /// How long the certificate holds that is shown meanwhile, if there is one.
        holds_until: Option<Timestamp>,
        next_try_in: Duration,
    },
}

/// Sees to it that there is a good certificate for each name.
pub struct Renewal {
    hosts: Vec<Host>,
    desk: Desk,
    certificates: Arc<Certificates>,
    clock: Arc<dyn Clock>,
    look_every: Duration,
}

struct Host {
    name: HostName,
    validity: Option<Validity>,
    failures: u32,
    /// By the clock that nobody can set.
    not_before: Instant,
}

impl Host {
    fn is_due(&self, now: Timestamp) -> bool {
        let renew_at = self.validity.as_ref().map(Validity::renew_at);
        renew_at.is_none_or(|then| now >= then) && Instant::now() >= self.not_before
    }

    fn told(&mut self, got: Result<Validity, OrderError>, now: Timestamp) -> News {
        let name = self.name.clone();
        match got {
            Ok(validity) => {
                self.failures = 0;
                self.validity = Some(validity);
                let until = validity.until;
                News::Renewed { name, until }
            }
            Err(why) => {
                self.failures = self.failures.saturating_add(1);
                let next_try_in = schedule::pause(self.failures, random::byte());
                self.not_before = Instant::now() + next_try_in;
                let until = self.validity.map(|validity| validity.until);
                News::Failed {
                    name,
                    why,
                    holds_until: until.filter(|until| *until > now),
                    next_try_in,
                }
            }
        }
    }
}

/// What is there before the mirror starts.
pub(super) struct Kept {
    desk: Desk,
    hosts: Vec<(HostName, Option<Shown>)>,
}

impl Kept {
    /// A file that is damaged, or that others could read, counts as none.
    pub(super) fn open(acme: &Acme, state: &Path) -> Result<Self, RootError> {
        let line = match &acme.root {
            Some(root) => AuthorityLine::vouched_for_by(root)?,
            None => AuthorityLine::public(),
        };
        let folder = state.join(FOLDER);
        let hosts = acme.names.iter().map(|name| {
            let pem = files::read_private(&place(&folder, name), FILE_BYTES).ok();
            (name.clone(), pem.and_then(|pem| Shown::of(&pem, &pem)))
        });
        Ok(Self {
            hosts: hosts.collect(),
            desk: Desk::new(Arc::new(line), acme.directory.clone(), folder),
        })
    }

    pub(super) fn show(
        self,
        certificates: Arc<Certificates>,
        clock: Arc<dyn Clock>,
        look_every: Duration,
    ) -> Renewal {
        let mut hosts = Vec::new();
        for (name, shown) in self.hosts {
            hosts.push(Host {
                validity: shown.as_ref().and_then(validity),
                name: name.clone(),
                failures: 0,
                not_before: Instant::now(),
            });
            if let Some(shown) = shown {
                certificates.put(name, shown);
            }
        }
        Renewal {
            hosts,
            desk: self.desk,
            certificates,
            clock,
            look_every,
        }
    }
}

const FOLDER: &str = "acme";
const FILE_BYTES: u64 = 1 << 20;

/// The key and the chain of one name, in one file, so that they can never be of two minds.
fn place(folder: &Path, name: &HostName) -> PathBuf {
    folder.join(format!("{name}.pem"))
}

fn validity(shown: &Shown) -> Option<Validity> {
    Validity::of(shown.certificate()?)
}

impl Renewal {
    /// Waits for the turn of a name, and tries. For ever: ask again.
    pub async fn next(&mut self) -> News {
        loop {
            let now = self.clock.now();
            if let Some(host) = self.hosts.iter_mut().find(|host| host.is_due(now)) {
                let got = self.desk.get(&host.name, &self.certificates, now).await;
                return host.told(got, now);
            }
            tokio::time::sleep(self.look_every).await;
        }
    }
}
