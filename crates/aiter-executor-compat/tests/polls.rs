//! A wait through the bridge costs as many polls as a wait without it.
//!
//! Each source is pending for a while after its first poll and then yields one item. It is read by
//! `block_on(source.next())` and by `aiter_to_iter`, with each suitable `block_on`.
//! `embassy_futures::block_on` is excluded, because it polls without a wake-up.

extern crate alloc;

use alloc::sync::Arc;
use core::{
    future::Future,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use std::{
    io::Write as _,
    net::{TcpListener, TcpStream},
    thread,
};

use aiter_executor_compat::{BlockOn, aiter_to_iter, park_thread};
// Provides the critical sections of embassy-sync.
use critical_section as _;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use futures_executor::LocalPool;
use futures_lite::io::{AsyncReadExt as _, AsyncWriteExt as _};
use futures_util::{Stream, StreamExt, stream};
use tokio::{runtime::Runtime, task::LocalSet};

/// Time from the first poll of a source to its item.
const SILENCE: Duration = Duration::from_millis(60);

/// A `block_on`, generic over the future.
trait Driver {
    fn block_on<F: Future>(&mut self, future: F) -> F::Output;
}

struct Smol;

impl Driver for Smol {
    fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        smol::block_on(future)
    }
}

struct AsyncExecutor(smol::LocalExecutor<'static>);

impl Driver for AsyncExecutor {
    fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        smol::block_on(self.0.run(future))
    }
}

struct FuturesLite;

impl Driver for FuturesLite {
    fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        futures_lite::future::block_on(future)
    }
}

struct Futures;

impl Driver for Futures {
    fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        futures_executor::block_on(future)
    }
}

impl Driver for LocalPool {
    fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        self.run_until(future)
    }
}

struct Pollster;

impl Driver for Pollster {
    fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        pollster::block_on(future)
    }
}

impl Driver for BlockOn {
    fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        BlockOn::block_on(*self, future)
    }
}

impl Driver for Runtime {
    fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        Runtime::block_on(self, future)
    }
}

impl Driver for tokio::runtime::Handle {
    fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        tokio::runtime::Handle::block_on(self, future)
    }
}

struct InLocalSet(Runtime, LocalSet);

impl Driver for InLocalSet {
    fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        self.1.block_on(&self.0, future)
    }
}

fn current_thread() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
}

fn multi_thread() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).enable_time().build().expect("a runtime")
}

/// A source, and the function that makes its item ready.
type Source = (Pin<Box<dyn Stream<Item = ()>>>, Box<dyn FnOnce() + Send>);

fn source(stream: impl Stream + 'static, give: impl FnOnce() + Send + 'static) -> Source {
    (Box::pin(stream.map(|_| ())), Box::new(give))
}

/// Returns the number of polls until `read` has the first item.
fn polls(
    (mut stream, give): Source,
    read: impl FnOnce(&mut (dyn Stream<Item = ()> + Unpin)),
) -> usize {
    let polls = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&polls);
    let (polled, first_poll) = std::sync::mpsc::sync_channel(1);
    let giver = thread::spawn(move || {
        first_poll.recv().expect("the source is polled");
        thread::sleep(SILENCE);
        give();
    });
    read(&mut stream::poll_fn(move |cx| {
        polls.fetch_add(1, Ordering::Relaxed);
        let item = stream.as_mut().poll_next(cx);
        let _ = polled.try_send(());
        item
    }));
    giver.join().expect("thread must not panic");
    seen.load(Ordering::Relaxed)
}

fn assert_same_polls(make: impl Fn() -> Source, name: &str, mut driver: impl Driver) {
    let direct = polls(make(), |stream| assert!(driver.block_on(stream.next()).is_some()));
    let bridge = polls(make(), |stream| {
        let mut items = aiter_to_iter(stream, |next| driver.block_on(next));
        assert!(items.next().is_some());
    });
    assert_eq!(bridge, direct, "under {name}");
}

fn under_tokio(make: impl Fn() -> Source) {
    assert_same_polls(&make, "tokio, current thread", current_thread());
    let runtime = multi_thread();
    assert_same_polls(&make, "a tokio handle", runtime.handle().clone());
    assert_same_polls(&make, "tokio, several threads", runtime);
    let local = InLocalSet(current_thread(), LocalSet::new());
    assert_same_polls(&make, "tokio's LocalSet", local);
}

