//! Every adapter under the laws of `stream-laws`, with random scripts of its sources. Not here is
//! `unblock_iter`, as the driver has one thread.
//!
//! All are fused, poll no more often than what happened explains, and are terminated once they have
//! handed out `None`, and not before. The seed of a case that breaks a law is printed, and
//! `STREAM_LAWS_SEED` runs that one alone.

use aiter::{AiterExt, Event, IterToAiter, Lag, OnError, azip, iter_to_aiter};
use alloc::vec;
use core::{
    mem,
    num::NonZeroUsize,
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll, ready},
};
use futures_core::{FusedStream, Stream};
use futures_util::{FutureExt, StreamExt};
use std::panic::catch_unwind;
use stream_laws::{Law, Laws, Parts, Relation, Source, Token};

fn n(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).expect("the tests have at least one")
}

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
    laws.expect(relation).fused().lean().run().assert();
}

#[test]
fn active() {
    keeps(
        Laws::of("active_parts", |source| {
            let (stream, drive) = source.active_parts();
            Parts::new().stream(told(stream)).drive(drive)
        }),
        Relation::Same,
    );
    for cap in [1, 2, 5] {
        keeps(
            Laws::of("active_bounded_parts", move |source| {
                let (stream, drive) = source.active_bounded_parts(n(cap));
                Parts::new().stream(told(stream)).drive(drive)
            }),
            Relation::Same,
        );
    }
}

#[test]
fn azip_rows() {
    keeps(
        Laws::of_many("azip of a tuple", |[a, b, c]: [Source; 3]| told(azip((a, b, c)))),
        Relation::Rows,
    );
    keeps(
        Laws::of_many("azip of an array", |sources: [Source; 3]| told(azip(sources))),
        Relation::Rows,
    );
    keeps(
        Laws::of_many("azip of a Vec", |sources: [Source; 2]| told(azip(Vec::from(sources)))),
        Relation::Rows,
    );
}

#[test]
fn azip_of_none() {
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
        }),
        Relation::Any,
    );
}

#[test]
fn flatten_iter() {
    keeps(
        Laws::of("flatten_iter", |source| told(source.map(|token| vec![token]).flatten_iter())),
        Relation::Same,
    );
    keeps(
        Laws::of("flatten_iter, some empty", |source| {
            told(source.map(|token| (token.number() % 2 == 0).then_some(token)).flatten_iter())
        }),
        Relation::Subset,
    );
}

#[test]
fn forker() {
    keeps(Laws::of_clones("forker, one fork", |source| [told(source.forker())]), Relation::Same);
    keeps(
        Laws::of_clones("forker, three forks", |source| {
            let one = source.forker();
            [one.fork(), one.fork(), one].map(told)
        }),
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
        }),
        Relation::Same,
    );
}

#[test]
fn forker_bounded() {
    for cap in [1, 3] {
        keeps(
            Laws::of_clones("forker_bounded, waits", move |source| {
                let one = source.forker_bounded(n(cap), Lag::Wait);
                [one.fork(), one.fork(), one].map(told)
            }),
            Relation::Same,
        );
        keeps(
            Laws::of_clones("forker_bounded, drops the oldest", move |source| {
                let one = source.forker_bounded(n(cap), Lag::DropOldest);
                [one.fork(), one].map(told)
            }),
            Relation::Subset,
        );
        keeps(
            Laws::of_clones("forker_bounded, error", move |source| {
                let one = source.forker_bounded(n(cap), Lag::Error);
                [one.fork(), one].map(told)
            }),
            Relation::Subset,
        );
    }
}

