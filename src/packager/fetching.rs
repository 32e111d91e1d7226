//! Getting pages and pictures from strangers' hosts, politely and within bounds.
//!
//! 1. An address inside a private network is refused, unless the source itself lies on that host. So is, by
//!    [`HttpFetch::for_strangers`](crate::io::fetch::HttpFetch::for_strangers), one that only leads there.
//! 2. At most [`PER_HOST`] requests at a time go to one host.
//! 3. A host that failed [`GIVE_UP`] times in a row is asked no more in this run.
//! 4. A failure that may pass is tried once more, after a pause.
//! 5. What is longer than [`Limits::fetched_bytes`](crate::base::Limits::fetched_bytes), or takes longer than
//!    [`WHOLE`], is refused.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;
use url::Url;

use crate::base::LIMITS;
use crate::io::fetch::{Fetch, FetchError, Request, read_all, shown};
use crate::io::reach::is_private;

const PER_HOST: usize = 3;
const GIVE_UP: u32 = 4;
const PAUSE: Duration = Duration::from_millis(700);

/// For one page or picture, from the question to its last byte.
const WHOLE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GetError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("`{0}` lies in a private network")]
    Private(String),
    #[error("`{0}` was left out because its host failed several times")]
    GivenUp(String),
    #[error("`{0}` took too long")]
    Slow(String),
}

#[derive(Debug)]
pub struct Got {
    /// After redirects.
    pub url: Url,
    pub content_type: Option<String>,
    pub bytes: Bytes,
}

struct HostState {
    slots: Arc<Semaphore>,
    failures: u32,
}

pub struct Getter<'a> {
    fetch: &'a dyn Fetch,
    hosts: Mutex<HashMap<String, HostState>>,
    /// Hosts of the sources: an operator named them, so they may be private.
    own: Vec<String>,
    pause: Duration,
}

impl<'a> Getter<'a> {
    pub fn new(fetch: &'a dyn Fetch, sources: impl Iterator<Item = Url>) -> Self {
        Self {
            fetch,
            hosts: Mutex::default(),
            own: sources
                .filter_map(|url| Some(url.host_str()?.to_owned()))
                .collect(),
            pause: PAUSE,
        }
    }

    pub async fn get(&self, url: &Url) -> Result<Got, GetError> {
        // Step 1.
        let host = url.host_str().unwrap_or_default().to_owned();
        if is_private(url) && !self.own.contains(&host) {
            return Err(GetError::Private(shown(url)));
        }
        // Step 2.
        let slots = self.slots(&host);
        let _slot = slots.acquire().await;
        // Step 3.
        if self.failures(&host) >= GIVE_UP {
            return Err(GetError::GivenUp(shown(url)));
        }
        // Step 4.
        let mut got = self.once(url).await;
        if matches!(got, Err(GetError::Fetch(FetchError::Transient { .. }))) {
            tokio::time::sleep(self.pause).await;
            got = self.once(url).await;
        }
        self.note(&host, &got);
        got
    }

    // Step 5.
    async fn once(&self, url: &Url) -> Result<Got, GetError> {
        let all = async {
            let response = self.fetch.fetch(Request::get(url.clone())).await?;
            let (url, content_type) = (response.url.clone(), response.content_type.clone());
            let bytes = read_all(response, LIMITS.fetched_bytes).await?;
            Ok(Got {
                url,
                content_type,
                bytes,
            })
        };
        tokio::time::timeout(WHOLE, all)
            .await
            .unwrap_or_else(|_| Err(GetError::Slow(shown(url))))
    }

    fn states(&self) -> MutexGuard<'_, HashMap<String, HostState>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slots(&self, host: &str) -> Arc<Semaphore> {
        let mut states = self.states();
        let state = states.entry(host.to_owned()).or_insert_with(|| HostState {
            slots: Arc::new(Semaphore::new(PER_HOST)),
            failures: 0,
        });
        Arc::clone(&state.slots)
    }

    fn failures(&self, host: &str) -> u32 {
        self.states().get(host).map_or(0, |state| state.failures)
    }

    /// Only silence counts: a host that says no is alive.
    fn note(&self, host: &str, got: &Result<Got, GetError>) {
        if let Some(state) = self.states().get_mut(host) {
            state.failures = match got {
                Err(GetError::Slow(_) | GetError::Fetch(FetchError::Transient { .. })) => {
                    state.failures + 1
                }
                _ => 0,
            };
        }
    }
}

