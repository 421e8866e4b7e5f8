//! Clones, fetches and pushes by the real Git, and pull requests over them.

use std::path::Path;

use serde_json::json;

use super::*;

/// Runs Git in a folder, cut off from any configuration; answers what it said, or its complaint.
async fn run(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = tokio::process::Command::new("git")
        .args(["-c", "user.name=Mona", "-c", "user.email=mona@example.com", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .output()
        .await
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn address(twin: &Twin, repo: &str) -> String {
    twin.url().replace("http://", &format!("http://x-access-token:{}@", twin.token())) + "/" + repo + ".git"
}

#[tokio::test]
async fn git_clones_and_pushes_and_pull_requests_follow() {
    let twin = twin().await;
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["clone", "-q", &address(&twin, "acme/secret"), "work"]).await.unwrap();
    let work = folder.path().join("work");
    assert_eq!(std::fs::read_to_string(work.join("README.md")).unwrap(), "# secret\n");
    run(&work, &["checkout", "-q", "-b", "topic"]).await.unwrap();
    std::fs::write(work.join("new.txt"), "one\ntwo\n").unwrap();
    run(&work, &["add", "."]).await.unwrap();
    run(&work, &["commit", "-q", "-m", "Add a file"]).await.unwrap();
    run(&work, &["push", "-q", "origin", "topic"]).await.unwrap();
    let first = run(&work, &["rev-parse", "HEAD"]).await.unwrap();

    let body = json!({"title": "A file", "head": "topic", "base": "main", "body": "Please."});
    let got = send(&twin, "POST", "/repos/acme/secret/pulls", body.clone()).await;
    assert_eq!(
        (got.status, &got.body["head"]["sha"], &got.body["additions"]),
        (201, &json!(first), &json!(2))
    );
    assert_eq!(
        send(&twin, "POST", "/repos/acme/secret/pulls", body).await.status,
        422,
        "one pull request a branch"
    );
    let files = get(&twin, "/repos/acme/secret/pulls/1/files").await.body;
    assert_eq!((&files[0]["filename"], &files[0]["status"]), (&json!("new.txt"), &json!("added")));

    run(&work, &["commit", "-q", "--amend", "-m", "Add one file"]).await.unwrap();
    run(&work, &["push", "-q", "--force", "origin", "topic"]).await.unwrap();
    let second = run(&work, &["rev-parse", "HEAD"]).await.unwrap();
    assert_eq!(get(&twin, "/repos/acme/secret/pulls/1").await.body["head"]["sha"], second);
    run(&work, &["fetch", "-q", "origin", "refs/pull/1/head"]).await.unwrap();
    assert_eq!(run(&work, &["rev-parse", "FETCH_HEAD"]).await.unwrap(), second);

    let merge = |sha: String| {
        send(&twin, "PUT", "/repos/acme/secret/pulls/1/merge", json!({"sha": sha, "merge_method": "squash"}))
    };
    let got = merge(first).await;
    assert_eq!(
        (got.status, &got.body["message"]),
        (409, &json!("Head branch was modified. Review and try the merge again."))
    );
    let got = merge(second.clone()).await;
    assert_eq!((got.status, &got.body["merged"]), (200, &json!(true)), "{}", got.body);
    run(&work, &["fetch", "-q", "origin", "main"]).await.unwrap();
    assert_eq!(run(&work, &["rev-parse", "FETCH_HEAD"]).await.unwrap(), got.body["sha"]);
    assert_eq!(run(&work, &["log", "-1", "--format=%s", "FETCH_HEAD"]).await.unwrap(), "A file (#1)");
    assert_eq!(merge(second).await.status, 405);
    twin.stop().await;
}

/// What is made runnable, a link and a submodule are listed as changes, and land as they are.
#[tokio::test]
async fn modes_links_and_submodules_land_as_they_are() {
    use std::os::unix::fs::PermissionsExt as _;
    let twin = twin().await;
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["clone", "-q", &address(&twin, "acme/secret"), "work"]).await.unwrap();
    let work = folder.path().join("work");
    run(&work, &["checkout", "-q", "-b", "topic"]).await.unwrap();
    std::fs::set_permissions(work.join("README.md"), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("README.md", work.join("link")).unwrap();
    run(&work, &["add", "."]).await.unwrap();
    let module = format!("160000,{},vendor", "1".repeat(40));
    run(&work, &["update-index", "--add", "--cacheinfo", &module]).await.unwrap();
    run(&work, &["commit", "-q", "-m", "Make it run"]).await.unwrap();
    run(&work, &["push", "-q", "origin", "topic"]).await.unwrap();
    let head = run(&work, &["rev-parse", "HEAD"]).await.unwrap();
    let body = json!({"title": "It runs", "head": "topic", "base": "main"});
    assert_eq!(send(&twin, "POST", "/repos/acme/secret/pulls", body).await.status, 201);
    let files = get(&twin, "/repos/acme/secret/pulls/1/files").await.body;
    let told: Vec<String> = files
        .as_array()
        .unwrap()
        .iter()
        .map(|it| format!("{} {} {}", it["filename"], it["status"], it["additions"]))
        .collect();
    assert_eq!(told, ["\"README.md\" \"modified\" 0", "\"link\" \"added\" 1", "\"vendor\" \"added\" 1",]);
    let merge = json!({"sha": head, "merge_method": "squash"});
    let got = send(&twin, "PUT", "/repos/acme/secret/pulls/1/merge", merge).await;
    assert_eq!(got.status, 200, "{}", got.body);
    run(&work, &["fetch", "-q", "origin", "main"]).await.unwrap();
    let landed = run(&work, &["ls-tree", "FETCH_HEAD"]).await.unwrap();
    assert_eq!(landed, run(&work, &["ls-tree", "HEAD"]).await.unwrap());
    twin.stop().await;
}

#[tokio::test]
async fn git_asks_who_you_are() {
    let twin = twin().await;
    let folder = tempfile::tempdir().unwrap();
    let anonymous = |repo: &str| format!("{}/{repo}.git", twin.url());
    run(folder.path(), &["clone", "-q", &anonymous("acme/widgets"), "public"]).await.unwrap();
    let error = run(folder.path(), &["ls-remote", &anonymous("acme/secret")]).await.unwrap_err();
    assert!(error.contains("could not read Username"), "{error}");
    let error = run(&folder.path().join("public"), &["push", "origin", "main:other"]).await.unwrap_err();
    assert!(error.contains("could not read Username"), "{error}");
    let error = run(folder.path(), &["ls-remote", &address(&twin, "acme/nothing")]).await.unwrap_err();
    assert!(error.contains("not found"), "{error}");
    twin.world().set("acme/widgets", &json!({"archived": true})).unwrap();
    let archived = address(&twin, "acme/widgets");
    let error = run(&folder.path().join("public"), &["push", &archived, "main:other"]).await.unwrap_err();
    assert!(error.contains("403"), "{error}");
    twin.stop().await;
}

#[tokio::test]
async fn pushes_are_compared_and_swapped() {
    let twin = twin().await;
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["clone", "-q", &address(&twin, "acme/secret"), "work"]).await.unwrap();
    let work = folder.path().join("work");
    let old = run(&work, &["rev-parse", "HEAD"]).await.unwrap();
    let new = twin.world().push_file("acme/secret", "main", "a", "b").unwrap();
    run(&work, &["commit", "-q", "--allow-empty", "-m", "mine"]).await.unwrap();
    let lease = format!("--force-with-lease=main:{old}");
    let error = run(&work, &["push", &lease, "origin", "main"]).await.unwrap_err();
    assert!(error.contains("stale info") || error.contains("fetch first"), "{error}");
    assert_eq!(get(&twin, "/repos/acme/secret/git/ref/heads/main").await.body["object"]["sha"], new);
    twin.stop().await;
}

#[tokio::test]
async fn refs_commits_and_files_are_read() {
    let twin = twin().await;
    let base = "/repos/acme/widgets";
    let first = get(&twin, &format!("{base}/git/ref/heads/main")).await.body["object"]["sha"].clone();
    let path = |rest: &str| format!("{base}/{rest}");
    let created =
        send(&twin, "POST", &path("git/refs"), json!({"ref": "refs/heads/a/b", "sha": first})).await;
    assert_eq!(created.status, 201, "{}", created.body);
    assert_eq!(
        send(&twin, "POST", &path("git/refs"), json!({"ref": "refs/heads/a/b", "sha": first})).await.status,
        422
    );
    let second = twin.world().push_file("acme/widgets", "a/b", "dir/x.txt", "hello").unwrap();
    assert_eq!(get(&twin, &path("branches/a/b")).await.body["commit"]["sha"], second);
    assert_eq!(get(&twin, &path("branches")).await.body.as_array().unwrap().len(), 2);
    let commits = get(&twin, &path("commits?sha=a/b")).await.body;
    assert_eq!((commits.as_array().unwrap().len(), &commits[0]["parents"][0]["sha"]), (2, &first));
    assert_eq!(get(&twin, &path("commits?sha=a/b&path=dir")).await.body.as_array().unwrap().len(), 1);
    assert_eq!(get(&twin, &path("commits/a/b")).await.body["sha"], second);
    let file = get(&twin, &path("contents/dir/x.txt?ref=a/b")).await.body;
    assert_eq!((&file["content"], &file["size"]), (&json!("aGVsbG8=\n"), &json!(5)));
    let raw = [("accept", "application/vnd.github.raw+json")];
    assert_eq!(
        ask(&twin, "GET", &path("contents/dir/x.txt?ref=a/b"), None, &raw).await.unwrap().body,
        json!("hello")
    );
    assert_eq!(get(&twin, &path("contents/dir?ref=a/b")).await.body[0]["path"], "dir/x.txt");
    assert_eq!(get(&twin, &path("contents/dir/x.txt")).await.status, 404);
    let back = json!({"sha": first});
    assert_eq!(send(&twin, "PATCH", &path("git/refs/heads/a/b"), back).await.status, 422, "not forward");
    assert_eq!(
        send(&twin, "PATCH", &path("git/refs/heads/a/b"), json!({"sha": first, "force": true})).await.status,
        200
    );
    assert_eq!(ask(&twin, "DELETE", &path("git/refs/heads/a/b"), None, &[]).await.unwrap().status, 204);
    assert_eq!(get(&twin, &path("git/ref/heads/a/b")).await.status, 404);
    let got = send(&twin, "POST", "/orgs/acme/repos", json!({"name": "empty", "private": true})).await;
    assert_eq!(got.status, 201);
    assert_eq!(get(&twin, "/repos/acme/empty/labels").await.body.as_array().unwrap().len(), 9);
    assert_eq!(get(&twin, "/repos/acme/empty/commits").await.status, 409);
    let unborn = json!({"default_branch": "develop"});
    assert_eq!(send(&twin, "PATCH", &path(""), unborn).await.status, 422);
    twin.stop().await;
}

#[tokio::test]
async fn a_fork_shares_objects_and_proposes() {
    let twin = twin().await;
    let got = send(&twin, "POST", "/repos/acme/widgets/forks", json!({})).await;
    assert_eq!((got.status, &got.body["full_name"]), (202, &json!("operator/widgets")));
    let head = twin.world().push_file("operator/widgets", "fix", "x", "y").unwrap();
    let body = json!({"title": "From afar", "head": "operator:fix", "base": "main"});
    let got = send(&twin, "POST", "/repos/acme/widgets/pulls", body).await;
    assert_eq!((got.status, &got.body["head"]["label"]), (201, &json!("operator:fix")), "{}", got.body);
    let moved = twin.world().push_file("operator/widgets", "fix", "x", "z").unwrap();
    assert_ne!(head, moved);
    assert_eq!(get(&twin, "/repos/acme/widgets/pulls/1").await.body["head"]["sha"], moved);
    let listed = get(&twin, "/repos/acme/widgets/pulls?head=operator:fix").await.body;
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(get(&twin, "/repos/acme/widgets/pulls?head=acme:fix").await.body, json!([]));
    twin.world().merge_pull("acme/widgets", 1).unwrap();
    assert_eq!(get(&twin, "/repos/acme/widgets/contents/x").await.status, 200);
    twin.stop().await;
}

#[tokio::test]
async fn conflicts_do_not_merge() {
    let twin = twin().await;
    let world = twin.world();
    world.push_file("acme/widgets", "topic", "README.md", "theirs\n").unwrap();
    world.push_file("acme/widgets", "main", "README.md", "ours\n").unwrap();
    world.open_pull("acme/widgets", "topic", "main", "T").unwrap();
    assert_eq!(get(&twin, "/repos/acme/widgets/pulls/1").await.body["mergeable"], false);
    let got = send(&twin, "PUT", "/repos/acme/widgets/pulls/1/merge", json!({})).await;
    assert_eq!((got.status, &got.body["message"]), (405, &json!("Pull Request has merge conflicts")));
    twin.stop().await;
}
