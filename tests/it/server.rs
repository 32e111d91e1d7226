//! The mirror server over a real socket: what it shows, what it makes of heads that nobody should send, and how it ends.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use colport::edition::VerifiedEdition;
use colport::io::clock::Clock;
use colport::packager::Files;
use colport::server::{Anchor, Options, Server, StartError, start};
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::press::{Newsroom, path, site};

pub struct Stopped(pub Timestamp);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }
}

pub fn options(newsroom: &Newsroom, state: &Path) -> Options {
    let mut options = Options::new(state.to_path_buf(), "127.0.0.1:0".parse().unwrap());
    options.anchor = Some(Anchor::Root(newsroom.newcomer().root));
    options
}

pub async fn begin(newsroom: &Newsroom, options: Options) -> Server {
    start(options, Arc::new(Stopped(newsroom.now)))
        .await
        .unwrap()
}

/// A mirror that shows one edition.
pub struct Mirror {
    pub server: Server,
    pub newsroom: Newsroom,
    pub state: TempDir,
}

impl Mirror {
    pub async fn of(files: &Files) -> Self {
        Self::with(files, |_| ()).await
    }

    pub async fn with(files: &Files, change: impl FnOnce(&mut Options)) -> Self {
        let newsroom = Newsroom::new();
        let state = TempDir::new().unwrap();
        newsroom.publish(files);
        let mut options = options(&newsroom, state.path());
        options.bundle = Some(newsroom.folder.bundle(1));
        change(&mut options);
        let server = begin(&newsroom, options).await;
        Self {
            server,
            newsroom,
            state,
        }
    }

    pub async fn answer(&self, request: impl AsRef<[u8]>) -> Answer {
        exchange(self.server.address(), request.as_ref()).await
    }

    pub async fn page(&self, place: &str) -> Answer {
        get(self.server.address(), place).await
    }
}

/// One answer as it came over the wire.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no head in {:?}", String::from_utf8_lossy(bytes)));
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        Self {
            status: head[9..12].parse().unwrap(),
            head: head.to_ascii_lowercase(),
            body: bytes[end + 4..].to_vec(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1);
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

const PATIENCE: Duration = Duration::from_secs(90);

/// Sends it and reads until the other side closes.
pub async fn exchange_all(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut bytes = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut bytes))
        .await
        .expect("the server closes in time")
        .unwrap();
    bytes
}

pub async fn exchange(address: SocketAddr, request: &[u8]) -> Answer {
    Answer::parse(&exchange_all(address, request).await)
}

pub async fn get(address: SocketAddr, place: &str) -> Answer {
    let request = format!("GET {place} HTTP/1.1\r\nhost: m\r\nconnection: close\r\n\r\n");
    exchange(address, request.as_bytes()).await
}

/// Asks on a line that stays.
async fn next(line: &mut TcpStream, place: &str) -> Answer {
    let request = format!("GET {place} HTTP/1.1\r\nhost: m\r\n\r\n");
    line.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 16 << 10];
        let count = timeout(PATIENCE, line.read(&mut piece)).await;
        let count = count.expect("it answers in time").unwrap();
        assert!(count > 0, "closed in the middle of an answer");
        bytes.extend_from_slice(&piece[..count]);
        if !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
            continue;
        }
        let answer = Answer::parse(&bytes);
        let length: usize = answer.header("content-length").unwrap().parse().unwrap();
        if answer.body.len() >= length {
            return answer;
        }
    }
}

pub fn first() -> Files {
    site(&[
        ("index.html", "<p>home"),
        (
            "be/index.html",
            "<p>front front front front front front front",
        ),
        ("be/2026/11/river/index.html", "<p>The river has risen"),
        ("be/2026/11/river/1.webp", "not really a picture"),
    ])
}

