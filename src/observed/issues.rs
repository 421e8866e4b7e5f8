//! The issues of a repository, as far as they tell whether something is said already.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::adapters::github::{Client, Error};
use crate::model::{Facet, Gap, IssueSeen, Observed, RepoName, Seen, follow_ups_marked, said_by};

/// How many repositories are asked at the same time.
const AT_ONCE: usize = 6;
/// How far GitHub's clock and this machine's may be apart.
const SKEW: SignedDuration = SignedDuration::from_hours(1);

/// The issue whose text begins with this line and that the factory wrote, where there is one: of those that are open, and those
/// that were touched since a moment.
///
/// # Errors
/// When GitHub doesn't tell of each of them.
pub async fn mirrored(
    client: &Client,
    repo: &RepoName,
    since: Timestamp,
    line: &str,
) -> Result<Option<u64>, Error> {
    let own = client.identity(repo.owner()).await?.login();
    let all = listed(client, repo, since).await?;
    Ok(all.iter().find(|issue| is_marked(issue, &own, line)).and_then(|issue| issue["number"].as_u64()))
}

/// The open issue whose text begins with this line and that the factory wrote, where there is one.
///
/// # Errors
/// When GitHub doesn't tell of each of them.
pub async fn marked(client: &Client, repo: &RepoName, line: &str) -> Result<Option<u64>, Error> {
    let own = client.identity(repo.owner()).await?.login();
    let path = format!("/repos/{repo}/issues?sort=created&direction=asc&state=open");
    let all = client.pages(repo.owner(), &path).await?;
    Ok(all.iter().find(|issue| is_marked(issue, &own, line)).and_then(|issue| issue["number"].as_u64()))
}

/// Whether the factory wrote an issue whose text begins with this line.
fn is_marked(issue: &Value, own: &str, line: &str) -> bool {
    issue["user"]["login"].as_str() == Some(own)
        && issue["body"].as_str().and_then(|body| body.lines().next()) == Some(line)
}

/// All issues that are open, and those that were touched since a moment.
///
/// # Errors
/// When GitHub doesn't tell of each of them.
pub async fn issues(client: &Client, repo: &RepoName, since: Timestamp) -> Result<Vec<IssueSeen>, Error> {
    let untold = || Error::untold(&format!("/repos/{repo}/issues"), "an issue without its title or state");
    let mut out = BTreeMap::new();
    for issue in listed(client, repo, since).await? {
        let issue = decode(&issue).ok_or_else(untold)?;
        out.insert(issue.number, issue);
    }
    Ok(out.into_values().collect())
}

/// All issues that are open, and those that were touched since a moment. The first listing loses an issue that is closed
/// while its pages are read, and the second one has it: none leaves that one, whatever happens to it.
async fn listed(client: &Client, repo: &RepoName, since: Timestamp) -> Result<Vec<Value>, Error> {
    let since = (since - SKEW).strftime("%Y-%m-%dT%H:%M:%SZ");
    let path = format!("/repos/{repo}/issues?sort=created&direction=asc");
    let mut out = Vec::new();
    for which in ["state=open".to_owned(), format!("state=all&since={since}")] {
        let pages = client.pages(repo.owner(), &format!("{path}&{which}")).await?;
        // Pull requests are listed among them.
        out.extend(pages.into_iter().filter(|issue| !issue["pull_request"].is_object()));
    }
    Ok(out)
}

fn decode(issue: &Value) -> Option<IssueSeen> {
    Some(IssueSeen {
        number: issue["number"].as_u64()?,
        title: said_by(issue["title"].as_str()?),
        marks: issue["body"].as_str().map(follow_ups_marked).unwrap_or_default(),
        closed: match issue["state"].as_str()? {
            "open" => None,
            _ => Some(issue["closed_at"].as_str()?.parse().ok()?),
        },
    })
}

/// Reads the issues of these repositories, each since its moment. What can't be read is a gap.
pub async fn tracked(client: &Client, repos: BTreeMap<RepoName, Timestamp>, observed: &mut Observed) {
    let read = repos.into_iter().map(async |(repo, since)| {
        let found = issues(client, &repo, since).await;
        (repo, found)
    });
    let mut read = stream::iter(read).buffer_unordered(AT_ONCE);
    while let Some((repo, found)) = read.next().await {
        let seen = match found {
            Ok(issues) => Seen::Known(issues),
            Err(error) => {
                let (why, cause) = (error.to_string(), super::cause(&error));
                observed.gaps.push(Gap { facet: Facet::Issues, repo: Some(repo.clone()), why, cause });
                Seen::Unknown
            }
        };
        observed.tracker.issues.insert(repo, seen);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_does_not_tell_its_state_is_no_issue() {
        let closed = json!({ "number": 3, "title": "A b", "body": null, "state": "closed", "closed_at": "2026-06-01T12:00:00Z" });
        assert_eq!(
            decode(&closed).map(|it| (it.number, it.title, it.closed.is_some())),
            Some((3, "ab".into(), true))
        );
        for field in ["number", "title", "state", "closed_at"] {
            let mut less = closed.clone();
            less[field] = Value::Null;
            assert_eq!(decode(&less), None, "{field}");
        }
    }
}
