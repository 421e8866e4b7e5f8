"""What it costs to read the code of a project, and how well anchors are followed in it, on two published code bases."""

import contextlib
import fnmatch
import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tarfile
import tempfile

from harness import Failure, middle, ms
from moves import Story, Tally

KEPT = pathlib.Path(__file__).resolve().parent.parent.parent / "target/language"
SHELL = "/bin/sh"
SEED = 6
# How many anchors there are, and how often some of what they lead to is moved, renamed, deleted.
ANCHORS, ROUNDS = 400, 3


class Python:
    """The sources of Django and some of its tests."""

    name, end, roots, code = "Python", ".py", ["django", "tests"], 1
    wanted = ["django/*", "tests/a*"]
    packages = [("Django", "5.2.1", "57fe1f1b59462caed092c80b3dd324fd92161b620d59a9ba9181c34746c97284")]

    @staticmethod
    def file(package, version):
        return KEPT / f"{package.lower()}-{version}.tar.gz"

    @staticmethod
    def fetch(package, version, digest):
        """By pip, as it is configured here: it looks for a name and checks the digest."""
        with tempfile.TemporaryDirectory() as folder:
            asked = pathlib.Path(folder) / "requirements.txt"
            asked.write_text(f"{package}=={version} --hash=sha256:{digest}\n", encoding="utf-8")
            called("`pip download` (python3-pip)", sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:",
                   "--require-hashes", "-r", asked, "-d", KEPT, cwd=folder)

    @staticmethod
    def place(package, path):
        return path


class Rust:
    """The sources of the larger crates of Nushell, beside each other as in their repository."""

    name, end, roots, code = "Rust", ".rs", ["crates"], 0
    wanted = ["crates/*"]
    packages = [
        ("nu-command", "0.115.1", "80f4b14ed27ecebd6116468167cc87bd31d0ef2b7cbdbfb3f8ed8e00ca9ce2b6"),
        ("nu-protocol", "0.115.1", "9a08bfd4a3f4f0fe63a9c6e17cd2a99cf56accd37151c7b7f2ae6b7af5ea5c13"),
        ("nu-cmd-lang", "0.115.1", "3aa84663d0431c1bdac3ecada9ac79632cbe185108118744465d46258ccb3119"),
        ("nu-parser", "0.115.1", "9672e0c0192a07bcde2fb2ebc5316afedeee1d1a717407b2c4dcae238aae0b98"),
        ("nu-engine", "0.115.1", "60d346479ba5b64fa93361735cda70010b3a0a179b03c8517e2fb69784014e1b"),
    ]

    @staticmethod
    def file(package, version):
        home = pathlib.Path(os.environ.get("CARGO_HOME") or pathlib.Path.home() / ".cargo")
        found = sorted(home.glob(f"registry/cache/*/{package}-{version}.crate"))
        return found[0] if found else KEPT / f"{package}-{version}.crate"

    @staticmethod
    def fetch(package, version, digest):
        """By cargo, as it is configured here: what it tells of a package it reads from its sources. It keeps them with those of
        all other crates, and checks the registry's digest; ours is checked besides."""
        # Outside of this project, whose lock file has nothing to say here.
        with tempfile.TemporaryDirectory() as folder:
            called("`cargo info`", "cargo", "info", "--quiet", f"{package}@{version}", cwd=folder)

    @staticmethod
    def place(package, path):
        return f"crates/{package}/{path}"


def called(what, *argv, cwd):
    try:
        done = subprocess.run([str(a) for a in argv], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600,
                              check=False)
    except FileNotFoundError:
        raise Failure(f"{argv[0]} is missing, and sources of packages are downloaded with {what}") from None
    if done.returncode != 0:
        raise Failure(f"sources of packages are downloaded with {what}, which needs their registry; it said:\n{done.stdout[-2000:]}")


def archive(base, package, version, digest):
    """The published sources of a package, downloaded unless they are there."""
    KEPT.mkdir(parents=True, exist_ok=True)
    right = lambda file: file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == digest
    if not right(base.file(package, version)):
        base.fetch(package, version, digest)
    file = base.file(package, version)
    if not right(file):
        raise Failure(f"{file} isn't the published {package} {version}: delete it, and it is downloaded again")
    return file


