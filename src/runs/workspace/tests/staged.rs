//! What is staged, and what is in linked working trees, is saved as well.

use super::*;

/// The commits of what was saved that nothing but a staging made, and their files.
fn drafts(ground: &Ground, salvaged: &Salvaged) -> Vec<(CommitId, String)> {
    let commit = salvaged.commit.as_ref().expect("something was saved").as_str();
    let found = ground.git(&["log", "--format=%H", "--grep=had staged", commit]);
    let files = |id: CommitId| {
        let files = ground.git(&["ls-tree", "-r", "--name-only", id.as_str()]).replace('\n', " ");
        (id, files)
    };
    found.lines().filter_map(CommitId::parse).map(files).collect()
}

fn draft(ground: &Ground, salvaged: &Salvaged) -> (CommitId, String) {
    let mut all = drafts(ground, salvaged);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[tokio::test]
async fn what_is_only_staged_is_saved() {
    for sandbox in sandboxes().await {
        let ground = Ground::new(sandbox).await;
        let before = ground.fixed_refs();
        let it = ground.make().await;
        let git = agent(&it);
        git.put("st", "v1\n").put("d/c", "2\n").git(&["add", "-A"]);
        git.put("st", "garbage\n");
        remove(&git.dir.join("d/c"));
        let salvaged = ground.salvage(&it).await;
        assert_eq!(salvaged.history, History::Saved);
        let commit = salvaged.commit.clone().unwrap();
        assert_eq!(ground.text(&commit, "st"), "garbage");
        let (staged, files) = draft(&ground, &salvaged);
        assert_eq!(files, ".gitignore a d/b d/c kept.log st");
        assert_eq!((ground.text(&staged, "st"), ground.text(&staged, "d/c")), ("v1".into(), "2".into()));
        assert_eq!(ground.git(&["rev-parse", &format!("{staged}^")]), ground.base.as_str());
        assert_eq!(ground.git(&["for-each-ref", "refs/factory/saving"]), "");
        assert_eq!(ground.fixed_refs(), before);
        ground.git(&["fsck", "--strict"]);
        // Once more: the same is saved already. Then something else is, and the first is still there.
        assert_eq!(ground.salvage(&it).await.commit, Some(commit.clone()));
        git.put("st", "v2\n").git(&["add", "st"]);
        git.put("st", "garbage\n");
        let again = ground.salvage(&it).await;
        assert_eq!(drafts(&ground, &again).len(), 2);
        ground.git(&["merge-base", "--is-ancestor", commit.as_str(), again.commit.unwrap().as_str()]);
    }
}

/// Nothing is in the files that wasn't before: all there is, is staged.
#[tokio::test]
async fn what_is_staged_and_removed_is_no_workspace_without_anything_new() {
    let ground = Ground::new(Sandbox::None).await;
    let it = ground.make().await;
    agent(&it).put("st", "staged-only\n").git(&["add", "st"]);
    remove(&it.tree().join("st"));
    let salvaged = ground.salvage(&it).await;
    assert_eq!(ground.saved(&salvaged), ".gitignore a d/b kept.log");
    assert_eq!(ground.text(&draft(&ground, &salvaged).0, "st"), "staged-only");
}

#[tokio::test]
async fn what_is_staged_as_it_lies_there_needs_no_commit_of_its_own() {
    let ground = Ground::new(Sandbox::None).await;
    let it = ground.make().await;
    agent(&it).put("new", "n").put("a", "2\n").git(&["add", "-A"]);
    assert_eq!(drafts(&ground, &ground.salvage(&it).await), []);
}

#[tokio::test]
async fn the_sides_of_a_conflict_are_saved() {
    let ground = Ground::new(Sandbox::None).await;
    let it = ground.make().await;
    let git = agent(&it);
    for (side, text) in [("1", "base\n"), ("2", "ours\n"), ("3", "theirs\n")] {
        git.put(".git/side", text);
        let id = git.git(&["hash-object", "-w", ".git/side"]);
        let info = format!("100644 {id} {side}\tnew\n");
        git.put(".git/info/side", info);
        git.git(&["-c", "alias.x=!git update-index --index-info <.git/info/side", "x"]);
    }
    let salvaged = ground.salvage(&it).await;
    let (staged, files) = draft(&ground, &salvaged);
    assert_eq!(files, ".gitignore a d/b kept.log new~1 new~2 new~3");
    assert_eq!(ground.text(&staged, "new~3"), "theirs");
}

#[tokio::test]
async fn the_biggest_of_what_is_staged_is_left_out_and_named() {
    let ground = Ground::new(Sandbox::None).await;
    let it = ground.make().await;
    let git = agent(&it);
    git.put("big", "b".repeat(200)).put("small", "s".repeat(50)).git(&["add", "-A"]);
    remove(&git.dir.join("big"));
    remove(&git.dir.join("small"));
    git.put("file", "f".repeat(40));
    let salvaged = it.salvage_within(&ground.site(), &run(), &by(), at(), 100).await.unwrap();
    assert_eq!(draft(&ground, &salvaged).1, ".gitignore a d/b kept.log small");
    let left: Vec<_> = salvaged.left_out.iter().map(|left| (left.path.as_path(), left.why)).collect();
    assert_eq!(left, [(Path::new(".git/index/big"), Why::TooMuch)]);
}

/// What can't be read isn't taken for nothing: whoever would destroy it doesn't.
#[tokio::test]
async fn what_is_staged_and_can_not_be_read_is_kept() {
    for n in 0..4 {
        let ground = Ground::new(Sandbox::None).await;
        let it = ground.make().await;
        let git = agent(&it);
        git.put("st", "v1\n").git(&["add", "st"]);
        let id = git.git(&["hash-object", "st"]);
        remove(&git.dir.join("st"));
        match n {
            0 => remove(&it.git_dir().join("objects").join(&id[..2])),
            1 => std::fs::write(it.git_dir().join("index"), "DIRC no index at all, at whatever length")
                .unwrap(),
            // Git takes it, and no tree of the mirror may have it.
            2 => {
                let info = format!("100644,{},odd", ground.base);
                git.git(&["update-index", "--add", "--cacheinfo", &info]);
            }
            _ => {
                remove(&it.git_dir().join("index"));
                std::os::unix::fs::symlink("/dev/null", it.git_dir().join("index")).unwrap();
            }
        }
        let salvaged = ground.salvage(&it).await;
        let History::Unread(why) = &salvaged.history else { panic!("{n}: {:?}", salvaged.history) };
        assert!(why.starts_with("what is staged can't be read: "), "{n}: {why}");
        ground.git(&["fsck", "--strict"]);
        let ended = it.destroy(&ground.site(), &run(), &by(), at()).await;
        assert!(matches!(ended, Err(Error::Unsaved(_))), "{n}: {ended:?}");
    }
}

/// An index is data that its agent wrote, paths that are no paths and files that are folders too.
#[tokio::test]
async fn an_index_that_no_git_wrote_leads_nowhere() {
    let ground = Ground::new(Sandbox::None).await;
    let it = ground.make().await;
    let git = agent(&it);
    git.put("x", "odd\n").git(&["add", "x"]);
    let id = git.git(&["hash-object", "x"]);
    remove(&git.dir.join("x"));
    let odd = ["d/bXc", "../esca", ".git/hook"];
    for path in odd {
        let plain = path.replace(['/', '.'], "_");
        git.git(&["update-index", "--add", "--cacheinfo", &format!("100644,{id},{plain}")]);
    }
    let index = it.git_dir().join("index");
    let mut bytes = std::fs::read(&index).unwrap();
    for path in odd {
        let plain = path.replace(['/', '.'], "_");
        let at = bytes.windows(plain.len()).position(|part| part == plain.as_bytes()).unwrap();
        bytes[at..at + path.len()].copy_from_slice(path.replace('X', "/").as_bytes());
    }
    std::fs::write(&index, bytes).unwrap();
    let salvaged = ground.salvage(&it).await;
    assert_eq!(salvaged.history, History::Saved);
    assert_eq!(draft(&ground, &salvaged).1, ".gitignore a d/b/c kept.log x");
    ground.git(&["fsck", "--strict"]);
}

#[tokio::test]
async fn what_is_in_linked_working_trees_is_saved() {
    for sandbox in sandboxes().await {
        let ground = Ground::new(sandbox).await;
        let before = ground.fixed_refs();
        let it = ground.make().await;
        let git = agent(&it);
        let at = ground.dir.path().join("wt");
        git.git(&["worktree", "add", "--quiet", "--detach", &at.display().to_string()]);
        let linked = Fixture { dir: at };
        let one = linked.put("f", "x\n").commit("one");
        linked.git(&["update-ref", "refs/worktree/kept", one.as_str()]);
        let lost = linked.put("f", "lost\n").commit("lost");
        linked.git(&["reset", "--hard", "--quiet", one.as_str()]);
        remove(&linked.dir.join("f"));
        let two = linked.commit("two");
        linked.put("st", "staged\n").git(&["add", "st"]);
        linked.put("st", "garbage\n");
        let salvaged = ground.salvage(&it).await;
        assert_eq!(salvaged.history, History::Saved);
        assert_eq!(salvaged.elsewhere, ["worktrees/wt/HEAD"]);
        let commit = salvaged.commit.clone().unwrap();
        for id in [&one, &lost, &two] {
            ground.git(&["merge-base", "--is-ancestor", id.as_str(), commit.as_str()]);
        }
        let (staged, files) = draft(&ground, &salvaged);
        assert_eq!(
            (ground.text(&staged, "st"), files.as_str()),
            ("staged".into(), ".gitignore a d/b kept.log st")
        );
        assert_eq!(ground.git(&["rev-parse", &format!("{staged}^")]), two.as_str());
        assert_eq!(ground.salvage(&it).await.commit, Some(commit));
        assert_eq!(ground.fixed_refs(), before);
        it.destroy(&ground.site(), &run(), &by(), super::at()).await.unwrap();
    }
}

#[tokio::test]
async fn a_linked_working_tree_that_can_not_be_read_is_kept() {
    for n in 0..2 {
        let ground = Ground::new(Sandbox::None).await;
        let it = ground.make().await;
        let git = agent(&it);
        let at = ground.dir.path().join("wt");
        git.git(&["worktree", "add", "--quiet", "--detach", &at.display().to_string()]);
        let id = Fixture { dir: at }.put("f", "x\n").commit("one").to_string();
        if n == 0 {
            remove(&it.git_dir().join("objects").join(&id[..2]));
        } else {
            let folder = it.git_dir().join("worktrees");
            std::fs::rename(&folder, ground.dir.path().join("moved")).unwrap();
            std::os::unix::fs::symlink(ground.dir.path().join("moved"), &folder).unwrap();
        }
        let salvaged = ground.salvage(&it).await;
        assert!(matches!(salvaged.history, History::Unread(_)), "{n}: {:?}", salvaged.history);
    }
}
