//! Takes a bundle from a stranger, piece by piece, in the plain form or the dense one: the first byte tells which.
//!
//! 1. `bundle.json`, or the head of the dense form, tells at once whether this is an update of something else than what is held.
//! 2. Metadata is gathered until the first file is announced, and looked at as it comes ([`Early`]); then all of it is
//!    proved, before any file is looked at.
//! 3. Each file is checked and written by the [`Assembler`], which takes what an update lacks from the edition held.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::early::{Early, Worth};
use super::shelf::Shelf;
use super::thaw::{Piece, Signed, Thaw};
use super::{
    Assembler, Effort, Excerpt, Gathered, Proof, Refusal, Remembered, Variant, VerifiedEdition,
};
use crate::base::{EditionNumber, MetadataName, SitePath};
use crate::bundle::dense::may_be_dense;
use crate::bundle::{About, BundleError, Kind, Member, MemberName, Scanner};
use crate::trust::{self, Equivocation};

/// See the module. Nothing that was refused has been written to `out`.
pub struct Receiver<W: Write> {
    form: Form,
    effort: Effort,
    held: Option<Arc<Excerpt>>,
    stage: Stage<W>,
}

enum Form {
    /// Nothing came yet.
    Unknown,
    Plain(Box<Scanner>),
    Dense(Box<Thaw>, Shelf),
}

enum Stage<W: Write> {
    Metadata(Box<Gathering<W>>),
    Files(Box<Assembler<W>>),
    /// After a refusal, so that nothing more is taken by mistake. With what contradicted what is remembered.
    Refused(Refusal, Vec<Equivocation>),
}

struct Gathering<W> {
    out: W,
    set: Gathered,
    early: Early,
    /// The number that the bundle gives itself.
    claimed: Option<EditionNumber>,
    remembered: Remembered,
    held: Option<Arc<Excerpt>>,
    variant: Variant,
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
        let held = held.map(|held| held.as_excerpt());
        Self::of_variant(out, remembered, held, Variant::Full, now)
    }

    /// The same, and content with a bundle that lacks what the variant goes without.
    pub fn of_variant(
        out: W,
        remembered: Remembered,
        held: Option<Arc<Excerpt>>,
        variant: Variant,
        now: Timestamp,
    ) -> Self {
        let gathering = Gathering {
            out,
            set: Gathered::default(),
            early: Early::new(remembered.clone(), held.clone(), now),
            claimed: None,
            remembered,
            held: held.clone(),
            variant,
            now,
        };
        Self {
            form: Form::Unknown,
            effort: Effort::Quick,
            held,
            stage: Stage::Metadata(Box::new(gathering)),
        }
    }

    /// How hard what comes in the dense form is packed. With the publisher's effort, the bundle has the publisher's bytes.
    pub fn packing(mut self, effort: Effort) -> Self {
        self.effort = effort;
        self
    }

    /// The next piece of the stream, of any size.
    ///
    /// When a file is refused, or the stream is damaged among the files, what came before stays good: after
    /// [`Self::rewind`] the rest may come from elsewhere. When the metadata is refused nothing more is taken.
    pub fn push(&mut self, bytes: Bytes) -> Result<(), Refusal> {
        if let (Form::Unknown, Some(first)) = (&self.form, bytes.first()) {
            self.form = match may_be_dense(*first) {
                true => Form::Dense(Box::new(Thaw::new(self.held.clone())), Shelf::default()),
                false => Form::Plain(Box::default()),
            };
        }
        match &mut self.form {
            Form::Unknown => Ok(()),
            Form::Plain(scanner) => {
                scanner.push(bytes);
                self.stage.scan(scanner)
            }
            Form::Dense(thaw, shelf) => {
                thaw.push(bytes);
                self.stage.thaw(thaw, shelf, self.effort)
            }
        }
    }

    /// Validly signed files that contradict what is remembered, whether the bundle was refused or not.
    pub fn evidence(&self) -> &[Equivocation] {
        self.stage.evidence()
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

    /// Bytes of the stream up to the last of which everything was proved: after [`Self::rewind`] the stream may go on
    /// from here.
    pub fn position(&self) -> u64 {
        match &self.form {
            Form::Unknown => 0,
            Form::Plain(scanner) => scanner.position(),
            Form::Dense(thaw, _) => thaw.position(),
        }
    }

    /// Forgets the bytes behind [`Self::position`], which may come again, from another mirror.
    pub fn rewind(&mut self) {
        match &mut self.form {
            Form::Unknown => {}
            Form::Plain(scanner) => scanner.rewind(),
            Form::Dense(thaw, _) => {
                if let Err(error) = thaw.rewind() {
                    self.stage.refuse(&error.into());
                }
            }
        }
    }

    /// Whether the end of the bundle was read.
    pub fn is_complete(&self) -> bool {
        match &self.form {
            Form::Unknown => false,
            Form::Plain(scanner) => scanner.is_complete(),
            Form::Dense(thaw, _) => thaw.is_complete(),
        }
    }

    /// Completes the bundle. `publish` puts `out` in its place and returns its bytes, mapped or read; it is called only
    /// when nothing is missing.
    pub fn finish<E: From<Refusal>>(
        self,
        publish: impl FnOnce(W) -> Result<Bytes, E>,
    ) -> Result<VerifiedEdition, E> {
        self.assembler()?.finish(publish)
    }

    /// The same of any variant.
    pub fn finish_excerpt<E: From<Refusal>>(
        self,
        publish: impl FnOnce(W) -> Result<Bytes, E>,
    ) -> Result<Excerpt, E> {
        self.assembler()?.finish_excerpt(publish)
    }

    fn assembler(self) -> Result<Box<Assembler<W>>, Refusal> {
        if let Stage::Refused(refusal, _) = self.stage {
            return Err(refusal);
        }
        let ended = match &self.form {
            Form::Unknown => Scanner::default().finish(),
            Form::Plain(scanner) => scanner.finish(),
            Form::Dense(thaw, _) => thaw.finish(),
        };
        ended?;
        match self.stage {
            Stage::Files(assembler) => Ok(assembler),
            Stage::Metadata(_) => Err(BundleError::NotABundle("it holds no files").into()),
            Stage::Refused(refusal, _) => Err(refusal),
        }
    }
}

