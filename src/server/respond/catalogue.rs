//! What an edition offers, ready to be answered with: one table from path to what and where.
//!
//! 1. Files of the site under their paths, metadata under `.colport/metadata/`, the bundle under `.colport/bundle/`.
//!    A site path never begins with `.colport`, so the three do not meet.
//! 2. For each, what does not depend on the request is found out once, when the edition goes live.
//! 3. A catalogue holds the bundle: as long as an answer holds bytes of it, the bundle stays mapped, even when a newer
//!    edition took its place.

use std::collections::HashMap;

use bytes::Bytes;
use http::HeaderValue;

use super::conditions::tag;
use super::kind::{self, Kind};
use crate::base::{Digest, EditionNumber, Hasher};
use crate::bundle;
use crate::edition::{Entry, VerifiedEdition};

/// See the module. The default one is of a mirror that has no edition yet.
#[derive(Default)]
pub struct Catalogue {
    edition: Option<EditionNumber>,
    bundle: Bytes,
    resources: HashMap<Box<str>, Resource>,
}

/// Something that can be asked for.
#[derive(Debug, Clone)]
pub struct Resource {
    pub kind: &'static Kind,
    pub form: Form,
    digest: Digest,
    /// As the reader sees it.
    length: u64,
    offset: u64,
    packed_bytes: u64,
}

/// How a resource lies in the bundle, and so in which forms it can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A gzip member: sent as it is, or inflated.
    Deflated,
    /// A gzip member of stored blocks: its content is sent as it is. The gzip form would only be longer.
    Stored,
    /// No gzip member but the bundle itself.
    Plain,
}

/// The form of a resource that is to be sent (RFC 9110 section 3.2: a representation).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    Identity,
    Gzip,
}

/// What lies at a path.
pub enum Found<'a> {
    Resource(&'a Resource),
    /// The path lacks its last `/`.
    Folder,
    Nothing,
}

impl Catalogue {
    pub fn of(edition: &VerifiedEdition) -> Self {
        let mut catalogue = Self::new(edition.number(), edition.bundle().clone());
        for (path, entry) in edition.files() {
            catalogue.add(path.as_str(), kind::of_site_file(path), entry);
        }
        for (name, entry) in edition.metadata() {
            let kind = match name.version() {
                None => &kind::TIMESTAMP,
                Some(_) => &kind::VERSIONED_METADATA,
            };
            catalogue.add(&format!(".colport/metadata/{name}"), kind, entry);
        }
        catalogue.add_bundle(edition.number());
        catalogue
    }

    fn new(edition: EditionNumber, bundle: Bytes) -> Self {
        Self {
            edition: Some(edition),
            bundle,
            resources: HashMap::new(),
        }
    }

    fn add(&mut self, path: &str, kind: &'static Kind, entry: &Entry) {
        let mut resource = Resource {
            kind,
            form: Form::Deflated,
            digest: entry.digest,
            length: entry.length,
            offset: entry.offset,
            packed_bytes: entry.packed_bytes,
        };
        if bundle::stored_runs(&self.packed(&resource)).is_some() {
            resource.form = Form::Stored;
        }
        self.resources.insert(path.into(), resource);
    }

    /// The digest of the whole file would cost a second look at every byte. Two bundles of the same files at the same
    /// places could differ only in how deflate spelled a member in the very same number of bytes.
    fn add_bundle(&mut self, number: EditionNumber) {
        let mut places: Vec<_> = self.resources.values().collect();
        places.sort_by_key(|resource| resource.offset);
        let mut hasher = Hasher::default();
        for resource in places {
            hasher.update(resource.digest.as_bytes());
            hasher.update(&resource.offset.to_be_bytes());
            hasher.update(&resource.packed_bytes.to_be_bytes());
        }
        let length = self.bundle.len() as u64;
        hasher.update(&length.to_be_bytes());
        let resource = Resource {
            kind: &kind::BUNDLE,
            form: Form::Plain,
            digest: hasher.finish(),
            length,
            offset: 0,
            packed_bytes: length,
        };
        let path = format!(".colport/bundle/{number}.tar.gz");
        self.resources.insert(path.into(), resource);
    }

