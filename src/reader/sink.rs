//! Where the bytes of a bundle go: through the receiver, and, once they are proved, into the part file.
//!
//! 1. What comes is remembered with the mirror that it came from, until it is proved.
//! 2. What is proved goes into the part file, so that neither a kill nor a lying mirror can cost it.
//! 3. After a refusal everything unproved is thrown away, and the stream goes on from there. The mirrors whose bytes were
//!    thrown away are named: one alone lied, of several any may have.
//! 4. A later run leads a new receiver through the part file, which checks all of it again.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;

use super::{MirrorId, Store, StoreError};
use crate::edition::{Effort, Excerpt, Receiver, Refusal, Remembered, Variant};
use crate::io::address::BundleFile;
use crate::io::files::{self, FileError, Spool};
use crate::io::part::Part;

/// What a bundle is checked against.
#[derive(Clone)]
pub(super) struct Expected {
    pub(super) name: BundleFile,
    pub(super) remembered: Remembered,
    pub(super) held: Option<Arc<Excerpt>>,
    pub(super) effort: Effort,
    pub(super) variant: Variant,
    pub(super) now: Timestamp,
}

pub(super) struct Sink {
    expected: Expected,
    store: Arc<Store>,
    receiver: Receiver<Spool>,
    part: Part,
    /// Not yet in the part file.
    unproved: VecDeque<(MirrorId, BytesMut)>,
    unproved_bytes: u64,
    proved: u64,
    contributors: BTreeSet<MirrorId>,
    /// Those of whom something was proved.
    trusted: BTreeSet<MirrorId>,
}

#[derive(Debug)]
pub(super) enum SinkError {
    /// Wrong bytes, and those who sent what was not yet proved.
    Refused {
        refusal: Refusal,
        by: Vec<MirrorId>,
    },
    Store(StoreError),
}

impl From<StoreError> for SinkError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<FileError> for SinkError {
    fn from(error: FileError) -> Self {
        Self::Store(error.into())
    }
}

impl From<Refusal> for SinkError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused {
            refusal,
            by: Vec::new(),
        }
    }
}

impl Sink {
    /// Goes on from what an earlier run left, if that is good.
    pub(super) fn open(store: Arc<Store>, expected: Expected) -> Result<Self, SinkError> {
        let part = Part::open(&store.part_place(&expected.name))?;
        let receiver = new_receiver(&store, &expected)?;
        let mut sink = Self {
            expected,
            store,
            receiver,
            part,
            unproved: VecDeque::new(),
            unproved_bytes: 0,
            proved: 0,
            contributors: BTreeSet::new(),
            trusted: BTreeSet::new(),
        };
        sink.replay()?;
        Ok(sink)
    }

    /// Where the next byte belongs in the stream.
    pub(super) fn position(&self) -> u64 {
        self.proved + self.unproved_bytes
    }

    pub(super) fn proved(&self) -> u64 {
        self.proved
    }

    /// Whether nothing of what this one sent fitted behind what others had sent. It may have the same edition packed
    /// otherwise.
    pub(super) fn is_misfit(&self, mirror: MirrorId) -> bool {
        self.proved > 0 && !self.trusted.contains(&mirror)
    }

    pub(super) fn is_complete(&self) -> bool {
        self.receiver.is_complete()
    }

    pub(super) fn push(&mut self, from: MirrorId, bytes: Bytes) -> Result<(), SinkError> {
        self.contributors.insert(from);
        self.unproved_bytes += bytes.len() as u64;
        // Together, since a mirror may send byte by byte.
        match self.unproved.back_mut() {
            Some((last, unproved)) if *last == from => unproved.extend_from_slice(&bytes),
            _ => self.unproved.push_back((from, bytes.as_ref().into())),
        }
        match self.receiver.push(bytes) {
            Ok(()) => self.keep_what_is_proved(),
            Err(refusal) => Err(self.refused(refusal)),
        }
    }

    /// Throws away what is not proved, and tells who sent it.
    fn refused(&mut self, refusal: Refusal) -> SinkError {
        if let Refusal::Unwritable { why, .. } = refusal {
            return SinkError::Store(StoreError::Unwritable(why));
        }
        for contradiction in self.receiver.evidence() {
            if let Err(error) = self.store.keep_evidence(contradiction) {
                return error.into();
            }
        }
        match self.keep_what_is_proved().and_then(|()| self.go_back()) {
            Ok(by) => SinkError::Refused { refusal, by },
            Err(error) => error,
        }
    }

    /// To the last byte that was proved, or to the beginning as long as the metadata is not.
    fn go_back(&mut self) -> Result<Vec<MirrorId>, SinkError> {
        let mut by: Vec<_> = self.unproved.drain(..).map(|(mirror, _)| mirror).collect();
        self.unproved_bytes = 0;
        if self.receiver.edition().is_some() {
            self.receiver.rewind();
        } else {
            self.receiver = new_receiver(&self.store, &self.expected)?;
        }
        by.sort_unstable();
        by.dedup();
        Ok(by)
    }

    /// Puts the edition in its place in the store. What is refused only now was left out by someone: the part is
    /// worthless then, and all who had a hand in it are named.
    pub(super) fn finish(self) -> Result<Excerpt, SinkError> {
        for contradiction in self.receiver.evidence() {
            self.store.keep_evidence(contradiction)?;
        }
        let place = self.store.edition_place();
        let finished = self
            .receiver
            .finish_excerpt(|spool| -> Result<Bytes, SinkError> {
                spool.publish()?;
                Ok(files::map(&place)?)
            });
        match finished {
            Err(SinkError::Refused { refusal, .. }) => {
                files::remove(&self.store.part_place(&self.expected.name))?;
                let by = self.contributors.into_iter().collect();
                Err(SinkError::Refused { refusal, by })
            }
            other => other,
        }
    }

    fn keep_what_is_proved(&mut self) -> Result<(), SinkError> {
        // Metadata is only proved as a whole, and that is when the edition is known.
        if self.receiver.edition().is_none() {
            return Ok(());
        }
        let mut due = self.receiver.position().saturating_sub(self.proved);
        while let Some((mirror, mut bytes)) = self.unproved.pop_front() {
            let length = usize::try_from(due).unwrap_or(usize::MAX).min(bytes.len());
            self.part.append(&bytes.split_to(length))?;
            if length > 0 {
                self.trusted.insert(mirror);
            }
            self.proved += length as u64;
            self.unproved_bytes -= length as u64;
            due -= length as u64;
            if !bytes.is_empty() {
                self.unproved.push_front((mirror, bytes));
                break;
            }
        }
        Ok(())
    }

    /// Leads the receiver through the part file, and cuts off what is torn or wrong at its end.
    fn replay(&mut self) -> Result<(), SinkError> {
        let receiver = &mut self.receiver;
        let replayed = self
            .part
            .replay(|piece| -> Result<(), SinkError> { Ok(receiver.push(piece)?) });
        match replayed {
            Ok(()) => {}
            // What came before the damage is good.
            Err(SinkError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
        self.go_back()?;
        self.proved = self.receiver.position();
        Ok(self.part.cut(self.proved)?)
    }
}

fn new_receiver(store: &Store, expected: &Expected) -> Result<Receiver<Spool>, SinkError> {
    let spool = Spool::beside(&store.edition_place())?;
    let Expected {
        remembered,
        held,
        effort,
        variant,
        now,
        ..
    } = expected.clone();
    let receiver = Receiver::of_variant(spool, remembered, held, variant, now);
    Ok(receiver.packing(effort))
}
