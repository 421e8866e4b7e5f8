//! The `factoryctl` binary: arguments and ports in, exit code out.

use std::process::ExitCode;

use factoryctl::adapters::env::Env;
use factoryctl::cli;

fn main() -> ExitCode {
    cli::main(std::env::args_os(), Env::read()).code().into()
}
