//! The names of the prelude, beside the `StreamExt` of other crates.

use core::task::{Context, Poll, Waker};
use core::{future::Future, pin::pin};

/// Returns the output of a future that never waits.
#[track_caller]
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future must not wait"),
    }
}

mod alone {
    use super::now;
    use aiter::prelude::*;
    use core::{convert::Infallible, future::ready};

    #[test]
    fn prelude_has_all_methods_of_streams() {
        let (pusher, mut cursor) = push_list();
        pusher.push_all(0..5).expect("the cursor is alive");
        drop(pusher);
        assert_eq!(now(cursor.next()), Some(0));
        let squares = cursor.map(|n| n * n).filter(|n| ready(n % 2 == 0));
        assert_eq!(now(squares.collect::<Vec<_>>()), [4, 16]);

        let numbers = iter_to_aiter(["1", "two"]).map_try(str::parse::<u8>);
        assert!(now(numbers.try_collect::<Vec<_>>()).is_err());
        let numbers = iter_to_aiter(1..3).map(Ok::<_, Infallible>);
        assert_eq!(now(numbers.try_fold(0, |sum, n| ready(Ok(sum + n)))), Ok(3));
    }

    #[test]
    fn streams_have_one_next() {
        let mut stream = iter_to_aiter(0..).map(Some).flatten_iter().map_filter(Some).boxed();
        assert_eq!(now(stream.next()), Some(0));
        let mut fork = stream.forker();
        assert_eq!(now(fork.next()), Some(1));
        assert_eq!(now(fork.by_ref().next()), Some(2));
        let mut pinned = core::pin::pin!(fork.stoppable().1);
        assert_eq!(now(pinned.next()), Some(3));
    }
}

mod beside_explicit_import {
    use super::now;
    use aiter::prelude::*;
    use smol::stream::StreamExt;

    #[test]
    fn explicit_stream_ext_replaces_that_of_prelude() {
        let (pusher, mut cursor) = push_list();
        pusher.push_all(1..=3).expect("the cursor is alive");
        drop(pusher);
        assert_eq!(now(cursor.next()), Some(1));
        // Only the `filter` of futures-lite takes a function that returns `bool`.
        let odd: Vec<i32> = now(cursor.filter(|n| n % 2 == 1).collect());
        assert_eq!(odd, [3]);
    }
}

mod beside_glob_import {
    use super::now;
    use aiter::prelude::*;
    use smol::prelude::*;

    #[test]
    fn inherent_next_is_not_ambiguous() {
        let (gate, mut letters) = iter_to_aiter('a'..).gated();
        gate.push(2).expect("the stream is alive");
        assert_eq!(now(letters.next()), Some('a'));
        let mut fork = letters.forker();
        assert_eq!(now(fork.next().or(core::future::pending())), Some('b'));
    }
}

mod without_stream_ext {
    use super::now;
    use aiter::{AiterExt, LagPolicy, azip, iter_to_aiter};
    use smol::spawn;

    #[test]
    fn each_stream_has_next() {
        let items = || iter_to_aiter(1..=3);
        let pairs = || iter_to_aiter([("key", items())]);
        assert_eq!(now(items().next()), Some(1));
        assert_eq!(now(azip((items(), items())).next()), Some((1, 1)));
        assert_eq!(now(azip((items(), items())).strict().next()), Some(Ok((1, 1))));
        assert_eq!(now(iter_to_aiter([vec![1]]).flatten_iter().next()), Some(1));
        assert_eq!(now(items().forker_bounded(1, LagPolicy::Wait).next()), Some(1));
        assert_eq!(now(iter_to_aiter([items()]).join_streams().next()), Some(1));
        assert!(now(pairs().join_streams().keyed().next()).is_some());
        assert_eq!(now(items().map_filter(Some).next()), Some(1));
        assert_eq!(now(items().map_filter_async(|n| core::future::ready([n])).next()), Some(1));
        assert_eq!(now(items().map_par(1, core::future::ready).next()), Some(1));
        assert_eq!(now(items().map_try(Ok::<i32, ()>).next()), Some(Ok(1)));
        assert!(now(items().map_par(1, core::future::ready).catch_panics().next()).is_some());
        assert_eq!(now(items().preload(1).next()), Some(1));
        assert_eq!(now(items().sharable().next()), Some(1));
        assert_eq!(now(items().stoppable().1.next()), Some(1));
        let mut fork = items().forker();
        let mut passive = fork.fork_passive();
        assert_eq!((now(fork.next()), now(passive.next())), (Some(1), Some(1)));
        smol::block_on(async {
            assert_eq!(items().active(spawn).next().await, Some(1));
            assert_eq!(items().preload_with(1, spawn).next().await, Some(1));
            let doubled = |n| async move { n * 2 };
            assert_eq!(items().map_par_with(1, spawn, doubled).next().await, Some(2));
        });
    }
}
