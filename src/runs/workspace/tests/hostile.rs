//! Agents that want more than their workspace.

use super::*;
use crate::runs::{Evidence, Found as Judged, verify};

/// Settings by which git runs a program.
const RUNS: [&str; 16] = [
    "core.fsmonitor",
    "core.sshCommand",
    "core.alternateRefsCommand",
    "core.editor",
    "core.pager",
    "core.askPass",
    "diff.x.textconv",
    "diff.x.command",
    "diff.external",
    "filter.x.clean",
    "filter.x.smudge",
    "filter.x.process",
    "merge.x.driver",
    "uploadpack.packObjectsHook",
    "gpg.program",
    "credential.helper",
];

#[tokio::test]
async fn nothing_that_an_agent_sets_is_run() {
    for sandbox in sandboxes().await {
        let ground = Ground::new(sandbox).await;
        let mut it = ground.make().await;
        let git = agent(&it);
        let marker = ground.dir.path().join("marker");
        let script = format!("#!/bin/sh\ntouch \"{}\"\n", marker.display());
        let program = ground.dir.path().join("program");
        std::fs::write(&program, script).unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&program, executable).unwrap();
        let before = ground.fixed_refs();

        git.put("a", "2\n").commit("two");
        git.put(".gitattributes", "* filter=x diff=x merge=x\n").put("a", "3\n").put("new", "n");
        std::fs::create_dir(it.git_dir().join("hooks")).unwrap();
        for hook in
            ["post-checkout", "post-index-change", "reference-transaction", "pre-auto-gc", "pre-receive"]
        {
            std::fs::copy(&program, it.git_dir().join("hooks").join(hook)).unwrap();
        }
        let run_it = format!("\"{}\"", program.display());
        for key in RUNS {
            git.git(&["config", key, &run_it]);
        }
        let hooks = it.git_dir().join("hooks").display().to_string();
        for (key, value) in [
            ("core.hooksPath", hooks.as_str()),
            ("core.worktree", "/"),
            ("remote.evil.url", &format!("ext::{run_it}")),
            ("remote.evil.promisor", "true"),
            ("remote.evil.uploadpack", &run_it),
            ("protocol.ext.allow", "always"),
            ("extensions.partialClone", "evil"),
            ("core.repositoryFormatVersion", "1"),
        ] {
            git.git(&["config", key, value]);
        }
        let taken = it.take(&ground.site(), &run()).await.unwrap().unwrap();
        assert_eq!(taken.since_base, Step::Forward);
        let salvaged = ground.salvage(&it).await;
        assert_eq!(ground.saved(&salvaged), ".gitattributes .gitignore a d/b kept.log new");
        assert_eq!(ground.text(salvaged.commit.as_ref().unwrap(), "a"), "3");
        ground.reset(&mut it).await;
        it.destroy(&ground.site(), &run(), &by(), at()).await.unwrap();
        assert!(!marker.exists(), "{:?}", ground.sandbox);
        assert_eq!(ground.fixed_refs(), before);
    }
}

/// What a machine does to its mirror is nothing that an agent did.
#[tokio::test]
async fn a_damaged_mirror_is_no_fault_of_the_agent() {
    let ground = Ground::new(Sandbox::None).await;
    let it = ground.make().await;
    let two = agent(&it).put("a", "2\n").commit("two");
    let mirror = ground.mirror.repo().place().to_owned();
    let in_the_way = |at: &Path| {
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::fs::write(at, "x").unwrap();
    };
    let object = mirror.join("objects").join(&ground.base.as_str()[..2]).join(&ground.base.as_str()[2..]);
    for (what, place) in [("no folder for runs", mirror.join("refs/runs")), ("a broken object", object)] {
        let before = place.exists().then(|| std::fs::read(&place).unwrap());
        if before.is_some() {
            std::fs::remove_file(&place).unwrap();
        }
        in_the_way(&place);
        let taken = it.take(&ground.site(), &run()).await;
        let error = taken.expect_err(what);
        assert!(matches!(error, Error::Mirror { .. }) && !error.is_theirs(), "{what}: {error:?}");
        std::fs::remove_file(&place).unwrap();
        if let Some(bytes) = before {
            std::fs::write(&place, bytes).unwrap();
        }
    }
    let taken = it.take(&ground.site(), &run()).await.unwrap().unwrap();
    assert_eq!(taken.commit, two);
    assert!(!ground.git(&["for-each-ref"]).contains("probe"));
    // What it broke itself is its own.
    let three = agent(&it).put("a", "3\n").commit("three");
    remove(&it.git_dir().join("objects").join(&three.as_str()[..2]));
    let taken = it.take(&ground.site(), &run()).await;
    assert!(taken.as_ref().is_err_and(Error::is_theirs), "{taken:?}");
}

