//! Which role speaks for which path.
//!
//! 1. `site`: what lies at the top, and `assets/…`.
//! 2. A newsroom: what lies in the folder of its name, down to five levels.
//! 3. A month of a newsroom, such as `be-2026-11`: `be/2026/11/…`, down to two levels; articles and their pictures.

use super::super::metadata::{Delegation, Paths, RoleKeys};
use super::super::pattern::PathPattern;
use crate::base::SitePath;

pub(super) const SITE: &str = "site";

pub(super) fn site_delegation(signers: RoleKeys) -> Delegation {
    delegation(SITE, signers, &["*", "assets/*"])
}

pub(super) fn newsroom_delegation(id: &str, signers: RoleKeys) -> Delegation {
    let patterns = ["*", "*/*", "*/*/*", "*/*/*/*"].map(|below| format!("{id}/{below}"));
    delegation(id, signers, &patterns)
}

pub(super) fn month_delegation(month: &Month<'_>, signers: RoleKeys) -> Delegation {
    let folder = format!("{}/{}/{}", month.newsroom, month.year, month.month);
    let patterns = ["*", "*/*"].map(|below| format!("{folder}/{below}"));
    delegation(&month.role(), signers, &patterns)
}

/// Terminating: who may speak for a path is one role and its delegates, whatever other roles say.
fn delegation(name: &str, signers: RoleKeys, patterns: &[impl AsRef<str>]) -> Delegation {
    let patterns = patterns.iter().map(|text| PathPattern::new(text.as_ref()));
    Delegation {
        name: name.to_owned(),
        signers,
        paths: Paths::Patterns(patterns.collect()),
        terminating: true,
    }
}

/// A month of one newsroom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Month<'a> {
    newsroom: &'a str,
    year: &'a str,
    month: &'a str,
}

impl<'a> Month<'a> {
    /// The month in whose folder a path lies, if it is not too deep in it.
    pub fn of(path: &'a SitePath) -> Option<Self> {
        let mut segments = path.as_str().split('/');
        let month = Self {
            newsroom: segments.next()?,
            year: segments.next().filter(|year| is_number(year, 4))?,
            month: segments.next().filter(|month| is_number(month, 2))?,
        };
        matches!(segments.count(), 1 | 2).then_some(month)
    }

    /// The month that a role of `newsroom` is for.
    pub fn of_role(newsroom: &'a str, role: &'a str) -> Option<Self> {
        let (year, month) = role
            .strip_prefix(newsroom)?
            .strip_prefix('-')?
            .split_once('-')?;
        let shaped = is_number(year, 4) && is_number(month, 2);
        shaped.then_some(Self {
            newsroom,
            year,
            month,
        })
    }

    pub fn role(&self) -> String {
        format!("{}-{}-{}", self.newsroom, self.year, self.month)
    }
}

fn is_number(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_belong_to_their_month() {
        let check = |path: &str, expected: Option<&str>| {
            let path = SitePath::parse(path).expect("the test's own path is good");
            let role = Month::of(&path).map(|month| month.role());
            assert_eq!(role.as_deref(), expected, "{path}");
        };
        check("be/2026/11/river/index.html", Some("be-2026-11"));
        check("be/2026/11/index.html", Some("be-2026-11"));
        check("be/2026/11", None);
        check("be/2026/11/river/small/1.webp", None);
        check("be/2026/index.html", None);
        check("be/index.html", None);
        check("be/about/11/x", None);
        check("index.html", None);
    }

    #[test]
    fn a_role_of_a_month_leads_back_to_it() {
        let month = Month::of_role("be", "be-2026-11").expect("a month");
        assert_eq!(month.role(), "be-2026-11");
        assert_eq!(Month::of_role("be", "bee-2026-11"), None);
        assert_eq!(Month::of_role("be", "be-2026-1"), None);
    }
}
