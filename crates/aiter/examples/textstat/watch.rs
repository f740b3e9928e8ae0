//! What the program does, each second on standard error.

use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use aiter::inspect::Registry;

use crate::args::Watch;

/// Starts to show the registry. A thread of its own shows it also if the tasks hang.
pub(crate) fn start(registry: &'static Registry, form: Watch) {
    thread::spawn(move || {
        loop {
            thread::sleep(Duration::from_secs(1));
            let snapshot = registry.snapshot();
            // The program ends also if standard error is closed.
            let _ = match form {
                Watch::Table => writeln!(io::stderr(), "{snapshot}"),
                Watch::Graph => writeln!(io::stderr(), "{}", snapshot.mermaid()),
            };
        }
    });
}
