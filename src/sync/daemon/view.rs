//! How things stand, for the operator's page, for `colport mirrors`, and for programs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::rotation::{self, ChannelId, MirrorId, Phase, Place};
use super::book::{Entry, Reach, Sight};
use super::orders::{Daemon, cost};
use super::{Member, Moment};
use crate::base::{EditionNumber, Timestamp};
use crate::io::line::Sent;

const LINES: usize = 60;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct View {
    pub at: Option<Timestamp>,
    pub edition: EditionNumber,
    /// What needs a look comes first.
    pub mirrors: Vec<MirrorView>,
    pub channels: Vec<ChannelView>,
    pub standby: usize,
    pub reserve: usize,
    /// At the pace of the last week, if nothing comes in.
    pub lasts_days: Option<f64>,
    pub cost_a_day: f64,
    /// What comes next, and why.
    pub next: Vec<(String, String)>,
    /// The newest first.
    pub journal: Vec<Entry>,
    pub trouble: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MirrorView {
    pub id: u64,
    pub name: String,
    /// `kept` if nobody is told of it.
    pub state: String,
    pub why: Option<String>,
    pub provider: String,
    /// Nothing is sent to it: it copies others by itself.
    #[serde(default)]
    pub copies_others: bool,
    pub edition: EditionNumber,
    /// Editions that it is behind.
    pub lag: u64,
    /// By the clock on the wall.
    #[serde(default)]
    pub behind_since: Option<Timestamp>,
    pub pushing: bool,
    /// So far, while it is pushed to.
    #[serde(default)]
    pub sent_bytes: Option<u64>,
    /// Of so many, once it is known what it lacks.
    #[serde(default)]
    pub sent_of_bytes: Option<u64>,
    pub trouble: Option<String>,
    pub pushed: Option<Timestamp>,
    /// From each vantage, in the order of the file.
    #[serde(default)]
    pub reach: Vec<ReachView>,
    /// Vantages that fail to reach it, and how: as far as the planner believes them.
    pub fails: Vec<(String, String)>,
    /// What readers say of it, which is hearsay.
    #[serde(default)]
    pub reports: Vec<String>,
    pub channels: Vec<String>,
    pub cost_a_day: f64,
}

/// What a vantage saw of a mirror last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReachView {
    pub vantage: String,
    pub reach: Reach,
    /// How it fails.
    pub how: Option<String>,
    pub at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelView {
    pub id: u64,
    pub name: String,
    pub tier: String,
    pub overruled: bool,
    pub since: Timestamp,
    pub p_leak: f64,
    pub evidence: Vec<String>,
    pub readers: u64,
    pub working: usize,
    pub shows: Vec<String>,
    pub version: u64,
    pub expires: Option<Timestamp>,
    pub ways: Vec<WayView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WayView {
    pub name: String,
    pub is_done: bool,
    pub trouble: Option<String>,
}

impl Reach {
    /// One character, for a table.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Reached => "✓",
            Self::Fails => "✕",
            Self::Blind => "?",
            Self::Unseen => "–",
        }
    }
}

impl ReachView {
    pub fn words(&self) -> String {
        match (self.reach, &self.how) {
            (Reach::Reached, _) => "it is reached".into(),
            (Reach::Fails, Some(how)) => how.clone(),
            (Reach::Fails, None) => "it is not reached".into(),
            (Reach::Blind, _) => "this place sees nothing, and accuses nobody".into(),
            (Reach::Unseen, _) => "nobody looked from here".into(),
        }
    }
}

impl View {
    pub fn of(daemon: &Daemon, now: Moment) -> Self {
        let report = rotation::report(&daemon.book.planner, now.steady);
        let members = daemon.book.members.iter();
        let mut mirrors: Vec<MirrorView> = members
            .map(|(id, member)| mirror(daemon, *id, member))
            .collect();
        mirrors.sort_by_key(|mirror| (rank(&mirror.state), mirror.trouble.is_none(), mirror.id));
        let next = report
            .next
            .iter()
            .map(|next| (named(daemon, &next.what), next.why.clone()));
        Self {
            at: Some(now.wall),
            edition: daemon.book.rest.edition,
            cost_a_day: mirrors.iter().map(|mirror| mirror.cost_a_day).sum(),
            mirrors,
            channels: report
                .channels
                .iter()
                .filter_map(|channel| of_channel(daemon, channel))
                .collect(),
            standby: report.stock.standby,
            reserve: report.stock.reserve,
            lasts_days: report.stock.lasts_days,
            next: next.collect(),
            journal: daemon
                .book
                .journal
                .iter()
                .rev()
                .take(LINES)
                .cloned()
                .collect(),
            trouble: daemon.trouble(),
        }
    }

    /// With how far pushes have come, which nobody needs to remember.
    pub(super) fn with_progress(mut self, under_way: &BTreeMap<MirrorId, Sent>) -> Self {
        for mirror in self.mirrors.iter_mut().filter(|mirror| mirror.pushing) {
            let sent = under_way.get(&MirrorId(mirror.id));
            mirror.sent_bytes = sent.map(|sent| sent.bytes);
            mirror.sent_of_bytes = sent.and_then(|sent| sent.of);
        }
        self
    }
}

