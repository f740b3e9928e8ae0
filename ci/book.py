"""Checks the relative links of a rendered book: each leads to a file, and each anchor to an element."""

import html.parser
import pathlib
import sys
import urllib.parse


class Page(html.parser.HTMLParser):
    """The links of a page, and the names that links may lead to."""

    def __init__(self, path):
        super().__init__()
        self.links, self.ids = [], set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        """Collects the links and the name of an element."""
        for name, value in attributes:
            if name == "id":
                self.ids.add(value)
            elif name == "href" and value:
                self.links.append(value)
            elif name == "src" and value:
                # The fragment of an embedded page is a matter of its script.
                self.links.append(value.partition("#")[0])


def fault(pages, path, link):
    """What is wrong with a link, or `None`."""
    url = urllib.parse.urlsplit(link)
    if url.scheme or url.netloc:
        return None
    target = (path.parent / urllib.parse.unquote(url.path)).resolve() if url.path else path
    if not target.exists():
        return "no such file"
    if url.fragment and target in pages and url.fragment not in pages[target].ids:
        return "no such element"
    return None


def main():
    """Prints each dead link, and the number of links. Fails if there is a dead one, or no link."""
    root = pathlib.Path(sys.argv[1]).resolve()
    # The page for wrong addresses has links from the root of its site.
    paths = [path for path in root.rglob("*.html") if path.name != "404.html"]
    pages = {path: Page(path) for path in paths}
    count = dead = 0
    for path, page in pages.items():
        for link in page.links:
            count += 1
            if message := fault(pages, path, link):
                dead += 1
                print(f"{path.relative_to(root)}: {link}: {message}")
    print(f"{len(pages)} pages, {count} links, {dead} dead")
    sys.exit(dead > 0 or count == 0)


main()
