//! The config files of a commit, read without a checkout, and of the working tree.

use gix::objs::tree::EntryKind;
use gix::prelude::ObjectIdExt;

use super::repo::commit_id;
use super::{Content, Error, Repo};
use crate::adapters::fs::{self, Collector, MAX_PEEKED, is_config_path, may_be_ours, may_be_policies};
use crate::model::{CommitId, ConfigFiles, Origin};

impl Repo {
    /// Reads the config files at a revision.
    ///
    /// # Errors
    /// When the revision leads nowhere, or the repository is damaged. What is wrong with single files is in
    /// [`ConfigFiles::unread`].
    pub fn config_files(&self, rev: &str) -> Result<(CommitId, ConfigFiles), Error> {
        let commit = self.resolve(rev)?;
        let files = self.config_files_at(&commit)?;
        Ok((commit, files))
    }

    /// Reads the config files of a commit.
    ///
    /// # Errors
    /// As [`Repo::config_files`].
    pub fn config_files_at(&self, commit: &CommitId) -> Result<ConfigFiles, Error> {
        let repo = self.local();
        let failed = || self.failed("read the files of a commit");
        let tree = self.find_commit(&repo, commit)?.tree().map_err(failed())?;
        let mut found = Collector::default();
        for (name, kind, id) in entries(&tree).map_err(failed())? {
            let (kind, id) = (kind, id.attach(&repo));
            match (name.as_str(), kind) {
                ("factory.kdl", _) => file(&mut found, "factory.kdl", kind, id).map_err(failed())?,
                ("policies", EntryKind::Tree) => {
                    let tree = id.object().map_err(failed())?.into_tree();
                    folder(&mut found, &tree, "policies", 1).map_err(failed())?;
                }
                ("policies", _) => found.refuse_policies(),
                (name, EntryKind::Tree) => {
                    found.pass_over_folder(name);
                    if may_be_policies(name) {
                        beside_policies(&mut found, id, name);
                    }
                }
                // Another repository within this one is no file.
                (_, EntryKind::Commit) => {}
                (name, EntryKind::Blob | EntryKind::BlobExecutable | EntryKind::Link) => {
                    found.pass_over_at_root(name, &peek(name, kind, id));
                }
            }
        }
        let origin = Origin {
            place: self.place().display().to_string(),
            root: self.work_tree(),
            hosted: self.clone_of().map(Box::new),
            commit: Some(commit.clone()),
            changed: None,
        };
        Ok(found.finish(origin))
    }

    /// Reads the config files of the working tree, and counts those that differ from the commit checked out.
    ///
    /// # Errors
    /// [`Error::Bare`] when there is no working tree; when it can't be listed.
    pub fn working_tree(&self) -> Result<ConfigFiles, Error> {
        let Some(root) = self.work_tree() else { return Err(Error::Bare(self.place().to_owned())) };
        let mut files = fs::read_config_folder(&root).map_err(Error::Files)?;
        let committed = match self.head() {
            Ok(head) => self.config_files_at(&head)?,
            Err(Error::Empty(_)) => ConfigFiles::default(),
            Err(e) => return Err(e),
        };
        files.origin.hosted = self.clone_of().map(Box::new);
        files.origin.changed = Some(fs::changed(&files, &committed));
        Ok(files)
    }

    /// Reads one file of a commit, of at most `limit` bytes; `None` when it isn't there.
    ///
    /// # Errors
    /// When it is too large, or the repository is damaged.
    pub fn file_at(&self, commit: &CommitId, path: &str, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        let repo = self.local();
        let failed = || self.failed("read a file of a commit");
        let tree = self.find_commit(&repo, commit)?.tree().map_err(failed())?;
        let Some(entry) = tree.lookup_entry_by_path(path).map_err(failed())? else { return Ok(None) };
        if !entry.mode().is_blob() {
            return Ok(None);
        }
        let size = entry.id().header().map_err(failed())?.size();
        if size > limit {
            return Err(Error::Files(fs::Error::TooLarge { path: path.into(), limit }));
        }
        Ok(Some(entry.object().map_err(failed())?.detach().data))
    }

    /// The content of a file of a commit; `None` when it isn't there.
    ///
    /// # Errors
    /// When the repository is damaged.
    pub fn content_at(&self, commit: &CommitId, path: &str) -> Result<Option<Content>, Error> {
        let repo = self.local();
        let failed = || self.failed("read a file of a commit");
        let tree = self.find_commit(&repo, commit)?.tree().map_err(failed())?;
        let entry = tree.lookup_entry_by_path(path).map_err(failed())?;
        Ok(entry.filter(|entry| entry.mode().is_blob()).map(|entry| Content(entry.object_id())))
    }

