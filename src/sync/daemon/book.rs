//! What the daemon remembers, and how it is written down: small entries of JSON, each by its name.
//!
//! ```text
//! format           1
//! planner          the planner's state
//! book             the rest of the daemon's
//! mirror/17        one mirror: its name, what it has, how tries went
//! channel/3        one channel: its word, its list, what was announced
//! journal/0000042  what was done, and why
//! ```

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::rotation::{ChannelId, Controls, MirrorId, Probe, RecordError, Seen, State};
use super::{Member, WantedChannel};
use crate::base::{EditionNumber, Timestamp};
use crate::io::ledger::Entries;
use crate::trust::lists::ChannelWord;

const FORMAT: u32 = 1;
const JOURNAL: usize = 500;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    #[error("what the daemon remembers is in format {0}, which this colport does not know")]
    Format(u32),
    #[error("the entry `{name}` of what the daemon remembers cannot be understood: {why}")]
    Entry { name: String, why: String },
    #[error(transparent)]
    Planner(#[from] RecordError),
}

impl BookError {
    /// What a person may try.
    pub fn hint(&self) -> String {
        match self {
            Self::Format(_) => "use the newer colport that wrote it".into(),
            Self::Entry { .. } | Self::Planner(_) => {
                "move `sync/state.redb` away, do not delete it; the next start goes on from the copy beside it".into()
            }
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Book {
    pub planner: State,
    pub mirrors: BTreeMap<MirrorId, Kept>,
    pub channels: BTreeMap<ChannelId, Audit>,
    pub journal: VecDeque<Entry>,
    pub rest: Rest,
    /// What the operator wants now; not written down, since his file says it.
    pub members: BTreeMap<MirrorId, Member>,
    pub wanted: BTreeMap<ChannelId, WantedChannel>,
}

/// Of the daemon as a whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Rest {
    pub next_id: u64,
    pub next_line: u64,
    pub edition: EditionNumber,
    pub probed: Option<Timestamp>,
    /// Of providers and vantages, the number that stands for the name.
    pub numbers: BTreeMap<String, u64>,
    /// When mirrors were asked for in the last day.
    pub made: Vec<Timestamp>,
    /// By name, the place of each mirror that was given up though it stands in the file. Another place is another mirror.
    #[serde(default)]
    pub given_up: BTreeMap<String, String>,
}

/// One mirror.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub name: String,
    /// What the one who made it said.
    pub made: Option<String>,
    /// Of the host and of its address for readers, so that another under the old name is seen. `None`: written by an earlier
    /// colport.
    #[serde(default)]
    pub place: Option<String>,
    pub since: Timestamp,
    /// What it showed when it was last read back.
    pub edition: EditionNumber,
    pub pushed: Option<Timestamp>,
    /// The version of each channel's list that it has.
    pub lists: BTreeMap<u64, u64>,
    pub fails_since: Option<Timestamp>,
    /// Since when it was being brought up to date, or copied others, without coming to the end.
    #[serde(default)]
    pub lags_since: Option<Timestamp>,
    pub failures: u32,
    pub again: Option<Timestamp>,
    pub trouble: Option<String>,
    /// Since when it lacks the newest edition, by the clock on the wall; not of one that is filled for the first time.
    #[serde(default)]
    pub behind_since: Option<Timestamp>,
    /// What each vantage saw of it last.
    #[serde(default)]
    pub sights: BTreeMap<u64, Sight>,
    /// It was taken out of the file, or given up.
    pub gone: bool,
    #[serde(skip)]
    pub is_busy: bool,
    /// When it was last begun to push to it.
    #[serde(skip)]
    pub begun: Option<Timestamp>,
}

/// What one vantage saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sight {
    pub at: Timestamp,
    pub reach: Reach,
    /// How it fails.
    pub how: Option<String>,
}

/// Whether a mirror is reached from a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    Reached,
    Fails,
    /// The place sees nothing at all, and accuses nobody.
    Blind,
    /// Nobody looked from there, as at a mirror that nobody was told of.
    Unseen,
}

impl Sight {
    pub fn of(probe: &Probe, at: Timestamp) -> Self {
        let (reach, how) = match (probe.controls, probe.seen) {
            (_, Seen::Works) => (Reach::Reached, None),
            (Controls::Work, Seen::Fails(cause)) => (Reach::Fails, Some(cause.to_string())),
            (Controls::Fail, Seen::Fails(_)) => (Reach::Blind, None),
        };
        Self { at, reach, how }
    }
}

/// One channel, as the daemon keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Audit {
    pub name: String,
    #[serde(with = "word")]
    pub word: ChannelWord,
    /// Of its list; 0 before the first.
    pub version: u64,
    pub issued: Option<Timestamp>,
    pub expires: Option<Timestamp>,
    /// Digest of what this version says. `None`: written by an earlier colport.
    #[serde(default)]
    pub said: Option<String>,
    /// All mirrors that stood in one of its lists, by number, also those that the planner has forgotten.
    #[serde(default)]
    pub told: BTreeSet<u64>,
    /// By way.
    pub announced: BTreeMap<String, Announced>,
    pub gone: bool,
    #[serde(skip)]
    pub busy: BTreeMap<String, u64>,
}

/// How far a way has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Announced {
    pub version: u64,
    #[serde(default)]
    pub edition: EditionNumber,
    /// The mirrors that were shown.
    pub shown: Vec<u64>,
    pub is_done: bool,
    pub failures: u32,
    pub again: Option<Timestamp>,
    pub trouble: Option<String>,
}

/// A line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub at: Timestamp,
    pub what: String,
    pub why: String,
}

mod word {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::trust::lists::ChannelWord;

