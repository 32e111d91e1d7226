//! What an edition offers, ready to be answered with: one table from path to what and where.
//!
//! 1. Files of the site under their paths, metadata under `.colport/metadata/`, the bundle under `.colport/bundle/`, and
//!    beside it its other forms as they come. A site path never begins with `.colport`, so the three do not meet.
//! 2. For each, what does not depend on the request is found out once, when the edition goes live.
//! 3. Resources and answers hold slices of the bundle: as long as one is left, the bundle stays mapped, even when a
//!    newer edition took its place.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;

use super::super::seal::Listing;
use super::conditions::tag;
use super::kind::{self, Kind};
use crate::base::{Digest, EditionNumber, Hasher, SitePath};
use crate::bundle;
use crate::edition::Excerpt;

/// See the module. The default one is of a mirror that has no edition yet.
#[derive(Default)]
pub(crate) struct Catalogue {
    edition: Option<EditionNumber>,
    resources: Arc<HashMap<Box<str>, Resource>>,
    /// Other forms of the bundle.
    forms: BTreeMap<Box<str>, Resource>,
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
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    pub(super) kind: &'static Kind,
    form: Form,
    ground: Ground,
    digest: Digest,
    /// As the reader sees it.
    length: u64,
    /// As it lies in the bundle.
    packed: Bytes,
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
    Resource(&'a Resource),
    /// The path lacks its last `/`.
    Folder,
    Nothing,
}

impl Catalogue {
    pub(crate) fn of(edition: &Excerpt) -> Self {
        let listings = listings(edition);
        Self::listed(edition.number(), &listings, edition.bundle())
            .expect("an edition lies inside of its bundle")
    }

    /// `None` if a listing lies outside of the bundle, or is of nothing that can be shown.
    pub(in crate::server) fn listed<'a>(
        edition: EditionNumber,
        listings: impl IntoIterator<Item = &'a Listing>,
        bundle: &Bytes,
    ) -> Option<Self> {
        let mut resources = HashMap::new();
        for listing in listings {
            let start = usize::try_from(listing.offset).ok()?;
            let end = start.checked_add(usize::try_from(listing.packed_bytes).ok()?)?;
            if end > bundle.len() {
                return None;
            }
            let resource = Resource {
                kind: kind_of(&listing.path)?,
                form: if listing.is_stored {
                    Form::Stored
                } else {
                    Form::Deflated
                },
                ground: Ground::Firm,
                digest: listing.digest,
                length: listing.length,
                packed: bundle.slice(start..end),
            };
            let path = listing.path.as_str().into();
            resources.insert(path, resource);
        }
        let (path, whole) = whole(edition, &resources, bundle.clone());
        resources.insert(path, whole);
        Some(Self {
            edition: Some(edition),
            resources: resources.into(),
            forms: BTreeMap::new(),
        })
    }

    /// Of a bundle that lies in a place of others: what is sent is copied, verified once more, and then sent. The bundle
    /// itself is not offered.
    pub(crate) fn on_soft_ground(edition: &Excerpt) -> Self {
        let of = Self::of(edition);
        let mut resources = Arc::unwrap_or_clone(of.resources);
        resources.retain(|_, resource| resource.form != Form::Plain);
        for resource in resources.values_mut() {
            resource.ground = Ground::Soft;
        }
        Self {
            resources: resources.into(),
            ..of
        }
    }

    /// The same with another form of the edition's bundle beside it; `None` if it is not of this edition.
    pub(in crate::server) fn with_form(
        &self,
        edition: EditionNumber,
        name: &str,
        content: Bytes,
        digest: Digest,
    ) -> Option<Self> {
        let kind = match (
            name.ends_with(".zst"),
            name.starts_with(|c: char| c.is_ascii_digit()),
        ) {
            (true, _) => &kind::DENSE,
            (false, true) => &kind::BUNDLE,
            (false, false) => &kind::LATEST,
        };
        let mut forms = self.forms.clone();
        let path = format!("{BUNDLE}{name}");
        forms.insert(path.into(), plain(kind, digest, content));
        (self.edition == Some(edition)).then(|| Self {
            edition: self.edition,
            resources: Arc::clone(&self.resources),
            forms,
        })
    }

    /// The same with the bundle alone.
    pub(in crate::server) fn without_forms(&self) -> Self {
        Self {
            edition: self.edition,
            resources: Arc::clone(&self.resources),
            forms: BTreeMap::new(),
        }
    }

    /// `None` while there is nothing to serve.
    pub(crate) fn edition(&self) -> Option<EditionNumber> {
        self.edition
    }

