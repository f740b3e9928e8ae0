//! A whole server as one stream pipeline from clients to the replies that they were sent.
//!
//! Each reply is the sum of the numbers of a line. Blank lines are skipped.
//!
//! ```sh
//! cargo run --example total_pipeline -- 7777
//! echo 1 2 3 | nc -N 127.0.0.1 7777
//! ```
//!
//! Steps that wait for a client are in the client's own stream, before the join. A client that
//! never reads blocks only itself, and at most one of its lines is held. Shared steps follow the
//! join.

mod server;

use std::io;

use aiter::prelude::*;
use server::{Accepted, Line};
use smol::{Timer, future, io::AsyncWriteExt, pin, stream::StreamExt};

/// The sum of a line, or the error of a line without a sum.
type Sum = Result<i64, String>;

fn main() -> io::Result<()> {
    let (clients, ctrl_c) = server::start()?;
    let (stopper, clients) = clients.stoppable();
    let sums = server::PIPELINE.stream("sums", clients.map(conversation).join_streams());

    let serve = async {
        pin!(sums);
        let (mut good, mut bad) = (0_u64, 0_u64);
        while let Some(sum) = sums.next().await {
            *if sum.is_ok() { &mut good } else { &mut bad } += 1;
            // Clients that never pause would make this loop starve `stop`.
            future::yield_now().await;
        }
        server::log(format_args!("{good} sums, {bad} errors"));
    };
    let stop = async {
        ctrl_c.await;
        // Accepts no more clients. Connected clients may finish within the grace period.
        stopper.stop();
        Timer::after(server::GRACE).await;
    };
    smol::block_on(future::or(serve, stop));
    Ok(())
}

/// Sends the replies to a client and yields their sums. Ends when the client hangs up.
fn conversation((client, address, place): Accepted) -> impl Stream<Item = Sum> {
    server::lines(client.clone())
        .map_filter(add_up)
        .then(move |sum| {
            let mut client = client.clone();
            async move {
                let reply = match &sum {
                    Ok(sum) => format!("{sum}\n"),
                    Err(error) => format!("error: {error}\n"),
                };
                client.write_all(reply.as_bytes()).await.map(|()| sum)
            }
        })
        // A failed write means that the client has left.
        .map_while(move |sent| {
            // Moved in here, so it is free when the conversation is dropped.
            let _ = &place;
            sent.inspect_err(|error| server::log(format_args!("{address}: {error}"))).ok()
        })
}

/// Returns the sum of a line, or `None` if the line is blank.
fn add_up(line: Line) -> Option<Sum> {
    let line = match line {
        Ok(line) => line,
        Err(error) => return Some(Err(error.to_string())),
    };
    let line = String::from_utf8_lossy(&line);
    let mut words = line.split_whitespace().peekable();
    words.peek()?;
    let sum = words.try_fold(0_i64, |sum, word| {
        let number: i64 = word.parse().map_err(|error| format!("{word}: {error}"))?;
        sum.checked_add(number).ok_or_else(|| "the sum is too large".to_owned())
    });
    Some(sum)
}
