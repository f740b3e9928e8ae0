//! A toy adapter for each way to break a law: the driver has to find that law broken, and no
//! other one.

use alloc::collections::VecDeque;
use alloc::rc::Rc;
use alloc::sync::Arc;
use alloc::task::Wake;
use core::cell::Cell;
use core::mem::{self, ManuallyDrop};
use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};

use futures_core::Stream;
use futures_util::StreamExt;
use stream_laws::{Broken, Case, Law, Laws, Move, Output, Parts, Relation, Source, Task, Token};

use crate::toys::{
    Bounds, InStep, Leave, Lock, Mailbox, OneMore, Reach, Relay, Shared, SourceHint, Taker, Ticket,
    Wire, on_poll,
};

/// What is found, and that it is nothing but `law`.
fn only(law: Law, laws: &Laws) -> Broken {
    let report = laws.run();
    let found: Vec<Law> = report.broken().iter().map(|broken| broken.law).collect();
    assert_eq!(found, [law], "{report}");
    report.broken()[0].clone()
}

type Polled = Poll<Option<Token>>;

fn poll(source: &mut Source, cx: &mut Context<'_>) -> Polled {
    Pin::new(source).poll_next(cx)
}

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
fn l4_promises_items_that_it_filters_out() {
    let toy = on_poll(|(), source, cx| {
        loop {
            match ready!(poll(source, cx)) {
                Some(token) if token.number() % 2 == 1 => {}
                other => return Poll::Ready(other),
            }
        }
    });
    let laws = Laws::of("half", move |source| SourceHint(toy(source)));
    let broken = only(Law::L4, &laws.expect(Relation::Subset));
    assert_eq!(broken.case.to_string(), "`oo|`");
}

#[test]
fn l4_adds_without_care() {
    let toy = on_poll(|(), source, cx| poll(source, cx));
    let laws = Laws::of("one more", move |source| OneMore(toy(source)));
    let broken = only(Law::L4, &laws.expect(Relation::Same));
    assert!(broken.why.contains("overflow"), "{broken}");
}

#[test]
fn l5_leaks_what_it_has_read_ahead() {
    let toy = on_poll(|state: &mut (Option<ManuallyDrop<Token>>, bool), source, cx| {
        let (ahead, ended) = state;
        loop {
            let item = if *ended { None } else { ready!(poll(source, cx)) };
            *ended = item.is_none();
            let item = mem::replace(ahead, item.map(ManuallyDrop::new));
            if item.is_some() || *ended {
                return Poll::Ready(item.map(ManuallyDrop::into_inner));
            }
        }
    });
    let broken = only(Law::L5, &Laws::of("leaky", toy).expect(Relation::Any));
    assert_eq!(broken.why, "1 items were not freed");
}

#[test]
fn l5_keeps_its_source() {
    let keeper = |source| {
        let mut source = ManuallyDrop::new(source);
        futures_util::stream::poll_fn(move |cx| poll(&mut source, cx))
    };
    let broken = only(Law::L5, &Laws::of("keeper", keeper).expect(Relation::Same));
    assert_eq!(broken.why, "source 0 was not dropped");
}

#[test]
fn l6_is_busy_for_ever_after_a_panic() {
    let toy = on_poll(|busy: &mut bool, source, cx| {
        if mem::replace(busy, true) {
            return Poll::Pending;
        }
        let item = poll(source, cx);
        *busy = false;
        item
    });
    let broken = only(Law::L6, &Laws::of("busy", toy).expect(Relation::Same));
    assert_eq!(broken.case.to_string(), "`!|`");
}

#[test]
fn l6_takes_its_sibling_down() {
    let shared = |source| Shared::pair(source, Reach::All, Leave::Own, Lock::Strict);
    let broken = only(Law::L6, &Laws::of_clones("poisoned", shared).expect(Relation::Shared));
    assert!(broken.why.contains("because another one had"), "{broken}");
}

