//! Ninety days of a newsroom, its readers and a censor, in memory: to see what the planner is worth before it is needed.
//!
//! 1. [`world`] is what is so: channels with or without an agent, mirrors, what the censor has seen and will block.
//! 2. A [`Policy`] decides who is told of what, seeing only what a newsroom could see. Beside the planner there are two
//!    that people use today, to compare.
//! 3. Readers come now and then, try the addresses that they know and those that their channel shows.
//! 4. [`run`] lets the hours pass and counts; [`Figures`] are the means over many worlds; [`plot()`] draws one.
//! 5. [`Session`] is the planner alone, driven by somebody else's simulator.
//!
//! What is simulated is written on the tin: no figure here was measured in a country.

mod baseline;
mod figures;
mod newsroom;
mod plot;
mod readers;
mod session;
mod settings;
mod world;

pub use figures::{Figures, Hour, Run};
pub use newsroom::{Policy, run};
pub use plot::plot;
pub use session::{Session, SessionError};
pub use settings::{Agents, Censor, Settings};
