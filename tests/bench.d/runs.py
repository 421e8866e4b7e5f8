"""What agents at work cost: how much later one says its first word because it is supervised, what a hundred of them take
together, and what is left of a task that is done again and again."""

import ctypes
import json
import os
import pathlib
import select
import shutil
import struct
import subprocess
import time
import urllib.request

from harness import Daemon, Failure, Twin, middle, ms

REPO = "acme/yard"
PATIENCE = 120


def runs(bench):
    first_word(bench)
    together(bench, "no sandbox", "sandbox=#false")
    if shutil.which("bwrap"):
        together(bench, "sandbox", "")


def until(what, done, patience=PATIENCE, pause=0.02):
    """Waits for what `done` gives, once that is something."""
    end = time.monotonic() + patience
    while True:
        found = done()
        if found:
            return found
        if time.monotonic() > end:
            raise Failure(f"not within {patience} s: {what}")
        time.sleep(pause)


class Factory:
    """A repository on the twin, and a daemon on a config that says what is to be done there."""

    def __init__(self, bench, name):
        self.bench = bench
        self.bare, self.work, self.state = bench.folder / f"{name}.git", bench.new("work"), bench.new("state")
        self.daemon, self.twin = None, Twin(bench, "owner=acme,repos=1,archived=0,labels=0,issues=0,seed=3")
        world = self.twin.admin("GET", "/world")
        # What is done in minutes here is spread over days on GitHub, whose limits are for an hour.
        world["limits"].update(core=10**7, graphql=10**7)
        self.twin.admin("PUT", "/world", world)
        repo = world["repos"][0]
        self.patch({"rename": "yard"}, f"{repo['owner']}/{repo['name']}")
        self.patch({"set": {"allow_merge_commit": True}})
        self.patch({"push_file": {"branch": "main", "path": "README.md", "text": "Work for agents.\n"}})
        bench.git(bench.folder, "init", "-q", "--bare", str(self.bare))

    def patch(self, what, repo=REPO):
        return self.twin.admin("POST", f"/patch/{repo}", what)

    def push(self, kdl):
        (self.work / "factory.kdl").write_text(f'factory "acme"\nrepo "{REPO}"\n{kdl}', encoding="utf-8")
        self.bench.commit(self.work)
        self.bench.git(self.work, "push", "-q", str(self.bare), "main")

    def start(self):
        self.daemon = Daemon(self.bench, self.bare, self.twin.env(self.state))

    def until(self, what, done, patience=PATIENCE):
        def still():
            if self.daemon.process.poll() is not None:
                raise Failure(f"the daemon is gone: {what}")
            return done()

        try:
            return until(what, still, patience)
        except Failure as error:
            raise Failure(f"{error}\n{self.daemon.errors()}") from None

    def records(self):
        """The folders of all runs."""
        return sorted(path.parent for path in self.state.glob("runs-*/runs/*/run.json"))

    def pulls(self):
        """The numbers of the pull requests that are open."""
        request = urllib.request.Request(f"{self.twin.facts['url']}/repos/{REPO}/pulls?state=open&per_page=100")
        request.add_header("authorization", f"bearer {self.twin.facts['token']}")
        with urllib.request.urlopen(request) as answer:
            return [pull["number"] for pull in json.load(answer)]

    def runs(self):
        return json.loads(self.daemon.command("runs", "list", "--json").out)["runs"]

    def end(self, run):
        self.daemon.command("runs", "stop", run, "--reason", "bench")

    def stop(self):
        """Ends all of it; runs outlive a daemon that is killed."""
        if self.daemon and self.daemon.process.poll() is None:
            try:
                for run in self.runs():
                    if run["state"] == "running":
                        self.end(run["run"])
            finally:
                self.daemon.process.kill()
                self.daemon.process.wait()
                self.twin.stop()
        else:
            self.twin.stop()


def command(name, script, more):
    script = "; ".join(script.strip().splitlines())
    return f'agent "{name}" kind="command" {more} {{ program "/bin/bash" "-c" {json.dumps(script)}; }}\n'


