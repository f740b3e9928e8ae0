//! The laws of `stream-laws` for every adapter, with random scripts for its sources.
//! `unblock_iter` is missing, because the driver has a single thread.
//!
//! Each adapter is fused, makes no unexplained polls, and is terminated exactly from the poll on
//! that returns `None`. A bounded adapter holds no more items than its bound. A failure prints the
//! seed of its case, and `STREAM_LAWS_SEED` runs only that case.

use aiter::{
    AiterExt, Cursor, KeyedEvent, LagPolicy, OnError, adapters::IterToAiter, azip,
    inspect::Registry, iter_to_aiter, push_list,
};
use alloc::{string::String, vec, vec::Vec};
use core::{
    convert::identity,
    future, mem,
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll, ready},
};
use std::panic::catch_unwind;

use futures_core::{FusedStream, Stream};
use futures_util::{FutureExt, StreamExt};
use stream_laws::{Law, Laws, Parts, Relation, RunItems, Source, Token};

/// A stream that checks `is_terminated` of the inner stream before and after each poll.
///
/// A wrong result panics. After an earlier panic, a panic breaks no law, so a wrong result then
/// leaves the stream pending for ever, which breaks a law.
struct Watched<S> {
    stream: Pin<Box<S>>,
    ended: bool,
    panicked: bool,
}

fn watch<S: FusedStream>(stream: S) -> Watched<S> {
    Watched { stream: Box::pin(stream), ended: false, panicked: false }
}

impl<S: FusedStream> Watched<S> {
    fn agrees(&self) -> bool {
        self.stream.is_terminated() == self.ended
    }
}

impl<S: FusedStream> Stream for Watched<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        if self.panicked && !self.agrees() {
            return Poll::Pending;
        }
        // Other handles may have changed the state since the last poll.
        assert!(self.agrees(), "is_terminated before the poll, None returned: {}", self.ended);
        self.panicked = true;
        let polled = self.stream.as_mut().poll_next(cx);
        self.panicked = false;
        self.ended |= matches!(polled, Poll::Ready(None));
        assert!(self.agrees(), "is_terminated after the poll, None returned: {}", self.ended);
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}

/// A stream that catches panics of the inner stream and polls it again.
///
/// The inner stream may pass on the panic of another task, which the laws forbid by default.
struct IgnorePanics<S>(Pin<Box<S>>);

impl<S: FusedStream> FusedStream for IgnorePanics<S> {
    fn is_terminated(&self) -> bool {
        self.0.is_terminated()
    }
}

impl<S: Stream> Stream for IgnorePanics<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut poll = || catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll_next(cx)));
        // No script contains more than 100 panics.
        (0..100).find_map(|_| poll().ok()).unwrap_or(Poll::Pending)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

fn resumed<S: FusedStream>(stream: S) -> Watched<IgnorePanics<S>> {
    watch(IgnorePanics(Box::pin(stream)))
}

#[track_caller]
fn check(laws: Laws, relation: Relation) {
    laws.expect(relation).fused().no_extra_polls().run().assert();
}

#[test]
fn active() {
    check(
        Laws::of("active_parts", |source| {
            let (stream, drive) = source.active(identity).into_parts();
            Parts::new().stream(watch(stream)).driver(drive)
        }),
        Relation::Same,
    );
    for cap in [1, 2, 5] {
        check(
            Laws::of("active_bounded_parts", move |source| {
                let (stream, drive) = source.active_bounded(cap, identity).into_parts();
                Parts::new().stream(watch(stream)).driver(drive)
            })
            .read_ahead(cap),
            Relation::Same,
        );
    }
}

#[test]
fn azip_rows() {
    check(
        Laws::of_many("azip of a tuple", |[a, b, c]: [Source; 3]| watch(azip((a, b, c))))
            .read_ahead(2),
        Relation::Rows,
    );
    check(
        Laws::of_many("azip of an array", |sources: [Source; 3]| watch(azip(sources)))
            .read_ahead(2),
        Relation::Rows,
    );
    check(
        Laws::of_many("azip of a Vec", |sources: [Source; 2]| watch(azip(Vec::from(sources))))
            .read_ahead(1),
        Relation::Rows,
    );
}

