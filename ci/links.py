"""Checks the links of all Markdown pages into this repository, and those to its documentation: see `main`."""

import pathlib
import re
import subprocess
import sys

# A path of an item, which rustdoc checks.
ITEM = re.compile(r"[\w:]+(\(\)?|#[\w-]+)?$")
REPOSITORY = re.search(r'^repository = "(.*)"', pathlib.Path("Cargo.toml").read_text(), re.M)[1]
# The address of a file of this repository, and of a page of documentation.
FILE = re.compile(re.escape(REPOSITORY) + r"/(?:blob|tree)/main/(.*)")
DOCUMENTATION = re.compile(r"https://docs\.rs/[\w-]+/latest/([^#]*)#?(.*)")
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)", re.M)
FENCED = re.compile(r"^(```|~~~).*?^\1[^\S\n]*$", re.M | re.S)


def prose(path):
    """The text of a page without its blocks of code."""
    return FENCED.sub("", path.read_text())


def anchors(path):
    """The anchors that GitHub gives to the headings of a page."""
    seen, found = {}, set()
    for heading in re.findall(r"^#{1,6}\s+(.*?)\s*#*$", prose(path), re.M):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        number = seen.get(anchor, 0)
        seen[anchor] = number + 1
        found.add(f"{anchor}-{number}" if number else anchor)
    return found


def documentation_fault(docs, name, anchor):
    """What is wrong with a link to rustdoc, or `None`. Crates of others are not there."""
    target = docs / name
    if not (docs / target.relative_to(docs).parts[0]).exists():
        return None
    if target.is_dir():
        target /= "index.html"
    if not target.exists():
        return "no such page of documentation"
    if anchor and f'id="{anchor}"' not in target.read_text():
        return "no such place in the documentation"
    return None


def fault(root, docs, page, link):
    """What is wrong with a link, or `None`."""
    if match := FILE.match(link):
        page, link = root / "README.md", match[1]
    if match := DOCUMENTATION.match(link):
        return docs and documentation_fault(docs, *match.groups())
    if re.match(r"[a-z]+:", link):
        return None
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    if not target.exists():
        return "no such file"
    if not target.is_relative_to(root):
        return "outside of the repository"
    if target.is_dir():
        target /= "README.md"
    if anchor and target.suffix == ".md" and anchor not in anchors(target):
        return "no such heading"
    return None


def main():
    """Prints each dead link, and the number of links. Fails if there is a dead one.

    A relative link, or one to the main branch, leads to a file, and its anchor to a heading. A link to docs.rs leads to
    a page in the folder of rustdoc, which is the argument. Without it, such links are not checked.
    """
    root = pathlib.Path.cwd()
    docs = pathlib.Path(sys.argv[1]) if sys.argv[1:] else None
    names = subprocess.check_output(["git", "ls-files", "*.md"], text=True).splitlines()
    count = dead = 0
    for page in (root / name for name in names):
        for link in (a or b for a, b in LINK.findall(prose(page))):
            if ITEM.match(link):
                continue
            count += 1
            if message := fault(root, docs, page, link):
                dead += 1
                print(f"{page.relative_to(root)}: {link}: {message}")
    print(f"{count} links, {dead} dead")
    sys.exit(dead > 0)


main()
