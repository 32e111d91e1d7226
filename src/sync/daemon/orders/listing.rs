//! What channels are told: which mirrors stand in a list, when it has a new version, and what it says.

use jiff::SignedDuration;
use url::Url;

use super::super::super::rotation::{ChannelId, MirrorId, Telling};
use super::super::book::Audit;
use super::super::{Moment, Told};
use super::{Daemon, MOST_IN_LIST};
use crate::base::{Digest, Timestamp};
use crate::trust::lists::{Address, AddressList, ChannelWord, Rendezvous, txt};

impl Daemon {
    /// A list of a new version, that counts from now on.
    pub(super) fn issue(&mut self, channel: ChannelId, list: &Telling, now: Moment, why: &str) {
        let has_any = list.bundle.iter().any(|id| self.public(*id).is_some());
        let days = self.wants.as_ref().map_or(14, |wants| wants.list_days);
        let Some(audit) = self.book.channels.get_mut(&channel).filter(|_| has_any) else {
            return;
        };
        // By the clock, so that a daemon which forgot all goes on above what readers have seen.
        let by_clock = u64::try_from(now.wall.as_second()).unwrap_or(0);
        audit.version = by_clock.max(audit.version + 1);
        audit.issued = Some(now.wall);
        audit.expires = now
            .wall
            .checked_add(SignedDuration::from_hours(24 * days))
            .ok();
        let name = audit.name.clone();
        let listed = self.listed(&list.bundle);
        let words = format!("channel `{name}` has a new list of {}", listed.len());
        let said = self.told(channel).map(|told| digest(&told.list));
        if let Some(audit) = self.book.channels.get_mut(&channel) {
            audit.said = said;
            audit.told.extend(listed.iter().map(|id| id.0));
        }
        self.note(now, words, why);
    }

    /// Signs lists anew when half of their time is over, or when they would say something else under the same version: who
    /// has that one would never be given the other.
    pub(super) fn renew(&mut self, now: Moment) {
        let days = self.wants.as_ref().map_or(14, |wants| wants.list_days);
        let half = SignedDuration::from_hours(12 * days);
        let why = |id: ChannelId, audit: &Audit| {
            let issued = audit.issued?;
            if now.wall.duration_since(issued) >= half {
                return Some("half of its time is over");
            }
            let said = digest(&self.told(id)?.list);
            (audit.said != Some(said))
                .then_some("what it says of mirrors or meeting places changed")
        };
        let issued = self.book.channels.iter();
        let due: Vec<(ChannelId, Telling, &str)> = issued
            .filter_map(|(id, audit)| {
                let channel = self
                    .book
                    .planner
                    .channel(*id)
                    .filter(|channel| channel.is_in_use())?;
                Some((*id, channel.told.clone(), why(*id, audit)?))
            })
            .collect();
        for (channel, list, why) in due {
            self.issue(channel, &list, now, why);
        }
    }

    /// Those of a bundle that stand in the list.
    fn listed(&self, bundle: &[MirrorId]) -> Vec<MirrorId> {
        let listed = bundle.iter().filter(|id| self.public(**id).is_some());
        listed.take(MOST_IN_LIST).copied().collect()
    }

    /// What everybody in the channel sees of its list.
    pub(in super::super) fn shown(&self, id: ChannelId) -> Vec<MirrorId> {
        let telling = self.book.planner.channel(id).map(|channel| &channel.told);
        let shown = telling.map(|telling| {
            let listed = self.listed(&telling.bundle);
            let shown = telling.show.iter().filter(|id| listed.contains(id));
            shown.copied().collect()
        });
        shown.unwrap_or_default()
    }

    /// What the channel is told now.
    pub fn told(&self, id: ChannelId) -> Option<Told> {
        let audit = self.book.channels.get(&id)?;
        let telling = &self.book.planner.channel(id)?.told;
        let wanted = self.wants.as_ref()?;
        let address = |id: &MirrorId| {
            let public = self.public(*id)?;
            Some(Address {
                url: public.url.clone(),
                onion: public.onion.clone(),
                spki: None,
            })
        };
        let listed = self.listed(&telling.bundle);
        let mirrors: Vec<Address> = listed.iter().filter_map(address).collect();
        let rendezvous = Rendezvous {
            dns: wanted
                .rendezvous
                .dns
                .as_ref()
                .map(|name| txt::name_below(&audit.word, name)),
            urls: wanted
                .rendezvous
                .urls
                .iter()
                .map(|url| below(url, &audit.word))
                .collect(),
        };
        let shown = self.shown(id);
        let show = shown
            .iter()
            .filter_map(|id| Some(self.public(*id)?.url.clone()));
        Some(Told {
            channel: id,
            name: audit.name.clone(),
            word: audit.word.clone(),
            show: show.collect(),
            list: AddressList {
                version: audit.version,
                issued: audit.issued?,
                expires: audit.expires?,
                mirrors,
                rendezvous,
            },
        })
        .filter(|told| !told.list.mirrors.is_empty())
    }
}

/// Of what a list says, whichever version it is and for how long it counts.
fn digest(list: &AddressList) -> String {
    let timeless = AddressList {
        version: 0,
        issued: Timestamp::UNIX_EPOCH,
        expires: Timestamp::UNIX_EPOCH,
        ..list.clone()
    };
    Digest::of(&timeless.to_json()).to_string()
}

/// Where a channel's own list lies below a meeting place.
fn below(place: &Url, word: &ChannelWord) -> Url {
    let mut url = place.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments
            .pop_if_empty()
            .push(&format!("{}.json", word.name()));
    }
    url
}
