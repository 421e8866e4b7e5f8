//! What is saved before anything is destroyed.

use super::*;

/// What is left out, by name.
fn left_out(salvaged: &Salvaged) -> Vec<String> {
    salvaged.left_out.iter().map(|left| format!("{}: {}", left.path.display(), left.why.as_str())).collect()
}

#[tokio::test]
async fn a_workspace_without_anything_new_needs_no_saving() {
    let ground = Ground::new(Sandbox::None).await;
    let it = ground.make().await;
    let (left_out, elsewhere) = (Vec::new(), Vec::new());
    let nothing = Salvaged {
        commit: None,
        changed: Vec::new(),
        besides: false,
        files: 0,
        bytes: 0,
        left_out,
        history: History::Saved,
        elsewhere,
    };
    assert_eq!(ground.salvage(&it).await, nothing);
    agent(&it).put("x.log", "ignored").put("cache/big", "ignored");
    assert_eq!(ground.salvage(&it).await, nothing);
    agent(&it).put("new", "n").commit("two");
    it.take(&ground.site(), &run()).await.unwrap();
    assert_eq!(ground.salvage(&it).await, nothing, "it was taken");
    assert_eq!(ground.git(&["for-each-ref", "refs/factory"]), "");
}

#[tokio::test]
async fn files_are_saved_as_they_are() {
    let ground = Ground::new(Sandbox::None).await;
    let it = ground.make().await;
    let git = agent(&it);
    let secret = ground.dir.path().join("secret");
    std::fs::write(&secret, "s").unwrap();
    git.put("a", "changed\r\n").put("sp ace/é\n", "n").put(":(top)x", "magic").put("kept.log", "tracked");
    git.put("cache/ignored", "i").put("x.log", "i").put("nested/file", "f").put("nested/cache/i", "i");
    git.put("run.sh", "r");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(git.dir.join("run.sh"), executable).unwrap();
    remove(&git.dir.join("d"));
    Fixture::init(&git.dir.join("nested"), &[]).commit("inner");
    std::os::unix::fs::symlink(&secret, git.dir.join("link")).unwrap();
    std::os::unix::fs::symlink(ground.dir.path(), git.dir.join("up")).unwrap();
    let fifo = git.dir.join("fifo");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let salvaged = ground.salvage(&it).await;
    let commit = salvaged.commit.as_ref().unwrap();
    insta::assert_snapshot!(ground.git(&["ls-tree", "-r", "--format=%(objectmode) %(path)", commit.as_str()]), @r#"
    100644 .gitignore
    100644 :(top)x
    100644 a
    100644 kept.log
    120000 link
    100644 nested/file
    100755 run.sh
    100644 "sp ace/\303\251\n"
    120000 up
    "#);
    assert_eq!(left_out(&salvaged), ["fifo: not a file", "nested/.git: a name that no commit can have"]);
    assert_eq!(ground.text(commit, "link"), secret.display().to_string());
    assert_eq!(ground.git(&["cat-file", "-s", &format!("{commit}:a")]), "9", "no filter has seen it");
    assert_eq!((salvaged.files, salvaged.bytes), (6, 9 + 1 + 5 + 7 + 1 + 1));
    let message = ground.git(&["show", "-s", "--format=%an: %B", commit.as_str()]);
    assert!(message.starts_with("Factory \"x\": What the run 20260501-120000-"), "{message}");
    assert!(message.contains("* fifo (not a file, 0 bytes)"), "{message}");
    ground.git(&["fsck", "--strict"]);
}

#[tokio::test]
async fn the_biggest_are_left_out_first_and_do_not_look_removed() {
    let ground = Ground::new(Sandbox::None).await;
    let it = ground.make().await;
    agent(&it)
        .put("a", "x".repeat(60))
        .put("big", "y".repeat(200))
        .put("small", "z".repeat(50))
        .put("m", "m".repeat(40));
    let salvaged = it.salvage_within(&ground.site(), &run(), &by(), at(), 100).await.unwrap();
    assert_eq!(left_out(&salvaged), ["a: too big", "big: too big"]);
    assert_eq!((salvaged.files, salvaged.bytes), (2, 90));
    assert_eq!(ground.saved(&salvaged), ".gitignore a d/b kept.log m small");
    assert_eq!(ground.text(salvaged.commit.as_ref().unwrap(), "a"), "1");
}

#[tokio::test]
async fn commits_that_nobody_took_are_saved() {
    for sandbox in sandboxes().await {
        let ground = Ground::new(sandbox).await;
        let it = ground.make().await;
        let git = agent(&it);
        let id = |rev: &str| git.git(&["rev-parse", rev]);
        let mut made = Vec::new();
        for text in ["stash 1", "stash 2"] {
            git.put("a", text).git(&["stash", "--include-untracked"]);
            made.push(id("stash@{0}"));
        }
        made.push(git.put("lost", "l").commit("lost").to_string());
        git.git(&["reset", "--hard", "--quiet", "HEAD~1"]);
        git.git(&["tag", "-a", "-m", "v", "v1", git.put("side", "s").commit("side").as_str()]);
        made.push(id("HEAD"));
        git.git(&["checkout", "--quiet", "--detach", ground.base.as_str()]);
        made.push(git.put("detached", "d").commit("detached").to_string());
        let before = ground.fixed_refs();
        let salvaged = ground.salvage(&it).await;
        assert_eq!(salvaged.history, History::Saved);
        let commit = salvaged.commit.unwrap();
        for id in &made {
            ground.git(&["merge-base", "--is-ancestor", id, commit.as_str()]);
        }
        assert_eq!(ground.fixed_refs(), before);
        assert_eq!(ground.git(&["for-each-ref", "refs/factory/saving"]), "");
        // Again: there is nothing new, and nothing is written.
        assert_eq!(ground.salvage(&it).await.commit, Some(commit.clone()));
        // The same run once more, with other work: the first is still there.
        git.put("detached", "changed");
        let second = ground.salvage(&it).await.commit.unwrap();
        assert_ne!(second, commit);
        ground.git(&["merge-base", "--is-ancestor", commit.as_str(), second.as_str()]);
        remove(&it.git_dir());
        let third = ground.salvage(&it).await;
        assert_eq!((third.history, third.commit), (History::Absent, Some(second)));
    }
}

#[tokio::test]
async fn an_emptied_or_unborn_workspace_is_saved_too() {
    for sandbox in sandboxes().await {
        let ground = Ground::new(sandbox).await;
        let it = ground.make().await;
        for name in ["a", "d", ".gitignore", "kept.log", ".git"] {
            remove(&it.tree().join(name));
        }
        let salvaged = ground.salvage(&it).await;
        assert_eq!((ground.saved(&salvaged).as_str(), salvaged.history.clone()), ("", History::Absent));
        agent(&it).git(&["init", "--quiet"]);
        agent(&it).put("new", "n");
        let salvaged = ground.salvage(&it).await;
        assert_eq!((ground.saved(&salvaged).as_str(), salvaged.history.clone()), ("new", History::Saved));
    }
}

#[tokio::test]
async fn a_person_gets_it_back() {
    let ground = Ground::new(Sandbox::None).await;
    let it = ground.make().await;
    agent(&it).put("new", "n");
    ground.salvage(&it).await;
    ground.remote.git(&[
        "-c",
        &format!("alias.x=!{}", restore_command(ground.mirror.repo().place(), &run())),
        "x",
    ]);
    assert_eq!(std::fs::read_to_string(ground.remote.dir.join("new")).unwrap(), "n");
}

#[tokio::test]
async fn it_is_kept_for_thirty_days() {
    let ground = Ground::new(Sandbox::None).await;
    let it = ground.make().await;
    agent(&it).put("new", "n");
    let commit = ground.salvage(&it).await.commit.unwrap();
    let days = |n: i64| at() + jiff::SignedDuration::from_hours(24 * n);
    let repo = ground.mirror.repo();
    assert_eq!(expire(repo, days(30)).unwrap(), []);
    assert_eq!(expire(repo, days(31)).unwrap(), [(run(), commit)]);
    assert_eq!(expire(repo, days(31)).unwrap(), []);
    assert_eq!(ground.git(&["for-each-ref", "refs/factory"]), "");
}

/// What a file shows, and what none does.
#[tokio::test]
async fn what_is_not_as_it_is_committed_is_told() {
    for sandbox in sandboxes().await {
        for (does, changed, besides) in [
            ("true", &[][..], false),
            (
                "echo x > new; rm d/b; chmod +x a; ln -sf a kept.log; echo > x.log",
                &["a", "d/b", "kept.log", "new"],
                false,
            ),
            ("rm -r d; echo > d", &["d", "d/b"], false),
            ("echo x > new; git add new", &["new"], true),
            ("echo x > a; git add a; git checkout -q HEAD -- .", &[], false),
            ("echo x > a; git add a; echo 1 > a", &[], true),
            ("echo x > a; git stash -q", &[], true),
            ("git checkout -q --detach; git commit -q --allow-empty -m x", &[], true),
        ] {
            let ground = Ground::new(sandbox.clone()).await;
            let it = ground.make().await;
            agent(&it).git(&["-c", &format!("alias.x=!{does}"), "x"]);
            for _ in 0..2 {
                let salvaged = ground.salvage(&it).await;
                let told: Vec<&str> = salvaged.changed.iter().map(|path| path.to_str().unwrap()).collect();
                assert_eq!((told.as_slice(), salvaged.besides), (changed, besides), "{does}");
                assert_eq!(salvaged.commit.is_some(), besides || !changed.is_empty(), "{does}");
            }
        }
    }
}
