//! The command line of the two programs.

use std::path::PathBuf;
use std::process::ExitCode;
use std::{fs, io};

use clap::Parser;

use crate::cores::Cores;
use crate::harness::{Group, Role, Scale};
use crate::plots;
use crate::report::{self, Report};
use crate::scenarios::memory::HeapUse;
use crate::scenarios::{self, memory};

/// Number of items for each count of allocations.
const COUNTED_ITEMS: u64 = 640_000;

/// Compares aiter with its peers: every contestant of every scenario, interleaved in one process.
#[derive(Debug, Parser)]
#[command(name = "aiter-bench")]
struct Args {
    /// Run only the groups whose name contains one of these. Case does not matter.
    #[arg(long)]
    filter: Vec<String>,

    /// Number of counted rounds. Each contestant runs once in each.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,

    /// Also run the groups that take minutes and gigabytes.
    #[arg(long)]
    full: bool,

    /// Print JSON instead of tables.
    #[arg(long, conflicts_with = "markdown")]
    json: bool,

    /// Print the tables of the README instead of tables for a terminal.
    #[arg(long)]
    markdown: bool,

    /// Write a plot of each scenario into this directory, as SVG.
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,

    /// Measure nothing. Read the results of earlier runs that `--json` printed.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["list", "check", "full"])]
    from: Vec<PathBuf>,

    /// Print the groups and their contestants, and run nothing.
    #[arg(long)]
    list: bool,

    /// Run every contestant briefly, and check only that all items arrive.
    #[arg(long)]
    check: bool,

    /// Measure the resident memory of one contestant in this process.
    #[arg(long, hide = true)]
    resident: Option<String>,

    /// Number of items for `--resident`.
    #[arg(long, hide = true, default_value_t = 0)]
    items: u64,
}

impl Args {
    fn wants(&self, group: &str) -> bool {
        let group = group.to_lowercase();
        self.filter.is_empty()
            || self.filter.iter().any(|part| group.contains(&part.to_lowercase()))
    }

    fn prints_tables(&self) -> bool {
        !self.json && !self.markdown
    }
}

/// Runs the contestants and prints tables, ratios and bars.
///
/// Fails if an item was lost or repeated, never because of a time.
#[must_use]
pub fn run() -> ExitCode {
    let args = Args::parse();
    if let Some(name) = &args.resident {
        return memory::child(name, args.items);
    }
    let report = if args.from.is_empty() { measure(&args) } else { read(&args).map(Some) };
    let report = match report {
        Ok(Some(report)) => report,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    if let Some(dir) = &args.plots {
        if let Err(error) = plots::write(dir, &report) {
            eprintln!("cannot write plots to {}: {error}", dir.display());
            return ExitCode::FAILURE;
        }
    }
    if args.json {
        println!("{:#}", report.json());
    } else if args.markdown {
        print!("{}", report.markdown());
    } else if !args.check {
        print!("{}", report.end());
    }
    if report.lost() {
        eprintln!("a contestant lost or repeated items");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Measures, or prints the list of groups and returns `None`.
fn measure(args: &Args) -> io::Result<Option<Report>> {
    let scale = if args.check { Scale::Check } else { Scale::Measure };
    let cores = Cores::pick();
    let mut groups = scenarios::groups(scale, cores);
    groups.retain(|group| args.wants(&group.name) && (args.full || !group.takes_long()));
    let wants_resident = args.wants(memory::NAME);
    if args.list {
        print_list(&groups, wants_resident);
        return Ok(None);
    }
    if groups.is_empty() && !wants_resident {
        return Err(io::Error::other("no group matches the filter; --list prints all groups"));
    }

    // Crossfire counts the cores. This thread sees only one once it is pinned.
    crossfire::detect_backoff_cfg();
    let rounds = if args.check { 1 } else { usize::from(args.rounds) };
    let mut report = Report::new(rounds, scale, cores);
    if args.prints_tables() {
        print!("{}", report.begin());
    }
    if wants_resident {
        match memory::run(scale) {
            Ok(lines) => report.resident = lines,
            Err(error) => report.note(format!("resident memory was not measured: {error}")),
        }
    }
    for group in groups {
        if !args.prints_tables() {
            eprintln!("{}", group.name);
        }
        let result = group.run(rounds);
        if args.prints_tables() {
            print!("{}", report::group(&result, scale));
        }
        report.groups.push(result);
    }
    report.record_condition(cores);
    Ok(Some(report))
}

/// Reads and merges the reports of earlier runs.
fn read(args: &Args) -> io::Result<Report> {
    let mut all = Report::default();
    for path in &args.from {
        let of_file = |error: String| io::Error::other(format!("{}: {error}", path.display()));
        let text = fs::read_to_string(path).map_err(|error| of_file(error.to_string()))?;
        let value = serde_json::from_str(&text).map_err(|error| of_file(error.to_string()))?;
        all.merge(Report::from_json(&value).map_err(of_file)?);
    }
    all.groups.retain(|group| args.wants(&group.name));
    if !args.wants(memory::NAME) {
        all.resident.clear();
    }
    if args.prints_tables() {
        for group in &all.groups {
            print!("{}", report::group(group, Scale::Measure));
        }
    }
    Ok(all)
}

fn print_list(groups: &[Group], with_resident: bool) {
    for group in groups {
        println!("{}: {}", group.name, group.entry_names().collect::<Vec<_>>().join("; "));
    }
    if with_resident {
        println!("{}: {}", memory::NAME, memory::entry_names().collect::<Vec<_>>().join("; "));
    }
}

/// Prints how each contestant uses the allocator once it is warm.
///
/// `count` runs a closure and returns its use of the heap. Fails if an item was lost, or if the
/// push list called the allocator in bursts of 1 or 32.
#[must_use]
pub fn allocations(count: fn(&mut dyn FnMut()) -> HeapUse) -> ExitCode {
    let allocations = memory::allocations(count, COUNTED_ITEMS);
    print!("{}", report::allocations_table(&allocations));
    let passed = allocations
        .iter()
        .all(|line| line.complete && (line.role != Role::Aiter || report::is_quiet(line)));
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filter_ignores_case() {
        let args = Args::parse_from(["aiter-bench", "--filter", "S1", "--filter", "fork"]);
        assert!(args.wants("s1/runs/u64/burst-32"));
        assert!(args.wants("fork/backlog-0"));
        assert!(!args.wants("s2/stream"));
        assert!(Args::parse_from(["aiter-bench"]).wants("s2/stream"));
    }
}
