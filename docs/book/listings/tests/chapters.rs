//! The pages against the program: code is part of a source file, and output is what a run prints.

use std::{
    env::{self, consts::EXE_SUFFIX},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Each chapter and its program.
const CHAPTERS: [(&str, &str); 11] = [
    ("01-first-list", "first-list"),
    ("02-forks", "forks"),
    ("03-bounding-memory", "bounds"),
    ("04-streams-of-streams", "connections"),
    ("05-parallel-work", "calibrate"),
    ("06-stopping", "shutdown"),
    ("07-any-executor", "executors"),
    ("08-microcontrollers", "interrupts"),
    ("09-writing-an-adapter", "laws"),
    ("10-coming-from", "coming-from"),
    ("11-watching", "watching"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    let path = root().join(format!("../src/{name}.md"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A fenced block of a page: its language, the number of its first line, and its lines.
struct Fence<'a> {
    language: &'a str,
    line: usize,
    lines: Vec<&'a str>,
}

fn fences(page: &str) -> Vec<Fence<'_>> {
    let mut found = Vec::new();
    let mut open: Option<Fence<'_>> = None;
    for (number, line) in (1..).zip(page.lines()) {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => {
                open = Some(Fence { language, line: number + 1, lines: Vec::new() });
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (None, Some(fence)) => fence.lines.push(line),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence is open at the end");
    found
}

/// The lines without the indentation that all of them have.
fn dedent<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let common = lines.iter().filter(|line| !line.is_empty()).map(indent).min().unwrap_or(0);
    lines.iter().map(|line| line.get(common..).unwrap_or("")).collect()
}

/// The `.rs` files below a directory.
fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The sources that the pages quote. Another workspace compiles and runs the last one.
fn sources() -> Vec<String> {
    let dirs = ["examples", "src", "device/src", "tests", "../../../tests/firmware/example/src"];
    let files = dirs.iter().flat_map(|dir| rust_files(&root().join(dir)));
    files.map(|path| fs::read_to_string(path).expect("a source file")).collect()
}

fn contains(source: &str, block: &[&str]) -> bool {
    let lines: Vec<&str> = source.lines().collect();
    lines.windows(block.len()).any(|window| dedent(window) == dedent(block))
}

/// Runs an example, which cargo builds together with all tests of the package.
fn run(name: &str) -> String {
    let test = env::current_exe().expect("the test has an executable");
    let profile = test.ancestors().nth(2).expect("it lies in `deps` of a profile");
    let example = profile.join("examples").join(format!("{name}{EXE_SUFFIX}"));
    let done = Command::new(&example).output();
    let done = done.unwrap_or_else(|error| panic!("{}: {error}", example.display()));
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{name} failed:\n{errors}");
    String::from_utf8(done.stdout).expect("the output is UTF-8")
}

#[test]
fn code_blocks_are_in_sources() {
    let sources = sources();
    for (name, ..) in CHAPTERS {
        for fence in fences(&page(name)) {
            match fence.language {
                "rust" => assert!(
                    sources.iter().any(|source| contains(source, &fence.lines)),
                    "{name}.md:{}: no source file has these lines",
                    fence.line
                ),
                "mermaid" | "text" => {}
                other => panic!("{name}.md:{}: a block in {other:?} is not checked", fence.line),
            }
        }
    }
}

#[test]
fn text_blocks_are_whole_output() {
    for (name, program) in CHAPTERS {
        let page = page(name);
        let shown = fences(&page).into_iter().filter(|fence| fence.language != "rust");
        let shown: Vec<&str> = shown.flat_map(|fence| fence.lines).collect();
        let printed = run(program);
        let printed: Vec<&str> = printed.lines().collect();
        assert_eq!(shown, printed, "{name}.md against the output of {program}");
    }
}

#[test]
fn tables_of_migration_are_compiled() {
    let listing = root().join("examples/coming-from.rs");
    let listing = fs::read_to_string(listing).expect("the listing");
    let page = page("10-coming-from");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let mut checked = 0;
    for row in rows {
        let right = row.trim_end_matches([' ', '|']).rsplit(" | ").next().expect("a column");
        for code in right.split('`').skip(1).step_by(2) {
            assert!(listing.contains(code), "{code} is not in the listing: {row}");
            checked += 1;
        }
    }
    assert!(checked > 30, "only {checked} right-hand sides found");
}

#[test]
fn chapters_are_complete() {
    let summary = page("SUMMARY");
    let programs = rust_files(&root().join("examples"));
    assert_eq!(programs.len(), CHAPTERS.len());
    for (number, (name, program)) in CHAPTERS.iter().enumerate() {
        let page = page(name);
        assert!(summary.contains(&format!("]({name}.md)")), "SUMMARY.md lacks {name}.md");
        assert!(page.contains("\n## What can go wrong\n"), "{name}.md names no trap");
        assert!(
            page.contains(&format!("listings/examples/{program}.rs")),
            "{name}.md lacks its program"
        );
        if let Some((next, ..)) = CHAPTERS.get(number + 1) {
            assert!(page.contains(&format!("]({next}.md)")), "{name}.md does not lead on");
        }
    }
}