    /// The names of the files in a folder of a commit, sorted; empty when there is no such folder.
    ///
    /// # Errors
    /// When the repository is damaged.
    pub fn names_at(&self, commit: &CommitId, path: &str) -> Result<Vec<String>, Error> {
        let repo = self.local();
        let failed = || self.failed("list a folder of a commit");
        let tree = self.find_commit(&repo, commit)?.tree().map_err(failed())?;
        let Some(entry) = tree.lookup_entry_by_path(path).map_err(failed())? else { return Ok(Vec::new()) };
        if !entry.mode().is_tree() {
            return Ok(Vec::new());
        }
        let tree = entry.object().map_err(failed())?.into_tree();
        let blobs = entries(&tree).map_err(failed())?;
        let files = blobs.into_iter().filter(|(_, kind, _)| matches!(kind, EntryKind::Blob));
        Ok(files.map(|(name, _, _)| name).collect())
    }

    /// The commits from `head` back along first parents, newest first, at most `limit`.
    ///
    /// # Errors
    /// When the history can't be read.
    pub fn first_parents(&self, head: &CommitId, limit: usize) -> Result<Vec<CommitId>, Error> {
        let repo = self.local();
        let mut found = Vec::new();
        let mut next = Some(head.clone());
        while let Some(id) = next.take().filter(|_| found.len() < limit) {
            let commit = match self.find_commit(&repo, &id) {
                // The cut of a shallow clone.
                Err(Error::UnknownRevision { .. }) if !found.is_empty() => break,
                other => other?,
            };
            next = commit.parent_ids().next().map(|p| commit_id(p.detach()));
            found.push(id);
        }
        Ok(found)
    }
}

type Entries = Vec<(String, EntryKind, gix::ObjectId)>;

/// The entries of a tree; a name that isn't UTF-8 is shown with replacement characters, which no config path has.
fn entries(tree: &gix::Tree<'_>) -> Result<Entries, gix::Error> {
    tree.iter()
        .map(|entry| {
            let entry = entry?;
            Ok((entry.filename().to_string(), entry.mode().kind(), entry.oid().to_owned()))
        })
        .collect()
}

fn folder(
    found: &mut Collector,
    tree: &gix::Tree<'_>,
    folder_path: &str,
    depth: usize,
) -> Result<(), gix::Error> {
    if !found.enter(folder_path, depth) {
        return Ok(());
    }
    for (name, kind, id) in entries(tree)? {
        let path = format!("{folder_path}/{name}");
        if name.starts_with('.') {
            continue;
        }
        if name.contains(char::REPLACEMENT_CHARACTER) {
            found.refuse_name(path);
            continue;
        }
        match kind {
            EntryKind::Tree => {
                let tree = id.attach(tree.repo).object()?.into_tree();
                folder(found, &tree, &path, depth + 1)?;
            }
            EntryKind::Link | EntryKind::Commit => file(found, &path, kind, id.attach(tree.repo))?,
            EntryKind::Blob | EntryKind::BlobExecutable if is_config_path(&path) => {
                file(found, &path, kind, id.attach(tree.repo))?;
            }
            EntryKind::Blob | EntryKind::BlobExecutable => found.pass_over(&path),
        }
    }
    Ok(())
}

/// The files of a folder that may have been meant for that of the policies. What isn't config hinders nothing, whether
/// or not it can be read.
fn beside_policies(found: &mut Collector, id: gix::Id<'_>, folder: &str) {
    let Ok(object) = id.object() else { return };
    let tree = object.into_tree();
    for (name, kind, id) in entries(&tree).unwrap_or_default() {
        if !matches!(kind, EntryKind::Tree | EntryKind::Commit) {
            let text = peek(&name, kind, id.attach(tree.repo));
            found.pass_over_beside_policies(folder, &name, &text);
        }
    }
}

/// What a file holds that isn't config by its place; nothing where it need not be looked into, or can't be.
fn peek(name: &str, kind: EntryKind, id: gix::Id<'_>) -> String {
    let is_file = matches!(kind, EntryKind::Blob | EntryKind::BlobExecutable);
    let small = || id.header().is_ok_and(|header| header.size() <= MAX_PEEKED);
    let object = (is_file && may_be_ours(name) && small()).then(|| id.object().ok()).flatten();
    object.map_or_else(String::new, |object| String::from_utf8_lossy(&object.data).into_owned())
}

