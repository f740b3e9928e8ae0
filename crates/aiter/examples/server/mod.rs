//! Shared parts of the example servers: a stream of clients, a stream of lines per client, and
//! replies that do not wait for the client.
//!
//! The number of clients, the length of a line and the memory per client are bounded. There are no
//! timeouts: a silent client keeps its place, and costs the other clients nothing else.
//!
//! On Unix, Ctrl-\ prints what the streams of the server do.
#![allow(dead_code, reason = "not every server needs all of it")]
#![allow(clippy::std_instead_of_alloc, reason = "a program with std uses `std` paths")]

use core::fmt;
use core::future::Future;
use core::net::{Ipv4Addr, SocketAddr};
use core::num::NonZeroUsize;
use core::time::Duration;
use std::io::{self, ErrorKind, Write};
use std::sync::Arc;

use aiter::inspect::{Inspected, InspectedPusher, Registry};
use aiter::prelude::*;
use async_lock::{Semaphore, SemaphoreGuardArc};
use async_signal::{Signal, Signals};
use clap::Parser;
use smol::Timer;
use smol::future::yield_now;
use smol::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use smol::net::{Shutdown, TcpListener, TcpStream};
use smol::stream::{self, StreamExt};

/// Maximum number of bytes in a line without its newline.
const MAX_LINE: usize = 8 * 1024;

/// Maximum number of lines of a [`Client`] that are read and not yet answered.
const WINDOW: u64 = 16;

/// Time that a server may take after Ctrl-C to finish its work.
pub(crate) const GRACE: Duration = Duration::from_secs(1);

/// The streams of the server, by name.
pub(crate) static PIPELINE: Registry = Registry::new();

#[derive(Parser)]
struct Args {
    /// The port on 127.0.0.1 to listen on; with 0 the system chooses one
    #[arg(default_value_t = 0)]
    port: u16,
    /// The number of clients that are served at a time; further clients wait until one leaves
    #[arg(long, default_value = "2000")]
    clients: NonZeroUsize,
}

/// The place of a client among the served clients. Dropping it frees the place.
pub(crate) type Place = SemaphoreGuardArc;

/// A client that was accepted. Keep the place until the last reply is written.
pub(crate) type Accepted = (TcpStream, SocketAddr, Place);

/// Listens on the port of the command line and prints the address.
///
/// Returns the stream of clients, and a future that waits for Ctrl-C.
pub(crate) fn start() -> io::Result<(impl Stream<Item = Accepted>, impl Future<Output = ()>)> {
    let Args { port, clients: places } = Args::parse();
    // Signals are caught before the address is printed. Windows has only Ctrl-C.
    let more: &[_] = if cfg!(unix) { &[Signal::Term, Signal::Quit] } else { &[] };
    let mut signals = Signals::new(more.iter().copied().chain([Signal::Int]))?;
    let listener = smol::block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, port)));
    let listener = listener.map_err(|error| {
        io::Error::new(error.kind(), format!("cannot listen on 127.0.0.1:{port}: {error}"))
    })?;
    writeln!(io::stdout(), "listening on {}", listener.local_addr()?)?;
    let ctrl_c = async move {
        while let Some(Ok(Signal::Quit)) = signals.next().await {
            log(format_args!("{}", PIPELINE.snapshot()));
        }
    };
    Ok((PIPELINE.stream("clients", clients(listener, places)), ctrl_c))
}

/// Accepts a client when a place is free. The other clients wait in the queue of the system.
fn clients(listener: TcpListener, places: NonZeroUsize) -> impl Stream<Item = Accepted> {
    let places = Arc::new(Semaphore::new(places.get()));
    stream::unfold((listener, places), |(listener, places)| async {
        let place = places.acquire_arc().await;
        loop {
            match listener.accept().await {
                Ok((client, address)) => {
                    // Otherwise the kernel may delay a short reply until the next one.
                    let _ = client.set_nodelay(true);
                    return Some(((client, address, place), (listener, places)));
                }
                // The process may have too many open files, until a client leaves. Retry.
                Err(error) => log(format_args!("cannot take a client: {error}")),
            }
            Timer::after(Duration::from_millis(100)).await;
        }
    })
}

