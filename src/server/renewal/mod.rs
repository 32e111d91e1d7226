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

    /// The next order waits for `pause` at least. If a certificate is due on the day it comes, that is the authority's
    /// doing, or the clock is wrong; it works for readers all the same.
    fn told(&mut self, got: Result<Validity, OrderError>, now: Timestamp, pause: Duration) -> News {
        let name = self.name.clone();
        match got {
            Ok(validity) => {
                self.failures = 0;
                self.validity = Some(validity);
                self.not_before = Instant::now() + pause;
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
const LOOKS_BETWEEN_ORDERS: u32 = 60;
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
            let due = self.hosts.iter_mut().filter(|host| host.is_due(now));
            if let Some(host) = due.min_by_key(|host| host.not_before) {
                let got = self.desk.get(&host.name, &self.certificates, now).await;
                return host.told(got, now, self.look_every * LOOKS_BETWEEN_ORDERS);
            }
            tokio::time::sleep(self.look_every).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_certificate_that_is_due_when_it_comes_is_not_asked_for_again_at_once() {
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        let mut host = Host {
            name: "m.example".parse().unwrap(),
            validity: None,
            failures: 0,
            not_before: Instant::now(),
        };
        assert!(host.is_due(now));
        let validity = Validity {
            from: "2026-01-01T00:00:00Z".parse().unwrap(),
            until: "2026-12-01T00:00:00Z".parse().unwrap(),
        };
        let hour = Duration::from_secs(3600);
        host.told(Ok(validity), now, hour);
        assert!(!host.is_due(now));
        tokio::time::advance(hour).await;
        assert!(host.is_due(now));
    }
}