def task(name, prompt, agent, more="attempts 1"):
    return f'task "{name}" repo="{REPO}" {{ prompt {json.dumps(prompt)}; agents "{agent}"; {more}; }}\n'


# -- one agent: from the start of its supervisor to its first line ---------------------------------------------

SAYS = 'echo "$EPOCHREALTIME"'


class Written:
    """Notes of the kernel on what is written in a folder (inotify)."""

    MODIFY = 0x2

    def __init__(self, folder):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_CLOEXEC)
        if self.fd < 0 or libc.inotify_add_watch(self.fd, os.fsencode(folder), self.MODIFY) < 0:
            raise OSError(ctypes.get_errno(), "the kernel gives no notes of files")

    def wait(self, name):
        """When something was written to the file of that name."""
        end = time.monotonic() + PATIENCE
        while select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
            notes, now, at = os.read(self.fd, 4096), time.time(), 0
            while at < len(notes):
                _, mask, _, length = struct.unpack_from("iIII", notes, at)
                if mask & self.MODIFY and notes[at + 16:at + 16 + length].rstrip(b"\0") == name:
                    return now
                at += 16 + length
        raise Failure(f"nothing was written to {name}")

    def close(self):
        os.close(self.fd)


class Start:
    """Starts one command line again and again: alone, or as the agent of a supervisor, as the daemon starts that."""

    def __init__(self, bench, spec, argv, token):
        self.bench, self.spec, self.argv = bench, spec, argv
        path = os.environ["PATH"]
        self.vars = {"PATH": path, "LANG": "C.UTF-8", "TERM": "dumb", "HOME": spec["home"]}
        self.told = json.dumps({"vars": list(self.vars.items()), "own": [], "secrets": [token]}).encode()

    def alone(self, folder):
        files = [open(folder / name, "wb") for name in ("out.log", "err.log")]
        start = time.time()
        child = subprocess.Popen(self.argv, cwd=self.spec["folder"], env=self.vars, stdin=subprocess.PIPE,
                                 stdout=files[0], stderr=files[1], process_group=0)
        self.tell(child, self.spec["work"]["prompt"].encode())
        for file in files:
            file.close()
        return start, child

    def supervised(self, folder):
        spec = {**self.spec, "home": str(self.bench.new("home"))}
        (folder / "run.json").write_text(json.dumps(spec))
        log = open(folder / "supervisor.log", "ab")
        start = time.time()
        child = subprocess.Popen([self.bench.binary, "supervise", str(folder)], cwd=folder, env={}, stdin=subprocess.PIPE,
                                 stdout=subprocess.DEVNULL, stderr=log)
        self.tell(child, self.told)
        log.close()
        return start, child

    @staticmethod
    def tell(child, text):
        try:
            child.stdin.write(text)
            child.stdin.close()
        except BrokenPipeError:
            pass

    def one(self, how):
        """Seconds until the agent said its first line, by its own clock, and until that was in the transcript."""
        folder = self.bench.new("runs") / "one"
        folder.mkdir()
        written = Written(folder)
        start, child = how(folder)
        kept = written.wait(b"out.log")
        child.wait(PATIENCE)
        written.close()
        said = float((folder / "out.log").read_text().split()[0])
        return said - start, kept - start


def first_word(bench):
    print("\nruns: one agent, from its start to its first line")
    for name, more in (("no sandbox", "sandbox=#false"), ("sandbox", "")):
        if more or shutil.which("bwrap"):
            start = template(bench, name, more)
            first_lines(bench, name, start)


