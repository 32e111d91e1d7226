//! Strangers' text on a person's screen.

use unicode_width::UnicodeWidthChar;

/// The text with everything spelled out, as `\u{1b}`, that a terminal would obey, that begins a new line, or that turns
/// the direction of writing (Unicode's Bidi_Control) so that a text looks like another.
pub fn tame(text: &str) -> String {
    let mut tamed = String::with_capacity(text.len());
    for c in text.chars() {
        match is_wild(c) {
            true => tamed.extend(c.escape_unicode()),
            false => tamed.push(c),
        }
    }
    tamed
}

/// Whether a terminal would obey it, or turn the direction of a line.
pub fn is_wild(c: char) -> bool {
    is_unreadable(c)
        || matches!(
            c,
            '\t' | '\n' | '\r' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}'
        )
}

/// Whether it is no letter and no blank: a control character, or one that turns the direction of all that follows, so that
/// a headline or an address reads as another. Marks that put a single sign right, and those that join letters or keep them
/// apart, are none of these: Persian is not written without them.
pub fn is_unreadable(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Without what is [unreadable](is_unreadable), and without marks that [pile up](Pile).
pub fn readable(mut text: String) -> String {
    if !text.is_ascii() || text.contains(is_unreadable) {
        let mut pile = Pile::default();
        text.retain(|c| !is_unreadable(c) && pile.bears(c));
    }
    text
}

/// Marks one above another on one letter. Without end they cover the lines around. No language puts more than three of those
/// on a letter that go with any script, as Vietnamese does; Hebrew with its accents, Burmese and Tibetan pile up some six
/// of their own.
#[derive(Debug, Default)]
pub struct Pile {
    common: usize,
    all: usize,
}

impl Pile {
    const COMMON: usize = 4;
    const ALL: usize = 8;

    /// Whether there is room for the next character of a text.
    pub fn bears(&mut self, c: char) -> bool {
        if c.is_ascii() || c.width() != Some(0) {
            *self = Self::default();
            return true;
        }
        self.common += usize::from(is_common_mark(c));
        self.all += 1;
        self.common <= Self::COMMON && self.all <= Self::ALL
    }
}

/// One that is put on letters of any script.
fn is_common_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_spelled_out_and_words_stay() {
        let check = |text: &str, expected: &str| assert_eq!(tame(text), expected);
        check("`снег`, é, 新闻, سلام", "`снег`, é, 新闻, سلام");
        check("\u{1b}[2Jdone", "\\u{1b}[2Jdone");
        check("a\u{9b}31m\r\nb", "a\\u{9b}31m\\u{d}\\u{a}b");
        check("gz.rat\u{202e}", "gz.rat\\u{202e}");
    }

    #[test]
    fn what_turns_a_text_goes_and_what_persian_needs_stays() {
        let check = |text: &str, expected: &str| assert_eq!(readable(text.into()), expected);
        check(
            "Minister \u{202e}detsurra\u{202c} si\u{0}\u{1b}[2J\u{9b}",
            "Minister detsurra si[2J",
        );
        check(
            "\u{2066}a\u{2069}\u{2067}b\u{2068}\u{202a}\u{202b}\u{202d}",
            "ab",
        );
        let persian = "می\u{200c}خواهم\u{200f}! ه\u{200d}\u{200e}\t\r\nد";
        check(persian, persian);
    }

    #[test]
    fn marks_do_not_pile_up_over_the_lines_around() {
        let piled = "a\u{301}\u{302}\u{303}\u{489}".to_owned();
        let more = "\u{304}\u{305}\u{200d}\u{20dd}".repeat(40);
        let cleared = readable(format!("{piled}{more}b\u{301}"));
        assert!(cleared.starts_with(&piled) && cleared.ends_with("b\u{301}"));
        assert!(cleared.chars().count() <= 12, "{cleared:?}");
        assert!(
            readable(format!("ก{}", "\u{e49}".repeat(90)))
                .chars()
                .count()
                <= 9
        );
    }

    #[test]
    fn what_languages_write_stays() {
        for text in [
            "ti\u{302}\u{301}ng Vi\u{323}\u{302}t",
            "ที่นี่ น้ำ ผู้",
            "בְּרֵאשִׁ֖ית בָּרָ֣א אֱלֹהִ֑ים אֵ֥ת הַשָּׁמַ֖יִם",
            "בָּֽרְכֽוּ יְרוּשָׁלִַ֔͏ְם",
            "ٱللَّهِ ٱلرَّحْمَـٰنِ ٱلرَّحِيمِ لَآ إِلَٰهَ إِلَّا هُوَۖ ٱلْمُؤْمِنِينَۚ",
            "क्षत्रिय र्‍क राष्ट्र कँ",
            "မြွှေ့ ကျွန်ုပ်တို့",
            "བསྒྲུབས་ རྫོགས་ ཨོཾ་མ་ཎི་པདྨེ་ཧཱུྃ",
            "ស្ត្រី ខ្ញុំ",
            "👩\u{200d}👩\u{200d}👧\u{200d}👦 👍🏽 ❤\u{fe0f} 🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} 한국 각",
        ] {
            assert_eq!(readable(text.into()), text);
        }
    }
}
