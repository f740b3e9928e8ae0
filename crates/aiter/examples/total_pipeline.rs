//! A whole server as one expression: clients go in, and what they were told comes out.
//!
//! It adds the numbers of each line up. Blank lines are skipped.
//!
//! ```sh
//! cargo run --example total_pipeline -- 7777
//! echo 1 2 3 | nc -N 127.0.0.1 7777
//! ```
//!
//! What waits for a client is in that client's own stream, before the join: so one that never reads
//! holds up nobody else, and no more than a line of it is held. What concerns all stands behind it.

mod server;

use std::io;

use aiter::prelude::*;
use server::Line;
use smol::net::{SocketAddr, TcpStream};
use smol::{Timer, future, io::AsyncWriteExt, pin, stream::StreamExt};

/// The sum of a line, or why there is none.
type Sum = Result<i64, String>;

fn main() -> io::Result<()> {
    let (clients, ctrl_c) = server::start()?;
    let (stopper, clients) = clients.stoppable();
    let sums = clients.map(conversation).join_streams().max_inner(server::MAX_CLIENTS);

    let serve = async {
        pin!(sums);
        let (mut good, mut bad) = (0_u64, 0_u64);
        while let Some(sum) = sums.next().await {
            *if sum.is_ok() { &mut good } else { &mut bad } += 1;
            // With clients that never pause there is always a next one, and `stop` wants its turn.
            future::yield_now().await;
        }
        server::log(format_args!("{good} sums, {bad} errors"));
    };
    let stop = async {
        ctrl_c.await;
        // No more clients. Those that are here may finish, if they are quick.
        stopper.stop();
        Timer::after(server::GRACE).await;
    };
    smol::block_on(future::or(serve, stop));
    Ok(())
}

/// All that is said to a client, as a stream that ends when it hangs up.
fn conversation((client, address): (TcpStream, SocketAddr)) -> impl Stream<Item = Sum> {
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
        // A client that cannot be told anything is gone.
        .map_while(move |told| {
            told.inspect_err(|error| server::log(format_args!("{address}: {error}"))).ok()
        })
}

/// Makes nothing of a blank line.
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
