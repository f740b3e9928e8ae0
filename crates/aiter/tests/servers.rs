//! Runs the example servers, on smol and on tokio, and drives them over TCP with well-behaved and
//! hostile clients.
#![cfg(all(unix, not(miri)))]
#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program with std uses `std` paths throughout"
)]

use std::cell::Cell;
use std::collections::BTreeSet;
use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::future::Future;
use std::io::{self, BufRead, Write};
use std::net::{self, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use aiter::prelude::*;
use smol::Timer;
use smol::future::{or, poll_once, yield_now, zip};
use smol::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use smol::lock::Semaphore;
use smol::net::{Shutdown, TcpStream};
use smol::stream::{self, StreamExt};

/// Time limit of a test, generous for a busy machine. A test that takes longer hangs.
const TIME_LIMIT: Duration = Duration::from_secs(180);

const TOO_LONG: &str = "error: a line of more than 8192 bytes";
const NO_NEWLINE: &str = "error: the last line has no newline";

/// Path of the example, which cargo builds together with all tests of the package.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test has an executable");
    let profile = test.ancestors().nth(2).expect("the executable is in target/<profile>/deps");
    let example = profile.join("examples").join(format!("{name}{EXE_SUFFIX}"));
    assert!(example.exists(), "{example:?} is missing: `cargo build --example {name}` makes it");
    example
}

/// A running server process, killed on drop.
struct Server {
    child: Child,
    address: SocketAddr,
    /// Lines of its standard error. The list ends when the process does.
    log: Cursor<String>,
}

impl Server {
    fn start(name: &str) -> Self {
        Self::run(&mut Command::new(example(name)))
    }

    fn run(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the example runs");
        let stderr = io::BufReader::new(child.stderr.take().expect("the stream is piped"));
        let (pusher, mut log) = push_list();
        thread::spawn(move || {
            for line in stderr.lines() {
                // The push fails if the test has dropped the cursor; the server must not notice.
                let _ = pusher.push(line.expect("the output is UTF-8"));
            }
        });
        let stdout = child.stdout.take().expect("the stream is piped");
        let mut line = String::new();
        io::BufReader::new(stdout).read_line(&mut line).expect("the server prints its address");
        let address = line.trim_end().strip_prefix("listening on ").unwrap_or_else(|| {
            let log: Vec<_> = aiter_to_iter(&mut log, park_thread).collect();
            panic!("the server does not start: {line:?} {log:?}")
        });
        let address = address.parse().expect("the line has an address");
        Self { child, address, log }
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id();
        let mut kill = Command::new("sh");
        let status = kill.args(["-c", &format!("kill -{signal} {id}")]).status();
        assert!(status.expect("the shell runs").success());
    }

    /// Waits for a matching line of the log.
    async fn wait_for_line(&mut self, what: impl Fn(&str) -> bool) {
        while !what(&self.log.next().await.expect("the server is running")) {}
    }

    /// Waits until the process exits, which must succeed. Returns the rest of the log.
    async fn ends(mut self) -> Vec<String> {
        let log = (&mut self.log).collect().await;
        let status = self.child.wait().expect("the child exists");
        assert!(status.success(), "{status}, {log:?}");
        log
    }

    /// Resident memory of the process, now and at its peak, in KiB.
    fn memory(&self) -> Option<(u64, u64)> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok();
        let field = |key| {
            let line = status.as_ref()?.lines().find_map(|line| line.strip_prefix(key))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let memory = field("VmRSS:").zip(field("VmHWM:"));
        if memory.is_none() {
            println!("SKIPPED: the memory of a server, as there is no /proc");
        }
        memory
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a test, and fails if it hangs.
fn run<T>(test: impl Future<Output = T>) -> T {
    // The servers inherit the limit.
    let files = rlimit::increase_nofile_limit(8192).expect("the limit can be read");
    assert!(files >= 2000, "the hard limit of open files is {files}, 2000 are needed");
    smol::block_on(or(test, async {
        Timer::after(TIME_LIMIT).await;
        panic!("the test takes longer than {TIME_LIMIT:?}")
    }))
}

/// Runs all clients concurrently in this task.
async fn all<'a, T>(clients: impl IntoIterator<Item = BoxFuture<'a, T>>) -> Vec<T> {
    let clients = stream::iter(clients.into_iter().collect::<Vec<_>>());
    clients.map_par(usize::MAX, |client| client).ordered().collect().await
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

struct Client {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
}

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        let writer = TcpStream::connect(address).await.expect("the server listens");
        Self { reader: BufReader::new(writer.clone()), writer }
    }

