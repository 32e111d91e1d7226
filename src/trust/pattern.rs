//! Path patterns of delegations (TUF 1.0 section 4.5, PATHPATTERN): shell wildcards inside one segment.
//!
//! 1. Pattern and path are cut at `/`; they must have equally many segments, so no wildcard ever crosses a `/`.
//! 2. Inside a segment `*` is any run of characters, `?` any one, `[a-c]` one of a set, `[!a-c]` one outside it.
//! 3. A `[` that is not closed stands for itself, and `]` right after `[` or `[!` belongs to the set, as in POSIX.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One pattern, taken apart once and matched often.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct PathPattern {
    text: String,
    segments: Vec<Segment>,
}

#[derive(Clone, PartialEq, Eq)]
enum Segment {
    /// The most frequent ones are matched without a walk.
    Literal(String),
    Anything,
    Wild(Vec<Token>),
}

#[derive(Clone, PartialEq, Eq)]
enum Token {
    One(char),
    AnyOne,
    AnyRun,
    Set {
        inside: bool,
        ranges: Vec<(char, char)>,
    },
}

impl PathPattern {
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let segments = text.split('/').map(segment).collect();
        Self { text, segments }
    }

    pub fn matches(&self, path: &str) -> bool {
        let mut parts = path.split('/');
        let all = self
            .segments
            .iter()
            .all(|segment| parts.next().is_some_and(|part| segment.matches(part)));
        all && parts.next().is_none()
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl From<String> for PathPattern {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<PathPattern> for String {
    fn from(pattern: PathPattern) -> Self {
        pattern.text
    }
}

impl fmt::Debug for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.text)
    }
}

fn segment(text: &str) -> Segment {
    if text == "*" {
        return Segment::Anything;
    }
    let characters: Vec<char> = text.chars().collect();
    let mut rest = characters.as_slice();
    let mut tokens = Vec::new();
    while let Some((first, after)) = rest.split_first() {
        let (token, after) = match first {
            '*' => (Token::AnyRun, after),
            '?' => (Token::AnyOne, after),
            '[' => set(after).unwrap_or((Token::One('['), after)),
            other => (Token::One(*other), after),
        };
        tokens.push(token);
        rest = after;
    }
    let literal = tokens.iter().all(|token| matches!(token, Token::One(_)));
    if literal {
        Segment::Literal(text.to_owned())
    } else {
        Segment::Wild(tokens)
    }
}

/// What follows a `[`: the set and the rest behind its `]`; `None` if there is no `]`.
fn set(after: &[char]) -> Option<(Token, &[char])> {
    let (inside, members) = match after {
        ['!', rest @ ..] => (false, rest),
        rest => (true, rest),
    };
    let end = 1 + members.iter().skip(1).position(|c| *c == ']')?;
    let (members, rest) = members.split_at_checked(end)?;
    let ranges = ranges(members);
    Some((Token::Set { inside, ranges }, rest.get(1..)?))
}

fn ranges(mut members: &[char]) -> Vec<(char, char)> {
    let mut ranges = Vec::new();
    loop {
        members = match members {
            [low, '-', high, rest @ ..] => {
                ranges.push((*low, *high));
                rest
            }
            [one, rest @ ..] => {
                ranges.push((*one, *one));
                rest
            }
            [] => return ranges,
        };
    }
}

impl Segment {
    fn matches(&self, part: &str) -> bool {
        match self {
            Self::Literal(text) => text == part,
            Self::Anything => true,
            Self::Wild(tokens) => run_matches(tokens, &part.chars().collect::<Vec<_>>()),
        }
    }
}

/// Greedy, with one way back: to the last `*`, which then takes one character more. At most tokens times characters.
fn run_matches(tokens: &[Token], part: &[char]) -> bool {
    let (mut at_token, mut at) = (0, 0);
    let mut last_run = None;
    while let Some(character) = part.get(at) {
        match tokens.get(at_token) {
            Some(Token::AnyRun) => {
                last_run = Some((at_token, at));
                at_token += 1;
            }
            Some(token) if token.matches(*character) => {
                at_token += 1;
                at += 1;
            }
            _ => {
                let Some((run, taken)) = last_run else {
                    return false;
                };
                last_run = Some((run, taken + 1));
                at_token = run + 1;
                at = taken + 1;
            }
        }
    }
    let rest = tokens.get(at_token..).unwrap_or_default();
    rest.iter().all(|token| matches!(token, Token::AnyRun))
}

impl Token {
    fn matches(&self, character: char) -> bool {
        match self {
            Self::One(one) => *one == character,
            Self::AnyOne | Self::AnyRun => true,
            Self::Set { inside, ranges } => {
                let found = ranges
                    .iter()
                    .any(|(low, high)| (*low..=*high).contains(&character));
                found == *inside
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, path: &str, expected: bool) {
        assert_eq!(
            PathPattern::new(pattern).matches(path),
            expected,
            "`{pattern}` and `{path}`"
        );
    }

    #[test]
    fn wildcards_stay_inside_their_segment() {
        check("*", "index.html", true);
        check("*", "be/index.html", false);
        check("be/*", "be/index.html", true);
        check("be/*", "be/2026/index.html", false);
        check("be/*", "be", false);
        check("be/*/*", "be/2026/index.html", true);
        check("be?index.html", "be/index.html", false);
        check("be[/]x", "be/x", false);
        check("*", "", true);
        check("", "", true);
        check("be/*", "be/", true);
    }

    #[test]
    fn wildcards_are_those_of_the_shell() {
        check("*.tgz", "foo.tgz", true);
        check("*.tgz", ".tgz", true);
        check("foo-?.tgz", "foo-2.tgz", true);
        check("foo-?.tgz", "foo-alpha.tgz", false);
        check("foo-?", "foo-", false);
        check("a*b*c", "axbxbxc", true);
        check("a*b*c", "axbxbx", false);
        check("*a*", "bbb", false);
        check("[a-c]x", "bx", true);
        check("[a-c]x", "dx", false);
        check("[!a-c]x", "dx", true);
        check("[!a-c]x", "ax", false);
        check("[]x]", "]", true);
        check("[!]x]", "y", true);
        check("[x", "[x", true);
        check("[c-a]", "b", false);
        check("[a-]", "-", true);
        check("README", "readme", false);
        check("я?", "яю", true);
    }

    #[test]
    fn many_stars_take_no_time() {
        let greedy = PathPattern::new("*a".repeat(200) + "b");
        assert!(!greedy.matches(&"a".repeat(20_000)));
    }
}
