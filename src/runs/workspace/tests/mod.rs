//! Workspaces with real git, and agents that do to them what they can.
#![expect(clippy::disallowed_methods, reason = "tests write what is then read")]

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::*;
use crate::adapters::env::Env;
use crate::adapters::git::fixture::Fixture;
use crate::adapters::git::{Refs, Signature, Step};
use crate::model::RunId;
use crate::runs::sandbox::tests::all as sandboxes;

mod afresh;
mod displaced;
mod hostile;
mod saved;
mod staged;

/// A mirror of a remote with one commit, and a place for workspaces.
struct Ground {
    dir: tempfile::TempDir,
    remote: Fixture,
    mirror: Mirror,
    base: CommitId,
    access: Access,
    sandbox: Sandbox,
    root: PathBuf,
    stop: CancellationToken,
}

const NAME: &str = "acme/widgets#7";
const BRANCH: &str = "factory/issue-7";

impl Ground {
    async fn new(sandbox: Sandbox) -> Self {
        let dir = tempfile::Builder::new().prefix("it's a ").tempdir().unwrap();
        let remote = Fixture::init(&dir.path().join("remote"), &[]);
        remote.put("a", "1\n").put("d/b", "2\n").put(".gitignore", "*.log\ncache/\n").put("kept.log", "k");
        remote.git(&["add", "-f", "kept.log"]);
        let base = remote.commit("one");
        let url = format!("file://{}", remote.dir.display());
        let mirror = Mirror::ensure(&dir.path().join("mirror.git"), &url).unwrap();
        let access = Access::new(&Env::read(), None);
        mirror.fetch(&access, &[Refs::Branches]).await.unwrap();
        let root = dir.path().join("workspaces");
        Self { dir, remote, mirror, base, access, sandbox, root, stop: CancellationToken::new() }
    }

    fn site(&self) -> Site<'_> {
        let Self { root, mirror, access, sandbox, stop, .. } = self;
        Site { root, mirror, access, sandbox, stop }
    }

    async fn make(&self) -> Workspace {
        self.make_with(Objects::Borrowed).await
    }

    async fn make_with(&self, objects: Objects) -> Workspace {
        let (base, by) = (&self.base, &by());
        let start = CheckOut { branch: BRANCH, base, by };
        Workspace::make(&self.site(), NAME, objects, start).await.unwrap()
    }

    async fn salvage(&self, it: &Workspace) -> Salvaged {
        it.salvage(&self.site(), &run(), &by(), at()).await.unwrap()
    }

    async fn reset(&self, it: &mut Workspace) -> Salvaged {
        let (base, by) = (&self.base, &by());
        it.reset(&self.site(), &run(), CheckOut { branch: "factory/again", base, by }, at()).await.unwrap()
    }

    /// The references of the mirror that no run may move.
    fn fixed_refs(&self) -> String {
        let all = self.git(&["for-each-ref"]);
        let free = |line: &&str| !line.contains("\trefs/runs/") && !line.contains("\trefs/factory/");
        all.lines().filter(free).collect::<Vec<_>>().join("\n")
    }

    /// A git command in the mirror.
    fn git(&self, args: &[&str]) -> String {
        Fixture { dir: self.mirror.repo().place().to_owned() }.git(args)
    }

    /// The files of what was saved, by name.
    fn saved(&self, salvaged: &Salvaged) -> String {
        let commit = salvaged.commit.as_ref().expect("something was saved");
        self.git(&["ls-tree", "-r", "--name-only", commit.as_str()]).replace('\n', " ")
    }

    fn text(&self, commit: &CommitId, path: &str) -> String {
        self.git(&["show", &format!("{commit}:{path}")])
    }
}

/// The agent's own hand in its workspace.
fn agent(it: &Workspace) -> Fixture {
    Fixture { dir: it.tree() }
}

fn by() -> Signature {
    Signature { name: "Factory \"x\"".into(), email: "f@example.com".into() }
}

