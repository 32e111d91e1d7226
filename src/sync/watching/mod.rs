//! Seeing which mirrors can be reached, from where readers are.
//!
//! 1. A [`Vantage`] is a place to look from: this machine, a proxy, or somebody else's program ([`command`]).
//! 2. [`look`] asks for what surely is not blocked (its *controls*), then for a file or two of each mirror, then for the
//!    controls again. A vantage whose controls fail before or after says nothing against any mirror.
//! 3. How far each connection came is a [`Trace`]; [`classify`] makes of it what was [`Seen`].
//! 4. What follows from many looks is decided by [`rotation`](super::rotation), not here.
//!
//! Whoever watches the line of a vantage sees whom it asks. So from inside only those mirrors are looked at that somebody
//! was told of anyway ([`Scope`]), in an order and at moments that are drawn, with requests that look like a
//! reader's.
//!
//! What readers report ([`hints`]) is hearsay: it is a reason to look, and never a [`Probe`].

pub mod command;
mod controls;
mod expectation;
pub mod hints;
mod verdict;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};
use url::Url;

pub use expectation::{Expectation, Page};
pub use verdict::{Sight, Yardstick, classify};

use crate::base::{Digest, LIMITS, MetadataName, Timestamp};
use crate::io::address;
use crate::io::probe::{self, Ask, Line, Patience, Trace};
use crate::io::program::Program;
use crate::io::random;
use crate::io::visit::Proxy;
use crate::sync::rotation::{Cause, Controls, MirrorId, Place, Probe, Seen, VantageId};
use controls::Sighted;
use verdict::is_right;

/// A place from which mirrors are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vantage {
    pub id: VantageId,
    /// What the operator calls it.
    pub name: String,
    pub place: Place,
    pub way: Way,
    pub scope: Scope,
    /// What surely is not blocked there: big, plain sites.
    pub controls: Vec<Url>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// This machine's own line.
    Direct,
    Proxy(Proxy),
    /// A program that looks: see [`command`].
    Command(Program),
}

/// Which mirrors a vantage may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those that somebody was told of.
    Told,
    /// Also those that nobody knows. Whoever watches its line learns them.
    All,
}

impl Scope {
    /// What is safe for a vantage there.
    pub fn of(place: Place) -> Self {
        match place {
            Place::Inside => Self::Told,
            Place::Outside => Self::All,
        }
    }
}

/// Sites so large that hardly anybody blocks them, who do not wonder about one visitor more.
pub const CONTROLS: [&str; 3] = [
    "https://www.microsoft.com/",
    "https://www.apple.com/",
    "https://www.samsung.com/",
];

impl Vantage {
    /// By its name, so that the planner knows it again.
    pub fn id_of(name: &str) -> VantageId {
        let digest = Digest::of(name.as_bytes());
        let first = digest.as_bytes().iter().take(8);
        VantageId(first.fold(0, |id, byte| (id << 8) | u64::from(*byte)))
    }
}

/// A mirror to be looked at.
#[derive(Debug, Clone)]
pub struct Target {
    pub mirror: MirrorId,
    pub url: Url,
    /// Of its host, as whoever made it knows them; may be empty.
    pub addresses: Vec<IpAddr>,
    pub expected: Arc<Expectation>,
}

#[derive(Clone)]
pub struct Options {
    /// How this machine connects. The vantage's proxy takes the place of its own.
    pub line: Line,
    pub patience: Patience,
    /// Mirrors that are looked at at one time.
    pub abreast: usize,
    /// Each mirror is looked at at a moment that is drawn out of so long a time.
    pub spread: Duration,
    /// Slower is throttled, unless the controls are as slow.
    pub least_bytes_per_second: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            line: Line::new(None),
            patience: Patience::default(),
            abreast: 8,
            spread: Duration::from_secs(60),
            least_bytes_per_second: 16_000,
        }
    }
}

