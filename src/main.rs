//! The binary `colport`; all of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    colport::cli::main()
}
