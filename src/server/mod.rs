//! server
mod current;
mod listen;
mod respond;
mod wire;
