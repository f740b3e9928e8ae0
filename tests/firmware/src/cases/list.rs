//! One list with its handlers and readers.

use core::future::poll_fn;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use core::task::{Context, Poll};

use aiter::{AiterExt, Cursor, PushError, TryNextError, TryPushError, push_list};
use aiter_core::task::WakeCell;
use futures_core::Stream;
use portable_atomic_util::Arc;

use aiter_firmware::block_on::{block_on, waits, waker};
use aiter_firmware::{board, heap};

use crate::mixed;

/// Names and functions of the cases.
pub const ALL: &[(&str, fn())] = &[
    ("handler_mode_is_seen", handler_mode_is_seen),
    ("isr_push_in_order", isr_push_in_order),
    ("main_uses_all_handles_meanwhile", main_uses_all_handles_meanwhile),
    ("try_push_is_full_without_reserve", try_push_is_full_without_reserve),
    ("forks_see_all", forks_see_all),
    ("stop_from_handler_ends_stream", stop_from_handler_ends_stream),
    ("main_and_handler_push", main_and_handler_push),
    ("nested_handlers_push", nested_handlers_push),
    ("consumer_above_producer", consumer_above_producer),
    ("handler_pushes_and_pops_list", handler_pushes_and_pops_list),
    ("cursors_change_during_push", cursors_change_during_push),
    ("documented_handler_calls_work", documented_handler_calls_work),
];

/// A long period, so that the main loop sleeps before each interrupt.
fn rare(_tick: u32) -> u32 {
    20_000
}

fn next(cursor: &mut Cursor<u32>) -> impl Future<Output = Option<u32>> {
    poll_fn(|cx| Pin::new(&mut *cursor).poll_next(cx))
}

/// The check of the heap distinguishes a handler from the main loop.
fn handler_mode_is_seen() {
    static SEEN: AtomicBool = AtomicBool::new(false);
    assert!(!board::in_handler());
    let handler = || SEEN.store(board::in_handler(), SeqCst);
    board::with_timer(mixed, handler, || {
        while !SEEN.load(SeqCst) {
            board::sleep_unless(|| SEEN.load(SeqCst));
        }
    });
}

/// Numbers that the timer pushes arrive in order while the main loop reserves room for them.
fn isr_push_in_order() {
    const COUNT: u32 = 1000;
    static PUSHED_WHILE_BUSY: AtomicU32 = AtomicU32::new(0);
    static PUSHED_WHILE_WAITING: AtomicU32 = AtomicU32::new(0);
    let (pusher, mut cursor) = push_list();
    pusher.reserve(32);

    let from_handler = pusher.clone();
    let mut number = 0;
    let handler = move || {
        if number == COUNT {
            return;
        }
        let count = if waits() { &PUSHED_WHILE_WAITING } else { &PUSHED_WHILE_BUSY };
        match from_handler.try_push(number) {
            Ok(()) => {
                count.store(count.load(SeqCst) + 1, SeqCst);
                number += 1;
            }
            // The next interrupt pushes the number again.
            Err(TryPushError::Full(item)) => assert_eq!(item, number),
            Err(error) => panic!("{error}"),
        }
    };
    board::with_timer(mixed, handler, || {
        block_on(async {
            for expected in 0..COUNT {
                assert_eq!(next(&mut cursor).await, Some(expected));
                pusher.reserve(16);
            }
        });
    });
    assert_eq!(cursor.try_next(), Err(TryNextError::Empty));
    // Interrupts came while the list was in use and while its reader slept.
    let (busy, waiting) = (PUSHED_WHILE_BUSY.load(SeqCst), PUSHED_WHILE_WAITING.load(SeqCst));
    assert!(busy >= 100 && waiting >= 100, "busy: {busy}, waiting: {waiting}");
}

