//! A door for one program on this machine that brings something: HTTP/1.1, one request a connection, few at a time.
//!
//! 1. The head is shown to the [`Keeper`] before the body is read; who is refused then has sent nothing.
//! 2. The body is read up to what the keeper allows, and given to it whole, on a thread that may wait.
//! 3. A connection that takes longer than [`WHOLE`] is closed.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const CONNECTIONS: usize = 4;
const HEAD: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(120);

/// What is answered: a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub text: String,
}

impl Reply {
    pub fn new(status: u16, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { status, text }
    }
}

/// Who decides at the door.
pub trait Keeper: Send + Sync + 'static {
    /// How long a body may be.
    fn admit(&self, head: &Parts) -> Result<u64, Reply>;

    /// May wait for the disk.
    fn take(&self, head: &Parts, body: Bytes) -> Reply;
}

/// Port 0 takes any free one.
pub async fn open(address: SocketAddr) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Until `stop`; what is under way then is cut off, and is not taken.
pub async fn keep(listener: TcpListener, keeper: Arc<dyn Keeper>, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => return,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, place)) = accepted else {
            // The machine is out of files and needs a moment.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let keeper = Arc::clone(&keeper);
        tokio::spawn(async move {
            // What went wrong on the wire, the other side knows.
            let _ = tokio::time::timeout(WHOLE, connection(stream, keeper)).await;
            drop(place);
        });
    }
}

/// Once there is a place.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    let (stream, _) = listener.accept().await.ok()?;
    Some((stream, place))
}

async fn connection(stream: TcpStream, keeper: Arc<dyn Keeper>) -> hyper::Result<()> {
    let service = service_fn(|request| {
        let keeper = Arc::clone(&keeper);
        async move { Ok::<_, Infallible>(written(answer(request, keeper).await)) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await
}

async fn answer(request: Request<Incoming>, keeper: Arc<dyn Keeper>) -> Reply {
    let (head, body) = request.into_parts();
    let max_bytes = match keeper.admit(&head) {
        Ok(max_bytes) => usize::try_from(max_bytes).unwrap_or(usize::MAX),
        Err(reply) => return reply,
    };
    let body = match Limited::new(body, max_bytes).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            return Reply::new(413, format!("it is longer than {max_bytes} bytes"));
        }
        Err(_) => return Reply::new(400, "it broke off"),
    };
    let taken = tokio::task::spawn_blocking(move || keeper.take(&head, body)).await;
    taken.unwrap_or_else(|_| Reply::new(500, "taking it failed; please report this"))
}

fn written(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(format!("{}\n", reply.text))));
    *response.status_mut() = http::StatusCode::from_u16(reply.status).expect("a status of ours");
    let kind = header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use tokio::io::AsyncWriteExt;
    use tokio::sync::{mpsc::UnboundedSender, oneshot};

    use super::*;

    /// Takes nothing before the other end of `go` is dropped.
    struct Waiting {
        came: UnboundedSender<()>,
        go: Mutex<mpsc::Receiver<()>>,
    }

    impl Keeper for Waiting {
        fn admit(&self, _: &Parts) -> Result<u64, Reply> {
            Ok(10)
        }

        fn take(&self, _: &Parts, _: Bytes) -> Reply {
            self.came.send(()).unwrap();
            self.go.lock().unwrap().recv().unwrap_err();
            Reply::new(200, "taken")
        }
    }

    #[tokio::test]
    async fn a_stop_is_heard_while_all_places_are_taken() {
        let (listener, address) = open("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let (came, mut arrivals) = tokio::sync::mpsc::unbounded_channel();
        let (wait, go) = mpsc::channel();
        let go = Mutex::new(go);
        let (stop, stopped) = oneshot::channel::<()>();
        let keeping = tokio::spawn(keep(listener, Arc::new(Waiting { came, go }), async {
            stopped.await.unwrap();
        }));
        let mut pushing = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx";
            stream.write_all(request).await.unwrap();
            arrivals.recv().await.unwrap();
            pushing.push(stream);
        }
        stop.send(()).unwrap();
        let ended = tokio::time::timeout(HEAD, keeping).await;
        drop(wait);
        ended.expect("the stop was heard").unwrap();
    }
}
