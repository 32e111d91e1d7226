//! Where the person who runs the mirror reads its counters: `/metrics`, on an address of its own.

use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{Response, StatusCode};

use super::counters::Counters;
use super::holdings::Holdings;
use super::listen::{Answer, Bounds};
use super::respond::{self, Allowed, Body};

pub(super) struct Office {
    pub(super) counters: Arc<Counters>,
    pub(super) holdings: Arc<Holdings>,
}

/// One program looks, now and then.
pub(super) fn bounds() -> Bounds {
    Bounds {
        connections: 16,
        ..Bounds::default()
    }
}

impl Answer for Office {
    fn read(&self, head: &Parts, _: Allowed) -> Response<Body> {
        if let Some(why) = respond::fault(head) {
            return respond::closing(respond::sentence(StatusCode::BAD_REQUEST, why));
        }
        if head.uri.path() != "/metrics" {
            return respond::sentence(StatusCode::NOT_FOUND, "look at `/metrics`");
        }
        let edition = self.holdings.current().hold().edition();
        let text = self.counters.to_text(edition);
        let mut answer = Response::new(Body::Whole(text.into()));
        respond::insert(&mut answer, CONTENT_TYPE, "text/plain; version=0.0.4");
        respond::insert(&mut answer, CACHE_CONTROL, "no-store");
        answer
    }
}
