//! What letters tell of the language of a text: its script, and by letters that only some languages have, which one it
//! likely is. Never more than a guess, for texts of which nobody says it.

use crate::site::{Direction, Language};

/// Letters of a text that are looked at.
const MOST: usize = 4_000;

/// The names of ISO 15924, `Jpan` for kana and the Han signs between them.
type Script = &'static str;

/// The language of a text that is written in another script than the newsroom's; `None` if it may be the newsroom's.
pub fn language_of(text: &str, usual: &Language) -> Option<Language> {
    let letters: Vec<char> = letters(text).collect();
    let script = script_of(&letters)?;
    if scripts_of(usual).contains(&script) {
        return None;
    }
    Language::parse(by_letters(script, &letters))
}

/// Whether a text may be of that language, as far as its letters tell.
pub fn may_be(text: &str, language: &Language) -> bool {
    let letters: Vec<char> = letters(text).collect();
    script_of(&letters).is_none_or(|script| scripts_of(language).contains(&script))
}

/// Which way its letters run, most of them.
pub fn direction(text: &str) -> Option<Direction> {
    let letters: Vec<char> = letters(text).collect();
    Some(match script_of(&letters)? {
        "Arab" | "Hebr" => Direction::RightToLeft,
        _ => Direction::LeftToRight,
    })
}

fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .filter(|c| c.is_alphabetic())
        .flat_map(char::to_lowercase)
        .take(MOST)
}

/// The one of more than half of the letters.
fn script_of(letters: &[char]) -> Option<Script> {
    let mut counts: Vec<(Script, usize)> = Vec::new();
    for script in letters.iter().filter_map(|c| script_of_letter(*c)) {
        match counts.iter_mut().find(|(name, _)| *name == script) {
            Some((_, count)) => *count += 1,
            None => counts.push((script, 1)),
        }
    }
    let count = |name| {
        let found = counts.iter().find(|(script, _)| *script == name);
        found.map_or(0, |(_, count)| *count)
    };
    let (kana, han) = (count("Jpan"), count("Hani"));
    if kana * 10 > han && (kana + han) * 2 > letters.len() {
        return Some("Jpan");
    }
    let most = counts.iter().find(|(_, count)| count * 2 > letters.len())?;
    Some(most.0)
}

fn script_of_letter(letter: char) -> Option<Script> {
    Some(match letter {
        'a'..='z' | '\u{aa}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => "Latn",
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => "Grek",
        '\u{400}'..='\u{52f}' => "Cyrl",
        '\u{531}'..='\u{58f}' => "Armn",
        '\u{590}'..='\u{5ff}' => "Hebr",
        '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{fb50}'..='\u{fefc}' => "Arab",
        '\u{900}'..='\u{97f}' => "Deva",
        '\u{980}'..='\u{9ff}' => "Beng",
        '\u{b80}'..='\u{bff}' => "Taml",
        '\u{e00}'..='\u{e7f}' => "Thai",
        '\u{e80}'..='\u{eff}' => "Laoo",
        '\u{f00}'..='\u{fff}' => "Tibt",
        '\u{1000}'..='\u{109f}' => "Mymr",
        '\u{10a0}'..='\u{10ff}' => "Geor",
        '\u{1200}'..='\u{137f}' => "Ethi",
        '\u{1780}'..='\u{17ff}' => "Khmr",
        '\u{3040}'..='\u{30ff}' => "Jpan",
        '\u{3400}'..='\u{9fff}' => "Hani",
        '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7a3}' => "Hang",
        _ => return None,
    })
}

/// In which a language is written. Some have several; of those that stand nowhere here it is the Latin one.
fn scripts_of(language: &Language) -> &'static [Script] {
    match language.primary() {
        "be" | "ru" | "uk" | "bg" | "mk" | "ky" | "ba" | "cv" | "ce" | "os" | "av" | "sah"
        | "ab" => &["Cyrl"],
        "sr" | "bs" | "tt" | "tk" | "mo" => &["Cyrl", "Latn"],
        "mn" | "tg" => &["Cyrl"],
        "kk" | "uz" | "az" | "ku" | "ug" => &["Cyrl", "Latn", "Arab"],
        "ar" | "arc" | "arz" | "ary" | "azb" | "bal" | "bqi" | "ckb" | "fa" | "glk" | "ks"
        | "lrc" | "mzn" | "pnb" | "prs" | "ps" | "rhg" | "sd" | "ur" => &["Arab"],
        "he" | "yi" => &["Hebr"],
        "el" => &["Grek"],
        "hy" => &["Armn"],
        "ka" => &["Geor"],
        "am" | "ti" => &["Ethi"],
        "hi" | "ne" | "mr" => &["Deva"],
        "bn" | "as" => &["Beng"],
        "ta" => &["Taml"],
        "th" => &["Thai"],
        "lo" => &["Laoo"],
        "my" => &["Mymr"],
        "km" => &["Khmr"],
        "bo" | "dz" => &["Tibt"],
        "zh" | "yue" | "wuu" | "nan" => &["Hani"],
        "ja" => &["Jpan", "Hani"],
        "ko" => &["Hang", "Hani"],
        _ => &["Latn"],
    }
}

