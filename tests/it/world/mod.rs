//! A small world in memory: a newsroom that publishes, mirrors that serve, block, stall, lie or roll back, and a clock
//! that is set by hand. No disk (but a reader's own store), no network, no real time: run tests with
//! `#[tokio::test(start_paused = true)]`, then waiting costs nothing and takes exactly as long as it should.

mod mirror;
mod newsroom;

use std::sync::Arc;

use colport::io::fetch::{Fetch, FetchError, Request, Response};
use colport::io::push::{Answer, Body, Post};
use futures_util::future::BoxFuture;
use url::Url;

pub(crate) use mirror::{Behaviour, Mirror};
pub(crate) use newsroom::{Newsroom, moment, noise};

/// All mirrors that can be reached, by host name.
#[derive(Default)]
pub(crate) struct World {
    mirrors: Vec<Arc<Mirror>>,
}

impl World {
    /// A mirror at `http://mN.example/`, N counted from 0.
    pub(crate) fn add(&mut self, behaviour: Behaviour) -> Arc<Mirror> {
        let mirror = Arc::new(Mirror::new(
            &format!("m{}.example", self.mirrors.len()),
            behaviour,
        ));
        self.mirrors.push(mirror.clone());
        mirror
    }

    pub(crate) fn urls(&self) -> Vec<Url> {
        self.mirrors.iter().map(|mirror| mirror.url()).collect()
    }

    /// Bytes that all mirrors sent.
    pub(crate) fn sent(&self) -> u64 {
        self.mirrors.iter().map(|mirror| mirror.sent()).sum()
    }

    fn find(&self, url: &Url) -> Result<Arc<Mirror>, FetchError> {
        let found = self
            .mirrors
            .iter()
            .find(|mirror| url.host_str() == Some(mirror.host()));
        found.cloned().ok_or_else(|| FetchError::Transient {
            address: url.to_string(),
            why: "no such host".into(),
        })
    }
}

impl Fetch for World {
    fn fetch(&self, request: Request) -> BoxFuture<'_, Result<Response, FetchError>> {
        Box::pin(async move { self.find(&request.url)?.answer(request).await })
    }
}

impl Post for World {
    fn post(&self, url: Url, body: Body) -> BoxFuture<'_, Result<Answer, FetchError>> {
        Box::pin(async move { self.find(&url)?.take(body).await })
    }
}