impl<W: Write> Stage<W> {
    fn evidence(&self) -> &[Equivocation] {
        match self {
            Self::Metadata(gathering) => gathering.early.evidence(),
            Self::Files(assembler) => assembler.proof().trusted().evidence(),
            Self::Refused(_, evidence) => evidence,
        }
    }

    fn refuse(&mut self, refusal: &Refusal) {
        *self = Self::Refused(refusal.clone(), self.evidence().to_vec());
    }

    fn scan(&mut self, scanner: &mut Scanner) -> Result<(), Refusal> {
        while let Some(member) = scanner.next()? {
            self.take(member).inspect_err(|_| scanner.reject())?;
        }
        // What is not wanted need not come in first.
        match scanner.announced() {
            Some(MemberName::File(_) | MemberName::List(_) | MemberName::Contents) => {
                self.begin_files().map(drop)
            }
            _ => Ok(()),
        }
    }

    fn take(&mut self, member: Member) -> Result<(), Refusal> {
        match (&mut *self, &member.name) {
            (Self::Refused(refusal, _), _) => Err(refusal.clone()),
            (Self::Files(assembler), MemberName::File(path)) => assembler.add(path, &member.packed),
            // Lists of channels are no part of an edition, and not handed on with it.
            (Self::Files(_), _) => Ok(()),
            (
                Self::Metadata(_),
                MemberName::File(_) | MemberName::List(_) | MemberName::Contents,
            ) => {
                self.begin_files()?;
                self.take(member)
            }
            (Self::Metadata(gathering), _) => {
                let gathered = gathering.take(&member);
                gathered.inspect_err(|refusal| self.refuse(refusal))
            }
        }
    }

