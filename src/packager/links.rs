//! What becomes of the links in an article: to other articles of this edition they stay inside, others lead out.

use std::borrow::Cow;
use std::collections::HashMap;

use url::Url;

use super::detours::{followed, is_campaign, without_marks};
use super::mark::Mark;
use super::withheld::Withheld;
use super::{extract, source};
use crate::base::SitePath;
use crate::io::fetch::without_login;
use crate::io::reach::is_private;
use crate::site::{Link, Picture, Resolve};

pub use super::extract::is_of_host;

/// The articles of an edition by the addresses under which they are linked.
#[derive(Debug, Default)]
pub struct Inside {
    /// Each by the mark of its [`key`], in ascending order: a table of so many would be half empty.
    pages: Vec<(Mark, SitePath)>,
}

/// An address of an article, the source that alone says that it lies there if nobody has seen it (then no other source's
/// links lead to it), and where it lies in the site.
pub type Named<'a> = (Url, Option<&'a str>, &'a SitePath);

impl Inside {
    /// The first article under an address keeps it. `most`: how many addresses there can be.
    pub fn of<'a>(most: usize, named: impl IntoIterator<Item = Named<'a>>) -> Self {
        let mut pages = Vec::with_capacity(most);
        let named = named.into_iter();
        pages.extend(named.map(|(url, by, path)| (mark(&key(&url), by), path.clone())));
        pages.sort_by_key(|(mark, _)| *mark);
        pages.dedup_by_key(|(mark, _)| *mark);
        Self { pages }
    }

    /// To which article a link leads in one that this source told.
    pub fn page(&self, url: &Url, told_by: Option<&str>) -> Option<&SitePath> {
        let under = |key: String| {
            let for_all = self.at(mark(&key, None));
            for_all.or_else(|| self.at(mark(&key, Some(told_by?))))
        };
        keys(url).find_map(under)
    }

    fn at(&self, mark: Mark) -> Option<&SitePath> {
        let place = self.pages.binary_search_by_key(&mark, |(mark, _)| *mark);
        Some(&self.pages.get(place.ok()?)?.1)
    }
}

fn mark(key: &str, by: Option<&str>) -> Mark {
    match by {
        Some(by) => Mark::of(&[key.as_bytes(), by.as_bytes()]),
        None => Mark::of(&[key.as_bytes()]),
    }
}

/// Spellings of one address: letters as they are or escaped in any way, with and without `www.`, TLS, a slash or `index.html`
/// at the end, `amp`, a fragment, and what campaigns append. Where it is not sure what was appended, two articles are better
/// than one that hides another.
pub fn key(url: &Url) -> String {
    let host = url
        .host_str()
        .unwrap_or_default()
        .trim_start_matches("www.");
    let path = path_of(url);
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix("/index.html").unwrap_or(path);
    let path = path.strip_suffix("/amp").unwrap_or(path);
    let is_rest = |(name, value): &(Cow<'_, str>, Cow<'_, str>)| {
        !(is_campaign(name) || name == "outputType" && value == "amp")
    };
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

/// The [`key`] of an address, and that of the page of which it may be the light copy: two articles never become one by it, but
/// who names or links the copy means the article.
pub fn keys(url: &Url) -> impl Iterator<Item = String> {
    let whole = whole_of(url).as_ref().map(key);
    std::iter::once(key(url)).chain(whole)
}

/// Of `amp.n.example/a`, `/news/amp/a`, `a.amp` or `a.amp.html`.
fn whole_of(copy: &Url) -> Option<Url> {
    let path = copy.path();
    let whole = path.strip_suffix(".amp").map(str::to_owned);
    let whole = whole.or_else(|| Some(path.strip_suffix(".amp.html")?.to_owned() + ".html"));
    let whole = whole.or_else(|| {
        path.contains("/amp/")
            .then(|| path.replacen("/amp/", "/", 1))
    });
    let host = copy.host_str()?;
    let host = host.trim_start_matches("www.").strip_prefix("amp.");
    if host.is_none() && whole.is_none() {
        return None;
    }
    let mut url = copy.clone();
    url.set_path(whole.as_deref().unwrap_or(path));
    host.map_or(Ok(()), |host| url.set_host(Some(host))).ok()?;
    Some(url)
}

/// The path with what is escaped in it written in one way (RFC 3986, 6.2.2.1 and 6.2.2.2): WordPress escapes letters in small
/// digits, browsers in large ones, and what a person copies may have the letters themselves.
fn path_of(url: &Url) -> Cow<'_, str> {
    let path = url.path();
    if !path.contains('%') {
        return path.into();
    }
    let mut parts = path.split('%');
    let mut one = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match escaped(part) {
            Some((byte, rest)) if is_unreserved(byte) => {
                one.push(byte.into());
                one.push_str(rest);
            }
            Some((_, rest)) => {
                one.push('%');
                one.extend(part.chars().take(2).map(|digit| digit.to_ascii_uppercase()));
                one.push_str(rest);
            }
            None => one.extend(["%", part]),
        }
    }
    one.into()
}

/// What the two digits behind a `%` stand for, and what follows.
fn escaped(part: &str) -> Option<(u8, &str)> {
    let (digits, rest) = part.split_at_checked(2)?;
    let are_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let byte = are_digits.then(|| u8::from_str_radix(digits, 16).ok())??;
    Some((byte, rest))
}