/// The main loop uses all handles on the block into which the handler pushes.
fn main_uses_all_handles_meanwhile() {
    const COUNT: u32 = 1000;
    let (pusher, mut cursor) = push_list();
    pusher.reserve(32);

    let from_handler = pusher.clone();
    let mut number = 0;
    let handler = move || {
        if number < COUNT && from_handler.try_push(number).is_ok() {
            number += 1;
        }
    };
    board::with_timer(mixed, handler, || {
        let mut seen = 0;
        while seen < COUNT {
            // A fork starts at the position of its cursor, a subscription at that position or
            // later.
            let (mut fork, mut late) = (cursor.fork(), pusher.subscribe());
            assert!(fork.try_next().map_or(true, |item| item == seen));
            assert!(late.try_next().map_or(true, |item| item >= seen));
            drop((fork, late));
            let len = cursor.len();
            assert!(pusher.retained() >= len);
            pusher.reserve(16);
            for _ in 0..3 {
                if let Ok(item) = cursor.try_next() {
                    assert_eq!(item, seen);
                    seen += 1;
                }
            }
        }
    });
    assert_eq!(cursor.try_next(), Err(TryNextError::Empty));
}

/// `try_push` returns the item if no room is reserved, and works again after `reserve`.
fn try_push_is_full_without_reserve() {
    const COUNT: u32 = 100;
    static FULL: AtomicU32 = AtomicU32::new(0);
    static DONE: AtomicBool = AtomicBool::new(false);
    let (pusher, mut cursor) = push_list();

    let from_handler = pusher.clone();
    let mut number = 0;
    let handler = move || {
        while number < COUNT {
            match from_handler.try_push(number) {
                Ok(()) => number += 1,
                Err(TryPushError::Full(item)) => {
                    assert_eq!(item, number);
                    return FULL.store(FULL.load(SeqCst) + 1, SeqCst);
                }
                Err(error) => panic!("{error}"),
            }
        }
        DONE.store(true, SeqCst);
    };
    board::with_timer(mixed, handler, || {
        while !DONE.load(SeqCst) {
            let full = FULL.load(SeqCst);
            while FULL.load(SeqCst) == full && !DONE.load(SeqCst) {}
            let len = cursor.len();
            assert!(cursor.available_iter().count() >= len);
            pusher.reserve(10);
        }
    });
    // The list may be full again at the last interrupts; every item is kept.
    assert!(FULL.load(SeqCst) >= 2, "the list was full {} times", FULL.load(SeqCst));
    for expected in 0..COUNT {
        assert_eq!(cursor.try_next(), Ok(expected));
    }
    assert_eq!(cursor.try_next(), Err(TryNextError::Empty));

    // All reserved room is usable.
    let (pusher, _cursor) = push_list();
    pusher.reserve(40);
    for number in 0..40 {
        pusher.try_push(number).expect("40 slots are reserved");
    }
}

/// A cursor and two forks read every item once and in order, each at its own pace.
fn forks_see_all() {
    const COUNT: u32 = 200;
    let (pusher, mut slow) = push_list();
    pusher.reserve(COUNT as usize);
    let mut cursors = [slow.fork(), slow.fork()];

    let mut number = 0;
    let handler = move || {
        if number < COUNT {
            pusher.try_push(number).expect("all slots are reserved");
            number += 1;
        } else {
            pusher.stop();
        }
    };
    let mut seen = [0; 2];
    board::with_timer(mixed, handler, || {
        block_on(poll_fn(|cx| {
            let mut ended = 0;
            for (cursor, seen) in cursors.iter_mut().zip(&mut seen) {
                ended += u32::from(read_ready(cursor, seen, cx));
            }
            if ended == 2 { Poll::Ready(()) } else { Poll::Pending }
        }));
    });
    assert_eq!(seen, [COUNT; 2]);
    assert_eq!(slow.len(), COUNT as usize);
    for expected in 0..COUNT {
        assert_eq!(slow.try_next(), Ok(expected));
    }
    assert_eq!(slow.try_next(), Err(TryNextError::Ended));
}

