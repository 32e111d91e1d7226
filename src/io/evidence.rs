//! Contradictions that were validly signed, kept for people to look at.
//!
//! `evidence/ROLE-VERSION-HASH.json`: two files that differ have different names, so that nothing is ever overwritten.

use std::collections::BTreeMap;
use std::path::Path;

use super::files::{self, FileError};
use crate::base::{Digest, MetadataName};

/// Where it lies in whatever folder remembers what a site signed.
pub const FOLDER: &str = "evidence";

/// A thief of keys can sign as many as he likes; a disk has an end.
const KEPT_FILES: usize = 200;
const KEPT_BYTES: u64 = 16 << 20;
const HASH_DIGITS: usize = 16;

/// Puts files of one role and version into `folder`, each once. What there is no room for is left out.
pub fn keep(
    folder: &Path,
    role: &str,
    version: u64,
    contents: [&[u8]; 2],
) -> Result<(), FileError> {
    // What cannot be a file's name was never on a mirror.
    if role != "timestamp" && MetadataName::versioned(role, version).is_none() {
        return Ok(());
    }
    files::create_folder(folder)?;
    let held = files::list(folder)?;
    let lengths = held.iter().map(|name| files::length(&folder.join(name)));
    let mut bytes = lengths.sum::<Result<u64, _>>()?;
    let mut room = KEPT_FILES.saturating_sub(held.len());
    for content in contents {
        let place = folder.join(name(role, version, content));
        let grown = bytes.saturating_add(content.len() as u64);
        if room > 0 && grown <= KEPT_BYTES && !files::exists(&place) {
            files::write_new(&place, content)?;
            (room, bytes) = (room - 1, grown);
        }
    }
    Ok(())
}

fn name(role: &str, version: u64, content: &[u8]) -> String {
    let hash = Digest::of(content).to_string();
    let hash: String = hash.chars().take(HASH_DIGITS).collect();
    format!("{role}-{version}-{hash}.json")
}

/// The hashes of what is kept in `folder`, by role and version. A file whose name does not fit its content was damaged,
/// or put there by somebody else, and is left out.
pub fn kept(folder: &Path) -> Result<BTreeMap<(String, u64), Vec<Digest>>, FileError> {
    let mut kept = BTreeMap::<_, Vec<_>>::new();
    if !files::is_folder(folder) {
        return Ok(kept);
    }
    for place in files::list(folder)? {
        let content = files::read(&folder.join(&place), KEPT_BYTES)?;
        if let Some((role, version)) = said(&place).filter(|(role, version)| {
            let name = name(role, *version, &content);
            place.as_os_str() == name.as_str()
        }) {
            let hashes = kept.entry((role, version)).or_default();
            hashes.push(Digest::of(&content));
        }
    }
    Ok(kept)
}

fn said(place: &Path) -> Option<(String, u64)> {
    let stem = place.to_str()?.strip_suffix(".json")?;
    let (rest, _) = stem.rsplit_once('-')?;
    let (role, version) = rest.rsplit_once('-')?;
    Some((role.to_owned(), version.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_kept_and_nothing_is_overwritten() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let folder = place.path().join("evidence");
        for other in [&b"two"[..], b"three", b"two"] {
            keep(&folder, "timestamp", 7, [b"one", other]).expect("room on the disk");
        }
        let kept = files::list(&folder).expect("the folder was made");
        let mut contents: Vec<_> = kept
            .iter()
            .map(|name| files::read(&folder.join(name), 10).expect("it was written"))
            .collect();
        contents.sort();
        assert_eq!(contents, [&b"one"[..], b"three", b"two"]);
        assert!(
            kept.iter()
                .all(|name| name.to_string_lossy().starts_with("timestamp-7-"))
        );
    }

    #[test]
    fn what_is_kept_is_told_by_role_and_version() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let folder = place.path().join("evidence");
        assert_eq!(kept(&folder).map(|kept| kept.len()).ok(), Some(0));
        keep(&folder, "be-2026-11", 3, [b"one", b"two"]).expect("room on the disk");
        files::write_new(&folder.join("be-2026-11-3-0123456789abcdef.json"), b"lie").expect("room");
        files::write_new(&folder.join("notes.txt"), b"of a person").expect("room");
        let mut told = kept(&folder).expect("it can be read");
        let mut hashes = told.remove(&("be-2026-11".into(), 3)).expect("two files");
        hashes.sort();
        let mut expected = [Digest::of(b"one"), Digest::of(b"two")];
        expected.sort();
        assert_eq!((hashes.as_slice(), told.len()), (&expected[..], 0));
    }

    #[test]
    fn there_is_an_end_to_what_is_kept() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let folder = place.path().join("evidence");
        let big = vec![b' '; 9 << 20];
        for number in 0..3_u8 {
            let other = [&big[..], &[number]].concat();
            keep(&folder, "be", 1, [&big, &other]).expect("room on the disk");
        }
        assert_eq!(files::list(&folder).map(|kept| kept.len()).ok(), Some(1));
        for number in 0..300_u32 {
            keep(&folder, "be", 2, [b"one", &number.to_le_bytes()]).expect("room on the disk");
        }
        let held = files::list(&folder).map(|kept| kept.len());
        assert_eq!(held.ok(), Some(KEPT_FILES));
    }

    #[test]
    fn a_role_cannot_lead_out_of_the_folder() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let folder = place.path().join("evidence");
        keep(&folder, "../x", 1, [b"one", b"two"]).expect("nothing is written");
        assert!(!files::exists(&folder) && !files::exists(&place.path().join("x-1")));
    }
}
