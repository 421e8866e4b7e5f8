"""What it costs to take issues from a label to a merged pull request, with agents that are the twin's."""

import json
import re
import socket
import time

from harness import Failure, middle, ms
from runs import REPO, Factory

CI = 77
# How many times GitHub tells of each thing, as if so many daemons were told once.
TOLD = 5
# How much may be created in a minute where that is limited, and how many issues there are then.
LIMIT, LIMITED = 500, 100
# Each issue changes one of so many files, so that what is measured is the factory, and not how long a file system takes to
# check out a repository that grows with each of them. No two that are under way change the same one.
FILES = 100
# The daemon is warm after so many seconds.
WARM = 20
# More than any of this creates.
LIFTED = 100_000
BODY = "There should be a file for it, so that everybody sees that it was done. Done when the file is there."


def free_port():
    """A port of the loopback that nobody has at this moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def config(bench, port, limited):
    agent = json.dumps(str(bench.binary))
    # The twin limits nothing unless it is told to.
    a_minute = LIMIT if limited else LIFTED
    creations = f"creations per-minute={a_minute} per-hour={LIFTED}"
    return (f'github {{ webhook listen="127.0.0.1:{port}" secret="env:BENCH_HOOK"; {creations}; }}\n'
            "caps { runs 4; runs-per-repo 4; }\n"
            f'agent "smith" kind="command" sandbox=#false {{ program {agent} "twin" "agent" "--writes" "{{title}}={{issue}}"; }}\n'
            'pipeline "short" { intake "factory"; phases; agents "smith"; merge-policy "green"; }\n'
            'merge-policy "green" { mode "on-green"; require-checks "ci"; updates 20; }\n')


def kind(entry):
    name = entry["operation"] or f"{entry['method']} {entry['path'].split('?')[0]}"
    return re.sub(r"/\d+", "/N", name.replace(REPO, "R"))


def issues(bench):
    """Many without limits on creations, each thing told of five times; then a hundred with limits."""
    count = bench.args.issues
    print(f"\nissues: {count} of one repository, from the label to the merge, four agents at a time")
    through(bench, "issues", count, limited=False)
    count = min(count, LIMITED)
    print(f"\nissues: {count} where {LIMIT} things may be created a minute")
    through(bench, "limited", count, limited=True)


def through(bench, part, count, limited):
    factory, port = Factory(bench, part), free_port()
    bench.env["BENCH_HOOK"] = "bench"
    try:
        twin = factory.twin
        if limited:
            world = twin.admin("GET", "/world")
            world["limits"].update(content_per_minute=LIMIT)
            twin.admin("PUT", "/world", world)
        factory.push(config(bench, port, limited).replace(f'repo "{REPO}"', ""))
        text = (factory.work / "factory.kdl").read_text(encoding="utf-8")
        text = text.replace(f'repo "{REPO}"\n', f'repo "{REPO}" {{ pipeline "short"; }}\n')
        (factory.work / "factory.kdl").write_text(text, encoding="utf-8")
        bench.commit(factory.work, "pipeline")
        bench.git(factory.work, "push", "-q", str(factory.bare), "main")
        factory.patch({"ci": [{"name": "ci", "app": CI, "command": "ls part-*"}]})
        events = ["issues", "issue_comment", "pull_request", "check_run", "status"]
        for n in range(1 if limited else TOLD):
            hook = {"of": REPO, "url": f"http://127.0.0.1:{port}/{n}", "secret": "bench", "events": events}
            twin.admin("POST", "/hooks", hook)
        factory.start()
        factory.daemon.plan()
        factory.daemon.quiet(0)
        login = REPO.split("/", maxsplit=1)[0]
        twin.admin("DELETE", "/log")
        began = time.monotonic()
        for n in range(count):
            made = factory.patch({"open_issue": {"title": f"part-{n % FILES}", "labels": []}})["number"]
            factory.patch({"edit_body": {"number": made, "actor": login, "body": BODY}})
            factory.patch({"label": {"number": made, "label": "factory", "actor": login}})

        def landed():
            repo = twin.admin("GET", "/world")["repos"][0]
            pulls = [issue["pull"] for issue in repo["issues"].values() if issue.get("pull")]
            return sum(1 for pull in pulls if pull.get("merged_at")) == count

        memory = []
        end = began + 60 + 20 * count
        while not landed():
            if time.monotonic() > end:
                raise Failure(f"not all of {count} issues landed\n{factory.daemon.errors()}")
            if time.monotonic() - began > WARM:
                memory.append(factory.daemon.memory("VmRSS"))
            # Asking has the twin draw its whole world.
            time.sleep(1 + count / 200)
        took = time.monotonic() - began
        time.sleep(2)
        log = twin.admin("GET", "/log")
        kinds = {}
        for entry in log:
            kinds[kind(entry)] = kinds.get(kind(entry), 0) + 1
        each = len(log) / count
        repo = twin.admin("GET", "/world")["repos"][0]
        pulls = sum(1 for issue in repo["issues"].values() if issue.get("pull"))
        open_ = sum(1 for issue in repo["issues"].values() if issue["state"] == "open")
        bench.row(part, "pull requests", str(pulls), str(count), pulls == count)
        bench.row(part, "issues and pull requests that are open", str(open_), "0", open_ == 0)
        bench.row(part, "requests an issue, from the label to the merge", f"{each:.1f}", "25", each <= 25)
        for name, n in sorted(kinds.items(), key=lambda it: -it[1]):
            bench.row(part, f"  {name[:60]}", f"{n / count:.2f}")
        refused = sum(1 for entry in log if entry.get("status") in (403, 429))
        bench.row(part, "answers 403 or 429", str(refused), "0", refused == 0)
        bench.row(part, "seconds an issue", f"{took / count:.2f}")
        dispatch = factory.daemon.status()["progress"]["dispatch_ms"]
        bench.row(part, "from the look that found a place to the start of a run, median of the last 200",
                  f"{dispatch} ms", "20 ms", dispatch <= 20)
        # What it holds goes up and down with each look, so that two moments tell nothing of a drift.
        some = len(memory) // 5
        if some:
            drift = middle(memory[-some:]) - middle(memory[:some])
            lowest, highest = min(memory), max(memory)
            bench.row(part, f"memory of the daemon, after {WARM} s", f"{lowest:.1f} to {highest:.1f} MB")
            bench.row(part, "median of the last fifth, beside the first one's", f"{drift:+.1f} MB", "+2.0 MB", drift <= 2)
    finally:
        factory.stop()
