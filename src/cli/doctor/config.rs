//! Where config comes from, and which GitHub is in force.

use crate::cli::context::Context;
use crate::engine::{Loaded, Source};
use crate::model::{Desired, Origin};

use super::finding::Report;

/// Where config comes from.
pub(super) fn origin(source: &Source, loaded: &Loaded, report: &mut Report) {
    let (place, branch) = match source {
        Source::Folder(folder) => (folder.display().to_string(), None),
        Source::Local { repo, .. } => {
            let read = source.read_branch().ok().flatten();
            let branch = read.or_else(|| repo.head_branch().ok().flatten());
            (repo.place().display().to_string(), branch)
        }
        Source::Remote { url, .. } => (url.clone(), Some(loaded.desired.factory.branch.clone())),
    };
    let under_control = source.repo().is_some();
    let says = from(&loaded.files.origin, &place, branch.as_deref(), under_control);
    let (files, repos) = (loaded.files.files.len(), loaded.desired.repos.len());
    let count = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let size = format!("{}, {}", count(files, "file", "files"), count(repos, "repository", "repositories"));
    report.good("config", format!("{says}: {size}"));
}

fn from(origin: &Origin, place: &str, branch: Option<&str>, under_control: bool) -> String {
    let on = |branch: Option<&str>| branch.map_or("a detached HEAD".to_owned(), |b| format!("branch {b}"));
    match (&origin.commit, origin.changed) {
        (Some(commit), _) => format!("{place}, {} at commit {}", on(branch), commit.short()),
        (None, _) if !under_control => {
            format!("{place}, not under version control, so that `plan` reads it and `apply` doesn't")
        }
        (None, changed) => {
            let n = changed.unwrap_or_default();
            let files = if n == 1 { "1 file differs" } else { "files differ" };
            let files = if n == 1 { files.to_owned() } else { format!("{n} {files}") };
            format!(
                "{place}, the working tree of {}, in which {files} from the commit: `plan` reads it, `apply` and \
                 the daemon read commits alone",
                on(branch)
            )
        }
    }
}

/// Which GitHub is asked, and who says so.
pub(super) fn api(cx: &Context, desired: &Desired, report: &mut Report) {
    let source = &desired.github.api.source;
    let who = match cx.global.api.as_deref() {
        Some(api) if cx.env.github_api() == Some(api) => "FACTORY_GITHUB_API".to_owned(),
        Some(_) => "--api".to_owned(),
        None if source.line == 0 => "nobody: it is the usual one".to_owned(),
        None => source.to_string(),
    };
    report.good("api", format!("{}, named by {who}", cx.api(desired)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CommitId;

    #[test]
    fn the_origin_is_a_commit_a_working_tree_or_a_folder() {
        let commit = CommitId::parse(&"ab".repeat(20)).unwrap();
        let at = |commit: Option<CommitId>, changed| Origin { commit, changed, ..Origin::default() };
        let rows = [
            from(&at(Some(commit.clone()), None), "/w", Some("main"), true),
            from(&at(Some(commit), None), "/w", None, true),
            from(&at(None, Some(1)), "/w", Some("topic"), true),
            from(&at(None, Some(3)), "/w", Some("topic"), true),
            from(&at(None, None), "/w", None, false),
        ];
        insta::assert_snapshot!(rows.join("\n"), @r"
        /w, branch main at commit ababababab
        /w, a detached HEAD at commit ababababab
        /w, the working tree of branch topic, in which 1 file differs from the commit: `plan` reads it, `apply` and the daemon read commits alone
        /w, the working tree of branch topic, in which 3 files differ from the commit: `plan` reads it, `apply` and the daemon read commits alone
        /w, not under version control, so that `plan` reads it and `apply` doesn't
        ");
    }
}
