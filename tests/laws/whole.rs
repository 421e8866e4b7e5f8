//! Laws of the whole program against GitHub as the twin plays it.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;

use super::cases::case;
use super::spell;
use crate::sizes;
use crate::world::{Ran, world_of};

fn set(document: &Value, list: &str, field: &str, keep: impl Fn(&Value) -> bool) -> BTreeSet<String> {
    let all = document[list].as_array().expect("the document has this list");
    all.iter()
        .filter(|entry| keep(entry))
        .map(|entry| entry[field].as_str().expect("it has one").to_owned())
        .collect()
}

fn planned(plan: &Ran) -> BTreeSet<String> {
    set(&plan.json(), "actions", "id", |_| true)
}

proptest! {
    #![proptest_config(sizes::whole())]

    /// After an apply the next plan is exactly what was blocked, refused or failed; nothing when nothing was.
    #[test]
    fn an_apply_leaves_only_what_it_says(case in case()) {
        world_of(case.github(), |w| {
            w.config(&spell::kdl(&case));
            let applied = w.apply(&["--json"]);
            prop_assert!(matches!(applied.code, 0 | 4), "{}{}", applied.all(), spell::kdl(&case));
            let left = set(&applied.json(), "outcomes", "id", |o| {
                !matches!(o["result"].as_str(), Some("done" | "already-so"))
            });
            prop_assert!(left.is_empty(), "nothing was in the way\n{}\n{}", applied.all(), spell::kdl(&case));
            let after = w.plan(&["--json"]);
            // Some may be open now: what an apply did in its first round counts against its budgets, and not against
            // those of the next.
            let blocked = set(&applied.json(), "blocked", "id", |_| true);
            prop_assert_eq!(planned(&after), blocked, "{}\n{}\n{}", applied.all(), after.all(), spell::kdl(&case));
            prop_assert_eq!(applied.code == 0, planned(&after).is_empty(), "{}", applied.all());
            if applied.code == 0 {
                prop_assert_eq!(after.code, 0, "{}", after.all());
            }
            Ok(())
        })?;
    }

    /// Whatever exists, what is imported asks for no change.
    #[test]
    fn after_an_import_the_plan_is_empty(case in case()) {
        // Of an organisation without repositories an import says so, and writes nothing.
        prop_assume!(case.github().repos_of("acme").next().is_some());
        world_of(case.github(), |w| {
            let imported = w.run(&["import", "acme"]);
            prop_assert_eq!(imported.code, 0, "{}", imported.all());
            let plan = w.plan(&[]);
            prop_assert_eq!(plan.code, 0, "{}\n{}", plan.all(), imported.all());
            Ok(())
        })?;
    }
}
