//! A connection through a proxy: SOCKS5 (RFC 1928) or HTTP's CONNECT (RFC 9110 section 9.3.6).
//!
//! What the proxy says about the host is the host's fault; what is wrong with the proxy itself is nobody's.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_socks::tcp::Socks5Stream;
use url::Url;

use super::{End, Patience, Pipe};

pub(super) async fn reach(
    proxy: &Url,
    tls: &Arc<rustls::ClientConfig>,
    host: &str,
    port: u16,
    patience: &Patience,
) -> Result<Pipe, End> {
    let stream = timeout(patience.silence, at(proxy, tls)).await;
    let stream = stream.ok().flatten().ok_or(End::NoWay)?;
    // The host is waited for as long as without a proxy.
    let asked = Instant::now() + patience.silence;
    let reached = match proxy.scheme() {
        "socks5h" => timeout_at(asked, socks(proxy, stream, host, port)).await,
        _ => timeout_at(asked, tunnel(proxy, stream, host, port)).await,
    };
    reached.unwrap_or(Err(End::Silent))
}

async fn at(proxy: &Url, tls: &Arc<rustls::ClientConfig>) -> Option<Pipe> {
    let host = proxy.host_str()?.trim_matches(['[', ']']);
    let usual = if proxy.scheme() == "socks5h" {
        1080
    } else {
        8080
    };
    let port = proxy.port_or_known_default().unwrap_or(usual);
    let stream = TcpStream::connect((host, port)).await.ok()?;
    let _ = stream.set_nodelay(true);
    if proxy.scheme() != "https" {
        return Some(Box::new(stream));
    }
    let mut plain = tls.as_ref().clone();
    plain.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name = ServerName::try_from(host.to_owned()).ok()?;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(plain));
    Some(Box::new(connector.connect(name, stream).await.ok()?))
}

async fn socks(proxy: &Url, stream: Pipe, host: &str, port: u16) -> Result<Pipe, End> {
    use tokio_socks::{Error, TargetAddr};
    let target = match host.parse() {
        Ok(ip) => TargetAddr::Ip(SocketAddr::new(ip, port)),
        Err(_) => TargetAddr::Domain(host.into(), port),
    };
    let (user, password) = (
        decoded(proxy.username()),
        decoded(proxy.password().unwrap_or_default()),
    );
    let reached = if user.is_empty() {
        Socks5Stream::connect_with_socket(stream, target).await
    } else {
        Socks5Stream::connect_with_password_and_socket(stream, target, &user, &password).await
    };
    match reached {
        Ok(stream) => Ok(Box::new(stream.into_inner())),
        // RFC 1928 section 6. A proxy says the fourth also of a name that it does not find.
        Err(Error::ConnectionRefused) => Err(End::Refused),
        Err(Error::HostUnreachable | Error::TtlExpired | Error::GeneralSocksServerFailure) => {
            Err(End::Silent)
        }
        // OpenSSH hangs up when it got no connection.
        Err(Error::Io(_)) => Err(End::Refused),
        Err(_) => Err(End::NoWay),
    }
}

/// The head of its answer.
const HEAD_BYTES: usize = 8 << 10;

async fn tunnel(proxy: &Url, mut stream: Pipe, host: &str, port: u16) -> Result<Pipe, End> {
    let host = if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
    if !proxy.username().is_empty() {
        let who = format!(
            "{}:{}",
            decoded(proxy.username()),
            decoded(proxy.password().unwrap_or_default())
        );
        let who = base64::engine::general_purpose::STANDARD.encode(who);
        request.push_str(&format!("Proxy-Authorization: Basic {who}\r\n"));
    }
    request.push_str("\r\n");
    stream
        .write_all(request.as_bytes())
        .await
        .map_err(|_| End::NoWay)?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        // Byte by byte: what comes behind the head is the host's.
        let byte = stream.read_u8().await.map_err(|_| End::Refused)?;
        head.push(byte);
        if head.len() > HEAD_BYTES {
            return Err(End::NoWay);
        }
    }
    match status(&head) {
        Some(200..=299) => Ok(stream),
        Some(504) => Err(End::Silent),
        Some(500..=503) => Err(End::Refused),
        _ => Err(End::NoWay),
    }
}

fn status(head: &[u8]) -> Option<u16> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut answer = httparse::Response::new(&mut headers);
    answer.parse(head).ok()?;
    answer.code
}

fn decoded(part: &str) -> String {
    percent_encoding::percent_decode_str(part)
        .decode_utf8_lossy()
        .into_owned()
}
