//! `ReadyQueue` and `ReadyNode`.

use aiter_core::task::{ReadyNode, ReadyQueue};
use alloc::{sync::Arc, task::Wake};
use core::{
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicBool, Ordering},
    task::{Poll, Waker},
};
use std::{panic::catch_unwind, sync::Mutex};

use crate::waker::Counting;

/// Returns a queue with `N` idle nodes.
fn with_nodes<const N: usize>() -> (ReadyQueue, [ReadyNode<()>; N]) {
    let ready = ReadyQueue::new();
    let nodes = core::array::from_fn(|number| {
        let mut node = ready.node(number);
        assert!(node.set_idle());
        node
    });
    (ready, nodes)
}

/// Takes the ready numbers, latest first, and sets the nodes idle again.
fn take(ready: &mut ReadyQueue, nodes: &mut [ReadyNode<()>]) -> Vec<usize> {
    let mut number = ready.take();
    let mut taken = Vec::new();
    while number != ReadyQueue::NONE {
        taken.push(number);
        let node = &mut nodes[number];
        number = node.next();
        node.clear_wakes();
        assert!(node.set_idle());
    }
    taken
}

#[test]
fn ready_numbers_are_taken_latest_first() {
    let (mut ready, mut nodes) = with_nodes::<4>();
    assert!(!ready.has_ready());
    assert_eq!(ready.take(), ReadyQueue::NONE);
    for round in [&[2, 0, 3][..], &[1], &[0, 1, 2, 3]] {
        round.iter().for_each(|&number: &usize| nodes[number].waker().wake());
        assert!(ready.has_ready());
        let latest_first: Vec<_> = round.iter().rev().copied().collect();
        assert_eq!(take(&mut ready, &mut nodes), latest_first);
        assert!(!ready.has_ready());
    }
}

#[test]
fn owner_sleep_ends_by_one_wake_up() {
    let (mut ready, mut nodes) = with_nodes::<2>();
    let waker = Counting::new();
    for n in 1..4 {
        assert!(ready.sleep(waker.waker()));
        assert!(ready.sleep(waker.waker()), "a spurious poll must sleep again");
        nodes[0].waker().wake();
        nodes[1].waker().wake();
        assert_eq!(waker.wakes(), n);
        assert!(!ready.sleep(waker.waker()), "a node is ready");
        assert_eq!(waker.held(), 1);
        assert_eq!(take(&mut ready, &mut nodes), [1, 0]);
        assert_eq!(waker.held(), 0, "a called waker must not be kept");
        nodes[0].waker().wake();
        assert_eq!(waker.wakes(), n, "an owner that does not sleep must not be woken");
        assert_eq!(take(&mut ready, &mut nodes), [0]);
    }
}

#[test]
fn latest_waker_is_called_others_are_dropped() {
    let (mut ready, nodes) = with_nodes::<1>();
    let wakers = [Counting::new(), Counting::new(), Counting::new()];
    for waker in &wakers {
        assert!(ready.sleep(waker.waker()));
    }
    assert_eq!(wakers.each_ref().map(Counting::held), [0, 0, 1]);
    nodes[0].waker().wake();
    assert_eq!(wakers.each_ref().map(Counting::wakes), [0, 0, 1]);
    drop(ready);
    assert_eq!(wakers.each_ref().map(Counting::held), [0, 0, 0]);
    assert_eq!(nodes[0].next(), ReadyQueue::NONE);
}

#[test]
fn dropped_owner_is_not_woken() {
    let (mut ready, nodes) = with_nodes::<1>();
    let waker = Counting::new();
    assert!(ready.sleep(waker.waker()));
    drop(ready);
    assert_eq!(waker.held(), 0);
    nodes[0].waker().wake();
    assert_eq!(waker.wakes(), 0);
}

/// The owner preempts the thread that calls its waker.
#[test]
fn owner_sleeps_inside_its_wake() {
    struct SleepInWake {
        own: Mutex<(ReadyQueue, [ReadyNode<()>; 1])>,
        then: Waker,
        registered: AtomicBool,
    }
    impl Wake for SleepInWake {
        fn wake(self: Arc<Self>) {
            self.wake_by_ref();
        }
        fn wake_by_ref(self: &Arc<Self>) {
            let (ready, nodes) = &mut *self.own.lock().unwrap();
            assert_eq!(take(ready, nodes), [0]);
            self.registered.store(ready.sleep(&self.then), Ordering::Relaxed);
        }
    }
    let own = with_nodes::<1>();
    let waker = own.1[0].waker();
    let counting = Counting::new();
    let task = Arc::new(SleepInWake {
        own: Mutex::new(own),
        then: counting.waker().clone(),
        registered: AtomicBool::new(false),
    });
    assert!(task.own.lock().unwrap().0.sleep(&Waker::from(task.clone())));
    waker.wake_by_ref();
    assert!(task.registered.load(Ordering::Relaxed), "the owner must have registered");
    assert_eq!(counting.wakes(), 0);
    waker.wake_by_ref();
    assert_eq!(counting.wakes(), 1);
    // The queue holds the task's own waker. Replacing it breaks the cycle.
    task.own.lock().unwrap().0 = ReadyQueue::new();
}

