//! An edition in its dense form, whole or as what another edition lacks, with all pictures or fewer.
//!
//! 1. The head says of which editions this is.
//! 2. Of an update: which files of the old edition are its dictionary ([`choice`](super::choice)), one letter a file.
//! 3. A frame holds the metadata that the receiver lacks, another one letter for each file of the new edition.
//! 4. Then come the contents, group by group: those of a group that get smaller in a frame, the others as they are.
//!
//! The texts of an update are foretold by a model, unless there are so many that this would take too long.
//!
//! Pictures are never pressed, so what is pressed is the same for all variants, and is pressed once.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use bytes::Bytes;

use super::choice::{Use, choose};
use super::excerpt::is_picture;
use super::{Entry, Excerpt, Refusal, Variant, VerifiedEdition};
use crate::base::{Digest, Hasher, LIMITS, MetadataName, SitePath};
use crate::bundle;
use crate::bundle::dense::{
    Base, Group, Head, Known, Pressure, Texts, Way, folio_entry, foretell, groups, press, skippable,
};

/// Smaller ones are pressed also if they do not get smaller, since a place in the raw part is no gain then.
const RAW_FROM_BYTES: u64 = 1024;
/// With more texts than that they are pressed. Foretelling takes most of a second for each megabyte, of who writes and of
/// who reads, though less of what is copied from old pages.
pub(super) const FORETOLD_BYTES: u64 = 8 << 20;
/// More is not learned from, however much a stranger offers: it takes most of a microsecond a byte.
const LEARNED_BYTES: u64 = 1 << 20;

/// The whole edition. The same edition gives the same bytes.
pub fn write_dense<W: Write>(out: W, edition: &VerifiedEdition) -> io::Result<W> {
    DenseForms::of(edition).write(out, Variant::Full)
}

/// What brings `base` to `new`. Of `base` only the texts are looked at. The same two editions give the same bytes.
pub fn write_dense_update<W: Write>(
    out: W,
    new: &VerifiedEdition,
    base: &Excerpt,
) -> io::Result<W> {
    DenseForms::since(base, new)?.write(out, Variant::Full)
}

/// The dense forms of one edition, or of what another edition lacks, for all variants.
pub struct DenseForms<'a> {
    edition: &'a VerifiedEdition,
    since: Option<Since<'a>>,
    /// Frames by what is in them, and whether that was foretold.
    pressed: BTreeMap<(bool, Digest), Bytes>,
}

struct Since<'a> {
    base: &'a Excerpt,
    /// Of each file of `base`, whether it is in the dictionary.
    letters: Bytes,
    dictionary: Dictionary,
    texts: Texts,
}

/// How contents are put into a frame.
enum Manner {
    Pressed(Bytes),
    Foretold(Known),
}

impl<'a> DenseForms<'a> {
    pub fn of(edition: &'a VerifiedEdition) -> Self {
        Self {
            edition,
            since: None,
            pressed: BTreeMap::new(),
        }
    }

    pub fn since(base: &'a Excerpt, edition: &'a VerifiedEdition) -> io::Result<Self> {
        let texts = match new_text_bytes(base, edition) {
            0..=FORETOLD_BYTES => Texts::Foretold,
            _ => Texts::Pressed,
        };
        Self::since_with(base, edition, texts)
    }

    /// With texts in a certain form, for those who know only that.
    pub fn since_with(
        base: &'a Excerpt,
        edition: &'a VerifiedEdition,
        texts: Texts,
    ) -> io::Result<Self> {
        let mut chosen = choose(base, edition);
        if texts == Texts::Pressed {
            let kinds = chosen.iter_mut().filter(|its| **its == Use::Kind);
            kinds.for_each(|its| *its = Use::Same);
        }
        let dictionary = Dictionary::of(base, &chosen).map_err(io::Error::other)?;
        let letters: Vec<u8> = chosen.iter().map(|its| letter(*its)).collect();
        Ok(Self {
            since: Some(Since {
                base,
                letters: letters.into(),
                dictionary,
                texts,
            }),
            ..Self::of(edition)
        })
    }

    /// The same editions and variant give the same bytes.
    pub fn write<W: Write>(&mut self, mut out: W, variant: Variant) -> io::Result<W> {
        self.head(&mut out, variant)?;
        let folio = self.folio()?;
        let (of_metadata, of_texts) = match &self.since {
            None => (Bytes::new(), Manner::Pressed(Bytes::new())),
            Some(since) => {
                let known = since.dictionary.of_texts(&folio.concat());
                let of_texts = match since.texts {
                    Texts::Pressed => Manner::Pressed(known.matched),
                    Texts::Foretold => Manner::Foretold(known),
                };
                (since.dictionary.of_metadata(), of_texts)
            }
        };
        self.frame(&mut out, &Manner::Pressed(of_metadata), &folio)?;
        let ways = self.ways(variant);
        let letters: Vec<u8> = ways.iter().map(|way| way.letter()).collect();
        self.frame(&mut out, &Manner::Pressed(Bytes::new()), &[letters.into()])?;
        let files = self.edition.files().zip(ways);
        let files = files.map(|((path, entry), way)| (path.clone(), entry.length, way));
        for group in groups(files) {
            self.group(&mut out, &of_texts, &group)?;
        }
        out.flush()?;
        Ok(out)
    }

