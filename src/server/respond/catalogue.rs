//! What an edition offers, ready to be answered with: one table from path to what and where.
//!
//! 1. Files of the site under their paths, metadata under `.colport/metadata/`, the bundle under `.colport/bundle/`, and
//!    beside it its other forms as they come. A site path never begins with `.colport`, so the three do not meet.
//! 2. The table may lie in a file ([`Index`]): an edition takes no memory by what is in it.
//! 3. The catalogue and answers hold slices of the bundle: as long as one is left, the bundle stays mapped, even when a
//!    newer edition took its place.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::super::index::{self, Index, Listing, Place};
use super::budget::{UNPACKED, hold};
use super::conditions::{self, Tag};
use crate::base::{Digest, EditionNumber, SitePath};
use crate::bundle;
use crate::edition::Excerpt;
use crate::site::Picture;
use crate::site::kind::{self, Kind};

/// See the module. The default one is of a mirror that has no edition yet.
#[derive(Default)]
pub(crate) struct Catalogue {
    shown: Option<Shown>,
}

#[derive(Clone)]
struct Shown {
    index: Index,
    ground: Ground,
    bundle: Bytes,
    /// The bundle itself and other forms of it.
    forms: BTreeMap<Box<str>, Whole>,
}

/// A file that is offered as it lies there.
#[derive(Clone)]
struct Whole {
    kind: &'static Kind,
    digest: Digest,
    content: Bytes,
}

/// Whether the bundle's bytes can change after they were verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ground {
    /// A file of our own, which only we replace.
    Firm,
    /// A stranger's: a stick, a share.
    Soft,
}

/// Something that can be asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resource<'a> {
    pub(super) kind: &'static Kind,
    form: Form,
    ground: Ground,
    digest: Digest,
    /// As the reader sees it.
    length: u64,
    /// As it lies in `file`.
    packed: &'a [u8],
    /// The bundle, or another form of it.
    file: &'a Bytes,
}

/// Bytes of a file that are only held while the catalogue is. To keep a hold of the file is to count on all processors who
/// has one, which costs more than the rest of an answer that is sent at once.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct AtHand<'a> {
    bytes: &'a [u8],
    file: &'a Bytes,
}

impl<'a> AtHand<'a> {
    pub(in crate::server) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Those from `start` on, for longer.
    pub(in crate::server) fn kept_from(&self, start: usize) -> Bytes {
        self.file
            .slice_ref(self.bytes.get(start..).unwrap_or_default())
    }
}

/// How a resource lies in the bundle, and so in which forms it can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A gzip member: sent as it is, or inflated.
    Deflated,
    /// A gzip member of stored blocks: its content is sent as it is. The gzip form would only be longer.
    Stored,
    /// No gzip member but the bundle itself.
    Plain,
}

/// The form of a resource that is to be sent (RFC 9110 section 3.2: a representation).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    Gzip,
}

/// What lies at a path.
pub(crate) enum Found<'a> {
    Resource(Resource<'a>),
    /// The path lacks its last `/`.
    Folder,
    Nothing,
}

impl Catalogue {
    /// With a table in memory.
    pub(crate) fn of(edition: &Excerpt) -> Self {
        let bundle = edition.bundle().clone();
        let table = index::write(edition.number(), listings(edition), bundle.len() as u64);
        let index = Index::read(table.into(), bundle.len() as u64);
        Self::indexed(index.expect("an edition lies inside of its bundle"), bundle)
    }

    /// `index` is of this very `bundle`.
    pub(in crate::server) fn indexed(index: Index, bundle: Bytes) -> Self {
        let mut shown = Shown {
            index,
            ground: Ground::Firm,
            bundle,
            forms: BTreeMap::new(),
        };
        shown.offer_bundle();
        Self { shown: Some(shown) }
    }

    /// Of a bundle that lies in a place of others: what is sent is copied, verified once more, and then sent. The bundle
    /// itself is not offered.
    pub(crate) fn on_soft_ground(edition: &Excerpt) -> Self {
        let mut catalogue = Self::of(edition);
        if let Some(shown) = &mut catalogue.shown {
            shown.ground = Ground::Soft;
            shown.forms.clear();
        }
        catalogue
    }

