//! Compares the user time of the example `textstat` with `wc` plus one hash map of words.
//!
//! ```sh
//! cargo build --release -p aiter --example textstat
//! cargo test --release -p aiter --test textstat_speed -- --ignored --nocapture
//! ```
#![cfg(all(unix, not(miri)))]
#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program with std uses `std` paths throughout"
)]

use std::collections::HashMap;
use std::env;
use std::env::consts::EXE_SUFFIX;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Variable with the path of the control's list of files, which has one file per line.
const LIST: &str = "TEXTSTAT_SPEED_LIST";
/// Maximum ratio of the user times of the example and the control.
const BAR: f64 = 3.0;

/// Returns the user time of a program in seconds, the minimum of five runs.
fn user_time(command: &mut Command) -> f64 {
    let run = || {
        let output = command.stderr(Stdio::inherit()).output().expect("`sh` runs");
        assert!(output.status.success());
        // The last line has the user time and the system time of the children, as in `0m1.25s`.
        let times = String::from_utf8(output.stdout).expect("`times` writes ASCII");
        let user = times
            .lines()
            .last()
            .and_then(|line| line.split(' ').next())
            .expect("the line has a time");
        let (minutes, seconds) =
            user.trim_end_matches('s').split_once('m').expect("the time has minutes");
        let [minutes, seconds] =
            [minutes, seconds].map(|part| part.parse::<f64>().expect("a number"));
        60.0 * minutes + seconds
    };
    std::iter::repeat_with(run).take(5).fold(f64::INFINITY, f64::min)
}

/// A command that runs a program and prints its user time.
fn timed(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", r#""$@" >/dev/null && times"#, "sh"]).arg(program);
    command
}

/// A folder for the files of the measurement.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("textstat_speed");
    fs::create_dir_all(&folder).expect("the folder can be made");
    folder
}

fn compare(what: &str, files: &[PathBuf]) {
    let test = env::current_exe().expect("the test has an executable");
    let profile = test.ancestors().nth(2).expect("the executable is in target/<profile>/deps");
    let example = profile.join("examples").join(format!("textstat{EXE_SUFFIX}"));
    assert!(example.exists(), "{example:?} is missing: `cargo build --example textstat` makes it");

    let names: Vec<_> =
        files.iter().map(|file| file.to_str().expect("the path is ASCII")).collect();
    let list = folder().join("list");
    fs::write(&list, names.join("\n")).expect("the file can be written");
    let wc = user_time(timed("wc").args(files));
    let map = user_time(
        timed(&test).args(["--ignored", "--exact", "control_counts_words_in_map"]).env(LIST, list),
    );
    let textstat = user_time(timed(&example).args(files));
    let ratio = textstat / (wc + map);
    println!("{what}: {ratio:.2} = textstat {textstat:.3} s / (wc {wc:.3} s + map {map:.3} s)");
    assert!(ratio <= BAR, "the ratio must be at most {BAR}");
}

/// Adds the Rust, Markdown and TOML files below a folder.
fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        if path.is_dir() {
            sources(&path, files);
        } else if path
            .extension()
            .is_some_and(|kind| ["rs", "md", "toml"].map(OsStr::new).contains(&kind))
        {
            files.push(path);
        }
    }
}

/// Writes 50 MB of words, a few of which are frequent, as in natural language.
fn write_text(path: &Path) {
    let mut state = 1_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % below
    };
    let words: Vec<String> = (0..50_000)
        .map(|_| (0..2 + random(9)).map(|_| (b'a' + random(26) as u8) as char).collect())
        .collect();
    let mut file = BufWriter::new(fs::File::create(path).expect("the file can be made"));
    let mut size = 0;
    while size < 50_000_000 {
        let below = 1 + random(words.len() as u64);
        let word = &words[random(below) as usize];
        let end = if random(10) == 0 { ".\n" } else { " " };
        file.write_all(word.as_bytes())
            .and_then(|()| file.write_all(end.as_bytes()))
            .expect("the file can be written");
        size += word.len() + end.len();
    }
    file.flush().expect("the file can be written");
}

/// The control program, which `compare` starts in its own process.
#[test]
#[ignore = "a part of the measurement"]
fn control_counts_words_in_map() {
    let files = env::var(LIST).map(|list| fs::read_to_string(list).expect("the list was written"));
    let files = files.unwrap_or_default();
    let mut counts: HashMap<String, u64> = HashMap::new();
    for file in files.lines() {
        let text = fs::read_to_string(file).expect("the file is UTF-8");
        for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            match counts.get_mut(word) {
                Some(count) => *count += 1,
                None => _ = counts.insert(word.to_owned(), 1),
            }
        }
    }
    println!("{} words", counts.len());
}

#[test]
#[ignore = "a measurement of a release build"]
fn sources_user_time_is_within_bar() {
    let mut files = Vec::new();
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    sources(package.parent().expect("the package is in crates/"), &mut files);
    // Repeated, so that the run is long compared to the resolution of `times`.
    compare("sources, 20 times", &vec![files; 20].concat());
}

#[test]
#[ignore = "a measurement of a release build"]
fn long_text_user_time_is_within_bar() {
    let file = folder().join("long.txt");
    write_text(&file);
    compare("50 MB", &[file]);
}

#[test]
#[ignore = "a measurement of a release build"]
fn short_lines_user_time_is_within_bar() {
    let file = folder().join("short.txt");
    fs::write(&file, "fn f() {}\n".repeat(2_000_000)).expect("the file can be written");
    compare("20 MB of short lines", &[file]);
}
