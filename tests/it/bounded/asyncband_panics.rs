//! The bounded channels of asyncband: panics of user code.

use aiter::{PushErrorKind, TryPushError};
use aiter_adapters::bounded;
use alloc::sync::Arc;
use core::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    task::Poll,
};

use crate::{
    bounded::{OnDrop, Task, poll, ready},
    script::panics,
    waker::{Counting, next, on_wake},
};

/// An item whose clone panics if it is armed.
#[derive(Debug, PartialEq)]
struct PanicOnClone(u8, bool);

impl Clone for PanicOnClone {
    fn clone(&self) -> Self {
        assert!(!self.1, "scripted panic in clone");
        Self(self.0, false)
    }
}

/// An item whose drop panics if it is armed. Clones are not.
struct PanicOnDrop(bool);

impl Clone for PanicOnDrop {
    fn clone(&self) -> Self {
        Self(false)
    }
}

impl Drop for PanicOnDrop {
    fn drop(&mut self) {
        assert!(!self.0, "scripted panic in drop");
    }
}

#[test]
fn panicking_wakes_strand_no_push() {
    let (pusher, mut fast) = bounded(40);
    let laggard = fast.fork();
    for n in 0..40 {
        pusher.try_push(n).unwrap();
        assert_eq!(fast.try_next(), Ok(n));
    }
    let mut first = Box::pin(pusher.push(40));
    assert!(poll(&mut first, &on_wake(|| panic!("scripted panic in wake"))).is_pending());
    let mut pushes: Vec<_> = (41..80).map(|n| Task::waiting(pusher.push(n))).collect();
    assert!(panics(|| drop(laggard)));
    ready(first).unwrap();
    pushes.iter_mut().for_each(|push| push.woken().unwrap());
    assert!((40..80).all(|n| fast.try_next() == Ok(n)));
}

#[test]
fn panicking_wake_of_cursor_wakes_the_rest() {
    let (pusher, mut first) = bounded(4);
    let mut forks = [first.fork(), first.fork()];
    let waker = on_wake(|| panic!("scripted panic in wake"));
    assert!(crate::waker::poll(&mut first, &waker).is_pending());
    let wakers = forks.each_mut().map(|fork| {
        let waker = Counting::new();
        assert!(waker.poll(fork).is_pending());
        waker
    });
    assert!(panics(|| pusher.try_push(1)));
    assert_eq!(wakers.each_ref().map(Counting::wakes), [1, 1]);
    assert_eq!(first.try_next(), Ok(1));
    assert_eq!(pusher.len(), 1, "the forks have not read the item");
}

#[test]
fn panicking_wake_of_permit_keeps_its_room() {
    let (pusher, mut cursor) = bounded(1);
    let permit = pusher.try_reserve().unwrap();
    let waker = on_wake(|| panic!("scripted panic in wake"));
    assert!(crate::waker::poll(&mut cursor, &waker).is_pending());
    assert!(panics(|| permit.push(1)));
    assert_eq!(pusher.try_push(2), Err(TryPushError::Full(2)), "the item is in the list");
    assert_eq!(next(&mut cursor), Poll::Ready(Some(1)));
    pusher.try_push(2).unwrap();
    assert_eq!(pusher.capacity(), 0);
}

/// The item whose clone panics counts as unread, so the read can be tried again. In asyncband, such
/// a read takes the item.
#[test]
fn panicking_clone_leaves_item_unread() {
    let (pusher, mut cursor) = bounded(2);
    let mut fork = cursor.fork();
    pusher.try_push(PanicOnClone(1, true)).unwrap();
    pusher.try_push(PanicOnClone(2, false)).unwrap();
    assert!(panics(|| cursor.try_next()));
    assert!(pusher.try_push(PanicOnClone(3, false)).is_err());
    assert!(panics(|| fork.try_next()) && pusher.capacity() == 0);
    drop(fork);
    assert_eq!(cursor.try_next().unwrap().0, 1, "the last cursor moves its items out");
    assert_eq!(cursor.try_next().unwrap().0, 2);
    assert_eq!(pusher.capacity(), 2);
}

