//! One connection to a host, and how far it came: what a reader would do, watched step by step.
//!
//! 1. *Resolve*: the host's name is looked up, here or by the proxy.
//! 2. *Connect*: TCP, straight or through the proxy.
//! 3. *Hello*: TLS, as every other client of ours speaks it. Its certificate must be valid for the name.
//! 4. *Ask*: the files are asked for one after the other on this one connection, since that is what some censors count
//!    bytes on; each is read to its end.
//!
//! All the while one clock looks whether bytes come ([`Meter`]). What happened is a [`Trace`]; what it means is not decided
//! here. What is sent is what a stock browser sends, so that who is asked, and who listens, cannot tell a probe from a
//! reader.

mod meter;
mod proxied;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use url::{Host, Url};

use super::fetch::tls;
use super::visit::Proxy;
use meter::{Counted, Meter};

/// How far it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Resolve,
    Connect,
    Hello,
    /// The head of an answer is waited for.
    Head,
    /// In the middle of an answer.
    Body,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All files that were asked for came, or as much of them as was wanted.
    Whole,
    NoName,
    Refused,
    /// Torn down: by a reset, or closed before the time.
    Broken,
    /// No byte came for as long as was waited.
    Silent,
    /// Bytes came until the time for all was over.
    Slow,
    /// It is not valid for the name.
    Certificate,
    /// What came is not the protocol.
    Nonsense,
    /// The vantage's own network, or its proxy, could not do it.
    NoWay,
}

/// What one connection came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    pub stage: Stage,
    pub end: End,
    /// To what the name led; empty if it was not looked up here.
    pub resolved: Vec<IpAddr>,
    /// The answers, in the order of asking; the last one may be cut short.
    pub answers: Vec<Answer>,
    /// That came on the connection, with all that belongs to TLS.
    pub received_bytes: u64,
    /// Of bodies, as they were sent.
    pub body_bytes: u64,
    /// How long bodies were read, from the first byte of each to its last.
    pub reading: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Where it leads, if it is a redirect.
    pub location: Option<String>,
    /// As sent, without compression, up to [`Ask::most_bytes`].
    pub body: Bytes,
    pub is_whole: bool,
}

impl Answer {
    /// Worth asking on.
    fn is_good(&self) -> bool {
        self.status == 200 && self.is_whole
    }
}

/// A file to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub url: Url,
    /// More of it is not read.
    pub most_bytes: usize,
}

/// How patient a probe is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// Without a single byte, or a connection.
    pub silence: Duration,
    /// For everything.
    pub whole: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            silence: Duration::from_secs(12),
            whole: Duration::from_secs(40),
        }
    }
}

/// Who knows to what a name leads.
pub trait Lookup: Send + Sync {
    fn addresses<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// This machine's own resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn addresses<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// From where, and how, connections are made.
#[derive(Clone)]
pub struct Line {
    pub proxy: Option<Proxy>,
    pub lookup: Arc<dyn Lookup>,
    pub tls: Arc<rustls::ClientConfig>,
}

impl Line {
    pub fn new(proxy: Option<Proxy>) -> Self {
        Self::with(proxy, Arc::new(SystemLookup), tls())
    }

