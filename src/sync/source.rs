//! What a mirror shall have: an edition as it is laid out on every host, each file with its digest.
//!
//! ```text
//! be/2026/11/river/index.html      a file of the site, as the reader sees it
//! .colport/bundle/12.tar.gz        the whole edition
//! .colport/bundle/11-12.tar.gz     for readers who have edition 11
//! .colport/bundle/12.zst           both in the dense form, which readers ask for first
//! .colport/bundle/11-12.zst
//! .colport/bundle/text.tar.gz      a small copy, if the newsroom makes any; and its dense forms, as above with `-text`
//! .colport/metadata/1.root.json    … 12.snapshot.json, and timestamp.json last
//! .colport/lists/0a….json          the sealed list of each channel that knows the mirror
//! ```

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use bytes::Bytes;

use crate::base::{Digest, EditionNumber, MetadataName, SitePath};
use crate::edition::{Entry, Holding, VerifiedEdition, write_update};
use crate::io::address::{BundleFile, BundleName, Form};
use crate::io::store::Body;
use crate::site::kind;
use crate::trust::{Expiry, Refresh};

/// One file on a mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Below the mirror's root, with `/` between segments.
    pub path: String,
    pub stage: Stage,
    pub length: u64,
    pub digest: Digest,
}

/// When a file is put: a reader who comes in between must find the last edition whole, or the new one. So nothing is
/// named before it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    File,
    /// The newest edition without pictures or with small ones, at an address that stays. A page of the site leads there, so
    /// every host has it.
    SmallCopy,
    Bundle,
    /// Of a channel's mirrors.
    List,
    /// Of delegated roles.
    Delegated,
    Root,
    Targets,
    Snapshot,
    Timestamp,
}

impl Stage {
    fn of(name: &MetadataName) -> Self {
        match name.role() {
            "root" => Self::Root,
            "targets" => Self::Targets,
            "snapshot" => Self::Snapshot,
            "timestamp" => Self::Timestamp,
            _ => Self::Delegated,
        }
    }
}

/// An edition with everything that belongs to it on a mirror.
#[derive(Debug, Clone)]
pub struct Source {
    edition: Arc<VerifiedEdition>,
    earlier: Vec<Arc<VerifiedEdition>>,
    items: BTreeMap<String, (Item, Origin)>,
}

#[derive(Debug, Clone)]
enum Origin {
    Entry(Entry),
    Bundle(Bytes),
}

impl Origin {
    /// Whether the file is a page or the like of which the bundle has a smaller form. Metadata and bundles stay as they
    /// are, since what fetches them counts bytes.
    fn is_packed(&self, path: &str) -> bool {
        match self {
            Self::Entry(entry) => {
                let is_smaller = packed_length(*entry) < entry.length / 10 * 9;
                is_smaller && !path.starts_with(OWN)
            }
            Self::Bundle(_) => false,
        }
    }
}

const OWN: &str = ".colport/";

fn packed_length(entry: Entry) -> u64 {
    let place = entry.place();
    place.end - place.start
}

fn body(path: &str, bytes: Bytes, is_gzip: bool) -> Body {
    let kind = kind::of_mirror_file(path);
    Body {
        bytes,
        content_type: kind.map_or("application/octet-stream", |kind| kind.content_type),
        cache_control: kind.map_or("no-cache", |kind| kind.lifetime.cache_control()),
        is_gzip,
    }
}

impl Source {
    /// `earlier`: editions of the same newsroom that readers and mirrors may still have. From each of them an update is
    /// made.
    pub fn new(
        edition: Arc<VerifiedEdition>,
        earlier: Vec<Arc<VerifiedEdition>>,
    ) -> io::Result<Self> {
        let number = edition.number();
        let earlier: Vec<_> = earlier
            .into_iter()
            .filter(|earlier| earlier.number() < number)
            .collect();
        let mut updates = BTreeMap::new();
        for base in &earlier {
            let update = write_update(Vec::new(), &edition, &Holding::from(base.proof()))?;
            updates.insert(base.number(), Bytes::from(update));
        }
        let items = items(&edition, &updates);
        Ok(Self {
            edition,
            earlier,
            items,
        })
    }

