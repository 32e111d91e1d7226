//! Which source may change an article that is kept.
//!
//! What feeds have forgotten stays in the site, so a source that names the article of another could put its own words in
//! that place years later. The archive notes who told an article last:
//!
//! 1. That one may change it, and so may a source on the host where the article lies: it has the original.
//! 2. A list of addresses tells nothing itself: all of the article comes from where it lies.
//! 3. Any other source is refused, as long as the one that told it is among the sources. When it is not, since an operator
//!    moved or renamed it, or the archive is of before this was noted, another may step in; but not where the article's
//!    own host is among the sources.

use std::collections::BTreeSet;
use std::sync::Arc;

use url::Url;

use super::archive::Slip;
use super::source::Source;

/// A source that forgets, as the archive names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Teller {
    pub name: Arc<str>,
    host: Option<Box<str>>,
    /// Whether it names addresses and nothing else.
    is_list: bool,
}

impl Teller {
    /// `None` for one that holds all of its articles, and is asked for them each time.
    pub fn of(source: &Source) -> Option<Arc<Self>> {
        source.forgets().then(|| {
            Arc::new(Self {
                name: source.to_string().into(),
                host: source.address().and_then(Url::host_str).map(Box::from),
                is_list: source.is_list(),
            })
        })
    }
}

/// Those of one newsroom.
pub struct Tellers(Vec<Arc<Teller>>);

impl Tellers {
    pub fn of(sources: &[Source]) -> Self {
        Self(sources.iter().filter_map(Teller::of).collect())
    }

    /// Whether it may change what is kept by what it tells under another address. Of a list all comes `from` there.
    pub fn may_move(&self, one: &Teller, from: &Url, kept: &Slip) -> bool {
        match one.is_list {
            true => from
                .host_str()
                .is_some_and(|host| hosts(kept).contains(host)),
            false => self.may_tell(one, kept),
        }
    }

    /// Whether the one may change what is kept.
    pub fn may_tell(&self, one: &Teller, kept: &Slip) -> bool {
        let hosts = hosts(kept);
        let is_at_home = |teller: &Teller| {
            let host = teller.host.as_ref();
            host.is_some_and(|host| hosts.contains(host))
        };
        let told_by = kept.told_by.as_ref();
        if one.is_list || told_by == Some(&one.name) || is_at_home(one) {
            return true;
        }
        let mut others = self.0.iter();
        others.all(|other| told_by != Some(&other.name) && !is_at_home(other))
    }
}

/// Where its original lies.
fn hosts(kept: &Slip) -> BTreeSet<Box<str>> {
    let addresses = kept.addresses();
    addresses
        .filter_map(|url| url.host_str().map(Box::from))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::archive::Line;
    use super::super::waiting::Drawer;
    use super::*;

    fn feed(host: &str) -> Source {
        Source::Feed(Url::parse(&format!("https://{host}/feed")).unwrap())
    }

    /// Of `https://n.example/1`.
    fn kept(told_by: Option<&Source>) -> Slip {
        let line = serde_json::json!({
            "path": "be/2026/11/1/index.html",
            "id": "https://n.example/1",
            "source": null,
            "told_by": told_by.map(ToString::to_string),
            "story": {
                "title": "One", "byline": null, "published": "2026-11-20T10:00:00Z", "updated": null, "language": "be",
                "summary": "", "lead": null, "pictures": [], "body": "",
            },
        });
        let line: Line = serde_json::from_value(line).unwrap();
        Slip::of(&line, true, &Drawer::on(&std::env::temp_dir()))
    }

    #[track_caller]
    fn check(sources: &[&Source], told_by: Option<&Source>, one: &Source, expected: bool) {
        let sources: Vec<Source> = sources.iter().map(|source| (*source).clone()).collect();
        let teller = Teller::of(one).unwrap();
        let may = Tellers::of(&sources).may_tell(&teller, &kept(told_by));
        assert_eq!(may, expected);
    }

    #[test]
    fn only_who_told_an_article_or_has_the_original_changes_it() {
        let (own, other, third) = (feed("n.example"), feed("b.example"), feed("c.example"));
        let list = Source::List("list.txt".into());
        check(&[&own, &other], Some(&own), &own, true);
        check(&[&own, &other], Some(&own), &other, false);
        check(&[&own, &other], Some(&other), &own, true);
        check(&[&third, &other], Some(&third), &other, false);
        check(&[&third, &list], Some(&third), &list, true);
    }

    #[test]
    fn a_source_that_was_moved_or_never_noted_locks_nothing() {
        let (own, other, third) = (feed("n.example"), feed("b.example"), feed("c.example"));
        check(&[&other], Some(&third), &other, true);
        check(&[&other], None, &other, true);
        check(&[&own, &other], None, &own, true);
        check(&[&own, &other], None, &other, false);
        check(&[&own, &other], Some(&third), &other, false);
    }
}
