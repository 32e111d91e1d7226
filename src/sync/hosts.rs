//! A mirror on a host that only keeps files: it is compared, given what it lacks, and looked at again as a reader would.
//!
//! 1. [`survey`](Store::survey): what does the host say lies there? A file counts as there if the host looked at its content
//!    (a folder, git), or if its length is right and either the edition that the host shows promises that very content, or
//!    it is read and is the same. So nothing has to be remembered about a host, and a push that was killed goes on.
//! 2. [`plan`] says what to put and remove, in TUF's order.
//! 3. It is put, stage by stage, several files at a time. Before `timestamp.json` all of it must be in a second survey: a host
//!    that takes files and loses them never comes to promise them.
//! 4. What a reader sees is read back: `timestamp.json`, and a few files that chance picks among old and new, through the
//!    address that readers use if there is one. Of a host that shows all at once, after a while, this is the next push's to do:
//!    until then it [has only taken it](Outcome::Taken). So a host that decays is found in time, though it is never read whole.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use url::Url;

use super::plan::{Holding, Plan, Step, plan};
use super::source::{Item, Source, Stage};
use super::{Outcome, Pushed, Wire};
use crate::base::{Digest, EditionNumber, LIMITS};
use crate::io::address;
use crate::io::fetch::{FetchError, Request, read_all};
use crate::io::line::Line;
use crate::io::random;
use crate::io::store::{BUNDLES, BlobId, Body, Found, Store, StoreError, Survey};

/// One push to one host.
pub struct Push<'a> {
    pub store: &'a dyn Store,
    /// What goes out is counted here.
    pub line: &'a Line,
    pub source: &'a Source,
    /// Whether bundles are put too, besides small copies. Without them newcomers fetch an edition file by file, and those who
    /// have one only the files that are new; with them each edition travels whole, each time.
    pub bundles: bool,
    /// Who asks as a reader, and under which address readers find the host. Without one, the host itself is asked.
    pub reader: Option<(&'a dyn Wire, &'a Url)>,
}

#[derive(Debug)]
enum Trouble {
    Store(StoreError),
    /// It took it, and it is not there.
    Lost(String),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

const TIMESTAMP: &str = ".colport/metadata/timestamp.json";

impl Push<'_> {
    /// What would be done.
    pub async fn look(&self) -> Result<Plan, StoreError> {
        let withdrawn = self.source.withdrawn();
        let holding = self.holding(&withdrawn).await?;
        Ok(plan(self.items(), &withdrawn, &holding))
    }

    fn items(&self) -> impl Iterator<Item = &Item> {
        let items = self.source.items();
        items.filter(|item| self.bundles || item.stage != Stage::Bundle)
    }

    /// Does it. May be called again whatever became of it.
    pub async fn perform(&self) -> Outcome {
        match self.brought().await {
            Ok(outcome) => outcome,
            Err(Trouble::Lost(path)) => {
                Outcome::Unsure(format!("it took `{path}`, and it is not there"))
            }
            Err(Trouble::Store(error @ (StoreError::NotFound(_) | StoreError::Transient(_)))) => {
                Outcome::Unreachable(error.to_string())
            }
            Err(Trouble::Store(error)) => Outcome::Refused(error.to_string()),
        }
    }

    async fn brought(&self) -> Result<Outcome, Trouble> {
        let edition = self.source.edition().number();
        let plan = self.look().await?;
        if !plan.steps.is_empty() {
            self.line.expect(self.bytes_of(&plan));
            self.put_all(&plan).await?;
            self.remove_all(&plan).await?;
        }
        let pushed = Pushed {
            edition,
            bytes: self.line.bytes(),
        };
        let outcome = match plan.steps.is_empty() {
            true => Outcome::Already { edition },
            // What appears all at once takes its time.
            false if self.store.is_atomic() => return Ok(Outcome::Taken(pushed)),
            false => Outcome::Pushed(pushed),
        };
        Ok(match self.read_back(&plan).await {
            Ok(()) => outcome,
            Err(why) => Outcome::Unsure(why),
        })
    }

    async fn holding(
        &self,
        withdrawn: &BTreeMap<String, Vec<Digest>>,
    ) -> Result<Holding, StoreError> {
        let wanted = self.items().map(|item| &item.path).chain(withdrawn.keys());
        let survey = self.store.survey(&wanted.cloned().collect()).await?;
        let shows = self.shows(&survey).await?;
        let survey = &survey;
        let items = self
            .items()
            .map(|item| self.checked(item, survey, shows).boxed());
        let withdrawn = withdrawn.keys();
        let withdrawn = withdrawn.map(|path| self.left(path, survey, shows).boxed());
        let digests = self.abreast(items.collect()).await?;
        let left = self.abreast(withdrawn.collect()).await?;
        let bundles = survey
            .keys()
            .filter_map(|path| path.strip_prefix(BUNDLES)?.strip_prefix('/'));
        Ok(Holding {
            digests: digests.into_iter().chain(left).flatten().collect(),
            bundles: bundles.map(str::to_owned).collect(),
            taken: survey.keys().cloned().collect(),
        })
    }