    pub fn serialize<S: Serializer>(word: &ChannelWord, writer: S) -> Result<S::Ok, S::Error> {
        writer.serialize_str(word.expose())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(reader: D) -> Result<ChannelWord, D::Error> {
        let text = String::deserialize(reader)?;
        ChannelWord::parse(&text).ok_or_else(|| D::Error::custom("it is no channel's word"))
    }
}

impl Book {
    pub fn new(planner: State) -> Self {
        Self {
            planner,
            mirrors: BTreeMap::new(),
            channels: BTreeMap::new(),
            journal: VecDeque::new(),
            rest: Rest::default(),
            members: BTreeMap::new(),
            wanted: BTreeMap::new(),
        }
    }

    /// `None` if nothing is written there.
    pub fn read(entries: &Entries) -> Result<Option<Self>, BookError> {
        if entries.is_empty() {
            return Ok(None);
        }
        let format: u32 = entry(entries, "format")?;
        if format != FORMAT {
            return Err(BookError::Format(format));
        }
        let planner = entries.get("planner").map_or(&[][..], Vec::as_slice);
        let mut book = Self::new(State::from_json(planner)?);
        book.rest = entry(entries, "book")?;
        book.mirrors = numbered(entries, "mirror/", MirrorId)?;
        book.channels = numbered(entries, "channel/", ChannelId)?;
        book.take_told_from_planner();
        let lines: BTreeMap<u64, Entry> = numbered(entries, "journal/", |line| line)?;
        book.journal = lines.into_values().collect();
        Ok(Some(book))
    }

    /// An earlier colport did not write down who was told of what: whoever may have been was.
    fn take_told_from_planner(&mut self) {
        for (id, audit) in &mut self.channels {
            if audit.version > 0 && audit.told.is_empty() {
                let mirrors = self.planner.mirrors();
                let known = mirrors.filter(|(_, it)| it.knowers().any(|(knower, _)| knower == *id));
                audit.told = known.map(|(mirror, _)| mirror.0).collect();
            }
        }
    }

    /// The channels in one of whose lists it stood.
    pub fn knowers(&self, mirror: MirrorId) -> impl Iterator<Item = (ChannelId, &Audit)> {
        let channels = self.channels.iter();
        let told = channels.filter(move |(_, audit)| audit.told.contains(&mirror.0));
        told.map(|(id, audit)| (*id, audit))
    }

    pub fn entries(&self) -> Entries {
        let json = |value: serde_json::Result<Vec<u8>>| value.expect("it has plain fields");
        let mut entries = Entries::from([
            ("format".to_owned(), json(serde_json::to_vec(&FORMAT))),
            ("planner".to_owned(), self.planner.to_json()),
            ("book".to_owned(), json(serde_json::to_vec(&self.rest))),
        ]);
        let mirrors = self.mirrors.iter();
        entries.extend(
            mirrors.map(|(id, kept)| (format!("mirror/{}", id.0), json(serde_json::to_vec(kept)))),
        );
        let channels = self.channels.iter();
        entries.extend(channels.map(|(id, channel)| {
            (
                format!("channel/{}", id.0),
                json(serde_json::to_vec(channel)),
            )
        }));
        let first = self.rest.next_line - self.journal.len() as u64;
        let lines = self.journal.iter().zip(first..);
        entries.extend(lines.map(|(line, number)| {
            (
                format!("journal/{number:010}"),
                json(serde_json::to_vec(line)),
            )
        }));
        entries
    }

    pub fn note(&mut self, at: Timestamp, what: impl Into<String>, why: impl Into<String>) {
        let (what, why) = (what.into(), why.into());
        self.journal.push_back(Entry { at, what, why });
        self.rest.next_line += 1;
        if self.journal.len() > JOURNAL {
            self.journal.pop_front();
        }
    }

    /// A number that stood for nothing so far.
    pub fn next_id(&mut self) -> u64 {
        self.rest.next_id += 1;
        self.rest.next_id
    }

    /// The number that stands for this name.
    pub fn number(&mut self, kind: &str, name: &str) -> u64 {
        let key = format!("{kind} {name}");
        if let Some(number) = self.rest.numbers.get(&key) {
            return *number;
        }
        let number = self.next_id();
        self.rest.numbers.insert(key, number);
        number
    }

    pub fn mirror_name(&self, id: MirrorId) -> String {
        let kept = self.mirrors.get(&id);
        kept.map_or_else(|| format!("mirror {}", id.0), |kept| kept.name.clone())
    }

    pub fn channel_name(&self, id: ChannelId) -> String {
        let channel = self.channels.get(&id);
        channel.map_or_else(
            || format!("channel {}", id.0),
            |channel| channel.name.clone(),
        )
    }
}

fn entry<T: DeserializeOwned>(entries: &Entries, name: &str) -> Result<T, BookError> {
    let bytes = entries.get(name).map_or(&[][..], Vec::as_slice);
    serde_json::from_slice(bytes).map_err(|error| BookError::Entry {
        name: name.to_owned(),
        why: error.to_string(),
    })
}

fn numbered<K: Ord, T: DeserializeOwned>(
    entries: &Entries,
    prefix: &str,
    key: impl Fn(u64) -> K,
) -> Result<BTreeMap<K, T>, BookError> {
    let from = entries.range(prefix.to_owned()..);
    let all = from.take_while(|(name, _)| name.starts_with(prefix));
    all.map(|(name, _)| {
        let number = name
            .get(prefix.len()..)
            .and_then(|number| number.parse().ok());
        let number = number.ok_or_else(|| BookError::Entry {
            name: name.clone(),
            why: "it has no number".into(),
        })?;
        Ok((key(number), entry(entries, name)?))
    })
    .collect()
}