    async fn send(&mut self, what: impl AsRef<[u8]>) {
        self.writer.write_all(what.as_ref()).await.expect("the server reads");
    }

    fn hang_up(&self) {
        self.writer.shutdown(Shutdown::Write).expect("the client is connected");
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.reader.read_line(&mut line).await.expect("the server answers");
        assert_eq!(line.pop(), Some('\n'), "cut short: {line:?}");
        line
    }

    async fn lines(&mut self, count: usize) -> Vec<String> {
        let mut lines = Vec::new();
        while lines.len() < count {
            lines.push(self.line().await);
        }
        lines
    }

    /// Returns all lines until the server closes the connection.
    async fn rest(&mut self) -> Vec<String> {
        let mut text = String::new();
        self.reader
            .read_to_string(&mut text)
            .await
            .expect("the server closes the connection cleanly");
        text.lines().map(str::to_owned).collect()
    }
}

/// A server that answers each line.
#[derive(Clone, Copy)]
struct Service {
    name: &'static str,
    /// Prefix of the example's name.
    runtime: &'static str,
    /// Returns a line for a number, and the answer to it.
    ask: fn(u64) -> (String, String),
    /// `true` if the answers come in the order of the lines.
    ordered: bool,
}

/// The examples on smol have no prefix.
const SMOL: &str = "";
const TOKIO: &str = "tokio_";

const LINE_SERVER: Service = Service {
    name: "line_server",
    runtime: SMOL,
    ask: |n| (format!("line {n}"), format!("line {n}")),
    ordered: true,
};

const MULTI_CLIENT_SERVER: Service = Service { name: "multi_client_server", ..LINE_SERVER };

const TOTAL_PIPELINE: Service = Service {
    name: "total_pipeline",
    runtime: SMOL,
    ask: |n| (format!("{n} \t-7 {n}"), (2 * n as i64 - 7).to_string()),
    ordered: true,
};

const PARALLEL_PROCESSING: Service = Service {
    name: "parallel_processing",
    runtime: SMOL,
    // The number is twice a prime.
    ask: |n| {
        let prime = [3, 5, 7, 999_983][n as usize % 4];
        (format!("{}", 2 * prime), format!("{} = 2 * {prime}", 2 * prime))
    },
    ordered: false,
};

/// All servers that answer each line, on each runtime.
fn services() -> impl Iterator<Item = Service> {
    [LINE_SERVER, MULTI_CLIENT_SERVER, TOTAL_PIPELINE, PARALLEL_PROCESSING]
        .into_iter()
        .flat_map(|service| [service.on(SMOL), service.on(TOKIO)])
}

impl Service {
    fn on(self, runtime: &'static str) -> Self {
        Self { runtime, ..self }
    }

    /// Name of the example.
    fn example(self) -> String {
        format!("{}{}", self.runtime, self.name)
    }

    /// Returns lines that end with newlines, and their answers.
    fn script(self, numbers: impl IntoIterator<Item = u64>) -> (String, Vec<String>) {
        let (lines, answers): (Vec<_>, Vec<_>) = numbers.into_iter().map(self.ask).unzip();
        (lines.into_iter().flat_map(|line| [line, "\n".into()]).collect(), answers)
    }

    fn check(self, mut got: Vec<String>, mut expected: Vec<String>) {
        if !self.ordered {
            got.sort();
            expected.sort();
        }
        assert_eq!(got, expected, "{}", self.example());
    }

    /// Sends lines and reads their answers, three times.
    async fn behaves(self, address: SocketAddr, id: u64) {
        let mut client = Client::connect(address).await;
        for round in 0..3 {
            let (lines, answers) = self.script((0..20).map(|n| 1000 * id + 100 * round + n));
            // The pieces do not end where the lines end.
            for piece in lines.as_bytes().chunks(7 + id as usize % 50) {
                client.send(piece).await;
            }
            self.check(client.lines(answers.len()).await, answers);
        }
        client.hang_up();
        assert_eq!(client.rest().await, [""; 0]);
    }

