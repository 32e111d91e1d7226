//! Readers of one channel, in cohorts that come at different times.
//!
//! 1. A reader knows the addresses of the last time. Once a day or so he comes: tries them, and those that his channel
//!    shows just now.
//! 2. If one works he has read, and got the whole list that lies in the bundle. If none does he knows what was shown.
//! 3. He *has a working mirror* in an hour in which one of the addresses that he knows works.

use super::world::World;
use crate::sync::rotation::{Dice, MirrorId, Telling};

const COHORTS: usize = 24;
/// How likely one comes in an hour.
const VISITS: f64 = 1.0 / 24.0;

#[derive(Debug)]
pub(super) struct Audience {
    knows: Vec<Vec<MirrorId>>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Attendance {
    /// Of the audience, have a working mirror: 0 to 1.
    pub reach: f64,
    /// Cohorts that came, and that read.
    pub visits: u32,
    pub read: u32,
}

impl Audience {
    /// They know what the channel told last.
    pub(super) fn new(list: &Telling) -> Self {
        Self {
            knows: vec![list.bundle.clone(); COHORTS],
        }
    }

    pub(super) fn hour(
        &mut self,
        list: &Telling,
        world: &World,
        hour: u32,
        dice: &mut Dice,
    ) -> Attendance {
        let works = |mirrors: &[MirrorId]| mirrors.iter().any(|mirror| world.works(*mirror, hour));
        let (shown, mut seen) = (works(&list.show), Attendance::default());
        let mut having = 0;
        for knows in &mut self.knows {
            let mut has = works(knows);
            if dice.chance(VISITS) {
                seen.visits += 1;
                let reads = has || shown;
                seen.read += u32::from(reads);
                knows.clone_from(if reads { &list.bundle } else { &list.show });
                has = works(knows);
            }
            having += usize::from(has);
        }
        seen.reach = having as f64 / COHORTS as f64;
        seen
    }
}
