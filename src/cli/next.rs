//! The next step after each failure that comes from below. One place, so that every command says the same; each step
//! fits the very failure, since a wrong one costs more than none.

use crate::adapters::github::Kind;
use crate::adapters::state::LockedBy;
use crate::adapters::{env, fs, git, github, state};
use crate::engine::{FlipsError, MemoryError, SourceError};
use crate::ledger::{self, BRANCH};
use crate::model::Cause;

/// After a request to GitHub that failed.
pub(super) fn github(error: &github::Error) -> String {
    let path = error.path();
    let of_the_app = path.starts_with("/app");
    match error.kind() {
        Kind::Absent => match repository(path) {
            Some(name) => format!(
                "check that {name} exists under this name and that the credential may see it: a private repository \
                 needs the scope `repo`, or the App's installation there"
            ),
            None => format!("is this the address of the API? {BASE}"),
        },
        Kind::Unauthorized if of_the_app => {
            "check `id` and `key` of the App in `github { auth \"app\" … }`, and this machine's clock"
                .to_owned()
        }
        Kind::Unauthorized => {
            format!("the token is wrong, expired or revoked: make a new one and put it where this one is ({TOKEN}, unless config \
             names another place)")
        }
        Kind::Forbidden { .. } if path.starts_with("/app/installations") => {
            "install the App on that account with `Install App` on its settings page at GitHub; a suspended one is \
             unsuspended in the account's settings, under `GitHub Apps`"
                .to_owned()
        }
        Kind::Forbidden { needs } if !needs.is_empty() => {
            format!("give the credential {}", needs.join(" or "))
        }
        Kind::Forbidden { .. } => {
            "give the credential the permission; where the organisation has single sign-on, \
                                   authorize the token for it"
                .to_owned()
        }
        Kind::Archived => {
            "unarchive it on GitHub or in config: an archived repository is read-only".to_owned()
        }
        Kind::PrimaryLimit { until } => format!("run it again after {until:.0}: no command waits so long"),
        Kind::SecondaryLimit { retry_after } => format!("run it again in {} s", retry_after.as_secs().max(1)),
        Kind::Conflict => "run it again: it begins from what is there now".to_owned(),
        Kind::Invalid { .. } if error.status() == Some(422) => {
            "mend in config what GitHub objects to".to_owned()
        }
        Kind::Invalid { .. } => {
            format!("GitHub doesn't know this request. Is this the address of the API? {BASE}")
        }
        Kind::Moved { now: Some(name), .. } => format!("write its new name into config: {name}"),
        Kind::Moved { now: None, .. } => format!("name the address it has moved to. {BASE}"),
        Kind::Server => {
            let when = error.retry_after().map_or("later".to_owned(), |t| format!("in {} s", t.as_secs().max(1)));
            format!("run it again {when}; https://www.githubstatus.com says how GitHub is")
        }
        Kind::Timeout | Kind::Network { .. } => format!(
            "check the address of the API and that this machine reaches it without a proxy: HTTPS_PROXY is for git \
             alone. {BASE}"
        ),
        Kind::Malformed { .. } => {
            format!("something else than GitHub answers there, such as a proxy's own page. {BASE}")
        }
        Kind::TooLarge => {
            "manage fewer repositories in one config: this answer is beyond what is read".to_owned()
        }
    }
}

/// After a reading that is incomplete, by the cause of a gap.
pub(super) fn reading(cause: Cause) -> &'static str {
    match cause {
        Cause::Auth => "check the credential and what it may see: `factoryctl doctor`",
        Cause::RateLimit => "run it again when the limit is full again: `factoryctl doctor` says when",
        Cause::Ledger => "`factoryctl ledger verify` names every place and how it is mended",
        Cause::Other => "run it again; `factoryctl doctor` says whether GitHub can be reached",
    }
}

/// Where the token is.
pub(super) const TOKEN: &str = "in GITHUB_TOKEN, or in FACTORY_GITHUB_TOKEN, which comes first";

/// Where the base URL is said.
const BASE: &str = "It is said by --api, FACTORY_GITHUB_API or `github { api }`; an Enterprise server has \
                    https://HOST/api/v3";

/// The repository that a path is about.
fn repository(path: &str) -> Option<String> {
    let mut parts = path.strip_prefix("/repos/")?.split(['/', '?']);
    Some(format!("{}/{}", parts.next()?, parts.next()?))
}

/// Whether the ledger's branch, its other copy, is there and whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OtherCopy {
    There,
    Damaged,
    Gone,
    Untold,
}

