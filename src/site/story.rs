//! An article as other pages show it: a headline that leads to it.

use crate::base::SitePath;

use super::headline::Headline;
use super::links::relative;
use super::words::Words;
use super::{Language, Picture};

pub struct Story<'a> {
    pub address: String,
    pub title: &'a str,
    pub summary: &'a str,
    pub language: &'a Language,
    /// Whether it is written in another language than the page.
    pub is_foreign: bool,
    pub date: String,
    /// For machines, as ISO 8601 has it.
    pub day: String,
    pub image: Option<Image>,
}

/// The small one of a picture, addressed from the page that shows it.
pub struct Image {
    pub address: String,
    pub width: u32,
    pub height: u32,
}

impl<'a> Story<'a> {
    /// As a headline with what it is about. `language` is that of the text around it.
    pub fn told(
        headline: &'a Headline,
        page: &SitePath,
        words: &Words,
        language: &Language,
    ) -> Self {
        Self {
            address: relative(page, &headline.path),
            title: &headline.title,
            summary: &headline.summary,
            language: &headline.language,
            is_foreign: headline.language != *language,
            date: words.date(headline.published),
            day: headline.published.strftime("%Y-%m-%d").to_string(),
            image: None,
        }
    }

    pub fn with_picture(self, headline: &Headline, page: &SitePath) -> Self {
        let image = headline.lead.as_ref().map(|lead| Image::new(lead, page));
        Self { image, ..self }
    }

    /// As a headline only.
    pub fn short(self) -> Self {
        Self {
            summary: "",
            ..self
        }
    }
}

impl Image {
    fn new(picture: &Picture, page: &SitePath) -> Self {
        Self {
            address: relative(page, picture.small.as_ref().unwrap_or(&picture.path)),
            width: picture.width,
            height: picture.height,
        }
    }
}
