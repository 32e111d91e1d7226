//! The operator's page, on this machine only: how things stand, live, with one button.
//!
//! | path | what |
//! | --- | --- |
//! | `/` | the page |
//! | `/events` | what is new of it, as server-sent events |
//! | `/mirrors.json` | the [`View`] for programs |
//! | `/metrics` | numbers for Prometheus |
//! | `/overrule` | the operator's word, by POST |
//!
//! Who may ask:
//!
//! 1. A request to this very address, by its number or as `localhost`, which no page elsewhere can make even when it has its
//!    name point here (DNS rebinding); and none that a browser says another site made.
//! 2. Who has the key: other users of this machine reach the address too. It comes with the address that the operator is
//!    given, `/?key=…`, and is exchanged at once for a cookie, so that it stays in no address. Programs bring it as a bearer's
//!    token, for what is made for programs.
//! 3. The button needs a token besides, that only stands in the page.
//!
//! Everything in the page is text that was escaped; its one script and its style
//! are allowed by their hashes, and nothing is loaded from anywhere.
//!
//! No address of a mirror is on it.

mod metrics;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use futures_util::StreamExt;
use http::header::{self, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};
use url::form_urlencoded;

use super::super::rotation::{ChannelId, Tier};
use super::{Event, Reach, ReachView, View};
use crate::base::{Secret, Timestamp};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("live.js");
const CONNECTIONS: usize = 16;
const FORM_BYTES: usize = 1000;
/// Events come no faster.
const PACE: Duration = Duration::from_secs(2);

static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash =
        |text: &str| BASE64.encode(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
});

/// What it needs.
pub struct Office {
    pub views: watch::Receiver<View>,
    pub say: mpsc::Sender<Event>,
    /// Who shows it may see all this. Of hexadecimal digits.
    pub key: Secret<String>,
    /// That the button brings along; nobody else can guess it.
    pub token: Secret<String>,
}

type Body = BoxBody<Bytes, Infallible>;

/// For ever.
pub async fn serve(listener: TcpListener, address: SocketAddr, office: Office) {
    let office = Arc::new(office);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            // The machine is out of files and needs a moment.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let office = office.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let office = office.clone();
                async move { Ok::<_, Infallible>(answer(&office, address, request).await) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(10))
                .serve_connection(TokioIo::new(stream), service);
            // What went wrong on the wire, the other side knows.
            let _ = connection.await;
            drop(place);
        });
    }
}

async fn answer(
    office: &Office,
    address: SocketAddr,
    request: Request<Incoming>,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let mut answer = match refusal(&head, address) {
        Some(refusal) => refusal,
        None if brings_key(office, &head) => with_cookie(office, address),
        None if is_known(office, &head, address) => admitted(office, &head, body).await,
        None => sentence(
            StatusCode::UNAUTHORIZED,
            "open the address that `colport mirrors --page` prints",
        ),
    };
    let fixed = [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        // Beware: with `no-referrer` browsers say `Origin: null` for the button, as pages do that hide where they come from.
        ("referrer-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("content-security-policy", &POLICY),
    ];
    for (name, value) in fixed {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    answer
}

fn refusal(head: &Parts, address: SocketAddr) -> Option<Response<Body>> {
    let is_ours = |host: &[u8]| {
        let names = [address.to_string(), format!("localhost:{}", address.port())];
        names.iter().any(|name| name.as_bytes() == host)
    };
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let is_named =
        hosts.next().is_some_and(|host| is_ours(host.as_bytes())) && hosts.next().is_none();
    let site = head.headers.get("sec-fetch-site");
    let is_elsewhere = site.is_some_and(|site| site != "none" && site != "same-origin");
    let origin = head
        .headers
        .get(header::ORIGIN)
        .map(|origin| origin.as_bytes());
    let is_foreign = origin.is_some_and(|origin| {
        origin
            .strip_prefix(b"http://")
            .is_none_or(|host| !is_ours(host))
    });
    match () {
        () if !is_named => Some(sentence(
            StatusCode::MISDIRECTED_REQUEST,
            "this is not the host you are looking for",
        )),
        () if is_elsewhere || is_foreign => Some(sentence(
            StatusCode::FORBIDDEN,
            "this is not for pages of other sites",
        )),
        () => None,
    }
}

/// In the address, as the operator was given it.
fn brings_key(office: &Office, head: &Parts) -> bool {
    let query = head.uri.query().unwrap_or_default().as_bytes();
    let key = form_urlencoded::parse(query).find(|(field, _)| field == "key");
    let is_right = key.is_some_and(|(_, key)| is_same(&key, office.key.expose()));
    head.method == Method::GET && head.uri.path() == "/" && is_right
}

/// Cookies are the same for all ports of a host, so it is named after ours.
fn cookie(address: SocketAddr) -> String {
    format!("colport-{}", address.port())
}

fn with_cookie(office: &Office, address: SocketAddr) -> Response<Body> {
    let mut answer = sentence(StatusCode::SEE_OTHER, "come in");
    let (name, key) = (cookie(address), office.key.expose());
    let cookie = format!("{name}={key}; Path=/; HttpOnly; SameSite=Strict");
    let headers = answer.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::from_static("/"));
    if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
        cookie.set_sensitive(true);
        headers.insert(header::SET_COOKIE, cookie);
    }
    answer
}

