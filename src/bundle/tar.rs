//! What lies in a header member: the tar blocks between two contents (POSIX.1-2001 pax interchange format).
//!
//! 1. Zeros that fill the previous content up to 512 bytes.
//! 2. For a path that is longer than 100 bytes or not ASCII: a pax header (`x`) with the one record `path`.
//! 3. A ustar header of a regular file.
//!
//! Every field is fixed but path and length, so there is one way to write an entry. The reader takes path and length
//! out, writes the entry anew and compares: what one tool would read otherwise than another cannot occur.

use ::tar::{EntryType, Header};

use super::BundleError;
use super::error::shown;

pub(super) const BLOCK: usize = 512;
/// 2004-01-10T13:37:04Z. Of an edition's files only the signed dates matter; GNU tar warns about 1970, FAT has no date
/// before 1980, and the octal digits of this one deflate to nothing.
const MODIFIED: u64 = 1 << 30;
const PAX_NAME: &[u8] = b"././@PaxHeader";
/// What eleven octal digits can hold; beyond, tools have several ways to spell a length.
const MOST_OCTAL: u64 = 1 << 33;
const NAME_BYTES: usize = 100;

/// An entry as a header member spells it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub path: String,
    pub length: u64,
}

/// The blocks that stand before a content of `length` bytes, behind one of `previous` bytes.
pub(super) fn header(previous: u64, path: &str, length: u64) -> Vec<u8> {
    let mut blocks = vec![0; padding(previous)];
    if path.len() > NAME_BYTES || !path.is_ascii() {
        let record = pax_record(path);
        blocks.extend(block(PAX_NAME, record.len() as u64, EntryType::XHeader));
        blocks.extend(&record);
        blocks.extend(vec![0; padding(record.len() as u64)]);
    }
    // Tools that know no pax header see the path cut short.
    let name = path.as_bytes();
    let name = name
        .get(..path.floor_char_boundary(NAME_BYTES))
        .unwrap_or(name);
    blocks.extend(block(name, length, EntryType::Regular));
    blocks
}

/// The end of the archive behind a content of `previous` bytes: two blocks of zeros.
pub(super) fn end(previous: u64) -> Vec<u8> {
    vec![0; padding(previous) + 2 * BLOCK]
}

fn padding(length: u64) -> usize {
    let over = usize::try_from(length % BLOCK as u64).expect("less than 512");
    (BLOCK - over) % BLOCK
}

fn block(name: &[u8], length: u64, kind: EntryType) -> [u8; BLOCK] {
    let mut header = Header::new_ustar();
    for (place, byte) in header.as_old_mut().name.iter_mut().zip(name) {
        *place = *byte;
    }
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(length);
    header.set_mtime(MODIFIED);
    header.set_entry_type(kind);
    header.set_cksum();
    *header.as_bytes()
}

/// `LENGTH path=PATH\n`, where the length counts its own digits too.
fn pax_record(path: &str) -> Vec<u8> {
    let rest = " path=\n".len() + path.len();
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    format!("{length} path={path}\n").into_bytes()
}

/// Reads what [`header`] writes for some length of the previous content, and nothing else. `at` is for the error.
pub(super) fn read(blocks: &[u8], at: u64) -> Result<Entry, BundleError> {
    let damaged = |why| BundleError::Damaged { at, why };
    let padding = blocks.len() % BLOCK;
    let (zeros, entry) = blocks.split_at(padding);
    if zeros.iter().any(|byte| *byte != 0) {
        return Err(damaged(
            "the filling behind the previous content is not of zeros",
        ));
    }
    let (before, last) = entry
        .split_last_chunk::<BLOCK>()
        .ok_or(damaged("a header member holds no tar header"))?;
    let last = sound(last, at)?;
    let path = match before.split_first_chunk::<BLOCK>() {
        None => name(last).to_vec(),
        Some((pax, record)) => path_in_pax(sound(pax, at)?, record, at)?,
    };
    let forbidden = |why| BundleError::Forbidden {
        path: shown(&path),
        why,
    };
    if let Some(why) = special(last.entry_type()) {
        return Err(forbidden(why));
    }
    let path = std::str::from_utf8(&path).map_err(|_| forbidden("its name is not UTF-8"))?;
    let length = last
        .entry_size()
        .ok()
        .filter(|length| *length < MOST_OCTAL)
        .ok_or(damaged("a tar header has no length in octal digits"))?;
    let written = header((BLOCK - padding) as u64, path, length);
    if written != blocks {
        return Err(damaged(
            "a tar header is written otherwise than bundles are",
        ));
    }
    Ok(Entry {
        path: path.to_owned(),
        length,
    })
}

fn sound(block: &[u8; BLOCK], at: u64) -> Result<&Header, BundleError> {
    let header = Header::from_byte_slice(block);
    let mut summed = header.clone();
    summed.set_cksum();
    match summed.cksum().ok() == header.cksum().ok() {
        true => Ok(header),
        false => Err(BundleError::Damaged {
            at,
            why: "the checksum of a tar header is wrong",
        }),
    }
}

