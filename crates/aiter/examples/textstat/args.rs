use std::path::PathBuf;

use clap::{Parser, ValueEnum, value_parser};

/// Lines and bytes by file type, the most frequent words and the longest lines of text files.
///
/// A word has two letters or digits at least, and is no numeral. After 40 characters it is cut.
/// Files that cannot be read or are not UTF-8 are named on standard error and not counted at all.
/// The exit code is 0 if there were none, 1 if there were some, and 2 for a wrong usage. As in
/// `wc`, a line is counted by its newline character. SMOL_THREADS=n computes on n threads.
#[derive(Parser)]
#[command(name = "textstat")]
pub(crate) struct Args {
    /// Files, and folders with all that is below them, or `-` for standard input; symbolic links in
    /// folders are not followed [default: this repository's sources, without target and hidden
    /// folders].
    pub(crate) paths: Vec<PathBuf>,

    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,

    /// How many files to read at the same time, 64 at most.
    #[arg(long, value_name = "N", default_value = "4")]
    #[arg(value_parser = value_parser!(u8).range(1..=64))]
    pub(crate) producers: u8,

    /// How many words and how many lines to list.
    #[arg(long, value_name = "N", default_value = "10")]
    pub(crate) top: usize,

    /// Show each second on standard error what the lists and the tasks do.
    #[arg(long, value_name = "FORM", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "table")]
    pub(crate) watch: Option<Watch>,
}

/// How `--watch` shows the program.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Watch {
    Table,
    /// In the language of Mermaid
    Graph,
}
