//! The heads of HTTP/1.1 requests that cannot be misunderstood, and the heads of answers.
//!
//! What is read here is only the plainest kind of request: GET or HEAD of a path, by HTTP/1.1, with no body and no
//! wish but to keep or close the connection. Whatever is anything else, be it a bundle that is brought, an older
//! version, or a head that is wrong or strange in any way, is left to hyper from its first byte ([`Heard::Other`]), so
//! nothing is decided here that could be decided differently elsewhere.
//!
//! Of the fields only those are taken that an answer can depend on. Nobody looks at the others.

use std::io::Write;

use http::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method, Request, StatusCode, Uri, Version};

/// What the bytes that came so far begin with.
pub(super) enum Heard {
    Request(Box<Heading>),
    /// The beginning of a head.
    More,
    /// Something for hyper.
    Other,
}

pub(super) struct Heading {
    pub(super) head: Parts,
    /// How many bytes the head took.
    pub(super) bytes: usize,
    /// The client will send nothing more.
    pub(super) is_last: bool,
}

/// Fields; more of them are for hyper to count.
const FIELDS: usize = 48;

pub(super) fn read(bytes: &[u8]) -> Heard {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(bytes) {
        Ok(httparse::Status::Partial) => Heard::More,
        Ok(httparse::Status::Complete(length)) => match plain(&request) {
            Some((head, is_last)) => Heard::Request(Box::new(Heading {
                head,
                bytes: length,
                is_last,
            })),
            None => Heard::Other,
        },
        Err(_) => Heard::Other,
    }
}

/// `None`: it is not of the plainest kind.
fn plain(request: &httparse::Request<'_, '_>) -> Option<(Parts, bool)> {
    let method = match request.method? {
        "GET" => Method::GET,
        "HEAD" => Method::HEAD,
        _ => return None,
    };
    if request.version? != 1 || !request.path?.starts_with('/') {
        return None;
    }
    let uri: Uri = request.path?.parse().ok()?;
    let mut headers = HeaderMap::with_capacity(8);
    let mut connection = Connection::default();
    for field in request.headers.iter() {
        match meaning(field.name) {
            Meaning::Nothing => {}
            Meaning::Trouble => return None,
            Meaning::Connection => connection.add(field.value)?,
            Meaning::Heard => {
                let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
                headers.append(name, HeaderValue::from_bytes(field.value).ok()?);
            }
        }
    }
    let (mut head, ()) = Request::new(()).into_parts();
    head.method = method;
    head.uri = uri;
    head.version = Version::HTTP_11;
    head.headers = headers;
    Some((head, connection.closes))
}

