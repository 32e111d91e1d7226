//! Where each article lies in the site, and which of them a link means.
//!
//! 1. An article keeps the place that it had, also when its source calls it something else by now: one that
//!    [may change it](super::tellers). What any other source tells in the same words is left out and named, and what was kept
//!    stays as it is: that source could put in its own words later. But one that stands before who told it has an article of
//!    its own where it is at home: else a partner who is faster could keep the newsroom's article out.
//!    It has another address if it has the same title, moment and text as before: headlines such as "News in brief" come
//!    again, and many feeds tell no hour. Or if its source gives it an id besides the address, and gave that one the same: a name
//!    may have been taken out of headline and address. One that only says much of what another of that moment did is named.
//!    What says the same as an article that was withdrawn goes with it, unless its source stands before that one's: it has
//!    its names from then on.
//! 2. Two sources of one article make one article: the first has the place.
//! 3. Of two articles with the same address the later one has a longer one: whoever tells an article must not be able to
//!    keep another's out.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use url::Url;

use super::archive::{Archive, Slip};
use super::draft::{Background, Copy, Draft};
use super::gather::{Gathered, Skipped, named_first};
use super::links::Inside;
use super::slug;
use super::tellers::Tellers;
use super::withdrawn::Withdrawals;
use super::wording::Wording;
use crate::base::SitePath;
use crate::edition::VerifiedEdition;
use crate::site::Article;

pub struct Placed {
    pub draft: Box<Draft>,
    pub path: SitePath,
}

#[expect(
    clippy::vec_box,
    reason = "there may be very many, and a list that grows holds everything twice for a moment"
)]
pub fn placed(
    drafts: Vec<Box<Draft>>,
    background: Background<'_>,
    tellers: &Tellers,
    withdrawals: &Withdrawals<'_>,
    gathered: &mut Gathered,
) -> Vec<Placed> {
    let archive = background.archive;
    // Only what was kept can have moved, and not what is still where it was, though it cannot be read today.
    let unread = gathered.stale.iter().map(|stale| stale.what.clone());
    let now: BTreeSet<String> = match archive.is_there() {
        true => drafts
            .iter()
            .map(|draft| draft.id.clone())
            .chain(unread)
            .filter(|id| archive.holds(id))
            .collect(),
        false => BTreeSet::new(),
    };
    let before = archive.places();
    let silenced = archive.silenced(withdrawals);
    let mut taken = HashSet::with_capacity(drafts.len());
    let mut placed = Vec::with_capacity(drafts.len());
    let mut copies: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for mut draft in drafts {
        let is_new = draft.is_fleeting() && !archive.holds(&draft.id);
        let said = (is_new && !silenced.is_empty()).then(|| draft.said());
        let gone = said.flatten().and_then(|said| silenced.get(&said));
        let goes_with = |gone: &&&Slip| tellers.goes_with(draft.terms.source, gone);
        if let Some(gone) = gone.and_then(|gone| gone.iter().find(goes_with)) {
            draft.copied = gone.names().into();
        } else if is_new {
            let gone = gone.and_then(|gone| gone.first());
            gathered.odd.extend(gone.map(|gone| stays(&draft, gone)));
            let then = archive.of_moment(draft.published, &now);
            // Few have the same moment, so the text is rarely asked for.
            let copy = then.first().and_then(|_| draft.copy());
            match copy.map(|copy| went_on(&draft, &copy, &then, tellers)) {
                None | Some(WentOn::New) => {}
                Some(WentOn::As(kept)) => draft.go_on_as(kept),
                Some(WentOn::Renamed(kept)) => {
                    gathered.odd.push(renamed(&draft, kept));
                    draft.go_on_as(kept);
                }
                Some(WentOn::Beside(kept)) => gathered.odd.push(beside(&draft, kept)),
                Some(WentOn::Copied) => {
                    let source = draft.terms.source;
                    copies.entry(source).or_default().push(draft.id);
                    continue;
                }
            }
        }
        let is_free = |path: &SitePath| {
            let had = before.get(path);
            !taken.contains(path) && !had.is_some_and(|had| is_anothers(had, &draft))
        };
        match place(&draft, background, is_free) {
            Ok(path) => {
                let path = shared(path, background.previous);
                taken.insert(path.clone());
                placed.push(Placed { draft, path });
            }
            Err(why) => gathered.skipped.push(Skipped {
                what: draft.id,
                why: why.into(),
            }),
        }
    }
    let copies = copies
        .into_values()
        .filter_map(|left_out| copied(&left_out));
    gathered.stale.extend(copies);
    placed
}

