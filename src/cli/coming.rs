//! What a plan says of one thing: what comes next of it, or has to happen first.

use crate::engine::Judged;
use crate::model::Address;
use crate::plan::render::printable;

/// What comes next of what these addresses are of, that this loop cares for, or what has to happen first; a line each.
pub(super) fn lines(judged: &Judged, by: &str, is_its: impl Fn(&Address) -> bool) -> Vec<String> {
    let document = &judged.document;
    let planned = document.actions.iter().filter(|planned| is_its(&planned.action.address)).map(|planned| {
        let action = &planned.action;
        let held =
            planned.blocked.as_ref().map(|held| format!("; held back by `{}`: {}", held.guard, held.says));
        let verb = action.verb.as_str().replace('-', " ");
        format!("next: {verb}: {}{}", action.reason, held.unwrap_or_default())
    });
    let waits = document.waiting.iter().filter(|waiting| is_its(&waiting.address));
    let waits = waits.map(|waiting| format!("waits for {}", waiting.on));
    let problems = judged.problems.iter().filter(|problem| is_its(&problem.address));
    let problems = problems.map(|problem| format!("needs a person: {}", problem.says));
    let off = document.disabled.iter().filter(|disabled| disabled.name == by).map(|disabled| {
        let (name, switch) = (&disabled.name, &disabled.switch);
        format!("the loop `{name}` is switched off by {}: {}", switch.by, switch.reason)
    });
    planned.chain(waits).chain(problems).chain(off).map(|line| printable(&line)).collect()
}
