//! Getting bytes from an address. Bounded in time and size, without a word about who asks.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use url::Url;

use super::reach::{LeadsInside, NoSuchName, Reach};
use super::unpack::unpacked;

/// What a caller can do about an address that gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The host answered, but has no such thing (404, 410).
    #[error("`{0}` has nothing there")]
    NotFound(String),
    /// The host answered and will not give it (401, 403, 451 and the like).
    #[error("`{address}` refused with status {status}")]
    Denied { address: String, status: u16 },
    /// Worth another try, here or elsewhere.
    #[error("`{address}` failed: {why}")]
    Transient { address: String, why: String },
    /// Trying again would give the same.
    #[error("`{address}` cannot be used: {why}")]
    Permanent { address: String, why: String },
    #[error("`{address}` sent more than {max_bytes} bytes")]
    TooLarge { address: String, max_bytes: u64 },
}

impl FetchError {
    /// Whether the host itself answered, if only to say that it cannot now.
    pub fn is_answer(&self) -> bool {
        match self {
            Self::NotFound(_) | Self::Denied { .. } | Self::TooLarge { .. } => true,
            Self::Transient { why, .. } => why.starts_with(STATUS),
            Self::Permanent { .. } => false,
        }
    }

    /// What went wrong, for a table that names the address in another column.
    pub fn reason(&self) -> String {
        match self {
            Self::NotFound(_) => "it has no such file".into(),
            Self::Denied { status, .. } => format!("{REFUSED}{status}"),
            Self::Transient { why, .. } | Self::Permanent { why, .. } => why.clone(),
            Self::TooLarge { max_bytes, .. } => format!("it sent more than {max_bytes} bytes"),
        }
    }
}

pub const STATUS: &str = "status ";
pub const REFUSED: &str = "it refused with status ";

// Why there was no talk at all. Whoever gives advice goes by these words.
pub const NO_CONNECTION: &str = "no connection";
pub const NO_PROXY: &str = "no connection to the proxy";
pub const NO_NAME: &str = "no connection: its name could not be looked up";
pub const NOBODY_THERE: &str = "no connection: nobody listens at that port";
pub const NO_WAY: &str = "no connection: no way leads there from here";
pub const NO_TLS: &str = "no TLS connection";
pub const BROKE: &str = "the connection broke";
pub const PAST_DATE: &str = "by this machine's clock its certificate is past its date";
pub const NOT_YET: &str = "by this machine's clock its certificate is not valid yet";
pub const OTHER_NAME: &str = "its certificate is for another name";
pub const REFUSED_CERTIFICATE: &str = "its certificate is one that browsers refuse";
pub const UNKNOWN_AUTHORITY: &str = "nobody whom browsers trust vouches for its certificate";

#[derive(Debug, Clone)]
pub struct Request {
    pub url: Url,
    /// Ask only for what begins at this byte (RFC 9110 section 14). A server may send the whole all the same.
    pub from_byte: u64,
}

impl Request {
    pub fn get(url: Url) -> Self {
        Self { url, from_byte: 0 }
    }
}

/// A successful answer whose body is still to come.
pub struct Response {
    /// Where the answer came from, after redirects.
    pub url: Url,
    /// As sent: not yet split from its parameters.
    pub content_type: Option<String>,
    /// The place of the body's first byte in the whole: `Request::from_byte` or, of a server that knows no ranges, 0.
    pub first_byte: u64,
    pub body: BoxStream<'static, Result<Bytes, FetchError>>,
}

/// Someone who can fetch. Statuses other than 200 and 206 are errors.
pub trait Fetch: Send + Sync {
    fn fetch(&self, request: Request) -> BoxFuture<'_, Result<Response, FetchError>>;

    /// Whether something is there, without its content, and without the page that a host shows for what is not there. `true`
    /// also where that cannot be told in this way.
    fn finds(&self, url: Url) -> BoxFuture<'_, Result<bool, FetchError>> {
        Box::pin(async move {
            match self.fetch(Request::get(url)).await {
                Ok(_) => Ok(true),
                Err(FetchError::NotFound(_)) => Ok(false),
                Err(error) => Err(error),
            }
        })
    }
}

