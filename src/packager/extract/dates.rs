//! Dates as newsrooms write them.
//!
//! 1. RFC 3339 and what is nearly it: a blank for the `T`, no seconds, `+0300`, a comma before the fraction.
//! 2. RFC 2822, as feeds have it.
//! 3. A bare day: `2026-11-23`, `2026/11/23`, `20261123`, `23.11.2026`, `2026年11月23日`, `23 November 2026`; by the calendar
//!    of Iran as well. The time may stand anywhere beside it.
//! 4. Seconds or milliseconds since 1970.
//!
//! A time without a zone is taken for UTC, a day without a time for its first second.

use std::borrow::Cow;
use std::fmt;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

use super::months::{self, Month};
use crate::base::Timestamp;

/// A moment, and the offset of the clock it was written by: readers are told the newsroom's day, see
/// [`Clock`](crate::site::Clock).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Moment {
    pub at: Timestamp,
    pub offset: Offset,
}

impl Moment {
    pub fn utc(at: Timestamp) -> Self {
        Self {
            at,
            offset: Offset::UTC,
        }
    }

    /// By the clock it was written by.
    fn day(&self) -> Date {
        self.offset.to_datetime(self.at).date()
    }

    /// Whether it is a moment of the same day, wherever on earth somebody looks at a calendar.
    pub fn is_about(&self, other: &Self) -> bool {
        let between = self.day().duration_until(other.day());
        between.abs() <= SignedDuration::from_hours(24)
    }

    fn of(local: DateTime, offset: Offset) -> Option<Self> {
        let at = offset.to_timestamp(local).ok()?;
        // The web is younger; what is older or far ahead is a placeholder such as 0001-01-01.
        let year = local.year();
        (1980..2100).contains(&year).then_some(Self { at, offset })
    }
}

/// RFC 3339 with the original offset.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.at.display_with_offset(self.offset))
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.to_string()
    }
}

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        stamped(&text).ok_or_else(|| format!("`{text}` is no moment"))
    }
}

/// Reads a date that stands alone, as in an attribute or a metadata field.
pub fn parse(text: &str) -> Option<Moment> {
    let text = text.trim();
    if text.len() > 120 {
        return None;
    }
    let text = in_latin_digits(text);
    let text = with_offset(&text);
    stamped(&text)
        .or_else(|| since_1970(&text))
        .or_else(|| by_rfc2822(&text))
        .or_else(|| loosely(&text))
}

/// Reads a date out of a short line such as `23.11.2026, Ольга Иванова`; `None` if the line holds none.
pub fn parse_line(line: &str) -> Option<Moment> {
    let line = line.trim();
    if line.chars().count() > 120 {
        return None;
    }
    let line = in_latin_digits(line);
    let at_midnight = |date: Date| Moment::of(date.to_datetime(Time::midnight()), Offset::UTC);
    stamped(&line).or_else(|| day_within(&line).and_then(at_midnight))
}

/// Arabic and Persian digits have the same values, and marks of direction none.
pub(super) fn in_latin_digits(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let latin = |c: char| match c {
        '٠'..='٩' => char::from_digit(u32::from(c) - u32::from('٠'), 10),
        '۰'..='۹' => char::from_digit(u32::from(c) - u32::from('۰'), 10),
        '\u{200e}' | '\u{200f}' => None,
        c => Some(c),
    };
    text.chars().filter_map(latin).collect::<String>().into()
}

/// Names of zones that mean one offset wherever feeds name them, in minutes. `CST` is China's and Chicago's.
const ZONES: &[(&str, i32)] = &[
    ("WEST", 60),
    ("CET", 60),
    ("BST", 60),
    ("CEST", 120),
    ("EET", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("TRT", 180),
    ("IRST", 210),
    ("MSD", 240),
    ("IRDT", 270),
    ("HKT", 480),
];

/// RFC 2822 has no others than those of America, and takes what it does not know for UTC.
fn with_offset(text: &str) -> Cow<'_, str> {
    let found = text.rsplit_once(' ').and_then(|(rest, name)| {
        let known = ZONES.iter().find(|(zone, _)| *zone == name)?;
        Some((rest, known.1))
    });
    match found {
        Some((rest, minutes)) => format!("{rest} +{:02}{:02}", minutes / 60, minutes % 60).into(),
        None => Cow::Borrowed(text),
    }
}