    /// With another resolver and other certificate authorities.
    pub fn with(
        proxy: Option<Proxy>,
        lookup: Arc<dyn Lookup>,
        mut tls: rustls::ClientConfig,
    ) -> Self {
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self {
            proxy,
            lookup,
            tls: Arc::new(tls),
        }
    }
}

/// Asks for files that lie on one host. `at`: the host's address, whatever its name leads to.
pub async fn probe(line: &Line, asks: &[Ask], at: Option<IpAddr>, patience: &Patience) -> Trace {
    let mut trace = Trace {
        stage: Stage::Resolve,
        end: End::NoWay,
        resolved: Vec::new(),
        answers: Vec::new(),
        received_bytes: 0,
        body_bytes: 0,
        reading: Duration::ZERO,
    };
    let meter = Arc::new(Meter::default());
    let walk = walk(line, asks, at, patience, &meter, &mut trace);
    let end = match timeout(patience.whole, walk).await {
        Ok(Ok(())) => End::Whole,
        Ok(Err(end)) => end,
        Err(_) => End::Slow,
    };
    trace.end = end;
    trace.received_bytes = meter.received();
    trace
}

async fn walk(
    line: &Line,
    asks: &[Ask],
    at: Option<IpAddr>,
    patience: &Patience,
    meter: &Arc<Meter>,
    trace: &mut Trace,
) -> Result<(), End> {
    let mut host: Option<Speaker> = None;
    for ask in asks {
        let mut speaker = match still_there(host.take()).await {
            Some(speaker) => speaker,
            None => meet(line, &ask.url, at, patience, meter, trace).await?,
        };
        trace.stage = Stage::Head;
        let answer = watched(meter, patience, speaker.ask(ask)).await?;
        trace.stage = Stage::Body;
        read(answer, ask, patience, meter, trace).await?;
        if !trace.answers.last().is_some_and(Answer::is_good) {
            break;
        }
        host = Some(speaker);
    }
    Ok(())
}

/// Some hosts end the connection behind each answer.
async fn still_there(speaker: Option<Speaker>) -> Option<Speaker> {
    let mut speaker = speaker?;
    speaker.is_ready().await.then_some(speaker)
}

/// A connection on which it can be asked.
async fn meet(
    line: &Line,
    url: &Url,
    at: Option<IpAddr>,
    patience: &Patience,
    meter: &Arc<Meter>,
    trace: &mut Trace,
) -> Result<Speaker, End> {
    let stream = reach(line, url, at, patience, trace).await?;
    meter.begin();
    let stream = Counted::new(stream, Arc::clone(meter));
    if url.scheme() != "https" {
        return Speaker::http1(stream).await;
    }
    trace.stage = Stage::Hello;
    hello(line, url, stream, patience, meter).await
}

/// The work's end, unless no byte came for too long.
async fn watched<T>(
    meter: &Meter,
    patience: &Patience,
    work: impl Future<Output = Result<T, End>>,
) -> Result<T, End> {
    tokio::select! {
        biased;
        done = work => done,
        () = meter.still(patience.silence) => Err(End::Silent),
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

type Pipe = Box<dyn Stream>;

/// Addresses of one name that are tried.
const ADDRESSES: usize = 3;

/// A connection to the host, of TCP.
async fn reach(
    line: &Line,
    url: &Url,
    at: Option<IpAddr>,
    patience: &Patience,
    trace: &mut Trace,
) -> Result<Pipe, End> {
    let host = url.host().ok_or(End::Nonsense)?.to_owned();
    let port = url.port_or_known_default().ok_or(End::Nonsense)?;
    if let Some(proxy) = &line.proxy {
        trace.stage = Stage::Connect;
        let host = at.map_or_else(|| host.to_string(), |at| at.to_string());
        let host = host.trim_matches(['[', ']']);
        return proxied::reach(proxy.expose(), &line.tls, host, port, patience).await;
    }
    let addresses = match (at, host) {
        (Some(at), _) => vec![at],
        (None, Host::Ipv4(ip)) => vec![IpAddr::V4(ip)],
        (None, Host::Ipv6(ip)) => vec![IpAddr::V6(ip)],
        (None, Host::Domain(name)) => {
            let found = timeout(patience.silence, line.lookup.addresses(&name)).await;
            trace.resolved = found.ok().and_then(Result::ok).unwrap_or_default();
            trace.resolved.clone()
        }
    };
    if addresses.is_empty() {
        return Err(End::NoName);
    }
    trace.stage = Stage::Connect;
    let mut last = End::NoWay;
    for address in addresses.into_iter().take(ADDRESSES) {
        match connect(SocketAddr::new(address, port), patience).await {
            Ok(stream) => return Ok(Box::new(stream)),
            // That this line has no IPv6 says nothing of the host.
            Err(End::NoWay) => {}
            Err(end) => last = end,
        }
    }
    Err(last)
}

async fn connect(address: SocketAddr, patience: &Patience) -> Result<TcpStream, End> {
    let connected = timeout(patience.silence, TcpStream::connect(address)).await;
    let stream = connected
        .map_err(|_| End::Silent)?
        .map_err(|error| end_of(&error))?;
    // A small request is not held back.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

fn end_of(error: &io::Error) -> End {
    use io::ErrorKind::{
        AddrNotAvailable, ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable,
        NetworkDown, NetworkUnreachable, PermissionDenied, TimedOut, UnexpectedEof,
    };
    if let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        return match inner {
            rustls::Error::InvalidCertificate(_) => End::Certificate,
            _ => End::Nonsense,
        };
    }
    match error.kind() {
        // A router or a firewall on the way says so, as loudly as a host that does not listen.
        ConnectionRefused | HostUnreachable => End::Refused,
        ConnectionReset | ConnectionAborted | UnexpectedEof | io::ErrorKind::BrokenPipe => {
            End::Broken
        }
        TimedOut => End::Silent,
        NetworkUnreachable | NetworkDown | AddrNotAvailable | PermissionDenied => End::NoWay,
        _ => End::Broken,
    }
}

async fn hello(
    line: &Line,
    url: &Url,
    stream: Counted<Pipe>,
    patience: &Patience,
    meter: &Meter,
) -> Result<Speaker, End> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let name = ServerName::try_from(host.to_owned()).map_err(|_| End::Nonsense)?;
    let connector = tokio_rustls::TlsConnector::from(Arc::clone(&line.tls));
    let shake = async {
        connector
            .connect(name, stream)
            .await
            .map_err(|error| end_of(&error))
    };
    let stream = watched(meter, patience, shake).await?;
    match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => Speaker::http2(stream).await,
        _ => Speaker::http1(stream).await,
    }
}

/// A connection that files can be asked for on.
struct Speaker {
    way: Sending,
    /// Ended with the speaker.
    driver: JoinHandle<()>,
}

enum Sending {
    Http1(http1::SendRequest<Empty<Bytes>>),
    Http2(http2::SendRequest<Empty<Bytes>>),
}

impl Drop for Speaker {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Speaker {
    async fn http1(stream: impl Stream + 'static) -> Result<Self, End> {
        let (way, driver) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| cause(&error))?;
        let driver = tokio::spawn(async move { drop(driver.await) });
        Ok(Self {
            way: Sending::Http1(way),
            driver,
        })
    }