    /// Hangs up in the middle of a line and reads the answer to it.
    async fn stops_in_mid_line(self, address: SocketAddr) {
        let mut client = Client::connect(address).await;
        let (lines, mut answers) = self.script(1..4);
        client.send(lines + "12").await;
        client.hang_up();
        answers.push(NO_NEWLINE.into());
        self.check(client.rest().await, answers);
    }

    /// Disconnects in the middle of a line, with replies unread or not yet sent.
    async fn vanishes_in_mid_line(self, address: SocketAddr, id: u64) {
        let mut client = Client::connect(address).await;
        let (lines, _) = self.script(1..10);
        client.send(lines + "12").await;
        if id % 2 == 1 {
            client.writer.read_exact(&mut [0]).await.expect("the server answers");
        }
    }

    /// Sends 10 MiB without a newline.
    async fn floods(self, address: SocketAddr) {
        let mut client = Client::connect(address).await;
        let piece = [b'1'; 64 * 1024];
        client.send(piece).await;
        assert_eq!(client.line().await, TOO_LONG, "the error comes before the end of the line");
        for _ in 1..10 * 1024 * 1024 / piece.len() {
            client.send(piece).await;
        }
        let (lines, answers) = self.script(1..4);
        client.send(format!("\n{lines}")).await;
        self.check(client.lines(answers.len()).await, answers);
        // A second long line, which ends with the connection.
        client.send(piece).await;
        client.send(piece).await;
        client.hang_up();
        assert_eq!(client.rest().await, [TOO_LONG]);
    }

    /// Sends lines forever and reads nothing. Counts the sent bytes.
    async fn never_reads(self, address: SocketAddr, sent: &Cell<u64>) {
        let mut client = Client::connect(address).await;
        // All servers send an answer for each line.
        let line = "x".repeat(8000) + "\n";
        loop {
            let mut rest = line.as_bytes();
            while !rest.is_empty() {
                let count = client.writer.write(rest).await.expect("the server reads");
                rest = &rest[count..];
                sent.set(sent.get() + count as u64);
                yield_now().await;
            }
        }
    }

    /// Sends lines and reads the answers, both as fast as possible, until the server exits.
    ///
    /// Runs on two threads, so that the server always has input left.
    fn never_pauses(self, address: SocketAddr) -> [JoinHandle<()>; 2] {
        let (lines, _) = self.script(0..2000);
        let mut writer = net::TcpStream::connect(address).expect("the server listens");
        let mut reader = writer.try_clone().expect("a file descriptor is free");
        [
            thread::spawn(move || while writer.write_all(lines.as_bytes()).is_ok() {}),
            thread::spawn(move || _ = io::copy(&mut reader, &mut io::sink())),
        ]
    }

    /// Sends one endless line as fast as possible until the server exits.
    fn never_ends_its_line(self, address: SocketAddr) -> [JoinHandle<()>; 1] {
        let mut writer = net::TcpStream::connect(address).expect("the server listens");
        [thread::spawn(move || while writer.write_all(&[b'1'; 256 * 1024]).is_ok() {})]
    }

    /// Sends lines one by one until the server stops reading from the clients that never read.
    ///
    /// The server has stopped if these clients sent nothing during the last `ANSWERS` answers.
    async fn outlasts(self, address: SocketAddr, sent: &[Cell<u64>]) {
        const ANSWERS: u64 = 300;
        const MAX_SENT: u64 = 64 * 1024 * 1024;
        let mut client = Client::connect(address).await;
        let all = || sent.iter().map(Cell::get).collect::<Vec<_>>();
        let (mut before, mut answers, mut number) = (all(), 0, 0);
        while answers < ANSWERS {
            let (line, answer) = (self.ask)(number);
            client.send(line + "\n").await;
            assert_eq!(client.line().await, answer);
            number += 1;
            answers += 1;
            let now = all();
            assert!(
                now.iter().all(|&sent| sent < MAX_SENT),
                "the server still reads after {now:?} bytes"
            );
            if now != before || now.contains(&0) {
                (before, answers) = (now, 0);
            }
        }
        println!("{}: clients that never read are blocked after {before:?} bytes", self.example());
    }

