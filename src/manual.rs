//! The manual: what the parts are, how they fit, what they promise and what they do not.
//!
//! Pages name one another by references that each defines at its end, so that they work where the file is read. Here those of
//! `links.md` come first, and the first one counts.

#[doc = include_str!("manual/architecture.md")]
pub mod architecture {}

#[doc = include_str!("manual/links.md")]
#[doc = include_str!("manual/bundle.md")]
pub mod bundle {}

#[doc = include_str!("manual/links.md")]
#[doc = include_str!("manual/threats.md")]
pub mod threats {}

#[doc = include_str!("manual/links.md")]
#[doc = include_str!("manual/publishing.md")]
pub mod publishing {}

#[doc = include_str!("manual/links.md")]
#[doc = include_str!("manual/rotation.md")]
pub mod rotation {}

#[doc = include_str!("manual/links.md")]
#[doc = include_str!("manual/watching.md")]
pub mod watching {}

#[doc = include_str!("manual/links.md")]
#[doc = include_str!("manual/mirror.md")]
pub mod mirror {}

#[doc = include_str!("manual/links.md")]
#[doc = include_str!("manual/measured.md")]
pub mod measured {}