fn at() -> Timestamp {
    "2026-05-01T12:00:00Z".parse().unwrap()
}

fn run() -> RunId {
    RunId::new(at(), b"run")
}

fn remove(path: &Path) {
    fs::remove_tree(path).unwrap();
}

#[tokio::test]
async fn it_is_made_once_and_whole() {
    let ground = Ground::new(Sandbox::None).await;
    for objects in [Objects::Borrowed, Objects::Copied] {
        // What a crash left is no hindrance.
        std::fs::create_dir_all(ground.root.join(format!(".new-{}/tree/.git/junk", key(NAME)))).unwrap();
        let it = ground.make_with(objects).await;
        let git = agent(&it);
        assert_eq!(git.git(&["status", "--porcelain"]), "");
        assert_eq!(git.git(&["symbolic-ref", "HEAD"]), format!("refs/heads/{BRANCH}"));
        assert_eq!(git.git(&["rev-parse", "HEAD"]), ground.base.as_str());
        assert_eq!(git.git(&["remote"]), "");
        assert_eq!(git.git(&["config", "user.name"]), by().name);
        assert!(!it.git_dir().join("hooks").exists());
        git.git(&["fsck", "--strict"]);
        assert_eq!(it.readable().is_empty(), objects == Objects::Copied);
        git.put("a", "changed");
        let again = ground.make_with(objects).await;
        assert_eq!(again.tree(), it.tree());
        assert_eq!(std::fs::read_to_string(it.tree().join("a")).unwrap(), "changed");
        assert_eq!(fs::names(&ground.root).unwrap(), [key(NAME)]);
        again.destroy(&ground.site(), &run(), &by(), at()).await.unwrap();
        assert_eq!(fs::names(&ground.root).unwrap(), [""; 0]);
    }
}

#[tokio::test]
async fn a_branch_or_base_that_can_not_be_is_refused() {
    let ground = Ground::new(Sandbox::None).await;
    let unknown = CommitId::parse(&"1".repeat(40)).unwrap();
    let by = by();
    for (branch, base) in
        [("../x", &ground.base), ("-x..", &ground.base), ("", &ground.base), ("x", &unknown)]
    {
        let start = CheckOut { branch, base, by: &by };
        let made = Workspace::make(&ground.site(), NAME, Objects::Borrowed, start).await;
        assert!(made.is_err(), "{branch} {base}");
        assert!(Workspace::open(&ground.site(), NAME).unwrap().is_none());
    }
}

#[test]
fn a_name_is_one_folder_and_no_two_names_share_it() {
    let long = "x".repeat(300);
    let names = ["plain-7", "acme/widgets#7", "acme_widgets_7", "ACME/widgets#7", "..", ".", "", "é", &long];
    let keys: std::collections::BTreeSet<String> = names.iter().map(|name| key(name)).collect();
    assert_eq!(keys.len(), names.len());
    for key in &keys {
        assert!(!key.starts_with('.') && !key.contains('/') && key.len() <= 100, "{key}");
    }
    assert_eq!(key("plain-7"), "plain-7");
}

#[tokio::test]
async fn what_stands_in_its_place_is_not_taken_for_it() {
    let ground = Ground::new(Sandbox::None).await;
    let it = ground.make().await;
    let out = ground.dir.path().join("out");
    std::fs::rename(it.tree(), &out).unwrap();
    std::os::unix::fs::symlink(&out, it.tree()).unwrap();
    assert!(matches!(Workspace::open(&ground.site(), NAME), Err(Error::Displaced { .. })));
    let other = Ground::new(Sandbox::None).await;
    let site = Site { root: &ground.root, ..other.site() };
    assert!(matches!(Workspace::open(&site, NAME), Err(Error::OtherMirror { .. })));
    remove(&ground.root.join(key(NAME)).join("workspace.json"));
    assert!(Workspace::open(&ground.site(), NAME).is_err());
}

