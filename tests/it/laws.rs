//! Every adapter under the laws of `stream-laws`, with random scripts of its sources. Not here is
//! `unblock_iter`, as the driver has one thread.
//!
//! All are fused, poll no more often than what happened explains, and are terminated once they have
//! handed out `None`, and not before. Adapters that are bounded hold no more items than they
//! promise. The seed of a case that breaks a law is printed, and `STREAM_LAWS_SEED` runs the case
//! alone.

use aiter::{
    AiterExt, Cursor, KeyedEvent, LagPolicy, OnError, adapters::IterToAiter, azip, iter_to_aiter,
    push_list,
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

/// A stream that has to know whether it has handed out `None`. If it does not, it panics, or, as panics
/// are nothing new after one of a source, waits for ever: either breaks a law.
struct Told<S> {
    stream: Pin<Box<S>>,
    ended: bool,
    panicked: bool,
}

fn told<S: FusedStream>(stream: S) -> Told<S> {
    Told { stream: Box::pin(stream), ended: false, panicked: false }
}

impl<S: FusedStream> Told<S> {
    fn knows(&self) -> bool {
        self.stream.is_terminated() == self.ended
    }
}

impl<S: FusedStream> Stream for Told<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        if self.panicked && !self.knows() {
            return Poll::Pending;
        }
        // Much may have happened since the last poll.
        assert!(self.knows(), "is_terminated before the poll, None handed out: {}", self.ended);
        self.panicked = true;
        let polled = self.stream.as_mut().poll_next(cx);
        self.panicked = false;
        self.ended |= matches!(polled, Poll::Ready(None));
        assert!(self.knows(), "is_terminated after the poll, None handed out: {}", self.ended);
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}

/// A stream that goes on after its panics, and does not tell of them: it may hand on the panic of another
/// task, which is a fault in other streams.
struct Over<S>(Pin<Box<S>>);

impl<S: FusedStream> FusedStream for Over<S> {
    fn is_terminated(&self) -> bool {
        self.0.is_terminated()
    }
}

impl<S: Stream> Stream for Over<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut poll = || catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll_next(cx)));
        // No script has more panics than this.
        (0..100).find_map(|_| poll().ok()).unwrap_or(Poll::Pending)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

fn told_over<S: FusedStream>(stream: S) -> Told<Over<S>> {
    told(Over(Box::pin(stream)))
}

#[track_caller]
fn keeps(laws: Laws, relation: Relation) {
    laws.expect(relation).fused().no_extra_polls().run().assert();
}

#[test]
fn active() {
    keeps(
        Laws::of("active_parts", |source| {
            let (stream, drive) = source.active(identity).into_parts();
            Parts::new().stream(told(stream)).driver(drive)
        }),
        Relation::Same,
    );
    for cap in [1, 2, 5] {
        keeps(
            Laws::of("active_bounded_parts", move |source| {
                let (stream, drive) = source.active_bounded(cap, identity).into_parts();
                Parts::new().stream(told(stream)).driver(drive)
            })
            .read_ahead(cap),
            Relation::Same,
        );
    }
}

#[test]
fn azip_rows() {
    keeps(
        Laws::of_many("azip of a tuple", |[a, b, c]: [Source; 3]| told(azip((a, b, c))))
            .read_ahead(2),
        Relation::Rows,
    );
    keeps(
        Laws::of_many("azip of an array", |sources: [Source; 3]| told(azip(sources))).read_ahead(2),
        Relation::Rows,
    );
    keeps(
        Laws::of_many("azip of a Vec", |sources: [Source; 2]| told(azip(Vec::from(sources))))
            .read_ahead(1),
        Relation::Rows,
    );
}

#[test]
fn azip_of_zero_streams() {
    keeps(Laws::of_many("azip of none", |none: [Source; 0]| told(azip(none))), Relation::Any);
    keeps(
        Laws::of_many("azip of none, strict", |none: [Source; 0]| {
            told(azip(none).strict()).map(Result::ok)
        }),
        Relation::Any,
    );
}

#[test]
fn azip_strict() {
    keeps(
        Laws::of_many("azip, strict", |sources: [Source; 2]| {
            told(azip(sources).strict()).map(Result::ok)
        })
        .read_ahead(1),
        Relation::Any,
    );
}