    /// `path` is decoded and without its first `/`.
    pub(crate) fn find(&self, path: &str) -> Found<'_> {
        let is_folder = path.is_empty() || path.ends_with('/');
        if is_folder {
            return match self.resources.get(format!("{path}index.html").as_str()) {
                Some(resource) => Found::Resource(resource),
                None => Found::Nothing,
            };
        }
        match self.resources.get(path).or_else(|| self.forms.get(path)) {
            Some(resource) => Found::Resource(resource),
            None if self.is_folder(path) => Found::Folder,
            None => Found::Nothing,
        }
    }

    fn is_folder(&self, path: &str) -> bool {
        let index = format!("{path}/index.html");
        self.resources.contains_key(index.as_str())
    }
}

/// Everything in the edition that can be asked for, but for the bundle itself.
pub(in crate::server) fn listings(edition: &Excerpt) -> Vec<Listing> {
    let files = edition
        .files()
        .map(|(path, entry)| (path.as_str().to_owned(), entry));
    let metadata = edition
        .metadata()
        .map(|(name, entry)| (format!("{METADATA}{name}"), entry));
    let all = files.chain(metadata);
    all.map(|(path, entry)| Listing {
        path,
        is_stored: bundle::stored_runs(&edition.packed(entry)).is_some(),
        digest: entry.digest,
        length: entry.length,
        offset: entry.place().start,
        packed_bytes: entry.place().end - entry.place().start,
    })
    .collect()
}

const METADATA: &str = ".colport/metadata/";
const BUNDLE: &str = ".colport/bundle/";

/// The bundle itself. The digest of it would cost a second look at every byte, so its tag is made of what lies in it: two
/// bundles with the same could differ only in how deflate spelled a content in the very same number of bytes.
fn whole(
    edition: EditionNumber,
    resources: &HashMap<Box<str>, Resource>,
    bundle: Bytes,
) -> (Box<str>, Resource) {
    let mut resources: Vec<_> = resources.iter().collect();
    resources.sort_by_key(|(path, _)| *path);
    let mut hasher = Hasher::default();
    for (path, resource) in resources {
        hasher.update(&(path.len() as u64).to_be_bytes());
        hasher.update(path.as_bytes());
        hasher.update(resource.digest.as_bytes());
        hasher.update(&(resource.packed.len() as u64).to_be_bytes());
    }
    hasher.update(&(bundle.len() as u64).to_be_bytes());
    let path = format!("{BUNDLE}{edition}.tar.gz");
    (path.into(), plain(&kind::BUNDLE, hasher.finish(), bundle))
}

fn plain(kind: &'static Kind, digest: Digest, content: Bytes) -> Resource {
    Resource {
        kind,
        form: Form::Plain,
        ground: Ground::Firm,
        digest,
        length: content.len() as u64,
        packed: content,
    }
}

fn kind_of(path: &str) -> Option<&'static Kind> {
    match path.strip_prefix(METADATA) {
        Some("timestamp.json") => Some(&kind::TIMESTAMP),
        Some(_) => Some(&kind::VERSIONED_METADATA),
        None => SitePath::parse(path)
            .ok()
            .map(|path| kind::of_site_file(&path)),
    }
}

impl Resource {
    /// The representation's bytes, one run after the other. `None` if the bundle's file was changed under our feet.
    pub(crate) fn runs(&self, coding: Coding) -> Option<Vec<Bytes>> {
        if self.ground == Ground::Soft {
            return self.verified_again(coding);
        }
        match (self.form, coding) {
            (Form::Plain, _) | (_, Coding::Gzip) => Some(vec![self.packed.clone()]),
            (Form::Stored, Coding::Identity) => {
                let runs = bundle::stored_runs(&self.packed)?.into_iter();
                Some(runs.map(|run| self.packed.slice(run)).collect())
            }
            (Form::Deflated, Coding::Identity) => {
                let content = bundle::unpack(&self.packed, self.length).ok()?;
                Some(vec![content.into()])
            }
        }
    }

    fn verified_again(&self, coding: Coding) -> Option<Vec<Bytes>> {
        let copy = Bytes::copy_from_slice(&self.packed);
        let content = bundle::unpack(&copy, self.length).ok()?;
        if Digest::of(&content) != self.digest {
            return None;
        }
        Some(match coding {
            Coding::Gzip => vec![copy],
            Coding::Identity => vec![content.into()],
        })
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
    pub(crate) fn tag(&self, coding: Coding) -> HeaderValue {
        match coding {
            Coding::Identity => tag(&self.digest, None),
            Coding::Gzip => tag(&self.digest, Some(self.packed.len() as u64)),
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
            listings.push(Listing {
                path: (*path).to_owned(),
                is_stored: bundle::stored_runs(&packed).is_some(),
                digest: Digest::of(content),
                length: content.len() as u64,
                offset: bundle.len() as u64,
                packed_bytes: packed.len() as u64,
            });
            bundle.extend_from_slice(&packed);
        }
        Catalogue::listed(number, &listings, &bundle.into()).expect("good paths")
    }
}
