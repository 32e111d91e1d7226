//! Takes a bundle from a stranger, piece by piece.
//!
//! 1. `bundle.json` tells at once whether this is an update of something else than what is held.
//! 2. Metadata is gathered until the first file is announced, and looked at as it comes ([`Early`]); then all of it is
//!    proved, before any file is looked at.
//! 3. Each file is checked and written by the [`Assembler`], which takes what an update lacks from the edition held.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::early::{Early, Worth};
use super::{Assembler, Gathered, Proof, Refusal, Remembered, VerifiedEdition};
use crate::base::{EditionNumber, MetadataName};
use crate::bundle::{About, BundleError, Kind, Member, MemberName, Scanner};
use crate::trust::{self, Equivocation};

/// See the module. Nothing that was refused has been written to `out`.
pub struct Receiver<W: Write> {
    scanner: Scanner,
    evidence: Vec<Equivocation>,
    stage: Stage<W>,
}

enum Stage<W: Write> {
    Metadata(Box<Gathering<W>>),
    Files(Box<Assembler<W>>),
    /// After a refusal, so that nothing more is taken by mistake.
    Refused(Refusal),
}

struct Gathering<W> {
    out: W,
    set: Gathered,
    early: Early,
    /// The number that the bundle gives itself.
    claimed: Option<EditionNumber>,
    remembered: Remembered,
    held: Option<Arc<VerifiedEdition>>,
    now: Timestamp,
}

impl<W: Write> Receiver<W> {
    /// `held`: the edition that an update may build on. Only a newer one is taken.
    pub fn new(
        out: W,
        remembered: Remembered,
        held: Option<Arc<VerifiedEdition>>,
        now: Timestamp,
    ) -> Self {
        let gathering = Gathering {
            out,
            set: Gathered::default(),
            early: Early::new(remembered.clone(), held.clone(), now),
            claimed: None,
            remembered,
            held,
            now,
        };
        Self {
            scanner: Scanner::default(),
            evidence: Vec::new(),
            stage: Stage::Metadata(Box::new(gathering)),
        }
    }

    /// The next piece of the stream, of any size.
    ///
    /// When a file is refused, or the stream is damaged among the files, what came before stays good: after
    /// [`Self::rewind`] the rest may come from elsewhere. When the metadata is refused nothing more is taken.
    pub fn push(&mut self, bytes: Bytes) -> Result<(), Refusal> {
        self.scanner.push(bytes);
        while let Some(member) = self.scanner.next()? {
            self.take(member).inspect_err(|_| self.scanner.reject())?;
        }
        // What is not wanted need not come in first.
        match self.scanner.announced() {
            Some(MemberName::File(_) | MemberName::Contents) => self.begin_files(),
            _ => Ok(()),
        }
    }

    fn take(&mut self, member: Member) -> Result<(), Refusal> {
        match (&mut self.stage, &member.name) {
            (Stage::Refused(refusal), _) => Err(refusal.clone()),
            (Stage::Files(assembler), MemberName::File(path)) => {
                assembler.add(path, &member.packed)
            }
            (Stage::Files(_), _) => Ok(()),
            (Stage::Metadata(_), MemberName::File(_) | MemberName::Contents) => {
                self.begin_files()?;
                self.take(member)
            }
            (Stage::Metadata(gathering), _) => {
                let gathered = gathering.take(&member);
                self.evidence = gathering.early.evidence().to_vec();
                gathered.inspect_err(|refusal| self.stage = Stage::Refused(refusal.clone()))
            }
        }
    }

    fn begin_files(&mut self) -> Result<(), Refusal> {
        if !matches!(self.stage, Stage::Metadata(_)) {
            return Ok(());
        }
        // Seen by nobody: one of the two below takes its place.
        let meanwhile = Stage::Refused(BundleError::NotABundle("it is being looked at").into());
        if let Stage::Metadata(gathering) = std::mem::replace(&mut self.stage, meanwhile) {
            let proved = gathering.prove();
            let proved =
                proved.inspect_err(|refusal| self.stage = Stage::Refused(refusal.clone()))?;
            self.evidence = proved.proof().trusted().evidence().to_vec();
            self.stage = Stage::Files(Box::new(proved));
        }
        Ok(())
    }

