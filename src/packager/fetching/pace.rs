//! How a host is treated: politely, and no longer than it answers.
//!
//! 1. At most [`PER_HOST`] requests at a time, and their beginnings [`GAP`] apart. A host in our own network needs no gap.
//! 2. One that says it is asked too much (429, 503) is left alone for as long as it says, and asked at half the pace from
//!    then on.
//! 3. One that wants more time between two pages in its `robots.txt` gets it. It is asked for that before the second
//!    thing that is wanted from it, unless it lies in our own network.
//! 4. One that failed with [`GIVE_UP`] addresses in a row, or wants to be left alone for longer than a run can wait, is asked
//!    no more in this run: by that scheme and port, for the source that named these addresses. Another source names others,
//!    and may have any host seem to fail.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};
use url::Url;

use super::robots::Robots;
use crate::io::reach::is_private;

const PER_HOST: usize = 3;
const GAP: Duration = Duration::from_millis(60);
const LONGEST_GAP: Duration = Duration::from_secs(4);
pub(super) const GIVE_UP: u32 = 4;

/// For one host; longer, and the run would seem to hang.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(90);

#[derive(Default)]
pub(super) struct Hosts {
    hosts: Mutex<HashMap<String, Host>>,
    /// By the source and the origin. Of one that is given up, [`GIVE_UP`].
    failures: Mutex<HashMap<(u32, String), u32>>,
}

struct Host {
    slots: Arc<Semaphore>,
    gap: Duration,
    /// When the next request may begin.
    next: Instant,
    /// Whether anything was wanted from it before.
    is_known: bool,
    robots: Arc<OnceCell<Robots>>,
}

impl Host {
    fn new(url: &Url) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(PER_HOST)),
            gap: match is_private(url) {
                true => Duration::ZERO,
                false => GAP,
            },
            next: Instant::now(),
            is_known: is_private(url),
            robots: match is_private(url) {
                true => Arc::new(OnceCell::new_with(Some(Robots::default()))),
                false => Arc::default(),
            },
        }
    }

    /// Takes the next beginning that is free.
    fn begin(&mut self) -> Instant {
        let start = self.next.max(Instant::now());
        self.next = start + self.gap;
        start
    }
}

/// A place at a host, held while it is asked.
pub(super) struct Turn(
    #[expect(dead_code, reason = "held for as long as the request takes")] OwnedSemaphorePermit,
);

impl Hosts {
    /// Whether the host has nothing against our taking what lies there. `ask` asks it, once.
    pub(super) async fn welcomes<F: Future<Output = Robots>>(
        &self,
        url: &Url,
        ask: impl FnOnce() -> F,
    ) -> bool {
        let robots = self.of(url, |host| {
            let is_known = std::mem::replace(&mut host.is_known, true);
            is_known.then(|| Arc::clone(&host.robots))
        });
        let Some(robots) = robots else {
            return true;
        };
        let robots = robots.get_or_init(ask).await;
        self.of(url, |host| host.gap = host.gap.max(robots.delay));
        robots.allows(url)
    }

    /// `None` if the host is given up.
    pub(super) async fn turn(&self, url: &Url, source: u32) -> Option<Turn> {
        let slots = self.of(url, |host| Arc::clone(&host.slots));
        let turn = Turn(slots.acquire_owned().await.ok()?);
        if self.is_given_up(url, source) {
            return None;
        }
        sleep_until(self.of(url, Host::begin)).await;
        // While it waited, others may have learnt that the host is gone.
        (!self.is_given_up(url, source)).then_some(turn)
    }

    fn is_given_up(&self, url: &Url, source: u32) -> bool {
        self.failures(url, source, |failures| *failures >= GIVE_UP)
    }

    /// How the last try at an address ended.
    pub(super) fn note(&self, url: &Url, source: u32, has_failed: bool) {
        self.failures(url, source, |failures| match (has_failed, *failures) {
            (_, GIVE_UP..) => {}
            (true, _) => *failures += 1,
            (false, _) => *failures = 0,
        });
    }

    /// The host wants to be left alone for `wait`.
    pub(super) fn was_busy(&self, url: &Url, source: u32, wait: Duration) {
        let is_too_long = wait > LONGEST_WAIT;
        self.of(url, |host| {
            host.gap = (host.gap.max(GAP / 2) * 2).min(LONGEST_GAP);
            if !is_too_long {
                host.next = host.next.max(Instant::now() + wait);
            }
        });
        if is_too_long {
            self.failures(url, source, |failures| *failures = GIVE_UP);
        }
    }

    fn failures<T>(&self, url: &Url, source: u32, act: impl FnOnce(&mut u32) -> T) -> T {
        let failures = self.failures.lock();
        let mut failures = failures.unwrap_or_else(PoisonError::into_inner);
        let origin = url.origin().ascii_serialization();
        act(failures.entry((source, origin)).or_default())
    }

    fn of<T>(&self, url: &Url, act: impl FnOnce(&mut Host) -> T) -> T {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let name = url.host_str().unwrap_or_default();
        if let Some(host) = hosts.get_mut(name) {
            return act(host);
        }
        act(hosts
            .entry(name.to_owned())
            .or_insert_with(|| Host::new(url)))
    }
}
