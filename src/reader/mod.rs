//! The reader's client: the newest edition of a newsroom, from mirrors of which none is trusted and most may be bad.
//!
//! 1. **Whom to trust** is settled once: the newsroom's first root, as a file or by its fingerprint ([`FirstTrust`]).
//! 2. **Which edition is the newest** is asked of all mirrors with two small requests each (`refresh`): a mirror that shows a
//!    good timestamp may be asked for the rest, and what it answered is the floor from then on.
//! 3. **The bundle** comes from a mirror that proved good (`transfer`): an update of the edition that is held, else
//!    the whole, with all pictures or fewer; each in the dense form, else in the plain one. A mirror that falls silent, slow or lies is left in the middle, and what was proved is kept.
//! 4. **No bundle anywhere** (a host that only shows the site): the files are fetched one by one (`plain`).
//! 5. **The channel's list** ([`lists`]) names more mirrors than a reader was told of, and is asked for after each success.
//! 6. **The store** changes only when an edition is whole ([`Store`]); the last good one always opens.
//!
//! [`open`](open()) is the other way in: a bundle from a friend.
//!
//! Deliberately absent: the names of readers, of mirrors asked and of pages read are told to nobody, unless the reader
//! wants to [`tell`] which mirrors failed; nothing is printed.

mod audit;
mod doh;
mod fault;
mod lists;
mod mirrors;
mod open;
mod pace;
mod plain;
mod race;
mod refresh;
mod report;
mod sink;
mod store;
mod transfer;

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::time::Instant;
use url::Url;

pub use audit::{Audit, FileFault, audit};
pub use fault::Fault;
pub use lists::{KnownList, Onions, list_beside};
pub use mirrors::{MirrorId, Mirrors, Past};
pub use open::{Brought, Newsroom, OpenError, Sideload, Unproved, brought, open};
pub use pace::Patience;
pub use report::tell;
pub use store::{Store, StoreError};

use crate::base::{EditionNumber, Fingerprint, Variant};
use crate::edition::{Effort, Excerpt};
use crate::io::address::BundleName;
use crate::io::fetch::Fetch;
use crate::io::files;
use crate::trust::lists::ChannelWord;
use lists::Channel;
use race::Race;
use refresh::{Depth, Seen};
use sink::Expected;
use transfer::{Stop, Surroundings, transfer};

#[derive(Debug, Clone)]
pub struct Options {
    /// As [`address::parse`](crate::io::address::parse) gives them; in the order of preference.
    pub mirrors: Vec<Url>,
    /// The folder in which the reader keeps one newsroom.
    pub store: PathBuf,
    pub trust: FirstTrust,
    /// By which the reader was told of the mirrors, if that came with them. It is kept for the next time.
    pub channel: Option<ChannelWord>,
    /// Lists out of a bundle that the reader was given. It must be proved to be of this newsroom.
    pub brought: Option<Brought>,
    pub onions: Onions,
    /// Who is asked for records of DNS, over HTTPS and in JSON, when no mirror answers.
    pub resolvers: Vec<Url>,
    pub patience: Patience,
    /// How hard to pack what comes in the dense form: [`Effort::Best`] for who hands it on.
    pub effort: Effort,
    /// How much of the edition is wanted.
    pub variant: Variant,
}

impl Options {
    pub fn new(mirrors: Vec<Url>, store: PathBuf, trust: FirstTrust) -> Self {
        Self {
            mirrors,
            store,
            trust,
            channel: None,
            brought: None,
            onions: Onions::Unreached,
            resolvers: doh::resolvers(),
            patience: Patience::default(),
            effort: Effort::Quick,
            variant: Variant::Full,
        }
    }
}

/// By what a newsroom is known.
#[derive(Debug, Clone)]
pub enum FirstTrust {
    /// The store was used before.
    Kept,
    /// The file `1.root.json`, which came by a trusted way.
    Root(Bytes),
    /// Compared by a person; the root is fetched from any mirror.
    Fingerprint(Fingerprint),
}

