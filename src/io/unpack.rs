//! A body that came as gzip, as the reader shall see it. Small pieces go in, so that little can come out at a time.

use std::io::Write;

use bytes::Bytes;
use flate2::write::GzDecoder;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use super::fetch::FetchError;

type Piece = Result<Bytes, FetchError>;

struct Unpacking {
    body: BoxStream<'static, Piece>,
    waiting: Bytes,
    gzip: GzDecoder<Vec<u8>>,
    address: String,
    is_over: bool,
}

/// A byte of gzip is at most a thousand of content.
const PIECE_BYTES: usize = 512;

pub(super) fn unpacked(
    body: BoxStream<'static, Piece>,
    address: String,
) -> BoxStream<'static, Piece> {
    let unpacking = Unpacking {
        body,
        waiting: Bytes::new(),
        gzip: GzDecoder::new(Vec::new()),
        address,
        is_over: false,
    };
    futures_util::stream::unfold(unpacking, |mut unpacking| async {
        let piece = unpacking.next().await?;
        unpacking.is_over |= piece.is_err();
        Some((piece, unpacking))
    })
    .boxed()
}

impl Unpacking {
    async fn next(&mut self) -> Option<Piece> {
        while !self.is_over {
            if self.waiting.is_empty() {
                match self.body.next().await {
                    Some(Ok(piece)) => self.waiting = piece,
                    Some(Err(error)) => return Some(Err(error)),
                    None => return self.end(),
                }
            }
            let piece = self.waiting.split_to(PIECE_BYTES.min(self.waiting.len()));
            if self.gzip.write_all(&piece).is_err() {
                return Some(Err(self.broken()));
            }
            let content = std::mem::take(self.gzip.get_mut());
            if !content.is_empty() {
                return Some(Ok(content.into()));
            }
        }
        None
    }

    fn end(&mut self) -> Option<Piece> {
        self.is_over = true;
        if self.gzip.try_finish().is_err() {
            return Some(Err(self.broken()));
        }
        let content = std::mem::take(self.gzip.get_mut());
        (!content.is_empty()).then(|| Ok(content.into()))
    }

    fn broken(&self) -> FetchError {
        FetchError::Permanent {
            address: self.address.clone(),
            why: "it says that it sends gzip, and sends something else".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(sent: &[u8]) -> Result<Vec<u8>, FetchError> {
        let pieces: Vec<_> = sent
            .chunks(700)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        let body = futures_util::stream::iter(pieces).boxed();
        let mut unpacked = unpacked(body, "http://a.example/".into());
        let mut content = Vec::new();
        while let Some(piece) = unpacked.next().await {
            let piece = piece?;
            assert!(piece.len() <= 1 << 20, "{}", piece.len());
            content.extend_from_slice(&piece);
        }
        Ok(content)
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(content).unwrap();
        gzip.finish().unwrap()
    }

    #[tokio::test]
    async fn gzip_comes_out_as_it_went_in_and_a_bomb_in_small_pieces() {
        let text = "The river rose again. ".repeat(9000);
        assert_eq!(
            check(&gzip(text.as_bytes())).await.unwrap(),
            text.as_bytes()
        );
        let zeros = vec![0; 30 << 20];
        assert!(check(&gzip(&zeros)).await.unwrap() == zeros);
    }

    #[tokio::test]
    async fn half_of_it_and_none_of_it_are_refused() {
        let whole = gzip("The river rose again. ".repeat(9000).as_bytes());
        assert!(check(&whole[..whole.len() - 9]).await.is_err());
        assert!(check(b"<!doctype html>").await.is_err());
        assert!(check(b"").await.is_err());
    }
}
