//! Hosts on loopback that behave as censored lines do: each failure is made on a real socket.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use crate::server_tls::Authority;

/// What a host, or someone on the way to it, does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conduct {
    Good,
    /// Ends each connection behind its answer.
    GoodOnce,
    /// Nothing listens.
    Refused,
    /// Answers the TLS hello with a reset.
    ResetsHello,
    /// Answers the request with a reset.
    ResetsRequest,
    /// Nothing comes back to what asks for a connection.
    Dropped,
    /// Takes the connection, and says nothing.
    Silent,
    /// The answer stops after so many bytes.
    FreezesAfter(usize),
    /// So many bytes a second.
    Slow(usize),
    /// The same page in the place of everything.
    Page(u16),
    /// Leads elsewhere.
    Redirects,
    /// One byte of each page is another.
    Flips,
}

pub const PAGE: &str =
    "<!doctype html><title>Access restricted</title><h1>By order of the Ministry</h1>";

/// What lies on a host, by its path.
pub type Tree = Arc<HashMap<String, Bytes>>;

pub struct Host {
    pub address: SocketAddr,
    /// Connections so far.
    pub met: Arc<AtomicUsize>,
    /// Heads of requests that came.
    pub asked: Arc<std::sync::Mutex<Vec<String>>>,
    _held: Vec<TcpStream>,
    _bound: Option<TcpSocket>,
    _serving: Option<tokio::task::JoinHandle<()>>,
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(serving) = &self._serving {
            serving.abort();
        }
    }
}

impl Host {
    pub async fn start(conduct: Conduct, tree: &Tree, tls: Option<Arc<ServerConfig>>) -> Self {
        Self::at(
            SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            conduct,
            tree,
            tls,
        )
        .await
    }

    pub async fn at(
        address: SocketAddr,
        conduct: Conduct,
        tree: &Tree,
        tls: Option<Arc<ServerConfig>>,
    ) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(address).unwrap();
        let address = socket.local_addr().unwrap();
        let (met, asked) = (Arc::default(), Arc::default());
        let mut host = Self {
            address,
            met,
            asked,
            _held: Vec::new(),
            _bound: None,
            _serving: None,
        };
        match conduct {
            // The port is taken, so that nobody else can listen there.
            Conduct::Refused => host._bound = Some(socket),
            Conduct::Dropped => {
                let listener = socket.listen(0).unwrap();
                // A queue that is full: the kernel drops what comes then.
                for _ in 0..4 {
                    let filling = TcpStream::connect(address);
                    let filled = tokio::time::timeout(Duration::from_millis(200), filling).await;
                    host._held.extend(filled.ok().and_then(Result::ok));
                }
                host._serving = Some(tokio::spawn(async move {
                    let _kept = listener;
                    std::future::pending().await
                }));
            }
            _ => {
                let listener = socket.listen(64).unwrap();
                let shared = Shared {
                    conduct,
                    tree: tree.clone(),
                    tls: tls.map(TlsAcceptor::from),
                    met: host.met.clone(),
                    asked: host.asked.clone(),
                };
                host._serving = Some(tokio::spawn(accept(listener, shared)));
            }
        }
        host
    }

    pub fn met(&self) -> usize {
        self.met.load(Ordering::SeqCst)
    }
}

#[derive(Clone)]
struct Shared {
    conduct: Conduct,
    tree: Tree,
    tls: Option<TlsAcceptor>,
    met: Arc<AtomicUsize>,
    asked: Arc<std::sync::Mutex<Vec<String>>>,
}