/// The whole body, refused when longer than `max_bytes`.
pub async fn read_all(mut response: Response, max_bytes: u64) -> Result<Bytes, FetchError> {
    let mut whole = BytesMut::new();
    while let Some(chunk) = response.body.next().await {
        let chunk = chunk?;
        if (whole.len() + chunk.len()) as u64 > max_bytes {
            return Err(FetchError::TooLarge {
                address: shown(&response.url),
                max_bytes,
            });
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

/// An address as people may see it: without user name, password, query and fragment, all of which can hold secrets.
pub fn shown(url: &Url) -> String {
    let mut url = without_login(url);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// The same address without user name and password.
pub fn without_login(url: &Url) -> Url {
    let mut url = url.clone();
    // Fails only for addresses that can hold neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

/// How patient [`HttpFetch`] is.
#[derive(Debug, Clone)]
pub struct Patience {
    pub connect: Duration,
    /// Without a single byte.
    pub silence: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(20),
        }
    }
}

/// HTTP/1.1 and HTTP/2 over plain TCP or TLS. Sends no cookie, no referrer and no name of its own, asks for no
/// compression (so a length is a length) but takes pages that lie compressed on a host which cannot do otherwise, and follows at most five redirects, none of them into a private network: see
/// [`reach`](super::reach).
#[derive(Debug, Clone)]
pub struct HttpFetch {
    client: reqwest::Client,
    /// Without a limit on silence: nothing is heard from a server while it takes a long upload.
    pub(super) uploads: reqwest::Client,
    reach: Reach,
}

impl HttpFetch {
    /// For addresses that a person gave: mirrors may lie anywhere, so every host that is asked for is named. Addresses
    /// out of strangers' pages are for [`visit`](super::visit).
    pub fn new(patience: Patience) -> Self {
        Self::with(patience, tls())
    }

    /// The same, which believes these authorities and no others.
    pub fn vouched_for_by(patience: Patience, authorities: rustls::RootCertStore) -> Self {
        Self::with(patience, tls_with(authorities))
    }

    fn with(patience: Patience, tls: rustls::ClientConfig) -> Self {
        let reach = Reach::default();
        name_proxies(&reach);
        let client = |builder: reqwest::ClientBuilder| {
            builder
                .tls_backend_preconfigured(tls.clone())
                .connect_timeout(patience.connect)
                .redirect(redirects(reach.clone()))
                .dns_resolver(Arc::new(reach.clone()))
                .referer(false)
                .build()
                .expect("a client with built-in certificate authorities can always be made")
        };
        Self {
            client: client(reqwest::Client::builder().read_timeout(patience.silence)),
            uploads: client(reqwest::Client::builder()),
            reach,
        }
    }

    /// A person gave the address, so it may lie anywhere.
    pub(super) fn name(&self, url: &Url) {
        self.reach.name(url);
    }
}

const REDIRECTS: usize = 5;

fn redirects(reach: Reach) -> reqwest::redirect::Policy {
    reqwest::redirect::Policy::custom(move |attempt| {
        if attempt.previous().len() > REDIRECTS {
            return attempt.error("it redirects too often");
        }
        match reach.check(attempt.url()) {
            Ok(()) => attempt.follow(),
            Err(inside) => attempt.error(inside),
        }
    })
}

/// The way out of this network may itself lie inside of it.
pub(super) fn name_proxies(reach: &Reach) {
    for name in ["http_proxy", "https_proxy", "all_proxy"] {
        let values = [std::env::var(name), std::env::var(name.to_uppercase())];
        let urls = values.iter().flatten().filter_map(|value| {
            Url::parse(value)
                .ok()
                .filter(Url::has_host)
                .or_else(|| Url::parse(&format!("http://{value}")).ok())
        });
        urls.for_each(|url| reach.lead_through(&url));
    }
}

/// Certificate authorities are built in: a bare machine or a container may have none.
pub(super) fn tls() -> rustls::ClientConfig {
    tls_with(rustls::RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    })
}

pub(super) fn tls_with(authorities: rustls::RootCertStore) -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the suites of TLS 1.2 and 1.3")
        .with_root_certificates(authorities)
        .with_no_client_auth()
}

impl Fetch for HttpFetch {
    fn fetch(&self, request: Request) -> BoxFuture<'_, Result<Response, FetchError>> {
        Box::pin(async move {
            self.name(&request.url);
            let mut get = self.client.get(request.url.clone());
            if request.from_byte > 0 {
                get = get.header(http::header::RANGE, format!("bytes={}-", request.from_byte));
            } else if is_metadata(&request.url) {
                // As they lie in the bundle: a mirror need not unpack them, which it does for a few at a time only.
                get = get.header(http::header::ACCEPT_ENCODING, "gzip");
            }
            let answer = get.send().await.map_err(|e| classify(&request.url, &e))?;
            let first_byte = match answer.status().as_u16() {
                200 => 0,
                206 => first_byte(&answer)
                    .filter(|first| *first == request.from_byte)
                    .ok_or_else(|| FetchError::Permanent {
                        address: shown(&request.url),
                        why: "it sent another range than was asked".into(),
                    })?,
                status => return Err(refusal(&request.url, status)),
            };
            let content_type = answer
                .headers()
                .get(http::header::CONTENT_TYPE)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned);
            let url = answer.url().clone();
            let asked = url.clone();
            let is_gzip = lies_compressed(&answer);
            let body = answer
                .bytes_stream()
                .map(move |chunk| chunk.map_err(|e| classify(&asked, &e)))
                .boxed();
            let body = match is_gzip {
                true => unpacked(body, shown(&url)),
                false => body,
            };
            Ok(Response {
                url,
                content_type,
                first_byte,
                body,
            })
        })
    }

    /// By `HEAD`, which some hosts do not know.
    fn finds(&self, url: Url) -> BoxFuture<'_, Result<bool, FetchError>> {
        Box::pin(async move {
            self.name(&url);
            let head = self.client.head(url.clone()).send().await;
            let head = head.map_err(|e| classify(&url, &e))?;
            Ok(!matches!(head.status().as_u16(), 404 | 410))
        })
    }
}

