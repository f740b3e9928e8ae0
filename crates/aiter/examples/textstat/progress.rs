//! Progress bar on standard error, if that is a terminal.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};

use crate::args::Watch;
use crate::model::ChunkCursor;

/// Returns a bar that is full after `bytes` bytes. It is hidden if something else is shown there.
pub(crate) fn bar(bytes: u64, watch: Option<Watch>) -> ProgressBar {
    if watch.is_some() || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left")
        .expect("the template is correct");
    ProgressBar::new(bytes).with_style(style)
}

/// Advances the bar by each chunk. The bar is ahead of the statistics by at most the bound.
pub(crate) async fn follow(mut chunks: ChunkCursor, bar: ProgressBar) {
    while let Some(chunk) = chunks.next().await {
        bar.inc(chunk.text.len() as u64);
        // Standard input and growing files are longer than expected.
        if bar.length().is_some_and(|length| length < bar.position()) {
            bar.set_length(bar.position());
        }
        drop(chunk);
        smol::future::yield_now().await;
    }
}
