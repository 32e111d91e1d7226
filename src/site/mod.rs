//! The site that readers see: pages, feeds and styles, made from cleaned articles. Pure: values in, bytes out.

mod calendar;
mod clean;
mod feed;
mod frame;
mod language;
mod links;
mod newsroom;
mod pages;
mod story;
mod style;
mod words;

use std::collections::HashSet;

use jiff::Timestamp;

use crate::base::{Fingerprint, SitePath};

pub use clean::{CleanHtml, Link, Resolve, clean};
pub use language::{Direction, Language};
pub use newsroom::Newsroom;

pub use crate::base::NewsroomId;
pub use words::best_language;

/// What the whole site is called, and the language of the pages that belong to no newsroom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteIdentity {
    pub name: String,
    pub language: Language,
}

/// A picture that lies in the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub path: SitePath,
    /// In pixels; so a page does not jump while it loads.
    pub width: u32,
    pub height: u32,
    /// What it shows, for who cannot see it. Plain text.
    pub alt: String,
    /// Plain text.
    pub caption: Option<String>,
}

/// One published piece, ready to be shown. All texts but `body` are plain text, not HTML.
#[derive(Debug, Clone)]
pub struct Article {
    pub newsroom: NewsroomId,
    /// `NEWSROOM/YYYY/MM/SLUG/index.html`, see [`Article::place`]
    pub path: SitePath,
    pub title: String,
    pub byline: Option<String>,
    pub published: Timestamp,
    /// Only if it was changed noticeably after it was published.
    pub updated: Option<Timestamp>,
    pub language: Language,
    /// One to three sentences; may be empty.
    pub summary: String,
    pub lead: Option<Picture>,
    pub body: CleanHtml,
    /// Address of the original.
    pub source: Option<String>,
}

impl Article {
    /// Where an article lies: `NEWSROOM/YYYY/MM/SLUG/index.html`, by its date in UTC.
    /// `None` if the slug is no single path segment.
    pub fn place(newsroom: &NewsroomId, published: Timestamp, slug: &str) -> Option<SitePath> {
        let day = published.to_zoned(jiff::tz::TimeZone::UTC).date();
        let path = format!(
            "{newsroom}/{:04}/{:02}/{slug}/index.html",
            day.year(),
            day.month()
        );
        let path = SitePath::parse(&path).ok()?;
        (path.as_str().split('/').count() == 5).then_some(path)
    }
}

/// What the page "about this mirror" says of the publisher. Nothing in it differs from edition to edition, so that an
/// edition in which nothing is new has the same pages; number and age are told by `colport verify` and the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// `None` in a preview that nobody signed.
    pub fingerprint: Option<Fingerprint>,
    /// How to reach the publisher, as plain text; may be absent.
    pub contact: Option<String>,
}

/// All pages, feeds and styles of the site, in ascending order of path. The same input gives the same bytes.
///
/// Pictures are not among them: they lie where [`Picture::path`] says and are the caller's to add. An article whose
/// newsroom is not listed is left out, and of two articles with one path all but the newest.
pub fn render(
    site: &SiteIdentity,
    newsrooms: &[Newsroom],
    articles: &[Article],
    about: &About,
) -> Vec<(SitePath, Vec<u8>)> {
    let mut newest_first: Vec<&Article> = articles.iter().collect();
    newest_first.sort_by(|a, b| (b.published, &a.path).cmp(&(a.published, &b.path)));
    let rooms: Vec<(&Newsroom, Vec<&Article>)> = newsrooms
        .iter()
        .map(|newsroom| (newsroom, of_newsroom(newsroom, &newest_first)))
        .collect();
    let mut files = vec![
        (
            frame::site_path(frame::ICON),
            include_bytes!("icon.svg").to_vec(),
        ),
        pages::not_found_in_all(site),
        pages::home(site, newsrooms, &rooms),
    ];
    files.extend(pages::about(site, newsrooms, about));
    for (newsroom, articles) in &rooms {
        files.push(pages::front(site, newsroom, articles));
        files.push(feed::feed(newsroom, articles, about));
        files.extend(pages::archive(site, newsroom, articles));
        files.extend(articles.iter().map(|a| pages::article(site, newsroom, a)));
    }
    files.sort();
    files
}

fn of_newsroom<'a>(newsroom: &Newsroom, articles: &[&'a Article]) -> Vec<&'a Article> {
    let mut paths = HashSet::new();
    articles
        .iter()
        .filter(|article| article.newsroom == newsroom.id && paths.insert(&article.path))
        .copied()
        .collect()
}

/// A page that says "not found" in the given language, or English if there are no words in it.
/// Stands by itself: no picture, no file beside it, so it can be served under any address.
pub fn not_found(language: &Language) -> Vec<u8> {
    pages::not_found(language)
}
