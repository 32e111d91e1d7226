//! What becomes of the links in an article: to other articles of this edition they stay inside, others lead out.

use std::borrow::Cow;
use std::collections::HashMap;

use url::Url;

use super::mark::Mark;
use super::source;
use super::withheld::Withheld;
use crate::base::SitePath;
use crate::io::fetch::without_login;
use crate::io::reach::is_private;
use crate::site::{Link, Picture, Resolve};

/// The articles of an edition by the addresses under which they are linked.
#[derive(Debug, Default)]
pub struct Inside {
    /// Each by the mark of its [`key`].
    pages: HashMap<Mark, SitePath>,
}

impl Inside {
    /// The first article under an address keeps it. `by`: the source that alone says that it lies there, if nobody has
    /// seen it; then no other source's links lead to it.
    pub fn add(&mut self, url: &Url, by: Option<&str>, path: &SitePath) {
        let page = self.pages.entry(mark(url, by));
        page.or_insert_with(|| path.clone());
    }

    /// To which article a link leads in one that this source told.
    pub fn page(&self, url: &Url, told_by: Option<&str>) -> Option<&SitePath> {
        let for_all = self.pages.get(&mark(url, None));
        for_all.or_else(|| self.pages.get(&mark(url, Some(told_by?))))
    }
}

fn mark(url: &Url, by: Option<&str>) -> Mark {
    let key = key(url);
    match by {
        Some(by) => Mark::of(&[key.as_bytes(), by.as_bytes()]),
        None => Mark::of(&[key.as_bytes()]),
    }
}