    /// With other forms of its bundles, which stand beside the full one and its updates.
    pub fn with_forms(mut self, forms: impl IntoIterator<Item = (BundleFile, Bytes)>) -> Self {
        for (name, bytes) in forms {
            let item = bundle_item(&name, &bytes);
            let origin = Origin::Bundle(bytes);
            self.items.insert(item.path.clone(), (item, origin));
        }
        self
    }

    /// With the sealed lists of channels, each by its name, for one mirror.
    pub fn with_lists(&self, lists: impl IntoIterator<Item = (String, Bytes)>) -> Self {
        let mut with = self.clone();
        for (name, bytes) in lists {
            let item = Item {
                path: format!(".colport/lists/{name}.json"),
                stage: Stage::List,
                length: bytes.len() as u64,
                digest: Digest::of(&bytes),
            };
            let origin = Origin::Bundle(bytes);
            with.items.insert(item.path.clone(), (item, origin));
        }
        with
    }

    pub fn edition(&self) -> &Arc<VerifiedEdition> {
        &self.edition
    }

    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.values().map(|(item, _)| item)
    }

    /// What is put at `path`: on a host that `says_encoding`, a page goes as the gzip member that the bundle has of it.
    pub fn body(&self, path: &str, says_encoding: bool) -> Option<Body> {
        let (_, origin) = self.items.get(path)?;
        let is_gzip = says_encoding && origin.is_packed(path);
        Some(match origin {
            Origin::Entry(entry) if is_gzip => body(path, self.edition.packed(*entry), true),
            Origin::Entry(entry) => body(path, self.edition.content(*entry), false),
            Origin::Bundle(bytes) => body(path, bytes.clone(), false),
        })
    }

    /// How long the [`Source::body`] is.
    pub fn stored_length(&self, path: &str, says_encoding: bool) -> Option<u64> {
        let (item, origin) = self.items.get(path)?;
        Some(match origin {
            Origin::Entry(entry) if says_encoding && origin.is_packed(path) => {
                packed_length(*entry)
            }
            _ => item.length,
        })
    }

    /// What earlier editions had at `path`, in the forms in which we may have put it there.
    pub fn past(&self, path: &str, says_encoding: bool) -> Vec<(Digest, Body)> {
        let Ok(site_path) = SitePath::parse(path) else {
            return Vec::new();
        };
        let past = self.earlier.iter().filter_map(|edition| {
            let entry = edition.file(&site_path)?;
            let is_gzip = says_encoding && Origin::Entry(entry).is_packed(path);
            let bytes = match is_gzip {
                true => edition.packed(entry),
                false => edition.content(entry),
            };
            Some((entry.digest, body(path, bytes, is_gzip)))
        });
        past.collect()
    }

    /// What is at `path` on a mirror that shows edition `number`, as far as that was signed.
    pub fn promised(&self, number: EditionNumber, path: &str) -> Option<Digest> {
        let mut editions = std::iter::once(&self.edition).chain(&self.earlier);
        let edition = editions.find(|edition| edition.number() == number)?;
        let entry = match path.strip_prefix(kind::METADATA) {
            Some(name) => edition.metadata_file(&MetadataName::parse(name)?)?,
            None => edition.file(&SitePath::parse(path).ok()?)?,
        };
        Some(entry.digest)
    }

    /// The bytes to be put at `path`.
    pub fn content(&self, path: &str) -> Option<Bytes> {
        let (_, origin) = self.items.get(path)?;
        Some(match origin {
            Origin::Entry(entry) => self.edition.content(*entry),
            Origin::Bundle(bytes) => bytes.clone(),
        })
    }

    /// The bundle in the forms in which it can be sent, the smaller first.
    pub fn forms(&self, bundle: BundleName) -> Vec<(Form, Bytes)> {
        let form = |file: BundleFile| {
            let bytes = self.content(&bundle_path(&file))?;
            Some((file.form, bytes))
        };
        let mut forms: Vec<_> = [bundle.dense(), bundle.plain()]
            .into_iter()
            .filter_map(form)
            .collect();
        forms.sort_by_key(|(_, bytes)| bytes.len());
        forms
    }

    /// The number of the edition, this or an earlier one, that has this very timestamp.
    pub fn edition_of_timestamp(&self, timestamp: &[u8]) -> Option<EditionNumber> {
        let digest = Digest::of(timestamp);
        let editions = std::iter::once(&self.edition).chain(&self.earlier);
        editions
            .filter(|edition| timestamp_of(edition).is_some_and(|entry| entry.digest == digest))
            .map(|edition| edition.number())
            .next()
    }

    /// The number of a newer edition, if that is what this timestamp is of: a mirror that shows it must not go back. One
    /// that our keys did not sign says nothing.
    pub fn newer_edition(&self, timestamp: &Bytes) -> Option<EditionNumber> {
        let edition = &self.edition;
        let now = edition.issued().unwrap_or_default();
        let mut refresh = Refresh::new(edition.remembered(), now, Expiry::Report).ok()?;
        while let Some(want) = refresh.wants().filter(|_| refresh.sighting().is_none()) {
            let is_timestamp = want.role == "timestamp";
            refresh.give(is_timestamp.then(|| timestamp.clone())).ok()?;
        }
        let seen = refresh.sighting()?.edition();
        (seen > edition.number()).then_some(seen)
    }

    /// Files of earlier editions that are no longer there, with the contents that we may have put.
    pub fn withdrawn(&self) -> BTreeMap<String, Vec<Digest>> {
        let mut withdrawn: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (path, entry) in self.earlier.iter().flat_map(|earlier| earlier.files()) {
            if self.edition.file(path).is_none() {
                withdrawn
                    .entry(path.to_string())
                    .or_default()
                    .push(entry.digest);
            }
        }
        withdrawn
    }

    /// A page by which to see that a mirror shows the edition.
    pub fn sample(&self) -> Option<(&SitePath, Bytes)> {
        let home = SitePath::parse("index.html").ok()?;
        let mut files = self.edition.files();
        let home = self.edition.files().find(|(path, _)| **path == home);
        let (path, entry) = home.or_else(|| files.next())?;
        Some((path, self.edition.content(entry)))
    }

    pub fn timestamp(&self) -> Option<Bytes> {
        timestamp_of(&self.edition).map(|entry| self.edition.content(entry))
    }
}

