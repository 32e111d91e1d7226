//! Object storage and WebDAV, through OpenDAL.
//!
//! 1. What fails in passing is tried again by OpenDAL's layer; of a long file in parts, only the part.
//! 2. A bucket is listed whole, a thousand files a request, up to a ceiling; of a WebDAV the folders that matter.
//! 3. S3 keeps `Content-Type`, `Content-Encoding` and `Cache-Control` and sends them to readers. A WebDAV server tells them
//!    from the name.
//! 4. OpenDAL is given no root: it would cut a root's length off each path that a host tells of, and panics where one is
//!    shorter. What stands before our paths is put there, and taken off, here.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::future::BoxFuture;
use opendal::layers::RetryLayer;
use opendal::{Entry, ErrorKind, HttpTransporter, OperationContext, Operator, services};

use super::patient::{FIRST_PAUSE, TRIES};
use super::transport::{Broken, Endless, HostFull, Transport};
use super::walk::{MOST_IN_FOLDER, Named, above, too_many, walk};
use super::{BUNDLES, Body, Found, Result, S3, Store, StoreError, Survey, WebDav, told};
use crate::io::line::Line;

pub(super) struct Cloud {
    operator: Operator,
    line: Arc<Line>,
    is_bucket: bool,
    /// Below which all lies, with a `/` at its end; or nothing.
    base: String,
    /// Folders that are known to be there.
    made: Mutex<HashSet<String>>,
}

/// A longer file goes to a bucket in parts, so that a break costs only one.
const PART_BYTES: usize = 16 << 20;

impl Cloud {
    pub(super) fn s3(s3: &S3, line: Arc<Line>) -> Result<Self> {
        let login = s3.credentials.read()?;
        let service = services::S3::default()
            .bucket(&s3.bucket)
            .endpoint(s3.endpoint.as_str().trim_end_matches('/'))
            .region(&s3.region)
            .access_key_id(login.user.expose())
            .secret_access_key(login.password.expose())
            // Only what the operator named: no keys of another account that lie about on this machine.
            .disable_config_load()
            .disable_ec2_metadata();
        Self::new(Operator::new(service), line, true, base(&s3.prefix))
    }

    pub(super) fn web_dav(dav: &WebDav, line: Arc<Line>) -> Result<Self> {
        let mut endpoint = dav.address.clone();
        endpoint.set_path("");
        let path = percent_encoding::percent_decode_str(dav.address.path()).decode_utf8_lossy();
        let mut service = services::Webdav::default()
            .endpoint(endpoint.as_str().trim_end_matches('/'))
            .disable_create_dir(true);
        if let Some(credentials) = &dav.credentials {
            let login = credentials.read()?;
            service = service
                .username(login.user.expose())
                .password(login.password.expose());
        }
        Self::new(Operator::new(service), line, false, base(&path))
    }

    fn new(
        operator: opendal::Result<Operator>,
        line: Arc<Line>,
        is_bucket: bool,
        base: String,
    ) -> Result<Self> {
        let transport = HttpTransporter::new(Transport::new(line.clone()));
        let retry = RetryLayer::default()
            .with_jitter()
            .with_min_delay(FIRST_PAUSE)
            .with_max_times(TRIES as usize);
        let operator = operator
            .map_err(failed)?
            .with_context(OperationContext::new().with_http_transport(transport))
            .layer(retry);
        Ok(Self {
            operator,
            line,
            is_bucket,
            base,
            made: Mutex::default(),
        })
    }

    async fn list_all(&self, wanted: &BTreeSet<String>) -> Result<Survey> {
        let mut survey = Survey::new();
        let listing = self.operator.lister_with(&self.base).recursive(true).await;
        let mut listing = listing.map_err(failed)?;
        let mut bundles = 0;
        while let Some(entry) = listing.try_next().await.map_err(failed)? {
            self.line.beat();
            if bundles > MOST_IN_FOLDER {
                return Err(too_many());
            }
            // Whoever answers may tell of anything.
            let Some(path) = entry.path().strip_prefix(&self.base) else {
                continue;
            };
            if wanted.contains(path) || path.starts_with(BUNDLES) {
                bundles += usize::from(path.starts_with(BUNDLES));
                let length = entry.metadata().content_length();
                survey.insert(path.to_owned(), Found::Length(length));
            }
        }
        Ok(survey)
    }

    async fn list_folder(&self, folder: String) -> Result<Vec<Named>> {
        let place = match folder.as_str() {
            "" => self.base.clone(),
            folder => format!("{}{folder}/", self.base),
        };
        let entries = match self.entries(&place).await {
            Err(StoreError::NotFound(_)) => Vec::new(),
            entries => entries?,
        };
        let named = entries.iter().filter_map(|entry| {
            let name = entry.path().strip_prefix(&place)?.trim_end_matches('/');
            (!name.is_empty() && !name.contains('/')).then(|| Named {
                name: name.to_owned(),
                is_folder: entry.metadata().is_dir(),
                length: entry.metadata().content_length(),
            })
        });
        let named: Vec<_> = named.collect();
        self.know(&folder);
        Ok(named)
    }