#[test]
fn l6_leaks_when_it_panics() {
    let toy = on_poll(|(), source, cx| {
        let item = ready!(poll(source, cx));
        if let Some(token) = item {
            let token = ManuallyDrop::new(token);
            // A second poll in the same breath: what if this one panics?
            let next = poll(source, cx);
            assert!(!matches!(next, Poll::Ready(Some(_))), "only scripts of one item here");
            return Poll::Ready(Some(ManuallyDrop::into_inner(token)));
        }
        Poll::Ready(None)
    });
    let laws = Laws::of("careless", toy).expect(Relation::Any);
    let case = Case::new(["o!|".parse().expect("a script")]);
    let broken = laws.check_case(&case).expect_err("the item is lost");
    assert_eq!((broken.law, &*broken.why), (Law::L6, "1 items were not freed"));
}

#[test]
fn l6_panics_by_itself() {
    let toy = on_poll(|(), source, cx| {
        poll(source, cx).map(|item| item.inspect(|token| assert!(token.number() < 2)))
    });
    let broken = only(Law::L6, &Laws::of("touchy", toy).expect(Relation::Same));
    assert!(broken.why.contains("no source had"), "{broken}");
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
fn l8_takes_the_wake_of_others_along() {
    let shared = |source| Shared::pair(source, Reach::All, Leave::All, Lock::Forgiving);
    let broken = only(Law::L8, &Laws::of_clones("egoist", shared).expect(Relation::Shared));
    assert!(broken.case.moves().iter().any(|step| matches!(step, Move::Drop(_))), "{broken}");
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

#[test]
fn l10_has_an_afterthought() {
    let toy = on_poll(|state: &mut (Option<Token>, bool), source, cx| {
        let (late, ended) = state;
        if *ended {
            return Poll::Ready(late.take());
        }
        match ready!(poll(source, cx)) {
            Some(token) if late.is_none() => {
                *late = Some(token.clone());
                Poll::Ready(Some(token))
            }
            item => {
                *ended = item.is_none();
                Poll::Ready(item)
            }
        }
    });
    let broken = only(Law::L10, &Laws::of("afterthought", toy).expect(Relation::Any));
    assert_eq!(broken.case.to_string(), "`o|`");
}

#[test]
fn l10_cannot_be_polled_after_its_end() {
    let toy = on_poll(|ended: &mut bool, source, cx| {
        assert!(!*ended, "polled after its end");
        poll(source, cx).map(|item| {
            *ended = item.is_none();
            item
        })
    });
    let broken = only(Law::L10, &Laws::of("brittle", toy).expect(Relation::Same));
    assert!(broken.why.contains("polled after its end"), "{broken}");
}

/// The case of the abandoned reader that was polled but not yet woken, and the other one.
fn abandoned(laws: &Laws, case: &str) -> Result<(), Broken> {
    laws.check_case(&case.parse().expect("a case"))
}

#[test]
fn l11_wakes_one_reader_only() {
    let shared = |source| Shared::pair(source, Reach::First, Leave::Own, Lock::Forgiving);
    let laws = Laws::of_clones("one by one", shared).expect(Relation::Shared);
    let broken = only(Law::L11, &laws);
    assert!(broken.case.moves().iter().any(|step| matches!(step, Move::Abandon(_))), "{broken}");

    let waits = abandoned(&laws, "`-o|`: poll 0, poll 1, abandon 0").expect_err("1 sleeps on");
    assert_eq!(waits.law, Law::L11);
    assert_eq!(
        waits.why,
        "source 0 was woken, which woke no task but the abandoned task 0, though task 1 could go on"
    );
    let woken = abandoned(&laws, "`-|`: poll 0, poll 1, wake 0, abandon 0").expect_err("the same");
    assert_eq!(woken.law, Law::L11);
}

#[test]
fn l11_keeps_a_turn_for_a_woken_reader() {
    let laws = Laws::of_clones("ticket", Ticket::pair).expect(Relation::Shared);
    let laws = laws.except(Law::L6, "a panic leaves its reader in the queue");
    only(Law::L11, &laws);
    let case = "`-|`: poll 0, poll 1, wake 0, abandon 0";
    let broken = abandoned(&laws, case).expect_err("1 waits for 0");
    assert_eq!(broken.law, Law::L11);
}

/// Two readers of a list, and the task that fills it.
fn takers(reach: Reach) -> Laws {
    let laws = Laws::of("list", move |source| {
        let (takers, fill) = Taker::pair(source, reach);
        Parts::new().streams(takers).drive(fill)
    });
    laws.expect(Relation::Shared)
}

#[test]
fn l11_leaves_an_item_to_the_next_push() {
    let laws = takers(Reach::First);
    only(Law::L11, &laws);
    // All is well at the end, where the list wakes both.
    let case = "`-o-|`: poll 0, poll 1, abandon 0";
    let broken = abandoned(&laws, case).expect_err("the item waits for the end");
    assert_eq!(broken.why, "no task but the abandoned task 0 was woken, though task 1 could go on");
    takers(Reach::All).run().assert();
}

#[test]
fn l11_puts_an_item_aside_for_a_reader() {
    let laws = Laws::of_clones("mailbox", Mailbox::pair).expect(Relation::Shared);
    let broken = only(Law::L11, &laws);
    assert!(broken.why.contains("became"), "{broken}");
}

/// Two workers that hand what they have done to a channel. The channel is closed once the source
/// has ended and no work is in hand.
fn workers(reach: Reach) -> Laws {
    let laws = Laws::of_futures("workers", move |futures| {
        let (sender, receiver) = futures_channel::mpsc::unbounded();
        let (in_hand, ended) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)));
        let sources = Shared::pair(futures, reach, Leave::Own, Lock::Forgiving);
        let workers = sources.map(|mut source| {
            let sender = sender.clone();
            let (in_hand, ended) = (Rc::clone(&in_hand), Rc::clone(&ended));
            async move {
                loop {
                    let work = source.next().await;
                    ended.set(ended.get() || work.is_none());
                    if let Some(work) = work {
                        in_hand.set(in_hand.get() + 1);
                        let _receiver_gone = sender.unbounded_send(work.await);
                        in_hand.set(in_hand.get() - 1);
                    }
                    if ended.get() {
                        break;
                    }
                }
                if in_hand.get() == 0 {
                    sender.close_channel();
                }
            }
        });
        Parts::new().stream(receiver).workers(workers)
    });
    laws.expect(Relation::Permutation).except(Law::L6, "a worker is lost with its panic")
}