fn file(found: &mut Collector, path: &str, kind: EntryKind, id: gix::Id<'_>) -> Result<(), gix::Error> {
    match kind {
        EntryKind::Blob | EntryKind::BlobExecutable => {
            if found.admit(path, id.header()?.size()) {
                found.take(path.to_owned(), id.object()?.detach().data);
            }
        }
        EntryKind::Link => {
            let target = id.object()?.detach().data;
            found.refuse_link(path, &String::from_utf8_lossy(&target));
        }
        EntryKind::Tree | EntryKind::Commit => found.refuse_kind(path.to_owned()),
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write what is then read")]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;

    fn show(files: &ConfigFiles) -> String {
        let read =
            files.files.iter().map(|f| format!("{} {:?}\n", f.path, String::from_utf8_lossy(&f.bytes)));
        let unread = files.unread.iter().map(|u| format!("! `{}` {}\n", u.path, u.why));
        let passed = files.passed_over.iter().map(|u| format!("? `{}` {}\n", u.path, u.why));
        read.chain(unread).chain(passed).collect()
    }

    #[test]
    fn any_commit_is_read_without_a_checkout() {
        let dir = tempfile::tempdir().unwrap();
        let fixture = Fixture::init(&dir.path().join("r"), &[]);
        fixture
            .put("factory.kdl", "1")
            .put("policies/a/b.toml", "x")
            .put("policies/n.md", "")
            .put("o.kdl", "");
        std::os::unix::fs::symlink("/etc/passwd", fixture.dir.join("policies/l.kdl")).unwrap();
        let one = fixture.commit("one");
        fixture.put("factory.kdl", "2");
        let two = fixture.commit("two");
        fixture.put("factory.kdl", "3").put("policies/new.kdl", "");
        let repo = fixture.repo();
        let (commit, files) = repo.config_files("HEAD~1").unwrap();
        assert_eq!((&commit, files.origin.commit.as_ref()), (&one, Some(&one)));
        insta::assert_snapshot!(show(&files), @r#"
        factory.kdl "1"
        policies/a/b.toml "x"
        ! `policies/l.kdl` is a symbolic link to `/etc/passwd`, which lies outside of the config repository
        ? `o.kdl` is not read: at the root only `factory.kdl` is
        "#);
        assert_eq!(repo.config_files("main").unwrap().1.files[0].bytes, b"2");
        let tree = repo.working_tree().unwrap();
        assert_eq!((tree.origin.changed, tree.origin.commit), (Some(2), None));
        assert_eq!(repo.file_at(&two, "policies/a/b.toml", 9).unwrap().as_deref(), Some(&b"x"[..]));
        assert_eq!(repo.file_at(&two, "none", 9).unwrap(), None);
        assert_eq!(repo.names_at(&two, "policies/a").unwrap(), ["b.toml"]);
        assert_eq!(repo.first_parents(&two, 9).unwrap(), [two, one]);
    }

    #[test]
    fn a_commit_and_the_folder_it_was_made_from_read_alike() {
        let dir = tempfile::tempdir().unwrap();
        let fixture = Fixture::init(&dir.path().join("r"), &[]);
        fixture.put("policies/b.kdl", "b").put("policies/.hid.kdl", "h").put("policies/a.toml", "a");
        fixture.put("policies/x/y/z.kdl", [0xff, 0x00]).put("factory.kdl/not-a-file.kdl", "");
        fixture.put("repos.kdl", "r").put("Policies/r.kdl", "r").put("elsewhere/r.kdl", "r");
        fixture.put("factory.toml", "f").put("policies/x/e.yaml", "e").put("policies/.f.json", "f");
        std::os::unix::fs::symlink("b.kdl", fixture.dir.join("policies/c.kdl")).unwrap();
        std::os::unix::fs::symlink("x", fixture.dir.join("policies/d")).unwrap();
        let commit = fixture.commit("one");
        let repo = fixture.repo();
        let (from_commit, from_folder) =
            (repo.config_files_at(&commit).unwrap(), repo.working_tree().unwrap());
        assert_eq!(from_folder.origin.changed, Some(0));
        assert_eq!(from_commit.files, from_folder.files);
        assert_eq!(from_commit.unread, from_folder.unread);
        assert_eq!(from_commit.passed_over, from_folder.passed_over);
        insta::assert_snapshot!(show(&from_commit), @r#"
        policies/a.toml "a"
        policies/b.kdl "b"
        policies/x/y/z.kdl "�\0"
        ! `factory.kdl` is not a regular file
        ! `policies/c.kdl` is a symbolic link to `b.kdl`
        ! `policies/d` is a symbolic link to `x`
        ? `Policies` is not read: the folder of the policy files is called `policies`, in lower case
        ? `factory.toml` is not read: the root file is `factory.kdl`
        ? `policies/x/e.yaml` is not read: config files end in `.kdl` or `.toml`
        ? `repos.kdl` is not read: at the root only `factory.kdl` is
        "#);
    }

    #[test]
    fn a_tree_that_unfolds_without_end_is_cut() {
        let dir = tempfile::tempdir().unwrap();
        let fixture = Fixture::init(&dir.path().join("r"), &[]);
        fixture.put("leaf.kdl", "");
        fixture.git(&["add", "-A"]);
        let mut tree = fixture.git(&["write-tree"]);
        for _ in 0..12 {
            let entries: Vec<_> = (0..10).map(|n| format!("040000 tree {tree}\td{n}\n")).collect();
            std::fs::write(dir.path().join("spec"), entries.concat()).unwrap();
            let path = dir.path().join("spec");
            tree = fixture.git(&["-c", &format!("alias.mk=!git mktree < {}", path.display()), "mk"]);
        }
        std::fs::write(dir.path().join("spec"), format!("040000 tree {tree}\tpolicies\n")).unwrap();
        let path = dir.path().join("spec");
        let root = fixture.git(&["-c", &format!("alias.mk=!git mktree < {}", path.display()), "mk"]);
        let commit = CommitId::parse(&fixture.git(&["commit-tree", &root, "-m", "bomb"])).unwrap();
        let files = fixture.repo().config_files_at(&commit).unwrap();
        assert!(files.unread.iter().any(|u| u.why.contains("more folders")), "{}", show(&files));
    }
}
