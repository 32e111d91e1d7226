//! Asking strangers' hosts for pages: one request, one answer, whatever its status. Nothing is followed, nothing is
//! tried again and nothing is remembered here: [`packager`](crate::packager) does that.
//!
//! 1. On [`Ground::Public`] a host must be a public one, by its name and by every address that the name leads to, unless
//!    a person named it by an address or a name that says that it is none; see [`reach`](super::reach). On
//!    [`Ground::Anywhere`] it may lie where it likes.
//! 2. Through a [`Proxy`] names are looked up by the proxy, so only what the name itself tells is checked here. What a
//!    public name leads to is then reached from the proxy's network and not from this one; where both are the same, the
//!    proxy must refuse it, as Tor does.
//! 3. What the page may still be is told to the host, so that it need not send it again (RFC 9110 section 13).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use http::header::{self, HeaderMap, HeaderName};
use jiff::fmt::rfc2822;
use serde::{Deserialize, Serialize};
use url::Url;

use super::fetch::{
    FetchError, NO_CONNECTION, NO_NAME, NO_PROXY, NO_WAY, NOBODY_THERE, Patience, causes, classify,
    name_proxies, shown, tls,
};
use super::reach::Reach;
use crate::base::Secret;

/// Where the host that is asked may lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ground {
    /// In public, unless a person named it.
    #[default]
    Public,
    /// Also inside our own network: the operator said so.
    Anywhere,
}

/// By what a host recognises a state of a page (RFC 9110 section 8.8). As it was sent, not understood.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    pub etag: Option<String>,
    pub modified: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Visit {
    pub url: Url,
    pub ground: Ground,
    /// Of what is had already; the host answers 304 if that is still so.
    pub known: Validators,
}

/// What the host said, with a body still to come.
pub struct Answer {
    pub status: u16,
    /// Where a redirect leads, as it was sent.
    pub location: Option<String>,
    /// As sent: not yet split from its parameters.
    pub content_type: Option<String>,
    pub validators: Validators,
    /// For how long the host lets the answer be used without asking again; `None` if it does not say.
    pub fresh: Option<Duration>,
    /// The host wants nobody to keep it.
    pub is_fleeting: bool,
    /// How long the host wants to be left alone.
    pub wait: Option<Duration>,
    pub body: BoxStream<'static, Result<Bytes, FetchError>>,
}

/// Someone who can be sent. A host that said nothing is an error; every status is an answer.
pub trait Visitor: Send + Sync {
    fn visit(&self, visit: Visit) -> BoxFuture<'_, Result<Answer, FetchError>>;
}

/// The way out: `socks5h://…`, `http://…` or `https://…`, perhaps with a user and a password, which are never shown.
#[derive(Debug, Clone)]
pub struct Proxy(Secret<Url>);

impl Proxy {
    /// Says why `text` is none, without repeating a password in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|why| format!("the proxy is no address ({why}); it begins with `socks5h://`, `http://` or `https://`"))?;
        match (url.scheme(), url.host_str()) {
            ("socks5h" | "http" | "https", Some(_)) => Ok(Self(Secret::new(url))),
            ("socks5", _) => Err(
                "the proxy begins with `socks5`, so names would be looked up here, for everyone on the line to see; \
                 write `socks5h`"
                    .into(),
            ),
            (scheme, _) => Err(format!(
                "the proxy begins with `{scheme}`, not with `socks5h`, `http` or `https`"
            )),
        }
    }
}

impl Proxy {
    /// With its password.
    pub(super) fn expose(&self) -> &Url {
        self.0.expose()
    }
}

impl PartialEq for Proxy {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose() == other.0.expose()
    }
}

impl Eq for Proxy {}

