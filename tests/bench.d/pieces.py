"""Where definitions lie in source files, so that a script can move, rename and split them. It knows its code bases: Python by its
own parser, Rust as rustfmt lays it out. What it can't cut out cleanly it doesn't name."""

import ast
import collections
import re

ITEM = re.compile(r"(?:pub(?:\([^)]*\))? )?(?:async |unsafe |const )*(struct|enum|trait|union|fn) (\w+)")
IMPL = re.compile(r"impl\b(?:<[^{]*?>)? (?:[^{]*? for )?(?:\w+::)*(\w+)")
METHOD = re.compile(r"    (?:pub(?:\([^)]*\))? )?(?:async |unsafe |const )*fn (\w+)")


class Piece:
    """A type or a function of a file: the lines that it lies on, from and to, the definition itself first; and those of its
    methods."""

    def __init__(self, name, kind, spans):
        self.name, self.kind, self.spans, self.methods = name, kind, spans, {}

    def text(self, lines):
        return "\n\n".join("\n".join(lines[start:end]) for start, end in self.spans)


def once(pairs):
    """What is there under one name only once."""
    counts = collections.Counter(name for name, _ in pairs)
    return {name: value for name, value in pairs if counts[name] == 1}


def pieces(path, text):
    """The types and functions of a file that stand in nothing else, each name once."""
    lines = text.split("\n")
    found = python(text) if path.endswith(".py") else rust(lines)
    return once([(piece.name, piece) for piece in found])


def python(text):
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return []
    start = lambda node: min([node.lineno, *(mark.lineno for mark in node.decorator_list)]) - 1
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = []
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, *functions)):
            kind = "type" if isinstance(node, ast.ClassDef) else "function"
            piece = Piece(node.name, kind, [(start(node), node.end_lineno)])
            if kind == "type":
                piece.methods = once([(it.name, (start(it), it.end_lineno)) for it in node.body if isinstance(it, functions)])
            found.append(piece)
    return found


def end_of(lines, at, closing):
    """Behind the line that closes what begins at a line."""
    if lines[at].rstrip().endswith((";", "}")):
        return at + 1
    return next((n + 1 for n in range(at + 1, len(lines)) if lines[n].startswith(closing) and lines[n].strip() in ("}", ");", "};")), None)


def begin_of(lines, at):
    """The first of the comments and attributes right before a line."""
    indent = lines[at][:len(lines[at]) - len(lines[at].lstrip())]
    while at > 0 and lines[at - 1].startswith((f"{indent}///", f"{indent}//", f"{indent}#[")):
        at -= 1
    return at


def rust(lines):
    found, impls = [], []
    for at, line in enumerate(lines):
        item, impl = ITEM.match(line), IMPL.match(line)
        end = end_of(lines, at, ("}", ")")) if item or impl else None
        # Braces in texts make a cut doubtful.
        if end is None or "\n".join(lines[at:end]).count("{") != "\n".join(lines[at:end]).count("}"):
            continue
        span = (begin_of(lines, at), end)
        if item:
            found.append(Piece(item[2], "function" if item[1] == "fn" else "type", [span]))
        else:
            impls.append((impl[1], span))
    for piece in found:
        piece.spans += [span for name, span in impls if name == piece.name and piece.kind == "type"]
        methods = []
        for start, end in piece.spans[1:]:
            for at in range(start, end):
                method = METHOD.match(lines[at])
                close = end_of(lines[:end], at, "    }") if method else None
                if close:
                    methods.append((method[1], (begin_of(lines, at), close)))
        piece.methods = once(methods)
    return found


def cut(lines, spans):
    """The lines without some of them."""
    gone = {at for start, end in spans for at in range(start, end)}
    return [line for at, line in enumerate(lines) if at not in gone]


def renamed(text, old, new):
    return re.sub(rf"\b{re.escape(old)}\b", new, text)


def edited(path, text, dice):
    """About one in six of the plain statements is another one."""
    lines = text.split("\n")
    for at in statements(path, lines):
        if dice.randrange(6) == 0:
            indent, n = lines[at][:len(lines[at]) - len(lines[at].lstrip())], dice.randrange(1000)
            lines[at] = f"{indent}seen_{n} = check_{n}(before={n})" if path.endswith(".py") else f"{indent}let seen_{n} = check_{n}({n});"
    return "\n".join(lines)


def statements(path, lines):
    """The lines that are one statement of a function."""
    if not path.endswith(".py"):
        before = (";", "{", "}")
        return [at for at in range(1, len(lines)) if re.match(r"\s{8,}let \w.*;$", lines[at]) and lines[at - 1].rstrip().endswith(before)]
    plain = (ast.Assign, ast.AugAssign, ast.Expr, ast.Return, ast.Raise)
    inside = [it for node in ast.walk(ast.parse("\n".join(lines))) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
              for it in ast.walk(node)]
    return sorted({it.lineno - 1 for it in inside if isinstance(it, plain) and it.lineno == it.end_lineno
                   and ";" not in lines[it.lineno - 1] and lines[it.lineno - 1].lstrip().startswith(("self", "return", "raise", *IDENTIFIERS))})


IDENTIFIERS = tuple("abcdefghijklmnopqrstuvwxyz_")


def halves(path, lines, piece, names):
    """The texts of two types that share what a type has, its methods dealt out in turn, and the methods of each; nothing where
    that can't be done cleanly."""
    methods = sorted(piece.methods.items(), key=lambda it: it[1])
    if piece.kind != "type" or len(methods) < 4 or len(piece.spans) != (1 if path.endswith(".py") else 2):
        return None
    start, end = piece.spans[-1]
    close = [] if path.endswith(".py") else [lines[end - 1]]
    end -= len(close)
    head = [line for span in piece.spans[:-1] for line in lines[span[0]:span[1]]] + lines[start:methods[0][1][0]]
    bounds = [span[0] for _, span in methods] + [end]
    out = []
    for half, name in enumerate(names):
        body = [line for n in range(half, len(methods), 2) for line in lines[bounds[n]:bounds[n + 1]]]
        out.append((renamed("\n".join(head + body + close), piece.name, name), [name for name, _ in methods[half::2]]))
    return out
