//! Everything that sources offer, as articles of a site.
//!
//! 1. Ask every source what it offers; one that gives nothing is reported and the others go on. What it
//!    [may not change](super::tellers) is left as it was kept.
//! 2. Read the pages, several at a time, and leave out what stands on many of them.
//! 3. Give each article its place; two sources of one article make one article.
//! 4. Have the pictures of an article made and clean its HTML, several articles at a time.
//!
//! Of an article no more is held in memory than tells it from others: its text lies in the drawer.

use std::collections::{BTreeMap, HashSet};
use std::iter::Peekable;

use futures_util::StreamExt;
use futures_util::stream;

use super::archive::{self, Archive, Said, Slip, Slips};
use super::draft::{self, Background, Draft, Furniture};
use super::extract::LeftOut;
use super::fetching::Getter;
use super::galley::Galley;
use super::mark::Mark;
use super::placing::{Placed, inside, namesakes, placed};
use super::reading;
use super::source::{self, Offer, Source, SourceError};
use super::studio::{Finished, Studio};
use super::tellers::Tellers;
use super::withdrawn::{Withdrawals, Withdrawn};
use super::withheld::Withheld;
use crate::base::{SitePath, Timestamp};

#[derive(Debug, Clone)]
pub struct Options {
    /// Pages that are fetched or read at a time.
    pub pages_at_once: usize,
    /// Pictures that are encoded at a time: processors to use.
    pub encoders: usize,
    /// Pictures that one article may show; further ones are left out.
    pub pictures_per_article: usize,
    /// Of these nothing is asked for once they are known to be withdrawn.
    pub withdrawn: Vec<Withdrawn>,
}

/// Each takes some 10 MB while it works.
const MOST_ENCODERS: usize = 8;

impl Default for Options {
    fn default() -> Self {
        Self {
            pages_at_once: 6,
            encoders: std::thread::available_parallelism()
                .map_or(2, usize::from)
                .min(MOST_ENCODERS),
            pictures_per_article: 60,
            withdrawn: Vec::new(),
        }
    }
}

/// What gathering brought.
#[derive(Debug, Default)]
pub struct Gathered {
    /// In the order of the sources.
    pub articles: Slips,
    /// WebP files.
    pub pictures: Vec<(SitePath, Finished)>,
    /// Pages of folders that tell no date, and the one that they were given.
    pub undated: Vec<(Box<str>, Timestamp)>,
    /// What those say that lie with their source and did not say so before.
    pub said: Vec<Said>,
    /// Pages that are not in the edition.
    pub skipped: Vec<Skipped>,
    /// What was left out of pages since it stands on many of them.
    pub repeated: Vec<Repeated>,
    /// Pictures that articles in the edition go without.
    pub lost_pictures: Vec<LostPicture>,
    /// Pages that the archive holds and that could not be read anew: they are shown as they were.
    pub stale: Vec<Skipped>,
    /// Articles in the edition of which something is odd.
    pub odd: Vec<Skipped>,
    /// What was kept of these articles gives way, wherever it lies: another source told it.
    pub taken_over: Vec<String>,
    /// Articles that a source takes back, by their addresses or other names.
    pub withdrawn: Vec<String>,
    /// Sources that gave nothing at all.
    pub failed: Vec<Failed>,
    /// Those sources that forget.
    pub tellers: Tellers,
    /// Whether one of the others is a crawl, which may hold what strangers say.
    pub has_crawl: bool,
}

/// A source that gave nothing at all, and why.
#[derive(Debug)]
pub struct Failed {
    pub source: Source,
    pub error: SourceError,
}

impl Failed {
    /// Without what of its address is shown nowhere.
    pub fn why(&self) -> String {
        let mut why = self.error.to_string();
        let withheld = self.source.address().map(Withheld::of);
        withheld.unwrap_or_default().removed(&mut why);
        why
    }
}

/// A page that is not in the edition. Both texts are for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    pub what: String,
    pub why: String,
}

/// What was left out of pages since it stands on many of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeated {
    /// How it begins, or the address of the picture.
    pub what: String,
    pub pages: usize,
}

/// A picture that an article goes without. All texts are for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostPicture {
    pub article: String,
    /// On the web, or below the folder that is the source.
    pub picture: String,
    pub why: String,
}

