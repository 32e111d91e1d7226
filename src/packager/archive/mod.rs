//! What a newsroom's feeds told of once. A feed names only its last articles; what it forgets stays in the site.
//!
//! The file `archive/ID.jsonl` has one line of JSON for each article that came from a feed, in the order of their
//! places. Pages in a folder are not in it: they lie in the folder as long as they are wanted. Of those that tell no
//! date, the file `archive/ID.dates.json` has the one that they were given when they were first seen; `ID.texts.jsonl`
//! tells what they said last, so that it is known when they say something new.
//!
//! 1. Articles that were gathered now replace what was kept of them, also elsewhere if another source told it; one that
//!    lies in a folder by now is not kept.
//! 2. Withdrawn ones lose everything but their names and language. The names stay so that no feed can bring them back
//!    unnoticed, and so that a page in their place can say what became of them. What was never kept, since it was pushed
//!    and then taken back, is looked for in the edition before, by the place that its name gives, unless another lies there:
//!    anybody can find a name that gives it.
//! 3. Pictures are those gathered now; of older articles, those of the edition before with the digest that was noted.
//! 4. What there is no [room] for is left out.
//! 5. Every article, new or kept, is shown by what a line holds of it (`page`). So its page has the same bytes on the day
//!    it comes and years after its feed forgot it, and no link leads to an article that is gone.
//!
//! Whatever happens, each place and each name has one line. Of what earlier versions wrote twice one line is read, and the
//! other goes with the next writing: no file is written that cannot be read again.
//!
//! The text was cleaned before it was kept, and is cleaned again in step 5: a file on a disk is not trusted either.
//! In memory there is a slip of each line; the lines stay on the disk.

mod dates;
mod line;
mod page;
mod slip;
mod texts;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::Url;

use super::forgetting::TakenBack;
use super::links;
use super::mark::Mark;
use super::room::{self, Crowded, ROOMS};
use super::slug;
use super::source;
use super::studio::Finished;
use super::tellers::Tellers;
use super::trace::PROGRAM;
use super::waiting::{Drawer, Whereabouts};
use super::withdrawn::{Withdrawals, Withdrawn};
use super::wording::{Saying, Wording};
use super::{Gathered, LostPicture};
use crate::base::{Digest, Hasher, SitePath, Timestamp};
use crate::edition::VerifiedEdition;
use crate::io::files::{self, FileError, Spool};
use crate::site::{Language, NewsroomId};

use self::dates::Dates;
use self::texts::Texts;

pub(super) use self::line::{Lead, Line, Moment, Shown, Story, Tongue};
pub(super) use self::page::Shelf;
pub(super) use self::slip::Lying;
pub use self::slip::{Slip, Slips};
pub(super) use self::texts::Before;
pub use self::texts::Said;

/// As many articles as fit into one site, of 40 KB each. They are read one by one.
const ARCHIVE_BYTES: u64 = 1 << 34;

/// What is kept of one newsroom's feeds.
#[derive(Debug)]
pub struct Archive {
    newsroom: NewsroomId,
    place: PathBuf,
    /// Of the file as it lies on the disk; `None` if nothing is there.
    written: Option<Digest>,
    /// By [`key`].
    slips: BTreeMap<String, Arc<Slip>>,
    dates: Dates,
    texts: Texts,
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
    #[error("`{place}` would be longer than {max_bytes} bytes, and is not read if it is")]
    Full { place: PathBuf, max_bytes: u64 },
    /// Somebody wrote into the archive meanwhile, or the disk fails.
    #[error("what was kept of `{0}` is not where it was a moment ago")]
    Changed(SitePath),
    #[error("the disk lost what was laid aside on it for a moment")]
    Lost,
}