/// A line with its newline, or the error that replaced it.
pub(crate) type Line = io::Result<Vec<u8>>;

/// Returns the lines of a client until it hangs up.
///
/// An overlong line yields an error in its place, and the next item is the line after it. Any other
/// error is the last item, also an end in the middle of a line. Memory per client is one line and
/// the buffer of the reader.
pub(crate) fn lines(client: TcpStream) -> impl Stream<Item = Line> {
    let reader = BufReader::new(client);
    // The state is the reader, and `true` if it is inside of an overlong line.
    let lines = stream::unfold(Some((reader, false)), |state| async {
        let (mut reader, skip) = state?;
        if skip {
            if let Err(error) = skip_line(&mut reader).await {
                return Some((Err(error), None));
            }
        }
        let mut line = Vec::new();
        // One byte more than the maximum: the newline, or the proof that the line is too long.
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
    });
    PIPELINE.stream("lines", lines)
}

/// Reads and discards the rest of the line.
async fn skip_line(reader: &mut BufReader<TcpStream>) -> io::Result<()> {
    let mut piece = Vec::new();
    loop {
        piece.clear();
        let read = (&mut *reader).take(MAX_LINE as u64).read_until(b'\n', &mut piece).await?;
        if read == 0 || piece.ends_with(b"\n") {
            return Ok(());
        }
        // A long line must not starve the other clients.
        yield_now().await;
    }
}

/// Returns the reply of an echo: the line, or the text of its error.
pub(crate) fn echo(line: Line) -> Vec<u8> {
    line.unwrap_or_else(|error| format!("error: {error}\n").into_bytes())
}

/// A handle that replies to a client without waiting for it. Clones are handles to the same client.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    replies: InspectedPusher<Pusher<Vec<u8>>>,
}

/// Replies to a client that are not yet written.
pub(crate) struct Outbox {
    client: TcpStream,
    replies: Inspected<Cursor<Vec<u8>>>,
    gate: Gate,
    _place: Place,
}

impl Client {
    /// Returns a client, its lines, and its outbox, which the caller has to write.
    ///
    /// The gate lets `WINDOW` lines through, and one more for each written reply. The server does
    /// not read from a client that does not read, so the outbox is bounded.
    pub(crate) fn new(
        (client, address, place): Accepted,
    ) -> (Self, impl Stream<Item = Line>, Outbox) {
        let (gate, lines) = lines(client.clone()).gated();
        let _ = gate.push(WINDOW);
        let (pusher, replies) = push_list();
        let pusher = PIPELINE.list("replies", pusher);
        let replies = PIPELINE.cursor("outboxes", replies);
        let outbox = Outbox { client, replies, gate, _place: place };
        (Self { address, replies: pusher }, lines, outbox)
    }

    /// Puts the reply to a line into the outbox. Each line needs one reply.
    pub(crate) fn reply(&self, reply: Vec<u8>) {
        // An error means that the client has left and its outbox was dropped.
        let _ = self.replies.push(reply);
    }
}

impl Outbox {
    /// Writes the replies until the last handle to the client is dropped.
    pub(crate) async fn write(mut self) {
        while let Some(reply) = self.replies.next().await {
            if let Err(error) = self.client.write_all(&reply).await {
                log(format_args!("cannot answer: {error}"));
                // The shutdown ends the stream of lines as well.
                let _ = self.client.shutdown(Shutdown::Both);
                return;
            }
            // An error means that the stream of lines has ended.
            let _ = self.gate.push(1);
        }
    }
}

/// Prints a message on standard error. Ignores that it may be closed.
pub(crate) fn log(message: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{message}");
}