/// How far gathering has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Reading { done: usize, of: usize },
    Pictures { done: usize, of: usize },
}

/// Gathers the articles of one newsroom.
pub async fn gather(
    getter: &Getter<'_>,
    sources: &[Source],
    background: Background<'_>,
    options: &Options,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Gathered {
    let mut gathered = Gathered::default();
    let tellers = Tellers::of(sources);
    let offers = offers(sources, &tellers, getter, background, &mut gathered).await;
    let withdrawn = withdrawn(options, &gathered);
    let withdrawals = Withdrawals::of(&withdrawn);
    let offers = wanted(offers, background.archive, &withdrawals);
    let reading = Reading {
        sources,
        getter,
        background,
        at_once: options.pages_at_once.max(1),
    };
    let drafts = reading.drafts(offers, &mut gathered, progress).await;
    let mut placed = placed(drafts, background, &tellers, &withdrawals, &mut gathered);
    gathered.odd.extend(namesakes(&placed));
    gathered
        .skipped
        .extend(taken_back(&mut placed, &withdrawn, background.archive));
    finish(placed, getter, background, options, &mut gathered, progress).await;
    gathered.tellers = tellers;
    gathered.has_crawl = sources.iter().any(Source::is_crawl);
    gathered
}

// Step 1.
async fn offers(
    sources: &[Source],
    tellers: &Tellers,
    getter: &Getter<'_>,
    background: Background<'_>,
    gathered: &mut Gathered,
) -> Vec<Box<Offer>> {
    let name = |id: &str| Mark::of(&[archive::key(id).as_bytes()]);
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    let mut foreign = Vec::new();
    for (place, source) in (0..).zip(sources) {
        let (drawer, skipped) = (background.drawer, &mut gathered.skipped);
        match source::discover(source, place, getter, drawer, skipped).await {
            Ok(found) => {
                gathered.withdrawn.extend(found.withdrawn);
                let mut refused = Vec::new();
                for mut offer in found.offers.into_iter().map(Box::new) {
                    name_apart(&mut offer, tellers, background.archive);
                    let kept = background.archive.shown(&offer.id);
                    // A crawl is of then, and no word of its newsroom.
                    if source.is_crawl()
                        && kept.is_some_and(|kept| tellers.owns_before(place, kept))
                    {
                        continue;
                    }
                    let teller = offer.teller.as_deref();
                    if let Some((teller, kept)) = teller.zip(kept) {
                        if !tellers.may_tell(teller, kept) {
                            let is_other = draft::is_other(&offer, kept, background).await;
                            let owner = tellers.page_is_of(teller, kept);
                            let Some(owner) = owner.filter(|_| offer.may_differ(is_other)) else {
                                refused.push((offer.id, is_other));
                                continue;
                            };
                            offer.tell_by_page(owner);
                        } else {
                            gathered
                                .odd
                                .extend(supplanted(&offer, kept, tellers, background).await);
                        }
                    }
                    let teller = offer.teller.as_deref();
                    offer.takes_over = kept.is_some_and(|kept| tellers.takes_over(teller, kept));
                    if seen.insert(name(&offer.id)) {
                        all.push(offer);
                    } else if offer.teller.is_none() && !source::is_web_address(&offer.id) {
                        gathered.skipped.push(Skipped {
                            what: offer.id,
                            why: "another source has an article of the same name".into(),
                        });
                    }
                }
                foreign.push((source, refused));
            }
            Err(error) => gathered.failed.push(Failed {
                source: source.clone(),
                error,
            }),
        }
    }
    for (source, mut refused) in foreign {
        // What another source tells in the same words is told by that one.
        refused.retain(|(id, is_other)| is_other.unwrap_or_else(|| !seen.contains(&name(id))));
        gathered.stale.extend(kept_from(source, &refused));
    }
    all
}

/// A name that is no address, such as a number, is one only together with who gave it: a partner must not be able to have the
/// newsroom's article taken for his. What was kept before that was so keeps its name and place.
fn name_apart(offer: &mut Offer, tellers: &Tellers, archive: &Archive) {
    let teller = offer.teller.as_deref();
    let Some(teller) = teller.filter(|_| !source::is_web_address(&offer.id)) else {
        return;
    };
    let name = teller.called(&offer.id);
    let kept = archive.known(&offer.id);
    let is_kept = kept.is_some_and(|kept| tellers.may_mean(teller, kept));
    if !is_kept || archive.known(&name).is_some() {
        offer.id = name;
    }
}

/// All but what was withdrawn before and still is: of that nothing shall be fetched, and nothing be kept in the cache.
#[expect(
    clippy::vec_box,
    reason = "each is let go of when it was read, and not all of them at the end"
)]
fn wanted(
    mut offers: Vec<Box<Offer>>,
    archive: &Archive,
    withdrawals: &Withdrawals<'_>,
) -> Vec<Box<Offer>> {
    offers.retain(|offer| !archive.is_gone(&offer.id, withdrawals));
    offers
}

