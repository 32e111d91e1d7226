//! The planner's numbers, in one place. None of them is a censor's: how fast he is, it learns by itself.

/// Times are in hours unless the name says otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Mirrors that every list holds while there are any to give.
    pub least: usize,
    /// Shared mirrors of a clean channel.
    pub shared: usize,
    pub lifeboats: usize,
    /// Addresses that everybody in a channel sees.
    pub shown: usize,
    /// Channels that share a mirror, before and after they have proved themselves.
    pub sharers_unproven: usize,
    pub sharers: usize,
    /// `P(leak)` under which a channel has proved itself.
    pub proven: f64,
    pub suspect: f64,
    pub burnt: f64,
    pub cleared: f64,
    /// Under which a burnt channel is worth another canary.
    pub doubted: f64,
    /// After which evidence weighs half.
    pub half_life_days: f64,
    /// Blocks within it are one group test, if they are so many.
    pub group_hours: f64,
    pub group_blocks: usize,
    /// Of mirrors that work and were told to open and burnt channels.
    pub drip_alive: usize,
    pub reserve: usize,
    pub reserve_after_days: f64,
    pub alarm_hours: f64,
    /// What is believed at first of mirrors that are found though nobody told: one in so many days.
    pub found_otherwise_days: f64,
    /// How long a vantage must fail before it is believed.
    pub believed_minutes: i64,
    pub kept_days: i64,
    /// Readers of a group that is worth halving.
    pub split_readers: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            least: 2,
            shared: 3,
            lifeboats: 2,
            shown: 2,
            sharers_unproven: 3,
            sharers: 6,
            proven: 0.04,
            suspect: 0.30,
            burnt: 0.90,
            cleared: 0.24,
            doubted: 0.50,
            half_life_days: 28.0,
            group_hours: 6.0,
            group_blocks: 6,
            drip_alive: 5,
            reserve: 8,
            reserve_after_days: 14.0,
            alarm_hours: 48.0,
            found_otherwise_days: 70.0,
            believed_minutes: 30,
            kept_days: 14,
            split_readers: 20,
        }
    }
}