impl ArchiveError {
    /// What could not be written behind so many bytes at most.
    fn unwritten(place: &Path, max_bytes: u64, source: io::Error) -> Self {
        let path = place.to_path_buf();
        match source.kind() {
            ErrorKind::FileTooLarge => Self::Full {
                place: path,
                max_bytes,
            },
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => FileError::Full(path).into(),
            _ => Self::File(FileError::Other {
                doing: "write",
                path,
                source,
            }),
        }
    }

    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Full { .. } | Self::File(FileError::TooLarge { .. }) => Some(
                "take sources out of `colport.toml`, or divide them over two sites, each in a folder of its own; what was \
                 written before is still whole"
                    .into(),
            ),
            Self::File(error) => error.hint(),
            Self::Changed(_) | Self::Lost => Some("run the command again".into()),
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
    pub articles: Slips,
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
    /// The same, as links lead there: to the page that says so, and not to the text that was taken back.
    pub(super) graves: Slips,
    /// Those of them of which there was a text until now.
    pub taken_back: Vec<TakenBack>,
    /// What was kept of others and goes with what is withdrawn now, since it says the same: what each is called.
    pub copies: Vec<(String, String)>,
    /// What says the same as well, but stays: it lies with its source, or that stands before the other's.
    pub alike: Vec<(String, String)>,
    /// Where articles are shown like whose place the address of something withdrawn ends, which is another's.
    pub beside: Vec<(Withdrawn, SitePath)>,
    /// Each of these took several articles now, which were there.
    pub several: Vec<(Withdrawn, Vec<SitePath>)>,
    /// What was withdrawn, but fits no article, gathered or kept.
    pub unknown: Vec<Withdrawn>,
    /// What there was no room for.
    pub crowded: Vec<Crowded>,
}

/// What came of withdrawing; see [`Stock`].
struct TakenOut {
    unknown: Vec<Withdrawn>,
    copies: Vec<(String, String)>,
    alike: Vec<(String, String)>,
    beside: Vec<(Withdrawn, SitePath)>,
    several: Vec<(Withdrawn, Vec<SitePath>)>,
    taken_back: Vec<TakenBack>,
}

/// What says the same as something that is withdrawn now.
#[derive(Default)]
struct Copies {
    /// With what goes: what each is kept by, and that one.
    go: Vec<(String, Arc<Slip>)>,
    /// What each is called, and that one.
    stay: Vec<(String, String)>,
}

impl Archive {
    /// Reads the archive of `newsroom` at `place`; an empty one if nothing is there.
    pub fn read(place: PathBuf, newsroom: &NewsroomId) -> Result<Self, ArchiveError> {
        let mut archive = Self {
            newsroom: newsroom.clone(),
            dates: Dates::read(place.with_extension("dates.json"))?,
            texts: Texts::read(place.with_extension("texts.jsonl"))?,
            place,
            written: None,
            slips: BTreeMap::new(),
        };
        match archive.fill() {
            Ok(digest) => archive.written = Some(digest),
            Err(ArchiveError::File(FileError::NotFound(_))) => {}
            Err(error) => return Err(error),
        }
        Ok(archive)
    }

    /// Gives the digest of all lines.
    fn fill(&mut self) -> Result<Digest, ArchiveError> {
        let place = self.place.clone();
        let (mut places, mut hasher, mut number) = (HashSet::new(), Hasher::default(), 0);
        let (lying, mut tellers) = (Arc::new(place.clone()), BTreeSet::new());
        files::lines(&place, ARCHIVE_BYTES, |range, text| {
            number += 1;
            hasher.update(text);
            hasher.update(b"\n");
            let slip = self.slip(text, Whereabouts::File(Arc::clone(&lying), range));
            let mut slip = slip.map_err(|why| ArchiveError::Damaged {
                place: place.clone(),
                line: number,
                why,
            })?;
            slip.told_by = slip.told_by.map(|name| held_once(&mut tellers, name));
            self.shelve(slip.into(), &mut places);
            Ok::<_, ArchiveError>(())
        })?;
        Ok(hasher.finish())
    }

    fn slip(&self, text: &[u8], lies: Whereabouts) -> Result<Slip, String> {
        let line: Line = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if !line.is_of(&self.newsroom) {
            let (path, newsroom) = (&line.path, &self.newsroom);
            return Err(format!(
                "`{path}` is no place of an article of `{newsroom}` with its date"
            ));
        }
        Ok(Slip::lying(&line, true, lies, Mark::of(&[text])))
    }