#[test]
fn azip_of_zero_streams() {
    check(Laws::of_many("azip of none", |none: [Source; 0]| watch(azip(none))), Relation::Any);
    check(
        Laws::of_many("azip of none, strict", |none: [Source; 0]| {
            watch(azip(none).strict()).map(Result::ok)
        }),
        Relation::Any,
    );
}

#[test]
fn azip_strict() {
    check(
        Laws::of_many("azip, strict", |sources: [Source; 2]| {
            watch(azip(sources).strict()).map(Result::ok)
        })
        .read_ahead(1),
        Relation::Any,
    );
}

#[test]
fn flatten_iter() {
    check(
        Laws::of("flatten_iter", |source| watch(source.map(|token| vec![token]).flatten_iter()))
            .read_ahead(0),
        Relation::Same,
    );
    check(
        Laws::of("flatten_iter, some empty", |source| {
            watch(source.map(|token| (token.number() % 2 == 0).then_some(token)).flatten_iter())
        })
        .read_ahead(0),
        Relation::Subsequence,
    );
}

#[test]
fn forker() {
    check(Laws::of_readers("forker, one fork", |source| [watch(source.forker())]), Relation::Same);
    check(
        Laws::of_readers("forker, three forks", |source| {
            let one = source.forker();
            [one.fork(), one.fork(), one].map(watch)
        })
        .read_ahead(0),
        Relation::Same,
    );
}

#[test]
fn forker_passive() {
    check(
        Laws::of("forker, a passive fork", |source| {
            let active = source.forker();
            let passive = active.fork_passive();
            Parts::new().stream(watch(active)).stream(watch(passive))
        })
        .read_ahead(0)
        .except(Law::L11, "a passive fork waits for an active fork"),
        Relation::Same,
    );
    check(
        Laws::of("forker, two forks and a passive one", |source| {
            let active = source.forker();
            let passive = active.fork_passive();
            Parts::new().stream(watch(active.fork())).stream(watch(active)).stream(watch(passive))
        })
        .read_ahead(0),
        Relation::Same,
    );
    check(
        Laws::of("forker, an active fork of a passive fork", |source| {
            let active = source.forker();
            let passive = active.fork_passive();
            let late = passive.fork_active();
            Parts::new().stream(watch(active)).stream(watch(passive)).stream(watch(late))
        }),
        Relation::Same,
    );
    check(
        Laws::of_readers("forker, active forks of an orphaned passive fork", |source| {
            let passive = source.forker().fork_passive();
            [watch(passive.fork_active()), watch(passive.activate())]
        }),
        Relation::Subsequence,
    );
}

#[test]
fn forker_bounded() {
    for cap in [1, 3] {
        check(
            Laws::of_readers("forker_bounded, waits", move |source| {
                let one = source.forker_bounded(cap, LagPolicy::Wait);
                [one.fork(), one.fork(), one].map(watch)
            })
            .read_ahead(0)
            .backpressure(cap),
            Relation::Same,
        );
        for (name, lag) in [
            ("forker_bounded, drops the oldest", LagPolicy::DropOldest),
            ("forker_bounded, error", LagPolicy::Error),
        ] {
            check(
                Laws::of_readers(name, move |source| {
                    let one = source.forker_bounded(cap, lag);
                    [one.fork(), one].map(watch)
                })
                .read_ahead(0),
                Relation::Subsequence,
            );
        }
    }
}

#[test]
fn gated() {
    check(
        Laws::of("gated, single permits, never stopped", |source| {
            let (gate, gated) = source.gated();
            Parts::new().stream(watch(gated)).side_effect(move || {
                let _closed = gate.push(1);
            })
        })
        .read_ahead(0),
        Relation::Subsequence,
    );
    check(
        Laws::of("gated, stopped", |source| {
            let (gate, gated) = source.gated();
            gate.push(2).expect("open gate must take permits");
            let other = gate.clone();
            Parts::new()
                .stream(watch(gated))
                .side_effect(move || {
                    let _closed = gate.push(1);
                })
                .side_effect(move || other.stop())
        })
        .read_ahead(0),
        Relation::Subsequence,
    );
}

