//! The promises that are opt-in: fairness and bounded read-ahead.

use alloc::collections::VecDeque;
use core::task::Poll;

use futures_util::StreamExt;
use stream_laws::{Law, Laws, Relation, Source, Token};

use super::{breaks_only, poll};
use crate::adapters::poll_adapter;

/// Merges two sources, and asks the second one breaks_only if the first one has nothing.
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
fn overtaken_source_is_found() {
    biased().run().assert();
    let broken = breaks_only(Law::Fair, &biased().fair(1));
    assert_eq!(broken.case.to_string(), "`oo|` `o|`");
    assert_eq!(broken.message, "2 items of source 0 came while one of source 1 was ready");
    breaks_only(Law::Fair, &biased().fair(3));
    biased().fair(9).run().assert();
}

/// Reads all that its source has before it hands anything out.
fn greedy() -> Laws {
    let adapter = poll_adapter(|state: &mut (VecDeque<Token>, bool), source, cx| {
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
    Laws::of("greedy", adapter).expect(Relation::Same)
}

#[test]
fn read_ahead_beyond_promise_is_found() {
    greedy().run().assert();
    let broken = breaks_only(Law::ReadAhead, &greedy().read_ahead(0));
    assert_eq!(broken.case.to_string(), "`oo|`");
    assert_eq!(broken.message, "1 items are held that no reader has got");
    breaks_only(Law::ReadAhead, &greedy().read_ahead(4));
    greedy().read_ahead(9).run().assert();
}

#[test]
fn read_ahead_counts_running_futures() {
    let par = |most| {
        let laws = Laws::of_futures("par", |futures| futures.buffer_unordered(3));
        laws.expect(Relation::Permutation).read_ahead(most)
    };
    breaks_only(Law::ReadAhead, &par(2));
    par(3).run().assert();
}