/// After the ledger failed.
pub(super) fn ledger(error: &ledger::Error, other: OtherCopy) -> String {
    match error {
        ledger::Error::Broken { .. } | ledger::Error::TailMissing { .. } => mended_from(other),
        ledger::Error::BranchBroken { published, .. } => put_back(published.as_deref()),
        ledger::Error::BranchRewritten { commit, .. } => put_back(Some(commit)),
        ledger::Error::TooLarge { .. } | ledger::Error::Encode(_) => {
            "this is a bug: nothing was done of what the record would have told".to_owned()
        }
        ledger::Error::Note { file, .. } => {
            format!("remove `{file}`: the next apply compares the ledger with the branch `{BRANCH}` instead")
        }
        ledger::Error::Files(fs::Error::Changed(_)) => {
            "nothing goes on over it; `factoryctl doctor` says what is wrong and how to mend it".to_owned()
        }
        ledger::Error::Files(_) | ledger::Error::Read { .. } => {
            "mend what the system complains of; nothing is changed until its record can be kept".to_owned()
        }
        ledger::Error::Git(_) => {
            "mend the repository, or `factoryctl ledger verify --offline` checks what is on this machine"
                .to_owned()
        }
    }
}

/// How a branch is mended that was changed by other hands, while what this machine has is whole.
pub(super) fn put_back(published: Option<&str>) -> String {
    let again = format!("find out who changed it, and push the earlier head of `{BRANCH}` again");
    match published {
        Some(commit) => format!(
            "{again}, as this machine knows it commit {commit}: git push --force REMOTE {commit}:refs/heads/{BRANCH}, or in \
             a repository that isn't pushed git update-ref refs/heads/{BRANCH} {commit}. The ledger on this machine is whole; \
             leave it where it is"
        ),
        None => format!("{again}, from a machine or a clone that has it"),
    }
}

/// How a damaged ledger is mended, as OPERATING.md has it.
pub(super) fn mended_from(other: OtherCopy) -> String {
    let aside = "with no daemon running, move `ledger` and `published.json` out of the state directory";
    let taken_over = format!("the next apply takes the ledger over from the branch `{BRANCH}`");
    let step = match other {
        OtherCopy::There => format!("to mend it, {aside}: {taken_over}"),
        OtherCopy::Damaged => format!(
            "`{BRANCH}` is damaged as well: push an earlier head of it again that is whole, and then {aside}: {taken_over}"
        ),
        OtherCopy::Gone => format!(
            "the branch `{BRANCH}` isn't there to restore it from: push that again from a clone or a machine that has it, \
             or begin a new ledger: {aside}, and keep them"
        ),
        OtherCopy::Untold => format!("where the branch `{BRANCH}` is there, {aside}: {taken_over}"),
    };
    format!("`factoryctl ledger verify` names every place; {step}")
}

/// After Git failed.
pub(super) fn git(error: &git::Error) -> String {
    match error {
        git::Error::NotARepository(_) => "name a clone, or `git init` there".to_owned(),
        git::Error::Gone(_) => PATH.to_owned(),
        git::Error::Empty(_) => {
            "commit the config: git add . && git commit; and push it, where it is read from a remote"
                .to_owned()
        }
        git::Error::Shallow(_) => "git fetch --unshallow".to_owned(),
        git::Error::RefStorage { .. } => "git refs migrate --ref-format=files".to_owned(),
        git::Error::ObjectFormat { .. } => "make it anew: git init --object-format=sha1".to_owned(),
        git::Error::UnknownRevision { rev, .. } if rev.starts_with("refs/heads/") => {
            "push that branch, or name the one that has the config: --config URL#BRANCH".to_owned()
        }
        git::Error::UnknownRevision { .. } => {
            "`git log --all --oneline` lists what there is; fetch what is elsewhere".to_owned()
        }
        git::Error::NotACommit(_) => "name a branch, a tag or a commit".to_owned(),
        git::Error::Bare(_) => "name a commit: --at REV".to_owned(),
        git::Error::NoSuchFile { .. } | git::Error::NoSuchLine { .. } => {
            "name a commit that has it: --at REV".to_owned()
        }
        git::Error::RefLocked { .. } => {
            "run it again; where no git runs any more, remove the lock that the message names".to_owned()
        }
        git::Error::Repository { .. } => "`git fsck` in that repository names what is damaged".to_owned(),
        git::Error::Partial { .. } => {
            "`git fetch --refetch --no-filter` there brings what is missing".to_owned()
        }
        git::Error::Listing { .. } => "mend what `git status` says there".to_owned(),
        git::Error::Url { .. } => "name the config with --config PATH|URL[#BRANCH]".to_owned(),
        git::Error::Auth { .. } => {
            format!(
                "give it a token ({TOKEN}) that may read it, and write to it where it is pushed to, or for SSH load the key into \
             the agent"
            )
        }
        git::Error::RemoteGone { .. } => {
            format!("check the address, and that the token ({TOKEN}) may see the repository")
        }
        git::Error::Remote { .. } => "check the address, the network and the proxy (HTTPS_PROXY)".to_owned(),
        git::Error::NoSpace { .. } => "make room on the disk that the state directory is on".to_owned(),
        git::Error::Process(_) => "install git, 2.30 or newer, where PATH finds it".to_owned(),
        git::Error::Place { .. } => {
            "mend the access to that place, or name another with --state-dir".to_owned()
        }
        git::Error::Files(error) => file(error),
        git::Error::TooMuch | git::Error::Stopped | git::Error::Locked(_) => {
            "the next look tries again".to_owned()
        }
    }
}

