//! A web in memory that answers, redirects, is busy, stalls and lies; and how strangers' hosts are asked.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use futures_util::stream;
use tokio::time::Instant;

use super::*;

/// A web of a few addresses, in memory. Its slowness passes in virtual time.
#[derive(Default)]
pub struct Web {
    pub pages: HashMap<String, (&'static str, Bytes)>,
    pub endless: Vec<String>,
    /// Requests so far.
    pub asked: AtomicUsize,
    /// Whole bodies that were sent.
    pub sent: AtomicUsize,
    /// Pages that have an `ETag`: the digest of what they are now.
    tagged: Vec<String>,
    fresh: HashMap<String, Duration>,
    redirects: HashMap<String, String>,
    /// How often an address still refuses, with which status, and what it says about when to come again.
    refusals: Mutex<HashMap<String, Refusal>>,
    /// A megabyte, one byte every ten seconds.
    slow: Vec<String>,
    /// When each address was asked.
    log: Mutex<Vec<(Instant, String)>>,
}

/// Times, status, seconds.
type Refusal = (usize, u16, Option<u64>);

impl Web {
    pub fn with(mut self, url: &str, kind: &'static str, bytes: impl Into<Bytes>) -> Self {
        self.pages.insert(url.to_owned(), (kind, bytes.into()));
        self
    }

    pub fn tagged(mut self, url: &str) -> Self {
        self.tagged.push(url.to_owned());
        self
    }

    fn fresh(mut self, url: &str, seconds: u64) -> Self {
        self.fresh
            .insert(url.to_owned(), Duration::from_secs(seconds));
        self
    }

    pub fn redirect(mut self, from: &str, to: &str) -> Self {
        self.redirects.insert(from.to_owned(), to.to_owned());
        self
    }

    /// See [`Self::slow`].
    pub fn dripping(mut self, urls: impl Iterator<Item = String>) -> Self {
        self.slow.extend(urls);
        self
    }

