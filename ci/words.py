"""Checks the prose of the repository: the words of its comments and pages, and the length of source lines."""

import pathlib
import re
import subprocess
import sys

# As the subject of a sentence, each of these hides the name of the thing that acts.
MARKERS = re.compile(r"\b(who|whoever|whom|somebody|nobody|everybody|anybody)\b", re.I)
ALLOWED = 5
COLUMNS = 100

# File ending -> where a line's comment begins.
COMMENTS = {".rs": "//", ".sh": "#", ".py": "#", ".toml": "#", ".yml": "#"}


def prose(path, line):
    """The part of a line that is prose, without code in backticks."""
    if path.suffix != ".md":
        _, mark, line = line.partition(COMMENTS[path.suffix])
        line = mark and line
    return re.sub(r"`[^`]*`", "", line)


def main():
    """Prints each marker word, and each source line that is too long. Fails if there are too many."""
    names = subprocess.check_output(["git", "ls-files"], text=True).splitlines()
    markers, long = [], []
    for path in map(pathlib.Path, names):
        if path.suffix not in {*COMMENTS, ".md"}:
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            markers += [f"{path}:{number}: {word}" for word in MARKERS.findall(prose(path, line))]
            if path.suffix == ".rs" and len(line) > COLUMNS:
                long.append(f"{path}:{number}: {len(line)} columns")
    if len(markers) > ALLOWED:
        print(*markers, sep="\n")
        print(f"{len(markers)} words name no thing that acts; {ALLOWED} are allowed")
    if long:
        print(*long, sep="\n")
        print(f"{len(long)} source lines have more than {COLUMNS} columns")
    sys.exit(len(markers) > ALLOWED or bool(long))


main()
