//! An echo server: the lines of a client are a stream, and each is sent back.
//!
//! ```sh
//! cargo run --example line_server -- 7777
//! nc 127.0.0.1 7777
//! ```
//!
//! `map_par` runs the connections of all clients in one task. Each holds a place, and the number of
//! places is limited. The server reads a client's next line after the client has taken the last
//! reply, so a client that never reads blocks only itself.

mod server;

use std::io;

use aiter::prelude::*;
use server::Accepted;
use smol::net::SocketAddr;
use smol::stream::StreamExt;
use smol::{Timer, future, io::AsyncWriteExt, pin};

fn main() -> io::Result<()> {
    let (clients, ctrl_c) = server::start()?;
    let (stopper, clients) = clients.stoppable();

    let serve = async {
        let results = clients.map_par(usize::MAX, echo_lines);
        let results = server::PIPELINE.stream("conversations", results);
        pin!(results);
        // An error ends one client; the others are not affected.
        while let Some((address, result)) = results.next().await {
            match result {
                Ok(lines) => server::log(format_args!("{address} left after {lines} lines")),
                Err(error) => server::log(format_args!("{address}: {error}")),
            }
        }
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

/// Sends a client's lines back until it hangs up.
async fn echo_lines((mut client, address, _place): Accepted) -> (SocketAddr, io::Result<u64>) {
    let lines = server::lines(client.clone());
    pin!(lines);
    let mut count = 0;
    while let Some(line) = lines.next().await {
        if let Err(error) = client.write_all(&server::echo(line)).await {
            return (address, Err(error));
        }
        count += 1;
        // With a fast client, this loop would never return `Pending`, and the others would starve.
        future::yield_now().await;
    }
    (address, Ok(count))
}