/// Only pages and metadata do: some servers call a `.tar.gz` an encoded `.tar`, and its bytes are what is wanted.
fn lies_compressed(answer: &reqwest::Response) -> bool {
    let coding = answer.headers().get(http::header::CONTENT_ENCODING);
    let is_whole = answer.status() == http::StatusCode::OK;
    let may = !answer.url().path().contains(OWN) || is_metadata(answer.url());
    is_whole && coding.is_some_and(|coding| coding == "gzip") && may
}

fn is_metadata(url: &Url) -> bool {
    url.path().contains("/.colport/metadata/")
}

const OWN: &str = "/.colport/";

/// `Content-Range: bytes FIRST-LAST/WHOLE` (RFC 9110 section 14.4).
fn first_byte(answer: &reqwest::Response) -> Option<u64> {
    let value = answer
        .headers()
        .get(http::header::CONTENT_RANGE)?
        .to_str()
        .ok()?;
    value
        .strip_prefix("bytes ")?
        .split_once('-')?
        .0
        .parse()
        .ok()
}

/// What a status other than success means.
pub fn refusal(url: &Url, status: u16) -> FetchError {
    let address = shown(url);
    match status {
        404 | 410 => FetchError::NotFound(address),
        408 | 425 | 429 | 500..=599 => FetchError::Transient {
            address,
            why: format!("{STATUS}{status}"),
        },
        416 => FetchError::Permanent {
            address,
            why: "it is shorter than the part we have".into(),
        },
        _ => FetchError::Denied { address, status },
    }
}

pub(super) fn classify(url: &Url, error: &reqwest::Error) -> FetchError {
    let address = shown(url);
    if let Some(why) = tls_fault(error) {
        let why = why.into();
        return FetchError::Permanent { address, why };
    }
    if error.is_builder() {
        return FetchError::Permanent {
            address,
            why: "it is no HTTP address".into(),
        };
    }
    if let Some(inside) = causes(error).find_map(|cause| cause.downcast_ref::<LeadsInside>()) {
        return FetchError::Permanent {
            address,
            why: inside.to_string(),
        };
    }
    if error.is_redirect() {
        return FetchError::Permanent {
            address,
            why: "it redirects too often".into(),
        };
    }
    let why = match error {
        _ if error.is_connect() && error.is_timeout() => "no connection in time",
        _ if error.is_timeout() => "it fell silent",
        _ if error.is_connect() => no_connection(error),
        _ => BROKE,
    };
    FetchError::Transient {
        address,
        why: why.into(),
    }
}

/// A wrong certificate is told apart from a broken line: it means that someone stands in between.
fn tls_fault(error: &reqwest::Error) -> Option<&'static str> {
    causes(error).find_map(|cause| match cause.downcast_ref()? {
        rustls::Error::InvalidCertificate(why) => Some(certificate_fault(why)),
        _ => Some(NO_TLS),
    })
}

fn certificate_fault(why: &rustls::CertificateError) -> &'static str {
    use rustls::CertificateError as Why;
    match why {
        Why::Expired | Why::ExpiredContext { .. } => PAST_DATE,
        Why::NotValidYet | Why::NotValidYetContext { .. } => NOT_YET,
        Why::NotValidForName | Why::NotValidForNameContext { .. } => OTHER_NAME,
        Why::UnknownIssuer => UNKNOWN_AUTHORITY,
        _ => REFUSED_CERTIFICATE,
    }
}

fn no_connection(error: &reqwest::Error) -> &'static str {
    use std::io::ErrorKind;
    if causes(error).any(|cause| cause.is::<NoSuchName>()) {
        return NO_NAME;
    }
    let failed = |cause: &Cause| cause.downcast_ref().map(std::io::Error::kind);
    match causes(error).find_map(failed) {
        Some(ErrorKind::ConnectionRefused) => NOBODY_THERE,
        Some(ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable) => NO_WAY,
        _ => NO_CONNECTION,
    }
}

pub(super) fn causes(error: &reqwest::Error) -> impl Iterator<Item = &Cause> {
    std::iter::successors(std::error::Error::source(error), |cause| inside(*cause))
}

pub(super) type Cause = dyn std::error::Error + 'static;

/// An I/O error leaves what it wraps out of its `source`.
fn inside(error: &Cause) -> Option<&Cause> {
    let wrapped = error
        .downcast_ref::<std::io::Error>()
        .and_then(|error| error.get_ref());
    wrapped
        .map(|inner| inner as &Cause)
        .or_else(|| error.source())
}
