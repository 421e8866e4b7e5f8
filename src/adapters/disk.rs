//! How much of the disk some folders take, measured beside what goes on, on a thread of its own.
#![expect(clippy::disallowed_methods, reason = "the edge at which time passes")]

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use super::fs::disk_usage;

/// How much longer than a measurement took is waited before the next one: it takes a twentieth of a processor at most.
const REST: u32 = 19;
/// The most names that are counted. Where there are more, it is more than anybody may have.
const MOST: usize = 5_000_000;

/// A measurement that is repeated until this is dropped.
#[derive(Debug)]
pub struct Gauge {
    used: Arc<AtomicU64>,
    /// Its end is what the thread waits for.
    _going: Sender<()>,
}

impl Gauge {
    /// Measures these folders, again and again, with so much time between at least.
    ///
    /// # Errors
    /// When there can be no further thread.
    pub fn start(folders: Vec<PathBuf>, every: Duration) -> io::Result<Self> {
        let used = Arc::new(AtomicU64::new(0));
        let (going, gone) = mpsc::channel::<()>();
        let told = Arc::clone(&used);
        std::thread::Builder::new().name("disk".to_owned()).spawn(move || {
            loop {
                let began = Instant::now();
                match disk_usage(&folders, MOST) {
                    Ok(used) => told.store(used, Ordering::Relaxed),
                    Err(error) => tracing::warn!(%error, "how much of the disk is taken can't be told"),
                }
                let rest = every.max(began.elapsed().saturating_mul(REST));
                if gone.recv_timeout(rest) == Err(RecvTimeoutError::Disconnected) {
                    return;
                }
            }
        })?;
        Ok(Self { used, _going: going })
    }

    /// The bytes that the last measurement found that succeeded; none before the first one.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_measures_again_and_again() {
        let dir = tempfile::tempdir().unwrap();
        let gauge = Gauge::start(vec![dir.path().to_owned()], Duration::from_millis(1)).unwrap();
        for bytes in [1 << 20, 2 << 20] {
            std::fs::write(dir.path().join("f"), vec![1; bytes]).unwrap();
            while gauge.used() < bytes as u64 {
                std::thread::yield_now();
            }
        }
    }
}