def sources(base):
    """The source files of a code base, by path."""
    files = {}
    for package, version, digest in base.packages:
        with tarfile.open(archive(base, package, version, digest)) as tar:
            for member in tar:
                path = base.place(package, member.name.partition("/")[2])
                if member.isfile() and path.endswith(base.end) and any(fnmatch.fnmatch(path, glob) for glob in base.wanted):
                    files[path] = tar.extractfile(member).read()
    return dict(sorted(files.items()))


class Yard:
    """A repository with the sources of a code base, and a config that reads them."""

    def __init__(self, bench, base):
        self.bench, self.base, self.roots = bench, base, base.roots
        self.folder, self.state = bench.new("code"), bench.new("state")
        self.files = sources(base)
        for path, content in self.files.items():
            self.put(path, content)
        self.config()
        self.commit("sources as published")
        # As whoever clones it has it.
        bench.git(self.folder, "gc", "-q")

    def put(self, path, content):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def config(self, roots=True):
        named = " ".join(f'"{root}"' for root in self.roots)
        roots = f"    roots {named}\n" if roots else ""
        text = f'factory "acme"\nlanguage {{\n{roots}    context "code"\n    lint "coverage" level="off"\n}}\n'
        self.put("factory.kdl", text.encode())

    def commit(self, text):
        self.bench.commit(self.folder, text)

    def head(self):
        done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=self.folder, env=self.bench.env, stdout=subprocess.PIPE, check=True, text=True)
        return done.stdout.strip()

    def lint(self, *args, state=None):
        """`term lint`, which reads the code and all terms, and looks up what became of anchors."""
        env = {"FACTORY_STATE_DIR": str(state or self.state)}
        ran = self.bench.factory("term", "lint", "--json", *args, cwd=self.folder, env=env, expect=(0, 3))
        # A config that is wrong fails in the same way, and reads nothing.
        wrong = [it["message"] for it in json.loads(ran.out)["diagnostics"] if it["code"].startswith("config::")]
        if wrong:
            raise Failure(f"the config is wrong: {wrong[0]}")
        return ran


def language(bench):
    for base in (Python, Rust):
        yard = Yard(bench, base)
        times(bench, yard)
        followed(bench, yard)


# -- what reading costs ----------------------------------------------------------------------------------------

def number(data, at):
    """A number as the records of symbols have it, and where it ends."""
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at


def read_alone(bench, yard):
    """One process that does nothing but read all the files, one after the other; how many symbols are in them, and how many
    files weren't read, or not whole."""
    asked, answered = bench.folder / "asked", bench.folder / "answered"
    asked.write_bytes(b"".join(bytes([yard.base.code]) + len(content).to_bytes(8, "little") + content for content in yard.files.values()))
    line = '"$0" read-code --longest-ms 5000 <"$1" >"$2"'
    runs = [bench.run(SHELL, "-c", line, bench.binary, asked, answered) for _ in range(bench.args.runs)]
    data, at, symbols, unread = answered.read_bytes(), 0, 0, 0
    while at < len(data):
        length = int.from_bytes(data[at:at + 8], "little")
        # Four bytes of a head, then the language, why it was left out, whether it is a part, and no package.
        skip, part, package = data[at + 13:at + 16]
        if package:
            raise Failure("no file of these languages names a package")
        unread += bool(skip or part)
        symbols += number(data, at + 16)[0]
        at += 8 + length
    return middle(run.wall for run in runs), symbols, unread


