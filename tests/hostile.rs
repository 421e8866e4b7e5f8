//! Agents that do to their workspace, and to whoever looks at it afterwards, what they can: each ends in the outcome that is
//! named here, nothing that it set is run, nothing of others comes in, nothing of it stays.

use factoryctl::adapters::procs;
use factoryctl::runs::MARK;

use crate::tasks::{ended, runs};
use crate::world::{World, sample, world_of};

/// A name, what the agent does, the outcome, and a part of its words.
type Case = (&'static str, String, &'static str, &'static str);

const COMMITS: &str = "echo x > f; git add f; git commit -qm x";

/// How many bytes the one prints that prints a lot: ten thousand millions are `FACTORY_FLOOD=10000000000`.
fn flood() -> u64 {
    std::env::var("FACTORY_FLOOD").map_or(64 << 20, |bytes| bytes.parse().expect("a number of bytes"))
}

/// What agents do. `$M` is a file outside that a program makes which they have set, `$F` a repository that is not theirs,
/// `$S` a commit in it.
fn cases() -> Vec<Case> {
    let program =
        "printf '#!/bin/sh\\ntouch %s\\n' \"$M\" > .git/program; chmod +x .git/program; p=$PWD/.git/program";
    let keys = "core.fsmonitor core.sshCommand core.alternateRefsCommand diff.external diff.x.textconv filter.x.clean \
                filter.x.smudge filter.x.process merge.x.driver uploadpack.packObjectsHook gpg.program credential.helper";
    let hooks =
        "post-checkout post-index-change reference-transaction pre-auto-gc pre-receive post-merge pre-push";
    let mktree = "t() { git mktree; }; b=$(git hash-object -w README.md)";
    let on_branch = "git update-ref refs/heads/$(git branch --show-current)";
    let case = |name, script: &str, outcome, words| (name, script.to_owned(), outcome, words);
    vec![
        (
            "settings",
            format!(
                "{COMMITS}; {program}; echo '* filter=x diff=x merge=x' > .gitattributes; echo y > f; for k in {keys}; do \
                 git config $k $p; done; mkdir -p .git/hooks; for h in {hooks}; do cp $p .git/hooks/$h; done; git config \
                 core.hooksPath $PWD/.git/hooks; git config remote.evil.url \"ext::$p\"; git config remote.evil.promisor true; \
                 git config protocol.ext.allow always"
            ),
            "done",
            "",
        ),
        case("deleted", "rm -rf .git", "policy violation", "its branch is gone"),
        case("file", "rm -rf .git; echo \"gitdir: $F/.git\" > .git", "policy violation", ""),
        case("linked", "rm -rf .git; ln -s $F/.git .git", "policy violation", ""),
        case(
            "alternates",
            "b=$(git branch --show-current); echo $F/.git/objects >> .git/objects/info/alternates; rm -f .git/packed-refs; echo \
             $S > .git/refs/heads/$b",
            "policy violation",
            "its commits can't be taken",
        ),
        case("rewritten", "git commit -q --amend -m mine", "policy violation", "it rewrote the history"),
        (
            "replaced",
            format!(
                "{COMMITS}; git replace HEAD HEAD~1; mkdir -p .git/info; git rev-parse HEAD > .git/info/grafts"
            ),
            "done",
            "",
        ),
        case(
            "gitlink",
            "git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),sub; git commit -qm x",
            "done",
            "",
        ),
        (
            "dotgit",
            format!(
                "{mktree}; x=$(printf '100644 blob %s\\t.GIT\\n' $b | t); {on_branch} $(git commit-tree -p HEAD -m x $x)"
            ),
            "policy violation",
            "its commits can't be taken",
        ),
        case("spelled", "echo 1 > Readme; echo 2 > README; git add .; git commit -qm x", "done", ""),
        (
            "bomb",
            format!(
                "{mktree}; x=$(for n in 0 1 2 3 4 5 6 7 8 9; do printf '100644 blob %s\\tf%s\\n' $b $n; done | t); for l in 1 2 3 \
                 4 5 6 7 8 9; do x=$(for n in 0 1 2 3 4 5 6 7 8 9; do printf '040000 tree %s\\td%s\\n' $x $n; done | t); done; \
                 {on_branch} $(git commit-tree -p HEAD -m x $x)"
            ),
            "policy violation",
            "it changed more than can be looked at",
        ),
        case(
            "deep",
            "echo x > top; p=$(printf 'a/%.0s' $(seq 1500)); for n in 1 2 3 4; do mkdir -p $p; cd -P $p 2>/dev/null; done",
            "no verdict",
            "it left changes and committed none",
        ),
        case(
            "many",
            "mkdir m; cd m; seq 5000 | xargs touch",
            "no verdict",
            "it left changes and committed none",
        ),
        case(
            "named",
            "cp README.md '-x'; cp README.md 'a b\n*é'; git add -A; git commit -qm x; git branch 'é#1'",
            "done",
            "",
        ),
        (
            "corrupt",
            format!(
                "{COMMITS}; o=$(git rev-parse HEAD:f); f=.git/objects/$(echo $o | cut -c1-2)/$(echo $o | cut -c3-); chmod u+w \
                 $f; echo junk > $f"
            ),
            "policy violation",
            "its commits can't be taken",
        ),
        case(
            "links",
            "ln -s /etc/passwd p; ln -s / root; ln -s $F other; git add -A; git commit -qm x",
            "done",
            "",
        ),
        ("storm", format!("for n in $(seq 300); do sleep 600 & done; {COMMITS}"), "done", ""),
        (
            "strays",
            format!("setsid sh -c 'setsid sleep 600 & sleep 600' & env -i setsid sleep 600 & {COMMITS}"),
            "done",
            "",
        ),
        (
            "flood",
            format!("yes 0123456789 | head -c {}; echo on", flood()),
            "time limit",
            "its output was used up",
        ),
    ]
}

/// A config with a task and an agent for each, whose program lies in a folder of its own.
fn config(w: &World, cases: &[Case], given: &str, sandbox: bool) -> String {
    let mut config = "factory \"acme\"\nrepo \"acme/anvil\"\ncaps runs=100 runs-per-repo=100\n".to_owned();
    let scripts = w.path("scripts");
    std::fs::create_dir(&scripts).expect("it is new");
    for (name, script, ..) in cases {
        let file = scripts.join(name);
        std::fs::write(&file, format!("{given}; {script}\n")).expect("it can be written");
        let [file, scripts] = [&file, &scripts].map(|path| path.display().to_string());
        config += &format!(
            "agent \"{name}\" kind=\"command\" output=1 sandbox=#{sandbox} {{ program \"/bin/sh\" {file:?}; readable {scripts:?}; }}\n\
             task \"{name}\" repo=\"acme/anvil\" attempts=1 {{ prompt \"Do {name}.\"; agents \"{name}\"; }}\n"
        );
    }
    config
}

fn git(w: &World, args: &[&str]) -> String {
    let done = w.plain("git", args);
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

#[track_caller]
fn each_ends_as_it_is_named(w: &World, sandbox: bool) {
    let (marker, foreign) = (w.path("marker"), w.path("foreign"));
    let at = foreign.display().to_string();
    git(w, &["init", "-q", &at]);
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-C", &at];
    git(w, &[&who[..], &["commit", "-q", "--allow-empty", "-m", "secret"]].concat());
    let secret = git(w, &["-C", &at, "rev-parse", "HEAD"]);
    let given = format!("M='{}'; F='{at}'; S={secret}", marker.display());
    let cases = cases();
    w.config(&config(w, &cases, &given, sandbox));
    w.apply(&[]).exits(0);
    let all = ended(w);
    let folder = std::path::Path::new(all[0]["folder"].as_str().expect("a folder"));
    let mirror = folder.ancestors().nth(3).expect("where runs lie").join("mirrors/acme/anvil.git");
    let mirror = mirror.display().to_string();
    let fixed = || {
        let refs = git(w, &["--git-dir", &mirror, "for-each-ref", "--format=%(refname) %(objectname)"]);
        let ours = |line: &&str| !line.starts_with("refs/runs/") && !line.starts_with("refs/factory/");
        refs.lines().filter(ours).map(str::to_owned).collect::<Vec<_>>()
    };
    let before = fixed();
    let applied = w.apply(&[]);
    assert_eq!(fixed(), before);
    assert!(!marker.exists(), "something that an agent set was run");
    assert!(!w.plain("git", &["--git-dir", &mirror, "cat-file", "-e", &secret]).status.success());
    let all = runs(w);
    assert_eq!(all.len(), cases.len(), "{}", applied.all());
    for (name, _, outcome, words) in &cases {
        let run = all.iter().find(|run| run["task"] == *name).expect("its run");
        assert_eq!(
            (&run["state"], &run["outcome"]),
            (&"closed".into(), &(*outcome).into()),
            "{name}: {run:#}"
        );
        assert!(run["says"].as_str().is_some_and(|says| says.contains(words)), "{name}: {run:#}");
        let id = run["run"].as_str().expect("its name");
        assert_eq!(procs::marked(MARK, id).expect("processes"), [], "{name}: something of it still runs");
    }
}

#[test]
fn within_a_sandbox() {
    world_of(sample::github(), |w| each_ends_as_it_is_named(w, true));
}

#[test]
fn without_a_sandbox() {
    world_of(sample::github(), |w| each_ends_as_it_is_named(w, false));
}
