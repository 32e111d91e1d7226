//! Getting pages and pictures from strangers' hosts, politely and within bounds.
//!
//! 1. An address inside a private network is refused, unless the source that names it itself lies on that host and port or
//!    was allowed to lead there. So is, by [`HttpVisitor`](crate::io::visit::HttpVisitor), one that only leads there. This
//!    holds for each step of a redirect, and for what the cache holds since another source may go there.
//! 2. What the cache holds and the host need not be asked about is taken from there.
//! 3. Each request waits for its turn at the host: see [`pace`]. A host from which more than one thing is wanted is first
//!    asked what it wants itself: see [`robots`].
//! 4. A failure that may pass is tried again, [`TRIES`] times in all, with growing pauses, or when the host says so.
//! 5. What the host says is still so (304) is taken from the cache, and what is new is put there.
//! 6. A user name and a password in the address of a source are told to that host alone, with the scheme and the port that
//!    stand there, and only for what this source names: another one could choose what is read with them. What is handed
//!    on, kept and said is without them.
//! 7. What is longer than [`Limits::fetched_bytes`](crate::base::Limits::fetched_bytes), or takes longer than
//!    [`WHOLE`], is refused.
//! 8. No source may take a run longer than its share of [`time`]: what is not read by then is asked for in the next.

mod cache;
mod pace;
mod robots;
#[cfg(test)]
pub mod tests;
mod time;

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use url::Url;

use self::cache::Kept;
use self::pace::{Hosts, LONGEST_WAIT};
use self::robots::Robots;
use self::time::Times;
use crate::base::{LIMITS, Timestamp};
use crate::io::fetch::{FetchError, refusal, shown, without_login};
use crate::io::reach::is_private;
use crate::io::visit::{Answer, Ground, Validators, Visit, Visitor};

pub use self::cache::WebCache;

const TRIES: u32 = 3;
const REDIRECTS: usize = 5;

/// Before the second try; four times as long before the third.
const PAUSE: Duration = Duration::from_millis(700);

/// After 429 or 503 without `Retry-After`.
const BUSY: Duration = Duration::from_secs(5);

/// For one page or picture, from the question to its last byte.
const WHOLE: Duration = Duration::from_secs(60);

/// What one source may take of a run after which somebody waits, or another run comes at an unknown time. A thousand pages
/// of a host that wants pauses take an hour, and fifty thousand of one that wants none.
pub const OF_A_RUN: Duration = Duration::from_secs(6 * 3600);

/// Of one run of many, with nothing published until each source had its share.
pub const OF_A_ROUND: Duration = Duration::from_secs(30 * 60);

/// For a `robots.txt`.
const BRIEFLY: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GetError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("`{0}` lies in a private network (see `allow_private` in `colport.toml`)")]
    Private(String),
    #[error("`{0}` was left out because its host failed several times")]
    GivenUp(String),
    #[error("`{0}` took too long")]
    Slow(String),
    #[error(
        "there was no time left for `{0}`: its source takes too long for one run, and is asked for it in the next"
    )]
    NoTimeLeft(String),
    #[error("`{0}` is not for colport, says the `robots.txt` of its host")]
    Unwanted(String),
    #[error("`{address}` wants to be left alone for {}", said(*seconds))]
    Busy { address: String, seconds: u64 },
}

fn said(seconds: u64) -> String {
    match seconds {
        1 => "a second".to_owned(),
        _ => format!("{seconds} seconds"),
    }
}

impl GetError {
    /// Whether the page may be well, and only cannot be had today: not one that the host says is gone.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Slow(_) | Self::NoTimeLeft(_) | Self::Busy { .. } | Self::GivenUp(_) => true,
            Self::Fetch(error) => matches!(
                error,
                FetchError::Transient { .. } | FetchError::Denied { status: 403, .. }
            ),
            Self::Private(_) | Self::Unwanted(_) => false,
        }
    }

    /// Whether the host itself failed, and not only this page of it: a host that says no is alive.
    fn is_failure(&self) -> bool {
        match self {
            Self::Slow(_) | Self::Busy { .. } => true,
            Self::Fetch(error) => {
                matches!(error, FetchError::Transient { .. }) && !error.is_answer()
            }
            Self::Private(_) | Self::GivenUp(_) | Self::NoTimeLeft(_) | Self::Unwanted(_) => false,
        }
    }
}

#[derive(Debug)]
pub struct Got {
    /// After redirects.
    pub url: Url,
    pub content_type: Option<String>,
    pub bytes: Bytes,
}

/// What the source says about an address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terms {
    pub ground: Ground,
    /// When the page was last changed: what was fetched later is still so.
    pub changed: Option<Timestamp>,
    /// The place of the source that names it among those of the newsroom.
    pub source: u32,
}

pub struct Getter<'a> {
    web: &'a dyn Visitor,
    cache: Option<&'a WebCache>,
    hosts: Hosts,
    times: Times,
    /// Addresses of the sources, by their places: an operator named them, so their hosts may be private for what they name.
    own: Vec<Option<Url>>,
}