/// Whether an address is one of this host, or of one below it.
pub fn is_of_host(url: &Url, host: &str) -> bool {
    let bare = |host: &str| host.strip_prefix("www.").unwrap_or(host).to_owned();
    let (own, host) = (bare(url.host_str().unwrap_or_default()), bare(host));
    let above = own.strip_suffix(&host);
    !host.is_empty() && above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

/// Spellings of one address: with and without `www.`, TLS, a slash or `index.html` at the end, `amp`, a fragment, and
/// what campaigns append. Where it is not sure what was appended, two articles are better than one that hides another.
pub fn key(url: &Url) -> String {
    let host = url
        .host_str()
        .unwrap_or_default()
        .trim_start_matches("www.");
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/index.html").unwrap_or(path);
    let path = path.strip_suffix("/amp").unwrap_or(path);
    let is_rest = |(name, _): &(Cow<'_, str>, Cow<'_, str>)| !is_campaign(name);
    let names_page = is_page(path)
        || url
            .query_pairs()
            .any(|pair| is_rest(&pair) && !is_doubtful(&pair.0));
    let asked: Vec<String> = url
        .query_pairs()
        .filter(is_rest)
        .filter(|(name, value)| !(is_doubtful(name) && names_page && says_no_page(name, value)))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    format!("{host}{port}{path}?{}", asked.join("&"))
}

fn is_campaign(name: &str) -> bool {
    name.starts_with("utm_") || matches!(name, "fbclid" | "gclid" | "yclid")
}

/// Campaigns append them, and some systems number their articles by them: `/news.php?ref=1`.
fn is_doubtful(name: &str) -> bool {
    matches!(name, "ref" | "amp")
}

/// Whether it is no number of an article. `amp=1` is the light copy of a page.
fn says_no_page(name: &str, value: &str) -> bool {
    (name == "amp" && value == "1")
        || value.is_empty()
        || !value.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a path names a page by itself, and not a program that is told which one.
fn is_page(path: &str) -> bool {
    const PROGRAMS: [&str; 7] = ["php", "asp", "aspx", "jsp", "cfm", "cgi", "pl"];
    let (_, file) = path.rsplit_once('/').unwrap_or_default();
    let extension = file.rsplit_once('.').map(|(_, extension)| extension);
    !file.is_empty() && extension.is_none_or(|extension| !PROGRAMS.contains(&extension))
}

/// Answers for one article.
pub struct Known<'a> {
    pub base: &'a Url,
    pub inside: &'a Inside,
    /// The source that told it, if it forgets.
    pub told_by: Option<&'a str>,
    /// What of that source's address is shown nowhere.
    pub withheld: &'a Withheld,
    /// By the address as it stands in the HTML.
    pub pictures: &'a HashMap<String, Picture>,
}

impl Resolve for Known<'_> {
    fn link(&self, href: &str) -> Link {
        let Ok(url) = self.base.join(href.trim()) else {
            return Link::Drop;
        };
        let shown = self.withheld.shown(&url);
        let page = |url: &Url| self.inside.page(url, self.told_by);
        if let Some(path) = page(&url).or_else(|| page(shown.as_ref()?)) {
            return Link::Inside(path.clone());
        }
        let Some(url) = shown else {
            return Link::Drop;
        };
        match url.scheme() {
            // The folder's own pages that are no articles lie nowhere that a reader can reach.
            "http" | "https" if source::is_on_shelf(&url) => Link::Drop,
            // What lies in the newsroom's network is nobody's business, and in a reader's it is the reader's.
            "http" | "https" if is_private(&url) => Link::Drop,
            "http" | "https" if url.has_host() => Link::Outside(without_login(&url).into()),
            "mailto" => Link::Outside(url.into()),
            _ => Link::Drop,
        }
    }

    fn picture(&self, src: &str) -> Option<Picture> {
        self.pictures.get(src).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(href: &str, expected: &Link) {
        let base = Url::parse("https://www.n.example/a/1.html").unwrap();
        let path = SitePath::parse("be/2026/11/river-aaaaaa/index.html").unwrap();
        let mut inside = Inside::default();
        inside.add(&Url::parse("https://n.example/a/2/").unwrap(), None, &path);
        let known = Known {
            base: &base,
            inside: &inside,
            told_by: None,
            withheld: &Withheld::of(
                &Url::parse("https://n.example/feed?token=SECRETTOKEN1").unwrap(),
            ),
            pictures: &HashMap::new(),
        };
        assert_eq!(&known.link(href), expected, "{href}");
    }

    #[test]
    fn own_articles_are_inside() {
        let path = SitePath::parse("be/2026/11/river-aaaaaa/index.html").unwrap();
        for href in [
            "2/",
            "/a/2",
            "https://n.example/a/2?utm_source=x#top",
            "https://n.example/a/2?token=SECRETTOKEN1",
            "http://www.n.example/a/2/index.html",
            "//n.example/a/2/amp/",
        ] {
            check(href, &Link::Inside(path.clone()));
        }
    }

    #[test]
    fn what_campaigns_append_is_no_other_article_and_a_number_may_be_one() {
        let key = |address: &str| key(&Url::parse(address).unwrap());
        let check = |one: &str, other: &str, expected: bool| {
            let [one, other] = [one, other].map(|rest| key(&format!("https://n.example/{rest}")));
            assert_eq!(one == other, expected, "{one} {other}");
        };
        check("a?ref=home", "a", true);
        check("a?amp", "a?amp=1", true);
        check("a?amp=true&utm_source=7", "a", true);
        check("a.php?id=5&ref=home", "a.php?id=5", true);
        check("a.php?id=5&fbclid=1", "a.php?id=5", true);
        check("news.php?ref=1", "news.php?ref=2", false);
        check("news?ref=1", "news?ref=2", false);
        check("news.php?amp=2", "news.php?amp=3", false);
        check("news.php?ref=court", "news.php?ref=ferry", false);
        check("?ref=court", "?ref=ferry", false);
        check("news.php?ref=1&utm_source=7", "news.php?ref=1", true);
    }

    #[test]
    fn a_host_has_its_own_addresses_and_those_below_it() {
        let check = |host: &str, expected: bool| {
            let url = Url::parse("https://www.news.n.example/a").unwrap();
            assert_eq!(is_of_host(&url, host), expected, "{host}");
        };
        for host in ["news.n.example", "www.news.n.example", "n.example"] {
            check(host, true);
        }
        for host in ["blog.news.n.example", "ews.n.example", "b.example", ""] {
            check(host, false);
        }
    }

    #[test]
    fn others_are_outside_or_dropped() {
        check("/a/3", &Link::Outside("https://www.n.example/a/3".into()));
        check(
            "https://n.example/a/2?page=2",
            &Link::Outside("https://n.example/a/2?page=2".into()),
        );
        check(
            "https://n.example/a.mp3?token=SECRETTOKEN1&n=1",
            &Link::Outside("https://n.example/a.mp3?n=1".into()),
        );
        check(
            "mailto:a@n.example",
            &Link::Outside("mailto:a@n.example".into()),
        );
        for href in [
            "javascript:alert(1)",
            "data:text/html,x",
            "http://",
            "ftp://n.example/",
            "tel:1",
            "http://folder.invalid/x",
            "http://192.168.1.1/reboot?now=1",
            "http://cms.lan:8080/a",
            "https://intranet/",
            "https://n.example/SECRETTOKEN1/a",
        ] {
            check(href, &Link::Drop);
        }
    }
}
