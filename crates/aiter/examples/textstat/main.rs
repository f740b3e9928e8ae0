//! Statistics of text files: lines and bytes by file type, the most frequent words, the longest
//! lines.
//!
//! Several producers read files on smol's blocking pool and push their lines into one list. Three
//! forks of its cursor, each in a task of its own, compute one statistic each; another fork
//! draws the progress. Each task pushes the rows of its report into a second list, which `main`,
//! plain synchronous code, reads with a `for`.
//!
//! The lists are unbounded, so the producers wait for room before they read a file (see
//! `text.rs`). What is in memory at any time: the text of twice as many files as there are
//! producers, that of files whose last lines still share a block of the list with unread lines,
//! and the table of words. A file is read as a whole, because its lines only count if all of it
//! is UTF-8.
#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program that has std reads better with one root"
)]

mod args;
mod files;
mod progress;
mod report;
mod stats;
mod text;

use std::io::{self, ErrorKind, Write};
use std::panic;
use std::process::{self, ExitCode};
use std::sync::Arc;

use aiter::{aiter_to_iter, park_thread, push_list};
use clap::Parser;

use crate::args::Args;
use crate::report::{Report, Row};
use crate::stats::{Kinds, Longest, Words};
use crate::text::Line;

fn main() -> ExitCode {
    let args = Args::parse();
    exit_on_panic();

    let (rows, report_rows) = push_list::<Row>();
    let files = files::find(&args, &rows);
    let bar = progress::bar(files.iter().map(|file| file.size).sum());

    // The files: each goes to one of the producers.
    let (queue, work) = push_list();
    queue.push_all(files).expect("`work` is alive");
    drop(queue);
    let work = work.share();

    // The lines: each goes to every fork.
    let (pusher, lines) = push_list::<Line>();
    let tasks = [
        smol::spawn(progress::follow(lines.fork(), bar.clone())),
        smol::spawn(stats::follow(lines.fork(), Kinds::default(), rows.clone())),
        smol::spawn(stats::follow(lines.fork(), Words::top(args.top), rows.clone())),
        smol::spawn(stats::follow(lines, Longest::top(args.top), rows.clone())),
    ];

    let room = Arc::new(smol::lock::Semaphore::new(2 * args.producers.get()));
    for _ in 0..args.producers.get() {
        let (work, room) = (work.clone(), Arc::clone(&room));
        smol::spawn(text::produce(work, room, tasks.len(), pusher.clone(), rows.clone())).detach();
    }

    // From here on only tasks hold pushers, so both lists end when the work is done.
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
    let written = if args.json { report.write_json(&mut out) } else { report.write_text(&mut out) };
    match written.and_then(|()| out.flush()) {
        // Whoever read our output has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => {
            complain(format_args!("standard output: {error}"));
            return ExitCode::from(1);
        }
        Ok(()) => {}
    }
    ExitCode::from(u8::from(report.has_skipped()))
}

/// Says something on standard error, which may be closed.
fn complain(what: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "textstat: {what}");
}

/// A task that panics must end the program, not leave the others waiting for it.
fn exit_on_panic() {
    let show = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        show(info);
        process::exit(101);
    }));
}