fn withdrawn(options: &Options, gathered: &Gathered) -> Vec<Withdrawn> {
    let taken_back = gathered.withdrawn.iter().map(|id| Withdrawn::pushed(id));
    let named = options.withdrawn.iter().cloned();
    named.chain(taken_back).collect()
}

/// So many are noted as withdrawn that nobody withdrew by a name of their own. More are only left out, each time: a source
/// must not be able to fill the site with such notes.
const FOLLOWERS: usize = 1000;

/// What nobody withdrew by a name of its own. It goes on to be noted if there is room, or if it is kept: then it must go.
fn taken_back(
    placed: &mut Vec<Placed>,
    withdrawn: &[Withdrawn],
    archive: &Archive,
) -> Vec<Skipped> {
    if withdrawn.is_empty() {
        return Vec::new();
    }
    let withdrawals = Withdrawals::of(withdrawn);
    let mut room = FOLLOWERS.saturating_sub(archive.followers());
    let mut named = Vec::new();
    placed.retain(|Placed { draft, .. }| {
        let mut names = draft.also().into_iter();
        let by = names.find_map(|name| withdrawals.of_name(&name).first().copied());
        let Some(by) = by.and_then(|by| withdrawn.get(by)) else {
            return true;
        };
        let why = match draft.copied.is_empty() {
            true => "its page lies there too, or says so",
            false => "it says the same",
        };
        named.push(Skipped {
            what: draft.id.clone(),
            why: format!("`{by}` is withdrawn, and {why}"),
        });
        let has_room = room > 0;
        room = room.saturating_sub(1);
        has_room || archive.holds(&draft.id)
    });
    named
}

/// What is said of a source that takes over what one behind it told in other words. It is said once: then it is its own.
async fn supplanted(
    offer: &Offer,
    kept: &Slip,
    tellers: &Tellers,
    background: Background<'_>,
) -> Option<Skipped> {
    let teller = offer.teller.as_deref()?;
    let before = tellers.supplanted(teller, kept)?;
    let is_other = draft::is_other(offer, kept, background).await;
    is_other.unwrap_or_default().then(|| Skipped {
        what: offer.id.clone(),
        why: format!(
            "`{}` tells it from now on, in other words than `{}` did, which stands behind it in `colport.toml`",
            teller.shown, before.shown
        ),
    })
}

/// One sentence for all: a partner's feed may name many.
fn kept_from(source: &Source, refused: &[(String, Option<bool>)]) -> Option<Skipped> {
    let refused: Vec<_> = refused.iter().map(|(id, _)| &**id).collect();
    Some(Skipped {
        what: named_first(&refused)?,
        why: format!(
            "`{source}` tells it too, but it is another source's, which told it first or stands before it"
        ),
    })
}

/// The first of them, and how many there are.
pub fn named_first(ids: &[impl AsRef<str>]) -> Option<String> {
    let first = ids.first()?.as_ref();
    Some(match ids.len() {
        1 => first.to_owned(),
        number => format!("{first} (and {} more)", number - 1),
    })
}

// Step 2.
struct Reading<'a> {
    sources: &'a [Source],
    getter: &'a Getter<'a>,
    background: Background<'a>,
    at_once: usize,
}