    /// The edition that the host shows, if it is one of ours. Refused if it is a newer one.
    async fn shows(&self, survey: &Survey) -> Result<Option<EditionNumber>, StoreError> {
        let length = match survey.get(TIMESTAMP) {
            None => return Ok(None),
            Some(Found::Length(length)) => LIMITS.timestamp_bytes.min(*length),
            Some(Found::Digest(_) | Found::Blob(_)) => LIMITS.timestamp_bytes,
        };
        let timestamp = self.store.read(TIMESTAMP, 0..length).await?;
        if let Some(newer) = self.source.newer_edition(&timestamp) {
            return Err(StoreError::Permanent(format!(
                "it shows edition {newer}, and the newest here is {}",
                self.source.edition().number()
            )));
        }
        Ok(self.source.edition_of_timestamp(&timestamp))
    }

    /// Beware: boxed, since otherwise nobody could tell that the whole may move between threads.
    async fn abreast<T>(
        &self,
        work: Vec<BoxFuture<'_, Result<T, StoreError>>>,
    ) -> Result<Vec<T>, StoreError> {
        let work = futures_util::stream::iter(work).buffer_unordered(self.store.abreast());
        work.try_collect().await
    }

    /// The path and digest of an item that is there.
    async fn checked(
        &self,
        item: &Item,
        survey: &Survey,
        shows: Option<EditionNumber>,
    ) -> Result<Option<(String, Digest)>, StoreError> {
        let Some(found) = survey.get(&item.path) else {
            return Ok(None);
        };
        self.line.beat();
        let is_there = match found {
            Found::Digest(digest) => *digest == item.digest,
            Found::Blob(id) => self
                .body(&item.path)
                .is_some_and(|body| *id == BlobId::of(&body.bytes)),
            Found::Length(length) => {
                let says_encoding = self.store.says_encoding();
                let right = self.source.stored_length(&item.path, says_encoding) == Some(*length);
                right && (self.is_promised(item, shows) || self.is_stored(&item.path).await?)
            }
        };
        Ok(is_there.then(|| (item.path.clone(), item.digest)))
    }

    fn is_promised(&self, item: &Item, shows: Option<EditionNumber>) -> bool {
        let promised = shows.and_then(|edition| self.source.promised(edition, &item.path));
        promised == Some(item.digest)
    }

    async fn is_stored(&self, path: &str) -> Result<bool, StoreError> {
        match self.body(path) {
            Some(body) => self.is_same(path, &body.bytes).await,
            None => Ok(false),
        }
    }

    /// The path and digest of a file of an earlier edition that is there just as we put it.
    async fn left(
        &self,
        path: &str,
        survey: &Survey,
        shows: Option<EditionNumber>,
    ) -> Result<Option<(String, Digest)>, StoreError> {
        let Some(found) = survey.get(path) else {
            return Ok(None);
        };
        self.line.beat();
        let promised = shows.and_then(|edition| self.source.promised(edition, path));
        for (digest, body) in self.source.past(path, self.store.says_encoding()) {
            let is_there = match found {
                Found::Digest(found) => *found == digest,
                Found::Blob(id) => *id == BlobId::of(&body.bytes),
                Found::Length(length) => {
                    *length == body.bytes.len() as u64
                        && (promised == Some(digest) || self.is_same(path, &body.bytes).await?)
                }
            };
            if is_there {
                return Ok(Some((path.to_owned(), digest)));
            }
        }
        Ok(None)
    }

