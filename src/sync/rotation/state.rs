//! What the planner remembers. Everything here is a value; [`super::record`] brings it to disk and back.

use std::collections::{BTreeMap, BTreeSet};

use super::dice::Dice;
use super::observation::{Cause, NewChannel, Place, Telling, Upkeep};
use super::rules::Rules;
use crate::base::Timestamp;

/// The daemon keeps the names; the planner needs only numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MirrorId(pub u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(pub u64);

/// Whoever can lose many mirrors at once: a hoster, a CDN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderId(pub u64);

/// One customer of a provider. The same number at two providers is two accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VantageId(pub u64);

/// See the [module](super).
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    pub(super) rules: Rules,
    pub(super) dice: Dice,
    /// The first step and the last.
    pub(super) begun: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    pub(super) mirrors_per_day: f64,
    pub(super) channels: BTreeMap<ChannelId, Channel>,
    pub(super) mirrors: BTreeMap<MirrorId, Mirror>,
    /// When mirrors came to be blocked, how long after they were told to a channel that leaks, in hours. The last ones.
    pub(super) lives: Vec<f64>,
    /// How often mirrors are blocked that nobody can have betrayed.
    pub(super) chance: Chance,
    /// Of the last release to open and burnt channels.
    pub(super) dripped: Option<Timestamp>,
    pub(super) alarm: Option<Timestamp>,
}

impl State {
    /// Nothing is known yet. `mirrors_per_day`: new ones that the newsroom can afford.
    pub fn new(seed: u64, mirrors_per_day: f64) -> Self {
        Self {
            rules: Rules::default(),
            dice: Dice::of_seed(seed),
            begun: None,
            last: None,
            mirrors_per_day,
            channels: BTreeMap::new(),
            mirrors: BTreeMap::new(),
            lives: Vec::new(),
            chance: Chance::default(),
            dripped: None,
            alarm: None,
        }
    }

    pub fn channels(&self) -> impl Iterator<Item = (ChannelId, &Channel)> {
        self.channels.iter().map(|(id, channel)| (*id, channel))
    }

    pub fn channel(&self, id: ChannelId) -> Option<&Channel> {
        self.channels.get(&id)
    }

    pub fn mirror(&self, id: MirrorId) -> Option<&Mirror> {
        self.mirrors.get(&id)
    }

    /// When the last step was.
    pub fn last(&self) -> Option<Timestamp> {
        self.last
    }

    pub fn mirrors(&self) -> impl Iterator<Item = (MirrorId, &Mirror)> {
        self.mirrors.iter().map(|(id, mirror)| (*id, mirror))
    }

    pub(super) fn works(&self, mirror: MirrorId) -> bool {
        self.mirrors.get(&mirror).is_some_and(Mirror::works)
    }
}

/// Mirrors that nobody knows, or only channels that have proved themselves.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Chance {
    /// They worked for so long, all together.
    pub hours: f64,
    pub blocks: f64,
}

/// Of what kind a channel is: how likely it leaks before anything is seen, and whether its readers can be invited anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Telegram,
    Footer,
    Partner,
    Newsletter,
    Bot,
    Invite,
}

impl Kind {
    /// As it is written in a configuration.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "telegram" => Self::Telegram,
            "footer" => Self::Footer,
            "partner" => Self::Partner,
            "newsletter" => Self::Newsletter,
            "bot" => Self::Bot,
            "invite" => Self::Invite,
            _ => return None,
        })
    }

    pub fn prior(self) -> f64 {
        match self {
            Self::Telegram | Self::Footer => 0.95,
            Self::Partner => 0.4,
            Self::Newsletter | Self::Bot => 0.15,
            Self::Invite => 0.05,
        }
    }

    /// Everybody can read it, so silence proves nothing.
    pub fn is_public(self) -> bool {
        matches!(self, Self::Telegram | Self::Footer)
    }

    pub(super) fn can_be_split(self) -> bool {
        matches!(self, Self::Newsletter | Self::Bot | Self::Invite)
    }
}

/// How far a channel is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    Clean,
    Suspect,
    Burnt,
    /// Public, for ever.
    Open,
}

impl Tier {
    pub fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Suspect => "suspect",
            Self::Burnt => "burnt",
            Self::Open => "open",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Clean, Self::Suspect, Self::Burnt, Self::Open];
        all.into_iter().find(|tier| tier.name() == text)
    }

    /// The censor reads along: it gets the drip.
    pub(super) fn is_fed_by_drip(self) -> bool {
        matches!(self, Self::Burnt | Self::Open)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    pub kind: Kind,
    pub prior: f64,
    pub readers: u64,
    /// Of the present tier.
    pub since: Timestamp,
    pub tier: Tier,
    pub p_leak: f64,
    pub told: Telling,
    pub overruled: Option<Tier>,
    pub split: Split,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    Whole,
    Asked,
    /// Its readers are elsewhere; it is told nothing more.
    Done,
}

impl Channel {
    pub(super) fn new(new: &NewChannel, now: Timestamp) -> Self {
        let prior = new.prior.filter(|prior| prior.is_finite());
        let prior = prior.unwrap_or(new.kind.prior()).clamp(0.001, 0.999);
        Self {
            kind: new.kind,
            prior,
            readers: new.readers,
            since: now,
            tier: if new.kind.is_public() {
                Tier::Open
            } else {
                Tier::Clean
            },
            p_leak: prior,
            told: Telling::default(),
            overruled: None,
            split: Split::Whole,
        }
    }

    /// It is still told of mirrors.
    pub fn is_in_use(&self) -> bool {
        self.split != Split::Done
    }
}

