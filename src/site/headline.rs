//! What lists, feeds and the search know of an article: all but its text.

use jiff::Timestamp;

use super::terms::Terms;
use super::{Article, Language, Picture};
use crate::base::{NewsroomId, SitePath};

/// An article as every page but its own has it. Lists of any length can be set from these, with no text in memory.
#[derive(Debug, Clone)]
pub struct Headline {
    pub newsroom: NewsroomId,
    pub path: SitePath,
    pub title: String,
    pub byline: Option<String>,
    pub published: Timestamp,
    pub updated: Option<Timestamp>,
    pub language: Language,
    pub summary: String,
    pub section: Option<String>,
    pub lead: Option<Picture>,
    /// What its text can be found by.
    pub terms: Terms,
}

impl Headline {
    pub fn of(article: &Article) -> Self {
        Self::found_by(article, Terms::of_article(article))
    }

    /// Of an article whose terms are known, so that it may lack its body.
    pub fn found_by(article: &Article, terms: Terms) -> Self {
        Self {
            newsroom: article.newsroom.clone(),
            path: article.path.clone(),
            title: article.title.clone(),
            byline: article.byline.clone(),
            published: article.published,
            updated: article.updated,
            language: article.language.clone(),
            summary: article.summary.clone(),
            section: article.section.clone(),
            lead: article.lead.clone(),
            terms,
        }
    }

    /// The month in whose folder it lies. `None` if it does not lie where [`Article::place`] has it.
    pub(super) fn month(&self) -> Option<Month> {
        Month::of(&self.newsroom, &self.path, self.published)
    }
}

/// A month of a newsroom. Later ones are greater.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Month {
    pub year: i32,
    /// 1 to 12
    pub month: u8,
    /// `be/2026/11`
    pub folder: String,
}

impl Month {
    pub fn of(newsroom: &NewsroomId, path: &SitePath, published: Timestamp) -> Option<Self> {
        let mut segments = path.as_str().split('/');
        let room = segments.next().filter(|room| *room == newsroom.as_str())?;
        let (year, month) = (segments.next()?, segments.next()?);
        let day = super::calendar::Day::of(published);
        let is_its_month = year.parse() == Ok(day.year) && month.parse() == Ok(day.month);
        (is_its_month && segments.count() == 2).then(|| Self {
            year: day.year,
            month: day.month,
            folder: format!("{room}/{year}/{month}"),
        })
    }
}