    /// The same with another form of the edition's bundle beside it; `None` if it is not of this edition.
    pub(in crate::server) fn with_form(
        &self,
        edition: EditionNumber,
        name: &str,
        content: Bytes,
        digest: Digest,
    ) -> Option<Self> {
        let path = format!("{BUNDLE}{name}");
        let kind = kind::of_mirror_file(&path)?;
        let mut shown = self.shown.clone()?;
        shown.forms.insert(
            path.into(),
            Whole {
                kind,
                digest,
                content,
            },
        );
        (shown.index.edition() == edition).then_some(Self { shown: Some(shown) })
    }

    /// The same with the bundle alone.
    pub(in crate::server) fn without_forms(&self) -> Self {
        let mut shown = self.shown.clone();
        if let Some(shown) = &mut shown {
            shown.forms.clear();
            shown.offer_bundle();
        }
        Self { shown }
    }

    /// `None` while there is nothing to serve.
    pub(crate) fn edition(&self) -> Option<EditionNumber> {
        self.shown.as_ref().map(|shown| shown.index.edition())
    }

    /// `path` is decoded and without its first `/`.
    pub(crate) fn find(&self, path: &str) -> Found<'_> {
        let Some(shown) = &self.shown else {
            return Found::Nothing;
        };
        let is_folder = path.is_empty() || path.ends_with('/');
        let found = match is_folder {
            true => shown.resource(&format!("{path}index.html")),
            false => shown.resource(path),
        };
        match found.or_else(|| shown.small(path)) {
            Some(resource) => Found::Resource(resource),
            None if !is_folder && shown.has(&format!("{path}/index.html")) => Found::Folder,
            None => Found::Nothing,
        }
    }
}

impl Shown {
    fn offer_bundle(&mut self) {
        let path = format!("{BUNDLE}{}.tar.gz", self.index.edition());
        let whole = Whole {
            kind: &kind::BUNDLE,
            digest: self.index.tag(),
            content: self.bundle.clone(),
        };
        self.forms.insert(path.into(), whole);
    }

    fn has(&self, path: &str) -> bool {
        self.index.find(path).is_some()
    }

    fn resource(&self, path: &str) -> Option<Resource<'_>> {
        match self.index.find(path) {
            Some(place) => self.member(path, &place),
            None => self.forms.get(path).map(Whole::resource),
        }
    }

    /// Of a picture that is left out of a light copy, the small one that it has. Pages are the same in all copies, and a wide
    /// screen asks for the full one.
    fn small(&self, path: &str) -> Option<Resource<'_>> {
        let full = SitePath::parse(path).ok()?;
        self.resource(Picture::small_place(&full)?.as_str())
    }

    fn member(&self, path: &str, place: &Place) -> Option<Resource<'_>> {
        let start = usize::try_from(place.offset).ok()?;
        let end = start.checked_add(usize::try_from(place.packed_bytes).ok()?)?;
        let packed = self.bundle.get(start..end)?;
        Some(Resource {
            kind: kind_of(path)?,
            form: match place.is_stored {
                true => Form::Stored,
                false => Form::Deflated,
            },
            ground: self.ground,
            digest: place.digest,
            length: place.length,
            packed,
            file: &self.bundle,
        })
    }
}

/// Site paths in an index were parsed when it was written.
fn kind_of(path: &str) -> Option<&'static Kind> {
    match path.starts_with(".colport/") {
        true => kind::of_mirror_file(path),
        false => Some(kind::of_site_file(path)),
    }
}

/// Everything in the edition that can be asked for, but for the bundle itself.
pub(in crate::server) fn listings(edition: &Excerpt) -> Vec<Listing<'_>> {
    let files = edition
        .files()
        .map(|(path, entry)| (path.as_str().into(), entry));
    let metadata = edition
        .metadata()
        .map(|(name, entry)| (format!("{}{name}", kind::METADATA).into(), entry));
    let all = files.chain(metadata);
    all.map(|(path, entry)| Listing {
        path,
        place: Place {
            is_stored: bundle::stored_runs(&edition.packed(entry)).is_some(),
            digest: entry.digest,
            length: entry.length,
            offset: entry.place().start,
            packed_bytes: entry.place().end - entry.place().start,
        },
    })
    .collect()
}

const BUNDLE: &str = ".colport/bundle/";

impl Whole {
    fn resource(&self) -> Resource<'_> {
        Resource {
            kind: self.kind,
            form: Form::Plain,
            ground: Ground::Firm,
            digest: self.digest,
            length: self.content.len() as u64,
            packed: &self.content,
            file: &self.content,
        }
    }
}

