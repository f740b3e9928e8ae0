//! Names every public type of `aiter` from a crate without std: none can come to need it unseen.
#![no_std]
#![forbid(unsafe_code)]

/// The push list: its two ends.
pub mod list {
    use aiter::{
        Cursor, Pusher, SharedCursor, UniquePusher, WeakPusher,
        adapters::{AvailableIter, NextMany, Preflight, SharedNext, SharedNextMany},
    };

    /// The ends that push.
    pub type Pushers<'a, T> = (Pusher<T>, UniquePusher<'a, T>, WeakPusher<T>);
    /// The ends that read.
    pub type Cursors<T, F> = (Cursor<T>, SharedCursor<T>, Preflight<T, F>);
    /// What waits for items of a shared cursor.
    pub type Taking<T> = (SharedNext<'static, T>, SharedNextMany<'static, T>);
    /// What a cursor lends.
    pub type Borrows<'a, T> = (AvailableIter<'a, T>, NextMany<'a, T>);

    /// Makes a list.
    pub fn make<T>() -> (Pusher<T>, Cursor<T>) {
        aiter::push_list()
    }
}

/// What adapters share sources with.
pub mod sharing {
    use aiter_core::task::{NoWakeCursor, NoWakePusher, PollLock, ReadyNode, ReadyQueue, WakeCell};

    /// A value that tasks drive in turn, and a waker for anybody to call.
    pub type Shared<S> = (PollLock<S>, WakeCell);

    /// Who of many is ready, and one of them.
    pub type Ready<T> = (ReadyQueue, ReadyNode<T>);

    /// A list whose cursors never sleep.
    pub type Quiet<T> = (NoWakePusher<T>, NoWakeCursor<T>);

    /// Makes one.
    pub fn make<T>() -> Quiet<T> {
        aiter_core::task::no_wake_list()
    }
}

/// The push list's errors.
pub mod error {
    use aiter::{PushAllError, PushError, PushErrorKind, TryNextError, TryPushError};

    /// What a refused push gives back.
    pub type Refused<T, I> = (PushError<T>, TryPushError<T>, PushAllError<I>, PushErrorKind);
    /// What a cursor without an item says.
    pub type Unread = TryNextError;

    /// Each is an error, whatever the item is.
    pub fn are_errors<T, I: Iterator>() {
        fn is_error<E: core::error::Error>() {}
        is_error::<PushError<T>>();
        is_error::<TryPushError<T>>();
        is_error::<PushAllError<I>>();
        is_error::<TryNextError>();
    }
}

/// The adapters.
pub mod adapters {
    use aiter::{
        AiterExt, ErrorRule, Gate, GateError, JoinStreams, KeyedEvent, LagPolicy, OnError,
        Progress, Spawn, Stopper, TaskOutcome, UnequalLengths,
        adapters::{
            Active, Azip, AzipSources, BoundedFork, DriveTask, FlattenIter, ForEachProgress,
            ForkStream, Gated, IterToAiter, JoinKeyed, MapFilter, MapFilterAsync, MapPar,
            MapParWith, MapTry, MapWorker, PassiveFork, Preload, PreloadWith, Sharable,
            SharableNext, StartWorkers, Stoppable, StrictAzip, TryJoinStreams, WorkerStarter,
        },
    };

    /// What a task pulls ahead.
    pub type PulledAhead<T, H> = (Active<T, H>, PreloadWith<T, H>, Option<TaskOutcome>);
    /// The task, and its handle.
    pub type Task<S, P> = (DriveTask<S>, <P as Spawn<DriveTask<S>>>::Handle);
    /// Rows of what several streams give, and what is wrong with streams of unequal lengths.
    pub type Rows<Z> = (Azip<Z>, StrictAzip<Z>, <Z as AzipSources>::Row, UnequalLengths);
    /// What is pulled ahead in the consumer's task, and a loop that lets it.
    pub type Progressing<S, F, Fut> = (Preload<S>, ForEachProgress<Preload<S>, F, Fut>);
    /// What lets items out, and what a gate says that is stopped.
    pub type Let<S> = (Gate, Gated<S>, GateError);
    /// What ends a stream.
    pub type Ended<S> = (Stopper, Stoppable<S>);
    /// Streams of the same items.
    pub type Forks<S> = (ForkStream<S>, PassiveFork<S>, BoundedFork<S>, LagPolicy);
    /// A stream that tasks share.
    pub type Shared<S> = Sharable<S>;
    /// What waits for an item of a clone.
    pub type SharedItem<S> = SharableNext<'static, S>;
    /// Many streams in one.
    pub type Joined<S, K, I> = (JoinStreams<S>, JoinKeyed<S, K, I>, KeyedEvent<K>);
    /// The same where they fail, and what is done about it.
    pub type TryJoined<S, I> = (TryJoinStreams<S, I>, OnError);
    /// What is mapped several at a time.
    pub type MappedHere<S, F, Fut> = MapPar<S, F, Fut>;
    /// What tasks map, and one of them.
    pub type Mapped<S, F, Fut, T, H> = (MapParWith<T, H>, MapWorker<S, F, Fut>);
    /// What tasks map that start as items come.
    pub type MappedByMore<S, P, F, Fut, T, H> = MapParWith<T, H, WorkerStarter<S, P, F, Fut>>;

    /// Starts the tasks.
    pub fn is_starter<T, H>(starter: &impl StartWorkers<T, H>) -> bool {
        size_of_val(starter) > 0
    }

    /// The items of iterators: the source's, a function's, an async function's.
    pub type Flattened<S, F, G, I, Fut> =
        (FlattenIter<S>, MapFilter<S, F, I>, MapFilterAsync<S, G, Fut>);

    /// A function that may fail, and what to do about it.
    pub type Tried<S, F, E> = (MapTry<S, F, E>, OnError);

    /// What to do about an error.
    pub fn ask<E>(rule: &mut impl ErrorRule<E>, error: &E) -> OnError {
        rule.on_error(error)
    }

    /// A stream of what an iterator yields.
    pub type FromIter<I> = IterToAiter<I>;

    /// Works ahead, and has the methods, as every stream has.
    pub fn works_ahead<S: Progress + AiterExt>() {}

    /// Makes one.
    pub fn from_iter<I: IntoIterator>(iter: I) -> FromIter<I::IntoIter> {
        aiter::iter_to_aiter(iter)
    }
}

/// The way from streams to plain loops.
pub mod executor_compat {
    use aiter::prelude::Stream;
    use aiter::{AiterToIter, BlockOnIdle, BlockOnNext, IdleHint};

    /// An iterator over a stream, driven by a closure that blocks on its [`NextItem`].
    pub type Iter<S, B> = AiterToIter<S, B>;
    /// The future of the next item.
    pub type NextItem<'a, S> = aiter::NextItem<'a, S>;
    /// An iterator that polls when it was woken, and calls a hook in between.
    pub type Polls<S, I> = AiterToIter<S, BlockOnIdle<I>>;

    /// Makes one; it blocks, and is an iterator.
    pub fn polls<S: Stream, I: FnMut(&IdleHint<'_>)>(
        stream: S,
        idle: I,
    ) -> (impl Iterator<Item = S::Item>, impl BlockOnNext<S>) {
        let iter: Polls<S, I> = BlockOnIdle::new(idle).iter(stream);
        (iter, BlockOnIdle::new(|_: &IdleHint<'_>| core::hint::spin_loop()))
    }
}
