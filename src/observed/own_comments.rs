//! The factory's own comments on pull requests, known by how they begin: of many pull requests in one query.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::adapters::github::{Client, Error, GraphqlReply};
use crate::model::{CommitId, RepoName};

use super::aliases::Text;
use super::batch;

/// How many pull requests one query asks about: 2,000 nodes at most, one point.
const PULLS: usize = 20;
/// Pages of the comments on one pull request that are read before they count as endless.
const PAGES_MAX: usize = 100;

/// What the factory said on a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnComments {
    /// The head of the pull request; `None` when it isn't open.
    pub open_at: Option<CommitId>,
    /// Its comments, oldest first: id and body.
    pub comments: Vec<(u64, String)>,
}

/// A pull request.
pub type Pull = (RepoName, u64);

/// A page of its comments.
#[derive(Clone, Debug)]
struct Page {
    pull: Pull,
    after: Option<String>,
}

/// What the factory said on each of these pull requests in comments that begin so. Of one of which not every comment can be read
/// nothing is told: half of them would make a second set of them.
pub async fn own_comments(
    client: &Client,
    pulls: &[Pull],
    marker: &str,
) -> BTreeMap<Pull, Result<OwnComments, Error>> {
    let mut out: BTreeMap<Pull, Result<OwnComments, Error>> = BTreeMap::new();
    let mut pages: Vec<Page> = pulls.iter().map(|pull| Page { pull: pull.clone(), after: None }).collect();
    for _ in 0..PAGES_MAX {
        let asked = std::mem::take(&mut pages);
        for (chunk, result) in batch::of_owners(client, asked, |page| &page.pull.0, PULLS, query).await {
            for (k, page) in chunk.iter().enumerate() {
                let told = match &result {
                    Ok(reply) => told(reply, k, marker),
                    Err(error) => Err(error.clone()),
                };
                match (told, out.get_mut(&page.pull)) {
                    (Ok((said, after)), there) => {
                        match there {
                            Some(Ok(there)) => there.comments.extend(said.comments),
                            Some(Err(_)) | None => {
                                out.insert(page.pull.clone(), Ok(said));
                            }
                        }
                        let more = |after| Page { pull: page.pull.clone(), after: Some(after) };
                        pages.extend(after.map(more));
                    }
                    (Err(error), _) => {
                        out.insert(page.pull.clone(), Err(error));
                    }
                }
            }
        }
        if pages.is_empty() {
            return out;
        }
    }
    for Page { pull, .. } in pages {
        out.insert(pull, Err(Error::untold("/graphql", "a pull request with more comments than are read")));
    }
    out
}

fn query(owner: &str, chunk: &[Page]) -> crate::adapters::github::Operation {
    let mut text = Text::new(owner);
    for (k, Page { pull: (repo, number), after }) in chunk.iter().enumerate() {
        text.variable(&format!("p{k}"), "Int!", json!(number));
        text.variable(&format!("c{k}"), "String", json!(after));
        let fields = format!(
            "pullRequest(number: $p{k}) {{ state headRefOid comments(first: 100, after: $c{k}) \
             {{ nodes {{ fullDatabaseId body viewerDidAuthor }} pageInfo {{ hasNextPage endCursor }} }} }}"
        );
        text.ask(k, repo, &fields);
    }
    text.operation("OwnComments", "")
}

fn told(reply: &GraphqlReply, k: usize, marker: &str) -> Result<(OwnComments, Option<String>), Error> {
    let alias = format!("r{k}");
    let failed = reply.errors.iter().any(|error| error.path.first().is_none_or(|first| *first == alias));
    let pull = &reply.data[alias.as_str()]["pullRequest"];
    let decoded = if failed { None } else { decode(pull, marker) };
    decoded.ok_or_else(|| Error::untold("/graphql", "what is said on a pull request"))
}

fn decode(pull: &Value, marker: &str) -> Option<(OwnComments, Option<String>)> {
    let head = CommitId::parse(pull["headRefOid"].as_str()?)?;
    let open_at = Some(head).filter(|_| pull["state"] == "OPEN");
    let page = &pull["comments"];
    let mut comments = Vec::new();
    for comment in page["nodes"].as_array()? {
        let body = comment["body"].as_str()?;
        if comment["viewerDidAuthor"].as_bool()? && body.starts_with(marker) {
            comments.push((comment["fullDatabaseId"].as_str()?.parse().ok()?, body.to_owned()));
        }
    }
    let more = page["pageInfo"]["hasNextPage"].as_bool()?;
    let after = if more { Some(page["pageInfo"]["endCursor"].as_str()?.to_owned()) } else { None };
    Some((OwnComments { open_at, comments }, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_whole_is_told() {
        let comment = |id: &str, own: bool, body: &str| json!({ "fullDatabaseId": id, "viewerDidAuthor": own, "body": body });
        let pull = json!({
            "state": "OPEN", "headRefOid": "ab".repeat(20),
            "comments": {
                "nodes": [comment("5000000001", true, "<!-- x -->\nA"), comment("2", false, "<!-- x -->\nB"), comment("3", true, "C")],
                "pageInfo": { "hasNextPage": true, "endCursor": "y" },
            },
        });
        let (said, after) = decode(&pull, "<!-- x -->").unwrap();
        assert_eq!(said.comments, [(5_000_000_001, "<!-- x -->\nA".to_owned())]);
        assert_eq!((said.open_at.is_some(), after.as_deref()), (true, Some("y")));
        let mut closed = pull.clone();
        closed["state"] = json!("CLOSED");
        assert_eq!(decode(&closed, "<!-- x -->").unwrap().0.open_at, None);
        for place in
            ["/headRefOid", "/comments/nodes", "/comments/nodes/0/body", "/comments/pageInfo/endCursor"]
        {
            let mut less = pull.clone();
            *less.pointer_mut(place).unwrap() = Value::Null;
            assert_eq!(decode(&less, "<!-- x -->"), None, "{place}");
        }
    }
}
