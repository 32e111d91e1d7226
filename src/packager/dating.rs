//! When an article was published, by whose clock, and in whose month it lies.
//!
//! 1. What its source tells counts, then what its page tells, unless that is no moment at which a newsroom publishes.
//! 2. One that tells none keeps the moment at which it was first seen, so that it does not wander through the months.
//! 3. The month stands in its address, which it keeps: one that is dated anew was updated then.
//! 4. Who takes over what another source told takes over none of its dates: a partner may tell ahead what the newsroom has
//!    yet to publish, as an article of long ago.

use jiff::tz::Offset;

use super::draft::Background;
use super::extract::Moment;
use super::{slug, source};
use crate::base::{SitePath, Timestamp};
use crate::site::{Article, Clock};

/// The article was changed noticeably when its page says so at least this long after it was published.
const NOTICEABLE: i64 = 15 * 60;

/// Clocks of newsrooms run ahead by a day at most, which is a wrong time zone.
const AHEAD: i64 = 26 * 3600;

/// The year 1800. Each month has a signed list of its own, of which there may be only so many.
const EARLIEST: i64 = -5_364_662_400;

/// What is told of when an article was published.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    /// By its source.
    pub by_source: Option<Moment>,
    pub on_page: Option<Moment>,
    /// When the file changed in which it lies, if it lies in one.
    pub seen: Option<Timestamp>,
    /// Whether another source told it before.
    pub takes_over: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dated {
    pub published: Timestamp,
    /// By which its dates are told, and in whose month it lies.
    pub clock: Clock,
    /// Nobody tells when it was published.
    pub is_undated: bool,
    /// The moment that is told, if it stays in the month of another one.
    pub renewed: Option<Timestamp>,
    /// Whether it was published at another moment so far, as another source told.
    pub is_moved: bool,
}

/// Whether a newsroom may have published something then.
pub fn is_plausible(moment: Moment, now: Timestamp) -> bool {
    (EARLIEST..=now.as_second() + AHEAD).contains(&moment.at.as_second())
}

/// Of the article with this name.
pub fn date(id: &str, told: Told, background: Background<'_>) -> Dated {
    let Background { archive, now, .. } = background;
    let plausible = |moment: &Moment| is_plausible(*moment, now);
    let moment = told.by_source.filter(plausible);
    let moment = moment.or(told.on_page.filter(plausible));
    let is_undated = moment.is_none();
    let kept = archive.published(id);
    // Step 4.
    let nobodys = || archive.is_hearsay(id) || !source::is_web_address(id);
    let is_void = told.takes_over && (!is_undated || nobodys());
    let first = kept.filter(|_| !is_void);
    let first_clock = archive.shown(id).filter(|_| !is_void);
    let first_clock = first_clock.map(|kept| kept.clock());
    let published = moment
        .map(|moment| moment.at)
        .or(first)
        .or_else(|| told.seen.filter(|seen| *seen < now).map(hour))
        .unwrap_or_else(|| hour(now));
    let clock = moment.map(|moment| clock(moment, told.on_page));
    let clock = clock.or(first_clock).unwrap_or_default();
    // Step 3.
    let had_clock = first_clock.or(first.map(|_| Clock::default()));
    let had_clock = had_clock.or_else(|| lay_by_utc(id, published, clock, background));
    let month = |at: Timestamp, clock: Clock| clock.date(at).first_of_month();
    let had = had_clock.map(|clock| month(first.unwrap_or(published), clock));
    let stays = had.is_some_and(|had| had != month(published, clock));
    let before = first.filter(|_| stays);
    let renewed = before.map(|_| published);
    let published = before.unwrap_or(published);
    Dated {
        published,
        clock: had_clock.filter(|_| stays).unwrap_or(clock),
        is_undated,
        renewed,
        is_moved: told.takes_over && kept != Some(published),
    }
}

/// The hour of a moment of this machine. When a file was saved to the second lies on the editor's disk too, and would tie the
/// page to it.
pub fn hour(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    Timestamp::from_second(second - second.rem_euclid(3600)).unwrap_or(at)
}

/// Whether readers are told that it was changed then.
pub fn is_noticeable(updated: Timestamp, published: Timestamp) -> bool {
    updated.as_second() >= published.as_second() + NOTICEABLE
}

/// The newsroom's clock. Many feeds tell in UTC what the page tells by that.
fn clock(told: Moment, on_page: Option<Moment>) -> Clock {
    let is_same = |other: &Moment| {
        let apart = other.at.as_second() - told.at.as_second();
        apart.abs() < NOTICEABLE
    };
    let same = on_page.filter(|_| told.offset == Offset::UTC);
    Clock::of(same.filter(is_same).unwrap_or(told).offset)
}

/// Earlier programs told all days by UTC: one whose month would be another keeps its address.
fn lay_by_utc(
    id: &str,
    published: Timestamp,
    clock: Clock,
    background: Background<'_>,
) -> Option<Clock> {
    let utc = Clock::default();
    let [by_utc, by_clock] = [utc, clock].map(|clock| {
        let slugs = [slug::slug(id), slug::long_slug(id)];
        slugs.map(|slug| Article::place(&background.newsroom.id, published, clock, &slug))
    });
    if by_utc == by_clock {
        return None;
    }
    let files = background.previous?.proof().files();
    let lies = |places: [Option<SitePath>; 2]| {
        places.iter().flatten().any(|path| files.contains_key(path))
    };
    (lies(by_utc) && !lies(by_clock)).then_some(utc)
}