fn under_all(make: impl Fn() -> Source) {
    under_tokio(&make);
    assert_same_polls(&make, "smol", Smol);
    assert_same_polls(&make, "async-executor", AsyncExecutor(smol::LocalExecutor::new()));
    assert_same_polls(&make, "futures-lite", FuturesLite);
    assert_same_polls(&make, "futures", Futures);
    assert_same_polls(&make, "LocalPool", LocalPool::new());
    assert_same_polls(&make, "pollster", Pollster);
    assert_same_polls(&make, "BlockOn", BlockOn::new());
    // The built-in `block_on` is compared with that of pollster.
    let direct = polls(make(), |stream| assert!(pollster::block_on(stream.next()).is_some()));
    let parked = polls(make(), |stream| {
        assert!(aiter_to_iter(stream, park_thread).next().is_some());
    });
    assert_eq!(parked, direct, "park_thread");
    let timed = polls(make(), |stream| {
        let item = BlockOn::new().iter(stream).next_timeout(Duration::from_secs(60));
        assert_eq!(item, Ok(Some(())));
    });
    assert_eq!(timed, direct, "next_timeout");
}

#[test]
fn smol_process_costs_direct_polls() {
    under_all(|| {
        let mut command = smol::process::Command::new("cat");
        command.stdin(smol::process::Stdio::piped()).stdout(smol::process::Stdio::piped());
        let mut child = command.spawn().expect("cat runs");
        let mut stdin = child.stdin.take().expect("it is piped");
        let stdout = child.stdout.take().expect("it is piped");
        source(stdout.bytes(), move || {
            smol::block_on(stdin.write_all(b"x")).expect("cat reads");
            drop(child);
        })
    });
}

#[test]
fn smol_tcp_stream_costs_direct_polls() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    under_all(|| {
        let mut client = TcpStream::connect(address).expect("it listens");
        let (server, _) = listener.accept().expect("a client comes");
        let server = smol::Async::new(server).expect("a reactor");
        source(server.bytes(), move || client.write_all(b"x").expect("the server reads"))
    });
}

#[test]
fn embassy_channel_costs_direct_polls() {
    under_all(|| {
        let channel =
            Arc::new(embassy_sync::channel::Channel::<CriticalSectionRawMutex, u8, 1>::new());
        let receiver = Arc::clone(&channel);
        let items = stream::poll_fn(move |cx| receiver.poll_receive(cx).map(Some));
        source(items, move || channel.try_send(7).expect("there is room"))
    });
}

#[test]
fn embassy_signal_costs_direct_polls() {
    under_all(|| {
        let signal = Arc::new(embassy_sync::signal::Signal::<CriticalSectionRawMutex, u8>::new());
        let waiter = Arc::clone(&signal);
        let items = stream::once(async move { waiter.wait().await });
        source(items, move || signal.signal(7))
    });
}

#[test]
fn tokio_mpsc_costs_direct_polls() {
    under_all(|| {
        let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
        let items = stream::poll_fn(move |cx| receiver.poll_recv(cx));
        source(items, move || sender.send(7).expect("the receiver is alive"))
    });
    under_all(|| {
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        let items = stream::poll_fn(move |cx| receiver.poll_recv(cx));
        source(items, move || sender.blocking_send(7).expect("the receiver is alive"))
    });
}

#[test]
fn tokio_timer_costs_direct_polls() {
    let sleep = || source(stream::once(async { tokio::time::sleep(SILENCE).await }), || ());
    under_tokio(sleep);
}

#[test]
fn async_io_timer_costs_direct_polls() {
    under_all(|| source(stream::once(smol::Timer::after(SILENCE)), || ()));
    under_all(|| source(smol::Timer::interval(SILENCE), || ()));
}

#[test]
fn push_list_costs_direct_polls() {
    under_all(|| {
        let (pusher, cursor) = aiter_core::push_list();
        source(cursor, move || pusher.push(7).expect("the cursor is alive"))
    });
}
