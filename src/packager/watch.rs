//! When a newsroom that is watched is packed. Pure: what happened goes in, what to do now comes out; the loop around it
//! is in `cli`.
//!
//! 1. A round begins at the start: what a kill cut short is made up for.
//! 2. The next begins [`Rhythm::every`] after the last one began, and up to a tenth of that later, by chance, so that
//!    newsrooms on one host do not all ask at once. There is a pause of a tenth also after the longest round.
//! 3. After rounds that failed the time doubles with each, up to eight times: a site under attack is not asked more.
//! 4. Who is told to stop ends at once; files are whole at any moment.

use jiff::{SignedDuration, Timestamp};

const MOST_DOUBLINGS: u32 = 3;

/// How often to look at the sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rhythm {
    pub every: SignedDuration,
}

impl Default for Rhythm {
    fn default() -> Self {
        Self {
            every: SignedDuration::from_mins(10),
        }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    Started,
    RoundEnded(Ended),
    /// The time that was waited for has come.
    TimeUp,
    Stopped,
}

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Published,
    NothingNew,
    Failed,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Round,
    WaitUntil(Timestamp),
    End,
}

/// What was seen so far.
#[derive(Debug)]
pub struct Watch {
    begun: Timestamp,
    /// Rounds in a row.
    failed: u32,
}

impl Watch {
    pub fn new(now: Timestamp) -> Self {
        Self {
            begun: now,
            failed: 0,
        }
    }

    /// `dice`: any number, by chance. The rhythm may be another each time.
    pub fn on(&mut self, event: Event, rhythm: Rhythm, now: Timestamp, dice: u8) -> Action {
        match event {
            Event::Stopped => Action::End,
            Event::Started | Event::TimeUp => {
                self.begun = now;
                Action::Round
            }
            Event::RoundEnded(ended) => {
                self.failed = match ended {
                    Ended::Failed => self.failed + 1,
                    Ended::Published | Ended::NothingNew => 0,
                };
                Action::WaitUntil(self.next(rhythm, now, dice))
            }
        }
    }

    // Steps 2 and 3.
    fn next(&self, rhythm: Rhythm, now: Timestamp, dice: u8) -> Timestamp {
        let doublings = self.failed.saturating_sub(1).min(MOST_DOUBLINGS);
        let every = rhythm.every * 2i32.pow(doublings);
        let tenth = rhythm.every / 10;
        // A clock that was set back, as on a machine that woke up with a wrong one, must not make the wait longer.
        let begun = self.begun.min(now);
        let due = (begun + every).max(now + tenth);
        due + tenth * i32::from(dice) / 256
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RHYTHM: Rhythm = Rhythm {
        every: SignedDuration::from_secs(600),
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    /// A day in virtual time: how each round ends and how many seconds it takes, and when the rounds must begin.
    #[track_caller]
    fn check(rounds: &[(Ended, i64)], dice: u8, begins: &[i64]) {
        let mut watch = Watch::new(at(0));
        let mut action = watch.on(Event::Started, RHYTHM, at(0), dice);
        let (mut now, mut begun) = (0, Vec::new());
        for (ended, seconds) in rounds {
            assert_eq!(action, Action::Round);
            begun.push(now);
            now += seconds;
            let waiting = watch.on(Event::RoundEnded(*ended), RHYTHM, at(now), dice);
            let Action::WaitUntil(then) = waiting else {
                panic!("{waiting:?}");
            };
            now = then.as_second() - at(0).as_second();
            action = watch.on(Event::TimeUp, RHYTHM, then, dice);
        }
        begun.push(now);
        assert_eq!(begun, begins);
    }

    use Ended::{Failed, NothingNew, Published};

    #[test]
    fn rounds_begin_at_the_interval_whatever_came_of_them() {
        check(&[(Published, 20), (NothingNew, 1)], 0, &[0, 600, 1200]);
    }

    #[test]
    fn a_round_that_takes_longer_is_followed_by_a_pause() {
        check(&[(Published, 2000), (NothingNew, 1)], 0, &[0, 2060, 2660]);
    }

    #[test]
    fn chance_adds_less_than_a_tenth() {
        check(&[(NothingNew, 1), (NothingNew, 1)], 128, &[0, 630, 1260]);
        check(&[(NothingNew, 1)], 255, &[0, 659]);
    }

    #[test]
    fn failures_in_a_row_are_retried_ever_more_rarely() {
        let rounds = [(Failed, 1); 6];
        check(&rounds, 0, &[0, 600, 1800, 4200, 9000, 13_800, 18_600]);
        let mended = [(Failed, 1), (Failed, 1), (NothingNew, 1), (Failed, 1)];
        check(&mended, 0, &[0, 600, 1800, 2400, 3000]);
    }

    #[test]
    fn a_clock_that_is_set_back_costs_one_interval_at_most() {
        let mut watch = Watch::new(at(0));
        watch.on(Event::Started, RHYTHM, at(126_000_000), 0);
        let waiting = watch.on(Event::RoundEnded(NothingNew), RHYTHM, at(20), 0);
        assert_eq!(waiting, Action::WaitUntil(at(620)));
    }

    #[test]
    fn who_is_told_to_stop_ends() {
        let mut watch = Watch::new(at(0));
        for _ in 0..2 {
            assert_eq!(watch.on(Event::Stopped, RHYTHM, at(0), 0), Action::End);
        }
    }
}