/// What one source tells in the words of others, in one sentence: a partner may copy many.
fn copied(left_out: &[String]) -> Option<Skipped> {
    Some(Skipped {
        what: named_first(left_out)?,
        why: "it says the same as another article, which another source told first or stands before this one".into(),
    })
}

/// What is said of what says the same as an article of another source that was withdrawn.
fn stays(draft: &Draft, gone: &Slip) -> Skipped {
    Skipped {
        what: draft.id.clone(),
        why: format!(
            "it says the same as `{}`, which is withdrawn, but its source stands before that one's, so it is shown: \
             withdraw it too, if it shall go",
            gone.id
        ),
    }
}

/// The first place that `is_free`, or why there is none.
fn place(
    draft: &Draft,
    background: Background<'_>,
    is_free: impl Fn(&SitePath) -> bool,
) -> Result<SitePath, &'static str> {
    let mut paths = places(draft, background).peekable();
    paths.peek().ok_or("it can have no address")?;
    let free = paths.find(is_free);
    free.ok_or("another article has the same address")
}

/// Where it can lie: where it lay, or else behind its short address or its long one.
fn places(draft: &Draft, background: Background<'_>) -> impl Iterator<Item = SitePath> {
    let newsroom = &background.newsroom.id;
    let place = move |slug: String| Article::place(newsroom, draft.published, draft.clock, &slug);
    let short = place(slug::slug(&draft.id));
    let long = move || place(slug::long_slug(&draft.id));
    let kept = background.archive.shown(&draft.id).map(|kept| &kept.path);
    let was_long =
        kept.is_some_and(|kept| Some(kept) != short.as_ref() && Some(kept) == long().as_ref());
    let first = was_long.then(long).flatten();
    let rest = std::iter::once_with(long).flatten();
    first.into_iter().chain(short).chain(rest)
}

/// Whether what lies in a place is another article than this one. One that was withdrawn keeps its place; of those in
/// folders it may be known by another name.
fn is_anothers(had: &Slip, draft: &Draft) -> bool {
    *had.id != *draft.id && (had.is_shown() || draft.is_fleeting())
}

/// The same path as the edition before holds it, which takes no more memory.
fn shared(path: SitePath, previous: Option<&VerifiedEdition>) -> SitePath {
    let signed = previous.and_then(|previous| previous.proof().files().get_key_value(&path));
    signed.map_or_else(|| path.clone(), |(held, _)| held.clone())
}

/// Pages on a disk that give themselves the address of another: only one of them can have the links that lead there.
pub fn namesakes(placed: &[Placed]) -> Vec<Skipped> {
    let drafts = placed.iter().map(|one| &*one.draft);
    let mut saying: Vec<&Draft> = drafts
        .filter(|draft| !draft.is_fleeting() && draft.canonical.is_some())
        .collect();
    saying.sort_by_key(|draft| &draft.canonical);
    let mut found = Vec::new();
    for alike in saying.chunk_by(|one, other| one.canonical == other.canonical) {
        let [first, others @ ..] = alike else {
            continue;
        };
        let said = first.canonical.as_deref().unwrap_or_default();
        found.extend(others.iter().map(|draft| Skipped {
            what: draft.id.clone(),
            why: format!(
                "it says that its address is `{said}`, and so does `{}`, which gets all links to it",
                first.id
            ),
        }));
    }
    found
}

