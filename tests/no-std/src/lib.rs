//! Names every public type of `aiter` without `std`, so that a new need for `std` fails the build.
#![no_std]
#![forbid(unsafe_code)]

/// The handles of the push list.
pub mod list {
    use aiter::{
        Cursor, Pusher, Replay, SharedCursor, Subscriber, UniquePusher, WeakPusher,
        adapters::{
            AvailableIter, Closed, Next, NextMany, Preflight, PreflightNext, PreflightNextMany,
            SharedNext, SharedNextMany,
        },
    };

    /// Handles that push.
    pub type Pushers<'a, T> = (Pusher<T>, UniquePusher<'a, T>, WeakPusher<T>);
    /// Handles for later readers, and a wait for the end.
    pub type Late<'a, T> = (Subscriber<T>, Replay<T>, Closed<'a, T>);
    /// Handles that read.
    pub type Cursors<T, F> = (Cursor<T>, SharedCursor<T>, Preflight<T, F>);
    /// Futures of one item.
    pub type Reads<'a, T, F> = (Next<'a, T>, PreflightNext<'a, T, F>);
    /// Futures of a shared cursor.
    pub type SharedReads<T> = (SharedNext<'static, T>, SharedNextMany<'static, T>);
    /// Futures of many items.
    pub type Runs<'a, T, F> = (NextMany<'a, T>, PreflightNextMany<'a, T, F>);
    /// Borrows of a cursor.
    pub type Borrows<'a, T> = AvailableIter<'a, T>;

    /// Makes a list.
    pub fn make<T>() -> (Pusher<T>, Cursor<T>) {
        aiter::push_list()
    }
}

/// Types for authors of adapters.
pub mod sharing {
    use aiter_core::task::{NoWakeCursor, NoWakePusher, PollLock, ReadyNode, ReadyQueue, WakeCell};

    /// A value that tasks poll under a lock, and a slot for a waker.
    pub type Shared<S> = (PollLock<S>, WakeCell);

    /// A queue of ready nodes, and a node.
    pub type Ready<T> = (ReadyQueue, ReadyNode<T>);

    /// The ends of a list that wakes no task.
    pub type NoWakeList<T> = (NoWakePusher<T>, NoWakeCursor<T>);

    /// Makes a list that wakes no task.
    pub fn make<T>() -> NoWakeList<T> {
        aiter_core::task::no_wake_list()
    }
}

/// Errors of the push list.
pub mod error {
    use aiter::{PushError, PushErrorKind, TryNextError, TryPushError, adapters::PushAllError};

    /// Errors of pushes.
    pub type PushErrors<T, I> = (PushError<T>, TryPushError<T>, PushAllError<I>, PushErrorKind);
    /// The error of a read.
    pub type ReadError = TryNextError;

