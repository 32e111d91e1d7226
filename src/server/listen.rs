//! Connections: accepting, watching and closing them. What is answered is not decided here.
//!
//! 1. No more connections than there are places; who comes later waits in the kernel's queue. No more of one address
//!    than is fair; who comes then is turned away.
//! 2. Each connection is a task of its own, of the thread that suits it best ([`threads`]), watched by one slow clock for all
//!    of a thread: see [`Round`].
//! 3. It speaks TLS if there are certificates, then HTTP/2 if both sides can and there is a place for that, else HTTP/1.1: plain
//!    requests in the fast [`lane`], whatever else by hyper. Of HTTP/2 nothing is kept from one head to the next
//!    ([`forgetful`](super::forgetful)), and who says much and asks nothing is cut off ([`ration`](super::ration)).
//! 4. A stop lets the answers under way come to their end, for a while.
//!
//! The address of who connects is only shown to the [`Crowd`], which makes a number of it that nobody can turn back.

use std::convert::Infallible;
use std::future::Future;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener as Listener};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::server::Acceptor;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio::task::yield_now;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_rustls::LazyConfigAcceptor;

use super::counters::Counters;
use super::crowd::{Crowd, CrowdBounds, Member};
use super::forgetful::Forgetful;
use super::head::Bare;
use super::lane::{self, Left};
use super::line::Line;
use super::names::Names;
use super::respond::{self, Allowed, Body, Brief};
use super::round::Round;
use super::shares::{Share, Shares};
use super::threads::{self, Load, Seat, Seated};
use super::tls::{self, Terms};
use super::wire::{Progress, Sends, Wire};
use crate::io::clock::Clock;

/// Who answers. One for all connections.
pub(super) trait Answer: Send + Sync + 'static {
    /// To a request without a body.
    fn read(&self, head: &Parts, allowed: Allowed) -> Response<Body>;

    /// The same to a request that says no more than that, if that can be had without detours; counted on elsewhere. It is
    /// handed to `send`, which is called at most once and must not wait.
    fn brief<T>(&self, _wanted: &Bare<'_>, _send: impl FnOnce(Brief<'_>) -> T) -> Option<T> {
        None
    }

    /// To a request that brings something, if that is wanted here. `progress` is of the connection that it came by.
    fn take(
        &self,
        _head: &Parts,
        _body: &mut Incoming,
        _progress: &Progress,
    ) -> impl Future<Output = Response<Body>> + Send {
        async { respond::closing(respond::method_not_allowed("GET, HEAD")) }
    }

    /// Whether it is for [`Self::take`].
    fn is_wanted(&self, _head: &Parts) -> bool {
        false
    }
}

/// What all connections share.
pub(super) struct Hall<A> {
    pub(super) site: A,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) bounds: Bounds,
    pub(super) names: Names,
    pub(super) tls: Option<Terms>,
    /// How many bytes a line carries, where that is known.
    pub(super) thin: Option<u64>,
    pub(super) crowd: Arc<Crowd>,
    /// Places for those who share a connection among many requests, which takes more memory.
    pub(super) shared: SharedPlaces,
    pub(super) counters: Arc<Counters>,
}

impl<A: Answer> Hall<A> {
    /// In which everything is as in a small, open one.
    pub(super) fn plain(site: A, clock: Arc<dyn Clock>, bounds: Bounds) -> Self {
        Self {
            site,
            clock,
            names: Names::Any,
            tls: None,
            thin: None,
            crowd: Crowd::new(bounds.crowd.clone()),
            shared: SharedPlaces::of(bounds.shared),
            counters: Arc::default(),
            bounds,
        }
    }

    pub(super) fn read(&self, head: &Parts, allowed: Allowed) -> Response<Body> {
        let answer = if self.names.is_asked(head) {
            self.site.read(head, allowed)
        } else {
            nobody_here()
        };
        let answer = match head.method {
            Method::HEAD => respond::without_bytes(answer),
            _ => answer,
        };
        let body_bytes = answer.body().length();
        self.counters.answer(answer.status(), body_bytes);
        answer
    }

