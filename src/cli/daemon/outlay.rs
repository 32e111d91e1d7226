//! What there is to tell a channel, as files in `sync/announce/CHANNEL`, for people and programs that tell it.
//!
//! | file | for |
//! | --- | --- |
//! | `text.txt`, `qr.svg`, `qr.txt` | people |
//! | `list.json`, `zone.txt` | programs |
//! | `bundle.tar.gz`, `bundle-text.tar.gz`, `bundle-light.tar.gz` | from hand to hand: the newest edition, with the channel's list beside it |
//!
//! A bundle is as large as the edition, and there is one for each channel: those over [`BUNDLE_BYTES`] are made only
//! when somebody asks for one (`colport sync --bundle-for`).

use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::base::Variant;
use crate::bundle::{self, ListFile};
use crate::io::files::{self, FileError};
use crate::packager::NewsroomFolder;
use crate::sync::daemon::{Announcement, Trouble};

const BUNDLE_BYTES: u64 = 64 << 20;
/// Of the newest edition, in the newsroom's folder and beside a channel's list.
const VARIANTS: [(Variant, &str); 3] = [
    (Variant::Full, "bundle.tar.gz"),
    (Variant::Light, "bundle-light.tar.gz"),
    (Variant::Text, "bundle-text.tar.gz"),
];

/// Where it lies for a channel.
pub(in crate::cli) fn folder_of(
    folder: &NewsroomFolder,
    channel: &str,
) -> Result<PathBuf, Trouble> {
    let sync = folder.sync_folder().map_err(trouble)?;
    Ok(sync.join("announce").join(channel))
}

/// The files of a channel, each whole or as it was. To be called where one may wait for a disk.
pub(super) fn lay_out(
    folder: &NewsroomFolder,
    announcement: &Announcement,
    dns: Option<&str>,
) -> Result<(), Trouble> {
    let place = folder_of(folder, &announcement.channel)?;
    files::create_private_folder(&place).map_err(trouble)?;
    let mut laid = vec![
        ("text.txt", announcement.text.clone().into_bytes()),
        ("qr.svg", announcement.qr_svg.clone().into_bytes()),
        ("qr.txt", announcement.qr_terminal.clone().into_bytes()),
        ("list.json", announcement.list.clone()),
    ];
    if let Some(name) = dns {
        laid.push(("zone.txt", announcement.zone(name).into_bytes()));
    }
    for (name, bytes) in laid {
        files::write_private(&place.join(name), &bytes).map_err(trouble)?;
    }
    let list: Bytes = announcement.list.clone().into();
    for (variant, name) in VARIANTS {
        let place = place.join(name);
        match source(folder, variant)? {
            Some((_, length)) if length > BUNDLE_BYTES => forget(&place)?,
            Some((from, _)) => write(&from, &place, &announcement.name, &list)?,
            None => forget(&place)?,
        }
    }
    Ok(())
}

/// The newest edition's bundle and its length, if there is one of this variant.
pub(in crate::cli) fn source(
    folder: &NewsroomFolder,
    variant: Variant,
) -> Result<Option<(PathBuf, u64)>, Trouble> {
    let kept = folder.kept().map_err(trouble)?;
    let Some(newest) = kept.last() else {
        return Ok(None);
    };
    let from = match variant {
        Variant::Full => folder.bundle(*newest),
        Variant::Light | Variant::Text => folder.small_bundle(*newest, variant),
    };
    match files::length(&from) {
        Ok(length) => Ok(Some((from, length))),
        Err(FileError::NotFound(_)) => Ok(None),
        Err(error) => Err(trouble(error)),
    }
}

/// The bundle with a list beside its edition.
pub(in crate::cli) fn write(
    from: &Path,
    to: &Path,
    name: &str,
    list: &Bytes,
) -> Result<(), Trouble> {
    let name = ListFile::parse(name).ok_or_else(|| trouble("the list has no name"))?;
    let bundle = files::map(from).map_err(trouble)?;
    let carrying = bundle::carry(Vec::new(), bundle, &[(name, list.clone())]);
    files::write_private(to, &carrying.map_err(trouble)?).map_err(trouble)
}

fn forget(place: &Path) -> Result<(), Trouble> {
    match files::remove(place) {
        Ok(()) | Err(FileError::NotFound(_)) => Ok(()),
        Err(error) => Err(trouble(error)),
    }
}

fn trouble(error: impl std::fmt::Display) -> Trouble {
    Trouble(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{About, Kind, Writer, contents};

    #[test]
    fn the_newest_edition_lies_there_with_the_list_of_the_channel() {
        let folder = tempfile::tempdir().unwrap();
        let newsroom = NewsroomFolder::at(folder.path());
        let about = |edition| About {
            kind: Kind::Full,
            edition,
        };
        let bundle = |edition| {
            let writer = Writer::start(Vec::new(), &about(edition)).unwrap();
            writer.finish().unwrap()
        };
        files::create_folder(&folder.path().join("editions")).unwrap();
        let put = |name: &str, bytes: Vec<u8>| {
            files::write(&folder.path().join("editions").join(name), &bytes).unwrap();
        };
        put("1.tar.gz", bundle(1));
        put("1-text.tar.gz", bundle(1));
        let announcement = Announcement {
            channel: "letter".into(),
            version: 4,
            addresses: Vec::new(),
            text: "text".into(),
            qr_svg: "<svg/>".into(),
            qr_terminal: "#".into(),
            name: "0a".repeat(16),
            list: b"{}".to_vec(),
            txt: Vec::new(),
        };
        let laid = || {
            lay_out(&newsroom, &announcement, None).unwrap();
            let place = folder_of(&newsroom, "letter").unwrap();
            VARIANTS.map(|(_, name)| files::read(&place.join(name), 1 << 20).ok())
        };
        let [full, light, text] = laid();
        assert!(light.is_none(), "the newsroom makes none");
        for carrying in [full.as_ref().unwrap(), &text.unwrap()] {
            let members = contents(carrying).unwrap();
            let (name, _) = members.last().unwrap();
            assert_eq!(
                name.to_string(),
                format!(".colport/lists/{}.json", "0a".repeat(16))
            );
        }
        // The next edition takes its place; a small copy of it is not made yet.
        put("2.tar.gz", bundle(2));
        let [next, _, text] = laid();
        assert!(next.is_some() && next != full);
        assert_eq!(text, None, "one of an older edition is handed on no more");
    }
}
