//! What a newsroom's feeds told of once. A feed names only its last articles; what it forgets stays in the site.
//!
//! The file `archive/ID.jsonl` has one line of JSON for each article that came from a feed, in the order of their
//! places. Pages in a folder are not in it: they lie in the folder as long as they are wanted. Of those that tell no
//! date, the file `archive/ID.dates.json` has the one that they were given when they were first seen.
//!
//! 1. Articles that were gathered now replace what was kept of them.
//! 2. Withdrawn ones lose everything but their names and language. The names stay so that no feed can bring them back
//!    unnoticed, and so that a page in their place can say what became of them. What was never kept, since it was pushed
//!    and then taken back, is looked for in the edition before, by the place that its name gives.
//! 3. Pictures are those gathered now; of older articles, those of the edition before with the digest that was noted.
//! 4. Every article, new or kept, is shown by what a line holds of it. So its page has the same bytes on the day it
//!    comes and years after its feed forgot it, and no link leads to an article that is gone.
//!
//! The text was cleaned before it was kept, and is cleaned again in step 4: a file on a disk is not trusted either.

mod dates;
mod line;
mod page;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use url::Url;

use super::links;
use super::slug;
use super::studio::Finished;
use super::withdrawn::Withdrawn;
use super::{Gathered, LostPicture};
use crate::base::{Digest, SitePath, Timestamp};
use crate::edition::VerifiedEdition;
use crate::io::files::{self, FileError};
use crate::site::{Article, Language, NewsroomId};

use self::dates::Dates;
use self::line::{Line, Story};

/// Some hundred thousand articles.
const ARCHIVE_BYTES: u64 = 1 << 30;

/// What is kept of one newsroom's feeds.
#[derive(Debug)]
pub struct Archive {
    newsroom: NewsroomId,
    place: PathBuf,
    /// Of the file as it lies on the disk; `None` if nothing is there.
    written: Option<Digest>,
    /// By [`key`].
    lines: BTreeMap<String, Line>,
    dates: Dates,
}

#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("`{place}` is damaged in line {line}: {why}")]
    Damaged {
        place: PathBuf,
        /// Counted from 1.
        line: usize,
        why: String,
    },
}

impl ArchiveError {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::Damaged { line, .. } => Some(format!(
                "put the file back from a copy of this folder; or remove line {line}: its article then goes from the \
                 site, unless its feed still names it"
            )),
        }
    }
}

/// Everything that a newsroom shows.
#[derive(Debug, Default)]
pub struct Stock {
    pub articles: Vec<Article>,
    /// Pictures that were gathered now.
    pub pictures: Vec<(SitePath, Finished)>,
    /// Pictures that stay as they are in the edition before.
    pub kept_pictures: BTreeSet<SitePath>,
    /// How many of the articles were not gathered now.
    pub kept_articles: usize,
    /// Pictures of kept articles that are nowhere any more.
    pub lost_pictures: Vec<LostPicture>,
    /// Where withdrawn articles were, each with its language.
    pub withdrawn: Vec<(SitePath, Language)>,
    /// What was withdrawn, but fits no article, gathered or kept.
    pub unknown: Vec<Withdrawn>,
}

