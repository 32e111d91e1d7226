//! Where each article lies in the site, and which of them a link means.
//!
//! 1. An article keeps the place that it had, also when its source calls it something else by now: one that
//!    [may change it](super::tellers). What any other source tells in the same words is left out, and what was kept stays
//!    as it is: that source could put in its own words later.
//!    It has another address if it has the same title, moment and text as before: headlines such as "News in brief" come
//!    again, and many feeds tell no hour.
//!    What says the same as an article that was withdrawn goes with it, unless its source stands before that one's: it has
//!    its names from then on.
//! 2. Two sources of one article make one article: the first has the place.
//! 3. Of two articles with the same address the later one has a longer one: whoever tells an article must not be able to
//!    keep another's out.

use std::collections::{BTreeSet, HashSet};

use url::Url;

use super::archive::{Archive, Slip};
use super::draft::{Background, Draft};
use super::gather::Skipped;
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
    stale: &[Skipped],
    skipped: &mut Vec<Skipped>,
    odd: &mut Vec<Skipped>,
) -> Vec<Placed> {
    let archive = background.archive;
    // Only what was kept can have moved, and not what is still where it was, though it cannot be read today.
    let unread = stale.iter().map(|stale| stale.what.clone());
    let now: BTreeSet<String> = match archive.is_there() {
        true => drafts
            .iter()
            .map(|draft| draft.id.clone())
            .chain(unread)
            .collect(),
        false => BTreeSet::new(),
    };
    let before = archive.places();
    let silenced = archive.silenced(withdrawals);
    let mut taken = HashSet::with_capacity(drafts.len());
    let mut placed = Vec::with_capacity(drafts.len());
    for mut draft in drafts {
        let is_new = draft.is_fleeting() && !archive.holds(&draft.id);
        let said = (is_new && !silenced.is_empty()).then(|| draft.said());
        let gone = said.flatten().and_then(|said| silenced.get(&said));
        let goes_with = |gone: &&&Slip| tellers.goes_with(draft.terms.source, gone);
        if let Some(gone) = gone.and_then(|gone| gone.iter().find(goes_with)) {
            draft.copied = gone.names().into();
        } else if is_new {
            odd.extend(
                gone.and_then(|gone| gone.first())
                    .map(|gone| stays(&draft, gone)),
            );
            let known = archive.moved(&|| Some(draft.copy()?.title), draft.published, &now);
            let base = draft.base();
            let may_move = |kept: &&&Slip| {
                let teller = draft.teller.as_deref();
                teller.is_none_or(|teller| tellers.may_move(teller, &base, kept))
            };
            let says_the_same = |kept: &&Slip| says_the_same(&draft, kept).unwrap_or_default();
            let is_alike = |kept: &&&Slip| is_alike(&draft, kept).unwrap_or_default();
            let mut movable = known.iter().filter(may_move);
            if let Some(kept) = movable.find(is_alike) {
                (*kept.id).clone_into(&mut draft.id);
                draft.clock = kept.clock();
            } else if known.iter().any(says_the_same) {
                continue;
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
            Err(why) => skipped.push(Skipped {
                what: draft.id,
                why: why.into(),
            }),
        }
    }
    placed
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

fn says_the_same(draft: &Draft, kept: &Slip) -> Option<bool> {
    let (copy, story) = (draft.copy()?, kept.line().ok()?.story?);
    Some(Wording::of(&copy.title, &copy.read.html) == Wording::of(&story.title, &story.body))
}

fn is_alike(draft: &Draft, kept: &Slip) -> Option<bool> {
    let (copy, story) = (draft.copy()?, kept.line().ok()?.story?);
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
