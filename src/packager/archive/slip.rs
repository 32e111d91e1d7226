//! What is kept in mind of an article: that by which it is told from others. All else of it lies on the disk.
//!
//! The body of one that lies with its source stays in the cache, where it was found, and is not even looked at as long as
//! its page need not be set.

use std::hash::{DefaultHasher, Hasher};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use url::Url;

use super::super::cache::Key;
use super::super::forgetting::TakenBack;
use super::super::mark::Mark;
use super::super::trace::Done;
use super::super::waiting::{Drawer, Whereabouts};
use super::super::withdrawn::Withdrawals;
use super::ArchiveError;
use super::line::{Line, Story};
use crate::base::{SitePath, Timestamp};
use crate::io::files::FileError;
use crate::site::{Clock, Language};

/// See the module.
#[derive(Debug, Clone)]
pub struct Slip {
    pub path: SitePath,
    /// What its source calls it.
    pub id: Arc<str>,
    /// Address of the original, which may be another by now.
    pub source: Option<Arc<str>>,
    /// The source that told it last, if that is known.
    pub told_by: Option<Arc<str>>,
    is_hearsay: bool,
    /// `None` if it was withdrawn.
    pub(super) story: Option<Brief>,
    /// Most have nothing of it.
    rest: Option<Box<Rest>>,
    /// Whether its source forgets it sooner or later.
    pub(super) is_fleeting: bool,
    /// A line of the archive, or what will be one, without its end; or one without its body and, on a line of its own, where
    /// that lies.
    pub(super) text: Whereabouts,
    /// Of the text; or of the first line, and of all that the body was made of.
    mark: Mark,
}

#[derive(Debug, Clone)]
struct Rest {
    also: Box<[String]>,
    /// Of the page that says that it was withdrawn.
    language: Option<Language>,
    /// Of all that it said then.
    said: Option<Mark>,
}

impl Rest {
    fn of(line: &Line) -> Option<Box<Self>> {
        let is_grave = line.story.is_none();
        let language = line.language.as_ref().filter(|_| is_grave);
        let rest = Self {
            also: line.also.as_slice().into(),
            language: language.map(|tongue| tongue.0.clone()),
            said: line.said.filter(|_| is_grave),
        };
        let is_any = !rest.also.is_empty() || rest.language.is_some() || rest.said.is_some();
        is_any.then(|| rest.into())
    }
}

/// A body that lies in the cache.
#[derive(Serialize, Deserialize)]
pub(in crate::packager) struct Lying {
    pub place: PathBuf,
    pub key: Key,
}

impl Lying {
    /// `trace`: what it was made of beside its key.
    fn mark(&self, line: &[u8], trace: &[u8]) -> Mark {
        Mark::of(&[line, self.key.as_bytes(), trace])
    }
}

/// Very many: what is shown shares them with what is kept, and they are sorted without a second room for all.
pub type Slips = Vec<Arc<Slip>>;

#[derive(Debug, Clone)]
pub(super) struct Brief {
    /// Of its title, see [`Slip::is_titled`].
    title: u64,
    pub published: Timestamp,
    pub clock: Clock,
    pub has_pictures: bool,
}

impl Slip {
    pub(in crate::packager) fn of(line: &Line, is_fleeting: bool, drawer: &Drawer) -> Self {
        let text = line.written();
        let mark = Mark::of(&[&text]);
        Self::lying(line, is_fleeting, drawer.lay(text), mark)
    }

    /// Of an article that lies with its source, whose body lies there too.
    pub(in crate::packager) fn without_body(
        mut line: Line,
        body: &Lying,
        trace: &[u8],
        drawer: &Drawer,
    ) -> Self {
        if let Some(story) = &mut line.story {
            story.body.clear();
        }
        let mut text = line.written();
        let mark = body.mark(&text, trace);
        text.push(b'\n');
        serde_json::to_writer(&mut text, body).expect("the place is text");
        Self::lying(&line, false, drawer.lay(text), mark)
    }

