//! The program: everything is in the library, `shopfleet::cli` first.

use mimalloc::MiMalloc;
use std::process::ExitCode;

/// Orders are made on one thread and dropped on two others, which the system's allocator does slowly:
/// it was a quarter of the core thread's time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    shopfleet::cli::main()
}
