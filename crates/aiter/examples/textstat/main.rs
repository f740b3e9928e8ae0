//! Statistics of text files: lines and bytes by file type, the most frequent words, the longest
//! lines.
//!
//! Several producers read files on smol's blocking pool and push chunks of their text into one
//! list. Three forks of it, each in a task of its own, compute one statistic each. A passive fork
//! draws the progress: it sees what the statistics have asked for. Each task pushes the rows of its
//! report into a second list, which `main`, plain synchronous code, reads with a `for`.
//!
//! The lists are unbounded, so the producers wait for room before they push a chunk (see
//! `text.rs`). A chunk makes room when the list drops it, which is as soon as all forks have read
//! it and look for the next one. In memory are two chunks for each producer, and the tables of
//! words: one for all files, and one for each file that is being read, because a file only counts
//! if all of it is UTF-8. The length of a line or of a word does not matter.
#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program that has std reads better with one root"
)]

mod args;
mod files;
mod model;
mod progress;
mod report;
mod stats;
mod text;

use std::io::{self, ErrorKind, Write};
use std::panic;
use std::process::{self, ExitCode};
use std::sync::Arc;

use aiter::{AiterExt, aiter_to_iter, park_thread, push_list};
use clap::Parser;

use crate::args::Args;
use crate::model::{Chunk, Row};
use crate::report::Report;
use crate::stats::{Kinds, Longest, Words};

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

    // The chunks: each goes to every fork.
    let (pusher, chunks) = push_list::<Arc<Chunk>>();
    let chunks = chunks.forker();
    let top = args.top;
    for task in [
        smol::spawn(progress::follow(chunks.fork_passive(), bar.clone())),
        smol::spawn(stats::follow(chunks.fork(), Kinds::default, rows.clone())),
        smol::spawn(stats::follow(chunks.fork(), move || Words::top(top), rows.clone())),
        smol::spawn(stats::follow(chunks, move || Longest::top(top), rows.clone())),
    ] {
        task.detach();
    }

    let room = Arc::new(smol::lock::Semaphore::new(2 * usize::from(args.producers)));
    for _ in 0..args.producers {
        let (work, room) = (work.clone(), Arc::clone(&room));
        smol::spawn(text::produce(work, room, pusher.clone(), rows.clone())).detach();
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
    let written =
        if args.json { report.write_json(&mut out) } else { report.write_text(top, &mut out) };
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
