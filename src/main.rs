//! The program: everything is in the library, `shopfleet::cli` first.

use std::process::ExitCode;

fn main() -> ExitCode {
    shopfleet::cli::main()
}
