"""Checks that each public item has an example. Arguments: rustdoc's JSON files of the crates.

An item is a function, a method, a type, a trait, a macro or a constant that a user can name.
Fields, variants, associated types, modules and the methods of trait implementations do not count.

An item passes if its documentation has a block of Rust that is compiled, so not of `text`, `ignore`
or `compile_fail`. The block of a function, macro or constant must contain its name. An item also
passes if its documentation links to an item or module of these crates whose block contains the
name. For a type or trait, the link may also lead to one of its own methods, or to a function whose
signature contains the name. Links to other pages do not count.
"""

import collections
import json
import pathlib
import re
import sys

FENCED = re.compile(r"^ *(```+|~~~+)([^\n]*)\n(.*?)^ *\1", re.M | re.S)
COMPILED = re.compile(r"(rust|no_run|should_panic|edition\d+|[,\s])*$")
TYPES = {"struct", "enum", "union", "type_alias", "trait"}
OTHERS = {"function", "macro", "proc_macro", "constant", "assoc_const", "static"}


class Crate:
    """The public items of a crate."""

    def __init__(self, path):
        file = json.loads(pathlib.Path(path).read_text())
        self.index, self.paths, self.root = file["index"], file["paths"], file["root"]
        self.name = self.index[str(self.root)]["name"]

    def items(self):
        """Yields each item with its path."""
        seen, todo = set(), collections.deque([(self.root, ())])
        while todo:
            id, path = todo.popleft()
            item = self.index.get(str(id))
            # An item that is re-exported from another crate counts there.
            if item is None or id in seen:
                continue
            kind, inner = kind_of(item)
            if kind == "use":
                target = self.index.get(str(inner["id"]))
                glob = target and inner["is_glob"] and target["inner"].get("module")
                todo.extend((id, path) for id in (glob["items"] if glob else [inner["id"]]))
                continue
            seen.add(id)
            path += (item["name"],)
            if kind in TYPES | OTHERS:
                yield item, "::".join(path)
            members = inner["items"] if kind == "module" else self.members(item)
            todo.extend((id, path) for id in members)

    def members(self, item):
        """The ids of the members of a trait, or of those of a type that come from no trait."""
        kind, inner = kind_of(item)
        if kind == "trait":
            return inner["items"]
        ids = inner.get("impls", ()) if kind in TYPES else ()
        impls = [self.index[str(id)]["inner"]["impl"] for id in ids if str(id) in self.index]
        return [id for impl in impls if not impl["trait"] for id in impl["items"]]

    def linked(self, item, crates):
        """Yields the items and modules of these crates to which an item links."""
        for id in item["links"].values():
            place = self.paths.get(str(id))
            if found := self.index.get(str(id)):
                yield found
            elif place and place["path"][0] in crates:
                yield from crates[place["path"][0]].at(place)

    def at(self, place):
        """Yields what another crate knows by this path."""
        for id, own in self.paths.items():
            if (own["path"], own["kind"]) == (place["path"], place["kind"]) and id in self.index:
                yield self.index[id]


def kind_of(item):
    (pair,) = item["inner"].items()
    return pair


def examples(item):
    """The compiled blocks in the documentation of an item."""
    blocks = FENCED.findall(item["docs"] or "")
    return "\n".join(code for _, info, code in blocks if COMPILED.match(info))


def names(code, name):
    return re.search(rf"\b{name}\b", code) is not None


def in_signature(function, name):
    signature = json.dumps(function["inner"].get("function"))
    return re.search(rf'"path": "(\w+::)*{name}"', signature) is not None


def has_example(item):
    code = examples(item)
    return bool(code) and (kind_of(item)[0] in TYPES or names(code, item["name"]))


def has_link(crate, item, crates):
    name, is_type = item["name"], kind_of(item)[0] in TYPES
    members = crate.members(item)
    for other in crate.linked(item, crates):
        code = examples(other)
        shown = is_type and (other["id"] in members or in_signature(other, name))
        if code and (shown or names(code, name)):
            return True
    return False


def main():
    """Prints items without an example, and counts. Fails if there are some, or no item at all."""
    crates = {crate.name: crate for crate in map(Crate, sys.argv[1:])}
    missing = all = 0
    for crate in crates.values():
        counts = collections.Counter()
        for item, path in crate.items():
            if has_example(item):
                counts["with an example"] += 1
            elif has_link(crate, item, crates):
                counts["with a link to one"] += 1
            else:
                counts["without"] += 1
                span = item["span"]
                print(f"{span['filename']}:{span['begin'][0]}: {path} has no example")
        parts = (f", {number} {what}" for what, number in sorted(counts.items()))
        print(f"{crate.name}: {counts.total()} items", *parts, sep="")
        missing, all = missing + counts["without"], all + counts.total()
    sys.exit(missing > 0 or all == 0)


main()