    /// Takes up a slip that was written. Earlier versions wrote two for one place or one name: of those what is shown stays,
    /// since a name that gave the place of another was enough to lay a withdrawn one over it; or else the first.
    fn shelve(&mut self, slip: Arc<Slip>, places: &mut HashSet<SitePath>) {
        let mut key = key(&slip.id);
        // Earlier versions took two spellings of an address for two articles. Readers have both, so both stay; what is told
        // now is the first.
        if self.slips.get(&key).is_some_and(|had| had.id != slip.id) {
            key = key_beside(&slip.id);
        }
        let is_new_place = places.insert(slip.path.clone());
        if !is_new_place || self.slips.contains_key(&key) {
            let is_rival =
                |known_as: &String, had: &Slip| *known_as == key || had.path == slip.path;
            let mut rivals = self.slips.iter().filter(|(key, had)| is_rival(key, had));
            if rivals.any(|(_, had)| had.is_shown() || !slip.is_shown()) {
                return;
            }
            self.slips.retain(|key, had| !is_rival(key, had));
        }
        self.slips.insert(key, slip);
    }

    /// Each place and each name once, as they are read.
    fn settle(&mut self) {
        let (mut places, mut names) = (HashSet::new(), HashSet::new());
        let mut twice = Vec::new();
        for (key, slip) in &self.slips {
            if !places.insert(&slip.path) {
                twice.push(key.clone());
            } else if !names.insert(&*slip.id) {
                twice.push(key_beside(&slip.id));
            }
        }
        for key in twice {
            self.slips.remove(&key);
        }
    }

    /// Writes the files beside their places, unless they are what lies there. Of the archive itself nothing is held then:
    /// an edition is printed with that memory.
    pub fn write_beside(self) -> Result<Ready, ArchiveError> {
        let files = [
            self.dates.write_beside()?,
            self.texts.write_beside()?,
            self.lines_beside()?,
        ];
        Ok(Ready(files.into_iter().flatten().collect()))
    }

    fn lines_beside(&self) -> Result<Option<Spool>, ArchiveError> {
        let is_needless = match self.written {
            Some(written) => written == self.digest()?,
            None => self.slips.is_empty(),
        };
        if is_needless {
            return Ok(None);
        }
        let mut spool = spool_at(&self.place, ARCHIVE_BYTES)?;
        self.each_line(|line| {
            let written = spool.write_all(line);
            written.map_err(|source| ArchiveError::unwritten(&self.place, ARCHIVE_BYTES, source))
        })?;
        Ok(Some(spool))
    }

    fn digest(&self) -> Result<Digest, ArchiveError> {
        let mut hasher = Hasher::default();
        self.each_line(|line| {
            hasher.update(line);
            Ok::<_, ArchiveError>(())
        })?;
        Ok(hasher.finish())
    }

    /// Every line with its end, in the order of their places.
    fn each_line(
        &self,
        mut take: impl FnMut(&[u8]) -> Result<(), ArchiveError>,
    ) -> Result<(), ArchiveError> {
        let mut slips: Vec<_> = self.slips.values().collect();
        slips.sort_by(|a, b| a.path.cmp(&b.path));
        slips.into_iter().try_for_each(|slip| {
            take(&slip.text()?)?;
            take(b"\n")
        })
    }

    /// Whether anything was ever kept here. If not, nobody knows what the feeds told of before.
    pub fn is_there(&self) -> bool {
        self.written.is_some()
    }
}

/// The files of an archive as they shall be, beside those that they replace.
#[derive(Debug)]
pub struct Ready(Vec<Spool>);

impl Ready {
    /// What was read of the archive lies elsewhere then.
    pub fn put_in_place(self) -> Result<(), FileError> {
        self.0.into_iter().try_for_each(Spool::publish)
    }
}

fn spool_at(place: &Path, max_bytes: u64) -> Result<Spool, FileError> {
    if let Some(folder) = place.parent() {
        files::create_folder(folder)?;
    }
    Ok(Spool::beside(place)?.at_most(max_bytes))
}