fn is_known(office: &Office, head: &Parts, address: SocketAddr) -> bool {
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let cookies = head.headers.get_all(header::COOKIE).iter().map(text);
    let name = cookie(address);
    let has_cookie = cookies.into_iter().any(|cookies| {
        let mut cookies = cookies
            .split(';')
            .filter_map(|one| one.trim().split_once('='));
        cookies.any(|(of, value)| of == name && is_same(value, office.key.expose()))
    });
    let bearer = head.headers.get(header::AUTHORIZATION).map(text);
    let bearer = bearer.as_deref().and_then(|it| it.strip_prefix("Bearer "));
    let is_for_programs = matches!(head.uri.path(), "/mirrors.json" | "/metrics");
    has_cookie || is_for_programs && bearer.is_some_and(|it| is_same(it, office.key.expose()))
}

/// What is compared is a hash, so that the time it takes tells nothing.
fn is_same(one: &str, other: &str) -> bool {
    let hash = |text: &str| ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    hash(one).as_ref() == hash(other).as_ref()
}

async fn admitted(office: &Office, head: &Parts, body: Incoming) -> Response<Body> {
    let view = || office.views.borrow().clone();
    match (&head.method, head.uri.path()) {
        (&Method::GET, "/") => page(office, &view()),
        (&Method::GET, "/events") => events(office),
        (&Method::GET, "/mirrors.json") => {
            let json = serde_json::to_vec_pretty(&view()).unwrap_or_default();
            whole("application/json", json)
        }
        (&Method::GET, "/metrics") => whole("text/plain; version=0.0.4", metrics::text(&view())),
        (&Method::POST, "/overrule") => overrule(office, body).await,
        (_, "/overrule") => sentence(
            StatusCode::METHOD_NOT_ALLOWED,
            "the button of the page does this",
        ),
        (&Method::GET, _) => sentence(StatusCode::NOT_FOUND, "there is nothing here"),
        _ => sentence(
            StatusCode::METHOD_NOT_ALLOWED,
            "that method is not for this path",
        ),
    }
}

async fn overrule(office: &Office, body: Incoming) -> Response<Body> {
    let Ok(body) = Limited::new(body, FORM_BYTES).collect().await else {
        return sentence(StatusCode::BAD_REQUEST, "it could not be read");
    };
    let body = body.to_bytes();
    let field = |name: &str| {
        form_urlencoded::parse(&body)
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.into_owned())
    };
    let token = field("token").unwrap_or_default();
    if !is_same(&token, office.token.expose()) {
        return sentence(
            StatusCode::FORBIDDEN,
            "load the page again: the daemon was started anew",
        );
    }
    let tier = field("tier").unwrap_or_default();
    let (channel, tier) = match (
        field("channel").and_then(|id| id.parse().ok()),
        Tier::parse(&tier),
    ) {
        (Some(id), tier) if tier.is_some() || field("tier").as_deref() == Some("") => {
            (ChannelId(id), tier)
        }
        _ => return sentence(StatusCode::BAD_REQUEST, "it names no channel or tier"),
    };
    if office
        .say
        .send(Event::Overruled { channel, tier })
        .await
        .is_err()
    {
        return sentence(StatusCode::SERVICE_UNAVAILABLE, "the daemon is stopping");
    }
    let mut answer = sentence(StatusCode::SEE_OTHER, "done");
    answer
        .headers_mut()
        .insert(header::LOCATION, HeaderValue::from_static("/"));
    answer
}

