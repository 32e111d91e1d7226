//! The daemon: keeps a newsroom's mirrors filled, watched and told to the right people, without end.
//!
//! 1. [`Daemon`] is a function of values: [what happened](Event) goes in, [what to do](Effect) comes out. It asks nobody,
//!    knows no clock, and everything that it must not forget is in [`Daemon::entries`].
//! 2. The loop around it ([`shell`]) writes these down before it does anything, so that a kill at any moment costs
//!    nothing: what is owed is not a queue but follows from what is remembered.
//! 3. Which mirrors there are and who is told is the [planner's](super::rotation) to say. Here are names, places, tries,
//!    versions of lists, and what was announced.
//! 4. Time runs evenly ([`Steady`]): a clock that jumps rotates nothing.
//!
//! What the daemon did and why stands in a [journal](Entry) of bounded length. It names mirrors as the operator does;
//! addresses are in none of its lines.

mod announcing;
mod book;
mod lists;
mod meeting;
mod orders;
pub mod page;
pub mod shell;
mod steady;
mod view;

use std::net::IpAddr;

use url::Url;

pub use announcing::Announcement;
pub use book::{BookError, Entry, Reach};
pub use lists::Sealed;
pub use meeting::lay;
pub use orders::Daemon;
pub use shell::{Desk, Exposure, Operator, Trouble, run};
pub use steady::Steady;
pub use view::{ChannelView, MirrorView, ReachView, View, WayView};

pub use crate::trust::lists::Rendezvous;

use super::pool::{self, Described};
use super::rotation::{ChannelId, Kind, MirrorId, Probe, Tier, Upkeep, VantageId};
use super::watching::hints::Hint;
use super::{Mirror, Outcome, Place};
use crate::base::{EditionNumber, Timestamp};
use crate::trust::lists::{AddressList, ChannelWord};

/// What the operator wants, as `colport.toml` says it.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    pub members: Vec<Member>,
    pub channels: Vec<WantedChannel>,
    /// New mirrors that can be afforded.
    pub mirrors_a_day: f64,
    /// Whether somebody makes a mirror when one is needed.
    pub can_make: bool,
    /// Names of mirrors that new ones may copy, whoever learns of them by it.
    pub origins: Vec<String>,
    /// For how long a list counts.
    pub list_days: i64,
    /// Where readers look when all mirrors fail.
    pub rendezvous: Rendezvous,
    /// From where mirrors are looked at.
    pub vantages: Vec<(VantageId, String)>,
}

impl Member {
    /// One that stands by.
    pub fn of_pool(described: &Described) -> Self {
        let public = Public {
            url: described.url.clone(),
            onion: described.onion.clone(),
            provider: described.account.provider.clone(),
            account: described.account.name.clone(),
            upkeep: described.upkeep,
            cost_a_day: described.cost_a_day,
        };
        Self {
            mirror: described.mirror.clone(),
            public: Some(public),
            addresses: described.addresses.clone(),
            made: None,
        }
    }

    /// By what it leads to other mirrors, if readers are told of it.
    pub fn domain(&self) -> Option<String> {
        Some(pool::registrable(&self.public.as_ref()?.url))
    }

    /// Whether it runs `colport serve`, and so takes lists by themselves.
    pub fn server(&self) -> Option<&Url> {
        match &self.mirror.place {
            Place::Colport(url) | Place::Follows(url) => Some(url),
            Place::Folder(_) | Place::Host(_) => None,
        }
    }
}

/// A host that is pushed to, and what readers may know of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    pub mirror: Mirror,
    /// `None`: nobody is told of it, as of a memory stick.
    pub public: Option<Public>,
    /// Of its host, where whoever made it knows them.
    pub addresses: Vec<IpAddr>,
    /// What the one who made it said, if it does not stand in `colport.toml`.
    pub made: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Public {
    pub url: Url,
    pub onion: Option<Url>,
    /// Who can lose many at once: a hoster, an account.
    pub provider: String,
    /// What the operator calls his account there; empty if he says nothing.
    pub account: String,
    pub upkeep: Upkeep,
    pub cost_a_day: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct WantedChannel {
    pub name: String,
    pub kind: Kind,
    pub prior: Option<f64>,
    pub readers: u64,
    /// Its readers were invited out of this channel.
    pub instead_of: Option<String>,
    /// How it is told, by name.
    pub ways: Vec<Way>,
}

/// A host that is seen at an address: lists lie there for those whom no mirror answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeetingPlace {
    /// By which it is told as a way.
    pub name: String,
    pub place: Place,
    pub address: Url,
}

/// The way that every channel has: files in the newsroom's folder.
pub const FILES: &str = "files";

/// A way by which a channel is told of its mirrors.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    pub name: String,
    pub to: Audience,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// Told once of what is shown, and again when that is another.
    People,
    /// Gets each version of the list; to do it twice does no harm.
    Programs,
    /// The same, and each edition, to hand it on together with the list.
    Carriers,
}

/// When something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// By the clock on the wall, for dates that others read.
    pub wall: Timestamp,
    /// By a clock that never jumps, for everything that is planned.
    pub steady: Timestamp,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// `colport.toml` was read, at the start or anew.
    Configured(Wanted),
    /// The newest edition in the newsroom's folder.
    Edition(EditionNumber),
    /// Time has passed.
    Tick,
    Pushed {
        mirror: MirrorId,
        /// What was asked for.
        edition: EditionNumber,
        /// What became of that.
        outcome: Outcome,
        /// Which it shows now.
        lists: Vec<(ChannelId, u64)>,
        /// What became of lists that it does not show, where they are sent by themselves and the edition is there.
        untaken: Option<Outcome>,
    },
    /// A push was not even begun, for a reason of our own: it accuses nobody, and is tried again.
    Held {
        mirror: MirrorId,
        why: String,
    },
    /// One vantage has looked, whatever the others do.
    Probed {
        vantage: VantageId,
        probes: Vec<Probe>,
    },
    /// All that readers report to mirrors now.
    Heard(Vec<Hint>),
    Announced {
        channel: ChannelId,
        way: String,
        version: u64,
        failed: Option<String>,
    },
    /// Somebody was asked for a mirror.
    Made(Result<Box<Member>, String>),
    /// The operator's word.
    Overruled {
        channel: ChannelId,
        tier: Option<Tier>,
    },
    Blocked {
        mirror: MirrorId,
    },
    /// Something of our own went wrong, or right again if there are no words.
    Trouble {
        of: Part,
        words: String,
    },
}

/// What of our own goes wrong, each by itself: that one is well again says nothing of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// `colport.toml`.
    File,
    /// The newsroom's folder, with its editions.
    Folder,
    Clock,
    /// What the daemon writes down.
    Memory,
}

/// What to do now.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Bring the edition and these lists to the mirror.
    Push {
        mirror: MirrorId,
        edition: EditionNumber,
        lists: Vec<Told>,
    },
    /// Look at these from there.
    Probe {
        vantage: VantageId,
        mirrors: Vec<MirrorId>,
    },
    /// Ask these what readers told them of others.
    Hear(Vec<MirrorId>),
    /// Tell a channel.
    Announce { way: String, told: Told },
    /// Ask for a new mirror. Whoever makes it, and the machine that it becomes, learn of those that it may copy.
    Make { follow: Vec<Url> },
    /// The host is no longer needed.
    Retire { mirror: MirrorId },
    /// Tell the operator.
    Alert(String),
}

/// What one channel is told, to be sealed.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub channel: ChannelId,
    pub name: String,
    pub word: ChannelWord,
    pub list: AddressList,
    /// What everybody in the channel sees of it.
    pub show: Vec<Url>,
}