/// Many articles have the name of their source in common.
fn held_once(names: &mut BTreeSet<Arc<str>>, name: Arc<str>) -> Arc<str> {
    if let Some(held) = names.get(&name) {
        return Arc::clone(held);
    }
    names.insert(Arc::clone(&name));
    name
}

/// By what an article is told from others. Feeds change the spelling of an address, from `http` to `https` or by what a campaign appends, and mean the same
/// article.
pub(super) fn key(id: &str) -> String {
    match Url::parse(id) {
        Ok(url) if source::is_web(&url) => links::key(&url),
        _ => id.to_owned(),
    }
}

/// The same of another spelling, if two are kept.
fn key_beside(id: &str) -> String {
    format!("\n{id}")
}

impl Archive {
    /// What is kept of the article that its source calls `id`, also if it was withdrawn.
    pub(super) fn known(&self, id: &str) -> Option<&Slip> {
        self.slips.get(&key(id)).map(Arc::as_ref)
    }

    /// What the source called the article when it first told of it: by that it is placed.
    pub(super) fn first_id(&self, id: &str) -> Option<&str> {
        Some(&self.known(id)?.id)
    }

    /// Articles of this very moment, other than those `now` called by their ids: the site of a newsroom moves when it is
    /// blocked, and then all its addresses are new. It may also be that two have it in common.
    pub(super) fn of_moment(&self, published: Timestamp, now: &BTreeSet<String>) -> Vec<&Slip> {
        let is_of_then = |(known_as, slip): &(&String, &Arc<Slip>)| {
            let story = slip.story.as_ref();
            story.is_some_and(|story| story.published == published)
                && !now.contains(&*slip.id)
                && **known_as == key(&slip.id)
        };
        let of_then = self.slips.iter().filter(is_of_then);
        of_then.map(|(_, slip)| &**slip).collect()
    }

    /// The article that its source calls `id`, unless it was withdrawn.
    pub(super) fn shown(&self, id: &str) -> Option<&Slip> {
        self.known(id).filter(|slip| slip.is_shown())
    }

    /// Whether it was withdrawn and still is, so that nothing of it is wanted.
    pub(super) fn is_gone(&self, id: &str, withdrawals: &Withdrawals<'_>) -> bool {
        let gone = self.known(id).filter(|slip| !slip.is_shown());
        gone.is_some_and(|slip| !slip.meant_by(withdrawals).is_empty())
    }

    /// What was withdrawn and still is, by all that it said.
    pub(super) fn silenced(&self, withdrawals: &Withdrawals<'_>) -> HashMap<Mark, Vec<&Slip>> {
        let slips = self.slips.values().map(Arc::as_ref);
        let said = slips.filter_map(|slip| Some((slip.said()?, slip)));
        let is_gone = |(_, slip): &(Mark, &Slip)| !slip.meant_by(withdrawals).is_empty();
        let mut silenced: HashMap<Mark, Vec<&Slip>> = HashMap::new();
        for (said, slip) in said.filter(is_gone) {
            silenced.entry(said).or_default().push(slip);
        }
        // Of a copy and what it is one of the latter first, which has fewer names.
        for gone in silenced.values_mut() {
            gone.sort_by_key(|slip| slip.names().len());
        }
        silenced
    }

    /// How many were withdrawn that have names besides their own.
    pub(super) fn followers(&self) -> usize {
        let gone = self.slips.values().filter(|slip| !slip.is_shown());
        gone.filter(|slip| slip.has_other_names()).count()
    }

    pub(super) fn holds(&self, id: &str) -> bool {
        self.shown(id).is_some()
    }

    /// Whether nobody but its source says that it lies there.
    pub(super) fn is_hearsay(&self, id: &str) -> bool {
        let shown = self.shown(id);
        shown.is_some_and(|slip| slip.alone_says().is_some())
    }

