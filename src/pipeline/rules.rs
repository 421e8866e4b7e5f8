//! What keeps a pull request from landing, each rule with what would satisfy it. Nothing lands unless none is left.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::model::{
    Address, CheckIs, FileChange, Mark, MergeMode, MergePolicy, Mergeable, PullCase, ReviewIs, ReviewSeen,
    Seen, match_path,
};

use super::view::View;

/// A rule that isn't satisfied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// Its name.
    pub rule: &'static str,
    /// What is so.
    pub says: String,
    /// What would satisfy it.
    pub needs: String,
}

impl Unmet {
    /// Whether people have to do something, and nothing else would satisfy it.
    pub(super) fn is_of_people(&self) -> bool {
        matches!(self.rule, "mode" | "own" | "draft" | "hold" | "review" | "conversations")
    }
}

/// After this long a check that never started is named.
const STARTS_WITHIN: SignedDuration = SignedDuration::from_mins(10);

#[expect(clippy::unnecessary_wraps, reason = "what a rule answers that isn't satisfied")]
fn not(rule: &'static str, says: impl Into<String>, needs: impl Into<String>) -> Option<Unmet> {
    Some(Unmet { rule, says: says.into(), needs: needs.into() })
}

/// Every rule that keeps the open pull request of an issue from landing; none when it may land at its head, now.
pub fn unmet(view: &View<'_>, pull: &PullCase) -> Vec<Unmet> {
    let Some(policy) = view.policy() else {
        return not("policy", "no merge policy is set for this repository", "`merge-policy` in its config")
            .into_iter()
            .collect();
    };
    if !pull.open {
        return not("open", "it is closed", "somebody to open it").into_iter().collect();
    }
    let rules = [
        mode(policy),
        super::merge::is_synthetic(pull)
            .then(|| {
                not("synthetic", "its title says that it is a test of the factory", "nothing: it is closed")
            })
            .flatten(),
        (!pull.own).then(|| not("own", "the factory didn't open it", "a person to merge it")).flatten(),
        pull.draft.then(|| not("draft", "it is a draft", "somebody to mark it ready")).flatten(),
        held(view, pull),
        retargeted(view, pull),
        mergeable(pull),
        behind(policy, pull),
        carries(pull),
        checks(view, policy, pull),
        reviews(view, policy, pull),
        threads(pull),
        files(view, policy, pull),
        advisor(view, pull),
        queue(view, pull),
        freeze(view, policy),
        refused(view, pull),
        graduation(view, policy),
    ];
    rules.into_iter().flatten().collect()
}

/// What people have to do so that it lands, where nothing else is left to do. It names nobody who did something: else anybody
/// could have it told anew.
pub(super) fn of_people(view: &View<'_>, pull: &PullCase) -> Option<Vec<String>> {
    let all_read = pull.reviews.known().is_some() && pull.threads.known().is_some();
    let left = if all_read { unmet(view, pull) } else { Vec::new() };
    // Where people merge, no check has to be asked for.
    let merged_by_people = view.policy()?.mode == MergeMode::Never && view.policy()?.checks.is_empty();
    let follows = |it: &Unmet| it.rule == "behind" || (it.rule == "checks" && merged_by_people);
    let only = left.iter().all(|it| it.is_of_people() || follows(it));
    let needs = left.into_iter().filter(Unmet::is_of_people).map(|it| it.needs);
    Some(needs.collect::<Vec<_>>()).filter(|needs| only && !needs.is_empty())
}

/// It lands where it was made for. Whoever has it go elsewhere decides that it does.
fn retargeted(view: &View<'_>, pull: &PullCase) -> Option<Unmet> {
    let branch = made_for_another(view, pull)?;
    not(
        "base",
        format!("it was made for `{branch}`, and somebody has it merged into `{}`", pull.base),
        format!("a person to merge it, or to have it go to `{branch}` again"),
    )
}

