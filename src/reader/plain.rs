//! An edition without a bundle: from hosts that only show the site, file by file.
//!
//! 1. The metadata of all roles is fetched from one mirror that proved to have the edition, and proved as a whole.
//! 2. Files that are not held already come several at a time, in ascending order of path, from whichever good mirror
//!    gives the right one; a wrong one names its mirror and costs only itself.
//! 3. All goes through the [`Assembler`], which writes the same full bundle that a mirror could have sent.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use tokio::time::timeout;
use url::Url;

use super::fault::is_web_page;
use super::refresh::{chain, named, wanted};
use super::{Event, Fault, MirrorId, Mirrors, Report, Store, StoreError, blocking};
use crate::base::{Digest, LIMITS, MetadataName, SitePath};
use crate::bundle;
use crate::edition::{Assembler, Effort, Excerpt, Gathered, Proof, Refusal, SignedFile, Variant};
use crate::io::address;
use crate::io::fetch::{Fetch, Request, read_all};
use crate::io::files::{self, FileError, Spool};
use crate::trust::{Expiry, Refresh, Remembered, Sighting, Trusted, Want};

pub(super) struct Plain<'a, 'm> {
    pub(super) fetch: &'a dyn Fetch,
    pub(super) mirrors: &'m mut Mirrors,
    pub(super) store: &'m Store,
    pub(super) held: Option<Arc<Excerpt>>,
    pub(super) variant: Variant,
    pub(super) now: Timestamp,
    pub(super) received: &'m mut u64,
}

/// Requests for files at one time.
const ABREAST: usize = 8;

/// For one file from one mirror.
const FILE_TIME: Duration = Duration::from_secs(20);

/// Nobody gave what was needed, or our own disk failed.
enum Broken {
    Nobody,
    Store(StoreError),
}

impl From<FileError> for Broken {
    fn from(error: FileError) -> Self {
        Self::Store(error.into())
    }
}

impl From<Refusal> for Broken {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unwritable { why, .. } => Self::Store(StoreError::Unwritable(why)),
            _ => Self::Nobody,
        }
    }
}

impl Plain<'_, '_> {
    /// `None`: nobody gave all of it.
    pub(super) async fn fetch(
        mut self,
        newest: Sighting,
        report: &mut Report<'_>,
    ) -> Result<Option<Excerpt>, StoreError> {
        let proven = self.mirrors.proven(newest.edition());
        let remembered = newest.remembered();
        let Some((metadata, proof)) = self.metadata(&remembered, &proven, report).await else {
            return Ok(None);
        };
        match self.files(metadata, proof, &proven, report).await {
            Ok(edition) => Ok(Some(edition)),
            Err(Broken::Nobody) => Ok(None),
            Err(Broken::Store(error)) => Err(error),
        }
    }

    async fn metadata(
        &mut self,
        remembered: &Remembered,
        proven: &[MirrorId],
        report: &mut Report<'_>,
    ) -> Option<(Gathered, Proof)> {
        for id in proven {
            let url = self.mirrors.url(*id).clone();
            match self.metadata_of(&url, remembered).await {
                Ok(gathered) => return Some(gathered),
                Err(fault) => self.failed(*id, fault, report),
            }
        }
        None
    }

    async fn metadata_of(
        &self,
        mirror: &Url,
        remembered: &Remembered,
    ) -> Result<(Gathered, Proof), Fault> {
        let (fetch, now) = (self.fetch, self.now);
        let chain = chain(
            fetch,
            mirror.clone(),
            remembered.clone(),
            now,
            Expiry::Report,
        );
        let trusted = timeout(FILE_TIME, chain).await;
        let trusted = trusted.unwrap_or(Err(Fault::Stalled))?;
        let known: Vec<_> = trusted.files().filter_map(named).collect();
        gather(fetch, mirror, &known, remembered, now).await
    }

    async fn files(
        &mut self,
        metadata: Gathered,
        proof: Proof,
        proven: &[MirrorId],
        report: &mut Report<'_>,
    ) -> Result<Excerpt, Broken> {
        let lacking = self.lacking(&proof);
        report(Event::FileByFile {
            files: lacking.len(),
        });
        let place = self.store.edition_place();
        let spool = Spool::beside(&place)?;
        let held = self.held.clone();
        let mut assembler = Assembler::of_variant(spool, proof, &metadata, held, self.variant)?;
        let urls: Vec<_> = proven
            .iter()
            .map(|id| (*id, self.mirrors.url(*id).clone()))
            .collect();
        let fetch = self.fetch;
        let mut coming = futures_util::stream::iter(lacking)
            .map(|(path, file)| any_gives(fetch, &urls, path, file).boxed())
            .buffered(ABREAST);
        while let Some(answer) = coming.next().await {
            for (id, fault) in answer.faults {
                self.mirrors.failed(id, fault.clone());
                let mirror = self.mirrors.shown(id);
                report(Event::Failed { mirror, fault });
            }
            let content = answer.content.ok_or(Broken::Nobody)?;
            *self.received += content.len() as u64;
            assembler = blocking(move || -> Result<_, Refusal> {
                let packed = bundle::pack(&content, Effort::Best);
                assembler.add(&answer.path, &packed)?;
                Ok(assembler)
            })
            .await?;
        }
        drop(coming);
        blocking(move || {
            assembler.finish_excerpt(|spool| -> Result<Bytes, Broken> {
                spool.publish()?;
                Ok(files::map(&place)?)
            })
        })
        .await
    }

