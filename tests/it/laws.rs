//! Every adapter under the laws of `stream-laws`, with random scripts of its sources.
//!
//! All are fused, and poll no more often than what happened explains. The seed of a case that breaks a
//! law is printed, and `STREAM_LAWS_SEED` runs that one alone.

use aiter::{AiterExt, Event, Lag, OnError, azip};
use core::num::NonZeroUsize;
use futures_util::{FutureExt, StreamExt};
use stream_laws::{Law, Laws, Parts, Relation, Source, Token};

fn n(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).expect("the tests have at least one")
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
            Parts::new().stream(stream).drive(drive)
        }),
        Relation::Same,
    );
    for cap in [1, 2, 5] {
        keeps(
            Laws::of("active_bounded_parts", move |source| {
                let (stream, drive) = source.active_bounded_parts(n(cap));
                Parts::new().stream(stream).drive(drive)
            }),
            Relation::Same,
        );
    }
}

#[test]
fn azip_rows() {
    keeps(
        Laws::of_many("azip of a tuple", |[a, b, c]: [Source; 3]| azip((a, b, c))),
        Relation::Rows,
    );
    keeps(Laws::of_many("azip of an array", |sources: [Source; 3]| azip(sources)), Relation::Rows);
    keeps(
        Laws::of_many("azip of a Vec", |sources: [Source; 2]| azip(Vec::from(sources))),
        Relation::Rows,
    );
}

#[test]
fn azip_strict() {
    keeps(
        Laws::of_many("azip, strict", |sources: [Source; 2]| {
            azip(sources).strict().map(Result::ok)
        }),
        Relation::Any,
    );
}

#[test]
fn flatten_iter() {
    keeps(
        Laws::of("flatten_iter", |source| source.map(|token| vec![token]).flatten_iter()),
        Relation::Same,
    );
    keeps(
        Laws::of("flatten_iter, some empty", |source| {
            source.map(|token| (token.number() % 2 == 0).then_some(token)).flatten_iter()
        }),
        Relation::Subset,
    );
}

#[test]
fn forker() {
    keeps(Laws::of_clones("forker, one fork", |source| [source.forker()]), Relation::Same);
    keeps(
        Laws::of_clones("forker, three forks", |source| {
            let one = source.forker();
            [one.fork(), one.fork(), one]
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
                [one.fork(), one.fork(), one]
            }),
            Relation::Same,
        );
        keeps(
            Laws::of_clones("forker_bounded, drops the oldest", move |source| {
                let one = source.forker_bounded(n(cap), Lag::DropOldest);
                [one.fork(), one]
            }),
            Relation::Subset,
        );
        keeps(
            Laws::of_clones("forker_bounded, error", move |source| {
                let one = source.forker_bounded(n(cap), Lag::Error);
                [one.fork(), one]
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
            Parts::new().stream(gated).poke(move || {
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
                .stream(gated)
                .poke(move || {
                    let _closed = gate.push(1);
                })
                .poke(move || other.stop())
        }),
        Relation::Subset,
    );
}

#[test]
fn join_streams() {
    keeps(Laws::of_nested("join_streams", |outer| outer.join_streams()), Relation::Merged);
    for most in [1, 2] {
        keeps(
            Laws::of_nested("join_streams, max_inner", move |outer| {
                outer.join_streams().max_inner(n(most))
            }),
            Relation::Merged,
        );
    }
    keeps(
        Laws::of_nested("join_streams, keyed", |outer| {
            let keyed = outer.enumerate().join_streams().keyed();
            keyed.map(|(_, event)| match event {
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
                results.try_join_streams(on_error)
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
            source.map_filter(|token: Token| (!token.number().is_multiple_of(3)).then_some(token))
        }),
        Relation::Subset,
    );
    keeps(
        Laws::of_futures("map_filter_async", |futures| {
            futures.map_filter_async(|work| work.map(Some))
        }),
        Relation::Same,
    );
}

#[test]
fn map_par() {
    for most in [1, 2, 4] {
        keeps(
            Laws::of_futures("map_par", move |futures| futures.map_par(n(most), |work| work)),
            Relation::Permutation,
        );
        keeps(
            Laws::of_futures("map_par, ordered", move |futures| {
                futures.map_par(n(most), |work| work).ordered()
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
                workers.into_iter().fold(Parts::new().stream(stream), Parts::drive)
            }),
            Relation::Permutation,
        );
        keeps(
            Laws::of_futures("map_par_with_parts, ordered", move |futures| {
                let (stream, workers) = futures.map_par_with_parts(n(most), |work| work);
                workers.into_iter().fold(Parts::new().stream(stream.ordered()), Parts::drive)
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
                source.map_try(odd).on_error(on_error)
            }),
            Relation::Subset,
        );
    }
}

#[test]
fn preload() {
    for window in [1, 2, 5] {
        keeps(Laws::of("preload", move |source| source.preload(n(window))), Relation::Same);
        keeps(
            Laws::of("preload_with_parts", move |source| {
                let (stream, drive) = source.preload_with_parts(n(window));
                Parts::new().stream(stream).drive(drive)
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
            [one.clone(), one.clone(), one]
        }),
        Relation::Shared,
    );
}

#[test]
fn stoppable() {
    keeps(
        Laws::of("stoppable", |source| {
            let (stopper, stream) = source.stoppable();
            Parts::new().stream(stream).poke(move || stopper.stop())
        }),
        Relation::Subset,
    );
}
