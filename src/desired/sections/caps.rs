//! `caps`: how much one run may change.

use crate::desired::block::Block;
use crate::desired::diagnostic::{Draft, code};
use crate::desired::shape::{Field, Kind, Type};
use crate::model::{ChangeBudget, RunCaps};

use super::Builder;

const MOST: i64 = 1_000_000;
const RUNS: Type = Type::Int { min: 0, max: 1_000 };
const COUNT: Type = Type::Int { min: 0, max: MOST };

static CHANGE_BUDGET: Kind = Kind {
    name: "change-budget",
    about: "How much one run may change before it is held back and shown instead. The plan names the override that would let it pass.",
    fields: &[
        Field::new("deletes", COUNT, "Deletions in one run.", "10").or("10"),
        Field::new("weakening", COUNT, "Changes in one run that remove a protection.", "0").or("0"),
        Field::new("visibility", COUNT, "Repositories made more widely visible in one run.", "0").or("0"),
        Field::new("archives", COUNT, "Repositories archived in one run.", "5").or("5"),
        Field::new("total", Type::Limit { max: MOST }, "Changes of any sort in one run.", "500").or("#null"),
        Field::new(
            "percent",
            Type::Int { min: 0, max: 100 },
            "Changes to existing objects of one kind in one repository, as a percentage of those managed there.",
            "30",
        )
        .or("30"),
        Field::new("floor", COUNT, "Up to this many changes the percentage doesn't apply.", "10").or("10"),
    ],
    example: "change-budget deletes=10 weakening=0 percent=30 floor=10",
    ..Kind::EMPTY
};

pub(super) static CAPS: Kind = Kind {
    name: "caps",
    about: "Limits on what the factory does.",
    fields: &[
        Field::new("runs", RUNS, "How many agents may be at work at the same time.", "4").or("4"),
        Field::new("runs-per-repo", RUNS, "How many of them in one repository.", "2").or("2"),
        Field::new(
            "spend-per-day",
            Type::Dollars { max: 1_000_000, unlimited: true },
            "How much all runs of a day (UTC) may cost, by the agents' own figures or the table of prices. Once that is reached none starts, and those at work are stopped when it is passed. A plain command tells nothing of what it uses, and counts nothing.",
            "50",
        )
        .or("#null"),
        Field::new(
            "disk",
            Type::Limit { max: MOST },
            "How many GiB workspaces, homes, records and mirrors of runs may take on this machine. Beyond it what nobody works with any more makes room, saved first and the oldest first, and no agent is started until there is room.",
            "50",
        )
        .or("#null"),
    ],
    children: &[&CHANGE_BUDGET],
    example: "caps runs=4 runs-per-repo=2 {\n    change-budget deletes=10 weakening=0 visibility=0 archives=5 percent=30 floor=10\n}",
    ..Kind::EMPTY
};

pub(super) fn build(block: Option<&Block>, cx: &mut Builder<'_>) -> (ChangeBudget, RunCaps) {
    let caps = RunCaps::default();
    let Some(block) = block else { return (ChangeBudget::default(), caps) };
    if let (Some(runs), Some(per_repo)) = (block.count("runs"), block.value("runs-per-repo"))
        && block.count("runs-per-repo").is_some_and(|most| most > runs)
    {
        cx.sink.push(
            Draft::warning(
                code::NO_EFFECT,
                format!("no repository has so many: `runs` is {runs} for all of them"),
            )
            .at(per_repo.span, "has no effect")
            .help(format!("lower it to {runs} at most, or raise `runs`")),
        );
    }
    let caps = RunCaps {
        runs: block.count("runs").unwrap_or(caps.runs),
        per_repo: block.count("runs-per-repo").unwrap_or(caps.per_repo),
        spend_per_day: block.micros("spend-per-day"),
        disk: block.count("disk").map(|gibibytes| u64::from(gibibytes) << 30),
    };
    (block.child(CHANGE_BUDGET.name).map(|b| change_budget(b, cx)).unwrap_or_default(), caps)
}

fn change_budget(block: &Block, cx: &mut Builder<'_>) -> ChangeBudget {
    let mut budget = ChangeBudget { source: cx.source(block.span), ..ChangeBudget::default() };
    let count = |name: &str, into: &mut u32| {
        if let Some(n) = block.count(name) {
            *into = n;
        }
    };
    count("deletes", &mut budget.deletes);
    count("weakening", &mut budget.weakening);
    count("visibility", &mut budget.visibility);
    count("archives", &mut budget.archives);
    count("percent", &mut budget.percent);
    count("floor", &mut budget.floor);
    // The default is no limit, and so is a limit of none.
    budget.total = block.count("total");
    budget
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_defaults_are_the_models() {
        let budget = ChangeBudget::default();
        for (name, value) in [
            ("deletes", Some(budget.deletes)),
            ("weakening", Some(budget.weakening)),
            ("visibility", Some(budget.visibility)),
            ("archives", Some(budget.archives)),
            ("total", budget.total),
            ("percent", Some(budget.percent)),
            ("floor", Some(budget.floor)),
        ] {
            let documented = CHANGE_BUDGET.field(name).and_then(Field::default_json);
            assert_eq!(documented, Some(value.map_or(serde_json::Value::Null, Into::into)), "{name}");
        }
        let caps = RunCaps::default();
        for (name, value) in [("runs", caps.runs), ("runs-per-repo", caps.per_repo)] {
            assert_eq!(CAPS.field(name).and_then(Field::default_json), Some(value.into()), "{name}");
        }
        assert_eq!((CAPS.field("disk").and_then(Field::default_json), caps.disk), (Some(().into()), None));
    }
}