#[test]
fn panicking_item_drop_returns_room() {
    let (pusher, mut cursor) = bounded(3);
    let laggard = cursor.fork();
    for at in 0..3 {
        pusher.try_push(PanicOnDrop(at == 0)).ok().unwrap();
        assert!(cursor.try_next().is_ok());
    }
    let mut push = Task::waiting(pusher.push(PanicOnDrop(false)));
    let _ = panics(|| drop(laggard));
    assert!(push.woken().is_ok());
    let _ = panics(|| drop(cursor));
}

#[test]
fn panic_in_last_drop_still_fails_waiters() {
    for wake_panics in [false, true] {
        let (pusher, cursor) = bounded(3);
        let drops = Arc::new(AtomicUsize::new(0));
        let item = |panics: bool| {
            let drops = drops.clone();
            OnDrop(Box::new(move || {
                drops.fetch_add(1, SeqCst);
                assert!(!panics, "scripted panic in drop");
            }))
        };
        (0..3).for_each(|at| pusher.try_push(item(at == 0 && !wake_panics)).ok().unwrap());
        let waker = on_wake(move || assert!(!wake_panics, "scripted panic in wake"));
        let mut first = Box::pin(pusher.push(item(false)));
        assert!(poll(&mut first, &waker).is_pending());
        let mut second = Task::waiting(pusher.push(item(false)));
        assert!(panics(|| drop(cursor)));
        assert_eq!(drops.load(SeqCst), 3, "the queued items must be dropped");
        assert_eq!(ready(first).unwrap_err().kind(), PushErrorKind::NoCursor);
        assert_eq!(second.woken().unwrap_err().kind(), PushErrorKind::NoCursor);
        assert_eq!(drops.load(SeqCst), 5);
    }
}

#[test]
fn panicking_wake_at_end_wakes_other_readers() {
    for shares in [false, true] {
        let (pusher, cursor) = bounded::<u8>(1);
        let (mut one, mut two) = (cursor.fork().share(), cursor.share());
        if shares {
            two = one.clone();
        }
        let waker = on_wake(|| panic!("scripted panic in wake"));
        assert!(crate::waker::poll(&mut one, &waker).is_pending());
        let counting = Counting::new();
        assert!(counting.poll(&mut two).is_pending());
        assert!(panics(|| drop(pusher)));
        assert_eq!((counting.wakes(), counting.poll(&mut two)), (1, Poll::Ready(None)));
        assert_eq!(next(&mut one), Poll::Ready(None));
    }
}

#[test]
fn dropped_push_whose_item_panics_leaves_line() {
    for is_granted in [false, true] {
        let (pusher, mut cursor) = bounded(1);
        pusher.try_push(PanicOnDrop(false)).ok().unwrap();
        let push = Task::waiting(pusher.push(PanicOnDrop(true)));
        let mut behind = Task::waiting(pusher.reserve());
        if is_granted {
            assert!(cursor.try_next().is_ok());
            assert_eq!((push.wakes(), behind.wakes()), (1, 0));
        }
        assert!(panics(|| drop(push)));
        if !is_granted {
            assert_eq!(behind.wakes(), 0);
            assert!(cursor.try_next().is_ok());
        }
        drop(behind.woken().unwrap());
        assert_eq!((pusher.capacity(), cursor.len()), (1, 0));
    }
}

/// The units are over-aligned and have no bytes, so a queue may keep only their number.
#[test]
fn units_are_dropped_once_despite_panic() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    #[repr(align(128))]
    struct Unit;
    impl Drop for Unit {
        fn drop(&mut self) {
            assert_ne!(DROPS.fetch_add(1, SeqCst), 1, "scripted panic in drop");
        }
    }
    let (pusher, mut cursor) = bounded(3);
    (0..3).for_each(|_| pusher.try_push(Unit).ok().unwrap());
    let mut push = Task::waiting(pusher.push(Unit));
    drop(cursor.try_next());
    assert_eq!(DROPS.load(SeqCst), 1);
    push.woken().ok().unwrap();
    let mut waiting = Task::waiting(pusher.reserve());
    assert!(panics(|| drop(cursor)));
    assert_eq!(DROPS.load(SeqCst), 4);
    assert_eq!(waiting.woken().err(), Some(PushErrorKind::NoCursor));
    drop(pusher.try_push(Unit));
    assert_eq!(DROPS.load(SeqCst), 5);
}
