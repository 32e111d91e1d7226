//! Sending bytes to an address: a bundle to a mirror that takes uploads.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use url::Url;

use super::fetch::{FetchError, HttpFetch, classify};

/// What is sent, in pieces that are made as they are asked for.
pub struct Body {
    pub length: u64,
    pub content_type: &'static str,
    pub pieces: BoxStream<'static, Bytes>,
}

/// What the server said. It may say so before it took the whole body, which ends the upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// The first [`ANSWER_BYTES`] of what it wrote, with everything that is no text taken out.
    pub text: String,
}

pub const ANSWER_BYTES: usize = 2_000;

/// Someone who can send. Every status is an answer; only a server that said nothing is an error.
pub trait Post: Send + Sync {
    fn post(&self, url: Url, body: Body) -> BoxFuture<'_, Result<Answer, FetchError>>;
}

impl Post for HttpFetch {
    fn post(&self, url: Url, body: Body) -> BoxFuture<'_, Result<Answer, FetchError>> {
        Box::pin(async move {
            self.name(&url);
            let pieces = body.pieces.map(Ok::<_, std::convert::Infallible>);
            let answer = self
                .uploads
                .post(url.clone())
                .header(http::header::CONTENT_TYPE, body.content_type)
                .header(http::header::CONTENT_LENGTH, body.length)
                .body(reqwest::Body::wrap_stream(pieces))
                .send()
                .await
                .map_err(|e| classify(&url, &e))?;
            let status = answer.status().as_u16();
            let text = printable(&first_bytes(answer).await);
            Ok(Answer { status, text })
        })
    }
}

/// A status without its text is still an answer, so a break here is no error.
async fn first_bytes(answer: reqwest::Response) -> Bytes {
    let mut body = answer.bytes_stream();
    let mut text = BytesMut::new();
    while let Some(Ok(piece)) = body.next().await {
        text.extend_from_slice(&piece);
        if text.len() >= ANSWER_BYTES {
            break;
        }
    }
    text.truncate(ANSWER_BYTES);
    text.freeze()
}

/// The server is a stranger: its words must not move the cursor of the terminal they are shown on.
fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let words = text
        .split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_words_cannot_move_the_cursor() {
        assert_eq!(
            printable(b"  not\x1b[2J newer\r\nthan 7\n"),
            "not [2J newer than 7"
        );
        assert_eq!(printable(b"\xff\xfe"), "\u{fffd}\u{fffd}");
    }
}