/// Collects the tokens of a source for `iter_to_aiter`, because an iterator cannot be pending.
struct Collected {
    source: Source,
    tokens: Vec<Token>,
    run: usize,
    stream: Option<Watched<IterToAiter<vec::IntoIter<Token>>>>,
}

impl Stream for Collected {
    type Item = Token;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Token>> {
        let this = &mut *self;
        loop {
            if let Some(stream) = &mut this.stream {
                return stream.poll_next_unpin(cx);
            }
            match ready!(this.source.poll_next_unpin(cx)) {
                Some(token) => this.tokens.push(token),
                None => {
                    let tokens = mem::take(&mut this.tokens);
                    this.stream = Some(watch(iter_to_aiter(tokens).yield_every(this.run)));
                }
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.as_ref().map_or((0, None), Stream::size_hint)
    }
}

#[test]
fn iterators() {
    for run in [1, 2, usize::MAX] {
        check(
            Laws::of("iter_to_aiter", move |source| Collected {
                source,
                tokens: Vec::new(),
                run,
                stream: None,
            }),
            Relation::Same,
        );
    }
}

#[test]
fn join_streams() {
    check(
        Laws::of_nested("join_streams", |outer| watch(outer.join_streams())).fair(1).read_ahead(0),
        Relation::Merged,
    );
    for max in [1, 2] {
        check(
            Laws::of_nested("join_streams, max_inner", move |outer| {
                watch(outer.join_streams().max_inner(max))
            })
            .fair(1)
            .read_ahead(0),
            Relation::Merged,
        );
    }
    check(
        Laws::of_nested("join_streams, keyed", |outer| {
            let keyed = outer.enumerate().join_streams().keyed();
            watch(keyed).map(|(_, event)| match event {
                KeyedEvent::Item(item) => Some(item),
                KeyedEvent::End => None,
            })
        })
        .fair(1)
        .read_ahead(0),
        Relation::Merged,
    );
}

#[test]
fn try_join_streams() {
    for on_error in [OnError::Emit, OnError::Skip, OnError::Stop] {
        let laws = Laws::of_nested("try_join_streams", move |outer| {
            let results = outer.map(|source| Ok::<_, Token>(source.results()));
            watch(results.try_join_streams(on_error))
        });
        let laws = laws.with_errors().read_ahead(0);
        // To the fairness law, a skipped error looks like an item that never arrives.
        let laws = if matches!(on_error, OnError::Skip) { laws } else { laws.fair(1) };
        check(laws, Relation::Any);
    }
}

#[test]
fn map_filter() {
    check(
        Laws::of("map_filter", |source| {
            watch(
                source.map_filter(|token: Token| {
                    (!token.number().is_multiple_of(3)).then_some(token)
                }),
            )
        })
        .read_ahead(0),
        Relation::Subsequence,
    );
    check(
        Laws::of_futures("map_filter_async", |futures| {
            watch(futures.map_filter_async(|work| work.map(Some)))
        })
        .read_ahead(1),
        Relation::Same,
    );
}

#[test]
fn map_par() {
    for max in [1, 2, 4] {
        check(
            Laws::of_futures("map_par", move |futures| resumed(futures.map_par(max, |work| work)))
                .read_ahead(2 * max),
            Relation::Permutation,
        );
        check(
            Laws::of_futures("map_par, ordered", move |futures| {
                resumed(futures.map_par(max, |work| work).ordered())
            })
            .read_ahead(2 * max),
            Relation::Same,
        );
    }
}

#[test]
fn map_par_with() {
    for max in [1, 3] {
        check(
            Laws::of_futures("map_par_with_parts", move |futures| {
                let (stream, workers) =
                    futures.map_par_with(max, identity, |work| work).into_parts();
                Parts::new().stream(resumed(stream)).workers(workers)
            })
            .read_ahead(2 * max),
            Relation::Permutation,
        );
        check(
            Laws::of_futures("map_par_with_parts, ordered", move |futures| {
                let (stream, workers) =
                    futures.map_par_with(max, identity, |work| work).into_parts();
                Parts::new().stream(resumed(stream.ordered())).workers(workers)
            })
            .read_ahead(2 * max),
            Relation::Same,
        );
    }
}

#[test]
fn map_try() {
    for on_error in [OnError::Emit, OnError::Skip, OnError::Stop] {
        check(
            Laws::of("map_try", move |source| {
                let odd = |token: Token| {
                    if token.number().is_multiple_of(2) { Err(token) } else { Ok(token) }
                };
                watch(source.map_try(odd).on_error(on_error))
            })
            .read_ahead(0),
            Relation::Subsequence,
        );
    }
}

#[test]
fn inspected() {
    check(
        Laws::of("inspected", |source| watch(Registry::new().stream("source", source)))
            .read_ahead(0),
        Relation::Same,
    );
}

#[test]
fn preload() {
    for window in [1, 2, 5] {
        check(
            Laws::of("preload", move |source| watch(source.preload(window))).read_ahead(window),
            Relation::Same,
        );
        check(
            Laws::of("preload_with_parts", move |source| {
                let (stream, drive) = source.preload_with(window, identity).into_parts();
                Parts::new().stream(watch(stream)).driver(drive)
            })
            .read_ahead(window),
            Relation::Same,
        );
    }
}

#[test]
fn for_each_progress() {
    // A body that is ready at once makes the loop poll the source of the window again.
    Laws::of("for_each_progress", |source| {
        Parts::new().driver(source.preload(2).for_each_progress(|token| async move { drop(token) }))
    })
    .expect(Relation::Any)
    .read_ahead(2)
    .except(Law::L9, "the window is refilled with every poll")
    .run()
    .assert();
}

#[test]
fn sharable() {
    check(
        Laws::of_readers("sharable", |source| {
            let one = source.sharable();
            [one.clone(), one.clone(), one].map(watch)
        })
        .read_ahead(0),
        Relation::Shared,
    );
}

#[test]
fn stoppable() {
    check(
        Laws::of("stoppable", |source| {
            let (stopper, stream) = source.stoppable();
            Parts::new().stream(watch(stream)).side_effect(move || stopper.stop())
        })
        .read_ahead(0),
        Relation::Subsequence,
    );
}

/// Laws for the readers of a push list that a task fills from the source.
fn of_list(name: &str, readers: fn(Cursor<Token>) -> Parts) -> Laws {
    Laws::of(name, move |source| {
        let (pusher, cursor) = push_list();
        let fill = source.for_each(move |token| {
            let _no_cursor_left = pusher.push(token);
            future::ready(())
        });
        readers(cursor).driver(fill)
    })
}

#[test]
fn cursors() {
    check(
        of_list("cursors", |cursor| {
            Parts::new().streams([cursor.fork(), cursor.fork(), cursor].map(watch))
        }),
        Relation::Same,
    );
}

#[test]
fn shared_cursors() {
    check(
        of_list("shared cursors", |cursor| {
            let one = cursor.share();
            Parts::new().streams([one.clone(), one.clone(), one].map(watch))
        }),
        Relation::Shared,
    );
}

/// Checks that the first two readers share the items, and that the third reader gets all items.
fn shared_by_two(run: &RunItems) -> Result<(), String> {
    let mut shared = run.received(0);
    shared.extend(run.received(1));
    shared.sort_unstable();
    let sent = run.sent();
    let good = shared == sent && run.received(2) == sent;
    if good { Ok(()) } else { Err(format!("{sent:?} became {:?}", run.readers)) }
}

#[test]
fn shared_cursors_beside_a_cursor() {
    check(
        of_list("shared cursors beside a cursor", |cursor| {
            let one = cursor.fork().share();
            Parts::new().streams([one.clone(), one].map(watch)).stream(watch(cursor))
        }),
        Relation::Check(shared_by_two),
    );
}