    async fn entries(&self, place: &str) -> Result<Vec<Entry>> {
        let listing = self.operator.lister(place).await;
        let mut listing = listing.map_err(failed)?;
        let mut entries = Vec::new();
        while let Some(entry) = listing.try_next().await.map_err(failed)? {
            self.line.beat();
            entries.push(entry);
            if entries.len() > MOST_IN_FOLDER {
                return Err(too_many());
            }
        }
        Ok(entries)
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn know(&self, folder: &str) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.insert(folder.to_owned());
    }

    fn is_known(&self, folder: &str) -> bool {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.contains(folder)
    }

    /// Makes the folders above, from the first that is not known to be there.
    async fn make_way(&self, path: &str) -> Result<()> {
        let missing = above(path).take_while(|folder| !self.is_known(folder));
        let missing: Vec<_> = missing.collect();
        if let Some(folder) = missing.first() {
            let place = format!("{}{folder}/", self.base);
            self.operator.create_dir(&place).await.map_err(failed)?;
            missing.into_iter().for_each(|folder| self.know(folder));
        }
        Ok(())
    }

    async fn write(&self, path: &str, body: &Body) -> Result<()> {
        let path = self.at(path);
        let mut write = self
            .operator
            .write_with(&path, body.bytes.clone())
            .content_type(body.content_type);
        if self.is_bucket {
            write = write.cache_control(body.cache_control);
            if body.is_gzip {
                write = write.content_encoding("gzip");
            }
            if body.bytes.len() > PART_BYTES {
                write = write.chunk(PART_BYTES / 2);
            }
        }
        write.await.map(drop).map_err(failed)
    }
}

impl Store for Cloud {
    fn survey<'a>(&'a self, wanted: &'a BTreeSet<String>) -> BoxFuture<'a, Result<Survey>> {
        Box::pin(async move {
            if self.is_bucket {
                return self.list_all(wanted).await;
            }
            // A folder that is not there would look like an empty one.
            if !self.base.is_empty() {
                self.operator.stat(&self.base).await.map_err(failed)?;
            }
            walk(wanted, self.abreast(), |folder| {
                Box::pin(self.list_folder(folder))
            })
            .await
        })
    }

    fn read<'a>(&'a self, path: &'a str, part: Range<u64>) -> BoxFuture<'a, Result<Bytes>> {
        Box::pin(async move {
            let path = self.at(path);
            let read = self.operator.read_with(&path).range(part).await;
            read.map(|buffer| buffer.to_bytes()).map_err(failed)
        })
    }

    fn put<'a>(&'a self, path: &'a str, body: &'a Body) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if !self.is_bucket {
                self.make_way(path).await?;
            }
            self.write(path, body).await
        })
    }

    fn remove<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.operator.delete(&self.at(path)).await.map_err(failed) })
    }

    fn settle(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn says_encoding(&self) -> bool {
        self.is_bucket
    }
}

/// As it stands before our paths.
fn base(place: &str) -> String {
    match place.trim_matches('/') {
        "" => String::new(),
        place => format!("{place}/"),
    }
}

/// Beware: an error of OpenDAL shows the request, so nothing of it is shown but what is picked here.
fn failed(error: opendal::Error) -> StoreError {
    let inside = std::error::Error::source(&error);
    let said = error.message();
    let lower = said.to_ascii_lowercase();
    let is_full = inside.is_some_and(|inside| inside.is::<HostFull>())
        || ["quota", "insufficientstorage", "no space left"]
            .iter()
            .any(|word| lower.contains(word));
    if is_full {
        return StoreError::Full("no space is left there".into());
    }
    if inside.is_some_and(|inside| inside.is::<Endless>()) {
        return too_many();
    }
    if let Some(Broken(why)) = inside.and_then(|inside| inside.downcast_ref()) {
        return StoreError::Transient(why.clone());
    }
    let code = code(said);
    match error.kind() {
        _ if said.contains("NoSuchBucket") => {
            StoreError::NotFound(format!("the bucket is not there{code}"))
        }
        ErrorKind::NotFound => StoreError::NotFound(format!("it is not there{code}")),
        ErrorKind::PermissionDenied => StoreError::Denied(format!("it lets us not do this{code}")),
        ErrorKind::RateLimited => StoreError::Transient(format!("it asks us to slow down{code}")),
        ErrorKind::ConfigInvalid if code.is_empty() => StoreError::Permanent(told(said)),
        _ if error.is_temporary() || error.is_persistent() => {
            StoreError::Transient(format!("it cannot now{code}"))
        }
        _ => StoreError::Permanent(format!("its answer is not one of such a host{code}")),
    }
}

/// The code in an error of S3's, which the operator can look up.
fn code(said: &str) -> String {
    let code = said
        .split_once("code: \"")
        .and_then(|(_, rest)| rest.split_once('"'));
    match code {
        Some((code, _)) if !code.is_empty() => format!(" (`{}`)", told(code)),
        _ if said.starts_with("status ") => format!(" ({said})"),
        _ => String::new(),
    }
}
