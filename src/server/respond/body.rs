//! The bytes of an answer: slices of the bundle where they can be, never a copy of it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::IoSlice;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
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

/// What is still to be sent.
impl Buf for Body {
    fn remaining(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Whole(bytes) => bytes.len(),
            Self::Runs(runs) => runs.iter().map(Bytes::len).sum(),
        }
    }

    fn chunk(&self) -> &[u8] {
        match self {
            Self::Empty => &[],
            Self::Whole(bytes) => bytes,
            Self::Runs(runs) => runs.front().map_or(&[], |run| run),
        }
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let (first, runs) = match self {
            Self::Empty => (None, None),
            Self::Whole(bytes) => (Some(bytes), None),
            Self::Runs(runs) => (None, Some(runs)),
        };
        let all = first.into_iter().chain(runs.into_iter().flatten());
        let filled = slices.iter_mut().zip(all.filter(|run| !run.is_empty()));
        filled
            .map(|(slice, run)| *slice = IoSlice::new(run))
            .count()
    }

    fn advance(&mut self, mut count: usize) {
        if let Self::Whole(bytes) = self {
            bytes.advance(count);
            return;
        }
        while count > 0 {
            let Self::Runs(runs) = self else { return };
            let Some(run) = runs.front_mut() else { return };
            let taken = count.min(run.len());
            run.advance(taken);
            count -= taken;
            if run.is_empty() {
                runs.pop_front();
            }
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
    fn what_was_sent_does_not_come_again() {
        let runs = || VecDeque::from([&b"abc"[..], b"defg", b"h"].map(Bytes::from_static));
        for body in [
            Body::Runs(runs()),
            Body::Whole(Bytes::from_static(b"abcdefgh")),
        ] {
            for sent in 0..=8 {
                let mut rest = body.clone();
                rest.advance(sent);
                assert_eq!(rest.remaining(), 8 - sent);
                let mut slices = [IoSlice::new(&[]); 4];
                let count = rest.chunks_vectored(&mut slices);
                let sliced: Vec<u8> = slices[..count].iter().flat_map(|s| s.to_vec()).collect();
                assert_eq!(sliced, b"abcdefgh"[sent..], "{sent}");
            }
        }
    }

    #[test]
    fn one_run_needs_no_list() {
        let body = Body::part([Bytes::from_static(b"abc")], &(1..2));
        assert_eq!(body, Body::Whole(Bytes::from_static(b"b")));
    }
}
