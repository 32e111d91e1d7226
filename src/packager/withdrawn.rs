//! Articles that a newsroom takes back, as a person names them: by the address of the original, by the address of the
//! copy on any mirror, or by the place in the site. The newsroom's own system names them as it pushed them.
//!
//! How an address ends, its host chooses, and places in the site are public. So one that ends like a place there is taken
//! for a copy of what lies in it only if
//!
//! 1. no article of the newsroom lies at that address itself, and
//! 2. neither a source nor any article lies on its host, or that very article does too.

use std::collections::HashMap;
use std::fmt;

use url::Url;

use super::links;
use super::slug;
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

    /// Its folder in the site, if that is what was named.
    fn folder(&self) -> Option<String> {
        let is_place = self.address.is_none();
        is_place.then(|| folder(&self.text).trim_start_matches('/').to_owned())
    }

    /// The folder in the site of which its address would be the copy on a mirror.
    fn copied_folder(&self) -> Option<(String, &Url)> {
        let address = self.address.as_ref()?;
        let path = percent_encoding::percent_decode_str(address.path()).decode_utf8_lossy();
        let (start, _) = folder(&path).rmatch_indices('/').nth(FOLDERS - 1)?;
        let copied = folder(&path).get(start + 1..)?;
        let is_article = copied.rsplit('/').next().is_some_and(slug::is_slug);
        is_article.then(|| (copied.to_owned(), address))
    }
}

/// Newsroom, year, month, and the article's own.
const FOLDERS: usize = 4;

/// All articles that are to be left out, by each of their names: there may be hundreds, and each article is looked up once.
pub(super) struct Withdrawals<'a> {
    ids: HashMap<&'a str, Vec<usize>>,
    /// By [`links::key`].
    originals: HashMap<String, Vec<usize>>,
    folders: HashMap<String, Vec<usize>>,
    /// By the folder in the site like which they end.
    copies: HashMap<String, Vec<MayBeCopy<'a>>>,
}

/// An address that ends like a place in the site.
struct MayBeCopy<'a> {
    number: usize,
    address: &'a Url,
    /// Whether an article lies there.
    is_article: bool,
    /// Whether an article or a source lies on its host.
    is_of_known_host: bool,
}

impl MayBeCopy<'_> {
    fn meet_host(&mut self, host: &str) {
        self.is_of_known_host |= self.is_of(host);
    }

    /// Whether `www` and `amp` are all in which they differ.
    fn is_of(&self, host: &str) -> bool {
        let own = self.address.host_str().unwrap_or_default();
        let [own, host] = [own, host].map(|host| host.trim_start_matches("www."));
        own.trim_start_matches("amp.") == host.trim_start_matches("amp.")
    }

    /// Whether it lies on the host of this address and is no article's.
    fn is_beside(&self, url: &Url) -> bool {
        !self.is_article && url.host_str().is_some_and(|host| self.is_of(host))
    }

    fn is_on_mirror(&self) -> bool {
        !self.is_article && !self.is_of_known_host
    }
}

impl<'a> Withdrawals<'a> {
    pub fn of(all: &'a [Withdrawn]) -> Self {
        let mut names = Self {
            ids: HashMap::new(),
            originals: HashMap::new(),
            folders: HashMap::new(),
            copies: HashMap::new(),
        };
        for (number, one) in all.iter().enumerate() {
            names.ids.entry(one.id()).or_default().push(number);
            for key in one.address.iter().flat_map(links::keys) {
                names.originals.entry(key).or_default().push(number);
            }
            if let Some(folder) = one.folder() {
                names.folders.entry(folder).or_default().push(number);
            }
            if let Some((folder, address)) = one.copied_folder() {
                names.copies.entry(folder).or_default().push(MayBeCopy {
                    number,
                    address,
                    is_article: false,
                    is_of_known_host: false,
                });
            }
        }
        names
    }

    /// Whether some of them may be copies on mirrors, or else must be told from those.
    pub fn are_in_doubt(&self) -> bool {
        !self.copies.is_empty()
    }

    /// A source speaks from there.
    pub fn meet_host(&mut self, host: &str) {
        let copies = self.copies.values_mut().flatten();
        copies.for_each(|one| one.meet_host(host));
    }

    /// An article lies there.
    pub fn meet(&mut self, url: &Url) {
        let Some(host) = url.host_str() else {
            return;
        };
        let copies = self.copies.values_mut().flatten();
        for one in copies.filter(|one| one.is_of(host)) {
            let key = links::key(url);
            one.is_of_known_host = true;
            one.is_article |= links::keys(one.address).any(|other| other == key);
        }
    }

    /// Those that end like this place, whether or not they mean what lies there.
    pub fn ending_like(&self, path: &SitePath) -> impl Iterator<Item = usize> {
        let copies = self.copies.get(folder(path.as_str()));
        copies.into_iter().flatten().map(|one| one.number)
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
        let by_place = by_id.chain(by_folder).flatten().copied();
        let copies = || self.copies.get(folder(path.as_str())).into_iter().flatten();
        let on_mirrors = copies().filter(|one| one.is_on_mirror());
        let mut found: Vec<usize> = by_place.chain(on_mirrors.map(|one| one.number)).collect();
        for url in originals {
            let by_address = self.originals.get(&links::key(&url));
            found.extend(by_address.into_iter().flatten());
            let beside = copies().filter(|one| one.is_beside(&url));
            found.extend(beside.map(|one| one.number));
        }
        found.sort_unstable();
        found.dedup();
        found
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
        // Such a place is a name of what was withdrawn and said the same.
        let copies = self.copies.get(folder(name)).into_iter().flatten();
        let copies = copies.filter(|one| !one.is_article).map(|one| one.number);
        found.flatten().copied().chain(copies).collect()
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

    /// Whether the line takes the article, if another lies at this address, and a source speaks from that host.
    #[track_caller]
    fn check_beside(line: &str, other: &str, source: &str, expected: bool) {
        let path = SitePath::parse("be/2026/11/river-a1b2c3/index.html").unwrap();
        let original = Url::parse("https://news.example/river").unwrap();
        let all = [Withdrawn::parse(line).unwrap()];
        let mut withdrawals = Withdrawals::of(&all);
        assert!(withdrawals.are_in_doubt());
        withdrawals.meet_host(source);
        for url in [&original, &Url::parse(other).unwrap()] {
            withdrawals.meet(url);
        }
        let found = withdrawals.of_article("its id", &path, Some(original).into_iter());
        assert_eq!(found == [0], expected, "{line}");
        assert!(withdrawals.ending_like(&path).eq([0]));
    }

    #[test]
    fn an_address_of_others_that_ends_like_a_place_takes_nothing_that_lies_there() {
        let there = "be/2026/11/river-a1b2c3/";
        let [partner, mirror, own] = [
            "partner.example",
            "mirror.example/copy",
            "news.example/copy",
        ]
        .map(|host| format!("http://{host}/{there}"));
        let other = "http://www.partner.example/lies";
        check_beside(&partner, &partner, "news.example", false);
        check_beside(&partner, other, "news.example", false);
        check_beside(&partner, "http://c.example/", "partner.example", false);
        check_beside(&mirror, other, "partner.example", true);
        check_beside(&mirror, &mirror, "partner.example", false);
        // Who has the article's own host has the article.
        check_beside(&own, other, "news.example", true);
        check_beside(&own, &own, "news.example", false);
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
