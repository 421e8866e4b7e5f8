//! The `factoryctl` binary: arguments and ports in, exit code out.

use std::process::ExitCode;

use factoryctl::adapters::env::Env;
use factoryctl::cli;

/// The system's own allocator keeps what it once needed on each thread that ever did: a daemon of many days would grow.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    cli::main(std::env::args_os(), Env::read()).code().into()
}
