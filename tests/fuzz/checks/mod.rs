//! What is thrown at the readers of metadata, dense streams, lists of mirrors and requests, and what must be true of whatever they accept.
//!
//! 1. Each check takes any bytes, makes something nearly sound of them, and fails where a promise is not kept.
//! 2. A fuzzer runs them for hours (`scripts/fuzz`), the ordinary tests for a moment (`tests/it/fuzzed.rs`): with the
//!    seeds, with what a fuzzer has found before, and with seeds that dice have changed.

mod alter;
pub(crate) mod dense;
pub(crate) mod heads;
pub(crate) mod json;
pub(crate) mod keyfile;
pub(crate) mod lists;
pub(crate) mod metadata;
mod oracle;
pub(crate) mod pattern;
pub(crate) mod proposal;
pub(crate) mod remembered;
pub(crate) mod roots;
mod site;
pub(crate) mod splice;

/// A check, what a fuzzer calls it, and what it begins with.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) check: fn(&[u8]),
    pub(crate) seeds: fn() -> Vec<Vec<u8>>,
}

pub(crate) const TARGETS: [Target; 10] = [
    Target {
        name: "dense",
        check: dense::check,
        seeds: dense::seeds,
    },
    Target {
        name: "metadata",
        check: metadata::check,
        seeds: metadata::seeds,
    },
    Target {
        name: "roots",
        check: roots::check,
        seeds: roots::seeds,
    },
    Target {
        name: "remembered",
        check: remembered::check,
        seeds: remembered::seeds,
    },
    Target {
        name: "proposal",
        check: proposal::check,
        seeds: proposal::seeds,
    },
    Target {
        name: "keyfile",
        check: keyfile::check,
        seeds: keyfile::seeds,
    },
    Target {
        name: "pattern",
        check: pattern::check,
        seeds: pattern::seeds,
    },
    Target {
        name: "json",
        check: json::check,
        seeds: json::seeds,
    },
    Target {
        name: "heads",
        check: heads::check,
        seeds: heads::seeds,
    },
    Target {
        name: "lists",
        check: lists::check,
        seeds: lists::seeds,
    },
];
