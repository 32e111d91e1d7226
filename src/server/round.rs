//! The round: the connections of one thread, each of which is looked at from time to time.
//!
//! One slow clock goes round all of them, instead of a clock and an ear for each: what a connection does between two looks
//! costs nothing here. It enters when it begins and leaves when it ends; what it is told meanwhile stands in its
//! [`Progress`], and it is woken to read it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::wire::{Progress, Watch};

#[derive(Default)]
pub(super) struct Round(Mutex<Entered>);

#[derive(Default)]
struct Entered {
    all: HashMap<u64, Visited>,
    next: u64,
    order: Order,
}

/// What all are told, also those who enter later.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Order {
    #[default]
    GoOn,
    /// After the answers under way.
    Stop,
    End,
}

struct Visited {
    progress: Arc<Progress>,
    watch: Watch,
    waker: Waker,
}

impl Visited {
    fn tell(&self, order: Order) {
        match order {
            Order::GoOn => return,
            Order::Stop => self.progress.stop(),
            Order::End => self.progress.give_up(),
        }
        self.waker.wake_by_ref();
    }
}

/// Dropped, the connection has left.
pub(super) struct Visit {
    round: Arc<Round>,
    number: u64,
}

impl Round {
    fn entered(&self) -> MutexGuard<'_, Entered> {
        // Nothing under the lock leaves anything half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `waker` must wake the connection's task for as long as it lives.
    pub(super) fn enter(self: &Arc<Self>, progress: &Arc<Progress>, waker: Waker) -> Visit {
        let mut entered = self.entered();
        let visited = Visited {
            progress: Arc::clone(progress),
            watch: Watch::default(),
            waker,
        };
        visited.tell(entered.order);
        let number = entered.next;
        entered.next += 1;
        entered.all.insert(number, visited);
        Visit {
            round: Arc::clone(self),
            number,
        }
    }

    /// Ends those that are hopeless.
    pub(super) fn look(&self) {
        let mut entered = self.entered();
        for visited in entered.all.values_mut() {
            if visited.watch.look(&visited.progress).is_hopeless() {
                visited.tell(Order::End);
            }
        }
        if entered.all.len() < entered.all.capacity() / 4 {
            entered.all.shrink_to_fit();
        }
    }

    /// Lets everybody end after the answers under way.
    pub(super) fn stop(&self) {
        self.tell_all(Order::Stop);
    }

    /// Ends everybody now.
    pub(super) fn end(&self) {
        self.tell_all(Order::End);
    }

    fn tell_all(&self, order: Order) {
        let mut entered = self.entered();
        entered.order = order;
        entered.all.values().for_each(|visited| visited.tell(order));
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let left = self.round.entered().all.remove(&self.number);
        // Its waker may be the last hold of something that is no business of this lock.
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    struct Connection {
        progress: Arc<Progress>,
        woken: Arc<Woken>,
        _visit: Visit,
    }

    fn enter(round: &Arc<Round>) -> Connection {
        let (progress, woken) = (Arc::new(Progress::of(None)), Arc::<Woken>::default());
        let visit = round.enter(&progress, Arc::clone(&woken).into());
        Connection {
            progress,
            woken,
            _visit: visit,
        }
    }

    impl Connection {
        /// `(is stopping, is over, how often woken)`
        fn told(&self) -> (bool, bool, u32) {
            let progress = &self.progress;
            let woken = self.woken.0.load(Relaxed);
            (progress.is_stopping(), progress.is_over(), woken)
        }
    }

    #[test]
    fn who_says_nothing_is_ended_and_who_asks_is_not() {
        let round = Arc::<Round>::default();
        let (silent, busy) = (enter(&round), enter(&round));
        for _ in 0..20 {
            busy.progress.head_read();
            round.look();
            if silent.progress.is_over() {
                break;
            }
        }
        assert_eq!(silent.told(), (false, true, 1));
        assert_eq!(busy.told(), (false, false, 0));
    }

    #[test]
    fn who_comes_after_a_stop_is_told_too() {
        let round = Arc::<Round>::default();
        let before = enter(&round);
        round.stop();
        let after = enter(&round);
        assert_eq!(before.told(), (true, false, 1));
        assert_eq!(after.told(), (true, false, 1));
        round.end();
        assert_eq!(before.told(), (true, true, 2));
        assert_eq!(after.told(), (true, true, 2));
        assert_eq!(enter(&round).told(), (false, true, 1));
    }

    #[test]
    fn nothing_is_kept_of_who_has_left() {
        let round = Arc::<Round>::default();
        let connections: Vec<_> = (0..100).map(|_| enter(&round)).collect();
        let progress = Arc::downgrade(&connections[0].progress);
        drop(connections);
        assert!(progress.upgrade().is_none());
        round.look();
        assert_eq!(round.entered().all.capacity(), 0);
    }
}