#[tokio::test]
async fn every_file_is_shown_as_it_was_signed() {
    let mirror = Mirror::of(&first()).await;
    for (place, content) in first() {
        let answer = mirror.page(&format!("/{place}")).await;
        assert_eq!(answer.status, 200, "{place}");
        assert_eq!(answer.body, content, "{place}");
    }
    let edition = mirror.newsroom.folder.edition(1, mirror.newsroom.now);
    let edition = edition.unwrap();
    for (name, entry) in edition.metadata() {
        let answer = mirror.page(&format!("/.colport/metadata/{name}")).await;
        assert_eq!(answer.body, edition.content(entry), "{name}");
    }
    let bundle = mirror.page("/.colport/bundle/1.tar.gz").await;
    assert_eq!(bundle.body, edition.bundle()[..]);
    let opened = VerifiedEdition::open(
        bundle.body.into(),
        &mirror.newsroom.newcomer(),
        mirror.newsroom.now,
    );
    assert_eq!(opened.unwrap().number(), 1);
}

#[tokio::test]
async fn a_head_says_what_is_there_and_not_who_serves_it() {
    let mirror = Mirror::of(&first()).await;
    let answer = mirror
        .answer(
            "HEAD /be/ HTTP/1.1\r\nHost: m\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n",
        )
        .await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.is_empty());
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert_eq!(answer.header("vary"), Some("accept-encoding"));
    assert!(answer.header("date").is_some());
    let packed: usize = answer.header("content-length").unwrap().parse().unwrap();
    assert!(packed > 20, "{packed}");
    for name in [
        "server",
        "x-powered-by",
        "via",
        "set-cookie",
        "last-modified",
    ] {
        assert_eq!(answer.header(name), None, "{name}");
    }
    assert!(!answer.head.contains("colport"), "{}", answer.head);
}

#[tokio::test]
async fn a_304_has_no_body_and_the_next_answer_follows_it() {
    let mirror = Mirror::of(&first()).await;
    let tag = mirror.page("/").await.header("etag").unwrap().to_owned();
    let two = format!(
        "GET / HTTP/1.1\r\nhost: m\r\nif-none-match: {tag}\r\n\r\n\
         GET /be HTTP/1.1\r\nhost: m\r\nconnection: close\r\n\r\n"
    );
    let bytes = exchange_all(mirror.server.address(), two.as_bytes()).await;
    let text = String::from_utf8(bytes).unwrap();
    let (first, second) = text.split_once("\r\n\r\n").unwrap();
    assert!(first.starts_with("HTTP/1.1 304 "), "{first}");
    assert!(second.starts_with("HTTP/1.1 308 "), "{second}");
    assert!(second.contains("location: be/\r\n"), "{second}");
}

#[tokio::test]
async fn no_answer_to_a_head_request_has_a_body_and_the_next_answer_follows_it() {
    let mirror = Mirror::of(&first()).await;
    for path in [
        "/",
        "/be",
        "/nothing",
        "/%zz",
        "/.colport/nothing",
        "/.colport/lists/nothing.json",
        "/.colport/bundle",
        "/.colport/reports",
        "/.colport/bundle/1.tar.gz",
    ] {
        let two = format!(
            "HEAD {path} HTTP/1.1\r\nhost: m\r\n\r\n\
             GET /be HTTP/1.1\r\nhost: m\r\nconnection: close\r\n\r\n"
        );
        let bytes = exchange_all(mirror.server.address(), two.as_bytes()).await;
        let text = String::from_utf8(bytes).unwrap();
        let (first, second) = text.split_once("\r\n\r\n").unwrap();
        if first.contains("connection: close") {
            assert_eq!(second, "", "{path}");
        } else {
            assert!(second.starts_with("HTTP/1.1 308 "), "{path}: {second}");
        }
    }
}