#[tokio::test]
async fn commits_are_taken_from_the_branch() {
    for sandbox in sandboxes().await {
        let ground = Ground::new(sandbox).await;
        let before = ground.fixed_refs();
        let it = ground.make().await;
        let git = agent(&it);
        let take = async || it.take(&ground.site(), &run()).await.unwrap();
        let taken = |commit: &CommitId, since_base| Some(Taken { commit: commit.clone(), since_base });
        assert_eq!(take().await, taken(&ground.base, Step::Same));
        let two = git.put("new", "n").commit("two");
        assert_eq!(take().await, taken(&two, Step::Forward));
        assert_eq!(ground.git(&["rev-parse", &format!("refs/runs/{}", run())]), two.as_str());
        git.git(&["commit", "--quiet", "--amend", "-m", "instead"]);
        git.git(&["checkout", "--quiet", "--detach"]);
        let side = git.put("side", "s").commit("side");
        let instead = CommitId::parse(&git.git(&["rev-parse", BRANCH])).unwrap();
        assert_eq!(take().await, taken(&instead, Step::Forward), "the branch, not HEAD");
        git.git(&["checkout", "--quiet", "--orphan", "apart"]);
        let apart = git.commit("apart");
        git.git(&["branch", "--force", BRANCH, apart.as_str()]);
        assert_eq!(take().await, taken(&apart, Step::Rewritten));
        git.git(&["branch", "-D", BRANCH]);
        git.git(&["symbolic-ref", "HEAD", "refs/heads/unborn"]);
        assert_eq!(take().await, None);
        remove(&it.git_dir());
        assert_eq!(take().await, None);
        assert_eq!(ground.fixed_refs(), before);
        assert!(!ground.mirror.repo().has(&side).unwrap());
    }
}

#[tokio::test]
async fn a_mirror_that_lends_keeps_what_it_lent() {
    let ground = Ground::new(Sandbox::None).await;
    let it = ground.make().await;
    ground.remote.git(&["checkout", "--quiet", "--orphan", "apart"]);
    ground.remote.commit("apart");
    ground.remote.git(&["branch", "-D", "main"]);
    ground.mirror.fetch(&ground.access, &[Refs::Branches]).await.unwrap();
    ground.git(&["gc", "--quiet", "--prune=now"]);
    agent(&it).git(&["fsck", "--strict"]);
    assert_eq!(agent(&it).git(&["log", "--format=%s"]), "one");
}

/// Only who lends to nobody is cleaned up, and keeps what a reference leads to.
#[tokio::test]
async fn a_mirror_that_lends_to_nobody_is_cleaned_up() {
    let ground = Ground::new(Sandbox::None).await;
    let it = ground.make().await;
    let place = ground.mirror.repo().place().to_owned();
    assert!(borrow_from(&ground.root, &place).unwrap());
    // Git takes what lies in one of 256 folders for a sample of all.
    let repo = ground.mirror.repo();
    let sampled = (0..).map(|n: u32| n.to_string()).filter(|text| {
        let (content, _) = repo.content(text.as_bytes()).unwrap();
        format!("{content:?}").contains("(17")
    });
    let saved = agent(&it).put("new", "n").commit("two");
    for text in sampled.take(30) {
        agent(&it).put(&format!("n{text}"), &text);
    }
    ground.salvage(&it).await;
    it.destroy(&ground.site(), &run(), &by(), at()).await.unwrap();
    assert!(!borrow_from(&ground.root, &place).unwrap());
    assert!(fs::exists(&place.join("objects/17")));
    ground.mirror.maintain(&ground.access).await.unwrap();
    assert!(!fs::exists(&place.join("objects/17")));
    ground.git(&["fsck", "--strict"]);
    ground.git(&["cat-file", "-e", saved.as_str()]);
    let again = ground.make().await;
    assert_eq!(ground.git(&["config", "extensions.preciousObjects"]), "true");
    agent(&again).git(&["fsck", "--strict"]);
}