#[test]
fn gated() {
    keeps(
        Laws::of("gated, permits one by one, never stopped", |source| {
            let (gate, gated) = source.gated();
            Parts::new().stream(told(gated)).poke(move || {
                let _closed = gate.push(1);
            })
        }),
        Relation::Subset,
    );
    keeps(
        Laws::of("gated, stopped", |source| {
            let (gate, gated) = source.gated();
            gate.push(2).expect("it is open");
            let other = gate.clone();
            Parts::new()
                .stream(told(gated))
                .poke(move || {
                    let _closed = gate.push(1);
                })
                .poke(move || other.stop())
        }),
        Relation::Subset,
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
                    this.stream = Some(told(iter_to_aiter(tokens).yield_every(n(this.run))));
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
    keeps(Laws::of_nested("join_streams", |outer| told(outer.join_streams())), Relation::Merged);
    for most in [1, 2] {
        keeps(
            Laws::of_nested("join_streams, max_inner", move |outer| {
                told(outer.join_streams().max_inner(n(most)))
            }),
            Relation::Merged,
        );
    }
    keeps(
        Laws::of_nested("join_streams, keyed", |outer| {
            let keyed = outer.enumerate().join_streams().keyed();
            told(keyed).map(|(_, event)| match event {
                Event::Item(item) => Some(item),
                Event::End => None,
            })
        }),
        Relation::Merged,
    );
}

#[test]
fn try_join_streams() {
    for on_error in [OnError::Emit, OnError::Skip, OnError::Stop] {
        keeps(
            Laws::of_nested("try_join_streams", move |outer| {
                let results = outer.map(|source| Ok::<_, Token>(source.results()));
                told(results.try_join_streams(on_error))
            })
            .with_errors(),
            Relation::Any,
        );
    }
}

#[test]
fn map_filters() {
    keeps(
        Laws::of("map_filter", |source| {
            told(
                source.map_filter(|token: Token| {
                    (!token.number().is_multiple_of(3)).then_some(token)
                }),
            )
        }),
        Relation::Subset,
    );
    keeps(
        Laws::of_futures("map_filter_async", |futures| {
            told(futures.map_filter_async(|work| work.map(Some)))
        }),
        Relation::Same,
    );
}

#[test]
fn map_par() {
    for most in [1, 2, 4] {
        keeps(
            Laws::of_futures("map_par", move |futures| {
                told_over(futures.map_par(n(most), |work| work))
            }),
            Relation::Permutation,
        );
        keeps(
            Laws::of_futures("map_par, ordered", move |futures| {
                told_over(futures.map_par(n(most), |work| work).ordered())
            }),
            Relation::Same,
        );
    }
}

#[test]
fn map_par_with() {
    for most in [1, 3] {
        keeps(
            Laws::of_futures("map_par_with_parts", move |futures| {
                let (stream, workers) = futures.map_par_with_parts(n(most), |work| work);
                workers.into_iter().fold(Parts::new().stream(told_over(stream)), Parts::drive)
            }),
            Relation::Permutation,
        );
        keeps(
            Laws::of_futures("map_par_with_parts, ordered", move |futures| {
                let (stream, workers) = futures.map_par_with_parts(n(most), |work| work);
                workers
                    .into_iter()
                    .fold(Parts::new().stream(told_over(stream.ordered())), Parts::drive)
            }),
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
            }),
            Relation::Subset,
        );
    }
}

#[test]
fn preload() {
    for window in [1, 2, 5] {
        keeps(Laws::of("preload", move |source| told(source.preload(n(window)))), Relation::Same);
        keeps(
            Laws::of("preload_with_parts", move |source| {
                let (stream, drive) = source.preload_with_parts(n(window));
                Parts::new().stream(told(stream)).drive(drive)
            }),
            Relation::Same,
        );
    }
}

#[test]
fn for_each_alongside() {
    // Each body that is done at once asks the source of the window again: see `Preload`.
    Laws::of("for_each_alongside", |source| {
        Parts::new()
            .drive(source.preload(n(2)).for_each_alongside(|token| async move { drop(token) }))
    })
    .except(Law::L9, "the window is refilled with every poll")
    .run()
    .assert();
}

#[test]
fn sharable() {
    keeps(
        Laws::of_clones("sharable", |source| {
            let one = source.sharable();
            [one.clone(), one.clone(), one].map(told)
        }),
        Relation::Shared,
    );
}

#[test]
fn stoppable() {
    keeps(
        Laws::of("stoppable", |source| {
            let (stopper, stream) = source.stoppable();
            Parts::new().stream(told(stream)).poke(move || stopper.stop())
        }),
        Relation::Subset,
    );
}
