//! Bringing an issue to the repository that it belongs to, or opening one there that it is worked on as.

use http::Method;
use serde_json::{Value, json};

use crate::adapters::github::{Client, Effect as Once, Error, Operation};
use crate::model::{LabelName, LabelSpec, Mirror, RepoName, Transfer, mirrored_line};
use crate::observed::{mirrored, one_case};

use super::look::LookError;
use super::shown::Shown;
use super::{labels, speech};

/// The issue as it is; where it isn't there any more, as if it were where it belongs: nothing is left to do about it.
pub(super) async fn look(client: &Client, it: &Transfer) -> Result<Value, LookError> {
    let case = one_case(client, &it.repo, it.watched.number).await?;
    Ok(case.as_ref().map_or_else(|| it.done(), |case| it.value(case)))
}

const ENDS: &str = "query Ends($owner: String!, $name: String!, $number: Int!, $to: String!, $toName: String!, \
    $label: String!) { rateLimit { cost remaining resetAt limit } \
    from: repository(owner: $owner, name: $name) { issue(number: $number) { id \
    labels(first: 100) { nodes { name } } } } \
    to: repository(owner: $to, name: $toName) { id label(name: $label) { name } } }";

const TRANSFER: &str = "mutation Transfer($input: TransferIssueInput!) { transferIssue(input: $input) { \
    issue { number repository { nameWithOwner } } } }";

/// The label that gives it to the pipeline there, and the comment, before it goes: GitHub takes both along, so that whatever
/// cuts it short leaves no issue that nobody knows of.
pub(super) async fn transfer(client: &Client, it: &Transfer) -> Result<Shown, Error> {
    let Transfer { repo, watched, to, intake, comment } = it;
    let ends = Operation::new("Ends", ENDS).with(json!({
        "owner": repo.owner(), "name": repo.name(), "number": watched.number,
        "to": to.owner(), "toName": to.name(), "label": intake.as_str(),
    }));
    let ends = client.graphql(repo.owner(), &ends).await?.complete()?;
    let (issue, target) = (&ends["from"]["issue"], &ends["to"]);
    if target["label"].is_null() {
        create(client, to, intake).await?;
    }
    let mut on = issue["labels"]["nodes"].as_array().into_iter().flatten();
    let carries =
        on.any(|it| it["name"].as_str().is_some_and(|it| LabelName::observed(it).key() == intake.key()));
    if !carries {
        let path = format!("/repos/{repo}/issues/{}/labels", watched.number);
        let wanted = json!({ "labels": [intake.as_str()] });
        client.write(repo.owner(), Method::POST, &path, &wanted, Once::Idempotent).await?;
    }
    if let Some(body) = comment {
        let _ = speech::comment(client, repo, watched.number, None, body).await?;
    }
    let input =
        json!({ "issueId": issue["id"], "repositoryId": target["id"], "createLabelsIfMissing": false });
    let operation = Operation::new("Transfer", TRANSFER).with(json!({ "input": input }));
    let data = client.graphql(repo.owner(), &operation).await?.complete()?;
    let there = data["transferIssue"]["issue"]["repository"]["nameWithOwner"].as_str();
    Ok(Shown::when(there.and_then(|name| RepoName::parse(name).ok()).as_ref() == Some(to)))
}

/// A label that somebody else made meanwhile is as good.
async fn create(client: &Client, repo: &RepoName, name: &LabelName) -> Result<(), Error> {
    let label =
        LabelSpec { name: name.clone(), color: None, description: None, was: None, delete_after: None };
    match labels::create(client, repo, &label).await {
        Ok(_) => Ok(()),
        Err(error) if error.name_is_taken() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Opens it, unless it is there, and says so where the other one is: that comment is what tells the next look.
pub(super) async fn mirror(client: &Client, it: &Mirror) -> Result<Shown, Error> {
    let Mirror { repo, watched, since, to, intake, title, body } = it;
    let line = body.lines().next().unwrap_or_default();
    let number = match mirrored(client, to, *since, line).await? {
        Some(number) => number,
        None => {
            let wanted = json!({ "title": title, "body": body, "labels": [intake.as_str()] });
            let path = format!("/repos/{to}/issues");
            let reply = client.write(to.owner(), Method::POST, &path, &wanted, Once::Create).await?;
            let untold = || Error::untold(&path, "an issue without its number");
            reply.body["number"].as_u64().ok_or_else(untold)?
        }
    };
    let says = format!(
        "{}\nIt is worked on as {to}#{number}, and closed once that is.\n",
        mirrored_line(to, number)
    );
    speech::comment(client, repo, watched.number, None, &says).await
}
