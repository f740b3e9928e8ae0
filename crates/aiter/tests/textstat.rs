//! Runs the example `textstat` on generated files and compares its counts with `wc`.
#![cfg(all(unix, not(miri)))]
#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program with std uses `std` paths throughout"
)]

use std::env::consts::EXE_SUFFIX;
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// An empty folder for one test.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("textstat").join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the folder can be made");
    folder
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("the file is in the folder"))
        .expect("the folder can be made");
    fs::write(&path, content).expect("the file can be written");
    path
}

/// Path of the example, which cargo builds together with all tests of the package.
fn textstat() -> Command {
    let test = std::env::current_exe().expect("the test has an executable");
    let profile = test.ancestors().nth(2).expect("the executable is in target/<profile>/deps");
    let example = profile.join("examples").join(format!("textstat{EXE_SUFFIX}"));
    assert!(example.exists(), "{example:?} is missing: `cargo build --example textstat` makes it");
    Command::new(example)
}

fn run<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Output {
    textstat().args(args).output().expect("the example runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the output is UTF-8")
}

/// Runs `textstat --json`; asserts success and an empty standard error.
fn json<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Value {
    let output = textstat().arg("--json").args(args).output().expect("the example runs");
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    parse(&output)
}

fn parse(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("the output is JSON")
}

fn totals(report: &Value) -> [u64; 3] {
    ["files", "lines", "bytes"].map(|key| report[key].as_u64().expect("the report has the total"))
}

/// Starts the example with a pipe as its standard input.
fn piped<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Child {
    textstat()
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the example runs")
}

/// Runs `textstat --json` with `input` as its standard input.
fn fed<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>, input: impl AsRef<[u8]>) -> Output {
    let args = args.into_iter().map(|arg| arg.as_ref().to_owned());
    let mut child = piped(["--json".into()].into_iter().chain(args));
    let mut stdin = child.stdin.take().expect("the stream is piped");
    stdin.write_all(input.as_ref()).expect("the example reads its input");
    drop(stdin);
    child.wait_with_output().expect("the example ends")
}

/// The words of a report and their counts.
fn words(report: &Value) -> Vec<(&str, u64)> {
    let rows = report["words"].as_array().expect("the value is a list");
    let pair = |row| -> Option<(&str, u64)> {
        Some((Value::get(row, "word")?.as_str()?, row["count"].as_u64()?))
    };
    rows.iter().map(|row| pair(row).expect("the row has a word and a count")).collect()
}

/// The lengths and numbers of the longest lines of a report.
fn longest(report: &Value) -> Vec<[u64; 2]> {
    let rows = report["longest"].as_array().expect("the value is a list");
    let number = |row: &Value, key| row[key].as_u64().expect("the value is a number");
    rows.iter().map(|row| [number(row, "chars"), number(row, "line")]).collect()
}

/// Files, lines and bytes as `wc` counts them.
fn wc(files: &[PathBuf]) -> [u64; 3] {
    let output = Command::new("wc").arg("-lc").args(files).output().expect("`wc` runs");
    assert!(output.status.success());
    let last = text(&output.stdout).lines().last().expect("`wc` prints a line per file");
    let mut numbers = last.split_whitespace().map_while(|word| word.parse().ok());
    let mut number = || numbers.next().expect("the line has lines and bytes");
    [files.len() as u64, number(), number()]
}

