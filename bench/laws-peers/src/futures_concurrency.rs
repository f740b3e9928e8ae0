use futures_concurrency::{prelude::*, stream::StreamGroup};
use stream_laws::{Law, Laws, Relation, Source};

use crate::peer::{GIVEN_UP, LATE_WAKE, Peer, UNFUSED};

fn peer(name: &'static str, relation: Relation, laws: impl FnOnce(&'static str) -> Laws) -> Peer {
    Peer::new("futures-concurrency 7.7.1", name, relation, laws)
}

pub(crate) fn peers() -> Vec<Peer> {
    let peers = [
        peer("tuple.merge", Relation::Merged, |name| {
            Laws::of_many(name, |[a, b, c]| (a, b, c).merge())
        }),
        peer("array.merge", Relation::Merged, |name| {
            Laws::of_many(name, |sources: [Source; 3]| sources.merge())
        }),
        peer("Vec.merge", Relation::Merged, |name| {
            Laws::of_many(name, |sources: [Source; 3]| Vec::from(sources).merge())
        }),
        peer("tuple.zip", Relation::Rows, |name| Laws::of_many(name, |[a, b]| (a, b).zip())),
        peer("array.zip", Relation::Rows, |name| {
            Laws::of_many(name, |sources: [Source; 2]| sources.zip())
        }),
        peer("Vec.zip", Relation::Rows, |name| {
            Laws::of_many(name, |sources: [Source; 2]| Vec::from(sources).zip())
        }),
        peer("Vec.zip of none", Relation::Same, |name| {
            Laws::of_many(name, |none: [Source; 0]| Vec::from(none).zip())
        }),
        peer("tuple.chain", Relation::Same, |name| Laws::of_many(name, |[a, b]| (a, b).chain())),
        peer("array.chain", Relation::Same, |name| {
            Laws::of_many(name, |sources: [Source; 2]| sources.chain())
        }),
        peer("Vec.chain", Relation::Same, |name| {
            Laws::of_many(name, |sources: [Source; 2]| Vec::from(sources).chain())
        }),
        peer("StreamGroup", Relation::Merged, |name| {
            Laws::of_many(name, |sources: [Source; 3]| StreamGroup::from_iter(sources))
        }),
    ];
    let noted = peers
        .map(|peer| peer.note(Law::L6, GIVEN_UP).note(Law::L7, LATE_WAKE).note(Law::L10, UNFUSED));
    noted.into()
}
