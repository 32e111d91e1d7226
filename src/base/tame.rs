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
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}'
        )
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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
}
