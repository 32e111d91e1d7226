//! When to stop waiting: rules over what each line has brought so far. Pure: the time is handed in.
//!
//! 1. Asking many mirrors for something small: one, soon two more, then all; for each that fails the next at once.
//! 2. Downloading: one line leads, that is, its bytes are used. When it is silent or slow, another is opened beside it;
//!    the first that does better leads from then on, the losers are closed.
//! 3. A line that is silent for long is given up; its mirror may be asked again if it brought something.
//! 4. A lead that is slow is kept as long as no other is twice as fast. It is given up only when it would take forever.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// How patient a reader is. The defaults suit a person who waits.
#[derive(Debug, Clone)]
pub struct Patience {
    /// After this two more mirrors are asked for metadata.
    pub two_more: Duration,
    /// After this all are asked.
    pub all: Duration,
    /// How long after the first good answer a newer one is waited for.
    pub newer: Duration,
    /// For finding any good mirror, and so also for all the metadata of one.
    pub metadata: Duration,
    /// Silence of a download after which another mirror is asked as well.
    pub silence: Duration,
    /// Slower than this, in bytes a second, is worth looking for a better mirror.
    pub slow: u64,
    /// Slower than this for as long as `metadata` is given up, even if there is no other.
    pub hopeless: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            two_more: Duration::from_millis(120),
            all: Duration::from_millis(250),
            newer: Duration::from_millis(250),
            metadata: Duration::from_secs(14),
            silence: Duration::from_millis(400),
            slow: 64 << 10,
            hopeless: 256,
        }
    }
}

/// Mirrors that are asked for metadata at one time, and by how many more that grows each second, so that forty silent
/// ones cannot hide a good one.
const ABREAST: usize = 12;
const ABREAST_PER_SECOND: usize = 8;

impl Patience {
    /// How many mirrors should have been asked by now, if `ended` of them have failed.
    pub fn asked(&self, since: Duration, ended: usize) -> usize {
        let abreast = if since < self.two_more {
            1
        } else if since < self.all {
            3
        } else {
            let seconds = usize::try_from(since.as_secs()).unwrap_or(usize::MAX);
            ABREAST.saturating_add(seconds.saturating_mul(ABREAST_PER_SECOND))
        };
        abreast.saturating_add(ended)
    }
}

/// Measures one line.
#[derive(Debug)]
pub struct Meter {
    opened: Instant,
    last: Instant,
    first: Option<Instant>,
    recent: VecDeque<(Instant, u64)>,
    brought: u64,
}

/// A rate is told from this long after the first byte, over at most [`WINDOW`].
const SETTLED: Duration = Duration::from_millis(500);
const WINDOW: Duration = Duration::from_secs(2);

impl Meter {
    pub fn new(now: Instant) -> Self {
        Self {
            opened: now,
            last: now,
            first: None,
            recent: VecDeque::new(),
            brought: 0,
        }
    }

    pub fn heard(&mut self, now: Instant, bytes: u64) {
        self.first.get_or_insert(now);
        self.last = now;
        self.brought += bytes;
        self.recent.push_back((now, bytes));
        self.forget(now);
    }

    /// We did not listen, so silence until now is not the mirror's.
    pub fn excuse(&mut self, now: Instant) {
        self.last = now;
    }

    fn forget(&mut self, now: Instant) {
        while self
            .recent
            .front()
            .is_some_and(|(at, _)| now.duration_since(*at) > WINDOW)
        {
            self.recent.pop_front();
        }
    }

    pub fn brought(&self) -> u64 {
        self.brought
    }

    /// `patience`: the silence after which another mirror is asked; `hope`: after which this one is given up.
    pub fn view(&mut self, now: Instant, patience: Duration, hope: Duration) -> View {
        self.forget(now);
        View {
            delivered: self.first.is_some(),
            is_silent: now.duration_since(self.last) >= patience,
            is_dead: now.duration_since(self.last) >= hope,
            age: now.duration_since(self.opened),
            bytes_per_second: self.rate(now),
        }
    }

    fn rate(&self, now: Instant) -> Option<u64> {
        let flowing = now.duration_since(self.first?);
        if flowing < SETTLED {
            return None;
        }
        let bytes: u64 = self.recent.iter().map(|(_, bytes)| bytes).sum();
        let millis = u64::try_from(flowing.min(WINDOW).as_millis()).unwrap_or(u64::MAX);
        bytes.saturating_mul(1000).checked_div(millis)
    }
}

/// How a line looks now.
#[derive(Debug, Clone, Copy)]
pub struct View {
    pub delivered: bool,
    pub is_silent: bool,
    /// Silent for so long that nothing more is to be hoped for.
    pub is_dead: bool,
    pub age: Duration,
    /// `None` until it can be told.
    pub bytes_per_second: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Stay,
    /// Ask one more mirror; if there is none, stay.
    Open,
    /// Ask one more mirror, unless it is known to be no faster than this.
    OpenFaster(u64),
    /// Use this line from now on, and close the one used so far.
    Lead(usize),
    Close(usize),
    /// It is dead: the same mirror may be asked again.
    Abandon(usize),
}

const LINES: usize = 4;

