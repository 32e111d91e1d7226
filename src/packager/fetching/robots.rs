//! What a host asks of programs in `/robots.txt` (RFC 9309), as far as it is heeded here.
//!
//! 1. How long to wait between two pages (`Crawl-delay`), up to [`LONGEST_DELAY`]: what is said to `colport`, or else to
//!    all (`*`).
//! 2. Which pages not to take (`Disallow`, `Allow`): only what is said to `colport` by its name. A newsroom packs its own
//!    site, and what it says to all is meant for search engines; but who does not want to be packed by others can say so.
//!
//! What cannot be read asks for nothing. Of a long file the first [`READ_BYTES`] count.

use std::time::Duration;

use url::Url;

/// The name by which a host can speak to us.
const NAME: &str = "colport";

const LONGEST_DELAY: Duration = Duration::from_secs(4);

/// RFC 9309 section 2.5 wants no less.
const READ_BYTES: usize = 512_000;

#[derive(Debug, Default, PartialEq)]
pub(super) struct Robots {
    pub delay: Duration,
    rules: Vec<Rule>,
}

#[derive(Debug, PartialEq, Eq)]
struct Rule {
    allows: bool,
    /// As written: `*` stands for anything, `$` for the end.
    pattern: String,
}

/// Whom the lines of a group are for.
#[derive(Default)]
struct Group {
    us: bool,
    all: bool,
    /// A line other than `User-agent` has come: the next of those begins another group.
    has_begun: bool,
}

impl Robots {
    pub fn read(bytes: &[u8]) -> Self {
        let bytes = bytes.get(..READ_BYTES).unwrap_or(bytes);
        let text = String::from_utf8_lossy(bytes);
        let (mut robots, mut group) = (Self::default(), Group::default());
        let (mut ours, mut others) = (None, None);
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((field, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            match field.trim().to_ascii_lowercase().as_str() {
                "user-agent" => group.add(value),
                "crawl-delay" => {
                    group.has_begun = true;
                    ours = delay(value).filter(|_| group.us).or(ours);
                    others = delay(value).filter(|_| group.all).or(others);
                }
                field @ ("disallow" | "allow") => {
                    group.has_begun = true;
                    if group.us && !value.is_empty() {
                        robots.rules.push(Rule {
                            allows: field == "allow",
                            pattern: value.to_owned(),
                        });
                    }
                }
                _ => {}
            }
        }
        robots.delay = ours.or(others).unwrap_or_default();
        robots
    }

    /// The longest pattern that fits decides; of two, the one that allows (RFC 9309 section 2.2.2).
    pub fn allows(&self, url: &Url) -> bool {
        let query = url.query().map(|query| format!("?{query}"));
        let address = format!("{}{}", url.path(), query.unwrap_or_default());
        let fitting = self.rules.iter().filter(|rule| rule.fits(&address));
        let decisive = fitting.max_by_key(|rule| (rule.pattern.len(), rule.allows));
        decisive.is_none_or(|rule| rule.allows)
    }
}

impl Group {
    fn add(&mut self, agent: &str) {
        if self.has_begun {
            *self = Self::default();
        }
        self.all |= agent == "*";
        self.us |= agent.eq_ignore_ascii_case(NAME);
    }
}

fn delay(value: &str) -> Option<Duration> {
    let seconds: f64 = value.parse().ok()?;
    Some(
        Duration::try_from_secs_f64(seconds)
            .ok()?
            .min(LONGEST_DELAY),
    )
}

impl Rule {
    fn fits(&self, address: &str) -> bool {
        let (pattern, ends) = match self.pattern.strip_suffix('$') {
            Some(pattern) => (pattern, true),
            None => (self.pattern.as_str(), false),
        };
        let mut parts = pattern.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = address.strip_prefix(first) else {
            return false;
        };
        let parts: Vec<&str> = parts.collect();
        let Some((last, between)) = parts.split_last() else {
            return !ends || rest.is_empty();
        };
        for part in between {
            let Some((_, behind)) = rest.split_once(part) else {
                return false;
            };
            rest = behind;
        }
        match ends {
            true => rest.ends_with(last),
            false => rest.contains(last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_delay(text: &str, milliseconds: u64) {
        let delay = Robots::read(text.as_bytes()).delay;
        assert_eq!(delay, Duration::from_millis(milliseconds), "{text}");
    }

    #[test]
    fn a_host_says_how_long_to_wait() {
        check_delay("", 0);
        check_delay("Crawl-delay: 2", 0);
        check_delay("User-agent: *\r\nDisallow: /\r\nCrawl-Delay: 0.5 # s", 500);
        check_delay("User-agent: other\nCrawl-delay: 3\n", 0);
        check_delay(
            "User-agent: *\nCrawl-delay: 3\nuser-agent: Colport\ncrawl-delay: 1",
            1000,
        );
        check_delay("User-agent: colport\nUser-agent: *\n\nCrawl-delay: 1", 1000);
        check_delay("User-agent: *\nCrawl-delay: 86400", 4000);
        for none in ["-1", "NaN", "inf", "soon", "1e300"] {
            check_delay(&format!("User-agent: *\nCrawl-delay: {none}"), 0);
        }
    }

    #[track_caller]
    fn check(rules: &str, address: &str, allowed: bool) {
        let robots = Robots::read(format!("User-agent: colport\n{rules}").as_bytes());
        let url = Url::parse(&format!("https://n.example{address}")).unwrap();
        assert_eq!(robots.allows(&url), allowed, "{rules} {address}");
    }

    #[test]
    fn what_a_host_keeps_from_colport_is_not_taken() {
        check("Disallow: /", "/a", false);
        check("Disallow:", "/a", true);
        check("Disallow: /private", "/private/a", false);
        check("Disallow: /private", "/news", true);
        check("Disallow: /\nAllow: /news", "/news/1", true);
        check("Disallow: /a\nAllow: /a", "/a", true);
        check("Disallow: /*.pdf$", "/x/y.pdf", false);
        check("Disallow: /*.pdf$", "/x/y.pdf?z", true);
        check("Disallow: /*/print*?p=", "/x/print/1?p=2", false);
        check("Disallow: /a$", "/a/b", true);
        check("Disallow: *", "/a", false);
    }

    #[test]
    fn what_it_says_to_all_keeps_nothing_from_a_newsroom() {
        let robots = Robots::read(b"User-agent: *\nDisallow: /\nUser-agent: other\nDisallow: /a");
        assert!(robots.allows(&Url::parse("https://n.example/a").unwrap()));
    }

    proptest::proptest! {
        #[test]
        fn any_file_is_read(text in "((user-agent|disallow|allow|crawl-delay)?:? ?[*/$a#.]{0,5}\n?){0,40}", path in "[a/.*$]{0,20}") {
            let robots = Robots::read(format!("user-agent: colport\n{text}").as_bytes());
            let url = Url::parse(&format!("https://n.example/{path}")).unwrap();
            let _ = robots.allows(&url);
        }
    }
}
