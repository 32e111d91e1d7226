//! Takes an edition out of its dense form, in the order in which it can be verified.
//!
//! 1. The head tells of which edition it is, and whether we have what it was pressed by.
//! 2. Metadata files come one by one, each to be looked at before the next is inflated.
//! 3. When all of it is proved ([`Thaw::lay_out`]), it is known which files there are, and how long they are: just so much
//!    is inflated.
//! 4. Each file is handed out to be compared with what was signed, and counts as come only when it was accepted.

use std::sync::Arc;

use bytes::Bytes;

use super::dense::{FORETOLD_BYTES, RETOLD_BYTES, too_large};
use super::dictionary::{Dictionary, use_of_letter};
use super::excerpt::is_picture;
use super::{Excerpt, Refusal};
use crate::base::{EditionNumber, MetadataName, SitePath};
use crate::bundle::dense::{
    Base, Dense, Group, RETOLD_PICTURE_BYTES, Texts, Way, folio_entry, groups,
};
use crate::bundle::{BundleError, MemberName};

/// See the module.
pub(super) struct Thaw {
    dense: Dense,
    held: Option<Arc<Excerpt>>,
    /// Of an update.
    dictionary: Option<(Dictionary, Texts)>,
    /// As it stands in its frame; of an update, since texts are pressed by it.
    folio: Vec<u8>,
    step: Step,
    /// The last metadata file.
    last: Option<MetadataName>,
}

enum Step {
    Head,
    /// Which files of the edition held are the dictionary, which must have this mark.
    Choice(Base),
    /// With the name and length of the file of which the line was read.
    Folio(Option<(MetadataName, u64)>),
    FolioEnd,
    /// The metadata is to be proved.
    Proving,
    /// How each of these files comes.
    Layout(Vec<Signed>),
    Files(Box<Files>),
    Complete,
}

/// A file of the edition.
pub(super) struct Signed {
    pub(super) path: SitePath,
    pub(super) length: u64,
    /// It is held, or not wanted.
    pub(super) may_lack: bool,
}

/// The files that are still to come.
struct Files {
    later: std::vec::IntoIter<Group>,
    pressed: std::vec::IntoIter<(SitePath, u64)>,
    raw: std::vec::IntoIter<(SitePath, u64, Way)>,
    part: Part,
}

impl Files {
    fn raw_bytes(&self) -> u64 {
        self.raw
            .as_slice()
            .iter()
            .map(|(_, length, _)| length)
            .sum()
    }
}

/// Of a group.
#[derive(Clone, Copy)]
enum Part {
    Pressed,
    RawHead,
    Raw,
}

/// What came, to be looked at; [`Thaw::accept`] goes on behind it.
pub(super) enum Piece {
    /// The number that the edition gives itself, and whether pictures may be left out of it.
    Claimed(EditionNumber, bool),
    Metadata(MetadataName, Bytes),
    /// No more metadata comes: see [`Thaw::lay_out`].
    MetadataEnd,
    /// A group begins, of these files, in the order of paths.
    Group(Vec<SitePath>),
    /// A file of the group.
    File(SitePath, Bytes),
}

impl Thaw {
    pub(super) fn new(held: Option<Arc<Excerpt>>) -> Self {
        Self {
            dense: Dense::default(),
            held,
            dictionary: None,
            folio: Vec::new(),
            step: Step::Head,
            last: None,
        }
    }

    pub(super) fn push(&mut self, bytes: Bytes) {
        self.dense.push(bytes);
    }

    pub(super) fn position(&self) -> u64 {
        self.dense.position()
    }

    pub(super) fn rewind(&mut self) -> Result<(), BundleError> {
        self.dense.rewind()
    }

    pub(super) fn is_complete(&self) -> bool {
        matches!(self.step, Step::Complete)
    }

    pub(super) fn finish(&self) -> Result<(), BundleError> {
        match self.is_complete() {
            true => Ok(()),
            false => Err(BundleError::Truncated {
                at: self.position(),
            }),
        }
    }

    /// The next piece; `None` while more must come.
    pub(super) fn next(&mut self) -> Result<Option<Piece>, Refusal> {
        loop {
            let turn = match &mut self.step {
                Step::Head => self.head()?,
                Step::Choice(_) => self.choice()?,
                Step::Folio(_) => self.metadata()?,
                Step::FolioEnd => self.folio_end()?,
                Step::Proving => Turn::Give(Piece::MetadataEnd),
                Step::Layout(_) => self.layout()?,
                Step::Files(files) => match files.part {
                    Part::Pressed => self.pressed()?,
                    Part::RawHead => self.raw_head()?,
                    Part::Raw => self.raw()?,
                },
                Step::Complete if self.dense.is_drained() => Turn::Wait,
                Step::Complete => return Err(self.damaged("something follows its end")),
            };
            match turn {
                Turn::Wait => return Ok(None),
                Turn::Give(piece) => return Ok(Some(piece)),
                Turn::On => {}
            }
        }
    }

    fn damaged(&self, why: &'static str) -> Refusal {
        self.dense.damaged(why).into()
    }

