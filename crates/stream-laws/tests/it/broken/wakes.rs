//! Wakes and polls: L1, L2, L3, L7 and L9.

use alloc::{rc::Rc, sync::Arc, task::Wake};
use core::{
    cell::Cell,
    mem::ManuallyDrop,
    task::{Context, Poll, Waker, ready},
};

use futures_util::StreamExt;
use stream_laws::{Case, Law, Laws, Move, Parts, Relation, Source};

use super::{only, poll};
use crate::toys::{Relay, Wire, on_poll};

#[test]
fn l1_asks_once_more_at_the_end() {
    let toy = on_poll(|(), source, cx| {
        let item = ready!(poll(source, cx));
        if item.is_none() {
            assert!(poll(source, cx).is_ready());
        }
        Poll::Ready(item)
    });
    let broken = only(Law::L1, &Laws::of("asks twice", toy).expect(Relation::Same));
    assert_eq!(broken.case.to_string(), "`|`");
}

#[test]
fn l1_a_fused_adapter_asks_when_polled_after_its_end() {
    let toy = || on_poll(|(), source, cx| poll(source, cx));
    only(Law::L1, &Laws::of("plain", toy()).expect(Relation::Same).fused());
    Laws::of("plain", toy()).expect(Relation::Same).run().assert();
}

#[test]
fn l2_arms_no_waker() {
    let toy = on_poll(|(), source, _| poll(source, &mut Context::from_waker(Waker::noop())));
    let broken = only(Law::L2, &Laws::of("deaf", toy).expect(Relation::Same));
    assert_eq!(broken.case.scripts(), ["-|".parse().expect("a script")]);
    assert!(broken.case.moves().is_empty(), "{broken}");
}

#[test]
fn l2_arms_the_first_waker_only() {
    let toy = on_poll(|first: &mut Option<Waker>, source, cx| {
        let waker = first.get_or_insert_with(|| cx.waker().clone());
        poll(source, &mut Context::from_waker(waker))
    });
    let broken = only(Law::L2, &Laws::of("faithful", toy).expect(Relation::Same));
    assert!(broken.why.contains("an older waker"), "{broken}");
    assert_eq!(broken.case.to_string(), "`-|`: turn, poll 0 with a new waker");
}

