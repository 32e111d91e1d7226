//! From the line that is kept of an article to its page and its headline, unless both are what they were.

use serde::Deserialize;

use super::archive::{ArchiveError, Line, Shelf, Slip};
use super::cache::{Cache, Key, Kind};
use super::recall::{Known, Losses, Recalled};
use super::trace::{self, PROGRAM};
use super::waiting::Drawer;
use crate::base::{Digest, SitePath};
use crate::site::{self, Article, Headline, Resolve, Terms, Told, Typesetter};

/// What the pages of a newsroom's articles depend on besides their lines.
pub(super) struct Setting<'a> {
    pub setter: &'a Typesetter<'a>,
    /// What the setter puts on every page, as [`mark_of`] tells it.
    pub mark: &'a str,
    pub shelf: &'a Shelf,
    pub cache: &'a Cache,
    pub drawer: &'a Drawer,
    pub losses: &'a Losses,
}

/// Tells typesetters apart by all that they hold.
pub(super) fn mark_of(setter: &Typesetter<'_>) -> String {
    Digest::of(format!("{setter:?}").as_bytes()).to_string()
}

/// An article, set.
pub(super) struct Set {
    pub headline: Headline,
    /// `None` if it is there already.
    pub page: Option<Vec<u8>>,
}

/// What of a [`Known`] is asked for each article.
#[derive(Deserialize)]
struct Facts {
    sha256: String,
    section: Option<String>,
}

impl Setting<'_> {
    /// `None` if it was withdrawn, or its newsroom is not of this site. `is_there`: whether the very page lies where it
    /// shall. As long as it does, and all is as it was, the text is not looked at.
    pub fn set(
        &self,
        slip: &Slip,
        is_there: impl FnOnce(&SitePath, &str) -> bool,
    ) -> Result<Option<Set>, ArchiveError> {
        let newsroom = slip.path.as_str().split('/').next();
        let newsroom = newsroom.and_then(|room| room.parse().ok());
        let facts = newsroom.zip(slip.published()).zip(self.shelf.links(slip));
        let Some(((newsroom, published), links)) = facts else {
            return Ok(None);
        };
        let key = Key::of(&[
            PROGRAM.as_bytes(),
            self.mark.as_bytes(),
            slip.mark().as_bytes(),
        ]);
        let at = (self.cache, Kind::Settings, key);
        let mut page = None;
        let known = match trace::found(at, &links) {
            Some(known) => known.into_content(),
            None => {
                let Some((known, made)) = self.known(at, &slip.line()?) else {
                    return Ok(None);
                };
                page = made;
                known
            }
        };
        let Facts { sha256, section } =
            serde_json::from_slice(&known).map_err(|_| ArchiveError::Changed(slip.path.clone()))?;
        if is_there(&slip.path, &sha256) {
            page = None;
        } else if page.is_none() {
            page = self.set_anew(&slip.line()?);
        }
        let told = Recalled::lay(known, self.drawer, self.losses);
        let headline = Headline {
            newsroom,
            path: slip.path.clone(),
            published,
            clock: slip.clock(),
            section,
            told: Box::new(told),
        };
        Ok(Some(Set { headline, page }))
    }

    /// What is remembered of it, and its page.
    fn known(&self, at: (&Cache, Kind, Key), line: &Line) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
        let (bare, links) = line.bare_article().zip(line.page(self.shelf))?;
        let mut page = None;
        let made = trace::made(at, &links, |resolve| {
            let article = whole(&bare, line, resolve);
            page = self.page(&article);
            let sha256 = Digest::of(page.as_deref().unwrap_or_default()).to_string();
            let told = Told::of(&bare, Terms::of_article(&article));
            let known = Known::of(sha256, bare.section.clone(), told);
            serde_json::to_vec(&known).expect("texts can always be written")
        });
        Some((made.into_content(), page))
    }

    fn set_anew(&self, line: &Line) -> Option<Vec<u8>> {
        let (bare, links) = line.bare_article().zip(line.page(self.shelf))?;
        self.page(&whole(&bare, line, &links))
    }

    fn page(&self, article: &Article) -> Option<Vec<u8>> {
        Some(self.setter.article(article)?.1)
    }
}

fn whole(bare: &Article, line: &Line, resolve: &dyn Resolve) -> Article {
    let html = line.story.as_ref().map_or("", |story| &story.body);
    Article {
        body: site::clean(html, &line.path, resolve),
        ..bare.clone()
    }
}
