//! Which edition is the newest, and who has it.
//!
//! 1. Roots and timestamp of each mirror are fetched from that mirror alone, and proved by the workflow of TUF against what
//!    is remembered: files of two mirrors are never mixed in one chain. What lies below comes with the edition.
//! 2. The first good answer opens a short window in which a newer one may still come, because a censor's mirror answers
//!    fast, and with what is old. One that is past its date opens no window: a fresh one is waited for as long as for any.
//! 3. The newest wins; if it is past its date too, it is better than nothing, and says so. Who offers less is `Behind`, or
//!    `Stale` if that alone shows it; who offers less than is remembered is named as `Older`.

use bytes::Bytes;
use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::fault::is_web_page;
use super::race::{Answer, Race};
use super::{Event, Fault, MirrorId, Mirrors, Patience, Report};
use crate::base::{EditionNumber, Fingerprint, LIMITS, MetadataName};
use crate::io::address;
use crate::io::fetch::{Fetch, FetchError, Request, read_all};
use crate::trust::{Equivocation, Expiry, Freshness, Refresh, Remembered, Sighting, Trusted, Want};

/// How much of a mirror's metadata is asked for before its edition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Roots and timestamp: the rest comes with the edition, and is proved there.
    Timestamp,
    /// Also snapshot and targets. Who has stolen the key of the timestamp can announce what does not exist.
    All,
}

/// What one mirror told.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) sighting: Sighting,
    /// What holds whether or not the edition exists.
    pub(super) floor: Remembered,
}

/// Asks every mirror what it has; answers that come late can still be heard while downloading.
pub(super) fn ask_all<'a>(
    fetch: &'a dyn Fetch,
    mirrors: &Mirrors,
    patience: &Patience,
    remembered: Remembered,
    now: Timestamp,
    depth: Depth,
) -> Race<'a, Seen> {
    Race::new(mirrors, patience, move |mirror| {
        see(fetch, mirror, remembered.clone(), now, depth).boxed()
    })
}

/// The newest edition that a good mirror has; `None` if none is found before `until`. Adds to `evidence` what contradicts
/// what is remembered.
pub(super) async fn newest(
    race: &mut Race<'_, Seen>,
    mirrors: &mut Mirrors,
    patience: &Patience,
    until: Instant,
    report: &mut Report<'_>,
    evidence: &mut Vec<Equivocation>,
) -> Option<Seen> {
    let mut best: Option<Seen> = None;
    let mut expired = Vec::new();
    let mut until = until;
    while let Ok(Some(answer)) = timeout_at(until, race.next()).await {
        let mirror = answer.mirror;
        let Some(seen) = note(answer, mirrors, report) else {
            continue;
        };
        evidence.extend_from_slice(seen.sighting.evidence());
        race.ask_all();
        match seen.sighting.freshness() {
            Freshness::Expired { since, .. } => expired.push((mirror, since)),
            _ => until = until.min(Instant::now() + patience.newer),
        }
        let exceeds = |best: &Seen| seen.sighting.exceeds(&best.sighting);
        if best.as_ref().is_none_or(exceeds) {
            best = Some(seen);
        }
    }
    if let Some(Seen { sighting: best, .. }) = &best {
        name_those_behind(mirrors, best.edition(), report);
        name_the_stale(mirrors, best, expired, report);
    }
    best
}

/// Writes down what a mirror said; what it proved, if it proved anything.
pub(super) fn note(
    answer: Answer<Seen>,
    mirrors: &mut Mirrors,
    report: &mut Report<'_>,
) -> Option<Seen> {
    let mirror = mirrors.shown(answer.mirror);
    match answer.result {
        Ok(seen) => {
            let edition = seen.sighting.edition();
            mirrors.answered(answer.mirror, edition, answer.took);
            report(Event::Found { mirror, edition });
            Some(seen)
        }
        Err(fault) => {
            mirrors.failed(answer.mirror, fault.clone());
            report(Event::Failed { mirror, fault });
            None
        }
    }
}

