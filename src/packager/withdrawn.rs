//! Articles that a newsroom takes back, as a person names them: by the address of the original, by the address of the
//! copy on any mirror, or by the place in the site. The newsroom's own system names them as it pushed them.

use std::fmt;

use url::Url;

use super::links;
use crate::base::SitePath;

/// One article that is to be left out of every edition from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    text: String,
    /// `None` if only a place in the site was named, or what the newsroom's own system calls the article.
    address: Option<Url>,
}

impl Withdrawn {
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim().to_owned();
        let address = match text.contains("://") {
            true => {
                Some(Url::parse(&text).map_err(|why| format!("`{text}` is no address: {why}"))?)
            }
            false => None,
        };
        if address.is_none() {
            SitePath::parse(text.trim_matches('/')).map_err(|error| error.to_string())?;
        }
        Ok(Self { text, address })
    }

    /// As the newsroom's own system called the article when it pushed it.
    pub fn pushed(id: &str) -> Self {
        Self {
            text: id.to_owned(),
            address: Url::parse(id).ok().filter(|_| id.contains("://")),
        }
    }

    /// What its source calls the article, if a source named it.
    pub(super) fn id(&self) -> &str {
        &self.text
    }

    /// Whether the article at `path` is meant, whose original lies at any of these addresses.
    pub(super) fn means(&self, path: &SitePath, mut originals: impl Iterator<Item = Url>) -> bool {
        let Some(address) = &self.address else {
            return folder(&self.text).trim_start_matches('/') == folder(path.as_str());
        };
        let original = originals.any(|url| links::key(&url) == links::key(address));
        // A slug ends in digits of its own, so no other page has such an address by chance.
        let copied = percent_encoding::percent_decode_str(address.path()).decode_utf8_lossy();
        original || folder(&copied).ends_with(&format!("/{}", folder(path.as_str())))
    }
}

fn folder(path: &str) -> &str {
    let path = path.strip_suffix("index.html").unwrap_or(path);
    path.trim_end_matches('/')
}

impl fmt::Display for Withdrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_article_is_meant_by_each_of_its_names_and_no_other() {
        let path = SitePath::parse("be/2026/11/river-a1b2c3/index.html").unwrap();
        let check = |text: &str, expected: bool| {
            let withdrawn = Withdrawn::parse(text).unwrap();
            let original = Url::parse("https://news.example/river");
            let found = withdrawn.means(&path, original.into_iter());
            assert_eq!(found, expected, "{text}");
        };
        check("https://news.example/river", true);
        check("http://www.news.example/river/?utm_source=x#top", true);
        check("be/2026/11/river-a1b2c3/index.html", true);
        check("/be/2026/11/river-a1b2c3/", true);
        check("https://mirror.example/copy/be/2026/11/river-a1b2c3/", true);
        check(
            "https://mirror.example/be/2026/11/river-a1b2c3/index.html#top",
            true,
        );
        check("https://news.example/", false);
        check("https://news.example/rivers", false);
        check("be/2026/11", false);
        check("2026/11/river-a1b2c3", false);
        check("https://mirror.example/be/2026/11/", false);
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for text in ["", "/", "https://", "a//b", "../x"] {
            assert!(Withdrawn::parse(text).is_err(), "{text}");
        }
    }
}