    fn head(&mut self, out: &mut impl Write, variant: Variant) -> io::Result<()> {
        let base = self.since.as_ref().map(|since| {
            let edition = since.base.number();
            let mark = since.dictionary.mark();
            let texts = since.texts;
            let base = Base {
                edition,
                mark,
                texts,
            };
            (base, since.letters.clone())
        });
        let (base, letters) = base.unzip();
        let head = Head {
            edition: self.edition.number(),
            base,
            is_excerpt: variant != Variant::Full,
        };
        let json = head.to_json();
        let length = u32::try_from(json.len()).expect("a head is a line");
        out.write_all(&skippable(length))?;
        out.write_all(&json)?;
        let alone = Manner::Pressed(Bytes::new());
        letters.map_or(Ok(()), |letters| self.frame(out, &alone, &[letters]))
    }

    fn frame(
        &mut self,
        out: &mut impl Write,
        manner: &Manner,
        contents: &[Bytes],
    ) -> io::Result<()> {
        let mut hasher = Hasher::default();
        contents.iter().for_each(|content| hasher.update(content));
        let which = (matches!(manner, Manner::Foretold(_)), hasher.finish());
        if let Some(frame) = self.pressed.get(&which) {
            return out.write_all(frame);
        }
        let pressure = match self.since {
            Some(_) => Pressure::Most,
            None => Pressure::Much,
        };
        let mut tee = Tee {
            out,
            copy: Vec::new(),
        };
        match manner {
            Manner::Pressed(dictionary) => press(&mut tee, dictionary, contents, pressure)?,
            Manner::Foretold(known) => foretell(&mut tee, known, contents)?,
        }
        let frame = Bytes::from(tee.copy);
        self.pressed.insert(which, frame);
        Ok(())
    }

    /// Metadata files, each behind a line with its name and length, and an empty line.
    fn folio(&self) -> io::Result<Vec<Bytes>> {
        let mut folio = Vec::new();
        for name in self.names() {
            let entry = self.edition.metadata_file(&name);
            let entry = entry.expect("a verified edition holds what its proof names");
            let content = read(self.edition, entry)?;
            folio.push(folio_entry(&name, content.len() as u64).into());
            folio.push(content);
        }
        folio.push(Bytes::from_static(b"\n"));
        Ok(folio)
    }

    /// Of the metadata that comes.
    fn names(&self) -> Vec<MetadataName> {
        let mut names = self.edition.proof().names();
        if let Some(since) = &self.since {
            let known: BTreeSet<_> = since.base.proof().names().into_iter().collect();
            names.retain(|name| *name == MetadataName::timestamp() || !known.contains(name));
        }
        names
    }

    fn ways(&self, variant: Variant) -> Vec<Way> {
        let files = self.edition.files();
        files
            .map(|(path, entry)| match self.is_held(path, entry) {
                true => Way::Held,
                false if !variant.holds(path, entry.length) => Way::Held,
                false => self.way(path, entry),
            })
            .collect()
    }

    fn is_held(&self, path: &SitePath, entry: &Entry) -> bool {
        let base = self.since.as_ref().map(|since| since.base);
        base.is_some_and(|base| has(base, path, entry))
    }

    fn way(&self, path: &SitePath, entry: &Entry) -> Way {
        way(self.edition, path, entry)
    }

    fn group(&mut self, out: &mut impl Write, manner: &Manner, group: &Group) -> io::Result<()> {
        let edition = self.edition;
        let content = |path: &SitePath| {
            let entry = edition.file(path);
            read(edition, entry.expect("a group is of files of the edition"))
        };
        let pressed = group.of(Way::Pressed).map(|(path, ..)| content(path));
        let pressed: Vec<_> = pressed.collect::<io::Result<_>>()?;
        self.frame(out, manner, &pressed)?;
        let raw = group.bytes(Way::Raw);
        if raw > 0 {
            let length = u32::try_from(raw).map_err(|_| io::ErrorKind::FileTooLarge)?;
            out.write_all(&skippable(length))?;
        }
        for (path, ..) in group.of(Way::Raw) {
            out.write_all(&content(path)?)?;
        }
        Ok(())
    }
}

fn has(base: &Excerpt, path: &SitePath, entry: &Entry) -> bool {
    let before = base.proof().files().get(path);
    before.is_some_and(|before| before.digest == entry.digest)
}

