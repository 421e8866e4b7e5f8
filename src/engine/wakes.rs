//! Triggers, coalesced: however many come, the daemon finds one note of what to look at again.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::model::Facets;

/// What may have changed since the daemon looked last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pending {
    /// The head of the config branch, as it stands on this machine.
    pub config: bool,
    /// The config branch at its remote.
    pub remote: bool,
    /// What is switched off.
    pub switches: bool,
    /// Parts of GitHub.
    pub facets: Facets,
    /// Loops that a person wants to look now.
    pub asked: BTreeSet<String>,
}

/// The note; clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wakes(Arc<Note>);

#[derive(Debug, Default)]
struct Note {
    pending: Mutex<Option<Pending>>,
    woken: Notify,
}

impl Wakes {
    /// Adds to the note and wakes the daemon.
    pub(crate) fn add(&self, add: impl FnOnce(&mut Pending)) {
        add(self.0.pending.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default());
        self.0.woken.notify_one();
    }

    /// Waits until there is something on the note, and takes it. Cancel safe.
    pub(crate) async fn take(&self) -> Pending {
        loop {
            let taken = self.0.pending.lock().unwrap_or_else(PoisonError::into_inner).take();
            match taken {
                Some(pending) => return pending,
                None => self.0.woken.notified().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Facet;
    use futures::FutureExt;

    #[tokio::test]
    async fn many_triggers_are_one_note() {
        let wakes = Wakes::default();
        assert!(wakes.take().now_or_never().is_none());
        wakes.add(|p| p.facets = p.facets.and(Facets::of(Facet::Labels)));
        wakes.add(|p| p.config = true);
        wakes.clone().add(|p| p.facets = p.facets.and(Facets::of(Facet::Settings)));
        let facets = Facets::of(Facet::Labels).and(Facets::of(Facet::Settings));
        assert_eq!(wakes.take().await, Pending { config: true, facets, ..Pending::default() });
        assert!(wakes.take().now_or_never().is_none());
    }
}