/// Reads all ready items, which must continue from `seen`. Returns `true` if the stream has ended.
fn read_ready(cursor: &mut Cursor<u32>, seen: &mut u32, cx: &mut Context<'_>) -> bool {
    loop {
        match Pin::new(&mut *cursor).poll_next(cx) {
            Poll::Ready(Some(item)) => {
                assert_eq!(item, *seen);
                *seen += 1;
            }
            Poll::Ready(None) => return true,
            Poll::Pending => return false,
        }
    }
}

/// `stop` in the handler wakes the sleeping reader. Earlier items still arrive.
fn stop_from_handler_ends_stream() {
    const COUNT: u32 = 20;
    static STOPPED_WHILE_WAITING: AtomicBool = AtomicBool::new(false);
    let (pusher, mut cursor) = push_list();
    pusher.reserve(COUNT as usize);

    let from_handler = pusher.clone();
    let mut number = 0;
    let handler = move || {
        if number < COUNT {
            from_handler.try_push(number).expect("all slots are reserved");
            number += 1;
        } else if !from_handler.is_stopped() {
            STOPPED_WHILE_WAITING.store(waits(), SeqCst);
            from_handler.stop();
        }
    };
    board::with_timer(rare, handler, || {
        block_on(async {
            for expected in 0..COUNT {
                assert_eq!(next(&mut cursor).await, Some(expected));
            }
            assert_eq!(next(&mut cursor).await, None);
            assert_eq!(next(&mut cursor).await, None);
        });
    });
    assert!(STOPPED_WHILE_WAITING.load(SeqCst));
    assert!(cursor.is_drained());
    assert!(matches!(pusher.try_push(7), Err(TryPushError::Stopped(7))));
    assert!(matches!(pusher.push(7), Err(PushError::Stopped(7))));
}

/// The timer pushes inside the pushes of the main loop.
fn main_and_handler_push() {
    const COUNT: u32 = 500;
    static PUSHED: AtomicU32 = AtomicU32::new(0);
    let (pusher, mut cursor) = push_list();
    pusher.reserve(32);

    let from_handler = pusher.clone();
    let mut number = 0;
    let handler = move || {
        if number < COUNT && from_handler.try_push((1, number)).is_ok() {
            number += 1;
            PUSHED.store(number, SeqCst);
        }
    };
    let mut seen = [0; 2];
    board::with_timer(mixed, handler, || {
        let mut number = 0;
        while PUSHED.load(SeqCst) < COUNT {
            pusher.push((0, number)).expect("there is a cursor");
            number += 1;
            // After every second push, read all ready items.
            while number % 2 == 0 && read_tagged(&mut cursor, &mut seen) {}
        }
        while read_tagged(&mut cursor, &mut seen) {}
        assert_eq!(seen, [number, COUNT]);
        assert!(number >= COUNT, "the main loop pushed only {number} items");
    });
}

/// Reads an item, which must be the next one of its producer. Returns `false` if none is ready.
fn read_tagged(cursor: &mut Cursor<(usize, u32)>, seen: &mut [u32; 2]) -> bool {
    let Ok((producer, number)) = cursor.try_next() else { return false };
    assert_eq!(number, seen[producer], "producer {producer}");
    seen[producer] += 1;
    true
}