fn by_rfc2822(text: &str) -> Option<Moment> {
    let zoned = jiff::fmt::rfc2822::DateTimeParser::new()
        .relaxed_weekday(true)
        .parse_zoned(text)
        .ok()?;
    Moment::of(zoned.datetime(), zoned.offset())
}

fn since_1970(text: &str) -> Option<Moment> {
    let number: i64 = text.parse().ok()?;
    let seconds = match text.len() {
        9..=10 => number,
        12..=13 => number / 1000,
        _ => return None,
    };
    let at = Timestamp::from_second(seconds).ok()?;
    Moment::of(Offset::UTC.to_datetime(at), Offset::UTC)
}

/// A day in the order year, month, day, and the time and zone behind it.
fn stamped(text: &str) -> Option<Moment> {
    let mut scan = Scan::new(text);
    let date = scan.year_first()?;
    let time = scan.time().unwrap_or(Time::midnight());
    let offset = scan.offset().unwrap_or(Offset::UTC);
    Moment::of(date.to_datetime(time), offset)
}

/// Reads along ASCII characters; everything it does not know ends the reading.
struct Scan<'a> {
    rest: &'a str,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    fn digits(&mut self, at_least: usize, at_most: usize) -> Option<i64> {
        let count = self
            .rest
            .bytes()
            .take(at_most)
            .take_while(u8::is_ascii_digit)
            .count();
        if count < at_least {
            return None;
        }
        let (number, rest) = self.rest.split_at(count);
        self.rest = rest;
        number.parse().ok()
    }

    fn any_of(&mut self, allowed: &[char]) -> Option<char> {
        let first = self.rest.chars().next().filter(|c| allowed.contains(c))?;
        self.rest = self.rest.get(first.len_utf8()..)?;
        Some(first)
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\u{a0}', ',']);
    }

    fn year_first(&mut self) -> Option<Date> {
        let year = self.digits(4, 4)?;
        let parted = self.any_of(&['-', '/', '.', '年']).is_some();
        let digits = if parted { 1 } else { 2 };
        let month = self.digits(digits, 2)?;
        if parted {
            self.any_of(&['-', '/', '.', '月'])?;
        }
        let day = self.digits(digits, 2)?;
        self.any_of(&['日']);
        let is_solar = i16::try_from(year).is_ok_and(|year| months::SOLAR_YEARS.contains(&year));
        match is_solar {
            true => Month::Solar(month.try_into().ok()?).day(year, day),
            false => date(year, month, day),
        }
    }

    fn time(&mut self) -> Option<Time> {
        self.blanks();
        self.any_of(&['T', 't']);
        let hour = self.digits(1, 2)?;
        self.any_of(&[':'])?;
        let minute = self.digits(2, 2)?;
        let mut second = 0;
        if self.any_of(&[':']).is_some() {
            second = self.digits(2, 2)?;
            if self.any_of(&['.', ',']).is_some() {
                self.digits(1, 9)?;
            }
        }
        let hour = self.half_of_day(hour);
        let small = |number: i64| i8::try_from(number).ok();
        // A leap second is told as the second before it.
        Time::new(small(hour)?, small(minute)?, small(second.min(59))?, 0).ok()
    }

    /// `3:45 PM`
    fn half_of_day(&mut self, hour: i64) -> i64 {
        let rest = self.rest.trim_start_matches([' ', '\u{a0}', '\u{202f}']);
        let half = rest.get(..2).map(str::to_ascii_lowercase);
        let afternoon = match half.as_deref() {
            Some("pm") => 12,
            Some("am") => 0,
            _ => return hour,
        };
        self.rest = rest.get(2..).unwrap_or_default();
        match hour {
            1..=12 => hour % 12 + afternoon,
            _ => hour,
        }
    }

    fn offset(&mut self) -> Option<Offset> {
        self.blanks();
        if self.any_of(&['Z', 'z']).is_some() {
            return Some(Offset::UTC);
        }
        // `GMT+0300`
        let names = ["UTC", "GMT"].iter();
        if let Some(rest) = names.clone().find_map(|name| self.rest.strip_prefix(name)) {
            self.rest = rest;
        }
        let sign = self.any_of(&['+', '-', '\u{2212}'])?;
        let hours = self.digits(2, 2)?;
        self.any_of(&[':']);
        let minutes = self.digits(2, 2).unwrap_or(0);
        let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
        Offset::from_seconds(if sign == '+' { seconds } else { -seconds }).ok()
    }
}