    /// Who asks must have been heard to mean this mirror.
    pub(super) fn brief<T>(
        &self,
        wanted: &Bare<'_>,
        send: impl FnOnce(Brief<'_>) -> T,
    ) -> Option<T> {
        self.site.brief(wanted, |brief| {
            let body_bytes = brief.body.bytes().len() as u64;
            self.counters.answer(StatusCode::OK, body_bytes);
            send(brief)
        })
    }

    async fn answer(&self, request: Request<Incoming>, progress: &Progress) -> Response<Body> {
        let (head, mut body) = request.into_parts();
        let is_wanted = head.method == Method::POST && self.site.is_wanted(&head);
        if is_wanted && self.names.is_asked(&head) {
            let Some(_brings) = progress.brings() else {
                return respond::closing(too_much_at_once());
            };
            // In a box, so that those who only read need no room for it.
            return Box::pin(self.site.take(&head, &mut body, progress)).await;
        }
        let allowed = Allowed {
            most_bytes: self.thin,
            who: progress.who(),
        };
        let answer = self.read(&head, allowed);
        if body.is_end_stream() && self.thin.is_none() {
            return answer;
        }
        // Nobody reads that body, and what comes behind it must not be taken for a request.
        progress.will_linger();
        respond::closing(answer)
    }
}

/// RFC 9110 section 15.5.20, with no word about who is here.
fn nobody_here() -> Response<Body> {
    let mut answer = Response::new(Body::Empty);
    *answer.status_mut() = StatusCode::MISDIRECTED_REQUEST;
    respond::closing(answer)
}

/// RFC 6585 section 4.
fn too_much_at_once() -> Response<Body> {
    let why = "on one connection only a few things can be brought at a time";
    respond::sentence(StatusCode::TOO_MANY_REQUESTS, why)
}

/// Of those who speak HTTP/2, no address has more than an eighth.
#[derive(Clone)]
pub(super) struct SharedPlaces(Arc<Shares>);

/// Given back when the connection has ended.
type SharedPlace = Share<Arc<Shares>>;

impl SharedPlaces {
    fn of(all: u32) -> Self {
        let each = (all / 8).max(LEAST_SHARED).into();
        Self(Arc::new(Shares::of(all.into(), each)))
    }

