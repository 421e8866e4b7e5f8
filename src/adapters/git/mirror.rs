//! The product's own bare copy of a remote repository: fetched into, read from, pushed from.

use std::path::Path;

use super::child::{check_url, classify, git};
use super::remote::{Line, parse_ls, parse_push};
use super::{Access, Error, Pushed, Refs, Repo};
use crate::adapters::fs;
use crate::model::CommitId;

/// How often a fetch reads anew what others moved meanwhile. Each of them has got on, so that this is a bound of their
/// number and not of time.
const AGAIN: usize = 8;

/// A bare mirror of the repository at a URL.
#[derive(Clone, Debug)]
pub struct Mirror {
    repo: Repo,
    url: String,
}

impl Mirror {
    /// Opens the mirror in `dir`, making an empty one when there is none. Nothing is fetched yet.
    ///
    /// # Errors
    /// When the URL can't be one, or the folder holds something else.
    pub fn ensure(dir: &Path, url: &str) -> Result<Self, Error> {
        check_url(url)?;
        if fs::open(&dir.join("HEAD")).map_err(Error::Files)?.is_none() {
            make(dir)?;
        }
        Ok(Self { repo: Repo::open(dir)?.ours(), url: url.to_owned() })
    }

    /// What has been fetched, to be read.
    pub fn repo(&self) -> &Repo {
        &self.repo
    }

    /// The remote.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Fetches. References that are gone there, within what was asked for, are removed here.
    ///
    /// # Errors
    /// [`Error::Auth`], [`Error::RemoteGone`] and [`Error::Remote`], told apart.
    pub async fn fetch(&self, access: &Access, refs: &[Refs]) -> Result<(), Error> {
        let mut specs = Vec::new();
        for wanted in refs {
            match wanted {
                // A single branch that isn't there would fail the whole fetch, and one that is here already needs none.
                Refs::Branch(name) => {
                    let there = self.remote_head(access, name).await?;
                    // What can't be read here is fetched.
                    let here = self.repo.branch_head(name).ok().flatten();
                    if there.is_some() && there != here {
                        specs.push(wanted.spec());
                    }
                }
                Refs::Branches | Refs::Pull(_) | Refs::Pulls => specs.push(wanted.spec()),
            }
        }
        if specs.is_empty() {
            return Ok(());
        }
        let command = git(self.repo.place(), &self.url, access)
            .args(["fetch", "--quiet", "--no-tags", "--prune", "--no-write-fetch-head", "--force"])
            .args(["--no-recurse-submodules", "--", &self.url])
            .args(specs);
        let mut output = self.write(command.clone()).await?;
        // Git sets a reference only from what it read it as: where another process set it in between, it is read again.
        for _ in 0..AGAIN {
            if output.status.success() || !was_moved(&output.stderr) {
                break;
            }
            output = self.write(command.clone()).await?;
        }
        if !output.status.success() {
            return Err(classify("fetch from", &self.url, &output));
        }
        self.keep_quick(access).await
    }

    /// Whether a commit can be merged into another without a conflict. `None` where this git can't tell (before 2.38).
    ///
    /// # Errors
    /// When git can't be run.
    pub async fn merges(
        &self,
        access: &Access,
        into: &CommitId,
        from: &CommitId,
    ) -> Result<Option<bool>, Error> {
        let command = git(self.repo.place(), &self.url, access).args([
            "merge-tree",
            "--write-tree",
            "--no-messages",
            into.as_str(),
            from.as_str(),
        ]);
        let output = command.run().await.map_err(Error::Process)?;
        Ok(match output.status.code() {
            Some(0) => Some(true),
            Some(1) => Some(false),
            Some(_) | None => None,
        })
    }

    /// Asks the remote where a branch is, without fetching; `None` when it isn't there.
    ///
    /// # Errors
    /// As [`Mirror::fetch`].
    pub async fn remote_head(&self, access: &Access, branch: &str) -> Result<Option<CommitId>, Error> {
        self.remote_reference(access, &format!("refs/heads/{branch}")).await
    }

    async fn remote_reference(&self, access: &Access, name: &str) -> Result<Option<CommitId>, Error> {
        let command =
            git(self.repo.place(), &self.url, access).args(["ls-remote", "--quiet", "--", &self.url, name]);
        let output = command.run().await.map_err(Error::Process)?;
        if !output.status.success() {
            return Err(classify("ask", &self.url, &output));
        }
        Ok(parse_ls(&String::from_utf8_lossy(&output.stdout), name))
    }

