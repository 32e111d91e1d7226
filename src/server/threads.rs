//! How the threads of a server share their work, and the processors with whoever else is at work.
//!
//! - Any thread may accept what comes, and it is often the same one several times in a row. A thread that has some more
//!   connections than another hands the next one over to it, at its beginning; after that a connection stays where it is.
//! - A thread that has answered many at once lets others run before it looks for more.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A thread's among the others, to which it can hand over a `T`.
pub(super) struct Seat<T> {
    here: usize,
    loads: Arc<Loads>,
    others: Arc<[UnboundedSender<T>]>,
}

/// With what it is handed by the others.
pub(super) type Seated<T> = (Seat<T>, UnboundedReceiver<T>);

/// Without others.
pub(super) fn alone<T>() -> Seated<T> {
    let (other, coming) = unbounded_channel();
    let seat = Seat {
        here: 0,
        loads: Loads::new(1),
        others: [other].into(),
    };
    (seat, coming)
}

pub(super) fn seats<T>(threads: usize) -> Vec<Seated<T>> {
    let loads = Loads::new(threads);
    let (others, coming): (Vec<_>, Vec<_>) = (0..threads).map(|_| unbounded_channel()).unzip();
    let others = Arc::<[_]>::from(others);
    let seat = |(here, coming)| {
        let (loads, others) = (Arc::clone(&loads), Arc::clone(&others));
        let seat = Seat {
            here,
            loads,
            others,
        };
        (seat, coming)
    };
    coming.into_iter().enumerate().map(seat).collect()
}

impl<T> Seat<T> {
    /// For one more that this thread has accepted.
    pub(super) fn assign(&self) -> Load {
        self.loads.assign(self.here)
    }

    pub(super) fn is_here(&self, thread: usize) -> bool {
        thread == self.here
    }

    /// To the thread with this number. It comes back if that one has ended.
    pub(super) fn hand_over(&self, thread: usize, it: T) -> Result<(), T> {
        match self.others.get(thread) {
            Some(other) => other.send(it).map_err(|unsent| unsent.0),
            None => Err(it),
        }
    }
}

/// Of all threads of a server.
struct Loads(Box<[AtomicU32]>);

/// Counts one connection for a thread, until it is dropped.
pub(super) struct Load {
    loads: Arc<Loads>,
    thread: usize,
}

/// To hand over costs about as much as an answer, so a small difference is let be.
const DIFFERENCE: u32 = 2;

impl Loads {
    fn new(threads: usize) -> Arc<Self> {
        Arc::new(Self((0..threads).map(|_| AtomicU32::new(0)).collect()))
    }

    /// For one more, which the thread `here` has accepted.
    fn assign(self: &Arc<Self>, here: usize) -> Load {
        let load = |thread: usize| self.0.get(thread).map_or(0, |load| load.load(Relaxed));
        let least = (0..self.0.len()).min_by_key(|thread| load(*thread));
        let thread = match least {
            Some(least) if load(here) >= load(least) + DIFFERENCE => least,
            _ => here,
        };
        if let Some(load) = self.0.get(thread) {
            load.fetch_add(1, Relaxed);
        }
        Load {
            loads: Arc::clone(self),
            thread,
        }
    }
}

impl Load {
    /// Which it was assigned to.
    pub(super) fn thread(&self) -> usize {
        self.thread
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        if let Some(load) = self.loads.0.get(self.thread) {
            load.fetch_sub(1, Relaxed);
        }
    }
}

thread_local! {
    /// Since this thread last waited for something.
    static ANSWERED: Cell<u32> = const { Cell::new(0) };
}

/// So many answers at once are a crowd's.
const CROWD: u32 = 8;

/// This thread has answered once more.
pub(super) fn answered() {
    ANSWERED.set(ANSWERED.get().saturating_add(1));
}

/// To be called before this thread waits. Where those who read what it has answered are on the same machine, be it a proxy
/// or the program of an onion service, they have been woken and want this processor: if they go first, nobody's answers
/// lie for long, and then there are more requests to be had in one look.
pub(super) fn let_others_run() {
    if was_for_a_crowd() {
        std::thread::yield_now();
    }
}

/// What this thread has answered since it last asked this.
fn was_for_a_crowd() -> bool {
    ANSWERED.replace(0) >= CROWD
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assigned(loads: &Arc<Loads>, here: usize, count: usize) -> Vec<Load> {
        (0..count).map(|_| loads.assign(here)).collect()
    }

    fn count(loads: &[Load], thread: usize) -> usize {
        loads.iter().filter(|load| load.thread() == thread).count()
    }

    #[test]
    fn a_thread_that_accepts_all_keeps_its_share() {
        let loads = Loads::new(3);
        let all = assigned(&loads, 1, 65);
        let counts = [0, 1, 2].map(|thread| count(&all, thread));
        assert_eq!(counts, [21, 23, 21]);
        drop(all);
        assert_eq!(
            count(&assigned(&loads, 2, 2), 2),
            2,
            "nothing is left of them"
        );
    }

    #[test]
    fn many_answers_are_a_crowd_and_what_was_told_is_not_told_again() {
        let after = |count| {
            (0..count).for_each(|_| answered());
            was_for_a_crowd()
        };
        let told = [CROWD - 1, CROWD, 1, 0].map(after);
        assert_eq!(told, [false, true, false, false]);
    }

    #[test]
    fn where_all_have_the_same_nothing_is_handed_over() {
        let loads = Loads::new(2);
        let all: Vec<_> = (0..40).map(|n| loads.assign(n % 2)).collect();
        let stayed = all
            .iter()
            .enumerate()
            .all(|(n, load)| load.thread() == n % 2);
        assert!(stayed);
        assert_eq!(count(&assigned(&Loads::new(1), 0, 9), 0), 9);
    }
}