fn name(header: &Header) -> &[u8] {
    let name = header.as_old().name.as_slice();
    name.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// The comparison with what we would write finds every other fault of the record.
fn path_in_pax(pax: &Header, record: &[u8], at: u64) -> Result<Vec<u8>, BundleError> {
    if pax.entry_type() != EntryType::XHeader {
        return Err(BundleError::Forbidden {
            path: shown(name(pax)),
            why: "a header member holds one entry only",
        });
    }
    let length = pax.entry_size().ok().and_then(|l| usize::try_from(l).ok());
    length
        .and_then(|length| record.get(..length))
        .and_then(|record| record.strip_suffix(b"\n"))
        .and_then(|record| {
            let equals = record.iter().position(|byte| *byte == b'=')?;
            record.get(equals + 1..)
        })
        .map(<[u8]>::to_vec)
        .ok_or(BundleError::Damaged {
            at,
            why: "a pax header is cut short",
        })
}

fn special(kind: EntryType) -> Option<&'static str> {
    match kind {
        EntryType::Regular => None,
        EntryType::Symlink => Some("it is a symbolic link"),
        EntryType::Link => Some("it is a hard link"),
        EntryType::Char | EntryType::Block => Some("it is a device"),
        EntryType::Directory => Some("it is a folder, and folders come from the paths of files"),
        _ => Some("it is no regular file"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(path: &str, edit: impl Fn(&mut Header)) -> Vec<u8> {
        let mut blocks = header(0, path, 5);
        let (_, last) = blocks
            .split_last_chunk_mut::<BLOCK>()
            .expect("one block at least");
        let mut changed = Header::from_byte_slice(last).clone();
        edit(&mut changed);
        changed.set_cksum();
        last.copy_from_slice(changed.as_bytes());
        blocks
    }

    #[test]
    fn entries_go_there_and_back() {
        let long = "навіны/".repeat(30);
        let paths = ["a", &"a".repeat(100), &"a".repeat(101), "я", &long];
        for previous in [0, 1, 511, 512, 513, u64::MAX] {
            for path in paths {
                let blocks = header(previous, path, 70_000);
                let entry = Entry {
                    path: path.to_owned(),
                    length: 70_000,
                };
                assert_eq!(read(&blocks, 0), Ok(entry), "{previous} {path}");
                assert!(
                    blocks.len() <= 2047
                        && previous
                            .wrapping_add(blocks.len() as u64)
                            .is_multiple_of(512)
                        || previous == u64::MAX
                );
            }
        }
    }

    #[test]
    fn a_pax_record_counts_its_own_digits() {
        assert_eq!(pax_record("я"), b"11 path=\xd1\x8f\n");
        for length in [1, 2, 90, 91, 92, 93, 990, 991, 992] {
            let record = pax_record(&"a".repeat(length));
            let digits = record
                .split(|b| *b == b' ')
                .next()
                .expect("one part at least");
            assert_eq!(
                std::str::from_utf8(digits),
                Ok(record.len().to_string().as_str())
            );
        }
    }

    #[test]
    fn what_is_no_regular_file_is_forbidden() {
        for kind in b"12345670SLKgxVM" {
            let blocks = edited("a", |h| h.set_entry_type(EntryType::new(*kind)));
            let refused = read(&blocks, 0);
            match kind {
                b'0' => assert!(refused.is_ok()),
                // Contiguous files are regular ones to most tools, but not written by us.
                _ => assert!(
                    matches!(refused, Err(BundleError::Forbidden { .. })),
                    "{kind}: {refused:?}"
                ),
            }
        }
    }

    #[test]
    fn a_header_written_otherwise_is_refused() {
        let edits: [&dyn Fn(&mut Header); 8] = [
            &|h| h.set_mode(0o755),
            &|h| h.set_uid(1),
            &|h| h.set_mtime(0),
            &|h| h.set_size(u64::MAX),
            &|h| h.as_old_mut().linkname[0] = b'x',
            &|h| h.as_old_mut().name[50] = b'x',
            &|h| h.as_mut_bytes()[345] = b'x',
            &|h| h.as_mut_bytes()[257] = b'x',
        ];
        assert!(read(&edited("a", |_| ()), 0).is_ok());
        for (index, edit) in edits.iter().enumerate() {
            for path in ["a", "я"] {
                let refused = read(&edited(path, edit), 0);
                assert!(
                    matches!(refused, Err(BundleError::Damaged { .. })),
                    "{index}: {refused:?}"
                );
            }
        }
    }

    #[test]
    fn a_second_entry_cannot_hide_in_a_header_member() {
        let two = [header(0, "a", 0), header(0, "b", 5)].concat();
        assert!(matches!(read(&two, 0), Err(BundleError::Forbidden { .. })));
        let mut linked = header(0, "я", 5);
        linked.splice(0..0, header(0, "я", 0));
        assert!(read(&linked, 0).is_err());
    }

    #[test]
    fn a_wrong_checksum_is_refused() {
        for path in ["a", "я"] {
            let mut blocks = header(0, path, 5);
            blocks[0] ^= 1;
            let why = "the checksum of a tar header is wrong";
            assert_eq!(read(&blocks, 7), Err(BundleError::Damaged { at: 7, why }));
        }
    }
}
