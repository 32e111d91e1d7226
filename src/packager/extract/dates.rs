//! Dates as newsrooms write them.
//!
//! 1. RFC 3339 and what is nearly it: a blank for the `T`, no seconds, `+0300`, a comma before the fraction.
//! 2. RFC 2822, as feeds have it.
//! 3. A bare day: `2026-11-23`, `2026/11/23`, `20261123`, `23.11.2026`, `2026年11月23日`, `23 November 2026`.
//! 4. Seconds or milliseconds since 1970.
//!
//! A time without a zone is taken for UTC, a day without a time for its first second.

use std::fmt;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

use crate::base::Timestamp;

/// A moment, and the offset of the clock it was written by: readers are told the newsroom's day.
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
    if text.len() > 80 {
        return None;
    }
    stamped(text)
        .or_else(|| since_1970(text))
        .or_else(|| by_rfc2822(text))
        .or_else(|| day_within(text))
}

/// Reads a date out of a short line such as `23.11.2026, Ольга Иванова`; `None` if the line holds none.
pub fn parse_line(line: &str) -> Option<Moment> {
    let line = line.trim();
    if line.chars().count() > 120 {
        return None;
    }
    stamped(line).or_else(|| day_within(line))
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
        date(year, month, day)
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
        let small = |number: i64| i8::try_from(number).ok();
        // A leap second is told as the second before it.
        Time::new(small(hour)?, small(minute)?, small(second.min(59))?, 0).ok()
    }

    fn offset(&mut self) -> Option<Offset> {
        self.blanks();
        if self.any_of(&['Z', 'z']).is_some() {
            return Some(Offset::UTC);
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
fn day_within(text: &str) -> Option<Moment> {
    let at_midnight = |date: Date| Moment::of(date.to_datetime(Time::midnight()), Offset::UTC);
    numbered_day(text)
        .or_else(|| named_day(text))
        .and_then(at_midnight)
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

/// `23 November 2026`, `November 23, 2026`, `23 ноября 2026`: a day, a month's name and a year near each other.
fn named_day(text: &str) -> Option<Date> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.windows(3).find_map(|three| {
        let [first, second, third] = three else {
            return None;
        };
        let year: i64 = third.parse().ok().filter(|year| *year >= 1980)?;
        let ordinal = |word: &str| {
            let digits = word.trim_end_matches(|c: char| c.is_alphabetic());
            digits.parse::<i64>().ok()
        };
        match (month(first), month(second)) {
            (_, Some(month)) => date(year, month, ordinal(first)?),
            (Some(month), _) => date(year, month, ordinal(second)?),
            _ => None,
        }
    })
}

/// By the beginning of its name, in the languages that colport's first newsrooms write.
fn month(word: &str) -> Option<i64> {
    const BEGINNINGS: [&[&str]; 12] = [
        &["jan", "янв", "студз", "січ", "oca", "ene", "gen"],
        &["feb", "фев", "лют", "şub", "fév", "fev"],
        &["mar", "мар", "сак", "берез", "mär"],
        &["apr", "апр", "крас", "квіт", "nis", "avr", "abr"],
        &["may", "мая", "май", "траўн", "трав", "mai", "mag"],
        &["jun", "июн", "чэрв", "черв", "haz", "juin", "giu"],
        &["jul", "июл", "ліп", "лип", "tem", "juil", "lug"],
        &["aug", "авг", "жні", "серп", "ağu", "aoû", "ago"],
        &["sep", "сен", "верас", "верес", "eyl", "set"],
        &["oct", "окт", "кастр", "жовт", "eki", "okt", "ott", "out"],
        &["nov", "ноя", "ліст", "лист", "kas"],
        &["dec", "дек", "снеж", "груд", "ara", "dez", "déc", "dic"],
    ];
    // `красавіка` is April while `кастрычніка` is October: no beginning of one is that of another.
    if word.chars().count() < 3 {
        return None;
    }
    let found = BEGINNINGS
        .iter()
        .position(|names| names.iter().any(|name| word.starts_with(name)))?;
    i64::try_from(found + 1).ok()
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