/// Files of all kinds that are counted.
fn good_files(folder: &Path) -> Vec<PathBuf> {
    vec![
        write(folder, "plain.txt", "one\ntwo\nthree\n"),
        write(folder, "no-final-newline.txt", "one\ntwo\nthree"),
        write(folder, "empty.txt", ""),
        write(folder, "only-newline.txt", "\n"),
        write(folder, "only-a-letter", "x"),
        write(folder, "newlines.TXT", "\n\n\n"),
        write(folder, "crlf.txt", "one\r\ntwo\r\n\r\nthree"),
        write(folder, "cr-only.txt", "one\rtwo\r"),
        write(folder, "nul.dat", "a\0b\n\0\n"),
        write(folder, "separators.txt", "a\u{2028}b\u{85}c\u{b}d\u{c}e\n"),
        write(folder, "größe/日本語.md", "Straße STRASSE straße\n日本語 🦀 mot-clé\n"),
        write(folder, "a/b/c/d/e/deep.rs", "fn main() {}\n"),
        write(folder, "a/Makefile", "all:\n\techo\n"),
        write(folder, "a/.hidden", "hidden files count, too\n"),
        write(folder, ".hidden/target/x.rs", "so do folders that are named\n"),
        write(folder, "with space and\nnewline.txt", "x\n"),
        write(folder, "long.txt", "long ".repeat(100_000)),
        write(folder, "many.txt", "a b\n".repeat(20_000)),
    ]
}

#[test]
fn totals_equal_wc() {
    let folder = folder("totals");
    let files = good_files(&folder);
    for file in &files {
        assert_eq!(totals(&json([file])), wc(std::slice::from_ref(file)), "{file:?}");
    }
    let expected = wc(&files);
    assert_eq!(totals(&json(&files)), expected, "named as files");
    assert_eq!(totals(&json([&folder])), expected, "named as a folder");
    for producers in ["1", "2", "50"] {
        let args = ["--producers".as_ref(), producers.as_ref(), folder.as_os_str()];
        assert_eq!(totals(&json(args)), expected, "{producers} producers");
    }
    let twice: Vec<_> = files.iter().chain(&files).cloned().collect();
    assert_eq!(totals(&json([&folder, &folder])), wc(&twice));
}

#[test]
fn types_add_up_to_totals() {
    let folder = folder("types");
    good_files(&folder);
    let report = json([&folder]);
    let types = report["types"].as_array().expect("the value is a list");
    let mut sums = [0; 3];
    for kind in types {
        for (sum, part) in sums.iter_mut().zip(totals(kind)) {
            *sum += part;
        }
    }
    assert_eq!(sums, totals(&report));

    let total_of = |name| types.iter().find(|kind| kind["type"] == name).map(totals);
    assert_eq!(total_of("rs"), Some([2, 2, 42]));
    assert_eq!(total_of("makefile"), Some([1, 2, 11]));
    assert_eq!(total_of(".hidden"), Some([1, 1, 24]));
    assert_eq!(total_of("only-a-letter"), Some([1, 0, 1]));
    assert_eq!(total_of("TXT"), None, "types are in lower case");
    let bytes: Vec<_> = types.iter().map(|kind| kind["bytes"].as_u64()).collect();
    assert!(bytes.is_sorted_by(|a, b| a >= b), "most bytes first: {bytes:?}");
}

#[test]
fn words_are_counted_and_ranked() {
    let folder = folder("words");
    write(&folder, "a.txt", "The cat, the dog; THE end-of-the line\r\nStraße 42");
    write(&folder, "b.txt", "cat's STRASSE straße ÉTÉ été 42");
    let args = ["--top".as_ref(), "5".as_ref(), folder.as_os_str()];
    let report = json(args);
    let expected = [("the", 4), ("cat", 2), ("straße", 2), ("été", 2), ("dog", 1)];
    assert_eq!(words(&report), expected);
}

#[test]
fn numerals_and_letters_are_not_words() {
    let text = "x 42 x 42 é 日 ½ ٣٤ u8 u8 0xff\n1_000 3.14 x-ray";
    let report = parse(&fed(["-"], text));
    assert_eq!(words(&report), [("u8", 2), ("0xff", 1), ("ray", 1)]);
}

#[test]
fn long_words_are_cut_after_40_characters() {
    let [ascii, other] = ["abcde", "éabcd"].map(|part| part.repeat(8));
    let input = format!("{ascii} {ascii}FG {ascii}hi {other} {other}Jk");
    let report = parse(&fed(["-"], input.to_uppercase()));
    let [cut, other_cut] = [format!("{ascii}…"), format!("{other}…")];
    let expected = [(&*cut, 2), (&ascii, 1), (&other, 1), (&other_cut, 1)];
    assert_eq!(words(&report), expected);
}

