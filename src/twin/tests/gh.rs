//! GitHub's own command line as a client that nobody here wrote, through its Unix socket.
//!
//! Runs where `TWIN_GH` names the program; the test command sets it.

use super::*;

#[tokio::test]
async fn gh_lists_and_creates() {
    let Some(gh) = std::env::var_os("TWIN_GH") else { return };
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("s");
    let mut world = World::new("acme");
    world.add_repo("acme", "widgets").settings.description = Some("What we make".to_owned());
    let twin = Twin::start(Options { world, unix_socket: Some(socket.clone()), ..Options::default() })
        .await
        .unwrap();
    std::fs::write(folder.path().join("config.yml"), format!("http_unix_socket: {}\n", socket.display()))
        .unwrap();
    let run = |arguments: &'static [&'static str]| {
        let mut command = tokio::process::Command::new(&gh);
        command
            .args(arguments)
            .current_dir(folder.path())
            .env("GH_CONFIG_DIR", folder.path())
            .env("GH_TOKEN", twin.token())
            .env("GH_NO_UPDATE_NOTIFIER", "1")
            .env("NO_COLOR", "1")
            .env("HOME", folder.path());
        let twin = &twin;
        async move {
            let output = command.output().await.unwrap();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let (out, error) = (text(&output.stdout), text(&output.stderr));
            assert!(output.status.success(), "gh {arguments:?}: {out}{error} {:?}", twin.unknown());
            out
        }
    };
    let listed = run(&["repo", "list", "acme", "--json", "nameWithOwner,description,isPrivate"]).await;
    insta::assert_snapshot!(listed.trim(), @r#"[{"description":"What we make","isPrivate":true,"nameWithOwner":"acme/widgets"}]"#);
    run(&["repo", "create", "acme/gadgets", "--private", "--description", "New"]).await;
    assert_eq!(
        twin.world().with(|world| world.repo("acme", "gadgets").unwrap().settings.description.clone()),
        Some("New".into())
    );
    run(&["label", "create", "area:web", "--color", "00ff00", "--description", "Web", "-R", "acme/widgets"])
        .await;
    let labels =
        run(&["label", "list", "-R", "acme/widgets", "--limit", "100", "--json", "name,color"]).await;
    assert!(labels.contains(r#"{"color":"00ff00","name":"area:web"}"#), "{labels}");
    run(&["issue", "create", "-R", "acme/widgets", "--title", "T", "--body", "B", "--label", "area:web"])
        .await;
    let issues = run(&["issue", "list", "-R", "acme/widgets", "--json", "number,title,labels,author"]).await;
    assert!(issues.contains(r#""title":"T""#) && issues.contains("area:web"), "{issues}");
    run(&["label", "delete", "area:web", "--confirm", "-R", "acme/widgets"]).await;
    let viewed = run(&["api", "repos/acme/widgets", "--jq", ".full_name"]).await;
    assert_eq!(viewed.trim(), "acme/widgets");
    assert_eq!(twin.unknown(), [""; 0]);
    twin.stop().await;
}
