//! The law of import: whatever exists, a plan right after the import is empty.

use proptest::prelude::*;

use crate::desired::import::config;
use crate::desired::import::worlds::{World, organisation, worlds};
use crate::desired::render;
use crate::engine;
use crate::model::{ConfigFile, ConfigFiles, Observed, Seen};

use super::verify;

fn files(world: &World) -> ConfigFiles {
    let ours = config("acme", None, world).files.into_iter();
    let files = ours.map(|(path, text)| ConfigFile { path, bytes: text.into_bytes() });
    ConfigFiles { files: files.collect(), ..ConfigFiles::default() }
}

/// Imports, loads, plans; whatever there is to do, to wait for or to mend is an error.
fn check(world: &World) -> Result<(), String> {
    let now: jiff::Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
    let loaded = engine::load(files(world), jiff::civil::date(2026, 6, 1))
        .map_err(|invalid| render(&invalid.problems, &invalid.files, false))?;
    if !loaded.warnings.is_empty() {
        return Err(render(&loaded.warnings, &loaded.files, false));
    }
    let repos = world.iter().map(|(name, state)| (name.clone(), Seen::Known(state.clone()))).collect();
    let observed = Observed { at: Some(now), repos, ..Observed::default() };
    let judged = verify::plan(&loaded.desired, &observed, now);
    if verify::is_empty(&judged, &observed) { Ok(()) } else { Err(format!("{:#?}", judged.document)) }
}

#[test]
fn after_a_large_import_the_plan_is_empty() {
    check(&organisation()).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn after_any_import_the_plan_is_empty(world in worlds()) {
        check(&world).map_err(TestCaseError::fail)?;
    }
}
