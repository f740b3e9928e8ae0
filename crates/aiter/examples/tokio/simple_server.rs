//! A server that greets its clients one by one; the clients are a stream.
//!
//! ```sh
//! cargo run --example tokio_simple_server -- 7777
//! nc 127.0.0.1 7777
//! ```
//!
//! Ctrl-C stops the stream, and the loop sees a normal end.

mod server;

use std::io;

use aiter::prelude::*;
use tokio::{io::AsyncWriteExt, pin};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let (clients, ctrl_c) = server::start().await?;
    let (stopper, clients) = clients.stoppable();

    let serve = async {
        pin!(clients);
        let mut count = 0;
        while let Some((mut client, address, _place)) = clients.next().await {
            count += 1;
            let greeting = format!("hello {address}, you are number {count}\n");
            // The send buffer of a new connection holds the greeting, so no client blocks others.
            match client.write_all(greeting.as_bytes()).await {
                Ok(()) => server::log(format_args!("{address} was greeted")),
                Err(error) => server::log(format_args!("{address}: {error}")),
            }
            // Dropping `client` closes the connection, and its place is free again.
        }
        server::log(format_args!("{count} clients"));
    };
    let stop = async {
        ctrl_c.await;
        stopper.stop();
    };
    tokio::join!(serve, stop);
    Ok(())
}
