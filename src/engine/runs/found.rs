//! What runs found and didn't do, before it is decided what becomes of that: whether issues say it, and whether it may be
//! said.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::adapters::env::Env;
use crate::adapters::github::Client;
use crate::loops;
use crate::model::{Desired, Facet, FollowUp, Observed, RepoName, Task};
use crate::observed;
use crate::runs::Redactor;

use super::secrets;

/// Reads the issues of the repositories where what runs found is to become one, and of those in which an issue may have
/// been opened since a moment; and looks for the secrets that this machine knows by now. The runs have been read.
pub(in crate::engine) async fn found<'a>(
    (env, desired, now): (&Env, &Desired, Timestamp),
    client: &Client,
    tasks: impl Iterator<Item = &'a Task>,
    mut repos: BTreeMap<RepoName, Timestamp>,
    observed: &mut Observed,
) {
    let mut all: Vec<FollowUp> = Vec::new();
    if observed.gap(Facet::Runs, None).is_none() {
        for task in tasks {
            for due in loops::due(task, desired, observed, now) {
                let since = repos.entry(task.repo.clone()).or_insert(due.ended);
                *since = due.ended.min(*since);
                all.push(due.found.clone());
            }
        }
    }
    if !all.is_empty() {
        let secrets = secrets(env, desired);
        let redactor = Redactor::new(secrets.iter().map(String::as_str));
        let leaks = |found: &FollowUp| redactor.finds(&found.title) || redactor.finds(&found.text);
        observed.tracker.leaks = all.into_iter().filter(leaks).map(|found| found.digest).collect();
    }
    observed::tracked(client, repos, observed).await;
}