    /// Pushes a commit to a full reference name, if it is at `expected` there (`None`: if it isn't there).
    ///
    /// A remote that is a path on this machine runs its own hooks, as any receiver of a push does.
    ///
    /// # Errors
    /// As [`Mirror::fetch`]. Being rejected or denied is no error but an answer.
    pub async fn push(
        &self,
        access: &Access,
        commit: &CommitId,
        reference: &str,
        expected: Option<&CommitId>,
    ) -> Result<Pushed, Error> {
        let lease = format!("--force-with-lease={reference}:{}", expected.map_or("", CommitId::as_str));
        let command = git(self.repo.place(), &self.url, access)
            .args(["push", "--porcelain", "--no-verify", &lease, "--", &self.url])
            .arg(format!("{commit}:{reference}"));
        let output = command.run().await.map_err(Error::Process)?;
        let told = parse_push(&String::from_utf8_lossy(&output.stdout), reference);
        match told {
            Some(Line::Done) if output.status.success() => Ok(Pushed::Done),
            Some(Line::Denied(says)) => Ok(Pushed::Denied { says }),
            Some(Line::Stale) => {
                let actual = self.remote_reference(access, reference).await?;
                Ok(Pushed::Rejected { actual })
            }
            Some(Line::Done) | None => Err(classify("push to", &self.url, &output)),
        }
    }
}

/// Makes an empty mirror beside its place and moves it there whole, since another process may do the same.
fn make(dir: &Path) -> Result<(), Error> {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(format!(".new-{}", std::process::id()));
    let fresh = dir.with_file_name(name);
    fs::private_dir(&fresh).map_err(Error::Files)?;
    let made = gix::init_bare(&fresh).map(drop).map_err(|source| Error::Repository {
        action: "make a mirror",
        path: dir.to_owned(),
        source,
    });
    let moved = made.and_then(|()| match std::fs::rename(&fresh, dir) {
        Ok(()) => Ok(()),
        // Whoever was faster has made the same.
        Err(_) if dir.join("HEAD").is_file() => Ok(()),
        Err(source) => Err(Error::Place { path: dir.to_owned(), source }),
    });
    // Nothing is there any more when it was moved; what a failure leaves is only litter.
    let _litter = std::fs::remove_dir_all(&fresh);
    moved
}

