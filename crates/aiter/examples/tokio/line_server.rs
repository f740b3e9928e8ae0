//! An echo server: the lines of a client are a stream, and each is sent back.
//!
//! ```sh
//! cargo run --example tokio_line_server -- 7777
//! nc 127.0.0.1 7777
//! ```
//!
//! `map_par` runs the connections of all clients in one task. Each holds a place, and the number of
//! places is limited. The server reads a client's next line after the client has taken the last
//! reply, so a client that never reads blocks only itself.

mod server;

use core::net::SocketAddr;
use std::io;

use aiter::prelude::*;
use server::Accepted;
use tokio::{io::AsyncWriteExt, pin, time::sleep};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let (clients, ctrl_c) = server::start().await?;
    let (stopper, clients) = clients.stoppable();

    let serve = async {
        let results = clients.map_par(usize::MAX, echo_lines);
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
        sleep(server::GRACE).await;
    };
    tokio::select! {
        () = serve => {}
        () = stop => {}
    }
    Ok(())
}

/// Sends a client's lines back until it hangs up.
async fn echo_lines((client, address, _place): Accepted) -> (SocketAddr, io::Result<u64>) {
    let (reader, mut writer) = client.into_split();
    let lines = server::lines(reader);
    pin!(lines);
    let mut count = 0;
    while let Some(line) = lines.next().await {
        if let Err(error) = writer.write_all(&server::echo(line)).await {
            return (address, Err(error));
        }
        count += 1;
    }
    (address, Ok(count))
}
