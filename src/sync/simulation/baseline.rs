//! What newsrooms do today, to compare with: one list for everybody, or mirrors of its own for each channel.

use std::collections::{BTreeMap, VecDeque};

use crate::sync::rotation::{ChannelId, MirrorId, Telling};

/// Working mirrors that one list holds.
const ON_ONE_LIST: usize = 5;
/// And each of many.
const ON_OWN_LIST: usize = 2;

#[derive(Debug, Default)]
pub(super) struct Baseline {
    stock: VecDeque<MirrorId>,
    pub lists: BTreeMap<ChannelId, Telling>,
}

impl Baseline {
    pub(super) fn add(&mut self, mirrors: impl IntoIterator<Item = MirrorId>) {
        self.stock.extend(mirrors);
    }

    /// The same list for all, filled up from stock.
    pub(super) fn one_list(&mut self, channels: &[ChannelId], works: impl Fn(MirrorId) -> bool) {
        let first = channels.first().and_then(|channel| self.lists.get(channel));
        let mut list = first.cloned().unwrap_or_default().bundle;
        self.fill(&mut list, ON_ONE_LIST, &works);
        let told = telling(list, ON_ONE_LIST);
        self.lists = channels
            .iter()
            .map(|channel| (*channel, told.clone()))
            .collect();
    }

    /// Each its own; who lacks most comes first.
    pub(super) fn own_lists(&mut self, channels: &[ChannelId], works: impl Fn(MirrorId) -> bool) {
        for wanted in 1..=ON_OWN_LIST {
            for channel in channels {
                let mut list = self.lists.remove(channel).unwrap_or_default().bundle;
                self.fill(&mut list, wanted, &works);
                self.lists.insert(*channel, telling(list, ON_OWN_LIST));
            }
        }
    }

    fn fill(&mut self, list: &mut Vec<MirrorId>, wanted: usize, works: impl Fn(MirrorId) -> bool) {
        list.retain(|mirror| works(*mirror));
        while list.len() < wanted {
            match self.stock.pop_front() {
                Some(mirror) => list.push(mirror),
                None => break,
            }
        }
    }
}

fn telling(list: Vec<MirrorId>, shown: usize) -> Telling {
    Telling {
        show: list.iter().take(shown).copied().collect(),
        bundle: list,
    }
}