/// What a draft that nobody knows by its name is of those articles of its moment that nobody names now.
enum WentOn<'a> {
    New,
    As(&'a Slip),
    /// The same, by the id that its source gives it: it has another headline and another address.
    Renamed(&'a Slip),
    /// It says much of what this one does, so it may be the same.
    Beside(&'a Slip),
    /// Another source's words, which are there already.
    Copied,
}

/// So many are looked at for their words alone.
const LOOKED_AT: usize = 20;

fn went_on<'a>(draft: &Draft, copy: &Copy, then: &[&'a Slip], tellers: &Tellers) -> WentOn<'a> {
    let (teller, base) = (draft.teller.as_deref(), draft.base());
    let titled = || {
        let then = then.iter().copied();
        then.filter(|kept| kept.is_titled(&copy.title))
    };
    let may_move = |kept: &&Slip| teller.is_none_or(|one| tellers.may_move(one, &base, kept));
    let is_alike = |kept: &&Slip| is_alike(copy, kept).unwrap_or_default();
    let is_called_alike = |kept: &&Slip| {
        let own_id = || kept.line().ok()?.own_id;
        copy.own_id.is_some() && copy.own_id == own_id()
    };
    let keeps_it_out = |kept: &&Slip| {
        let teller = teller.filter(|_| draft.is_at_home());
        !teller.is_some_and(|teller| tellers.stands_before(teller, kept))
    };
    let says_the_same = |kept: &Slip| says_the_same(copy, kept).unwrap_or_default();
    if let Some(kept) = titled().filter(may_move).find(is_alike) {
        return WentOn::As(kept);
    }
    let movable = then.iter().copied().filter(may_move);
    if let Some(kept) = movable.clone().find(is_called_alike) {
        return WentOn::Renamed(kept);
    }
    if titled().filter(keeps_it_out).any(says_the_same) {
        return WentOn::Copied;
    }
    let mut own = movable.filter(|kept| kept.told_by.as_deref() == draft.told_by());
    match own.by_ref().take(LOOKED_AT).find(is_alike) {
        Some(kept) => WentOn::Beside(kept),
        None => WentOn::New,
    }
}

fn renamed(draft: &Draft, kept: &Slip) -> Skipped {
    Skipped {
        what: draft.id.clone(),
        why: format!(
            "its source calls it by the id that `{}` had, so it is shown in place of that one, and keeps its address `{}`",
            kept.id, kept.path
        ),
    }
}

fn beside(draft: &Draft, kept: &Slip) -> Skipped {
    Skipped {
        what: draft.id.clone(),
        why: format!(
            "it has its moment and much of its text in common with `{}`, which its source does not name any more and which stays \
             in the site; if this one was to replace that one, name that one under `withdrawn`",
            kept.id
        ),
    }
}

fn says_the_same(copy: &Copy, kept: &Slip) -> Option<bool> {
    let story = kept.line().ok()?.story?;
    Some(Wording::of(&copy.title, &copy.read.html) == Wording::of(&story.title, &story.body))
}

fn is_alike(copy: &Copy, kept: &Slip) -> Option<bool> {
    let story = kept.line().ok()?.story?;
    let [now, then] = [&copy.read.html, &story.body].map(|html| Wording::of_lines(html));
    Some(now?.is_alike(&then?))
}

/// By which addresses articles link each other. An article has those at which it was found, and not whatever somebody
/// says: a link that an editor has set must not lead to a stranger's page.
pub fn inside(placed: &[Placed], archive: &Archive) -> Inside {
    let found = placed.iter().flat_map(|Placed { draft, path }| {
        // Links to a feed mean the feed.
        let lies = draft.has_original || !draft.is_fleeting();
        let lies = lies.then(|| draft.base());
        let lies = lies.into_iter().chain(Url::parse(&draft.id));
        lies.map(move |url| (url, draft.alone_says(), path))
    });
    let kept = archive.addresses();
    let kept = kept.map(|(url, kept)| (url, kept.alone_says(), &kept.path));
    // What a page claims to be comes last, so that it takes no other's address.
    let claimed = placed.iter().filter_map(|Placed { draft, path }| {
        let canonical = draft.canonical_url();
        Some((canonical.filter(|url| draft.may_claim(url))?, None, path))
    });
    let most = placed.len() * 3 + archive.most_addresses();
    Inside::of(most, found.chain(kept).chain(claimed))
}
