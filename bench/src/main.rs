//! Runs aiter and its peers in turn in one process, and prints tables, ratios, bars and plots.

use std::process::ExitCode;

fn main() -> ExitCode {
    aiter_bench::run()
}
