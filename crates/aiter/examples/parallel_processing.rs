//! Work for all cores: the lines of all clients go to one worker per core.
//!
//! Each line is a number, and the answer is its prime factors.
//!
//! ```sh
//! cargo run --release --example parallel_processing -- 7777
//! seq 999999999900 1000000000000 | nc -N 127.0.0.1 7777
//! ```
//!
//! `join_streams` takes a line from each client in turn, so a client with much work delays the
//! others by one line. Answers are sent as soon as they are ready, in any order.

mod server;

use core::num::NonZeroUsize;
use std::{io, thread};

use aiter::prelude::*;
use server::{Client, Line, Outbox};
use smol::{Timer, future, pin, stream::StreamExt, unblock};

/// Maximum number; factoring a larger one takes too long.
const MAX_NUMBER: u64 = 1_000_000_000_000;

fn main() -> io::Result<()> {
    let (clients, ctrl_c) = server::start()?;
    let workers = thread::available_parallelism().map_or(1, NonZeroUsize::get);

    // The outboxes of all clients are a stream; they are written concurrently.
    let (outboxes, to_write) = push_list();
    let write = to_write.map_par(usize::MAX, Outbox::write).for_each(|()| {});

    let jobs = clients
        .map(move |client| {
            let (client, lines, outbox) = Client::new(client);
            outboxes.push(outbox).expect("`write` runs as long as clients exist");
            lines.map(move |line| (client.clone(), line))
        })
        .join_streams();
    let (stopper, jobs) = server::PIPELINE.stream("jobs", jobs).stoppable();

    let read = async {
        // The blocking pool does the work, and `map_par` gives it at most one job per core.
        let answers = jobs.map_par(workers, |(client, line)| async {
            (client, unblock(move || answer(line)).await)
        });
        let answers = server::PIPELINE.stream("answers", answers);
        pin!(answers);
        while let Some((client, answer)) = answers.next().await {
            client.reply(answer.into_bytes());
        }
    };
    let stop = async {
        ctrl_c.await;
        // Reads no more lines. Lines that were read are answered within the grace period.
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

/// Returns the prime factors of a number, smallest first. The only factor of 1 is 1.
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
