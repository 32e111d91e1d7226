//! HTTP/2 in raw frames: what a client may make the mirror keep, whether it abides by what was agreed or not; and what it
//! may make it do for nothing, beside clients that ask and read much.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::press::path;
use super::server::{first, large};
use super::server_tls::{Secure, connect};

// RFC 9113 section 6.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW: u8 = 8;
const GO_AWAY: u8 = 7;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, content: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(content.len()).unwrap().to_be_bytes();
    let head = [&length[..], &[kind, flags], &stream.to_be_bytes(), content];
    head.concat()
}

fn request(stream: u32, head: &[u8]) -> Vec<u8> {
    frame(HEADERS, END_STREAM | END_HEADERS, stream, head)
}

/// `GET https://localhost/`, whose host is kept for the heads that follow (RFC 7541 section 6.2.1).
const KEEPS: &[u8] = b"\x82\x87\x84\x41\x09localhost";
/// The same with the host that was kept.
const TAKES_UP: &[u8] = b"\x82\x87\x84\xbe";

struct Client(TlsStream<TcpStream>);

impl Client {
    async fn of(secure: &Secure) -> Self {
        let config = secure.authority.client(&["h2"]);
        let stream = connect(config, secure.address(), "localhost").await;
        let mut client = Self(stream.unwrap());
        client
            .send(&[
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
                frame(SETTINGS, 0, 0, b""),
            ])
            .await;
        client
    }

    async fn send(&mut self, frames: &[Vec<u8>]) {
        self.0.write_all(&frames.concat()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// Kind and stream of the next frame. `None`: the connection has ended.
    async fn frame(&mut self) -> Option<(u8, u32)> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let [high, middle, low, kind, _, stream @ ..] = head;
        let length = u32::from_be_bytes([0, high, middle, low]);
        let mut content = vec![0; length as usize];
        self.0.read_exact(&mut content).await.ok()?;
        Some((kind, u32::from_be_bytes(stream)))
    }

    /// Whether an answer comes on `stream`; else the mirror says farewell, or just goes.
    async fn is_answered(&mut self, stream: u32) -> bool {
        let answer = async {
            loop {
                match self.frame().await {
                    None | Some((GO_AWAY, _)) => return false,
                    Some((HEADERS, of)) if of == stream => return true,
                    Some(_) => {}
                }
            }
        };
        let answer = timeout(Duration::from_secs(60), answer).await;
        answer.expect("something is said")
    }
}

#[tokio::test]
async fn what_a_head_asks_to_be_kept_is_kept_until_something_else_is_agreed() {
    let secure = Secure::of(&["localhost"]).await;
    let mut early = Client::of(&secure).await;
    early.send(&[request(1, KEEPS), request(3, TAKES_UP)]).await;
    assert!(early.is_answered(1).await);
    assert!(early.is_answered(3).await);
    // From the next head on there is nothing, of before or of after, for who says so and for who does not.
    early
        .send(&[frame(SETTINGS, ACK, 0, b""), request(5, TAKES_UP)])
        .await;
    assert!(!early.is_answered(5).await);
    for begins in [&b""[..], b"\x20"] {
        let mut client = Client::of(&secure).await;
        let first = [begins, KEEPS].concat();
        client
            .send(&[frame(SETTINGS, ACK, 0, b""), request(1, &first)])
            .await;
        assert!(client.is_answered(1).await);
        client.send(&[request(3, KEEPS)]).await;
        assert!(client.is_answered(3).await);
        client.send(&[request(5, TAKES_UP)]).await;
        assert!(!client.is_answered(5).await);
    }
}

#[tokio::test]
async fn who_never_agrees_may_send_a_little_only() {
    let secure = Secure::of(&["localhost"]).await;
    let mut client = Client::of(&secure).await;
    let pause = frame(0xfa, 0, 0, &[0; 10_000]);
    client
        .send(&[pause.clone(), pause.clone(), request(1, KEEPS)])
        .await;
    assert!(client.is_answered(1).await);
    client.send(&[pause, request(3, KEEPS)]).await;
    assert!(!client.is_answered(3).await);
}

#[tokio::test]
async fn only_a_few_things_are_brought_on_one_connection_at_a_time() {
    let secure = Secure::of(&["localhost"]).await;
    let mut client = Client::of(&secure).await;
    let report = b"\x83\x87\x04\x11/.colport/reports\x01\x09localhost";
    let mut frames = vec![frame(SETTINGS, ACK, 0, b"")];
    for stream in [1, 3, 5, 7] {
        frames.push(frame(HEADERS, END_HEADERS, stream, report));
        frames.push(frame(DATA, 0, stream, b"{"));
    }
    client.send(&frames).await;
    let first = async {
        loop {
            let (kind, stream) = client.frame().await.expect("it stays");
            if kind == HEADERS {
                return stream;
            }
        }
    };
    let first = timeout(Duration::from_secs(60), first).await;
    assert_eq!(first.expect("one is refused"), 7);
}

#[tokio::test]
async fn who_comes_when_the_places_of_http_2_are_taken_speaks_http_1() {
    let secure = Secure::with(&["localhost"], |options| options.bounds.shared = 1).await;
    let spoken = async || {
        let config = secure.authority.client(&["h2", "http/1.1"]);
        let stream = connect(config, secure.address(), "localhost")
            .await
            .unwrap();
        let protocol = stream.get_ref().1.alpn_protocol().unwrap().to_vec();
        (stream, String::from_utf8(protocol).unwrap())
    };
    let (first, protocol) = spoken().await;
    assert_eq!(protocol, "h2");
    for _ in 0..3 {
        let (mut second, protocol) = spoken().await;
        assert_eq!(protocol, "http/1.1");
        let get = "GET /be/ HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        assert_eq!(super::server_tls::ask(&mut second, get).await.status, 200);
    }
    drop(first);
    for _ in 0..200 {
        if spoken().await.1 == "h2" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the place was not given back");
}

/// A request that was answered, on stream 1, and one to bring something that is not there yet, on stream 3.
async fn busy(secure: &Secure) -> Client {
    let mut client = Client::of(secure).await;
    let report = b"\x83\x87\x04\x11/.colport/reports\x01\x09localhost";
    let begins = frame(HEADERS, END_HEADERS, 3, report);
    client
        .send(&[frame(SETTINGS, ACK, 0, b""), request(1, KEEPS), begins])
        .await;
    assert!(client.is_answered(1).await);
    client
}

/// Says it again and again, for as long as the mirror listens, while what the mirror says is read. How often that was.
async fn said(client: Client, frames: &[u8]) -> usize {
    let (mut reads, mut writes) = tokio::io::split(client.0);
    let mut space = [0; 16 << 10];
    let listens = async { while reads.read(&mut space).await.is_ok_and(|count| count > 0) {} };
    let repeats = async {
        let mut said = 0;
        while said < 100_000 && writes.write_all(frames).await.is_ok() {
            said += 1;
        }
        said
    };
    let ((), said) = timeout(Duration::from_secs(120), async {
        tokio::join!(listens, repeats)
    })
    .await
    .expect("it has ended");
    said
}

#[tokio::test]
async fn who_says_nothing_that_asks_for_anything_is_cut_off() {
    let secure = Secure::of(&["localhost"]).await;
    for (what, frame) in [
        ("pings", frame(PING, 0, 0, &[0; 8])),
        ("answers to pings", frame(PING, ACK, 0, &[0; 8])),
        ("settings", frame(SETTINGS, 0, 0, b"")),
        (
            "long settings",
            frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255].repeat(2000)),
        ),
        ("windows", frame(WINDOW, 0, 0, &[0, 0, 0, 1])),
        (
            "windows of what is over",
            frame(WINDOW, 0, 1, &[0, 0, 0, 1]),
        ),
        ("priorities", frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 7])),
        ("resets of what is over", frame(RESET, 0, 1, &[0, 0, 0, 8])),
        ("what nobody knows", frame(0xfa, 0, 0, &[0; 100])),
        ("content without content", frame(DATA, 0, 3, b"")),
        ("content in crumbs", frame(DATA, 0, 3, b"{")),
    ] {
        let said = said(busy(&secure).await, &frame.repeat(100)).await;
        // What is on its way when it ends counts too.
        assert!(said < 10_000, "{what}: {said} hundreds");
    }
    busy(&secure).await;
}

