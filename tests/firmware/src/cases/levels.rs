//! Two levels of interrupts that push into one list. The timer's handler preempts pushes of the
//! lower level, and every case counts how often that happens.

use core::future::poll_fn;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use core::task::{Context, Poll};

use aiter::push_list;
use aiter_firmware::block_on::{block_on, waker};
use aiter_firmware::{board, heap};
use futures_core::Stream;
use semihosting::print;

use crate::producers::{Seen, handlers, period};

/// Names and functions of the cases.
pub const ALL: &[(&str, fn())] = &[
    ("push_preempts_push", push_preempts_push),
    ("unfinished_push_hides_later_items", unfinished_push_hides_later_items),
    ("waker_pushes_inside_push", waker_pushes_inside_push),
    ("woken_reader_preempts_push", || reader_above(When::Woken)),
    ("polling_reader_preempts_push", || reader_above(When::Always)),
];

/// The sleeping main loop is woken and gets every item of both levels.
fn push_preempts_push() {
    const COUNT: u32 = 2000;
    let (pusher, mut cursor) = push_list();
    pusher.reserve(32);
    let (high, low) = handlers(pusher, COUNT);
    let mut seen = Seen::default();
    board::with_pended(low, || {
        board::with_timer(period, high, || {
            block_on(async {
                while let Some(item) = poll_fn(|cx| Pin::new(&mut cursor).poll_next(cx)).await {
                    seen.item(&item);
                }
            });
        });
    });
    seen.check(COUNT);
}

/// The timer's handler pushes an item and reads at once. If it preempted a push that has claimed an
/// earlier slot, it reads nothing and does not wait.
fn unfinished_push_hides_later_items() {
    const COUNT: u32 = 1000;
    static IN_PUSH: AtomicBool = AtomicBool::new(false);
    static GAPS: AtomicU32 = AtomicU32::new(0);
    static READ: AtomicU32 = AtomicU32::new(0);
    let (pusher, mut cursor) = push_list();
    let from_handler = pusher.clone();
    let (mut pushed, mut seen) = (0, [0; 2]);
    let handler = move || {
        from_handler.push((1, pushed, [pushed; 6])).expect("the list has a cursor");
        pushed += 1;
        while let Ok((level, number, filling)) = cursor.try_next() {
            assert_eq!((number, filling), (seen[level], [number; 6]), "level {level}");
            seen[level] += 1;
        }
        if !cursor.is_empty() {
            assert!(IN_PUSH.load(SeqCst), "a gap needs an unfinished push");
            GAPS.store(GAPS.load(SeqCst) + 1, SeqCst);
        }
        READ.store(seen[0], SeqCst);
    };
    // The list grows, and the reader frees read blocks in the handler.
    heap::allow_handlers(true);
    board::with_timer(period, handler, || {
        for number in 0..COUNT {
            IN_PUSH.store(true, SeqCst);
            pusher.push((0, number, [number; 6])).expect("the list has a cursor");
            IN_PUSH.store(false, SeqCst);
        }
        while READ.load(SeqCst) < COUNT {}
    });
    heap::allow_handlers(false);
    let gaps = GAPS.load(SeqCst);
    assert!(gaps > 0);
    print!("({gaps} times) ");
}

/// The waker that main's push calls requests the lower interrupt, which pushes inside that push.
fn waker_pushes_inside_push() {
    const COUNT: u32 = 300;
    static INSIDE: AtomicU32 = AtomicU32::new(0);
    let (pusher, mut cursor) = push_list();
    pusher.reserve(16);
    let from_handler = pusher.clone();
    let handler = move || {
        let number = INSIDE.load(SeqCst);
        from_handler.try_push((1, number)).expect("the list has room");
        INSIDE.store(number + 1, SeqCst);
    };
    let waker = waker(board::pend);
    let mut cx = Context::from_waker(&waker);
    board::with_pended(handler, || {
        for number in 0..COUNT {
            assert!(Pin::new(&mut cursor).poll_next(&mut cx).is_pending());
            assert_eq!(INSIDE.load(SeqCst), number);
            pusher.push((0, number)).expect("the list has a cursor");
            assert_eq!(INSIDE.load(SeqCst), number + 1, "the push calls the waker");
            assert_eq!([cursor.try_next(), cursor.try_next()], [Ok((0, number)), Ok((1, number))]);
        }
    });
}

/// Polling policy of the reader's executor.
#[derive(Clone, Copy, PartialEq)]
enum When {
    /// After a wake-up.
    Woken,
    /// At every tick.
    Always,
}

/// The reader and its executor run in the timer's handler and preempt the producer anywhere in its
/// push, also while the push takes the waker. If the reader waited for the producer, the case would
/// hang.
fn reader_above(when: When) {
    const COUNT: u32 = 1000;
    static WOKEN: AtomicBool = AtomicBool::new(false);
    static IN_PUSH: AtomicBool = AtomicBool::new(false);
    static PREEMPTED: AtomicU32 = AtomicU32::new(0);
    static READ: AtomicU32 = AtomicU32::new(0);
    WOKEN.store(true, SeqCst);
    PREEMPTED.store(0, SeqCst);
    READ.store(0, SeqCst);
    let (pusher, mut cursor) = push_list();
    let waker = waker(|| WOKEN.store(true, SeqCst));
    let handler = move || {
        if when == When::Always {
            WOKEN.store(true, SeqCst);
        }
        let mut cx = Context::from_waker(&waker);
        let mut polls = 0;
        while WOKEN.load(SeqCst) {
            WOKEN.store(false, SeqCst);
            polls += 1;
            assert!(polls < 10, "the reader wakes itself and waits for the preempted push");
            let mut read = READ.load(SeqCst);
            while let Poll::Ready(Some(number)) = Pin::new(&mut cursor).poll_next(&mut cx) {
                assert_eq!(number, read);
                read += 1;
            }
            READ.store(read, SeqCst);
        }
        if polls > 0 && IN_PUSH.load(SeqCst) {
            PREEMPTED.store(PREEMPTED.load(SeqCst) + 1, SeqCst);
        }
    };
    // The reader frees read blocks in the handler.
    heap::allow_handlers(true);
    board::with_timer(
        |tick| 300 + tick * 37 % 613,
        handler,
        || {
            for number in 0..COUNT {
                IN_PUSH.store(true, SeqCst);
                pusher.push(number).expect("the list has a cursor");
                IN_PUSH.store(false, SeqCst);
            }
            // Without further pushes, a lost wake-up is a hang here.
            while READ.load(SeqCst) < COUNT {}
        },
    );
    heap::allow_handlers(false);
    let preempted = PREEMPTED.load(SeqCst);
    assert!(preempted >= 50, "preempted {preempted} times");
    print!("({preempted} times) ");
}
