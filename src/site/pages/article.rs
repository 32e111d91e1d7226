//! The page of an article.

use askama::Template;

use super::super::frame::Frame;
use super::super::headline::Month;
use super::super::links::relative;
use super::super::style::Kind;
use super::super::typesetter::Typesetter;
use super::super::{Article, Newsroom, Picture, picture};
use super::lists::{month_path, section_path};
use super::{Page, page};

#[derive(Template)]
#[template(config = "src/site/templates/askama.toml", path = "article.html")]
struct ArticlePage<'a> {
    frame: Frame<'a>,
    article: &'a Article,
    section: Option<Way>,
    lede: Option<&'a str>,
    lead: Option<Lead<'a>>,
    published: String,
    /// Empty if it never was.
    updated: String,
    body: String,
    month: Option<Way>,
}

/// A link with its words.
struct Way {
    address: String,
    title: String,
}

struct Lead<'a> {
    html: String,
    caption: Option<&'a str>,
}

pub fn article(setter: &Typesetter<'_>, newsroom: &Newsroom, article: &Article) -> Page {
    let path = &article.path;
    let frame = Frame::of_newsroom(setter, newsroom, &article.language, Kind::Text, path)
        .titled(&article.title);
    let words = frame.words;
    let month = Month::of(&newsroom.id, path, article.published, article.clock);
    let section = article.section.as_deref();
    let lead = article
        .lead
        .as_ref()
        .filter(|lead| !is_in_body(lead, article));
    let template = ArticlePage {
        section: section.and_then(|name| {
            Some(Way {
                address: relative(path, &section_path(newsroom, name)?),
                title: name.to_owned(),
            })
        }),
        lede: lede(article),
        lead: lead.map(|lead| Lead {
            html: picture::lead(lead, path, words),
            caption: lead.caption.as_deref(),
        }),
        published: words.date(article.published, article.clock),
        updated: article
            .updated
            .map(|time| words.updated(time, article.clock))
            .unwrap_or_default(),
        body: picture::in_body(&article.body, path, words),
        month: month.map(|month| Way {
            address: relative(path, &month_path(&month)),
            title: words.all_of_month(month.year, month.month),
        }),
        frame,
        article,
    };
    page(path.clone(), &template)
}

/// The summary, unless it is just how the text begins.
fn lede(article: &Article) -> Option<&str> {
    let letters = |text: &str| -> String {
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        letters.take(60).collect()
    };
    let body = dom_query::Document::fragment(article.body.as_str()).text();
    let summary = article.summary.trim();
    let is_new = !summary.is_empty() && !letters(&body).starts_with(&letters(summary));
    is_new.then_some(summary)
}

fn is_in_body(lead: &Picture, article: &Article) -> bool {
    let mut shown = article.body.pictures().iter();
    shown.any(|picture| picture.path == lead.path)
}
