//! An article as other pages show it: a headline that leads to it.

use crate::base::SitePath;

use super::links::relative;
use super::words::Words;
use super::{Article, Language, Picture};

pub struct Story<'a> {
    pub address: String,
    pub title: &'a str,
    pub summary: &'a str,
    pub language: &'a Language,
    pub date: String,
    /// For machines, as ISO 8601 has it.
    pub day: String,
    pub image: Option<Image<'a>>,
}

/// A picture, addressed from the page that shows it.
pub struct Image<'a> {
    pub address: String,
    pub width: u32,
    pub height: u32,
    pub alt: &'a str,
    pub caption: Option<&'a str>,
}

impl<'a> Story<'a> {
    /// As a headline with what it is about.
    pub fn told(article: &'a Article, page: &SitePath, words: &Words) -> Self {
        Self {
            address: relative(page, &article.path),
            title: &article.title,
            summary: &article.summary,
            language: &article.language,
            date: words.date(article.published),
            day: article.published.strftime("%Y-%m-%d").to_string(),
            image: None,
        }
    }

    pub fn with_picture(article: &'a Article, page: &SitePath, words: &Words) -> Self {
        Self {
            image: article.lead.as_ref().map(|lead| Image::new(lead, page)),
            ..Self::told(article, page, words)
        }
    }

    /// As a headline only.
    pub fn short(article: &'a Article, page: &SitePath, words: &Words) -> Self {
        Self {
            summary: "",
            ..Self::told(article, page, words)
        }
    }
}

impl<'a> Image<'a> {
    pub fn new(picture: &'a Picture, page: &SitePath) -> Self {
        Self {
            address: relative(page, &picture.path),
            width: picture.width,
            height: picture.height,
            alt: &picture.alt,
            caption: picture.caption.as_deref(),
        }
    }
}
