use stream_laws::{Laws, Relation, Source, Token};
use tokio_stream::{StreamExt, StreamMap};

use crate::peer::Peer;

fn peer(name: &'static str, relation: Relation, laws: impl FnOnce(&'static str) -> Laws) -> Peer {
    Peer::new("tokio-stream 0.1.19", name, relation, laws)
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
        peer("peekable", Relation::Same, |name| Laws::of(name, |source| source.peekable())),
        peer("take", Relation::Subsequence, |name| Laws::of(name, |source| source.take(2))),
        peer("skip", Relation::Subsequence, |name| Laws::of(name, |source| source.skip(2))),
        peer("chain", Relation::Same, |name| Laws::of_many(name, |[a, b]| a.chain(b))),
        peer("merge", Relation::Merged, |name| Laws::of_many(name, |[a, b]| a.merge(b))),
        peer("StreamMap", Relation::Merged, |name| {
            Laws::of_many(name, |sources: [Source; 3]| {
                sources.into_iter().enumerate().collect::<StreamMap<_, _>>()
            })
        }),
    ])
}
