//! What there is to do while somebody is killed: tasks that are short, for agents that write, commit and leave things about,
//! in a repository with a recipe and a gate and in one without.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::world::World;

/// What both kinds of agents know. `put` tells of a content after it is in the workspace.
const KNOWS: &str = r#"
put() { printf '%s' "$FACTORY_RUN $1 of $$" > "file-$1" && printf '%s\n' "$FACTORY_RUN $1 of $$" >> "$TOLD/$FACTORY_RUN"; }
keep() { git add . && git commit -q -m "$1"; }
rest() { sleep "0.$(( $$ % 25 + 10 ))"; }
"#;

/// What agents do that have no session, one thing after the other.
const SMITH: &str = r#"
echo on
case "$(head -n 1)" in
*0) put a; rest; keep a; rest; put b; keep b; rest; echo done;;
*1) put a; git add .; rest; put b; rest; echo more >> README.md; rest;;
*2) put a; keep a; rest; put b; git add .; git stash -q; rest; put c; git stash -q -u; rest; put d; rest; keep d;;
*3) setsid sleep 600 & env -i sleep 600 & put a; rest; keep a; rest; put b; rest; keep b;;
*4) git switch -q -c side; put a; rest; keep a; git switch -q -; rest; put b; keep b; rest; git checkout -q --detach; put c; keep c; rest;;
*5) put a; keep a; rest; put b; git add .; git commit -q --amend -m ab; rest; put c; rest; mkdir -p d/e; mv file-c d/e; rest;;
*6) put a; rest; mkdir sub; cd sub; git init -q; put b; rest; cd ..; put c; rest; git rm -q README.md; keep c; rest;;
*7) i=0; while [ $i -lt 9 ]; do put $i; rest; i=$((i + 1)); done; keep all;;
*8) put a; rest; sleep 0.5; keep a; rest; git reset -q --hard HEAD~1; rest; put b; rest;;
*9) i=0; while [ $i -lt 200 ]; do put $i; i=$((i + 1)); done; keep all; rest; put last; keep last;;
esac
"#;

/// A program that keeps sessions and speaks as Claude Code does. It forgets to commit until it is told to.
const SCRIBE: &str = r#"
[ "$1" = --version ] && echo "2.1.197 (Claude Code)" && exit
while [ $# -gt 0 ]; do case "$1" in --session-id|--resume) how=$1; session=$2;; esac; shift; done
kept="$HOME/$session"; cat > /dev/null
if [ $how = --resume ] && [ ! -e "$kept" ]; then echo "No conversation found" >&2; exit 1; fi
echo >> "$kept"; n=$(wc -l < "$kept")
printf '{"type":"system","subtype":"init","session_id":"%s","claude_code_version":"2.1.197"}\n' "$session"
put "$n"; rest; put "$n-more"; rest
[ $n -gt 1 ] && keep "turn $n"
printf '{"type":"assistant","session_id":"%s","message":{"id":"m%s","usage":{"input_tokens":10,"output_tokens":5},"content":[]}}\n' "$session" "$n"
printf '{"type":"result","subtype":"success","is_error":false,"session_id":"%s","result":"done","total_cost_usd":0.001,"modelUsage":{"m":{"inputTokens":10,"outputTokens":5}}}\n' "$session"
"#;

/// A piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Task {
    pub(super) name: String,
    repo: &'static str,
    agent: &'static str,
    /// What its agent does.
    kind: usize,
}

impl Task {
    /// One after the other, each another piece of work.
    pub(super) fn number(n: usize) -> Self {
        Self {
            name: format!("t{n:05}"),
            repo: ["anvil", "bellows"][n % 2],
            agent: if n % 3 == 2 { "scribe" } else { "smith" },
            kind: (n / 2) % 10,
        }
    }

    /// Whether its agent has a session that can go on.
    pub(super) fn has_session(&self) -> bool {
        self.agent == "scribe"
    }
}

/// Puts down what agents do.
pub(super) fn agents(w: &World) {
    std::fs::create_dir(w.path("told")).expect("it is new");
    for (name, does) in [("smith", SMITH), ("scribe", SCRIBE)] {
        let program = w.path(name);
        std::fs::write(&program, format!("#!/bin/sh\n{KNOWS}{does}")).expect("it is new");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("it is there");
    }
}

/// A config with these tasks.
pub(super) fn config<'a>(w: &World, tasks: impl Iterator<Item = &'a Task>) -> String {
    let shown = |path: &Path| path.display().to_string();
    let (told, smith, scribe) = (w.path("told"), w.path("smith"), w.path("scribe"));
    let [told, smith, scribe] = [&told, &smith, &scribe].map(|path| shown(path));
    let mut text = format!(
        "factory \"acme\"\ncaps runs=10 runs-per-repo=6\n\
         repo \"acme/anvil\" {{ recipe setup=\"sleep 0.3\"; gate \"holds\" command=\"sleep 0.3\"; }}\n\
         repo \"acme/bellows\"\n\
         agent \"smith\" kind=\"command\" sandbox=#false {{ program {smith:?}; var \"TOLD\" value={told:?}; }}\n\
         agent \"scribe\" kind=\"claude\" sandbox=#false {{ program {scribe:?}; var \"TOLD\" value={told:?}; }}\n"
    );
    for Task { name, repo, agent, kind } in tasks {
        text.push_str(&format!(
            "task {name:?} repo=\"acme/{repo}\" {{ prompt \"Task {name} of kind {kind}\"; agents {agent:?}; attempts 1; }}\n"
        ));
    }
    text
}