    /// Validly signed files that contradict what is remembered, whether the bundle was refused or not.
    pub fn evidence(&self) -> &[Equivocation] {
        &self.evidence
    }

    /// Known once the metadata has been proved.
    pub fn edition(&self) -> Option<EditionNumber> {
        self.proof().map(Proof::edition)
    }

    /// Once there is one.
    pub fn proof(&self) -> Option<&Proof> {
        match &self.stage {
            Stage::Files(assembler) => Some(assembler.proof()),
            _ => None,
        }
    }

    /// Bytes of the stream up to the last member taken: after [`Self::rewind`] the stream may go on from here.
    pub fn position(&self) -> u64 {
        self.scanner.position()
    }

    /// Forgets the bytes behind [`Self::position`], which may come again, from another mirror.
    pub fn rewind(&mut self) {
        self.scanner.rewind();
    }

    /// Whether the end of the bundle was read.
    pub fn is_complete(&self) -> bool {
        self.scanner.is_complete()
    }

    /// Completes the bundle. `publish` puts `out` in its place and returns its bytes, mapped or read; it is called only
    /// when nothing is missing.
    pub fn finish<E: From<Refusal>>(
        self,
        publish: impl FnOnce(W) -> Result<Bytes, E>,
    ) -> Result<VerifiedEdition, E> {
        match self.stage {
            Stage::Refused(refusal) => Err(refusal.into()),
            Stage::Files(assembler) => {
                self.scanner.finish().map_err(Refusal::from)?;
                assembler.finish(publish)
            }
            Stage::Metadata(_) => {
                self.scanner.finish().map_err(Refusal::from)?;
                Err(Refusal::from(BundleError::NotABundle("it holds no files")).into())
            }
        }
    }
}

impl<W: Write> Gathering<W> {
    fn held_number(&self) -> Option<EditionNumber> {
        self.held.as_ref().map(|held| held.number())
    }

    fn take(&mut self, member: &Member) -> Result<(), Refusal> {
        match &member.name {
            MemberName::Metadata(name) => self.metadata(name, member.content()?.into()),
            _ => self.about(member),
        }
    }

    fn metadata(&mut self, name: &MetadataName, content: Bytes) -> Result<(), Refusal> {
        let worth = self.early.take(name, &content, &self.set);
        match worth.map_err(|refusal| self.in_other_words(refusal))? {
            Worth::Keep => self.set.insert(name.clone(), content),
            Worth::Leave => Ok(()),
        }
    }

    /// What is older than the edition that is held, and says so, is no attack.
    fn in_other_words(&self, refusal: Refusal) -> Refusal {
        match (refusal, self.claimed, self.held_number()) {
            (Refusal::Trust(trust::Refusal::Rollback { .. }), Some(offered), Some(held))
                if offered <= held =>
            {
                Refusal::NotNewer { offered, held }
            }
            (refusal, ..) => refusal,
        }
    }

    /// What the bundle says of itself proves nothing, but it can save both sides the rest.
    fn about(&mut self, member: &Member) -> Result<(), Refusal> {
        let about = About::parse(&member.content()?)?;
        self.claimed = Some(about.edition);
        match about.kind {
            Kind::Excerpt => Err(Refusal::ExcerptOnly),
            Kind::Update { base } if self.held_number() != Some(base) => Err(Refusal::WrongBase {
                base,
                held: self.held_number(),
            }),
            _ => Ok(()),
        }
    }

    fn prove(mut self) -> Result<Assembler<W>, Refusal> {
        for (name, content) in self
            .held
            .iter()
            .flat_map(|held| held.gathered().into_files())
        {
            // What is offered goes first: after a theft, what is held under the same name may be the thief's. Which of
            // them counts is for the proof to say. The timestamp has one name in all its versions.
            if name != MetadataName::timestamp() && self.set.content(&name).is_none() {
                self.set.insert(name, content)?;
            }
        }
        let proof = self.set.prove(&self.remembered, self.now)?;
        if let Some(held) = &self.held {
            proof.refuse_older_than(held)?;
        }
        Assembler::new(self.out, proof, &self.set, self.held)
    }
}