    fn thaw(&mut self, thaw: &mut Thaw, shelf: &mut Shelf, effort: Effort) -> Result<(), Refusal> {
        loop {
            if let Self::Refused(refusal, _) = self {
                return Err(refusal.clone());
            }
            let piece = match (thaw.next(), &mut *self) {
                (Ok(None), _) => return Ok(()),
                (Ok(Some(piece)), _) => piece,
                // Nothing can be kept of a stream that is refused before anything is proved.
                (Err(refusal), Self::Metadata(_)) => {
                    self.refuse(&refusal);
                    return Err(refusal);
                }
                (Err(refusal), _) => return Err(refusal),
            };
            match piece {
                Piece::MetadataEnd => {
                    let assembler = self.begin_files()?;
                    let files = assembler.proof().files().iter();
                    let files = files.map(|(path, file)| Signed {
                        path: path.clone(),
                        length: file.length,
                        may_lack: assembler.may_lack(path, file),
                    });
                    thaw.lay_out(files.collect());
                    continue;
                }
                Piece::Group(paths) => {
                    *shelf = Shelf::of_group(paths);
                    continue;
                }
                Piece::File(path, content) => self.file(path, &content, shelf, effort)?,
                Piece::Claimed(edition, is_excerpt) => self.claimed(edition, is_excerpt)?,
                Piece::Metadata(name, content) => self.metadata(&name, content)?,
            }
            thaw.accept();
        }
    }

    fn claimed(&mut self, edition: EditionNumber, is_excerpt: bool) -> Result<(), Refusal> {
        let Self::Metadata(gathering) = self else {
            return Ok(());
        };
        gathering.claimed = Some(edition);
        let refused = gathering.refuse_excerpt(is_excerpt);
        refused.inspect_err(|refusal| self.refuse(refusal))
    }

    fn metadata(&mut self, name: &MetadataName, content: Bytes) -> Result<(), Refusal> {
        let Self::Metadata(gathering) = self else {
            return Ok(());
        };
        let gathered = gathering.metadata(name, content);
        gathered.inspect_err(|refusal| self.refuse(refusal))
    }

    /// Writes it, and what waited for it; or it has to wait itself.
    fn file(
        &mut self,
        path: SitePath,
        content: &[u8],
        shelf: &mut Shelf,
        effort: Effort,
    ) -> Result<(), Refusal> {
        let Self::Files(assembler) = self else {
            return Err(Refusal::Stray { path });
        };
        let packed = assembler.pack(&path, content, effort)?;
        shelf.put(path, packed);
        while let Some((path, packed)) = shelf.take_due() {
            assembler.add_packed(&path, &packed)?;
        }
        Ok(())
    }

    /// Refused unless the metadata that came is good.
    fn begin_files(&mut self) -> Result<&Assembler<W>, Refusal> {
        if let Self::Metadata(_) = self {
            // Seen by nobody: one of the two below takes its place.
            let evidence = self.evidence().to_vec();
            let meanwhile = BundleError::NotABundle("it is being looked at").into();
            let meanwhile = Self::Refused(meanwhile, Vec::new());
            if let Self::Metadata(gathering) = std::mem::replace(self, meanwhile) {
                *self = match gathering.prove() {
                    Ok(assembler) => Self::Files(Box::new(assembler)),
                    Err(refusal) => Self::Refused(refusal, evidence),
                };
            }
        }
        match self {
            Self::Files(assembler) => Ok(assembler),
            Self::Refused(refusal, _) => Err(refusal.clone()),
            Self::Metadata(_) => unreachable!("it was replaced"),
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
            Kind::Excerpt => self.refuse_excerpt(true),
            Kind::Update { base } if self.held_number() != Some(base) => Err(Refusal::WrongBase {
                base,
                held: self.held_number(),
            }),
            _ => Ok(()),
        }
    }

    fn refuse_excerpt(&self, is_excerpt: bool) -> Result<(), Refusal> {
        match is_excerpt && self.variant == Variant::Full {
            true => Err(Refusal::ExcerptOnly),
            false => Ok(()),
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
            proof.refuse_older_than(&held.remembered(), held.number())?;
        }
        Assembler::of_variant(self.out, proof, &self.set, self.held, self.variant)
    }
}
