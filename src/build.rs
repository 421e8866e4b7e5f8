//! How the program is linked: at a fixed address. Otherwise each process would write a megabyte of addresses that are the same
//! in all of them, and there is one process for each run.

#[expect(clippy::disallowed_methods, reason = "a build script is told in its environment what it builds for")]
fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
