//! The two programs: arguments in, report out, exit code.

use std::process::ExitCode;

use clap::Parser;

use crate::cores::Cores;
use crate::harness::{Group, Role, Scale};
use crate::report::{self, Setting};
use crate::scenarios::memory::HeapUse;
use crate::scenarios::{self, memory};

/// Items behind each count of allocations.
const COUNTED_ITEMS: u64 = 640_000;

/// Compares the push list with its peers.
#[derive(Debug, Parser)]
#[command(name = "peers")]
struct Args {
    /// Run only the groups whose name contains one of these, whatever the case.
    #[arg(long)]
    filter: Vec<String>,

    /// Counted rounds; each contestant runs once in each of them.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,

    /// Print JSON instead of tables.
    #[arg(long)]
    json: bool,

    /// Print the groups and their contestants, and run nothing.
    #[arg(long)]
    list: bool,

    /// Measure; `cargo bench` says so by itself. Without it, every contestant runs briefly and only
    /// whether all items arrive is looked at.
    #[arg(long)]
    bench: bool,

    /// Measure the resident memory of one contestant in this process.
    #[arg(long, hide = true)]
    resident: Option<String>,

    /// Items for `--resident`.
    #[arg(long, hide = true, default_value_t = 0)]
    items: u64,
}

impl Args {
    fn wants(&self, group: &str) -> bool {
        let group = group.to_lowercase();
        self.filter.is_empty()
            || self.filter.iter().any(|part| group.contains(&part.to_lowercase()))
    }
}

/// Runs the contestants against each other and prints tables, ratios and bars.
///
/// The exit code tells whether every item arrived, never how long it took.
#[must_use]
pub fn peers() -> ExitCode {
    let args = Args::parse();
    if let Some(name) = &args.resident {
        return memory::child(name, args.items);
    }
    let scale = if args.bench { Scale::Measure } else { Scale::Check };
    let cores = Cores::pick();
    let mut groups = scenarios::groups(scale, cores);
    groups.retain(|group| args.wants(&group.name));
    let wants_resident = args.wants(memory::NAME);
    if args.list {
        print_list(&groups, wants_resident);
        return ExitCode::SUCCESS;
    }

    // On one core, crossfire asks to be told; ask it before this thread is bound to one.
    crossfire::detect_backoff_cfg();
    let rounds = if args.bench { usize::from(args.rounds) } else { 1 };
    let mut setting = Setting::new(rounds, scale, cores);
    if !args.json {
        print!("{setting}");
    }
    let mut resident = Vec::new();
    if wants_resident {
        match memory::run(scale) {
            Ok(lines) => resident = lines,
            Err(error) => setting.note(format!("resident memory was not measured: {error}")),
        }
    }
    let mut results = Vec::new();
    for group in groups {
        let result = group.run(rounds);
        if !args.json {
            print!("{}", report::group(&result, scale));
        }
        results.push(result);
    }
    setting.note(report::machine("after the run", cores));

    if args.json {
        println!("{:#}", report::json(&setting, &results, &resident));
    } else {
        print!("{}", report::end(&setting, &results, &resident, scale));
    }
    let lost = results.iter().flat_map(|group| &group.entries).any(|entry| entry.lost.is_some())
        || resident.iter().any(|line| !line.complete);
    if lost {
        eprintln!("a contestant lost or repeated items");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn print_list(groups: &[Group], with_resident: bool) {
    for group in groups {
        println!("{}: {}", group.name, group.entry_names().collect::<Vec<_>>().join("; "));
    }
    if with_resident {
        println!("{}: {}", memory::NAME, memory::entry_names().collect::<Vec<_>>().join("; "));
    }
}

/// Prints what each contestant asks of the allocator once it is warm.
///
/// `count` runs a closure and says what it asked for. The exit code tells whether every item arrived
/// and whether the push list left the allocator alone in bursts of 1 and of 32.
#[must_use]
pub fn allocations(count: fn(&mut dyn FnMut()) -> HeapUse) -> ExitCode {
    let allocations = memory::allocations(count, COUNTED_ITEMS);
    print!("{}", report::allocations_table(&allocations));
    let passed = allocations
        .iter()
        .all(|line| line.complete && (line.role != Role::Ours || report::is_quiet(line)));
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_ignores_case_and_any_of_several_is_enough() {
        let args = Args::parse_from(["peers", "--bench", "--filter", "S1", "--filter", "fork"]);
        assert!(args.wants("s1/runs/u64/burst-32"));
        assert!(args.wants("fork/backlog-0"));
        assert!(!args.wants("s2/stream"));
        assert!(Args::parse_from(["peers"]).wants("s2/stream"));
    }
}
