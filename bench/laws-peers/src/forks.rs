use clone_stream::ForkStream;
use futures_util::StreamExt as _;
use stream_broadcast::StreamBroadcastExt;
use stream_laws::{Law, Laws, Relation, Source};

use crate::peer::{LATE_WAKE, ONE_WAKE, POISONED, Peer};

pub(crate) fn peers() -> Vec<Peer> {
    let fork = |name| {
        Laws::of_readers(name, |source: Source| {
            let first = fork_stream::StreamExt::fork(source);
            [first.clone(), first]
        })
    };
    let clone = |name| {
        Laws::of_readers(name, |source: Source| {
            let first = ForkStream::fork(source);
            [first.clone(), first]
        })
    };
    let cached = |name| {
        Laws::of_readers(name, |source: Source| {
            let first = shared_stream::Share::shared(source);
            [first.clone(), first]
        })
    };
    let lossless = |name| {
        Laws::of_readers(name, |source: Source| {
            let first = source.fuse().broadcast_lossless(3);
            [first.clone(), first]
        })
        .backpressure(3)
    };
    let lossy = |name| {
        Laws::of_readers(name, |source: Source| {
            let first = source.fuse().broadcast_lossy(3);
            [first.clone(), first]
        })
    };
    let broadcast = "stream-broadcast 0.3.1";
    let peers = [
        Peer::new("fork_stream 0.1.0", "fork", Relation::Same, fork)
            .note(
                Law::L2,
                "A fork that is polled twice is queued twice and takes the wake of another.",
            )
            .note(Law::L4, "The sum of two upper bounds overflows.")
            .note(Law::L11, ONE_WAKE),
        Peer::new("clone-stream 0.4.1", "fork", Relation::Subsequence, clone)
            .note(Law::L4, "Documented: a clone receives only items that arrive while it waits.")
            .note(Law::L7, LATE_WAKE),
        Peer::new("shared_stream 0.2.1", "shared", Relation::Same, cached)
            .note(Law::L2, LAST_WAKER)
            .note(Law::L4, "The sum of two upper bounds overflows.")
            .note(Law::L11, LAST_WAKER),
        Peer::new(broadcast, "broadcast_lossless", Relation::Same, lossless)
            .note(Law::L11, ONE_WAKE),
        Peer::new(broadcast, "broadcast_lossy", Relation::Subsequence, lossy)
            .note(Law::L11, ONE_WAKE),
    ];
    peers.map(|peer| peer.shared_readers_keep_laws().note(Law::L6, POISONED)).into()
}

const LAST_WAKER: &str =
    "The source holds the waker of the latest poll only, so no other reader is woken.";