fn way(edition: &Excerpt, path: &SitePath, entry: &Entry) -> Way {
    let is_stored = || bundle::stored_runs(&edition.packed(entry)).is_some();
    match is_picture(path) || (entry.length >= RAW_FROM_BYTES && is_stored()) {
        true => Way::Raw,
        false => Way::Pressed,
    }
}

/// Of what is to be pressed or foretold.
fn new_text_bytes(base: &Excerpt, edition: &Excerpt) -> u64 {
    let new = edition
        .files()
        .filter(|(path, entry)| !has(base, path, entry));
    let texts = new.filter(|(path, entry)| way(edition, path, entry) == Way::Pressed);
    texts.map(|(_, entry)| entry.length).sum()
}

fn read(edition: &Excerpt, entry: &Entry) -> io::Result<Bytes> {
    let damaged = || io::Error::other("the bundle was damaged since it was verified");
    edition.proved_content(entry).ok_or_else(damaged)
}

pub(super) fn too_large(what: &'static str, claimed: u64, most: u64) -> Result<(), Refusal> {
    match claimed > most {
        true => Err(bundle::BundleError::TooLarge {
            what,
            claimed,
            most,
        }
        .into()),
        false => Ok(()),
    }
}

/// Keeps what it writes.
struct Tee<'a, W> {
    out: &'a mut W,
    copy: Vec<u8>,
}

impl<W: Write> Write for Tee<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.copy
            .extend_from_slice(bytes.get(..written).unwrap_or(bytes));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// What a file of the old edition is in the dictionary.
fn letter(its: Use) -> u8 {
    match its {
        Use::None => b'-',
        Use::Same => b'+',
        Use::Kind => b'*',
    }
}

/// Only what is foretold is learned for.
pub(super) fn use_of_letter(letter: u8, texts: Texts) -> Option<Use> {
    let all = match texts {
        Texts::Pressed => &[Use::None, Use::Same][..],
        Texts::Foretold => &[Use::None, Use::Same, Use::Kind],
    };
    all.iter().copied().find(|its| self::letter(*its) == letter)
}

/// What an update is pressed by: of the edition before.
#[derive(Debug, Clone)]
pub(super) struct Dictionary {
    same: Bytes,
    kind: Bytes,
    metadata: Bytes,
}

impl Dictionary {
    /// The contents of the chosen files of `base`, in the order of paths, then of its metadata but the roots, in the order
    /// of a bundle. Roots may have come to one copy of the edition and not to another. Of metadata beyond the limit only
    /// the end is taken.
    pub(super) fn of(base: &Excerpt, chosen: &[Use]) -> Result<Self, Refusal> {
        let files = |of: Use| {
            let files = base.proof().files().iter().zip(chosen);
            files.filter(move |(_, its)| **its == of)
        };
        let all = files(Use::Same).chain(files(Use::Kind));
        let length: u64 = all.map(|((_, file), _)| file.length).sum();
        too_large("a dictionary", length, HALF_BYTES)?;
        let learned = files(Use::Kind).map(|((_, file), _)| file.length).sum();
        too_large("what is to be learned from", learned, LEARNED_BYTES)?;
        let contents = |of: Use| -> Result<Bytes, Refusal> {
            let mut texts = Vec::new();
            for ((path, _), _) in files(of) {
                // Of a small copy, a picture may be missing.
                let other = Refusal::OtherBase {
                    base: base.number(),
                };
                let entry = base.file(path).ok_or(other)?;
                texts.extend_from_slice(&base.content(entry));
            }
            Ok(texts.into())
        };
        let mut metadata = Vec::new();
        for name in base.proof().names() {
            if let Some(entry) = base.metadata_file(&name).filter(|_| name.role() != "root") {
                metadata.extend_from_slice(&base.content(entry));
            }
        }
        Ok(Self {
            same: contents(Use::Same)?,
            kind: contents(Use::Kind)?,
            metadata: Bytes::copy_from_slice(end_of(&metadata)),
        })
    }

    /// See [`Base::mark`].
    pub(super) fn mark(&self) -> String {
        let mut hasher = Hasher::default();
        let parts = [&self.same, &self.kind, &self.metadata];
        parts.into_iter().for_each(|part| hasher.update(part));
        Head::mark_of(&hasher.finish())
    }

    pub(super) fn of_metadata(&self) -> Bytes {
        self.metadata.clone()
    }

    /// `folio`: the metadata that came, as it stands in its frame. Pages speak of what is new in it.
    pub(super) fn of_texts(&self, folio: &[u8]) -> Known {
        Known {
            matched: [&self.same, end_of(folio)].concat().into(),
            learned: self.kind.clone(),
        }
    }
}

const HALF_BYTES: u64 = LIMITS.dictionary_bytes / 2;

fn end_of(metadata: &[u8]) -> &[u8] {
    let half = usize::try_from(HALF_BYTES).unwrap_or(usize::MAX);
    let surplus = metadata.len().saturating_sub(half);
    metadata.get(surplus..).unwrap_or_default()
}
