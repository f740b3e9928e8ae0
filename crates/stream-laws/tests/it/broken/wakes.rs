//! Wakes and polls: L1, L2, L3, L7 and L9.

use alloc::{rc::Rc, sync::Arc, task::Wake};
use core::{
    cell::Cell,
    mem::ManuallyDrop,
    task::{Context, Poll, Waker, ready},
};

use futures_util::StreamExt;
use stream_laws::{Case, Law, Laws, Move, Parts, Relation, Source};

use super::{breaks, poll};
use crate::adapters::{ForwardWaker, ScopedForwardWaker, poll_adapter};

#[test]
fn l1_poll_after_source_end_is_found() {
    let adapter = poll_adapter(|(), source, cx| {
        let item = ready!(poll(source, cx));
        if item.is_none() {
            assert!(poll(source, cx).is_ready());
        }
        Poll::Ready(item)
    });
    let broken = breaks(Law::L1, &Laws::of("polls twice", adapter).expect(Relation::Same));
    assert_eq!(broken.case.to_string(), "`|`");
}

#[test]
fn l1_fused_adapter_may_not_poll_ended_source() {
    let adapter = || poll_adapter(|(), source, cx| poll(source, cx));
    breaks(Law::L1, &Laws::of("plain", adapter()).expect(Relation::Same).fused());
    Laws::of("plain", adapter()).expect(Relation::Same).run().assert();
}

#[test]
fn l2_unregistered_waker_is_found() {
    let adapter =
        poll_adapter(|(), source, _| poll(source, &mut Context::from_waker(Waker::noop())));
    let broken = breaks(Law::L2, &Laws::of("no waker", adapter).expect(Relation::Same));
    assert_eq!(broken.case.scripts(), ["-|".parse().expect("a script")]);
    assert!(broken.case.moves().is_empty(), "{broken}");
}

#[test]
fn l2_stale_waker_is_found() {
    let adapter = poll_adapter(|first: &mut Option<Waker>, source, cx| {
        let waker = first.get_or_insert_with(|| cx.waker().clone());
        poll(source, &mut Context::from_waker(waker))
    });
    let broken = breaks(Law::L2, &Laws::of("stale_waker", adapter).expect(Relation::Same));
    assert!(broken.message.contains("an older waker"), "{broken}");
    assert_eq!(broken.case.to_string(), "`-|`: turn, poll 0 with a new waker");
}

#[test]
fn l2_lost_wake_is_found_beside_another_source() {
    let merge = Laws::of_many("stale waker in merge", |[mut a, mut b]: [Source; 2]| {
        let (mut first, mut ended) = (None::<Waker>, [false; 2]);
        futures_util::stream::poll_fn(move |cx| {
            let waker = first.get_or_insert_with(|| cx.waker().clone()).clone();
            for (n, waker) in [&waker, cx.waker()].into_iter().enumerate() {
                let source = if n == 0 { &mut a } else { &mut b };
                if !ended[n] {
                    match poll(source, &mut Context::from_waker(waker)) {
                        Poll::Ready(None) => ended[n] = true,
                        Poll::Ready(item) => return Poll::Ready(item),
                        Poll::Pending => {}
                    }
                }
            }
            if ended == [true; 2] { Poll::Ready(None) } else { Poll::Pending }
        })
    });
    let merge = merge.expect(Relation::Merged);
    breaks(Law::L2, &merge);
    let scripts = ["-o|", "-----|"].map(|script| script.parse().expect("a script"));
    let case = Case::new(scripts).with_moves([Move::Turn, Move::PollWithNewWaker(0)]);
    let broken = merge.check_case(&case).expect_err("the wake of source 0 is lost");
    assert_eq!(
        broken.message,
        "source 0 was woken, which woke an older waker of task 0, not its latest"
    );
}

#[test]
fn l2_pending_after_source_end_is_found() {
    let adapter = poll_adapter(|ended: &mut bool, source, cx| {
        let item = if *ended { None } else { ready!(poll(source, cx)) };
        *ended = item.is_none();
        if *ended { Poll::Pending } else { Poll::Ready(item) }
    });
    breaks(Law::L2, &Laws::of("pending after end", adapter).expect(Relation::Any));
}

#[test]
fn l3_poll_that_skips_woken_source_is_found() {
    let adapter = poll_adapter(|forward: &mut ScopedForwardWaker, source, cx| {
        forward.register(cx);
        if forward.take_wake() {
            return Poll::Pending;
        }
        poll(source, &mut Context::from_waker(&forward.waker()))
    });
    breaks(Law::L3, &Laws::of("skips woken source", adapter).expect(Relation::Same));
}

#[test]
fn l7_wake_after_drop_is_found() {
    let adapter = poll_adapter(|forward: &mut ForwardWaker, source, cx| {
        forward.register(cx);
        poll(source, &mut Context::from_waker(&forward.waker()))
    });
    let broken = breaks(Law::L7, &Laws::of("wakes after drop", adapter).expect(Relation::Same));
    assert_eq!(broken.message, "a wake after the drop woke a task");
}

#[test]
fn l7_waker_kept_after_drop_is_found() {
    let adapter = poll_adapter(|kept: &mut Vec<ManuallyDrop<Waker>>, source, cx| {
        let item = poll(source, cx);
        if item.is_pending() {
            kept.push(ManuallyDrop::new(cx.waker().clone()));
        }
        item
    });
    let broken = breaks(Law::L7, &Laws::of("keeps wakers", adapter).expect(Relation::Same));
    assert_eq!(broken.message, "the adapter holds the waker of a task after the drop");
}

