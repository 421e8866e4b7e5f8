//! Checks that are scripts: every head gets them, and their exit codes count.

use super::*;
use crate::twin::world::{CheckRun, CiMode, CiScript};

/// Waits until the check runs of a commit are as they should be.
async fn settled(twin: &Twin, sha: &str, done: impl Fn(&[CheckRun]) -> bool) -> Vec<CheckRun> {
    loop {
        let runs = twin.world().with(|world| {
            let repo = world.repo("acme", "widgets").unwrap();
            repo.check_runs.values().filter(|run| run.head_sha == sha).cloned().collect::<Vec<_>>()
        });
        if done(&runs) {
            return runs;
        }
        tokio::task::yield_now().await;
    }
}

fn completed(runs: &[CheckRun]) -> bool {
    !runs.is_empty() && runs.iter().all(|run| run.status == "completed")
}

#[tokio::test]
async fn every_head_is_checked_by_scripts() {
    let twin = twin().await;
    let world = twin.world();
    let scripts = vec![
        CiScript::new("test", 9, "cat a.txt; grep -q one a.txt"),
        CiScript { mode: CiMode::Skipped, ..CiScript::new("docs", 9, "") },
    ];
    world.set_ci("acme/widgets", scripts).unwrap();
    let first = world.push_file("acme/widgets", "topic", "a.txt", "one\n").unwrap();
    world.open_pull("acme/widgets", "topic", "main", "T").unwrap();
    let tell = |run: &CheckRun| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        format!("{}: {} {:?} by {}", run.name, text(&run.conclusion), text(&run.summary), run.app)
    };
    let runs = settled(&twin, &first, completed).await;
    assert_eq!(
        runs.iter().map(tell).collect::<Vec<_>>(),
        [r#"test: success "one" by 9"#, r#"docs: skipped "" by 9"#]
    );
    let second = world.push_file("acme/widgets", "topic", "a.txt", "two\n").unwrap();
    let runs = settled(&twin, &second, completed).await;
    assert_eq!(tell(&runs[0]), r#"test: failure "two" by 9"#);
    assert_eq!(runs[0].title.as_deref(), Some("It failed: exit status: 1"));
    twin.stop().await;
}

#[tokio::test]
async fn checks_hang_wait_and_die_with_the_twin() {
    let twin = twin().await;
    let world = twin.world();
    let started = tempfile::NamedTempFile::new().unwrap();
    let command = format!("echo $$ > {}; exec sleep 1000", started.path().display());
    let modes = [("never", CiMode::NeverStarts), ("hangs", CiMode::Hangs), ("runs", CiMode::Run)];
    let script = |(name, mode)| CiScript { mode, ..CiScript::new(name, 9, &command) };
    world.set_ci("acme/widgets", modes.map(script).to_vec()).unwrap();
    let head = world.push_file("acme/widgets", "topic", "a.txt", "one\n").unwrap();
    world.open_pull("acme/widgets", "topic", "main", "T").unwrap();
    let under_way = |runs: &[CheckRun]| {
        let begun = std::fs::read_to_string(started.path()).unwrap().ends_with('\n');
        begun && runs.iter().filter(|run| run.status == "in_progress").count() == 2
    };
    let runs = settled(&twin, &head, under_way).await;
    let states: Vec<&str> = runs.iter().map(|run| run.status.as_str()).collect();
    assert_eq!(states, ["queued", "in_progress", "in_progress"]);
    twin.stop().await;
    let pid: i32 = std::fs::read_to_string(started.path()).unwrap().trim().parse().unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    // What was killed may still have to be collected.
    while rustix::process::test_kill_process(pid).is_ok() {
        tokio::task::yield_now().await;
    }
}