    fn lacking(&self, proof: &Proof) -> Vec<(SitePath, SignedFile)> {
        let is_held = |path: &SitePath, file: &SignedFile| {
            let entry = self.held.as_ref().and_then(|held| held.file(path));
            entry.is_some_and(|entry| entry.digest == file.digest)
        };
        let files = proof.files().iter();
        files
            .filter(|(path, file)| self.variant.holds(path, file.length))
            .filter(|(path, file)| !is_held(path, file))
            .map(|(path, file)| (path.clone(), *file))
            .collect()
    }

    fn failed(&mut self, id: MirrorId, fault: Fault, report: &mut Report<'_>) {
        self.mirrors.failed(id, fault.clone());
        let mirror = self.mirrors.shown(id);
        report(Event::Failed { mirror, fault });
    }
}

/// All metadata of the edition, of which `known` was proved before: the roots from the first on and the delegated roles
/// are still to come.
pub(super) async fn gather(
    fetch: &dyn Fetch,
    mirror: &Url,
    known: &[(MetadataName, Bytes)],
    remembered: &Remembered,
    now: Timestamp,
) -> Result<(Gathered, Proof), Fault> {
    let mut gathered: Gathered = known.iter().cloned().collect();
    let root = known.iter().find(|(name, _)| name.role() == "root");
    let newest_root = root.and_then(|(name, _)| name.version()).unwrap_or(1);
    for name in (1..newest_root).filter_map(|version| MetadataName::versioned("root", version)) {
        insert(fetch, mirror, &mut gathered, name, LIMITS.root_bytes).await?;
    }
    let (trusted, fetched) = walk(fetch, mirror, &gathered, remembered, now).await?;
    for (name, content) in fetched {
        gathered.insert(name, content)?;
    }
    // Roles that were remembered came from nowhere.
    for (name, content) in trusted.files().filter_map(named) {
        gathered.insert(name, content)?;
    }
    let proof = gathered.prove(remembered, now)?;
    Ok((gathered, proof))
}

async fn insert(
    fetch: &dyn Fetch,
    mirror: &Url,
    gathered: &mut Gathered,
    name: MetadataName,
    max_bytes: u64,
) -> Result<(), Fault> {
    let want = Want {
        role: name.role().to_owned(),
        version: name.version(),
        max_bytes,
    };
    let content = soon(fetch, mirror, &want).await?.ok_or(Fault::Empty)?;
    Ok(gathered.insert(name, content)?)
}

/// A mirror that drips byte by byte is never silent.
async fn soon(fetch: &dyn Fetch, mirror: &Url, want: &Want) -> Result<Option<Bytes>, Fault> {
    let answer = timeout(FILE_TIME, wanted(fetch, mirror, want)).await;
    answer.unwrap_or(Err(Fault::Stalled))
}

type Fetched = Vec<(MetadataName, Bytes)>;

/// The workflow over what was proved before, and then over every delegation.
async fn walk(
    fetch: &dyn Fetch,
    mirror: &Url,
    gathered: &Gathered,
    remembered: &Remembered,
    now: Timestamp,
) -> Result<(Trusted, Fetched), Fault> {
    let mut refresh = Refresh::new(remembered.clone(), now, Expiry::Report)?;
    while let Some(want) = refresh.wants() {
        let name = name_of(&want);
        refresh.give(name.and_then(|name| gathered.content(&name).cloned()))?;
    }
    let mut everything = refresh.finish()?.everything();
    let mut fetched = Vec::new();
    while let Some(want) = everything.wants() {
        let content = soon(fetch, mirror, &want).await?;
        if let Some(named) = name_of(&want).zip(content.clone()) {
            fetched.push(named);
        }
        everything.give(content)?;
    }
    let trusted = everything.finish_with(|_, _| Ok::<_, Fault>(()))?;
    Ok((trusted, fetched))
}

/// `None` for a name that no mirror can have.
fn name_of(want: &Want) -> Option<MetadataName> {
    match want.version {
        Some(version) => MetadataName::versioned(&want.role, version),
        None => (want.role == "timestamp").then(MetadataName::timestamp),
    }
}

/// What came of one file: the right content, if anybody had it, and those who had not.
struct Answer {
    path: SitePath,
    content: Option<Bytes>,
    faults: Vec<(MirrorId, Fault)>,
}

/// Asks one mirror after the other until one gives what was signed.
async fn any_gives(
    fetch: &dyn Fetch,
    mirrors: &[(MirrorId, Url)],
    path: SitePath,
    file: SignedFile,
) -> Answer {
    let mut faults = Vec::new();
    for (id, mirror) in mirrors {
        let answer = timeout(FILE_TIME, one_gives(fetch, mirror, &path, &file)).await;
        match answer.unwrap_or(Err(Fault::Stalled)) {
            Ok(content) => {
                let content = Some(content);
                return Answer {
                    path,
                    content,
                    faults,
                };
            }
            Err(fault) => faults.push((*id, fault)),
        }
    }
    let content = None;
    Answer {
        path,
        content,
        faults,
    }
}

async fn one_gives(
    fetch: &dyn Fetch,
    mirror: &Url,
    path: &SitePath,
    file: &SignedFile,
) -> Result<Bytes, Fault> {
    let url = address::file(mirror, path);
    let answer = fetch.fetch(Request::get(url)).await?;
    let content = read_all(answer, file.length).await?;
    let is_right = content.len() as u64 == file.length && Digest::of(&content) == file.digest;
    if is_right {
        Ok(content)
    } else if is_web_page(&content) && !path.as_str().ends_with(".html") {
        Err(Fault::BlockPage)
    } else {
        Err(Fault::Differs(path.clone()))
    }
}
