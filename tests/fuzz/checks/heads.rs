//! The fast lane and hyper understand the same bytes alike: the requests that the lane takes, and those that hyper finds in
//! what the lane leaves, are those that hyper finds in all of it. So nobody can hide a request in another one.

use std::cell::RefCell;
use std::convert::Infallible;

use bytes::Bytes;
use colport::server::in_the_lane;
use http::header::CONNECTION;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, Uri, Version};
use http_body_util::Empty;
use hyper::body::Body as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

/// What an answer can depend on.
#[derive(Debug, PartialEq)]
struct Seen {
    method: Method,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
    has_body: bool,
}

const HEARD: [&str; 9] = [
    "accept-encoding",
    "accept-language",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "range",
    "sec-fetch-site",
];

impl Seen {
    fn new(head: &Parts, has_body: bool) -> Self {
        let mut headers = HeaderMap::new();
        for (name, value) in &head.headers {
            if HEARD.contains(&name.as_str()) {
                headers.append(name, value.clone());
            }
        }
        Self {
            method: head.method.clone(),
            uri: head.uri.clone(),
            version: head.version,
            headers,
            has_body,
        }
    }
}

/// As the server sets hyper up.
fn by_hyper(bytes: &[u8]) -> Vec<Seen> {
    let seen = RefCell::new(Vec::new());
    let service = service_fn(|request: http::Request<hyper::body::Incoming>| {
        let (head, body) = request.into_parts();
        let has_body = !body.is_end_stream();
        seen.borrow_mut().push(Seen::new(&head, has_body));
        let mut answer = Response::new(Empty::<Bytes>::new());
        if has_body {
            let close = HeaderValue::from_static("close");
            answer.headers_mut().insert(CONNECTION, close);
        }
        async { Ok::<_, Infallible>(answer) }
    });
    let line = TokioIo::new(tokio::io::join(bytes, tokio::io::sink()));
    let connection = http1::Builder::new()
        .half_close(true)
        .max_buf_size(16 << 10)
        .header_read_timeout(None)
        .serve_connection(line, service);
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    // A head that is wrong ends it.
    let _ = runtime.expect("a runtime is made").block_on(connection);
    seen.into_inner()
}

pub(crate) fn check(data: &[u8]) {
    let lane = in_the_lane(data);
    let mut seen: Vec<_> = lane
        .heads
        .iter()
        .map(|head| Seen::new(head, false))
        .collect();
    if !lane.is_over {
        seen.extend(by_hyper(data.get(lane.bytes..).unwrap_or_default()));
    }
    assert_eq!(seen, by_hyper(data));
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let get = "GET /be/ HTTP/1.1\r\nHost: m\r\nAccept-Encoding: gzip\r\n\r\n";
    let with = |field: &str| format!("GET / HTTP/1.1\r\nHost: m\r\n{field}\r\n\r\n{get}");
    let mut seeds = vec![
        get.to_owned(),
        format!("{get}{get}HEAD /x?y HTTP/1.1\r\nhost: m\r\n\r\n"),
        format!("\r\n\r\n{get}\r\n{get}"),
        get.replace("\r\n", "\n") + get,
        get.replace("HTTP/1.1", "HTTP/1.0") + get,
        get.replace("/be/", "http://m/be/") + get,
        get.replace("/be/", "/%00/\u{e9}?a#b") + get,
        format!("POST / HTTP/1.1\r\nHost: m\r\nContent-Length: 5\r\n\r\nGET /{get}"),
        format!("{get}POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{get}"),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        format!("GET /{} HTTP/1.1\r\nHost: m\r\n\r\n{get}", "a".repeat(7000)),
    ];
    seeds.extend(
        [
            "Content-Length: 0",
            "Content-Length: 60",
            "Content-Length: 0\r\nContent-Length: 60",
            "Content-Length: +6",
            "Content-Length : 60",
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: xchunked",
            "Transfer-Encoding: identity",
            "Transfer-Encoding:\u{b}chunked",
            "Transfer_Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 4",
            "X: a\r\n Content-Length: 60",
            "X: a\r\n\tTransfer-Encoding: chunked",
            "X: a\nContent-Length: 60",
            "X: a\rContent-Length: 60",
            "X: a\0b",
            ": x",
            "Connection: close",
            "Connection: keep-alive, close",
            "Connection: content-length",
            "Expect: 100-continue",
            "Upgrade: h2c\r\nConnection: Upgrade",
            "Range: bytes=0-1\r\nRange: bytes=2-",
            "Host: other",
        ]
        .map(with),
    );
    seeds.into_iter().map(String::into_bytes).collect()
}
