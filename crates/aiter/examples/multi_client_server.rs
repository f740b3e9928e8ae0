//! One loop over the lines of all clients, which are joined into one stream.
//!
//! ```sh
//! cargo run --example multi_client_server -- 7777
//! nc 127.0.0.1 7777
//! ```
//!
//! `join_streams` takes a line from each client in turn. `keyed` labels each line with its client,
//! and reports clients that have left. The loop sees all events, so its state needs no lock. It
//! must not wait for one client, so it puts replies into the client's outbox, which `Client`
//! bounds.

mod server;

use std::io;

use aiter::prelude::*;
use server::{Client, Outbox};
use smol::{Timer, future, pin, stream::StreamExt};

fn main() -> io::Result<()> {
    let (clients, ctrl_c) = server::start()?;

    // The outboxes of all clients are a stream; they are written concurrently.
    let (outboxes, to_write) = push_list();
    let write = to_write.map_par(usize::MAX, Outbox::write).for_each(|()| {});

    // A stream of pairs of a client and its lines becomes a stream of pairs of a client and a line.
    let events = clients
        .map(move |client| {
            let (client, lines, outbox) = Client::new(client);
            outboxes.push(outbox).expect("`write` runs as long as clients exist");
            (client, lines)
        })
        .join_streams()
        .keyed();
    let (stopper, events) = server::PIPELINE.stream("events", events).stoppable();

    let read = async move {
        pin!(events);
        // Busy clients do not starve `write` and `stop`. The loop is pending once it has read all
        // lines that the gates let through, and only `write` lets more lines through.
        let mut count = 0_u64;
        while let Some((client, event)) = events.next().await {
            match event {
                KeyedEvent::Item(line) => {
                    count += 1;
                    client.reply(server::echo(line));
                }
                KeyedEvent::End => {
                    let (address, open) = (client.address, events.get_ref().get_ref().open());
                    server::log(format_args!("{address} left, {open} are here"));
                }
            }
        }
        server::log(format_args!("{count} lines"));
        // Dropping `events` drops all clients and the list of outboxes, so `write` ends after the
        // last pending reply.
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
