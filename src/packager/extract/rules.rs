//! What a newsroom settled about its own pages, as CSS selectors. It overrides everything that is guessed.

use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;

use dom_query::{Document, Matcher, NodeRef};
use url::{Host, Url};

use super::addresses::is_of_host;
use super::dates::{self, Moment};
use super::metadata::Metadata;
use super::words::{self, squeezed};

/// A CSS selector that can be read.
#[derive(Clone)]
pub struct Selector {
    text: String,
    matcher: Matcher,
}

impl Selector {
    /// `None` if it is no selector.
    pub fn parse(text: &str) -> Option<Self> {
        let matcher = Matcher::new(text).ok()?;
        let text = text.to_owned();
        Some(Self { text, matcher })
    }

    fn all<'a>(&self, doc: &'a Document) -> Vec<NodeRef<'a>> {
        doc.select_matcher(&self.matcher).nodes().to_vec()
    }
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

/// Where the parts of an article stand on the pages of one host. What is `None`, or is not on a page, is guessed.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Of which host and those below it; of all where there is none.
    pub host: Option<String>,
    pub body: Option<Selector>,
    pub title: Option<Selector>,
    pub byline: Option<Selector>,
    pub date: Option<Selector>,
    pub lead: Option<Selector>,
    pub remove: Vec<Selector>,
}

/// The rules of a newsroom; those that name a host come before those that name none, and before those of a host above it.
#[derive(Debug, Clone, Default)]
pub struct Rulebook(Arc<[Rules]>);

impl Rulebook {
    pub fn new(mut rules: Vec<Rules>) -> Self {
        for host in rules.iter_mut().filter_map(|rules| rules.host.as_mut()) {
            // As it stands in addresses, whatever its letters are.
            *host = Host::parse(host).map_or_else(|_| host.clone(), |host| host.to_string());
        }
        rules.sort_by_key(|rules| Reverse(rules.host.as_deref().map_or(0, str::len)));
        Self(rules.into())
    }

    pub fn joined(books: impl Iterator<Item = Self>) -> Self {
        Self::new(books.flat_map(|book| book.0.to_vec()).collect())
    }

    /// Those for a page at this address.
    pub fn rules_for(&self, url: &Url) -> Rules {
        let is_of = |host: &String| is_of_host(url, host);
        let fits = |rules: &&Rules| rules.host.as_ref().is_none_or(is_of);
        self.0.iter().find(fits).cloned().unwrap_or_default()
    }

    /// Whether it matters where a page lies.
    pub fn names_hosts(&self) -> bool {
        self.0.iter().any(|rules| rules.host.is_some())
    }
}

impl Rules {
    /// Whether nothing was settled.
    pub(super) fn are_none(&self) -> bool {
        let places = [
            &self.body,
            &self.title,
            &self.byline,
            &self.date,
            &self.lead,
        ];
        places.iter().all(|place| place.is_none()) && self.remove.is_empty()
    }

    pub(super) fn remove_from(&self, doc: &Document) {
        for selector in &self.remove {
            doc.select_matcher(&selector.matcher).remove();
        }
    }

    pub(super) fn correct(&self, doc: &Document, meta: &mut Metadata) {
        let text = |selector: &Option<Selector>| first_text(doc, selector.as_ref()?);
        meta.title = text(&self.title).or(meta.title.take());
        let byline = text(&self.byline).map(|name| words::without_by(&name).to_owned());
        meta.byline = byline.or(meta.byline.take());
        let date = self
            .date
            .as_ref()
            .and_then(|selector| first_date(doc, selector));
        meta.is_dated_by_address &= date.is_none();
        meta.published = date.or(meta.published);
    }

    /// The outermost elements that hold the text, in order.
    pub(super) fn bodies<'a>(&self, doc: &'a Document) -> Vec<NodeRef<'a>> {
        let found = self.body.as_ref().map(|selector| selector.all(doc));
        let found = found.unwrap_or_default();
        let is_inside = |node: &NodeRef| {
            node.ancestors_it(None)
                .any(|up| found.iter().any(|other| other.id == up.id))
        };
        let outermost = found.iter().filter(|node| !is_inside(node));
        outermost.copied().collect()
    }

    pub(super) fn lead<'a>(&self, doc: &'a Document) -> Option<NodeRef<'a>> {
        self.lead.as_ref()?.all(doc).first().copied()
    }
}

