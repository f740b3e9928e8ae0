use futures_lite::stream::{self, StreamExt};
use stream_laws::{Law, Laws, Relation, Source, Token};

use crate::peer::{Peer, UNFUSED};

fn peer(name: &'static str, relation: Relation, laws: impl FnOnce(&'static str) -> Laws) -> Peer {
    Peer::new("futures-lite 2.6.1", name, relation, laws)
}

pub(crate) fn peers() -> Vec<Peer> {
    let is_even = |token: &Token| token.number() % 2 == 0;
    Vec::from([
        peer("map", Relation::Same, |name| Laws::of(name, |source| source.map(Some))),
        peer("then", Relation::Same, |name| {
            Laws::of(name, |source| source.then(core::future::ready))
        }),
        peer("filter", Relation::Subsequence, |name| {
            Laws::of(name, move |source| source.filter(is_even))
        }),
        peer("fuse", Relation::Same, |name| Laws::of(name, |source: Source| source.fuse())),
        peer("take", Relation::Subsequence, |name| Laws::of(name, |source| source.take(2))),
        peer("skip", Relation::Subsequence, |name| Laws::of(name, |source| source.skip(2))),
        peer("flatten", Relation::Same, |name| Laws::of_nested(name, |outer| outer.flatten())),
        peer("chain", Relation::Same, |name| Laws::of_many(name, |[a, b]| a.chain(b))),
        peer("zip", Relation::Rows, |name| Laws::of_many(name, |[a, b]| a.zip(b)))
            .note(Law::L10, UNFUSED),
        peer("or", Relation::Merged, |name| Laws::of_many(name, |[a, b]| stream::or(a, b)))
            .note(Law::L10, UNFUSED)
            .note(Law::Items, "It ends if the second stream ends while the first stream waits."),
        peer("race", Relation::Merged, |name| Laws::of_many(name, |[a, b]| stream::race(a, b)))
            .note(
                Law::L2,
                "It stays pending after both streams end. Fixed upstream after this release.",
            ),
    ])
}
