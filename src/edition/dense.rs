//! An edition in its dense form, whole or as what another edition lacks, with all pictures or fewer.
//!
//! 1. The head says of which editions this is.
//! 2. Of an update: which files of the old edition are its dictionary ([`choice`](super::choice)), one letter a file.
//! 3. A frame holds the metadata that the receiver lacks, another one letter for each file of the new edition.
//! 4. Then come the contents, group by group: those of a group that get smaller in a frame, the others as they are.
//!
//! The texts of an update are foretold by a model, unless there are so many that this would take too long; so are its pictures
//! retold.
//!
//! Pictures are never pressed, so what is pressed is the same for all variants, and is pressed once.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use bytes::Bytes;

use super::choice::{Use, choose};
use super::dictionary::{Dictionary, letter};
use super::excerpt::is_picture;
use super::{Entry, Excerpt, Refusal, Variant, VerifiedEdition};
use crate::base::{Digest, Hasher, MetadataName, SitePath};
use crate::bundle;
use crate::bundle::dense::{
    Base, Group, Head, Known, Pressure, RETOLD_PICTURE_BYTES, Texts, Way, folio_entry, foretell,
    groups, press, retold, skippable,
};

/// Smaller ones are pressed also if they do not get smaller, since a place in the raw part is no gain then.
const RAW_FROM_BYTES: u64 = 1024;
/// With more texts than that they are pressed. Foretelling takes most of a second for each megabyte, of who writes and of
/// who reads, though less of what is copied from old pages.
pub(super) const FORETOLD_BYTES: u64 = 8 << 20;
/// The first pictures of an update are retold, up to so many bytes of them: it takes a sixth of a second for each megabyte,
/// of who writes and of who reads.
pub(super) const RETOLD_BYTES: u64 = 32 << 20;

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
    retold: Retold,
    /// Of these, what was asked for here.
    asked: BTreeSet<Digest>,
}

/// Pictures of an edition that were retold, or could not be. Most of those of one update are in that from the next base too.
#[derive(Default, PartialEq)]
pub struct Retold(BTreeMap<Digest, Option<Bytes>>);

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
            retold: Retold::default(),
            asked: BTreeSet::new(),
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

    /// What was retold for another update of this edition need not be retold once more.
    pub fn after(self, retold: Retold) -> Self {
        Self { retold, ..self }
    }

    /// What has to do with this update and no other: so from base to base it never grows beyond what one may hold.
    pub fn into_retold(self) -> Retold {
        let Self { retold, asked, .. } = self;
        let kept = retold.0.into_iter();
        Retold(kept.filter(|(digest, _)| asked.contains(digest)).collect())
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
        let ways = self.ways(&mut out, variant)?;
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

    fn ways(&mut self, out: &mut impl Write, variant: Variant) -> io::Result<Vec<Way>> {
        let edition = self.edition;
        let mut room = match &self.since {
            Some(since) if since.texts == Texts::Foretold => RETOLD_BYTES,
            _ => 0,
        };
        let files = edition.files();
        files
            .map(|(path, entry)| {
                if self.is_held(path, entry) || !variant.holds(path, entry.length) {
                    return Ok(Way::Held);
                }
                let may_retell = is_picture(path) && entry.length <= RETOLD_PICTURE_BYTES;
                if may_retell && let Some(rest) = room.checked_sub(entry.length) {
                    // Whatever comes of it: it is the work that is bounded.
                    room = rest;
                    if self.is_retold(out, entry)? {
                        return Ok(Way::Retold);
                    }
                }
                Ok(way(edition, path, entry))
            })
            .collect()
    }

    fn is_retold(&mut self, out: &mut impl Write, entry: Entry) -> io::Result<bool> {
        self.asked.insert(entry.digest);
        if let Some(known) = self.retold.0.get(&entry.digest) {
            return Ok(known.is_some());
        }
        // Who paces the work, or has no use for it any more, is heard between two pictures.
        let _none = out.write(&[])?;
        let retold = retold(&read(self.edition, entry)?).map(Bytes::from);
        let is_retold = retold.is_some();
        self.retold.0.insert(entry.digest, retold);
        Ok(is_retold)
    }

    fn is_held(&self, path: &SitePath, entry: Entry) -> bool {
        let base = self.since.as_ref().map(|since| since.base);
        base.is_some_and(|base| has(base, path, entry))
    }

    fn group(&mut self, out: &mut impl Write, manner: &Manner, group: &Group) -> io::Result<()> {
        let pressed = group.pressed().map(|file| self.content(file));
        let pressed: Vec<_> = pressed.collect::<io::Result<_>>()?;
        self.frame(out, manner, &pressed)?;
        let lengths = group.raw().map(|file| self.raw_length(file));
        let raw = lengths.sum::<io::Result<u64>>()?;
        if raw > 0 {
            let length = u32::try_from(raw).map_err(|_| io::ErrorKind::FileTooLarge)?;
            out.write_all(&skippable(length))?;
        }
        for file in group.raw() {
            out.write_all(&self.content(file)?)?;
        }
        Ok(())
    }

    fn raw_length(&self, file: &(SitePath, u64, Way)) -> io::Result<u64> {
        match file {
            (.., Way::Retold) => Ok(self.content(file)?.len() as u64),
            (_, length, _) => Ok(*length),
        }
    }

    /// As it comes.
    fn content(&self, (path, _, way): &(SitePath, u64, Way)) -> io::Result<Bytes> {
        let entry = self.edition.file(path);
        let entry = entry.expect("a group is of files of the edition");
        match self.retold.0.get(&entry.digest) {
            Some(Some(retold)) if *way == Way::Retold => Ok(retold.clone()),
            _ => read(self.edition, entry),
        }
    }
}

fn has(base: &Excerpt, path: &SitePath, entry: Entry) -> bool {
    let before = base.proof().files().get(path);
    before.is_some_and(|before| before.digest == entry.digest)
}

fn way(edition: &Excerpt, path: &SitePath, entry: Entry) -> Way {
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
        .filter(|(path, entry)| !has(base, path, *entry));
    let texts = new.filter(|(path, entry)| way(edition, path, *entry) == Way::Pressed);
    texts.map(|(_, entry)| entry.length).sum()
}

fn read(edition: &Excerpt, entry: Entry) -> io::Result<Bytes> {
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
