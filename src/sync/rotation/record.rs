//! The state as JSON, in types of its own, so that the planner's can change.
//!
//! Moments are whole seconds since 1970. What is read back is checked: a state from which the planner could not go on is
//! refused whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Dice;
use super::observation::{Cause, Place, Telling, Upkeep};
use super::rules::Rules;
use super::state::{
    AccountId, Chance, Channel, ChannelId, Failing, Kind, Known, Loss, Mirror, MirrorId, Phase,
    ProviderId, Split, State, Tier, Use, VantageId,
};
use crate::base::Timestamp;

const FORMAT: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    #[error("the planner's state cannot be read: {0}")]
    Unreadable(String),
    #[error("the planner's state is in format {0}, which this colport does not know")]
    Format(u32),
    #[error("the planner's state contradicts itself: {0}")]
    Contradiction(String),
}

impl State {
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(&Record::of(self)).expect("a state has numbers and names only")
    }

    pub fn from_json(bytes: &[u8]) -> Result<Self, RecordError> {
        let record: Record = serde_json::from_slice(bytes).map_err(unreadable)?;
        if record.format != FORMAT {
            return Err(RecordError::Format(record.format));
        }
        record.state()
    }
}

fn unreadable(error: serde_json::Error) -> RecordError {
    RecordError::Unreadable(error.to_string().chars().take(200).collect())
}