    /// The headline under which the article was shown before, if somebody has seen it where it lies.
    pub(super) fn title(&self, id: &str) -> Option<String> {
        let seen = self.shown(id).filter(|slip| slip.alone_says().is_none());
        Some(seen?.line().ok()?.story?.title)
    }

    /// How the article was when it was last seen, beside what it is `now`.
    pub(super) fn before(&self, id: &str, is_fleeting: bool, now: &Saying<'_>) -> Option<Before> {
        if !is_fleeting {
            return self.texts.before(id, now);
        }
        let line = self.shown(id)?.line().ok()?;
        let story = line.story?;
        let is_alike = line.read_by.as_deref() == Some(PROGRAM);
        let is_same = is_alike && now.is(&story.title, &story.body);
        let adds = || {
            let shown = Wording::of(&story.title, &story.body);
            let before: Vec<_> = [&shown].into_iter().chain(&line.left_out).collect();
            now.wording().adds_to(&before)
        };
        Some(Before {
            is_same,
            says_less: is_alike && !is_same && adds(),
            updated: story.updated,
            left_out: line.left_out,
        })
    }

    /// The date under which the article was shown before.
    pub(super) fn published(&self, id: &str) -> Option<Timestamp> {
        let story = self.known(id).and_then(|slip| slip.story.as_ref());
        story
            .map(|story| story.published)
            .or_else(|| self.dates.of(id))
    }

    /// Whether a page of a folder that tells no date was given one before.
    pub(super) fn has_given_date(&self, id: &str) -> bool {
        self.dates.of(id).is_some()
    }

    /// What lies at each place, also what was withdrawn.
    pub(super) fn places(&self) -> HashMap<&SitePath, &Slip> {
        let slips = self.slips.values();
        slips.map(|slip| (&slip.path, &**slip)).collect()
    }

    /// How many [`Self::addresses`] there are at most.
    pub(super) fn most_addresses(&self) -> usize {
        self.slips.len() * 2
    }

    /// What is shown, by the address of the original.
    pub(super) fn addresses(&self) -> impl Iterator<Item = (Url, &Slip)> {
        let slips = self.slips.values().map(Arc::as_ref);
        let shown = slips.filter(|slip| slip.is_shown());
        shown.flat_map(|slip| slip.addresses().map(move |url| (url, slip)))
    }
}

impl Archive {
    /// Takes up what was gathered, and gives everything that the newsroom shows. Nothing is written yet.
    pub fn stock(
        &mut self,
        gathered: Gathered,
        withdrawn: &[Withdrawn],
        previous: Option<&VerifiedEdition>,
        drawer: &Drawer,
    ) -> Result<Stock, ArchiveError> {
        // Step 1.
        for id in &gathered.taken_over {
            self.slips.remove(&key(id));
        }
        let fresh: HashSet<SitePath> = gathered.articles.iter().map(|a| a.path.clone()).collect();
        let mut from_folders = self.take(gathered.articles);
        self.dates.add(gathered.undated);
        self.texts.add(gathered.said);
        let new: HashSet<&SitePath> = gathered.pictures.iter().map(|(path, _)| path).collect();
        // Step 2.
        let own = |slip: &Slip| !slip.is_fleeting && !gathered.has_crawl;
        let tellers = &gathered.tellers;
        let takes_along = |gone: &Slip, copy: &Slip| own(gone) || tellers.takes_along(gone, copy);
        let mut withdrawals = Withdrawals::of(withdrawn);
        self.tell_copies(&mut withdrawals, &from_folders, tellers);
        let others = &mut from_folders;
        let out = self.withdraw(withdrawn, &withdrawals, others, previous, &takes_along)?;
        self.give_way(&mut from_folders);
        self.settle();
        self.forget_texts(!out.taken_back.is_empty());
        let mut stock = Stock {
            unknown: out.unknown,
            copies: out.copies,
            alike: out.alike,
            beside: out.beside,
            several: out.several,
            taken_back: out.taken_back,
            withdrawn: self.graves(),
            graves: self.buried().cloned().collect(),
            ..Stock::default()
        };
        // Step 3.
        for slip in self.slips.values_mut() {
            if !fresh.contains(&slip.path) {
                Arc::make_mut(slip).keep_pictures(&new, previous, &mut stock, drawer)?;
            }
        }
        let slips = self.slips.values().filter(|slip| slip.is_shown());
        stock.articles = from_folders;
        drop(stock.articles.splice(..0, slips.cloned()));
        stock.articles.sort_by(|a, b| a.path.cmp(&b.path));
        stock.pictures = shown_among(gathered.pictures, &stock.articles);
        // Nor is it kept: a source could fill the disk with it.
        let gone = room::make_room(&mut stock, &gathered.tellers, ROOMS);
        self.slips.retain(|_, slip| !gone.contains(&slip.path));
        let kept = stock.articles.iter();
        stock.kept_articles = kept.filter(|slip| !fresh.contains(&slip.path)).count();
        Ok(stock)
    }

