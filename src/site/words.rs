//! The words of the site itself, from Fluent files that a translator can edit.

use std::fmt;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use jiff::Timestamp;

use super::Language;
use super::calendar::{Clock, Day};

/// The words in one language.
pub struct Words {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

/// Each language with its file. The first is the one to fall back on.
const FILES: &[(&str, &str)] = &[
    ("en", include_str!("words/en.ftl")),
    ("be", include_str!("words/be.ftl")),
    ("ru", include_str!("words/ru.ftl")),
    ("uk", include_str!("words/uk.ftl")),
    ("fa", include_str!("words/fa.ftl")),
    ("zh", include_str!("words/zh.ftl")),
    ("tr", include_str!("words/tr.ftl")),
    ("ar", include_str!("words/ar.ftl")),
];

static ALL: LazyLock<Vec<Words>> = LazyLock::new(|| {
    FILES
        .iter()
        .map(|(tag, file)| Words::read(tag, file))
        .collect()
});

impl Words {
    /// In the first of the languages that there are words in, or else in English.
    pub fn of(languages: &[&Language]) -> &'static Self {
        let all = Self::all();
        languages
            .iter()
            .find_map(|wanted| {
                all.iter()
                    .find(|w| w.language.primary() == wanted.primary())
            })
            .or(all.first())
            .expect("there are words in English")
    }

    pub fn all() -> &'static [Self] {
        &ALL
    }

    fn read(tag: &str, file: &str) -> Self {
        let language = Language::parse(tag).expect("a language tag of ours");
        let identifier = tag.parse().expect("a language tag of ours");
        let mut bundle = FluentBundle::new_concurrent(vec![identifier]);
        // The templates mark foreign text by elements; invisible marks would end up in titles and copied text.
        bundle.set_use_isolating(false);
        let resource = FluentResource::try_new(file.to_owned())
            .unwrap_or_else(|(_, faults)| panic!("the words in `{tag}` do not parse: {faults:?}"));
        bundle
            .add_resource(resource)
            .expect("no word has two meanings");
        Self { language, bundle }
    }

    pub fn language(&self) -> &Language {
        &self.language
    }

    pub fn say(&self, id: &str) -> String {
        self.fill(id, &FluentArgs::new())
    }

    pub fn say_of_site(&self, id: &str, site: &str) -> String {
        let mut arguments = FluentArgs::new();
        arguments.set("site", site);
        self.fill(id, &arguments)
    }

    /// A day, such as "23 November 2026".
    pub fn date(&self, time: Timestamp, clock: Clock) -> String {
        self.fill("date", &self.of_time(time, clock))
    }

    /// The days of each month, `#` standing for the day and `%` for the year: not every browser knows every language.
    /// `None` where the calendar is another, which browsers that know the language know as well.
    pub fn days(&self) -> Option<[String; 12]> {
        let day_of = |month: u8| {
            let mut arguments = FluentArgs::new();
            arguments.set("month", month);
            arguments.set("solarMonth", month);
            for (name, sign) in [
                ("day", "#"),
                ("year", "%"),
                ("solarDay", "@"),
                ("solarYear", "@"),
            ] {
                arguments.set(name, sign);
            }
            self.fill("date", &arguments)
        };
        let days = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map(day_of);
        let is_common = |day: &String| !day.contains('@');
        days.iter().all(is_common).then_some(days)
    }

    pub fn newest(&self, time: Timestamp, clock: Clock) -> String {
        self.fill("about-newest", &self.of_time(time, clock))
    }

    pub fn updated(&self, time: Timestamp, clock: Clock) -> String {
        self.fill("updated", &self.of_time(time, clock))
    }

    /// A month as a heading, such as "November 2026": with a capital, also where months have none in a sentence.
    pub fn month(&self, year: i32, month: u8) -> String {
        let title = self.fill("month-title", &self.of_month(year, month));
        let mut letters = title.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters).collect()
    }

    pub fn all_of_month(&self, year: i32, month: u8) -> String {
        self.fill("all-of-month", &self.of_month(year, month))
    }

    pub fn articles(&self, count: usize) -> String {
        let mut arguments = FluentArgs::new();
        arguments.set("count", count);
        arguments.set("shown", self.number(count));
        self.fill("articles", &arguments)
    }

    pub fn small_copy(&self, variant: &str, bytes: u64) -> String {
        let mut arguments = FluentArgs::new();
        arguments.set("size", self.size(bytes));
        self.fill(&format!("about-small-{variant}"), &arguments)
    }

    /// Above a hundred kilobytes in tens: it is an estimate.
    fn size(&self, bytes: u64) -> String {
        let kilobytes = (bytes + 500) / 1000;
        let (unit, size) = match kilobytes {
            0..100 => ("kilobytes", kilobytes.max(1)),
            100..995 => ("kilobytes", (kilobytes + 5) / 10 * 10),
            _ => ("megabytes", (kilobytes + 500) / 1000),
        };
        let mut arguments = FluentArgs::new();
        arguments.set("size", self.number(size));
        self.fill(unit, &arguments)
    }

    fn of_month(&self, year: i32, month: u8) -> FluentArgs<'static> {
        let mut arguments = FluentArgs::new();
        arguments.set("year", self.number(year));
        arguments.set("month", month);
        arguments
    }

    fn of_time(&self, time: Timestamp, clock: Clock) -> FluentArgs<'static> {
        let (day, solar) = (Day::of(time, clock), Day::solar_hijri(time, clock));
        let mut arguments = self.of_month(day.year, day.month);
        arguments.set("day", self.number(day.day));
        arguments.set("solarYear", self.number(solar.year));
        arguments.set("solarMonth", solar.month);
        arguments.set("solarDay", self.number(solar.day));
        arguments
    }

    /// In the digits of the language. Years are passed as texts, or Fluent would group their digits.
    pub fn number(&self, number: impl fmt::Display) -> String {
        let latin = number.to_string();
        match self.language.primary() {
            "fa" => latin.chars().map(persian_digit).collect(),
            _ => latin,
        }
    }

    fn fill(&self, id: &str, arguments: &FluentArgs<'_>) -> String {
        let pattern = self
            .bundle
            .get_message(id)
            .and_then(|message| message.value())
            .expect("a test holds every file to the same words");
        let mut faults = Vec::new();
        self.bundle
            .format_pattern(pattern, Some(arguments), &mut faults)
            .into_owned()
    }
}