#[derive(Serialize, Deserialize)]
struct Record {
    format: u32,
    seed: u64,
    begun: Option<i64>,
    last: Option<i64>,
    mirrors_per_day: f64,
    channels: Vec<ChannelRecord>,
    mirrors: Vec<MirrorRecord>,
    lives: Vec<f64>,
    unbetrayed_hours: f64,
    unbetrayed_blocks: f64,
    dripped: Option<i64>,
    alarm: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct ChannelRecord {
    id: u64,
    #[serde(with = "KindName")]
    kind: Kind,
    prior: f64,
    readers: u64,
    since: i64,
    #[serde(with = "TierName")]
    tier: Tier,
    p_leak: f64,
    show: Vec<u64>,
    bundle: Vec<u64>,
    overruled: Option<TierRecord>,
    #[serde(with = "SplitName")]
    split: Split,
}

#[derive(Serialize, Deserialize)]
struct TierRecord(#[serde(with = "TierName")] Tier);

#[derive(Serialize, Deserialize)]
struct MirrorRecord {
    id: u64,
    provider: u64,
    #[serde(default)]
    account: Option<u64>,
    #[serde(with = "UpkeepName")]
    upkeep: Upkeep,
    phase: PhaseRecord,
    #[serde(with = "UseName", rename = "use")]
    use_: Use,
    cause: Option<CauseRecord>,
    knowers: Vec<KnownRecord>,
    failing: Vec<FailingRecord>,
    reached_outside: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct CauseRecord(#[serde(with = "CauseName")] Cause);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PhaseRecord {
    Ready,
    Filling,
    Standby,
    Serving,
    Suspect,
    Blocked {
        at: i64,
        loss: LossRecord,
    },
    Retired {
        at: i64,
        was_blocked: Option<(i64, LossRecord)>,
    },
    Failed {
        at: i64,
    },
}

#[derive(Serialize, Deserialize)]
struct LossRecord(#[serde(with = "LossName")] Loss);

#[derive(Serialize, Deserialize)]
struct KnownRecord {
    channel: u64,
    since: i64,
    shown: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct FailingRecord {
    vantage: u64,
    #[serde(with = "PlaceName")]
    place: Place,
    since: i64,
    last: i64,
    #[serde(with = "CauseName")]
    cause: Cause,
}

/// The names of the small enums, said once more so that renaming one in the planner changes no file.
macro_rules! names {
    ($record:ident = $of:literal { $($variant:ident $({ $field:ident: $type:ty })?),+ $(,)? }) => {
        #[derive(Serialize, Deserialize)]
        #[serde(remote = $of, rename_all = "snake_case")]
        enum $record { $($variant $({ $field: $type })?),+ }
    };
}

names!(KindName = "Kind" { Telegram, Footer, Partner, Newsletter, Bot, Invite });
names!(TierName = "Tier" { Clean, Suspect, Burnt, Open });
names!(SplitName = "Split" { Whole, Asked, Done });
names!(UpkeepName = "Upkeep" { Free, Paid });
names!(UseName = "Use" { Unused, Shared, Private, Drip });
names!(LossName = "Loss" { Single, Group, Provider });
names!(PlaceName = "Place" { Inside, Outside });
names!(CauseName = "Cause" {
    DnsLies, Refused, Reset, Blackhole, BlockPage, Throttled, Frozen { after_kb: u32 }, WrongContent, Stale,
});

impl Record {
    fn of(state: &State) -> Self {
        Self {
            format: FORMAT,
            seed: state.dice.seed(),
            begun: state.begun.map(second),
            last: state.last.map(second),
            mirrors_per_day: state.mirrors_per_day,
            channels: state.channels.iter().map(channel_record).collect(),
            mirrors: state.mirrors.iter().map(mirror_record).collect(),
            lives: state.lives.clone(),
            unbetrayed_hours: state.chance.hours,
            unbetrayed_blocks: state.chance.blocks,
            dripped: state.dripped.map(second),
            alarm: state.alarm.map(second),
        }
    }

    fn state(self) -> Result<State, RecordError> {
        let mirrors: Result<BTreeMap<MirrorId, Mirror>, RecordError> =
            self.mirrors.into_iter().map(mirror).collect();
        let channels: Result<BTreeMap<ChannelId, Channel>, RecordError> =
            self.channels.into_iter().map(channel).collect();
        let mirrors_per_day = number(self.mirrors_per_day, 0.0..=10_000.0)?;
        let lives = self.lives.into_iter().map(|life| number(life, 0.0..=1e9));
        let state = State {
            rules: Rules::default(),
            dice: Dice::of_seed(self.seed),
            begun: self.begun.map(moment).transpose()?,
            last: self.last.map(moment).transpose()?,
            mirrors_per_day,
            channels: channels?,
            mirrors: mirrors?,
            lives: lives.collect::<Result<_, _>>()?,
            chance: Chance {
                hours: number(self.unbetrayed_hours, 0.0..=f64::MAX)?,
                blocks: number(self.unbetrayed_blocks, 0.0..=f64::MAX)?,
            },
            dripped: self.dripped.map(moment).transpose()?,
            alarm: self.alarm.map(moment).transpose()?,
        };
        check(&state).map(|()| state)
    }
}

/// A channel that is told of a mirror knows it.
fn check(state: &State) -> Result<(), RecordError> {
    for (id, channel) in &state.channels {
        for mirror in &channel.told.bundle {
            let known = state.mirrors.get(mirror);
            // What was forgotten after months may still stand at the end of a list that nothing replaced.
            if known.is_some_and(|mirror| !mirror.knowers.contains_key(id)) {
                let words = format!(
                    "channel {} has mirror {}, which it was not told",
                    id.0, mirror.0
                );
                return Err(RecordError::Contradiction(words));
            }
        }
    }
    Ok(())
}

fn channel_record((id, channel): (&ChannelId, &Channel)) -> ChannelRecord {
    ChannelRecord {
        id: id.0,
        kind: channel.kind,
        prior: channel.prior,
        readers: channel.readers,
        since: second(channel.since),
        tier: channel.tier,
        p_leak: channel.p_leak,
        show: channel.told.show.iter().map(|mirror| mirror.0).collect(),
        bundle: channel.told.bundle.iter().map(|mirror| mirror.0).collect(),
        overruled: channel.overruled.map(TierRecord),
        split: channel.split,
    }
}

fn channel(record: ChannelRecord) -> Result<(ChannelId, Channel), RecordError> {
    let channel = Channel {
        kind: record.kind,
        prior: number(record.prior, 0.001..=0.999)?,
        readers: record.readers,
        since: moment(record.since)?,
        tier: record.tier,
        p_leak: number(record.p_leak, 0.0..=1.0)?,
        told: Telling {
            show: record.show.into_iter().map(MirrorId).collect(),
            bundle: record.bundle.into_iter().map(MirrorId).collect(),
        },
        overruled: record.overruled.map(|TierRecord(tier)| tier),
        split: record.split,
    };
    Ok((ChannelId(record.id), channel))
}

fn mirror_record((id, mirror): (&MirrorId, &Mirror)) -> MirrorRecord {
    let knowers = mirror.knowers.iter().map(|(channel, known)| KnownRecord {
        channel: channel.0,
        since: second(known.since),
        shown: known.shown.map(second),
    });
    let failing = mirror
        .failing
        .iter()
        .map(|(vantage, failing)| FailingRecord {
            vantage: vantage.0,
            place: failing.place,
            since: second(failing.since),
            last: second(failing.last),
            cause: failing.cause,
        });
    MirrorRecord {
        id: id.0,
        provider: mirror.provider.0,
        account: mirror.account.map(|account| account.0),
        upkeep: mirror.upkeep,
        phase: phase_record(mirror.phase),
        use_: mirror.use_,
        cause: mirror.cause.map(CauseRecord),
        knowers: knowers.collect(),
        failing: failing.collect(),
        reached_outside: mirror.reached_outside.map(second),
    }
}

fn mirror(record: MirrorRecord) -> Result<(MirrorId, Mirror), RecordError> {
    let knowers = record.knowers.into_iter().map(|known| {
        let shown = known.shown.map(moment).transpose()?;
        let since = moment(known.since)?;
        Ok((ChannelId(known.channel), Known { since, shown }))
    });
    let failing = record.failing.into_iter().map(|failing| {
        let streak = Failing {
            place: failing.place,
            since: moment(failing.since)?,
            last: moment(failing.last)?,
            cause: failing.cause,
        };
        Ok((VantageId(failing.vantage), streak))
    });
    let mirror = Mirror {
        provider: ProviderId(record.provider),
        account: record.account.map(AccountId),
        upkeep: record.upkeep,
        phase: phase(record.phase)?,
        use_: record.use_,
        cause: record.cause.map(|CauseRecord(cause)| cause),
        knowers: knowers.collect::<Result<_, RecordError>>()?,
        failing: failing.collect::<Result<_, RecordError>>()?,
        reached_outside: record.reached_outside.map(moment).transpose()?,
    };
    Ok((MirrorId(record.id), mirror))
}

fn phase_record(phase: Phase) -> PhaseRecord {
    match phase {
        Phase::Ready => PhaseRecord::Ready,
        Phase::Filling => PhaseRecord::Filling,
        Phase::Standby => PhaseRecord::Standby,
        Phase::Serving => PhaseRecord::Serving,
        Phase::Suspect => PhaseRecord::Suspect,
        Phase::Blocked { at, loss } => PhaseRecord::Blocked {
            at: second(at),
            loss: LossRecord(loss),
        },
        Phase::Retired { at, was_blocked } => PhaseRecord::Retired {
            at: second(at),
            was_blocked: was_blocked.map(|(at, loss)| (second(at), LossRecord(loss))),
        },
        Phase::Failed { at } => PhaseRecord::Failed { at: second(at) },
    }
}

fn phase(record: PhaseRecord) -> Result<Phase, RecordError> {
    Ok(match record {
        PhaseRecord::Ready => Phase::Ready,
        PhaseRecord::Filling => Phase::Filling,
        PhaseRecord::Standby => Phase::Standby,
        PhaseRecord::Serving => Phase::Serving,
        PhaseRecord::Suspect => Phase::Suspect,
        PhaseRecord::Blocked { at, loss } => Phase::Blocked {
            at: moment(at)?,
            loss: loss.0,
        },
        PhaseRecord::Retired { at, was_blocked } => {
            let blocked = was_blocked.map(|(at, loss)| Ok::<_, RecordError>((moment(at)?, loss.0)));
            Phase::Retired {
                at: moment(at)?,
                was_blocked: blocked.transpose()?,
            }
        }
        PhaseRecord::Failed { at } => Phase::Failed { at: moment(at)? },
    })
}

fn second(at: Timestamp) -> i64 {
    at.as_second()
}

fn moment(second: i64) -> Result<Timestamp, RecordError> {
    let moment = Timestamp::from_second(second);
    moment.map_err(|_| RecordError::Contradiction(format!("{second} is no moment")))
}

fn number(value: f64, range: std::ops::RangeInclusive<f64>) -> Result<f64, RecordError> {
    match range.contains(&value) {
        true => Ok(value),
        false => Err(RecordError::Contradiction(format!(
            "{value} is out of range"
        ))),
    }
}