enum Meaning {
    Nothing,
    /// An answer can depend on it.
    Heard,
    Connection,
    /// The request is more than a head, or wants more than an answer.
    Trouble,
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

const TROUBLE: [&str; 8] = [
    "content-length",
    "expect",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

fn meaning(name: &str) -> Meaning {
    let is = |other: &&str| other.eq_ignore_ascii_case(name);
    if HEARD.iter().any(is) {
        Meaning::Heard
    } else if is(&"connection") {
        Meaning::Connection
    } else if TROUBLE.iter().any(is) {
        Meaning::Trouble
    } else {
        Meaning::Nothing
    }
}

#[derive(Default)]
struct Connection {
    closes: bool,
}

impl Connection {
    /// `None`: something other than `close` or `keep-alive`.
    fn add(&mut self, value: &[u8]) -> Option<()> {
        if value.eq_ignore_ascii_case(b"close") {
            self.closes = true;
        } else if !value.eq_ignore_ascii_case(b"keep-alive") {
            return None;
        }
        Some(())
    }
}

/// The head of an answer, up to the empty line and with it (RFC 9112 section 4).
pub(super) fn write(
    out: &mut Vec<u8>,
    status: StatusCode,
    headers: &HeaderMap,
    date: &str,
    body_bytes: u64,
    is_last: bool,
) {
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    let reason = status.canonical_reason().unwrap_or_default();
    out.extend_from_slice(reason.as_bytes());
    out.extend_from_slice(b"\r\n");
    for (name, value) in headers {
        if *name != CONNECTION {
            field(out, name.as_str(), value.as_bytes());
        }
    }
    // RFC 9110 section 8.6: of an answer to HEAD it is known already, and a 304 need not have it.
    if !headers.contains_key(CONTENT_LENGTH) && status != StatusCode::NOT_MODIFIED {
        // A vector takes all that is written to it.
        let _ = write!(out, "content-length: {body_bytes}\r\n");
    }
    field(out, "date", date.as_bytes());
    if is_last {
        field(out, "connection", b"close");
    }
    out.extend_from_slice(b"\r\n");
}

fn field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heading(bytes: &str) -> Heading {
        match read(bytes.as_bytes()) {
            Heard::Request(heading) => *heading,
            Heard::More => panic!("more is wanted of {bytes:?}"),
            Heard::Other => panic!("not taken for a plain request: {bytes:?}"),
        }
    }

    #[test]
    fn a_plain_request_is_read() {
        let text =
            "GET /be/?a=b HTTP/1.1\r\nHost: m\r\nUser-Agent: x\r\nAccept-Encoding: gzip\r\n\r\nGET";
        let heading = heading(text);
        assert_eq!(heading.bytes, text.len() - 3);
        assert_eq!(heading.head.method, Method::GET);
        assert_eq!(heading.head.uri.path(), "/be/");
        assert_eq!(
            heading.head.headers.len(),
            2,
            "the user agent is nobody's business"
        );
        assert!(!heading.is_last);
    }

    #[test]
    fn every_beginning_of_a_head_wants_more() {
        let text = "HEAD / HTTP/1.1\r\nHost: m\r\nRange: bytes=0-1\r\n\r\n";
        for length in 0..text.len() {
            assert!(
                matches!(read(&text.as_bytes()[..length]), Heard::More),
                "{length}"
            );
        }
        assert_eq!(heading(text).bytes, text.len());
    }

    #[test]
    fn the_client_says_whether_more_will_come() {
        let check = |field: &str, is_last: bool| {
            let text = format!("GET / HTTP/1.1\r\nHost: m\r\n{field}\r\n\r\n");
            assert_eq!(heading(&text).is_last, is_last, "{field}");
        };
        check("Connection: close", true);
        check("connection: Close", true);
        check("Connection: keep-alive", false);
        check("Connection: keep-alive\r\nConnection: close", true);
        check("X: y", false);
    }

    #[test]
    fn what_is_not_of_the_plainest_kind_is_for_hyper() {
        let check = |text: &str| {
            assert!(matches!(read(text.as_bytes()), Heard::Other), "{text:?}");
        };
        for method in ["POST", "get", "OPTIONS", "CONNECT", "PUT"] {
            check(&format!("{method} / HTTP/1.1\r\nHost: m\r\n\r\n"));
        }
        for target in ["*", "http://m/", "m:80", "be/"] {
            check(&format!("GET {target} HTTP/1.1\r\nHost: m\r\n\r\n"));
        }
        for version in ["HTTP/1.0", "HTTP/2.0", "HTTP/1.2", "http/1.1", ""] {
            check(&format!("GET / {version}\r\nHost: m\r\n\r\n"));
        }
        for field in [
            "Content-Length: 0",
            "content-length: 5",
            "Transfer-Encoding: chunked",
            "TRANSFER-ENCODING: x",
            "Expect: 100-continue",
            "Upgrade: h2c",
            "Connection: upgrade",
            "Connection: close, te",
            "Connection: ",
            "TE: trailers",
            "a b: c",
            " folded: x",
            "Host : m",
            ": x",
            "a: b\0c",
        ] {
            check(&format!("GET / HTTP/1.1\r\n{field}\r\n\r\n"));
        }
        check("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        check("\x16\x03\x01\x02");
        check(&format!(
            "GET / HTTP/1.1\r\n{}\r\n",
            "a: b\r\n".repeat(FIELDS + 1)
        ));
    }

    #[test]
    fn the_head_of_an_answer() {
        let mut out = Vec::new();
        let mut headers = HeaderMap::new();
        headers.insert("etag", HeaderValue::from_static("\"a\""));
        headers.insert("connection", HeaderValue::from_static("close"));
        let date = "Mon, 23 Nov 2026 12:00:00 GMT";
        write(&mut out, StatusCode::OK, &headers, date, 5, true);
        let expected = format!(
            "HTTP/1.1 200 OK\r\netag: \"a\"\r\ncontent-length: 5\r\ndate: {date}\r\nconnection: close\r\n\r\n"
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
