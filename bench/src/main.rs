//! Every contestant of every scenario, interleaved in one process: a table, ratios, bars, plots.

use std::process::ExitCode;

fn main() -> ExitCode {
    aiter_bench::run()
}
