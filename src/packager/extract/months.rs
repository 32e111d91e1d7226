//! Months by their names, in the languages that colport's first newsrooms write: of the common calendar, and of the Solar
//! Hijri one of Iran and Afghanistan.

use jiff::civil::Date;

use crate::site::solar_hijri_date;

/// 1 to 12
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Month {
    Common(i8),
    Solar(i8),
}

impl Month {
    /// `None` if it has no such day, or if nobody writes news of such a year by this calendar.
    pub fn day(self, year: i64, day: i64) -> Option<Date> {
        let (year, day) = (i16::try_from(year).ok()?, i8::try_from(day).ok()?);
        match self {
            Self::Common(month) if year >= 1980 => Date::new(year, month, day).ok(),
            Self::Solar(month) if SOLAR_YEARS.contains(&year) => solar_hijri_date(year, month, day),
            _ => None,
        }
    }
}

/// 1980 to 2099
pub const SOLAR_YEARS: std::ops::Range<i16> = 1359..1478;

/// By the beginning of the name; a name of few letters, and one in Arabic letters, is whole.
pub fn named(word: &str) -> Option<Month> {
    let place = |found: Option<usize>| i8::try_from(found? + 1).ok();
    let whole = |table: &[&[&str]; 12]| table.iter().position(|names| names.contains(&word));
    if let Some(month) = place(whole(&ARABIC_LETTERS)) {
        return Some(Month::Common(month));
    }
    let solar = SOLAR.iter().position(|name| *name == word);
    if let Some(month) = place(solar) {
        return Some(Month::Solar(month));
    }
    // `красавіка` is April while `кастрычніка` is October: no beginning of one is that of another.
    if word.chars().count() < 3 {
        return None;
    }
    let begins = |names: &[&str]| names.iter().any(|name| word.starts_with(name));
    place(BEGINNINGS.iter().position(|names| begins(names))).map(Month::Common)
}

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

/// Of Egypt, of the Levant (two words are [joined](self::JOINED)), of the Maghreb, and of Iran.
const ARABIC_LETTERS: [&[&str]; 12] = [
    &["يناير", "كانونالثاني", "جانفي", "ژانویه"],
    &["فبراير", "شباط", "فيفري", "فوریه"],
    &["مارس", "آذار", "اذار"],
    &["أبريل", "ابريل", "إبريل", "نيسان", "أفريل", "آوریل"],
    &["مايو", "أيار", "ايار", "ماي", "مه", "می"],
    &["يونيو", "يونيه", "حزيران", "جوان", "ژوئن"],
    &["يوليو", "يوليه", "تموز", "جويلية", "ژوئیه", "جولای"],
    &["أغسطس", "اغسطس", "آب", "أوت", "اوت", "آگوست"],
    &["سبتمبر", "أيلول", "ايلول", "سپتامبر"],
    &["أكتوبر", "اكتوبر", "تشرينالأول", "تشرينالاول", "اکتبر"],
    &["نوفمبر", "تشرينالثاني", "نوامبر"],
    &["ديسمبر", "كانونالأول", "كانونالاول", "دسامبر"],
];

/// The first of two words that name a month.
pub const JOINED: &[&str] = &["تشرين", "كانون"];

const SOLAR: [&str; 12] = [
    "فروردین",
    "اردیبهشت",
    "خرداد",
    "تیر",
    "مرداد",
    "شهریور",
    "مهر",
    "آبان",
    "آذر",
    "دی",
    "بهمن",
    "اسفند",
];