#[tokio::test]
async fn odd_heads_are_refused_and_the_connection_closed() {
    let mirror = Mirror::of(&first()).await;
    let long = "a".repeat(20_000);
    let many = "a: b\r\n".repeat(200);
    let cases: &[(&str, &[u16])] = &[
        ("\0\0\0\0\r\n\r\n", &[400]),
        ("\x16\x03\x01\x02\x00\x01\x00\x01\u{7f}\r\n\r\n", &[400]),
        ("GET / HTTP/9.9\r\nhost: m\r\n\r\n", &[400, 505]),
        ("GET /\r\n\r\n", &[400]),
        ("GET  / HTTP/1.1\r\nhost: m\r\n\r\n", &[400]),
        ("GET / x HTTP/1.1\r\nhost: m\r\n\r\n", &[400]),
        ("GET / HTTP/1.1\r\nhost: m\r\n folded\r\n\r\n", &[400]),
        ("GET / HTTP/1.1\r\nhost : m\r\n\r\n", &[400]),
        ("GET / HTTP/1.1\r\nhost: m\r\na\0b: c\r\n\r\n", &[400]),
        ("GET / HTTP/1.1\r\nhost: m\r\na: b\0c\r\n\r\n", &[400]),
        ("GET / HTTP/1.1\r\nhost: m\r\n: empty\r\n\r\n", &[400]),
        ("GET / HTTP/1.1\r\n\r\n", &[400]),
        ("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", &[400]),
        (
            "GET /%zz HTTP/1.1\r\nhost: m\r\nconnection: close\r\n\r\n",
            &[400],
        ),
        ("GET /\u{1} HTTP/1.1\r\nhost: m\r\n\r\n", &[400]),
        (
            &format!("GET /{long} HTTP/1.1\r\nhost: m\r\n\r\n"),
            &[414, 431],
        ),
        (
            &format!("GET / HTTP/1.1\r\nhost: m\r\na: {long}\r\n\r\n"),
            &[431],
        ),
        (&format!("GET / HTTP/1.1\r\nhost: m\r\n{many}\r\n"), &[431]),
        (
            "CONNECT m:443 HTTP/1.1\r\nhost: m\r\nconnection: close\r\n\r\n",
            &[400, 405],
        ),
        (
            "OPTIONS * HTTP/1.1\r\nhost: m\r\nconnection: close\r\n\r\n",
            &[405],
        ),
        (
            "get / HTTP/1.1\r\nhost: m\r\nconnection: close\r\n\r\n",
            &[405],
        ),
    ];
    for (request, expected) in cases {
        let answer = mirror.answer(request).await;
        let shown: String = request.chars().take(60).collect();
        assert!(
            expected.contains(&answer.status),
            "{shown:?}: {}",
            answer.head
        );
    }
    // HTTP/2 without TLS is not spoken here, and refused as whatever else cannot be read.
    let preface = exchange_all(mirror.server.address(), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    let nonsense = exchange_all(mirror.server.address(), b"A / HTTP/9.9\r\n\r\n");
    let (preface, nonsense) = (timeless(preface.await), timeless(nonsense.await));
    assert!(preface.starts_with("HTTP/1.1 400 "), "{preface}");
    assert_eq!(preface, nonsense);
    assert_eq!(mirror.page("/").await.status, 200, "it is still there");
}

#[tokio::test]
async fn a_request_inside_of_another_is_never_answered() {
    let mirror = Mirror::of(&first()).await;
    let inner = "GET /be/ HTTP/1.1\r\nhost: m\r\n\r\n";
    let length = inner.len();
    let heads = [
        format!("GET / HTTP/1.1\r\nhost: m\r\ncontent-length: {length}\r\n\r\n"),
        format!("HEAD / HTTP/1.1\r\nhost: m\r\ncontent-length: {length}\r\n\r\n"),
        "GET / HTTP/1.1\r\nhost: m\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nhost: m\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nhost: m\r\ntransfer-encoding:\x0bchunked\r\n\r\n0\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nhost: m\r\ntransfer-encoding: chunked, identity\r\n\r\n".to_owned(),
        "GET / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        "POST / HTTP/1.1\r\nhost: m\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        "POST / HTTP/1.1\r\nhost: m\r\ntransfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nhost: m\r\ncontent-length: 0\r\ncontent-length: 5\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nhost: m\r\ncontent-length: +5\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nhost: m\r\ncontent-length: -1\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nhost: m\r\ncontent-length: 5, 5\r\n\r\n".to_owned(),
    ];
    for head in heads {
        let both = format!("{head}{inner}");
        let bytes = exchange_all(mirror.server.address(), both.as_bytes()).await;
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{head:?}: {text}");
        assert!(!text.contains("front"), "{head:?}: {text}");
        assert!(matches!(&text[9..12], "400" | "405"), "{head:?}: {text}");
    }
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let mirror = Mirror::of(&first()).await;
    let state = TempDir::new().unwrap();
    let mut options = options(&mirror.newsroom, state.path());
    options.listen = mirror.server.address();
    let Err(error) = start(options, Arc::new(Stopped(mirror.newsroom.now))).await else {
        panic!("two servers on one port");
    };
    assert!(
        matches!(error, StartError::AddressInUse(address) if address == mirror.server.address())
    );
    assert!(
        error
            .to_string()
            .contains(&mirror.server.address().to_string())
    );
    assert!(error.hint().unwrap().contains("--listen"));
}

#[tokio::test]
async fn who_drips_a_head_or_says_nothing_is_closed() {
    let mirror = Mirror::with(&first(), |options| {
        options.bounds.look_every = Duration::from_millis(50);
    })
    .await;
    let begun = Instant::now();
    let silent = TcpStream::connect(mirror.server.address()).await.unwrap();
    let mut dripping = TcpStream::connect(mirror.server.address()).await.unwrap();
    let drip = async {
        while dripping.write_all(b"G").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, drip)
        .await
        .expect("a dripping head is cut off");
    assert!(begun.elapsed() >= Duration::from_millis(150), "not at once");
    let mut silent = silent;
    let read = timeout(PATIENCE, silent.read(&mut [0; 10])).await;
    assert!(matches!(read, Ok(Ok(0) | Err(_))), "{read:?}");
}

#[tokio::test]
async fn who_reads_nothing_is_cut_off_and_who_reads_slowly_is_not() {
    let mut files = first();
    let large = large();
    files.insert(path("be/large.txt"), large.clone().into());
    let mirror = Mirror::with(&files, |options| {
        options.bounds.look_every = Duration::from_millis(100);
    })
    .await;
    let request = b"GET /be/large.txt HTTP/1.1\r\nhost: m\r\nconnection: close\r\n\r\n";
    let ask = async || {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(64 << 10).unwrap();
        let mut stream = socket.connect(mirror.server.address()).await.unwrap();
        stream.write_all(request).await.unwrap();
        stream
    };
    let mut dead = ask().await;
    let mut slow = ask().await;
    let mut bytes = Vec::new();
    // Four seconds of pauses, more than a dead one is given.
    for _ in 0..160 {
        tokio::time::sleep(Duration::from_millis(25)).await;
        let mut piece = [0; 16 << 10];
        let count = slow.read(&mut piece).await.unwrap();
        bytes.extend_from_slice(&piece[..count]);
    }
    slow.read_to_end(&mut bytes).await.unwrap();
    assert!(
        Answer::parse(&bytes).body == large.as_bytes(),
        "the slow one was cut off"
    );
    // A machine with much to do looks late.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut rest = Vec::new();
    let ended = dead.read_to_end(&mut rest).await;
    assert!(
        ended.is_err() || rest.len() < large.len(),
        "the dead one was waited for"
    );
}

/// Digits that fill more than a socket holds.
pub fn large() -> String {
    (0..1_300_000)
        .map(|n: u64| format!("{:x}", n * n))
        .collect()
}

#[tokio::test]
async fn a_connection_too_many_waits_for_a_place() {
    let mirror = Mirror::with(&first(), |options| options.bounds.connections = 1).await;
    let keeper = TcpStream::connect(mirror.server.address()).await.unwrap();
    let second = mirror.page("/");
    tokio::pin!(second);
    let early = timeout(Duration::from_millis(200), &mut second).await;
    assert!(early.is_err(), "it got a place that was not there");
    drop(keeper);
    assert_eq!(second.await.status, 200);
}

#[tokio::test]
async fn a_stop_lets_an_answer_under_way_come_to_its_end() {
    let mut files = first();
    let large = large();
    files.insert(path("be/large.txt"), large.clone().into());
    let mirror = Mirror::with(&files, |options| options.bounds.grace = PATIENCE).await;
    let address = mirror.server.address();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = b"GET /be/large.txt HTTP/1.1\r\nhost: m\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut bytes = vec![0; 10];
    stream.read_exact(&mut bytes).await.unwrap();
    let idle = TcpStream::connect(address).await.unwrap();
    let stopping = tokio::spawn(mirror.server.stop());
    timeout(PATIENCE, stream.read_to_end(&mut bytes))
        .await
        .expect("it ends")
        .unwrap();
    assert!(
        Answer::parse(&bytes).body == large.as_bytes(),
        "it was cut off"
    );
    timeout(PATIENCE, stopping)
        .await
        .expect("it stops")
        .unwrap();
    assert!(
        TcpStream::connect(address).await.is_err(),
        "it still listens"
    );
    drop(idle);
}

/// All of it, byte for byte, but what time it is in each answer.
fn timeless(mut answer: Vec<u8>) -> String {
    let date = b"\r\ndate: ";
    let windows = answer.windows(date.len()).enumerate();
    let dates = windows.filter(|(_, it)| it == date);
    let places: Vec<usize> = dates.map(|(at, _)| at + date.len()).collect();
    assert!(!places.is_empty(), "there is a date");
    for at in places {
        answer[at..at + 29].fill(b'?');
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn the_fast_lane_answers_as_hyper_does() {
    let mirror = Mirror::with(&first(), |options| options.names = vec!["m".to_owned()]).await;
    let page = mirror.page("/be/").await;
    let tag = page.header("etag").unwrap();
    let matching = format!("host: m\r\nif-none-match: {tag}\r\n");
    let fields = [
        "host: m\r\n",
        "host: m\r\naccept-encoding: gzip\r\n",
        "host: m\r\naccept-encoding: gzip;q=0\r\n",
        &matching,
        "host: m\r\nif-match: \"x\"\r\n",
        "host: m\r\nrange: bytes=1-3\r\n",
        "host: m\r\nrange: bytes=9999-\r\n",
        "host: m\r\naccept-language: fa\r\n",
        "host: m\r\nhost: n\r\n",
        "host: another\r\n",
        "",
    ];
    let places = [
        "/",
        "/be/",
        "/be",
        "/be/2026/11/river/1.webp",
        "/nothing",
        "/%zz",
        "/.colport/bundle",
    ];
    let address = mirror.server.address();
    for method in ["GET", "HEAD"] {
        for (place, version) in places.iter().flat_map(|it| [(it, "1.1"), (it, "1.0")]) {
            for field in fields {
                let request = format!("{method} {place} HTTP/{version}\r\n{field}");
                // Nobody in the fast lane knows what a `TE` may mean.
                let ask = async |more: &str| {
                    let request = format!("{request}{more}\r\n");
                    timeless(exchange_all(address, request.as_bytes()).await)
                };
                let close = match version {
                    "1.0" => "",
                    _ => "connection: close\r\n",
                };
                let slow = ask(&format!("te: trailers\r\n{close}")).await;
                assert_eq!(ask(close).await, slow, "{request}");
                if version == "1.1" {
                    // The last of them ends it.
                    let after = "\r\nGET / HTTP/1.1\r\nhost: m\r\nte: x\r\nconnection: close\r\n";
                    let slow = ask(&format!("te: trailers\r\n{after}")).await;
                    assert_eq!(ask(after).await, slow, "{request}, and it goes on");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_thousand_questions_at_once_are_answered_in_turn() {
    let mirror = Mirror::of(&first()).await;
    let places: Vec<_> = (0..1000)
        .map(|n| if n % 3 == 0 { "/be/" } else { "/" })
        .collect();
    let mut requests = String::new();
    for place in &places {
        requests += &format!("GET {place} HTTP/1.1\r\nhost: m\r\n\r\n");
    }
    requests += "GET /nothing HTTP/1.1\r\nhost: m\r\nconnection: close\r\n\r\n";
    let bytes = exchange_all(mirror.server.address(), requests.as_bytes()).await;
    let text = String::from_utf8(bytes).unwrap();
    let answers: Vec<_> = text.split("HTTP/1.1 ").skip(1).collect();
    assert_eq!(answers.len(), 1001);
    for (place, answer) in places.iter().zip(&answers) {
        let word = if *place == "/" { "<p>home" } else { "<p>front" };
        assert!(
            answer.starts_with("200 ") && answer.contains(word),
            "{answer}"
        );
    }
    assert!(answers[1000].starts_with("404 "));
}

#[tokio::test]
async fn a_head_may_come_in_pieces_and_behind_a_strange_one() {
    let mirror = Mirror::of(&first()).await;
    let mut stream = TcpStream::connect(mirror.server.address()).await.unwrap();
    let two = "GET / HTTP/1.1\r\nhost: m\r\n\r\n\
               GET /be/ HTTP/1.1\r\nhost: m\r\nte: trailers\r\n\r\n\
               GET /nothing HTTP/1.1\r\nhost: m\r\nconnection: close\r\n\r\n";
    for piece in two.as_bytes().chunks(7) {
        stream.write_all(piece).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let statuses: Vec<_> = text
        .split("HTTP/1.1 ")
        .skip(1)
        .map(|answer| &answer[..3])
        .collect();
    assert_eq!(statuses, ["200", "200", "404"]);
}

#[tokio::test]
async fn what_goes_on_is_told_in_numbers_and_elsewhere() {
    let mirror = Mirror::with(&first(), |options| {
        options.metrics = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    for _ in 0..60 {
        mirror.page("/be/").await;
    }
    let office = mirror.server.metrics_address().unwrap();
    let told = get(office, "/metrics").await;
    assert_eq!(told.status, 200);
    let text = told.text();
    assert!(
        text.contains("\ncolport_answers_total{class=\"2xx\"} 50\n"),
        "{text}"
    );
    assert!(text.contains("\ncolport_edition 1\n"), "{text}");
    assert_eq!(get(office, "/be/").await.status, 404);
    assert_eq!(mirror.page("/metrics").await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exchange_of_editions_tears_no_answer() {
    // Both pages of an edition have the same number in them, many times.
    let numbered = |number: u64| {
        let text = format!("<p>{number}</p>").repeat(5000);
        site(&[("index.html", &text), ("be/index.html", &text)])
    };
    let mut mirror = Mirror::of(&numbered(1)).await;
    let address = mirror.server.address();
    let over = Arc::new(AtomicBool::new(false));
    let answers = Arc::new(AtomicUsize::new(0));
    let readers: Vec<_> = (0..4)
        .map(|reader| {
            let (over, answers) = (Arc::clone(&over), Arc::clone(&answers));
            tokio::spawn(async move {
                let mut newest = 0;
                let mut line = TcpStream::connect(address).await.unwrap();
                while !over.load(Ordering::Relaxed) {
                    // Some stay on the line, some come anew.
                    let page = if reader % 2 == 0 {
                        next(&mut line, "/be/").await
                    } else {
                        get(address, "/be/").await
                    };
                    assert_eq!(page.status, 200);
                    let number: u64 = page.text()[3..].split('<').next().unwrap().parse().unwrap();
                    assert!(
                        page.text() == format!("<p>{number}</p>").repeat(5000),
                        "torn"
                    );
                    assert!(number >= newest, "{number} after {newest}");
                    newest = number;
                    answers.fetch_add(1, Ordering::Relaxed);
                }
                newest
            })
        })
        .collect();
    for number in 2..=6 {
        mirror.newsroom.pass(1);
        let edition = mirror.newsroom.publish(&numbered(number));
        let taken = super::server_intake::post(address, edition.bundle()).await;
        assert_eq!(taken.status, 201, "{}", taken.text());
        assert_eq!(mirror.server.edition(), Some(number));
    }
    let enough = async {
        while answers.load(Ordering::Relaxed) <= 20 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, enough).await.expect("somebody reads");
    over.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    assert!(mirror.page("/").await.text().starts_with("<p>6<"));
}