fn date(year: i64, month: i64, day: i64) -> Option<Date> {
    Date::new(
        year.try_into().ok()?,
        month.try_into().ok()?,
        day.try_into().ok()?,
    )
    .ok()
}

/// The first day written anywhere in the text.
fn day_within(text: &str) -> Option<Date> {
    numbered_day(text).or_else(|| named_day(text))
}

/// The time of day written anywhere in the text, and the zone behind it.
fn time_within(text: &str) -> Option<(Time, Offset)> {
    text.match_indices(':').find_map(|(colon, _)| {
        let before = text.get(..colon)?;
        let hour = before.trim_end_matches(|c: char| c.is_ascii_digit());
        let mut scan = Scan::new(text.get(hour.len()..)?);
        let time = scan.time()?;
        Some((time, scan.offset().unwrap_or(Offset::UTC)))
    })
}

/// A day and, if they stand there too, the time of day and the zone.
fn loosely(text: &str) -> Option<Moment> {
    let date = day_within(text).or_else(|| parted_day(text))?;
    let (time, offset) = time_within(text).unwrap_or((Time::midnight(), Offset::UTC));
    Moment::of(date.to_datetime(time), offset)
}

/// `23.11.2026`, `23/11/2026`, `23-11-2026`: the day comes first nearly everywhere; where it cannot, the month does.
fn numbered_day(text: &str) -> Option<Date> {
    text.split(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '/' | '-'))
        .find_map(|word| {
            let word = word.trim_matches(['.', '/', '-']);
            if let Some(date) = Scan::new(word).year_first() {
                return (word.len() >= 8).then_some(date);
            }
            let mut numbers = word.split(['.', '/', '-']).map(str::parse::<i64>);
            let mut next = || numbers.next()?.ok();
            let (first, second, year) = (next()?, next()?, next()?);
            // `23.11.26`
            let is_short = word.len() == 8 && word.matches('.').count() == 2 && year < 100;
            let year = if is_short { 2000 + year } else { year };
            if next().is_some() || year < 1000 {
                return None;
            }
            date(year, second, first).or_else(|| date(year, first, second))
        })
}

/// `23 November 2026`, `November 23, 2026`, `23 ноября 2026`, `۵ آذر ۱۴۰۵`: a day, a month's name and a year beside each other.
fn named_day(text: &str) -> Option<Date> {
    words(text).windows(3).find_map(|three| {
        let [first, second, third] = three else {
            return None;
        };
        let year = third.parse().ok()?;
        match (months::named(first), months::named(second)) {
            (_, Some(month)) => month.day(year, ordinal(first)?),
            (Some(month), _) => month.day(year, ordinal(second)?),
            _ => None,
        }
    })
}

/// `Nov 23 10:00:00 2026`
fn parted_day(text: &str) -> Option<Date> {
    let words = words(text);
    let [month, day] = words.windows(2).find_map(|two| match two {
        [month, day] if months::named(month).is_some() => Some([month, day]),
        _ => None,
    })?;
    let year = words.last()?.parse().ok()?;
    months::named(month)?.day(year, ordinal(day)?)
}

fn ordinal(word: &str) -> Option<i64> {
    let digits = word.trim_end_matches(|c: char| c.is_alphabetic());
    digits.parse().ok()
}

