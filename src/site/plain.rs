//! Plain texts of strangers, such as titles and bylines, before they stand on pages.

use std::borrow::Cow;

/// At most so many characters; what is longer ends behind a word.
pub fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    // A character takes a byte at least.
    let cut = (text.len() > most).then(|| text.char_indices().nth(most));
    let Some((cut, _)) = cut.flatten() else {
        return Cow::Borrowed(text);
    };
    let head = text.get(..cut).unwrap_or_default();
    // Some scripts put no spaces between words, and some names have none.
    let word = head.rfind(' ').filter(|end| *end * 2 > cut);
    let head = head.get(..word.unwrap_or(cut)).unwrap_or_default();
    Cow::Owned(format!("{head}…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_ends_behind_a_word() {
        let check =
            |text: &str, expected: &str| assert_eq!(shortened(text, 10), expected, "{text}");
        check("", "");
        check("ten of it.", "ten of it.");
        check("ten of them all", "ten of…");
        check("Паром, два", "Паром, два");
        check("Паром, дваццаць", "Паром,…");
        check("渡轮又重新开始向小岛航行了", "渡轮又重新开始向小岛…");
        check("a bcdefghijklm", "a bcdefghi…");
    }
}
