//! The planner alone, driven by an outside simulator: JSON lines in and out, one step a line.
//!
//! 1. The first line names the seed, the budget, the providers and the channels. It has no answer.
//! 2. Every further line is one moment: new mirrors that stand ready, and what is blocked. The answer says what every
//!    channel is told and thought of, and which channels ought to be halved.
//! 3. The line after a halving names the new channels with their parent.
//!
//! A line that is not understood is answered with nothing and ends the session: a driver that is wrong once is wrong.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::sync::rotation::{
    AccountId, Action, Channel, ChannelId, Kind, MirrorId, NewChannel, Observation, ProviderId,
    State, Tier, Upkeep, step,
};

#[derive(Debug, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct SessionError {
    /// From 1.
    pub line: u64,
    pub why: String,
}

/// Where the driver's hour 0 lies; the planner needs some date.
const BEGINNING: i64 = 1_800_000_000;
const MOST_HOURS: f64 = 1_000_000.0;

#[derive(Debug, Default)]
pub struct Session {
    lines: u64,
    state: Option<State>,
}

#[derive(Deserialize)]
struct Opening {
    seed: u64,
    budget_per_day: f64,
    /// How many there are. The planner takes them as they come.
    #[serde(default, rename = "providers")]
    _providers: Option<u64>,
    channels: Vec<OpeningChannel>,
}

#[derive(Deserialize)]
struct OpeningChannel {
    id: u64,
    kind: WireKind,
    prior: Option<f64>,
    #[serde(default)]
    readers: u64,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum WireKind {
    Telegram,
    Footer,
    Partner,
    Newsletter,
    Bot,
    Invite,
}

impl From<WireKind> for Kind {
    fn from(kind: WireKind) -> Self {
        match kind {
            WireKind::Telegram => Self::Telegram,
            WireKind::Footer => Self::Footer,
            WireKind::Partner => Self::Partner,
            WireKind::Newsletter => Self::Newsletter,
            WireKind::Bot => Self::Bot,
            WireKind::Invite => Self::Invite,
        }
    }
}

#[derive(Deserialize)]
struct Moment {
    now_h: f64,
    #[serde(default)]
    ready: Vec<Ready>,
    #[serde(default)]
    blocked: Vec<u64>,
    #[serde(default)]
    new_channels: Vec<Half>,
}

#[derive(Deserialize)]
struct Ready {
    mirror: u64,
    provider: u64,
    account: Option<u64>,
}

#[derive(Deserialize)]
struct Half {
    id: u64,
    parent: u64,
    #[serde(default)]
    readers: u64,
}

#[derive(Serialize)]
struct Answer {
    channels: Vec<Told>,
    split: Vec<u64>,
}

#[derive(Serialize)]
struct Told {
    id: u64,
    show: Vec<u64>,
    bundle: Vec<u64>,
    p_leak: f64,
    tier: &'static str,
}

impl Session {
    /// The answer to one line, without a line end; `None` where none is due.
    pub fn line(&mut self, text: &str) -> Result<Option<String>, SessionError> {
        self.lines += 1;
        if text.trim().is_empty() {
            return Ok(None);
        }
        match self.state.take() {
            None => {
                let opening = self.parse(text)?;
                self.state = Some(opened(opening));
                Ok(None)
            }
            Some(state) => self.step(state, text).map(Some),
        }
    }

    fn step(&mut self, state: State, text: &str) -> Result<String, SessionError> {
        let moment: Moment = self.parse(text)?;
        let now = self.moment(moment.now_h)?;
        let seen = observations(&moment, &state);
        let (state, actions) = step(state, now, &seen);
        let answer = answer(&state, &actions);
        self.state = Some(state);
        serde_json::to_string(&answer).map_err(|error| self.error(error.to_string()))
    }

    fn parse<'a, T: Deserialize<'a>>(&self, text: &'a str) -> Result<T, SessionError> {
        serde_json::from_str(text).map_err(|error| self.error(error.to_string()))
    }

    fn moment(&self, hours: f64) -> Result<Timestamp, SessionError> {
        let seconds = (hours * 3600.0) as i64;
        (0.0..MOST_HOURS)
            .contains(&hours)
            .then(|| Timestamp::from_second(BEGINNING + seconds).ok())
            .flatten()
            .ok_or_else(|| self.error(format!("`now_h` is {hours}, which is no hour")))
    }