/// Names those that froze, if others did not.
fn name_the_stale(
    mirrors: &mut Mirrors,
    best: &Sighting,
    expired: Vec<(MirrorId, Timestamp)>,
    report: &mut Report<'_>,
) {
    if matches!(best.freshness(), Freshness::Expired { .. }) {
        return;
    }
    for (id, since) in expired {
        let fault = Fault::Stale { since };
        mirrors.failed(id, fault.clone());
        let mirror = mirrors.shown(id);
        report(Event::Failed { mirror, fault });
    }
}

/// Names those that have an older edition than was found.
fn name_those_behind(mirrors: &mut Mirrors, newest: EditionNumber, report: &mut Report<'_>) {
    for (id, has) in mirrors.behind(newest) {
        let fault = Fault::Behind { has, newest };
        mirrors.failed(id, fault.clone());
        report(Event::Failed {
            mirror: mirrors.shown(id),
            fault,
        });
    }
}

/// It begins with the next root, each time (TUF 5.3): to leave that out while all else fits would save an answer of 404, and
/// let a key that was taken back count for longer.
async fn see(
    fetch: &dyn Fetch,
    mirror: Url,
    remembered: Remembered,
    now: Timestamp,
    depth: Depth,
) -> Result<Seen, Fault> {
    let mut last = young_timestamp(&remembered, now);
    let mut refresh = Refresh::new(remembered, now, Expiry::Report)?;
    let mut floor = refresh.remembered();
    while let Some(want) = refresh.wants() {
        if depth == Depth::Timestamp && refresh.sighting().is_some() {
            break;
        }
        let is_timestamp = want.version.is_none();
        if is_timestamp {
            floor = refresh.remembered();
        }
        let file = match &last {
            Some(last) if is_timestamp && shows_still(fetch, &mirror, last).await => {
                Some(last.clone())
            }
            _ => wanted_next(fetch, &mirror, &want).await?,
        };
        // A new root may want other signatures under the same words.
        if want.role == "root" && file.is_some() {
            last = None;
        }
        refresh.give(file)?;
    }
    // What is known from before may have completed it.
    if refresh.wants().is_none() {
        floor = refresh.remembered();
    }
    let sighting = refresh.sighting().ok_or(Fault::Empty)?;
    Ok(Seen { sighting, floor })
}

/// All top-level metadata of one mirror, from that mirror alone.
pub(super) async fn chain(
    fetch: &dyn Fetch,
    mirror: Url,
    remembered: Remembered,
    now: Timestamp,
    expiry: Expiry,
) -> Result<Trusted, Fault> {
    let mut refresh = Refresh::new(remembered, now, expiry)?;
    while let Some(want) = refresh.wants() {
        refresh.give(wanted_next(fetch, &mirror, &want).await?)?;
    }
    Ok(refresh.finish()?)
}

/// There is hardly ever a next root, and some hosts have a long page for whatever they do not have.
async fn wanted_next(fetch: &dyn Fetch, mirror: &Url, want: &Want) -> Result<Option<Bytes>, Fault> {
    if want.role == "root" {
        let name = MetadataName::versioned("root", want.version.unwrap_or(1));
        let url = name.map(|name| address::metadata(mirror, &name));
        if let Some(url) = url
            && !fetch.finds(url).await?
        {
            return Ok(None);
        }
    }
    wanted(fetch, mirror, want).await
}

/// So young an edition is probably still the newest.
const YOUNG: SignedDuration = SignedDuration::from_hours(6);

/// The timestamp that is remembered, if it is good and of a young edition.
fn young_timestamp(remembered: &Remembered, now: Timestamp) -> Option<Bytes> {
    let last = remembered.timestamp.clone()?;
    let mut refresh = Refresh::new(remembered.clone(), now, Expiry::Report).ok()?;
    refresh.give(None).ok()?;
    refresh.give(Some(last.clone())).ok()?;
    let age = now.duration_since(refresh.finish().ok()?.issued()?);
    (age < YOUNG).then_some(last)
}