/// Chunks begin and end inside of characters, words, lines and line ends.
#[test]
fn chunks_end_at_any_byte() {
    let folder = folder("chunks");
    for shift in 0..20 {
        // With all shifts, chunks end at every byte of the 20 bytes of two lines.
        let content = "-".repeat(shift) + &"für\r\nde日🦀\n".repeat(20_000);
        let file = write(&folder, &format!("{shift}.txt"), &content);
        let report = json([&file]);
        assert_eq!(totals(&report), wc(&[file]));
        assert_eq!(words(&report), [("de日", 20_000), ("für", 20_000)]);
        let mut lines = (1..=20_000_u64).map(|pair| [4, 2 * pair]);
        let first = (shift > 0).then_some([3 + shift as u64, 1]);
        let found = longest(&report);
        assert!(
            found.iter().copied().eq(first.into_iter().chain(&mut lines).take(10)),
            "{found:?}"
        );
    }
}

#[test]
fn dash_is_standard_input() {
    let folder = folder("dash");
    let files = good_files(&folder);
    for file in &files {
        let content = fs::read(file).expect("the file was written");
        let output = fed(["-"], &content);
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
        assert_eq!(totals(&parse(&output)), wc(std::slice::from_ref(file)), "{file:?}");
    }
    // The second `-` reads an input that has ended.
    let report = parse(&fed(["-".as_ref(), "-".as_ref(), files[0].as_os_str()], "a\nb"));
    assert_eq!(totals(&report), [3, 4, 17]);
    let output = fed(["-"], b"good\n\xff");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(totals(&parse(&output)), [0, 0, 0]);
    assert_eq!(text(&output.stderr), "textstat: -: not UTF-8 after byte 5\n");
}

/// One line of one word, many times longer than the memory limit.
#[cfg(target_os = "linux")]
#[test]
fn endless_line_takes_little_memory() {
    const MIB: usize = if cfg!(debug_assertions) { 40 } else { 200 };
    let mut child = piped(["--json", "-"]);
    let mut stdin = child.stdin.take().expect("the stream is piped");
    let part = "x".repeat(1 << 20);
    for _ in 0..MIB {
        stdin.write_all(part.as_bytes()).expect("the example reads its input");
    }
    // The example has read all but the content of the pipe.
    let status =
        fs::read_to_string(format!("/proc/{}/status", child.id())).expect("the example runs");
    drop(stdin);
    let output = child.wait_with_output().expect("the example ends");
    let report = parse(&output);
    assert_eq!(totals(&report), [1, 0, (MIB as u64) << 20]);
    assert_eq!(longest(&report), [[(MIB as u64) << 20, 1]]);
    let cut = "x".repeat(40) + "…";
    assert_eq!(words(&report), [(&*cut, 1)]);
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the status has a peak");
    let peak: usize = peak.trim().trim_end_matches(" kB").parse().expect("the peak is a number");
    assert!(peak < 32 << 10, "{peak} KiB");
}

#[test]
fn longest_lines_are_listed() {
    let folder = folder("longest");
    let a = write(&folder, "a.txt", "12345\r\n\n1234567\n12345\n");
    let b = write(&folder, "b.txt", "äöü\néééééé");
    let args = ["--top".as_ref(), "4".as_ref(), folder.as_os_str()];
    let report = json(args);
    let lines: Vec<_> = report["longest"]
        .as_array()
        .expect("the value is a list")
        .iter()
        .map(|row| (row["chars"].clone(), row["path"].clone(), row["line"].clone()))
        .collect();
    let expected = [(7, &a, 3), (6, &b, 2), (5, &a, 1), (5, &a, 4)].map(|(chars, path, line)| {
        (chars.into(), path.to_str().expect("the path is ASCII").into(), line.into())
    });
    assert_eq!(lines, expected);

    let none = json(["--top".as_ref(), "0".as_ref(), folder.as_os_str()]);
    assert_eq!(
        (none["longest"].to_string(), none["words"].to_string()),
        ("[]".into(), "[]".into())
    );
    assert_eq!(totals(&none), wc(&[a, b]));
}

