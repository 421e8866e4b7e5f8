//! Notices that a run has ended, without looking at what agents print.

use std::collections::BTreeSet;
use std::path::Path;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio_util::sync::CancellationToken;

use super::Known;
use crate::adapters::fs;
use crate::adapters::state::StateDir;
use crate::engine::wakes::Wakes;
use crate::model::{Facet, Facets, RunId};
use crate::runs::{BELL, RecordError, State};

/// Wakes whoever looks at runs whenever one ends, from now on and as long as the future is there, until `stop`. Where the
/// kernel gives no notes, the interval of the loop does.
pub(in crate::engine) fn watch(
    runs: &Path,
    wakes: Wakes,
    stop: CancellationToken,
) -> impl Future<Output = ()> + Send + 'static {
    let watcher = match notes(runs, wakes) {
        Ok(watcher) => Some(watcher),
        Err(error) => {
            tracing::warn!(error, "the ends of runs can't be watched; they are looked for every minute");
            None
        }
    };
    async move {
        stop.cancelled().await;
        drop(watcher);
    }
}

/// The runs whose supervisors are gone without a last word, which nobody tells of.
///
/// # Errors
/// When the records of one can't be read.
pub(in crate::engine) fn left_alone(state: &StateDir, known: &Known) -> Result<BTreeSet<RunId>, RecordError> {
    let mut out = BTreeSet::new();
    for (id, dir) in known.open(&state.runs())? {
        if matches!(dir.state()?, State::Interrupted(_)) {
            out.insert(id);
        }
    }
    Ok(out)
}

fn notes(runs: &Path, wakes: Wakes) -> Result<RecommendedWatcher, String> {
    fs::private_dir(runs).map_err(|e| e.to_string())?;
    let rung =
        |event: &Event| event.paths.iter().any(|path| path.file_name().is_some_and(|name| name == BELL));
    let heard = move |event: notify::Result<Event>| {
        if event.is_ok_and(|event| event.need_rescan() || (!event.kind.is_access() && rung(&event))) {
            wakes.add(|pending| pending.facets = pending.facets.and(Facets::of(Facet::Runs)));
        }
    };
    let mut watcher = notify::recommended_watcher(heard).map_err(|e| e.to_string())?;
    watcher.watch(runs, RecursiveMode::NonRecursive).map_err(|e| e.to_string())?;
    Ok(watcher)
}
