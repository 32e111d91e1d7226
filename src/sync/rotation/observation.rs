//! What the planner is told, and what it wants done. Nothing else goes in or out.

use std::fmt;

use super::state::{AccountId, ChannelId, Kind, MirrorId, ProviderId, Tier, VantageId};
use crate::base::Timestamp;

/// Something that was seen, or that the operator said.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    /// There is a new, empty mirror; or the operator says otherwise than before whose a known one is.
    Made {
        mirror: MirrorId,
        provider: ProviderId,
        account: Option<AccountId>,
        upkeep: Upkeep,
    },
    /// The edition lies on it, verified by reading back.
    Filled {
        mirror: MirrorId,
    },
    /// The host itself is gone: nobody reaches it, from anywhere.
    Dead {
        mirror: MirrorId,
    },
    Probed(Probe),
    /// A driver that watches by itself, or the operator, says so.
    Blocked {
        mirror: MirrorId,
        cause: Option<Cause>,
    },
    NewChannel(NewChannel),
    /// The readers of a channel were invited to these, and it is used no more.
    WasSplit {
        channel: ChannelId,
        into: Vec<NewChannel>,
    },
    /// The operator knows better. `None`: the planner judges by itself again.
    Overruled {
        channel: ChannelId,
        tier: Option<Tier>,
    },
    /// New mirrors a day that the newsroom can afford from now on.
    Budget {
        mirrors_per_day: f64,
    },
}

/// Whether it costs anything to keep a blocked mirror for those whom it still reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upkeep {
    Free,
    Paid,
}

#[derive(Debug, Clone, PartialEq)]
pub struct NewChannel {
    pub channel: ChannelId,
    pub kind: Kind,
    /// `P(leak)` before anything is seen; the usual one of its kind if `None`.
    pub prior: Option<f64>,
    pub readers: u64,
}

/// One look at one mirror from one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    pub at: Timestamp,
    pub vantage: VantageId,
    pub place: Place,
    pub mirror: MirrorId,
    pub seen: Seen,
    pub controls: Controls,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Behind the censor.
    Inside,
    /// Where nobody blocks.
    Outside,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    Works,
    Fails(Cause),
}

/// Whether the vantage reached, at the same time, what surely is not blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Controls {
    Work,
    /// It is blind, and says nothing about any mirror.
    Fail,
}

/// How a mirror fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    DnsLies,
    Refused,
    /// At the TLS hello.
    Reset,
    Blackhole,
    BlockPage,
    Throttled,
    /// The connection stands still after so many kilobytes.
    Frozen {
        after_kb: u32,
    },
    WrongContent,
    Stale,
}

impl Cause {
    /// In the same way, though not to the same kilobyte.
    pub(super) fn is_like(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DnsLies => f.write_str("the name resolves to a wrong address"),
            Self::Refused => f.write_str("connections are refused"),
            Self::Reset => f.write_str("the TLS hello is reset"),
            Self::Blackhole => f.write_str("packets vanish"),
            Self::BlockPage => f.write_str("a block page is shown"),
            Self::Throttled => f.write_str("it is throttled"),
            Self::Frozen { after_kb } => write!(f, "it freezes after {after_kb} KB"),
            Self::WrongContent => f.write_str("it shows something else"),
            Self::Stale => f.write_str("it shows an old edition"),
        }
    }
}

/// What to do now. The order is the order of doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Push the edition to it, and say [`Observation::Filled`] when it was read back.
    Fill { mirror: MirrorId },
    /// The channel's list is this from now on.
    Publish { channel: ChannelId, list: Telling },
    /// Invite its readers to two fresh groups, and say [`Observation::WasSplit`].
    Split { channel: ChannelId },
    /// Switch it off.
    Retire { mirror: MirrorId },
    /// Tell the operator.
    Alarm { blocked: usize },
}

/// What a channel is told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Telling {
    /// Addresses that everybody in the channel sees, at most two.
    pub show: Vec<MirrorId>,
    /// The signed list inside the bundle: those shown, then the others.
    pub bundle: Vec<MirrorId>,
}
