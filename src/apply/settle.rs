//! Intents that a crash left open: looks at the world and settles them.

use crate::model::{Facet, Facets, Observed, RepoName, Verb};

use super::compare::settled_value;
use super::outcome::{Outcome, Trouble};
use super::recorder::{Recorder, RecorderError, record};
use crate::ledger::{Index, Open, Record};

/// What has to be read to settle the open intents: repositories and facets.
pub async fn needs(recorder: &Recorder) -> (Vec<RepoName>, Facets) {
    recorder
        .index(|index| {
            let mut repos = Vec::new();
            let mut facets = Facets::NONE;
            for open in index.open_intents() {
                if let Some(repo) = open.intent.address.repo_name()
                    && !repos.contains(&repo)
                {
                    repos.push(repo);
                }
                facets = facets.and(match open.intent.verb.kind() {
                    "label" => Facets::of(Facet::Labels).and(Facets::of(Facet::Settings)),
                    _ => Facets::of(Facet::Settings),
                });
            }
            (repos, facets)
        })
        .await
}

/// Settles every open intent that the reading tells about; gives how many. One that it doesn't tell about stays
/// open: nobody guesses.
///
/// # Errors
/// When the ledger can't be written.
pub async fn settle(recorder: &Recorder, observed: &Observed) -> Result<usize, RecorderError> {
    let settled = |index: &Index| -> Vec<Record> {
        let settled = |open: &Open| {
            let outcome = verdict(open, observed)?;
            let intent = &open.intent;
            Some(Record::Outcome(record(
                &intent.intent,
                intent.action.clone(),
                intent.address.clone(),
                &outcome,
            )))
        };
        index.open_intents().iter().filter_map(|open| settled(open)).collect()
    };
    let records = recorder.index(settled).await;
    let count = records.len();
    if count > 0 {
        recorder.note(records).await?;
    }
    Ok(count)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "every other variant is one case here")]
fn verdict(open: &Open, observed: &Observed) -> Option<Outcome> {
    let intent = &open.intent;
    let interrupted = || Outcome::Failed {
        says: "interrupted before it took effect".to_owned(),
        trouble: Trouble::NotAttempted,
        request_id: None,
    };
    match intent.verb {
        // What the factory says is said again by the next plan, or not, as the world shows then.
        Verb::Comment | Verb::DeleteComment | Verb::Report | Verb::Propose | Verb::Withdraw => {
            Some(Outcome::not_attempted("interrupted; the next plan looks at it afresh"))
        }
        verb => {
            let repo = intent.address.repo_name()?;
            let now = settled_value(verb, &intent.before, &intent.after, observed.repo(&repo))?;
            Some(if now == intent.after {
                Outcome::Done
            } else if now == intent.before {
                interrupted()
            } else {
                Outcome::Refused {
                    says: format!("interrupted, and it is neither as before nor as planned: {now}"),
                }
            })
        }
    }
}
