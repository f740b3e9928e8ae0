"""The driver of ci/weaken.sh: finds the mutants, runs them, keeps the results.

A mutant is one ordering of one call. `crates/aiter-core/src/sync/weaken.rs` applies it at run time, so all mutants share
one build. A result is kept under the mutant's name (file, function, call, ordering) with a hash of the function's
text, and is void once that text changes.
"""

import argparse
import collections
import concurrent.futures
import fcntl
import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path.cwd()
TARGET = pathlib.Path(os.environ["CARGO_TARGET_DIR"]) / "weaken"
RESULTS = ROOT / "docs/weakened-orderings.tsv"
VERDICTS = ROOT / "docs/weakened-verdicts.txt"
REPORT = ROOT / "docs/verification.md"
CRATES = {"core": "crates/aiter-core", "adapters": "crates/aiter-adapters"}
JOBS = int(os.environ.get("AITER_WEAKEN_JOBS") or os.cpu_count())
SEEDS = int(os.environ.get("AITER_MIRI_SEEDS") or 2)
TOO_LONG = 3600  # Seconds that a story may take without a mutant.


def die(message):
    sys.exit(f"STOPPED: {message}")


# --- The places and their mutants ---

METHOD = re.compile(r"load|store|swap|compare_exchange(_weak)?|fetch_\w+|fence|store_among_changes")
# Comments, strings, characters: what may hold a brace that is none.
NOISE = re.compile(r"""//[^\n]*|/\*.*?\*/|r?"(?:\\.|[^"\\])*"|'(?:\\[^']+|[^'\\\n])'""", re.S)
ITEM = re.compile(
    r"^[ \t]*(?:pub(?:\([^)]*\))?\s+)?(?:(?:const|unsafe|async)\s+)*(fn|impl|mod)\b", re.M
)
ATTRIBUTES = re.compile(r"#\[[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*$")

Item = collections.namedtuple("Item", "kind name start end attributes")

Mutant = collections.namedtuple("Mutant", "name file place argument weaker text")


def matching(text, start):
    """The position behind the bracket that closes the one at `start`."""
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if depth == 0:
            return at + 1
    die(f"a bracket without an end: {text[start:start + 40]}")


def items(text):
    """Each function, `impl` and `mod`."""
    for match in ITEM.finditer(text):
        at = match.end()
        while text[at] not in "{;":
            at = matching(text, at) if text[at] in "([" else at + 1
        header = text[match.end():at].replace("->", "")
        while "<" in header:
            shorter = re.sub(r"<[^<>]*>", "", header)
            if shorter == header:
                break
            header = shorter
        if match[1] == "impl":
            header = re.split(r"\bwhere\b", header)[0].split(" for ")[-1]
        name = re.search(r"\w+", header)[0] if re.search(r"\w+", header) else "?"
        end = matching(text, at) if text[at] == "{" else at + 1
        attributes = ATTRIBUTES.search(text, max(0, match.start() - 300), match.start())
        yield Item(match[1], name, match.start(), end, attributes[0] if attributes else "")


def weaker(method, ordering):
    if method == "fence":
        return {"AcqRel": ["Acquire", "Release"], "SeqCst": ["AcqRel", "none"]}.get(ordering, ["none"])
    if ordering == "SeqCst":
        return {"load": ["Acquire"], "store": ["Release"]}.get(method, ["AcqRel"])
    return {"Relaxed": [], "AcqRel": ["Acquire", "Release"]}.get(ordering, ["Relaxed"])


