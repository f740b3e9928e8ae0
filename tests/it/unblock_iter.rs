//! `unblock_iter` on threads: bounds, the end of the thread, panics and drops.

use crate::{
    ledger::Ledger,
    waker::{Counting, next},
};
use aiter::{adapters::TaskOutcome, unblock_iter};
use alloc::sync::Arc;
use core::{
    iter,
    sync::atomic::{AtomicUsize, Ordering},
    task::Poll,
};
use futures_core::Stream;
use futures_util::StreamExt;
use std::{sync::mpsc, thread};

/// Reads to the end and blocks the thread.
fn read_all<S: Stream>(stream: S) -> Vec<S::Item> {
    futures_executor::block_on(stream.collect())
}

#[test]
fn dropped_unread_stream_ends_thread() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let (called, at_call) = mpsc::channel();
    let endless = iter::from_fn(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        called.send(()).expect("the test receives");
        Some(())
    });
    let (stream, thread) = unblock_iter(endless, 2, thread::spawn).into_parts();
    at_call.recv().expect("the thread calls the iterator");
    at_call.recv().expect("the thread calls the iterator again");
    while stream.len() < 2 {
        thread::yield_now();
    }
    drop(stream);
    thread.join().expect("the thread ends");
    let calls = calls.load(Ordering::SeqCst);
    assert!(calls <= 3, "{calls} calls");
    assert!(at_call.recv().is_err(), "the iterator is dropped");
}

#[test]
fn dropped_stream_ends_thread_without_room() {
    for read in 0..4 {
        let ledger = Ledger::new();
        let items: Vec<_> = ledger.items(10).collect();
        let (mut stream, thread) = unblock_iter(items, 1, thread::spawn).into_parts();
        let taken: Vec<_> =
            futures_executor::block_on((&mut stream).take(read).collect::<Vec<_>>());
        assert!(taken.iter().map(|item| item.value).eq(0..read as u64));
        drop(stream);
        thread.join().expect("the thread ends");
        assert_eq!(ledger.alive(), read);
        drop(taken);
        ledger.assert_all_dropped();
    }
}

#[test]
fn any_cap_keeps_order() {
    for bound in [1, 2, 64, 1000] {
        let stream = unblock_iter(0..1000, bound, thread::spawn);
        assert!(read_all(stream).into_iter().eq(0..1000));
    }
}

#[test]
fn panicked_iterator_ends_stream() {
    let broken = (0..4).inspect(|n| assert_ne!(*n, 2, "two is refused"));
    let (mut stream, thread) = unblock_iter(broken, 8, thread::spawn).into_parts();
    assert_eq!(read_all(&mut stream), [0, 1]);
    assert_eq!(stream.outcome(), Some(TaskOutcome::Panicked));
    assert_eq!(next(&mut stream), Poll::Ready(None));
    thread.join().expect_err("the thread panics");
}

#[test]
fn closure_never_run_ends_stream() {
    let mut stream = unblock_iter(0..4, 8, drop);
    assert_eq!(next(&mut stream), Poll::Ready(None));
    assert_eq!(stream.outcome(), Some(TaskOutcome::Cancelled));
    assert_eq!(stream.size_hint(), (0, Some(0)));
}

#[test]
fn waiting_reader_is_woken() {
    let (sender, receiver) = mpsc::channel::<u8>();
    let mut stream = unblock_iter(receiver, 2, thread::spawn);
    let reader = Counting::new();
    assert_eq!(reader.poll(&mut stream), Poll::Pending);
    assert_eq!(stream.outcome(), None);
    sender.send(7).expect("the thread receives");
    while reader.wakes() == 0 {
        thread::yield_now();
    }
    assert_eq!(futures_executor::block_on(stream.next()), Some(7));
    drop(sender);
    assert_eq!(read_all(&mut stream), []);
    assert_eq!(stream.outcome(), Some(TaskOutcome::Completed));
}

#[test]
fn borrowing_iterator_runs_on_scoped_thread() {
    let words = vec![String::from("not"), String::from("static")];
    thread::scope(|scope| {
        let stream = unblock_iter(&words, 1, |run| scope.spawn(run));
        assert_eq!(read_all(stream), [&words[0], &words[1]]);
    });
}

#[test]
fn threads_of_tokio_and_smol_run_iterator() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().build().expect("the runtime starts");
    runtime.block_on(async {
        let stream = unblock_iter(0..300, 2, tokio::task::spawn_blocking);
        assert!(stream.collect::<Vec<_>>().await.into_iter().eq(0..300));
    });
    smol::block_on(async {
        let stream = unblock_iter(0..300, 2, smol::unblock);
        assert!(stream.collect::<Vec<_>>().await.into_iter().eq(0..300));
    });
}

#[test]
fn debug_shows_state_and_no_items() {
    let (stream, thread) = unblock_iter(["secret"], 2, thread::spawn).into_parts();
    thread.join().expect("the thread ends");
    let expected = "UnblockIter { len: 1, outcome: Some(Completed), .. }";
    assert_eq!(format!("{stream:?}"), expected);
    assert!(!stream.is_empty());
}