    async fn http2(stream: impl Stream + 'static) -> Result<Self, End> {
        let shaken = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
        let (way, driver) = shaken.map_err(|error| cause(&error))?;
        let driver = tokio::spawn(async move { drop(driver.await) });
        Ok(Self {
            way: Sending::Http2(way),
            driver,
        })
    }

    async fn is_ready(&mut self) -> bool {
        match &mut self.way {
            Sending::Http1(way) => way.ready().await.is_ok(),
            Sending::Http2(way) => way.ready().await.is_ok(),
        }
    }

    async fn ask(&mut self, ask: &Ask) -> Result<Response<Incoming>, End> {
        let sent = match &mut self.way {
            Sending::Http1(way) => {
                let request = request(&ask.url, Version::HTTP_11).ok_or(End::Nonsense)?;
                way.send_request(request).await
            }
            Sending::Http2(way) => {
                let request = request(&ask.url, Version::HTTP_2).ok_or(End::Nonsense)?;
                way.send_request(request).await
            }
        };
        sent.map_err(|error| cause(&error))
    }
}

/// What a stock browser says of itself.
const HEADERS: [(header::HeaderName, &str); 4] = [
    (
        header::USER_AGENT,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
    ),
    (
        header::ACCEPT,
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    ),
    (header::ACCEPT_LANGUAGE, "en-US,en;q=0.5"),
    (header::ACCEPT_ENCODING, "gzip, deflate"),
];

fn request(url: &Url, version: Version) -> Option<Request<Empty<Bytes>>> {
    let authority = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let target = match version {
        Version::HTTP_2 => format!("{}://{authority}{}", url.scheme(), url.path()),
        _ => url.path().to_owned(),
    };
    let mut request = Request::get(target);
    if version != Version::HTTP_2 {
        request = request.header(header::HOST, authority);
    }
    for (name, value) in HEADERS {
        request = request.header(name, value);
    }
    request.body(Empty::new()).ok()
}

/// What made hyper give up.
fn cause(error: &hyper::Error) -> End {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    for cause in causes {
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            return end_of(error);
        }
    }
    match error.is_parse() {
        true => End::Nonsense,
        false => End::Broken,
    }
}

async fn read(
    answer: Response<Incoming>,
    ask: &Ask,
    patience: &Patience,
    meter: &Meter,
    trace: &mut Trace,
) -> Result<(), End> {
    let (head, mut body) = answer.into_parts();
    let (mut sent, mut is_whole) = (BytesMut::new(), false);
    let begun = Instant::now();
    trace.answers.push(Answer {
        status: head.status.as_u16(),
        location: text(&head.headers, &header::LOCATION),
        body: Bytes::new(),
        is_whole,
    });
    let reading = trace.reading;
    loop {
        let frame = async {
            body.frame()
                .await
                .transpose()
                .map_err(|error| cause(&error))
        };
        let got = watched(meter, patience, frame).await;
        trace.reading = reading + begun.elapsed();
        let data = match &got {
            Ok(Some(frame)) => frame.data_ref(),
            Ok(None) => {
                is_whole = true;
                None
            }
            Err(_) => None,
        };
        trace.body_bytes += data.map_or(0, |data| data.len() as u64);
        sent.extend(data.into_iter().flatten());
        if let Some(kept) = trace.answers.last_mut()
            && (is_whole || got.is_err() || sent.len() > ask.most_bytes)
        {
            kept.body = plain(&sent, &head.headers, ask.most_bytes);
            kept.is_whole = is_whole;
        }
        match got {
            Ok(Some(_)) if sent.len() <= ask.most_bytes => {}
            got => return got.map(|_| ()),
        }
    }
}

fn text(head: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    let value = head.get(name)?.to_str().ok()?;
    (value.len() <= 2_000).then(|| value.to_owned())
}

/// What the body is without its compression. One that cannot be unpacked is left as it is.
fn plain(sent: &[u8], head: &HeaderMap, most: usize) -> Bytes {
    use io::Read;
    let mut unpacked = Vec::new();
    let limit = most as u64 + 1;
    let done = match head
        .get(header::CONTENT_ENCODING)
        .map(HeaderValue::as_bytes)
    {
        Some(b"gzip" | b"x-gzip") => flate2::read::MultiGzDecoder::new(sent)
            .take(limit)
            .read_to_end(&mut unpacked),
        Some(b"deflate") => flate2::read::ZlibDecoder::new(sent)
            .take(limit)
            .read_to_end(&mut unpacked),
        _ => return Bytes::copy_from_slice(sent),
    };
    match done {
        Ok(_) => unpacked.into(),
        Err(_) => Bytes::copy_from_slice(sent),
    }
}