    /// `mark`: of the text that lies there.
    pub(super) fn lying(line: &Line, is_fleeting: bool, text: Whereabouts, mark: Mark) -> Self {
        let story = line.story.as_ref();
        let id: Arc<str> = match line.id == line.path.as_str() {
            true => line.path.text(),
            false => line.id.as_str().into(),
        };
        Self {
            path: line.path.clone(),
            source: line.source.as_deref().map(|source| match source == &*id {
                true => Arc::clone(&id),
                false => source.into(),
            }),
            id,
            told_by: line.told_by.as_deref().map(Arc::from),
            is_hearsay: line.is_hearsay,
            story: story.map(|story| Brief {
                title: hash(&story.title),
                published: story.published.0,
                clock: story.clock(),
                has_pictures: !story.pictures.is_empty(),
            }),
            rest: Rest::of(line),
            is_fleeting,
            text,
            mark,
        }
    }

    /// Of an article that was withdrawn: its names and language are all that is left.
    pub(super) fn of_withdrawn(line: &Line) -> Self {
        let text = line.written();
        let mark = Mark::of(&[&text]);
        let text = Whereabouts::Memory(Bytes::from(text).into());
        Self::lying(line, true, text, mark)
    }

    /// Gives by what it can be found elsewhere, unless it was withdrawn before.
    pub(super) fn let_go(&mut self) -> Result<Option<TakenBack>, ArchiveError> {
        let line = self.line()?;
        let story = line.story.as_ref();
        let taken_back = story.map(|story| TakenBack::of(&line, story, self.all_addresses()));
        let said = story.map(Story::mark).or(line.said);
        *self = Self::of_withdrawn(&Line {
            path: self.path.clone(),
            id: self.id.to_string(),
            source: self.source.as_deref().map(str::to_owned),
            also: self.also().map(str::to_owned).collect(),
            // By that it is known whose copies go with it, and whose links lead to the page that says that it is gone.
            told_by: self.told_by.as_deref().map(Box::from),
            is_hearsay: self.is_hearsay,
            own_id: None,
            read_by: None,
            left_out: None,
            story: None,
            language: line.story.map(|story| story.language).or(line.language),
            said,
        });
        Ok(taken_back)
    }

    /// Whether its source forgets it sooner or later.
    pub fn is_fleeting(&self) -> bool {
        self.is_fleeting
    }

    pub fn is_shown(&self) -> bool {
        self.story.is_some()
    }

    /// By which its text is told from others.
    pub(in crate::packager) fn mark(&self) -> Mark {
        self.mark
    }

    /// `None` if it was withdrawn.
    pub(in crate::packager) fn published(&self) -> Option<Timestamp> {
        self.story.as_ref().map(|story| story.published)
    }

    /// By which its dates are told.
    pub(in crate::packager) fn clock(&self) -> Clock {
        let story = self.story.as_ref();
        story.map(|story| story.clock).unwrap_or_default()
    }

    /// All that is kept of it. Fails if the disk does, or if somebody wrote into the archive meanwhile.
    pub(in crate::packager) fn line(&self) -> Result<Line, ArchiveError> {
        let line = self.read(&self.text.read()?);
        let line = line.filter(|line| line.path == self.path);
        let mut line = line.ok_or_else(|| ArchiveError::Changed(self.path.clone()))?;
        // It is the same, and takes no memory again.
        line.path = self.path.clone();
        Ok(line)
    }

    fn read(&self, text: &[u8]) -> Option<Line> {
        let Some(end) = memchr::memchr(b'\n', text) else {
            return (Mark::of(&[text]) == self.mark).then_some(serde_json::from_slice(text).ok()?);
        };
        let (first, second) = text.split_at(end);
        let body: Lying = serde_json::from_slice(second).ok()?;
        let done = Done::at(&body.place, body.key)?;
        let is_same = body.mark(first, done.trace()) == self.mark;
        let mut line: Line = serde_json::from_slice(first).ok()?;
        line.story.as_mut()?.body = String::from_utf8(done.into_content()).ok()?;
        is_same.then_some(line)
    }