    fn head(&mut self) -> Result<Turn, Refusal> {
        let Some(head) = self.dense.head()? else {
            return Ok(Turn::Wait);
        };
        let held = self.held.as_ref().map(|held| held.number());
        match head.base {
            Some(base) if held != Some(base.edition) => {
                let base = base.edition;
                return Err(Refusal::WrongBase { base, held });
            }
            Some(base) => self.step = Step::Choice(base),
            None => self.begin_folio()?,
        }
        Ok(Turn::Give(Piece::Claimed(head.edition, head.is_excerpt)))
    }

    fn begin_folio(&mut self) -> Result<(), Refusal> {
        let dictionary = self.dictionary.as_ref();
        let dictionary = dictionary.map(|(dictionary, _)| dictionary.of_metadata());
        let dictionary = dictionary.unwrap_or_default();
        self.dense.begin_frame(dictionary, Dense::FOLIO_BYTES)?;
        self.step = Step::Folio(None);
        Ok(())
    }

    fn choice(&mut self) -> Result<Turn, Refusal> {
        let (Step::Choice(base), Some(held)) = (&self.step, self.held.clone()) else {
            return Ok(Turn::Wait);
        };
        let base = base.clone();
        let files = held.proof().files().len() as u64;
        let Some(letters) = self.dense.whole_frame(files)? else {
            return Ok(Turn::Wait);
        };
        let chosen = letters
            .iter()
            .map(|letter| use_of_letter(*letter, base.texts));
        let chosen: Option<Vec<_>> = chosen.collect();
        let chosen = chosen.ok_or_else(|| self.damaged("its choice of old files is unclear"))?;
        let dictionary = Dictionary::of(&held, &chosen)?;
        if dictionary.mark() != base.mark {
            return Err(Refusal::OtherBase { base: base.edition });
        }
        self.dictionary = Some((dictionary, base.texts));
        self.dense.consume(letters.len());
        self.dense.end_frame()?;
        self.begin_folio()?;
        Ok(Turn::On)
    }

    fn metadata(&mut self) -> Result<Turn, Refusal> {
        let Step::Folio(coming) = &mut self.step else {
            return Ok(Turn::Wait);
        };
        if let Some((name, length)) = coming {
            let content = self.dense.content(*length)?;
            let piece = content.map(|content| Piece::Metadata(name.clone(), content));
            return Ok(piece.map_or(Turn::Wait, Turn::Give));
        }
        match self.dense.folio()? {
            None => return Ok(Turn::Wait),
            Some(None) => {
                self.folio.push(b'\n');
                self.step = Step::FolioEnd;
            }
            Some(Some((name, length))) => {
                let member = MemberName::Metadata(name.clone());
                let last = self.last.replace(name.clone()).map(MemberName::Metadata);
                if last.is_some_and(|last| last >= member) {
                    return Err(self.damaged("metadata stands twice or in the wrong order"));
                }
                *coming = Some((name, length));
            }
        }
        Ok(Turn::On)
    }

    fn folio_end(&mut self) -> Result<Turn, Refusal> {
        if !self.dense.end_frame()? {
            return Ok(Turn::Wait);
        }
        self.step = Step::Proving;
        Ok(Turn::On)
    }

    /// Just these files may come now, and must unless they may lack.
    pub(super) fn lay_out(&mut self, files: Vec<Signed>) {
        self.step = Step::Layout(files);
    }

    fn layout(&mut self) -> Result<Turn, Refusal> {
        let Step::Layout(signed) = &mut self.step else {
            return Ok(Turn::Wait);
        };
        let Some(letters) = self.dense.whole_frame(signed.len() as u64)? else {
            return Ok(Turn::Wait);
        };
        let ways: Option<Vec<_>> = letters
            .iter()
            .map(|letter| Way::of_letter(*letter))
            .collect();
        let unclear = "it is unclear how its files come";
        let ways = ways.ok_or_else(|| self.dense.damaged(unclear))?;
        refuse_missing(signed, &ways)?;
        let texts = self.dictionary.as_ref().map(|(_, texts)| *texts);
        let mut retold = signed
            .iter()
            .zip(&ways)
            .filter(|(_, way)| **way == Way::Retold);
        let may_retell = texts == Some(Texts::Foretold);
        if retold.any(|(signed, _)| !may_retell || !is_picture(&signed.path)) {
            return Err(self.damaged(unclear));
        }
        refuse_long(signed, &ways, texts)?;
        // Not before: after a lie they are waited for again.
        self.dense.consume(letters.len());
        self.dense.end_frame()?;
        let files = std::mem::take(signed).into_iter().zip(ways);
        let files = files.map(|(signed, way)| (signed.path, signed.length, way));
        let mut later = groups(files).into_iter();
        let first = later.next().unwrap_or_default();
        self.group(first, later)
    }

