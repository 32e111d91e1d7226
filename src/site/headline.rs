//! What lists, feeds and the search know of an article: all but its text.

use std::fmt;

use jiff::Timestamp;

use super::calendar::{Clock, Day};
use super::plain::shortened;
use super::terms::Terms;
use super::{Article, Language, Picture};
use crate::base::{NewsroomId, SitePath};

/// An article as every page but its own has it. Lists of any length can be set from these: in memory is only what puts
/// an article into them.
#[derive(Debug)]
pub struct Headline {
    pub newsroom: NewsroomId,
    pub path: SitePath,
    pub published: Timestamp,
    pub clock: Clock,
    pub section: Option<String>,
    pub told: Box<dyn Recall>,
}

/// What a list tells of an article.
#[derive(Debug, Clone)]
pub struct Told {
    pub title: String,
    pub byline: Option<String>,
    pub updated: Option<Timestamp>,
    pub language: Language,
    pub summary: String,
    pub lead: Option<Picture>,
    /// What its text can be found by.
    pub terms: Terms,
}

/// Where it lies what a list tells of an article. It is asked once for each list in which the article stands.
pub trait Recall: fmt::Debug + Send + Sync {
    fn recall(&self) -> Told;
}

/// In memory, for sites that are small.
impl Recall for Told {
    fn recall(&self) -> Told {
        self.clone()
    }
}

/// Of a title in a list, in characters. Whatever one article is called, the front page stays light for all; its own page
/// shows it whole.
const LONGEST: usize = 200;

impl Told {
    /// Of an article whose terms are known, so that it may lack its body.
    pub fn of(article: &Article, terms: Terms) -> Self {
        Self {
            title: shortened(&article.title, LONGEST).into_owned(),
            byline: article.byline.clone(),
            updated: article.updated,
            language: article.language.clone(),
            summary: article.summary.clone(),
            lead: article.lead.clone(),
            terms,
        }
    }
}

impl Headline {
    pub fn of(article: &Article) -> Self {
        let told = Told::of(article, Terms::of_article(article));
        Self::recalled(article, told)
    }

    /// `told` must be of this article.
    pub fn recalled(article: &Article, told: impl Recall + 'static) -> Self {
        Self {
            newsroom: article.newsroom.clone(),
            path: article.path.clone(),
            published: article.published,
            clock: article.clock,
            section: article.section.clone(),
            told: Box::new(told),
        }
    }

    pub fn told(&self) -> Told {
        self.told.recall()
    }

    /// The month in whose folder it lies. `None` if it does not lie where [`Article::place`] has it.
    pub(super) fn month(&self) -> Option<Month> {
        Month::of(&self.newsroom, &self.path, self.published, self.clock)
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
    pub fn of(
        newsroom: &NewsroomId,
        path: &SitePath,
        published: Timestamp,
        clock: Clock,
    ) -> Option<Self> {
        let mut segments = path.as_str().split('/');
        let room = segments.next().filter(|room| *room == newsroom.as_str())?;
        let (year, month) = (segments.next()?, segments.next()?);
        let day = Day::of(published, clock);
        let is_its_month = year.parse() == Ok(day.year) && month.parse() == Ok(day.month);
        (is_its_month && segments.count() == 2).then(|| Self {
            year: day.year,
            month: day.month,
            folder: format!("{room}/{year}/{month}"),
        })
    }
}
