//! Proposes live flips (`loop disable`, `suspend`) as pull requests on the config repository, one fixed branch a
//! flip, and withdraws the ones that ended.

use serde_json::{Value, json};

use crate::model::{Action, Address, Effect, Facet, Facets, OpenFlip, ProposedFile, RepoName, Verb};
use crate::plan::Plan;

use super::{Cx, Loop, NoSettings, Trigger};

/// The loop.
pub(super) struct Flips;

impl Loop for Flips {
    type Settings = NoSettings;
    const NAME: &'static str = "flips";
    const ABOUT: &'static str = "Proposes each live flip (`loop disable`, `suspend`) as a pull request on the config \
        repository, keeps it current, and closes it when the flip ended.";
    const TRIGGERS: &'static [Trigger] = &[Trigger::minutes(10), Trigger::On(Facet::Flips)];
    const NEEDS: Facets = Facets::of(Facet::Flips);
    const MAY: &'static [Verb] = &[Verb::Propose, Verb::Withdraw];

    fn plan(cx: &Cx<'_, NoSettings>) -> Plan {
        let mut plan = Plan::empty();
        let Some(config) = &cx.desired.factory.config else { return plan };
        for flip in &cx.observed.flips {
            let address = address(&config.value, flip);
            match (&flip.pull, flip.in_force) {
                (_, false) => plan.act(withdraw(&config.value, flip, address)),
                (Some((_, true)), true) => {}
                (None, true) if flip.said => {}
                (None | Some((_, false)), true) if flip.files.is_empty() => {
                    plan.wait(address, "the config to have a place where this flip can be written");
                }
                (None | Some((_, false)), true) => plan.act(propose(&config.value, flip, address)),
            }
        }
        plan
    }
}

fn address(config: &RepoName, flip: &OpenFlip) -> Address {
    Address::repo(config).part("branch", &flip.branch)
}

fn propose(config: &RepoName, flip: &OpenFlip, address: Address) -> Action {
    let before = flip.pull.map_or(Value::Null, |(number, _)| json!({ "pull": number }));
    let files: Vec<Value> =
        flip.files.iter().map(|ProposedFile { path, text }| json!({ "path": path, "text": text })).collect();
    let word = if flip.on { "on" } else { "off" };
    let until = flip.until.map(|until| format!(" until {until:.0}")).unwrap_or_default();
    let title = format!("Switch {} {word}: {}", flip.address, flip.reason);
    let body = format!(
        "`{}` was switched {word} live by {}: {}\n\nMerging this keeps it {word}{until}. Closing it ends the live flip.\n\n\
         <!-- factoryctl:flip {} -->\n",
        flip.address, flip.by, flip.reason, flip.branch
    );
    let effect = Effect::Propose {
        repo: config.clone(),
        branch: flip.branch.clone(),
        base: flip.base.clone(),
        files: flip.files.clone(),
        title,
        body,
        alone: None,
    };
    let mut after = json!({ "branch": flip.branch, "files": files });
    if let Some((number, _)) = flip.pull {
        after["pull"] = number.into();
    }
    Action::new(Flips::NAME, Verb::Propose, address, before, after, effect)
        .reason(format!("{} was switched {word} live by {}", flip.address, flip.by))
}

/// Closes the pull request of a flip that is over; where a person has closed it already, its branch is left.
fn withdraw(config: &RepoName, flip: &OpenFlip, address: Address) -> Action {
    let number = flip.pull.map(|(number, _)| number);
    let before = number.map_or_else(|| json!({ "branch": flip.branch }), |number| json!({ "pull": number }));
    let effect = Effect::Withdraw { repo: config.clone(), number, branch: flip.branch.clone(), says: None };
    Action::new(Flips::NAME, Verb::Withdraw, address, before, Value::Null, effect)
        .reason(format!("the live flip of {} ended", flip.address))
}
