//! One verified edition, or an excerpt of one, shown on this machine to the person who sits at it. Nothing is written, and nobody can bring
//! another edition.

use std::net::SocketAddr;

use http::header::{HOST, HeaderName};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::listen::{self, Answer, Stop};
use super::respond::{self, Body, Catalogue, NotFoundPages};
use super::wire::Progress;
use super::{Bounds, StartError, bind, not_found_pages};
use crate::edition::Excerpt;

/// Shows it on a free port of the loopback interface.
pub async fn show(edition: &Excerpt) -> Result<Showing, StartError> {
    let (listener, address) = bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let room = Room {
        address,
        edition: Catalogue::on_soft_ground(edition),
        not_found: not_found_pages(),
    };
    let (stop, stopped) = watch::channel(Stop::Running);
    let serving = listen::serve(
        listener,
        std::sync::Arc::new(room),
        Bounds::default(),
        stopped,
    );
    Ok(Showing {
        address,
        stop,
        serving: tokio::spawn(serving),
    })
}

/// Dropped, it stops at once.
pub struct Showing {
    address: SocketAddr,
    stop: watch::Sender<Stop>,
    serving: JoinHandle<()>,
}

impl Showing {
    /// Where a browser finds it.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub async fn stop(self) {
        self.stop.send_replace(Stop::Gently);
        // It ends by itself; if it panicked there is nothing left to stop.
        let _ = self.serving.await;
    }
}

struct Room {
    address: SocketAddr,
    edition: Catalogue,
    not_found: NotFoundPages,
}

impl Room {
    /// Browsers tell when a page of another site asks: it could learn from it that colport runs here, and what is read.
    fn is_asked_from_elsewhere(head: &http::request::Parts) -> bool {
        let site = head.headers.get("sec-fetch-site");
        site.is_some_and(|site| site != "none" && site != "same-origin")
    }

    /// A page elsewhere can make a browser ask this machine under a name of its own (DNS rebinding), and then read the
    /// answer. Under our own name it cannot.
    fn is_asked_by_name(&self, head: &http::request::Parts) -> bool {
        let host = head.headers.get(HOST).map(|host| host.as_bytes());
        host == Some(self.address.to_string().as_bytes())
    }
}

impl Answer for Room {
    async fn answer(&self, request: Request<Incoming>, progress: &Progress) -> Response<Body> {
        let (head, body) = request.into_parts();
        let mut answer = if !self.is_asked_by_name(&head) {
            let why = "this is not the host you are looking for";
            respond::sentence(StatusCode::MISDIRECTED_REQUEST, why)
        } else if Self::is_asked_from_elsewhere(&head) {
            respond::sentence(
                StatusCode::FORBIDDEN,
                "this is not for pages of other sites",
            )
        } else {
            respond::respond(&self.edition, &self.not_found, &head)
        };
        // Older browsers do not tell who asks, but most of them can be told whom to give the answer to.
        for name in ["cross-origin-resource-policy", "cross-origin-opener-policy"] {
            let name = HeaderName::from_static(name);
            respond::insert(&mut answer, name, "same-origin");
        }
        if hyper::body::Body::is_end_stream(&body) {
            return answer;
        }
        progress.will_linger();
        respond::closing(answer)
    }
}
