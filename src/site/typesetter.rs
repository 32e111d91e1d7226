//! From articles to the files of a site, so that only what changed need be set again.
//!
//! 1. [`Typesetter::article`] sets one article; its page depends on nothing else but names and looks.
//! 2. [`Typesetter::lists`] sets every other page, feed and index from headlines.
//! 3. [`render`] does both for a whole site.

use std::collections::HashSet;

use super::frame::{self, room_path, site_path};
use super::headline::Headline;
use super::pages::{self, Page};
use super::{About, Article, Language, Newsroom, SiteIdentity, feed};
use crate::base::SitePath;

/// What all pages have in common.
#[derive(Debug, Clone, Copy)]
pub struct Typesetter<'a> {
    pub site: &'a SiteIdentity,
    pub newsrooms: &'a [Newsroom],
    pub about: &'a About,
}

/// All files of the site but pictures of articles, in ascending order of path. The same input gives the same bytes.
///
/// Pictures lie where [`Picture::path`](super::Picture) says and are the caller's to add. An article whose newsroom is
/// not listed is left out, and of two articles with one path all but the newest.
pub fn render(
    site: &SiteIdentity,
    newsrooms: &[Newsroom],
    articles: &[Article],
    about: &About,
) -> Vec<Page> {
    let setter = Typesetter {
        site,
        newsrooms,
        about,
    };
    let mut newest_first: Vec<&Article> = articles.iter().collect();
    newest_first.sort_by(|a, b| (b.published, &a.path).cmp(&(a.published, &b.path)));
    let mut paths = HashSet::new();
    newest_first.retain(|article| paths.insert(&article.path));
    let headlines: Vec<Headline> = newest_first.iter().map(|a| Headline::of(a)).collect();
    let mut files = Vec::new();
    setter.lists(&headlines, &mut |page| files.push(page));
    files.extend(setter.abouts(&headlines));
    files.extend(
        newest_first
            .iter()
            .filter_map(|article| setter.article(article)),
    );
    files.sort();
    files
}

impl<'a> Typesetter<'a> {
    /// The page of an article; `None` if its newsroom is not listed.
    pub fn article(&self, article: &Article) -> Option<Page> {
        let mut newsrooms = self.newsrooms.iter();
        let newsroom = newsrooms.find(|newsroom| newsroom.id == article.newsroom)?;
        Some(pages::article(self, newsroom, article))
    }

    /// A page at the place of an article that was withdrawn, which says so in the language of the article, or the
    /// newsroom's if there are no words in it.
    pub fn withdrawn(&self, newsroom: &Newsroom, path: &SitePath, language: &Language) -> Page {
        pages::withdrawn(self, newsroom, path, language)
    }

    /// The pages about this copy.
    pub fn abouts(&self, headlines: &[Headline]) -> Vec<Page> {
        let newest_first = newest_first(headlines);
        let site = pages::about_site(self, newest_first.first().copied());
        let rooms = self.newsrooms.iter();
        let rooms =
            rooms.map(|newsroom| pages::about_newsroom(self, &Room::of(newsroom, &newest_first)));
        std::iter::once(site).chain(rooms).collect()
    }

    /// Every file but the pages and pictures of articles, and what [`Self::abouts`] gives, one after another. One headline
    /// for each article, in any order.
    pub fn lists(&self, headlines: &[Headline], lay: &mut dyn FnMut(Page)) {
        let newest_first = newest_first(headlines);
        let rooms: Vec<Room<'a, '_>> = self
            .newsrooms
            .iter()
            .map(|newsroom| Room::of(newsroom, &newest_first))
            .collect();
        lay((site_path(frame::ICON), include_bytes!("icon.svg").to_vec()));
        lay(pages::not_found_in_all(self.site));
        lay(pages::home(self, &rooms));
        if let Some(logo) = &self.site.logo {
            lay((site_path(frame::SITE_LOGO), logo.webp.clone()));
        }
        for room in &rooms {
            self.of_newsroom(room, lay);
        }
    }

    fn of_newsroom(&self, room: &Room<'a, '_>, lay: &mut dyn FnMut(Page)) {
        lay(pages::front(self, room));
        lay(feed::atom(room, self.about));
        lay(feed::rss(room, self.about));
        pages::archive(self, room, lay);
        pages::sections(self, room, lay);
        pages::search(self, room, lay);
        if let Some(logo) = &room.newsroom.logo {
            lay((room_path(room.newsroom, frame::LOGO), logo.webp.clone()));
        }
    }
}

fn newest_first(headlines: &[Headline]) -> Vec<&Headline> {
    let mut newest_first: Vec<&Headline> = headlines.iter().collect();
    newest_first.sort_by(|a, b| (b.published, &a.path).cmp(&(a.published, &b.path)));
    newest_first
}

/// A newsroom with its headlines, the newest first.
pub struct Room<'a, 'h> {
    pub newsroom: &'a Newsroom,
    pub headlines: Vec<&'h Headline>,
}

impl<'a, 'h> Room<'a, 'h> {
    fn of(newsroom: &'a Newsroom, newest_first: &[&'h Headline]) -> Self {
        let own = newest_first.iter().copied();
        Self {
            newsroom,
            headlines: own.filter(|h| h.newsroom == newsroom.id).collect(),
        }
    }
}
