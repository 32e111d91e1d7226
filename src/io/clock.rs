//! Where `now` comes from. It is asked once an operation and passed down as a value.

use jiff::Timestamp;

/// A clock that an actor which lives on may ask again.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks the time"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