def template(bench, name, more):
    """What the daemon makes of a run of such an agent: what its supervisor reads, and how the agent is started."""
    factory = Factory(bench, f"first-{more.count('=')}")
    try:
        factory.push(command("one", f"{SAYS}; exec sleep 600", more) + task("say", "Say when you begin.", "one"))
        factory.start()
        record = factory.until("a run begins", factory.records)[0]
        factory.until("it says something", lambda: (record / "out.log").exists() and (record / "out.log").read_text())
        spec = json.loads((record / "run.json").read_text())
        agent = json.loads((record / "processes.json").read_text())["agent"]["pid"]
        argv = pathlib.Path(f"/proc/{agent}/cmdline").read_bytes().decode().split("\0")[:-1]
        # Without a sandbox it has become its `sleep` by now.
        argv = [*argv[:argv.index("--") + 1], *spec["work"]["program"]] if "--" in argv else spec["work"]["program"]
        factory.end(spec["id"])
        factory.until("it is closed", lambda: (record / "closed.json").exists())
        factory.daemon.stop()
        argv[-1] = spec["work"]["program"][-1] = SAYS
        return Start(bench, spec, argv, factory.twin.facts["token"])
    finally:
        factory.stop()


def first_lines(bench, name, start):
    rounds = max(30, bench.args.runs * 6)
    times = {start.alone: [], start.supervised: []}
    for n in range(rounds + 2):
        for how, found in times.items():
            found.append(start.one(how))
    alone, supervised = ([middle(t[n] for t in times[how][2:]) for n in (0, 1)] for how in times)
    over = [ours - bare for ours, bare in zip(supervised, alone)]
    show = lambda what, *rest: bench.row("runs", f"{name}: {what}", *rest)
    show(f"bare agent, until its first line is written (of {rounds})", fine(alone[1]))
    show("supervised, until it is in the transcript", fine(supervised[1]))
    show("supervised, over the bare one", fine(over[1]), "≤ 20 ms", over[1] <= 0.02)
    show("the same, by the agent's own clock", fine(over[0]))
    least = [min(t[1] for t in found[2:]) for found in times.values()]
    show("the same, the fastest of each", fine(least[1] - least[0]))


def fine(seconds):
    return f"{seconds * 1e3:.1f} ms"


# -- a hundred agents -------------------------------------------------------------------------------------------

COUNT, LINES = 100, 2_000
STREAMS = """read -r n _
echo "$n is here"
read -r _ < {gates}/go
for ((i = 0; i < {lines}; i++)); do printf '%s says %06d %0477d\\n' "$n" $i 0; done
read -r _ < {gates}/end
"""


def says(name):
    """All that an agent says: 1 MB in lines of 500 bytes."""
    return f"{name} is here\n" + "".join(f"{name} says {n:06} {0:0477}\n" for n in range(LINES))


