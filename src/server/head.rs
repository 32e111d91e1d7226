//! The heads of HTTP/1.1 requests that cannot be misunderstood, and the heads of answers.
//!
//! What is read here is only the plainest kind of request: GET or HEAD of a path, with no body and no wish but to keep or
//! close the connection; by HTTP/1.0, as some proxies speak, none at all, and then it is closed. Whatever is anything
//! else, be it a bundle that is brought or a head that is wrong or strange in any way, is left to hyper from its first
//! byte ([`Heard::Other`]), so nothing is decided here that could be decided differently elsewhere.
//!
//! Of the fields only those are taken that an answer can depend on. Nobody looks at the others.

use std::io::Write;
use std::mem::MaybeUninit;

use http::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method, Request, StatusCode, Uri, Version};

/// What the bytes that came so far begin with.
pub(super) enum Heard<'f, 'b> {
    Request(Heading<'f, 'b>),
    /// The beginning of a head.
    More,
    /// Something for hyper.
    Other,
}

/// A head of the plainest kind.
pub(super) struct Heading<'f, 'b> {
    method: Method,
    target: &'b str,
    version: Version,
    fields: &'f [httparse::Header<'b>],
    /// How many bytes the head took.
    pub(super) bytes: usize,
    /// The client will send nothing more.
    pub(super) is_last: bool,
}

/// A GET that only says what is wanted, of whom, and how it may be packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bare<'b> {
    /// Behind the first `/`. Every byte of it means itself.
    pub(super) path: &'b str,
    pub(super) host: &'b [u8],
    pub(super) accept_encoding: Option<&'b str>,
}

/// Fields; more of them are for hyper to count.
const FIELDS: usize = 48;

/// What begins like that is no HTTP/1.1 and no mistake either: RFC 9113 section 3.4. Hyper would go without a word, which few
/// servers do.
pub(super) fn is_of_http_2(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PRI * HTTP/2.0")
}

/// Where the fields of a head are told apart.
pub(super) struct Room<'b>([MaybeUninit<httparse::Header<'b>>; FIELDS]);

impl Room<'_> {
    pub(super) fn new() -> Self {
        Self([const { MaybeUninit::uninit() }; FIELDS])
    }
}

pub(super) fn read<'f, 'b>(bytes: &'b [u8], room: &'f mut Room<'b>) -> Heard<'f, 'b> {
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(bytes, &mut room.0) {
        Ok(httparse::Status::Partial) => Heard::More,
        Ok(httparse::Status::Complete(length)) => {
            plain(request, length).map_or(Heard::Other, Heard::Request)
        }
        Err(_) => Heard::Other,
    }
}

/// `None`: it is not of the plainest kind.
fn plain<'f, 'b>(request: httparse::Request<'f, 'b>, bytes: usize) -> Option<Heading<'f, 'b>> {
    let method = match request.method? {
        "GET" => Method::GET,
        "HEAD" => Method::HEAD,
        _ => return None,
    };
    let target = request.path?;
    let version = match request.version? {
        0 => Version::HTTP_10,
        _ => Version::HTTP_11,
    };
    if !target.starts_with('/') {
        return None;
    }
    let mut connection = Connection::default();
    for field in request.headers.iter() {
        match meaning(field.name) {
            Meaning::Nothing | Meaning::Heard => {}
            Meaning::Trouble => return None,
            Meaning::Connection if version == Version::HTTP_10 => return None,
            Meaning::Connection => connection.add(field.value)?,
        }
    }
    Some(Heading {
        method,
        target,
        version,
        fields: request.headers,
        bytes,
        is_last: connection.closes || version == Version::HTTP_10,
    })
}

impl<'b> Heading<'_, 'b> {
    /// `None`: it says more than that.
    pub(super) fn bare(&self) -> Option<Bare<'b>> {
        let path = self.target.strip_prefix('/')?;
        if self.method != Method::GET || !path.bytes().all(means_itself) {
            return None;
        }
        let (mut host, mut accept_encoding) = (None, None);
        for field in self.fields {
            let twice = match field.name {
                name if name.eq_ignore_ascii_case("host") => host.replace(field.value).is_some(),
                name if name.eq_ignore_ascii_case("accept-encoding") => {
                    let text = visible(field.value)?;
                    accept_encoding.replace(text).is_some()
                }
                name => CONDITIONS
                    .iter()
                    .any(|other| other.eq_ignore_ascii_case(name)),
            };
            if twice {
                return None;
            }
        }
        Some(Bare {
            path,
            host: host?,
            accept_encoding,
        })
    }

    /// With the fields that an answer can depend on. `None`: there is something in it that is for hyper to judge.
    pub(super) fn parts(&self) -> Option<Parts> {
        let mut headers = HeaderMap::with_capacity(8);
        for field in self.fields {
            if let Meaning::Heard = meaning(field.name) {
                let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
                headers.append(name, HeaderValue::from_bytes(field.value).ok()?);
            }
        }
        let (mut head, ()) = Request::new(()).into_parts();
        head.method = self.method.clone();
        head.uri = self.target.parse::<Uri>().ok()?;
        head.version = self.version;
        head.headers = headers;
        Some(head)
    }
}

