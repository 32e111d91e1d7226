//! A clock that runs evenly, whatever the one on the wall does.
//!
//! 1. It goes on with the time that has really passed.
//! 2. It follows the wall at half or double pace, never by a jump.
//! 3. After a pause of the program it believes the wall, but no more than two weeks at once, and never backwards.

use jiff::SignedDuration;

use super::Moment;
use crate::base::Timestamp;

const MOST_AT_START: SignedDuration = SignedDuration::from_hours(14 * 24);
/// More than this between the two is told.
const NOTICED: SignedDuration = SignedDuration::from_mins(10);

#[derive(Debug, Clone, Copy)]
pub struct Steady {
    now: Timestamp,
    passed: SignedDuration,
    is_apart: bool,
}

impl Steady {
    /// `last`: when it stood still.
    pub fn start(wall: Timestamp, last: Option<Timestamp>) -> Self {
        let now = last.map_or(wall, |last| {
            let most = last.checked_add(MOST_AT_START).unwrap_or(last);
            wall.clamp(last, most)
        });
        Self {
            now,
            passed: SignedDuration::ZERO,
            is_apart: false,
        }
    }

    /// `passed`: since the start, by a clock that nobody can set. Gives how far the wall is off, when that is news.
    pub fn tell(
        &mut self,
        wall: Timestamp,
        passed: SignedDuration,
    ) -> (Moment, Option<SignedDuration>) {
        let step = (passed - self.passed).max(SignedDuration::ZERO);
        self.passed = passed.max(self.passed);
        let even = self.now.checked_add(step).unwrap_or(self.now);
        let off = wall.duration_since(even);
        let follow = off.clamp(-step / 2, step);
        self.now = even.checked_add(follow).unwrap_or(even);
        let is_apart = off.abs() > NOTICED;
        let news = (is_apart && !self.is_apart).then_some(off);
        self.is_apart = is_apart;
        let steady = self.now;
        (Moment { wall, steady }, news)
    }

    /// Whether the wall showed another time when it was last asked.
    pub fn is_apart(&self) -> bool {
        self.is_apart
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    /// What the wall shows after so many real seconds, and what the steady clock shows then.
    #[track_caller]
    fn check(last: Option<i64>, looks: &[(i64, i64, i64)]) {
        let (first, rest) = looks.split_first().unwrap();
        let mut steady = Steady::start(at(first.0), last.map(at));
        for (wall, passed, expected) in std::iter::once(first).chain(rest) {
            let (moment, _) = steady.tell(at(*wall), SignedDuration::from_secs(*passed));
            assert_eq!(moment.steady, at(*expected), "after {passed} s");
        }
    }

    #[test]
    fn a_clock_that_is_right_is_followed() {
        check(None, &[(0, 0, 0), (60, 60, 60), (121, 120, 121)]);
    }

    #[test]
    fn a_jump_forward_is_caught_up_at_double_pace() {
        check(None, &[(0, 0, 0), (86_460, 60, 120), (86_520, 120, 240)]);
    }

    #[test]
    fn a_jump_back_slows_it_down_and_never_turns_it() {
        check(None, &[(0, 0, 0), (-86_340, 60, 30), (-86_280, 120, 60)]);
    }

    #[test]
    fn a_pause_is_believed_up_to_two_weeks() {
        check(Some(-3600), &[(0, 0, 0)]);
        check(Some(0), &[(-9999, 0, 0)]);
        let year = 365 * 86_400;
        check(Some(-year), &[(0, 0, 14 * 86_400 - year)]);
    }

    #[test]
    fn a_jump_is_told_once() {
        let mut steady = Steady::start(at(0), None);
        let secs = SignedDuration::from_secs;
        assert_eq!(steady.tell(at(60), secs(60)).1, None);
        assert_eq!(steady.tell(at(7320), secs(120)).1, Some(secs(7200)));
        assert_eq!(steady.tell(at(7380), secs(180)).1, None);
    }
}