    /// Serves clients of all kinds at the same time.
    fn serves_crowd(self) {
        run(async {
            let server = Server::start(&self.example());
            let address = server.address;
            let sent: [Cell<u64>; 4] = Default::default();
            let crowd = async {
                let mut clients: Vec<BoxFuture<'_, ()>> = Vec::new();
                clients.extend((0..40).map(|id| Box::pin(self.behaves(address, id)) as _));
                clients.extend((0..10).map(|_| Box::pin(self.stops_in_mid_line(address)) as _));
                clients.extend(
                    (0..10).map(|id| Box::pin(self.vanishes_in_mid_line(address, id)) as _),
                );
                clients.extend((0..5).map(|_| Box::pin(self.floods(address)) as _));
                clients.push(Box::pin(self.outlasts(address, &sent)));
                all(clients).await;
            };
            let never_readers = sent.iter().map(|sent| self.never_reads(address, sent));
            // These clients outlive the crowd, to the end of this function.
            let mut never_readers =
                Box::pin(all(never_readers.map(|client| Box::pin(client) as _)));
            let mut threads = Vec::new();
            threads.extend(self.never_pauses(address));
            threads.extend(self.never_pauses(address));
            threads.extend(self.never_ends_its_line(address));
            or(crowd, async { _ = never_readers.as_mut().await as Vec<()> }).await;

            if let Some((now, peak)) = server.memory() {
                println!("{}: {now} KiB after the crowd, {peak} KiB at the peak", self.example());
                assert!(peak < 16 * 1024, "{peak} KiB are more than a few lines per client");
            }

            // The server stops although some clients are idle and others never read.
            let mut idle = Client::connect(address).await;
            let (line, answer) = (self.ask)(1);
            idle.send(line + "\n").await;
            assert_eq!(idle.line().await, answer);
            server.signal("INT");
            assert_eq!(idle.rest().await, [""; 0]);
            server.ends().await;
            for thread in threads {
                thread.join().expect("no client panics");
            }
        });
    }
}

#[test]
fn line_server_serves_crowd() {
    LINE_SERVER.serves_crowd();
}

#[test]
fn tokio_line_server_serves_crowd() {
    LINE_SERVER.on(TOKIO).serves_crowd();
}

#[test]
fn multi_client_server_serves_crowd() {
    MULTI_CLIENT_SERVER.serves_crowd();
}

#[test]
fn tokio_multi_client_server_serves_crowd() {
    MULTI_CLIENT_SERVER.on(TOKIO).serves_crowd();
}

#[test]
fn total_pipeline_serves_crowd() {
    TOTAL_PIPELINE.serves_crowd();
}

#[test]
fn tokio_total_pipeline_serves_crowd() {
    TOTAL_PIPELINE.on(TOKIO).serves_crowd();
}

#[test]
fn parallel_processing_serves_crowd() {
    PARALLEL_PROCESSING.serves_crowd();
}

#[test]
fn tokio_parallel_processing_serves_crowd() {
    PARALLEL_PROCESSING.on(TOKIO).serves_crowd();
}

#[test]
fn simple_server_greets_all_clients() {
    greets_all_clients("simple_server");
}

#[test]
fn tokio_simple_server_greets_all_clients() {
    greets_all_clients("tokio_simple_server");
}

