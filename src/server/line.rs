//! A connection as it is spoken over: plain or TLS, with what was read of it and not yet understood.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;

use super::wire::{Sends, Wire};

pub(super) struct Line {
    stream: Stream,
    /// Comes before what the stream has.
    unread: Bytes,
}

enum Stream {
    Plain(Wire),
    /// In a box, so that a plain connection needs no room for it.
    Secure(Box<TlsStream<Wire>>),
}

impl Line {
    pub(super) fn plain(wire: Wire) -> Self {
        Self {
            stream: Stream::Plain(wire),
            unread: Bytes::new(),
        }
    }

    pub(super) fn secure(stream: TlsStream<Wire>) -> Self {
        Self {
            stream: Stream::Secure(Box::new(stream)),
            unread: Bytes::new(),
        }
    }

    /// Without what was agreed on over it.
    pub(super) fn into_wire(self) -> Wire {
        match self.stream {
            Stream::Plain(wire) => wire,
            Stream::Secure(stream) => stream.into_inner().0,
        }
    }

    pub(super) fn wire(&self) -> &Wire {
        match &self.stream {
            Stream::Plain(wire) => wire,
            Stream::Secure(stream) => stream.get_ref().0,
        }
    }

    pub(super) fn wire_mut(&mut self) -> &mut Wire {
        match &mut self.stream {
            Stream::Plain(wire) => wire,
            Stream::Secure(stream) => stream.get_mut().0,
        }
    }

    /// What the handshake agreed on (RFC 7301).
    pub(super) fn protocol(&self) -> Option<&[u8]> {
        match &self.stream {
            Stream::Plain(_) => None,
            Stream::Secure(stream) => stream.get_ref().1.alpn_protocol(),
        }
    }

    pub(super) fn is_secure(&self) -> bool {
        matches!(self.stream, Stream::Secure(_))
    }

    /// What is written from now on goes out with the end, if it is not much: over TLS that has a record of its own. To
    /// be shut down next.
    pub(super) fn send_with_the_end(&mut self) {
        if let Stream::Secure(stream) = &mut self.stream {
            stream.get_mut().0.send(Sends::BeforeWaiting);
        }
    }

    /// The next to be read, once more.
    pub(super) fn put_back(&mut self, unread: Bytes) {
        self.unread = unread;
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        space: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.unread.is_empty() {
            let count = self.unread.len().min(space.remaining());
            space.put_slice(&self.unread.split_to(count));
            return Poll::Ready(Ok(()));
        }
        match &mut self.stream {
            Stream::Plain(wire) => Pin::new(wire).poll_read(cx, space),
            Stream::Secure(stream) => Pin::new(stream).poll_read(cx, space),
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(wire) => Pin::new(wire).poll_write(cx, bytes),
            Stream::Secure(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(wire) => Pin::new(wire).poll_write_vectored(cx, slices),
            Stream::Secure(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(wire) => Pin::new(wire).poll_flush(cx),
            Stream::Secure(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(wire) => Pin::new(wire).poll_shutdown(cx),
            Stream::Secure(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// How much was sent by one [`try_send`].
pub(super) struct Sent {
    /// Of what was given, in bytes.
    pub(super) bytes: usize,
    /// Nothing of it waits in between.
    pub(super) is_out: bool,
}

/// A body that is no longer is copied behind its head: one piece is written faster than two.
const COPIED_BYTES: usize = 8 << 10;

/// Sends of an answer what the other side takes at once, in one write. `head` may have more behind it afterwards.
pub(super) fn try_send(
    cx: &mut Context<'_>,
    mut line: Pin<&mut Line>,
    head: &mut Vec<u8>,
    body: &[u8],
) -> io::Result<Sent> {
    // TLS copies them in any case.
    let written = if line.is_secure() || body.len() > COPIED_BYTES {
        let slices = [io::IoSlice::new(head), io::IoSlice::new(body)];
        line.as_mut().poll_write_vectored(cx, &slices)
    } else {
        head.extend_from_slice(body);
        line.as_mut().poll_write(cx, head)
    };
    let bytes = match written {
        Poll::Pending => 0,
        Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
        Poll::Ready(written) => written?,
    };
    let is_out = match line.poll_flush(cx) {
        Poll::Pending => false,
        Poll::Ready(flushed) => {
            flushed?;
            true
        }
    };
    Ok(Sent { bytes, is_out })
}

/// Sends all of it, in as few writes as the other side allows.
pub(super) async fn send(line: &mut Line, mut bytes: impl Buf) -> io::Result<()> {
    std::future::poll_fn(|cx| {
        while bytes.has_remaining() {
            let mut slices = [io::IoSlice::new(&[]); 16];
            let count = bytes.chunks_vectored(&mut slices);
            let slices = slices.get(..count).unwrap_or_default();
            let written = std::task::ready!(Pin::new(&mut *line).poll_write_vectored(cx, slices))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            bytes.advance(written);
        }
        Pin::new(&mut *line).poll_flush(cx)
    })
    .await
}
