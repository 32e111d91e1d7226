//! Takes a bundle from a stranger, piece by piece.
//!
//! 1. `bundle.json` tells at once whether this is older than what is held, or an update of something else.
//! 2. Metadata is gathered until the first file comes; then all of it is proved, before any file is looked at.
//! 3. Each file is checked and written by the [`Assembler`], which takes what an update lacks from the edition held.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::{Assembler, Gathered, Refusal, Remembered, VerifiedEdition};
use crate::base::{EditionNumber, MetadataName};
use crate::bundle::{About, BundleError, Kind, Member, MemberName, Scanner};

/// See the module. Nothing that was refused has been written to `out`.
pub struct Receiver<W: Write> {
    scanner: Scanner,
    stage: Stage<W>,
}

enum Stage<W: Write> {
    Metadata(Gathering<W>),
    Files(Box<Assembler<W>>),
    /// After a refusal, so that nothing more is taken by mistake.
    Refused(Refusal),
}

struct Gathering<W> {
    out: W,
    set: Gathered,
    remembered: Remembered,
    held: Option<Arc<VerifiedEdition>>,
    now: Timestamp,
    /// The number that the bundle claims to have, until it was compared.
    claimed: Option<EditionNumber>,
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
            remembered,
            held,
            now,
            claimed: None,
        };
        Self {
            scanner: Scanner::default(),
            stage: Stage::Metadata(gathering),
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
        Ok(())
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
                gathered.inspect_err(|refusal| self.stage = Stage::Refused(refusal.clone()))
            }
        }
    }

    fn begin_files(&mut self) -> Result<(), Refusal> {
        // Seen by nobody: one of the two below takes its place.
        let meanwhile = Stage::Refused(BundleError::NotABundle("it is being looked at").into());
        if let Stage::Metadata(gathering) = std::mem::replace(&mut self.stage, meanwhile) {
            let proved = gathering.prove();
            let proved =
                proved.inspect_err(|refusal| self.stage = Stage::Refused(refusal.clone()))?;
            self.stage = Stage::Files(Box::new(proved));
        }
        Ok(())
    }

    /// Known once the metadata has been proved.
    pub fn edition(&self) -> Option<EditionNumber> {
        match &self.stage {
            Stage::Files(assembler) => Some(assembler.proof().edition()),
            _ => None,
        }
    }

    /// Whether it would take the place of `held`; only then it is taken in. See
    /// [`Trusted::succession`](crate::trust::Trusted::succession).
    pub fn succeeds(&self, held: &VerifiedEdition) -> bool {
        match &self.stage {
            Stage::Files(assembler) => assembler.proof().succession() > held.proof().succession(),
            _ => false,
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
            MemberName::Metadata(name) => {
                if name.role() != "root" {
                    self.refuse_old_claim()?;
                }
                self.set.insert(name.clone(), member.content()?.into())
            }
            _ => self.about(member),
        }
    }

    /// What the bundle says of itself proves nothing, but it can save both sides the rest.
    fn about(&mut self, member: &Member) -> Result<(), Refusal> {
        let about = About::parse(&member.content()?)?;
        self.claimed = Some(about.edition);
        match about.kind {
            Kind::Update { base } if self.held_number() != Some(base) => Err(Refusal::WrongBase {
                base,
                held: self.held_number(),
            }),
            _ => Ok(()),
        }
    }

    /// Once all roots are there, and before the rest comes: a lower number is of use only with a newer root.
    fn refuse_old_claim(&mut self) -> Result<(), Refusal> {
        let Some(claimed) = self.claimed.take() else {
            return Ok(());
        };
        match self.brings_root() {
            true => Ok(()),
            false => self.refuse_older(claimed),
        }
    }

    fn brings_root(&self) -> bool {
        let held = self.held.as_ref().map(|held| held.proof().succession().0);
        let roots = self.set.iter().map(|(name, _)| name);
        let mut roots = roots.filter(|name| name.role() == "root");
        roots.any(|root| root.version() > held)
    }

    fn refuse_older(&self, offered: EditionNumber) -> Result<(), Refusal> {
        match self.held_number() {
            Some(held) if offered <= held => Err(Refusal::NotNewer { offered, held }),
            _ => Ok(()),
        }
    }

    fn prove(mut self) -> Result<Assembler<W>, Refusal> {
        self.refuse_old_claim()?;
        let held = self.held.clone();
        for (name, content) in held.iter().flat_map(|held| held.gathered().into_files()) {
            // What is offered goes first: after a theft, what is held under the same name may be the thief's. Which of
            // them counts is for the proof to say. The timestamp has one name in all its versions.
            if name != MetadataName::timestamp() && self.set.content(&name).is_none() {
                self.set.insert(name, content)?;
            }
        }
        let proof = self.set.prove(&self.remembered, self.now)?;
        if let Some(held) = &self.held
            && proof.succession() <= held.proof().succession()
        {
            self.refuse_older(proof.edition())?;
        }
        Assembler::new(self.out, proof, &self.set, self.held)
    }
}
