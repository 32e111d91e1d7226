//! colport carries a newsroom's articles past a censor. The binary `colport` is the product; this library is what it
//! is made of, for tests and for those who read the source.

pub mod base;
pub mod bundle;
pub mod cli;
pub mod config;
pub mod edition;
pub mod io;
pub mod manual;
pub mod packager;
pub mod reader;
pub mod server;
pub mod site;
pub mod sync;
pub mod trust;
