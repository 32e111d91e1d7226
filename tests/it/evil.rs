//! A mirror of the attacker's own, over real sockets: it says of each path what a test wants, until the test ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// What is said to who asks for one path.
pub enum Reply {
    Whole(Bytes),
    /// This, and then blanks for ever, in pieces of which the length is told one by one.
    Endless(Bytes),
    /// The first half, and then a byte now and then.
    Drip(Bytes),
    /// To each who asks the next of these, round and round; `None`: there is no such file.
    InTurn(Vec<Option<Bytes>>, AtomicUsize),
}

/// By path.
#[derive(Default)]
pub struct Answers(BTreeMap<String, Reply>);

impl Answers {
    pub fn of(files: impl IntoIterator<Item = (String, Bytes)>) -> Self {
        let files = files.into_iter();
        Self(
            files
                .map(|(path, file)| (path, Reply::Whole(file)))
                .collect(),
        )
    }

    /// In whatever way the paths of both are answered, the paths of each are.
    pub fn with(mut self, path: &str, reply: Reply) -> Self {
        self.0.insert(path.to_owned(), reply);
        self
    }

    pub async fn show(self) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shown = Arc::new(self);
        tokio::spawn(async move {
            while let Ok((wire, _)) = listener.accept().await {
                let shown = shown.clone();
                // Who hangs up has heard enough.
                tokio::spawn(async move { drop(shown.answer(wire).await) });
            }
        });
        format!("http://{address}/").parse().unwrap()
    }

    async fn answer(&self, mut wire: TcpStream) -> std::io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(wire.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        match self.0.get(head.split(' ').nth(1).unwrap_or_default()) {
            None => whole(&mut wire, None).await,
            Some(Reply::Whole(body)) => whole(&mut wire, Some(body)).await,
            Some(Reply::InTurn(bodies, asked)) => {
                let at = asked.fetch_add(1, Ordering::SeqCst) % bodies.len();
                whole(&mut wire, bodies[at].as_ref()).await
            }
            Some(Reply::Endless(body)) => endless(&mut wire, body).await,
            Some(Reply::Drip(body)) => drip(&mut wire, body).await,
        }
    }
}

async fn whole(wire: &mut TcpStream, body: Option<&Bytes>) -> std::io::Result<()> {
    let status = body.map_or("404 Not Found", |_| "200 OK");
    let length = body.map_or(0, Bytes::len);
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    wire.write_all(head.as_bytes()).await?;
    wire.write_all(body.map_or(&[], |body| body)).await
}

async fn endless(wire: &mut TcpStream, body: &[u8]) -> std::io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    wire.write_all(head.as_bytes()).await?;
    let blanks = [b' '; 8192];
    for piece in [body].into_iter().chain(std::iter::repeat(&blanks[..])) {
        let length = format!("{:x}\r\n", piece.len());
        wire.write_all(length.as_bytes()).await?;
        wire.write_all(piece).await?;
        wire.write_all(b"\r\n").await?;
    }
    Ok(())
}

async fn drip(wire: &mut TcpStream, body: &[u8]) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    wire.write_all(head.as_bytes()).await?;
    let (first, rest) = body.split_at(body.len() / 2);
    wire.write_all(first).await?;
    for byte in rest {
        tokio::time::sleep(Duration::from_millis(50)).await;
        wire.write_all(&[*byte]).await?;
    }
    Ok(())
}