#[test]
fn l9_constant_self_wakes_are_found() {
    let adapter = poll_adapter(|(), source, cx| {
        let item = poll(source, cx);
        if item.is_pending() {
            cx.waker().wake_by_ref();
        }
        item
    });
    breaks(Law::L9, &Laws::of("wakes itself", adapter).expect(Relation::Same));
}

#[test]
fn l9_no_extra_polls_forbids_one_self_wake() {
    let adapter = || {
        poll_adapter(|again: &mut bool, source, cx| {
            let item = poll(source, cx);
            *again = item.is_pending() && !*again;
            if *again {
                cx.waker().wake_by_ref();
            }
            item
        })
    };
    breaks(
        Law::L9,
        &Laws::of("wakes itself once", adapter()).expect(Relation::Same).no_extra_polls(),
    );
    Laws::of("wakes itself once", adapter()).expect(Relation::Same).run().assert();
}

#[test]
fn l9_repeated_polls_of_waiting_source_found() {
    let adapter = poll_adapter(|(), source, cx| {
        for _ in 0..3 {
            if let Poll::Ready(item) = poll(source, cx) {
                return Poll::Ready(item);
            }
        }
        Poll::Pending
    });
    breaks(Law::L9, &Laws::of("polls three times", adapter).expect(Relation::Same));
}

#[test]
fn l9_endless_poll_is_found() {
    let adapter = poll_adapter(|(), source, cx| {
        loop {
            if let Poll::Ready(item) = poll(source, cx) {
                return Poll::Ready(item);
            }
        }
    });
    let broken = breaks(Law::L9, &Laws::of("polls forever", adapter).expect(Relation::Same));
    assert!(broken.message.contains("forever"), "{broken}");
    assert_eq!(broken.case.to_string(), "`-|`");
}

/// Forwards its source, and ends when the side effect calls `stop`.
fn stoppable(source: Source, stop: fn(&Cell<bool>, &Cell<Option<Waker>>)) -> Parts {
    let (stopped, waker) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(None)));
    let (is_stopped, listener) = (Rc::clone(&stopped), Rc::clone(&waker));
    let mut source = Some(source);
    let stream = futures_util::stream::poll_fn(move |cx| {
        if is_stopped.get() {
            return Poll::Ready(None);
        }
        listener.set(Some(cx.waker().clone()));
        if let Some(reading) = &mut source {
            let item = ready!(poll(reading, cx));
            if item.is_some() {
                return Poll::Ready(item);
            }
            source = None;
        }
        Poll::Pending
    });
    Parts::new().stream(stream).side_effect(move || stop(&stopped, &waker))
}

fn wake(waker: &Cell<Option<Waker>>) {
    waker.take().into_iter().for_each(Waker::wake);
}

#[test]
fn l2_side_effect_without_wake_is_found() {
    let laws = |stop| {
        Laws::of("stoppable", move |source| stoppable(source, stop)).expect(Relation::Subsequence)
    };
    breaks(Law::L2, &laws(|stopped, _| stopped.set(true)));
    laws(|stopped, waker| {
        stopped.set(true);
        wake(waker);
    })
    .run()
    .assert();
}

#[test]
fn l6_panic_of_side_effect_is_found() {
    let laws = Laws::of("panicking side effect", |source| {
        stoppable(source, |stopped, waker| {
            assert!(!stopped.replace(true), "used before");
            wake(waker);
        })
    });
    let laws = laws.expect(Relation::Any);
    let case = Case::new(["|".parse().expect("a script")]).with_moves([Move::SideEffect(0); 2]);
    let broken = laws.check_case(&case).expect_err("the panic breaks a law");
    assert_eq!((broken.law, &*broken.message), (Law::L6, "side effect 0 panicked: used before"));
}

#[test]
fn l7_side_effect_panic_after_drop_is_found() {
    let laws = Laws::of("panicking side effect", |source| {
        let alive = Rc::new(());
        let handle = Rc::downgrade(&alive);
        let stream = source.inspect(move |_| {
            let _alive = &alive;
        });
        Parts::new().stream(stream).side_effect(move || assert!(handle.strong_count() > 0, "gone"))
    });
    let broken = breaks(Law::L7, &laws.expect(Relation::Same));
    assert_eq!(broken.message, "a side effect panicked after the drop: gone");
}

/// A waker that panics.
struct PanicOnWake;

impl Wake for PanicOnWake {
    fn wake(self: Arc<Self>) {
        panic!("woken");
    }
}

#[test]
fn l2_panic_of_waker_is_found() {
    let adapter = poll_adapter(|(), source, _| {
        let waker = Waker::from(Arc::new(PanicOnWake));
        poll(source, &mut Context::from_waker(&waker))
    });
    let laws = Laws::of("panic on wake", adapter).expect(Relation::Any);
    let case = Case::new(["-|".parse().expect("a script")]);
    let broken = laws.check_case(&case).expect_err("the panic breaks a law");
    assert_eq!((broken.law, &*broken.message), (Law::L2, "the wake of source 0 panicked: woken"));
    let dropped = case.with_moves([Move::Turn, Move::DropAll]);
    let broken = laws.check_case(&dropped).expect_err("the panic breaks a law");
    assert_eq!((broken.law, &*broken.message), (Law::L7, "a wake after the drop panicked: woken"));
}
