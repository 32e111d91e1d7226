//! One verified edition, or an excerpt of one, shown on this machine to the person who sits at it. Nothing is written, and nobody can bring
//! another edition.

use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{HOST, HeaderName};
use http::request::Parts;
use http::{Response, StatusCode};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::listen::{self, Answer, Hall, Stop};
use super::respond::{self, Allowed, Body, Catalogue, NotFoundPages};
use super::{Bounds, Port, StartError, not_found_pages};
use crate::edition::Excerpt;
use crate::io::clock::SystemClock;

/// Shows it on a free port of the loopback interface.
pub async fn show(edition: &Excerpt) -> Result<Showing, StartError> {
    let port = Port::take(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let address = port.address;
    let listener = port.open()?;
    let room = Room {
        address,
        edition: Catalogue::on_soft_ground(edition),
        not_found: not_found_pages(),
    };
    // Of any name, since the room looks at the name itself.
    let hall = Hall::plain(room, Arc::new(SystemClock), Bounds::default());
    let (stop, stopped) = watch::channel(Stop::Running);
    let serving = listen::serve(listener, Arc::new(hall), stopped);
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
    fn is_asked_from_elsewhere(head: &Parts) -> bool {
        let site = head.headers.get("sec-fetch-site");
        site.is_some_and(|site| site != "none" && site != "same-origin")
    }

    /// A page elsewhere can make a browser ask this machine under a name of its own (DNS rebinding), and then read the
    /// answer. Under our own name it cannot.
    fn is_asked_by_name(&self, head: &Parts) -> bool {
        let host = head.headers.get(HOST).map(|host| host.as_bytes());
        host == Some(self.address.to_string().as_bytes())
    }
}

impl Answer for Room {
    fn read(&self, head: &Parts, _: Allowed) -> Response<Body> {
        let mut answer = if !self.is_asked_by_name(head) {
            let why = "this is not the host you are looking for";
            respond::sentence(StatusCode::MISDIRECTED_REQUEST, why)
        } else if Self::is_asked_from_elsewhere(head) {
            respond::sentence(
                StatusCode::FORBIDDEN,
                "this is not for pages of other sites",
            )
        } else {
            respond::respond(&self.edition, &self.not_found, head, Allowed::default())
        };
        // Older browsers do not tell who asks, but most of them can be told whom to give the answer to.
        for name in ["cross-origin-resource-policy", "cross-origin-opener-policy"] {
            let name = HeaderName::from_static(name);
            respond::insert(&mut answer, name, "same-origin");
        }
        answer
    }
}
