//! The only door to disk, network, clock and other programs. Everything above takes values, or one of the small
//! traits here, so that tests can put a simulated world in their place.

pub mod address;
pub mod authority;
pub mod browser;
pub mod clock;
pub mod door;
pub mod enclosure;
pub mod evidence;
pub mod fetch;
pub mod files;
pub mod folder;
pub mod ledger;
pub mod line;
mod mapped;
pub mod memory;
pub mod part;
pub mod probe;
pub mod program;
pub mod push;
pub mod random;
pub mod reach;
pub mod report;
pub mod rights;
pub mod scratch;
pub mod service;
pub mod store;
pub mod tree;
mod unpack;
pub mod visit;
