"""What all parts of tests/bench share: processes that are measured, the twin, the daemon."""

import json
import os
import pathlib
import queue
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from http.client import HTTPConnection

# A child's peak memory, as the kernel keeps it, starts at that of the process it was forked from. So children are
# started by a process that is itself small.
LAUNCH = """
import json, os, sys, time
out, err, argv = sys.argv[1], sys.argv[2], sys.argv[3:]
make = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
files = [(os.POSIX_SPAWN_OPEN, 1, out, make, 0o600), (os.POSIX_SPAWN_OPEN, 2, err, make, 0o600)]
start = time.perf_counter()
pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=files)
_, status, used = os.wait4(pid, 0)
wall = time.perf_counter() - start
print(json.dumps({"wall": wall, "cpu": used.ru_utime + used.ru_stime, "rss": used.ru_maxrss / 1024,
                  "exit": os.waitstatus_to_exitcode(status)}))
"""


class Failure(Exception):
    """Something could not be measured."""


class Ran:
    """A finished process: seconds, MiB, what it said."""

    def __init__(self, figures, out, err):
        self.wall, self.cpu = figures["wall"], figures["cpu"]
        self.rss, self.exit = figures["rss"], figures["exit"]
        self.out, self.err = out, err


class Bench:
    """What all parts share: binaries, a folder, the rows of the report."""

    def __init__(self, args, folder):
        self.args, self.folder = args, pathlib.Path(folder)
        self.rows, self.fresh = [], 0
        self.binary, self.yardstick = args.binary, args.yardstick
        (self.folder / "home").mkdir()
        keep = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER")
               for what, value in (("NAME", "bench"), ("EMAIL", "bench@example.com"))}
        self.env = {**keep, **who, "HOME": str(self.folder / "home"), "NO_COLOR": "1",
                    "GIT_CONFIG_NOSYSTEM": "1"}

    def new(self, name):
        """An empty folder of its own."""
        self.fresh += 1
        path = self.folder / f"{name}-{self.fresh}"
        path.mkdir()
        return path

    def run(self, *argv, cwd=None, env=None, expect=(0,)):
        out, err = self.folder / "stdout", self.folder / "stderr"
        argv = [str(a) for a in argv]
        launch = [sys.executable, "-I", "-S", "-c", LAUNCH, str(out), str(err), *argv]
        done = subprocess.run(launch, cwd=cwd, env={**self.env, **(env or {})}, stdout=subprocess.PIPE, check=True)
        ran = Ran(json.loads(done.stdout), out.read_text(), err.read_text())
        if ran.exit not in expect:
            raise Failure(f"{' '.join(argv)} ended with {ran.exit}\n{ran.err}{ran.out[-2000:]}")
        return ran

    def factory(self, *args, **how):
        return self.run(self.binary, *args, **how)

    def git(self, cwd, *args):
        subprocess.run(["git", "-c", "init.defaultBranch=main", *args], cwd=cwd, env=self.env, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def commit(self, cwd, text="config"):
        if not (cwd / ".git").exists():
            self.git(cwd, "init", "-q")
        self.git(cwd, "add", "-A")
        self.git(cwd, "commit", "-q", "-m", text)

    def row(self, part, what, value, bound="", within=None):
        """One line of the report; `within` says whether the bound is kept."""
        self.rows.append({"part": part, "what": what, "value": value, "bound": bound, "within": within})
        mark = {None: "  ", True: "ok", False: "!!"}[within]
        print(f"  {mark} {what:<66} {value:>16}  {bound}", flush=True)


class Twin:
    """GitHub as the twin plays it, in a process of its own."""

    def __init__(self, bench, generate, latency=0):
        self.bench = bench
        argv = [bench.binary, "twin", "--json", "--generate", generate, "--latency", str(latency)]
        self.process = subprocess.Popen(argv, env=bench.env, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise Failure("the twin did not start")
        self.facts = json.loads(line)

    def env(self, state):
        return {"FACTORY_GITHUB_API": self.facts["url"], "FACTORY_GITHUB_TOKEN": self.facts["token"],
                "FACTORY_STATE_DIR": str(state)}

    def admin(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.facts["admin"] + path, data=data, method=method)
        request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def latency(self, milliseconds):
        self.admin("PUT", "/latency", {"ms": milliseconds})

    def one_request(self, rounds=5):
        """The median time of one small query on a connection that is open: the yardstick for times with latency."""
        url = urllib.parse.urlsplit(self.facts["graphql"])
        connection = HTTPConnection(url.hostname, url.port)
        times = []
        for _ in range(rounds + 1):
            start = time.perf_counter()
            connection.request("POST", url.path, json.dumps({"query": "query One { rateLimit { cost } }"}),
                               {"authorization": f"bearer {self.facts['token']}", "content-type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise Failure(f"the twin answered {answer.status}")
            times.append(time.perf_counter() - start)
        connection.close()
        return statistics.median(times[1:])

    def traffic(self, work):
        """What `work` returns, and the requests that it caused."""
        self.admin("DELETE", "/log")
        result = work()
        return result, self.admin("GET", "/log")

    def stop(self):
        unknown = self.admin("GET", "/unknown")
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.process.stdout.close()
        if unknown:
            raise Failure(f"the twin does not know {unknown}")


def ms(seconds):
    return f"{seconds * 1e3:.0f} ms"


def middle(values):
    return statistics.median(values)


class Daemon:
    """`factoryctl run` on a bare repository, and the plans that it prints with the time of each."""

    def __init__(self, bench, config, env):
        self.bench, self.config, self.env = bench, config, env
        self.said = open(bench.folder / "daemon-said", "w+", encoding="utf-8")
        argv = [bench.binary, "run", "--json", "--config", str(config)]
        self.process = subprocess.Popen(argv, env={**bench.env, **env}, stdout=subprocess.PIPE, stderr=self.said)
        self.plans = queue.Queue()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.plans.put((time.time_ns(), json.loads(line)))

    def plan(self):
        """When the next plan was printed, and the plan."""
        try:
            return self.plans.get(timeout=60)
        except queue.Empty:
            raise Failure(f"the daemon printed no plan\n{self.errors()}") from None

    def errors(self):
        self.said.flush()
        return (self.bench.folder / "daemon-said").read_text(encoding="utf-8")[-2000:]

    def command(self, *args):
        return self.bench.factory("--config", self.config, *args, env=self.env)

    def status(self):
        return json.loads(self.command("status", "--json").out)

    def quiet(self, after):
        """Waits until no tick runs and `after` ticks have ended; the status."""
        for _ in range(600):
            status = self.status()
            ended = (status["last"] or {}).get("number", 0)
            if ended > after and all(l["state"] != "running" for l in status["loops"]):
                return status
            time.sleep(0.1)
        raise Failure(f"the daemon never came to rest\n{self.errors()}")

    def cpu(self):
        """Seconds of CPU of all its threads, those that have ended included: the CPU clock of the process, whose
        number is made of its id as clock_getcpuclockid(3) makes it."""
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def memory(self, field):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) / 1024

    def stop(self):
        """Ends it as an init system would; how long that took."""
        start = time.perf_counter()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        took = time.perf_counter() - start
        self.reader.join(5)
        if code != 0:
            raise Failure(f"the daemon ended with {code}\n{self.errors()}")
        return took
