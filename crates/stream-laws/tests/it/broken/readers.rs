//! Several readers and workers: L8, L11, and L6 if a panic reaches another reader.

use alloc::rc::Rc;
use core::cell::Cell;

use futures_util::StreamExt;
use stream_laws::{BrokenLaw, Law, Laws, Move, Parts, Relation};

use super::{breaks, poll};
use crate::{
    adapters::poll_adapter,
    reader_adapters::{
        BoundedReader, ListReader, MailboxReader, OnDrop, Poison, SharedReader, TurnReader,
        WakeReach,
    },
};

#[test]
fn l6_panic_of_sibling_is_found() {
    let shared =
        |source| SharedReader::pair(source, WakeReach::All, OnDrop::RemoveOwn, Poison::Propagate);
    let broken = breaks(Law::L6, &Laws::of_readers("poisoned", shared).expect(Relation::Shared));
    assert!(broken.message.contains("because another task did"), "{broken}");
}

#[test]
fn l8_drop_that_loses_other_wakes_is_found() {
    let shared =
        |source| SharedReader::pair(source, WakeReach::All, OnDrop::RemoveAll, Poison::Ignore);
    let broken =
        breaks(Law::L8, &Laws::of_readers("drop clears queue", shared).expect(Relation::Shared));
    assert!(broken.case.moves().iter().any(|step| matches!(step, Move::Drop(_))), "{broken}");
}

/// Checks a case with an abandoned reader.
fn abandoned(laws: &Laws, case: &str) -> Result<(), BrokenLaw> {
    laws.check_case(&case.parse().expect("a case"))
}

#[test]
fn l11_wake_of_single_reader_is_found() {
    let shared =
        |source| SharedReader::pair(source, WakeReach::First, OnDrop::RemoveOwn, Poison::Ignore);
    let laws = Laws::of_readers("wakes one reader", shared).expect(Relation::Shared);
    let broken = breaks(Law::L11, &laws);
    assert!(broken.case.moves().iter().any(|step| matches!(step, Move::Abandon(_))), "{broken}");

    let waits =
        abandoned(&laws, "`-o|`: poll 0, poll 1, abandon 0").expect_err("task 1 is not woken");
    assert_eq!(waits.law, Law::L11);
    assert_eq!(
        waits.message,
        "source 0 was woken, which woke no task but the abandoned task 0, but task 1 can progress"
    );
    let woken = abandoned(&laws, "`-|`: poll 0, poll 1, wake 0, abandon 0")
        .expect_err("task 1 is not woken");
    assert_eq!(woken.law, Law::L11);
}

#[test]
fn l11_turn_kept_for_abandoned_reader_is_found() {
    let laws = Laws::of_readers("reserved turn", TurnReader::pair).expect(Relation::Shared);
    let laws = laws.except(Law::L6, "a panic leaves its reader in the queue");
    breaks(Law::L11, &laws);
    let case = "`-|`: poll 0, poll 1, wake 0, abandon 0";
    let broken = abandoned(&laws, case).expect_err("task 1 waits for task 0");
    assert_eq!(broken.law, Law::L11);
}

/// Describes two readers of a list, and the task that fills it.
fn list_readers(reach: WakeReach) -> Laws {
    let laws = Laws::of("list", move |source| {
        let (list_readers, fill) = ListReader::pair(source, reach);
        Parts::new().streams(list_readers).driver(fill)
    });
    laws.expect(Relation::Shared)
}

#[test]
fn l11_item_left_for_next_push_is_found() {
    let laws = list_readers(WakeReach::First);
    breaks(Law::L11, &laws);
    // The end of the list wakes both readers.
    let case = "`-o-|`: poll 0, poll 1, abandon 0";
    let broken = abandoned(&laws, case).expect_err("no wake for the item");
    assert_eq!(
        broken.message,
        "no task but the abandoned task 0 was woken, but task 1 can progress"
    );
    list_readers(WakeReach::All).run().assert();
}

#[test]
fn l11_item_reserved_for_reader_is_found() {
    let laws = Laws::of_readers("mailbox", MailboxReader::pair).expect(Relation::Shared);
    let broken = breaks(Law::L11, &laws);
    assert!(broken.message.contains("became"), "{broken}");
}

/// Describes two workers that send their results to a channel. The channel is closed after the
/// source has ended and no future is running.
fn workers(reach: WakeReach) -> Laws {
    let laws = Laws::of_futures("workers", move |futures| {
        let (sender, receiver) = futures_channel::mpsc::unbounded();
        let (in_hand, ended) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)));
        let sources = SharedReader::pair(futures, reach, OnDrop::RemoveOwn, Poison::Ignore);
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
    laws.expect(Relation::Permutation).except(Law::L6, "a panic ends its worker")
}

#[test]
fn l11_wake_of_single_worker_is_found() {
    breaks(Law::L11, &workers(WakeReach::First));
    workers(WakeReach::All).run().assert();
}

#[test]
fn worker_with_running_future_is_not_abandoned() {
    // Task 1 waits for its future. If it was abandoned, the result would be missing.
    let case = "`o|` `-|`: poll 1, poll 2, abandon 1".parse().expect("a case");
    assert!(workers(WakeReach::All).check_case(&case).is_ok());
}

#[test]
fn last_reader_is_not_abandoned() {
    let adapter = poll_adapter(|(), source, cx| poll(source, cx));
    let laws = Laws::of("plain", adapter).expect(Relation::Same);
    let case = "`o-o|`: poll 0, abandon 0".parse().expect("a case");
    assert!(laws.check_case(&case).is_ok());
}

/// Describes two readers, each at most `cap` items ahead of the other.
fn bounded_readers(cap: usize) -> Laws {
    Laws::of_readers("bounded", move |source| BoundedReader::pair(source, cap))
        .expect(Relation::Same)
}

#[test]
fn backpressure_permits_waits_of_that_size() {
    breaks(Law::L11, &bounded_readers(2));
    bounded_readers(2).backpressure(2).run().assert();
    breaks(Law::L11, &bounded_readers(2).backpressure(3));
}
