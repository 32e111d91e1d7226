//! A whole mirror, or a folder that is one, looked at file by file: what `colport verify` tells.
//!
//! 1. The chain of metadata from the first root on, all roles of it.
//! 2. Every file that was signed: is it there, and is it the one?
//!
//! Both have an end: whoever answers more slowly than any line is, is not waited for.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use super::Fault;
use super::fault::is_web_page;
use super::plain::gather;
use super::refresh::{chain, named, offered_root};
use crate::base::{Fingerprint, SitePath};
use crate::edition::{Proof, Remembered, SignedFile};
use crate::io::address;
use crate::io::fetch::{Fetch, FetchError, Request, read_all};
use crate::trust::Expiry;

/// What a mirror shows.
#[derive(Debug)]
pub struct Audit {
    pub fingerprint: Fingerprint,
    pub proof: Proof,
    /// Signed files that are not as they should be, in ascending order of path.
    pub faulty: Vec<(SitePath, FileFault)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileFault {
    Missing,
    Altered,
    Unreachable(Fault),
    /// The time was over.
    NotLookedAt,
}

/// Files that are fetched at one time.
const ABREAST: usize = 8;

/// For all metadata, of which nobody knows before how much it is.
const METADATA_TIME: Duration = Duration::from_secs(300);
/// For any number of files, and what they must come at beyond that, in bytes a second.
const FILES_TIME: Duration = Duration::from_secs(60);
const SLOWEST: u64 = 4 << 10;

/// Looks at every file. `first_root`: of the newsroom that is expected; without it the mirror's own is taken, which
/// shows that all fits together and not whose it is. `progress` hears how many of how many files were looked at.
pub async fn audit(
    fetch: &dyn Fetch,
    mirror: &Url,
    first_root: Option<Bytes>,
    now: Timestamp,
    progress: &mut (dyn FnMut(usize, usize) + Send),
) -> Result<Audit, Fault> {
    let proved = timeout(METADATA_TIME, prove(fetch, mirror, first_root, now)).await;
    let too_slow = |_| Fault::Silent {
        seconds: METADATA_TIME.as_secs(),
    };
    let (fingerprint, proof) = proved.map_err(too_slow)??;
    let faulty = faulty(fetch, mirror, &proof, progress).await;
    Ok(Audit {
        fingerprint,
        proof,
        faulty,
    })
}

async fn prove(
    fetch: &dyn Fetch,
    mirror: &Url,
    first_root: Option<Bytes>,
    now: Timestamp,
) -> Result<(Fingerprint, Proof), Fault> {
    let first_root = match first_root {
        Some(root) => root,
        None => offered_root(fetch, mirror.clone()).await?,
    };
    let fingerprint = Fingerprint::of_first_root(&first_root);
    let remembered = Remembered::new(first_root);
    let newest = chain(
        fetch,
        mirror.clone(),
        remembered.clone(),
        now,
        Expiry::Report,
    )
    .await?;
    let known: Vec<_> = newest.files().filter_map(named).collect();
    let (_, proof) = gather(fetch, mirror, &known, &remembered, now).await?;
    Ok((fingerprint, proof))
}

async fn faulty(
    fetch: &dyn Fetch,
    mirror: &Url,
    proof: &Proof,
    progress: &mut (dyn FnMut(usize, usize) + Send),
) -> Vec<(SitePath, FileFault)> {
    let files: Vec<_> = proof
        .files()
        .iter()
        .map(|(path, file)| (path.clone(), *file))
        .collect();
    let of = files.len();
    let bytes: u64 = files.iter().map(|(_, file)| file.length).sum();
    let end = Instant::now() + FILES_TIME + Duration::from_secs(bytes / SLOWEST);
    let mut found: BTreeMap<_, _> = files
        .iter()
        .map(|(path, _)| (path.clone(), Some(FileFault::NotLookedAt)))
        .collect();
    let mut looked_at = futures_util::stream::iter(files)
        .map(|(path, file)| look(fetch, mirror, path, file).boxed())
        .buffer_unordered(ABREAST);
    let mut done = 0;
    while let Ok(Some((path, fault))) = timeout_at(end, looked_at.next()).await {
        found.insert(path, fault);
        done += 1;
        progress(done, of);
    }
    let faulty = found
        .into_iter()
        .filter_map(|(path, fault)| Some((path, fault?)));
    faulty.collect()
}

async fn look(
    fetch: &dyn Fetch,
    mirror: &Url,
    path: SitePath,
    file: SignedFile,
) -> (SitePath, Option<FileFault>) {
    let url = address::file(mirror, &path);
    let fault = match content(fetch, url, file.length).await {
        Ok(content) if file.is(&content) => None,
        Ok(content) if is_web_page(&content) && !path.as_str().ends_with(".html") => {
            Some(FileFault::Unreachable(Fault::BlockPage))
        }
        Ok(_) | Err(FetchError::TooLarge { .. }) => Some(FileFault::Altered),
        Err(FetchError::NotFound(_)) => Some(FileFault::Missing),
        Err(error) => Some(FileFault::Unreachable(error.into())),
    };
    (path, fault)
}

async fn content(fetch: &dyn Fetch, url: Url, length: u64) -> Result<Bytes, FetchError> {
    read_all(fetch.fetch(Request::get(url)).await?, length).await
}