#[test]
fn l11_wakes_one_worker_only() {
    only(Law::L11, &workers(Reach::First));
    workers(Reach::All).run().assert();
}

#[test]
fn worker_with_work_in_hand_is_not_abandoned() {
    // Task 1 waits for its future; the result would be missing if it was abandoned.
    let case = "`o|` `-|`: poll 1, poll 2, abandon 1".parse().expect("a case");
    assert!(workers(Reach::All).check_case(&case).is_ok());
}

#[test]
fn last_reader_is_not_abandoned() {
    let toy = on_poll(|(), source, cx| poll(source, cx));
    let laws = Laws::of("plain", toy).expect(Relation::Same);
    let case = "`o-o|`: poll 0, abandon 0".parse().expect("a case");
    assert!(laws.check_case(&case).is_ok());
}

/// Two readers of which none gets more than `cap` items ahead of the other.
fn in_step(cap: usize) -> Laws {
    Laws::of_clones("in step", move |source| InStep::pair(source, cap)).expect(Relation::Same)
}

#[test]
fn backpressure_excuses_waits_of_its_size() {
    only(Law::L11, &in_step(2));
    in_step(2).backpressure(2).run().assert();
    only(Law::L11, &in_step(2).backpressure(3));
}

#[test]
fn items_loses_and_swaps() {
    let lossy = || {
        on_poll(|(), source, cx| {
            loop {
                match ready!(poll(source, cx)) {
                    Some(token) if token.number() == 2 => {}
                    item => return Poll::Ready(item),
                }
            }
        })
    };
    only(Law::Items, &Laws::of("lossy", lossy()).expect(Relation::Same));
    Laws::of("lossy", lossy()).expect(Relation::Subset).run().assert();

    let doubling = on_poll(|(), source, cx| {
        poll(source, cx).map(|item| item.map(|token| (token.clone(), token)))
    });
    only(Law::Items, &Laws::of("doubling", doubling).expect(Relation::Same));
}

