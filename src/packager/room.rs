//! Which articles there is room for, when sources bring more than readers take.
//!
//! All files of a month stand in one signed list, and all lists of an edition have a ceiling together. What is beyond is
//! refused, and would keep everything from being published. So, before anything is signed:
//!
//! 1. As long as there is room for all, nothing is left out.
//! 2. When a month is full, each source gives what it has in it beyond half of the room, and if that is not enough, all:
//!    the last source in `colport.toml` first, and of what it brought the newest first. So none takes the room of all
//!    others.
//! 3. What a source brought that is not there any more gives before all others. What lies in folders, crawls and inboxes
//!    gives only when the others have given all.
//! 4. When the whole newsroom is too much, the same holds for all months together.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::archive::{Slip, Stock, folder_of};
use super::tellers::Tellers;
use crate::base::{LIMITS, SitePath, Timestamp};

/// In bytes of signed lists.
#[derive(Debug, Clone, Copy)]
pub struct Rooms {
    pub month: usize,
    pub newsroom: usize,
}

/// The rest is for lists of articles, searches, and what stands around all of them.
pub const ROOMS: Rooms = Rooms {
    month: LIMITS.targets_bytes as usize / 100 * 94,
    newsroom: LIMITS.metadata_bytes as usize / 100 * 94,
};

/// What there was no room for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crowded {
    /// As people call it; `None` for what is the newsroom's own.
    pub source: Option<String>,
    /// The folder of the month; `None` for all months.
    pub month: Option<String>,
    pub articles: usize,
}

/// Leaves out of the stock what there is no room for. Gives where it would lie.
pub fn make_room(stock: &mut Stock, tellers: &Tellers, rooms: Rooms) -> HashSet<SitePath> {
    let mut gone = HashSet::new();
    for (month, bytes) in months(stock) {
        if bytes > rooms.month {
            gone.extend(make_room_in(stock, tellers, Some(&month), rooms.month));
        }
    }
    let all: usize = months(stock).values().sum();
    if all > rooms.newsroom {
        gone.extend(make_room_in(stock, tellers, None, rooms.newsroom));
    }
    gone
}

/// Of one article with its pictures.
struct Brought {
    path: SitePath,
    /// The place of its source; the newsroom's own comes first, and what nobody brings any more last.
    rank: Option<u32>,
    source: Option<String>,
    published: Option<Timestamp>,
    bytes: usize,
}

fn make_room_in(
    stock: &mut Stock,
    tellers: &Tellers,
    month: Option<&str>,
    room: usize,
) -> HashSet<SitePath> {
    let folders = folders(stock);
    let articles = stock.articles.iter();
    let articles = articles.filter(|slip| month.is_none_or(|month| month_of(&slip.path) == month));
    let brought = articles.map(|slip| {
        let bytes = folders.get(folder_of(&slip.path)).copied();
        brought(slip, tellers, bytes.unwrap_or_default())
    });
    let beyond = beyond(brought.collect(), room);
    drop(folders);
    let mut counts: BTreeMap<Option<String>, usize> = BTreeMap::new();
    for one in &beyond {
        *counts.entry(one.source.clone()).or_default() += 1;
    }
    stock
        .crowded
        .extend(counts.into_iter().map(|(source, articles)| Crowded {
            source,
            month: month.map(str::to_owned),
            articles,
        }));
    let gone: HashSet<SitePath> = beyond.into_iter().map(|one| one.path).collect();
    leave_out(stock, &gone);
    gone
}

fn brought(slip: &Slip, tellers: &Tellers, bytes: usize) -> Brought {
    let told_by = slip.told_by.as_deref();
    let source = match slip.is_fleeting() {
        true => Some(told_by.unwrap_or("what is not a source any more")),
        false => None,
    };
    // What stands behind is a digest of what is not for everybody.
    let source = source.and_then(|source| source.split(" #").next());
    Brought {
        path: slip.path.clone(),
        rank: source.map(|_| tellers.place_of(slip).unwrap_or(u32::MAX)),
        source: source.map(str::to_owned),
        published: slip.published(),
        bytes,
    }
}

// Steps 2 and 3.
fn beyond(mut all: Vec<Brought>, room: usize) -> Vec<Brought> {
    let mut total: usize = all.iter().map(|one| one.bytes).sum();
    all.sort_by(|a, b| (a.published, &a.path).cmp(&(b.published, &b.path)));
    let mut sources: BTreeMap<Option<u32>, (usize, Vec<Brought>)> = BTreeMap::new();
    for one in all {
        let (bytes, brought) = sources.entry(one.rank).or_default();
        *bytes += one.bytes;
        brought.push(one);
    }
    let mut beyond = Vec::new();
    for share in [Some(room / 2), None] {
        for (rank, (bytes, brought)) in sources.iter_mut().rev() {
            // The newsroom's own has no share that it must keep to.
            if rank.is_none() && share.is_some() {
                continue;
            }
            while total > room
                && *bytes > share.unwrap_or_default()
                && let Some(newest) = brought.pop()
            {
                *bytes -= newest.bytes;
                total -= newest.bytes;
                beyond.push(newest);
            }
        }
    }
    beyond
}

fn leave_out(stock: &mut Stock, gone: &HashSet<SitePath>) {
    stock.articles.retain(|slip| !gone.contains(&slip.path));
    let folders: HashSet<&str> = gone.iter().map(folder_of).collect();
    let is_there = |path: &SitePath| !folders.contains(folder_of(path));
    stock.pictures.retain(|(path, _)| is_there(path));
    stock.kept_pictures.retain(is_there);
}