impl MirrorView {
    /// How far the push to it has come, if one is under way.
    pub fn sending(&self) -> Option<String> {
        let sent = self.sent_bytes.unwrap_or_default();
        let words = match self.sent_of_bytes {
            _ if !self.pushing => return None,
            None if sent > 0 => format!("sending: {} so far", size(sent)),
            None => "looking what it lacks".to_owned(),
            Some(of) if sent < of => format!("sending: {} of {}", size(sent), size(of)),
            Some(of) => format!("{} sent; looking whether it shows them", size(of)),
        };
        Some(words)
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} KB", bytes / 1000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// The planner knows channels by number.
fn named(daemon: &Daemon, words: &str) -> String {
    let number = words
        .strip_prefix("channel ")
        .and_then(|rest| rest.split(':').next()?.parse().ok());
    match number {
        Some(id) => {
            let rest = words.split_once(':').map_or("", |(_, rest)| rest);
            format!("`{}`:{rest}", daemon.book.channel_name(ChannelId(id)))
        }
        None => words.to_owned(),
    }
}

/// What needs a look comes first.
fn rank(state: &str) -> usize {
    let order = [
        "blocked", "failed", "suspect", "serving", "standby", "filling",
    ];
    let place = order.iter().position(|known| *known == state);
    place.unwrap_or(order.len())
}

fn mirror(daemon: &Daemon, id: MirrorId, member: &Member) -> MirrorView {
    let (kept, known) = (daemon.book.mirrors.get(&id), daemon.book.planner.mirror(id));
    let public = member.public.as_ref();
    let vantages = daemon
        .wants
        .as_ref()
        .map(|wants| wants.vantages.as_slice())
        .unwrap_or_default();
    let fails = known.into_iter().flat_map(|mirror| mirror.failing());
    let edition = kept.map_or(0, |kept| kept.edition);
    MirrorView {
        id: id.0,
        name: daemon.book.mirror_name(id),
        state: known
            .map_or("kept", |mirror| mirror.phase.name())
            .to_owned(),
        why: known
            .filter(|mirror| matches!(mirror.phase, Phase::Blocked { .. }))
            .and_then(|mirror| Some(mirror.cause?.to_string())),
        provider: public
            .map(|public| public.provider.clone())
            .unwrap_or_default(),
        copies_others: matches!(member.mirror.place, super::super::Place::Follows(_)),
        edition,
        lag: daemon.book.rest.edition.saturating_sub(edition),
        behind_since: kept.and_then(|kept| kept.behind_since),
        pushing: kept.is_some_and(|kept| kept.is_busy),
        sent_bytes: None,
        sent_of_bytes: None,
        trouble: kept.and_then(|kept| kept.trouble.clone()),
        pushed: kept.and_then(|kept| kept.pushed),
        fails: fails
            .map(|(vantage, place, cause)| {
                let name = vantages.iter().find(|(id, _)| *id == vantage);
                let name = name.map_or_else(
                    || format!("vantage {}", vantage.0),
                    |(_, name)| name.clone(),
                );
                let place = if place == Place::Inside {
                    ""
                } else {
                    " (outside)"
                };
                (format!("{name}{place}"), cause.to_string())
            })
            .collect(),
        reach: vantages
            .iter()
            .map(|(id, name)| reach(name, kept.and_then(|kept| kept.sights.get(&id.0))))
            .collect(),
        reports: daemon.hearsay.words_of(id),
        channels: daemon
            .book
            .knowers(id)
            .map(|(_, audit)| audit.name.clone())
            .collect(),
        cost_a_day: public.map_or(0.0, cost),
    }
}

fn reach(vantage: &str, sight: Option<&Sight>) -> ReachView {
    ReachView {
        vantage: vantage.to_owned(),
        reach: sight.map_or(Reach::Unseen, |sight| sight.reach),
        how: sight.and_then(|sight| sight.how.clone()),
        at: sight.map(|sight| sight.at),
    }
}

fn of_channel(daemon: &Daemon, report: &rotation::ChannelReport) -> Option<ChannelView> {
    let (audit, wanted) = (
        daemon.book.channels.get(&report.channel)?,
        daemon.book.wanted.get(&report.channel)?,
    );
    let shown = daemon.shown(report.channel);
    let ways = wanted.ways.iter().map(|way| {
        let announced = audit.announced.get(&way.name);
        WayView {
            name: way.name.clone(),
            is_done: announced.is_some_and(|announced| announced.is_done),
            trouble: announced.and_then(|announced| announced.trouble.clone()),
        }
    });
    Some(ChannelView {
        id: report.channel.0,
        name: audit.name.clone(),
        tier: report.tier.name().to_owned(),
        overruled: report.overruled,
        since: report.since,
        p_leak: report.p_leak,
        evidence: report
            .evidence
            .iter()
            .map(|piece| piece.words.clone())
            .collect(),
        readers: wanted.readers,
        working: report.working,
        shows: shown
            .into_iter()
            .map(|id| daemon.book.mirror_name(id))
            .collect(),
        version: audit.version,
        expires: audit.expires,
        ways: ways.collect(),
    })
}
