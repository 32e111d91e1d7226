//! The binary `colport`; all of it is in the library.

use std::process::ExitCode;

/// To verify an edition, or to make its other forms, takes memory for some seconds on a machine that has little. This one
/// gives it back.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    colport::cli::main()
}
