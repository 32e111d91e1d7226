//! The bytes of an answer: slices of the bundle where they can be, never a copy of it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Body {
    #[default]
    Empty,
    Whole(Bytes),
    /// One after the other; none is empty.
    Runs(VecDeque<Bytes>),
}

impl Body {
    /// Those bytes of `runs`, taken as one, that lie in `part`.
    pub(crate) fn part(runs: impl IntoIterator<Item = Bytes>, part: &Range<u64>) -> Self {
        let mut begin = 0;
        let mut kept = VecDeque::new();
        for run in runs {
            let end = begin + run.len() as u64;
            let from = part.start.clamp(begin, end) - begin;
            let to = part.end.clamp(begin, end) - begin;
            if from < to {
                // Both are at most `run.len()`.
                kept.push_back(run.slice(from as usize..to as usize));
            }
            begin = end;
        }
        match (kept.len(), kept.pop_front()) {
            (_, None) => Self::Empty,
            (1, Some(only)) => Self::Whole(only),
            (_, Some(first)) => {
                kept.push_front(first);
                Self::Runs(kept)
            }
        }
    }

    /// In bytes.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Whole(bytes) => bytes.len() as u64,
            Self::Runs(runs) => runs.iter().map(|run| run.len() as u64).sum(),
        }
    }

    fn next(&mut self) -> Option<Bytes> {
        match self {
            Self::Runs(runs) => runs.pop_front(),
            Self::Empty | Self::Whole(_) => match std::mem::take(self) {
                Self::Whole(bytes) if !bytes.is_empty() => Some(bytes),
                _ => None,
            },
        }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.next().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.length() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut body: Body) -> Vec<u8> {
        std::iter::from_fn(|| body.next()).flatten().collect()
    }

    #[test]
    fn a_part_may_begin_and_end_in_any_run() {
        let runs = || [&b"abc"[..], b"", b"defg", b"h"].map(Bytes::from_static);
        let whole = b"abcdefgh";
        for start in 0..=whole.len() {
            for end in start..=whole.len() {
                let body = Body::part(runs(), &(start as u64..end as u64));
                assert_eq!(body.length(), (end - start) as u64);
                assert_eq!(read(body), &whole[start..end], "{start}..{end}");
            }
        }
    }

    #[test]
    fn one_run_needs_no_list() {
        let body = Body::part([Bytes::from_static(b"abc")], &(1..2));
        assert_eq!(body, Body::Whole(Bytes::from_static(b"b")));
    }
}