/// A repository with a secret, which the workspace has no business with.
fn other(ground: &Ground) -> (Fixture, CommitId) {
    let other = Fixture::init(&ground.dir.path().join("other"), &[]);
    let secret = other.put("secret", "s").commit("secret");
    (other, secret)
}

type Way = (&'static str, Box<dyn Fn()>);

/// Ways to make one's repository lead to another one.
fn ways(git: &Fixture, other: &Fixture, secret: &CommitId) -> Vec<Way> {
    let (own, foreign) = (git.dir.join(".git"), other.dir.join(".git"));
    let branch = own.join("refs/heads").join(BRANCH);
    let to_secret = {
        let (branch, secret) = (branch.clone(), format!("{secret}\n"));
        move || std::fs::write(&branch, &secret).unwrap()
    };
    let path = |name: &str| (own.join(name), foreign.join(name));
    let (alternates, objects) = (own.join("objects/info/alternates"), foreign.join("objects"));
    let add = {
        let (to_secret, alternates, objects) = (to_secret.clone(), alternates.clone(), objects.clone());
        move || {
            let lent = std::fs::read_to_string(&alternates).unwrap();
            std::fs::write(&alternates, format!("{lent}{}\n", objects.display())).unwrap();
            to_secret();
        }
    };
    let linked = {
        let (to_secret, (own, foreign)) = (to_secret, path("objects"));
        move || {
            remove(&own);
            std::os::unix::fs::symlink(&foreign, &own).unwrap();
            to_secret();
        }
    };
    let link = {
        let (own, foreign) = (own.clone(), foreign.clone());
        move || {
            remove(&own);
            std::os::unix::fs::symlink(&foreign, &own).unwrap();
        }
    };
    let file = {
        let (own, foreign) = (own.clone(), foreign.clone());
        move || {
            remove(&own);
            std::fs::write(&own, format!("gitdir: {}\n", foreign.display())).unwrap();
        }
    };
    let common = move || std::fs::write(own.join("commondir"), format!("{}\n", foreign.display())).unwrap();
    vec![
        ("alternates", Box::new(add)),
        ("objects", Box::new(linked)),
        ("link", Box::new(link)),
        ("file", Box::new(file)),
        ("commondir", Box::new(common)),
    ]
}

#[tokio::test]
async fn nothing_of_another_repository_comes_in() {
    for sandbox in sandboxes().await {
        for n in 0..5 {
            let ground = Ground::new(sandbox.clone()).await;
            let it = ground.make().await;
            let (other, secret) = other(&ground);
            other.git(&["branch", BRANCH]);
            let before = ground.fixed_refs();
            agent(&it).put("new", "n");
            let (way, tamper) = ways(&agent(&it), &other, &secret).swap_remove(n);
            tamper();
            let taken = it.take(&ground.site(), &run()).await;
            assert!(matches!(taken, Err(Error::Tampered(_))), "{way} with {sandbox:?}: {taken:?}");
            // Also where that is overlooked, what is elsewhere isn't there in a sandbox.
            if sandbox != Sandbox::None {
                let taken = it.take_unseen(&ground.site(), &run()).await;
                assert!(matches!(taken, Ok(None) | Err(Error::Git(_))), "{way}: {taken:?}");
            }
            let salvaged = ground.salvage(&it).await;
            assert_eq!(ground.saved(&salvaged), ".gitignore a d/b kept.log new", "{way}");
            assert!(!ground.mirror.repo().has(&secret).unwrap(), "{way} with {sandbox:?}");
            assert_eq!(ground.fixed_refs(), before, "{way}");
            assert_eq!(ground.git(&["for-each-ref", "refs/factory/saving"]), "", "{way}");
            // It isn't known what there was, so a new beginning keeps it and an end waits.
            assert!(matches!(salvaged.history, History::Unread(_)), "{way}: {:?}", salvaged.history);
            let mut it = it;
            ground.reset(&mut it).await;
            assert_eq!(agent(&it).git(&["status", "--porcelain"]), "", "{way}");
            let left = unsaved(it.place.parent().unwrap()).unwrap();
            assert_eq!(left.iter().map(Unsaved::run).collect::<Vec<_>>(), [Some(run())], "{way}");
            let ended = it.destroy(&ground.site(), &run(), &by(), at()).await;
            assert!(matches!(ended, Err(Error::Unsaved(_))), "{way}: {ended:?}");
            assert_eq!(unsaved(left[0].path.ancestors().nth(2).unwrap()).unwrap().len(), 1, "{way}");
        }
    }
}

#[tokio::test]
async fn objects_that_are_malformed_or_missing_do_not_come_in() {
    for sandbox in sandboxes().await {
        let ground = Ground::new(sandbox).await;
        let it = ground.make().await;
        let git = agent(&it);
        let blob = git.git(&["hash-object", "-w", "a"]);
        std::fs::write(git.dir.join("spec"), format!("100644 blob {blob}\t.GIT\n")).unwrap();
        let tree = git.git(&["-c", "alias.x=!git mktree <spec", "x"]);
        let bad = git.git(&["commit-tree", "-p", "HEAD", "-m", "bad", &tree]);
        git.git(&["branch", "--force", "other", &bad]);
        git.git(&["update-ref", &format!("refs/heads/{BRANCH}"), &bad]);
        let taken = it.take(&ground.site(), &run()).await.unwrap_err();
        let says = std::error::Error::source(&taken).unwrap().to_string();
        assert!(says.contains("hasDotgit"), "{says}");
        let good = git.git(&["commit-tree", "-p", ground.base.as_str(), "-m", "good", "HEAD^^{tree}"]);
        git.git(&["update-ref", &format!("refs/heads/{BRANCH}"), &good]);
        remove(&it.git_dir().join("objects").join(&good[..2]));
        assert!(it.take(&ground.site(), &run()).await.is_err());
        let salvaged = ground.salvage(&it).await;
        assert!(matches!(salvaged.history, History::Unread(_)), "{:?}", salvaged.history);
        assert_eq!(ground.git(&["for-each-ref", "refs/runs"]), "");
        assert!(!ground.mirror.repo().has(&CommitId::parse(&bad).unwrap()).unwrap());
    }
}

#[tokio::test]
async fn a_history_that_was_cut_short_does_not_cut_the_mirror() {
    for sandbox in sandboxes().await {
        let ground = Ground::new(sandbox).await;
        let it = ground.make().await;
        let git = agent(&it);
        git.commit("two");
        let three = git.commit("three");
        std::fs::write(it.git_dir().join("shallow"), format!("{three}\n")).unwrap();
        let _taken = it.take(&ground.site(), &run()).await;
        ground.salvage(&it).await;
        assert!(!ground.mirror.repo().place().join("shallow").exists());
    }
}

/// A commit whose few trees unfold to ten thousand million paths.
fn bomb(git: &Fixture) -> CommitId {
    let blob = git.git(&["hash-object", "-w", "a"]);
    let tree = |lines: Vec<String>| {
        std::fs::write(git.dir.join(".git/spec"), lines.concat()).unwrap();
        git.git(&["-c", "alias.x=!git mktree <.git/spec", "x"])
    };
    let mut inner = tree((0..10).map(|n| format!("100644 blob {blob}\tf{n}\n")).collect());
    for _ in 0..9 {
        inner = tree((0..10).map(|n| format!("040000 tree {inner}\td{n}\n")).collect());
    }
    CommitId::parse(&git.git(&["commit-tree", "-p", "HEAD", "-m", "bomb", &inner])).unwrap()
}

#[tokio::test]
async fn what_unfolds_without_end_is_saved_and_not_unfolded() {
    let ground = Ground::new(Sandbox::None).await;
    let mut it = ground.make().await;
    let git = agent(&it);
    git.put("new", "n");
    let bomb = bomb(&git);
    git.git(&["update-ref", &format!("refs/heads/{BRANCH}"), bomb.as_str()]);
    let taken = it.take(&ground.site(), &run()).await.unwrap().unwrap();
    let redactor = crate::runs::Redactor::default();
    let (base, taken, stop) = (&ground.base, Some(&taken), &ground.stop);
    let evidence = Evidence {
        repo: ground.mirror.repo(),
        base,
        taken,
        paths: &[],
        issue: None,
        branch: None,
        redactor: &redactor,
        stop,
    };
    let found = verify(&evidence).unwrap();
    let says = "it changed more than can be looked at: 250000 paths, or 32 MiB of their names";
    assert_eq!(found, Judged::Forbidden(says.into()));
    let salvaged = ground.salvage(&it).await;
    assert_eq!(ground.saved(&salvaged), ".gitignore a d/b kept.log new");
    let saved = salvaged.commit.as_ref().unwrap();
    assert_eq!(ground.git(&["rev-parse", &format!("{saved}^")]), bomb.as_str());
    ground.reset(&mut it).await;
    assert_eq!(agent(&it).git(&["status", "--porcelain"]), "");
    // Whoever is told to stop doesn't look on.
    ground.stop.cancel();
    assert!(matches!(verify(&evidence), Err(git::Error::Stopped)));
    let stopped = it.salvage(&ground.site(), &run(), &by(), at()).await;
    assert!(matches!(stopped, Err(Error::Git(git::Error::Stopped))), "{stopped:?}");
}

#[tokio::test]
async fn what_is_too_deep_is_left_out_and_hinders_nothing() {
    let ground = Ground::new(Sandbox::None).await;
    let mut it = ground.make().await;
    agent(&it).put("new", "n").put("deep/kept", "k");
    fs::nest(&it.tree().join("deep"), 6_000);
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    let fifo = it.tree().join("d/.gitignore");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let salvaged = ground.salvage(&it).await;
    assert_eq!(ground.saved(&salvaged), ".gitignore a d/b deep/kept kept.log new");
    let deep = format!("deep/{}", vec!["nested"; 99].join("/"));
    let left: Vec<_> = salvaged.left_out.iter().map(|left| (left.path.to_str().unwrap(), left.why)).collect();
    assert_eq!(left, [("d/.gitignore", Why::Special), (&deep, Why::TooDeep)]);
    ground.reset(&mut it).await;
    assert!(!it.tree().join("deep").exists() && !fifo.exists());
    assert_eq!(agent(&it).git(&["status", "--porcelain"]), "");
    it.destroy(&ground.site(), &run(), &by(), at()).await.unwrap();
    assert_eq!(fs::names(&ground.root).unwrap(), [""; 0]);
}

fn pipe(path: &Path) {
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
}

/// Git would wait at each of these until its time is over, a minute and more; none takes a tenth of that.
#[tokio::test]
async fn a_pipe_in_a_repository_holds_nobody_up() {
    for sandbox in sandboxes().await {
        let branch = format!("refs/heads/{BRANCH}");
        for at in [
            "HEAD",
            "config",
            "packed-refs",
            &branch,
            "refs/heads/other",
            "objects/info/alternates",
            "objects/pack/pack-1.idx",
            "objects/info/commit-graph",
            "info/attributes",
            ".gitattributes",
            "d/.gitattributes",
            "config includes ../pipe",
        ] {
            let ground = Ground::new(sandbox.clone()).await;
            let it = ground.make().await;
            agent(&it).put("new", "n").commit("two");
            let began = std::time::Instant::now();
            if at.contains("includes") {
                pipe(&it.tree().join("pipe"));
                let config = it.git_dir().join("config");
                let text = std::fs::read_to_string(&config).unwrap();
                std::fs::write(&config, format!("{text}[core][Include]path = ../pipe\n")).unwrap();
            } else {
                let path = it.git_dir().join(at);
                remove(&path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                pipe(&path);
            }
            let taken = it.take(&ground.site(), &run()).await;
            assert!(matches!(taken, Err(Error::Tampered(_))), "{at} with {sandbox:?}: {taken:?}");
            let salvaged = ground.salvage(&it).await;
            assert!(ground.saved(&salvaged).contains(" new"), "{at}");
            let mut it = it;
            ground.reset(&mut it).await;
            assert_eq!(agent(&it).git(&["status", "--porcelain"]), "", "{at}");
            assert!(began.elapsed() < std::time::Duration::from_secs(6), "{at}: {:?}", began.elapsed());
        }
    }
}

/// An object that git can only load whole is more than it may; one that it passes on piece by piece is not.
#[tokio::test]
async fn what_is_too_big_to_be_loaded_is_refused_and_what_is_passed_on_is_not() {
    let sandbox = sandboxes().await.pop().unwrap();
    let ground = Ground::new(sandbox).await;
    let it = ground.make().await;
    let git = agent(&it);
    let big = it.tree().join("big");
    std::fs::File::create(&big).unwrap().set_len(300 << 20).unwrap();
    let good = git.put("new", "n").commit("big");
    assert_eq!(it.take(&ground.site(), &run()).await.unwrap().unwrap().commit, good);
    let words = std::io::Read::take(std::io::repeat(b'a'), 300 << 20);
    std::io::copy(&mut std::io::BufReader::new(words), &mut std::fs::File::create(&big).unwrap()).unwrap();
    git.git(&["commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "-F", "big"]);
    let taken = it.take(&ground.site(), &run()).await;
    assert!(taken.as_ref().is_err_and(Error::is_theirs), "{taken:?}");
    let says = std::error::Error::source(&taken.unwrap_err()).unwrap().to_string();
    assert!(says.to_lowercase().contains("out of memory"), "{says}");
    let salvaged = ground.salvage(&it).await;
    assert!(matches!(salvaged.history, History::Unread(_)), "{:?}", salvaged.history);
}