impl FirstTrust {
    /// Of the newsroom that was asked for, if one was.
    fn fingerprint(&self) -> Option<Fingerprint> {
        match self {
            Self::Kept => None,
            Self::Root(root) => Some(Fingerprint::of_first_root(root)),
            Self::Fingerprint(fingerprint) => Some(*fingerprint),
        }
    }
}

/// What happens meanwhile, to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A mirror proved to have an edition.
    Found {
        mirror: String,
        edition: EditionNumber,
    },
    Failed {
        mirror: String,
        fault: Fault,
    },
    /// A bundle is asked of a mirror, from this byte on.
    Asked {
        mirror: String,
        from_byte: u64,
    },
    /// What an earlier run had fetched was proved again and need not be fetched.
    Resumed {
        edition: EditionNumber,
        bytes: u64,
    },
    /// So many bytes of the bundle are proved.
    Progress {
        edition: EditionNumber,
        bytes: u64,
    },
    /// Nobody has bundles, so files come one by one.
    FileByFile {
        files: usize,
    },
    /// The edition in the store could not be opened and is fetched anew.
    KeptIsDamaged(String),
}

/// Hears events as they happen.
pub type Report<'a> = dyn FnMut(Event) + Send + 'a;

/// The newest edition that any good mirror has, proved and in the store.
#[derive(Debug)]
pub struct Got {
    pub edition: Arc<Excerpt>,
    /// Whose it is, as the store was told in the beginning.
    pub newsroom: Option<Fingerprint>,
    pub news: News,
    /// The mirrors that had something wrong.
    pub faults: Vec<(String, Fault)>,
    /// Bytes of bundles and files that mirrors sent; metadata is not counted.
    pub received_bytes: u64,
    /// Of the reader's channel, if there is one.
    pub list: Option<KnownList>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    New,
    /// The store had it already.
    Nothing,
}

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("no mirror was given")]
    NoMirrors,
    #[error("this store is new, and it is not known yet whom to trust")]
    NobodyToTrust,
    #[error("this store belongs to the newsroom `{kept}`, not to `{asked}`")]
    OtherNewsroom {
        kept: Fingerprint,
        asked: Fingerprint,
    },
    /// Nobody gave a chain of signatures that holds.
    #[error("no mirror gave a good edition; asked: {}", .faults.len())]
    NoGoodMirror { faults: Vec<(String, Fault)> },
    /// An edition is known to be there, but nobody gives all of it.
    #[error("edition {edition} could not be fetched from any mirror")]
    Unfinished {
        edition: EditionNumber,
        faults: Vec<(String, Fault)>,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ReadError {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoMirrors => {
                "give the addresses of one or more mirrors; with the part behind `#`, if they have one, more are found next time"
            }
            Self::NobodyToTrust => {
                "add `--root` with the newsroom's fingerprint, which stands on a leaflet, or ask a friend or the newsroom itself"
            }
            Self::OtherNewsroom { .. } => "use another folder for another newsroom",
            Self::NoGoodMirror { faults }
                if faults.iter().any(|(_, fault)| *fault == Fault::OtherSite) =>
            {
                "compare the fingerprint, letter by letter, with one that reached you another way; if it is right, those are \
                 mirrors of another newsroom"
            }
            Self::NoGoodMirror { .. } => {
                "try other addresses, another network or a VPN; what you have already stays readable"
            }
            Self::Unfinished { .. } => {
                "run the command again later or with more addresses; what came so far is kept"
            }
            Self::Store(error) => return error.hint(),
        };
        Some(hint.to_owned())
    }

    /// The mirrors that had something wrong.
    pub fn faults(&self) -> &[(String, Fault)] {
        match self {
            Self::NoGoodMirror { faults } | Self::Unfinished { faults, .. } => faults,
            _ => &[],
        }
    }
}