#[cfg(test)]
pub mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::StreamExt;
    use futures_util::future::BoxFuture;

    use crate::io::fetch::Response;

    use super::*;

    /// A web of a few addresses, in memory.
    #[derive(Default)]
    pub struct Web {
        pub pages: HashMap<String, (&'static str, Bytes)>,
        pub endless: Vec<String>,
        pub asked: AtomicUsize,
    }

    impl Web {
        pub fn with(mut self, url: &str, kind: &'static str, bytes: impl Into<Bytes>) -> Self {
            self.pages.insert(url.to_owned(), (kind, bytes.into()));
            self
        }
    }

    impl Fetch for Web {
        fn fetch(&self, request: Request) -> BoxFuture<'_, Result<Response, FetchError>> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let url = request.url;
            let answer = |kind: &str, body| Response {
                url: url.clone(),
                content_type: Some(kind.to_owned()),
                first_byte: 0,
                body,
            };
            let found = if self.endless.contains(&url.to_string()) {
                let chunk = Bytes::from(vec![b'a'; 1 << 20]);
                let body = futures_util::stream::repeat_with(move || Ok(chunk.clone())).boxed();
                Ok(answer("text/html", body))
            } else if url.host_str() == Some("dead.example") {
                Err(FetchError::Transient {
                    address: url.to_string(),
                    why: "no connection".into(),
                })
            } else {
                match self.pages.get(url.as_str()) {
                    Some((kind, bytes)) => {
                        let chunks: Vec<_> = bytes
                            .chunks(1 << 20)
                            .map(|c| Ok(Bytes::copy_from_slice(c)))
                            .collect();
                        Ok(answer(kind, futures_util::stream::iter(chunks).boxed()))
                    }
                    None => Err(FetchError::NotFound(url.to_string())),
                }
            };
            Box::pin(std::future::ready(found))
        }
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[tokio::test]
    async fn an_endless_body_is_refused() {
        let web = Web {
            endless: vec!["https://n.example/a".into()],
            ..Web::default()
        };
        let getter = Getter::new(&web, std::iter::empty());
        let got = getter.get(&url("https://n.example/a")).await;
        assert!(matches!(
            got,
            Err(GetError::Fetch(FetchError::TooLarge { .. }))
        ));
    }

    #[tokio::test]
    async fn private_addresses_are_asked_only_if_the_source_is_there() {
        let web = Web::default().with("http://127.0.0.1:81/a", "text/html", "x");
        let getter = Getter::new(&web, std::iter::empty());
        for address in [
            "http://127.0.0.1:81/a",
            "http://10.1.2.3/",
            "http://[::1]/",
            "http://[::ffff:192.168.0.1]/",
            "http://[fd00::1]/",
            "http://169.254.169.254/latest/meta-data",
            "http://localhost/",
            "http://router.lan/",
            "http://intranet/",
        ] {
            let got = getter.get(&url(address)).await;
            assert!(matches!(got, Err(GetError::Private(_))), "{address}");
        }
        assert_eq!(web.asked.load(Ordering::Relaxed), 0, "nothing was sent");
        let getter = Getter::new(&web, [url("http://127.0.0.1:80/feed")].into_iter());
        assert!(getter.get(&url("http://127.0.0.1:81/a")).await.is_ok());
    }

    #[tokio::test]
    async fn a_dead_host_is_given_up() {
        let web = Web::default();
        let mut getter = Getter::new(&web, std::iter::empty());
        getter.pause = Duration::ZERO;
        for n in 0..20 {
            let got = getter.get(&url(&format!("https://dead.example/{n}"))).await;
            assert!(got.is_err());
        }
        let tries = 2 * usize::try_from(GIVE_UP).unwrap();
        assert_eq!(web.asked.load(Ordering::Relaxed), tries);
    }
}
