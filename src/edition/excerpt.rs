//! Bundles of one edition that lack pictures, for narrow lines and small sticks.

use std::io::{self, Write};

use super::VerifiedEdition;
use crate::base::{SitePath, Variant};
use crate::bundle::{About, Kind, Writer};
use crate::site::LIGHT_BYTES;

/// What a bundle of less than an edition may lack: pictures, and nothing else.
pub(super) fn is_picture(path: &SitePath) -> bool {
    path.as_str().ends_with(".webp")
}

impl Variant {
    /// Whether a file of an edition must be there.
    pub fn holds(self, path: &SitePath, length: u64) -> bool {
        match self {
            Self::Full => true,
            Self::Light => !is_picture(path) || length <= LIGHT_BYTES,
            Self::Text => !is_picture(path),
        }
    }
}

/// The bundle of a variant: nothing is packed again. The same edition gives the same bytes.
pub fn write_excerpt<W: Write>(
    out: W,
    edition: &VerifiedEdition,
    variant: Variant,
) -> io::Result<W> {
    let about = About {
        kind: match variant {
            Variant::Full => Kind::Full,
            Variant::Light | Variant::Text => Kind::Excerpt,
        },
        edition: edition.number(),
    };
    let mut writer = Writer::start(out, &about)?;
    for name in edition.proof().names() {
        let entry = edition
            .metadata_file(&name)
            .expect("a verified edition holds what its proof names");
        writer.packed_metadata(&name, entry.length, &edition.packed(entry))?;
    }
    let held = edition.files_behind();
    for (header, path, entry) in held.filter(|(_, path, entry)| variant.holds(path, entry.length)) {
        writer.file_behind(header, path, entry.length, &edition.packed(entry))?;
    }
    writer.finish()
}
