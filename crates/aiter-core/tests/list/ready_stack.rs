//! Who of many is ready.

use aiter_core::{ReadyEntry, ReadyStack};
use alloc::{sync::Arc, task::Wake};
use core::{
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicBool, Ordering},
    task::Waker,
};
use std::{panic::catch_unwind, sync::Mutex};

use crate::waker::Counting;

fn with_entries<const N: usize>() -> (ReadyStack, [ReadyEntry; N]) {
    let ready = ReadyStack::new();
    let entries = core::array::from_fn(|number| ready.entry(number));
    (ready, entries)
}

/// Who is ready, the latest first.
fn take(ready: &mut ReadyStack, entries: &[ReadyEntry]) -> Vec<usize> {
    let mut number = ready.take();
    let mut taken = Vec::new();
    while number != ReadyStack::NONE {
        taken.push(number);
        number = entries[number].below();
    }
    taken
}

#[test]
fn all_are_taken_at_once_the_latest_first() {
    let (mut ready, entries) = with_entries::<4>();
    assert!(!ready.has_ready());
    assert_eq!(ready.take(), ReadyStack::NONE);
    for round in [&[2, 0, 3][..], &[1], &[0, 1, 2, 3]] {
        round.iter().for_each(|&number: &usize| entries[number].mark());
        assert!(ready.has_ready());
        let latest_first: Vec<_> = round.iter().rev().copied().collect();
        assert_eq!(take(&mut ready, &entries), latest_first);
        assert!(!ready.has_ready());
    }
}

#[test]
fn a_sleep_is_ended_by_one_wake_up() {
    let (mut ready, entries) = with_entries::<2>();
    let waker = Counting::new();
    for n in 1..4 {
        assert!(ready.sleep(waker.waker()));
        assert!(ready.sleep(waker.waker()), "polled in vain, it sleeps on");
        entries[0].mark();
        entries[1].mark();
        assert_eq!(waker.wakes(), n);
        assert!(!ready.sleep(waker.waker()), "somebody is ready");
        assert_eq!(take(&mut ready, &entries), [1, 0]);
        entries[0].mark();
        assert_eq!(waker.wakes(), n, "the task is at work");
        assert_eq!(take(&mut ready, &entries), [0]);
    }
    assert_eq!(waker.held(), 1, "one waker, cloned once");
}

#[test]
fn the_latest_waker_is_called_and_the_others_are_dropped() {
    let (mut ready, entries) = with_entries::<1>();
    let wakers = [Counting::new(), Counting::new(), Counting::new()];
    for waker in &wakers {
        assert!(ready.sleep(waker.waker()));
    }
    assert_eq!(wakers.each_ref().map(Counting::held), [0, 0, 1]);
    entries[0].mark();
    assert_eq!(wakers.each_ref().map(Counting::wakes), [0, 0, 1]);
    drop(ready);
    assert_eq!(wakers.each_ref().map(Counting::held), [0, 0, 0]);
    assert_eq!(entries[0].below(), ReadyStack::NONE);
}

#[test]
fn an_owner_that_goes_asleep_is_not_woken() {
    let (mut ready, entries) = with_entries::<1>();
    let waker = Counting::new();
    assert!(ready.sleep(waker.waker()));
    drop(ready);
    assert_eq!(waker.held(), 0);
    entries[0].mark();
    assert_eq!(waker.wakes(), 0);
}

/// What a task does that preempts the one who wakes it.
#[test]
fn a_task_may_sleep_while_its_waker_is_called() {
    struct Preempts {
        ready: Mutex<ReadyStack>,
        entries: Vec<ReadyEntry>,
        then: Waker,
        slept: AtomicBool,
    }
    impl Wake for Preempts {
        fn wake(self: Arc<Self>) {
            self.wake_by_ref();
        }
        fn wake_by_ref(self: &Arc<Self>) {
            let mut ready = self.ready.lock().unwrap();
            assert_eq!(take(&mut ready, &self.entries), [0]);
            self.slept.store(ready.sleep(&self.then), Ordering::Relaxed);
        }
    }
    let (ready, entries) = with_entries::<1>();
    let counting = Counting::new();
    let task = Arc::new(Preempts {
        ready: Mutex::new(ready),
        entries: entries.into(),
        then: counting.waker().clone(),
        slept: AtomicBool::new(false),
    });
    assert!(task.ready.lock().unwrap().sleep(&Waker::from(task.clone())));
    task.entries[0].mark();
    assert!(task.slept.load(Ordering::Relaxed), "there is nothing to try again");
    assert_eq!(counting.wakes(), 0);
    task.entries[0].mark();
    assert_eq!(counting.wakes(), 1);
    // The task's own waker lies in the other cell: no two keep each other.
    let mut ready = task.ready.lock().unwrap();
    *ready = ReadyStack::new();
}

#[test]
fn a_waker_that_panics_leaves_the_number_and_its_cell() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker");
        }
    }
    let (mut ready, entries) = with_entries::<1>();
    let task = Arc::new(Panics);
    assert!(ready.sleep(&Waker::from(task.clone())));
    assert!(catch_unwind(AssertUnwindSafe(|| entries[0].mark())).is_err());
    assert_eq!(take(&mut ready, &entries), [0]);
    let waker = Counting::new();
    assert!(ready.sleep(waker.waker()));
    assert_eq!(Arc::strong_count(&task), 1, "its cell is used again");
    entries[0].mark();
    assert_eq!(waker.wakes(), 1);
}

#[test]
fn a_number_that_is_too_large_panics() {
    let ready = ReadyStack::new();
    let _largest = ready.entry(ReadyStack::MAX);
    let entry = catch_unwind(AssertUnwindSafe(|| ready.entry(ReadyStack::MAX + 1)));
    assert!(entry.is_err());
}
