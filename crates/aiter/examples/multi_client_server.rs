//! One loop for the lines of all clients: a stream of streams, joined.
//!
//! ```sh
//! cargo run --example multi_client_server -- 7777
//! nc 127.0.0.1 7777
//! ```
//!
//! `join_streams` takes a line from each client in turn, and `keyed` tells whose it is and who has
//! left. As the loop sees everything, it may have state without a lock; so it must not wait for one
//! client. It puts replies into the client's outbox, and `Client` sees to it that this is bounded.

mod server;

use std::io;

use aiter::prelude::*;
use server::{Client, MAX_CLIENTS, Outbox};
use smol::{Timer, future, pin, stream::StreamExt};

fn main() -> io::Result<()> {
    let (clients, ctrl_c) = server::start()?;

    // The outboxes of all clients are a stream, too, and are written in any order.
    let (outboxes, to_write) = push_list();
    let write = to_write.map_par(MAX_CLIENTS, Outbox::write).for_each(|()| {});

    // A stream of pairs of a client and its lines becomes a stream of pairs of a client and a line.
    let events = clients
        .map(move |client| {
            let (client, lines, outbox) = Client::new(client);
            outboxes.push(outbox).expect("`write` goes on as long as there are clients");
            (client, lines)
        })
        .join_streams()
        .max_inner(MAX_CLIENTS)
        .keyed();
    let (stopper, events) = events.stoppable();

    let read = async move {
        pin!(events);
        // `write` and `stop` get their turn, however busy the clients are: the loop waits when all
        // lines that the gates let out are read, and it is `write` that lets out more.
        let mut count = 0_u64;
        while let Some((client, event)) = events.next().await {
            match event {
                KeyedEvent::Item(line) => {
                    count += 1;
                    client.reply(server::echo(line));
                }
                KeyedEvent::End => {
                    let (address, open) = (client.address, events.get_ref().open());
                    server::log(format_args!("{address} left, {open} are here"));
                }
            }
        }
        server::log(format_args!("{count} lines"));
        // `events` is dropped here, and with it all clients and the list of outboxes: `write` ends
        // with the last reply that is owed.
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
