"""A history with a known truth: anchors to what a code base has, commits that move, rename, delete, split and copy it, and what
the program says became of each anchor."""

import collections
import json
import re

from pieces import cut, edited, halves, pieces, renamed

# What is done in a round, and to how many.
DEEDS = {
    "moved": 14, "moved, with edits": 10, "file moved": 6, "file merged into another": 4,
    "renamed": 14, "renamed, with edits": 10, "method renamed": 10,
    "deleted": 8, "deleted, a namesake elsewhere": 8, "deleted, another in its place": 8,
    "split in two": 6, "split off": 6, "copied": 8, "copied twice and deleted": 6,
}
DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def term(number, anchor):
    path, symbol = anchor
    digits = "".join(DIGITS[number >> shift & 31] for shift in (15, 10, 5, 0))
    fields = {"id": f"01M7YHXAT0CGV6E0BFJEMH{digits}", "name": f"Word {number}", "kind": "entity", "bounded_context": "code",
              "code_anchor": f"{path}:{symbol}", "aliases": [], "related": [], "evidence": [], "superseded_by": None,
              "superseded_reason": None, "confidence": "accepted", "created_at": "2026-11-21T09:00:00Z",
              "updated_at": "2026-11-21T09:00:00Z"}
    head = "".join(f"{key}: {json.dumps(value)}\n" for key, value in fields.items())
    return f"---\n{head}---\n\n## Definition\n\nWhat it stands for in the code.\n"


class Tally:
    """What was said of anchors, by what had been done to them."""

    def __init__(self):
        self.rows = collections.defaultdict(lambda: [0, 0, 0, 0])
        self.other_commit, self.wrongs, self.misses = 0, [], []

    def add(self, deed, real, found, wrong):
        for at, value in enumerate((1, real, found, wrong)):
            self.rows[deed][at] += value

    real = property(lambda self: sum(row[1] for row in self.rows.values()))
    found = property(lambda self: sum(row[2] for row in self.rows.values()))
    wrong = property(lambda self: sum(row[3] for row in self.rows.values()))

    def say(self):
        print(f"      {'what was done':<50} {'anchors':>8} {'to find':>8} {'found':>8} {'wrong':>8}")
        for deed, row in sorted(self.rows.items()):
            print(f"      {deed:<50} " + " ".join(f"{value:>8,}" for value in row))
        for wrong in self.wrongs[:20]:
            print(f"      wrong: {wrong}")