    /// Gives those that no feed told of; they are not kept.
    fn take(&mut self, mut gathered: Slips) -> Slips {
        for slip in gathered.extract_if(.., |slip| slip.is_fleeting) {
            self.slips.insert(key(&slip.id), slip);
        }
        gathered
    }

    /// Each place has one article: the one of a folder or an inbox, unless what was kept there is withdrawn. That may have been
    /// known by two names, of which the address stays.
    fn give_way(&mut self, others: &mut Slips) {
        for slip in others.iter() {
            // Nobody but a feed says that it lies there, and this one does.
            if self.is_hearsay(&slip.id) {
                self.slips.remove(&key(&slip.id));
            }
        }
        let mut gone: HashMap<SitePath, String> = HashMap::new();
        for (key, slip) in self.slips.iter().filter(|(_, slip)| !slip.is_shown()) {
            let has_address = slip.addresses().next().is_some();
            if has_address || !gone.contains_key(&slip.path) {
                gone.insert(slip.path.clone(), key.clone());
            }
        }
        others.retain(|slip| !gone.contains_key(&slip.path));
        let others: HashSet<&SitePath> = others.iter().map(|slip| &slip.path).collect();
        self.slips.retain(|key, slip| match slip.is_shown() {
            true => !others.contains(&slip.path) && !gone.contains_key(&slip.path),
            false => gone.get(&slip.path) == Some(key),
        });
    }

    /// Tells what is on mirrors from what is others'.
    fn tell_copies(&self, withdrawals: &mut Withdrawals<'_>, others: &Slips, tellers: &Tellers) {
        if !withdrawals.are_in_doubt() {
            return;
        }
        tellers.hosts().for_each(|host| withdrawals.meet_host(host));
        for slip in self.slips.values().chain(others) {
            slip.all_addresses().for_each(|url| withdrawals.meet(&url));
        }
    }

