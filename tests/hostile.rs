//! Agents that do to their workspace, and to whoever looks at it afterwards, what they can: each ends in the outcome that is
//! named here, nothing that it set is run, nothing of others comes in, nothing of it stays.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use factoryctl::adapters::procs::{self, Identity};
use factoryctl::model::RunId;
use factoryctl::runs::{MARK, RunDir};
use rustix::process::Signal;

use crate::attrition::yard::Yard;
use crate::daemon::{Daemon, wait};
use crate::tasks::{ended, runs, small};
use crate::world::{Running, World, sample, world_of};

/// A name, what the agent does, the outcome, and a part of its words.
type Case = (&'static str, String, &'static str, &'static str);

const COMMITS: &str = "echo x > f; git add f; git commit -qm x";

/// How many bytes the one prints that prints a lot: ten thousand millions are `FACTORY_FLOOD=10000000000`.
fn flood() -> u64 {
    std::env::var("FACTORY_FLOOD").map_or(64 << 20, |bytes| bytes.parse().expect("a number of bytes"))
}

/// Prints lines without an end.
const FLOODS: &str = "yes $(printf '%0100d' 7)";

/// How many MiB of output each has: those that are to say all that they say have enough.
fn output(name: &str) -> u64 {
    if matches!(name, "torrent" | "unbroken") { (flood() >> 20) + 2 } else { 1 }
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
        case(
            "piped",
            "echo x > f; rm .git/HEAD; mkfifo .git/HEAD",
            "policy violation",
            "its commits can't be taken",
        ),
        case(
            "including",
            "mkfifo q; printf '[include]path=%s/q\\n' $PWD >> .git/config",
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
            "no verdict",
            "it committed a repository within the repository, at `sub`",
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
        ("flood", format!("{FLOODS} | head -c {}; echo on", flood()), "time limit", "its output was used up"),
        ("torrent", format!("{FLOODS} | head -c {}; echo on", flood()), "no change", ""),
        ("unbroken", format!("echo on; head -c {} /dev/zero | tr '\\0' x", flood()), "no change", ""),
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
        let output = output(name);
        let [file, scripts] = [&file, &scripts].map(|path| path.display().to_string());
        config += &format!(
            "agent \"{name}\" kind=\"command\" output={output} sandbox=#{sandbox} {{ program \"/bin/sh\" {file:?}; readable {scripts:?}; }}\n\
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

/// The most memory that the supervisor of each run had, in KiB, by its task. Each is looked at from its beginning to its
/// end, while this process starts one after the other.
fn peaks(w: &World, starts: &Running) -> BTreeMap<String, u64> {
    let mut peaks = BTreeMap::new();
    let mut known: BTreeMap<RunId, Option<(String, Identity)>> = BTreeMap::new();
    loop {
        let starting = Identity::of(starts.id()).expect("processes can be seen").is_some();
        let yard = Yard::of(w).map(|yard| yard.join("runs"));
        let all = yard.map(|runs| RunDir::all(&runs).expect("they can be read")).unwrap_or_default();
        let mut left = starting;
        for (id, dir) in all {
            if known.get(&id).is_some_and(Option::is_none) {
                continue;
            }
            let over = dir.ended().expect("it can be read").is_some();
            if let Some(noted) = dir.processes().expect("it can be read").filter(|_| !known.contains_key(&id))
            {
                let on = dir.spec().expect("it can be read").and_then(|spec| spec.on).expect("of a task");
                known.insert(id.clone(), Some((on.of.subject.to_string(), noted.supervisor)));
            }
            left |= !over;
            let Some(Some((task, supervisor))) = known.get(&id) else { continue };
            // One that has ended meanwhile has written so.
            let status =
                std::fs::read_to_string(format!("/proc/{}/status", supervisor.pid)).unwrap_or_default();
            let most =
                status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
            if let Some(kib) = most {
                peaks.insert(task.clone(), kib.parse().expect("a number"));
            }
            if over {
                known.insert(id, None);
            }
        }
        if !left {
            return peaks;
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// What an agent prints takes no memory of who listens, but for one line of up to ten million bytes.
#[expect(clippy::print_stdout, reason = "what was measured is what a flood is for")]
fn keep_within_bounds(peaks: &BTreeMap<String, u64>) {
    let quiet = peaks["links"];
    println!("{} bytes printed, memory of supervisors in KiB: {peaks:?}", flood());
    for (loud, more) in [("flood", 8), ("torrent", 8), ("unbroken", 16)] {
        let bound = quiet + (more << 10);
        assert!(quiet > 0 && (1..=bound).contains(&peaks[loud]), "{loud}: {peaks:?}");
    }
}

/// Closing what this agent leaves takes long. A daemon that is told to stop meanwhile doesn't finish that first: it stops in
/// less than a quarter of the time that closing takes after it, and nothing is lost.
#[test]
fn a_daemon_that_closes_a_big_workspace_hears_that_it_is_to_stop() {
    small(|w| {
        let leaves = "seq 20000 | split -a 5 -l 1; echo on";
        w.config(&format!(
            "factory \"acme\"\nrepo \"acme/anvil\"\n\
             agent \"smith\" kind=\"command\" sandbox=#false {{ program \"/bin/sh\" \"-c\" {leaves:?}; }}\n\
             task \"hone\" repo=\"acme/anvil\" {{ prompt \"Hone it.\"; agents \"smith\"; attempts 1; }}\n"
        ));
        let daemon = Daemon::start(w, &[]);
        let yard = wait("there is a run", || Yard::of(w));
        let objects = yard.join("mirrors/acme/anvil.git/objects");
        let written = || {
            let folders = objects.read_dir().into_iter().flatten().flatten();
            folders.filter_map(|entry| entry.path().read_dir().ok()).map(Iterator::count).sum::<usize>()
        };
        w.until("it is being closed", || written() > 1_000);
        let began = Instant::now();
        daemon.signal(Signal::TERM);
        daemon.ends().exits(0);
        let stopped = began.elapsed();
        assert_ne!(runs(w)[0]["state"], "closed", "it took less than it takes to notice");
        let began = Instant::now();
        let reaped = w.run(&["reap", "--json"]).exits(0).json();
        let closing = began.elapsed();
        println!("a daemon stopped in {stopped:?}; closing took {closing:?}");
        assert!(stopped * 4 < closing, "{stopped:?} and {closing:?}");
        let saved = reaped["closed"][0]["salvage"].as_str().expect("it was saved").to_owned();
        let mirror = yard.join("mirrors/acme/anvil.git").display().to_string();
        let files = git(w, &["--git-dir", &mirror, "ls-tree", "--name-only", &saved]);
        assert_eq!(files.lines().filter(|name| name.starts_with('x')).count(), 20_000);
    });
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
    let starts = w.start(&["apply", "--yes"]);
    let peaks = peaks(w, &starts);
    starts.finish(Duration::from_mins(2)).exits(0);
    keep_within_bounds(&peaks);
    ended(w);
    let yard = Yard::of(w).expect("there were runs");
    let mirror = yard.join("mirrors/acme/anvil.git");
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