/// The branch that it was made for, where that is another one than it goes to.
pub(super) fn made_for_another(view: &View<'_>, pull: &PullCase) -> Option<String> {
    let made_for = view.runs.iter().rev().find_map(|run| {
        let closed = run.phase.closed()?;
        closed.commit.as_ref().and(closed.base.as_ref())
    });
    made_for.filter(|(_, branch)| *branch != pull.base).map(|(_, branch)| branch.clone())
}

fn mode(policy: &MergePolicy) -> Option<Unmet> {
    (policy.mode == MergeMode::Never)
        .then(|| {
            not(
                "mode",
                "its policy merges nothing",
                format!("a person to merge it, or another `mode` ({})", policy.source),
            )
        })
        .flatten()
}

fn held(view: &View<'_>, pull: &PullCase) -> Option<Unmet> {
    let hold = view.pipeline.label(Mark::Hold);
    (pull.labels.contains(&hold.key()))
        .then(|| not("hold", format!("it carries `{hold}`"), "somebody to remove that label"))
        .flatten()
}

fn mergeable(pull: &PullCase) -> Option<Unmet> {
    match pull.mergeable {
        Mergeable::Yes => None,
        Mergeable::Conflicts => {
            not("mergeable", "it conflicts with its base", "the conflicts to be resolved")
        }
        Mergeable::Unknown => {
            not("mergeable", "GitHub hasn't found out whether it conflicts", "GitHub to find out")
        }
    }
}

/// What was taken out of its base doesn't come back with it.
fn carries(pull: &PullCase) -> Option<Unmet> {
    match &pull.carries {
        Seen::Absent => None,
        Seen::Known(commit) => {
            let says = format!("it has {}, which `{}` had once and has no more", commit.short(), pull.base);
            not("taken-out", says, "to be made without that")
        }
        Seen::Unknown => not(
            "taken-out",
            format!("what was taken out of `{}` is not known", pull.base),
            "a complete reading of that",
        ),
    }
}

/// What lands must be what was tested: its head has all that its base has. A merge queue brings both together, and tests that.
fn behind(policy: &MergePolicy, pull: &PullCase) -> Option<Unmet> {
    if pull.queue.is_some() {
        return None;
    }
    match pull.behind {
        Some(0) => None,
        Some(n) => not(
            "behind",
            format!("its base has {n} commit{} that it was not tested with", if n == 1 { "" } else { "s" }),
            match policy.mode {
                MergeMode::OnGreenWithReview => {
                    "its branch to take them in, and an approval of what that makes"
                }
                MergeMode::Never | MergeMode::OnGreen => "its branch to take them in",
            },
        ),
        None => not("behind", "nobody can tell whether its base moved on", "GitHub to tell"),
    }
}

/// For how long checks of its head should have started, where that is so long that it is named.
fn late(view: &View<'_>, pull: &PullCase) -> Option<SignedDuration> {
    let waited = view.now().duration_since(pull.head_at?.max(pull.opened));
    Some(waited).filter(|waited| *waited >= STARTS_WITHIN)
}

/// What is missing of the checks that the policy asks for: each must have passed at the head, reported by whom it names.
pub(super) fn missing_checks(view: &View<'_>, pull: &PullCase) -> Option<String> {
    let policy = view.policy()?;
    let all = pull.checks.known()?;
    let mut missing = Vec::new();
    for required in &policy.checks {
        let of_name: Vec<_> = all.iter().filter(|check| check.name == required.name).collect();
        let from_app: Vec<_> =
            of_name.iter().filter(|check| required.app.is_none() || required.app == check.app).collect();
        let name = &required.name;
        let since =
            late(view, pull).map(|it| format!(", for {} minutes now", it.as_mins())).unwrap_or_default();
        let Some(worst) = from_app.iter().max_by_key(|check| rank(check.state)) else {
            missing.push(if of_name.is_empty() {
                format!("the check `{name}`, which has not started{since}")
            } else {
                format!(
                    "the check `{name}` of the App that the policy names: who reports it is somebody else"
                )
            });
            continue;
        };
        missing.extend(match worst.state {
            CheckIs::Passed => None,
            CheckIs::Queued => Some(format!("the check `{name}`, which is queued{since}")),
            CheckIs::Running => Some(format!("the check `{name}` to end")),
            CheckIs::Neutral => {
                Some(format!("the check `{name}` to pass: it was skipped, or says neither yes nor no"))
            }
            CheckIs::Failed => Some(format!("the check `{name}` to pass: it failed")),
        });
    }
    Some(missing.join("; ")).filter(|missing| !missing.is_empty())
}