/// The timer's handler pushes inside the pushes of the lower handler.
fn nested_handlers_push() {
    const COUNT: u32 = 500;
    static PENDED_RUNS: AtomicBool = AtomicBool::new(false);
    static NESTED: AtomicU32 = AtomicU32::new(0);
    let (pusher, mut cursor) = push_list();
    pusher.reserve(64);

    let from_timer = pusher.clone();
    let mut number = 0;
    let timer = move || {
        if PENDED_RUNS.load(SeqCst) {
            NESTED.store(NESTED.load(SeqCst) + 1, SeqCst);
        }
        if number < COUNT && from_timer.try_push((0, number)).is_ok() {
            number += 1;
        }
    };
    let from_pended = pusher.clone();
    let mut number = 0;
    let pended = move || {
        PENDED_RUNS.store(true, SeqCst);
        for _ in 0..4 {
            if number < COUNT && from_pended.try_push((1, number)).is_ok() {
                number += 1;
            }
        }
        PENDED_RUNS.store(false, SeqCst);
    };
    let mut seen = [0; 2];
    board::with_pended(pended, || {
        board::with_timer(mixed, timer, || {
            while seen != [COUNT; 2] {
                board::pend();
                while read_tagged(&mut cursor, &mut seen) {}
                pusher.reserve(64);
            }
        });
    });
    assert!(NESTED.load(SeqCst) >= 20, "the handlers nested {} times", NESTED.load(SeqCst));
}

/// The reader runs in a handler that the waker requests, so it runs inside the push that calls the
/// waker. If the reader waited for that push, the case would hang.
fn consumer_above_producer() {
    const COUNT: u32 = 300;
    static READ: AtomicU32 = AtomicU32::new(0);
    static POLLS: AtomicU32 = AtomicU32::new(0);
    static ENDED: AtomicBool = AtomicBool::new(false);
    let (pusher, mut cursor) = push_list();

    let waker = waker(board::pend);
    let handler = move || {
        POLLS.store(POLLS.load(SeqCst) + 1, SeqCst);
        let mut read = READ.load(SeqCst);
        let ended = read_ready(&mut cursor, &mut read, &mut Context::from_waker(&waker));
        READ.store(read, SeqCst);
        ENDED.store(ended, SeqCst);
    };
    // The reader frees read blocks in the handler.
    heap::allow_handlers(true);
    board::with_pended(handler, || {
        board::pend();
        for number in 0..COUNT {
            pusher.push(number).expect("there is a cursor");
            // The handler has run inside `push`.
            assert_eq!(READ.load(SeqCst), number + 1);
        }
        pusher.stop();
        assert!(ENDED.load(SeqCst));
    });
    heap::allow_handlers(false);
    assert!(
        POLLS.load(SeqCst) <= 2 * COUNT + 2,
        "the reader was polled {} times",
        POLLS.load(SeqCst)
    );
}

/// The timer pushes up to a block of items, reads them all and so retires blocks. Meanwhile the
/// main loop is in the middle of an operation on the newest block.
fn handler_pushes_and_pops_list() {
    const COUNT: u32 = 2000;
    static READ: [AtomicU32; 2] = [AtomicU32::new(0), AtomicU32::new(0)];
    let (pusher, mut cursor) = push_list();

    let from_handler = pusher.clone();
    let mut number = 0;
    let handler = move || {
        for _ in 0..number % 23 {
            from_handler.push((1, number)).expect("there is a cursor");
            number += 1;
        }
        number += u32::from(from_handler.try_push((1, number)).is_ok());
        let mut seen = [READ[0].load(SeqCst), READ[1].load(SeqCst)];
        while read_tagged(&mut cursor, &mut seen) {}
        READ[0].store(seen[0], SeqCst);
        READ[1].store(seen[1], SeqCst);
    };
    // The list grows, and the reader frees read blocks in the handler.
    heap::allow_handlers(true);
    // The handler is long, so main needs a longer period.
    board::with_timer(
        |tick| 3 * mixed(tick),
        handler,
        || {
            for number in 0..COUNT {
                pusher.push((0, number)).expect("there is a cursor");
                drop(pusher.subscribe());
                pusher.reserve(1);
            }
            while READ[0].load(SeqCst) < COUNT {}
            assert_eq!(pusher.cursor_count(), 1);
        },
    );
    heap::allow_handlers(false);
    assert!(READ[1].load(SeqCst) > 100, "the timer read {READ:?} items");
}

