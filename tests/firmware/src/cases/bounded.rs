//! A bounded list between the timer's handler, which never waits, a task that waits for room, and
//! two readers.

use core::future::Future;
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use core::task::{Context, Poll};

use aiter_adapters::{BoundedCursor, BoundedPusher, bounded};
use aiter_core::{TryNextError, TryPushError};
use aiter_firmware::block_on::waker;
use aiter_firmware::board;
use semihosting::print;

use crate::mixed;

/// Names and functions of the cases.
pub const ALL: &[(&str, fn())] =
    &[("handler_and_task_push_bounded", handler_and_task_push_bounded)];

/// An item: its producer, and its number.
type Item = (usize, u32);

const HANDLER: usize = 0;
const TASK: usize = 1;

const CAP: usize = 8;
/// Number of items of each producer.
const COUNT: u32 = 1000;

const TASKS: usize = 3;
static WOKEN: [AtomicBool; TASKS] = [const { AtomicBool::new(true) }; TASKS];

/// Both readers get all items in order, and at most `CAP` items are unread. The handler neither
/// allocates nor frees. A lost wake-up is a hang, because a task is only polled if its waker was
/// called.
fn handler_and_task_push_bounded() {
    static REFUSED: AtomicU32 = AtomicU32::new(0);
    static LATEST: AtomicU32 = AtomicU32::new(0);
    let (pusher, cursor) = bounded(CAP);
    pusher.preallocate();
    let fork = cursor.fork();

    let from_handler = pusher.clone();
    let mut number = 0;
    let handler = move || {
        if board::is_pure() {
            LATEST.store(LATEST.load(SeqCst).max(board::late()), SeqCst);
        }
        if number == COUNT {
            return;
        }
        match from_handler.try_push((HANDLER, number)) {
            Ok(()) => number += 1,
            // The next interrupt pushes the number again.
            Err(TryPushError::Full(item)) => {
                assert_eq!(item, (HANDLER, number), "`try_push` returns the item");
                REFUSED.store(REFUSED.load(SeqCst) + 1, SeqCst);
            }
            Err(error) => panic!("{error}"),
        }
        assert!(from_handler.len() <= CAP);
    };
    let mut waits = 0;
    board::with_timer(mixed, handler, || {
        let tasks: [Pin<&mut dyn Future<Output = ()>>; TASKS] =
            [pin!(push_all(&pusher, &mut waits)), pin!(read_all(cursor)), pin!(read_all(fork))];
        run(tasks);
    });
    assert!(pusher.is_empty());
    let refused = REFUSED.load(SeqCst);
    assert!(refused >= 50 && waits >= 50, "refused: {refused}, waits: {waits}");
    let latest = LATEST.load(SeqCst);
    print!("(refused {refused} times, waits {waits} times, ticks late by at most {latest}) ");
}

/// Pushes all numbers and counts how often it waits for room.
async fn push_all(pusher: &BoundedPusher<Item>, waits: &mut u32) {
    for number in 0..COUNT {
        let mut push = pin!(pusher.push((TASK, number)));
        core::future::poll_fn(|cx| {
            let polled = push.as_mut().poll(cx);
            *waits += u32::from(polled.is_pending());
            polled
        })
        .await
        .expect("the list has cursors");
    }
}

async fn read_all(mut cursor: BoundedCursor<Item>) {
    let mut seen = [0; 2];
    while seen != [COUNT; 2] {
        let (producer, number) = cursor.next().await.expect("the list has pushers");
        assert_eq!(number, seen[producer], "producer {producer}");
        seen[producer] += 1;
        assert!(cursor.len() <= CAP);
    }
    assert_eq!(cursor.try_next(), Err(TryNextError::Empty));
}

/// Runs the tasks to their ends. Each has a waker of its own.
fn run(tasks: [Pin<&mut dyn Future<Output = ()>>; TASKS]) {
    let wakers: [fn(); TASKS] = [
        || WOKEN[0].store(true, SeqCst),
        || WOKEN[1].store(true, SeqCst),
        || WOKEN[2].store(true, SeqCst),
    ];
    let mut tasks = tasks.map(Some);
    while tasks.iter().any(Option::is_some) {
        board::sleep_unless(|| WOKEN.iter().any(|woken| woken.load(SeqCst)));
        for ((task, woken), wake) in tasks.iter_mut().zip(&WOKEN).zip(wakers) {
            let Some(future) = task.as_mut().filter(|_| woken.load(SeqCst)) else {
                continue;
            };
            woken.store(false, SeqCst);
            let polled = future.as_mut().poll(&mut Context::from_waker(&waker(wake)));
            if let Poll::Ready(()) = polled {
                *task = None;
            }
        }
    }
}
