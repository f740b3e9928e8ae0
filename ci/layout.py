"""Checks how the files of the crates import each other: see `main`."""

import pathlib
import re
import sys

NOISE = re.compile(r"""//[^\n]*|/\*.*?\*/|r?"(?:\\.|[^"\\])*"|'(?:\\[^']+|[^'\\\n])'""", re.S)
TESTS = re.compile(
    r"#\[cfg\((?:all\()?test\b[^]]*\]\s*(?:pub\(crate\) )?(?:mod \w+|impl[^{;]*) \{"
)

# Folder of core -> the folders that it may import from. All may use the files at the top.
ARROWS = {
    "pusher": {"cursor", "list"},
    "cursor": {"list", "wait"},
    "list": {"wait"},
    "task": {"wait"},
    "wait": set(),
}


def without_tests(text):
    """The text without comments, literals and unit tests."""
    text = NOISE.sub(" ", text)
    while match := TESTS.search(text):
        depth, at = 1, match.end()
        while depth:
            depth += (text[at] == "{") - (text[at] == "}")
            at += 1
        text = text[:match.start()] + text[at:]
    return text


def without_re_exports(text):
    """The text without each `pub use` of names that the file itself does not use."""
    for use in re.findall(r"\bpub use\s[^;]*;", text):
        rest = text.replace(use, " ")
        names = {leaf[-1] for leaf in leaves(use[len("pub use "):-1])}
        if not names & set(re.findall(r"\w+", rest)):
            text = rest
    return text


def leaves(tree, prefix=()):
    """Each path of a `use` tree, as a tuple of names."""
    tree = tree.strip()
    head, brace, rest = tree.partition("{")
    path = prefix + tuple(name.strip() for name in head.split("::") if name.strip())
    if not brace:
        if path:
            yield path
        return
    depth, part = 0, ""
    for char in rest[:rest.rindex("}")] + ",":
        depth += (char == "{") - (char == "}")
        if char == "," and depth == 0:
            if part.strip():
                yield from leaves(part, path)
            part = ""
        else:
            part += char


def imports(src):
    """File -> the files that it imports from."""
    files = {}
    for path in sorted(src.rglob("*.rs")):
        inside = path.relative_to(src).with_suffix("").parts
        files[inside[:-1] if inside[-1] == "mod" else inside] = path
    found = {}
    for module, path in files.items():
        text = without_re_exports(without_tests(path.read_text()))
        trees = re.findall(r"\buse\s+((?:crate|super)\b[^;]*);", text)
        trees += re.findall(r"\b((?:crate|super)(?:::\w+)+)", re.sub(r"\buse\s[^;]*;", "", text))
        # A path that begins with a child.
        own = ("crate",) + module
        trees += [
            "::".join(own) + "::" + tree for tree in re.findall(r"\buse\s+(\w[^;]*);", text)
            if module + (re.match(r"\w+", tree)[0],) in files
        ]
        found[path] = set()
        for leaf in (leaf for tree in trees for leaf in leaves(tree)):
            base = ()
            if leaf[0] == "super":
                base = module[:-leaf.count("super")]
            target = base + tuple(name for name in leaf if name not in ("crate", "super", "self"))
            while target and target not in files:
                target = target[:-1]
            if target and files[target] != path:
                found[path].add(files[target])
    return found


def circles(found):
    """The strongly connected components with more than one file (Tarjan)."""
    index, low, stack, result = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in found[node]:
            if other not in index:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == index[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                result.append(stack[at:])
            del stack[at:]

    for node in found:
        if node not in index:
            visit(node)
    return result


def main():
    """Prints each circle among the files of a crate, and each import against `ARROWS`. Fails if there is one."""
    faults = 0
    for src in map(pathlib.Path, sys.argv[1:]):
        found = imports(src)
        for circle in circles(found):
            faults += 1
            names = " ".join(str(path.relative_to(src)) for path in circle)
            print(f"{src}: these import each other: {names}")
            for path in circle:
                print("   ", path.relative_to(src), "->", *(str(o.relative_to(src)) for o in found[path] if o in circle))
        if src.parent.name != "aiter-core":
            continue
        for path, others in found.items():
            folder = path.relative_to(src).parts[0]
            for other in others:
                target = other.relative_to(src).parts[0]
                if folder in ARROWS and target in ARROWS and target not in ARROWS[folder] | {folder}:
                    faults += 1
                    print(f"{path}: imports {other.relative_to(src)}, an arrow back")
    sys.exit(faults > 0)


main()