fn events(office: &Office) -> Response<Body> {
    let token = office.token.expose().clone();
    let views = office.views.clone();
    let stream = futures_util::stream::unfold((views, token), |(mut views, token)| async move {
        views.changed().await.ok()?;
        tokio::time::sleep(PACE).await;
        let html = live(&views.borrow_and_update(), &token);
        let lines: String = html.lines().map(|line| format!("data: {line}\n")).collect();
        Some((Bytes::from(lines + "\n"), (views, token)))
    });
    // Something at once, so that the browser knows that it is heard.
    let hello = futures_util::stream::once(async { Bytes::from_static(b": hello\n\n") });
    let frames = hello
        .chain(stream)
        .map(|bytes| Ok::<_, Infallible>(Frame::data(bytes)));
    let mut answer = Response::new(BodyExt::boxed(SyncStream::of(frames)));
    answer.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    answer
}

/// A body may be looked at from several threads, one at a time.
struct SyncStream;

impl SyncStream {
    fn of<S>(stream: S) -> impl hyper::body::Body<Data = Bytes, Error = Infallible> + Send + Sync
    where
        S: futures_util::Stream<Item = Result<Frame<Bytes>, Infallible>> + Send + 'static,
    {
        let (send, receive) = mpsc::channel(1);
        tokio::spawn(async move {
            let mut stream = std::pin::pin!(stream);
            while let Some(frame) = stream.next().await {
                if send.send(frame).await.is_err() {
                    return;
                }
            }
        });
        let frames = futures_util::stream::unfold(receive, |mut receive| async move {
            Some((receive.recv().await?, receive))
        });
        StreamBody::new(frames)
    }
}

fn page(office: &Office, view: &View) -> Response<Body> {
    let live = live(view, office.token.expose());
    let page = Page {
        style: STYLE,
        script: SCRIPT,
        live: &live,
    };
    match page.render() {
        Ok(html) => whole("text/html; charset=utf-8", html),
        Err(_) => sentence(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the page could not be set",
        ),
    }
}

fn live(view: &View, token: &str) -> String {
    let count = |states: &[&str]| {
        view.mirrors
            .iter()
            .filter(|mirror| states.contains(&mirror.state.as_str()))
            .count()
    };
    let live = Live {
        view,
        token,
        working: count(&["serving", "suspect"]),
        blocked: count(&["blocked"]),
        behind: view.mirrors.iter().filter(|mirror| mirror.lag > 0).count(),
    };
    // Fails only where a value's own `Display` does.
    live.render().unwrap_or_default()
}

#[derive(Template)]
#[template(config = "src/sync/daemon/page/askama.toml", path = "page.html")]
struct Page<'a> {
    style: &'a str,
    script: &'a str,
    live: &'a str,
}

#[derive(Template)]
#[template(config = "src/sync/daemon/page/askama.toml", path = "live.html")]
struct Live<'a> {
    view: &'a View,
    token: &'a str,
    working: usize,
    blocked: usize,
    behind: usize,
}

impl Live<'_> {
    fn tier_class(&self, tier: &str) -> &'static str {
        match tier {
            "clean" => "good",
            "suspect" => "doubt",
            "burnt" => "bad",
            _ => "calm",
        }
    }

    fn state_class(&self, state: &str) -> &'static str {
        match state {
            "serving" => "good",
            "suspect" => "doubt",
            "blocked" | "failed" => "bad",
            _ => "calm",
        }
    }

    fn reach_class(&self, reach: &Reach) -> &'static str {
        match reach {
            Reach::Reached => "good",
            Reach::Fails => "bad",
            Reach::Blind | Reach::Unseen => "soft",
        }
    }

    /// Told apart by its form too, for who sees no colours.
    fn reach_mark(&self, reach: &Reach) -> &'static str {
        reach.mark()
    }

    fn is_failing(&self, reach: &Reach) -> bool {
        *reach == Reach::Fails
    }

    fn reach_words(&self, from: &ReachView) -> String {
        from.words()
    }

    fn percent(&self, p: &f64) -> String {
        format!("{:.0}", p * 100.0)
    }

    fn short(&self, at: &Timestamp) -> String {
        at.strftime("%-d %b %H:%M").to_string()
    }
}

fn whole(kind: &'static str, text: impl Into<Bytes>) -> Response<Body> {
    let mut answer = Response::new(Full::new(text.into()).boxed());
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

fn sentence(status: StatusCode, text: &str) -> Response<Body> {
    let mut answer = whole("text/plain; charset=utf-8", format!("{text}\n"));
    *answer.status_mut() = status;
    answer
}