    fn group(&mut self, group: Group, later: std::vec::IntoIter<Group>) -> Result<Turn, Refusal> {
        let length = group.pressed().map(|(_, length, _)| length).sum();
        let dictionary = self.dictionary.as_ref();
        let known = dictionary.map(|(dictionary, texts)| (dictionary.of_texts(&self.folio), texts));
        match known {
            None => self.dense.begin_frame(Bytes::new(), length)?,
            Some((known, Texts::Pressed)) => self.dense.begin_frame(known.matched, length)?,
            Some((known, Texts::Foretold)) => self.dense.begin_foretold(known, length),
        }
        let pressed = group.pressed();
        let pressed: Vec<_> = pressed
            .map(|(path, length, _)| (path.clone(), *length))
            .collect();
        self.step = Step::Files(Box::new(Files {
            later,
            pressed: pressed.into_iter(),
            raw: group.raw().cloned().collect::<Vec<_>>().into_iter(),
            part: Part::Pressed,
        }));
        let paths = group.files.into_iter().map(|(path, ..)| path);
        Ok(Turn::Give(Piece::Group(paths.collect())))
    }

    fn pressed(&mut self) -> Result<Turn, Refusal> {
        let Step::Files(files) = &mut self.step else {
            return Ok(Turn::Wait);
        };
        if let Some((path, length)) = files.pressed.as_slice().first() {
            let content = self.dense.content(*length)?;
            let piece = content.map(|content| Piece::File(path.clone(), content));
            return Ok(piece.map_or(Turn::Wait, Turn::Give));
        }
        if !self.dense.end_frame()? {
            return Ok(Turn::Wait);
        }
        files.part = match files.raw_bytes() {
            0 => Part::Raw,
            _ => Part::RawHead,
        };
        Ok(Turn::On)
    }

    fn raw_head(&mut self) -> Result<Turn, Refusal> {
        let Step::Files(files) = &mut self.step else {
            return Ok(Turn::Wait);
        };
        let mut ways = files.raw.as_slice().iter().map(|(.., way)| *way);
        let has_retold = ways.any(|way| way == Way::Retold);
        if !self.dense.raw_head(files.raw_bytes(), has_retold)? {
            return Ok(Turn::Wait);
        }
        files.part = Part::Raw;
        Ok(Turn::On)
    }

    fn raw(&mut self) -> Result<Turn, Refusal> {
        let Step::Files(files) = &mut self.step else {
            return Ok(Turn::Wait);
        };
        if let Some((path, length, way)) = files.raw.as_slice().first() {
            let content = match way {
                Way::Retold => self.dense.retold(*length)?,
                _ => self.dense.raw(*length),
            };
            let piece = content.map(|content| Piece::File(path.clone(), content));
            return Ok(piece.map_or(Turn::Wait, Turn::Give));
        }
        let Some(next) = files.later.next() else {
            self.step = Step::Complete;
            return Ok(Turn::On);
        };
        let later = std::mem::take(&mut files.later);
        self.group(next, later)
    }

    /// The last piece was good.
    pub(super) fn accept(&mut self) {
        match &mut self.step {
            Step::Folio(coming) => {
                if let Some((name, length)) = coming.take() {
                    let content = self.dense.consume(length);
                    if self.dictionary.is_some() {
                        self.folio
                            .extend_from_slice(folio_entry(&name, length).as_bytes());
                        self.folio.extend_from_slice(&content);
                    }
                }
            }
            Step::Files(files) => match files.part {
                Part::Pressed => {
                    if let Some((_, length)) = files.pressed.next() {
                        self.dense.consume(length);
                    }
                }
                Part::RawHead => {}
                Part::Raw => {
                    if files.raw.next().is_some() {
                        self.dense.accept_raw();
                    }
                }
            },
            Step::Head
            | Step::Choice(_)
            | Step::FolioEnd
            | Step::Proving
            | Step::Layout(_)
            | Step::Complete => {}
        }
    }
}

fn refuse_missing(signed: &[Signed], ways: &[Way]) -> Result<(), Refusal> {
    let is_missing = |(signed, way): &(&Signed, &Way)| **way == Way::Held && !signed.may_lack;
    let mut missing = signed.iter().zip(ways).filter(is_missing);
    match missing.next() {
        None => Ok(()),
        Some((first, _)) => Err(Refusal::FilesMissing {
            first: first.path.clone(),
            count: 1 + missing.count(),
        }),
    }
}

/// Of what takes long to be made out: texts that are foretold, and pictures that are retold.
fn refuse_long(signed: &[Signed], ways: &[Way], texts: Option<Texts>) -> Result<(), Refusal> {
    let lengths = |way| {
        let files = signed.iter().zip(ways).filter(move |(_, its)| **its == way);
        files.map(|(signed, _)| signed.length)
    };
    if texts == Some(Texts::Foretold) {
        let bytes = lengths(Way::Pressed).sum();
        too_large("what is foretold", bytes, FORETOLD_BYTES)?;
    }
    too_large("what is retold", lengths(Way::Retold).sum(), RETOLD_BYTES)?;
    let longest = lengths(Way::Retold).max().unwrap_or(0);
    too_large("a picture that is retold", longest, RETOLD_PICTURE_BYTES)
}

enum Turn {
    Give(Piece),
    /// More must come.
    Wait,
    /// Look again.
    On,
}
