//! The manual: what the parts are, how they fit, what they promise and what they do not.

#[doc = include_str!("manual/architecture.md")]
pub mod architecture {}

#[doc = include_str!("manual/bundle.md")]
pub mod bundle {}

#[doc = include_str!("manual/threats.md")]
pub mod threats {}

#[doc = include_str!("manual/publishing.md")]
pub mod publishing {}

#[doc = include_str!("manual/rotation.md")]
pub mod rotation {}

#[doc = include_str!("manual/watching.md")]
pub mod watching {}

#[doc = include_str!("manual/mirror.md")]
pub mod mirror {}
