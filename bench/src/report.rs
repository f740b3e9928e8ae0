//! What a run prints.

use core::fmt::Write as _;
use std::fs;

use crate::bars::{self, Judged, Verdict};
use crate::cores::Cores;
use crate::harness::{EntryResult, GroupResult, Role, Scale};
use crate::machine::{self, Condition};
use crate::scenarios::memory::{Allocations, MAY_STAY, Resident};

/// What was measured, and on what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// Counted rounds.
    pub(crate) rounds: u64,
    /// When and on what: the date, the machine, the compiler.
    pub(crate) setting: Vec<String>,
    /// What else there is to say.
    pub(crate) notes: Vec<String>,
    /// How the machine was before and after.
    pub(crate) conditions: Vec<Condition>,
    /// How many of the notes are printed already.
    pub(crate) printed: usize,
    /// The timed groups.
    pub(crate) groups: Vec<GroupResult>,
    /// Resident memory.
    pub(crate) resident: Vec<Resident>,
}

impl Report {
    /// Binds this thread to its core and notes versions and machine.
    pub(crate) fn new(rounds: usize, scale: Scale, cores: Cores) -> Self {
        // Before the thread has but one core.
        let setting = machine::setting();
        let mut notes = Vec::new();
        if scale == Scale::Check {
            notes.push("a check only: no numbers".into());
        }
        if !cores.pin_main() {
            notes.push("the threads could not be pinned to cores".into());
        }
        if !cores.are_two() {
            notes.push("one core only: what takes two threads measures the scheduler".into());
        }
        notes.extend(versions());
        let conditions = vec![Condition::now(cores)];
        let printed = notes.len();
        Self { rounds: rounds as u64, setting, notes, printed, conditions, ..Self::default() }
    }

    /// Notes one thing more.
    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Looks at the machine once more.
    pub(crate) fn look(&mut self, cores: Cores) {
        self.conditions.push(Condition::now(cores));
    }

    /// Adds another run: its rounds, where both have a group. A group whose contestants are others now is
    /// the other run's.
    pub(crate) fn merge(&mut self, other: Self) {
        for group in other.groups {
            match self.groups.iter_mut().find(|known| known.name == group.name) {
                Some(known) => {
                    if !known.add(&group) {
                        *known = group;
                    }
                }
                None => self.groups.push(group),
            }
        }
        if !other.resident.is_empty() {
            self.resident = other.resident;
        }
        if !self.setting.is_empty() && self.setting != other.setting {
            self.note(format!("runs of different settings: also {}", self.setting.join(", ")));
        }
        self.setting = other.setting;
        self.conditions.extend(other.conditions);
        self.rounds += other.rounds;
        for note in other.notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
    }

    /// Whether a contestant lost or repeated items.
    pub(crate) fn lost(&self) -> bool {
        self.groups.iter().flat_map(|group| &group.entries).any(|entry| entry.lost.is_some())
            || self.resident.iter().any(|line| !line.complete)
    }

    /// What there is to say before anything has run.
    pub(crate) fn begin(&self) -> String {
        let mut text = format!("{} rounds, medians; * is the best peer\n", self.rounds);
        for line in self.setting.iter().chain(&self.notes[..self.printed]) {
            let _ = writeln!(text, "{line}");
        }
        text + &self.conditions.last().map_or_else(String::new, |now| format!("before: {now}\n"))
    }

    /// What there is to say when everything has run.
    pub(crate) fn end(&self) -> String {
        let mut text = String::new();
        if !self.resident.is_empty() {
            text += &resident_table(&self.resident);
        }
        text += &judged_table("bars", &bars::bars(&self.groups, &self.resident));
        text += &judged_table("no peer is ahead", &bars::ahead(&self.groups));
        for note in &self.notes[self.printed..] {
            let _ = writeln!(text, "\n{note}");
        }
        text + &self.conditions.last().map_or_else(String::new, |now| format!("\nafter: {now}\n"))
    }
}

/// The peers whose versions stand above the table.
const PEERS: [&str; 18] = [
    "async-broadcast",
    "async-channel",
    "chute",
    "crossbeam-channel",
    "crossfire",
    "flume",
    "fork_stream",
    "futures-buffered",
    "futures-channel",
    "futures-concurrency",
    "futures-executor",
    "futures-lite",
    "futures-util",
    "kanal",
    "pollster",
    "smol",
    "tokio",
    "tokio-stream",
];

/// The versions of the peers in the lock file of the workspace, if it can be found.
fn versions() -> Option<String> {
    let lock = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).ok()?;
    let mut found = Vec::new();
    let mut lines = lock.lines();
    while let Some(line) = lines.next() {
        let Some(name) = line.strip_prefix("name = ").map(|name| name.trim_matches('"')) else {
            continue;
        };
        if PEERS.contains(&name) {
            let version = lines.next()?.strip_prefix("version = ")?.trim_matches('"');
            found.push(format!("{name} {version}"));
        }
    }
    Some(found.join(", "))
}

/// What there is to say about one group.
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

fn resident_table(resident: &[Resident]) -> String {
    let mut text = format!(
        "\nmemory/resident (KiB; {} u64 pushed, then drained; a process each; the system's \
         allocator, nothing trimmed by hand)\n{:<19} {:<6} {:>8} {:>8} {:>8} {:>8} {:>8} {:>11}\n",
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

/// The table of what was asked of the allocator.
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
        if line.role == Role::Ours {
            let _ = write!(text, "  {}: no calls in bursts of 1 and 32", pass(is_quiet(line)));
        }
        if !line.complete {
            let _ = write!(text, "  LOST ITEMS");
        }
        text.push('\n');
    }
    text
}

/// Whether short bursts never call the allocator.
pub(crate) fn is_quiet(allocations: &Allocations) -> bool {
    let mut short = allocations.bursts.iter().filter(|calls| calls.burst <= 32);
    short.all(|calls| calls.one_by_one + calls.in_runs == 0)
}

fn pass(passed: bool) -> &'static str {
    if passed { "PASS" } else { "FAIL" }
}

/// The list of bars, without those whose groups were filtered out.
fn judged_table(title: &str, judged: &[Judged]) -> String {
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
