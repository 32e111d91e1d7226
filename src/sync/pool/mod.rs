//! Mirrors that stand by: made beforehand, or by a [hook](super::hooks) when they are needed.
//!
//! 1. A new mirror is described by whoever made it ([`Described`]).
//! 2. It is called by a name that is [drawn](name): a newsroom's name in an address is the first thing a censor looks for.
//! 3. It is taken only if no other is under its [domain], and the planner tells it to nobody who is told of another in its
//!    account: who blocks or seizes one must not find the next by it.
//!
//! Deliberately absent: buying and paying, which only the newsroom's own hooks can do.

mod domain;
mod name;

use std::net::IpAddr;

use url::Url;

pub use domain::{first_double, registrable};
pub use name::{draw, is_made_from};

use crate::sync::Mirror;
use crate::sync::rotation::Upkeep;

/// Who would be asked to take the mirror down.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    pub provider: String,
    /// What the operator calls it; empty if he says nothing. The customer's number is nobody's business.
    pub name: String,
}

/// A mirror that is not told to anybody yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    pub mirror: Mirror,
    /// Where readers find it, in the one spelling that mirrors have.
    pub url: Url,
    pub onion: Option<Url>,
    pub cost_a_day: f64,
    pub account: Account,
    pub upkeep: Upkeep,
    /// Of its host, so that a lie about its name can be seen. Empty where they change, as behind a CDN.
    pub addresses: Vec<IpAddr>,
}