/// Fetches the newest edition into the store. May be called again after any error or kill: it goes on where it was.
pub async fn get(
    fetch: &dyn Fetch,
    now: Timestamp,
    options: &Options,
    report: &mut Report<'_>,
) -> Result<Got, ReadError> {
    if matches!(options.trust, FirstTrust::Kept) && !files::exists(&options.store) {
        let nobody = match options.mirrors.is_empty() {
            true => ReadError::NoMirrors,
            false => ReadError::NobodyToTrust,
        };
        return Err(nobody);
    }
    let store = Arc::new(Store::open(&options.store)?);
    check_newsroom(&store, &options.trust)?;
    let mut channel = Channel::read(&store, options.channel.as_ref())?;
    if let (Some(channel), Some(brought)) = (&mut channel, &options.brought) {
        channel.take_beside(brought, &store)?;
    }
    let mut tried = attempt(fetch, now, options, &store, channel.as_ref(), report).await?;
    let is_cut_off = matches!(
        tried.0,
        Err(ReadError::NoGoodMirror { .. } | ReadError::Unfinished { .. })
    );
    if let Some(channel) = channel.as_mut().filter(|_| is_cut_off)
        && channel
            .ask_meeting_places(fetch, &options.resolvers, &store)
            .await?
    {
        tried = attempt(fetch, now, options, &store, Some(channel), report).await?;
    }
    let (got, mirrors) = tried;
    let mut got = got?;
    let anchor = store.anchor()?;
    got.newsroom = anchor.map(|root| Fingerprint::of_first_root(&root));
    if let Some(channel) = &mut channel {
        let good = mirrors.proven(got.edition.number());
        channel.ask_mirrors(fetch, &mirrors, &good, &store).await?;
        channel.keep_word(&store)?;
        got.list = channel.shown(now);
    }
    Ok(got)
}

/// A store belongs to one newsroom. To be called before anything is changed in it.
fn check_newsroom(store: &Store, trust: &FirstTrust) -> Result<(), ReadError> {
    let kept = store.anchor()?;
    let kept = kept.map(|root| Fingerprint::of_first_root(&root));
    match (kept, trust.fingerprint()) {
        (Some(kept), Some(asked)) if kept != asked => Err(ReadError::OtherNewsroom { kept, asked }),
        _ => Ok(()),
    }
}

/// With all mirrors that are known now.
async fn attempt(
    fetch: &dyn Fetch,
    now: Timestamp,
    options: &Options,
    store: &Arc<Store>,
    channel: Option<&Channel>,
    report: &mut Report<'_>,
) -> Result<(Result<Got, ReadError>, Mirrors), ReadError> {
    let urls = lists::to_try(&options.mirrors, channel, options.onions);
    if urls.is_empty() {
        return Err(ReadError::NoMirrors);
    }
    let mut mirrors = Mirrors::new(&urls, &store.past());
    let got = Getting {
        fetch,
        now,
        patience: &options.patience,
        effort: options.effort,
        variant: options.variant,
        store: store.clone(),
        mirrors: &mut mirrors,
        received: 0,
        begun: Instant::now(),
        met: false,
    }
    .run(&options.trust, report)
    .await;
    store.keep_past(mirrors.past())?;
    Ok((got, mirrors))
}

struct Getting<'a, 'm> {
    fetch: &'a dyn Fetch,
    now: Timestamp,
    patience: &'a Patience,
    effort: Effort,
    variant: Variant,
    store: Arc<Store>,
    mirrors: &'m mut Mirrors,
    received: u64,
    begun: Instant,
    /// The mirrors have heard from us, so there is nobody left to ask first.
    met: bool,
}