fn greets_all_clients(example: &str) {
    run(async {
        let server = Server::start(example);
        let address = server.address;
        let greeted = |behaviour: usize| async move {
            let mut client = Client::connect(address).await;
            if behaviour == 1 {
                // The client disconnects, perhaps before the greeting, and is counted nevertheless.
                return None;
            }
            let greeting = client.line().await;
            let own_address = client.writer.local_addr().expect("the client is connected");
            let number = greeting.strip_prefix(&format!("hello {own_address}, you are number "));
            match behaviour {
                0 => assert_eq!(client.rest().await, [""; 0]),
                // The server has closed the connection, so the write may fail.
                _ => _ = client.writer.write_all(&vec![b'x'; 10 * 1024 * 1024]).await,
            }
            Some(
                number
                    .expect("the line is a greeting")
                    .parse::<usize>()
                    .expect("the greeting ends with a number"),
            )
        };
        let idle: Vec<_> = all((0..5).map(|_| Box::pin(Client::connect(address)) as _)).await;
        let clients = (0..60).map(|n| Box::pin(greeted(n % 3)) as BoxFuture<'_, _>);
        let numbers: Vec<usize> = all(clients).await.into_iter().flatten().collect();
        assert_eq!(numbers.len(), 40);
        let different: BTreeSet<_> = numbers.iter().filter(|n| (1..=65).contains(*n)).collect();
        assert_eq!(different.len(), 40, "{numbers:?}");
        // Clients that do not read do not block the others.
        server.signal("TERM");
        let log = server.ends().await;
        let count = log.last().and_then(|line| line.strip_suffix(" clients")?.parse().ok());
        assert!(count >= numbers.iter().copied().max() && count <= Some(65), "{count:?}");
        drop(idle);
    });
}

/// A client of the multi-client server.
///
/// Connects, gets its first line back, waits until all clients have done so, and sends the rest.
/// Every line comes back once and in order.
async fn one_of_many(
    address: SocketAddr,
    id: usize,
    lines: usize,
    connects: &Semaphore,
    served: Pusher<()>,
    mut all_served: Cursor<()>,
) {
    let line = |n| format!("client {id} line {n}");
    // The accept queue of the system is short, and an overflow costs a second.
    let permit = connects.acquire().await;
    let mut client = Client::connect(address).await;
    client.send(line(0) + "\n").await;
    assert_eq!(client.line().await, line(0));
    drop((permit, served));
    // The list ends when all clients have got here.
    assert_eq!(all_served.next().await, None);

    // Clients keep one line, ten lines or all lines in flight.
    let in_flight = [1, 10, lines][id % 3];
    for first in (1..lines).step_by(in_flight) {
        let batch = first..lines.min(first + in_flight);
        client.send(batch.clone().map(|n| line(n) + "\n").collect::<String>()).await;
        let expected: Vec<_> = batch.map(line).collect();
        assert_eq!(client.lines(expected.len()).await, expected);
    }
    if id % 2 == 0 {
        client.hang_up();
        assert_eq!(client.rest().await, [""; 0]);
    }
}

#[test]
fn thousand_clients_keep_memory_flat() {
    keeps_memory_flat(MULTI_CLIENT_SERVER);
}

#[test]
fn tokio_thousand_clients_keep_memory_flat() {
    keeps_memory_flat(MULTI_CLIENT_SERVER.on(TOKIO));
}

fn keeps_memory_flat(service: Service) {
    const CLIENTS: usize = 1000;
    // KiB that the allocator may keep beyond the first wave: 200 bytes per client of all waves.
    const MARGIN: u64 = 2000;
    const WAVES: [usize; 10] = [100, 1, 1, 1, 1, 1, 1, 1, 1, 100];
    run(async {
        let mut server = Server::start(&service.example());
        let address = server.address;
        let mut memory = Vec::new();
        memory.extend(server.memory());
        for lines in WAVES {
            let begin = Instant::now();
            let connects = &Semaphore::new(64);
            let (served, all_served) = push_list();
            let clients: Vec<_> = (0..CLIENTS)
                .map(|id| {
                    let (served, all_served) = (served.clone(), all_served.fork());
                    let client = one_of_many(address, id, lines, connects, served, all_served);
                    Box::pin(client) as BoxFuture<'_, _>
                })
                .collect();
            drop((served, all_served));
            all(clients).await;
            for _ in 0..CLIENTS {
                server.wait_for_line(|line| line.contains(" left, ")).await;
            }
            // The server has dropped all earlier clients when it answers this one.
            service.behaves(address, 0).await;
            server.wait_for_line(|line| line.ends_with(" left, 0 are here")).await;
            println!("{CLIENTS} clients, {lines} lines each: {:?}", begin.elapsed());
            memory.extend(server.memory());
        }
        println!("KiB in memory, and at the peak, before and after each wave: {memory:?}");
        if let [_, (first, _), waves @ ..] = &memory[..] {
            assert!(
                waves.iter().all(|(now, _)| *now < first + MARGIN),
                "the memory grows: {memory:?}"
            );
        }
        server.signal("INT");
        let lines = CLIENTS * WAVES.iter().sum::<usize>() + 60 * WAVES.len();
        assert_eq!(server.ends().await.last(), Some(&format!("{lines} lines")));
    });
}

#[test]
fn open_file_limit_does_not_end_server() {
    for service in services() {
        run(async {
            let mut limited = Command::new("sh");
            limited.args(["-c", "ulimit -n 40 && exec \"$0\""]).arg(example(&service.example()));
            let mut server = Server::run(&mut limited);
            let address = server.address;
            let (full, is_full) = push_list::<()>();
            let stays = |mut is_full: Cursor<()>| async move {
                let mut client = Client::connect(address).await;
                let (line, answer) = (service.ask)(1);
                client.send(line + "\n").await;
                assert_eq!(client.line().await, answer);
                assert_eq!(is_full.next().await, None);
            };
            let clients: Vec<_> =
                (0..60).map(|_| Box::pin(stays(is_full.fork())) as BoxFuture<'_, _>).collect();
            drop(is_full);
            // Answered clients stay until the server could not accept a client.
            zip(all(clients), async {
                server.wait_for_line(|line| line.starts_with("cannot take a client: ")).await;
                drop(full);
            })
            .await;
            server.signal("TERM");
            server.ends().await;
        });
    }
}

#[test]
fn client_without_place_waits_until_one_leaves() {
    for service in services() {
        run(async {
            let mut limited = Command::new(example(&service.example()));
            let server = Server::run(limited.args(["--clients", "2"]));
            let (line, answer) = (service.ask)(1);
            let line = line + "\n";
            let mut served = Vec::new();
            for _ in 0..2 {
                let mut client = Client::connect(server.address).await;
                client.send(&line).await;
                assert_eq!(client.line().await, answer);
                served.push(client);
            }
            let mut third = Client::connect(server.address).await;
            third.send(&line).await;
            for _ in 0..50 {
                for client in &mut served {
                    client.send(&line).await;
                    assert_eq!(client.line().await, answer);
                }
            }
            assert_eq!(poll_once(third.line()).await, None, "{} has two places", service.example());
            let mut leaves = served.pop().expect("two clients are served");
            leaves.hang_up();
            assert_eq!(leaves.rest().await, [""; 0]);
            assert_eq!(third.line().await, answer);
        });
    }
}

#[test]
fn port_argument_is_checked() {
    for service in ["simple_server", "line_server", "tokio_simple_server", "tokio_line_server"] {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let port = listener.local_addr().expect("the listener is bound").port().to_string();
        let output = Command::new(example(service)).arg(&port).output().expect("the example runs");
        let error = String::from_utf8(output.stderr).expect("the output is UTF-8");
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(&format!("cannot listen on 127.0.0.1:{port}: ")), "{error}");

        for wrong in ["65536", "-1", "http"] {
            let output =
                Command::new(example(service)).arg(wrong).output().expect("the example runs");
            assert_eq!(output.status.code(), Some(2));
            assert!(!output.stderr.is_empty());
        }
    }
}

#[test]
fn port_argument_is_used() {
    uses_port_argument("line_server");
    uses_port_argument("tokio_line_server");
}

fn uses_port_argument(name: &str) {
    // Another process may take the port in between, but hardly each time.
    for _ in 0..20 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("the listener is bound");
        drop(listener);
        let mut command = Command::new(example(name));
        command.arg(address.port().to_string()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the example runs");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("the stream is piped");
        io::BufReader::new(stdout).read_line(&mut line).expect("the server prints its address");
        child.kill().expect("the child exists");
        child.wait().expect("the child exists");
        if !line.is_empty() {
            assert_eq!(line, format!("listening on {address}\n"));
            return;
        }
    }
    panic!("no port stayed free");
}

#[test]
fn quit_signal_prints_streams() {
    run(async {
        for service in [LINE_SERVER, MULTI_CLIENT_SERVER, TOTAL_PIPELINE, PARALLEL_PROCESSING] {
            let mut server = Server::start(&service.example());
            let mut client = Client::connect(server.address).await;
            let (lines, answers) = service.script(0..3);
            client.send(lines).await;
            service.check(client.lines(3).await, answers);
            server.signal("QUIT");
            // One client is there, and its three lines were read.
            let taken = |line: &str, name: &str, count: &str| {
                let mut words = line.split_whitespace();
                words.next() == Some(name) && words.next() == Some(count)
            };
            server.wait_for_line(|line| taken(line, "clients", "1")).await;
            server.wait_for_line(|line| taken(line, "lines", "3")).await;
            // The server goes on.
            service.behaves(server.address, 1).await;
        }
    });
}
