//! packager

mod charset;
mod pictures;
mod slug;