#[test]
fn waker_panic_keeps_number_and_frees_cell() {
    struct PanicOnWake;
    impl Wake for PanicOnWake {
        fn wake(self: Arc<Self>) {
            panic!("on purpose");
        }
    }
    let (mut ready, mut nodes) = with_nodes::<1>();
    let task = Arc::new(PanicOnWake);
    assert!(ready.sleep(&Waker::from(task.clone())));
    assert!(catch_unwind(AssertUnwindSafe(|| nodes[0].waker().wake())).is_err());
    assert_eq!(take(&mut ready, &mut nodes), [0]);
    let waker = Counting::new();
    assert!(ready.sleep(waker.waker()));
    assert_eq!(Arc::strong_count(&task), 1, "the cell of the called waker must be reused");
    nodes[0].waker().wake();
    assert_eq!(waker.wakes(), 1);
}

#[test]
fn too_large_number_panics() {
    let ready = ReadyQueue::new();
    let _largest = ready.node::<()>(ReadyQueue::MAX);
    let node = catch_unwind(AssertUnwindSafe(|| ready.node::<()>(ReadyQueue::MAX + 1)));
    assert!(node.is_err());
}

#[test]
fn scheduled_node_woken_stays_scheduled() {
    let (mut ready, [mut node]) = with_nodes();
    let waker = node.waker();
    waker.wake_by_ref();
    waker.wake_by_ref();
    assert_eq!((ready.take(), node.next()), (0, ReadyQueue::NONE));
    node.clear_wakes();
    waker.wake_by_ref();
    assert!(!node.set_idle(), "the node was woken after `clear_wakes`");
    assert!(!ready.has_ready());
    assert!(node.set_idle(), "the failed `set_idle` must clear the wake-up");
    waker.wake_by_ref();
    assert!(ready.has_ready());
}

/// Wake-ups before `set_idle` do not hide a later wake-up.
#[test]
fn idle_node_wake_up_without_clear_is_kept() {
    let (mut ready, [mut node]) = with_nodes();
    let waker = node.waker();
    assert!(node.set_idle(), "the node is idle already");
    waker.wake_by_ref();
    assert_eq!((ready.take(), node.next()), (0, ReadyQueue::NONE));
    node.clear_wakes();
    waker.wake_by_ref();
    node.clear_wakes();
    assert!(node.set_idle());
    waker.wake_by_ref();
    assert_eq!((ready.take(), node.next()), (0, ReadyQueue::NONE));
    waker.wake_by_ref();
    assert!(!node.set_idle());
}

#[test]
fn member_is_polled_with_one_waker_dropped_once() {
    let ready = ReadyQueue::new();
    let mut node = ready.node(0);
    assert_eq!(node.poll(|_, _| ()), None, "the node must have no member");
    let item = Arc::new(());
    node.set(Some(item.clone()));
    let waker = node.poll(|member, cx| {
        assert!(Arc::ptr_eq(&item, &member));
        cx.waker().clone()
    });
    let waker = waker.expect("the node has a member");
    assert!(waker.will_wake(&node.waker()));
    assert!(waker.will_wake(&waker.clone()));
    assert!(node.poll(|_, cx| waker.will_wake(cx.waker())).expect("the member stays"));
    assert_eq!((Arc::strong_count(&item), node.get().is_some()), (2, true));
    node.set(Some(Arc::new(())));
    assert_eq!(Arc::strong_count(&item), 1, "`set` must drop the replaced member");
    assert!(node.take().is_some_and(|other| !Arc::ptr_eq(&item, &other)));
    assert!(node.get().is_none());
    node.set(Some(item.clone()));
    drop(node);
    assert_eq!(Arc::strong_count(&item), 1, "the node must drop its member despite wakers");
    waker.wake();
}

#[test]
fn new_member_pending_stays() {
    let ready = ReadyQueue::new();
    let mut node = ready.node(0);
    let item = Arc::new(());
    assert_eq!(node.poll_new(item.clone(), |_, _| Poll::Ready(1)), Poll::Ready(1));
    assert_eq!(Arc::strong_count(&item), 1);
    let polled: Poll<()> = node.poll_new(item.clone(), |_, cx| {
        cx.waker().wake_by_ref();
        Poll::Pending
    });
    assert!(polled.is_pending());
    assert_eq!(Arc::strong_count(&item), 2);
    assert!(!node.set_idle(), "the poll has woken the node");
}

#[test]
fn new_member_panics_is_dropped() {
    let ready = ReadyQueue::new();
    let mut node = ready.node(0);
    let item = Arc::new(());
    let panics = || node.poll_new(item.clone(), |_, _| -> Poll<()> { panic!("on purpose") });
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    assert_eq!(Arc::strong_count(&item), 1);
    assert!(node.get().is_none());
}

/// A waker does not keep the member, so the member may borrow.
#[test]
fn wakers_outlive_borrows_of_member() {
    let ready = ReadyQueue::new();
    let waker = {
        let text = String::from("short-lived");
        let mut node = ready.node(0);
        node.set(Some(text.as_str()));
        assert!(node.set_idle());
        node.waker()
    };
    waker.wake_by_ref();
    assert!(ready.has_ready());
    drop(ready);
    waker.wake();
}
