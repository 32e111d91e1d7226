//! Contradictions that were validly signed, kept for people to look at.
//!
//! `evidence/ROLE-VERSION-HASH.json`: two files that differ have different names, so that nothing is ever overwritten.

use std::path::Path;

use super::files::{self, FileError};
use crate::base::{Digest, MetadataName};

/// A thief of keys can sign as many as he likes; a disk has an end.
const KEPT_FILES: usize = 200;
const HASH_DIGITS: usize = 16;

/// Puts files of one role and version into `folder`, each once. When there are very many no more are kept.
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
    let mut room = KEPT_FILES.saturating_sub(files::list(folder)?.len());
    for content in contents {
        let hash: String = Digest::of(content)
            .to_string()
            .chars()
            .take(HASH_DIGITS)
            .collect();
        let place = folder.join(format!("{role}-{version}-{hash}.json"));
        if room > 0 && !files::exists(&place) {
            files::write_new(&place, content)?;
            room -= 1;
        }
    }
    Ok(())
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
    fn a_role_cannot_lead_out_of_the_folder() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let folder = place.path().join("evidence");
        keep(&folder, "../x", 1, [b"one", b"two"]).expect("nothing is written");
        assert!(!files::exists(&folder) && !files::exists(&place.path().join("x-1")));
    }
}