/// One look of one vantage at all targets, begun `now`. Never fails: what it could not see says `Controls::Fail`.
pub async fn look(
    vantage: &Vantage,
    targets: &[Target],
    options: &Options,
    now: Timestamp,
) -> Vec<Probe> {
    let controls = &vantage.controls;
    let begun = Instant::now();
    let sights = match &vantage.way {
        Way::Direct => look_along(&options.line, targets, controls, options).await,
        Way::Proxy(proxy) => {
            let line = Line {
                proxy: Some(proxy.clone()),
                ..options.line.clone()
            };
            look_along(&line, targets, controls, options).await
        }
        Way::Command(program) => {
            let seen = command::look(program, targets, controls, options).await;
            let at = Instant::now();
            seen.into_iter().map(|seen| (seen, at)).collect()
        }
    };
    let probes = targets
        .iter()
        .zip(sights)
        .map(|(target, (sight, at))| Probe {
            at: later(now, at - begun),
            vantage: vantage.id,
            place: vantage.place,
            mirror: target.mirror,
            // What the vantage does not see accuses nobody, whatever stands here.
            seen: sight.unwrap_or(Seen::Fails(Cause::Blackhole)),
            controls: match sight {
                Some(_) => Controls::Work,
                None => Controls::Fail,
            },
        });
    probes.collect()
}

fn later(now: Timestamp, passed: Duration) -> Timestamp {
    let passed = jiff::SignedDuration::try_from(passed).unwrap_or_default();
    now.checked_add(passed).unwrap_or(now)
}

/// `None`: not seen. With the moment at which each was.
async fn look_along(
    line: &Line,
    targets: &[Target],
    controls: &[Url],
    options: &Options,
) -> Vec<(Option<Seen>, Instant)> {
    let Sighted::Sees { bytes_per_second } = controls::look(line, controls, options).await else {
        return vec![(None, Instant::now()); targets.len()];
    };
    let places = &Semaphore::new(options.abreast.max(1));
    let mut looks = Vec::new();
    for target in targets {
        let look = async move {
            sleep(drawn(options.spread)).await;
            let _place = places.acquire().await;
            (look_at(line, target, options).await, Instant::now())
        };
        looks.push(look.boxed());
    }
    let traces: Vec<(Vec<Trace>, Instant)> = join_all(looks).await;
    let after = controls::look(line, controls, options).await;
    let least = match after {
        Sighted::Sees {
            bytes_per_second: after,
        } => Yardstick::new(options.least_bytes_per_second, [bytes_per_second, after]),
        Sighted::Blind => Yardstick::new(0, [None; 2]),
    };
    let sights = targets.iter().zip(&traces).map(|(target, (traces, at))| {
        let sight = Sight {
            by_name: traces.first(),
            by_address: traces.get(1),
            addresses: &target.addresses,
        };
        let seen = classify(&sight, &target.expected, least);
        // What it reached it reached; what it did not may be its own fault.
        let seen = seen.filter(|seen| after != Sighted::Blind || *seen == Seen::Works);
        (seen, *at)
    });
    sights.collect()
}

/// By its name, and where that fails and its address is known, by that: so a lie of the resolver shows.
async fn look_at(line: &Line, target: &Target, options: &Options) -> Vec<Trace> {
    let asks = asks(target);
    let by_name = probe::probe(line, &asks, None, &options.patience).await;
    let is_name = target.url.domain().is_some();
    let known = addresses(line, target).await;
    let other = known.iter().find(|at| !by_name.resolved.contains(at));
    match other {
        Some(at) if is_name && !is_right(&by_name, &target.expected) => {
            let by_address = probe::probe(line, &asks, Some(*at), &options.patience).await;
            vec![by_name, by_address]
        }
        _ => vec![by_name],
    }
}

/// As they are known, or, where a proxy looks names up, as this machine sees them.
async fn addresses(line: &Line, target: &Target) -> Vec<IpAddr> {
    match (target.url.domain(), &line.proxy) {
        (Some(name), Some(_)) if target.addresses.is_empty() => {
            line.lookup.addresses(name).await.unwrap_or_default()
        }
        _ => target.addresses.clone(),
    }
}

fn asks(target: &Target) -> [Ask; 2] {
    let page = &target.expected.page;
    [
        Ask {
            url: address::metadata(&target.url, &MetadataName::timestamp()),
            most_bytes: usize::try_from(LIMITS.timestamp_bytes).unwrap_or(usize::MAX),
        },
        Ask {
            url: address::file(&target.url, &page.path),
            most_bytes: usize::try_from(page.bytes).unwrap_or(usize::MAX),
        },
    ]
}

fn drawn(spread: Duration) -> Duration {
    spread * u32::from(random::byte()) / 256
}