fn paths(stock: &Stock) -> impl Iterator<Item = &SitePath> {
    let articles = stock.articles.iter().map(|slip| &slip.path);
    let pictures = stock.pictures.iter().map(|(path, _)| path);
    articles.chain(pictures).chain(&stock.kept_pictures)
}

/// What each month takes of its list.
fn months(stock: &Stock) -> BTreeMap<String, usize> {
    let mut months: HashMap<&str, usize> = HashMap::new();
    for path in paths(stock) {
        *months.entry(month_of(path)).or_default() += bytes_of(path);
    }
    let months = months.into_iter();
    months
        .map(|(month, bytes)| (month.to_owned(), bytes))
        .collect()
}

/// The same of each article with its pictures.
fn folders(stock: &Stock) -> HashMap<&str, usize> {
    let mut folders: HashMap<&str, usize> = HashMap::new();
    for path in paths(stock) {
        *folders.entry(folder_of(path)).or_default() += bytes_of(path);
    }
    folders
}

/// What one file takes of a list: its path, its digest in hex and its length, with their names.
fn bytes_of(path: &SitePath) -> usize {
    path.as_str().len() + 110
}

/// `be/2026/11`
fn month_of(path: &SitePath) -> &str {
    let path = path.as_str();
    let end = path.match_indices('/').nth(2);
    end.and_then(|(end, _)| path.get(..end)).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use url::Url;

    use super::super::archive::Line;
    use super::super::source::Source;
    use super::super::tellers::Teller;
    use super::super::waiting::Drawer;
    use super::*;

    fn feed(host: &str) -> Source {
        Source::Feed(Url::parse(&format!("https://{host}/feed")).unwrap())
    }

    /// Published on that day of November.
    fn slip(name: &str, day: u8, source: Option<&Source>) -> Slip {
        let told_by = source.map(|source| Teller::of(source).unwrap().name.clone());
        let line = serde_json::json!({
            "path": format!("be/2026/11/{name}/index.html"),
            "id": format!("https://n.example/{name}"),
            "source": null,
            "told_by": told_by.as_deref(),
            "story": {
                "title": name, "byline": null, "published": format!("2026-11-{day:02}T10:00:00Z"), "updated": null,
                "language": "be", "summary": "", "lead": null, "pictures": [], "body": "",
            },
        });
        let line: Line = serde_json::from_value(line).unwrap();
        Slip::of(&line, source.is_some(), &Drawer::on(&std::env::temp_dir()))
    }

    /// What stays of these in a month that has room for so many.
    fn staying(slips: Vec<Slip>, sources: &[Source], month: usize) -> (Vec<String>, Vec<Crowded>) {
        let each = bytes_of(&slips[0].path);
        let mut stock = Stock {
            articles: slips.into_iter().map(Arc::new).collect(),
            ..Stock::default()
        };
        let before = stock.articles.len();
        let rooms = Rooms {
            month: month * each,
            ..ROOMS
        };
        let gone = make_room(&mut stock, &Tellers::of(sources), rooms);
        assert_eq!(stock.articles.len() + gone.len(), before);
        let names = stock.articles.iter().map(|slip| {
            let name = slip.path.as_str().split('/').nth(3);
            name.unwrap().to_owned()
        });
        (names.collect(), stock.crowded)
    }

    #[test]
    fn a_source_that_fills_a_month_gives_way_and_is_named() {
        let (own, partner) = (feed("n.example"), feed("partner.example"));
        let sources = [own.clone(), partner.clone()];
        let slips = || {
            let own = [slip("o1", 1, Some(&own)), slip("o2", 9, Some(&own))];
            let flood = (1..=6).map(|n| slip(&format!("p{n}"), n, Some(&partner)));
            own.into_iter().chain(flood).collect::<Vec<_>>()
        };
        assert_eq!(staying(slips(), &sources, 8).1, []);
        let (names, crowded) = staying(slips(), &sources, 5);
        assert_eq!(names, ["o1", "o2", "p1", "p2", "p3"]);
        let expected = Crowded {
            source: Some("https://partner.example/feed".into()),
            month: Some("be/2026/11".into()),
            articles: 3,
        };
        assert_eq!(crowded, [expected]);
        // Also when it is no source any more.
        let (names, _) = staying(slips(), &sources[..1], 3);
        assert_eq!(names, ["o1", "o2", "p1"]);
    }

    #[test]
    fn none_takes_the_room_of_all_behind_it() {
        let (one, other) = (feed("one.example"), feed("other.example"));
        let mut slips: Vec<Slip> = (1..=6)
            .map(|n| slip(&format!("a{n}"), n, Some(&one)))
            .collect();
        slips.push(slip("b1", 20, Some(&other)));
        let sources = [one, other];
        let (names, _) = staying(slips, &sources, 4);
        assert_eq!(names, ["a1", "a2", "a3", "b1"]);
    }

    #[test]
    fn what_is_the_newsrooms_own_gives_last() {
        let partner = feed("partner.example");
        let mut slips: Vec<Slip> = (1..=3).map(|n| slip(&format!("f{n}"), n, None)).collect();
        slips.push(slip("p1", 1, Some(&partner)));
        let (names, crowded) = staying(slips, &[Source::Folder("a".into()), partner], 2);
        assert_eq!(names, ["f1", "f2"]);
        assert_eq!(crowded[0].source, None);
    }
}
