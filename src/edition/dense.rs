//! An edition in its dense form, whole or as what another edition lacks, with all pictures or fewer.
//!
//! 1. The head says of which editions this is.
//! 2. Of an update: which files of the old edition are its dictionary ([`choice`](super::choice)), one letter a file.
//! 3. A frame holds the metadata that the receiver lacks, another one letter for each file of the new edition.
//! 4. Then come the contents, group by group: those of a group that get smaller in a frame, the others as they are.
//!
//! Pictures are never pressed, so what is pressed is the same for all variants, and is pressed once.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use bytes::Bytes;

use super::choice::choose;
use super::excerpt::is_picture;
use super::{Entry, Excerpt, Refusal, Variant, VerifiedEdition};
use crate::base::{Digest, Hasher, LIMITS, MetadataName, SitePath};
use crate::bundle;
use crate::bundle::dense::{
    Base, Group, Head, Pressure, Way, folio_entry, groups, press, skippable,
};

/// Smaller ones are pressed also if they do not get smaller, since a place in the raw part is no gain then.
const RAW_FROM_BYTES: u64 = 1024;

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
    /// Frames by what is in them.
    pressed: BTreeMap<Digest, Bytes>,
}

struct Since<'a> {
    base: &'a Excerpt,
    /// Of each file of `base`, whether it is in the dictionary.
    letters: Bytes,
    dictionary: Dictionary,
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
        let chosen = choose(base, edition);
        let dictionary = Dictionary::of(base, &chosen).map_err(io::Error::other)?;
        let letters: Vec<u8> = chosen.iter().map(|chosen| letter(*chosen)).collect();
        Ok(Self {
            since: Some(Since {
                base,
                letters: letters.into(),
                dictionary,
            }),
            ..Self::of(edition)
        })
    }

    /// The same editions and variant give the same bytes.
    pub fn write<W: Write>(&mut self, mut out: W, variant: Variant) -> io::Result<W> {
        self.head(&mut out, variant)?;
        let folio = self.folio()?;
        let (of_metadata, of_texts) = match &self.since {
            None => (Bytes::new(), Bytes::new()),
            Some(since) => (
                since.dictionary.of_metadata(),
                since.dictionary.of_texts(&folio.concat()),
            ),
        };
        self.frame(&mut out, &of_metadata, &folio)?;
        let ways = self.ways(variant);
        let letters: Vec<u8> = ways.iter().map(|way| way.letter()).collect();
        self.frame(&mut out, b"", &[letters.into()])?;
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
            (Base { edition, mark }, since.letters.clone())
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
        letters.map_or(Ok(()), |letters| self.frame(out, b"", &[letters]))
    }

    fn frame(
        &mut self,
        out: &mut impl Write,
        dictionary: &[u8],
        contents: &[Bytes],
    ) -> io::Result<()> {
        let mut hasher = Hasher::default();
        contents.iter().for_each(|content| hasher.update(content));
        let digest = hasher.finish();
        if let Some(frame) = self.pressed.get(&digest) {
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
        press(&mut tee, dictionary, contents, pressure)?;
        let frame = Bytes::from(tee.copy);
        self.pressed.insert(digest, frame);
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
        let base = self.since.as_ref().map(|since| since.base.proof());
        let before = base.and_then(|base| base.files().get(path));
        before.is_some_and(|before| before.digest == entry.digest)
    }

    fn way(&self, path: &SitePath, entry: &Entry) -> Way {
        let is_stored = || bundle::stored_runs(&self.edition.packed(entry)).is_some();
        match is_picture(path) || (entry.length >= RAW_FROM_BYTES && is_stored()) {
            true => Way::Raw,
            false => Way::Pressed,
        }
    }

    fn group(&mut self, out: &mut impl Write, dictionary: &[u8], group: &Group) -> io::Result<()> {
        let edition = self.edition;
        let content = |path: &SitePath| {
            let entry = edition.file(path);
            read(edition, entry.expect("a group is of files of the edition"))
        };
        let pressed = group.of(Way::Pressed).map(|(path, ..)| content(path));
        let pressed: Vec<_> = pressed.collect::<io::Result<_>>()?;
        self.frame(out, dictionary, &pressed)?;
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

fn read(edition: &Excerpt, entry: &Entry) -> io::Result<Bytes> {
    let damaged = || io::Error::other("the bundle was damaged since it was verified");
    edition.proved_content(entry).ok_or_else(damaged)
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

/// Whether a file of the old edition is in the dictionary.
fn letter(chosen: bool) -> u8 {
    if chosen { b'+' } else { b'-' }
}

pub(super) fn chosen_of_letter(letter: u8) -> Option<bool> {
    [true, false]
        .into_iter()
        .find(|chosen| self::letter(*chosen) == letter)
}

/// What an update is pressed by: of the edition before.
#[derive(Debug, Clone)]
pub(super) struct Dictionary {
    texts: Bytes,
    metadata: Bytes,
}

impl Dictionary {
    /// The contents of the chosen files of `base`, in the order of paths, then of its metadata but the roots, in the order
    /// of a bundle. Roots may have come to one copy of the edition and not to another. Of metadata beyond the limit only
    /// the end is taken.
    pub(super) fn of(base: &Excerpt, chosen: &[bool]) -> Result<Self, Refusal> {
        let files = || {
            let files = base.proof().files().iter().zip(chosen);
            files.filter(|(_, chosen)| **chosen)
        };
        let length: u64 = files().map(|((_, file), _)| file.length).sum();
        if length > HALF_BYTES {
            return Err(bundle::BundleError::TooLarge {
                what: "a dictionary",
                claimed: length,
                most: HALF_BYTES,
            }
            .into());
        }
        let mut texts = Vec::new();
        for ((path, _), _) in files() {
            // Of a small copy, a picture may be missing.
            let other = Refusal::OtherBase {
                base: base.number(),
            };
            let entry = base.file(path).ok_or(other)?;
            texts.extend_from_slice(&base.content(entry));
        }
        let mut metadata = Vec::new();
        for name in base.proof().names() {
            if let Some(entry) = base.metadata_file(&name).filter(|_| name.role() != "root") {
                metadata.extend_from_slice(&base.content(entry));
            }
        }
        Ok(Self {
            texts: texts.into(),
            metadata: Bytes::copy_from_slice(end_of(&metadata)),
        })
    }

    /// See [`Base::mark`].
    pub(super) fn mark(&self) -> String {
        let mut hasher = Hasher::default();
        hasher.update(&self.texts);
        hasher.update(&self.metadata);
        Head::mark_of(&hasher.finish())
    }

    pub(super) fn of_metadata(&self) -> Bytes {
        self.metadata.clone()
    }

    /// `folio`: the metadata that came, as it stands in its frame. Pages speak of what is new in it.
    pub(super) fn of_texts(&self, folio: &[u8]) -> Bytes {
        [&self.texts, end_of(folio)].concat().into()
    }
}

const HALF_BYTES: u64 = LIMITS.dictionary_bytes / 2;

fn end_of(metadata: &[u8]) -> &[u8] {
    let half = usize::try_from(HALF_BYTES).unwrap_or(usize::MAX);
    let surplus = metadata.len().saturating_sub(half);
    metadata.get(surplus..).unwrap_or_default()
}