    pub fn refusing(self, url: &str, times: usize, status: u16, wait: Option<u64>) -> Self {
        let refusal = (times, status, wait);
        self.refusals.lock().unwrap().insert(url.into(), refusal);
        self
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    fn refusal(&self, url: &str) -> Option<(u16, Option<u64>)> {
        let mut refusals = self.refusals.lock().unwrap();
        let (left, status, wait) = refusals.get_mut(url)?;
        *left = left.checked_sub(1)?;
        Some((*status, *wait))
    }

    fn answer(&self, visit: &Visit) -> Result<Answer, FetchError> {
        let url = visit.url.as_str();
        if visit.url.host_str() == Some("dead.example") {
            return Err(FetchError::Transient {
                address: url.to_owned(),
                why: "no connection".into(),
            });
        }
        if let Some((status, wait)) = self.refusal(url) {
            let mut answer = bare(status);
            answer.wait = wait.map(Duration::from_secs);
            return Ok(answer);
        }
        if let Some(to) = self.redirects.get(url) {
            let mut answer = bare(301);
            answer.location = Some(to.clone());
            return Ok(answer);
        }
        if self.endless.iter().any(|endless| endless == url) {
            let chunk = Bytes::from(vec![b'a'; 1 << 20]);
            let mut answer = bare(200);
            answer.body = stream::repeat_with(move || Ok(chunk.clone())).boxed();
            return Ok(answer);
        }
        if self.slow.iter().any(|slow| slow == url) {
            let mut answer = bare(200);
            let bytes = stream::iter(0..1 << 20).then(|_| async {
                tokio::time::sleep(Duration::from_secs(10)).await;
                Ok(Bytes::from_static(b"a"))
            });
            answer.body = bytes.boxed();
            return Ok(answer);
        }
        let Some((kind, bytes)) = self.pages.get(url) else {
            return Ok(bare(404));
        };
        let is_tagged = self.tagged.iter().any(|tagged| tagged == url);
        let etag = is_tagged.then(|| format!("\"{}\"", crate::base::Digest::of(bytes)));
        if etag.is_some() && etag == visit.known.etag {
            return Ok(bare(304));
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        let chunks: Vec<_> = bytes
            .chunks(1 << 20)
            .map(|c| Ok(Bytes::copy_from_slice(c)))
            .collect();
        let mut answer = bare(200);
        answer.content_type = Some((*kind).to_owned());
        answer.validators.etag = etag;
        answer.fresh = self.fresh.get(url).copied();
        answer.body = stream::iter(chunks).boxed();
        Ok(answer)
    }
}

fn bare(status: u16) -> Answer {
    Answer {
        status,
        location: None,
        content_type: Some("text/html".into()),
        validators: Validators::default(),
        fresh: None,
        is_fleeting: false,
        wait: None,
        body: stream::empty().boxed(),
    }
}

impl Visitor for Web {
    fn visit(&self, visit: Visit) -> BoxFuture<'_, Result<Answer, FetchError>> {
        // Most hosts have none, and tests count what matters.
        let is_robots = visit.url.path() == "/robots.txt";
        if is_robots && !self.pages.contains_key(visit.url.as_str()) {
            return Box::pin(std::future::ready(Ok(bare(404))));
        }
        self.asked.fetch_add(1, Ordering::Relaxed);
        let asked = (Instant::now(), visit.url.to_string());
        self.log.lock().unwrap().push(asked);
        Box::pin(std::future::ready(self.answer(&visit)))
    }
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

const A: &str = "https://n.example/a";

async fn got(web: &Web, address: &str) -> Result<Got, GetError> {
    let getter = Getter::new(web, std::iter::empty());
    getter.get(&url(address)).await
}

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

#[tokio::test]
async fn an_endless_body_is_refused() {
    let web = Web {
        endless: vec![A.into()],
        ..Web::default()
    };
    assert!(matches!(
        got(&web, A).await,
        Err(GetError::Fetch(FetchError::TooLarge { .. }))
    ));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_is_cut_off_and_not_asked_for_again() {
    let web = Web {
        slow: vec![A.into()],
        ..Web::default()
    };
    let begun = Instant::now();
    assert_eq!(got(&web, A).await.err(), Some(GetError::Slow(A.into())));
    assert_eq!(begun.elapsed().as_secs(), WHOLE.as_secs());
    assert_eq!(web.asked(), 1);
}

#[tokio::test]
async fn private_addresses_are_asked_only_if_the_source_is_there_or_they_were_allowed() {
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
    assert_eq!(web.asked(), 0, "nothing was sent");
    let anywhere = Terms {
        ground: Ground::Anywhere,
        ..Terms::default()
    };
    let inside = url("http://127.0.0.1:81/a");
    assert!(getter.get_on(&inside, anywhere).await.is_ok());
    let own = |address: &str| Getter::new(&web, std::iter::once(Some(url(address))));
    assert!(own("http://127.0.0.1:81/feed").get(&inside).await.is_ok());
    // Another port is another program.
    let other = own("http://127.0.0.1/feed").get(&inside).await;
    assert!(matches!(other, Err(GetError::Private(_))));
    let (intranet, sent_on) = (own("http://intranet/feed"), url("https://intranet/a"));
    let sent_on = intranet.get(&sent_on).await;
    assert!(matches!(
        sent_on,
        Err(GetError::Fetch(FetchError::NotFound(_)))
    ));
}

#[tokio::test]
async fn what_lies_inside_is_only_for_the_source_that_lies_there() {
    let (draft, moved) = ("http://127.0.0.1:81/draft/7", "https://n.example/moved");
    let web = Web::default()
        .with(draft, "text/html", "x")
        .redirect(moved, draft);
    let folder = tempfile::tempdir().unwrap();
    let cache = WebCache::begin(folder.path(), now()).unwrap();
    let own = Some(url("http://127.0.0.1:81/feed"));
    let partner = Some(url("https://partner.example/feed"));
    let sources = [own, partner, None].into_iter();
    let getter = Getter::new(&web, sources).with_cache(Some(&cache));
    let refused = async |address: &str, source: u32| {
        let got = getter.get_on(&url(address), of_source(source)).await;
        matches!(got, Err(GetError::Private(_)))
    };
    for source in [1, 2, 9] {
        assert!(refused(draft, source).await && refused(moved, source).await);
    }
    let sent = web.asked();
    assert_eq!(sent, 3, "only the host that leads there was asked");
    for address in [draft, moved] {
        assert!(!refused(address, 0).await);
        // By now it lies in the cache.
        let kept = |source| getter.kept(&url(address), of_source(source));
        assert!(kept(0).is_some() && kept(1).is_none());
        assert!(refused(address, 1).await);
    }
}

#[tokio::test]
async fn a_login_is_used_only_for_what_its_own_source_names() {
    let with_login = "http://ed:pw@n.example/secret";
    let web = Web::default()
        .with(with_login, "text/html", "x")
        .redirect("http://partner.example/a", "http://n.example/secret");
    let own = Some(url("http://ed:pw@n.example/feed"));
    let partner = Some(url("http://partner.example/feed"));
    let getter = Getter::new(&web, [own, partner, None].into_iter());
    let get = |address: &str, source: u32| {
        let (address, getter) = (url(address), &getter);
        let terms = Terms {
            source,
            ..Terms::default()
        };
        async move { getter.get_on(&address, terms).await }
    };
    assert!(get("http://n.example/secret", 0).await.is_ok());
    for source in [1, 2, 9] {
        assert!(get("http://n.example/secret", source).await.is_err());
    }
    assert!(get("http://partner.example/a", 1).await.is_err());
    assert!(get("https://n.example/secret", 0).await.is_err());
    let log = web.log.lock().unwrap();
    let told = log.iter().filter(|(_, address)| address.contains("pw"));
    assert_eq!(told.count(), 1);
}

#[tokio::test]
async fn redirects_are_followed_to_public_pages_only_and_not_for_ever() {
    let web = Web::default()
        .redirect(A, "/b")
        .redirect("https://n.example/b", "https://other.example/c")
        .with("https://other.example/c", "text/html", "x")
        .redirect("https://n.example/in", "http://169.254.169.254/meta")
        .redirect("https://n.example/round", "/round")
        .redirect("https://n.example/file", "file:///etc/passwd");
    assert_eq!(
        got(&web, A).await.unwrap().url.as_str(),
        "https://other.example/c"
    );
    let asked = web.asked();
    let inside = got(&web, "https://n.example/in").await;
    assert!(matches!(inside, Err(GetError::Private(_))), "{inside:?}");
    assert_eq!(web.asked(), asked + 1, "nobody inside was asked");
    for (name, why) in [("round", "too often"), ("file", "nowhere")] {
        let error = got(&web, &format!("https://n.example/{name}")).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_is_asked_what_it_wants_before_the_second_page() {
    let robots = "User-agent: *\nCrawl-delay: 3\nUser-agent: colport\nDisallow: /private\n";
    let mut web = Web::default().with("https://n.example/robots.txt", "text/plain", robots);
    for name in ["a", "b", "c", "private"] {
        web = web.with(&format!("https://n.example/{name}"), "text/html", "x");
    }
    let getter = Getter::new(&web, std::iter::empty());
    let get = |name: &str| {
        let address = url(&format!("https://n.example/{name}"));
        let getter = &getter;
        async move { getter.get(&address).await }
    };
    assert!(get("a").await.is_ok());
    assert_eq!(web.asked(), 1, "a feed alone needs no leave");
    let begun = Instant::now();
    let [b, c, private] = futures_util::future::join_all(["b", "c", "private"].map(get))
        .await
        .try_into()
        .unwrap();
    assert!(b.is_ok() && c.is_ok());
    assert!(begun.elapsed() >= Duration::from_secs(3));
    let refused = private.unwrap_err().to_string();
    assert!(refused.contains("robots.txt"), "{refused}");
    assert_eq!(web.asked(), 4, "asked once, and nothing that it keeps");
}

#[tokio::test(start_paused = true)]
async fn a_host_in_our_own_network_is_not_asked_what_it_wants() {
    let robots = "User-agent: colport\nDisallow: /\n";
    let web = Web::default()
        .with("http://127.0.0.1/robots.txt", "text/plain", robots)
        .with("http://127.0.0.1/a", "text/html", "x");
    let own = Some(url("http://127.0.0.1/feed"));
    let getter = Getter::new(&web, std::iter::once(own));
    for _ in 0..2 {
        assert!(getter.get(&url("http://127.0.0.1/a")).await.is_ok());
    }
    assert_eq!(web.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_dead_host_is_given_up() {
    let web = Web::default();
    let getter = Getter::new(&web, std::iter::empty());
    for n in 0..20 {
        let got = getter.get(&url(&format!("https://dead.example/{n}"))).await;
        assert!(got.is_err());
    }
    assert_eq!(web.asked(), (TRIES * pace::GIVE_UP) as usize);
}

#[tokio::test(start_paused = true)]
async fn no_source_has_a_host_given_up_for_another() {
    let mut web = Web::default().with(A, "text/html", "x");
    web.slow = (0..4)
        .map(|n| format!("https://n.example/slow/{n}"))
        .collect();
    let getter = Getter::new(&web, std::iter::empty());
    for address in &web.slow {
        assert!(getter.get_on(&url(address), of_source(1)).await.is_err());
    }
    let given_up = getter.get_on(&url(A), of_source(1)).await;
    assert!(matches!(given_up, Err(GetError::GivenUp(_))));
    assert!(getter.get(&url(A)).await.is_ok(), "another names others");
}

#[tokio::test(start_paused = true)]
async fn another_port_that_is_dead_is_another_host() {
    let mut web = Web::default().with(A, "text/html", "x");
    web.slow = (0..4)
        .map(|n| format!("https://n.example:444/{n}"))
        .collect();
    let getter = Getter::new(&web, std::iter::empty());
    for address in &web.slow {
        assert!(getter.get(&url(address)).await.is_err());
    }
    assert!(getter.get(&url(A)).await.is_ok());
}

fn of_source(source: u32) -> Terms {
    Terms {
        source,
        ..Terms::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_drips_is_cut_off_and_others_go_on() {
    let mut web = Web::default().with("https://own.example/a", "text/html", "x");
    web.slow = (0..90).map(|n| format!("https://{n}.example/")).collect();
    let getter = Getter::new(&web, std::iter::empty()).with_time(Duration::from_secs(150));
    let begun = Instant::now();
    for address in &web.slow {
        let got = getter.get_on(&url(address), of_source(1)).await;
        assert!(got.unwrap_err().is_passing());
    }
    assert_eq!(begun.elapsed().as_secs(), 150);
    assert_eq!(web.asked(), 3);
    let own = url("https://own.example/a");
    let late = getter.get_on(&own, of_source(1)).await.unwrap_err();
    assert!(late.to_string().contains("in the next"), "{late}");
    assert!(getter.get_on(&own, of_source(0)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_comes_at_the_same_time_counts_once() {
    let web = Web {
        slow: (0..3).map(|n| format!("https://{n}.example/")).collect(),
        ..Web::default()
    };
    let getter = Getter::new(&web, std::iter::empty()).with_time(Duration::from_secs(100));
    let all: Vec<Url> = web.slow.iter().map(|address| url(address)).collect();
    let got = futures_util::future::join_all(all.iter().map(|url| getter.get(url))).await;
    for got in got {
        assert!(matches!(got, Err(GetError::Slow(_))), "{got:?}");
    }
    // Nothing is on its way, so nothing is counted.
    tokio::time::sleep(Duration::from_secs(1000)).await;
    assert!(matches!(getter.get(&url(A)).await, Err(GetError::Fetch(_))));
}

#[tokio::test(start_paused = true)]
async fn when_time_is_short_what_was_kept_is_used_and_what_is_new_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut web =
        Web::default()
            .with(A, "text/html", "one")
            .with("https://n.example/b", "text/html", "two");
    let time = Duration::from_secs(100);
    let cache = WebCache::begin(folder.path(), now()).unwrap();
    let getter = Getter::new(&web, std::iter::empty()).with_cache(Some(&cache));
    getter.get(&url(A)).await.unwrap();
    cache.end();
    drop(cache);
    web.slow = vec!["https://slow.example/".into()];
    let cache = WebCache::begin(folder.path(), now()).unwrap();
    let getter = Getter::new(&web, std::iter::empty())
        .with_cache(Some(&cache))
        .with_time(time);
    assert!(getter.get(&url(A)).await.is_ok());
    assert_eq!(web.asked(), 2, "it may have changed");
    assert!(getter.get(&url("https://slow.example/")).await.is_err());
    assert!(getter.get(&url(A)).await.is_ok());
    assert_eq!(web.asked(), 3);
    let changed = Terms {
        changed: Some(now()),
        ..Terms::default()
    };
    assert!(getter.get_on(&url(A), changed).await.is_ok());
    assert!(getter.get(&url("https://n.example/b")).await.is_ok());
    assert_eq!(web.asked(), 5);
    getter.doubt(&url(A));
    assert!(
        getter.kept(&url(A), Terms::default()).is_none(),
        "it was of no use"
    );
    assert!(getter.get(&url(A)).await.is_ok());
    assert_eq!(web.asked(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_passes_is_tried_again_and_one_that_stays_is_not() {
    let web = Web::default()
        .with(A, "text/html", "x")
        .refusing(A, 2, 502, None)
        .refusing("https://n.example/403", 9, 403, None);
    let begun = Instant::now();
    assert!(got(&web, A).await.is_ok());
    assert_eq!(web.asked(), 3);
    assert!(begun.elapsed() >= PAUSE * 5, "the pauses grow");
    assert!(got(&web, "https://n.example/403").await.is_err());
    assert_eq!(web.asked(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_broken_page_does_not_give_up_its_host() {
    let mut web = Web::default().with(A, "text/html", "x");
    for n in 0..9 {
        web = web.refusing(&format!("https://n.example/{n}"), 9, 500, None);
    }
    let getter = Getter::new(&web, std::iter::empty());
    for n in 0..9 {
        let got = getter.get(&url(&format!("https://n.example/{n}"))).await;
        assert!(got.is_err());
    }
    assert!(getter.get(&url(A)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_busy_host_is_left_alone_for_as_long_as_it_says() {
    for status in [429, 503] {
        let web = Web::default()
            .with(A, "text/html", "x")
            .with("https://n.example/b", "text/html", "x")
            .refusing(A, 1, status, Some(30));
        let getter = Getter::new(&web, std::iter::empty());
        let (a, b) = (url(A), url("https://n.example/b"));
        let begun = Instant::now();
        let (first, other) = tokio::join!(getter.get(&a), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            getter.get(&b).await
        });
        assert!(first.is_ok() && other.is_ok());
        let log = web.log.lock().unwrap();
        let after = log.iter().skip(1);
        assert!(after.clone().count() == 2);
        for (when, address) in after {
            assert!(*when >= begun + Duration::from_secs(30), "{address}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_wants_an_hour_is_given_up_for_this_run() {
    let web = Web::default().refusing(A, 9, 503, Some(3600));
    let getter = Getter::new(&web, std::iter::empty());
    let begun = Instant::now();
    let error = getter.get(&url(A)).await.unwrap_err().to_string();
    assert!(error.contains("3600 seconds"), "{error}");
    assert!(matches!(
        getter.get(&url("https://n.example/b")).await,
        Err(GetError::GivenUp(_))
    ));
    assert_eq!(web.asked(), 1);
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn requests_to_a_host_are_apart_and_few_at_a_time() {
    let web = Web::default();
    let getter = Getter::new(&web, std::iter::empty());
    let all: Vec<Url> = (0..10)
        .map(|n| url(&format!("https://n.example/{n}")))
        .collect();
    futures_util::future::join_all(all.iter().map(|url| getter.get(url))).await;
    let log = web.log.lock().unwrap();
    assert_eq!(log.len(), 10);
    for pair in log.windows(2) {
        assert!(pair[1].0 - pair[0].0 >= Duration::from_millis(60));
    }
}

/// Gets each address once, in a run of its own.
async fn run(web: &Web, folder: &std::path::Path, at: Timestamp, terms: Terms) -> Vec<Bytes> {
    let cache = WebCache::begin(folder, at).unwrap();
    let getter = Getter::new(web, std::iter::empty()).with_cache(Some(&cache));
    let mut bodies = Vec::new();
    for address in web.pages.keys().chain(web.redirects.keys()) {
        bodies.push(getter.get_on(&url(address), terms).await.unwrap().bytes);
    }
    cache.end();
    bodies.sort();
    bodies
}

#[tokio::test(start_paused = true)]
async fn what_did_not_change_is_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut web = Web::default()
        .with(A, "text/html", "one")
        .tagged(A)
        .with("https://n.example/b", "text/html", "two")
        .redirect("https://n.example/old", A);
    let first = run(&web, folder.path(), now(), Terms::default()).await;
    assert_eq!(first, ["one", "one", "two"]);
    assert_eq!(web.sent(), 3);
    let second = run(&web, folder.path(), now(), Terms::default()).await;
    assert_eq!(second, first);
    assert_eq!(web.sent(), 4, "only the page without a validator");
    // What changed is sent.
    web = web.with(A, "text/html", "three");
    let third = run(&web, folder.path(), now(), Terms::default()).await;
    assert_eq!(third, ["three", "three", "two"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_fresh_or_older_than_the_cache_is_not_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let web = Web::default().with(A, "text/html", "one").fresh(A, 600);
    let hour = |hours| now() + jiff::SignedDuration::from_hours(hours);
    run(&web, folder.path(), now(), Terms::default()).await;
    run(&web, folder.path(), now(), Terms::default()).await;
    assert_eq!(web.asked(), 1);
    run(&web, folder.path(), hour(1), Terms::default()).await;
    assert_eq!(web.asked(), 2);
    let changed = |at| Terms {
        changed: Some(at),
        ..Terms::default()
    };
    run(&web, folder.path(), hour(2), changed(now())).await;
    assert_eq!(web.asked(), 2, "it was fetched after its last change");
    run(&web, folder.path(), hour(4), changed(hour(3))).await;
    assert_eq!(web.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_run_goes_on_where_it_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let b = "https://n.example/b";
    let web = Web::default()
        .with(A, "text/html", "one")
        .with(b, "text/html", "two");
    {
        let cache = WebCache::begin(folder.path(), now()).unwrap();
        let getter = Getter::new(&web, std::iter::empty()).with_cache(Some(&cache));
        getter.get(&url(A)).await.unwrap();
    }
    let bodies = run(&web, folder.path(), now(), Terms::default()).await;
    assert_eq!(bodies, ["one", "two"]);
    assert_eq!(web.sent(), 2, "each page once");
    // What ended well is asked for anew.
    run(&web, folder.path(), now(), Terms::default()).await;
    assert_eq!(web.sent(), 4);
}

#[test]
fn how_long_a_host_wants_to_be_left_alone_is_said_as_people_say_it() {
    for (seconds, said) in [(1, "for a second"), (30, "for 30 seconds")] {
        let address = "https://n.example/".to_owned();
        let error = GetError::Busy { address, seconds };
        assert!(error.to_string().ends_with(said), "{error}");
    }
}