#[test]
fn unreadable_files_are_named_and_not_counted() {
    let folder = folder("skipped");
    let good = good_files(&folder);
    let bad = [
        write(&folder, "latin1.txt", b"caf\xe9\nsecond line\n"),
        // None of the thousands of good lines before the bad byte may count.
        write(&folder, "late.rs", ["good\n".repeat(50_000).as_bytes(), b"\xff\n"].concat()),
        write(&folder, "cut.md", b"cut in a character: \xe6\x97"),
    ];
    let missing = folder.join("missing.txt");

    let output =
        textstat().arg("--json").args([&folder, &missing]).output().expect("the example runs");
    assert_eq!(output.status.code(), Some(1));
    let report = parse(&output);
    assert_eq!(totals(&report), wc(&good));
    assert!(
        words(&report).iter().all(|(word, _)| *word != "good"),
        "words of a skipped file count"
    );
    let mut skipped: Vec<_> = report["skipped"]
        .as_array()
        .expect("the value is a list")
        .iter()
        .map(|row| Path::new(row["path"].as_str().expect("the row has a path")))
        .collect();
    skipped.sort();
    let mut expected: Vec<_> = bad.iter().chain([&missing]).map(PathBuf::as_path).collect();
    expected.sort();
    assert_eq!(skipped, expected);
    let stderr = text(&output.stderr);
    assert_eq!(stderr.lines().count(), 4, "{stderr}");
    for path in expected {
        assert!(stderr.contains(&format!("textstat: {}: ", path.display())), "{stderr}");
    }

    let output = run([&folder, &missing]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("4  skipped"), "{}", text(&output.stdout));
}

#[test]
fn files_without_permission_are_skipped() {
    let folder = folder("permission");
    let good = write(&folder, "good.txt", "good\n");
    let file = write(&folder, "secret.txt", "secret\n");
    let below = write(&folder, "closed/below.txt", "below\n");
    let closed = folder.join("closed");
    fs::set_permissions(&file, Permissions::from_mode(0o000)).expect("the test owns the file");
    fs::set_permissions(&closed, Permissions::from_mode(0o000)).expect("the test owns the file");
    // A superuser can read all three files, so they count.
    let is_superuser = fs::read(&file).is_ok();

    let output = textstat().arg("--json").arg(&folder).output().expect("the example runs");
    fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("the test owns the file");
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).expect("the test owns the file");

    let stderr = text(&output.stderr);
    if is_superuser {
        assert_eq!((output.status.code(), stderr), (Some(0), ""));
        assert_eq!(totals(&parse(&output)), wc(&[good, file, below]));
    } else {
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(totals(&parse(&output)), wc(&[good]));
        assert!(stderr.contains("secret.txt: ") && stderr.contains("closed: "), "{stderr}");
    }
}

#[test]
fn only_named_links_are_followed() {
    let folder = folder("links");
    let file = write(&folder, "a/b/file.txt", "one\ntwo\n");
    symlink("..", folder.join("a/up")).expect("the link can be made");
    symlink(".", folder.join("a/b/self")).expect("the link can be made");
    symlink("b", folder.join("a/other")).expect("the link can be made");
    symlink("nowhere", folder.join("a/dangling")).expect("the link can be made");
    symlink("b/file.txt", folder.join("a/file-link.txt")).expect("the link can be made");
    let expected = wc(&[file]);
    assert_eq!(totals(&json([&folder])), expected);
    assert_eq!(totals(&json([folder.join("a/other")])), expected);
    assert_eq!(totals(&json([folder.join("a/file-link.txt")])), expected);
}

#[test]
fn many_small_files_are_counted() {
    let folder = folder("many");
    let files: Vec<_> =
        (0..500).map(|n| write(&folder, &format!("{n}.txt"), "line\n".repeat(n % 5))).collect();
    for producers in ["1", "16"] {
        let args = ["--producers".as_ref(), producers.as_ref(), folder.as_os_str()];
        assert_eq!(totals(&json(args)), wc(&files));
    }
}