/// RFC 3986 section 2.3, and the `/`.
fn means_itself(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~')
}

fn visible(value: &[u8]) -> Option<&str> {
    let is_visible = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~');
    value
        .iter()
        .all(is_visible)
        .then(|| str::from_utf8(value).ok())?
}

/// With one of these, what is sent need not be the whole file.
const CONDITIONS: [&str; 4] = ["if-match", "if-none-match", "if-range", "range"];

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

/// What every answer of this moment has.
#[derive(Clone, Copy)]
pub(super) struct Common<'a> {
    pub(super) date: &'a str,
    /// That the client speaks.
    pub(super) version: Version,
    /// Of the connection.
    pub(super) is_last: bool,
}

/// The head of a whole file: `fields` as [`spell`] gives them, and what is of this file.
pub(super) fn write_whole(
    out: &mut Vec<u8>,
    fields: &[u8],
    tag: &[u8],
    body_bytes: u64,
    common: Common<'_>,
) {
    out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
    out.extend_from_slice(fields);
    field(out, "etag", tag);
    end(out, common.is_last, Some(body_bytes), common.date);
}

/// The head of an answer, up to the empty line and with it (RFC 9112 section 4); the same, byte for byte, that hyper writes for
/// this request, so that nobody learns which of the two it was.
pub(super) fn write(
    out: &mut Vec<u8>,
    status: StatusCode,
    headers: &HeaderMap,
    body_bytes: u64,
    common: Common<'_>,
) {
    let is_older = common.version == Version::HTTP_10;
    out.extend_from_slice(if is_older { b"HTTP/1.0 " } else { b"HTTP/1.1 " });
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    let reason = status.canonical_reason().unwrap_or_default();
    out.extend_from_slice(reason.as_bytes());
    out.extend_from_slice(b"\r\n");
    spell(out, headers);
    // RFC 9110 section 8.6: of an answer to HEAD it is known already, and a 304 need not have it.
    let is_told = headers.contains_key(CONTENT_LENGTH) || status == StatusCode::NOT_MODIFIED;
    // Who speaks HTTP/1.0 expects nothing else.
    let closes = common.is_last && !is_older && !headers.contains_key(CONNECTION);
    end(out, closes, (!is_told).then_some(body_bytes), common.date);
}

/// As they stand in a head.
pub(super) fn spell(out: &mut Vec<u8>, headers: &HeaderMap) {
    for (name, value) in headers {
        field(out, name.as_str(), value.as_bytes());
    }
}

