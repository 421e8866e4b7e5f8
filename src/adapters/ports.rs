//! Ports of the loopback that are free.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// So many different ports of the loopback that are free at this moment. Nobody holds them: another process may take
/// one before whoever they are meant for does.
///
/// # Errors
/// When there are not so many.
pub fn free(n: u16) -> io::Result<Vec<u16>> {
    // All are held until the last one is found, so that none is found twice.
    let held: Vec<TcpListener> =
        (0..n).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).collect::<Result<_, _>>()?;
    held.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_found_twice() {
        let found: std::collections::BTreeSet<u16> = free(20).unwrap().into_iter().collect();
        assert_eq!((found.len(), found.contains(&0)), (20, false));
    }
}