class Gates:
    """Two gates at which agents wait: to begin, and to end."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("go", "end"):
            os.mkfifo(folder / name)

    def open(self, name):
        """Lets as many through one as there are agents, also those that come later, until what it gives is closed."""
        gate = os.open(self.folder / name, os.O_RDWR)
        os.write(gate, b"\n" * COUNT)
        return gate


def together(bench, name, more):
    print(f"\nruns: {COUNT} agents that say 1 MB each, {name}")
    factory, names = Factory(bench, f"together-{more.count('=')}"), [f"agent-{n:03}" for n in range(COUNT)]
    gates, whole = Gates(bench.new("gates")), {name: says(name) for name in names}
    script = STREAMS.format(gates=gates.folder, lines=LINES)
    show = lambda what, *rest: bench.row("runs", f"{name}: {what}", *rest)
    try:
        bare = alone(bench, script, whole, gates)
        readable = "" if more else f" readable {json.dumps(str(gates.folder))};"
        agent = command("one", script, more).replace("{ program", f"{{{readable} program")
        factory.push(f"caps runs={COUNT} runs-per-repo={COUNT}\n{agent}"
                     + "".join(task(name, f"{name} speaks.", "one") for name in names))
        begun = time.monotonic()
        factory.start()
        saying = lambda: [r for r in factory.records() if size(r / "out.log") > 0]
        factory.until("all are at work", lambda: len(saying()) == COUNT, 600)
        show("until all are at work", f"{time.monotonic() - begun:.1f} s")
        at_rest = Memory(saying(), factory.daemon.process.pid)
        took, peak = stream(gates, {r / "out.log": whole[wanted(r)] for r in saying()}, at_rest)
        show("bare: all of it said", ms(bare))
        show("supervised: all of it in the transcripts", f"{ms(took)} = {took / bare:.1f} ×")
        show("memory a run while they wait, supervisor and agent", at_rest.shown())
        show("memory a run at the peak (PSS)", peak.shown(), "≤ 2 MB", peak.run() <= 2)
        show("the daemon beside them (PSS)", f"{peak.daemon:.1f} MB")
        lost = sum((r / "out.log").read_text() != whole[wanted(r)] for r in factory.records())
        show("transcripts that are not whole", lost, "none", lost == 0)
        end, begun = gates.open("end"), time.monotonic()
        factory.until("all are closed", lambda: all((r / "closed.json").exists() for r in factory.records()), 600)
        os.close(end)
        show("from the last word until all are closed", f"{time.monotonic() - begun:.1f} s")
        factory.daemon.stop()
    finally:
        factory.stop()


def wanted(record):
    return json.loads((record / "run.json").read_text())["on"]["of"]["task"]


def size(path):
    return path.stat().st_size if path.exists() else 0


def stream(gates, files, memory=None):
    """Lets them speak: how long that took, and the most memory that they had meanwhile."""
    left, peak, begun = {path: len(text) for path, text in files.items()}, memory, time.monotonic()
    go = gates.open("go")
    while left:
        left = {path: wanted for path, wanted in left.items() if size(path) < wanted}
        if time.monotonic() - begun > 600:
            raise Failure(f"{len(left)} never said all")
        if memory:
            peak = max(peak, memory.again(), key=Memory.run)
        else:
            time.sleep(0.005)
    os.close(go)
    return time.monotonic() - begun, peak


def alone(bench, script, whole, gates):
    """The same without anybody who listens: how long they take to write all of it to files."""
    folder, children = bench.new("alone"), []
    try:
        for name in whole:
            with open(folder / name, "wb") as out:
                child = subprocess.Popen(["/bin/bash", "-c", script], stdin=subprocess.PIPE, stdout=out, env=bench.env)
            child.stdin.write(f"{name} speaks.\n".encode())
            child.stdin.close()
            children.append(child)
        until("all are there", lambda: all(size(folder / name) > 0 for name in whole))
        took, _ = stream(gates, {folder / name: text for name, text in whole.items()})
        end = gates.open("end")
        for child in children:
            child.wait(PATIENCE)
        os.close(end)
        if any((folder / name).read_text() != text for name, text in whole.items()):
            raise Failure("the bare agents did not say what they should")
        return took
    finally:
        for child in children:
            if child.poll() is None:
                child.kill()
                child.wait()


class Memory:
    """The proportional share of memory (PSS, MiB) of supervisors, of all that descends from them, and of a daemon."""

    def __init__(self, records, daemon):
        processes = [json.loads((r / "processes.json").read_text()) for r in records]
        self.supervisors, self.pid = [p["supervisor"]["pid"] for p in processes], daemon
        children, self.agents = {}, []
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
        found = [child for pid in self.supervisors for child in children.get(pid, [])]
        while found:
            self.agents += found
            found = [child for pid in found for child in children.get(pid, [])]
        self.measure()

    def measure(self):
        self.of_supervisors = sum(map(pss, self.supervisors)) / len(self.supervisors)
        self.of_agents = sum(map(pss, self.agents)) / len(self.supervisors)
        self.daemon = pss(self.pid)

    def again(self):
        other = object.__new__(Memory)
        other.supervisors, other.agents, other.pid = self.supervisors, self.agents, self.pid
        other.measure()
        return other

    def run(self):
        return self.of_supervisors + self.of_agents

    def shown(self):
        return f"{self.of_supervisors:.2f} + {self.of_agents:.2f} = {self.run():.2f} MB"


def pss(pid, field="Pss"):
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise Failure(f"the memory of {pid} can't be told")


# -- five tasks, again and again --------------------------------------------------------------------------------

KEYS = [f"key-{n}" for n in range(5)]
WARM = 20
WORKS = """read -r line
file=${line##* }
echo "$line" > "${file%.}"
git add .
git commit -qm "$line"
"""


# What is freed goes back to the system after a second, and a look that begins takes some of it again.
AT_REST = 10


class Sample:
    """What the daemon has at rest: the least within ten seconds of having nothing to do."""

    def __init__(self, daemon, done, at):
        pid = daemon.process.pid
        self.done, self.at = done, at
        # What it has itself; the rest is the program's own file, of which the kernel keeps what was used once.
        looks, until = [], time.monotonic() + AT_REST
        while time.monotonic() < until:
            looks.append((pss(pid, "Anonymous"), pss(pid), pss(pid, "Rss")))
            time.sleep(0.1)
        self.own, self.pss, self.rss = min(looks)
        self.files = len(os.listdir(f"/proc/{pid}/fd"))
        self.cpu = daemon.cpu()

    def shown(self):
        return f"{self.done:,} completions after {self.at:.0f} s: {self.own:.1f} MB of its own, " \
               f"{self.pss:.1f} MB PSS, {self.rss:.1f} MB RSS, {self.files} open files, {self.cpu:.0f} s of CPU"


def endurance(bench):
    rounds = max(2 * WARM, bench.args.completions)
    print(f"\nruns: five tasks, each done {rounds:,} times")
    factory = Factory(bench, "endurance")
    try:
        factory.push("")
        factory.start()
        begun, samples = time.monotonic(), []
        for n in range(1, rounds + 1):
            factory.push(f"caps runs=5 runs-per-repo=5\n{command('one', WORKS, '')}"
                         + "".join(task(key, f"Round {n} of {key}.", "one") for key in KEYS))
            done = lambda: len(found := factory.pulls()) == len(KEYS) and found
            numbers = factory.until(f"round {n} is done", done)
            for number in numbers:
                factory.patch({"merge_pull" if n % 2 else "close_pull": number})
            if n in (WARM, rounds) or n % (rounds // 20) == 0:
                factory.daemon.quiet(0)
                samples.append(Sample(factory.daemon, n * len(KEYS), time.monotonic() - begun))
                print(f"      {samples[-1].shown()}", flush=True)
        report(bench, factory, samples)
    finally:
        factory.stop()


def report(bench, factory, samples):
    show = lambda what, *rest: bench.row("runs", f"endurance: {what}", *rest)
    warm, last = next(s for s in samples if s.done >= WARM * len(KEYS)), samples[-1]
    show("completions", f"{last.done:,} in {last.at:.0f} s")
    show("time of a completion, at the beginning and at the end", f"{pace(samples[0])} / {pace(last, samples[-2])}")
    drift = last.own - warm.own
    show(f"own memory of the daemon, from {warm.done:,} completions on", f"{warm.own:.1f} {drift:+.1f} MB", "≤ 1 MB", drift <= 1)
    for name, before, after in (("PSS", warm.pss, last.pss), ("RSS", warm.rss, last.rss)):
        show(f"{name}, with what was used of the program's file", f"{before:.1f} {after - before:+.1f} MB")
    files = [s.files for s in samples if s.done >= warm.done]
    show("open files of the daemon, fewest and most", f"{min(files)} to {max(files)}", "flat", max(files) - min(files) <= 2)
    open_runs = [run for run in factory.runs() if run["state"] != "closed" or run["outcome"] != "done"]
    show("runs that are not done and closed", len(open_runs), "none", not open_runs)
    workspaces = [place for place in factory.state.glob("runs-*/workspaces/*")]
    show("workspaces that are left", len(workspaces), f"≤ {len(KEYS)}", len(workspaces) <= len(KEYS))
    took = factory.daemon.stop()
    show("SIGTERM to exit, idle", ms(took), "≤ 500 ms", took <= 0.5)


def pace(sample, before=None):
    done, at = (before.done, before.at) if before else (0, 0)
    return ms((sample.at - at) / (sample.done - done))
