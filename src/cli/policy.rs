//! `factoryctl policy`: merge policies, and how the evidence stands that they ask for before they take effect.

use serde::Serialize;
use serde_json::json;

use crate::adapters::github::{self, Patience};
use crate::engine::{self, Request};
use crate::model::{Desired, Held, MergePolicy, RepoName, SecretRef};
use crate::pipeline::graduation;
use crate::plan::render::printable;

use super::context::Context;
use super::daemon::Daemon;
use super::exit::{Exit, Fail};
use super::issue::Looked;
use super::next;
use super::plan::{incomplete, say_unread};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Which evidence each policy asks for, and whether it is there
    Graduation {
        /// Print the versioned JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Approve a policy as it reads now, where its `graduation` asks for that
    Approve {
        /// The policy.
        name: String,
        /// Where your own GitHub token is found, `env:NAME` or `file:PATH`: GitHub tells whose it is.
        #[arg(long, value_name = "REFERENCE")]
        token: String,
    },
}

/// How a policy stands in a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Stands {
    policy: String,
    mode: &'static str,
    /// None where no repository uses it.
    repo: Option<String>,
    /// Whether its mode is in effect there.
    in_effect: bool,
    evidence: Vec<Item>,
    source: String,
}

/// Something that it asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Item {
    says: String,
    met: bool,
}

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    match &args.what {
        What::Graduation { json } => show(cx, *json).await,
        What::Approve { name, token } => approve(cx, name, token).await,
    }
}

/// Writes down that somebody approves a policy: whoever GitHub says that the token is of.
async fn approve(cx: &Context, name: &str, token: &str) -> Result<Exit, Fail> {
    let reference = SecretRef::parse(token).ok_or_else(|| {
        // Whoever gives a token instead of where it is must not find it in a log.
        Fail::new(Exit::Usage, "what --token has is no reference").help("write env:NAME or file:PATH")
    })?;
    let daemon = Daemon::find(cx).await?;
    let policy = engine::policy(&daemon.desired, name).map_err(|says| Fail::new(Exit::Usage, says))?;
    let secret = cx.env.secret(&reference).map_err(|error| {
        let help = next::environment(&error);
        Fail::new(Exit::Auth, "that token can't be had").because(error).help(help)
    })?;
    let api = cx.api(&daemon.desired);
    let client = cx.client_with(&api, github::Auth::Token(secret), Patience::Foreground, None, None)?;
    let by = client.identity(daemon.desired.factory.name.as_str()).await?.login();
    match &policy.graduation.approved_by {
        Some(login) if login.eq_ignore_ascii_case(&by) => {}
        Some(login) => {
            let says = format!("`{name}` asks for a yes of `{login}`, and this token is of `{by}`");
            return Err(
                Fail::new(Exit::Auth, says).help(format!("have `{login}` run it ({})", policy.source))
            );
        }
        None => {
            let says = format!("`{name}` asks for nobody's yes ({})", policy.source);
            let help = "write whose it needs into its `graduation`, as `approved-by`";
            return Err(Fail::new(Exit::Usage, says).help(help));
        }
    }
    let (policy, fingerprint) = (policy.name.clone(), policy.fingerprint());
    daemon.switch(cx, &Request::Approve { policy, fingerprint, by }).await
}

async fn show(cx: &Context, json: bool) -> Result<Exit, Fail> {
    let looked = Looked::at(cx).await?;
    let all = stands(looked.desired(), &looked.observed.cases.held);
    if json {
        cx.ui.print_json(&json!({ "version": 1, "policies": all }))?;
    } else {
        cx.ui.print(&text(&all))?;
    }
    say_unread(cx, &looked.observed);
    Ok(incomplete(&looked.observed))
}

/// How each policy stands in each repository that uses it.
fn stands(desired: &Desired, held: &Held) -> Vec<Stands> {
    let pipelines = &desired.pipelines;
    let users = |policy: &MergePolicy| {
        let uses = |repo: &&RepoName| pipelines.policy(repo).is_some_and(|it| it.name == policy.name);
        pipelines.of_repo.keys().filter(uses).cloned().collect::<Vec<_>>()
    };
    let mut out = Vec::new();
    for policy in pipelines.policies.values() {
        let of = |repo: Option<&RepoName>| {
            let evidence = repo.map(|repo| graduation(policy, repo, held)).unwrap_or_default();
            Stands {
                policy: policy.name.clone(),
                mode: policy.mode.as_str(),
                repo: repo.map(ToString::to_string),
                in_effect: repo.is_some() && evidence.iter().all(|it| it.met),
                evidence: evidence.into_iter().map(|it| Item { says: it.says, met: it.met }).collect(),
                source: policy.source.to_string(),
            }
        };
        let users = users(policy);
        match users.as_slice() {
            [] => out.push(of(None)),
            users => out.extend(users.iter().map(|repo| of(Some(repo)))),
        }
    }
    out
}

