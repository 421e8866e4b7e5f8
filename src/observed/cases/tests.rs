//! What becomes of replies: of each field that is missing, of words that nobody knows, of lists that go on.

use serde_json::{Value, json};

use super::{Untold, decode, read};
use crate::adapters::github::{GraphqlError, GraphqlReply};
use crate::model::{
    Case, Cause, CheckIs, CheckSeen, CommitId, LabelName, PullCase, RepoName, ReviewIs, Seen,
};

const HEAD: &str = "1111111111111111111111111111111111111111";
const OTHER: &str = "2222222222222222222222222222222222222222";

fn repo() -> RepoName {
    RepoName::parse("acme/widgets").unwrap()
}

fn person(login: &str) -> Value {
    json!({"__typename": "User", "login": login})
}

fn list(nodes: &[Value]) -> Value {
    json!({"nodes": nodes, "pageInfo": {"hasNextPage": false}})
}

/// An issue with something in each of its lists.
fn issue() -> Value {
    let at = "2026-06-01T12:00:00Z";
    json!({
        "number": 5, "title": "It leaks", "body": "Since Monday.", "state": "OPEN",
        "stateReason": "REOPENED", "createdAt": at,
        "lastEditedAt": at, "repository": {"id": "R_1"}, "editor": person("ann"), "author": person("bob"),
        "labels": list(&[json!({"name": "Factory"}), json!({"name": "bug"})]),
        "assignees": {"nodes": [{"login": "ann"}]},
        "parent": {"number": 4, "repository": {"nameWithOwner": "acme/widgets"}},
        "subIssues": list(&[
            json!({"number": 6, "state": "OPEN", "repository": {"nameWithOwner": "acme/widgets"}}),
            json!({"number": 7, "state": "CLOSED", "repository": {"nameWithOwner": "acme/other"}}),
        ]),
        "blockedBy": list(&[
            json!({"number": 8, "state": "OPEN", "repository": {"nameWithOwner": "acme/widgets"}}),
            json!({"number": 9, "state": "CLOSED", "repository": {"nameWithOwner": "acme/other"}}),
        ]),
        "comments": {"nodes": [{
            "fullDatabaseId": "3012345678", "body": "hm", "author": {"__typename": "Bot", "login": "factory"},
            "viewerDidAuthor": true, "createdAt": at, "lastEditedAt": at, "editor": person("ann"),
        }]},
        "timelineItems": {"nodes": [
            {"__typename": "LabeledEvent", "createdAt": "2026-06-01T12:00:01Z", "actor": person("bob"), "label": {"name": "factory"}},
            {"__typename": "LabeledEvent", "createdAt": "2026-06-01T12:00:02Z", "actor": person("ann"), "label": {"name": "factory"}},
            {"__typename": "AssignedEvent", "createdAt": "2026-06-01T12:00:03Z", "actor": person("bob"), "assignee": person("Ann")},
            {"__typename": "RenamedTitleEvent", "createdAt": "2026-06-01T12:00:04Z", "actor": person("cid")},
        ]},
    })
}

