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
mod attacks_http;
mod audit;
mod bundle;
mod commands;
mod daemon;
mod dense;
mod doh;
mod edition;
mod evil;
mod fuzzed;
mod hostile;
mod hosts;
mod keys;
mod layers;
mod meeting;
mod page;
mod pebble;
mod press;
mod reader;
mod rotation_numbers;
mod server;
mod server_acme;
mod server_forms;
mod server_intake;
mod server_lists;
mod server_redbot;
mod server_shared;
mod server_thin;
mod server_tls;
mod sideload;
mod site;
mod sync;
mod sync_http;
mod trust_days;
mod trust_differential;
mod trust_interop;
mod trust_numbers;
mod trust_oracle;
mod watch;
mod watching;
mod world;