def scan(path, short):
    """Yields the mutants of a file, and each place as a mutant without a name."""
    source = path.read_text()
    text = NOISE.sub(lambda noise: re.sub(r"[^\n]", " ", noise[0]), source)
    scopes = list(items(text))
    tests = [item for item in scopes if "#[cfg(test)]" in item.attributes]
    calls = collections.OrderedDict()
    for token in re.finditer(r"\bOrdering::(Relaxed|Acquire|Release|AcqRel|SeqCst)\b", text):
        at, depth = token.start(), 1
        while depth:
            at -= 1
            depth += (text[at] in ")]}") - (text[at] in "([{")
        callee = re.search(r"[\w:]+$", text[:at])
        if not callee or not METHOD.fullmatch(callee[0].split("::")[-1]):
            die(f"{path}: no atomic call around {source[at - 30:token.end()]!r}")
        calls.setdefault(callee.start(), (callee[0].split("::")[-1], []))[1].append(token[1])
    counts = collections.Counter()
    for at, (method, orderings) in calls.items():
        around = [item for item in scopes if item.start <= at < item.end]
        function = [item for item in around if item.kind == "fn"][-1]
        line = source.count("\n", 0, at) + 1
        column = at - source.rfind("\n", 0, at)
        place = f"{path.relative_to(ROOT)}:{line}:{column}"
        yield Mutant(None, short, place, 0, None, "")
        if any(item in tests for item in around):
            continue
        name = "::".join([item.name for item in around if item.kind == "impl"][-1:] + [function.name])
        if "#[track_caller]" in function.attributes and set(orderings) != {"Relaxed"}:
            die(f"{path}: {name} is #[track_caller], so its orderings have no place of their own")
        body = re.sub(r"\s+", "", NOISE.sub("", source[function.start:function.end]))
        body = hashlib.sha256(body.encode()).hexdigest()[:8]
        counts[name, method] += 1
        for argument, ordering in enumerate(orderings):
            role = ""
            if len(orderings) == 2:
                role = (("set", "fetch") if method == "fetch_update" else ("success", "failure"))[argument] + " "
            for new in weaker(method, ordering):
                call = f"{method}#{counts[name, method]}"
                key = f"{short} {name} {call} {role}{ordering}->{new}"
                yield Mutant(key, short, place, argument, "Relaxed" if new == "none" else new, body)


def sources():
    for crate, folder in CRATES.items():
        top = ROOT / folder / "src"
        lib = (top / "lib.rs").read_text()
        skip = {"stories.rs"} | {f"{name}.rs" for name in re.findall(r"#\[cfg\(test\)\]\s*mod (\w+);", lib)}
        for path in sorted(top.rglob("*.rs")):
            inside = path.relative_to(top)
            if inside.parts[0] not in {"sync", "sync.rs"} and path.name not in skip:
                yield path, f"{crate}/{inside}"


def find(only):
    """All mutants, and all places."""
    found = [mutant for path, short in sources() for mutant in scan(path, short)]
    mutants = [mutant for mutant in found if mutant.name]
    twice = [name for name, n in collections.Counter(m.name for m in mutants).items() if n > 1]
    if twice:
        die(f"two mutants of one name: {twice[0]}")
    wanted = mutants
    if only:
        file, _, line = only.partition(":")
        file = re.sub(r"^crates/aiter-(core|adapters)/src/", r"\1/", file)
        wanted = [
            m for m in mutants
            if f"/{m.file}".endswith(f"/{file}") and line in ("", m.place.split(":")[1])
        ]
        if not wanted:
            die(f"{only} has no ordering to weaken")
    return wanted, mutants, {mutant.place for mutant in found}


# --- The results ---

def survived(row):
    """Name of a stage -> how many of its stories the mutant has survived."""
    return dict(part.split("=") for part in row["survived"].split())


class Results:
    """One row a mutant: its hash, `killed` or `survived`, by what, what it survived, which stories hung."""

    COLUMNS = ["mutant", "text", "result", "by", "survived", "timeouts"]

    def __init__(self, mutants):
        self.lock = threading.Lock()
        self.rows = {}
        current = {mutant.name: mutant.text for mutant in mutants}
        if RESULTS.exists():
            for line in RESULTS.read_text().splitlines()[1:]:
                row = dict(zip(self.COLUMNS, line.split("\t")))
                if current.get(row["mutant"]) == row["text"]:
                    self.rows[row["mutant"]] = row

    def of(self, mutant):
        new = dict.fromkeys(self.COLUMNS, "") | {"mutant": mutant.name, "text": mutant.text}
        return self.rows.get(mutant.name, new)

    def save(self, row):
        with self.lock:
            self.rows[row["mutant"]] = row
            rows = [self.rows[name] for name in sorted(self.rows)]
            lines = ["\t".join(self.COLUMNS)]
            lines += ["\t".join(row[column] for column in self.COLUMNS) for row in rows]
            beside = RESULTS.with_suffix(".new")
            beside.write_text("\n".join(lines) + "\n")
            beside.replace(RESULTS)
        print(f"{row['result']:9} {row['mutant']}  {row['by'] or row['survived']}", flush=True)


# --- Running ---

RUNNING = set()


def stop(*_):
    """Ends what runs, and this program. The results until now are on disk."""
    for pid in list(RUNNING):
        os.killpg(pid, signal.SIGKILL)
    os._exit(1)