/// HTTP/1.1 and HTTP/2 over plain TCP or TLS. Sends no cookie and no referrer, and takes no compression (so a length
/// is a length). It says who asks: firewalls refuse whoever does not, and a site may want to let this one through, or to
/// keep it out by its `robots.txt`.
#[derive(Debug, Clone)]
pub struct HttpVisitor {
    public: reqwest::Client,
    anywhere: reqwest::Client,
    reach: Reach,
    /// As people may see it.
    proxy: Option<String>,
}

/// Of no version, so that it tells as little as it can of the machine that asks.
const NAME: &str = "Mozilla/5.0 (compatible; colport)";

impl HttpVisitor {
    /// `named` are addresses that a person gave: their hosts may lie inside if the addresses say so.
    pub fn new<'a>(
        patience: Patience,
        proxy: Option<&Proxy>,
        named: impl IntoIterator<Item = &'a Url>,
    ) -> Self {
        let reach = Reach::default();
        named.into_iter().for_each(|url| reach.name_inside(url));
        match proxy {
            Some(proxy) => reach.lead_through(proxy.0.expose()),
            None => name_proxies(&reach),
        }
        let client = || {
            let builder = reqwest::Client::builder()
                .tls_backend_preconfigured(tls())
                .connect_timeout(patience.connect)
                .read_timeout(patience.silence)
                .redirect(reqwest::redirect::Policy::none())
                .user_agent(NAME)
                .referer(false);
            match proxy.map(|proxy| reqwest::Proxy::all(proxy.0.expose().clone())) {
                Some(proxy) => builder.proxy(proxy.expect("its scheme and host were checked")),
                None => builder,
            }
        };
        let made = "a client with built-in certificate authorities can always be made";
        Self {
            public: client()
                .dns_resolver(Arc::new(reach.clone()))
                .build()
                .expect(made),
            anywhere: client().build().expect(made),
            reach,
            proxy: proxy.map(|proxy| shown(proxy.0.expose())),
        }
    }

    fn fault(&self, url: &Url, error: &reqwest::Error) -> FetchError {
        let fault = classify(url, error);
        match &self.proxy {
            Some(proxy) => by_way_of(proxy, fault, error),
            None => fault,
        }
    }

    /// The client that may ask for `url`.
    fn client(&self, url: &Url, ground: Ground) -> Result<&reqwest::Client, FetchError> {
        match ground {
            Ground::Anywhere => Ok(&self.anywhere),
            Ground::Public => {
                let admitted = self.reach.check(url);
                admitted.map_err(|inside| FetchError::Permanent {
                    address: shown(url),
                    why: inside.to_string(),
                })?;
                Ok(&self.public)
            }
        }
    }
}

impl Visitor for HttpVisitor {
    fn visit(&self, visit: Visit) -> BoxFuture<'_, Result<Answer, FetchError>> {
        Box::pin(async move {
            let mut get = self
                .client(&visit.url, visit.ground)?
                .get(visit.url.clone());
            if let Some(etag) = &visit.known.etag {
                get = get.header(header::IF_NONE_MATCH, etag);
            }
            if let Some(modified) = &visit.known.modified {
                get = get.header(header::IF_MODIFIED_SINCE, modified);
            }
            let answer = get.send().await.map_err(|e| self.fault(&visit.url, &e))?;
            let status = answer.status().as_u16();
            let head = answer.headers().clone();
            let body = answer
                .bytes_stream()
                .map(move |chunk| chunk.map_err(|e| classify(&visit.url, &e)))
                .boxed();
            Ok(told(status, &head, body))
        })
    }
}

/// Only the proxy is looked up and connected to; where that worked, it alone knows why nothing came of it.
fn by_way_of(proxy: &str, fault: FetchError, error: &reqwest::Error) -> FetchError {
    match fault {
        FetchError::Transient { address, why } if why.starts_with(NO_CONNECTION) => {
            let is_down = matches!(why.as_str(), NO_NAME | NOBODY_THERE | NO_WAY)
                || causes(error).any(|cause| cause.to_string().ends_with(NOT_TO_PROXY));
            let why = match is_down {
                true => why.replacen(NO_CONNECTION, &format!("{NO_PROXY} `{proxy}`"), 1),
                false => format!("{why} by way of the proxy `{proxy}`"),
            };
            FetchError::Transient { address, why }
        }
        other => other,
    }
}