    /// Whether the host sends just these bytes; of a long file, whether it does in three places.
    async fn is_same(&self, path: &str, bytes: &Bytes) -> Result<bool, StoreError> {
        let whole = bytes.len();
        let starts = match whole > READ_BYTES {
            false => vec![0],
            true => vec![0, whole / 2, whole - READ_BYTES / 4],
        };
        for start in starts {
            let length = match whole > READ_BYTES {
                false => whole,
                true => READ_BYTES / 4,
            };
            let end = start + length;
            let part = self.store.read(path, start as u64..end as u64).await?;
            self.line.beat();
            if bytes.get(start..end) != Some(&part[..]) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn body(&self, path: &str) -> Option<Body> {
        self.source.body(path, self.store.says_encoding())
    }

    /// As they are stored, many of them packed.
    fn bytes_of(&self, plan: &Plan) -> u64 {
        let puts = plan.steps.iter().filter(|step| order(step).is_some());
        let says_encoding = self.store.says_encoding();
        let lengths = puts.map(|step| self.source.stored_length(step.path(), says_encoding));
        lengths.map(Option::unwrap_or_default).sum()
    }

    async fn put_all(&self, plan: &Plan) -> Result<(), Trouble> {
        let mut waiting = &plan.steps[..];
        let mut put = BTreeSet::new();
        while let Some((stage, replaces)) = waiting.first().and_then(order) {
            let length = waiting
                .iter()
                .take_while(|step| order(step) == Some((stage, replaces)));
            let (now, later) = waiting.split_at(length.count());
            if stage == Stage::Timestamp && !self.store.is_atomic() {
                self.store.settle().await?;
                self.prove(&put).await?;
            }
            self.abreast(
                now.iter()
                    .map(|step| self.put(step.path()).boxed())
                    .collect(),
            )
            .await?;
            put.extend(now.iter().map(|step| step.path().to_owned()));
            waiting = later;
        }
        if !self.store.is_atomic() {
            self.store.settle().await?;
        }
        Ok(())
    }

    async fn put(&self, path: &str) -> Result<(), StoreError> {
        match self.body(path) {
            Some(body) => self.store.put(path, &body).await,
            None => Ok(()),
        }
    }

    async fn remove_all(&self, plan: &Plan) -> Result<(), StoreError> {
        let removals = plan.steps.iter().filter(|step| order(step).is_none());
        self.abreast(
            removals
                .map(|step| self.store.remove(step.path()))
                .collect(),
        )
        .await?;
        self.store.settle().await
    }

    /// Whether all that was put is there.
    async fn prove(&self, put: &BTreeSet<String>) -> Result<(), Trouble> {
        if put.is_empty() {
            return Ok(());
        }
        let survey = self.store.survey(put).await?;
        for path in put {
            self.line.beat();
            let is_there = match (survey.get(path), self.body(path)) {
                (Some(Found::Length(length)), Some(body)) => *length == body.bytes.len() as u64,
                (Some(Found::Digest(digest)), Some(body)) => *digest == Digest::of(&body.bytes),
                (Some(Found::Blob(id)), Some(body)) => *id == BlobId::of(&body.bytes),
                _ => false,
            };
            if !is_there {
                return Err(Trouble::Lost(path.clone()));
            }
        }
        Ok(())
    }

    /// Whether readers see it. What a cache between them and the host may still have of before is not asked for.
    async fn read_back(&self, plan: &Plan) -> Result<(), String> {
        let replaced = plan
            .steps
            .iter()
            .filter(|step| matches!(order(step), Some((_, true))));
        let mut stale: BTreeSet<&str> = replaced.map(Step::path).collect();
        stale.remove(TIMESTAMP);
        let small =
            |item: &&Item| item.length <= SAMPLE_BYTES && !stale.contains(item.path.as_str());
        let candidates: Vec<&Item> = self.items().filter(small).collect();
        let timestamp = candidates
            .iter()
            .filter(|item| item.stage == Stage::Timestamp);
        let picks = (0..SAMPLES).filter_map(|_| candidates.get(random::below(candidates.len())));
        for item in timestamp.chain(picks) {
            self.see(item).await?;
            self.line.beat();
        }
        Ok(())
    }

    async fn see(&self, item: &Item) -> Result<(), String> {
        let path = &item.path;
        let is_right = match self.reader {
            None => self
                .is_stored(path)
                .await
                .map_err(|error| error.to_string()),
            Some((wire, url)) => seen(wire, url, item).await,
        };
        match is_right {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("it shows another `{path}` than it took")),
            Err(why) => Err(format!("it does not show `{path}`: {why}")),
        }
    }
}

/// What is compared whole; of what is longer, three parts.
const READ_BYTES: usize = 4 << 20;
const SAMPLES: usize = 4;
/// Longer files are not picked.
const SAMPLE_BYTES: u64 = 256 << 10;

async fn seen(wire: &dyn Wire, url: &Url, item: &Item) -> Result<bool, String> {
    let answer = wire
        .fetch(Request::get(address::anything(url, &item.path)))
        .await;
    let shown = match answer {
        Ok(answer) => read_all(answer, item.length).await,
        Err(error) => Err(error),
    };
    match shown {
        Ok(shown) => Ok(Digest::of(&shown) == item.digest),
        Err(FetchError::TooLarge { .. }) => Ok(false),
        Err(error) => Err(error.reason()),
    }
}

/// The stage of a step that puts, and whether something else is in its place.
fn order(step: &Step) -> Option<(Stage, bool)> {
    match step {
        Step::Put {
            stage, replaces, ..
        } => Some((*stage, *replaces)),
        Step::Remove { .. } => None,
    }
}