#[test]
fn l2_a_lost_wake_counts_even_where_another_source_saves_the_task() {
    let merge = Laws::of_many("half deaf", |[mut a, mut b]: [Source; 2]| {
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
    only(Law::L2, &merge);
    let scripts = ["-o|", "-----|"].map(|script| script.parse().expect("a script"));
    let case = Case::new(scripts).with_moves([Move::Turn, Move::PollAnew(0)]);
    let broken = merge.check_case(&case).expect_err("the wake of source 0 is lost");
    assert_eq!(
        broken.why,
        "source 0 was woken, which woke an older waker of task 0 instead of its latest"
    );
}

#[test]
fn l2_never_ends() {
    let toy = on_poll(|ended: &mut bool, source, cx| {
        let item = if *ended { None } else { ready!(poll(source, cx)) };
        *ended = item.is_none();
        if *ended { Poll::Pending } else { Poll::Ready(item) }
    });
    only(Law::L2, &Laws::of("endless", toy).expect(Relation::Any));
}

#[test]
fn l3_sleeps_over_a_wake() {
    let toy = on_poll(|relay: &mut Relay, source, cx| {
        relay.listen(cx);
        if relay.take_wake() {
            return Poll::Pending;
        }
        poll(source, &mut Context::from_waker(&relay.waker()))
    });
    only(Law::L3, &Laws::of("sleepy", toy).expect(Relation::Same));
}

#[test]
fn l7_wakes_a_task_that_is_gone() {
    let toy = on_poll(|relay: &mut Wire, source, cx| {
        relay.listen(cx);
        poll(source, &mut Context::from_waker(&relay.waker()))
    });
    let broken = only(Law::L7, &Laws::of("haunted", toy).expect(Relation::Same));
    assert_eq!(broken.why, "a wake after the drop woke a task");
}

#[test]
fn l7_keeps_the_waker() {
    let toy = on_poll(|kept: &mut Vec<ManuallyDrop<Waker>>, source, cx| {
        let item = poll(source, cx);
        if item.is_pending() {
            kept.push(ManuallyDrop::new(cx.waker().clone()));
        }
        item
    });
    let broken = only(Law::L7, &Laws::of("collector", toy).expect(Relation::Same));
    assert_eq!(broken.why, "dropped, it still holds a task's waker");
}

#[test]
fn l9_wakes_itself_all_the_time() {
    let toy = on_poll(|(), source, cx| {
        let item = poll(source, cx);
        if item.is_pending() {
            cx.waker().wake_by_ref();
        }
        item
    });
    only(Law::L9, &Laws::of("restless", toy).expect(Relation::Same));
}

#[test]
fn l9_a_lean_adapter_wakes_itself_once_for_each_wait() {
    let toy = || {
        on_poll(|again: &mut bool, source, cx| {
            let item = poll(source, cx);
            *again = item.is_pending() && !*again;
            if *again {
                cx.waker().wake_by_ref();
            }
            item
        })
    };
    only(Law::L9, &Laws::of("hasty", toy()).expect(Relation::Same).lean());
    Laws::of("hasty", toy()).expect(Relation::Same).run().assert();
}

#[test]
fn l9_asks_a_waiting_source_again_and_again() {
    let toy = on_poll(|(), source, cx| {
        for _ in 0..3 {
            if let Poll::Ready(item) = poll(source, cx) {
                return Poll::Ready(item);
            }
        }
        Poll::Pending
    });
    only(Law::L9, &Laws::of("nagging", toy).expect(Relation::Same));
}

#[test]
fn l9_never_comes_back() {
    let toy = on_poll(|(), source, cx| {
        loop {
            if let Poll::Ready(item) = poll(source, cx) {
                return Poll::Ready(item);
            }
        }
    });
    let broken = only(Law::L9, &Laws::of("spinning", toy).expect(Relation::Same));
    assert!(broken.why.contains("for ever"), "{broken}");
    assert_eq!(broken.case.to_string(), "`-|`");
}

/// Forwards its source and then waits to be told to stop, in one way or the other.
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
    Parts::new().stream(stream).poke(move || stop(&stopped, &waker))
}

fn wake(waker: &Cell<Option<Waker>>) {
    waker.take().into_iter().for_each(Waker::wake);
}

#[test]
fn l2_a_handle_forgets_to_wake() {
    let laws = |stop| {
        Laws::of("stoppable", move |source| stoppable(source, stop)).expect(Relation::Subset)
    };
    only(Law::L2, &laws(|stopped, _| stopped.set(true)));
    laws(|stopped, waker| {
        stopped.set(true);
        wake(waker);
    })
    .run()
    .assert();
}

#[test]
fn l6_a_handle_panics_at_its_second_use() {
    let laws = Laws::of("touchy handle", |source| {
        stoppable(source, |stopped, waker| {
            assert!(!stopped.replace(true), "used before");
            wake(waker);
        })
    });
    let laws = laws.expect(Relation::Any);
    let case = Case::new(["|".parse().expect("a script")]).with_moves([Move::Poke(0); 2]);
    let broken = laws.check_case(&case).expect_err("it panics");
    assert_eq!((broken.law, &*broken.why), (Law::L6, "poke 0 panicked: used before"));
}

#[test]
fn l7_a_handle_panics_when_its_stream_is_gone() {
    let laws = Laws::of("touchy handle", |source| {
        let alive = Rc::new(());
        let handle = Rc::downgrade(&alive);
        let stream = source.inspect(move |_| {
            let _alive = &alive;
        });
        Parts::new().stream(stream).poke(move || assert!(handle.strong_count() > 0, "gone"))
    });
    let broken = only(Law::L7, &laws.expect(Relation::Same));
    assert_eq!(broken.why, "a poke panicked after the drop: gone");
}

/// A waker that panics.
struct Explosive;

impl Wake for Explosive {
    fn wake(self: Arc<Self>) {
        panic!("woken");
    }
}

#[test]
fn l2_a_wake_panics() {
    let toy = on_poll(|(), source, _| {
        let waker = Waker::from(Arc::new(Explosive));
        poll(source, &mut Context::from_waker(&waker))
    });
    let laws = Laws::of("explosive", toy).expect(Relation::Any);
    let case = Case::new(["-|".parse().expect("a script")]);
    let broken = laws.check_case(&case).expect_err("it panics");
    assert_eq!((broken.law, &*broken.why), (Law::L2, "the wake of source 0 panicked: woken"));
    let dropped = case.with_moves([Move::Turn, Move::DropAll]);
    let broken = laws.check_case(&dropped).expect_err("it panics");
    assert_eq!((broken.law, &*broken.why), (Law::L7, "a wake after the drop panicked: woken"));
}
