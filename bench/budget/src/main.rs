//! Compares the cost of each operation with a recorded budget: instructions under valgrind, which
//! are the same in every run, and allocations.
//!
//! Each operation runs many times between two marks. To count instructions, the program starts
//! itself under callgrind, which counts between the marks only.

#![forbid(unsafe_code)]

extern crate alloc;

mod budget;
mod measure;
mod operations;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use budget::Budget;
use operations::OPERATIONS;

/// Measures each operation and compares it with the recorded budget.
#[derive(Debug, Parser)]
#[command(name = "aiter-budget")]
struct Args {
    /// Measure only the operations whose name contains this.
    #[arg(long)]
    filter: Option<String>,

    /// Write the costs into the file instead of comparing them with it.
    #[arg(long, conflicts_with = "filter")]
    record: bool,

    /// File of the budget.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../budget.toml"))]
    budget: PathBuf,

    /// Run only this operation, under callgrind.
    #[arg(long, hide = true)]
    run: Option<String>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(name) = &args.run {
        return measure::child(name);
    }
    match check(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns `true` if every operation is within the budget.
fn check(args: &Args) -> Result<bool, String> {
    let wanted = |name: &str| args.filter.as_ref().is_none_or(|part| name.contains(part.as_str()));
    let toolchain = measure::toolchain()?;
    let recorded = if args.record { None } else { Some(Budget::read(&args.budget)?) };
    let counts_instructions = match &recorded {
        Some(budget) if budget.toolchain != toolchain => {
            println!(
                "SKIPPED: instructions: the budget was recorded with {}, this is {toolchain}; \
                 ci/budget.sh --record writes a new one",
                budget.toolchain
            );
            false
        }
        _ => measure::has_valgrind(),
    };
    if args.record && !counts_instructions {
        return Err("a budget cannot be recorded without valgrind".into());
    }

    let mut measured = Budget { toolchain, operations: Default::default() };
    let mut within = true;
    println!("{}", budget::heading());
    for operation in OPERATIONS.iter().filter(|operation| wanted(operation.name)) {
        let cost = measure::cost(operation, counts_instructions)?;
        let verdict = match &recorded {
            None => Ok("recorded"),
            Some(budget) => budget.judge(operation.name, &cost),
        };
        let word: &str = match &verdict {
            Ok(word) => word,
            Err(error) => error,
        };
        println!("{}  {word}", cost.row(operation.name));
        within &= verdict.is_ok();
        measured.operations.insert(operation.name.into(), cost);
    }
    match recorded {
        None => measured.write(&args.budget)?,
        Some(budget) => {
            for name in budget.operations.keys().filter(|name| wanted(name)) {
                if !measured.operations.contains_key(name) {
                    println!("{name}: in the budget, but there is no such operation");
                    within = false;
                }
            }
        }
    }
    if !within {
        println!("FAILED: an operation exceeds its budget");
    }
    Ok(within)
}
