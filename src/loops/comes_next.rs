//! What comes next of an issue, as the plan has it.

use crate::model::Address;
use crate::pipeline::{Queue, Stand, Station, View};
use crate::plan::Waiting;

/// Among which issues one waits, and what comes next of it or has to come first. By itself an issue may be ready for more than
/// the plan lets it do now: where another one lands first, is at the same files, or has the last slot, it waits for that.
pub(crate) fn comes_next(view: &View<'_>, station: &Station, waiting: &[Waiting]) -> (Queue, String) {
    let (queue, says) = (station.stand.queue(), station.stand.says());
    if queue != Queue::Next || view.at_work().is_some() {
        return (queue, says);
    }
    let case = view.case;
    let pull = case.pull().map(|it| Address::repo(&case.repo).part("pull", &it.number.to_string()));
    let own = match &station.stand {
        Stand::Works(task) => vec![task.address()],
        Stand::Moves(_)
        | Stand::Waits(_)
        | Stand::Until(..)
        | Stand::Parked { .. }
        | Stand::Human { .. }
        | Stand::Held(_)
        | Stand::Done(_)
        | Stand::Left(_) => [Address::issue(&case.repo, case.number)].into_iter().chain(pull).collect(),
    };
    let is_its = |address: &Address| own.iter().any(|own| address.is_at_or_below(own));
    match waiting.iter().find(|it| is_its(&it.address)) {
        Some(it) => (Queue::Waits, format!("waits for {}; then {says}", it.on)),
        None => (queue, says),
    }
}
