//! Statistics of text files: lines and bytes by file type, the most frequent words, the longest
//! lines.
//!
//! Several producers read files on smol's blocking pool and push chunks of their text into one
//! list. Three forks of the list run in one task each, and each computes one statistic. A fourth
//! fork draws the progress. Each task pushes the rows of its report into a second list, which
//! `main`, plain synchronous code, reads with a `for`.
//!
//! The list of chunks is bounded. A producer waits while some fork has two chunks per producer to
//! read. Memory holds these, up to one block of chunks that were read, a table of words for all
//! files, and one for each file in progress, because a file counts only if all of it is UTF-8. The
//! length of a line or of a word does not matter.
//!
//! The lists and the tasks have names in a registry, which `--watch` shows.
#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program with std uses `std` paths throughout"
)]

mod args;
mod files;
mod model;
mod progress;
mod report;
mod stats;
mod text;
mod watch;

use std::io::{self, ErrorKind, Write};
use std::panic;
use std::process::{self, ExitCode};
use std::sync::Arc;

use aiter::inspect::Registry;
use aiter::{aiter_to_iter, bounded, park_thread, push_list};
use clap::Parser;

use crate::args::Args;
use crate::model::{Chunk, Row};
use crate::report::Report;
use crate::stats::{Kinds, Longest, Words};

/// The lists of this program and the streams that read them.
static PIPELINE: Registry = Registry::new();

fn main() -> ExitCode {
    let args = Args::parse();
    exit_on_panic();
    if let Some(form) = args.watch {
        watch::start(&PIPELINE, form);
    }

    let (rows, report_rows) = push_list::<Row>();
    let rows = PIPELINE.list("rows", rows);
    let report_rows = PIPELINE.cursor("report", report_rows);
    let files = files::find(&args, &rows);
    let bar = progress::bar(files.iter().map(|file| file.size).sum(), args.watch);

    // Each file goes to one of the producers.
    let (queue, work) = push_list();
    let queue = PIPELINE.list("files", queue);
    let work = PIPELINE.cursor("readers", work.share());
    queue.push_all(files).expect("`work` is alive");
    drop(queue);

    // Each chunk goes to every fork. The slowest fork decides when a producer waits.
    let (pusher, chunks) = bounded::<Arc<Chunk>>(2 * usize::from(args.producers));
    let pusher = PIPELINE.list("chunks", pusher);
    PIPELINE.connect("readers", "chunks");
    let fork = |name| {
        PIPELINE.connect(name, "rows");
        PIPELINE.cursor(name, chunks.fork())
    };
    let top = args.top;
    for task in [
        smol::spawn(stats::follow(fork("kinds"), Kinds::default, rows.clone())),
        smol::spawn(stats::follow(fork("words"), move || Words::top(top), rows.clone())),
        smol::spawn(stats::follow(fork("longest"), move || Longest::top(top), rows.clone())),
        smol::spawn(progress::follow(PIPELINE.cursor("progress", chunks), bar.clone())),
    ] {
        task.detach();
    }

    for _ in 0..args.producers {
        smol::spawn(text::produce(work.clone(), pusher.clone(), rows.clone())).detach();
    }

    // From here on only tasks hold pushers, so the lists end when the tasks are done.
    drop((pusher, rows, work));
    let mut report = Report::default();
    for row in aiter_to_iter(report_rows, park_thread) {
        if let Row::Skipped(skipped) = &row {
            bar.dec_length(skipped.size);
            bar.suspend(|| complain(format_args!("{skipped}")));
        }
        report.add(row);
    }
    bar.finish_and_clear();

    let mut out = io::BufWriter::new(io::stdout().lock());
    let written =
        if args.json { report.write_json(&mut out) } else { report.write_text(top, &mut out) };
    match written.and_then(|()| out.flush()) {
        // The reader of the output has closed it.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => {
            complain(format_args!("standard output: {error}"));
            return ExitCode::from(1);
        }
        Ok(()) => {}
    }
    ExitCode::from(u8::from(report.has_skipped()))
}

/// Prints a message on standard error. Ignores that it may be closed.
fn complain(message: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "textstat: {message}");
}

/// Makes any panic end the program. Otherwise the other tasks would wait forever.
fn exit_on_panic() {
    let show = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        show(info);
        process::exit(101);
    }));
}
