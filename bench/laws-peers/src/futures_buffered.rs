use futures_buffered::{BufferedStreamExt, MergeBounded, MergeUnbounded};
use stream_laws::{Law, Laws, Relation, Source};

use crate::peer::{GIVEN_UP, LATE_WAKE, Peer};

fn peer(name: &'static str, relation: Relation, laws: impl FnOnce(&'static str) -> Laws) -> Peer {
    Peer::new("futures-buffered 0.2.14", name, relation, laws)
}

pub(crate) fn peers() -> Vec<Peer> {
    let peers = [
        peer("MergeBounded", Relation::Merged, |name| {
            Laws::of_many(name, |sources: [Source; 3]| MergeBounded::from_iter(sources))
        }),
        peer("MergeUnbounded", Relation::Merged, |name| {
            Laws::of_many(name, |sources: [Source; 3]| MergeUnbounded::from_iter(sources))
        }),
        peer("buffered_ordered", Relation::Same, |name| {
            Laws::of_futures(name, |futures| futures.buffered_ordered(2))
        }),
        peer("buffered_unordered", Relation::Permutation, |name| {
            Laws::of_futures(name, |futures| futures.buffered_unordered(2))
        }),
    ];
    peers.map(|peer| peer.note(Law::L6, GIVEN_UP).note(Law::L7, LATE_WAKE)).into()
}