/// One step on the way to a page.
enum Step {
    Arrived(Got),
    Leads(Url),
}

impl<'a> Getter<'a> {
    /// `sources` are the addresses that an operator named, in the order of the sources; some have none.
    pub fn new(web: &'a dyn Visitor, sources: impl Iterator<Item = Option<Url>>) -> Self {
        Self {
            web,
            cache: None,
            hosts: Hosts::default(),
            times: Times::of(OF_A_RUN),
            own: sources.collect(),
        }
    }

    /// What each source may take.
    pub fn with_time(self, each: Duration) -> Self {
        Self {
            times: Times::of(each),
            ..self
        }
    }

    /// Keeps what it fetches, and asks only for what may have changed.
    pub fn with_cache(self, cache: Option<&'a WebCache>) -> Self {
        Self { cache, ..self }
    }

    pub async fn get(&self, url: &Url) -> Result<Got, GetError> {
        self.get_on(url, Terms::default()).await
    }

    pub async fn get_on(&self, url: &Url, terms: Terms) -> Result<Got, GetError> {
        let url = &without_login(url);
        // Step 1.
        self.admit(url, terms)?;
        // Step 2.
        let kept = self.answer(url, terms);
        if let (Some(cache), Some(kept)) = (self.cache, &kept)
            && (cache.is_current(kept, terms.changed) || self.must_do(kept, terms))
            && let Some(got) = self.held(kept)
        {
            return Ok(got);
        }
        // Step 8.
        let no_time = || GetError::NoTimeLeft(shown(url));
        let spending = self.times.begin(terms.source).ok_or_else(no_time)?;
        let got = tokio::time::timeout(spending.left, self.fetch(url, terms, kept.as_ref())).await;
        got.unwrap_or_else(|_| Err(no_time()))
    }

    /// What was kept of it, however old, where it cannot be had today.
    pub fn kept(&self, url: &Url, terms: Terms) -> Option<Got> {
        let kept = self.answer(&without_login(url), terms)?;
        self.held(&kept).filter(|_| kept.is_of_use())
    }

    /// Whether the time of its source is short, and nobody says that it has changed.
    fn must_do(&self, kept: &Kept, terms: Terms) -> bool {
        terms.changed.is_none() && kept.is_of_use() && self.times.is_half_over(terms.source)
    }

    async fn fetch(&self, url: &Url, terms: Terms, kept: Option<&Kept>) -> Result<Got, GetError> {
        let mut at = url.clone();
        for _ in 0..=REDIRECTS {
            match self.patiently(url, &at, terms, kept).await? {
                Step::Arrived(got) => return Ok(got),
                Step::Leads(to) => at = to,
            }
        }
        Err(permanent(url, "it redirects too often"))
    }

    /// What came from there was no article: perhaps a shield's question, which must not be kept in place of the page.
    pub fn doubt(&self, url: &Url) {
        if let Some(cache) = self.cache {
            cache.doubt(url);
        }
    }

    /// What the cache knows of it, if that lies where this source may go.
    fn answer(&self, url: &Url, terms: Terms) -> Option<Kept> {
        let may_go = |to: &Url| self.admit(to, terms).is_ok();
        let kept = self.cache?.answer(url);
        kept.filter(|kept| may_go(url) && may_go(&kept.url))
    }

    fn held(&self, kept: &Kept) -> Option<Got> {
        Some(Got {
            url: kept.url.clone(),
            content_type: kept.content_type.clone(),
            bytes: self.cache?.body(kept)?,
        })
    }

    fn admit(&self, url: &Url, terms: Terms) -> Result<(), GetError> {
        // Step 1. No port is that of the scheme, and a host may send its readers from `http` to `https`.
        let is_own = || {
            let place = |url: &Url| (url.host_str().map(str::to_owned), url.port());
            let own = self.own(terms.source);
            own.is_some_and(|own| place(own) == place(url))
        };
        match terms.ground {
            Ground::Public if is_private(url) && !is_own() => Err(GetError::Private(shown(url))),
            _ => Ok(()),
        }
    }

    /// Asks for `at`, to which `asked` led.
    async fn patiently(
        &self,
        asked: &Url,
        at: &Url,
        terms: Terms,
        kept: Option<&Kept>,
    ) -> Result<Step, GetError> {
        self.admit(at, terms)?;
        if !self.hosts.welcomes(at, || self.robots(at, terms)).await {
            return Err(GetError::Unwanted(shown(at)));
        }
        let mut tries = 0;
        loop {
            // Step 3.
            let turn = self.hosts.turn(at, terms.source).await;
            let turn = turn.ok_or_else(|| GetError::GivenUp(shown(at)))?;
            let step = tokio::time::timeout(WHOLE, self.once(asked, at, terms, kept)).await;
            let step = step.unwrap_or_else(|_| Err(GetError::Slow(shown(at))));
            drop(turn);
            // Step 4.
            tries += 1;
            let may_pass = self.wait(at, terms.source, &step, tries).await;
            if !may_pass || tries >= TRIES {
                let has_failed = step.as_ref().is_err_and(GetError::is_failure);
                self.hosts.note(at, terms.source, has_failed);
                return step;
            }
        }
    }

