//! The table of contents: the last entry of a bundle, `.colport/contents.jsonl`, and the way to it from the footer.
//!
//! It serves tools that want to look into a bundle at random. Nobody who verifies a bundle trusts it: a scan of the
//! whole bundle compares it with what was seen, and everything else is a hint.

use std::io::{self, Write};

use flate2::Compression;
use flate2::Crc;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};

use crate::base::{Digest, Hasher};

use super::gzip::{self, CONTENT_HEAD, FOOTER_BYTES, LONG_HEAD_BYTES, TRAILER_BYTES};
use super::{BundleError, MemberName, Slot, tar};

/// The table of a bundle with [`Limits::members`](crate::base::Limits::members) members fits.
pub(super) const TABLE_BYTES: u64 = 256 << 20;
/// Of a header member, packed or not: three tar blocks, a pax record and filling stay far below.
pub(super) const MOST_HEADER_BYTES: u64 = 4096;
const WINDOW_BYTES: usize = 1 << 16;

/// One line of the table.
#[derive(Serialize, Deserialize)]
struct Row {
    path: String,
    offset: u64,
    packed_bytes: u64,
    length: u64,
}

fn line(name: &MemberName, slot: Slot) -> Vec<u8> {
    let row = Row {
        path: name.to_string(),
        offset: slot.offset,
        packed_bytes: slot.packed_bytes,
        length: slot.length,
    };
    let mut line = serde_json::to_vec(&row).expect("numbers and text are JSON");
    line.push(b'\n');
    line
}

/// The table while it grows: deflated at once, since a large edition's would fill memory.
pub(super) struct Table {
    deflater: DeflateEncoder<Vec<u8>>,
    crc: Crc,
    length: u64,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            // The best takes three times as long for 3 % of it.
            deflater: DeflateEncoder::new(CONTENT_HEAD.to_vec(), Compression::default()),
            crc: Crc::new(),
            length: 0,
        }
    }
}

impl Table {
    pub(super) fn add(&mut self, name: &MemberName, slot: Slot) -> io::Result<()> {
        let line = line(name, slot);
        self.crc.update(&line);
        self.length += line.len() as u64;
        self.deflater.write_all(&line)
    }

    /// Its length and its gzip member.
    pub(super) fn finish(self) -> io::Result<(u64, Vec<u8>)> {
        let mut packed = self.deflater.finish()?;
        packed.extend(gzip::trailer_of(&self.crc));
        Ok((self.length, packed))
    }
}

/// What the table must be, as a scan goes on: its length and digest, not its lines.
#[derive(Clone, Default)]
pub(super) struct Expected {
    hasher: Hasher,
    length: u64,
}

impl Expected {
    pub(super) fn add(&mut self, name: &MemberName, slot: Slot) {
        let line = line(name, slot);
        self.length += line.len() as u64;
        self.hasher.update(&line);
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Whether `packed` holds just this table.
    pub(super) fn check(&self, packed: &[u8]) -> Result<(), &'static str> {
        let (deflated, trailer) = gzip::split(packed).ok_or("it is no gzip member of a bundle")?;
        let mut found = Hasher::default();
        let mut window = vec![0; WINDOW_BYTES];
        gzip::inflate(deflated, trailer, self.length, &mut window, |piece| {
            found.update(piece);
        })?;
        match found.finish() == self.digest() {
            true => Ok(()),
            false => Err("the table of contents is not of these members"),
        }
    }

    fn digest(&self) -> Digest {
        self.hasher.clone().finish()
    }
}

/// The table of contents of a whole bundle, found through its footer. **A hint**: nothing of it was checked but that
/// every slot lies inside the bundle. Who needs the truth scans.
pub fn contents(bundle: &[u8]) -> Result<Vec<(MemberName, Slot)>, BundleError> {
    let mut contents = Vec::new();
    each_member(bundle, |name, slot| {
        contents.push((name, slot));
        Ok::<_, BundleError>(())
    })?;
    Ok(contents)
}

/// The same one after another, since there may be very many. What `each` refuses ends it.
pub fn each_member<E: From<BundleError>>(
    bundle: &[u8],
    mut each: impl FnMut(MemberName, Slot) -> Result<(), E>,
) -> Result<(), E> {
    let (at, length, packed) = table(bundle)?;
    let damaged = |why| BundleError::Damaged { at, why };
    let (deflated, trailer) =
        gzip::split(packed).ok_or(damaged("the table of contents is no gzip member"))?;
    let (mut line, mut refused) = (Vec::new(), None);
    let mut take = |piece: &[u8]| {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(part);
            if refused.is_some() || !line.ends_with(b"\n") {
                continue;
            }
            let member = row(&line, at).ok_or(damaged("the table of contents cannot be read"));
            let taken = member
                .map_err(E::from)
                .and_then(|(name, slot)| each(name, slot));
            refused = taken.err();
            line.clear();
        }
    };
    let mut window = vec![0; WINDOW_BYTES];
    gzip::inflate(deflated, trailer, length, &mut window, &mut take).map_err(damaged)?;
    match refused {
        Some(refused) => Err(refused),
        None if line.is_empty() => Ok(()),
        None => Err(damaged("the table of contents ends within a line").into()),
    }
}

/// Where it begins, its length, and its gzip member.
fn table(bundle: &[u8]) -> Result<(u64, u64, &[u8]), BundleError> {
    let all = bundle.len() as u64;
    let (body, footer) = bundle
        .split_last_chunk::<FOOTER_BYTES>()
        .ok_or(BundleError::NotABundle("it is shorter than a footer"))?;
    let at = gzip::pointed_at(footer).ok_or(BundleError::Truncated { at: all })?;
    let (length, packed) = table_at(body, at).ok_or(BundleError::Damaged {
        at,
        why: "the footer does not point to the table of contents",
    })?;
    match length > TABLE_BYTES {
        true => Err(BundleError::TooLarge {
            what: "a table of contents",
            claimed: length,
            most: TABLE_BYTES,
        }),
        false => Ok((at, length, packed)),
    }
}

fn row(line: &[u8], end: u64) -> Option<(MemberName, Slot)> {
    let row: Row = serde_json::from_slice(line).ok()?;
    let name = MemberName::parse(&row.path).ok()?;
    let inside = row.offset.checked_add(row.packed_bytes)? <= end;
    inside.then_some((
        name,
        Slot {
            offset: row.offset,
            packed_bytes: row.packed_bytes,
            length: row.length,
        },
    ))
}

fn table_at(body: &[u8], at: u64) -> Option<(u64, &[u8])> {
    let here = body.get(usize::try_from(at).ok()?..)?;
    let lengths = gzip::lengths(here.first_chunk::<LONG_HEAD_BYTES>()?)?;
    let (header, behind) = here.split_at_checked(usize::try_from(lengths.header).ok()?)?;
    let packed = behind.get(..usize::try_from(lengths.content).ok()?)?;
    let blocks = header_blocks(header)?;
    let entry = tar::read(&blocks, at).ok()?;
    (MemberName::parse(&entry.path) == Ok(MemberName::Contents)).then_some((entry.length, packed))
}

/// What lies in a whole header member.
pub(super) fn header_blocks(member: &[u8]) -> Option<Vec<u8>> {
    let (deflated, trailer) = member
        .get(LONG_HEAD_BYTES..)?
        .split_last_chunk::<TRAILER_BYTES>()?;
    let mut blocks = Vec::new();
    let mut window = [0; 2048];
    gzip::inflate(deflated, trailer, MOST_HEADER_BYTES, &mut window, |piece| {
        blocks.extend_from_slice(piece);
    })
    .ok()?;
    Some(blocks)
}
