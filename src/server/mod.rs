//! server
pub mod respond;
