//! Days as readers name them: in the common calendar and in the Solar Hijri one of Iran.

use jiff::civil::{Date, date};
use jiff::{Timestamp, tz::Offset};

/// By which a newsroom tells its days, as far as an article tells it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Clock {
    minutes_ahead: i16,
}

impl Clock {
    /// Whole minutes of it.
    pub fn of(offset: Offset) -> Self {
        let minutes = i16::try_from(offset.seconds() / 60);
        Self::ahead(minutes.expect("an offset is of 26 hours at most"))
    }

    /// So many minutes ahead of UTC.
    pub fn ahead(minutes_ahead: i16) -> Self {
        Self { minutes_ahead }
    }

    pub fn minutes_ahead(self) -> i16 {
        self.minutes_ahead
    }

    /// The day that it shows then.
    pub fn date(self, time: Timestamp) -> Date {
        let offset = Offset::from_seconds(i32::from(self.minutes_ahead) * 60);
        offset.unwrap_or(Offset::UTC).to_datetime(time).date()
    }
}

/// A day of a newsroom. Articles lie in folders by the same day, so a page and its address never disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    pub year: i32,
    /// 1 to 12
    pub month: u8,
    /// 1 to 31
    pub day: u8,
}

impl Day {
    pub fn of(time: Timestamp, clock: Clock) -> Self {
        Self::from_date(clock.date(time))
    }

    fn from_date(date: Date) -> Self {
        let part = |number: i8| u8::try_from(number).expect("months and days are positive");
        Self {
            year: i32::from(date.year()),
            month: part(date.month()),
            day: part(date.day()),
        }
    }

    /// The same day in the Solar Hijri calendar: year, month and day.
    pub fn solar_hijri(time: Timestamp, clock: Clock) -> Self {
        let days = FIRST_OF_1403
            .until(clock.date(time))
            .expect("days between two dates can be counted")
            .get_days();
        let (year, day_of_year) = solar_year(1403, days);
        // Six months of 31 days come first; months of 30 days follow, the last of 29 or 30.
        let (month, day) = match day_of_year {
            0..186 => (day_of_year / 31, day_of_year % 31),
            later => (6 + (later - 186) / 30, (later - 186) % 30),
        };
        let part = |number: i32| u8::try_from(number + 1).expect("a year has 366 days at most");
        Self {
            year,
            month: part(month),
            day: part(day),
        }
    }
}

const FIRST_OF_1403: Date = date(2024, 3, 20);

/// `None` if that calendar has no such day.
pub fn solar_hijri_date(year: i16, month: i8, day: i8) -> Option<Date> {
    let year = i32::from(year);
    let (month, day) = (i32::from(month) - 1, i32::from(day) - 1);
    let before = month * 30 + month.min(6);
    let end = match month {
        0..6 => before + 31,
        6..11 => before + 30,
        11 => days_of_solar_year(year),
        _ => return None,
    };
    let day_of_year = (0..end - before).contains(&day).then_some(before + day)?;
    let years = match year {
        1403.. => (1403..year).map(days_of_solar_year).sum::<i32>(),
        _ => -(year..1403).map(days_of_solar_year).sum::<i32>(),
    };
    FIRST_OF_1403
        .checked_add(jiff::Span::new().days(years + day_of_year))
        .ok()
}

/// The year that holds the day `days` after the first of `year`, and how far into it that day is.
fn solar_year(mut year: i32, mut days: i32) -> (i32, i32) {
    while days < 0 {
        year -= 1;
        days += days_of_solar_year(year);
    }
    while days >= days_of_solar_year(year) {
        days -= days_of_solar_year(year);
        year += 1;
    }
    (year, days)
}

/// By the cycle of 33 years, which agrees with the sky from 1799 to 2123.
fn days_of_solar_year(year: i32) -> i32 {
    match year.rem_euclid(33) {
        1 | 5 | 9 | 13 | 17 | 22 | 26 | 30 => 366,
        _ => 365,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(time: &str, common: (i32, u8, u8), solar: (i32, u8, u8)) {
        let time: Timestamp = time.parse().expect("a time");
        let parts = |day: Day| (day.year, day.month, day.day);
        assert_eq!(parts(Day::of(time, Clock::default())), common);
        assert_eq!(
            parts(Day::solar_hijri(time, Clock::default())),
            solar,
            "{time}"
        );
        let [year, month, day] = [solar.0, i32::from(solar.1), i32::from(solar.2)];
        let back = solar_hijri_date(year as i16, month as i8, day as i8);
        assert_eq!(back, Some(Clock::default().date(time)));
    }

    #[test]
    fn days_have_their_names_in_both_calendars() {
        check("2026-11-23T12:00:00Z", (2026, 11, 23), (1405, 9, 2));
        check("1979-02-11T00:00:00Z", (1979, 2, 11), (1357, 11, 22));
        check("2017-03-20T00:00:00Z", (2017, 3, 20), (1395, 12, 30));
        check("2021-03-20T23:59:59Z", (2021, 3, 20), (1399, 12, 30));
        check("2021-03-21T00:00:00Z", (2021, 3, 21), (1400, 1, 1));
        check("2024-03-20T00:00:00Z", (2024, 3, 20), (1403, 1, 1));
        check("2025-03-20T00:00:00Z", (2025, 3, 20), (1403, 12, 30));
        check("2025-09-22T00:00:00Z", (2025, 9, 22), (1404, 6, 31));
        check("2025-09-23T00:00:00Z", (2025, 9, 23), (1404, 7, 1));
    }

    #[test]
    fn a_day_is_that_of_the_newsroom() {
        let check = |time: &str, minutes: i16, common: (i32, u8, u8), solar: (i32, u8, u8)| {
            let (time, clock) = (time.parse().expect("a time"), Clock::ahead(minutes));
            let parts = |day: Day| (day.year, day.month, day.day);
            assert_eq!(parts(Day::of(time, clock)), common);
            assert_eq!(parts(Day::solar_hijri(time, clock)), solar);
        };
        check("2026-10-31T23:30:00Z", 480, (2026, 11, 1), (1405, 8, 10));
        check("2026-11-01T03:00:00Z", -300, (2026, 10, 31), (1405, 8, 9));
        // No clock is so far ahead.
        check(
            "2026-10-31T23:30:00Z",
            i16::MAX,
            (2026, 10, 31),
            (1405, 8, 9),
        );
    }

    #[test]
    fn the_ends_of_time_have_names_too() {
        for time in [Timestamp::MIN, Timestamp::MAX] {
            let day = Day::solar_hijri(time, Clock::default());
            assert!((1..=12).contains(&day.month) && (1..=31).contains(&day.day));
        }
    }
}
