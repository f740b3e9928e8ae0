use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Parser;

/// Lines and bytes by file type, the most frequent words and the longest lines of text files.
///
/// Files that cannot be read or are not UTF-8 are named on standard error and not counted at all.
/// The exit code is 0 if there were none, 1 if there were some, and 2 for a wrong usage. As in
/// `wc`, a line is counted by its newline character. SMOL_THREADS=n computes on n threads.
#[derive(Parser)]
#[command(name = "textstat")]
pub(crate) struct Args {
    /// Files, and folders with all that is below them; symbolic links in folders are not followed
    /// [default: this repository's sources, without target and hidden folders].
    pub(crate) paths: Vec<PathBuf>,

    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,

    /// How many files to read at the same time.
    #[arg(long, value_name = "N", default_value = "4")]
    pub(crate) producers: NonZeroUsize,

    /// How many words and how many lines to list.
    #[arg(long, value_name = "N", default_value = "10")]
    pub(crate) top: usize,
}