/// As people read it.
fn text(all: &[Stands]) -> String {
    let mut out = String::new();
    for Stands { policy, mode, repo, in_effect, evidence, source } in all {
        let of = match (repo, in_effect) {
            (None, _) => "no repository uses it".to_owned(),
            (Some(repo), true) => format!("in effect in {repo}"),
            (Some(repo), false) => format!("not in effect yet in {repo}"),
        };
        out.push_str(&format!("merge-policy `{policy}` ({mode}, {source}): {of}\n"));
        if repo.is_some() && evidence.is_empty() {
            out.push_str("  it asks for no evidence\n");
        }
        for Item { says, met } in evidence {
            let word = if *met { "met" } else { "pending" };
            out.push_str(&format!("  {word}: {}\n", printable(says)));
        }
    }
    if out.is_empty() { "config has no merge policy\n".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::{desired, name, repo, source};
    use crate::model::{Graduation, MergeMethod, MergeMode};

    fn policy(text: &str, graduation: Graduation) -> MergePolicy {
        MergePolicy {
            name: text.into(),
            mode: MergeMode::OnGreen,
            method: MergeMethod::Squash,
            checks: Vec::new(),
            max_files: None,
            max_lines: None,
            people_paths: Vec::new(),
            freezes: Vec::new(),
            updates: 0,
            graduation,
            source: source(9),
        }
    }

    #[test]
    fn each_item_is_met_or_pending_in_each_repository() {
        let asks = Graduation {
            clean_pulls: 3,
            soak: Some(std::time::Duration::from_hours(8)),
            drift: None,
            approved_by: Some("ann".into()),
        };
        let mut wanted = desired([repo("acme/anvil"), repo("acme/widgets"), repo("acme/plain")]);
        let pipelines = &mut wanted.pipelines;
        for it in [
            policy("guarded", asks),
            policy("spare", Graduation::default()),
            policy("open", Graduation::default()),
        ] {
            pipelines.policies.insert(it.name.clone(), it);
        }
        for (repo, policy) in [("acme/anvil", "guarded"), ("acme/widgets", "guarded"), ("acme/plain", "open")]
        {
            pipelines.of_repo.insert(name(repo), "short".into());
            pipelines.policy_of_repo.insert(name(repo), policy.into());
        }
        let lasted = std::time::Duration::from_hours(9);
        let held = Held {
            writes: std::collections::BTreeMap::new(),
            refused_updates: std::collections::BTreeMap::new(),
            refused_landings: std::collections::BTreeMap::new(),
            updates: std::collections::BTreeMap::new(),
            landed: [
                (name("acme/anvil"), [(1, true), (2, true), (3, true)].into()),
                (name("acme/widgets"), [(1, true), (2, false), (3, true)].into()),
            ]
            .into(),
            soaks: [(jiff::Timestamp::UNIX_EPOCH, (lasted, None))].into(),
            approvals: [(
                "guarded".to_owned(),
                wanted.pipelines.policies["guarded"].fingerprint(),
                "ann".to_owned(),
            )]
            .into(),
        };
        insta::assert_snapshot!(text(&stands(&wanted, &held)), @r"
        merge-policy `guarded` (on-green, factory.kdl:9): in effect in acme/anvil
          met: 3 of 3 clean pull requests
          met: a soak of 540 of 480 minutes
          met: approved by ann
        merge-policy `guarded` (on-green, factory.kdl:9): not in effect yet in acme/widgets
          pending: 2 of 3 clean pull requests
          met: a soak of 540 of 480 minutes
          met: approved by ann
        merge-policy `open` (on-green, factory.kdl:9): in effect in acme/plain
          it asks for no evidence
        merge-policy `spare` (on-green, factory.kdl:9): no repository uses it
        ");
        assert_eq!(text(&[]), "config has no merge policy\n");
    }
}
