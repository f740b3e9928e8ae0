//! How far it is, on standard error if that is a terminal.

use std::io::{self, IsTerminal};

use aiter::Cursor;
use indicatif::{ProgressBar, ProgressStyle};

use crate::text::Line;

/// A bar that is full after so many bytes.
pub(crate) fn bar(bytes: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left")
        .expect("the template is correct");
    ProgressBar::new(bytes).with_style(style)
}

/// Moves the bar on by what the cursor reads.
pub(crate) async fn follow(mut lines: Cursor<Line>, bar: ProgressBar) {
    let mut batch = Vec::new();
    while lines.next_many(&mut batch, crate::stats::BATCH).await > 0 {
        let mut bytes = 0;
        for line in batch.drain(..) {
            bytes += line.as_str().len() as u64;
            line.passed();
        }
        bar.inc(bytes);
        smol::future::yield_now().await;
    }
}