def run(command, env, cwd, limit):
    """The exit code (`None`: out of time), the output and the seconds that it took."""
    begin = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        child = subprocess.Popen(
            command, env=os.environ | env, cwd=cwd, stdout=output, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )
        RUNNING.add(child.pid)
        try:
            code = child.wait(limit)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
            RUNNING.discard(child.pid)
        output.seek(0)
        text = output.read()
    if "names no mutant" in text:
        die(f"AITER_WEAKEN={env.get('AITER_WEAKEN')} was not understood")
    return code, text, time.monotonic() - begin


def reason(code, output):
    for text, name in [
        ("Causality violation", "data race"),
        ("Data race detected", "data race"),
        ("Undefined Behavior", "undefined behaviour"),
        ("deadlock", "deadlock"),
        ("maximum number of branches", "live-lock"),
        ("leaked", "leak"),
        ("panicked at", "assertion"),
    ]:
        if text in output:
            return name
    return "crash" if code < 0 else "failure"


class Stage:
    """Stories that run one by one. A subclass gives `name`, `build` (changes with the code), `names` and `story`."""

    def cover(self, places):
        """Runs each story once by itself: which places it passes, how long it takes. Cached for each build."""
        base = self.name.removesuffix("3")
        cache = TARGET / f"coverage-{base}.json"
        known = json.loads(cache.read_text()) if cache.exists() else {}
        known = known if known.get("build") == self.build else {"build": self.build, "stories": {}}
        lock = threading.Lock()

        def trace(name):
            path = TARGET / f"trace-{base}-{name.replace('::', '-')}"
            path.unlink(missing_ok=True)
            code, output, seconds = self.story(name, {"AITER_WEAKEN_TRACE": str(path)}, TOO_LONG)
            if code != 0:
                print(f"WARNING: {name} fails without a mutant ({reason(code or 1, output)}) and is left out")
            passed = sorted(set(path.read_text().split())) if path.exists() else []
            path.unlink(missing_ok=True)
            for place in set(passed) - places:
                # A test's line stands for a Relaxed access in a function with `#[track_caller]`.
                if "/src/" in place:
                    die(f"{place} was passed, but the search did not find it")
            with lock:
                known["stories"][name] = {"ok": code == 0, "seconds": seconds, "places": passed}
                cache.write_text(json.dumps(known))

        missing = [name for name in self.names if name not in known["stories"]]
        print(f"-- {self.name}: {len(self.names)} stories, {len(missing)} to trace", flush=True)
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            list(pool.map(trace, missing))
        self.stories = {name: known["stories"][name] for name in self.names}

    def limit(self, seconds):
        return 10 * seconds + 10

    def passing(self, mutant):
        """The stories that pass the place, each behind the seconds that it takes."""
        return [
            (story["seconds"], name) for name, story in self.stories.items()
            if story["ok"] and mutant.place in story["places"]
        ]

    def kill(self, mutant):
        """What kills the mutant, how many stories passed its place, and which of these ran out of time."""
        passing = self.passing(mutant)
        env = {"AITER_WEAKEN": f"{mutant.place}:{mutant.argument}:{mutant.weaker}"}
        timeouts = []
        for seconds, name in sorted(passing):
            code, output, _ = self.story(name, env, self.limit(seconds))
            if code is None:
                timeouts.append(f"{self.name}:{name}")
            elif code:
                return f"{name} ({self.name}, {reason(code, output)})", len(passing), timeouts
        return None, len(passing), timeouts


