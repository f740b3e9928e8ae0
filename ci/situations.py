"""Checks docs/peer-situations.md: each test of this repository that it names exists."""

import pathlib
import re
import sys

PAGE = pathlib.Path("docs/peer-situations.md")
TESTS = re.compile(r"#\[test\](?:\s*(?:#\[[^\n]*\]|//[^\n]*))*\s*(?:async )?fn (\w+)\(")
NAME = re.compile(r"`([\w-]+)/(\w+)::(\w+)`")
OUT = "does not apply: "


def fault(places, reference):
    """What is wrong with a reference to a test, or `None`."""
    prefix, file, name = reference
    if prefix not in places:
        return f"`{prefix}` is no prefix"
    path = places[prefix] / f"{file}.rs"
    if not path.exists():
        return f"{path} does not exist"
    if name not in TESTS.findall(path.read_text()):
        return f"{path} has no test `{name}`"
    return None


def main():
    """Prints each fault. Each heading must count its table, and each row name a test or a reason."""
    places, faults, heading = {}, [], None
    rows = left_out = 0
    names, theirs = set(), []

    def count():
        if heading and int(heading[1]) != len(theirs):
            faults.append(f"{heading[0]}: the table has {len(theirs)} tests")
        twice = {name for name in theirs if theirs.count(name) > 1}
        faults.extend(f"{heading[0]}: {name} twice" for name in twice)

    for line in PAGE.read_text().splitlines():
        if line.startswith("### "):
            count()
            heading, theirs = re.match(r"### .*, (\d+) tests$", line), []
            if not heading:
                faults.append(f"{line}: the heading counts no tests")
        is_row = line.startswith("| `")
        cells = [cell.strip() for cell in line.strip("|").split(" | ")] if is_row else []
        if len(cells) == 2:
            places[cells[0].strip("`")] = pathlib.Path(cells[1].strip("`"))
        elif len(cells) == 3:
            rows += 1
            theirs += re.findall(r"`(\w+)`", cells[0])
            references = NAME.findall(cells[2])
            names.update(references)
            left_out += cells[2].startswith(OUT)
            if not references and not cells[2].startswith(OUT):
                faults.append(f"{cells[0]}: no test and no reason")
            if "::" in NAME.sub("", cells[2]):
                faults.append(f"{cells[0]}: the last cell has a name of another form")
            faults.extend(filter(None, (fault(places, reference) for reference in references)))
        elif cells:
            faults.append(f"{cells[0]}: {len(cells)} cells")
    count()
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"{rows} situations, {left_out} do not apply, {len(names)} tests, {len(faults)} faults")
    sys.exit(bool(faults) or not rows)


main()