    fn take(&self, who: Option<u64>) -> Option<SharedPlace> {
        Share::take(Arc::clone(&self.0), who, 1)
    }
}

/// A browser opens several.
const LEAST_SHARED: u32 = 8;

/// How much is put up with.
#[derive(Debug, Clone)]
pub struct Bounds {
    pub connections: u32,
    /// Of these, what one address may take.
    pub crowd: CrowdBounds,
    /// Of these, how many may speak HTTP/2.
    pub shared: u32,
    /// Head of a request, and what is read ahead of a body, for each connection.
    pub buffer_bytes: usize,
    /// How often each connection is looked at; [`Watch`](super::wire::Watch) counts in these.
    pub look_every: Duration,
    /// How often the files of certificates are looked at. They live for weeks, and are renewed days before the end.
    pub look_at_files_every: Duration,
    /// How long answers under way may take once the server is to stop.
    pub grace: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 16_384,
            crowd: CrowdBounds::default(),
            shared: 16_384,
            buffer_bytes: 16 << 10,
            look_every: Duration::from_secs(5),
            look_at_files_every: Duration::from_secs(60),
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

/// Port 0 takes any free one. Nobody can connect before [`open()`]. Every address is every one of both families, or of the one
/// that the machine has.
pub(super) fn bind(mut address: SocketAddr) -> std::io::Result<TcpSocket> {
    if address.ip() == Ipv6Addr::UNSPECIFIED && TcpSocket::new_v6().is_err() {
        address.set_ip(Ipv4Addr::UNSPECIFIED.into());
    }
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if address.ip() == Ipv6Addr::UNSPECIFIED {
        // Where the system would not do so by itself.
        rustix::net::sockopt::set_ipv6_v6only(&socket, false)?;
    }
    // So that a restart need not wait for the connections before it to be forgotten.
    socket.set_reuseaddr(true)?;
    // Connections inherit it. The kernel would go up to megabytes for each, which is memory that strangers can fill,
    // and takes a new write only when a third is free: on a slow line that looks like minutes without progress.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    Ok(socket)
}

pub(super) fn open(socket: TcpSocket) -> std::io::Result<Listener> {
    socket.listen(4096)?.into_std()
}

/// The kernel doubles it for its own needs.
const SEND_BUFFER_BYTES: u32 = 256 << 10;

/// Until told to stop, and then until the last connection has ended.
pub(super) async fn serve<A: Answer>(
    listener: Listener,
    hall: Arc<Hall<A>>,
    stop: watch::Receiver<Stop>,
) {
    let places = Semaphore::new(hall.bounds.connections as usize);
    share(listener, hall, stop, Arc::new(places), threads::alone()).await;
}

/// The same with a thread for each processor, so that nothing of a connection need be handed from one to another for each
/// answer.
pub(super) async fn serve_in_threads<A: Answer>(
    listener: Listener,
    hall: Arc<Hall<A>>,
    stop: watch::Receiver<Stop>,
) {
    let places = Arc::new(Semaphore::new(hall.bounds.connections as usize));
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let mut shares = Vec::new();
    for seated in threads::seats(processors) {
        let (ended, end) = oneshot::channel::<()>();
        let Ok(listener) = listener.try_clone() else {
            continue;
        };
        let before_waiting = seated.0.before_waiting();
        let share = share(
            listener,
            Arc::clone(&hall),
            stop.clone(),
            Arc::clone(&places),
            seated,
        );
        let thread = std::thread::Builder::new().name("readers".to_owned());
        let work = move || {
            in_this_thread(share, before_waiting);
            drop(ended);
        };
        if thread.spawn(work).is_ok() {
            shares.push(end);
        }
    }
    if shares.is_empty() {
        return share(listener, hall, stop, places, threads::alone()).await;
    }
    drop((listener, hall));
    for end in shares {
        // It says nothing, and is dropped when the thread has done its share.
        let _ = end.await;
    }
}

fn in_this_thread(
    work: impl Future<Output = ()>,
    before_waiting: impl Fn() + Send + Sync + 'static,
) {
    let mut runtime = Builder::new_current_thread();
    runtime.enable_all().on_thread_park(before_waiting);
    if let Ok(runtime) = runtime.build() {
        runtime.block_on(work);
        // A bundle that is being verified needs nobody to wait for it.
        runtime.shutdown_background();
    }
}

/// One thread's part of the connections, which are limited by `places` all together.
async fn share<A: Answer>(
    listener: Listener,
    hall: Arc<Hall<A>>,
    stop: watch::Receiver<Stop>,
    places: Arc<Semaphore>,
    (seat, mut coming): Seated<Newcomer>,
) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    let round = Rounds::default();
    let thread = Arc::new(Thread {
        hall: Arc::clone(&hall),
        seat,
        round: Arc::clone(&round.0),
    });
    let mut stopping = stop.clone();
    tokio::select! {
        biased;
        _ = stopping.wait_for(|stop| *stop != Stop::Running) => {}
        () = round.go(hall.bounds.look_every) => {}
        () = thread.welcome_all(&mut coming) => {}
        () = thread.admit_all(&listener, &places) => {}
    }
    drop((listener, thread, coming));
    round.0.stop();
    let all_ended = places.acquire_many(hall.bounds.connections);
    tokio::select! {
        biased;
        // Who has not ended by then is cut off.
        _ = timeout(hall.bounds.grace, all_ended) => {}
        () = told_to_end(stop) => {}
        () = round.go(hall.bounds.look_every) => {}
    }
}

/// The round of one share. Dropped, it ends what has not ended.
#[derive(Default)]
struct Rounds(Arc<Round>);

impl Rounds {
    /// For ever.
    async fn go(&self, every: Duration) {
        let mut clock = interval(every);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            self.0.look();
        }
    }
}

impl Drop for Rounds {
    fn drop(&mut self) {
        self.0.end();
    }
}

async fn told_to_end(mut stop: watch::Receiver<Stop>) {
    // Nobody is left to tell it otherwise.
    let _ = stop.wait_for(|stop| *stop == Stop::Now).await;
}

/// Where connections are at home.
struct Thread<A> {
    hall: Arc<Hall<A>>,
    seat: Seat<Newcomer>,
    round: Arc<Round>,
}

/// A connection that comes to a thread, from outside or from another thread. It rests.
pub(super) struct Newcomer {
    line: Line,
    progress: Arc<Progress>,
    place: Place,
}

