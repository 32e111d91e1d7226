//! Strangers' text on a person's screen.

/// The text with everything replaced that a terminal would obey, that begins a new line, or that turns the direction
/// of writing so that a text looks like another.
pub fn tame(text: &str) -> String {
    let tamed = |c: char| if is_wild(c) { '\u{fffd}' } else { c };
    text.chars().map(tamed).collect()
}

fn is_wild(c: char) -> bool {
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
    fn what_a_terminal_obeys_is_replaced_and_words_stay() {
        let check = |text: &str, expected: &str| assert_eq!(tame(text), expected);
        check("`снег`, é, 新闻, سلام", "`снег`, é, 新闻, سلام");
        check("\u{1b}[2Jdone", "\u{fffd}[2Jdone");
        check("a\u{9b}31m\r\nb", "a\u{fffd}31m\u{fffd}\u{fffd}b");
        check("gz.rat\u{202e}", "gz.rat\u{fffd}");
    }
}
