//! Each fault on each kind of call: what the caller learns, and how often GitHub was asked.

use std::time::Duration;

use futures::future::join_all;
use http::Method;
use serde_json::json;

use super::{config, told, twin};
use crate::adapters::github::{Client, Effect, Error, Kind, Operation};
use crate::twin::{FaultAction, FaultRule};

const CALLS: [&str; 5] = ["read", "pages", "set", "create", "query"];

async fn call(client: &Client, name: &str, fresh: &str) -> Result<(), Error> {
    let repo = "/repos/acme/widgets";
    match name {
        "read" => client.read("acme", repo).await.map(drop),
        "pages" => client.pages("acme", "/repos/acme/widgets/labels").await.map(drop),
        "set" => {
            let body = json!({"description": fresh});
            client.write("acme", Method::PATCH, repo, &body, Effect::Idempotent).await.map(drop)
        }
        "create" => {
            let body = json!({"name": fresh, "color": "ededed"});
            client
                .write("acme", Method::POST, "/repos/acme/widgets/labels", &body, Effect::Create)
                .await
                .map(drop)
        }
        _ => {
            let query = Operation::new("Who", "query Who { viewer { login } }");
            client.graphql("acme", &query).await.map(drop)
        }
    }
}

fn short(error: &Error) -> &'static str {
    match error.kind() {
        Kind::Absent => "absent",
        Kind::Unauthorized => "unauthorized",
        Kind::Forbidden { .. } => "forbidden",
        Kind::Archived => "archived",
        Kind::PrimaryLimit { .. } => "spent",
        Kind::SecondaryLimit { .. } => "too fast",
        Kind::Conflict => "conflict",
        Kind::Invalid { .. } => "invalid",
        Kind::Moved { .. } => "moved",
        Kind::Server => "server",
        Kind::Timeout => "timeout",
        // Which of the two depends on how much of the answer arrived with its headers.
        Kind::Network { .. } | Kind::Malformed { why: "cut short" } => "broken",
        Kind::Malformed { .. } => "malformed",
        Kind::TooLarge => "too large",
    }
}

/// The time limit in the rows that wait for it; long enough for a busy machine to answer what isn't faulty.
const SHORT: Duration = Duration::from_secs(1);

/// One cell: the outcome, `?` where a write may have happened, and the requests that it took.
async fn cell(action: &FaultAction, times: u64, name: &str) -> String {
    let twin = twin().await;
    let mut config = config(&twin);
    if matches!(action, FaultAction::Delay { .. } | FaultAction::SlowBody { .. }) {
        config.timeouts.request = SHORT;
    }
    let client = Client::new(config).expect("a client");
    twin.set_faults(vec![FaultRule::every(action.clone()).times(times)]).expect("rules");
    let outcome = call(&client, name, "fresh").await;
    let requests = twin.log().len();
    if let Err(error) = &outcome {
        told(error, &twin);
    }
    twin.stop().await;
    match outcome {
        Ok(()) => format!("ok {requests}"),
        Err(error) => {
            format!("{}{} {requests}", short(&error), if error.may_have_happened() { "?" } else { "" })
        }
    }
}

