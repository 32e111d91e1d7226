//! What becomes of the links in an article: to other articles of this edition they stay inside, others lead out.

use std::collections::HashMap;

use url::Url;

use super::mark::Mark;
use super::source;
use crate::base::SitePath;
use crate::io::fetch::without_login;
use crate::site::{Link, Picture, Resolve};

/// The articles of an edition by the addresses under which they are linked.
#[derive(Debug, Default)]
pub struct Inside {
    /// Each by the mark of its [`key`].
    pages: HashMap<Mark, SitePath>,
}

impl Inside {
    /// The first article under an address keeps it.
    pub fn add(&mut self, url: &Url, path: &SitePath) {
        let page = self.pages.entry(mark(url));
        page.or_insert_with(|| path.clone());
    }

    pub fn page(&self, url: &Url) -> Option<&SitePath> {
        self.pages.get(&mark(url))
    }
}

fn mark(url: &Url) -> Mark {
    Mark::of(&[key(url).as_bytes()])
}

/// Spellings of one address: with and without `www.`, TLS, a slash or `index.html` at the end, `amp`, a fragment, and
/// what campaigns append.
pub fn key(url: &Url) -> String {
    let host = url
        .host_str()
        .unwrap_or_default()
        .trim_start_matches("www.");
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/index.html").unwrap_or(path);
    let path = path.strip_suffix("/amp").unwrap_or(path);
    let asked: Vec<String> = url
        .query_pairs()
        .filter(|(name, _)| !is_campaign(name))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    format!("{host}{port}{path}?{}", asked.join("&"))
}

fn is_campaign(name: &str) -> bool {
    name.starts_with("utm_") || matches!(name, "fbclid" | "gclid" | "yclid" | "ref" | "amp")
}

/// Answers for one article.
pub struct Known<'a> {
    pub base: &'a Url,
    pub inside: &'a Inside,
    /// By the address as it stands in the HTML.
    pub pictures: &'a HashMap<String, Picture>,
}

impl Resolve for Known<'_> {
    fn link(&self, href: &str) -> Link {
        let Ok(url) = self.base.join(href.trim()) else {
            return Link::Drop;
        };
        if let Some(path) = self.inside.page(&url) {
            return Link::Inside(path.clone());
        }
        match url.scheme() {
            // The folder's own pages that are no articles lie nowhere that a reader can reach.
            "http" | "https" if source::is_on_shelf(&url) => Link::Drop,
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
        inside.add(&Url::parse("https://n.example/a/2/").unwrap(), &path);
        let known = Known {
            base: &base,
            inside: &inside,
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
            "http://www.n.example/a/2/index.html",
            "//n.example/a/2/amp/",
        ] {
            check(href, &Link::Inside(path.clone()));
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
        ] {
            check(href, &Link::Drop);
        }
    }
}