    /// What the host of this address asks for. Asked once, and patiently never.
    async fn robots(&self, url: &Url, terms: Terms) -> Robots {
        let Ok(asked) = url.join("/robots.txt") else {
            return Robots::default();
        };
        let kept = self.cache.and_then(|cache| cache.answer(&asked));
        let mut at = asked.clone();
        for _ in 0..=REDIRECTS {
            let turn = self.hosts.turn(&at, terms.source).await;
            let (Ok(()), Some(turn)) = (self.admit(&at, terms), turn) else {
                break;
            };
            let step = self.once(&asked, &at, terms, kept.as_ref());
            let step = tokio::time::timeout(BRIEFLY, step).await;
            drop(turn);
            match step {
                Ok(Ok(Step::Arrived(got))) => return Robots::read(&got.bytes),
                Ok(Ok(Step::Leads(to))) => at = to,
                _ => break,
            }
        }
        Robots::default()
    }

    /// Whether it is worth another try, after the pause that it takes.
    async fn wait(&self, at: &Url, source: u32, step: &Result<Step, GetError>, tries: u32) -> bool {
        match step {
            Err(GetError::Busy { seconds, .. }) => {
                let wait = Duration::from_secs(*seconds);
                self.hosts.was_busy(at, source, wait);
                wait <= LONGEST_WAIT
            }
            Err(GetError::Fetch(FetchError::Transient { .. })) => {
                if tries < TRIES {
                    tokio::time::sleep(PAUSE * 4_u32.pow(tries - 1)).await;
                }
                true
            }
            _ => false,
        }
    }

    async fn once(
        &self,
        asked: &Url,
        at: &Url,
        terms: Terms,
        kept: Option<&Kept>,
    ) -> Result<Step, GetError> {
        let known = kept.filter(|kept| kept.url == *at);
        let held = known.and_then(|kept| Some((kept, self.held(kept)?)));
        let visit = Visit {
            url: self.with_login(at, terms.source),
            ground: terms.ground,
            known: held
                .as_ref()
                .map_or_else(Validators::default, |(kept, _)| kept.validators.clone()),
        };
        let answer = self.web.visit(visit).await?;
        match (answer.status, held) {
            // Step 5.
            (200, _) => self.arrived(asked, at, answer).await.map(Step::Arrived),
            (304, Some((kept, got))) => {
                if let Some(cache) = self.cache {
                    cache.confirm(kept, answer.fresh);
                }
                Ok(Step::Arrived(got))
            }
            (301 | 302 | 303 | 307 | 308, _) => leads(at, &answer).map(Step::Leads),
            (429 | 503, _) => Err(GetError::Busy {
                address: shown(at),
                seconds: answer.wait.unwrap_or(BUSY).as_secs(),
            }),
            (status, _) => Err(refusal(at, status).into()),
        }
    }

    /// The address of a source, by its place.
    fn own(&self, source: u32) -> Option<&Url> {
        self.own.get(source as usize)?.as_ref()
    }

    // Step 6.
    fn with_login(&self, at: &Url, source: u32) -> Url {
        let mut url = at.clone();
        let own = self.own(source);
        if let Some(own) = own.filter(|own| own.origin() == at.origin()) {
            // Fails only for addresses that can hold neither, and those have no host.
            let _ = url.set_username(own.username());
            let _ = url.set_password(own.password());
        }
        url
    }

    async fn arrived(&self, asked: &Url, at: &Url, answer: Answer) -> Result<Got, GetError> {
        let Answer {
            content_type,
            validators,
            fresh,
            is_fleeting,
            mut body,
            ..
        } = answer;
        // Step 7.
        let max_bytes = LIMITS.fetched_bytes;
        let mut whole = BytesMut::new();
        while let Some(chunk) = body.next().await {
            let chunk = chunk?;
            if (whole.len() + chunk.len()) as u64 > max_bytes {
                let address = shown(at);
                return Err(FetchError::TooLarge { address, max_bytes }.into());
            }
            whole.extend_from_slice(&chunk);
        }
        let bytes = whole.freeze();
        if let Some(cache) = self.cache.filter(|_| !is_fleeting) {
            let kind = content_type.as_deref();
            cache.keep(asked, at, kind, validators, fresh, &bytes);
        }
        Ok(Got {
            url: at.clone(),
            content_type,
            bytes,
        })
    }
}

fn leads(at: &Url, answer: &Answer) -> Result<Url, GetError> {
    let to = answer.location.as_deref().and_then(|to| at.join(to).ok());
    let to = to.map(|to| without_login(&to));
    let is_web = |to: &Url| matches!(to.scheme(), "http" | "https");
    to.filter(is_web)
        .ok_or_else(|| permanent(at, "it redirects nowhere"))
}

fn permanent(url: &Url, why: &str) -> GetError {
    let address = shown(url);
    let why = why.to_owned();
    FetchError::Permanent { address, why }.into()
}
