//! Bringing the lists of channels to a mirror, beside the edition.
//!
//! 1. A host that keeps files gets them as files, in the push of the edition ([`Source::with_lists`]).
//! 2. A colport server is sent each by itself, since it takes bundles and nothing else as a push. It sees by the signature
//!    that the newsroom made it, and takes it if it is newer. Then it is read back. A list is small: a server that does not
//!    do both within the time in which something must move is given up, like one with which a push stands still. One that has
//!    it already refuses it, and shows it: nobody may have been there to write down that it took it. One list that is refused
//!    keeps no other back, and those that were taken beside it are not sent again.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use url::Url;

use super::super::{Outcome, Source, Wire};
use crate::base::LIMITS;
use crate::io::address;
use crate::io::fetch::{FetchError, Request, read_all};
use crate::io::push::Body;
use crate::trust::lists::ListName;

/// A sealed list and its name.
pub type Sealed = (ListName, Bytes);

/// The edition with these lists, for a host that keeps files.
pub(super) fn beside(source: &Source, lists: &[Sealed]) -> Source {
    source.with_lists(
        lists
            .iter()
            .map(|(name, bytes)| (name.to_string(), bytes.clone())),
    )
}

/// To a colport server. Which of the lists it shows now, and what became of the first that it does not.
pub(super) async fn send(
    wire: &dyn Wire,
    mirror: &Url,
    lists: &[Sealed],
    stall: Duration,
) -> (Vec<bool>, Option<Outcome>) {
    let (mut shows, mut failed) = (vec![false; lists.len()], None);
    for (list, is_shown) in lists.iter().zip(&mut shows) {
        let outcome = match tokio::time::timeout(stall, send_one(wire, mirror, list)).await {
            Ok(Ok(None)) => {
                *is_shown = true;
                continue;
            }
            Ok(Ok(Some(why))) => Outcome::Refused(why),
            Ok(Err(error)) => Outcome::Unreachable(error.reason()),
            // With the others it would stand still as long.
            Err(_) => {
                let seconds = stall.as_secs();
                let why = format!("a list was not taken within {seconds} seconds");
                failed.get_or_insert(Outcome::Unreachable(why));
                break;
            }
        };
        failed.get_or_insert(outcome);
    }
    (shows, failed)
}

/// `None`: the server shows it.
pub(super) async fn send_one(
    wire: &dyn Wire,
    mirror: &Url,
    (name, bytes): &Sealed,
) -> Result<Option<String>, FetchError> {
    let url = address::list(mirror, name.as_str());
    let piece = bytes.clone();
    let body = Body {
        length: bytes.len() as u64,
        content_type: "application/json",
        pieces: futures_util::stream::once(async { piece }).boxed(),
    };
    let answer = wire.post(url.clone(), body).await?;
    let is_refused_for_another = answer.status == 409;
    if !(200..=299).contains(&answer.status) && !is_refused_for_another {
        return Ok(Some(match answer.text.as_str() {
            "" => format!("a list, with status {}", answer.status),
            text => format!("a list: {text}"),
        }));
    }
    let shown = wire.fetch(Request::get(url)).await?;
    let shown = read_all(shown, LIMITS.address_list_bytes).await?;
    let is_there = shown == *bytes || is_refused_for_another && says_the_same(&shown, bytes);
    Ok((!is_there).then(|| "it shows another list than it was sent".to_owned()))
}

/// Whoever signed it: keys may be others since the server took it, and it takes no version twice.
fn says_the_same(one: &[u8], other: &[u8]) -> bool {
    let signed = |bytes: &[u8]| {
        let list: serde_json::Value = serde_json::from_slice(bytes).ok()?;
        list.get("signed").cloned()
    };
    signed(one).is_some_and(|one| signed(other) == Some(one))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use bytes::BytesMut;
    use futures_util::FutureExt;
    use futures_util::future::BoxFuture;

    use super::*;
    use crate::io::fetch::{Fetch, Response};
    use crate::io::push::{Answer, Post};
    use crate::trust::lists::ChannelWord;

    /// Takes each list once, and some never.
    #[derive(Default)]
    struct Server {
        shows: Mutex<BTreeMap<String, Bytes>>,
        refuses: Vec<String>,
    }

    impl Fetch for Server {
        fn fetch(&self, request: Request) -> BoxFuture<'_, Result<Response, FetchError>> {
            let shown = self.shows.lock().unwrap().get(request.url.path()).cloned();
            let response = shown.map(|bytes| Response {
                url: request.url.clone(),
                content_type: None,
                first_byte: 0,
                body: futures_util::stream::once(async { Ok(bytes) }).boxed(),
            });
            let url = request.url.to_string();
            async { response.ok_or(FetchError::NotFound(url)) }.boxed()
        }
    }

    impl Post for Server {
        fn post(&self, url: Url, mut body: Body) -> BoxFuture<'_, Result<Answer, FetchError>> {
            async move {
                let mut whole = BytesMut::new();
                while let Some(piece) = body.pieces.next().await {
                    whole.extend_from_slice(&piece);
                }
                let mut shows = self.shows.lock().unwrap();
                let path = url.path().to_owned();
                let status = match self.refuses.contains(&path) {
                    true => 422,
                    false if shows.contains_key(&path) => 409,
                    false => {
                        shows.insert(path, whole.freeze());
                        201
                    }
                };
                let text = String::new();
                Ok(Answer { status, text })
            }
            .boxed()
        }
    }

    fn mirror() -> Url {
        Url::parse("https://m1.example/").unwrap()
    }

    fn list(word: &str, signed: &str, key: &str) -> Sealed {
        let name = ChannelWord::parse(word).unwrap().name();
        let text = format!(r#"{{"signed":"{signed}","signatures":["{key}"]}}"#);
        (name, text.into())
    }

    fn path((name, _): &Sealed) -> String {
        address::list(&mirror(), name.as_str()).path().to_owned()
    }

    async fn sent(server: &Server, lists: &[Sealed]) -> (Vec<bool>, Option<Outcome>) {
        send(server, &mirror(), lists, Duration::from_secs(9)).await
    }

    #[tokio::test]
    async fn a_list_that_is_there_already_counts_as_taken_and_another_does_not() {
        let server = Server::default();
        let (first, word) = (list("k3q9x2m7k3q9x2m7", "7", "old"), "k3q9x2m7k3q9x2m7");
        // The second time it is there already, the third time signed by another key.
        for list in [first.clone(), first, list(word, "7", "new")] {
            assert_eq!(sent(&server, &[list]).await, (vec![true], None));
        }
        let (shows, other) = sent(&server, &[list(word, "8", "new")]).await;
        assert!(!shows[0] && matches!(other, Some(Outcome::Refused(_))));
    }

    #[tokio::test]
    async fn one_list_that_is_refused_keeps_no_other_back() {
        let lists = ["k3q9x2m7k3q9x2m7", "another000"].map(|word| list(word, "7", "key"));
        let server = Server {
            refuses: vec![path(&lists[0])],
            ..Server::default()
        };
        let (told, outcome) = sent(&server, &lists).await;
        assert!(matches!(outcome, Some(Outcome::Refused(_))));
        assert_eq!(told, [false, true]);
        let shows = server.shows.lock().unwrap();
        assert_eq!(shows.get(&path(&lists[1])), Some(&lists[1].1));
    }
}
