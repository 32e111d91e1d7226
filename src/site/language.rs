//! The language of a text, and which way it is written.

use std::fmt;

use unic_langid::LanguageIdentifier;

/// A BCP 47 language tag in its normal spelling, such as `be`, `zh-Hans` or `fa-AF`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language(LanguageIdentifier);

/// As HTML's `dir` spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    LeftToRight,
    RightToLeft,
}

const RIGHT_TO_LEFT_SCRIPTS: &[&str] = &[
    "Adlm", "Arab", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa",
];

/// Languages that are written from right to left when the tag names no script.
const RIGHT_TO_LEFT_LANGUAGES: &[&str] = &[
    "ar", "arc", "arz", "ary", "azb", "bal", "bqi", "ckb", "dv", "fa", "glk", "he", "ks", "lrc",
    "mzn", "nqo", "pnb", "prs", "ps", "rhg", "sd", "syr", "ug", "ur", "yi",
];

impl Language {
    /// Underscores pass for hyphens, as in `zh_CN`; extensions after the region and variants are dropped.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.trim();
        let plain = plain
            .find("-u-")
            .or_else(|| plain.find("-x-"))
            .map_or(plain, |end| plain.get(..end).unwrap_or(plain));
        let tag: LanguageIdentifier = plain.parse().ok()?;
        (!tag.language.is_empty()).then_some(Self(tag))
    }

    /// Of a page of ours, which begins with it.
    pub fn of_page(page: &[u8]) -> Option<Self> {
        let head = String::from_utf8_lossy(page.get(..100)?);
        let (_, tag) = head.split_once("<html lang=\"")?;
        Self::parse(tag.split_once('"')?.0)
    }

    pub fn direction(&self) -> Direction {
        let right_to_left = match self.0.script {
            Some(script) => RIGHT_TO_LEFT_SCRIPTS.contains(&script.as_str()),
            None => RIGHT_TO_LEFT_LANGUAGES.contains(&self.primary()),
        };
        if right_to_left {
            Direction::RightToLeft
        } else {
            Direction::LeftToRight
        }
    }

    /// Whether there are letters in a name that are written the other way.
    pub fn turns(&self, name: &str) -> bool {
        let is_leftward = self.direction() == Direction::RightToLeft;
        let mut letters = name.chars().filter(|c| c.is_alphabetic());
        letters.any(|c| is_written_leftward(c) != is_leftward)
    }

    /// The first part of the tag, such as `zh`.
    pub fn primary(&self) -> &str {
        self.0.language.as_str()
    }
}

/// By the blocks of Unicode that are set aside for such scripts.
fn is_written_leftward(letter: char) -> bool {
    matches!(letter, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

impl Direction {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LeftToRight => "ltr",
            Self::RightToLeft => "rtl",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, tag: &str, direction: Direction) {
        let language = Language::parse(text).unwrap_or_else(|| panic!("`{text}` is refused"));
        assert_eq!(language.to_string(), tag, "{text}");
        assert_eq!(language.direction(), direction, "{text}");
    }

    #[test]
    fn tags_are_normalised_and_have_a_direction() {
        check("be", "be", Direction::LeftToRight);
        check("BE-by", "be-BY", Direction::LeftToRight);
        check("zh_hans_CN", "zh-Hans-CN", Direction::LeftToRight);
        check("fa-IR", "fa-IR", Direction::RightToLeft);
        check("ar-u-nu-latn", "ar", Direction::RightToLeft);
        check("uz-Arab", "uz-Arab", Direction::RightToLeft);
        check("ur-Latn", "ur-Latn", Direction::LeftToRight);
        check(" he ", "he", Direction::RightToLeft);
    }

    #[test]
    fn a_name_may_turn_a_line() {
        let check = |language: &str, name: &str, expected: bool| {
            let language = Language::parse(language).expect("a language");
            assert_eq!(language.turns(name), expected, "{name}");
        };
        check("be", "Алена Рыбак, 2026", false);
        check("be", "مریم (Maryam)", true);
        check("fa", "مریم، ۲۰۲۶!", false);
        check("fa", "Alena Rybak", true);
        check("fa", "2026", false);
    }

    #[test]
    fn what_is_no_language_is_refused() {
        for text in [
            "",
            "und",
            "*",
            "english please",
            "1",
            "\u{0}",
            "é",
            "-u-",
            "a\"b",
        ] {
            assert_eq!(Language::parse(text), None, "{text:?}");
        }
    }
}
