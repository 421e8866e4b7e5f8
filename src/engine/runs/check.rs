//! Work that has to pass gates before it counts: the process that runs them is started, and waited for without being held
//! up by it.

use crate::adapters::fs;
use crate::model::{Closed, Lack, Outcome};
use crate::runs::{
    Checking, Checks, Handover, On, RunDir, Spec, Verdict, launch_check, sweep_checks, verdict,
};

use super::Yard;
use super::close::CloseError;

/// How often the checks of a run are begun, where the process that runs them dies.
const TRIES: u32 = 3;

/// Whether what a run made has to pass gates before it counts.
pub(super) fn is_due(spec: &Spec, closed: &Closed) -> bool {
    closed.outcome == Outcome::Done && closed.commit.is_some() && !spec.ground.gates.is_empty()
}

/// Notes that a run is to be checked, and begins.
pub(super) async fn begin(
    yard: &Yard,
    dir: &RunDir,
    spec: &Spec,
    on: &On,
    closed: Closed,
) -> Result<(), CloseError> {
    let checks = yard.state.checks();
    let checking = Checking {
        closed,
        begun: 0,
        place: checks.join(spec.id.as_str()),
        bases: checks.join("base").join(on.of.repo.as_str().to_lowercase()),
        mirror: yard.state.mirror_of(&on.of.repo),
    };
    dir.note_checking(&checking)?;
    go_on(yard, dir, spec, on, checking).await.map(drop)
}

/// How a run is closed that is being checked; `None` while it is.
pub(super) async fn go_on(
    yard: &Yard,
    dir: &RunDir,
    spec: &Spec,
    on: &On,
    mut checking: Checking,
) -> Result<Option<Closed>, CloseError> {
    let (verdict, checks) = match dir.checks()? {
        Checks::Runs => return Ok(None),
        Checks::Done(checked) => (verdict(&checked, on.may_weaken), checked.checks),
        Checks::Idle if checking.begun < TRIES => {
            checking.begun += 1;
            dir.note_checking(&checking)?;
            let handover = Handover { vars: yard.vars(), own: Vec::new(), secrets: yard.secrets() };
            let program = yard.env.executable().map_err(CloseError::Program)?;
            launch_check(dir, &spec.id, &program, &yard.env, &handover).await?;
            return Ok(None);
        }
        Checks::Idle => {
            sweep_checks(dir, &spec.id)?;
            let log = dir.dir().join("check.log");
            let says = format!("its gates could not be run, {TRIES} times: see {}", log.display());
            (Verdict { outcome: Outcome::NoVerdict, says }, Vec::new())
        }
    };
    fs::remove_tree(&checking.place)?;
    let commit = checking.closed.commit.filter(|_| verdict.outcome == Outcome::Done);
    let lacks = checks.iter().any(|check| !check.passed).then_some(Lack::Gates);
    let lacks = lacks.filter(|_| verdict.outcome == Outcome::NoVerdict);
    Ok(Some(Closed {
        outcome: verdict.outcome,
        says: verdict.says,
        commit,
        checks,
        lacks,
        ..checking.closed
    }))
}
