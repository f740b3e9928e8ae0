//! What the servers of the tutorial have in common: clients as a stream, their lines as streams, and
//! a way to answer a client without waiting for it.
//!
//! Everything is bounded: the clients, their lines, and what is kept for them. There are no timeouts:
//! a client that says nothing, or reads nothing, keeps its place, and costs the others nothing else.
#![allow(dead_code, reason = "not every server needs all of it")]

use core::fmt;
use core::future::Future;
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::io::{self, ErrorKind, Write};

use aiter::prelude::*;
use async_signal::{Signal, Signals};
use clap::Parser;
use smol::Timer;
use smol::future::yield_now;
use smol::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use smol::net::{Shutdown, TcpListener, TcpStream};
use smol::stream::{self, StreamExt};

/// The most clients that are served at a time; the next ones wait until somebody leaves.
pub(crate) const MAX_CLIENTS: usize = 2000;

/// The most bytes of a line, its newline not counted.
const MAX_LINE: usize = 8 * 1024;

/// The most lines of a [`Client`] that are read and not yet answered.
const WINDOW: u64 = 16;

/// How long, after Ctrl-C, a server may take for what it has begun.
pub(crate) const GRACE: Duration = Duration::from_secs(1);

#[derive(Parser)]
struct Args {
    /// The port on 127.0.0.1 to listen on; with 0 the system chooses one
    #[arg(default_value_t = 0)]
    port: u16,
}

/// Listens where the command line says, and prints it.
///
/// Returns the clients that connect, and a future that waits for Ctrl-C.
pub(crate) fn start()
-> io::Result<(impl Stream<Item = (TcpStream, SocketAddr)>, impl Future<Output = ()>)> {
    let Args { port } = Args::parse();
    // First, so that whoever reads the address may already send a signal. Windows has only Ctrl-C.
    let terminate = cfg!(unix).then_some(Signal::Term);
    let mut signals = Signals::new(terminate.into_iter().chain([Signal::Int]))?;
    let listener = smol::block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, port)));
    let listener = listener.map_err(|error| {
        io::Error::new(error.kind(), format!("cannot listen on 127.0.0.1:{port}: {error}"))
    })?;
    writeln!(io::stdout(), "listening on {}", listener.local_addr()?)?;
    Ok((clients(listener), async move { _ = signals.next().await }))
}

fn clients(listener: TcpListener) -> impl Stream<Item = (TcpStream, SocketAddr)> {
    stream::unfold(listener, |listener| async {
        loop {
            match listener.accept().await {
                Ok((client, address)) => {
                    // Else a short reply may wait in the kernel for the next one.
                    let _ = client.set_nodelay(true);
                    return Some(((client, address), listener));
                }
                // Too many open files, perhaps. Whoever leaves makes room, so try again.
                Err(error) => log(format_args!("cannot take a client: {error}")),
            }
            Timer::after(Duration::from_millis(100)).await;
        }
    })
}

/// A line with its newline, or why there is none.
pub(crate) type Line = io::Result<Vec<u8>>;

/// The lines that a client sends, until it hangs up.
///
/// A line that is too long is an error, in its place; the next item is the line after it. All other
/// errors are the last item, also an end in the middle of a line. What is held of a client is one
/// line and the buffer of its reader.
pub(crate) fn lines(client: TcpStream) -> impl Stream<Item = Line> {
    let reader = BufReader::new(client);
    // The state: the reader, and whether it stands in the middle of a line to be skipped.
    stream::unfold(Some((reader, false)), |state| async {
        let (mut reader, skip) = state?;
        if skip {
            if let Err(error) = skip_line(&mut reader).await {
                return Some((Err(error), None));
            }
        }
        let mut line = Vec::new();
        // One byte more than allowed, for the newline or to see that the line is too long.
        let read = (&mut reader).take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line).await;
        match read {
            Ok(0) => None,
            Ok(_) if line.ends_with(b"\n") => Some((Ok(line), Some((reader, false)))),
            Ok(_) if line.len() > MAX_LINE => {
                let why = format!("a line of more than {MAX_LINE} bytes");
                Some((Err(io::Error::new(ErrorKind::InvalidData, why)), Some((reader, true))))
            }
            Ok(_) => {
                let why = "the last line has no newline";
                Some((Err(io::Error::new(ErrorKind::UnexpectedEof, why)), None))
            }
            Err(error) => Some((Err(error), None)),
        }
    })
}

/// Reads on to the end of the line, and keeps nothing of it.
async fn skip_line(reader: &mut BufReader<TcpStream>) -> io::Result<()> {
    let mut piece = Vec::new();
    loop {
        piece.clear();
        let read = (&mut *reader).take(MAX_LINE as u64).read_until(b'\n', &mut piece).await?;
        if read == 0 || piece.ends_with(b"\n") {
            return Ok(());
        }
        // It may go on like this for long, and the other clients want their turn.
        yield_now().await;
    }
}

/// Sends a line back, or what was wrong with it.
pub(crate) fn echo(line: Line) -> Vec<u8> {
    line.unwrap_or_else(|error| format!("error: {error}\n").into_bytes())
}

/// A client that is answered without waiting for it. A clone is another handle to the same client.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    replies: Pusher<Vec<u8>>,
}

/// The replies to a client that are not written yet.
pub(crate) struct Outbox {
    client: TcpStream,
    replies: Cursor<Vec<u8>>,
    gate: Gate,
}

impl Client {
    /// A client, its lines, and the outbox that somebody has to write.
    ///
    /// The gate lets out as many lines as may be unanswered, and one more for each reply that is
    /// written. So a client that does not read is not read from either, and its outbox is bounded.
    pub(crate) fn new(
        (client, address): (TcpStream, SocketAddr),
    ) -> (Self, impl Stream<Item = Line>, Outbox) {
        let (gate, lines) = lines(client.clone()).gated();
        let _ = gate.push(WINDOW);
        let (pusher, replies) = push_list();
        (Self { address, replies: pusher }, lines, Outbox { client, replies, gate })
    }

    /// Puts the reply to a line into the outbox. There must be one for each line.
    pub(crate) fn reply(&self, reply: Vec<u8>) {
        // An error means that the client is gone: the outbox was dropped.
        let _ = self.replies.push(reply);
    }
}

impl Outbox {
    /// Writes the replies, until the last handle to the client is dropped.
    pub(crate) async fn write(mut self) {
        while let Some(reply) = self.replies.next().await {
            if let Err(error) = self.client.write_all(&reply).await {
                log(format_args!("cannot answer: {error}"));
                // Ends its lines, too.
                let _ = self.client.shutdown(Shutdown::Both);
                return;
            }
            // An error means that there are no more lines.
            let _ = self.gate.push(1);
        }
    }
}

/// Says something on standard error, which may be closed.
pub(crate) fn log(what: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{what}");
}