impl<'a> Getting<'a, '_> {
    async fn run(mut self, trust: &FirstTrust, report: &mut Report<'_>) -> Result<Got, ReadError> {
        let until = Instant::now() + self.patience.metadata;
        self.settle_trust(trust, until, report).await?;
        // A small copy is no beginning for what it lacks.
        let held = self.held(report).await?;
        let held = held.filter(|held| held.covers(self.variant));
        match self.newest(Depth::Timestamp, until, &held, report).await {
            // What was announced may not exist; who has another edition was not asked for it.
            Err(ReadError::Unfinished { edition, .. })
                if self.begun.elapsed() < self.patience.metadata =>
            {
                let until = Instant::now() + self.patience.metadata;
                match self.newest(Depth::All, until, &held, report).await {
                    Err(ReadError::NoGoodMirror { .. }) => Err(self.unfinished(edition)),
                    got => got,
                }
            }
            got => got,
        }
    }

    async fn newest(
        &mut self,
        depth: Depth,
        until: Instant,
        held: &Option<Arc<Excerpt>>,
        report: &mut Report<'_>,
    ) -> Result<Got, ReadError> {
        let (mut newest, mut race) = self.ask(depth, until, report).await?;
        // Ends, since an edition that is asked for again has a larger number each time.
        loop {
            let edition = newest.sighting.edition();
            let is_news = |held: &Excerpt| newest.sighting.is_newer_than(&held.remembered());
            if let Some(held) = held.as_ref().filter(|held| !is_news(held)) {
                return Ok(self.got(held.clone(), News::Nothing));
            }
            if let Some(edition) = self.fetch_bundle(&newest, race, held, report).await? {
                return self.keep(edition);
            }
            // While we fetched, the mirrors may have gone on to the next edition.
            let until = Instant::now() + self.patience.metadata;
            (newest, race) = self.ask(depth, until, report).await?;
            if newest.sighting.edition() == edition {
                break;
            }
        }
        self.file_by_file(newest, held.clone(), report).await
    }

    /// Which edition is the newest, and who has not said yet what it has.
    async fn ask(
        &mut self,
        depth: Depth,
        until: Instant,
        report: &mut Report<'_>,
    ) -> Result<(Seen, Race<'a, Seen>), ReadError> {
        let remembered = self.store.remembered()?.ok_or(ReadError::NobodyToTrust)?;
        let (fetch, now) = (self.fetch, self.now);
        let known = remembered.clone();
        let mut race = refresh::ask_all(fetch, self.mirrors, self.patience, known, now, depth);
        if std::mem::replace(&mut self.met, true) {
            race.ask_all();
        }
        let (mirrors, patience) = (&mut *self.mirrors, self.patience);
        let mut evidence = Vec::new();
        let newest =
            refresh::newest(&mut race, mirrors, patience, until, report, &mut evidence).await;
        for contradiction in &evidence {
            self.store.keep_evidence(contradiction)?;
        }
        let newest = newest.ok_or_else(|| self.no_good_mirror())?;
        // An edition counts for nothing before it is known that it exists.
        let is_proved = depth == Depth::All || !newest.sighting.is_newer_than(&remembered);
        self.store.remember(&match is_proved {
            true => newest.sighting.remembered(),
            false => newest.floor.clone(),
        })?;
        Ok((newest, race))
    }

    async fn settle_trust(
        &mut self,
        trust: &FirstTrust,
        until: Instant,
        report: &mut Report<'_>,
    ) -> Result<(), ReadError> {
        if self.store.anchor()?.is_some() {
            return Ok(());
        }
        match trust {
            FirstTrust::Kept => Err(ReadError::NobodyToTrust),
            FirstTrust::Root(root) => Ok(self.store.drop_anchor(root)?),
            FirstTrust::Fingerprint(fingerprint) => {
                self.met = true;
                let (fetch, patience) = (self.fetch, self.patience);
                let mirrors = &mut *self.mirrors;
                let asked = *fingerprint;
                let root =
                    refresh::first_root(fetch, mirrors, patience, asked, until, report).await;
                let root = root.ok_or_else(|| self.no_good_mirror())?;
                Ok(self.store.drop_anchor(&root)?)
            }
        }
    }

    /// What the store has. Damage there is no reason to have no news.
    async fn held(&self, report: &mut Report<'_>) -> Result<Option<Arc<Excerpt>>, ReadError> {
        let (store, now) = (self.store.clone(), self.now);
        match blocking(move || store.edition(now)).await {
            Err(StoreError::Refused { refusal, .. }) => {
                report(Event::KeptIsDamaged(refusal.to_string()));
                Ok(None)
            }
            held => Ok(held?),
        }
    }

    /// As an update of what is held, or as a whole. `None`: nobody has such bundles.
    async fn fetch_bundle(
        &mut self,
        newest: &Seen,
        mut race: Race<'a, Seen>,
        held: &Option<Arc<Excerpt>>,
        report: &mut Report<'_>,
    ) -> Result<Option<Excerpt>, ReadError> {
        let edition = newest.sighting.edition();
        let base = held.as_ref().map(|held| Some(held.number()));
        // The plain form is there when anything is wrong with the other.
        let names: Vec<_> = base
            .into_iter()
            .chain([None])
            .map(|base| BundleName::of(base, edition, self.variant))
            .flat_map(|name| [name.dense(), name.plain()])
            .filter(|name| name.is_made())
            .collect();
        self.store.clear_parts(&names)?;
        for name in names {
            let expected = Expected {
                name,
                remembered: newest.sighting.remembered(),
                held: held.clone(),
                effort: self.effort,
                variant: self.variant,
                now: self.now,
            };
            let mut around = Surroundings {
                fetch: self.fetch,
                mirrors: self.mirrors,
                patience: self.patience,
                race: &mut race,
                received: &mut self.received,
                begun: self.begun,
            };
            let store = self.store.clone();
            match transfer(&mut around, store, expected, edition, report).await {
                Ok(edition) => return Ok(Some(edition)),
                Err(Stop::NoSuchBundle) => {}
                Err(Stop::NoGoodMirror) => return Err(self.unfinished(edition)),
                Err(Stop::Store(error)) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    async fn file_by_file(
        &mut self,
        newest: Seen,
        held: Option<Arc<Excerpt>>,
        report: &mut Report<'_>,
    ) -> Result<Got, ReadError> {
        let number = newest.sighting.edition();
        let plain = plain::Plain {
            fetch: self.fetch,
            mirrors: &mut *self.mirrors,
            store: &self.store,
            held,
            variant: self.variant,
            now: self.now,
            received: &mut self.received,
        };
        match plain.fetch(newest.sighting, report).await? {
            Some(edition) => self.keep(edition),
            None => Err(self.unfinished(number)),
        }
    }

    fn keep(&self, edition: Excerpt) -> Result<Got, ReadError> {
        self.store.remember(&edition.remembered())?;
        self.store.clear_parts(&[])?;
        Ok(self.got(Arc::new(edition), News::New))
    }

    fn got(&self, edition: Arc<Excerpt>, news: News) -> Got {
        Got {
            edition,
            newsroom: None,
            news,
            faults: self.mirrors.faults(),
            received_bytes: self.received,
            list: None,
        }
    }

    fn no_good_mirror(&mut self) -> ReadError {
        self.mirrors
            .name_the_silent(self.patience.metadata.as_secs());
        ReadError::NoGoodMirror {
            faults: self.mirrors.faults(),
        }
    }

    fn unfinished(&mut self, edition: EditionNumber) -> ReadError {
        self.mirrors
            .name_the_silent(self.patience.metadata.as_secs());
        ReadError::Unfinished {
            edition,
            faults: self.mirrors.faults(),
        }
    }
}

/// Work that would hold up everybody else on an async thread.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work)
        .await
        .expect("the work does not panic, and nobody cancels it")
}