    pub(super) fn text(&self) -> Result<Bytes, FileError> {
        self.text.read()
    }

    /// The addresses of the original. An article that has none names its feed as its source; that one is not its own.
    pub(in crate::packager) fn addresses(&self) -> impl Iterator<Item = Url> {
        let first = Url::parse(&self.id).ok();
        let is_another = |source: &&Arc<str>| first.is_some() && **source != self.id;
        let now = self.source.as_ref().filter(is_another);
        let now = now.and_then(|source| Url::parse(source).ok());
        first.into_iter().chain(now)
    }

    /// The same, and all others by which it may be withdrawn.
    pub(super) fn all_addresses(&self) -> impl Iterator<Item = Url> {
        let also = self.also().filter_map(|name| Url::parse(name).ok());
        self.addresses().chain(also)
    }

    /// The source that alone says where it lies.
    pub(in crate::packager) fn alone_says(&self) -> Option<&str> {
        self.told_by.as_deref().filter(|_| self.is_hearsay)
    }

    /// Whether this is its title, and not only the hash of it.
    pub(in crate::packager) fn is_titled(&self, title: &str) -> bool {
        let brief = self.story.as_ref();
        let may_be = brief.is_some_and(|brief| brief.title == hash(title));
        let line = || self.line().ok()?.story;
        may_be && line().is_some_and(|story| story.title == title)
    }

    fn also(&self) -> impl Iterator<Item = &str> {
        let also = self.rest.iter().flat_map(|rest| &rest.also);
        also.map(String::as_str)
    }

    pub(super) fn has_other_names(&self) -> bool {
        self.also().next().is_some()
    }

    /// All that it may be called.
    pub(in crate::packager) fn names(&self) -> Vec<String> {
        let own = [Some(&*self.id), self.source.as_deref()];
        let own = own.into_iter().flatten().chain(self.also());
        let mut names: Vec<_> = own.chain([self.path.as_str()]).map(str::to_owned).collect();
        names.dedup();
        names
    }

    /// Of all that it says; `None` if it was withdrawn.
    pub(super) fn says(&self) -> Result<Option<Mark>, ArchiveError> {
        Ok(self.line()?.story.as_ref().map(Story::mark))
    }

    /// Whether it has the title of the other, so that it may say the same.
    pub(super) fn may_copy(&self, other: &Self) -> bool {
        let title = |slip: &Self| slip.story.as_ref().map(|story| story.title);
        title(self).is_some() && title(self) == title(other)
    }

    /// It goes when that goes of which it is a copy.
    pub(super) fn follow(&mut self, other: &Self) {
        let also = self.also().map(str::to_owned).chain(other.names());
        let rest = Rest {
            also: also.collect(),
            language: None,
            said: None,
        };
        self.rest = Some(rest.into());
    }

    /// Of the page that says that it was withdrawn.
    pub(super) fn language(&self) -> Option<&Language> {
        self.rest.as_ref()?.language.as_ref()
    }

    /// Of all that it said, if it was withdrawn.
    pub(super) fn said(&self) -> Option<Mark> {
        self.rest.as_ref()?.said
    }

    /// Which of these name it.
    pub(super) fn named_by(&self, withdrawals: &Withdrawals<'_>) -> Vec<usize> {
        withdrawals.of_article(&self.id, &self.path, self.addresses())
    }

    /// Which of these mean it.
    pub(in crate::packager) fn meant_by(&self, withdrawals: &Withdrawals<'_>) -> Vec<usize> {
        let mut by = self.named_by(withdrawals);
        by.extend(self.also().flat_map(|name| withdrawals.of_name(name)));
        by
    }
}

fn hash(title: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(title.as_bytes());
    hasher.finish()
}