/// Why there are no bytes to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsendable {
    /// The bundle's file was changed under our feet.
    Damaged,
    /// Others are sent so much already that had to be unpacked for them.
    TooMuch,
}

impl<'a> Resource<'a> {
    /// The representation's bytes, one run after the other. What must be unpacked for that is reckoned to `who`.
    pub(crate) fn runs(&self, coding: Coding, who: Option<u64>) -> Result<Vec<Bytes>, Unsendable> {
        if self.ground == Ground::Soft {
            return self.verified_again(coding, who);
        }
        match (self.form, coding) {
            (Form::Plain, _) | (_, Coding::Gzip) => Ok(vec![self.file.slice_ref(self.packed)]),
            (Form::Stored, Coding::Identity) => {
                let packed = self.file.slice_ref(self.packed);
                let runs = bundle::stored_runs(self.packed).ok_or(Unsendable::Damaged)?;
                Ok(runs.into_iter().map(|run| packed.slice(run)).collect())
            }
            (Form::Deflated, Coding::Identity) => {
                let content = hold(&UNPACKED, who, self.length, || {
                    bundle::unpack(self.packed, self.length).map_err(|_| Unsendable::Damaged)
                });
                Ok(vec![content.ok_or(Unsendable::TooMuch)??])
            }
        }
    }

    /// The same, if they lie in one piece and nothing is to be done for them.
    pub(in crate::server) fn at_hand(&self, coding: Coding) -> Option<AtHand<'a>> {
        let bytes = match (self.ground, self.form, coding) {
            (Ground::Firm, Form::Deflated, Coding::Gzip) => self.packed,
            (Ground::Firm, Form::Stored, Coding::Identity) => {
                match bundle::stored_runs(self.packed)?.as_slice() {
                    [run] => self.packed.get(run.clone())?,
                    _ => return None,
                }
            }
            _ => return None,
        };
        Some(AtHand {
            bytes,
            file: self.file,
        })
    }

    fn verified_again(&self, coding: Coding, who: Option<u64>) -> Result<Vec<Bytes>, Unsendable> {
        let bytes = self.length + self.packed.len() as u64;
        let verified = hold(&UNPACKED, who, bytes, || {
            let copy = self.packed.to_vec();
            let content = bundle::unpack(&copy, self.length).map_err(|_| Unsendable::Damaged)?;
            match (Digest::of(&content) == self.digest, coding) {
                (false, _) => Err(Unsendable::Damaged),
                (true, Coding::Gzip) => Ok(copy),
                (true, Coding::Identity) => Ok(content),
            }
        });
        Ok(vec![verified.ok_or(Unsendable::TooMuch)??])
    }

    /// Whether which form is sent depends on what the client accepts.
    pub(crate) fn varies(&self) -> bool {
        self.form == Form::Deflated
    }

    /// In bytes as sent.
    pub(crate) fn length(&self, coding: Coding) -> u64 {
        match coding {
            Coding::Identity => self.length,
            Coding::Gzip => self.packed.len() as u64,
        }
    }

    /// A strong entity tag.
    pub(crate) fn tag(&self, coding: Coding) -> Tag {
        match coding {
            Coding::Identity => conditions::tag(&self.digest, None),
            Coding::Gzip => conditions::tag(&self.digest, Some(self.packed.len() as u64)),
        }
    }
}

#[cfg(test)]
pub(in crate::server) mod simulated {
    //! A catalogue without an edition: gzip members one behind the other.

    use super::*;
    use crate::bundle::{Effort, pack};

    /// Of `(path, content)`. What lies below `.colport/` is taken for metadata.
    pub(crate) fn catalogue(number: EditionNumber, files: &[(&str, &[u8])]) -> Catalogue {
        let (mut bundle, mut listings) = (Vec::new(), Vec::new());
        for (path, content) in files {
            let packed = pack(content, Effort::Quick);
            let place = Place {
                is_stored: bundle::stored_runs(&packed).is_some(),
                digest: Digest::of(content),
                length: content.len() as u64,
                offset: bundle.len() as u64,
                packed_bytes: packed.len() as u64,
            };
            listings.push(Listing {
                path: (*path).into(),
                place,
            });
            bundle.extend_from_slice(&packed);
        }
        let table = index::write(number, listings, bundle.len() as u64);
        let index = Index::read(table.into(), bundle.len() as u64);
        Catalogue::indexed(index.expect("it lies inside"), bundle.into())
    }
}
