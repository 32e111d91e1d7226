//! Tests of the whole: the shape of the source, real bundles under other tools, actors over simulated and real wires.
#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests make files and start programs of their own, say what they skip, and fail by panicking"
)]

mod archive;
mod attacks;
mod bundle;
mod commands;
mod dense;
mod edition;
mod keys;
mod layers;
mod press;
mod reader;
mod server;
mod server_intake;
mod sideload;
mod sync;
mod sync_http;
mod trust_differential;
mod trust_interop;
mod trust_numbers;
mod trust_oracle;
mod world;
