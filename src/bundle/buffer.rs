//! Bytes that came in pieces and go out in members.

use bytes::{Buf, Bytes, BytesMut};

/// A queue of bytes. What lies within one pushed piece goes out without a copy (a bundle mapped into memory is one
/// piece); what spans several is copied together, so that many tiny pieces cost no more than their bytes.
#[derive(Default)]
pub(super) struct Buffer {
    whole: Bytes,
    /// Follows `whole`.
    gathered: BytesMut,
}

impl Buffer {
    pub(super) fn push(&mut self, piece: Bytes) {
        if self.is_empty() {
            self.whole = piece;
        } else {
            self.gathered.extend_from_slice(&piece);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.whole.len() + self.gathered.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first bytes, at most `N` of them; how many there are.
    pub(super) fn peek<const N: usize>(&self) -> ([u8; N], usize) {
        let mut first = [0; N];
        let length = self.len().min(N);
        (&self.whole[..])
            .chain(&self.gathered[..])
            .copy_to_slice(first.split_at_mut(length).0);
        (first, length)
    }

    /// The first `length` bytes; `None` if there are not so many yet.
    pub(super) fn take(&mut self, length: usize) -> Option<Bytes> {
        if length <= self.whole.len() {
            return Some(self.whole.split_to(length));
        }
        let more = length - self.whole.len();
        if more > self.gathered.len() {
            return None;
        }
        if self.whole.is_empty() {
            return Some(self.gathered.split_to(length).freeze());
        }
        let mut joined = BytesMut::with_capacity(length);
        joined.extend_from_slice(&self.whole);
        joined.extend_from_slice(&self.gathered.split_to(more));
        self.whole.clear();
        Some(joined.freeze())
    }
}