impl Reading<'_> {
    #[expect(
        clippy::vec_box,
        reason = "each is let go of when it was read, and not all of them at the end"
    )]
    async fn drafts(
        &self,
        offers: Vec<Box<Offer>>,
        gathered: &mut Gathered,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Vec<Box<Draft>> {
        let of = offers.len();
        let (mut drafts, mut furniture) = (Vec::new(), Furniture::default());
        let mut done = 0;
        let mut offers = offers.into_iter().peekable();
        while offers.peek().is_some() {
            let looked_up = reading::looked_up(alike(&mut offers), self.background).await;
            let reading = looked_up
                .into_iter()
                .map(|(offer, head)| self.draft(offer, head));
            // In the order of the sources, so that the same input gives the same edition.
            let mut reading = stream::iter(reading).buffered(self.at_once);
            while let Some(read) = reading.next().await {
                done += 1;
                progress(Progress::Reading { done, of });
                match read {
                    Ok(mut draft) => {
                        furniture.count(&mut draft);
                        drafts.push(draft);
                    }
                    Err(skipped) => match self.background.archive.holds(&skipped.what) {
                        true => gathered.stale.push(skipped),
                        false => gathered.skipped.push(skipped),
                    },
                }
            }
        }
        furniture.leave_out(&mut drafts);
        drafts
    }

    async fn draft(
        &self,
        offer: Box<Offer>,
        head: Option<reading::Read>,
    ) -> Result<Box<Draft>, Skipped> {
        let source = offer.terms.source as usize;
        let teller = offer.teller.clone();
        let read = draft::draft(*offer, head, self.getter, self.background).await;
        read.map_err(|(what, error)| Skipped {
            what,
            why: match (error.is_of_time(), self.sources.get(source)) {
                // The same for all of them, so that it is said of all at once.
                (true, Some(source)) => format!(
                    "`{source}` takes too long for one run; what was not read of it is asked for in the next"
                ),
                _ => {
                    let mut why = error.to_string();
                    if let Some(teller) = teller {
                        teller.withheld.removed(&mut why);
                    }
                    why
                }
            },
        })
    }
}

/// The next ones whose pages lie with their source, as many as are looked up at a time; or all up to the next of those.
#[expect(clippy::vec_box, reason = "each is let go of when it was read")]
fn alike(offers: &mut Peekable<impl Iterator<Item = Box<Offer>>>) -> Vec<Box<Offer>> {
    let are_held = offers.peek().is_some_and(|next| next.is_held());
    let most = match are_held {
        true => reading::LOOKED_UP,
        false => usize::MAX,
    };
    let next = || offers.next_if(|next| next.is_held() == are_held);
    std::iter::from_fn(next).take(most).collect()
}

// Step 4.
async fn finish(
    placed: Vec<Placed>,
    getter: &Getter<'_>,
    background: Background<'_>,
    options: &Options,
    gathered: &mut Gathered,
    progress: &mut (dyn FnMut(Progress) + Send),
) {
    let inside = inside(&placed, background.archive);
    let studio = Studio::new(
        getter,
        background.cache,
        options.encoders,
        options.pictures_per_article,
    );
    let galley = Galley {
        studio: &studio,
        inside: &inside,
        background,
    };
    let of = placed.len();
    gathered.articles.reserve_exact(of);
    let finishing = placed.into_iter().map(|placed| galley.article(placed));
    let mut finishing = stream::iter(finishing).buffered(options.encoders.max(1) + 2);
    let mut counted = 0;
    let mut repeated = BTreeMap::new();
    while let Some(finished) = finishing.next().await {
        counted += 1;
        progress(Progress::Pictures { done: counted, of });
        match finished {
            Ok(one) => {
                gathered.undated.extend(one.undated);
                gathered.taken_over.extend(one.taken_over);
                gathered.said.extend(one.said);
                gathered.articles.push(one.slip);
                gathered.pictures.extend(one.pictures);
                gathered.lost_pictures.extend(one.lost_pictures);
                one.left_out
                    .into_iter()
                    .for_each(|left_out| count_in(&mut repeated, left_out));
            }
            Err(skipped) => gathered.skipped.push(skipped),
        }
    }
    gathered.repeated = repeated.into_values().collect();
    let most = |one: &Repeated| std::cmp::Reverse(one.pages);
    let repeated = &mut gathered.repeated;
    repeated.sort_by(|a, b| (most(a), &a.what).cmp(&(most(b), &b.what)));
}

fn count_in(repeated: &mut BTreeMap<u64, Repeated>, LeftOut { key, what, .. }: LeftOut) {
    let counted = repeated.entry(key).or_insert(Repeated { what, pages: 0 });
    counted.pages += 1;
}

#[cfg(test)]
mod tests;
