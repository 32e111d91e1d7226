//! An article as other pages show it: a headline that leads to it.

use crate::base::SitePath;

use super::headline::Headline;
use super::links::relative;
use super::words::Words;
use super::{Language, Picture};

pub struct Story {
    pub address: String,
    pub title: String,
    pub summary: String,
    pub language: Language,
    /// Whether it is written in another language than the page.
    pub is_foreign: bool,
    pub date: String,
    /// The language of the date, where it is not that of the article.
    pub tongue: Option<&'static Language>,
    /// For machines, as ISO 8601 has it.
    pub day: String,
    pub image: Option<Image>,
}

/// The small one of a picture, addressed from the page that shows it. All are shown in one shape.
pub struct Image {
    pub address: String,
}

impl Story {
    /// As a headline with what it is about. `language` is that of the text around it.
    pub fn told(
        headline: &Headline,
        page: &SitePath,
        words: &'static Words,
        language: &Language,
    ) -> Self {
        Self {
            image: None,
            ..Self::pictured(headline, page, words, language)
        }
    }

    /// The same with its picture.
    pub fn pictured(
        headline: &Headline,
        page: &SitePath,
        words: &'static Words,
        language: &Language,
    ) -> Self {
        let told = headline.told();
        Self {
            address: relative(page, &headline.path),
            is_foreign: told.language != *language,
            date: words.date(headline.published, headline.clock),
            tongue: Some(words.language())
                .filter(|tongue| tongue.primary() != told.language.primary()),
            day: headline.clock.date(headline.published).to_string(),
            image: told.lead.as_ref().map(|lead| Image::new(lead, page)),
            title: told.title,
            summary: told.summary,
            language: told.language,
        }
    }

    /// As a headline only.
    pub fn short(self) -> Self {
        Self {
            summary: String::new(),
            ..self
        }
    }
}

impl Image {
    fn new(picture: &Picture, page: &SitePath) -> Self {
        Self {
            address: relative(page, picture.small.as_ref().unwrap_or(&picture.path)),
        }
    }
}