/// Who says where config is.
const PATH: &str = "check the path: it is said by --config or FACTORY_CONFIG";

/// After a file could not be used.
pub(super) fn file(error: &fs::Error) -> String {
    match error {
        fs::Error::NotFound(_) => "check the path",
        fs::Error::Changed(_) => "find out who writes there",
        fs::Error::NotRegular(_) | fs::Error::Symlink(_) => "put a regular file in its place",
        fs::Error::TooLarge { .. } => "make it smaller",
        fs::Error::DiskFull { .. } => "free some space, and run it again",
        fs::Error::Io { .. } => "mend what the system complains of, e.g. the access to it",
    }
    .to_owned()
}

/// After the environment lacked something.
pub(super) fn environment(error: &env::Error) -> String {
    match error {
        env::Error::Unset { name, .. } => format!("export {name}=…"),
        env::Error::NotUtf8 { name } => format!("export {name} as plain text"),
        env::Error::File { path, source } if source.is_not_found() => {
            format!("put the secret into `{path}`; a relative path begins at the working folder")
        }
        env::Error::File { source, .. } => file(source),
        env::Error::Content { path, .. } => format!("write the secret into `{path}`, and nothing else"),
        env::Error::NoStateHome => {
            "export HOME, or name a folder: --state-dir or FACTORY_STATE_DIR".to_owned()
        }
        env::Error::Relative { name, .. } => format!("export {name} as an absolute path"),
    }
}

/// After the state directory could not be used.
pub(super) fn state(error: &state::Error) -> String {
    const ELSEWHERE: &str = "or name another folder: --state-dir or FACTORY_STATE_DIR";
    match error {
        state::Error::Locked(by) => locked(by),
        state::Error::Lock { .. } => format!("mend the access to that file, {ELSEWHERE}"),
        state::Error::SocketPath { .. } => "export a shorter XDG_RUNTIME_DIR".to_owned(),
        state::Error::Prepare(error) => format!("{}, {ELSEWHERE}", file(error)),
    }
}

fn locked(by: &LockedBy) -> String {
    match by.pid {
        Some(pid) if by.is_daemon() => format!(
            "a daemon works on this config at this moment and applies what it says by itself; `factoryctl status` \
             says what it is doing. Leave it to the daemon, or to do it by hand stop that first: kill {pid} (what is \
             under way is finished)"
        ),
        Some(pid) => format!(
            "another command works on this config at this moment; `factoryctl status` says whether it still does. Wait \
             until it has ended and run this again, or stop it: kill {pid} (what is under way is finished)"
        ),
        None => "another command works on this config at this moment; `factoryctl status` says which. Wait until it \
                 has ended and run this again"
            .to_owned(),
    }
}

/// After config could not be read.
pub(super) fn source(error: &SourceError) -> String {
    match error {
        SourceError::Nowhere(_) => {
            "name the config with --config PATH|URL, or start with `factoryctl init`".to_owned()
        }
        SourceError::OtherRoot(_) => {
            "write its `factory` section into `factory.kdl` beside it, and move the rest to a file under `policies/`"
                .to_owned()
        }
        SourceError::Git(error) => git(error),
        SourceError::Folder(fs::Error::NotFound(_)) => PATH.to_owned(),
        SourceError::Folder(error) => file(error),
        SourceError::State(error) => state(error),
        SourceError::Env(error) => environment(error),
        SourceError::Memory(MemoryError::Files(error)) => file(error),
        SourceError::Memory(MemoryError::Damaged { file, .. }) => format!(
            "restore `{}`, or remove it if the head of the config branch is what shall be in force",
            file.display()
        ),
        SourceError::NotAtRoot { root, .. } => format!(
            "move `factory.kdl` and `policies/` to {}, and commit them: git mv",
            root.display()
        ),
        SourceError::NoHistory { .. } => {
            "leave out the revision, or put the folder under version control: git init && git add . && git commit"
                .to_owned()
        }
    }
}

