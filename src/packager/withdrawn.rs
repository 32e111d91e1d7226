//! Articles that a newsroom takes back, as a person names them: by the address of the original, by the address of the
//! copy on any mirror, or by the place in the site. The newsroom's own system names them as it pushed them.

use std::collections::HashMap;
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

    /// Its folder in the site, if that is what was named. Of an address, it would be the end of the path on a mirror.
    fn folder(&self) -> Option<String> {
        let Some(address) = &self.address else {
            return Some(folder(&self.text).trim_start_matches('/').to_owned());
        };
        let path = percent_encoding::percent_decode_str(address.path()).decode_utf8_lossy();
        let (start, _) = folder(&path).rmatch_indices('/').nth(FOLDERS - 1)?;
        Some(folder(&path).get(start + 1..)?.to_owned())
    }
}

/// Newsroom, year, month, and the article's own. That ends in digits of its own, so no other page has such an address by
/// chance.
const FOLDERS: usize = 4;

/// All articles that are to be left out, by each of their names: there may be hundreds, and each article is looked up once.
pub(super) struct Withdrawals<'a> {
    ids: HashMap<&'a str, Vec<usize>>,
    /// By [`links::key`].
    originals: HashMap<String, Vec<usize>>,
    folders: HashMap<String, Vec<usize>>,
}

impl<'a> Withdrawals<'a> {
    pub fn of(all: &'a [Withdrawn]) -> Self {
        let mut names = Self {
            ids: HashMap::new(),
            originals: HashMap::new(),
            folders: HashMap::new(),
        };
        for (number, one) in all.iter().enumerate() {
            names.ids.entry(one.id()).or_default().push(number);
            for key in one.address.iter().flat_map(links::keys) {
                names.originals.entry(key).or_default().push(number);
            }
            if let Some(folder) = one.folder() {
                names.folders.entry(folder).or_default().push(number);
            }
        }
        names
    }

    /// Those that mean the article at `path` that its source calls `id`, whose original lies at any of these addresses.
    pub fn of_article(
        &self,
        id: &str,
        path: &SitePath,
        originals: impl Iterator<Item = Url>,
    ) -> Vec<usize> {
        if self.ids.is_empty() {
            return Vec::new();
        }
        let by_id = self.ids.get(id).into_iter();
        let by_folder = self.folders.get(folder(path.as_str()));
        let by_address = originals.filter_map(|url| self.originals.get(&links::key(&url)));
        let found = by_id.chain(by_folder).chain(by_address);
        found.flatten().copied().collect()
    }

    /// Those that mean what is called so, be it an address or not.
    pub fn of_name(&self, name: &str) -> Vec<usize> {
        if self.ids.is_empty() {
            return Vec::new();
        }
        let by_id = self.ids.get(name).into_iter();
        let by_folder = self.folders.get(folder(name));
        let address = Url::parse(name).ok();
        let by_address = address.and_then(|url| self.originals.get(&links::key(&url)));
        let found = by_id.chain(by_folder).chain(by_address);
        found.flatten().copied().collect()
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
            let all = [Withdrawn::pushed("another"), withdrawn];
            let found = Withdrawals::of(&all).of_article("its id", &path, original.into_iter());
            assert_eq!(found == [1], expected, "{text}");
        };
        check("its id", true);
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
    fn an_article_is_meant_however_its_letters_are_written() {
        let path = SitePath::parse("fa/2026/11/a-a1b2c3/index.html").unwrap();
        let told = "http://n.example/%d8%ae%d8%a8%d8%b1-%d9%81%d9%88%d8%b1%db%8c/";
        for text in [
            "http://n.example/خبر-فوری/",
            "https://n.example/%D8%AE%D8%A8%D8%B1-%D9%81%D9%88%D8%B1%DB%8C",
            "https://n.example/amp/خبر-فوری?outputType=amp",
        ] {
            let all = [Withdrawn::parse(text).unwrap()];
            let found = Withdrawals::of(&all).of_article("", &path, Url::parse(told).into_iter());
            assert_eq!(found, [0], "{text}");
        }
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for text in ["", "/", "https://", "a//b", "../x"] {
            assert!(Withdrawn::parse(text).is_err(), "{text}");
        }
    }
}
