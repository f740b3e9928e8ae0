//! Work for all cores: the lines of all clients go to as many workers as there are.
//!
//! It takes numbers to pieces, one in a line, into their prime factors.
//!
//! ```sh
//! cargo run --release --example parallel_processing -- 7777
//! seq 999999999900 1000000000000 | nc -N 127.0.0.1 7777
//! ```
//!
//! `join_streams` takes a line from each client in turn, so one with much work delays the others by
//! a line, not by all of its own. Answers are sent when they are ready, whatever their order.

mod server;

use core::num::NonZeroUsize;
use std::{io, thread};

use aiter::prelude::*;
use server::{Client, Line, MAX_CLIENTS, Outbox};
use smol::{Timer, future, pin, stream::StreamExt, unblock};

/// Larger numbers would take too long.
const MAX_NUMBER: u64 = 1_000_000_000_000;

fn main() -> io::Result<()> {
    let (clients, ctrl_c) = server::start()?;
    let workers = thread::available_parallelism().map_or(1, NonZeroUsize::get);

    // The outboxes of all clients are a stream, too, and are written in any order.
    let (outboxes, to_write) = push_list();
    let write = to_write.map_par(MAX_CLIENTS, Outbox::write).for_each(|()| {});

    let jobs = clients
        .map(move |client| {
            let (client, lines, outbox) = Client::new(client);
            outboxes.push(outbox).expect("`write` goes on as long as there are clients");
            lines.map(move |line| (client.clone(), line))
        })
        .join_streams()
        .max_inner(MAX_CLIENTS);
    let (stopper, jobs) = jobs.stoppable();

    let read = async {
        // The pool of threads does the work, and `map_par` sees to it that no more is given to it
        // than there are cores.
        let answers = jobs.map_par(workers, |(client, line)| async {
            (client, unblock(move || answer(line)).await)
        });
        pin!(answers);
        while let Some((client, answer)) = answers.next().await {
            client.reply(answer.into_bytes());
        }
    };
    let stop = async {
        ctrl_c.await;
        // Nothing more is read; what was read is answered.
        stopper.stop();
        Timer::after(server::GRACE).await;
    };
    let serve = async { _ = future::zip(read, write).await };
    smol::block_on(future::or(serve, stop));
    Ok(())
}

fn answer(line: Line) -> String {
    let line = match line {
        Ok(line) => line,
        Err(error) => return format!("error: {error}\n"),
    };
    let line = String::from_utf8_lossy(&line);
    match line.trim().parse() {
        Ok(number @ 1..=MAX_NUMBER) => {
            let factors: Vec<_> = factors(number).map(|factor| factor.to_string()).collect();
            format!("{number} = {}\n", factors.join(" * "))
        }
        Ok(_) => format!("error: {}: not between 1 and {MAX_NUMBER}\n", line.trim()),
        Err(error) => format!("error: {}: {error}\n", line.trim()),
    }
}

/// The prime factors of a number, the smallest first; 1 has only itself.
fn factors(mut rest: u64) -> impl Iterator<Item = u64> {
    let is_one = rest == 1;
    let mut next = 2;
    is_one.then_some(1).into_iter().chain(core::iter::from_fn(move || {
        if rest == 1 {
            return None;
        }
        while rest % next != 0 {
            next = if next * next > rest { rest } else { next + 1 };
        }
        rest /= next;
        Some(next)
    }))
}