#[test]
fn flatten_iter() {
    keeps(
        Laws::of("flatten_iter", |source| told(source.map(|token| vec![token]).flatten_iter()))
            .read_ahead(0),
        Relation::Same,
    );
    keeps(
        Laws::of("flatten_iter, some empty", |source| {
            told(source.map(|token| (token.number() % 2 == 0).then_some(token)).flatten_iter())
        })
        .read_ahead(0),
        Relation::Subsequence,
    );
}

#[test]
fn forker() {
    keeps(Laws::of_readers("forker, one fork", |source| [told(source.forker())]), Relation::Same);
    keeps(
        Laws::of_readers("forker, three forks", |source| {
            let one = source.forker();
            [one.fork(), one.fork(), one].map(told)
        })
        .read_ahead(0),
        Relation::Same,
    );
}

#[test]
fn forker_passive() {
    keeps(
        Laws::of("forker, a passive fork", |source| {
            let active = source.forker();
            let passive = active.fork_passive();
            Parts::new().stream(told(active)).stream(told(passive))
        })
        .read_ahead(0)
        .except(Law::L11, "without its active fork a passive one waits by design"),
        Relation::Same,
    );
    keeps(
        Laws::of("forker, two forks and a passive one", |source| {
            let active = source.forker();
            let passive = active.fork_passive();
            Parts::new().stream(told(active.fork())).stream(told(active)).stream(told(passive))
        })
        .read_ahead(0),
        Relation::Same,
    );
    keeps(
        Laws::of("forker, a passive fork that became active", |source| {
            let active = source.forker();
            let passive = active.fork_passive();
            let late = passive.fork_active();
            Parts::new().stream(told(active)).stream(told(passive)).stream(told(late))
        }),
        Relation::Same,
    );
    keeps(
        Laws::of_readers("forker, of a passive fork that outlived the parent", |source| {
            let passive = source.forker().fork_passive();
            [told(passive.fork_active()), told(passive.activate())]
        }),
        Relation::Subsequence,
    );
}

#[test]
fn forker_bounded() {
    for cap in [1, 3] {
        keeps(
            Laws::of_readers("forker_bounded, waits", move |source| {
                let one = source.forker_bounded(cap, LagPolicy::Wait);
                [one.fork(), one.fork(), one].map(told)
            })
            .read_ahead(0)
            .backpressure(cap),
            Relation::Same,
        );
        for (name, lag) in [
            ("forker_bounded, drops the oldest", LagPolicy::DropOldest),
            ("forker_bounded, error", LagPolicy::Error),
        ] {
            keeps(
                Laws::of_readers(name, move |source| {
                    let one = source.forker_bounded(cap, lag);
                    [one.fork(), one].map(told)
                })
                .read_ahead(0),
                Relation::Subsequence,
            );
        }
    }
}

#[test]
fn gated() {
    keeps(
        Laws::of("gated, permits one by one, never stopped", |source| {
            let (gate, gated) = source.gated();
            Parts::new().stream(told(gated)).side_effect(move || {
                let _closed = gate.push(1);
            })
        })
        .read_ahead(0),
        Relation::Subsequence,
    );
    keeps(
        Laws::of("gated, stopped", |source| {
            let (gate, gated) = source.gated();
            gate.push(2).expect("it is open");
            let other = gate.clone();
            Parts::new()
                .stream(told(gated))
                .side_effect(move || {
                    let _closed = gate.push(1);
                })
                .side_effect(move || other.stop())
        })
        .read_ahead(0),
        Relation::Subsequence,
    );
}

/// The tokens of a source, which `iter_to_aiter` hands out once all are there: an iterator cannot wait.
struct Gathered {
    source: Source,
    tokens: Vec<Token>,
    run: usize,
    stream: Option<Told<IterToAiter<vec::IntoIter<Token>>>>,
}