    /// `None` while there is nothing to serve.
    pub fn edition(&self) -> Option<EditionNumber> {
        self.edition
    }

    /// `path` is decoded and without its first `/`.
    pub fn find(&self, path: &str) -> Found<'_> {
        let is_folder = path.is_empty() || path.ends_with('/');
        if is_folder {
            return match self.resources.get(format!("{path}index.html").as_str()) {
                Some(resource) => Found::Resource(resource),
                None => Found::Nothing,
            };
        }
        match self.resources.get(path) {
            Some(resource) => Found::Resource(resource),
            None if self.is_folder(path) => Found::Folder,
            None => Found::Nothing,
        }
    }

    fn is_folder(&self, path: &str) -> bool {
        let index = format!("{path}/index.html");
        self.resources.contains_key(index.as_str())
    }

    /// The representation's bytes, one run after the other. `None` if the bundle's file was changed under our feet.
    pub fn runs(&self, resource: &Resource, coding: Coding) -> Option<Vec<Bytes>> {
        let packed = self.packed(resource);
        match (resource.form, coding) {
            (Form::Plain, _) | (_, Coding::Gzip) => Some(vec![packed]),
            (Form::Stored, Coding::Identity) => {
                let runs = bundle::stored_runs(&packed)?;
                Some(runs.into_iter().map(|run| packed.slice(run)).collect())
            }
            (Form::Deflated, Coding::Identity) => {
                let content = bundle::unpack(&packed, resource.length).ok()?;
                Some(vec![content.into()])
            }
        }
    }

    fn packed(&self, resource: &Resource) -> Bytes {
        let begin = usize::try_from(resource.offset).unwrap_or(usize::MAX);
        let end =
            begin.saturating_add(usize::try_from(resource.packed_bytes).unwrap_or(usize::MAX));
        let is_inside = self.bundle.get(begin..end).is_some();
        if is_inside {
            self.bundle.slice(begin..end)
        } else {
            Bytes::new()
        }
    }
}

impl Resource {
    /// Whether which form is sent depends on what the client accepts.
    pub fn varies(&self) -> bool {
        self.form == Form::Deflated
    }

    /// In bytes as sent.
    pub fn length(&self, coding: Coding) -> u64 {
        match coding {
            Coding::Identity => self.length,
            Coding::Gzip => self.packed_bytes,
        }
    }

    /// A strong entity tag.
    pub fn tag(&self, coding: Coding) -> HeaderValue {
        match coding {
            Coding::Identity => tag(&self.digest, ""),
            // Two mirrors may hold the same content pressed differently, and a cache in front of them both.
            Coding::Gzip => tag(&self.digest, &format!("-gz{}", self.packed_bytes)),
        }
    }
}

#[cfg(test)]
pub(super) mod simulated {
    //! A catalogue without an edition: gzip members one behind the other.

    use super::*;
    use crate::base::SitePath;
    use crate::bundle::{Effort, pack};

    /// Of `(path, content)`. What lies below `.colport/` is taken for metadata.
    pub fn catalogue(number: EditionNumber, files: &[(&str, &[u8])]) -> Catalogue {
        let mut bundle = Vec::new();
        let mut listed = Vec::new();
        for (path, content) in files {
            let packed = pack(content, Effort::Quick);
            let entry = Entry {
                length: content.len() as u64,
                digest: Digest::of(content),
                offset: bundle.len() as u64,
                packed_bytes: packed.len() as u64,
            };
            bundle.extend_from_slice(&packed);
            listed.push((path, entry));
        }
        let mut catalogue = Catalogue::new(number, bundle.into());
        for (path, entry) in listed {
            let kind = match SitePath::parse(path) {
                Ok(path) => kind::of_site_file(&path),
                Err(_) if path.ends_with("timestamp.json") => &kind::TIMESTAMP,
                Err(_) => &kind::VERSIONED_METADATA,
            };
            catalogue.add(path, kind, &entry);
        }
        catalogue.add_bundle(number);
        catalogue
    }
}
