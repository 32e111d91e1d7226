//! HTTP/2 in raw frames: what a client may make the mirror keep, whether it abides by what was agreed or not.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::server_tls::{Secure, connect};

// RFC 9113 section 6.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
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
        let answer = timeout(Duration::from_secs(10), answer).await;
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
    let first = timeout(Duration::from_secs(10), first).await;
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
