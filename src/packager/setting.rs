//! From the line that is kept of an article to its page and its headline, unless both are what they were.

use serde::{Deserialize, Serialize};

use super::archive::{ArchiveError, Line, Shelf, Slip};
use super::cache::{Cache, Key, Kind};
use super::recall::{Losses, Recalled};
use super::trace::{PROGRAM, traced};
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

/// What is remembered of it.
#[derive(Serialize, Deserialize)]
struct Known {
    terms: Terms,
    /// Of its page.
    sha256: String,
}

impl Setting<'_> {
    /// `None` if it was withdrawn, or its newsroom is not of this site. `is_there`: whether the very page lies where it
    /// shall.
    pub fn set(
        &self,
        slip: &Slip,
        is_there: impl FnOnce(&SitePath, &str) -> bool,
    ) -> Result<Option<Set>, ArchiveError> {
        let (line, text) = slip.line_and_text()?;
        let found = line.bare_article().zip(line.page(self.shelf));
        let Some((bare, links)) = found else {
            return Ok(None);
        };
        let key = Key::of(&[PROGRAM.as_bytes(), self.mark.as_bytes(), &text]);
        let mut page = None;
        let known = traced((self.cache, Kind::Settings, key), &links, |resolve| {
            let article = whole(&bare, &line, resolve);
            page = self.page(&article);
            let known = Known {
                terms: Terms::of_article(&article),
                sha256: Digest::of(page.as_deref().unwrap_or_default()).to_string(),
            };
            serde_json::to_vec(&known).expect("texts can always be written")
        });
        let Known { terms, sha256 } =
            serde_json::from_slice(&known).map_err(|_| ArchiveError::Changed(slip.path.clone()))?;
        if is_there(&slip.path, &sha256) {
            page = None;
        } else if page.is_none() {
            page = self.page(&whole(&bare, &line, &links));
        }
        let told = Recalled::lay(Told::of(&bare, terms), self.drawer, self.losses);
        let headline = Headline::recalled(&bare, told);
        Ok(Some(Set { headline, page }))
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
