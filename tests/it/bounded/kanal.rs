//! The bounded channels of kanal: the integrity of items, their drops, and runs of items.

use aiter::PushErrorKind;
use aiter_adapters::bounded;
use alloc::boxed::Box;
use core::{fmt::Debug, task::Poll};
use futures_core::FusedStream;
use futures_util::{FutureExt, StreamExt, future::join};

use crate::{
    bounded::{Task, ready, run},
    ledger::{Ledger, Tracked, values},
    waker::next,
};

#[test]
fn items_of_any_layout_arrive_intact() {
    fn alternate<T: Clone + PartialEq + Debug>(zeros: &T, ones: &T) {
        for cap in [1, 2, 57] {
            let (pusher, mut cursor) = bounded(cap);
            let push = async {
                for _ in 0..100 {
                    pusher.push(zeros.clone()).await.unwrap();
                    pusher.push(ones.clone()).await.unwrap();
                }
            };
            let read = async {
                for _ in 0..100 {
                    assert_eq!(cursor.next().await.as_ref(), Some(zeros));
                    assert_eq!(cursor.next().await.as_ref(), Some(ones));
                }
            };
            run(join(push, read));
        }
    }
    #[derive(Clone, Copy, PartialEq, Debug)]
    #[repr(C)]
    struct Padded {
        a: bool,
        b: u8,
        c: u32,
    }
    alternate(&0_u8, &!0);
    alternate(&0_u16, &!0);
    alternate(&0_u32, &!0);
    alternate(&0_u64, &!0);
    alternate(&Box::new(0_u64), &Box::new(!0));
    alternate(&[0_u64; 4], &[!0; 4]);
    alternate(&(0_u8, [0_u64; 17], 0_u16), &(!0, [!0; 17], !0));
    alternate(&"", &"not empty");
    alternate(&vec![1, 2, 3], &Vec::new());
    alternate(&Padded { a: false, b: 0, c: 0 }, &Padded { a: true, b: 0xFF, c: !0 });
}

#[test]
fn overaligned_units_are_counted() {
    #[derive(Debug, PartialEq)]
    #[repr(align(1024))]
    struct Unit;
    let (pusher, mut cursor) = bounded(1);
    for _ in 0..10 {
        pusher.try_push(Unit).unwrap();
        assert!(pusher.try_push(Unit).is_err());
        assert_eq!(cursor.try_next(), Ok(Unit));
    }
}

#[test]
fn close_returns_items_of_waiting_pushes() {
    let ledger = Ledger::new();
    let (pusher, mut cursor) = bounded(3);
    let mut pushes: Vec<_> = ledger.items(10).map(|item| Task::new(pusher.push(item))).collect();
    let waiting = pushes.iter_mut().filter_map(|push| push.poll().is_pending().then_some(push));
    let waiting: Vec<_> = waiting.collect();
    assert_eq!(waiting.len(), 7);
    cursor.close();
    for (n, push) in (3..).zip(waiting) {
        assert_eq!(push.wakes(), 1);
        let error = push.woken().unwrap_err();
        assert_eq!((error.kind(), error.into_inner().value), (PushErrorKind::Stopped, n));
    }
    let mut left = Vec::new();
    ready(cursor.next_many(&mut left, 10));
    assert_eq!(values(&left), [0, 1, 2], "what is queued must be read after a close");
    assert!(matches!(next(&mut cursor), Poll::Ready(None)));
    drop(left);
    ledger.assert_all_dropped();
}

#[test]
fn aborted_pushes_drop_their_items() {
    let ledger = Ledger::new();
    let (pusher, mut cursor) = bounded(1);
    pusher.try_push(ledger.item(0)).ok().unwrap();
    let pushes: Vec<_> = ledger.items(10).map(|item| Task::waiting(pusher.push(item))).collect();
    assert_eq!(ledger.alive(), 11);
    drop(pushes);
    assert_eq!(ledger.alive(), 1);
    assert!(cursor.try_next().is_ok() && cursor.is_empty());
    ledger.assert_all_dropped();
}

