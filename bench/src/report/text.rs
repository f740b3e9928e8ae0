//! Tables for a terminal.

use core::fmt::Write as _;

use crate::bars::{Judged, Verdict};
use crate::harness::{EntryResult, GroupResult, Role, Scale};
use crate::scenarios::memory::{Allocations, MAY_STAY, Resident};

/// Returns the table of a group, or for a check one line.
pub(crate) fn group(group: &GroupResult, scale: Scale) -> String {
    match scale {
        Scale::Measure => group_table(group),
        Scale::Check => group_check(group),
    }
}

fn group_check(group: &GroupResult) -> String {
    let mut text = String::new();
    for entry in &group.entries {
        text += &lost(entry).map_or_else(String::new, |lost| format!("{}: {lost}", entry.name));
    }
    if text.is_empty() {
        text = format!("all items arrived, {} contestants\n", group.entries.len());
    }
    format!("{}: {text}", group.name)
}

fn lost(entry: &EntryResult) -> Option<String> {
    let (expected, got) = entry.lost?;
    Some(format!("LOST ITEMS: expected {expected:?}, received {got:?}\n"))
}

fn group_table(group: &GroupResult) -> String {
    let best = group.best_peer();
    let mut text = format!(
        "\n{} (ns per {})\n{:<42} {:<6} {:>9} {:>19} {:>12}\n",
        group.name, group.unit, "", "", "median", "min - max", "/ best peer"
    );
    for entry in &group.entries {
        let ratio = best.map(|best| entry.ratio(best));
        let ratio = ratio.map_or_else(|| "-".into(), |ratio| format!("{ratio:.2}"));
        let mark = if best.is_some_and(|best| best.name == entry.name) { " *" } else { "" };
        let range = format!("{} - {}", nanos(entry.min()), nanos(entry.max()));
        let _ = writeln!(
            text,
            "{:<42} {:<6} {:>9} {range:>19} {ratio:>12}{mark}",
            entry.name,
            entry.role.word(),
            nanos(entry.median())
        );
        text += &lost(entry).map_or_else(String::new, |lost| format!("    {lost}"));
    }
    text
}

/// Nanoseconds, with as many digits as mean something.
pub(crate) fn nanos(value: f64) -> String {
    if value < 1000.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}

pub(super) fn resident_table(resident: &[Resident]) -> String {
    let mut text = format!(
        "\nmemory/resident (KiB; {} u64 pushed, then drained; a process for each contestant; the \
         system's allocator)\n{:<19} {:<6} {:>8} {:>8} {:>8} {:>8} {:>8} {:>11}\n",
        resident.first().map_or(0, |line| line.items),
        "",
        "",
        "before",
        "full",
        "drained",
        "later",
        "closed",
        "bytes/item"
    );
    for line in resident {
        let _ = writeln!(
            text,
            "{:<19} {:<6} {:>8} {:>8} {:>8} {:>8} {:>8} {:>11.1}  drained {}, later {}",
            line.name,
            line.role.word(),
            line.before,
            line.full,
            line.after,
            line.later,
            line.closed,
            line.bytes_per_item(),
            pass(line.kept() <= MAY_STAY),
            pass(line.kept_later() <= MAY_STAY)
        );
        if !line.complete {
            let _ = writeln!(text, "    LOST ITEMS");
        }
    }
    text
}

/// Returns the table of calls of the allocator.
pub(crate) fn allocations_table(allocations: &[Allocations]) -> String {
    let Some(first) = allocations.first() else { return String::new() };
    let mut text = format!(
        "calls of the allocator per 1000 items, one by one and in runs, once warm; then a burst of \
         {}:\nbytes per queued item at the most, and bytes kept once it is drained\n{:<20} {:<6}",
        first.items, "", ""
    );
    for calls in &first.bursts {
        let _ = write!(text, " {:>12} {:>8}", format!("bursts {}", calls.burst), "runs");
    }
    let _ = writeln!(text, " {:>11} {:>12}", "bytes/item", "bytes kept");
    for line in allocations {
        let _ = write!(text, "{:<20} {:<6}", line.name, line.role.word());
        for calls in &line.bursts {
            let thousands = calls.items as f64 / 1000.0;
            let one_by_one = calls.one_by_one as f64 / thousands;
            let in_runs = calls.in_runs as f64 / thousands;
            let _ = write!(text, " {one_by_one:>12.3} {in_runs:>8.3}");
        }
        let bytes = line.long.peak as f64 / line.items as f64;
        let _ = write!(text, " {bytes:>11.2} {:>12}", line.long.held);
        if line.role == Role::Aiter {
            let _ = write!(text, "  {}: no calls in bursts of 1 and 32", pass(is_quiet(line)));
        }
        if !line.complete {
            let _ = write!(text, "  LOST ITEMS");
        }
        text.push('\n');
    }
    text
}

/// Returns `true` if short bursts never call the allocator.
pub(crate) fn is_quiet(allocations: &Allocations) -> bool {
    let mut short = allocations.bursts.iter().filter(|calls| calls.burst <= 32);
    short.all(|calls| calls.one_by_one + calls.in_runs == 0)
}

fn pass(passed: bool) -> &'static str {
    if passed { "PASS" } else { "FAIL" }
}

/// Returns the list of bars, except the bars whose groups were filtered out.
pub(super) fn judged_table(title: &str, judged: &[Judged]) -> String {
    let not_run = judged.iter().filter(|bar| bar.verdict() == Verdict::NotRun).count();
    if not_run == judged.len() {
        return String::new();
    }
    let mut text = format!("\n{title}");
    if not_run > 0 {
        let _ = write!(text, " ({not_run} of {} were not run)", judged.len());
    }
    text.push('\n');
    for bar in judged.iter().filter(|bar| bar.verdict() != Verdict::NotRun) {
        let measured = bar.measured();
        let limit = format!("<= {:.2}{}", bar.limit, bar.unit);
        let _ = writeln!(
            text,
            "{:<7} {measured:>19} {limit:>11}  {} [{}: {}]",
            bar.verdict().word(),
            bar.what,
            bar.group,
            bar.contest()
        );
    }
    text
}
