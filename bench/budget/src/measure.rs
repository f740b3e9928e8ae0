//! Counts instructions and allocations between the marks.

use std::process::{Command, ExitCode};
use std::{env, fs, process};

use crate::budget::Cost;
use crate::operations::{OPERATIONS, Operation};

/// Runs `work`. Callgrind counts inside of this function only.
#[inline(never)]
fn between_the_marks(work: &mut dyn FnMut()) {
    work();
    // Prevents a tail call, whose return callgrind would not see.
    core::hint::black_box(());
}

/// Name of `between_the_marks` for callgrind.
const MARK: &str = "aiter_budget::measure::between_the_marks*";

/// Runs one operation, for callgrind.
pub(crate) fn child(name: &str) -> ExitCode {
    let Some(operation) = OPERATIONS.iter().find(|operation| operation.name == name) else {
        eprintln!("no operation has the name '{name}'");
        return ExitCode::FAILURE;
    };
    (operation.run)(operation.times, &mut between_the_marks);
    ExitCode::SUCCESS
}

/// Returns the cost of one repetition.
pub(crate) fn cost(operation: &Operation, counts_instructions: bool) -> Result<Cost, String> {
    let times = operation.times as f64;
    let counted = match counts_instructions {
        true => Some(instructions(operation.name)?),
        false => None,
    };
    let per_time = |count: u64| count as f64 / times;
    let mut heap = None;
    (operation.run)(operation.times, &mut |work| heap = Some(allocation_counter::measure(work)));
    let heap = heap.ok_or_else(|| format!("{}: no work between the marks", operation.name))?;
    Ok(Cost {
        instructions: counted.map(|counted| per_time(counted.all)),
        locked: counted.map(|counted| per_time(counted.locked)),
        allocations: heap.count_total as f64 / times,
        peak_bytes: heap.bytes_max as f64 / times,
        kept_bytes: heap.bytes_current as f64 / times,
    })
}

/// Numbers of instructions.
#[derive(Clone, Copy)]
struct Counted {
    all: u64,
    /// Instructions that lock the bus.
    locked: u64,
}

/// Starts this program under callgrind with one operation.
fn instructions(name: &str) -> Result<Counted, String> {
    let this = env::current_exe().map_err(|error| error.to_string())?;
    let out = env::temp_dir().join(format!("aiter-budget-{}.callgrind", process::id()));
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-bus=yes", &format!("--toggle-collect={MARK}")])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(this)
        .args(["--run", name])
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let text = fs::read_to_string(&out);
    let _ = fs::remove_file(&out);
    let counted = text.ok().filter(|_| output.status.success()).and_then(|text| totals(&text));
    match counted {
        None => Err(format!("{name}: valgrind: {}", String::from_utf8_lossy(&output.stderr))),
        Some(Counted { all: 0, .. }) => Err(format!("{name}: callgrind did not see {MARK}")),
        Some(counted) => Ok(counted),
    }
}

/// Reads the counts from the file of callgrind, which names the events and leaves out zeros at the
/// end.
fn totals(text: &str) -> Option<Counted> {
    let line = |head| text.lines().find_map(|line| line.strip_prefix(head));
    let names: Vec<_> = line("events: ")?.split_whitespace().collect();
    let counts: Vec<_> = line("totals: ")?.split_whitespace().collect();
    let count = |event| {
        let at = names.iter().position(|name| *name == event)?;
        counts.get(at).map_or(Some(0), |count| count.parse().ok())
    };
    Some(Counted { all: count("Ir")?, locked: count("Ge")? })
}

/// Returns `true` if instructions can be counted, and prints a note if not.
pub(crate) fn has_valgrind() -> bool {
    let found = Command::new("valgrind").arg("--version").output().is_ok();
    if !found {
        println!("SKIPPED: instructions: valgrind is missing");
    }
    found
}

/// Returns the compiler and the target.
pub(crate) fn toolchain() -> Result<String, String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output =
        Command::new(rustc).arg("-V").output().map_err(|error| format!("rustc: {error}"))?;
    let version = String::from_utf8_lossy(&output.stdout);
    Ok(format!("{} on {}-{}", version.trim(), env::consts::ARCH, env::consts::OS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_found_by_event() {
        let counted = totals("version: 1\nevents: Ir Ge\n\ntotals: 120 7\n").unwrap();
        assert_eq!((counted.all, counted.locked), (120, 7));
        assert_eq!(totals("events: Ir Ge\ntotals: 120\n").unwrap().locked, 0);
        assert!(totals("events: Ir\ntotals: 120\n").is_none());
    }
}
