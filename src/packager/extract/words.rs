//! Small questions about text that extraction asks again and again.

use std::collections::{HashMap, HashSet};

use crate::base::{Pile, is_unreadable};

/// Runs of white space as one blank, none at the ends; characters that only direct or hide are gone, see
/// [`is_unreadable`], and so are marks that [pile up](Pile).
pub fn squeezed(text: &str) -> String {
    let mut squeezed = String::with_capacity(text.len());
    let mut parted = false;
    let mut pile = Pile::default();
    for c in text.chars() {
        match c {
            ' '..='\u{7e}' if c != ' ' => pile = Pile::default(),
            '\u{200b}' | '\u{feff}' | '\u{ad}' => continue,
            c if c.is_whitespace() => {
                parted = true;
                pile = Pile::default();
                continue;
            }
            c if is_unreadable(c) || !pile.bears(c) => continue,
            _ => {}
        }
        if std::mem::take(&mut parted) && !squeezed.is_empty() {
            squeezed.push(' ');
        }
        squeezed.push(c);
    }
    squeezed
}

/// Letters and digits in lower case, one blank between words: what two lines have in common if they say the same.
pub fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut parted = false;
    for c in text.chars() {
        if !c.is_alphanumeric() {
            parted = true;
            continue;
        }
        if std::mem::take(&mut parted) && !folded.is_empty() {
            folded.push(' ');
        }
        match c.is_ascii() {
            true => folded.push(c.to_ascii_lowercase()),
            false => folded.extend(c.to_lowercase()),
        }
    }
    folded
}

/// Letters and digits in lower case and nothing between them; what stands in tags is left out.
pub fn letters(text: &str) -> String {
    let mut letters = String::with_capacity(text.len());
    let mut in_tag = false;
    for c in text.chars() {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            c if !in_tag && c.is_alphanumeric() => letters.extend(c.to_lowercase()),
            _ => {}
        }
    }
    letters
}

/// How much there is to read: characters without blanks, an ideograph counted as two and a half letters.
pub fn weight(text: &str) -> usize {
    if text.is_ascii() {
        let is_blank = |b: &u8| matches!(b, b' ' | b'\t'..=b'\r');
        return text.bytes().filter(|b| !is_blank(b)).count();
    }
    let halves: usize = text
        .chars()
        .map(|c| match c {
            ' ' | '\t'..='\r' => 0,
            '\0'..='\u{84}' | '\u{a1}'..='\u{167f}' => 2,
            c if is_ideograph(c) => 5,
            c if c.is_whitespace() => 0,
            _ => 2,
        })
        .sum();
    halves / 2
}

pub fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Whether two lines have nearly all words in common; see [`likeness`].
pub fn are_alike(one: &str, other: &str, least: f64) -> bool {
    // Of lines so unlike in length it need not be counted.
    let (short, long) = (one.len().min(other.len()), one.len().max(other.len()));
    long <= 4 * short + 64 && likeness(one, other) > least
}

/// Share of words (of characters where words are not parted) that two lines have in common, 0 to 1.
pub fn likeness(one: &str, other: &str) -> f64 {
    let (one, other) = (folded(one), folded(other));
    if one == other {
        return if one.is_empty() { 0.0 } else { 1.0 };
    }
    let parts = |text: &str| -> Vec<String> {
        if text.chars().any(is_ideograph) {
            text.chars().map(String::from).collect()
        } else {
            text.split(' ').map(str::to_owned).collect()
        }
    };
    let (one, other) = (parts(&one), parts(&other));
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for part in &one {
        *counts.entry(part).or_default() += 1;
    }
    let mut common = 0;
    for part in &other {
        if let Some(count) = counts.get_mut(part.as_str()).filter(|count| **count > 0) {
            *count -= 1;
            common += 1;
        }
    }
    let all = u32::try_from(one.len() + other.len()).unwrap_or(u32::MAX);
    2.0 * f64::from(common) / f64::from(all.max(1))
}

/// How many of the words that say something in a title stand in a text, and how many there are. Endings do not count; of
/// scripts that part no words it is pairs of characters.
pub fn shared(title: &str, text: &str) -> (usize, usize) {
    let (title, text) = (stems(title), stems(text));
    let text: HashSet<String> = text.into_iter().collect();
    (
        title.iter().filter(|stem| text.contains(*stem)).count(),
        title.len(),
    )
}

fn stems(text: &str) -> Vec<String> {
    let mut stems = Vec::new();
    for word in folded(text).split(' ') {
        let letters: Vec<char> = word.chars().collect();
        match letters.iter().any(|letter| is_ideograph(*letter)) {
            true => stems.extend(
                letters
                    .windows(2)
                    .map(|pair| pair.iter().collect::<String>()),
            ),
            false if letters.len() > 3 => stems.push(letters.iter().take(4).collect()),
            false => {}
        }
    }
    stems
}