    fn error(&self, why: String) -> SessionError {
        SessionError {
            line: self.lines,
            why,
        }
    }
}

fn opened(opening: Opening) -> State {
    let mut state = State::new(opening.seed, 0.0);
    let budget = Observation::Budget {
        mirrors_per_day: opening.budget_per_day,
    };
    let channels = opening.channels.into_iter().map(|channel| {
        Observation::NewChannel(NewChannel {
            channel: ChannelId(channel.id),
            kind: channel.kind.into(),
            prior: channel.prior,
            readers: channel.readers,
        })
    });
    let seen: Vec<Observation> = std::iter::once(budget).chain(channels).collect();
    let beginning = Timestamp::from_second(BEGINNING).unwrap_or(Timestamp::UNIX_EPOCH);
    (state, _) = step(state, beginning, &seen);
    state
}

fn observations(moment: &Moment, state: &State) -> Vec<Observation> {
    let mut seen = Vec::new();
    for ready in &moment.ready {
        let mirror = MirrorId(ready.mirror);
        seen.push(Observation::Made {
            mirror,
            provider: ProviderId(ready.provider),
            account: ready.account.map(AccountId),
            upkeep: Upkeep::Free,
        });
        seen.push(Observation::Filled { mirror });
    }
    seen.extend(moment.blocked.iter().map(|mirror| Observation::Blocked {
        mirror: MirrorId(*mirror),
        cause: None,
    }));
    let mut by_parent = BTreeMap::<ChannelId, Vec<NewChannel>>::new();
    for half in &moment.new_channels {
        let parent = ChannelId(half.parent);
        let known = state.channels().find(|(id, _)| *id == parent);
        by_parent.entry(parent).or_default().push(NewChannel {
            channel: ChannelId(half.id),
            kind: known.map_or(Kind::Invite, |(_, channel)| channel.kind),
            prior: None,
            readers: half.readers,
        });
    }
    let splits = by_parent.into_iter();
    seen.extend(splits.map(|(channel, into)| Observation::WasSplit { channel, into }));
    seen
}

fn answer(state: &State, actions: &[Action]) -> Answer {
    let split = actions.iter().filter_map(|action| match action {
        Action::Split { channel } => Some(channel.0),
        _ => None,
    });
    Answer {
        channels: state
            .channels()
            .map(|(id, channel)| told(id, channel))
            .collect(),
        split: split.collect(),
    }
}

fn told(id: ChannelId, channel: &Channel) -> Told {
    let numbers = |mirrors: &[MirrorId]| mirrors.iter().map(|mirror| mirror.0).collect();
    Told {
        id: id.0,
        show: numbers(&channel.told.show),
        bundle: numbers(&channel.told.bundle),
        p_leak: channel.p_leak,
        tier: match channel.tier {
            Tier::Clean => "clean",
            Tier::Suspect => "suspect",
            Tier::Burnt => "burnt",
            Tier::Open => "open",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENING: &str = r#"{"seed": 1, "budget_per_day": 4, "providers": 6, "channels": [{"id": 0, "kind": "telegram", "prior": 0.95, "readers": 900}, {"id": 12, "kind": "newsletter", "prior": 0.15, "readers": 81}]}"#;

    fn answers(lines: &[&str]) -> Vec<serde_json::Value> {
        let mut session = Session::default();
        let answers = lines.iter().filter_map(|line| session.line(line).unwrap());
        answers
            .map(|answer| serde_json::from_str(&answer).unwrap())
            .collect()
    }

    const READY: &str = r#"{"now_h": 0, "ready": [{"mirror": 31, "provider": 1}, {"mirror": 7, "provider": 2}, {"mirror": 8, "provider": 3}, {"mirror": 9, "provider": 4}], "blocked": []}"#;

    #[test]
    fn ready_mirrors_are_told_and_blocked_ones_are_replaced() {
        let answers = answers(&[OPENING, READY, r#"{"now_h": 5, "blocked": [31, 7, 8]}"#]);
        let [first, second] = answers.as_slice() else {
            panic!("{answers:?}");
        };
        assert_eq!(first["channels"][0]["tier"], "open");
        assert_eq!(first["channels"][1]["tier"], "clean");
        assert_eq!(first["split"], serde_json::json!([]));
        for channel in [0, 1] {
            assert!(
                !first["channels"][channel]["bundle"]
                    .as_array()
                    .unwrap()
                    .is_empty()
            );
        }
        let newsletter = &second["channels"][1];
        assert_eq!(newsletter["show"][0], 9, "{second}");
        assert!(newsletter["p_leak"].as_f64().unwrap() > 0.15);
    }

    #[test]
    fn after_a_halving_the_new_channels_are_fed_and_the_parent_is_not() {
        let split = r#"{"now_h": 1, "new_channels": [{"id": 29, "parent": 12, "readers": 40}, {"id": 30, "parent": 12, "readers": 41}]}"#;
        let answers = answers(&[OPENING, READY, split]);
        let channels = answers[1]["channels"].as_array().unwrap();
        let ids: Vec<_> = channels
            .iter()
            .map(|channel| channel["id"].as_u64().unwrap())
            .collect();
        assert_eq!(ids, [0, 12, 29, 30]);
    }

    #[test]
    fn what_is_no_step_is_refused_with_its_line() {
        for bad in [
            "{",
            "[]",
            r#"{"now_h": -1}"#,
            r#"{"now_h": 1e300}"#,
            r#"{"blocked": [1]}"#,
        ] {
            let mut session = Session::default();
            session.line(OPENING).unwrap();
            assert_eq!(session.line(bad).unwrap_err().line, 2, "{bad}");
        }
        let unknown = r#"{"now_h": 1, "blocked": [999]}"#;
        assert_eq!(answers(&[OPENING, unknown]).len(), 1);
    }
}