fn persian_digit(c: char) -> char {
    match c.to_digit(10) {
        Some(digit) => char::from_u32(u32::from('۰') + digit).unwrap_or(c),
        None => c,
    }
}

/// The language out of those there are words in that suits a reader best, by his `Accept-Language`
/// (RFC 9110, section 12.5.4). English if none does.
pub fn best_language(accept_language: &str) -> Language {
    let mut wishes: Vec<(f32, &str)> = accept_language
        .split(',')
        .take(MOST_WISHES)
        .map(wish)
        .filter(|(weight, _)| *weight > 0.0)
        .collect();
    // Stable, so that of equal wishes the first comes first.
    wishes.sort_by(|a, b| b.0.total_cmp(&a.0));
    let wished: Vec<Language> = wishes
        .iter()
        .filter_map(|(_, tag)| Language::parse(tag))
        .collect();
    Words::of(&wished.iter().collect::<Vec<_>>())
        .language()
        .clone()
}

const MOST_WISHES: usize = 32;

/// A weight from 0 to 1, and a language range.
fn wish(text: &str) -> (f32, &str) {
    let (tag, parameters) = text.split_once(';').unwrap_or((text, ""));
    let weight = parameters
        .trim()
        .strip_prefix("q=")
        .map_or(Some(1.0), |q| q.trim().parse().ok())
        .filter(|weight| (0.0..=1.0).contains(weight));
    (weight.unwrap_or(0.0), tag.trim())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use fluent_bundle::FluentValue;

    use super::*;

    fn words(tag: &str) -> &'static Words {
        Words::of(&[&Language::parse(tag).expect("a tag")])
    }

    /// Every text of a language, filled with ordinary values: faults are those of the file.
    fn faults(words: &Words, id: &str) -> Vec<String> {
        let time = "2026-11-23T12:00:00Z".parse().expect("a time");
        let mut arguments = words.of_time(time, Clock::default());
        arguments.set("site", "Site");
        arguments.set("count", FluentValue::from(5));
        arguments.set("shown", "5");
        arguments.set("size", "5");
        let pattern = words.bundle.get_message(id).and_then(|m| m.value());
        let mut faults = Vec::new();
        match pattern {
            Some(pattern) => {
                let text = words
                    .bundle
                    .format_pattern(pattern, Some(&arguments), &mut faults);
                assert!(!text.trim().is_empty(), "{id}");
            }
            None => return vec![format!("`{id}` is missing")],
        }
        faults.iter().map(ToString::to_string).collect()
    }

    /// Words that only some languages need, to decline a month.
    const OPTIONAL: &[&str] = &["month-of", "month-name", "solar-month"];

    #[test]
    fn every_language_has_every_word() {
        let ids = |file: &'static str| -> BTreeSet<&str> {
            file.lines()
                .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
                .filter_map(|line| line.split(' ').next())
                .filter(|id| !OPTIONAL.contains(id))
                .collect()
        };
        let english = ids(FILES[0].1);
        assert!(english.len() > 30);
        for (tag, file) in FILES {
            assert_eq!(ids(file), english, "{tag}");
            for id in &english {
                assert_eq!(faults(words(tag), id), Vec::<String>::new(), "{tag} {id}");
            }
        }
    }

    fn check_date(tag: &str, expected: &str) {
        let time = "2026-11-03T12:00:00Z".parse().expect("a time");
        assert_eq!(words(tag).date(time, Clock::default()), expected);
    }

    #[test]
    fn dates_are_in_the_readers_language() {
        check_date("en", "3 November 2026");
        check_date("be-BY", "3\u{a0}лістапада 2026");
        check_date("uk", "3\u{a0}листопада 2026");
        check_date("fa", "۱۲ آبان ۱۴۰۵ (۳ نوامبر ۲۰۲۶)");
        check_date("zh-Hans", "2026年11月3日");
        check_date("sw", "3 November 2026");
        assert_eq!(words("be").month(2026, 11), "Лістапад 2026");
        assert_eq!(words("be").all_of_month(2026, 11), "Усё за лістапад 2026");
        assert_eq!(words("fa").month(2026, 1), "ژانویه ۲۰۲۶");
    }

    #[test]
    fn the_search_page_says_days_as_the_other_pages_do() {
        for words in Words::all() {
            let Some(days) = words.days() else {
                assert_eq!(words.language().primary(), "fa");
                continue;
            };
            for (month, day) in (1..).zip(days) {
                let time = format!("2026-{month:02}-03T12:00:00Z")
                    .parse()
                    .expect("a time");
                let said = day.replacen('#', "3", 1).replacen('%', "2026", 1);
                assert_eq!(said, words.date(time, Clock::default()));
            }
        }
    }

    #[test]
    fn sizes_are_told_in_the_unit_that_fits() {
        let check = |tag, bytes, expected: &str| assert_eq!(words(tag).size(bytes), expected);
        check("en", 0, "1\u{a0}KB");
        check("en", 42_400, "42\u{a0}KB");
        check("be", 99_500, "100\u{a0}КБ");
        check("fa", 437_000, "۴۴۰\u{a0}کیلوبایت");
        check("en", 994_499, "990\u{a0}KB");
        check("ar", 994_500, "1\u{a0}ميغابايت");
        check("en", 1_400_000, "1\u{a0}MB");
        check("zh", 64_600_000, "65\u{a0}MB");
    }

    #[test]
    fn counts_decline() {
        let counted = |tag, count| words(tag).articles(count);
        assert_eq!(counted("be", 1), "1 артыкул");
        assert_eq!(counted("be", 3), "3 артыкулы");
        assert_eq!(counted("be", 12), "12 артыкулаў");
        assert_eq!(counted("en", 1), "1 article");
        assert_eq!(counted("fa", 12), "۱۲ مطلب");
        assert_eq!(counted("ar", 2), "مقالان");
    }

    fn check_wishes(header: &str, expected: &str) {
        assert_eq!(best_language(header).to_string(), expected, "{header:?}");
    }

    #[test]
    fn a_reader_gets_the_language_he_likes_best() {
        check_wishes("be-BY,be;q=0.9,ru;q=0.8", "be");
        check_wishes("de, fr;q=0.9, fa;q=0.5", "fa");
        check_wishes("ru;q=0.2, uk;q=0.7", "uk");
        check_wishes("ru;q=0, zh-CN;q=0.1", "zh");
        check_wishes("tr;q=nan, ar; q=0.5", "ar");
        for none in ["", "*", ";;;,,,", "q=1", "xx;q=9"] {
            check_wishes(none, "en");
        }
    }
}