/// RFC 3986, 2.3: escaped or not, they mean the same.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
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
        let url = followed(&url);
        let shown = self.withheld.shown(&url);
        let shown = shown.map(|url| without_marks(&without_login(&url)));
        let page = |url: &Url| self.inside.page(url, self.told_by);
        let by_name = || match &shown {
            Some(shown) => page(shown),
            // Kept articles are named without what is withheld, wherever it stood.
            None => page(&self.withheld.name(&url)?),
        };
        if let Some(path) = page(&url).or_else(by_name) {
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
            "http" | "https" if url.has_host() => Link::Outside(url.into()),
            "mailto" => Link::Outside(url.into()),
            _ => Link::Drop,
        }
    }

    fn picture(&self, src: &str) -> Option<Picture> {
        self.pictures.get(src).cloned()
    }

    fn is_telling(&self, caption: &str) -> bool {
        !caption.is_empty() && !extract::is_credit(caption)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(href: &str, expected: &Link) {
        let base = Url::parse("https://www.n.example/a/1.html").unwrap();
        let path = SitePath::parse("be/2026/11/river-aaaaaa/index.html").unwrap();
        let [address, kept] = ["a/2/", "private//old"]
            .map(|rest| Url::parse(&format!("https://n.example/{rest}")).unwrap());
        let inside = Inside::of(2, [(address, None, &path), (kept, None, &path)]);
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
            "https://n.example/private/SECRETTOKEN1/old",
            "http://www.n.example/a/2/index.html",
            "//n.example/a/2/amp/",
            "/amp/a/2",
            "/a/2.amp",
            "/a/amp/2/?outputType=amp",
            "https://amp.n.example/a/2",
            "2?igshid=a&_openstat=b",
            "https://l.facebook.com/l.php?u=https%3A%2F%2Fn.example%2Fa%2F2%3Ffbclid%3D1&h=AT0",
            "https://www.google.com/url?q=https://n.example/a/2?token%3DSECRETTOKEN1&sa=D",
        ] {
            check(href, &Link::Inside(path.clone()));
        }
    }

    #[test]
    fn an_own_article_is_inside_however_it_was_shared() {
        let base = Url::parse("https://river.substack.com/p/a").unwrap();
        let path = SitePath::parse("be/2026/11/fire-aaaaaa/index.html").unwrap();
        let known = Known {
            base: &base,
            inside: &Inside::of(1, [(base.clone(), None, &path)]),
            told_by: None,
            withheld: &Withheld::default(),
            pictures: &HashMap::new(),
        };
        for href in [
            "a?r=1abcd",
            "https://river.substack.com/p/a?utm_campaign=post&r=1",
        ] {
            assert_eq!(known.link(href), Link::Inside(path.clone()), "{href}");
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
    fn a_light_copy_is_meant_by_its_article_and_is_none_itself() {
        let url = |address: &str| Url::parse(address).unwrap();
        assert_ne!(
            key(&url("https://n.example/amp/a")),
            key(&url("https://n.example/a"))
        );
        let check = |copy: &str, article: &str| {
            let article = key(&url(article));
            assert!(keys(&url(copy)).any(|key| key == article), "{copy}");
        };
        check("https://amp.n.example/amp/a", "https://n.example/a");
        check("https://n.example/a.amp.html", "https://n.example/a.html");
        check("https://n.example/amp/a", "https://n.example/amp/a");
        assert_eq!(keys(&url("https://n.example/camp/a")).count(), 1);
        assert_eq!(keys(&url("mailto:a@n.example")).count(), 1);
    }

    #[test]
    fn an_address_may_be_copied_readable_or_escaped_in_any_way() {
        let key = |address: &str| key(&Url::parse(address).unwrap());
        let readable = key("https://n.example/خبر-فوری/");
        for other in [
            "https://n.example/%d8%ae%d8%a8%d8%b1-%d9%81%d9%88%d8%b1%db%8c/",
            "https://n.example/%D8%AE%d8%A8%D8%b1%2D%D9%81%D9%88%D8%B1%DB%8C",
        ] {
            assert_eq!(key(other), readable);
        }
        assert_eq!(key("http://n.example/%61%7Eb"), key("http://n.example/a~b"));
        assert_eq!(
            key("https://новости.example/a"),
            key("http://xn--b1amnebsh.example/a")
        );
        // A slash that was escaped divides nothing, and not all is an escape that looks like one.
        assert_ne!(key("http://n.example/a%2fb"), key("http://n.example/a/b"));
        assert_eq!(key("http://n.example/a%2fb"), key("http://n.example/a%2Fb"));
        for odd in ["100%", "100%4", "%+1", "%zz", "%%41"] {
            let url = format!("http://n.example/{odd}");
            assert!(key(&url).contains('%'), "{odd}");
        }
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
            "https://vk.com/away.php?to=https%3A%2F%2Fme%3AP%40b.example%2F%3Ffbclid%3D1",
            &Link::Outside("https://b.example/".into()),
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
            "http://cms.corp/a",
            "https://n.example/SECRETTOKEN1/a",
            "https://l.facebook.com/l.php?u=http%3A%2F%2Fcms.lan%2Fa",
            "https://www.google.com/url?q=https://n.example/SECRETTOKEN1/a",
        ] {
            check(href, &Link::Drop);
        }
    }
}