/// The life of a mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Ready,
    /// The edition is being pushed.
    Filling,
    /// Verified, and told to nobody.
    Standby,
    /// On a list.
    Serving,
    /// On a list, and one vantage fails.
    Suspect,
    Blocked {
        at: Timestamp,
        loss: Loss,
    },
    Retired {
        at: Timestamp,
        was_blocked: Option<(Timestamp, Loss)>,
    },
    /// The host itself is dead.
    Failed {
        at: Timestamp,
    },
}

impl Phase {
    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Filling => "filling",
            Self::Standby => "standby",
            Self::Serving => "serving",
            Self::Suspect => "suspect",
            Self::Blocked { .. } => "blocked",
            Self::Retired { .. } => "retired",
            Self::Failed { .. } => "failed",
        }
    }
}

/// What else a block may be due to than one channel's leak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    Single,
    /// One of many within six hours.
    Group,
    /// Nothing of this provider survived.
    Provider,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Mirror {
    pub provider: ProviderId,
    /// `None`: one of its own.
    pub account: Option<AccountId>,
    pub upkeep: Upkeep,
    pub phase: Phase,
    pub use_: Use,
    pub cause: Option<Cause>,
    /// Who knows the address. What was told cannot be taken back.
    pub(super) knowers: BTreeMap<ChannelId, Known>,
    pub(super) failing: BTreeMap<VantageId, Failing>,
    /// When a vantage outside last reached it.
    pub(super) reached_outside: Option<Timestamp>,
}

/// What a mirror is kept for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    Unused,
    Shared,
    /// Of one channel only: a lifeboat of a clean one, a canary of a suspect.
    Private,
    Drip,
}

/// Since when a channel knows a mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    pub since: Timestamp,
    /// For everybody to see, not only inside the bundle.
    pub shown: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failing {
    pub place: Place,
    pub since: Timestamp,
    pub last: Timestamp,
    pub cause: Cause,
}

impl Mirror {
    pub(super) fn new(provider: ProviderId, account: Option<AccountId>, upkeep: Upkeep) -> Self {
        Self {
            provider,
            account,
            upkeep,
            phase: Phase::Ready,
            use_: Use::Unused,
            cause: None,
            knowers: BTreeMap::new(),
            failing: BTreeMap::new(),
            reached_outside: None,
        }
    }

    /// Who knows its address.
    pub fn knowers(&self) -> impl Iterator<Item = (ChannelId, Known)> {
        self.knowers.iter().map(|(id, known)| (*id, *known))
    }

    /// The vantages that fail to reach it now, where they are, and how it fails.
    pub fn failing(&self) -> impl Iterator<Item = (VantageId, Place, Cause)> {
        let failing = self.failing.iter();
        failing.map(|(id, failing)| (*id, failing.place, failing.cause))
    }

    /// In one account: one letter takes both away, and who was told of both knows that they belong together.
    pub(super) fn is_tied_to(&self, other: &Self) -> bool {
        self.account.is_some() && (self.provider, self.account) == (other.provider, other.account)
    }

    /// As far as anybody knows, readers reach it.
    pub fn works(&self) -> bool {
        matches!(self.phase, Phase::Standby | Phase::Serving | Phase::Suspect)
    }

    pub fn is_standby(&self) -> bool {
        self.phase == Phase::Standby
    }

    /// When it was blocked, also if it is retired since.
    pub fn blocked(&self) -> Option<(Timestamp, Loss)> {
        match self.phase {
            Phase::Blocked { at, loss } => Some((at, loss)),
            Phase::Retired { was_blocked, .. } => was_blocked,
            _ => None,
        }
    }

    /// Until when its silence speaks for those who know it; `None` while it works.
    pub(super) fn ended(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Failed { at } => Some(at),
            Phase::Retired { at, was_blocked } => Some(was_blocked.map_or(at, |(at, _)| at)),
            _ => self.blocked().map(|(at, _)| at),
        }
    }
}

/// Hours from one moment to another; 0 if it lies before.
pub(super) fn hours(from: Timestamp, to: Timestamp) -> f64 {
    (to.as_second() - from.as_second()).max(0) as f64 / 3600.0
}

/// Each of these that is not tied to one before it: one list holds no two of an account.
pub(super) fn apart(state: &State, ids: impl IntoIterator<Item = MirrorId>) -> Vec<MirrorId> {
    let mut apart: Vec<(MirrorId, Option<&Mirror>)> = Vec::new();
    for id in ids {
        let mirror = state.mirrors.get(&id);
        let is_tied = |before: &Mirror| mirror.is_some_and(|mirror| mirror.is_tied_to(before));
        if !apart.iter().any(|(_, before)| before.is_some_and(is_tied)) {
            apart.push((id, mirror));
        }
    }
    apart.into_iter().map(|(id, _)| id).collect()
}

/// Who could take these mirrors away.
#[derive(Debug, Default)]
pub(super) struct Owners {
    pub(super) providers: BTreeSet<ProviderId>,
    accounts: BTreeSet<(ProviderId, AccountId)>,
}

impl Owners {
    pub(super) fn of(state: &State, mirrors: &[MirrorId]) -> Self {
        let mut owners = Self::default();
        for mirror in mirrors.iter().filter_map(|id| state.mirrors.get(id)) {
            owners.providers.insert(mirror.provider);
            let account = mirror.account.map(|account| (mirror.provider, account));
            owners.accounts.extend(account);
        }
        owners
    }

    /// Whether a mirror of this account would be tied to one of theirs.
    pub(super) fn have(&self, provider: ProviderId, account: Option<AccountId>) -> bool {
        account.is_some_and(|account| self.accounts.contains(&(provider, account)))
    }
}