/// After the live switches could not be read.
pub(super) fn flips(error: &FlipsError) -> String {
    match error {
        FlipsError::Read { source, .. } | FlipsError::Keep { source, .. } => file(source),
        FlipsError::Damaged { .. } => {
            "without that file nothing is switched live: `factoryctl history` tells what was, before you remove it"
                .to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::{Path, PathBuf};

    #[test]
    fn each_failure_of_reading_config_has_its_own_next_step() {
        let io = |kind: std::io::ErrorKind| std::io::Error::from(kind);
        let denied =
            |path: &str| fs::Error::of("open", Path::new(path), io(std::io::ErrorKind::PermissionDenied));
        let by = |pid, command: &str| state::Error::Locked(LockedBy { pid, command: command.into() });
        let url = || "https://example.com/c.git".to_owned();
        let rows: Vec<SourceError> = vec![
            SourceError::Nowhere("/w".into()),
            SourceError::Folder(fs::Error::NotFound("/w".into())),
            SourceError::Folder(denied("/w")),
            SourceError::NoHistory { folder: "/w".into(), rev: "HEAD".into() },
            SourceError::Env(env::Error::NoStateHome),
            SourceError::State(state::Error::Prepare(denied("/s"))),
            SourceError::State(by(Some(7), "factoryctl run")),
            SourceError::State(by(Some(7), "factoryctl apply")),
            SourceError::State(by(None, "")),
            SourceError::Git(git::Error::Gone("/w".into())),
            SourceError::Git(git::Error::Empty("/w".into())),
            SourceError::Git(git::Error::Auth { url: url(), says: "401".into() }),
            SourceError::Git(git::Error::RemoteGone { url: url() }),
            SourceError::Git(git::Error::Remote { action: "fetch", url: url(), says: "timeout".into() }),
            SourceError::Git(git::Error::UnknownRevision { rev: "x".into(), similar: None }),
            SourceError::Git(git::Error::UnknownRevision { rev: "refs/heads/main".into(), similar: None }),
            SourceError::Git(git::Error::Bare(PathBuf::from("/w"))),
            SourceError::NotAtRoot { folder: "/w/inner".into(), root: "/w".into() },
        ];
        let said: Vec<String> = rows
            .iter()
            .map(|error| {
                let cause =
                    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
                format!("{cause}\n  next: {}", source(error))
            })
            .collect();
        insta::assert_snapshot!(said.join("\n"), @r"
        there is no factory.kdl in /w or above it
          next: name the config with --config PATH|URL, or start with `factoryctl init`
        `/w` is not there
          next: check the path: it is said by --config or FACTORY_CONFIG
        could not open `/w`
          next: mend what the system complains of, e.g. the access to it
        /w is not under version control, so there is no revision `HEAD`
          next: leave out the revision, or put the folder under version control: git init && git add . && git commit
        neither FACTORY_STATE_DIR, XDG_STATE_HOME nor HOME says where state may be kept
          next: export HOME, or name a folder: --state-dir or FACTORY_STATE_DIR
        could not prepare the state directory
          next: mend what the system complains of, e.g. the access to it, or name another folder: --state-dir or FACTORY_STATE_DIR
        another process holds the lock: `factoryctl run`, process 7
          next: a daemon works on this config at this moment and applies what it says by itself; `factoryctl status` says what it is doing. Leave it to the daemon, or to do it by hand stop that first: kill 7 (what is under way is finished)
        another process holds the lock: `factoryctl apply`, process 7
          next: another command works on this config at this moment; `factoryctl status` says whether it still does. Wait until it has ended and run this again, or stop it: kill 7 (what is under way is finished)
        another process holds the lock: a process that has just started
          next: another command works on this config at this moment; `factoryctl status` says which. Wait until it has ended and run this again
        `/w` is gone
          next: check the path: it is said by --config or FACTORY_CONFIG
        the repository `/w` has no commit yet
          next: commit the config: git add . && git commit; and push it, where it is read from a remote
        `https://example.com/c.git` refused the credentials: 401
          next: give it a token (in GITHUB_TOKEN, or in FACTORY_GITHUB_TOKEN, which comes first) that may read it, and write to it where it is pushed to, or for SSH load the key into the agent
        there is no repository at `https://example.com/c.git`, or it is hidden from these credentials
          next: check the address, and that the token (in GITHUB_TOKEN, or in FACTORY_GITHUB_TOKEN, which comes first) may see the repository
        could not fetch `https://example.com/c.git`: timeout
          next: check the address, the network and the proxy (HTTPS_PROXY)
        there is no revision `x`
          next: `git log --all --oneline` lists what there is; fetch what is elsewhere
        there is no revision `refs/heads/main`
          next: push that branch, or name the one that has the config: --config URL#BRANCH
        the repository `/w` is bare: it has no working tree; name a commit
          next: name a commit: --at REV
        `factory.kdl` has to lie at the root of the repository, /w, and lies in /w/inner
          next: move `factory.kdl` and `policies/` to /w, and commit them: git mv
        ");
    }
}
