//! The optional promises: fairness and bounded read-ahead.

use alloc::collections::VecDeque;
use core::task::Poll;

use futures_util::StreamExt;
use stream_laws::{Law, Laws, Relation, Source, Token};

use super::{breaks, poll};
use crate::adapters::poll_adapter;

/// Describes a merge that polls the second source only if the first one is not ready.
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
    let broken = breaks(Law::Fair, &biased().fair(1));
    assert_eq!(broken.case.to_string(), "`oo|` `o|`");
    assert_eq!(broken.message, "2 items of source 0 came while an item of source 1 was ready");
    breaks(Law::Fair, &biased().fair(3));
    biased().fair(9).run().assert();
}

/// Describes an adapter that reads all ready items before it returns one.
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
    let broken = breaks(Law::ReadAhead, &greedy().read_ahead(0));
    assert_eq!(broken.case.to_string(), "`oo|`");
    assert_eq!(broken.message, "the adapter holds 1 unread items");
    breaks(Law::ReadAhead, &greedy().read_ahead(4));
    greedy().read_ahead(9).run().assert();
}

#[test]
fn read_ahead_counts_running_futures() {
    let par = |most| {
        let laws = Laws::of_futures("par", |futures| futures.buffer_unordered(3));
        laws.expect(Relation::Permutation).read_ahead(most)
    };
    breaks(Law::ReadAhead, &par(2));
    par(3).run().assert();
}