/// Whether the mirror's timestamp says what it said last time, of which the signature is known: so that part is left out.
async fn shows_still(fetch: &dyn Fetch, mirror: &Url, last: &Bytes) -> bool {
    const SIGNED: &[u8] = b"\"signed\":";
    let begin = last.windows(SIGNED.len()).position(|part| part == SIGNED);
    let Some(begin) = begin else { return false };
    let request = Request {
        url: address::metadata(mirror, &MetadataName::timestamp()),
        from_byte: begin as u64,
    };
    let Ok(answer) = fetch.fetch(request).await else {
        return false;
    };
    let from = usize::try_from(answer.first_byte).unwrap_or(usize::MAX);
    let shown = read_all(answer, LIMITS.timestamp_bytes).await;
    shown.is_ok_and(|shown| last.get(from..) == Some(&shown[..]))
}

/// A verified file by the name that it has on a mirror.
pub(super) fn named(
    (role, version, content): (&str, u64, &Bytes),
) -> Option<(MetadataName, Bytes)> {
    let name = match role {
        "timestamp" => MetadataName::timestamp(),
        _ => MetadataName::versioned(role, version)?,
    };
    Some((name, content.clone()))
}

/// `None`: the mirror has no such file.
pub(super) async fn wanted(
    fetch: &dyn Fetch,
    mirror: &Url,
    want: &Want,
) -> Result<Option<Bytes>, Fault> {
    let name = match want.version {
        None => MetadataName::timestamp(),
        // A role that cannot be a file name cannot be on a mirror.
        Some(version) => match MetadataName::versioned(&want.role, version) {
            Some(name) => name,
            None => return Ok(None),
        },
    };
    let url = address::metadata(mirror, &name);
    match small_file(fetch, url, want.max_bytes).await {
        // Some hosts show a page for whatever they do not have; the next root is asked for to learn that there is none.
        Err(Fault::BlockPage) if want.role == "root" => Ok(None),
        other => other,
    }
}

async fn small_file(fetch: &dyn Fetch, url: Url, max_bytes: u64) -> Result<Option<Bytes>, Fault> {
    let answer = match fetch.fetch(Request::get(url)).await {
        Err(FetchError::NotFound(_)) => return Ok(None),
        answer => answer?,
    };
    let content = read_all(answer, max_bytes).await?;
    if is_web_page(&content) {
        return Err(Fault::BlockPage);
    }
    Ok(Some(content))
}

/// The newsroom's first root, from any mirror: whoever it comes from, it must have the fingerprint.
pub(super) async fn first_root(
    fetch: &dyn Fetch,
    mirrors: &mut Mirrors,
    patience: &Patience,
    fingerprint: Fingerprint,
    until: Instant,
    report: &mut Report<'_>,
) -> Option<Bytes> {
    let mut race = Race::new(mirrors, patience, move |mirror| {
        root_of(fetch, mirror, fingerprint).boxed()
    });
    while let Ok(Some(answer)) = timeout_at(until, race.next()).await {
        match answer.result {
            Ok(root) => return Some(root),
            Err(fault) => {
                mirrors.failed(answer.mirror, fault.clone());
                let mirror = mirrors.shown(answer.mirror);
                report(Event::Failed { mirror, fault });
            }
        }
    }
    None
}

/// The first root that a mirror shows; nobody has said yet that it is the right one.
pub(super) async fn offered_root(fetch: &dyn Fetch, mirror: Url) -> Result<Bytes, Fault> {
    let name = MetadataName::versioned("root", 1).expect("`1.root.json` is a name of metadata");
    let url = address::metadata(&mirror, &name);
    let root = small_file(fetch, url, LIMITS.root_bytes).await?;
    root.ok_or(Fault::Empty)
}

async fn root_of(fetch: &dyn Fetch, mirror: Url, fingerprint: Fingerprint) -> Result<Bytes, Fault> {
    let root = offered_root(fetch, mirror).await?;
    match Fingerprint::of_first_root(&root) == fingerprint {
        true => Ok(root),
        false => Err(Fault::OtherSite),
    }
}
