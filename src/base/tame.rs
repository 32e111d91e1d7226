//! Strangers' text on a person's screen.

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

/// Without what is [unreadable](is_unreadable).
pub fn readable(mut text: String) -> String {
    if text.contains(is_unreadable) {
        text.retain(|c| !is_unreadable(c));
    }
    text
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
}
