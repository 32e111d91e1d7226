//! How the threads of a server share their work, and the processors with whoever else is at work.
//!
//! - Any thread may accept what comes. It hands over, at its beginning, a connection whose bytes come by the processor that
//!   another thread runs on, and one that another thread has room for because it has far fewer.
//! - Programs and their interrupts move from one processor to another, above all just after they begin. So a connection
//!   that has been answered many times is looked at again, while it rests, and handed over if its bytes come elsewhere now.
//! - A thread that has answered many at once lets others run before it looks for more.

use std::cell::Cell;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};

use rustix::thread::sched_getcpu;
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
    /// For one more that this thread has accepted, whose bytes come by the processor `near`.
    pub(super) fn assign(&self, near: Option<usize>) -> Load {
        self.loads.assign(self.here, near)
    }

    /// The thread that had better have one of this thread's whose bytes come by the processor `near` now.
    pub(super) fn better(&self, near: usize) -> Option<usize> {
        self.loads.better(self.here, near)
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

    /// What this thread does before it waits. It lets others run if it has answered many: where those who read that are on the
    /// same machine, be it a proxy or the program of an onion service, they have been woken and want this processor. If
    /// they go first, nobody's answers lie for long, and then there are more requests to be had in one look.
    pub(super) fn before_waiting(&self) -> impl Fn() + Send + Sync + 'static {
        let (loads, here) = (Arc::clone(&self.loads), self.here);
        move || {
            loads.is_on(here, sched_getcpu());
            if was_for_a_crowd() {
                std::thread::yield_now();
            }
        }
    }
}

#[cfg(test)]
impl<T> Seat<T> {
    /// Says on which processor this thread runs, whatever is true.
    pub(super) fn mark(&self) -> impl Fn(usize) + use<T> {
        let (loads, here) = (Arc::clone(&self.loads), self.here);
        move |processor| loads.is_on(here, processor)
    }
}

/// The processor that the bytes of a connection come by.
pub(super) fn near(connection: impl AsFd) -> Option<usize> {
    let processor = rustix::net::sockopt::socket_incoming_cpu(connection).ok()?;
    usize::try_from(processor).ok()
}

/// Of all threads of a server.
struct Loads(Box<[OfThread]>);

struct OfThread {
    connections: AtomicU32,
    /// That it ran on when it last waited.
    processor: AtomicUsize,
}

const UNKNOWN: usize = usize::MAX;

/// Counts one connection for a thread, until it is dropped.
pub(super) struct Load {
    loads: Arc<Loads>,
    thread: usize,
}

/// To hand over costs about as much as an answer, so a small difference is let be.
const HAND_OVER: u32 = 2;
/// The way from one processor to another costs a fourth of every answer, so a greater one is let be.
const WAY: u32 = 16;

impl Loads {
    fn new(threads: usize) -> Arc<Self> {
        let thread = |_| OfThread {
            connections: AtomicU32::new(0),
            processor: AtomicUsize::new(UNKNOWN),
        };
        Arc::new(Self((0..threads).map(thread).collect()))
    }

    fn is_on(&self, thread: usize, processor: usize) {
        if let Some(thread) = self.0.get(thread) {
            thread.processor.store(processor, Relaxed);
        }
    }

    fn runs_on(&self, thread: usize, processor: usize) -> bool {
        let thread = self.0.get(thread);
        thread.is_some_and(|thread| thread.processor.load(Relaxed) == processor)
    }

    /// Who runs on the processor.
    fn on(&self, processor: usize) -> Option<usize> {
        (0..self.0.len()).find(|thread| self.runs_on(*thread, processor))
    }

    fn connections(&self, thread: usize) -> u32 {
        self.0
            .get(thread)
            .map_or(0, |thread| thread.connections.load(Relaxed))
    }

    fn fewest(&self) -> Option<usize> {
        (0..self.0.len()).min_by_key(|thread| self.connections(*thread))
    }

    fn better(&self, here: usize, near: usize) -> Option<usize> {
        if self.runs_on(here, near) {
            return None;
        }
        let there = self.on(near)?;
        let fewest = self.connections(self.fewest()?);
        (self.connections(there) < fewest + WAY).then_some(there)
    }

    /// For one more, which the thread `here` has accepted, and whose bytes come by the processor `near`.
    fn assign(self: &Arc<Self>, here: usize, near: Option<usize>) -> Load {
        let least = self.fewest().unwrap_or(here);
        let (best, difference) = match near {
            None => (here, HAND_OVER),
            Some(near) => (self.on(near).unwrap_or(least), WAY),
        };
        let fewest = self.connections(least);
        let thread = match self.connections(best) >= fewest + difference {
            true => least,
            false => best,
        };
        self.load(thread)
    }

    fn load(self: &Arc<Self>, thread: usize) -> Load {
        if let Some(thread) = self.0.get(thread) {
            thread.connections.fetch_add(1, Relaxed);
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

    pub(super) fn move_to(&mut self, thread: usize) {
        *self = self.loads.load(thread);
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        if let Some(thread) = self.loads.0.get(self.thread) {
            thread.connections.fetch_sub(1, Relaxed);
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

/// What this thread has answered since it last asked this.
fn was_for_a_crowd() -> bool {
    ANSWERED.replace(0) >= CROWD
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assigned(loads: &Arc<Loads>, here: usize, count: usize) -> Vec<Load> {
        (0..count).map(|_| loads.assign(here, None)).collect()
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
    fn a_connection_goes_where_its_bytes_come_by() {
        let loads = Loads::new(2);
        loads.is_on(0, 5);
        loads.is_on(1, 3);
        let near = |processor, count: usize| {
            let all = (0..count).map(|_| loads.assign(0, Some(processor)));
            all.collect::<Vec<_>>()
        };
        let (first, second) = (near(3, 8), near(5, 8));
        assert_eq!([count(&first, 1), count(&second, 0)], [8, 8]);
        // Nobody runs there, and the others have as many.
        assert_eq!(count(&near(7, 2), 0), 1);
        let most = near(3, 30);
        assert_eq!(count(&most, 1), 23, "but not all of them");
    }

    #[test]
    fn a_connection_goes_on_where_its_bytes_come_by_now() {
        let loads = Loads::new(2);
        loads.is_on(0, 5);
        loads.is_on(1, 3);
        assert_eq!([loads.better(0, 5), loads.better(0, 7)], [None, None]);
        assert_eq!(loads.better(0, 3), Some(1));

        let mut own = assigned(&loads, 0, 2);
        own.iter_mut().for_each(|load| load.move_to(1));
        assert_eq!([0, 1].map(|thread| loads.connections(thread)), [0, 2]);
        let most: Vec<_> = (0..WAY - 2).map(|_| loads.load(1)).collect();
        assert_eq!(loads.better(0, 3), None, "they are too many there");
        drop((own, most));
        assert_eq!(loads.better(0, 3), Some(1));
    }

    #[test]
    fn where_all_have_the_same_nothing_is_handed_over() {
        let loads = Loads::new(2);
        let all: Vec<_> = (0..40).map(|n| loads.assign(n % 2, None)).collect();
        let stayed = all
            .iter()
            .enumerate()
            .all(|(n, load)| load.thread() == n % 2);
        assert!(stayed);
        assert_eq!(count(&assigned(&Loads::new(1), 0, 9), 0), 9);
    }
}