fn end(out: &mut Vec<u8>, closes: bool, body_bytes: Option<u64>, date: &str) {
    if closes {
        field(out, "connection", b"close");
    }
    if let Some(bytes) = body_bytes {
        // A vector takes all that is written to it.
        let _ = write!(out, "content-length: {bytes}\r\n");
    }
    field(out, "date", date.as_bytes());
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

    fn heading<'f, 'b>(bytes: &'b str, room: &'f mut Room<'b>) -> Heading<'f, 'b> {
        match read(bytes.as_bytes(), room) {
            Heard::Request(heading) => heading,
            Heard::More => panic!("more is wanted of {bytes:?}"),
            Heard::Other => panic!("not taken for a plain request: {bytes:?}"),
        }
    }

    #[test]
    fn a_plain_request_is_read() {
        let text =
            "GET /be/?a=b HTTP/1.1\r\nHost: m\r\nUser-Agent: x\r\nAccept-Encoding: gzip\r\n\r\nGET";
        let mut room = Room::new();
        let heading = heading(text, &mut room);
        assert_eq!(heading.bytes, text.len() - 3);
        let head = heading.parts().unwrap();
        assert_eq!(head.method, Method::GET);
        assert_eq!(head.uri.path(), "/be/");
        let heard = head.headers.len();
        assert_eq!(heard, 2, "the user agent is nobody's business");
        assert!(!heading.is_last);
    }

    #[test]
    fn every_beginning_of_a_head_wants_more() {
        let text = "HEAD / HTTP/1.1\r\nHost: m\r\nRange: bytes=0-1\r\n\r\n";
        for length in 0..text.len() {
            assert!(
                matches!(
                    read(&text.as_bytes()[..length], &mut Room::new()),
                    Heard::More
                ),
                "{length}"
            );
        }
        assert_eq!(heading(text, &mut Room::new()).bytes, text.len());
    }

    #[test]
    fn the_client_says_whether_more_will_come() {
        let check = |field: &str, is_last: bool| {
            let text = format!("GET / HTTP/1.1\r\nHost: m\r\n{field}\r\n\r\n");
            let is_told = heading(&text, &mut Room::new()).is_last;
            assert_eq!(is_told, is_last, "{field}");
        };
        check("Connection: close", true);
        check("connection: Close", true);
        check("Connection: keep-alive", false);
        check("Connection: keep-alive\r\nConnection: close", true);
        check("X: y", false);
    }

    #[test]
    fn an_older_version_ends_the_connection() {
        let heading = |text: &'static str, is_last: bool, version| {
            let mut room = Room::new();
            let heading = heading(text, &mut room);
            assert_eq!(heading.is_last, is_last, "{text}");
            assert_eq!(heading.parts().unwrap().version, version);
        };
        heading("GET / HTTP/1.0\r\n\r\n", true, Version::HTTP_10);
        heading("GET / HTTP/1.0\r\nHost: m\r\n\r\n", true, Version::HTTP_10);
        heading("GET / HTTP/1.1\r\nHost: m\r\n\r\n", false, Version::HTTP_11);
    }

    #[test]
    fn what_is_not_of_the_plainest_kind_is_for_hyper() {
        let check = |text: &str| {
            let is_other = match read(text.as_bytes(), &mut Room::new()) {
                Heard::Other => true,
                Heard::More => false,
                Heard::Request(heading) => heading.parts().is_none(),
            };
            assert!(is_other, "{text:?}");
        };
        for method in ["POST", "get", "OPTIONS", "CONNECT", "PUT"] {
            check(&format!("{method} / HTTP/1.1\r\nHost: m\r\n\r\n"));
        }
        for target in ["*", "http://m/", "m:80", "be/"] {
            check(&format!("GET {target} HTTP/1.1\r\nHost: m\r\n\r\n"));
        }
        check("GET / HTTP/1.0\r\nHost: m\r\nConnection: keep-alive\r\n\r\n");
        for version in ["HTTP/2.0", "HTTP/1.2", "http/1.1", ""] {
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
        let date = "Mon, 23 Nov 2026 12:00:00 GMT";
        let check = |version, closes: bool, expected: &str| {
            let (mut out, mut headers) = (Vec::new(), HeaderMap::new());
            if closes {
                headers.insert("connection", HeaderValue::from_static("close"));
            }
            headers.insert("etag", HeaderValue::from_static("\"a\""));
            let common = Common {
                date,
                version,
                is_last: true,
            };
            write(&mut out, StatusCode::OK, &headers, 5, common);
            let expected = format!("{expected}content-length: 5\r\ndate: {date}\r\n\r\n");
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        };
        check(
            Version::HTTP_11,
            false,
            "HTTP/1.1 200 OK\r\netag: \"a\"\r\nconnection: close\r\n",
        );
        check(
            Version::HTTP_11,
            true,
            "HTTP/1.1 200 OK\r\nconnection: close\r\netag: \"a\"\r\n",
        );
        check(
            Version::HTTP_10,
            false,
            "HTTP/1.0 200 OK\r\netag: \"a\"\r\n",
        );
    }

    #[test]
    fn a_bare_wish_says_what_and_of_whom_and_nothing_else() {
        let wish = |text: &str| {
            let mut room = Room::new();
            let text = format!("{text}\r\n\r\n");
            heading(&text, &mut room).bare().map(|bare| {
                let packed = bare.accept_encoding.map(str::to_owned);
                (bare.path.to_owned(), bare.host.to_vec(), packed)
            })
        };
        let told = |path: &str, packed: Option<&str>| {
            Some((path.to_owned(), b"m".to_vec(), packed.map(str::to_owned)))
        };
        assert_eq!(wish("GET / HTTP/1.1\r\nhost: m"), told("", None));
        let browser = "GET /be/1.html HTTP/1.1\r\nHost: m\r\nAccept-Encoding: gzip, br\r\nAccept-Language: fa\r\n\
                       If-Modified-Since: x\r\nUser-Agent: x\r\nConnection: close";
        assert_eq!(wish(browser), told("be/1.html", Some("gzip, br")));
        for other in [
            "HEAD / HTTP/1.1\r\nhost: m",
            "GET / HTTP/1.1",
            "GET / HTTP/1.1\r\nhost: m\r\nhost: m",
            "GET / HTTP/1.1\r\nhost: m\r\naccept-encoding: a\r\naccept-encoding: b",
            "GET / HTTP/1.1\r\nhost: m\r\naccept-encoding: g\u{fc}",
            "GET / HTTP/1.1\r\nhost: m\r\nRange: bytes=0-1",
            "GET / HTTP/1.1\r\nhost: m\r\nIf-None-Match: \"a\"",
            "GET /a%20b HTTP/1.1\r\nhost: m",
            "GET /a?b HTTP/1.1\r\nhost: m",
            "GET /\u{431} HTTP/1.1\r\nhost: m",
        ] {
            assert_eq!(wish(other), None, "{other}");
        }
    }
}