class Story:
    """A code base on its way, the anchors of its terms, and where what they led to really is."""

    def __init__(self, yard, dice, count):
        self.yard, self.dice, self.count = yard, dice, count
        self.texts = {}
        for path, content in yard.files.items():
            try:
                self.texts[path] = content.decode()
            except UnicodeDecodeError:
                continue
        self.known = {}
        # By the number of a term: where it is anchored, where that is now, what was done to it, the commit that renamed it.
        self.anchors, self.truth, self.deeds, self.by = {}, {}, {}, {}
        self.last, self.fresh = 0, 0
        self.touched = set()

    # -- the files ---------------------------------------------------------------------------------------------

    def pieces(self, path):
        if path not in self.known:
            self.known[path] = pieces(path, self.texts[path])
        return self.known[path]

    def lines(self, path):
        return self.texts[path].split("\n")

    def write(self, path, text):
        self.texts[path] = text
        self.known.pop(path, None)
        self.yard.put(path, text.encode())

    def remove(self, path):
        del self.texts[path]
        self.known.pop(path, None)
        (self.yard.folder / path).unlink()

    def append(self, path, text):
        self.write(path, self.texts[path].rstrip("\n") + f"\n\n\n{text}\n")

    def take(self, path, piece):
        """A piece's text, which is gone from its file then."""
        lines = self.lines(path)
        text = piece.text(lines)
        self.write(path, "\n".join(cut(lines, piece.spans)))
        return text

    def elsewhere(self, path, *names):
        """Another file that has none of these names."""
        for other in self.dice.sample(sorted(self.texts), 60):
            if other != path and self.texts[other].strip() and not any(re.search(rf"\b{name}\b", self.texts[other]) for name in names):
                return other
        return None

    def new_name(self, name):
        self.fresh += 1
        return f"{name}_again_{self.fresh}" if name.islower() else f"{name}Again{self.fresh}"

    def donor(self, path, piece):
        """Another piece of the same kind from another file, somewhat as large."""
        size = sum(end - start for start, end in piece.spans)
        for other in self.dice.sample(sorted(self.texts), 60):
            for it in self.pieces(other).values():
                if other != path and it.kind == piece.kind and 0.5 <= sum(end - start for start, end in it.spans) / size <= 2:
                    return it, it.text(self.lines(other))
        return None, None

    def defined_once(self, name):
        made = re.compile(rf"\b(?:class|def|fn|struct|enum|trait|union|type|const|static|mod|let|macro_rules!) {name}\b")
        return len(name) >= 8 and sum(len(made.findall(text)) for text in self.texts.values() if name in text) == 1

    # -- the anchors -------------------------------------------------------------------------------------------

    def begin(self, anchors=None):
        """Terms for these anchors; without any, anchors to where everything is, with new ones in place of what is gone."""
        if anchors is None:
            self.anchors = {number: at for number, at in self.truth.items() if at is not None}
            self.sample()
            self.truth.update(self.anchors)
            self.deeds, self.by = {}, {}
        folder = self.yard.folder / "wiki/terms"
        for file in folder.glob("*.md"):
            file.unlink()
        for number, at in (anchors or self.anchors).items():
            self.yard.put(f"wiki/terms/word-{number}.md", term(number, at).encode())
        self.yard.commit("terms")
        return dict(anchors or self.anchors)

    def sample(self):
        taken = set(self.anchors.values())
        types, others = [], []
        for path in sorted(self.texts):
            for piece in self.pieces(path).values():
                (types if piece.kind == "type" else others).append((path, piece.name))
                others += [(path, f"{piece.name}.{method}") for method in piece.methods]
        for all_, share in ((types, 0.6), (others, 1)):
            free = [at for at in all_ if at not in taken]
            for at in self.dice.sample(free, max(0, int(self.count * share) - len(self.anchors))):
                self.last += 1
                self.anchors[self.last] = at

    def note(self, deed, path, symbol, to):
        """What was done to a symbol, and where it is now; what stands in it goes along."""
        for number, at in self.truth.items():
            if at and at[0] == path and (at[1] == symbol or at[1].startswith(f"{symbol}.")):
                self.truth[number] = to and (to[0], to[1] + at[1][len(symbol):])
                self.deeds[number] = deed if number not in self.deeds else "several of these"
                self.touched.add(number)

    # -- what is done ------------------------------------------------------------------------------------------

    def round(self):
        commits = 0
        for deed, count in DEEDS.items():
            numbers = [number for number, at in self.truth.items() if at and number not in self.deeds]
            self.dice.shuffle(numbers)
            for number in numbers:
                if count == 0:
                    break
                self.touched = set()
                if number not in self.deeds and self.do(deed, *self.truth[number]):
                    count -= 1
                    commits += 1
                    self.yard.commit(f"{deed} {commits}")
                    head = self.yard.head()
                    self.by.update((it, head) for it in self.touched)
        return commits

    def do(self, deed, path, symbol):
        """Does it, or says that it can't be done to that."""
        name, _, method = symbol.partition(".")
        piece = self.pieces(path).get(name)
        about_methods = {"method renamed": method != "", "split in two": True, "split off": True}
        if piece is None or not about_methods.get(deed, method == ""):
            return False
        ways = {
            "moved": self.move, "moved, with edits": self.move, "file moved": self.move_file,
            "file merged into another": self.merge_file, "renamed": self.rename, "renamed, with edits": self.rename,
            "method renamed": self.rename_method, "deleted": self.delete, "deleted, a namesake elsewhere": self.delete,
            "deleted, another in its place": self.delete, "split in two": self.split, "split off": self.split,
            "copied": self.copy, "copied twice and deleted": self.copy,
        }
        return ways[deed](deed, path, piece, method)

    def move(self, deed, path, piece, _):
        to = self.elsewhere(path, piece.name)
        if to is None:
            return False
        text = self.take(path, piece)
        self.append(to, edited(to, text, self.dice) if "edits" in deed else text)
        self.note(deed, path, piece.name, (to, piece.name))
        return True

    def move_file(self, deed, path, piece, _):
        folder = self.dice.choice(sorted(self.texts)).rpartition("/")[0]
        stem = path.rpartition("/")[2]
        to = f"{folder}/{stem if self.dice.randrange(2) else 'other_' + stem}"
        if to in self.texts or stem in ("__init__.py", "mod.rs", "lib.rs"):
            return False
        self.write(to, self.texts[path])
        self.remove(path)
        for name in {at[1].partition(".")[0] for at in self.truth.values() if at and at[0] == path}:
            self.note(deed, path, name, (to, name))
        return True

    def merge_file(self, deed, path, piece, _):
        names = list(self.pieces(path))
        to = self.elsewhere(path, *names)
        if to is None or path.endswith(("__init__.py", "mod.rs", "lib.rs")):
            return False
        self.append(to, self.texts[path])
        self.remove(path)
        for name in {at[1].partition(".")[0] for at in self.truth.values() if at and at[0] == path}:
            self.note(deed, path, name, (to, name))
        return True

    def rename(self, deed, path, piece, _):
        new = self.new_name(piece.name)
        if piece.name in piece.methods:
            return False
        if self.defined_once(piece.name):
            for other in [other for other, text in self.texts.items() if piece.name in text]:
                text = renamed(self.texts[other], piece.name, new)
                if text != self.texts[other]:
                    self.write(other, text)
        else:
            lines = self.lines(path)
            for start, end in piece.spans:
                lines[start:end] = renamed("\n".join(lines[start:end]), piece.name, new).split("\n")
            self.write(path, "\n".join(lines))
        if "edits" in deed:
            lines = self.lines(path)
            for start, end in self.pieces(path)[new].spans:
                lines[start:end] = edited(path, "\n".join(lines[start:end]), self.dice).split("\n")
            self.write(path, "\n".join(lines))
        self.note(deed, path, piece.name, (path, new))
        return True

    def rename_method(self, deed, path, piece, method):
        if method not in piece.methods:
            return False
        new, lines = self.new_name(method), self.lines(path)
        for start, end in piece.spans:
            lines[start:end] = renamed("\n".join(lines[start:end]), method, new).split("\n")
        self.write(path, "\n".join(lines))
        self.note(deed, path, f"{piece.name}.{method}", (path, f"{piece.name}.{new}"))
        return True

    def delete(self, deed, path, piece, _):
        other, text = self.donor(path, piece)
        to = self.elsewhere(path, piece.name)
        if other is None or to is None:
            return False
        self.take(path, piece)
        if deed == "deleted, a namesake elsewhere":
            self.append(to, renamed(text, other.name, piece.name))
        elif deed == "deleted, another in its place":
            self.append(path, renamed(text, other.name, self.new_name(other.name)))
        self.note(deed, path, piece.name, None)
        return True

    def split(self, deed, path, piece, _):
        first = piece.name if deed == "split off" else self.new_name(piece.name)
        both = halves(path, self.lines(path), piece, (first, self.new_name(piece.name)))
        if both is None:
            return False
        second = re.search(rf"\b{piece.name}Again\d+", both[1][0])
        if second is None:
            return False
        self.take(path, piece)
        for (text, methods), name in zip(both, (first, second[0])):
            self.append(path, text)
            for method in methods:
                self.note(f"{deed}: its methods", path, f"{piece.name}.{method}", (path, f"{name}.{method}"))
        self.note(deed, path, piece.name, (path, first) if deed == "split off" else None)
        return True

    def copy(self, deed, path, piece, _):
        text = piece.text(self.lines(path))
        for _ in range(1 if deed == "copied" else 2):
            to = self.elsewhere(path, piece.name)
            if to is None:
                return False
            self.append(to, text)
        if deed == "copied":
            self.note(deed, path, piece.name, (path, piece.name))
        else:
            self.take(path, piece)
            self.note(deed, path, piece.name, None)
        return True

    def rename_root(self):
        """Everything lies below another folder now, and config says so."""
        away = {root: f"lib/{root}_core" for root in self.yard.roots}
        moved = {path: away[path.partition("/")[0]] + path[path.index("/"):] for path in self.texts}
        for old, new in away.items():
            (self.yard.folder / new).parent.mkdir(exist_ok=True)
            (self.yard.folder / old).rename(self.yard.folder / new)
        self.texts = {moved[path]: text for path, text in self.texts.items()}
        self.known = {}
        self.yard.roots = list(away.values())
        self.yard.config()
        for number, at in self.truth.items():
            self.truth[number] = at and (moved[at[0]], at[1])
            self.deeds[number] = "source root renamed"
        self.yard.commit("source root renamed")

    # -- what is said of it ------------------------------------------------------------------------------------

    def score(self, said, anchors, total, prefix=""):
        """Compares what became of anchors, as it is said, with the truth."""
        told = {}
        for it in json.loads(said)["diagnostics"]:
            if it["code"] == "anchors":
                number = re.search(r"word-(\d+)\.md", json.dumps(it["places"]))
                told[int(number[1])] = it
        for number, at in anchors.items():
            truth = self.truth[number]
            it = told.get(number)
            says = f"{it['message']}; {it.get('help') or ''}" if it else ""
            to = re.search(r'it has moved: write "([^"]+)"|commit (\w*) renamed it to `([^`]+)`', says)
            led = to and tuple((to[1] or to[3]).rsplit(":", 1))
            deed = prefix + self.deeds.get(number, "nothing")
            moved = truth is not None and truth != at
            total.add(deed, moved, moved and led == truth, bool(led and led != truth))
            if led and led != truth:
                total.wrongs.append(f"{deed}: {':'.join(at)} → {':'.join(led)}, in truth {truth and ':'.join(truth)}")
            elif moved and led is None:
                total.misses.append(f"{deed}: {':'.join(at)}: {says or 'is there'}; in truth {':'.join(truth)}")
            if led and to[2] is not None and not prefix and self.by.get(number, to[2]) != to[2]:
                total.other_commit += 1
