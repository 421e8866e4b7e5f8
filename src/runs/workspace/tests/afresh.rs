//! Workspaces that begin anew.

use super::*;

#[tokio::test]
async fn it_begins_anew_with_its_caches_and_nothing_is_lost() {
    for sandbox in sandboxes().await {
        let mut ground = Ground::new(sandbox).await;
        let mut it = ground.make().await;
        let git = agent(&it);
        let out = ground.dir.path().join("out");
        std::fs::create_dir(&out).unwrap();
        std::fs::write(out.join("b"), "untouched").unwrap();
        git.put("cache/big", "kept").put("new", "n").put("a", "changed").put("nested/f", "f");
        Fixture::init(&git.dir.join("nested"), &[]).commit("inner");
        remove(&git.dir.join("d"));
        std::os::unix::fs::symlink(&out, git.dir.join("d")).unwrap();
        git.git(&["config", "user.name", "Somebody"]);
        ground.base = ground.remote.put("d/b", "3").commit("two");
        ground.mirror.fetch(&ground.access, &[Refs::Branches]).await.unwrap();
        let salvaged = ground.reset(&mut it).await;
        assert_eq!(ground.saved(&salvaged), ".gitignore a d kept.log nested/f new");
        let git = agent(&it);
        assert_eq!(git.git(&["status", "--porcelain", "--ignored"]), "!! cache/");
        assert_eq!(git.git(&["log", "--format=%s", "factory/again"]), "two\none");
        assert_eq!(git.git(&["config", "user.name"]), by().name);
        assert_eq!(std::fs::read_to_string(out.join("b")).unwrap(), "untouched");
        assert_eq!(std::fs::read_dir(&out).unwrap().count(), 1);
        let again = Workspace::open(&ground.site(), NAME).unwrap().unwrap();
        assert_eq!((again.branch(), again.base()), ("factory/again", &ground.base));
        assert_eq!(fs::names(&it.place).unwrap(), ["tree", "workspace.json"]);
    }
}

/// The states in which a reset may be cut off.
#[tokio::test]
async fn a_reset_that_was_cut_off_is_done_again() {
    for state in ["new.git", "old.git", "both"] {
        let ground = Ground::new(Sandbox::None).await;
        let mut it = ground.make().await;
        agent(&it).put("new", "n").commit("two");
        agent(&it).put("more", "m");
        let first = ground.salvage(&it).await.commit.unwrap();
        let git_dir = it.git_dir();
        if state != "new.git" {
            std::fs::rename(&git_dir, it.place.join("old.git")).unwrap();
        }
        if state != "old.git" {
            std::fs::create_dir_all(it.place.join("new.git/refs/heads")).unwrap();
        }
        let salvaged = ground.reset(&mut it).await;
        ground.git(&["merge-base", "--is-ancestor", first.as_str(), salvaged.commit.unwrap().as_str()]);
        assert_eq!(agent(&it).git(&["status", "--porcelain"]), "", "{state}");
        assert_eq!(fs::names(&it.place).unwrap(), ["tree", "workspace.json"], "{state}");
    }
}