/// The only cursor is dropped and a new one subscribes inside a `try_push`. Items that are read
/// later are still freed.
fn cursors_change_during_push() {
    static TICKS: AtomicU32 = AtomicU32::new(0);
    for round in 0..700 {
        TICKS.store(0, SeqCst);
        let (pusher, cursor) = push_list();
        pusher.reserve(32);

        let from_handler = pusher.clone();
        let mut cursor = Some(cursor);
        let handler = move || {
            let tick = TICKS.load(SeqCst);
            if tick == 0 {
                cursor = None;
                cursor = Some(from_handler.subscribe());
                for number in 0..20 {
                    from_handler.push(number).expect("there is a cursor");
                }
            }
            let cursor = cursor.as_mut().expect("the cursor was replaced");
            while cursor.try_next().is_ok() {}
            TICKS.store(tick + 1, SeqCst);
        };
        // Over all rounds, the first tick falls on every instruction of a dozen pushes, which fill
        // a block.
        let period = move |tick| if tick == 0 { 800 + round } else { 5000 };
        heap::allow_handlers(true);
        board::with_timer(period, handler, || {
            while TICKS.load(SeqCst) == 0 {
                let _ = pusher.try_push(0);
            }
            for tick in 1..5 {
                while TICKS.load(SeqCst) == tick {}
                for number in 0..20 {
                    let _ = pusher.try_push(number);
                }
            }
            while TICKS.load(SeqCst) == 5 {}
            let retained = pusher.retained();
            assert!(
                retained < 32,
                "round {round}: {retained} items are retained after all were read"
            );
        });
        heap::allow_handlers(false);
    }
}

/// Every operation that MICROCONTROLLER.md allows in handlers works in a handler that preempts
/// main. None allocates or frees.
fn documented_handler_calls_work() {
    const COUNT: u32 = 400;
    static WAKES: AtomicU32 = AtomicU32::new(0);
    let (pusher, mut cursor) = push_list();
    pusher.reserve(32);
    let kept = cursor.fork();
    let (gate, mut gated) = cursor.fork().gated();
    let cell = Arc::new(WakeCell::new());
    let waker = waker(|| WAKES.store(WAKES.load(SeqCst) + 1, SeqCst));

    let (from_handler, in_handler) = (pusher.clone(), cell.clone());
    let mut number = 0;
    let handler = move || {
        if number == COUNT {
            gate.stop();
            return from_handler.stop();
        }
        number += u32::from(from_handler.try_push(number).is_ok());
        let clone = from_handler.clone();
        assert!(clone.same_list(&from_handler) && !clone.is_stopped());
        assert!(clone.cursor_count() >= 3 && clone.retained() >= number as usize);
        drop(clone.downgrade().upgrade().expect("the list has pushers"));
        // Only main reads. The kept cursor is never read, so all items are available to it.
        assert!(kept.len() == number as usize && !kept.is_drained());
        assert!(kept.is_item_available() || number == 0);
        assert_eq!(kept.available_iter().next().copied(), (number > 0).then_some(0));
        gate.push(1).expect("the stream has not ended");
        in_handler.wake();
    };
    board::with_timer(
        |tick| 3 * mixed(tick),
        handler,
        || {
            let mut cx = Context::from_waker(&waker);
            let (mut seen, mut permitted) = (0, 0);
            loop {
                cell.register(&waker);
                match Pin::new(&mut gated).poll_next(&mut cx) {
                    Poll::Ready(Some(number)) => {
                        assert_eq!(number, permitted);
                        permitted += 1;
                    }
                    Poll::Ready(None) => break,
                    Poll::Pending => {}
                }
                while cursor.try_next().is_ok_and(|number| number == seen) {
                    seen += 1;
                }
                pusher.reserve(16);
            }
            while cursor.try_next().is_ok_and(|number| number == seen) {
                seen += 1;
            }
            assert_eq!((seen, permitted), (COUNT, COUNT));
        },
    );
    assert!(WAKES.load(SeqCst) >= 100);
}