/// Letters that a language has and those behind it in the list have not.
type Marks = &'static [(&'static str, &'static str)];

const CYRILLIC: Marks = &[
    ("be", "ў"),
    ("uk", "їєґ"),
    ("mk", "ѓќѕ"),
    ("sr", "ђћџјљњ"),
    ("kk", "ұ"),
    ("tg", "ҳҷӣӯ"),
    ("tt", "җ"),
    ("kk", "ғқ"),
    ("ky", "ңөү"),
    ("ru", "ыэ"),
    ("bg", "ъ"),
];

const ARABIC: Marks = &[
    ("ug", "ۇۈۋ"),
    ("ckb", "ڵڕێۆ"),
    ("ps", "ښځڅټډړږ"),
    ("ur", "ٹڈڑےں"),
    ("fa", "پچژگکی"),
];

const LATIN: Marks = &[("az", "ə"), ("tr", "ğış"), ("pl", "łąęż"), ("de", "ßäöü")];

fn by_letters(script: Script, letters: &[char]) -> &'static str {
    let of = |marks: Marks| {
        let tells = |own: &str| {
            let count = letters.iter().filter(|c| own.contains(**c)).count();
            count * ONE_IN >= letters.len()
        };
        marks.iter().find(|(_, own)| tells(own)).map(|mark| mark.0)
    };
    match script {
        "Cyrl" => of(CYRILLIC).unwrap_or("ru"),
        "Arab" => of(ARABIC).unwrap_or("ar"),
        "Latn" => of(LATIN).unwrap_or("en"),
        "Hebr" => "he",
        "Grek" => "el",
        "Armn" => "hy",
        "Geor" => "ka",
        "Ethi" => "am",
        "Deva" => "hi",
        "Beng" => "bn",
        "Taml" => "ta",
        "Thai" => "th",
        "Laoo" => "lo",
        "Mymr" => "my",
        "Khmr" => "km",
        "Tibt" => "bo",
        "Jpan" => "ja",
        "Hang" => "ko",
        "Hani" => "zh",
        _ => "",
    }
}

/// A name from another language has its letters too, but not one in so many of a text.
const ONE_IN: usize = 250;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, usual: &str, expected: Option<&str>) {
        let usual = Language::parse(usual).unwrap();
        let guessed = language_of(text, &usual).map(|language| language.to_string());
        assert_eq!(guessed.as_deref(), expected, "{text}");
    }

    #[test]
    fn a_text_in_another_script_tells_its_language() {
        for (text, expected) in [
            (
                "قنات کهن پس از دو سال دوباره پرآب شد و مردم شهر جشن گرفتند",
                "fa",
            ),
            (
                "عادت العبّارة إلى العمل بعد ثلاثة أشهر من التوقف عن نقل الركاب",
                "ar",
            ),
            ("دریا کے کنارے لوگوں نے بڑے جشن کا اہتمام کیا ہے", "ur"),
            ("Паром вярнуўся на раку пасля трох месяцаў рамонту", "be"),
            (
                "Пором повернувся на річку після трьох місяців ремонту, і її мешканці раді",
                "uk",
            ),
            (
                "Паром вернулся на реку после трёх месяцев ремонта, и все были рады",
                "ru",
            ),
            ("茶山的雪在三月里慢慢地化了", "zh"),
            ("春の山に雪がまだ残っている", "ja"),
            ("삼월의 산에는 아직 눈이 남아 있다", "ko"),
            ("ბორანი მდინარეზე დაბრუნდა", "ka"),
        ] {
            check(text, "en", Some(expected));
        }
        check("The ferry is back on the river", "fa", Some("en"));
        check(
            "Vapur üç ay sonra ırmağa döndü, yolcular şaşırdı",
            "fa",
            Some("tr"),
        );
    }

    #[test]
    fn what_may_be_the_newsrooms_own_is_not_guessed_at() {
        check("Паром вернулся на реку", "be", None);
        check("Скела се вратила на реку", "sr", None);
        check("Die Fähre fährt wieder über den Fluss", "en", None);
        check("The ferry, in Persian قنات, is back", "en", None);
        check("1996 — 2026", "fa", None);
        check("", "fa", None);
    }
}