/// A merged pull request with something in each of its lists.
fn pull() -> Value {
    let at = "2026-06-02T12:00:00Z";
    let run = json!({
        "__typename": "CheckRun", "name": "test", "status": "COMPLETED", "conclusion": "FAILURE", "title": "2 failed",
        "summary": "a, b\n", "startedAt": at, "checkSuite": {"app": {"databaseId": 15368}},
    });
    let status = json!({
        "__typename": "StatusContext", "context": "ci", "state": "SUCCESS", "description": "fine", "createdAt": at,
    });
    json!({
        "number": 8, "title": "Mend it", "state": "MERGED", "isDraft": false, "createdAt": at, "closedAt": at,
        "author": person("factory"), "viewerDidAuthor": true, "headRefName": "factory/issue/5", "headRefOid": HEAD,
        "headRef": {"target": {"oid": HEAD}, "repository": {"id": "R_1"}},
        "headRepository": {"id": "R_1"}, "baseRefName": "main", "mergeable": "MERGEABLE", "merged": true,
        "mergedAt": at, "mergedBy": person("ann"), "mergeCommit": {
            "oid": OTHER, "tree": {"oid": "t2"},
            "statusCheckRollup": {"contexts": list(std::slice::from_ref(&status))},
        },
        "isMergeQueueEnabled": true, "mergeQueueEntry": {"state": "QUEUED", "position": 2, "enqueuer": person("factory")},
        "timelineItems": {"nodes": [{
            "__typename": "RemovedFromMergeQueueEvent", "createdAt": at, "actor": {"__typename": "Bot", "login": "github-merge-queue"},
            "reason": "failed checks", "beforeCommit": {"statusCheckRollup": {"contexts": list(std::slice::from_ref(&run))}},
        }]},
        "forced": {
            "nodes": [{"__typename": "BaseRefForcePushedEvent", "createdAt": at, "beforeCommit": {"oid": OTHER}}],
            "pageInfo": {"hasPreviousPage": false},
        },
        "labels": list(&[json!({"name": "Factory:Hold"})]),
        "commits": {"nodes": [{"commit": {
            "oid": HEAD, "tree": {"oid": "t1"}, "committedDate": at,
            "statusCheckRollup": {"contexts": list(&[run, status])},
        }}]},
        "reviews": list(&[json!({
            "fullDatabaseId": "7", "author": person("ann"), "viewerDidAuthor": false, "state": "APPROVED", "body": "",
            "submittedAt": at, "commit": {"oid": HEAD},
        })]),
        "reviewThreads": list(&[json!({
            "id": "T1", "isResolved": false, "path": "a.rs",
            "comments": list(&[json!({
                "fullDatabaseId": "9", "author": person("ann"), "viewerDidAuthor": false, "body": "why?",
            })]),
        })]),
        "files": list(&[json!({"path": "a.rs", "changeType": "MODIFIED", "additions": 3, "deletions": 1})]),
        "baseRef": {"target": {"oid": OTHER}, "compare": {"aheadBy": 3, "behindBy": 2}},
    })
}

fn case_of(issue: &Value) -> Result<Option<Case>, String> {
    decode::issue(issue, &json!("R_1"), &repo(), 5)
}

fn pull_of(pull: &Value) -> Result<Option<PullCase>, String> {
    decode::pull(pull, &json!("R_1"))
}

/// The sample with one place of it changed.
fn with(mut sample: Value, place: &str, value: Value) -> Value {
    *sample.pointer_mut(place).unwrap() = value;
    sample
}

