use core::future::ready;

use futures_util::stream::{self, StreamExt, TryStreamExt, abortable};
use stream_laws::{Law, Laws, Parts, Relation, Source, Token};

use crate::peer::{LATE_WAKE, Peer};

fn peer(name: &'static str, relation: Relation, laws: impl FnOnce(&'static str) -> Laws) -> Peer {
    Peer::new("futures-util 0.3.34", name, relation, laws)
}

fn one<P: stream_laws::IntoParts>(
    name: &'static str,
    relation: Relation,
    adapter: impl Fn(Source) -> P + 'static,
) -> Peer {
    peer(name, relation, |name| Laws::of(name, adapter))
}

fn is_even(token: &Token) -> bool {
    token.number() % 2 == 0
}

pub(crate) fn peers() -> Vec<Peer> {
    let stop = |source: Source| {
        let (stream, handle) = abortable(source);
        Parts::new().stream(stream).side_effect(move || handle.abort())
    };
    Vec::from([
        one("map", Relation::Same, |source| source.map(Some)),
        one("then", Relation::Same, |source| source.then(ready)),
        one("filter", Relation::Subsequence, |source| source.filter(|token| ready(is_even(token)))),
        one("filter_map", Relation::Subsequence, |source| {
            source.filter_map(|token| ready(Some(token).filter(is_even)))
        }),
        one("scan", Relation::Same, |source| source.scan((), |(), token| ready(Some(token)))),
        one("take", Relation::Subsequence, |source| source.take(2)),
        one("take_while", Relation::Subsequence, |source| {
            source.take_while(|token| ready(token.number() < 2))
        }),
        peer("take_until", Relation::Subsequence, |name| {
            Laws::of_many(name, |[source, end]| source.take_until(end.into_future()))
        })
        .note(Law::L4, "It returns the bounds of the source, but the future may end it earlier."),
        one("skip", Relation::Subsequence, |source| source.skip(2)),
        one("skip_while", Relation::Subsequence, |source| {
            source.skip_while(|token| ready(token.number() < 2))
        }),
        one("fuse", Relation::Same, |source| source.fuse()),
        one("peekable", Relation::Same, |source| source.peekable()),
        one("enumerate", Relation::Same, |source| source.enumerate()),
        one("chunks", Relation::Same, |source| source.chunks(3)),
        one("ready_chunks", Relation::Same, |source| source.ready_chunks(3)),
        one("abortable", Relation::Subsequence, stop),
        peer("try_filter", Relation::Subsequence, |name| {
            let adapter =
                |source: Source| source.results().try_filter(|token| ready(is_even(token)));
            Laws::of(name, adapter).with_errors()
        }),
        peer("try_chunks", Relation::Any, |name| {
            let adapter = |source: Source| source.results().try_chunks(3).map_err(|error| error.1);
            Laws::of(name, adapter).with_errors()
        }),
        peer("chain", Relation::Same, |name| Laws::of_many(name, |[a, b]| a.chain(b))),
        peer("zip", Relation::Rows, |name| Laws::of_many(name, |[a, b]| a.zip(b))),
        peer("select", Relation::Merged, |name| Laws::of_many(name, |[a, b]| stream::select(a, b))),
        peer("select_all", Relation::Merged, |name| {
            Laws::of_many(name, |all: [Source; 3]| stream::select_all(all))
        }),
        peer("flatten", Relation::Same, |name| Laws::of_nested(name, |outer| outer.flatten())),
        peer("flatten_unordered", Relation::Merged, |name| {
            Laws::of_nested(name, |outer| outer.flatten_unordered(2))
        })
        .note(Law::L7, LATE_WAKE),
        peer("buffered", Relation::Same, |name| {
            Laws::of_futures(name, |futures| futures.buffered(2))
        })
        .note(Law::L6, "The outputs after the future that panicked are never returned."),
        peer("buffer_unordered", Relation::Permutation, |name| {
            Laws::of_futures(name, |futures| futures.buffer_unordered(2))
        }),
        peer("buffer_unordered(0)", Relation::Permutation, |name| {
            Laws::of_futures(name, |futures| futures.buffer_unordered(0))
        })
        .note(Law::L2, "A limit of zero starts no future."),
    ])
}