impl Stream for Gathered {
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
                    this.stream = Some(told(iter_to_aiter(tokens).yield_every(this.run)));
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
        keeps(
            Laws::of("iter_to_aiter", move |source| Gathered {
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
    keeps(
        Laws::of_nested("join_streams", |outer| told(outer.join_streams())).fair(1).read_ahead(0),
        Relation::Merged,
    );
    for most in [1, 2] {
        keeps(
            Laws::of_nested("join_streams, max_inner", move |outer| {
                told(outer.join_streams().max_inner(most))
            })
            .fair(1)
            .read_ahead(0),
            Relation::Merged,
        );
    }
    keeps(
        Laws::of_nested("join_streams, keyed", |outer| {
            let keyed = outer.enumerate().join_streams().keyed();
            told(keyed).map(|(_, event)| match event {
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
            told(results.try_join_streams(on_error))
        });
        let laws = laws.with_errors().read_ahead(0);
        // An error that is skipped comes out nowhere, so it seems to wait for ever.
        let laws = if matches!(on_error, OnError::Skip) { laws } else { laws.fair(1) };
        keeps(laws, Relation::Any);
    }
}

#[test]
fn map_filter() {
    keeps(
        Laws::of("map_filter", |source| {
            told(
                source.map_filter(|token: Token| {
                    (!token.number().is_multiple_of(3)).then_some(token)
                }),
            )
        })
        .read_ahead(0),
        Relation::Subsequence,
    );
    keeps(
        Laws::of_futures("map_filter_async", |futures| {
            told(futures.map_filter_async(|work| work.map(Some)))
        })
        .read_ahead(1),
        Relation::Same,
    );
}

#[test]
fn map_par() {
    for most in [1, 2, 4] {
        keeps(
            Laws::of_futures("map_par", move |futures| {
                told_over(futures.map_par(most, |work| work))
            })
            .read_ahead(2 * most),
            Relation::Permutation,
        );
        keeps(
            Laws::of_futures("map_par, ordered", move |futures| {
                told_over(futures.map_par(most, |work| work).ordered())
            })
            .read_ahead(2 * most),
            Relation::Same,
        );
    }
}

#[test]
fn map_par_with() {
    for most in [1, 3] {
        keeps(
            Laws::of_futures("map_par_with_parts", move |futures| {
                let (stream, workers) =
                    futures.map_par_with(most, identity, |work| work).into_parts();
                Parts::new().stream(told_over(stream)).workers(workers)
            })
            .read_ahead(2 * most),
            Relation::Permutation,
        );
        keeps(
            Laws::of_futures("map_par_with_parts, ordered", move |futures| {
                let (stream, workers) =
                    futures.map_par_with(most, identity, |work| work).into_parts();
                Parts::new().stream(told_over(stream.ordered())).workers(workers)
            })
            .read_ahead(2 * most),
            Relation::Same,
        );
    }
}

#[test]
fn map_try() {
    for on_error in [OnError::Emit, OnError::Skip, OnError::Stop] {
        keeps(
            Laws::of("map_try", move |source| {
                let odd = |token: Token| {
                    if token.number().is_multiple_of(2) { Err(token) } else { Ok(token) }
                };
                told(source.map_try(odd).on_error(on_error))
            })
            .read_ahead(0),
            Relation::Subsequence,
        );
    }
}

#[test]
fn preload() {
    for window in [1, 2, 5] {
        keeps(
            Laws::of("preload", move |source| told(source.preload(window))).read_ahead(window),
            Relation::Same,
        );
        keeps(
            Laws::of("preload_with_parts", move |source| {
                let (stream, drive) = source.preload_with(window, identity).into_parts();
                Parts::new().stream(told(stream)).driver(drive)
            })
            .read_ahead(window),
            Relation::Same,
        );
    }
}

#[test]
fn for_each_progress() {
    // Each body that is done at once asks the source of the window again: see `Preload`.
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
    keeps(
        Laws::of_readers("sharable", |source| {
            let one = source.sharable();
            [one.clone(), one.clone(), one].map(told)
        })
        .read_ahead(0),
        Relation::Shared,
    );
}

#[test]
fn stoppable() {
    keeps(
        Laws::of("stoppable", |source| {
            let (stopper, stream) = source.stoppable();
            Parts::new().stream(told(stream)).side_effect(move || stopper.stop())
        })
        .read_ahead(0),
        Relation::Subsequence,
    );
}

/// A push list that a task fills from the source, and the readers that are made of its cursor.
fn listed(name: &str, readers: fn(Cursor<Token>) -> Parts) -> Laws {
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
    keeps(
        listed("cursors", |cursor| {
            Parts::new().streams([cursor.fork(), cursor.fork(), cursor].map(told))
        }),
        Relation::Same,
    );
}

#[test]
fn shared_cursors() {
    keeps(
        listed("shared cursors", |cursor| {
            let one = cursor.share();
            Parts::new().streams([one.clone(), one.clone(), one].map(told))
        }),
        Relation::Shared,
    );
}

/// The first two readers share the items, and the third one gets all of them.
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
    keeps(
        listed("shared cursors beside a cursor", |cursor| {
            let one = cursor.fork().share();
            Parts::new().streams([one.clone(), one].map(told)).stream(told(cursor))
        }),
        Relation::Check(shared_by_two),
    );
}
