"""Checks the relative links of all Markdown pages: each leads to a file, and each anchor to a heading."""

import pathlib
import re
import subprocess
import sys

# A path of an item, which rustdoc checks.
ITEM = re.compile(r"[\w:]+(\(\)?|#[\w-]+)?$")
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


def fault(root, page, link):
    """What is wrong with a link, or `None`."""
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
    """Prints each dead link, and the number of links. Fails if there is a dead one."""
    root = pathlib.Path.cwd()
    names = subprocess.check_output(["git", "ls-files", "*.md"], text=True).splitlines()
    count = dead = 0
    for page in (root / name for name in names):
        for link in (a or b for a, b in LINK.findall(prose(page))):
            if ITEM.match(link):
                continue
            count += 1
            if message := fault(root, page, link):
                dead += 1
                print(f"{page.relative_to(root)}: {link}: {message}")
    print(f"{count} links, {dead} dead")
    sys.exit(dead > 0)


main()
