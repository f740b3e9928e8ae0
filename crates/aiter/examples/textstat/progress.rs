//! Progress bar on standard error, if that is a terminal.

use std::io::{self, IsTerminal};
use std::sync::Arc;

use aiter::BoundedCursor;
use indicatif::{ProgressBar, ProgressStyle};

use crate::model::Chunk;

/// Returns a bar that is full after `bytes` bytes.
pub(crate) fn bar(bytes: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left")
        .expect("the template is correct");
    ProgressBar::new(bytes).with_style(style)
}

/// Advances the bar by each chunk. The bar is ahead of the statistics by at most the bound.
pub(crate) async fn follow(mut chunks: BoundedCursor<Arc<Chunk>>, bar: ProgressBar) {
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
