//! The world as it is: a snapshot in which every part is known, known to be absent, or not known.
//!
//! Reads only. A failed, partial or refused read becomes a [`crate::model::Gap`] with its cause, never an absence.

mod aliases;
mod batch;
mod cases;
mod config_repo;
mod decode;
mod issues;
mod keeping;
mod label_uses;
mod own_comments;
mod repositories;
mod run_pulls;
mod snapshot;
mod unmanaged;

use crate::adapters::clock::Clock;
use crate::adapters::github::{Client, Kind};
use crate::model::{Cause, Cost, Desired, Facet, Facets, Observed, RepoName};

pub use cases::{
    Moved, Remembered, Told, WantedCases, carried, cases, one_case, permission, permissions, pushes, renames,
    reviewer,
};
pub use config_repo::{
    Closing, OwnPull, PullSeen, added_by_pulls, config_pulls, ending, own_check, own_pulls,
};
pub use issues::{issues, marked, mirrored, tracked};
pub use keeping::{Before, Head, Landed, OpenPull, heads, landed, proposed_before};
pub use label_uses::count_uses;
pub use own_comments::{OwnComments, Pull, own_comments};
pub use repositories::{ReadError, read_one};
pub use run_pulls::{latest_pull, run_pulls};
pub use snapshot::{load, save};
pub use unmanaged::owned;

/// What to read.
#[derive(Debug)]
pub struct Request<'a> {
    /// The repositories to read: those that config declares, and those that a proposal to it declares.
    pub repos: Vec<Wanted<'a>>,
    /// Owners whose undeclared repositories are listed, with the pattern over names.
    pub owners: Vec<(&'a str, &'a str)>,
    /// The factory's own config repository, whatever it is called by now; it is asked for beside others only.
    pub own: Option<&'a RepoName>,
    /// Which parts.
    pub facets: Facets,
}

/// A repository to read.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Which.
    pub name: &'a RepoName,
    /// Whether config says that it is archived: then it is read lightly, unless it turns out not to be.
    pub archived: bool,
}

impl<'a> Request<'a> {
    /// What the loops that take part need of what config declares, of the GitHub at `api`.
    pub fn of(desired: &'a Desired, api: &str, facets: Facets) -> Self {
        let repos = desired
            .repos
            .values()
            .map(|repo| Wanted { name: &repo.name, archived: repo.archived() })
            .collect();
        let owners = desired.observe.iter().map(|o| (o.owner.as_str(), o.pattern.as_str())).collect();
        Self { repos, owners, own: desired.own_repo(api), facets }
    }
}

/// Reads what is asked for. Cancelling it is safe: nothing is written.
pub async fn observe(client: &Client, clock: &Clock, request: &Request<'_>) -> Observed {
    let before = client.stats();
    let mut observed = Observed { at: Some(clock.now()), ..Observed::default() };
    if request.facets.has(Facet::Settings) || request.facets.has(Facet::Labels) {
        let (repositories, unmanaged) =
            futures::join!(repositories::read(client, request), unmanaged::read(client, request));
        (observed.repos, observed.own, observed.gaps) =
            (repositories.repos, repositories.own, repositories.gaps);
        observed.unmanaged = unmanaged.0;
        observed.gaps.extend(unmanaged.1);
    }
    let after = client.stats();
    observed.cost = Cost {
        requests: after.requests - before.requests,
        points: after.points - before.points,
        creations: client.creations(),
        room: client.room(),
    };
    observed
}

/// What sort of trouble an error is, for exit codes.
pub fn cause(error: &crate::adapters::github::Error) -> Cause {
    match error.kind() {
        Kind::Unauthorized | Kind::Forbidden { .. } => Cause::Auth,
        Kind::PrimaryLimit { .. } | Kind::SecondaryLimit { .. } => Cause::RateLimit,
        Kind::Absent
        | Kind::Archived
        | Kind::Conflict
        | Kind::Invalid { .. }
        | Kind::Moved { .. }
        | Kind::Server
        | Kind::Timeout
        | Kind::Network { .. }
        | Kind::Malformed { .. }
        | Kind::TooLarge => Cause::Other,
    }
}
