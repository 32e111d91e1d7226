//! packager

mod charset;
pub mod extract;
mod pictures;
mod slug;