/// What hyper says where it did not even reach the proxy. Of SOCKS it tells no more than this.
const NOT_TO_PROXY: &str = "failed to create underlying connection";

fn told(
    status: u16,
    head: &HeaderMap,
    body: BoxStream<'static, Result<Bytes, FetchError>>,
) -> Answer {
    let control = text(head, &header::CACHE_CONTROL).unwrap_or_default();
    Answer {
        status,
        location: text(head, &header::LOCATION),
        content_type: text(head, &header::CONTENT_TYPE),
        validators: Validators {
            etag: text(head, &header::ETAG),
            modified: text(head, &header::LAST_MODIFIED),
        },
        fresh: freshness(&control),
        is_fleeting: directives(&control).any(|(name, _)| name == "no-store"),
        wait: wait(head),
        body,
    }
}

/// `Retry-After` in seconds, or until a date (RFC 9110 section 10.2.3): by the host's own clock, which may go wrong.
fn wait(head: &HeaderMap) -> Option<Duration> {
    let said = text(head, &header::RETRY_AFTER)?;
    if let Ok(seconds) = said.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text: &str| Some(rfc2822::parse(text.trim()).ok()?.timestamp());
    let sent = date(&text(head, &header::DATE)?)?;
    let left = date(&said)?.duration_since(sent);
    Some(Duration::try_from(left).unwrap_or_default())
}

/// Longer ones carry no meaning, and would be kept.
const HEADER_BYTES: usize = 2_000;

fn text(head: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = head.get(name)?.to_str().ok()?;
    (value.len() <= HEADER_BYTES).then(|| value.to_owned())
}

/// `Cache-Control: max-age=SECONDS` without `no-cache` (RFC 9111 section 5.2.2).
fn freshness(control: &str) -> Option<Duration> {
    if directives(control).any(|(name, _)| name == "no-cache") {
        return None;
    }
    let age = directives(control).find(|(name, _)| name == "max-age")?.1;
    Some(Duration::from_secs(age.trim_matches('"').parse().ok()?))
}