/// Whether two texts begin with the same letters, as far as the shorter goes: one may be cut off.
pub fn begins_alike(one: &str, other: &str) -> bool {
    let letters = |text: &str| -> String {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .take(80)
            .collect()
    };
    let (one, other) = (letters(one), letters(other));
    !one.is_empty() && !other.is_empty() && (one.starts_with(&other) || other.starts_with(&one))
}

/// `Headline | The Newsroom` without what stands behind the last separator, if that is a name and not the headline.
pub fn without_site<'a>(title: &'a str, site: Option<&str>) -> &'a str {
    let separators = [
        " | ", " — ", " – ", " - ", " :: ", " » ", " · ", " • ", "_", "｜",
    ];
    let parted = separators
        .iter()
        .filter_map(|separator| title.rsplit_once(separator))
        .min_by_key(|(_, tail)| tail.len());
    let Some((head, tail)) = parted else {
        return title;
    };
    let named = site.is_some_and(|site| likeness(site, tail) >= 0.5);
    let short = weight(tail) * 3 <= weight(head) && weight(head) >= 15;
    if (named || short) && !head.trim().is_empty() {
        head.trim()
    } else {
        title
    }
}

/// `By Olga Carter` → `Olga Carter`
pub fn without_by(name: &str) -> &str {
    let lead = [
        "By ",
        "by ",
        "BY ",
        "Von ",
        "von ",
        "Par ",
        "par ",
        "Por ",
        "Автор: ",
        "Автор ",
        "Аўтар: ",
        "Аўтар ",
        "Text: ",
        "作者：",
        "作者:",
        "نویسنده: ",
    ];
    lead.iter()
        .find_map(|by| name.strip_prefix(by))
        .unwrap_or(name)
        .trim()
}

/// Character references that were escaped twice, as in JSON-LD and feeds: the few that occur in headlines.
pub fn unescaped(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        let (before, from) = rest.split_at(start);
        plain.push_str(before);
        let end = from
            .char_indices()
            .take(12)
            .find(|(_, c)| *c == ';')
            .map(|(end, _)| end);
        let known = end.and_then(|end| Some((character(from.get(1..end)?)?, from.get(end + 1..)?)));
        match known {
            Some((c, behind)) => {
                plain.push(c);
                rest = behind;
            }
            None => {
                plain.push('&');
                rest = from.get(1..).unwrap_or_default();
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn character(name: &str) -> Option<char> {
    let number = |digits: &str, radix| {
        u32::from_str_radix(digits, radix)
            .ok()
            .and_then(char::from_u32)
    };
    if let Some(hex) = name.strip_prefix("#x").or_else(|| name.strip_prefix("#X")) {
        return number(hex, 16);
    }
    if let Some(decimal) = name.strip_prefix('#') {
        return number(decimal, 10);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "laquo" => '«',
        "raquo" => '»',
        "ndash" => '–',
        "mdash" => '—',
        "hellip" => '…',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "bdquo" => '„',
        "shy" => '\u{ad}',
        _ => return None,
    })
}

/// For text between tags and inside double-quoted attributes.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_become_characters() {
        for (text, expected) in [
            ("Tom &amp; Jerry", "Tom & Jerry"),
            ("it&#8217;s &#x2014; &laquo;да&raquo;", "it’s — «да»"),
            (
                "AT&T; a && b &unknown; &#xFFFFFFFF;",
                "AT&T; a && b &unknown; &#xFFFFFFFF;",
            ),
        ] {
            assert_eq!(unescaped(text), expected);
        }
    }

    #[test]
    fn the_newsrooms_name_is_cut_off() {
        for (title, site, expected) in [
            (
                "The court handed down its verdict | News 7",
                None,
                "The court handed down its verdict",
            ),
            (
                "Суд - приговор - Новости",
                Some("Новости"),
                "Суд - приговор",
            ),
            ("Either - or", None, "Either - or"),
        ] {
            assert_eq!(without_site(title, site), expected);
        }
    }

    #[test]
    fn a_text_that_is_cut_off_begins_like_the_whole() {
        assert!(begins_alike(
            "The court, at last, ...",
            "“The court at last decided”"
        ));
        assert!(!begins_alike("The court decided", "The river rose"));
        assert!(!begins_alike("", "The river"));
    }

    #[test]
    fn lines_are_compared_by_words() {
        assert!(likeness("The Court: a verdict", "the court a verdict!") > 0.99);
        assert!(likeness("市法院作出判决", "市法院作出判決") > 0.8);
        assert!(likeness("", "") < 0.1);
        assert!(likeness("one two", "three four") < 0.1);
    }
}
