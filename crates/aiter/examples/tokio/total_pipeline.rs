//! A whole server as one stream pipeline from clients to the replies that they were sent.
//!
//! Each reply is the sum of the numbers of a line. Blank lines are skipped.
//!
//! ```sh
//! cargo run --example tokio_total_pipeline -- 7777
//! echo 1 2 3 | nc -N 127.0.0.1 7777
//! ```
//!
//! Steps that wait for a client are in the client's own stream, before the join. A client that
//! never reads blocks only itself, and at most one of its lines is held. Shared steps follow the
//! join.

mod server;

use std::io;

use aiter::prelude::*;
use futures_util::stream;
use server::{Accepted, Line};
use tokio::{io::AsyncWriteExt, pin, time::sleep};

/// The sum of a line, or the error of a line without a sum.
type Sum = Result<i64, String>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let (clients, ctrl_c) = server::start().await?;
    let (stopper, clients) = clients.stoppable();
    let sums = clients.map(conversation).join_streams();

    let serve = async {
        pin!(sums);
        let (mut good, mut bad) = (0_u64, 0_u64);
        while let Some(sum) = sums.next().await {
            *if sum.is_ok() { &mut good } else { &mut bad } += 1;
        }
        server::log(format_args!("{good} sums, {bad} errors"));
    };
    let stop = async {
        ctrl_c.await;
        // Accepts no more clients. Connected clients may finish within the grace period.
        stopper.stop();
        sleep(server::GRACE).await;
    };
    tokio::select! {
        () = serve => {}
        () = stop => {}
    }
    Ok(())
}

/// Sends the replies to a client and yields their sums. Ends when the client hangs up.
fn conversation((client, address, place): Accepted) -> impl Stream<Item = Sum> {
    let (reader, writer) = client.into_split();
    let sums = Box::pin(server::lines(reader).map_filter(add_up));
    // The place is free when the conversation is dropped.
    stream::unfold((sums, writer, place), move |(mut sums, mut writer, place)| async move {
        let sum = sums.next().await?;
        let reply = match &sum {
            Ok(sum) => format!("{sum}\n"),
            Err(error) => format!("error: {error}\n"),
        };
        match writer.write_all(reply.as_bytes()).await {
            Ok(()) => Some((sum, (sums, writer, place))),
            // The client has left.
            Err(error) => {
                server::log(format_args!("{address}: {error}"));
                None
            }
        }
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