/// Which of several checks of one name counts.
fn rank(state: CheckIs) -> u8 {
    match state {
        CheckIs::Passed => 0,
        CheckIs::Neutral => 1,
        CheckIs::Queued => 2,
        CheckIs::Running => 3,
        CheckIs::Failed => 4,
    }
}

fn checks(view: &View<'_>, policy: &MergePolicy, pull: &PullCase) -> Option<Unmet> {
    if policy.checks.is_empty() {
        // Where people merge, none has to be asked for.
        if policy.mode == MergeMode::Never {
            return None;
        }
        let needs = format!("`require-checks` in its policy ({})", policy.source);
        return not("checks", "its policy asks for no check, and nothing is green by itself", needs);
    }
    if pull.checks.known().is_none() {
        return not("checks", "not all of its checks were read", "a complete reading");
    }
    let on = missing_checks(view, pull)?;
    not("checks", format!("at {} something is missing", pull.head.short()), on)
}

/// What each person said last of it.
fn verdicts(reviews: &[ReviewSeen]) -> Vec<&ReviewSeen> {
    let authors: BTreeSet<&String> = reviews.iter().map(|it| &it.author).collect();
    let last = |author: &String| {
        reviews.iter().rfind(|it| it.author == *author && it.verdict != ReviewIs::Commented)
    };
    authors.into_iter().filter_map(last).collect()
}

fn reviews(view: &View<'_>, policy: &MergePolicy, pull: &PullCase) -> Option<Unmet> {
    let Some(reviews) = pull.reviews.known() else {
        return not("review", "not all of its reviews were read", "a complete reading");
    };
    let verdicts = verdicts(reviews);
    let asks = |it: &&&ReviewSeen| it.verdict == ReviewIs::ChangesRequested && view.may_object(&it.author);
    if let Some(asks) = verdicts.iter().find(asks) {
        return not(
            "review",
            format!("{} asks for changes", asks.author),
            "their approval, or that they take it back",
        );
    }
    if policy.mode != MergeMode::OnGreenWithReview {
        return None;
    }
    // Where nobody can tell who pushed, who approves may have.
    let pushers = view.pushers(pull);
    let is_other = |login: &str| {
        let same = |other: &str| other.eq_ignore_ascii_case(login);
        let of_none = |pushers: &BTreeSet<&str>| !pushers.iter().any(|pusher| same(pusher));
        !same(&pull.author) && pushers.as_ref().is_some_and(of_none)
    };
    let approves = |it: &&ReviewSeen| {
        it.verdict == ReviewIs::Approved
            && it.commit.as_ref() == Some(&pull.head)
            && !it.author.is_empty()
            && !it.own
            && is_other(&it.author)
    };
    let of_head = verdicts.into_iter().filter(approves);
    let (by_reviewer, others): (Vec<&ReviewSeen>, Vec<&ReviewSeen>) =
        of_head.partition(|it| view.is_reviewer(&it.author));
    if others.iter().any(|it| view.is_trusted(&it.author) == Some(true)) {
        return None;
    }
    let mut needs = format!(
        "an approval of {} by somebody else than who opened it and who pushed to it",
        pull.head.short()
    );
    if policy.updates > 0 && pull.queue.is_none() {
        needs.push_str("; the factory brings it up to its base, and who does that by hand has pushed to it");
        if pull.behind.is_some_and(|n| n > 0) {
            needs.push_str("; its base has moved on, so that what comes of that has to be approved as well");
        }
    }
    // Who has the reviewer's credential can write an approval, and no run of the factory's.
    let is_reviewed = || super::judges::passed(view, pull);
    match by_reviewer.first() {
        None if pushers.is_none() => {
            let says = format!(
                "nobody can tell who pushed {}: GitHub's record of pushes doesn't tell of all that led to it",
                pull.head.short()
            );
            not("review", says, "a person to merge it, or another head")
        }
        None => not("review", uncounted(view, pull, pushers.as_ref(), reviews), needs),
        Some(_) if is_reviewed() => None,
        Some(it) => {
            let says =
                format!("{} approves its head, and no runs of the factory have found it good", it.author);
            not("review", says, needs)
        }
    }
}

