//! Tests of the whole: the shape of the source, real bundles under other tools, actors over simulated and real wires.
#![expect(
    clippy::disallowed_methods,
    reason = "tests make files and start programs of their own"
)]

mod bundle;
mod edition;
mod keys;
mod layers;
mod press;
mod reader;
mod server;
mod server_intake;
mod sync;
mod trust_differential;
mod trust_oracle;
mod world;