fn timestamp_of(edition: &VerifiedEdition) -> Option<Entry> {
    edition.metadata_file(&MetadataName::timestamp())
}

fn bundle_path(name: &BundleFile) -> String {
    format!(".colport/bundle/{}", name.shown())
}

fn bundle_item(name: &BundleFile, bytes: &Bytes) -> Item {
    Item {
        path: bundle_path(name),
        stage: match (name.bundle, name.form) {
            (BundleName::Small(..), Form::Plain) => Stage::SmallCopy,
            _ => Stage::Bundle,
        },
        length: bytes.len() as u64,
        digest: Digest::of(bytes),
    }
}

fn items(
    edition: &VerifiedEdition,
    updates: &BTreeMap<EditionNumber, Bytes>,
) -> BTreeMap<String, (Item, Origin)> {
    let entry = |path: String, stage, entry: Entry| {
        let item = Item {
            path,
            stage,
            length: entry.length,
            digest: entry.digest,
        };
        (item, Origin::Entry(entry))
    };
    let number = edition.number();
    let files = edition.files();
    let files = files.map(|(path, file)| entry(path.to_string(), Stage::File, file));
    let metadata = edition
        .metadata()
        .map(|(name, file)| entry(format!(".colport/metadata/{name}"), Stage::of(name), file));
    let full = (BundleName::Full(number), edition.bundle());
    let updates = updates.iter().map(|(base, bytes)| {
        let base = *base;
        (
            BundleName::Update {
                base,
                edition: number,
            },
            bytes,
        )
    });
    let bundles = std::iter::once(full).chain(updates).map(|(name, bytes)| {
        (
            bundle_item(&name.plain(), bytes),
            Origin::Bundle(bytes.clone()),
        )
    });
    let all = files.chain(bundles).chain(metadata);
    all.map(|(item, origin)| (item.path.clone(), (item, origin)))
        .collect()
}