class Loom(Stage):
    """The stories of one test binary."""

    def __init__(self, name, crate, only="", env={}, deep=False, test=("--test=loom",)):
        self.name, self.folder, self.deep = name, ROOT / CRATES[crate], deep
        command = ["cargo", "test", "--release", "-p", f"aiter-{crate}", *test, "--no-run"]
        target = TARGET / ("four" if "AITER_FOUR_SLOTS" in env else "two")
        env = env | {
            "CARGO_TARGET_DIR": str(target),
            "RUSTFLAGS": "--cfg loom --cfg aiter_weaken",
            "CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS": "true",
        }
        built = subprocess.run(
            command + ["--message-format=json-render-diagnostics"],
            env=os.environ | env, stdout=subprocess.PIPE, text=True,
        )
        if built.returncode:
            die(f"the stories of {name} do not build")
        exes = [json.loads(line).get("executable") for line in built.stdout.splitlines()]
        self.exe = [exe for exe in exes if exe][-1]
        self.build = hashlib.sha256(pathlib.Path(self.exe).read_bytes()).hexdigest()
        listed = subprocess.run([self.exe, "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.names = [n for n in re.findall(r"^(\S+): test$", listed, re.M) if n.startswith(only)]
        self.duration = int(os.environ.get("LOOM_MAX_DURATION") or 60)

    def story(self, name, env, limit):
        env = {"LOOM_MAX_PREEMPTIONS": "2", "RUST_BACKTRACE": "0"} | env
        if self.deep and "AITER_WEAKEN" in env:
            env |= {"LOOM_MAX_PREEMPTIONS": "3", "LOOM_MAX_DURATION": str(self.duration)}
        return run([self.exe, "--exact", name, "--test-threads=1"], env, self.folder, limit)

    def limit(self, seconds):
        return 3 * self.duration + 60 if self.deep else super().limit(seconds)


class Miri(Stage):
    """The tests of the list that use threads, each with several seeds."""

    name = "miri"

    def __init__(self):
        self.command = ["cargo", f"+{os.environ['AITER_NIGHTLY']}", "miri", "test", "-p", "aiter-core"]
        self.command += ["--test", "list", "--"]
        self.env = {"CARGO_TARGET_DIR": str(TARGET / "miri"), "RUSTFLAGS": "--cfg aiter_weaken"}
        files = [path for part in ["src", "tests/list"] for path in (ROOT / CRATES["core"] / part).rglob("*.rs")]
        self.build = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()
        code, listed, _ = run(self.command + ["--list", "threads::", "races"], self.env, ROOT, TOO_LONG)
        if code != 0:
            die(f"the tests do not build for Miri:\n{listed[-2000:]}")
        self.names = re.findall(r"^(\S+): test$", listed, re.M)

    def story(self, name, env, limit):
        # Not in cargo's own environment: cargo-miri keeps the one of the build.
        flags = ["-Zmiri-strict-provenance"] + [f"-Zmiri-env-set={key}={env[key]}" for key in env]
        flags += [f"-Zmiri-many-seeds=0..{SEEDS}" if "AITER_WEAKEN" in env else "-Zmiri-disable-isolation"]
        return run(self.command + ["--exact", name], self.env | {"MIRIFLAGS": " ".join(flags)}, ROOT, limit)

    def limit(self, seconds):
        return SEEDS * super().limit(seconds)


STAGES = ["inside", "two", "four", "adapters-inside", "adapters", "miri"]
GATE = "bounded::gate::stories::"


def due(file):
    """The stages that a mutant of the file goes through."""
    if file.startswith("core/"):
        return [name for name in STAGES if name != "adapters-inside"]
    return [name for name in STAGES if name.startswith("adapters")]


def stages(names, deep):
    """Builds the stages: all from the sources as they are now."""
    mark = "3" if deep else ""
    if "inside" in names:
        yield Loom(f"inside{mark}", "core", "sync::stories::", deep=deep, test=["--lib"])
    if "two" in names:
        yield Loom(f"two{mark}", "core", deep=deep)
    if "four" in names:
        yield Loom(f"four{mark}", "core", "list::", {"AITER_FOUR_SLOTS": "1"}, deep)
    std = ["--features=std"]
    if "adapters-inside" in names:
        yield Loom(f"adapters-inside{mark}", "adapters", GATE, deep=deep, test=["--lib", *std])
    if "adapters" in names:
        yield Loom(f"adapters{mark}", "adapters", deep=deep, test=["--test=loom", *std])
    if "miri" in names and not deep:
        yield Miri()


def weaken(wanted, mutants, places, names, deep, again):
    TARGET.mkdir(parents=True, exist_ok=True)
    alone = open(TARGET / "lock", "w")
    try:
        fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        die("another run is on, and both would write the results")
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    results = Results(mutants)
    if again:
        for mutant in wanted:
            results.rows.pop(mutant.name, None)
    if deep:
        wanted = [m for m in wanted if results.of(m)["result"] == "survived"]

    if not any(m.file.startswith("core/") for m in wanted):
        names = [name for name in names if name.startswith("adapters")]

    def is_open(mutant, stage):
        belongs = stage.name.removesuffix("3") in due(mutant.file)
        return belongs and results.of(mutant)["result"] != "killed"

    def is_due(mutant, stage):
        """Also if other stories pass the place than at the last time."""
        done = survived(results.of(mutant))
        return done.get(stage.name) != str(len(stage.passing(mutant)))

    def one(mutant, stage):
        row = dict(results.of(mutant))
        by, passing, timeouts = stage.kill(mutant)
        row["timeouts"] = " ".join(row["timeouts"].split() + timeouts)
        if by:
            row |= {"result": "killed", "by": by}
        else:
            done = survived(row) | {stage.name: str(passing)}
            row |= {"result": "survived", "survived": " ".join(f"{name}={n}" for name, n in done.items())}
        results.save(row)

    for stage in list(stages(names, deep)):
        left = [mutant for mutant in wanted if is_open(mutant, stage)]
        if left:
            stage.cover(places)
            left = [mutant for mutant in left if is_due(mutant, stage)]
            print(f"-- {stage.name}: {len(left)} mutants", flush=True)
            with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
                list(pool.map(lambda mutant: one(mutant, stage), left))


# --- The report ---

def verdicts():
    """Name of a mutant -> (verdict, argument). A line `NAME: VERDICT`, then the argument, indented."""
    found, last = {}, None
    for line in VERDICTS.read_text().splitlines() if VERDICTS.exists() else []:
        if line.startswith("#") or not line.strip():
            continue
        if line[0].isspace():
            found[last][1].append(line.strip())
            continue
        last, _, verdict = line.rpartition(": ")
        if verdict not in ("killed", "equivalent", "open"):
            die(f"no verdict: {line}")
        found[last] = (verdict, [])
    return {name: (verdict, " ".join(text)) for name, (verdict, text) in found.items()}


def verdict_of(row, judged):
    """`unfinished`: there are stages to come."""
    if row["result"] == "killed":
        return "killed"
    left = set(due(row["mutant"])) - survived(row).keys()
    return judged.get(row["mutant"], ("unfinished" if left else "open", ""))[0]


def table(mutants):
    results, judged = Results(mutants), verdicts()
    names = {mutant.name for mutant in mutants}
    for name in judged.keys() - names:
        print(f"WARNING: {VERDICTS.name} judges a mutant that there is not: {name}")
    files, survivors = collections.OrderedDict(), []
    for mutant in mutants:
        row = results.of(mutant)
        verdict = verdict_of(row, judged)
        files.setdefault(mutant.file, collections.Counter())[verdict] += 1
        if row["result"] == "survived":
            ran = row["survived"] + (f", out of time: {row['timeouts']}" if row["timeouts"] else "")
            argument = judged.get(mutant.name, ("", ""))[1]
            survivors.append(f"| `{mutant.name}` | {ran} | {verdict} | {argument} |")
    kinds = ["killed", "equivalent", "open", "unfinished"]

    def line(file, counts):
        return " | ".join([f"| {file}", str(sum(counts.values()))] + [str(counts[k]) for k in kinds]) + " |"

    lines = ["| file | mutants | " + " | ".join(kinds) + " |", "|---|" + "---:|" * 5]
    lines += [line(f"`{file}`", counts) for file, counts in files.items()]
    lines += [line("all", sum(files.values(), collections.Counter())), "", "Survivors:", ""]
    lines += ["| mutant | survived | verdict | argument |", "|---|---|---|---|"] + survivors
    begin, end = "<!-- ci/weaken.sh table: begin -->\n", "<!-- ci/weaken.sh table: end -->"
    text = REPORT.read_text()
    head, _, rest = text.partition(begin)
    _, found, tail = rest.partition(end)
    if not found:
        die(f"{REPORT} has no place for the table")
    REPORT.write_text(head + begin + "\n".join(lines) + "\n" + end + tail)


def main():
    parser = argparse.ArgumentParser(prog="ci/weaken.sh")
    parser.add_argument("what", nargs="?", default="run", choices=["run", "list", "table", "deep"])
    parser.add_argument("--only", metavar="FILE[:LINE]")
    parser.add_argument("--stages", metavar="NAME,..", default=",".join(STAGES))
    parser.add_argument("--again", action="store_true")
    args = parser.parse_args()
    names = args.stages.split(",")
    if set(names) - set(STAGES):
        die(f"the stages are {', '.join(STAGES)}")
    wanted, mutants, places = find(args.only)
    if args.what == "list":
        results, judged = Results(mutants), verdicts()
        for mutant in wanted:
            row = results.of(mutant)
            line = mutant.place.split(":")[1]
            print(f"{verdict_of(row, judged):10} {mutant.name} (line {line}) {row['by']}".rstrip())
        print(f"{len(wanted)} mutants at {len({mutant.place for mutant in wanted})} places")
    elif args.what == "table":
        table(mutants)
    else:
        weaken(wanted, mutants, places, names, args.what == "deep", args.again)


main()