fn first_text(doc: &Document, selector: &Selector) -> Option<String> {
    let text = |node: &NodeRef| squeezed(&node.attr("content").unwrap_or_else(|| node.text()));
    let mut texts = selector.all(doc).into_iter().map(|node| text(&node));
    texts.find(|text| !text.is_empty())
}

fn first_date(doc: &Document, selector: &Selector) -> Option<Moment> {
    selector.all(doc).iter().find_map(|node| {
        let attributes = ["datetime", "content", "title"];
        let mut values = attributes.iter().filter_map(|name| node.attr(name));
        values
            .find_map(|value| dates::parse(&value))
            .or_else(|| dates::parse_line(&squeezed(&node.text())))
    })
}

#[cfg(test)]
mod tests {
    use super::super::extract_page_as;
    use super::*;

    const PROSE: &str = "Several hundred people carrying flowers took to the streets on Monday evening. \
        The ministry promises to solve the problem by the end of the month, as it did before.";

    fn select(text: &str) -> Option<Selector> {
        Some(Selector::parse(text).unwrap())
    }

    #[test]
    fn selectors_override_what_is_guessed() {
        let page = format!(
            "<title>Wrong | News</title><meta name=author content=Wrong><meta property='article:published_time' content=2001-01-01>\
             <meta property='og:image' content=/wrong.jpg><h1>Wrong</h1><div class=x-title>The court</div><i class=who>By Olga Carter</i>\
             <b class=when>20.11.2026</b><article><p>{PROSE} Wrong.</p><p>{PROSE} Wrong.</p><p>{PROSE} Wrong.</p></article>\
             <div class=film><img src=/right.jpg><p>Caption</p></div>\
             <div class=story><p>{PROSE}</p><aside><p>An aside that belongs to it.</p></aside><p class=promo-x>Buy it.</p></div>\
             <div class=story><p>And the end.</p></div>"
        );
        let rules = Rules {
            body: select(".story"),
            title: select(".x-title"),
            byline: select(".who"),
            date: select(".when"),
            lead: select(".film"),
            remove: vec![Selector::parse(".promo-x").unwrap()],
            ..Rules::default()
        };
        let url = Url::parse("https://n.example/a").unwrap();
        let article = extract_page_as(page.as_bytes(), None, &url, &rules).unwrap();
        assert_eq!(article.title, "The court");
        assert_eq!(article.byline.as_deref(), Some("Olga Carter"));
        assert_eq!(
            article.published.unwrap().to_string(),
            "2026-11-20T00:00:00+00:00"
        );
        let lead = article.lead.unwrap();
        assert_eq!(lead.src.as_str(), "https://n.example/right.jpg");
        assert_eq!(lead.caption.as_deref(), Some("Caption"));
        let text = format!("{PROSE}\nAn aside that belongs to it.\nAnd the end.\n");
        assert_eq!(article.text, text);
    }

    #[test]
    fn rules_that_fit_nothing_change_nothing() {
        let page = format!(
            "<title>The court</title><h1>The court</h1><article><p>{PROSE}</p><p>{PROSE}</p></article>"
        );
        let rules = Rules {
            body: select(".gone"),
            title: select(".gone"),
            date: select("h1"),
            lead: select("#gone"),
            ..Rules::default()
        };
        let url = Url::parse("https://n.example/a").unwrap();
        let article = extract_page_as(page.as_bytes(), None, &url, &rules).unwrap();
        assert_eq!(article.title, "The court");
        assert_eq!(article.text, format!("{PROSE}\n{PROSE}\n"));
    }

    #[test]
    fn a_host_has_rules_of_its_own() {
        let rules = |host: Option<&str>, title| Rules {
            host: host.map(str::to_owned),
            title: select(title),
            ..Rules::default()
        };
        let book = Rulebook::new(vec![
            rules(None, "h1"),
            rules(Some("n.example"), "h2"),
            rules(Some("blog.n.example"), "h3"),
            rules(Some("Новости.example"), "h4"),
        ]);
        for (address, expected) in [
            ("https://n.example/a", "h2"),
            ("https://www.n.example/a", "h2"),
            ("https://blog.n.example/a", "h3"),
            ("https://новости.example/a", "h4"),
            ("https://m.example/a", "h1"),
        ] {
            let found = book.rules_for(&Url::parse(address).unwrap());
            assert_eq!(found.title.unwrap().text, expected);
        }
        assert!(Selector::parse("p[").is_none());
    }
}