/// Merges two sources, and asks the second one only if the first one has nothing.
fn biased() -> Laws {
    let laws = Laws::of_many("biased", |[a, b]: [Source; 2]| {
        let mut sources = [a.fuse(), b.fuse()];
        futures_util::stream::poll_fn(move |cx| {
            let mut waits = false;
            for source in &mut sources {
                match source.poll_next_unpin(cx) {
                    Poll::Ready(None) => {}
                    Poll::Pending => waits = true,
                    item => return item,
                }
            }
            if waits { Poll::Pending } else { Poll::Ready(None) }
        })
    });
    laws.expect(Relation::Merged)
}

#[test]
fn fair_sees_a_source_overtaken() {
    biased().run().assert();
    let broken = only(Law::Fair, &biased().fair(1));
    assert_eq!(broken.case.to_string(), "`oo|` `o|`");
    assert_eq!(broken.why, "2 items of source 0 came while one of source 1 was ready");
    only(Law::Fair, &biased().fair(3));
    biased().fair(9).run().assert();
}

/// Reads all that its source has before it hands anything out.
fn greedy() -> Laws {
    let toy = on_poll(|state: &mut (VecDeque<Token>, bool), source, cx| {
        let (items, ended) = state;
        while !*ended {
            match poll(source, cx) {
                Poll::Ready(Some(token)) => items.push_back(token),
                Poll::Ready(None) => *ended = true,
                Poll::Pending => break,
            }
        }
        match items.pop_front() {
            None if !*ended => Poll::Pending,
            item => Poll::Ready(item),
        }
    });
    Laws::of("greedy", toy).expect(Relation::Same)
}

#[test]
fn ahead_sees_items_held() {
    greedy().run().assert();
    let broken = only(Law::Ahead, &greedy().read_ahead(0));
    assert_eq!(broken.case.to_string(), "`oo|`");
    assert_eq!(broken.why, "1 items are held that no reader has got");
    only(Law::Ahead, &greedy().read_ahead(4));
    greedy().read_ahead(9).run().assert();
}

#[test]
fn ahead_counts_running_futures() {
    let par = |most| {
        let laws = Laws::of_futures("par", |futures| futures.buffer_unordered(3));
        laws.expect(Relation::Permutation).read_ahead(most)
    };
    only(Law::Ahead, &par(2));
    par(3).run().assert();
}

#[test]
fn missing_relation_panics() {
    let laws = Laws::of("unsaid", |source| source);
    let panic = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| laws.run()));
    let panic = panic.expect_err("no relation was stated");
    let text = panic.downcast_ref::<String>().expect("a text");
    assert_eq!(
        text,
        "unsaid: state the relation of its items with `expect`; `Relation::Any` checks none"
    );
}

#[test]
fn a_case_is_small_and_runs_again() {
    let deaf = on_poll(|(), source, _| poll(source, &mut Context::from_waker(Waker::noop())));
    let laws = Laws::of("deaf", deaf).expect(Relation::Any).scripts(500);
    let broken = laws.check().expect_err("it hangs");
    assert_eq!(broken.case.to_string(), "`-|`");
    let again = laws.check_case(&broken.case).expect_err("it hangs each time");
    assert_eq!((again.law, again.step, again.why), (broken.law, broken.step, broken.why));
}

#[test]
fn an_excepted_law_is_not_looked_at() {
    let toy = on_poll(|ended: &mut bool, source, cx| {
        assert!(!*ended, "polled after its end");
        poll(source, cx).map(|item| {
            *ended = item.is_none();
            item
        })
    });
    let report = Laws::of("brittle", toy)
        .expect(Relation::Any)
        .except(Law::L10, "says so in its manual")
        .run();
    report.assert();
    assert_eq!(report.excepted(), [(Law::L10, "says so in its manual")]);
    assert!(report.to_string().contains("L10 not looked at: says so in its manual"));
}

#[test]
fn without_l6_nothing_panics() {
    let toy = on_poll(|busy: &mut bool, source, cx| {
        assert!(!mem::replace(busy, true));
        let item = poll(source, cx);
        *busy = false;
        item
    });
    Laws::of("fragile", toy)
        .expect(Relation::Any)
        .except(Law::L6, "aborts in its home")
        .run()
        .assert();
}

/// Hands out items for ever.
struct Endless;

impl Stream for Endless {
    type Item = ();

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<()>> {
        Poll::Ready(Some(()))
    }
}

