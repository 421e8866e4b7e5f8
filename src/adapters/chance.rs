//! Random bytes of the system, for what nobody else may draw too.

use std::fs::File;
use std::io::{self, Read as _};

/// As many as are asked for.
///
/// # Errors
/// When the system gives none.
pub fn drawn<const BYTES: usize>() -> io::Result<[u8; BYTES]> {
    let mut drawn = [0; BYTES];
    File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut drawn))?;
    Ok(drawn)
}
