//! Connections: accepting, watching and closing them. What is answered is not decided here.
//!
//! 1. No more connections than there are places; who comes later waits in the kernel's queue.
//! 2. Each connection speaks HTTP/1.1 in a task of its own, and is watched by one slow clock instead of a timer for
//!    each request: see [`Watch`].
//! 3. A stop lets the answers under way come to their end, for a while.
//!
//! Nothing here looks at the address of who connects, so nothing can keep it.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::respond::Body;
use super::wire::{Progress, Watch, Wire};

/// Who answers. One for all connections.
pub(super) trait Answer: Send + Sync + 'static {
    /// `progress` is of the connection that the request came by.
    fn answer(
        &self,
        request: Request<Incoming>,
        progress: &Progress,
    ) -> impl Future<Output = Response<Body>> + Send;
}

/// How much is put up with.
#[derive(Debug, Clone)]
pub struct Bounds {
    pub connections: u32,
    /// Head of a request, and what is read ahead of a body, for each connection.
    pub buffer_bytes: usize,
    /// How often each connection is looked at; [`Watch`] counts in these.
    pub look_every: Duration,
    /// How long answers under way may take once the server is to stop.
    pub grace: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 8192,
            buffer_bytes: 16 << 10,
            look_every: Duration::from_secs(5),
            grace: Duration::from_secs(10),
        }
    }
}

/// How a server is told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    Running,
    /// No new requests; answers under way go on.
    Gently,
    Now,
}

/// Port 0 takes any free one.
pub(super) fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // So that a restart need not wait for the connections before it to be forgotten.
    socket.set_reuseaddr(true)?;
    // Connections inherit it. The kernel would go up to megabytes for each, which is memory that strangers can fill,
    // and takes a new write only when a third is free: on a slow line that looks like minutes without progress.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(4096)
}

/// The kernel doubles it for its own needs.
const SEND_BUFFER_BYTES: u32 = 256 << 10;

/// Until told to stop, and then until the last connection has ended.
pub(super) async fn serve<A: Answer>(
    listener: TcpListener,
    site: Arc<A>,
    bounds: Bounds,
    stop: watch::Receiver<Stop>,
) {
    let places = Arc::new(Semaphore::new(bounds.connections as usize));
    let http = Arc::new(protocol(&bounds));
    let mut stopping = stop.clone();
    let mut stopped = pin!(stopping.wait_for(|stop| *stop != Stop::Running));
    loop {
        let accepted = tokio::select! {
            biased;
            _ = &mut stopped => break,
            accepted = accept(&listener, &places) => accepted,
        };
        if let Some((stream, place)) = accepted {
            let task = Connection {
                site: Arc::clone(&site),
                http: Arc::clone(&http),
                look_every: bounds.look_every,
                stop: stop.clone(),
                place,
            };
            tokio::spawn(task.run(stream));
        }
    }
    drop(listener);
    let all_ended = places.acquire_many(bounds.connections);
    // Who has not ended by then is cut off when the runtime or the handle goes.
    let _ = timeout(bounds.grace, all_ended).await;
}

fn protocol(bounds: &Bounds) -> http1::Builder {
    let mut http = http1::Builder::new();
    // Not `pipeline_flush`: it loses the last answer when the connection is closed with unread bytes behind the request.
    http.half_close(true)
        .max_buf_size(bounds.buffer_bytes)
        .header_read_timeout(None);
    http
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, place)),
        Err(_) => {
            // Either this one is gone already, or the machine is out of files and needs a moment.
            sleep(Duration::from_millis(20)).await;
            None
        }
    }
}

struct Connection<A> {
    site: Arc<A>,
    http: Arc<http1::Builder>,
    look_every: Duration,
    stop: watch::Receiver<Stop>,
    /// Given back when the connection has ended.
    place: OwnedSemaphorePermit,
}

impl<A: Answer> Connection<A> {
    async fn run(mut self, stream: TcpStream) {
        // An answer is written in one piece, and must not wait for a second one.
        let _ = stream.set_nodelay(true);
        let progress = Arc::new(Progress::default());
        let service = service_fn(|request| {
            progress.head_read();
            let (site, progress) = (Arc::clone(&self.site), Arc::clone(&progress));
            async move { Ok::<_, Infallible>(site.answer(request, &progress).await) }
        });
        let wire = TokioIo::new(Wire::new(stream, Arc::clone(&progress)));
        let mut connection = pin!(self.http.serve_connection(wire, service));
        let mut watch = Watch::default();
        let mut clock = interval(self.look_every);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stopping = self.stop.clone();
        let mut gently = pin!(stopping.wait_for(|stop| *stop != Stop::Running));
        let mut is_stopping = false;
        let mut now = pin!(self.stop.wait_for(|stop| *stop == Stop::Now));
        loop {
            tokio::select! {
                biased;
                // What went wrong is the client's affair, and nobody keeps a list of it.
                _ = connection.as_mut() => break,
                _ = clock.tick() => if watch.look(&progress).is_hopeless() { break },
                _ = gently.as_mut(), if !is_stopping => {
                    is_stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
                _ = now.as_mut() => break,
            }
        }
        drop(self.place);
    }
}