async fn accept(listener: TcpListener, shared: Shared) {
    while let Ok((stream, _)) = listener.accept().await {
        shared.met.fetch_add(1, Ordering::SeqCst);
        let shared = shared.clone();
        tokio::spawn(async move { drop(serve(stream, &shared).await) });
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    match shared.conduct {
        Conduct::Silent => {
            let _ = stream.read(&mut [0; 4096]).await;
            std::future::pending().await
        }
        Conduct::ResetsHello => {
            let _ = stream.read(&mut [0; 4096]).await?;
            // Closed with a reset, as by a box on the way.
            stream.set_zero_linger()
        }
        _ => match &shared.tls {
            Some(tls) => answer(tls.accept(stream).await?, shared).await,
            None => {
                if shared.conduct == Conduct::ResetsRequest {
                    let _ = stream.read(&mut [0; 4096]).await?;
                    return stream.set_zero_linger();
                }
                answer(stream, shared).await
            }
        },
    }
}

async fn answer(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    shared: &Shared,
) -> io::Result<()> {
    loop {
        let head = head(&mut stream).await?;
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        shared.asked.lock().unwrap().push(head);
        let content = shared.tree.get(&path).cloned();
        let (status, kind, body) = match (shared.conduct, content) {
            (Conduct::Page(status), _) => {
                (status, "text/html", Bytes::from_static(PAGE.as_bytes()))
            }
            (Conduct::Redirects, _) => {
                let moved = "HTTP/1.1 302 Found\r\nLocation: http://10.10.34.35/\r\nContent-Length: 0\r\n\r\n";
                stream.write_all(moved.as_bytes()).await?;
                continue;
            }
            (_, None) => (404, "text/plain", Bytes::from_static(b"nothing here")),
            (Conduct::Flips, Some(body)) if !path.ends_with(".json") => {
                let mut body = body.to_vec();
                let middle = body.len() / 2;
                body[middle] ^= 1;
                (200, "application/octet-stream", body.into())
            }
            (_, Some(body)) => (200, "application/octet-stream", body),
        };
        let once = shared.conduct == Conduct::GoodOnce;
        let last = if once { "Connection: close\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{last}Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        match shared.conduct {
            Conduct::FreezesAfter(bytes) if body.len() > bytes => {
                stream.write_all(&body[..bytes]).await?;
                stream.flush().await?;
                std::future::pending::<()>().await;
            }
            Conduct::Slow(rate) => {
                for piece in body.chunks((rate / 10).max(1)) {
                    stream.write_all(piece).await?;
                    stream.flush().await?;
                    sleep(Duration::from_millis(100)).await;
                }
            }
            _ => stream.write_all(&body).await?,
        }
        stream.flush().await?;
        if once {
            return stream.shutdown().await;
        }
    }
}

async fn head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < 16_000 {
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// TLS for these names, of HTTP/1.1 only.
pub fn tls(authority: &Authority, names: &[&str]) -> Arc<ServerConfig> {
    let folder = tempfile::tempdir().unwrap();
    let identity = authority.identity(folder.path(), "x", names);
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(&identity.certificate)
        .unwrap()
        .collect();
    let key = PrivateKeyDer::from_pem_file(&identity.key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.unwrap(), key);
    Arc::new(config.unwrap())
}

/// To what names lead.
pub type Names = Arc<HashMap<String, IpAddr>>;

/// What a proxy speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speech {
    Socks5,
    Connect,
}

/// A proxy that looks names up in `names`.
pub struct ProxyHost {
    pub address: SocketAddr,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for ProxyHost {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl ProxyHost {
    pub async fn start(speech: Speech, names: &Names) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, names) = (listener.local_addr().unwrap(), names.clone());
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let names = names.clone();
                tokio::spawn(async move {
                    match speech {
                        Speech::Socks5 => drop(socks(stream, &names).await),
                        Speech::Connect => drop(tunnel(stream, &names).await),
                    }
                });
            }
        });
        Self { address, serving }
    }
}

async fn onward(host: &str, port: u16, names: &Names) -> io::Result<TcpStream> {
    let ip = host.parse().ok().or_else(|| names.get(host).copied());
    let ip = ip.ok_or(io::ErrorKind::NotFound)?;
    TcpStream::connect((ip, port)).await
}

async fn socks(mut stream: TcpStream, names: &Names) -> io::Result<()> {
    let mut hello = [0; 2];
    stream.read_exact(&mut hello).await?;
    stream.read_exact(&mut vec![0; hello[1].into()]).await?;
    stream.write_all(&[5, 0]).await?;
    let mut request = [0; 4];
    stream.read_exact(&mut request).await?;
    let host = match request[3] {
        1 => IpAddr::from(stream.read_u32().await?.to_be_bytes()).to_string(),
        3 => {
            let mut name = vec![0; stream.read_u8().await?.into()];
            stream.read_exact(&mut name).await?;
            String::from_utf8_lossy(&name).into_owned()
        }
        _ => return Err(io::ErrorKind::Unsupported.into()),
    };
    let port = stream.read_u16().await?;
    let reached = onward(&host, port, names).await;
    let code = match reached.as_ref().map_err(io::Error::kind) {
        Ok(_) => 0,
        Err(io::ErrorKind::ConnectionRefused) => 5,
        Err(_) => 4,
    };
    stream.write_all(&[5, code, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    carry(stream, reached?).await
}

async fn tunnel(mut stream: TcpStream, names: &Names) -> io::Result<()> {
    let head = head(&mut stream).await?;
    let place = head.split(' ').nth(1).unwrap_or_default();
    let (host, port) = place.rsplit_once(':').ok_or(io::ErrorKind::InvalidInput)?;
    match onward(host, port.parse().unwrap_or(0), names).await {
        Ok(reached) => {
            stream
                .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
                .await?;
            carry(stream, reached).await
        }
        Err(error) => stream
            .write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            .await
            .and(Err(error)),
    }
}

/// As a proxy does it, a reset on one side is one on the other.
async fn carry(mut near: TcpStream, mut far: TcpStream) -> io::Result<()> {
    let carried = tokio::io::copy_bidirectional(&mut near, &mut far).await;
    if carried.is_err() {
        near.set_zero_linger()?;
    }
    carried.map(|_| ())
}
