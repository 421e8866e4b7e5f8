//! The `factoryctl` binary: arguments and ports in, exit code out.

fn main() {}