    /// `takes_along`: whether what is withdrawn and its copy go together.
    fn withdraw(
        &mut self,
        withdrawn: &[Withdrawn],
        withdrawals: &Withdrawals<'_>,
        others: &mut Slips,
        previous: Option<&VerifiedEdition>,
        takes_along: &dyn Fn(&Slip, &Slip) -> bool,
    ) -> Result<TakenOut, ArchiveError> {
        let (mut known, mut taken) = (HashSet::new(), BTreeMap::new());
        let mut is_meant = |slip: &Slip| {
            let by = slip.meant_by(withdrawals);
            known.extend(by.iter().copied());
            if !by.is_empty() && slip.is_shown() {
                for number in slip.named_by(withdrawals) {
                    let taken: &mut BTreeSet<SitePath> = taken.entry(number).or_default();
                    taken.insert(slip.path.clone());
                }
            }
            !by.is_empty()
        };
        let meant = self.slips.iter().filter(|(_, slip)| is_meant(slip));
        let mut meant: HashSet<String> = meant.map(|(key, _)| key.clone()).collect();
        for slip in others.extract_if(.., |slip| is_meant(slip)) {
            let key = key(&slip.id);
            meant.insert(key.clone());
            self.slips.insert(key, slip);
        }
        let Copies { go: copies, stay } = self.copies(&meant, others, takes_along)?;
        for (key, other) in &copies {
            meant.insert(key.clone());
            self.slips
                .entry(key.clone())
                .and_modify(|slip| Arc::make_mut(slip).follow(other));
        }
        let gone = self
            .slips
            .iter_mut()
            .filter(|(key, _)| meant.contains(*key));
        let taken_back = gone.filter_map(|(_, slip)| Arc::make_mut(slip).let_go().transpose());
        let mut taken_back = taken_back.collect::<Result<Vec<_>, _>>()?;
        self.slips
            .retain(|key, slip| slip.is_shown() || meant.contains(key));
        let strange = withdrawn.iter().enumerate();
        let strange = strange.filter_map(|(number, one)| (!known.contains(&number)).then_some(one));
        let mut unknown = Vec::new();
        for one in strange {
            match previous.and_then(|previous| self.shown_in(previous, one.id(), others)) {
                Some((slip, had)) => {
                    taken_back.push(had);
                    self.slips.insert(key(&slip.id), slip.into());
                }
                None => unknown.push(one.clone()),
            }
        }
        let name = |(key, one): (String, Arc<Slip>)| {
            Some((self.slips.get(&key)?.id.to_string(), one.id.to_string()))
        };
        let taken = taken.into_iter().filter(|(_, places)| places.len() > 1);
        let several = taken.filter_map(|(number, places)| {
            Some((withdrawn.get(number)?.clone(), places.into_iter().collect()))
        });
        Ok(TakenOut {
            unknown,
            copies: copies.into_iter().filter_map(name).collect(),
            alike: stay,
            beside: self.beside(withdrawn, withdrawals, others),
            several: several.collect(),
            taken_back,
        })
    }

    /// What says the same as one of those that are meant and shown until now.
    fn copies(
        &self,
        meant: &HashSet<String>,
        others: &Slips,
        takes_along: &dyn Fn(&Slip, &Slip) -> bool,
    ) -> Result<Copies, ArchiveError> {
        let going = meant.iter().filter_map(|key| self.slips.get(key));
        let mut copies = Copies::default();
        for one in going.filter(|slip| slip.is_shown()) {
            let may_be =
                |(key, slip): &(&String, &Arc<Slip>)| !meant.contains(*key) && slip.may_copy(one);
            let says = one.says()?;
            let mut stays = |slip: &Slip| {
                let called = (slip.id.to_string(), one.id.to_string());
                copies.stay.push(called);
            };
            for (key, slip) in self.slips.iter().filter(may_be) {
                if slip.says()? == says {
                    match takes_along(one, slip) {
                        true => copies.go.push((key.clone(), one.clone())),
                        false => stays(slip),
                    }
                }
            }
            let others = others.iter().filter(|slip| slip.may_copy(one));
            let alike = others.filter(|slip| slip.says().is_ok_and(|it| it == says));
            alike.for_each(|slip| stays(slip));
        }
        // It may say the same as two of them.
        let going = copies.go.iter().filter_map(|(key, _)| self.slips.get(key));
        let going: HashSet<&str> = going.map(|slip| &*slip.id).collect();
        copies.stay.retain(|(name, _)| !going.contains(&**name));
        copies.stay.sort();
        Ok(copies)
    }

    /// What is shown in places like which the addresses of others end.
    fn beside(
        &self,
        withdrawn: &[Withdrawn],
        withdrawals: &Withdrawals<'_>,
        others: &Slips,
    ) -> Vec<(Withdrawn, SitePath)> {
        if !withdrawals.are_in_doubt() {
            return Vec::new();
        }
        let shown = self.slips.values().filter(|slip| slip.is_shown());
        let shown = shown.chain(others);
        let found = shown.flat_map(|slip| {
            let like = withdrawals.ending_like(&slip.path);
            let of = move |number: usize| Some((withdrawn.get(number)?.clone(), slip.path.clone()));
            like.filter_map(of)
        });
        found.collect()
    }