/// Whether all that its reviews lack is that somebody approves it.
pub(super) fn is_unapproved(view: &View<'_>, pull: &PullCase) -> bool {
    let asks = |it: &&ReviewSeen| it.verdict == ReviewIs::ChangesRequested && view.may_object(&it.author);
    let asked_for = view.policy().is_some_and(|it| it.mode == MergeMode::OnGreenWithReview);
    let is_objected_to = |reviews: &Vec<ReviewSeen>| verdicts(reviews).iter().any(asks);
    asked_for && pull.reviews.known().is_some_and(|it| !is_objected_to(it)) && view.pushers(pull).is_some()
}

/// That nobody has approved the head, or why what somebody has approved of it doesn't count.
fn uncounted(
    view: &View<'_>,
    pull: &PullCase,
    pushers: Option<&BTreeSet<&str>>,
    reviews: &[ReviewSeen],
) -> String {
    let approves = |it: &&ReviewSeen| {
        it.verdict == ReviewIs::Approved && it.commit.as_ref() == Some(&pull.head) && !it.own
    };
    let why = |it: &ReviewSeen| {
        let has_pushed = |pusher: &&str| pusher.eq_ignore_ascii_case(&it.author);
        if it.author.eq_ignore_ascii_case(&pull.author) {
            Some("opened it".to_owned())
        } else if pushers.is_some_and(|pushers| pushers.iter().any(has_pushed)) {
            Some("pushed to it".to_owned())
        } else if view.is_trusted(&it.author) == Some(false) {
            Some(format!("may not steer here, which needs the permission `{}`", view.pipeline.trust.as_str()))
        } else {
            None
        }
    };
    let said = verdicts(reviews).into_iter().filter(approves);
    let said: Vec<String> =
        said.filter_map(|it| Some(format!("{} approves its head, and {}", it.author, why(it)?))).collect();
    if said.is_empty() { "nobody has approved its head".to_owned() } else { said.join("; ") }
}

fn threads(pull: &PullCase) -> Option<Unmet> {
    match pull.threads.known() {
        None => not("conversations", "not all of its conversations were read", "a complete reading"),
        Some(threads) => {
            let open = threads.iter().filter(|thread| !thread.resolved).count();
            if open == 0 {
                None
            } else {
                let (are, them) = if open == 1 {
                    ("conversation is", "its conversation")
                } else {
                    ("conversations are", "its conversations")
                };
                not(
                    "conversations",
                    format!("{open} {are} not resolved"),
                    format!("somebody to resolve {them}"),
                )
            }
        }
    }
}

/// The first of these files that one of these globs is for, where it is or where it was.
pub(super) fn touches<'f>(globs: &[String], files: &'f [FileChange]) -> Option<&'f FileChange> {
    let is_at = |path: &String| globs.iter().any(|glob| match_path(glob, path));
    files.iter().find(|file| is_at(&file.path) || file.was.known().is_some_and(is_at))
}

/// The file for which one of these globs is: by the path that it had, where it is that.
fn called(globs: &[String], file: &FileChange) -> String {
    let is_for = |path: &String| globs.iter().any(|glob| match_path(glob, path));
    match file.was.known().filter(|_| !is_for(&file.path)) {
        Some(was) => format!("`{was}`, which is `{}` then", file.path),
        None => format!("`{}`", file.path),
    }
}

