//! The signals that end a foreground command: the first one drains, the second one aborts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that the first SIGINT or SIGTERM cancels, and the number of that signal (0 while there was none). A
/// second signal ends the process with the code that belongs to it.
pub(super) fn stop_on_signal() -> (CancellationToken, Arc<AtomicUsize>) {
    let token = CancellationToken::new();
    let seen = Arc::new(AtomicUsize::new(0));
    for (kind, number) in [(SignalKind::interrupt(), 2), (SignalKind::terminate(), 15)] {
        let Ok(mut stream) = signal(kind) else { continue };
        let (token, seen) = (token.clone(), Arc::clone(&seen));
        #[expect(clippy::disallowed_methods, reason = "it lives as long as the process, which it may end")]
        drop(tokio::spawn(async move {
            while stream.recv().await.is_some() {
                if token.is_cancelled() {
                    std::process::exit(i32::try_from(128 + number).unwrap_or(1));
                }
                seen.store(number, Ordering::Relaxed);
                token.cancel();
            }
        }));
    }
    (token, seen)
}