/// Given back when the connection has ended.
struct Place {
    _permit: OwnedSemaphorePermit,
    _member: Member,
    load: Load,
}

impl<A: Answer> Thread<A> {
    /// For ever.
    async fn admit_all(self: &Arc<Self>, listener: &TcpListener, places: &Arc<Semaphore>) {
        let scarce = self.hall.bounds.connections as usize / 4;
        loop {
            let Some((stream, address, permit)) = accept(listener, places).await else {
                continue;
            };
            let is_scarce = places.available_permits() < scarce;
            match self.hall.crowd.admit(address.ip(), is_scarce) {
                Some(member) => self.admit(stream, member, permit),
                None => self.hall.counters.refused(),
            }
        }
    }

    fn admit(self: &Arc<Self>, stream: TcpStream, member: Member, permit: OwnedSemaphorePermit) {
        self.hall.counters.connection();
        // An answer is written in one piece, and must not wait for a second one.
        let _ = stream.set_nodelay(true);
        let load = self.seat.assign(threads::near(&stream));
        let thread = load.thread();
        let progress = Arc::new(Progress::of(member.who()));
        let newcomer = Newcomer {
            line: Line::plain(Wire::new(stream, Arc::clone(&progress))),
            progress,
            place: Place {
                _permit: permit,
                _member: member,
                load,
            },
        };
        if self.seat.is_here(thread) {
            self.begin(newcomer);
        } else if let Err(returned) = self.seat.hand_over(thread, newcomer) {
            self.begin(returned);
        }
    }

    /// For ever, those whom other threads hand over.
    async fn welcome_all(self: &Arc<Self>, coming: &mut UnboundedReceiver<Newcomer>) {
        while let Some(mut newcomer) = coming.recv().await {
            // Else it is heard all the same, by a detour.
            let _ = newcomer.line.wire_mut().move_here();
            self.begin(newcomer);
        }
    }

    fn begin(self: &Arc<Self>, newcomer: Newcomer) {
        tokio::spawn(Arc::clone(self).keep(newcomer));
    }

    /// Until it has ended, or has gone to another thread.
    async fn keep(self: Arc<Self>, mut newcomer: Newcomer) {
        loop {
            let Newcomer {
                line,
                progress,
                mut place,
            } = newcomer;
            let Some((line, thread)) = self.watched(line, &progress).await else {
                return;
            };
            place.load.move_to(thread);
            let moved = Newcomer {
                line,
                progress,
                place,
            };
            match self.seat.hand_over(thread, moved) {
                Ok(()) => return,
                // That one has ended, and soon this one will.
                Err(returned) => newcomer = returned,
            }
        }
    }

    /// One connection for as long as it is with this thread; then to which it goes.
    async fn watched(&self, line: Line, progress: &Arc<Progress>) -> Option<(Line, usize)> {
        // The waker of a task is the same for as long as it lives.
        let waker = std::future::poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
        let _visit = self.round.enter(progress, waker);
        let mut talk = pin!(self.talk(line, progress));
        std::future::poll_fn(|cx| match progress.is_over() {
            true => Poll::Ready(None),
            false => talk.as_mut().poll(cx),
        })
        .await
    }

    /// What goes wrong here is the client's affair, and nobody keeps a list of it.
    async fn talk(&self, line: Line, progress: &Arc<Progress>) -> Option<(Line, usize)> {
        let hall = &self.hall;
        let (mut line, place) = match &hall.tls {
            // In a box, like hyper below: most of the time neither is needed any more, or yet.
            Some(terms) if !line.is_secure() => {
                Box::pin(secured(
                    terms,
                    &hall.shared,
                    line.into_wire(),
                    progress.who(),
                ))
                .await?
            }
            _ => (line, None),
        };
        if line.protocol() == Some(tls::PROVES) {
            // RFC 8737 section 4: to have shown it is all. Who does not hear it sees that the connection ends.
            let _ = line.flush().await;
            return None;
        }
        if line.protocol() == Some(tls::SHARED) {
            Box::pin(multiplexed(hall, line, progress)).await;
            drop(place);
            return None;
        }
        drop(place);
        match lane::serve(hall, &self.seat, &mut line, progress).await {
            Ok(Left::For(thread)) => Some((line, thread)),
            Ok(Left::ForHyper) => {
                Box::pin(by_hyper(hall, line, progress)).await;
                None
            }
            Ok(Left::Closed) | Err(_) => None,
        }
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, address)) => Some((stream, address, place)),
        Err(_) => {
            // Either this one is gone already, or the machine is out of files and needs a moment.
            sleep(Duration::from_millis(20)).await;
            None
        }
    }
}