struct Sender(http2::SendRequest<Empty<Bytes>>);

impl Sender {
    /// `change`s what the client agrees on.
    async fn of(secure: &Secure, change: impl FnOnce(&mut http2::Builder<TokioExecutor>)) -> Self {
        let config = secure.authority.client(&["h2"]);
        let stream = connect(config, secure.address(), "localhost").await;
        let mut builder = http2::Builder::new(TokioExecutor::new());
        change(&mut builder);
        let shaken = builder.handshake(TokioIo::new(stream.unwrap())).await;
        let (sender, connection) = shaken.unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    async fn ask(&mut self, path: &str) -> Response<Incoming> {
        self.0.ready().await.expect("it goes on");
        let uri = format!("https://localhost{path}");
        let request = http::Request::get(uri).body(Empty::new()).unwrap();
        let answer = self.0.send_request(request).await;
        answer.expect("it is answered")
    }
}

#[tokio::test]
async fn who_asks_much_on_one_connection_is_not_cut_off() {
    let secure = Secure::of(&["localhost"]).await;
    let mut sender = Sender::of(&secure, |_| ()).await;
    for n in 0..4000 {
        let answer = sender.ask("/be/").await;
        assert_eq!(answer.status(), 200);
        // Whose body is not wanted any more is reset.
        if n % 3 > 0 {
            answer.collect().await.unwrap();
        }
    }
}

#[tokio::test]
async fn who_reads_much_in_small_windows_is_not_cut_off() {
    let mut files = first();
    let large = large();
    files.insert(path("be/large.txt"), large.clone().into());
    let secure = Secure::showing(&files, &["localhost"], |_| ()).await;
    let mut sender = Sender::of(&secure, |builder| {
        builder.initial_stream_window_size(1024);
    })
    .await;
    let answer = sender.ask("/be/large.txt").await;
    let read = answer.collect().await.unwrap().to_bytes();
    assert!(read == large.as_bytes());
}