    /// Checks that each type is an error for every item type.
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
        AiterExt, Gate, KeyedEvent, LagPolicy, OnError, Progress, Spawn, Stopper,
        adapters::{
            Active, Azip, AzipSources, BoundedFork, DriveTask, ErrorRule, FlattenIter,
            ForEachProgress, ForkStream, GateError, Gated, IterToAiter, JoinKeyed, JoinStreams,
            MapFilter, MapFilterAsync, MapPar, MapParWith, MapTry, MapWorker, PassiveFork, Preload,
            PreloadWith, Sharable, StartWorkers, Stoppable, StreamNext, StrictAzip, TaskOutcome,
            TryJoinStreams, UnequalLengths, WorkerStarter,
        },
    };

    /// Streams with a task that pulls ahead, and the outcome of the task.
    pub type PulledAhead<T, H> = (Active<T, H>, PreloadWith<T, H>, Option<TaskOutcome>);
    /// A task and its spawn handle.
    pub type Task<S, P> = (DriveTask<S>, <P as Spawn<DriveTask<S>>>::Handle);
    /// Streams of rows, their row type, and the error for unequal lengths.
    pub type Rows<Z> = (Azip<Z>, StrictAzip<Z>, <Z as AzipSources>::Row, UnequalLengths);
    /// A stream that pulls ahead in the task of the consumer, and a loop that polls its progress.
    pub type Progressing<S, F, Fut> = (Preload<S>, ForEachProgress<Preload<S>, F, Fut>);
    /// A gate, its stream and its error.
    pub type GatedParts<S> = (Gate, Gated<S>, GateError);
    /// A stopper and its stream.
    pub type StoppableParts<S> = (Stopper, Stoppable<S>);
    /// Forks of a stream.
    pub type Forks<S> = (ForkStream<S>, PassiveFork<S>, BoundedFork<S>, LagPolicy);
    /// A stream that several tasks share.
    pub type Shared<S> = Sharable<S>;
    /// The future of an item of a stream.
    pub type NextItem<S> = StreamNext<'static, S>;
    /// Streams that merge many streams.
    pub type Joined<S, K, I> = (JoinStreams<S>, JoinKeyed<S, K, I>, KeyedEvent<K>);
    /// A merge of fallible streams, and its error policy.
    pub type TryJoined<S, I> = (TryJoinStreams<S, I>, OnError);
    /// A concurrent map in the task of the consumer.
    pub type MappedHere<S, F, Fut> = MapPar<S, F, Fut>;
    /// A concurrent map in several tasks, and a task.
    pub type Mapped<S, F, Fut, T, H> = (MapParWith<T, H>, MapWorker<S, F, Fut>);
    /// A concurrent map whose tasks start on demand.
    pub type MappedByMore<S, P, F, Fut, T, H> = MapParWith<T, H, WorkerStarter<S, P, F, Fut>>;

    /// Uses a value that starts tasks.
    pub fn is_starter<T, H>(starter: &impl StartWorkers<T, H>) -> bool {
        size_of_val(starter) > 0
    }

    /// Streams of the items of iterators: from the source, a function, an async function.
    pub type Flattened<S, F, G, I, Fut> =
        (FlattenIter<S>, MapFilter<S, F, I>, MapFilterAsync<S, G, Fut>);

    /// A fallible map, and its error policy.
    pub type Tried<S, F, E> = (MapTry<S, F, E>, OnError);

    /// Asks a rule about an error.
    pub fn ask<E>(rule: &mut impl ErrorRule<E>, error: &E) -> OnError {
        rule.on_error(error)
    }

    /// A stream over an iterator.
    pub type FromIter<I> = IterToAiter<I>;

    /// Requires progress and the extension methods.
    pub fn has_progress<S: Progress + AiterExt>() {}

    /// Makes a stream over an iterator.
    pub fn from_iter<I: IntoIterator>(iter: I) -> FromIter<I::IntoIter> {
        aiter::iter_to_aiter(iter)
    }
}

/// The bounded list.
#[cfg(feature = "critical-section")]
pub mod bounded {
    use aiter::{
        BoundedCursor, BoundedPusher,
        adapters::{
            BoundedSubscriber, OwnedPermit, Permit, Permits, Push, PushAll, PushSink,
            PushSinkError, Reserve, ReserveMany, ReserveManyError, ReserveOwned,
            SharedBoundedCursor, SharedBoundedNext, SharedBoundedNextMany, StreamNext,
            StreamNextMany, TryReserveError, WeakBoundedPusher,
        },
    };