/// In small letters. A month that has a name of two words, or two names one behind the other, is one of them.
fn words(text: &str) -> Vec<String> {
    let all = text.split(|c: char| !c.is_alphanumeric());
    let all = all.filter(|word| !word.is_empty()).map(str::to_lowercase);
    let mut words: Vec<String> = Vec::new();
    for word in all {
        match words.last_mut() {
            Some(last) if months::JOINED.contains(&last.as_str()) => last.push_str(&word),
            Some(last)
                if months::named(last).is_some_and(|month| months::named(&word) == Some(month)) => {
            }
            _ => words.push(word),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let moment = parse(text).map(|moment| moment.to_string());
        assert_eq!(moment.as_deref(), Some(expected), "{text}");
    }

    #[test]
    fn timestamps_keep_their_offset() {
        check("2026-09-12T10:07:00+03:00", "2026-09-12T10:07:00+03:00");
        check("2026-09-12T10:07:00.123Z", "2026-09-12T10:07:00+00:00");
        check("2026-09-12 10:07:00,5 +0300", "2026-09-12T10:07:00+03:00");
        check("2026-09-12T10:07", "2026-09-12T10:07:00+00:00");
        check("2026-09-12T01:00:00-05", "2026-09-12T01:00:00-05:00");
        check(
            "Sat, 12 Sep 2026 10:07:00 +0300",
            "2026-09-12T10:07:00+03:00",
        );
        check("12 Sep 2026 10:07:00 GMT", "2026-09-12T10:07:00+00:00");
        check("1789200420", "2026-09-12T08:07:00+00:00");
        check("1789200420000", "2026-09-12T08:07:00+00:00");
    }

    #[test]
    fn bare_days_begin_at_midnight() {
        for text in [
            "2026-09-12",
            "2026/9/12",
            "20260912",
            "12.09.2026",
            "12.09.26",
            "2026年9月12日",
            "12 September 2026",
            "September 12th, 2026",
            "12 верасня 2026",
            "12 сентября 2026 г.",
            "12 Eylül 2026",
        ] {
            check(text, "2026-09-12T00:00:00+00:00");
        }
        check("09/25/2026", "2026-09-25T00:00:00+00:00");
    }

    #[test]
    fn feeds_write_moments_in_many_ways() {
        for text in [
            "2026-11-20 10:00:00",
            "Fri, 20 Nov 2026 10:00:00",
            "Friday, 20 November 2026 10:00:00 UTC",
            "Fri, 20 Nov 2026 10:00",
            "Nov 20, 2026 10:00 AM",
            "Fri Nov 20 10:00:00 2026",
            "20.11.2026 10:00",
            "Пт, 20 ноя 2026 10:00:00 GMT",
            "20 лістапада 2026, 10:00",
            "20 Kasım 2026 10:00",
            "٢٠ نوفمبر ٢٠٢٦ ١٠:٠٠",
        ] {
            check(text, "2026-11-20T10:00:00+00:00");
        }
        for text in [
            "Fri, 20 Nov 2026 10:00:00 MSK",
            "Пт, 20 ноя 2026 10:00:00 +0300",
            "Fri Nov 20 2026 10:00:00 GMT+0300 (MSK)",
            "2026-11-20 10:00:00 MSK",
        ] {
            check(text, "2026-11-20T10:00:00+03:00");
        }
        check("20 Nov 2026", "2026-11-20T00:00:00+00:00");
        check("Nov 20, 2026 3:45 PM", "2026-11-20T15:45:00+00:00");
        check("Fri, 20 Nov 2026 24:00:00 GMT", "2026-11-20T00:00:00+00:00");
        check("Fri, 20 Nov 2026 10:00:00 EST", "2026-11-20T10:00:00-05:00");
    }

    #[test]
    fn days_are_read_in_arabic_letters_and_by_the_calendar_of_iran() {
        for text in [
            "5 نوفمبر 2026",
            "۵ نوامبر ۲۰۲۶",
            "5 تشرين الثاني 2026",
            "الخميس 5 تشرين الثاني/نوفمبر 2026",
            "پنجشنبه ۱۴ آبان ۱۴۰۵",
            "۱۴۰۵/۰۸/۱۴",
        ] {
            check(text, "2026-11-05T00:00:00+00:00");
        }
        check("1 فروردین 1405 - 10:30", "2026-03-21T10:30:00+00:00");
        for text in ["۳۱ آبان ۱۴۰۵", "5 آبان 2026", "5 نوفمبر 1405"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_line_may_hold_more() {
        let moment = parse_line("04.06.2026, Янка Мельнік").unwrap();
        assert_eq!(moment.to_string(), "2026-06-04T00:00:00+00:00");
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "soon",
            "0001-01-01T00:00:00Z",
            "2026-13-40",
            "20:41",
            "1.2.3",
            "12.9.26",
            "12-09-26",
            "192.168.2026.1",
            "99999999999999999999",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text: String) {
            let _ = parse(&text);
            let _ = parse_line(&text);
        }

        #[test]
        fn what_was_written_is_read(seconds in 400_000_000i64..3_000_000_000, offset in -40i32..48) {
            let at = Timestamp::from_second(seconds).unwrap();
            let moment = Moment { at, offset: Offset::from_seconds(offset * 900).unwrap() };
            proptest::prop_assert_eq!(parse(&moment.to_string()), Some(moment));
        }
    }
}