/// What to do about the lines that are open, of which `lead` is used.
pub fn steer(patience: &Patience, lead: Option<usize>, lines: &[View]) -> Step {
    let others = || {
        lines
            .iter()
            .enumerate()
            .filter(|(index, _)| Some(*index) != lead)
    };
    let best = others()
        .filter(|(_, line)| line.delivered && !line.is_silent)
        .max_by_key(|(_, line)| line.bytes_per_second);
    if let Some(dead) = lines.iter().position(|line| line.is_dead) {
        return Step::Abandon(dead);
    }
    match lead.and_then(|lead| lines.get(lead)) {
        None => match best {
            Some((index, _)) => Step::Lead(index),
            None => open_another(patience, lines),
        },
        Some(lead) if lead.is_silent => match best {
            Some((index, _)) => Step::Lead(index),
            None => open_another(patience, lines),
        },
        Some(lead) => match lead.bytes_per_second.filter(|rate| *rate < patience.slow) {
            Some(rate) => challenge(rate, others()),
            // All is well: the losers are closed.
            None => others()
                .next()
                .map_or(Step::Stay, |(index, _)| Step::Close(index)),
        },
    }
}

fn open_another(patience: &Patience, lines: &[View]) -> Step {
    let waited = lines
        .iter()
        .all(|line| line.is_silent || line.age >= patience.silence);
    if waited && lines.len() < LINES {
        Step::Open
    } else {
        Step::Stay
    }
}

/// The lead is slow: one other line may show that it does better.
fn challenge<'a>(rate: u64, mut others: impl Iterator<Item = (usize, &'a View)>) -> Step {
    let Some((index, other)) = others.next() else {
        return Step::OpenFaster(rate);
    };
    match other.bytes_per_second {
        Some(faster) if faster >= rate.saturating_mul(2) => Step::Lead(index),
        Some(_) => Step::Close(index),
        None if other.is_silent => Step::Close(index),
        None => Step::Stay,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn mirrors_are_asked_in_waves_and_a_failure_calls_the_next() {
        let asked = |millis, ended| Patience::default().asked(MS(millis), ended);
        assert_eq!(asked(0, 0), 1);
        assert_eq!(asked(0, 2), 3);
        assert_eq!(asked(130, 0), 3);
        assert_eq!(asked(260, 0), 12);
        assert_eq!(asked(5_000, 4), 12 + 40 + 4);
    }

    fn line(rate: Option<u64>) -> View {
        View {
            delivered: true,
            is_silent: false,
            is_dead: false,
            age: MS(1000),
            bytes_per_second: rate,
        }
    }

    fn silent() -> View {
        View {
            is_silent: true,
            ..line(Some(0))
        }
    }

    fn opening() -> View {
        View {
            delivered: false,
            is_silent: false,
            is_dead: false,
            age: MS(10),
            bytes_per_second: None,
        }
    }

    fn check(lead: Option<usize>, lines: &[View], expected: Step) {
        assert_eq!(
            steer(&Patience::default(), lead, lines),
            expected,
            "{lead:?} {lines:?}"
        );
    }

    #[test]
    fn one_line_is_opened_and_leads_when_it_brings_something() {
        check(None, &[], Step::Open);
        check(None, &[opening()], Step::Stay);
        check(None, &[line(None)], Step::Lead(0));
        check(Some(0), &[line(None)], Step::Stay);
        check(Some(0), &[line(Some(1 << 20))], Step::Stay);
    }

    #[test]
    fn a_silent_lead_gets_a_rival_at_once_and_loses_to_it() {
        check(Some(0), &[silent()], Step::Open);
        check(Some(0), &[silent(), opening()], Step::Stay);
        check(Some(0), &[silent(), silent()], Step::Open);
        check(Some(0), &[silent(), line(None)], Step::Lead(1));
        check(
            Some(0),
            &[silent(), silent(), silent(), silent()],
            Step::Stay,
        );
    }

    #[test]
    fn a_dead_line_is_given_up_also_when_there_is_no_other() {
        let dead = View {
            is_dead: true,
            ..silent()
        };
        check(Some(0), &[dead], Step::Abandon(0));
        check(Some(0), &[silent(), dead], Step::Abandon(1));
    }

    #[test]
    fn a_slow_lead_is_kept_unless_another_is_twice_as_fast() {
        check(Some(0), &[line(Some(1000))], Step::OpenFaster(1000));
        check(Some(0), &[line(Some(1000)), line(None)], Step::Stay);
        check(
            Some(0),
            &[line(Some(1000)), line(Some(1500))],
            Step::Close(1),
        );
        check(
            Some(0),
            &[line(Some(1000)), line(Some(2000))],
            Step::Lead(1),
        );
        check(Some(1), &[line(Some(9000)), line(Some(1))], Step::Lead(0));
    }

    #[test]
    fn when_all_is_well_the_losers_are_closed() {
        check(Some(0), &[line(None), opening()], Step::Close(1));
        check(Some(1), &[opening(), line(Some(1 << 20))], Step::Close(0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_meter_tells_silence_and_speed() {
        let start = Instant::now();
        let mut meter = Meter::new(start);
        assert!(!meter.view(start + MS(399), MS(400), MS(3200)).is_silent);
        assert!(meter.view(start + MS(400), MS(400), MS(3200)).is_silent);
        for tick in 1..=10 {
            meter.heard(start + MS(400 + tick * 100), 1000);
        }
        let now = start + MS(1400);
        let view = meter.view(now, MS(400), MS(3200));
        assert!(view.delivered && !view.is_silent);
        assert_eq!(view.bytes_per_second, Some(10_000 * 1000 / 900));
        assert_eq!(
            meter
                .view(now + MS(3000), MS(400), MS(3200))
                .bytes_per_second,
            Some(0)
        );
        meter.excuse(now + MS(3000));
        assert!(!meter.view(now + MS(3100), MS(400), MS(3200)).is_silent);
        assert_eq!(meter.brought(), 10_000);
    }
}
