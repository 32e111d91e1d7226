//! What readers say of mirrors, by way of the mirrors that they reached.
//!
//! Strangers can say anything. A [`Hint`] is a reason to look at a mirror sooner; it is no
//! [`Observation`](crate::sync::rotation::Observation), and nothing makes one of it.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::timeout;
use url::Url;

use crate::io::address;
use crate::io::fetch::{Fetch, Request, read_all};
use crate::io::report::{Country, Failure, Many, Mark, RUMOURS_BYTES, Rumour};
use crate::sync::rotation::MirrorId;

/// One that does not answer holds up none of the others.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hint {
    pub mirror: MirrorId,
    pub failure: Failure,
    pub country: Option<Country>,
    /// Days since 1970.
    pub day: i64,
    pub reports: Many,
}

/// Asks each of `from` what it heard. One that tells nothing, or nonsense, has heard nothing.
pub async fn hear(wire: &dyn Fetch, from: &[Url], mirrors: &[(MirrorId, Url)]) -> Vec<Hint> {
    let asked = from.iter().map(|mirror| async move {
        let answer = async {
            let answer = wire
                .fetch(Request::get(address::reports(mirror)))
                .await
                .ok()?;
            read_all(answer, RUMOURS_BYTES).await.ok()
        };
        timeout(PATIENCE, answer).await.ok().flatten()
    });
    let told = futures_util::future::join_all(asked).await;
    let rumours = told
        .iter()
        .flatten()
        .map(|json| serde_json::from_slice(json).unwrap_or_default());
    hints(rumours, mirrors)
}

/// Of mirrors that are ours. What several mirrors heard is not added up: one liar can tell it to all of them.
fn hints(rumours: impl Iterator<Item = Vec<Rumour>>, mirrors: &[(MirrorId, Url)]) -> Vec<Hint> {
    let marks: BTreeMap<Mark, MirrorId> = mirrors
        .iter()
        .map(|(id, url)| (Mark::of(url), *id))
        .collect();
    let mut most = BTreeMap::new();
    for rumour in rumours.flatten() {
        if let Some(mirror) = marks.get(&rumour.mirror) {
            let key = (*mirror, rumour.failure, rumour.country, rumour.day);
            let reports = most.entry(key).or_insert(rumour.reports);
            *reports = rumour.reports.max(*reports);
        }
    }
    let hints = most
        .into_iter()
        .map(|((mirror, failure, country, day), reports)| Hint {
            mirror,
            failure,
            country,
            day,
            reports,
        });
    hints.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_of_our_own_mirrors_and_do_not_add_up() {
        let url = |name: &str| Url::parse(&format!("https://{name}.example/")).unwrap();
        let rumour = |name: &str, reports| Rumour {
            day: 20_000,
            mirror: Mark::of(&url(name)),
            failure: Failure::Silent,
            country: None,
            reports,
        };
        let told = [
            vec![rumour("a", Many::Few), rumour("stranger", Many::Many)],
            vec![rumour("a", Many::Some)],
            vec![rumour("a", Many::Few)],
        ];
        let hints = hints(
            told.into_iter(),
            &[(MirrorId(1), url("a")), (MirrorId(2), url("b"))],
        );
        let [hint] = &hints[..] else {
            panic!("{hints:?}");
        };
        assert_eq!((hint.mirror, hint.reports), (MirrorId(1), Many::Some));
    }
}
