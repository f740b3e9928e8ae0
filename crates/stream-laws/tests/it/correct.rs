//! Adapters that keep every law.

use core::{future::ready, task::Poll};

use futures_channel::mpsc;
use futures_core::Stream;
use futures_util::{
    future::Either,
    stream::{self, StreamExt, TryStreamExt, abortable},
};
use stream_laws::{Law, Laws, Parts, Relation};

use crate::{
    adapters::poll_adapter,
    reader_adapters::{OnDrop, Poison, SharedReader, WakeReach},
};

fn holds(laws: Laws, relation: Relation) {
    laws.expect(relation).run().assert();
}

#[test]
fn plain_adapters_keep_laws() {
    holds(Laws::of("itself", |source| source), Relation::Same);
    holds(Laws::of("fuse", |source| source.fuse()).fused().no_extra_polls(), Relation::Same);
    let adapter = poll_adapter(|(), source, cx| core::pin::Pin::new(source).poll_next(cx));
    holds(Laws::of("adapter", adapter).no_extra_polls(), Relation::Same);
}

#[test]
fn unfused_adapter_may_poll_after_own_end() {
    // The adapter ends with its first source, and polls both sources again after its end.
    let both = Laws::of_many("unfused", |[mut a, mut b]| {
        let (mut ended, mut told) = (false, false);
        stream::poll_fn(move |cx| {
            loop {
                let mut waits = false;
                for source in [&mut a, &mut b] {
                    if told || !ended {
                        let item = core::pin::Pin::new(source).poll_next(cx);
                        ended |= item == Poll::Ready(None);
                        waits |= item.is_pending();
                    }
                }
                told |= ended;
                if ended {
                    return Poll::Ready(None::<()>);
                }
                if waits {
                    return Poll::Pending;
                }
            }
        })
    });
    holds(both, Relation::Subsequence);
}

#[test]
fn futures_util_single_source_keeps_laws() {
    holds(Laws::of("map", |source| source.map(Some)).no_extra_polls(), Relation::Same);
    let even = |source: stream_laws::Source| source.filter(|token| ready(token.number() % 2 == 0));
    holds(Laws::of("filter", even).no_extra_polls(), Relation::Subsequence);
    holds(Laws::of("then", |source| source.then(ready)).no_extra_polls(), Relation::Same);
    holds(Laws::of("chunks", |source| source.chunks(3)).no_extra_polls(), Relation::Same);
    holds(
        Laws::of("ready_chunks", |source| source.ready_chunks(3)).no_extra_polls(),
        Relation::Same,
    );
    holds(Laws::of("peekable", |source| source.peekable()).no_extra_polls(), Relation::Same);
    holds(Laws::of("take", |source| source.take(2)).no_extra_polls(), Relation::Subsequence);
    holds(Laws::of("skip", |source| source.skip(2)).no_extra_polls(), Relation::Subsequence);
}

#[test]
fn futures_util_results_keep_laws() {
    let results = Laws::of("map_ok", |source| source.results().map_ok(Some)).with_errors();
    holds(results, Relation::Same);
}

#[test]
fn futures_util_many_sources_keep_laws() {
    holds(Laws::of_many("chain", |[a, b]| a.chain(b)), Relation::Same);
    holds(Laws::of_many("zip", |[a, b]| a.zip(b)), Relation::Rows);
    holds(Laws::of_many("select", |[a, b]| stream::select(a, b)).fair(1), Relation::Merged);
    let all = Laws::of_many("select_all", |all: [_; 3]| stream::select_all(all));
    holds(all.fair(1).read_ahead(0), Relation::Merged);
    holds(Laws::of_nested("flatten", |outer| outer.flatten()), Relation::Same);
}

#[test]
fn futures_util_futures_keep_laws() {
    let buffered = Laws::of_futures("buffered", |futures| futures.buffered(2));
    let reason = "its queue waits for the future that panicked";
    holds(buffered.except(Law::L6, reason), Relation::Same);
    let unordered = Laws::of_futures("buffer_unordered", |futures| futures.buffer_unordered(2));
    holds(unordered, Relation::Permutation);
}

#[test]
fn shared_readers_keep_laws() {
    let shared =
        |source| SharedReader::pair(source, WakeReach::All, OnDrop::RemoveOwn, Poison::Ignore);
    holds(Laws::of_readers("shared", shared), Relation::Shared);
}

#[test]
fn driver_and_side_effect_keep_laws() {
    let stopped = Laws::of("abortable", |source| {
        let (stream, handle) = abortable(source);
        Parts::new().stream(stream).side_effect(move || handle.abort())
    });
    holds(stopped, Relation::Subsequence);

    // A channel whose producer has its own task.
    let driven = Laws::of("channel", |source| {
        let (sender, receiver) = mpsc::unbounded();
        let send = source.for_each(move |token| {
            let _receiver_gone = sender.unbounded_send(token);
            ready(())
        });
        Parts::new().stream(receiver).driver(send)
    });
    holds(driven, Relation::Same);
}

#[test]
fn adapters_without_source_keep_laws() {
    holds(
        Laws::of_many("empty", |[]: [stream_laws::Source; 0]| stream::empty::<()>()),
        Relation::Same,
    );
    let either = Laws::of_many("either", |[source]| Either::<_, stream::Empty<_>>::Left(source));
    holds(either, Relation::Same);
}