#[test]
fn endless_stream_is_found_by_one_case() {
    let laws = Laws::of_many("endless", |[]: [Source; 0]| Endless).expect(Relation::Same);
    let broken = only(Law::Items, &laws);
    assert!(broken.why.contains("no end"), "{broken}");
    assert_eq!(laws.run().cases(), 1);
}

#[test]
fn endless_stream_after_its_source_is_found() {
    let laws = Laws::of("endless at last", |source: Source| {
        source.map(Some).chain(futures_util::stream::repeat_with(|| None))
    });
    let laws = laws.expect(Relation::Subset);
    only(Law::Items, &laws);
    assert!(laws.run().cases() < 10, "{}", laws.run());
}

#[test]
fn endless_stream_is_cut_if_items_are_any() {
    let laws = Laws::of_many("endless", |[]: [Source; 0]| Endless).expect(Relation::Any);
    let report = laws.run();
    report.assert();
    assert_eq!(report.cases(), 10_000);
}

#[test]
fn tokens_are_found_in_all_outputs() {
    let (source, control) = Source::new("oooooo|".parse().expect("a script"));
    let mut task = Task::new(source);
    let mut next = || match task.poll() {
        Poll::Ready(Some(token)) => token,
        other => panic!("{other:?}"),
    };
    let nested = (vec![Some(next()), None], [Ok::<_, ()>(next())], Box::new((next(), 7_usize)));
    let counted = (Rc::new(next()), Arc::new(next()), Err::<u64, _>(next()));
    let mut tokens = Vec::new();
    (nested, counted).tokens(&mut tokens);
    assert!(tokens.iter().map(Token::number).eq(0..6));
    assert_eq!((control.ledger().alive(), control.ledger().clones()), (6, 0));
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

#[test]
fn l5_its_drop_panics() {
    #[derive(Default)]
    struct Fragile;
    impl Drop for Fragile {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let toy = on_poll(|_: &mut Fragile, source, cx| poll(source, cx));
    let broken = only(Law::L5, &Laws::of("fragile", toy).expect(Relation::Same));
    assert_eq!(broken.why, "the drop of task 0's stream panicked: dropped");
}

#[test]
fn l4_its_upper_bound_is_too_low() {
    let toy = on_poll(|(), source, cx| poll(source, cx));
    let laws = Laws::of("modest", move |source| Bounds(toy(source), (0, Some(1))));
    let broken = only(Law::L4, &laws.expect(Relation::Same));
    assert_eq!(broken.case.to_string(), "`oo|`");
    assert_eq!(broken.why, "(0, Some(1)) after step 0, and 2 items came");
}

#[test]
fn what_comes_of_a_panic_of_its_own_is_not_found_as_well() {
    /// Loses its source when it was asked for its bounds.
    struct Rotten(Option<Source>, Cell<bool>);
    impl Stream for Rotten {
        type Item = Token;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
            poll(self.0.as_mut().expect("it has one until it is dropped"), cx)
        }

        fn size_hint(&self) -> (usize, Option<usize>) {
            self.1.set(true);
            panic!("asked");
        }
    }
    impl Drop for Rotten {
        fn drop(&mut self) {
            if self.1.get() {
                mem::forget(self.0.take());
            }
        }
    }
    let laws = Laws::of("rotten", |source| Rotten(Some(source), Cell::new(false)));
    only(Law::L4, &laws.expect(Relation::Any));
}

#[test]
fn items_that_were_not_asked_for_are_missed() {
    let laws = Laws::of_nested("first one", |outer| outer.take(1).flatten());
    let broken = only(Law::Items, &laws.expect(Relation::Same));
    assert_eq!(broken.case.to_string(), "`oo|`");
    assert_eq!(broken.why, "1 items of the outer source were not asked for");
}

#[test]
fn l4_its_bounds_are_the_wrong_way_round() {
    let toy = on_poll(|(), source, cx| poll(source, cx));
    let laws = Laws::of("confused", move |source| Bounds(toy(source), (1, Some(0))));
    let broken = only(Law::L4, &laws.expect(Relation::Same));
    assert_eq!(broken.why, "size_hint is (1, Some(0))");
}