impl Archive {
    /// Reads the archive of `newsroom` at `place`; an empty one if nothing is there.
    pub fn read(place: PathBuf, newsroom: &NewsroomId) -> Result<Self, ArchiveError> {
        let written = match files::read(&place, ARCHIVE_BYTES) {
            Ok(bytes) => Some(bytes),
            Err(FileError::NotFound(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let dates = Dates::read(place.with_extension("dates.json"))?;
        let mut archive = Self {
            newsroom: newsroom.clone(),
            place,
            written: None,
            lines: BTreeMap::new(),
            dates,
        };
        if let Some(bytes) = written {
            archive.fill(&bytes)?;
            archive.written = Some(Digest::of(&bytes));
        }
        Ok(archive)
    }

    fn fill(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        let mut places = BTreeSet::new();
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let lines = bytes.split(|byte| *byte == b'\n').enumerate();
        for (index, text) in lines.filter(|_| !bytes.is_empty()) {
            let damaged = |why: String| ArchiveError::Damaged {
                place: self.place.clone(),
                line: index + 1,
                why,
            };
            let line: Line =
                serde_json::from_slice(text).map_err(|error| damaged(error.to_string()))?;
            if !line.is_of(&self.newsroom) {
                return Err(damaged(format!(
                    "`{}` is no place of an article of `{}` with its date",
                    line.path, self.newsroom
                )));
            }
            let key = key(&line.id);
            if self.lines.contains_key(&key) || !places.insert(line.path.clone()) {
                return Err(damaged(format!("`{}` stands there twice", line.path)));
            }
            self.lines.insert(key, line);
        }
        Ok(())
    }

    /// Puts the files in place, unless they lie there already.
    pub fn write(&self) -> Result<(), ArchiveError> {
        self.dates.write()?;
        let text = self.text();
        let is_needless = match self.written {
            Some(written) => written == Digest::of(text.as_bytes()),
            None => text.is_empty(),
        };
        if is_needless {
            return Ok(());
        }
        if let Some(folder) = self.place.parent() {
            files::create_folder(folder)?;
        }
        Ok(files::write(&self.place, text.as_bytes())?)
    }

    fn text(&self) -> String {
        let mut lines: Vec<&Line> = self.lines.values().collect();
        lines.sort_by(|a, b| a.path.cmp(&b.path));
        let lines = lines.into_iter().map(|line| {
            serde_json::to_string(line).expect("texts and numbers can always be written") + "\n"
        });
        lines.collect()
    }

    /// Whether anything was ever kept here. If not, nobody knows what the feeds told of before.
    pub fn is_there(&self) -> bool {
        self.written.is_some()
    }
}

/// By what an article is told from others. Feeds change the spelling of an address, from `http` to `https` or by what a campaign appends, and mean the same
/// article.
pub(super) fn key(id: &str) -> String {
    match Url::parse(id) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => links::key(&url),
        _ => id.to_owned(),
    }
}

impl Archive {
    /// What the source called the article when it first told of it: by that it is placed.
    pub(super) fn first_id(&self, id: &str) -> Option<&str> {
        Some(&self.lines.get(&key(id))?.id)
    }

    /// What an article was called that had this title and this very moment, other than those `now` called by their ids:
    /// the site of a newsroom moves when it is blocked, and then all its addresses are new.
    pub(super) fn moved(
        &self,
        title: &str,
        published: Timestamp,
        now: &BTreeSet<String>,
    ) -> Option<&str> {
        let is_it = |line: &&Line| {
            line.story
                .as_ref()
                .is_some_and(|story| story.title == title && story.published.0 == published)
        };
        let found = self.lines.values().filter(is_it);
        found.map(|line| &*line.id).find(|id| !now.contains(*id))
    }

    /// The article that its source calls `id`, unless it was withdrawn.
    pub(super) fn holds(&self, id: &str) -> bool {
        self.story(id).is_some()
    }

    fn story(&self, id: &str) -> Option<&Story> {
        self.lines.get(&key(id))?.story.as_ref()
    }

    /// The date under which the article was shown before.
    pub(super) fn published(&self, id: &str) -> Option<Timestamp> {
        let story = self.story(id).map(|story| story.published.0);
        story.or_else(|| self.dates.of(id))
    }

    /// What the article is called that lies at each place.
    pub(super) fn places(&self) -> HashMap<&SitePath, &str> {
        let shown = self.lines.values().filter(|line| line.story.is_some());
        shown.map(|line| (&line.path, &*line.id)).collect()
    }

    /// Where articles lie, by the address of the original.
    pub(super) fn addresses(&self) -> impl Iterator<Item = (Url, &SitePath)> {
        let shown = self.lines.values().filter(|line| line.story.is_some());
        shown.flat_map(|line| line.addresses().map(|url| (url, &line.path)))
    }
}

impl Archive {
    /// Takes up what was gathered, and gives everything that the newsroom shows. Nothing is written yet.
    pub fn stock(
        &mut self,
        gathered: Gathered,
        withdrawn: &[Withdrawn],
        previous: Option<&VerifiedEdition>,
    ) -> Stock {
        // Step 1.
        let mut from_folders = self.take(&gathered);
        self.dates.add(&gathered.undated);
        // Step 2.
        let mut stock = Stock {
            unknown: self.withdraw(withdrawn, &mut from_folders, previous),
            withdrawn: self.graves(),
            ..Stock::default()
        };
        // Step 3.
        let fresh: BTreeSet<&SitePath> = gathered.pictures.iter().map(|(path, _)| path).collect();
        for line in self.lines.values_mut() {
            line.keep_pictures(&fresh, previous, &mut stock);
        }
        // Step 4.
        let lines = self.lines.values().chain(&from_folders);
        let mut shown: Vec<&Line> = lines.filter(|line| line.story.is_some()).collect();
        shown.sort_by(|a, b| a.path.cmp(&b.path));
        stock.articles = page::articles(&shown);
        stock.kept_articles = not_among(&gathered.articles, &shown);
        stock.pictures = shown_among(gathered.pictures, &shown);
        stock
    }

    /// Gives those that no feed told of; they are not kept.
    fn take(&mut self, gathered: &Gathered) -> Vec<Line> {
        let mut others = Vec::new();
        for article in &gathered.articles {
            let id = gathered.fleeting.get(&article.path);
            let line = Line::of(article, id, &gathered.pictures);
            match id {
                Some(id) => drop(self.lines.insert(key(id), line)),
                None => others.push(line),
            }
        }
        others
    }

    /// Gives those that fit nothing.
    fn withdraw(
        &mut self,
        withdrawn: &[Withdrawn],
        others: &mut Vec<Line>,
        previous: Option<&VerifiedEdition>,
    ) -> Vec<Withdrawn> {
        let is_meant = |line: &Line| withdrawn.iter().any(|one| line.is_meant_by(one));
        let known = |one: &&Withdrawn| {
            let mut lines = self.lines.values().chain(&*others);
            lines.any(|line| line.is_meant_by(one))
        };
        let strange: Vec<&Withdrawn> = withdrawn.iter().filter(|one| !known(one)).collect();
        for line in others.extract_if(.., |line| is_meant(line)) {
            self.lines.insert(key(&line.id), line);
        }
        let meant = self.lines.values_mut().filter(|line| is_meant(line));
        meant.for_each(Line::let_go);
        self.lines
            .retain(|_, line| line.story.is_some() || is_meant(line));
        let mut unknown = Vec::new();
        for one in strange {
            match previous.and_then(|previous| self.shown_in(previous, one.id())) {
                Some(line) => drop(self.lines.insert(key(&line.id), line)),
                None => unknown.push(one.clone()),
            }
        }
        unknown
    }

    /// What is left of the article that its source calls `id`, if an edition shows it.
    fn shown_in(&self, edition: &VerifiedEdition, id: &str) -> Option<Line> {
        let end = format!("/{}/index.html", slug::slug(id));
        let is_its = |path: &&SitePath| {
            let newsroom = path.as_str().split('/').next();
            newsroom == Some(self.newsroom.as_str()) && path.as_str().ends_with(&end)
        };
        let path = edition.files().map(|(path, _)| path).find(is_its)?;
        let page = edition.content(edition.file(path)?);
        let language = Language::of_page(&page)?;
        Some(Line::of_withdrawn(path.clone(), id, language))
    }

    fn graves(&self) -> Vec<(SitePath, Language)> {
        let gone = self.lines.values().filter(|line| line.story.is_none());
        let named = gone.filter_map(|line| Some((line.path.clone(), line.language.clone()?.0)));
        named.collect()
    }
}

fn not_among(gathered: &[Article], shown: &[&Line]) -> usize {
    let gathered: BTreeSet<&SitePath> = gathered.iter().map(|article| &article.path).collect();
    let kept = shown.iter().filter(|line| !gathered.contains(&line.path));
    kept.count()
}

fn shown_among(
    mut pictures: Vec<(SitePath, Finished)>,
    shown: &[&Line],
) -> Vec<(SitePath, Finished)> {
    let all = shown.iter().flat_map(|line| line.pictures());
    let shown: BTreeSet<&SitePath> = all.map(|picture| &picture.path).collect();
    pictures.retain(|(path, _)| shown.contains(path));
    pictures
}

impl Line {
    /// Lets go of pictures that are neither among the `fresh` ones nor in the edition before.
    fn keep_pictures(
        &mut self,
        fresh: &BTreeSet<&SitePath>,
        previous: Option<&VerifiedEdition>,
        stock: &mut Stock,
    ) {
        let Some(story) = &mut self.story else {
            return;
        };
        story.pictures.retain(|shown| {
            if fresh.contains(&shown.path) {
                return true;
            }
            let before = previous.and_then(|previous| previous.file(&shown.path));
            let is_there = before.is_some_and(|entry| entry.digest == shown.sha256.0);
            if is_there {
                stock.kept_pictures.insert(shown.path.clone());
            } else {
                stock.lost_pictures.push(LostPicture {
                    article: self.path.to_string(),
                    picture: shown.path.to_string(),
                    why: "its feed has forgotten it, and it is not in the last edition".into(),
                });
            }
            is_there
        });
    }
}

#[cfg(test)]
mod tests;