fn directives(control: &str) -> impl Iterator<Item = (String, &str)> {
    control.split(',').map(|directive| {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        (name.trim().to_ascii_lowercase(), value.trim())
    })
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_host_hears_who_asks() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let url = Url::parse(&url).unwrap();
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut heard = vec![0; 2_000];
            let length = stream.read(&mut heard).await.unwrap();
            stream
                .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                .await
                .unwrap();
            String::from_utf8_lossy(heard.get(..length).unwrap()).to_lowercase()
        });
        let visitor = HttpVisitor::new(Patience::default(), None, [&url]);
        let visit = Visit {
            url,
            ground: Ground::Public,
            known: Validators::default(),
        };
        assert_eq!(visitor.visit(visit).await.unwrap().status, 204);
        let heard = asked.await.unwrap();
        let name = "\r\nuser-agent: mozilla/5.0 (compatible; colport)\r\n";
        assert!(heard.contains(name), "{heard}");
    }

    #[tokio::test]
    async fn a_proxy_that_is_down_is_named_without_its_password() {
        // Nobody listens there any more.
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = gone.local_addr().unwrap();
        drop(gone);
        for scheme in ["socks5h", "http"] {
            let proxy = Proxy::parse(&format!("{scheme}://anna:hunter2@{at}")).unwrap();
            let visitor = HttpVisitor::new(Patience::default(), Some(&proxy), []);
            for url in ["http://n.example/feed", "https://n.example/feed"] {
                let visit = Visit {
                    url: Url::parse(url).unwrap(),
                    ground: Ground::Public,
                    known: Validators::default(),
                };
                let why = visitor.visit(visit).await.err().unwrap().to_string();
                assert!(why.contains(NO_PROXY), "{why}");
                assert!(why.contains(&format!("{scheme}://{at}")), "{why}");
                assert!(!why.contains("hunter2") && !why.contains("anna"), "{why}");
            }
        }
    }

    #[tokio::test]
    async fn what_a_proxy_cannot_reach_is_not_its_own_fault() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = format!("socks5h://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 300];
            // RFC 1928: no name is wanted; the host is not reachable.
            let _ = stream.read(&mut asked).await.unwrap();
            stream.write_all(&[5, 0]).await.unwrap();
            let _ = stream.read(&mut asked).await.unwrap();
            stream
                .write_all(&[5, 4, 0, 1, 0, 0, 0, 0, 0, 0])
                .await
                .unwrap();
        });
        let visitor = HttpVisitor::new(Patience::default(), Proxy::parse(&proxy).ok().as_ref(), []);
        let visit = Visit {
            url: Url::parse("http://n.example/feed").unwrap(),
            ground: Ground::Public,
            known: Validators::default(),
        };
        let why = visitor.visit(visit).await.err().unwrap().to_string();
        assert!(!why.contains(NO_PROXY) && why.contains(&proxy), "{why}");
    }

    #[test]
    fn what_a_head_says_is_read() {
        let check = |control: &str, fresh: Option<u64>, is_fleeting: bool| {
            let mut head = HeaderMap::new();
            head.insert(header::CACHE_CONTROL, control.parse().unwrap());
            head.insert(header::RETRY_AFTER, "120".parse().unwrap());
            let answer = told(200, &head, futures_util::stream::empty().boxed());
            assert_eq!(answer.fresh, fresh.map(Duration::from_secs), "{control}");
            assert_eq!(answer.is_fleeting, is_fleeting, "{control}");
            assert_eq!(answer.wait, Some(Duration::from_secs(120)));
        };
        check("public, Max-Age=300", Some(300), false);
        check("max-age=\"60\", immutable", Some(60), false);
        check("no-cache, max-age=300", None, false);
        check("private, no-store", None, true);
        check("max-age=soon", None, false);
    }

    #[test]
    fn a_host_says_how_long_to_wait_in_seconds_or_by_its_clock() {
        let check = |said: &str, sent: Option<&str>, seconds: Option<u64>| {
            let mut head = HeaderMap::new();
            head.insert(header::RETRY_AFTER, said.parse().unwrap());
            head.extend(sent.map(|sent| (header::DATE, sent.parse().unwrap())));
            assert_eq!(wait(&head), seconds.map(Duration::from_secs), "{said}");
        };
        let sent = Some("Mon, 23 Nov 2026 12:00:00 GMT");
        check(" 30 ", None, Some(30));
        check("Mon, 23 Nov 2026 12:01:30 GMT", sent, Some(90));
        check("Mon, 23 Nov 2026 11:00:00 GMT", sent, Some(0));
        check("Mon, 23 Nov 2026 12:01:30 GMT", None, None);
        check("soon", sent, None);
        check("-5", sent, None);
    }

    #[test]
    fn a_proxy_is_understood_and_its_password_never_shown() {
        for good in [
            "socks5h://127.0.0.1:9050",
            "http://a:hunter2@gateway.lan:3128",
        ] {
            let proxy = Proxy::parse(good).unwrap();
            assert!(!format!("{proxy:?}").contains("hunter2"));
        }
        for (bad, says) in [
            ("socks5://a:hunter2@127.0.0.1:9050", "socks5h"),
            ("ftp://a:hunter2@127.0.0.1", "`ftp`"),
            ("127.0.0.1:9050", "`socks5h://`"),
            ("http://a:hunter2@", "proxy"),
        ] {
            let why = Proxy::parse(bad).unwrap_err();
            assert!(why.contains(says) && !why.contains("hunter2"), "{why}");
        }
    }
}
