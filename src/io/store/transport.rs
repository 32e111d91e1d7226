//! How OpenDAL's services reach their hosts: through a client of ours, so that there is one TLS with one list of authorities,
//! every byte that goes out passes the [`Line`], and no answer is longer than it may be.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::{Request, Response, StatusCode, header};
use opendal::{Buffer, Error, ErrorKind, HttpBody, HttpTransport};

use crate::base::LIMITS;
use crate::io::fetch::{classify, tls};
use crate::io::line::{Line, PIECE_BYTES};

pub(super) struct Transport {
    client: reqwest::Client,
    line: Arc<Line>,
    /// How often a bucket was asked for the next of its files.
    listings: AtomicUsize,
}

/// Of a thousand files each, in one push: whoever always has more is not listened to for ever.
const LISTINGS: usize = 10_000;

/// Inside an error: the bucket's list has no end.
#[derive(Debug, thiserror::Error)]
#[error("the list has no end")]
pub(super) struct Endless;

/// Inside an error: the host has no room (RFC 4918 section 11.5).
#[derive(Debug, thiserror::Error)]
#[error("no space is left on the host")]
pub(super) struct HostFull;

/// Inside an error: what went wrong with the connection, for people.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Broken(pub(super) String);

const CONNECT: Duration = Duration::from_secs(10);

impl Transport {
    pub(super) fn new(line: Arc<Line>) -> Self {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls())
            .connect_timeout(CONNECT)
            // What is signed for one host is not for another.
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .build()
            .expect("a client with built-in certificate authorities can always be made");
        Self {
            client,
            line,
            listings: AtomicUsize::new(0),
        }
    }
}

impl HttpTransport for Transport {
    async fn fetch(&self, request: Request<Buffer>) -> opendal::Result<Response<HttpBody>> {
        let (mut head, body) = request.into_parts();
        let url = head.uri.to_string();
        let is_listing = head
            .uri
            .query()
            .is_some_and(|it| it.contains("list-type=2"));
        if is_listing && self.listings.fetch_add(1, Ordering::Relaxed) >= LISTINGS {
            let error = Error::new(ErrorKind::Unexpected, "the list has no end");
            return Err(error.set_source(Endless));
        }
        let length = body.len() as u64;
        if length > 0 {
            head.headers.insert(header::CONTENT_LENGTH, length.into());
        }
        let mut request = self.client.request(head.method, &url).headers(head.headers);
        if length > 0 {
            let pieces = pieces(body.to_bytes(), self.line.clone());
            request = request.body(reqwest::Body::wrap_stream(pieces));
        }
        let answer = request.send().await.map_err(|error| broken(&url, &error))?;
        self.line.beat();
        let status = answer.status();
        if let Some(error) = refusal(status) {
            return Err(error);
        }
        let mut reply = Response::builder().status(status);
        if let Some(headers) = reply.headers_mut() {
            *headers = answer.headers().clone();
        }
        let bytes = match status == StatusCode::NO_CONTENT {
            true => Bytes::new(),
            false => self.whole(&url, answer).await?,
        };
        let stream = futures_util::stream::iter([Ok(Buffer::from(bytes))]);
        let reply = reply.body(HttpBody::new(stream, None));
        reply.map_err(|_| Error::new(ErrorKind::Unexpected, "an answer that is none"))
    }
}

impl Transport {
    async fn whole(&self, url: &str, answer: reqwest::Response) -> opendal::Result<Bytes> {
        let mut body = answer.bytes_stream();
        let mut whole = BytesMut::new();
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|error| broken(url, &error))?;
            self.line.beat();
            if (whole.len() + piece.len()) as u64 > LIMITS.stored_answer_bytes {
                let why = "it sends more than it may";
                return Err(Error::new(ErrorKind::Unexpected, why).set_source(Broken(why.into())));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }
}

/// Each goes when the line lets it.
fn pieces(
    body: Bytes,
    line: Arc<Line>,
) -> impl futures_util::Stream<Item = Result<Bytes, std::convert::Infallible>> {
    futures_util::stream::unfold((body, line), |(mut rest, line)| async move {
        let piece = rest.split_to(PIECE_BYTES.min(rest.len()));
        if piece.is_empty() {
            return None;
        }
        line.pass(piece.len()).await;
        Some((Ok(piece), (rest, line)))
    })
}

/// Statuses for which the services know no name of their own.
fn refusal(status: StatusCode) -> Option<Error> {
    match status {
        StatusCode::UNAUTHORIZED => Some(Error::new(ErrorKind::PermissionDenied, "status 401")),
        StatusCode::INSUFFICIENT_STORAGE => {
            Some(Error::new(ErrorKind::Unexpected, "status 507").set_source(HostFull))
        }
        status if status.is_redirection() => {
            let why = format!("it sends us elsewhere with status {}", status.as_u16());
            Some(Error::new(ErrorKind::ConfigInvalid, why))
        }
        _ => None,
    }
}

fn broken(url: &str, error: &reqwest::Error) -> Error {
    use crate::io::fetch::FetchError;
    let why = match url.parse().map(|url| classify(&url, error)) {
        Ok(FetchError::Permanent { why, .. }) => {
            return Error::new(ErrorKind::ConfigInvalid, why);
        }
        Ok(error) => error.reason(),
        Err(_) => "it is no address".into(),
    };
    Error::new(ErrorKind::Unexpected, "no answer")
        .set_source(Broken(why))
        .set_temporary()
}
