//! Files of one group that came before files that lie before them.
//!
//! A dense stream brings what is pressed first and pictures behind it; an edition is written in the order of paths.

use std::collections::{BTreeMap, VecDeque};

use super::assembler::Packed;
use crate::base::SitePath;

#[derive(Default)]
pub(super) struct Shelf {
    /// Not yet written, in the order of paths.
    due: VecDeque<SitePath>,
    came: BTreeMap<SitePath, Packed>,
}

impl Shelf {
    pub(super) fn of_group(paths: Vec<SitePath>) -> Self {
        Self {
            due: paths.into(),
            came: BTreeMap::new(),
        }
    }

    pub(super) fn put(&mut self, path: SitePath, packed: Packed) {
        self.came.insert(path, packed);
    }

    /// The next to be written, if it has come.
    pub(super) fn take_due(&mut self) -> Option<(SitePath, Packed)> {
        let packed = self.came.remove(self.due.front()?)?;
        Some((self.due.pop_front()?, packed))
    }
}
