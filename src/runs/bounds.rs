//! What an agent is kept from, and what is only found afterwards: one table, from which both the end of its prompt and the
//! table of `docs/THREATS.md` are made. Nothing is claimed in either that isn't held.

use super::Bounds;

/// What stands in the way of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// It is prevented.
    Enforced,
    /// It happens, and is found before anything of it is published, or written down.
    Audited,
    /// Nothing stands in its way, and nobody looks for it.
    Open,
}

/// Something that an agent could do.
struct Row {
    /// In the words of the table: it could…
    could: &'static str,
    /// In a sandbox.
    with: Held,
    /// Without one.
    without: Held,
    /// By what.
    how: &'static str,
    /// In the words of the prompt: you can't…, or: whether you….
    told: Option<&'static str>,
}

const fn row(could: &'static str, with: Held, without: Held, how: &'static str) -> Row {
    Row { could, with, without, how, told: None }
}

impl Row {
    const fn told(mut self, told: &'static str) -> Self {
        self.told = Some(told);
        self
    }

    fn held(&self, bounded: bool) -> Held {
        if bounded { self.with } else { self.without }
    }
}

use Held::{Audited, Enforced, Open};

const ROWS: &[Row] = &[
    row(
        "change files of this machine outside of its workspace and its home",
        Enforced,
        Open,
        "nothing else is mounted to be written; `tests/tasks.rs::an_agent_is_kept_within_its_bounds`",
    )
    .told("change files outside of your workspace and your home"),
    row(
        "read files of this machine beside the system's programs, its workspace, its home, its mirror and what `readable` names",
        Enforced,
        Open,
        "nothing else is mounted; `runs/sandbox.rs::nothing_is_seen_or_changed_but_what_is_named`",
    )
    .told("read other files of this machine than its programs and those"),
    row(
        "look into other processes of this machine, or end them",
        Enforced,
        Open,
        "namespaces of its own, no capabilities",
    )
    .told("see or end processes that aren't yours"),
    row(
        "find a credential of the factory in its environment",
        Enforced,
        Enforced,
        "its environment is what config gives it, and a few names that are always there; nothing is inherited",
    ),
    row(
        "find a credential of the factory elsewhere on this machine",
        Enforced,
        Open,
        "where it can read files and processes of the factory's user, it can read what that user holds",
    ),
    row(
        "have claude, codex, gemini or opencode run what their repository sets for agents: hooks, servers of tools, plugins",
        Enforced,
        Enforced,
        "claude is told to read no settings but its own, and codex doesn't trust the folder. Nothing switches off all that \
         gemini and opencode take from a repository: they aren't started where the commit that they would begin with holds \
         such a file. `tests/agents.rs::settings_in_a_repository_are_not_run`",
    ),
    row(
        "have an agent of another kind run what its repository sets for agents, or any agent what was written there while it \
         worked",
        Open,
        Open,
        "such code runs as the agent does, within the same bounds",
    ),
    row(
        "run longer, take more turns or use more tokens than its limits",
        Enforced,
        Enforced,
        "its supervisor ends it, by at most one call of the model late; `tests/runs.rs`",
    ),
    row(
        "print more than `output`",
        Enforced,
        Enforced,
        "it is ended, and its transcript is cut there; `tests/runs.rs::a_flood_is_stopped_and_its_transcript_stays_small`",
    ),
    row(
        "leave processes behind",
        Enforced,
        Enforced,
        "what it started comes to its supervisor and is killed at its end. Where the supervisor is killed itself, they are \
         found by their mark and session at the next look; `tests/runs.rs::whatever_it_does_it_ends_in_an_outcome_of_its_own`",
    ),
    row(
        "say more or other than it may in its outbox: links, pipes, huge or countless files, hidden characters, secrets",
        Enforced,
        Enforced,
        "read without following a link, within bounds, screened; what isn't taken is said, and its text is only ever quoted; \
         `runs/outbox.rs::what_is_not_taken_is_said`",
    ),
    row(
        "have a secret written down by printing it",
        Enforced,
        Enforced,
        "each line is masked before it is kept, in every spelling that is looked for (below); a secret that goes on in \
         a later line is masked when that comes; `tests/secrets.rs::no_planted_secret_is_found_anywhere`",
    ),
    row(
        "call people, close or refer to issues, or hide words in an issue that is opened for what it found \
         (`follow-ups \"issue\"`)",
        Enforced,
        Enforced,
        "its words stand in a block of code, its title is taken apart where it would call or refer; \
         `work/words.rs::a_title_calls_nobody_and_refers_to_nothing`, \
         `tests/follow_ups.rs::what_was_found_becomes_an_issue_once`",
    ),
    row(
        "fill an issue tracker, or have an issue opened that misleads whoever reads it",
        Audited,
        Audited,
        "five for one attempt of a task at most, none unless the task asks for it, none twice; each says which run found it \
         and that nobody has checked it. Whoever gives such an issue to an agent gives it an agent's words; \
         `loops/tests/follow_ups.rs::it_is_of_the_last_attempt_and_there_are_five_at_most`",
    ),
    row(
        "publish a secret",
        Audited,
        Audited,
        "every commit that would be published is looked at in the mirror: contents, names, all that a commit says; so are its \
         last words, and its outbox, which is looked at once more before an issue is opened of it. Any hit publishes nothing. A run whose secrets can't be read any more as they were is not \
         published; `tests/secrets.rs::no_planted_secret_is_found_anywhere`",
    )
    .told("committed a secret, in a file, a name or a message"),
    row(
        "get bad work past a gate: by files that it didn't commit, by tests that it took out, skipped or rewrote, by a change \
         of what the gate consists of",
        Audited,
        Audited,
        "gates run on a clean checkout of the commit, each on its own, and the base commit's tests run over it, as far as \
         `tests` and `files` name what belongs to a gate. How many tests ran is what its own code prints; code that behaves \
         otherwise when it is tested is not found; `tests/gates.rs::gates_decide_on_a_clean_checkout`",
    ),
    row(
        "get at a credential by a setup or a gate, which run its code",
        Enforced,
        Open,
        "they have none of the agent's variables and none of the factory's, and see no more than it does; \
         `tests/gates.rs::recipes_and_gates_have_no_credential`",
    ),
    row(
        "leave something running by a setup or a gate",
        Enforced,
        Enforced,
        "what they start is ended with them; `tests/gates.rs::a_gate_leaves_nothing_behind`",
    ),
    row(
        "put something into a cache that later runs in its repository use",
        Open,
        Open,
        "runs that begin with the same lock file share it; gates never see it",
    ),
    row(
        "change a file that is not its own",
        Audited,
        Audited,
        "`paths` is held against each commit, and against what all of them come to; \
         `tests/tasks.rs::what_may_not_be_published_is_not`",
    )
    .told("changed only what you may"),
    row(
        "rewrite history, or bring in another one",
        Audited,
        Audited,
        "the commit that it began with must be among the ancestors, and each new commit must have a parent; \
         `tests/tasks.rs::what_may_not_be_published_is_not`",
    )
    .told("kept the commits that were there before"),
    row(
        "have a program run by what it writes to `.git`: `core.fsmonitor`, hooks, filters, `diff.external`, a promisor remote",
        Enforced,
        Enforced,
        "git is run in the mirror alone. Of the agent's repository only `upload-pack` reads, which runs nothing that a \
         repository configures; files are saved byte for byte, without git; \
         `runs/workspace/tests/hostile.rs::nothing_that_an_agent_sets_is_run`",
    ),
    row(
        "bring in another repository's commits by `objects/info/alternates`, a `commondir`, or a `.git` that leads elsewhere",
        Enforced,
        Audited,
        "the repository is looked at first and refused as tampered with. In the sandbox `upload-pack` finds nothing there \
         either; without one, what is put there between the look and the fetch is not seen; \
         `runs/workspace/tests/hostile.rs::nothing_of_another_repository_comes_in`",
    ),
    row(
        "have files outside of its tree saved or read, by a link",
        Enforced,
        Enforced,
        "each file is opened name by name from the tree, no link is followed, links are saved as links",
    ),
    row(
        "hand over malformed or missing objects",
        Enforced,
        Enforced,
        "`fsckObjects` and git's check of connectivity at each fetch",
    ),
    row(
        "move branches of the mirror, or another run's references",
        Enforced,
        Open,
        "the factory names the references that it fetches into, and the mirror can only be read in the sandbox. Without one it \
         is a folder of the same user",
    ),
    row(
        "keep its work from being saved",
        Audited,
        Audited,
        "what is ignored, pipes, the folders `.git` of repositories within it, and the biggest files beyond 100 MiB are not \
         saved; all but the ignored are listed. What is only staged is saved, and the commits of linked working trees are; \
         their files outside of the workspace are not. History that can't be read is set aside, and its workspace isn't \
         ended; `runs/workspace/tests/staged.rs`. Without a sandbox it can move or replace its whole workspace, which is set \
         aside for a person then; `runs/workspace/tests/displaced.rs`",
    ),
    row(
        "take more of the disk than `disk`",
        Audited,
        Audited,
        "its workspace and its home are measured every few seconds, and it is ended; in between it writes what the disk \
         takes; `tests/runs.rs::what_fills_the_disk_is_stopped`",
    ),
    row(
        "hold up the factory by what it leaves: a tree of trees, a great many files or folders, pipes, huge or broken objects",
        Enforced,
        Enforced,
        "what is looked at is bounded in number, length, depth, bytes, memory and time, and what is beyond has a name; a \
         repository with a pipe or an `include` in it is not read; commits are saved by a reference, which takes no look; `tests/hostile.rs::within_a_sandbox`",
    ),
    row("fill the mirror with commits", Open, Open, "commits are saved whole, whatever their size"),
];