/// With a place among those who share a connection, if it may become one of them. `None`: nothing came of it, and the other
/// side was told why.
async fn secured(
    terms: &Terms,
    shared: &SharedPlaces,
    mut wire: Wire,
    who: Option<u64>,
) -> Option<(Line, Option<SharedPlace>)> {
    wire.send(Sends::BeforeWaiting);
    let mut place = None;
    let mut hello = LazyConfigAcceptor::new(Acceptor::default(), wire);
    let agreed = match (&mut hello).await {
        Ok(heard) => {
            let said = heard.client_hello();
            if terms.may_share(&said) {
                place = shared.take(who);
            }
            let config = terms.with(&said, place.is_some());
            heard.into_stream(config).into_fallible().await
        }
        Err(error) => Err((error, hello.take_io()?)),
    };
    match agreed {
        Ok(mut stream) => {
            // The ticket, and the word that the client's last one came, go out with the first answer if what is asked
            // came as well, and else before that is waited for, since some clients wait for them. Most ask right behind
            // their last word, and to look for that costs less than a write.
            stream.get_mut().0.send(Sends::Now);
            yield_now().await;
            Some((Line::secure(stream), place))
        }
        Err((_, mut wire)) => {
            tls::say_as_others(wire.held());
            wire.send(Sends::Now);
            // Who does not hear it sees that the connection ends.
            let _ = wire.flush().await;
            None
        }
    }
}

async fn by_hyper<A: Answer>(hall: &Arc<Hall<A>>, line: Line, progress: &Arc<Progress>) {
    let mut http = http1::Builder::new();
    // Not `pipeline_flush`: it loses the last answer when the connection is closed with unread bytes behind the request.
    http.half_close(true)
        .max_buf_size(hall.bounds.buffer_bytes)
        .header_read_timeout(None);
    let service = service_fn(|request| one(hall, progress, request));
    let connection = pin!(http.serve_connection(TokioIo::new(line), service));
    until_stopped(progress, connection, http1::Connection::graceful_shutdown).await;
}

async fn multiplexed<A: Answer>(hall: &Arc<Hall<A>>, line: Line, progress: &Arc<Progress>) {
    progress.multiplex();
    let mut http = http2::Builder::new(TokioExecutor::new());
    http.max_concurrent_streams(STREAMS)
        .header_table_size(0)
        .max_header_list_size(HEAD_LIST_BYTES)
        .max_send_buf_size(STREAM_BYTES);
    let service = service_fn(|request| one(hall, progress, request));
    let line = TokioIo::new(Forgetful::new(line, Arc::clone(progress)));
    let connection = pin!(http.serve_connection(line, service));
    until_stopped(progress, connection, http2::Connection::graceful_shutdown).await;
}

/// Requests at a time on one connection of HTTP/2.
const STREAMS: u32 = 16;
const HEAD_LIST_BYTES: u32 = 16 << 10;
/// What is taken in advance for each of them.
const STREAM_BYTES: usize = 16 << 10;

fn one<A: Answer>(
    hall: &Arc<Hall<A>>,
    progress: &Arc<Progress>,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Body>, Infallible>> + use<A> {
    progress.head_read();
    let (hall, progress) = (Arc::clone(hall), Arc::clone(progress));
    async move { Ok(hall.answer(request, &progress).await) }
}

async fn until_stopped<C: Future>(
    progress: &Progress,
    mut connection: Pin<&mut C>,
    wind_up: impl Fn(Pin<&mut C>),
) {
    let mut is_winding_up = false;
    std::future::poll_fn(|cx| {
        if progress.is_stopping() && !is_winding_up {
            is_winding_up = true;
            wind_up(connection.as_mut());
        }
        connection.as_mut().poll(cx).map(drop)
    })
    .await;
}

#[cfg(test)]
mod tests;
