//! The list without `std`: its lock is a critical section, and an interrupt handler may push.

use core::{
    cell::Cell,
    panic::{RefUnwindSafe, UnwindSafe},
};
use std::thread;

use aiter_adapters::{BoundedCursor, BoundedPusher, bounded};
use alloc::{sync::Arc, task::Wake};

use crate::{poll, ready};

const CAP: usize = 100;

/// An operation that entered a section would never return, because another thread is in one.
#[test]
fn push_with_room_and_read_enter_no_section() {
    let (pusher, mut cursor) = bounded(CAP);
    let mut fork = cursor.fork();
    let used = critical_section::with(|_| {
        let thread = thread::spawn(move || {
            (0..CAP / 2).for_each(|n| pusher.try_push(n).unwrap());
            (CAP / 2..CAP).for_each(|n| ready(pusher.push(n)).unwrap());
            (0..CAP).for_each(|n| assert_eq!((cursor.try_next(), fork.try_next()), (Ok(n), Ok(n))));
            (pusher, cursor, fork)
        });
        thread.join().expect("the thread must not panic")
    });
    used.0.try_push(CAP).unwrap();
    assert_eq!(used.0.len(), 1);
}

/// In an interrupt handler, the drop of a waker might free memory.
#[test]
fn try_push_drops_no_waker() {
    struct Silent;
    impl Wake for Silent {
        fn wake(self: Arc<Self>) {}
    }
    let (pusher, mut cursor) = bounded(1);
    let task = Arc::new(Silent);
    assert!(poll(&mut cursor.next(), &task.clone().into()).is_pending());
    let mut next = cursor.next();
    assert!(poll(&mut next, &task.clone().into()).is_pending());
    pusher.try_push(1).unwrap();
    assert_eq!(Arc::strong_count(&task), 2, "the cursor must keep the waker");
    assert_eq!(ready(next), Some(1));
    assert_eq!(Arc::strong_count(&task), 1, "the cursor must drop the waker");
}

#[test]
fn handles_have_auto_traits_as_with_std() {
    fn is_shared<H: Send + Sync>() {}
    fn is_unwind_safe<H: UnwindSafe + RefUnwindSafe>() {}
    is_shared::<BoundedPusher<Cell<u8>>>();
    is_shared::<BoundedCursor<u8>>();
    is_unwind_safe::<BoundedPusher<Cell<u8>>>();
    is_unwind_safe::<BoundedCursor<Cell<u8>>>();
}