#[test]
fn unpolled_pushes_drop_their_items() {
    let ledger = Ledger::new();
    let (pusher, cursor) = bounded(10);
    ledger.items(10).for_each(|item| drop(pusher.push(item)));
    assert_eq!((ledger.alive(), cursor.len(), pusher.capacity()), (0, 0, 10));
    ledger.assert_all_dropped();
}

#[test]
fn refused_pushes_drop_each_item_once() {
    for close in [true, false] {
        let ledger = Ledger::new();
        let (pusher, cursor) = bounded(10);
        let _closed = close.then(|| {
            cursor.close();
            cursor
        });
        ledger.items(10).for_each(|item| assert!(ready(pusher.push(item)).is_err()));
        assert_eq!(ledger.alive(), 0);
        ledger.assert_all_dropped();
    }
}

#[test]
fn unpolled_reads_take_nothing() {
    let (pusher, cursor) = bounded(10);
    let mut taker = cursor.share();
    pusher.try_push(1).unwrap();
    (0..10).for_each(|_| drop(taker.next()));
    assert_eq!(ready(taker.next()), Some(1));
}

#[test]
fn run_of_items_passes_small_list() {
    for cap in [1, 2, 100, 2000] {
        let (pusher, cursor) = bounded(cap);
        let push = async {
            pusher.push_all(0..1000).await.unwrap();
            drop(pusher);
        };
        assert!(run(join(push, cursor.collect::<Vec<_>>())).1.into_iter().eq(0..1000), "{cap}");
    }
}

#[test]
fn next_many_batches_what_is_pushed() {
    for cap in [1, 16] {
        let (pusher, mut cursor) = bounded(cap);
        let push = async move {
            for n in 0..1000 {
                pusher.push(n).await.unwrap();
            }
        };
        let read = async {
            let mut buf = Vec::new();
            loop {
                let n = cursor.next_many(&mut buf, 2 * cap).await;
                assert!(n <= cap);
                if n == 0 {
                    return buf;
                }
            }
        };
        assert!(run(join(push, read)).1.into_iter().eq(0..1000));
    }
}

#[test]
fn polled_next_many_does_not_wait() {
    let ledger = Ledger::new();
    let (pusher, mut cursor) = bounded(8);
    let mut buf: Vec<Tracked> = Vec::new();
    assert_eq!(cursor.next_many(&mut buf, 9).now_or_never(), None);
    ledger.items(4).for_each(|item| pusher.try_push(item).ok().unwrap());
    assert_eq!(cursor.next_many(&mut buf, 9).now_or_never(), Some(4));
    assert_eq!((values(&buf), pusher.capacity()), (vec![0, 1, 2, 3], 8));
}

#[test]
fn ended_stream_is_terminated() {
    let (pusher, mut cursor) = bounded(2);
    pusher.try_push(1).unwrap();
    assert!(!cursor.is_terminated());
    drop(pusher);
    assert_eq!(next(&mut cursor), Poll::Ready(Some(1)));
    assert_eq!(next(&mut cursor), Poll::Ready(None));
    assert!(cursor.is_terminated());
    assert_eq!(next(&mut cursor), Poll::Ready(None));
}

#[test]
fn buffered_futures_see_each_item() {
    let (pusher, cursor) = bounded(1);
    let push = async move {
        for n in 0..1000 {
            pusher.push(vec![n; 16]).await.unwrap();
        }
    };
    let check = async |item: Vec<u32>| {
        let mut waited = false;
        core::future::poll_fn(|cx| {
            cx.waker().wake_by_ref();
            if core::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        assert!(item.iter().all(|n| *n == item[0]));
    };
    let read = cursor.map(check).buffer_unordered(2).count();
    assert_eq!(run(join(push, read)).1, 1000);
}