    /// Handles that push.
    pub type Pushers<T> = (BoundedPusher<T>, WeakBoundedPusher<T>, PushSink<T>);
    /// Futures that wait for room.
    pub type Pushes<'a, T, I> = (Push<'a, T>, PushAll<'a, T, I>);
    /// Futures of permits.
    pub type Reservations<'a, T> = (Reserve<'a, T>, ReserveMany<'a, T>, ReserveOwned<T>);
    /// Permits.
    pub type AllPermits<'a, T> = (Permit<'a, T>, Permits<'a, T>, OwnedPermit<T>);
    /// Errors.
    pub type Errors<T> = (TryReserveError, ReserveManyError, PushSinkError<T>);
    /// Handles that read, or will.
    pub type Cursors<T> = (BoundedCursor<T>, SharedBoundedCursor<T>, BoundedSubscriber<T>);
    /// Futures of items.
    pub type Reads<'a, T> =
        (StreamNext<'a, BoundedCursor<T>>, StreamNextMany<'a, BoundedCursor<T>>);
    /// Futures of a shared cursor.
    pub type SharedReads<T> = (SharedBoundedNext<'static, T>, SharedBoundedNextMany<'static, T>);

    /// Makes a list.
    pub fn make<T>(cap: usize) -> (BoundedPusher<T>, BoundedCursor<T>) {
        aiter::bounded(cap)
    }
}

/// The list that is bounded by weight.
#[cfg(feature = "critical-section")]
pub mod weighed {
    use aiter::adapters::{
        SharedWeighedCursor, SharedWeighedNext, WeighedClosed, WeighedCursor, WeighedPermit,
        WeighedPermitError, WeighedPush, WeighedPusher, WeighedReserve, bounded_by,
    };

    /// Handles.
    pub type Handles<T, W> = (WeighedPusher<T, W>, WeighedCursor<T>, SharedWeighedCursor<T>);
    /// Futures of the pusher.
    pub type Pushes<'a, T, W> =
        (WeighedPush<'a, T>, WeighedReserve<'a, T, W>, WeighedClosed<'a, T>);
    /// A permit, and the error of its push.
    pub type Permits<'a, T, W> = (WeighedPermit<'a, T, W>, WeighedPermitError<T>);
    /// The future of a shared cursor.
    pub type SharedReads<T> = SharedWeighedNext<'static, T>;

    /// Makes a list of items that weigh what `weigh` returns.
    pub fn make<T, W: Fn(&T) -> usize>(
        cap: usize,
        weigh: W,
    ) -> (WeighedPusher<T, W>, WeighedCursor<T>) {
        bounded_by(cap, weigh)
    }
}

/// The bridge from streams to iterators.
pub mod executor_compat {
    use aiter::prelude::Stream;
    use aiter::{
        AiterToIter, BlockOnIdle,
        adapters::{BlockOnNext, IdleHint},
    };

    /// An iterator over a stream, driven by a closure that blocks on its [`NextItem`].
    pub type Iter<S, B> = AiterToIter<S, B>;
    /// The future of the next item.
    pub type NextItem<'a, S> = aiter::adapters::NextItem<'a, S>;
    /// An iterator that polls after a wake-up, and calls a hook while it waits.
    pub type IdleIter<S, I> = AiterToIter<S, BlockOnIdle<I>>;

    /// Makes an iterator with an idle hook, and a blocking function.
    pub fn idle_iter<S: Stream, I: FnMut(&IdleHint<'_>)>(
        stream: S,
        idle: I,
    ) -> (impl Iterator<Item = S::Item>, impl BlockOnNext<S>) {
        let iter: IdleIter<S, I> = BlockOnIdle::new(idle).iter(stream);
        (iter, BlockOnIdle::new(|_: &IdleHint<'_>| core::hint::spin_loop()))
    }
}

/// The methods of streams.
pub mod ext {
    use aiter::{Cursor, StreamExt, TryStreamExt};

    /// Adds up the items of a list.
    pub async fn sum(cursor: Cursor<u32>) -> u32 {
        cursor.fold(0, async |sum, n| sum + n).await
    }

    /// Adds up the items of a list, up to the first error.
    pub async fn try_sum<E>(cursor: Cursor<Result<u32, E>>) -> Result<u32, E> {
        cursor.try_fold(0, async |sum, n| Ok(sum + n)).await
    }
}