/// The places of every field in it, however deep.
fn fields(value: &Value, here: &str, out: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                out.push((here.to_owned(), name.clone()));
                fields(inner, &format!("{here}/{name}"), out);
            }
        }
        Value::Array(list) => {
            for (i, inner) in list.iter().enumerate() {
                fields(inner, &format!("{here}/{i}"), out);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Fields that are asked for and whose value nothing depends on.
const UNREAD: &[&str] = &["headRefName"];

#[test]
fn each_field_that_is_missing_is_an_error() {
    assert!(case_of(&issue()).unwrap().is_some() && pull_of(&pull()).unwrap().is_some());
    for (name, sample) in [("issue", issue()), ("pull request", pull())] {
        let mut places = Vec::new();
        fields(&sample, "", &mut places);
        assert!(places.len() > 30);
        for (place, field) in places.iter().filter(|(_, field)| !UNREAD.contains(&field.as_str())) {
            let mut less = sample.clone();
            less.pointer_mut(place).unwrap().as_object_mut().unwrap().remove(field);
            let failed = if name == "issue" { case_of(&less).is_err() } else { pull_of(&less).is_err() };
            assert!(failed, "{name}: {place}/{field}");
        }
    }
}

#[test]
fn a_word_that_nobody_knows_is_an_error() {
    for place in
        ["/state", "/timelineItems/nodes/0/__typename", "/createdAt", "/comments/nodes/0/fullDatabaseId"]
    {
        assert!(case_of(&with(issue(), place, json!("ODD"))).is_err(), "{place}");
    }
    let check = "/commits/nodes/0/commit/statusCheckRollup/contexts/nodes/0";
    for place in [
        "/state",
        "/mergeable",
        "/headRefOid",
        "/mergeCommit/oid",
        "/reviews/nodes/0/state",
        &format!("{check}/status"),
        &format!("{check}/conclusion"),
        &format!("{check}/__typename"),
        "/commits/nodes/0/commit/statusCheckRollup/contexts/nodes/1/state",
    ] {
        assert!(pull_of(&with(pull(), place, json!("ODD"))).is_err(), "{place}");
    }
    assert!(pull_of(&with(pull(), "/merged", json!(false))).is_err(), "merged and not merged");
}

#[test]
fn an_issue_is_read_as_it_is() {
    let case = case_of(&issue()).unwrap().unwrap();
    let label = &case.labels[&LabelName::observed("factory").key()];
    assert_eq!(label.name.as_str(), "Factory");
    assert_eq!(label.by.clone().map(|by| by.0), Some("ann".into()), "who put it there last");
    assert_eq!(case.labels["bug"].by, None);
    let said = &case.comments[0];
    assert_eq!((said.id, said.author.as_str(), said.own), (3_012_345_678, "factory[bot]", true));
    assert_eq!(said.by(), "ann", "who edited it says it");
    assert_eq!(case.edited.clone().map(|edited| edited.1), Some("ann".into()));
    let changes: Vec<&str> = case.changes().map(|(_, login)| login.as_str()).collect();
    assert_eq!((changes, case.reopened), (vec!["ann", "cid"], true), "its text, its title");
    let never = with(issue(), "/stateReason", Value::Null);
    assert!(!case_of(&never).unwrap().unwrap().reopened);
    assert!(case.open && case.blocked_by.is_empty() && case.assignees.len() == 1);
    assert_eq!(
        case.assigned("ANN").cloned().flatten().map(|by| by.0),
        Some("bob".into()),
        "who assigned her"
    );

    assert_eq!(case.parent, Some((repo(), 4)));
    assert_eq!(case.children.values().collect::<Vec<_>>(), [&false, &true], "acme/other#7 and #6");
    assert_eq!(case.dependencies.values().collect::<Vec<_>>(), [&false, &true], "acme/other#9 and #8");

    let gone = with(issue(), "/author", Value::Null);
    assert_eq!(case_of(&gone).unwrap().unwrap().author, "", "an account that is gone");
    let moved = with(issue(), "/repository/id", json!("R_2"));
    assert_eq!(case_of(&moved), Ok(None), "it is elsewhere");
    let many = with(issue(), "/labels/pageInfo/hasNextPage", json!(true));
    assert!(case_of(&many).is_err(), "labels that go on");
    let blocked = with(issue(), "/body", json!("Blocked by #3."));
    assert_eq!(case_of(&blocked).unwrap().unwrap().blocked_by, [3].into());
}

#[test]
fn a_pull_request_is_read_as_it_is() {
    let seen = pull_of(&pull()).unwrap().unwrap();
    let landed = seen.landed.clone().unwrap();
    assert_eq!((landed.by.as_deref(), landed.tree.as_deref()), (Some("ann"), Some("t2")));
    assert_eq!((seen.open, seen.own, seen.behind, seen.ahead), (false, true, Some(2), Some(3)));
    let was = seen.forced[0].1.as_ref().map(CommitId::as_str);
    assert_eq!((seen.forced.len(), was, &seen.carries), (1, Some(OTHER), &Seen::Unknown));
    let gone = pull_of(&with(pull(), "/forced/nodes/0/beforeCommit", Value::Null)).unwrap().unwrap();
    assert_eq!(gone.forced, [(seen.forced[0].0, None)], "nothing leads there any more");
    let more = pull_of(&with(pull(), "/forced/pageInfo/hasPreviousPage", json!(true))).unwrap().unwrap();
    assert_eq!(
        more.forced,
        [(seen.forced[0].0, None), seen.forced[0].clone()],
        "of the first ones nothing is told"
    );
    let none = pull_of(&with(pull(), "/forced/nodes", json!([]))).unwrap().unwrap();
    assert_eq!((none.forced.len(), none.carries), (0, Seen::Absent));
    assert_eq!(seen.tree.as_deref(), Some("t1"));
    assert!(seen.labels.contains("factory:hold"));
    let Seen::Known(checks) = seen.checks else { panic!("the checks are known") };
    let told = |it: &CheckSeen| (it.name.clone(), it.app, it.state, it.says.clone());
    assert_eq!(told(&checks[0]), ("ci".into(), None, CheckIs::Passed, "fine".into()));
    assert_eq!(told(&checks[1]), ("test".into(), Some(15_368), CheckIs::Failed, "2 failed\na, b".into()));

    let none = with(pull(), "/commits/nodes/0/commit/statusCheckRollup", Value::Null);
    assert_eq!(pull_of(&none).unwrap().unwrap().checks, Seen::Known(Vec::new()), "no checks");
    let late = pull_of(&with(pull(), "/commits/nodes/0/commit/oid", json!(OTHER))).unwrap().unwrap();
    assert_eq!((late.checks, late.tree, late.head_at), (Seen::Unknown, None, None), "of another head");
    let alone = pull_of(&with(pull(), "/baseRef/compare", Value::Null)).unwrap().unwrap();
    assert_eq!((alone.behind, alone.base_head.is_some()), (None, true), "its branch is gone");
    let baseless = pull_of(&with(pull(), "/baseRef", Value::Null)).unwrap().unwrap();
    assert_eq!((baseless.behind, baseless.base_head), (None, None));
    for elsewhere in [json!({"id": "R_2"}), Value::Null] {
        assert_eq!(pull_of(&with(pull(), "/headRepository", elsewhere)), Ok(None));
    }
    let begun = with(pull(), "/reviews/nodes/0/state", json!("PENDING"));
    assert_eq!(pull_of(&begun).unwrap().unwrap().reviews, Seen::Known(Vec::new()), "not sent off");
    let back = with(pull(), "/reviews/nodes/0/state", json!("DISMISSED"));
    let Seen::Known(back) = pull_of(&back).unwrap().unwrap().reviews else { panic!("known") };
    assert_eq!(back[0].verdict, ReviewIs::Dismissed);
}

#[test]
fn a_list_that_goes_on_is_unknown() {
    type Unknown = fn(&PullCase) -> bool;
    let rows: [(&str, Unknown); 5] = [
        ("/commits/nodes/0/commit/statusCheckRollup/contexts", |it| it.checks == Seen::Unknown),
        ("/reviews", |it| it.reviews == Seen::Unknown),
        ("/reviewThreads", |it| it.threads == Seen::Unknown),
        ("/reviewThreads/nodes/0/comments", |it| it.threads == Seen::Unknown),
        ("/files", |it| it.files == Seen::Unknown),
    ];
    let whole = pull_of(&pull()).unwrap().unwrap();
    for (place, unknown) in rows {
        assert!(!unknown(&whole), "{place}");
        let more = with(pull(), &format!("{place}/pageInfo/hasNextPage"), json!(true));
        assert!(unknown(&pull_of(&more).unwrap().unwrap()), "{place}");
    }
    let untold = pull_of(&with(pull(), "/files", Value::Null)).unwrap().unwrap();
    assert_eq!(untold.files, Seen::Unknown, "GitHub has no list of them");
}

#[test]
fn a_check_stands_as_github_says() {
    let at = "/commits/nodes/0/commit/statusCheckRollup/contexts/nodes";
    let state = |check: Value| {
        let seen = pull_of(&with(pull(), at, json!([check]))).ok()??;
        seen.checks.known()?.first().map(|check| check.state)
    };
    let run = pull().pointer(&format!("{at}/0")).unwrap().clone();
    let status = pull().pointer(&format!("{at}/1")).unwrap().clone();
    for (word, conclusion, expected) in [
        ("QUEUED", None, Some(CheckIs::Queued)),
        ("WAITING", None, Some(CheckIs::Queued)),
        ("PENDING", None, Some(CheckIs::Queued)),
        ("REQUESTED", None, Some(CheckIs::Queued)),
        ("IN_PROGRESS", None, Some(CheckIs::Running)),
        ("COMPLETED", Some("SUCCESS"), Some(CheckIs::Passed)),
        ("COMPLETED", Some("NEUTRAL"), Some(CheckIs::Neutral)),
        ("COMPLETED", Some("SKIPPED"), Some(CheckIs::Neutral)),
        ("COMPLETED", Some("FAILURE"), Some(CheckIs::Failed)),
        ("COMPLETED", Some("CANCELLED"), Some(CheckIs::Failed)),
        ("COMPLETED", Some("TIMED_OUT"), Some(CheckIs::Failed)),
        ("COMPLETED", Some("ACTION_REQUIRED"), Some(CheckIs::Failed)),
        ("COMPLETED", Some("STALE"), Some(CheckIs::Failed)),
        ("COMPLETED", Some("STARTUP_FAILURE"), Some(CheckIs::Failed)),
        ("COMPLETED", Some("ODD"), None),
        ("COMPLETED", None, None),
        ("ODD", Some("SUCCESS"), None),
    ] {
        let run = with(with(run.clone(), "/status", json!(word)), "/conclusion", json!(conclusion));
        assert_eq!(state(run), expected, "{word} {conclusion:?}");
    }
    for (word, expected) in [
        ("EXPECTED", Some(CheckIs::Running)),
        ("PENDING", Some(CheckIs::Running)),
        ("SUCCESS", Some(CheckIs::Passed)),
        ("FAILURE", Some(CheckIs::Failed)),
        ("ERROR", Some(CheckIs::Failed)),
        ("ODD", None),
    ] {
        assert_eq!(state(with(status.clone(), "/state", json!(word))), expected, "{word}");
    }
}

#[test]
fn pull_requests_from_elsewhere_are_not_counted_and_do_not_hide_others() {
    let of = |repos: &[&str], more: bool| {
        let node = |(i, repo): (usize, &&str)| json!({"number": i, "headRepository": {"id": repo}});
        let nodes: Vec<Value> = repos.iter().enumerate().map(node).collect();
        let all = json!({"nodes": nodes, "pageInfo": {"hasNextPage": more}});
        decode::numbers(&all, &json!("R_1")).unwrap()
    };
    assert_eq!(of(&["R_1", "R_2", "R_1"], false), Some(vec![0, 2]));
    assert_eq!(of(&["R_1"; 7], true), Some(vec![0, 1, 2, 3, 4]), "the latest five");
    assert_eq!(of(&["R_2", "R_2", "R_1"], true), None, "there may be others behind them");
    assert_eq!(of(&["R_2"], false), Some(vec![]));
}

#[test]
fn only_what_github_says_of_this_very_issue_makes_it_absent() {
    let error = |type_: &str, path: &[&str]| GraphqlError {
        type_: Some(type_.to_owned()),
        path: path.iter().map(|&step| step.to_owned()).collect(),
        message: "no".into(),
    };
    let told = |issue: Value, errors: Vec<GraphqlError>| {
        let data = json!({"r0": {"id": "R_1", "i5": issue, "h5": null}});
        let reply = GraphqlReply { data, errors, cost: None, request_id: None };
        read::issue_of(&reply, 0, &repo(), 5).map(|case| case.is_some())
    };
    let no = |cause| Err(Untold { why: "no".into(), cause });
    assert_eq!(told(issue(), vec![]), Ok(true));
    assert_eq!(told(Value::Null, vec![error("NOT_FOUND", &["r0", "i5"])]), Ok(false));
    assert_eq!(told(Value::Null, vec![error("NOT_FOUND", &["r0"])]), no(Cause::Other));
    assert_eq!(told(Value::Null, vec![error("NOT_FOUND", &["r0", "i5", "labels"])]), no(Cause::Other));
    assert_eq!(told(Value::Null, vec![error("FORBIDDEN", &["r0", "i5"])]), no(Cause::Auth));
    assert_eq!(told(issue(), vec![error("FORBIDDEN", &["r0", "i5", "comments"])]), no(Cause::Auth));
    assert_eq!(told(issue(), vec![error("FORBIDDEN", &[])]), no(Cause::Auth), "of everything");
    assert_eq!(told(issue(), vec![error("FORBIDDEN", &["r0", "i6"]), error("FORBIDDEN", &["r1"])]), Ok(true));
    assert_eq!(told(issue(), vec![error("FORBIDDEN", &["r0", "h5"])]), no(Cause::Auth), "of its branch");
    assert!(told(Value::Null, vec![]).is_err(), "nothing is said");
}

#[test]
fn a_branch_is_where_it_is_or_is_not_there() {
    let of =
        |told: Value| decode::branch(&json!({ "h5": told }), "h5").map(|head| head.map(|it| it.to_string()));
    assert_eq!(of(Value::Null), Ok(None));
    assert_eq!(of(json!({"target": {"oid": "a".repeat(40)}})), Ok(Some("a".repeat(40))));
    assert_eq!(of(json!({"target": {"oid": "main"}})), Err("`oid` is `main`".to_owned()));
    assert_eq!(of(json!({"target": {}})), Err("`oid` is missing".to_owned()));
    assert_eq!(decode::branch(&json!({}), "h5"), Err("`h5` is missing".to_owned()));
}