    /// What the pages of folders said of which only names are to be left. `is_new`: whether there are more of them than
    /// before.
    fn forget_texts(&mut self, is_new: bool) {
        let gone = self.slips.values().filter(|slip| !slip.is_shown());
        let places = gone.map(|slip| folder_of(&slip.path));
        let slugs = places.filter_map(|folder| folder.rsplit('/').next());
        self.texts.forget(&slugs.collect(), is_new);
    }

    /// What is left of the article that its source calls `id`, if an edition shows it, and by what it can be found elsewhere.
    fn shown_in(
        &self,
        edition: &VerifiedEdition,
        id: &str,
        others: &Slips,
    ) -> Option<(Slip, TakenBack)> {
        // Behind its short address another one may lie, and of that it is known that it is another.
        let is_free = |path: &&SitePath| {
            let mut all = self.slips.values().chain(others);
            !all.any(|slip| slip.path == **path)
        };
        let path = [slug::long_slug(id), slug::slug(id)]
            .iter()
            .find_map(|slug| self.place_in(edition, slug).filter(is_free))?;
        let page = edition.content(edition.file(path)?);
        let beside = |other: &SitePath| other != path && folder_of(other) == folder_of(path);
        let pictures = edition.files().filter(|(other, _)| beside(other));
        let pictures = pictures.map(|(_, entry)| entry.digest).collect();
        let had = TakenBack::of_page(path, &String::from_utf8_lossy(&page), pictures);
        let slip = Slip::of_withdrawn(&Line {
            path: path.clone(),
            id: id.to_owned(),
            source: None,
            also: Vec::new(),
            told_by: None,
            is_hearsay: false,
            own_id: None,
            read_by: None,
            left_out: None,
            story: None,
            language: Some(Tongue(Language::of_page(&page)?)),
            said: None,
        });
        Some((slip, had))
    }

    /// The page that an edition shows behind this last part of its address.
    fn place_in<'e>(&self, edition: &'e VerifiedEdition, slug: &str) -> Option<&'e SitePath> {
        let end = format!("/{slug}/index.html");
        let is_its = |path: &&SitePath| {
            let newsroom = path.as_str().split('/').next();
            newsroom == Some(self.newsroom.as_str()) && path.as_str().ends_with(&end)
        };
        edition.files().map(|(path, _)| path).find(is_its)
    }

    fn graves(&self) -> Vec<(SitePath, Language)> {
        let named = self
            .buried()
            .filter_map(|slip| Some((slip.path.clone(), slip.language()?.clone())));
        named.collect()
    }

    /// Those withdrawn articles in the place of which a page says so.
    fn buried(&self) -> impl Iterator<Item = &Arc<Slip>> {
        let gone = self.slips.values().filter(|slip| !slip.is_shown());
        gone.filter(|slip| slip.language().is_some())
    }
}

/// Pictures lie beside the page that shows them.
fn shown_among(
    mut pictures: Vec<(SitePath, Finished)>,
    shown: &[Arc<Slip>],
) -> Vec<(SitePath, Finished)> {
    let folders: HashSet<&str> = shown.iter().map(|slip| folder_of(&slip.path)).collect();
    pictures.retain(|(path, _)| folders.contains(folder_of(path)));
    pictures
}

pub(super) fn folder_of(path: &SitePath) -> &str {
    let split = path.as_str().rsplit_once('/');
    split.map_or("", |(folder, _)| folder)
}

impl Slip {
    /// Lets go of pictures that are neither `new` nor in the edition before.
    fn keep_pictures(
        &mut self,
        new: &HashSet<&SitePath>,
        previous: Option<&VerifiedEdition>,
        stock: &mut Stock,
        drawer: &Drawer,
    ) -> Result<(), ArchiveError> {
        if !self.story.as_ref().is_some_and(|story| story.has_pictures) {
            return Ok(());
        }
        let mut line = self.line()?;
        let Some(story) = &mut line.story else {
            return Ok(());
        };
        let had = story.pictures.len();
        story.pictures.retain(|shown| {
            if new.contains(&shown.path) {
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
        if story.pictures.len() < had {
            *self = Self::of(&line, self.is_fleeting, drawer);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
