//! An edition in its dense form, whole or as what another edition lacks.
//!
//! 1. The head says of which editions this is.
//! 2. Of an update: which files of the old edition are its dictionary ([`choice`](super::choice)), one letter a file.
//! 3. The first frame begins with the metadata that the receiver lacks, and one letter for each file of the new edition.
//! 4. Then come the contents, group by group: those of a group that get smaller in a frame, the others as they are.

use std::collections::BTreeSet;
use std::io::{self, Write};

use bytes::Bytes;

use super::choice::choose;
use super::{Excerpt, Refusal, VerifiedEdition};
use crate::base::{LIMITS, MetadataName, SitePath};
use crate::bundle;
use crate::bundle::dense::{
    Base, Group, Head, Pressure, Way, folio_entry, groups, press, skippable,
};

/// Smaller ones are pressed also if they do not get smaller, since a place in the raw part is no gain then.
const RAW_FROM_BYTES: u64 = 1024;

/// The whole edition. The same edition gives the same bytes.
pub fn write_dense<W: Write>(out: W, edition: &VerifiedEdition) -> io::Result<W> {
    let head = Head {
        edition: edition.number(),
        base: None,
    };
    let mut writer = DenseWriter::begin(out, head, Bytes::new(), Pressure::Much)?;
    let names = edition.proof().names();
    let ways = ways(edition, |_| false);
    writer.edition(edition, &names, ways)?;
    Ok(writer.out)
}

/// What brings `base` to `new`. Of `base` only the texts are looked at. The same two editions give the same bytes.
pub fn write_dense_update<W: Write>(
    out: W,
    new: &VerifiedEdition,
    base: &Excerpt,
) -> io::Result<W> {
    let chosen = choose(base, new);
    let dictionary = dictionary(base, &chosen).map_err(io::Error::other)?;
    let head = Head {
        edition: new.number(),
        base: Some(Base::new(base.number(), &dictionary)),
    };
    let mut writer = DenseWriter::begin(out, head, dictionary, Pressure::Most)?;
    let letters: Vec<u8> = chosen.iter().map(|chosen| letter(*chosen)).collect();
    writer.frame(b"", &[letters.into()])?;
    let known: BTreeSet<_> = base.proof().names().into_iter().collect();
    let names = new.proof().names().into_iter();
    let names: Vec<_> = names
        .filter(|name| *name == MetadataName::timestamp() || !known.contains(name))
        .collect();
    let is_held = |path: &SitePath| {
        let digest = |edition: &Excerpt| edition.proof().files().get(path).map(|file| file.digest);
        digest(base) == digest(new)
    };
    writer.edition(new, &names, ways(new, is_held))?;
    Ok(writer.out)
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

/// The contents of the chosen files of `base`, in the order of paths, then of its metadata but the roots, in the order of
/// a bundle. Roots may have come to one copy of the edition and not to another. Of metadata beyond the limit only the end
/// is taken.
pub(super) fn dictionary(base: &Excerpt, chosen: &[bool]) -> Result<Bytes, Refusal> {
    let files = || {
        let files = base.proof().files().iter().zip(chosen);
        files.filter(|(_, chosen)| **chosen)
    };
    let length: u64 = files().map(|((_, file), _)| file.length).sum();
    let room = LIMITS.dictionary_bytes / 2;
    if length > room {
        return Err(bundle::BundleError::TooLarge {
            what: "a dictionary",
            claimed: length,
            most: room,
        }
        .into());
    }
    let mut all = Vec::new();
    for ((path, _), _) in files() {
        // Of a small copy, a picture may be missing.
        let base_number = base.number();
        let entry = base
            .file(path)
            .ok_or(Refusal::OtherBase { base: base_number })?;
        all.extend_from_slice(&base.content(entry));
    }
    let mut metadata = Vec::new();
    for name in base.proof().names() {
        if let Some(entry) = base.metadata_file(&name).filter(|_| name.role() != "root") {
            metadata.extend_from_slice(&base.content(entry));
        }
    }
    let surplus = metadata
        .len()
        .saturating_sub(usize::try_from(room).unwrap_or(0));
    all.extend_from_slice(metadata.get(surplus..).unwrap_or_default());
    Ok(all.into())
}

fn ways(edition: &VerifiedEdition, is_held: impl Fn(&SitePath) -> bool) -> Vec<Way> {
    let way = |(path, entry): (&SitePath, &super::Entry)| {
        if is_held(path) {
            Way::Held
        } else if entry.length >= RAW_FROM_BYTES
            && bundle::stored_runs(&edition.packed(entry)).is_some()
        {
            Way::Raw
        } else {
            Way::Pressed
        }
    };
    edition.files().map(way).collect()
}

struct DenseWriter<W> {
    out: W,
    dictionary: Bytes,
    pressure: Pressure,
}

impl<W: Write> DenseWriter<W> {
    fn begin(mut out: W, head: Head, dictionary: Bytes, pressure: Pressure) -> io::Result<Self> {
        let json = head.to_json();
        let length = u32::try_from(json.len()).expect("a head is a line");
        out.write_all(&skippable(length))?;
        out.write_all(&json)?;
        Ok(Self {
            out,
            dictionary,
            pressure,
        })
    }

    fn frame(&mut self, dictionary: &[u8], contents: &[Bytes]) -> io::Result<()> {
        press(&mut self.out, dictionary, contents, self.pressure)
    }

    fn edition(
        &mut self,
        edition: &VerifiedEdition,
        names: &[MetadataName],
        ways: Vec<Way>,
    ) -> io::Result<()> {
        let mut begin = folio(edition, names);
        let letters: Vec<u8> = ways.iter().map(|way| way.letter()).collect();
        begin.push(letters.into());
        let files = edition.files().zip(ways);
        let files = files.map(|((path, entry), way)| (path.clone(), entry.length, way));
        for group in groups(files) {
            self.group(edition, &group, std::mem::take(&mut begin))?;
        }
        self.out.flush()
    }

    fn group(
        &mut self,
        edition: &VerifiedEdition,
        group: &Group,
        mut pressed: Vec<Bytes>,
    ) -> io::Result<()> {
        let content = |path: &SitePath| {
            let entry = edition.file(path);
            edition.content(entry.expect("a group is of files of the edition"))
        };
        pressed.extend(group.of(Way::Pressed).map(|(path, ..)| content(path)));
        self.frame(&self.dictionary.clone(), &pressed)?;
        let raw = group.bytes(Way::Raw);
        if raw > 0 {
            let length = u32::try_from(raw).map_err(|_| io::ErrorKind::FileTooLarge)?;
            self.out.write_all(&skippable(length))?;
        }
        for (path, ..) in group.of(Way::Raw) {
            self.out.write_all(&content(path))?;
        }
        Ok(())
    }
}

/// Metadata files, each behind a line with its name and length, and an empty line.
fn folio(edition: &VerifiedEdition, names: &[MetadataName]) -> Vec<Bytes> {
    let mut folio = Vec::new();
    for name in names {
        let entry = edition.metadata_file(name);
        let content =
            edition.content(entry.expect("a verified edition holds what its proof names"));
        folio.push(folio_entry(name, content.len() as u64).into());
        folio.push(content);
    }
    folio.push(Bytes::from_static(b"\n"));
    folio
}