#[tokio::test]
async fn each_fault_on_each_kind_of_call() {
    let status =
        |status| FaultAction::Status { status, body: None, headers: std::collections::BTreeMap::new() };
    let busy = |seconds: &str| FaultAction::Status {
        status: 503,
        body: None,
        headers: [("retry-after".to_owned(), seconds.to_owned())].into(),
    };
    let faults = [
        ("401", status(401)),
        ("403", status(403)),
        ("404", status(404)),
        ("409", status(409)),
        ("422", status(422)),
        ("500", status(500)),
        ("502", status(502)),
        ("503, now", busy("0")),
        ("503, 60 s", busy("60")),
        ("html 502", FaultAction::Html { status: 502 }),
        ("html 200", FaultAction::Html { status: 200 }),
        ("malformed", FaultAction::MalformedJson),
        ("truncated", FaultAction::Truncate),
        ("reset before", FaultAction::ResetBefore),
        ("reset after", FaultAction::ResetAfter),
        ("late", FaultAction::Delay { ms: 60_000 }),
        ("slow", FaultAction::SlowBody { ms: 10_000 }),
        ("spent", FaultAction::PrimaryLimit { reset_in_s: 3600 }),
        ("too fast, now", FaultAction::SecondaryLimit { retry_after_s: Some(0), status: 403 }),
        ("too fast, 60 s", FaultAction::SecondaryLimit { retry_after_s: Some(60), status: 429 }),
        ("too fast", FaultAction::SecondaryLimit { retry_after_s: None, status: 403 }),
    ];
    let mut table = format!("{:20}{}\n", "", CALLS.map(|name| format!("{name:15}")).concat().trim_end());
    // Side by side, for some wait.
    let rows = faults.iter().flat_map(|fault| [(fault, 1), (fault, 9)]);
    let rows = rows.map(async |((name, action), times)| {
        let cells = CALLS.map(async |call| format!("{:15}", cell(action, times, call).await));
        let row = format!("{:20}{}", format!("{name} x{times}"), join_all(cells).await.concat());
        row.trim_end().to_owned() + "\n"
    });
    table.extend(join_all(rows).await);
    insta::assert_snapshot!(table, @r"
                        read           pages          set            create         query
    401 x1              unauthorized 1 unauthorized 1 unauthorized 1 unauthorized 1 unauthorized 1
    401 x9              unauthorized 1 unauthorized 1 unauthorized 1 unauthorized 1 unauthorized 1
    403 x1              forbidden 1    forbidden 1    forbidden 1    forbidden 1    forbidden 1
    403 x9              forbidden 1    forbidden 1    forbidden 1    forbidden 1    forbidden 1
    404 x1              absent 1       absent 1       absent 1       absent 1       absent 1
    404 x9              absent 1       absent 1       absent 1       absent 1       absent 1
    409 x1              conflict 1     conflict 1     conflict 1     conflict 1     conflict 1
    409 x9              conflict 1     conflict 1     conflict 1     conflict 1     conflict 1
    422 x1              invalid 1      invalid 1      invalid 1      invalid 1      invalid 1
    422 x9              invalid 1      invalid 1      invalid 1      invalid 1      invalid 1
    500 x1              ok 2           ok 2           ok 2           server? 1      ok 2
    500 x9              server? 3      server? 3      server? 3      server? 1      server? 3
    502 x1              ok 2           ok 2           ok 2           server? 1      ok 2
    502 x9              server? 3      server? 3      server? 3      server? 1      server? 3
    503, now x1         ok 2           ok 2           ok 2           server? 1      ok 2
    503, now x9         server? 3      server? 3      server? 3      server? 1      server? 3
    503, 60 s x1        server? 1      server? 1      server? 1      server? 1      server? 1
    503, 60 s x9        server? 1      server? 1      server? 1      server? 1      server? 1
    html 502 x1         ok 2           ok 2           ok 2           server? 1      ok 2
    html 502 x9         server? 3      server? 3      server? 3      server? 1      server? 3
    html 200 x1         ok 2           ok 2           ok 2           malformed? 1   ok 2
    html 200 x9         malformed? 3   malformed? 3   malformed? 3   malformed? 1   malformed? 3
    malformed x1        ok 2           ok 2           ok 2           broken? 1      ok 2
    malformed x9        broken? 3      broken? 3      broken? 3      broken? 1      broken? 3
    truncated x1        ok 2           ok 2           ok 2           broken? 1      ok 2
    truncated x9        broken? 3      broken? 3      broken? 3      broken? 1      broken? 3
    reset before x1     ok 2           ok 2           ok 2           broken? 1      ok 2
    reset before x9     broken? 3      broken? 3      broken? 3      broken? 1      broken? 3
    reset after x1      ok 2           ok 2           ok 2           broken? 1      ok 2
    reset after x9      broken? 3      broken? 3      broken? 3      broken? 1      broken? 3
    late x1             ok 2           ok 2           ok 2           timeout? 1     ok 2
    late x9             timeout? 3     timeout? 3     timeout? 3     timeout? 1     timeout? 3
    slow x1             ok 2           ok 2           ok 2           timeout? 1     ok 2
    slow x9             timeout? 3     timeout? 3     timeout? 3     timeout? 1     timeout? 3
    spent x1            spent 1        spent 1        spent 1        spent 1        spent 1
    spent x9            spent 1        spent 1        spent 1        spent 1        spent 1
    too fast, now x1    ok 2           ok 2           ok 2           ok 2           ok 2
    too fast, now x9    too fast 3     too fast 3     too fast 3     too fast 3     too fast 3
    too fast, 60 s x1   too fast 1     too fast 1     too fast 1     too fast 1     too fast 1
    too fast, 60 s x9   too fast 1     too fast 1     too fast 1     too fast 1     too fast 1
    too fast x1         too fast 1     too fast 1     too fast 1     too fast 1     too fast 1
    too fast x9         too fast 1     too fast 1     too fast 1     too fast 1     too fast 1
    ");
}

#[tokio::test]
async fn an_answer_without_end_is_cut_at_the_limit() {
    let twin = twin().await;
    let mut config = config(&twin);
    config.max_body = 100;
    let error = Client::new(config).unwrap().read("acme", "/repos/acme/widgets").await.unwrap_err();
    assert_eq!(error.kind(), &Kind::TooLarge);
    twin.stop().await;
}

#[tokio::test]
async fn without_a_server_nothing_was_sent() {
    let twin = twin().await;
    let mut config = config(&twin);
    // A port that is held, so that no other test's server gets it, and that nobody listens at.
    let held = tokio::net::TcpSocket::new_v4().unwrap();
    held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    config.base = format!("http://{}", held.local_addr().unwrap()).parse().unwrap();
    let client = Client::new(config).unwrap();
    for name in CALLS {
        let error = call(&client, name, "x").await.unwrap_err();
        assert_eq!(error.kind(), &Kind::Network { sent: crate::adapters::github::Sent::No }, "{name}");
        assert!(!error.may_have_happened());
    }
    assert_eq!(client.stats().retries, 10, "each is safe to repeat");
    twin.stop().await;
}