def times(bench, yard):
    base, runs = yard.base, bench.args.runs * 2 + 1
    size = sum(len(content) for content in yard.files.values())
    alone, symbols, unread = read_alone(bench, yard)
    packages = ", ".join(f"{package} {version}" for package, version, _ in base.packages)
    print(f"\nlanguage: {base.name}: {packages}")
    print(f"      {len(yard.files):,} files, {size:,} bytes, {symbols:,} symbols, {unread} files not read whole")
    show = lambda what, *rest: bench.row("language", f"{base.name}: {what}", *rest)
    show("yardstick: one process that only reads them, one after the other", ms(alone))
    for name, args in (("working tree", ()), ("commit", ("--at", "main"))):
        yard.config(roots=False)
        yard.commit("no code")
        rest = middle(yard.lint(*args).wall for _ in range(runs))
        yard.config()
        yard.commit("code")
        show(f"{name}: yardstick: the same command where no code is declared", ms(rest))
        measured(yard, show, (name, args, runs), (alone, rest))


def measured(yard, show, what, yardsticks):
    """What the index takes is what the command takes beyond the same one that reads no code."""
    (name, args, runs), (alone, rest) = what, yardsticks
    cold, warm, changed = [], [], []
    for _ in range(runs):
        state = yard.bench.new("state")
        cold.append(yard.lint(*args, state=state))
    for _ in range(runs):
        warm.append(yard.lint(*args, state=state))
    path = list(yard.files)[len(yard.files) // 2]
    for n in range(runs):
        yard.put(path, yard.files[path] + {".py": f"\nCHANGED = {n}\n", ".rs": f"\nconst CHANGED: u32 = {n};\n"}[yard.base.end].encode())
        if args:
            yard.commit(f"change {n}")
        changed.append(yard.lint(*args, state=state))
    yard.put(path, yard.files[path])
    if args:
        yard.commit("as published again")
    wall = lambda runs: middle(run.wall for run in runs)
    for what, ran, bound in (("cold", cold, 1.5), ("nothing changed", warm, 0.05), ("one file changed", changed, 0.1)):
        took = wall(ran)
        beside = f" = {took / alone:.2f} × reading" if what == "cold" else f" = {took / rest:.1f} × no code"
        show(f"{name}: {what}, the whole command",
             f"{ms(took)}{beside}, least {ms(min(run.wall for run in ran))}, CPU {ms(middle(run.cpu for run in ran))}")
        show(f"{name}: {what}, the index alone", ms(took - rest), f"≤ {ms(bound)}", took - rest <= bound)
    show(f"{name}: peak memory of a process, cold / nothing changed",
         f"{max(run.rss for run in cold):.1f} / {max(run.rss for run in warm):.1f} MB")
    kept = sum(file.stat().st_size for file in state.glob("**/symbols.sqlite*"))
    show(f"{name}: what is kept of it", f"{kept / 1e6:.1f} MB")


# -- what became of anchors ------------------------------------------------------------------------------------

def followed(bench, yard):
    """Rounds of commits with a known truth, after each of which is looked where the anchors lead; what they led to at first is
    looked for at the end once more, as by somebody who wasn't there in between."""
    print(f"\nlanguage: {yard.base.name}: {ANCHORS} anchors through {ROUNDS} rounds of commits, seed {SEED}")
    story = Story(yard, random.Random(SEED), ANCHORS)
    first, total = None, Tally()
    for n in range(ROUNDS):
        begun = story.begin()
        first = first or begun
        commits = story.round()
        ran = yard.lint()
        story.score(ran.out, begun, total)
        print(f"      round {n + 1}: {commits} commits, looked at in {ms(ran.wall)}")
    begun = story.begin()
    story.rename_root()
    ran = yard.lint()
    story.score(ran.out, begun, total)
    print(f"      the source root renamed: looked at in {ms(ran.wall)}")
    story.begin(first)
    ran = yard.lint()
    story.score(ran.out, first, total, "all of it at once: ")
    print(f"      all of it at once, from the anchors of the beginning: looked at in {ms(ran.wall)}")
    total.say()
    show = lambda what, *rest: bench.row("language", f"{yard.base.name}: {what}", *rest)
    share = total.found / total.real
    show("real moves and renames that are recognised", f"{total.found} of {total.real} = {share:.1%}", "≥ 95 %", share >= 0.95)
    show("anchors led to what they weren't", total.wrong, "none", total.wrong == 0)
    show("renames told with another commit", total.other_commit, "none", total.other_commit == 0)
