//! What is simulated: the newsroom's means, and what the censor can do.

use crate::sync::rotation::Kind;

#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub days: u32,
    pub mirrors_a_day: f64,
    pub stock: u32,
    pub providers: u64,
    pub censor: Censor,
    /// The channels that there are: of which kind, how many, and their share of all readers together.
    pub channels: Vec<(Kind, u64, f64)>,
    pub readers: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            days: 90,
            mirrors_a_day: 4.0,
            stock: 30,
            providers: 6,
            censor: Censor::default(),
            channels: vec![
                (Kind::Telegram, 1, 0.30),
                (Kind::Footer, 1, 0.10),
                (Kind::Partner, 3, 0.15),
                (Kind::Newsletter, 8, 0.20),
                (Kind::Bot, 8, 0.15),
                (Kind::Invite, 8, 0.10),
            ],
            readers: 3000,
        }
    }
}

/// Times are in hours.
#[derive(Debug, Clone, PartialEq)]
pub struct Censor {
    /// Medians.
    pub sees_shown_after: f64,
    pub sees_bundle_after: f64,
    pub blocks_after: f64,
    /// The share that is blocked as soon; the rest takes days.
    pub promptly: f64,
    pub found_otherwise_a_day: f64,
    /// In the night of this day one provider is lost, and all that is known is blocked.
    pub strikes_on_day: Option<u32>,
    pub agents: Agents,
    /// How long the inside of the country sees nothing at all every day.
    pub dark_hours_a_day: u32,
}

/// Which channels have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agents {
    ByKind,
    Nowhere,
    Everywhere,
}

impl Agents {
    pub(super) fn probability(self, kind: Kind) -> f64 {
        match (self, kind) {
            (Self::Nowhere, _) => 0.0,
            (Self::Everywhere, _) | (_, Kind::Telegram | Kind::Footer) => 1.0,
            (_, Kind::Partner) => 0.5,
            (_, Kind::Newsletter | Kind::Bot) => 0.25,
            (_, Kind::Invite) => 0.1,
        }
    }
}

impl Default for Censor {
    fn default() -> Self {
        Self {
            sees_shown_after: 4.0,
            sees_bundle_after: 12.0,
            blocks_after: 4.0,
            promptly: 0.9,
            found_otherwise_a_day: 0.01,
            strikes_on_day: Some(60),
            agents: Agents::ByKind,
            dark_hours_a_day: 0,
        }
    }
}
