//! A path pattern matches what a slow and simple reading of it says, and never crosses a `/`.
//!
//! The text up to the first line break is the pattern, the rest the path.

use colport::trust::pattern::PathPattern;

/// The simple reading takes time that grows with the power of the stars.
const CHARACTERS: usize = 60;

pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (pattern, path) = text.split_once('\n').unwrap_or((&text, ""));
    let read = PathPattern::new(pattern);
    let matches = read.matches(path);
    assert_eq!(read.as_str(), pattern);
    let slashes = |text: &str| text.bytes().filter(|byte| *byte == b'/').count();
    assert!(!matches || slashes(pattern) == slashes(path));
    if pattern.chars().count().max(path.chars().count()) <= CHARACTERS {
        let expected = slashes(pattern) == slashes(path)
            && pattern
                .split('/')
                .zip(path.split('/'))
                .all(|(pattern, part)| {
                    let (pattern, part): (Vec<_>, Vec<_>) =
                        (pattern.chars().collect(), part.chars().collect());
                    fits(&pattern, &part)
                });
        assert_eq!(matches, expected, "`{pattern}` and `{path}`");
    }
}

/// One row for each token of the pattern: which beginnings of the part it can have eaten.
fn fits(pattern: &[char], part: &[char]) -> bool {
    let mut reached = vec![false; part.len() + 1];
    reached[0] = true;
    let mut at = 0;
    while at < pattern.len() {
        let (length, token) = token(&pattern[at..]);
        let before = reached;
        reached = vec![false; part.len() + 1];
        for (end, was) in before.into_iter().enumerate().filter(|(_, was)| *was) {
            debug_assert!(was);
            match &token {
                Token::Run => reached[end..].fill(true),
                Token::One(may) => {
                    if part.get(end).is_some_and(|c| may(*c)) {
                        reached[end + 1] = true;
                    }
                }
            }
        }
        at += length;
    }
    reached[part.len()]
}

enum Token<'a> {
    Run,
    One(Box<dyn Fn(char) -> bool + 'a>),
}

/// The first token, and how many characters it takes.
fn token(pattern: &[char]) -> (usize, Token<'_>) {
    match pattern[0] {
        '*' => (1, Token::Run),
        '?' => (1, Token::One(Box::new(|_| true))),
        '[' => set(pattern).unwrap_or((1, Token::One(Box::new(|c| c == '[')))),
        other => (1, Token::One(Box::new(move |c| c == other))),
    }
}

fn set(pattern: &[char]) -> Option<(usize, Token<'_>)> {
    let begin = if pattern.get(1) == Some(&'!') { 2 } else { 1 };
    let end = (begin + 1..pattern.len()).find(|at| pattern[*at] == ']')?;
    let inside = &pattern[begin..end];
    let may = move |c: char| {
        let mut at = 0;
        let mut found = false;
        while at < inside.len() {
            if inside.get(at + 1) == Some(&'-') && at + 2 < inside.len() {
                found |= inside[at] <= c && c <= inside[at + 2];
                at += 3;
            } else {
                found |= inside[at] == c;
                at += 1;
            }
        }
        found == (begin == 1)
    };
    Some((end + 1, Token::One(Box::new(may))))
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    [
        "be/2026/11/*/*\nbe/2026/11/river/index.html",
        "*\nindex.html",
        "a*b*c\naxbxbxc",
        "[!a-c]?[]x]\ndя]",
        "foo-?.tgz\nfoo-2.tgz",
        "[x\n[x",
        "[c-a]*\nb",
        "[a-]/**\n-/",
        "[!]a]\n]",
    ]
    .map(|seed| seed.as_bytes().to_vec())
    .to_vec()
}