#[test]
fn empty_folder_is_no_error() {
    let folder = folder("empty");
    assert_eq!(totals(&json([&folder])), [0, 0, 0]);
    let output = run([&folder]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    assert_eq!(text(&output.stdout), "no files to count\n");
}

#[test]
fn empty_results_have_no_headings() {
    let folder = folder("headings");
    let report = |content: &str, args: &[&str]| {
        let file = write(&folder, "a.txt", content);
        let output = textstat().arg(file).args(args).output().expect("the example runs");
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
        let out = text(&output.stdout);
        ["times  ", "no words\n", "chars  ", "no lines\n"].map(|part| out.contains(part))
    };
    assert_eq!(report("", &[]), [false, true, false, true]);
    assert_eq!(report("42\n", &[]), [false, true, true, false]);
    assert_eq!(report("word\n", &[]), [true, false, true, false]);
    assert_eq!(report("word\n", &["--top", "0"]), [false; 4]);
}

#[test]
fn no_path_reads_this_repository() {
    let report = json::<&str>([]);
    let [files, lines, bytes] = totals(&report);
    assert!(files > 10 && lines > 1000 && bytes > 10_000, "{files} {lines} {bytes}");
    let kinds: Vec<_> = report["types"].as_array().expect("the value is a list").iter().collect();
    for name in ["rs", "toml", "md"] {
        assert!(kinds.iter().any(|kind| kind["type"] == name), "{name}");
    }
    assert!(kinds.iter().all(|kind| kind["type"] != "rlib"), "the target folder is skipped");
}

#[test]
fn text_report_shows_same_totals() {
    let folder = folder("text");
    let files = good_files(&folder);
    let [count, lines, bytes] = wc(&files);
    let output = run([&folder]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    let expected = format!("{count:>9} {lines:>12} {bytes:>15}  total\n");
    assert!(text(&output.stdout).contains(&expected), "{}", text(&output.stdout));
}

#[test]
fn wrong_usage_exits_with_two() {
    for args in [&["--no-such-option"][..], &["--producers", "0"], &["--top", "-1"], &["--top"]] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text(&output.stderr).contains("--help"), "{args:?}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn too_many_producers_exit_with_two() {
    for count in ["65", "1000000000000"] {
        let output = run(["--producers", count]);
        assert_eq!(output.status.code(), Some(2));
        let message = text(&output.stderr);
        assert!(message.contains(&format!("{count} is not in 1..=64")), "{message}");
    }
}

#[test]
fn closed_output_does_not_panic() {
    let folder = folder("closed");
    write(&folder, "a.txt", "a\n");
    for args in [&["--json"][..], &[]] {
        let mut child = textstat()
            .args(args)
            .arg(&folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the example runs");
        // The pipe has no reader, so it is broken before the first byte.
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("the example ends");
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    }
}

#[test]
fn watch_shows_lists_while_input_is_open() {
    for (form, lines, expected) in [
        ("--watch", 12, ["list ", "files", "chunks", "stream ", "readers", "words", "progress"]),
        ("--watch=graph", 20, ["flowchart", "files", "-->", "-.->", "readers", "words", "rows"]),
    ] {
        let mut child = piped([form, "--json", "-"]);
        let mut stdin = child.stdin.take().expect("the stream is piped");
        stdin.write_all(&vec![b'x'; 100_000]).expect("the example reads its input");
        // The reader waits for the rest of the input, so the state does not change.
        let stderr = BufReader::new(child.stderr.take().expect("the stream is piped"));
        let shown: Vec<_> =
            stderr.lines().map(|line| line.expect("the output is UTF-8")).take(lines).collect();
        for word in expected {
            assert!(shown.iter().any(|line| line.contains(word)), "{word}: {shown:#?}");
        }
        drop(stdin);
        let output = child.wait_with_output().expect("the example ends");
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(totals(&parse(&output)), [1, 0, 100_000]);
    }
}
