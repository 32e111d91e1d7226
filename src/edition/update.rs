//! What another edition lacks, as an update bundle.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::{Proof, VerifiedEdition};
use crate::base::{Digest, EditionNumber, MetadataName, SitePath};
use crate::bundle::{About, Kind, Writer};

/// What somebody has: an edition, known by its metadata alone.
#[derive(Debug, Clone)]
pub struct Holding {
    edition: EditionNumber,
    metadata: BTreeSet<MetadataName>,
    files: BTreeMap<SitePath, Digest>,
}

impl From<&Proof> for Holding {
    fn from(proof: &Proof) -> Self {
        let files = proof
            .files()
            .iter()
            .map(|(path, file)| (path.clone(), file.digest))
            .collect();
        Self {
            edition: proof.edition(),
            metadata: proof.names().into_iter().collect(),
            files,
        }
    }
}

impl Holding {
    pub fn edition(&self) -> EditionNumber {
        self.edition
    }

    fn has_metadata(&self, name: &MetadataName) -> bool {
        // The timestamp has one name in all its versions.
        *name != MetadataName::timestamp() && self.metadata.contains(name)
    }
}

/// The update that brings `base` to `new`: the metadata and files that `base` lacks, in the order of a full bundle.
/// The same two editions give the same bytes.
pub fn write_update<W: Write>(out: W, new: &VerifiedEdition, base: &Holding) -> io::Result<W> {
    let about = About {
        kind: Kind::Update { base: base.edition },
        edition: new.number(),
    };
    let mut writer = Writer::start(out, &about)?;
    for name in new
        .proof()
        .names()
        .iter()
        .filter(|name| !base.has_metadata(name))
    {
        let entry = new
            .metadata_file(name)
            .expect("a verified edition holds what its proof names");
        writer.metadata(name, &new.content(entry))?;
    }
    for (path, entry) in new.files() {
        if base.files.get(path) != Some(&entry.digest) {
            writer.file(path, entry.length, &new.packed(entry))?;
        }
    }
    writer.finish()
}