/// Who looks last is asked, and has nothing against it.
fn advisor(view: &View<'_>, pull: &PullCase) -> Option<Unmet> {
    let (says, needs) = super::advisors::keeps(view, pull)?;
    not("advisor", says, needs)
}

/// Where its base has a merge queue, it isn't there, and was not taken out of it.
fn queue(view: &View<'_>, pull: &PullCase) -> Option<Unmet> {
    let (says, needs) = super::queue::keeps(view, pull)?;
    not("merge-queue", says, needs)
}

pub(super) fn files(view: &View<'_>, policy: &MergePolicy, pull: &PullCase) -> Option<Unmet> {
    let limited = policy.max_files.is_some() || policy.max_lines.is_some();
    let judged = !policy.people_paths.is_empty() || !view.pipeline.judges.is_empty();
    let files = match &pull.files {
        Seen::Known(files) => files,
        Seen::Absent | Seen::Unknown if limited || judged => {
            return not("files", "not all files that it changes were read", "a person to merge it");
        }
        Seen::Absent | Seen::Unknown => return None,
    };
    if files.is_empty() && pull.tree.is_some() {
        return not("empty", "it changes nothing any more", "a change, or a person to close it");
    }
    if let Some(file) = files.iter().find(|file| judged && file.was == Seen::Unknown) {
        let says = format!("where it takes `{}` from was not read", file.path);
        return not("files", says, "a complete reading");
    }
    if let Some(file) = touches(&view.pipeline.judges, files) {
        return not(
            "judges",
            format!("it changes {}, by which the factory is judged", called(&view.pipeline.judges, file)),
            "a person to merge it",
        );
    }
    if let Some(file) = touches(&policy.people_paths, files) {
        return not(
            "paths",
            format!("it changes {}, which only people merge", called(&policy.people_paths, file)),
            "a person to merge it",
        );
    }
    if let Some(most) = policy.max_files.filter(|most| files.len() > *most as usize) {
        let says = format!("it changes {} files, and {most} are allowed", files.len());
        return not("size", says, "a person to merge it, or fewer files");
    }
    let lines: u64 = files.iter().map(|file| file.additions + file.deletions).sum();
    let most = policy.max_lines.filter(|most| lines > u64::from(*most))?;
    not(
        "size",
        format!("it changes {lines} lines, and {most} are allowed"),
        "a person to merge it, or fewer lines",
    )
}

/// What GitHub said when it was to land, unless something happened to it since: it may have rules of its own.
fn refused(view: &View<'_>, pull: &PullCase) -> Option<Unmet> {
    let on = Address::repo(&view.case.repo).part("pull", &pull.number.to_string());
    let (at, says) = view.cx.observed.cases.held.refused_landings.get(&on)?;
    let reviews = pull.reviews.known().into_iter().flatten().map(|review| review.at);
    let checks = pull.checks.known().into_iter().flatten().filter_map(|check| check.since);
    let others = [view.commands.last_retry(), pull.head_at].into_iter().flatten();
    if reviews.chain(checks).chain(others).any(|since| since >= *at) {
        return None;
    }
    not(
        "github",
        format!("GitHub doesn't let it land: {says}"),
        "what GitHub asks for: it is tried again after a review, a check or another head, or with `/retry`",
    )
}

fn freeze(view: &View<'_>, policy: &MergePolicy) -> Option<Unmet> {
    let frozen = policy.freezes.iter().find(|freeze| freeze.holds(view.now()))?;
    not("freeze", format!("nothing is merged `{}` ({})", frozen.text, frozen.zone), "the freeze to end")
}

fn graduation(view: &View<'_>, policy: &MergePolicy) -> Option<Unmet> {
    let items = view.graduation(policy);
    let pending: Vec<String> = items.into_iter().filter(|it| !it.met).map(|it| it.says).collect();
    if pending.is_empty() {
        return None;
    }
    let needs = "the evidence that its policy asks for (factoryctl policy graduation shows how each stands)";
    not("graduation", format!("its mode is not in effect yet: {}", pending.join("; ")), needs)
}