/// The end of a prompt: what this agent is kept from here, and what is looked at afterwards.
pub fn envelope(bounds: Option<&Bounds>) -> String {
    let told = |held: Held| {
        let rows = ROWS.iter().filter(move |row| row.held(bounds.is_some()) == held);
        rows.filter_map(|row| row.told).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut cannot = told(Enforced);
    if bounds.is_some_and(|bounds| !bounds.network) {
        cannot.push("reach the network".to_owned());
    }
    let kept = if cannot.is_empty() {
        "Nothing on this machine keeps you within your workspace and your home: stay there by yourself."
            .to_owned()
    } else {
        format!("Here you can't {}.", cannot.join(", "))
    };
    format!("{kept} Afterwards it is looked at whether you {}.\n", told(Audited).join(", whether you "))
}

/// The table, as Markdown.
pub fn table() -> String {
    let mut out = "| could | in the sandbox | without | |\n|---|---|---|---|\n".to_owned();
    let network = row(
        "reach the network",
        Enforced,
        Open,
        "with `network #false`; it is open otherwise, and in either case reaches whatever this machine does",
    );
    for row in std::iter::once(&network).chain(ROWS) {
        let Row { could, with, without, how, .. } = row;
        out.push_str(&format!("| {could} | {} | {} | {how} |\n", with.as_str(), without.as_str()));
    }
    out
}

impl Held {
    fn as_str(self) -> &'static str {
        match self {
            Enforced => "enforced",
            Audited => "audited",
            Open => "not prevented",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(network: bool) -> Bounds {
        Bounds { bubblewrap: "bwrap".into(), readable: Vec::new(), network }
    }

    #[test]
    fn a_prompt_claims_what_is_held_and_no_more() {
        assert_eq!(
            envelope(Some(&bounds(false))),
            "Here you can't change files outside of your workspace and your home, read other files of this machine than its \
             programs and those, see or end processes that aren't yours, reach the network. Afterwards it is looked at whether \
             you committed a secret, in a file, a name or a message, whether you changed only what you may, whether you kept the \
             commits that were there before.\n"
        );
        assert_eq!(
            envelope(None),
            "Nothing on this machine keeps you within your workspace and your home: stay there by yourself. Afterwards it is \
             looked at whether you committed a secret, in a file, a name or a message, whether you changed only what you may, \
             whether you kept the commits that were there before.\n"
        );
        assert!(!envelope(Some(&bounds(true))).contains("network"));
    }

    #[test]
    fn without_a_sandbox_nothing_more_is_held_than_with_one() {
        let strength = |held: Held| [Open, Audited, Enforced].iter().position(|one| *one == held);
        for row in ROWS {
            assert!(strength(row.without) <= strength(row.with), "{}", row.could);
        }
    }
}