/// Whether a fetch failed since a reference wasn't any more what it had read.
fn was_moved(says: &str) -> bool {
    let failed = says.lines().filter(|line| line.contains("cannot lock ref"));
    failed.into_iter().any(|line| line.contains("but expected") || line.contains("reference already exists"))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;
    use crate::adapters::env::Env;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn access() -> Access {
        Access::new(&Env::read(), None)
    }

    /// A command and the daemon fetch into the same mirror.
    #[tokio::test]
    async fn fetches_at_the_same_time_do_not_fail_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let remote = Fixture::init(&dir.path().join("r"), &[]);
        let url = format!("file://{}", remote.dir.display());
        let mirror = Mirror::ensure(&dir.path().join("m.git"), &url).unwrap();
        for round in 0..6 {
            let head = remote.put("factory.kdl", round.to_string()).commit("next");
            let access = access();
            let fetches = [(); 4].map(|()| mirror.fetch(&access, &[Refs::Branches]));
            let [a, b, c, d] = fetches;
            let (a, b, c, d) = tokio::join!(a, b, c, d);
            assert!([&a, &b, &c, &d].iter().all(|done| done.is_ok()), "{a:?} {b:?} {c:?} {d:?}");
            assert_eq!(mirror.repo().branch_head("main").unwrap(), Some(head));
        }
    }

    #[tokio::test]
    async fn a_mirror_follows_its_remote() {
        let dir = tempfile::tempdir().unwrap();
        let remote = Fixture::init(&dir.path().join("r"), &[]);
        let one = remote.put("factory.kdl", "1").commit("one");
        remote.git(&["branch", "topic"]);
        remote.git(&["update-ref", "refs/pull/7/head", one.as_str()]);
        let url = format!("file://{}", remote.dir.display());
        let mirror = Mirror::ensure(&dir.path().join("m.git"), &url).unwrap();
        mirror.fetch(&access(), &[Refs::Branches, Refs::Pulls]).await.unwrap();
        let head = |name: &str| mirror.repo().branch_head(name).unwrap();
        assert_eq!((head("main"), head("topic")), (Some(one.clone()), Some(one.clone())));
        assert_eq!(mirror.repo().reference("refs/pull/7/head").unwrap(), Some(one.clone()));
        let two = remote.put("factory.kdl", "2").commit("two");
        remote.git(&["branch", "-D", "topic"]);
        assert_eq!(mirror.remote_head(&access(), "main").await.unwrap(), Some(two.clone()));
        mirror.fetch(&access(), &[Refs::Branch("main".into()), Refs::Branch("none".into())]).await.unwrap();
        assert_eq!((head("main"), head("topic")), (Some(two.clone()), Some(one.clone())));
        mirror.fetch(&access(), &[Refs::Branches]).await.unwrap();
        assert_eq!(head("topic"), None);
        // Rewritten: followed, and the caller is told by comparing.
        remote.git(&["reset", "--hard", "--quiet", one.as_str()]);
        let other = remote.commit("other");
        mirror.fetch(&access(), &[Refs::Branches]).await.unwrap();
        assert_eq!(head("main"), Some(other.clone()));
        assert_eq!(mirror.repo().step(&two, &other).unwrap(), super::super::Step::Rewritten);
        // The second opening finds the first one's mirror.
        let again = Mirror::ensure(&dir.path().join("m.git"), &url).unwrap();
        assert_eq!(again.repo().branch_head("main").unwrap(), Some(other));
    }

    #[tokio::test]
    async fn a_push_lands_only_where_it_is_expected() {
        let dir = tempfile::tempdir().unwrap();
        let remote = Fixture::init(&dir.path().join("r.git"), &["--bare"]);
        let work = Fixture::init(&dir.path().join("w"), &[]);
        let one = work.commit("one");
        let two = work.commit("two");
        let url = format!("file://{}", work.dir.display());
        let source = Mirror::ensure(&dir.path().join("m.git"), &url).unwrap();
        source.fetch(&access(), &[Refs::Branches]).await.unwrap();
        let mirror = Mirror::ensure(&dir.path().join("m.git"), &remote.dir.display().to_string()).unwrap();
        let name = "refs/heads/factory/ledger";
        let push = async |to: &CommitId, expected: Option<&CommitId>| {
            mirror.push(&access(), to, name, expected).await.unwrap()
        };
        let rejected = |actual: Option<&CommitId>| Pushed::Rejected { actual: actual.cloned() };
        assert_eq!(push(&two, Some(&one)).await, rejected(None));
        assert_eq!(push(&one, None).await, Pushed::Done);
        assert_eq!(push(&two, None).await, rejected(Some(&one)));
        assert_eq!(push(&one, Some(&two)).await, Pushed::Done, "it is there already");
        assert_eq!(push(&two, Some(&one)).await, Pushed::Done);
        remote.put("hooks/update", "#!/bin/sh\necho not on a Friday >&2\nexit 1\n");
        remote.git(&["-c", "alias.x=!chmod +x", "x", &remote.dir.join("hooks/update").display().to_string()]);
        assert_eq!(push(&one, Some(&two)).await, Pushed::Denied { says: "hook declined".into() });
    }

    #[tokio::test]
    async fn a_remote_that_is_gone_or_unreachable_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let gone = format!("file://{}/none", dir.path().display());
        let mirror = Mirror::ensure(&dir.path().join("m.git"), &gone).unwrap();
        let error = mirror.fetch(&access(), &[Refs::Branches]).await.unwrap_err();
        assert!(matches!(error, Error::RemoteGone { .. }), "{error:?}");
        // Port 1 of the loopback refuses connections.
        let mirror = Mirror::ensure(&dir.path().join("m.git"), "http://127.0.0.1:1/x.git").unwrap();
        let error = mirror.fetch(&access(), &[Refs::Branches]).await.unwrap_err();
        assert!(matches!(error, Error::Remote { .. }), "{error:?}");
        let mirror = Mirror::ensure(&dir.path().join("m.git"), "ext::sh -c evil").unwrap();
        let error = mirror.fetch(&access(), &[Refs::Branches]).await.unwrap_err();
        assert!(error.to_string().contains("not allowed"), "{error}");
    }

    #[tokio::test]
    async fn the_token_is_sent_and_a_refusal_is_named() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/acme/factory.git", listener.local_addr().unwrap());
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let n = stream.read(&mut request).await.unwrap();
            let reply = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\
                         Content-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(reply.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&request[..n]).into_owned()
        };
        let dir = tempfile::tempdir().unwrap();
        let mirror = Mirror::ensure(&dir.path().join("m.git"), &url).unwrap();
        let access = Access::new(&Env::read(), Some("t0ken".to_owned().into()));
        let (request, error) = tokio::join!(server, mirror.remote_head(&access, "main"));
        // `x-access-token:t0ken`
        assert!(request.contains("Authorization: Basic eC1hY2Nlc3MtdG9rZW46dDBrZW4="), "{request}");
        let error = error.unwrap_err();
        assert!(matches!(error, Error::Auth { .. }), "{error:?}");
        assert!(!format!("{access:?}{error:?}").contains("t0ken"));
    }

    #[tokio::test]
    async fn nothing_that_a_repository_configures_is_run() {
        let dir = tempfile::tempdir().unwrap();
        let remote = Fixture::init(&dir.path().join("r"), &[]);
        let head =
            remote.put("factory.kdl", "1").put(".gitattributes", "*.kdl diff=x filter=x").commit("one");
        let marker = dir.path().join("marker");
        let touch = format!("touch {}", marker.display());
        for key in [
            "core.fsmonitor",
            "core.sshCommand",
            "core.alternateRefsCommand",
            "diff.x.textconv",
            "diff.x.command",
            "diff.external",
            "filter.x.clean",
            "filter.x.smudge",
            "uploadpack.packObjectsHook",
            "gpg.program",
            "credential.helper",
        ] {
            remote.git(&["config", key, &touch]);
        }
        let repo = remote.repo();
        repo.working_tree().unwrap();
        repo.config_files("HEAD").unwrap();
        repo.blame(&head, "factory.kdl", 1).unwrap();
        let mirror =
            Mirror::ensure(&dir.path().join("m.git"), &format!("file://{}", remote.dir.display())).unwrap();
        mirror.fetch(&access(), &[Refs::Branches]).await.unwrap();
        assert!(!marker.exists());
    }
}
