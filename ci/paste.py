"""Pastes the programs of pages into empty packages, as a reader does, and runs them: see `main`."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
OURS = {path.parent.name for path in ROOT.glob("crates/*/Cargo.toml")}
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "paste"
ENVIRONMENT = os.environ | {"CARGO_TARGET_DIR": str(TARGET), "CARGO_PROFILE_DEV_DEBUG": "0"}
SECONDS_OF_A_RUN = 20

RESULT = "Result<(), Box<dyn std::error::Error>>"
SYNC = f"fn main() -> {RESULT} {{\n%s\nOk(())\n}}\n"
ASYNC = f"fn main() -> {RESULT} {{\naiter::BlockOn::new().block_on(async {{\n%s\nOk(())\n}})\n}}\n"


def programs(page):
    """Each program of a page: its first line, its `cargo add` commands and its visible code.

    The first paragraph with a `cargo add` holds for the whole page. Later ones hold for the next
    program.
    """
    common, own, paragraph, code = None, [], "", None
    for number, line in enumerate(page.read_text().splitlines() + [""], 1):
        if line.startswith("```"):
            if code is None:
                begin, language, code = number, line[3:].strip(), []
                continue
            if language == "rust":
                if not common:
                    sys.exit(f"{page}: no text before line {begin} says `cargo add`")
                yield begin, common + own, "\n".join(code)
            own, code = [], None
        elif code is not None:
            if not re.match(r"\s*#( |$)", line):
                code.append(line)
        elif line.strip():
            paragraph += line + " "
            continue
        commands = re.findall(r"`cargo add ([^`]+)`", paragraph)
        if common is None and commands:
            common = commands
        else:
            own += commands
        paragraph = ""


def complete(code):
    """The code as a whole program. Code without `main` is its body, which may be async."""
    if "fn main(" in code:
        return code
    return (ASYNC if ".await" in code and "block_on" not in code else SYNC) % code


def cargo(package, *arguments):
    """Runs cargo without the network, and with it if that fails. Returns the messages of a failure."""
    for offline in ["--offline"], []:
        done = subprocess.run(
            ["cargo", *arguments, "--quiet", *offline],
            cwd=package, env=ENVIRONMENT, capture_output=True, text=True,
        )
        if not done.returncode or "offline" not in done.stderr:
            break
    return done.returncode and done.stderr


def add(package, command):
    """Runs a `cargo add`, with the crates of this checkout in place of published ones."""
    arguments = shlex.split(command)
    ours = [name for name in arguments if name in OURS]
    for name in ours:
        arguments[arguments.index(name)] = f"--path={ROOT / 'crates' / name}"
    return cargo(package, "add", *arguments)


def fault(package, commands, code):
    """Pastes, builds and runs a program. Returns what went wrong, if anything did."""
    subprocess.run(["cargo", "new", "--quiet", "--vcs=none", package], check=True)
    # The versions of the checkout, which are on this machine.
    shutil.copy(ROOT / "Cargo.lock", package)
    (package / "src/main.rs").write_text(complete(code))
    for command in commands:
        if failed := add(package, command):
            return failed
    if failed := cargo(package, "build"):
        return failed
    try:
        done = subprocess.run(
            [TARGET / "debug" / package.name], capture_output=True, text=True,
            timeout=SECONDS_OF_A_RUN,
        )
    except subprocess.TimeoutExpired:
        return f"ran for more than {SECONDS_OF_A_RUN} s"
    return done.returncode and (done.stderr or f"exit status {done.returncode}")


def main():
    """Pastes each program of the pages into a package of its own, with the dependencies that the text tells the reader
    to add and no others. Fails if a program does not compile, fails or hangs.
    """
    passed = failed = 0
    with tempfile.TemporaryDirectory() as empty:
        for page in map(pathlib.Path, sys.argv[1:]):
            for line, commands, code in programs(page):
                package = pathlib.Path(empty) / f"{page.stem.lower()}-{line}"
                if message := fault(package, commands, code):
                    failed += 1
                    print(f"{page}:{line}: with cargo add {', '.join(commands)}\n{message}")
                else:
                    passed += 1
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
