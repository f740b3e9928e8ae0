//! Cursors that sleep.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::hint::black_box;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Waker};

use aiter_core::push_list;
use futures_core::Stream;

use super::{LISTENING, Marks};

pub(super) fn wakes(times: u64, marks: Marks<'_>) {
    wakes_each(times, marks, [Waker::noop().clone()]);
}

/// Alternates two wakers, like a task that is moved or a combinator with a waker of its own.
pub(super) fn wakes_others(times: u64, marks: Marks<'_>) {
    /// A waker with a reference count.
    struct Counted;
    impl Wake for Counted {
        fn wake(self: Arc<Self>) {}
    }
    let wakers = [0, 1].map(|_| Waker::from(Arc::new(Counted)));
    wakes_each(times, marks, wakers);
}

fn wakes_each<const N: usize>(times: u64, marks: Marks<'_>, wakers: [Waker; N]) {
    let (pusher, mut cursor) = push_list();
    let mut round = |n: u64| {
        let mut cx = Context::from_waker(&wakers[n as usize % N]);
        let asleep = Pin::new(&mut cursor).poll_next(&mut cx).is_pending();
        assert!(black_box(asleep), "nothing was pushed");
        pusher.push(black_box(n)).expect(LISTENING);
        black_box(cursor.try_next().expect("it was pushed"));
    };
    (0..1000).for_each(&mut round);
    marks(&mut || (0..times).for_each(&mut round));
}

/// Polls like an executor that spins.
pub(super) fn polls_in_vain(times: u64, marks: Marks<'_>) {
    let (_pusher, mut cursor) = push_list::<u64>();
    let mut cx = Context::from_waker(Waker::noop());
    let mut poll = || assert!(black_box(Pin::new(&mut cursor).poll_next(&mut cx)).is_pending());
    poll();
    marks(&mut || (0..times).for_each(|_| poll()));
}

/// All takers of a shared cursor sleep. A push wakes them, and an executor polls the woken takers
/// until all sleep again.
pub(super) fn wakes_takers<const N: usize>(times: u64, marks: Marks<'_>) {
    #[derive(Default)]
    struct Flag(AtomicBool);
    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.wake_by_ref();
        }
        fn wake_by_ref(self: &Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let (pusher, cursor) = push_list();
    let first = cursor.share();
    let mut tasks: [_; N] = core::array::from_fn(|_| {
        let flag = Arc::new(Flag::default());
        (first.clone(), Waker::from(flag.clone()), flag)
    });
    let mut poll_woken = |all: bool| {
        let mut taken = 0;
        for (taker, waker, flag) in &mut tasks {
            let mut is_woken = all || flag.0.swap(false, Ordering::Relaxed);
            while is_woken {
                is_woken =
                    Pin::new(&mut *taker).poll_next(&mut Context::from_waker(waker)).is_ready();
                taken += u64::from(is_woken);
            }
        }
        taken
    };
    assert_eq!(poll_woken(true), 0);
    let mut item = |n: u64| {
        pusher.push(black_box(n)).expect(LISTENING);
        assert_eq!(black_box(poll_woken(false)), 1);
    };
    (0..1000).for_each(&mut item);
    marks(&mut || (0..times).for_each(&mut item));
}
