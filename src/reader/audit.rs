//! A whole mirror, or a folder that is one, looked at file by file: what `colport verify` tells.
//!
//! 1. The chain of metadata from the first root on, all roles of it.
//! 2. Every file that was signed: is it there, and is it the one?

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use url::Url;

use super::Fault;
use super::fault::is_web_page;
use super::plain::gather;
use super::refresh::{Asking, chain, named, offered_root};
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
}

/// Files that are fetched at one time.
const ABREAST: usize = 8;

/// Looks at every file. `first_root`: of the newsroom that is expected; without it the mirror's own is taken, which
/// shows that all fits together and not whose it is. `progress` hears how many of how many files were looked at.
pub async fn audit(
    fetch: &dyn Fetch,
    mirror: &Url,
    first_root: Option<Bytes>,
    now: Timestamp,
    progress: &mut (dyn FnMut(usize, usize) + Send),
) -> Result<Audit, Fault> {
    let first_root = match first_root {
        Some(root) => root,
        None => offered_root(fetch, mirror.clone()).await?,
    };
    let fingerprint = Fingerprint::of_first_root(&first_root);
    let remembered = Remembered::new(first_root);
    let asking = Asking {
        remembered: remembered.clone(),
        now,
        expiry: Expiry::Report,
    };
    let newest = chain(fetch, mirror.clone(), asking).await?;
    let known: Vec<_> = newest.files().filter_map(named).collect();
    let (_, proof) = gather(fetch, mirror, &known, &remembered, now).await?;
    let faulty = faulty(fetch, mirror, &proof, progress).await;
    Ok(Audit {
        fingerprint,
        proof,
        faulty,
    })
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
    let mut looked_at = futures_util::stream::iter(files)
        .map(|(path, file)| look(fetch, mirror, path, file).boxed())
        .buffered(ABREAST)
        .enumerate();
    let mut faulty = Vec::new();
    while let Some((done, (path, fault))) = looked_at.next().await {
        faulty.extend(fault.map(|fault| (path, fault)));
        progress(done + 1, of);
    }
    faulty
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
