//! Several readers and workers: L8, L11, and L6 where a panic reaches a sibling.

use alloc::rc::Rc;
use core::cell::Cell;

use futures_util::StreamExt;
use stream_laws::{Broken, Law, Laws, Move, Parts, Relation};

use super::{only, poll};
use crate::{
    readers::{InStep, Leave, Lock, Mailbox, Reach, Shared, Taker, Ticket},
    toys::on_poll,
};

#[test]
fn l6_takes_its_sibling_down() {
    let shared = |source| Shared::pair(source, Reach::All, Leave::Own, Lock::Strict);
    let broken = only(Law::L6, &Laws::of_clones("poisoned", shared).expect(Relation::Shared));
    assert!(broken.why.contains("because another one had"), "{broken}");
}

#[test]
fn l8_takes_the_wake_of_others_along() {
    let shared = |source| Shared::pair(source, Reach::All, Leave::All, Lock::Forgiving);
    let broken = only(Law::L8, &Laws::of_clones("egoist", shared).expect(Relation::Shared));
    assert!(broken.case.moves().iter().any(|step| matches!(step, Move::Drop(_))), "{broken}");
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
