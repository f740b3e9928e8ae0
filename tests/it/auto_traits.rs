//! Auto traits of the public types, and their `Debug` and `Error` without bounds on items.

use aiter::{
    AiterToIter, BlockOn, BlockOnIdle, BoundedCursor, BoundedPusher, Cursor, Elapsed, Gate,
    KeyedEvent, LossyCursor, LossyPusher, OnError, PushError, Pusher, Replay, SharedCursor,
    Stopper, Subscriber, TryNextError, TryPushError, UniquePusher, WeakPusher,
    adapters::{
        Active, AvailableIter, Azip, BoundedFork, BoundedSubscriber, CatchPanics, CaughtPanic,
        Closed, DriveTask, FlattenIter, ForbidBlocking, ForkStream, Gated, IterToAiter, JoinKeyed,
        JoinStreams, LossyPushAllError, LossySink, LossySubscriber, MapError, MapFilter,
        MapFilterAsync, MapPar, MapParWith, MapTry, MapWorker, Next, NextItem, NextMany,
        OwnedPermit, PassiveFork, Permit, Permits, Preflight, PreflightNext, PreflightNextMany,
        Preload, PreloadWith, Push, PushAll, PushAllError, PushSink, PushSinkError,
        PushTimeoutError, Reserve, ReserveMany, ReserveManyError, ReserveOwned, Sharable,
        SharedBoundedCursor, SharedBoundedNext, SharedBoundedNextMany, SharedNext, SharedNextMany,
        SharedWeighedCursor, SharedWeighedNext, Stoppable, StreamNext, StreamNextMany, StrictAzip,
        TaskOutcome, TryJoinStreams, TryReserveError, UnblockIter, WeakBoundedPusher,
        WeakLossyPusher, WeighedClosed, WeighedCursor, WeighedPermit, WeighedPermitError,
        WeighedPush, WeighedPusher, WeighedReserve, WorkerStarter,
    },
    inspect::{Inspected, InspectedPusher, Registry, Snapshot},
};
use aiter_core::task::{NoWakeCursor, NoWakePusher};
use alloc::{rc::Rc, vec::IntoIter};
use core::{
    cell::Cell,
    error::Error,
    fmt::Debug,
    iter::Empty,
    marker::{PhantomData, PhantomPinned},
    panic::{RefUnwindSafe, UnwindSafe},
    pin::Pin,
    task::{Context, Poll},
};
use futures_core::Stream;
use std::sync::MutexGuard;

/// Detects the auto traits of `T` by name resolution. Where its bound holds, an inherent constant
/// takes precedence over the constant of the trait.
struct Probe<T>(PhantomData<T>);

trait Lacks {
    const SEND: bool = false;
    const SYNC: bool = false;
    const UNPIN: bool = false;
    const UNWIND: bool = false;
    const REF_UNWIND: bool = false;
}

impl<T> Lacks for Probe<T> {}

impl<T: Send> Probe<T> {
    const SEND: bool = true;
}

impl<T: Sync> Probe<T> {
    const SYNC: bool = true;
}

impl<T: Unpin> Probe<T> {
    const UNPIN: bool = true;
}

impl<T: UnwindSafe> Probe<T> {
    const UNWIND: bool = true;
}

impl<T: RefUnwindSafe> Probe<T> {
    const REF_UNWIND: bool = true;
}

/// Returns whether a type is `UnwindSafe` and whether it is `RefUnwindSafe`.
macro_rules! unwinds {
    ($type:ty) => {
        [<Probe<$type>>::UNWIND, <Probe<$type>>::REF_UNWIND]
    };
}

/// Returns whether a type is `Send`, `Sync` and `Unpin`.
macro_rules! traits {
    ($type:ty) => {
        [<Probe<$type>>::SEND, <Probe<$type>>::SYNC, <Probe<$type>>::UNPIN]
    };
}

const ALL: [bool; 3] = [true, true, true];
const ONLY_SEND: [bool; 3] = [true, false, true];
const NEITHER: [bool; 3] = [false, false, true];

/// `Send` and `Sync`.
type Plain = u8;
/// `Send` but not `Sync`.
type OfOneThread = Cell<u8>;
/// `Sync` but not `Send`.
type Guard = MutexGuard<'static, u8>;
/// Neither `Send` nor `Sync`.
type Local = Rc<u8>;
/// Neither `Unpin` nor `Debug`.
struct Opaque(PhantomPinned);

/// A stream with the auto traits of `T`.
struct Inner<T>(T);

impl<T> Stream for Inner<T> {
    type Item = u8;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u8>> {
        Poll::Ready(None)
    }
}

type Flight = fn(&mut Context<'_>);

#[test]
fn probe_detects_each_trait() {
    assert_eq!(traits!(Plain), ALL);
    assert_eq!(traits!(OfOneThread), ONLY_SEND);
    assert_eq!(traits!(Guard), [false, true, true]);
    assert_eq!(traits!(Local), NEITHER);
    assert_eq!(traits!(Opaque), [true, true, false]);
}

#[test]
fn pushers_are_send_and_sync_if_items_are_send() {
    assert_eq!(traits!(Pusher<Plain>), ALL);
    assert_eq!(traits!(Pusher<OfOneThread>), ALL);
    assert_eq!(traits!(Pusher<Guard>), NEITHER);
    assert_eq!(traits!(Pusher<Local>), NEITHER);
    assert_eq!(traits!(WeakPusher<Plain>), ALL);
    assert_eq!(traits!(WeakPusher<OfOneThread>), ALL);
    assert_eq!(traits!(WeakPusher<Guard>), NEITHER);
    assert_eq!(traits!(WeakPusher<Local>), NEITHER);
    assert!(traits!(UniquePusher<'static, Plain>)[0]);
    assert!(traits!(UniquePusher<'static, OfOneThread>)[0]);
    assert_eq!(traits!(UniquePusher<'static, Guard>), NEITHER);
    assert_eq!(traits!(UniquePusher<'static, Local>), NEITHER);
    assert_eq!(traits!(NoWakePusher<Plain>), ALL);
    assert_eq!(traits!(Subscriber<Plain>), ALL);
    assert_eq!(traits!(Subscriber<OfOneThread>), ALL);
    assert_eq!(traits!(Subscriber<Guard>), NEITHER);
    assert_eq!(traits!(Closed<'static, OfOneThread>), ALL);
    assert_eq!(traits!(Closed<'static, Guard>), NEITHER);
    assert_eq!(traits!(NoWakePusher<OfOneThread>), ALL);
    assert_eq!(traits!(NoWakePusher<Guard>), NEITHER);
    assert_eq!(traits!(NoWakePusher<Local>), NEITHER);
}

#[test]
fn cursors_take_send_and_sync_from_items() {
    assert_eq!(traits!(Cursor<Plain>), ALL);
    assert_eq!(traits!(Cursor<OfOneThread>), ONLY_SEND);
    assert_eq!(traits!(NoWakeCursor<Plain>), ALL);
    assert_eq!(traits!(NoWakeCursor<OfOneThread>), ONLY_SEND);
    assert_eq!(traits!(Replay<Plain>), ALL);
    assert_eq!(traits!(Replay<OfOneThread>), ONLY_SEND);
    assert_eq!(traits!(Replay<Guard>), NEITHER);
    assert_eq!(traits!(Cursor<Guard>), NEITHER);
    assert_eq!(traits!(Cursor<Local>), NEITHER);
    assert_eq!(traits!(Preflight<Plain, Flight>), ALL);
    assert_eq!(traits!(Preflight<OfOneThread, Flight>), ONLY_SEND);
    assert_eq!(traits!(Preflight<Guard, Flight>), NEITHER);
    assert_eq!(traits!(Preflight<Local, Flight>), NEITHER);
    assert_eq!(traits!(Preflight<Plain, Rc<Flight>>), NEITHER);
}

#[test]
fn inspected_handles_take_traits_from_handles() {
    assert_eq!(traits!(Registry), ALL);
    assert_eq!(traits!(Snapshot), ALL);
    assert_eq!(traits!(InspectedPusher<Pusher<OfOneThread>>), ALL);
    assert_eq!(traits!(InspectedPusher<Pusher<Guard>>), NEITHER);
    assert_eq!(traits!(Inspected<Cursor<Plain>>), ALL);
    assert_eq!(traits!(Inspected<Cursor<OfOneThread>>), ONLY_SEND);
    assert_eq!(traits!(Inspected<Inner<Plain>>), ALL);
    assert_eq!(traits!(Inspected<Inner<Local>>), NEITHER);
}

#[test]
fn shared_cursors_are_send_if_items_are_send() {
    assert!(traits!(SharedCursor<Plain>)[0]);
    assert!(traits!(SharedCursor<OfOneThread>)[0]);
    assert_eq!(traits!(SharedCursor<Guard>), NEITHER);
    assert_eq!(traits!(SharedCursor<Local>), NEITHER);
}

#[test]
fn cursor_borrows_take_traits_from_borrow() {
    assert_eq!(traits!(AvailableIter<'static, Plain>), ALL);
    assert!(!traits!(AvailableIter<'static, OfOneThread>)[0]);
    assert_eq!(traits!(AvailableIter<'static, Guard>), [false, false, true]);
    assert_eq!(traits!(AvailableIter<'static, Local>), NEITHER);
    assert_eq!(traits!(NextMany<'static, Plain>), ALL);
    assert_eq!(traits!(NextMany<'static, OfOneThread>), ONLY_SEND);
    assert_eq!(traits!(NextMany<'static, Guard>), [false, false, true]);
    assert_eq!(traits!(NextMany<'static, Local>), NEITHER);
    assert_eq!(traits!(Next<'static, Plain>), ALL);
    assert_eq!(traits!(Next<'static, OfOneThread>), ONLY_SEND);
    assert_eq!(traits!(Next<'static, Guard>), [false, false, true]);
    assert_eq!(traits!(PreflightNext<'static, Plain, Flight>), ALL);
    assert_eq!(traits!(PreflightNext<'static, OfOneThread, Flight>), ONLY_SEND);
    assert_eq!(traits!(PreflightNext<'static, Plain, Rc<Flight>>), [false, false, true]);
    assert_eq!(traits!(PreflightNextMany<'static, Plain, Rc<Flight>>), [false, false, true]);
    assert_eq!(traits!(SharedNext<'static, Plain>), ALL);
    assert_eq!(traits!(SharedNext<'static, OfOneThread>), ALL);
    assert_eq!(traits!(SharedNext<'static, Guard>), NEITHER);
    assert_eq!(traits!(SharedNextMany<'static, Plain>), ALL);
    assert_eq!(traits!(SharedNextMany<'static, OfOneThread>), ONLY_SEND);
    assert_eq!(traits!(SharedNextMany<'static, Guard>), NEITHER);
}

#[test]
fn bounded_handles_are_send_and_sync_if_items_are_send() {
    assert_eq!(traits!(BoundedPusher<OfOneThread>), ALL);
    assert_eq!(traits!(BoundedPusher<Guard>), NEITHER);
    assert_eq!(traits!(BoundedPusher<Local>), NEITHER);
    assert_eq!(traits!(WeakBoundedPusher<OfOneThread>), ALL);
    assert_eq!(traits!(WeakBoundedPusher<Guard>), NEITHER);
    assert_eq!(traits!(BoundedSubscriber<OfOneThread>), ALL);
    assert_eq!(traits!(BoundedSubscriber<Guard>), NEITHER);
    assert_eq!(traits!(SharedBoundedCursor<OfOneThread>), ALL);
    assert_eq!(traits!(SharedBoundedCursor<Guard>), NEITHER);
    assert_eq!(traits!(SharedBoundedNextMany<'static, Plain>), ALL);
    assert_eq!(traits!(SharedBoundedNextMany<'static, OfOneThread>), ONLY_SEND);
    assert_eq!(traits!(SharedBoundedNextMany<'static, Guard>), NEITHER);
    assert_eq!(traits!(SharedBoundedNext<'static, OfOneThread>), ALL);
    assert_eq!(traits!(Permit<'static, OfOneThread>), ALL);
    assert_eq!(traits!(Permit<'static, Guard>), NEITHER);
    assert_eq!(traits!(Permits<'static, OfOneThread>), ALL);
    assert_eq!(traits!(OwnedPermit<OfOneThread>), ALL);
    assert_eq!(traits!(OwnedPermit<Local>), NEITHER);
    assert_eq!(traits!(Reserve<'static, OfOneThread>), ALL);
    assert_eq!(traits!(ReserveMany<'static, OfOneThread>), ALL);
    assert_eq!(traits!(ReserveOwned<OfOneThread>), ALL);
    assert_eq!(traits!(ReserveOwned<Guard>), NEITHER);
    assert_eq!(traits!(PushSink<OfOneThread>), ALL);
    assert_eq!(traits!(PushSink<Guard>), NEITHER);
    assert_eq!(traits!(TryReserveError), ALL);
    assert_eq!(traits!(ReserveManyError), ALL);
}

#[test]
fn bounded_cursors_and_pushes_take_send_and_sync_from_items() {
    assert_eq!(traits!(BoundedCursor<Plain>), ALL);
    assert_eq!(traits!(BoundedCursor<OfOneThread>), ONLY_SEND);
    assert_eq!(traits!(BoundedCursor<Guard>), NEITHER);
    assert_eq!(traits!(StreamNext<'static, BoundedCursor<Plain>>), ALL);
    assert_eq!(traits!(StreamNext<'static, BoundedCursor<OfOneThread>>), ONLY_SEND);
    assert_eq!(traits!(StreamNextMany<'static, BoundedCursor<OfOneThread>>), ONLY_SEND);
    assert_eq!(traits!(Push<'static, Plain>), ALL);
    assert_eq!(traits!(Push<'static, OfOneThread>), ONLY_SEND);
    assert_eq!(traits!(Push<'static, Guard>), NEITHER);
    assert_eq!(traits!(PushAll<'static, Plain, Empty<Plain>>), ALL);
    assert_eq!(traits!(PushAll<'static, Plain, IntoIter<Local>>), NEITHER);
    assert_eq!(traits!(PushSinkError<Plain>), ALL);
    assert_eq!(traits!(PushSinkError<OfOneThread>), ONLY_SEND);
}

#[test]
fn lossy_handles_are_send_and_sync_if_items_are_send() {
    assert_eq!(traits!(LossyPusher<OfOneThread>), ALL);
    assert_eq!(traits!(LossyPusher<Guard>), NEITHER);
    assert_eq!(traits!(WeakLossyPusher<OfOneThread>), ALL);
    assert_eq!(traits!(WeakLossyPusher<Guard>), NEITHER);
    assert_eq!(traits!(LossySubscriber<OfOneThread>), ALL);
    assert_eq!(traits!(LossySubscriber<Guard>), NEITHER);
    assert_eq!(traits!(LossyCursor<OfOneThread>), ALL);
    assert_eq!(traits!(LossyCursor<Guard>), NEITHER);
    assert_eq!(traits!(StreamNext<'static, LossyCursor<OfOneThread>>), ALL);
    assert_eq!(traits!(StreamNextMany<'static, LossyCursor<OfOneThread>>), ONLY_SEND);
    assert_eq!(traits!(LossySink<OfOneThread>), ALL);
    assert_eq!(traits!(LossySink<Guard>), NEITHER);
    assert_eq!(traits!(LossyPushAllError<IntoIter<Plain>>), ALL);
    assert_eq!(traits!(LossyPushAllError<IntoIter<Local>>), NEITHER);
}

#[test]
fn weighed_pushers_take_traits_from_items_and_function() {
    type Weigh = fn(&Plain) -> usize;
    assert_eq!(traits!(WeighedPusher<OfOneThread, Weigh>), ALL);
    assert_eq!(traits!(WeighedPusher<Guard, Weigh>), NEITHER);
    // Producers on several threads call the same function.
    assert_eq!(traits!(WeighedPusher<Plain, OfOneThread>), NEITHER);
    assert_eq!(traits!(WeighedPusher<Plain, Local>), NEITHER);
    assert_eq!(traits!(WeighedPusher<Plain, Opaque>), ALL);
    assert_eq!(traits!(WeighedReserve<'static, OfOneThread, Weigh>), ALL);
    assert_eq!(traits!(WeighedReserve<'static, Plain, OfOneThread>), NEITHER);
    assert_eq!(traits!(WeighedPermit<'static, OfOneThread, Weigh>), ALL);
    assert_eq!(traits!(WeighedPermit<'static, Guard, Weigh>), NEITHER);
    assert_eq!(traits!(WeighedClosed<'static, OfOneThread>), ALL);
    assert_eq!(traits!(WeighedPush<'static, OfOneThread>), ONLY_SEND);
    assert_eq!(traits!(WeighedPush<'static, Guard>), NEITHER);
    assert_eq!(traits!(WeighedPermitError<OfOneThread>), ONLY_SEND);
}

#[test]
fn weighed_cursors_take_send_and_sync_from_items() {
    assert_eq!(traits!(WeighedCursor<Plain>), ALL);
    assert_eq!(traits!(WeighedCursor<OfOneThread>), ONLY_SEND);
    assert_eq!(traits!(WeighedCursor<Guard>), NEITHER);
    assert_eq!(traits!(StreamNext<'static, WeighedCursor<OfOneThread>>), ONLY_SEND);
    assert_eq!(traits!(SharedWeighedCursor<OfOneThread>), ALL);
    assert_eq!(traits!(SharedWeighedCursor<Guard>), NEITHER);
    assert_eq!(traits!(SharedWeighedNext<'static, OfOneThread>), ALL);
}

#[test]
fn errors_take_traits_from_items() {
    assert_eq!(traits!(PushError<Plain>), ALL);
    assert_eq!(traits!(PushError<OfOneThread>), ONLY_SEND);
    assert_eq!(traits!(PushError<Local>), NEITHER);
    assert_eq!(traits!(TryPushError<Plain>), ALL);
    assert_eq!(traits!(TryPushError<OfOneThread>), ONLY_SEND);
    assert_eq!(traits!(TryPushError<Local>), NEITHER);
    assert_eq!(traits!(PushTimeoutError<Plain>), ALL);
    assert_eq!(traits!(PushTimeoutError<OfOneThread>), ONLY_SEND);
    assert_eq!(traits!(PushTimeoutError<Local>), NEITHER);
    assert_eq!(traits!(PushAllError<Empty<Plain>>), ALL);
    assert_eq!(traits!(PushAllError<IntoIter<Local>>), NEITHER);
    assert_eq!(traits!(TryNextError), ALL);
}

#[test]
fn task_streams_take_traits_from_parts() {
    assert_eq!(traits!(Active<Plain, Plain>), ALL);
    assert_eq!(traits!(Active<OfOneThread, Plain>), ONLY_SEND);
    assert_eq!(traits!(Active<Local, Plain>), NEITHER);
    assert_eq!(traits!(Active<Plain, Local>), NEITHER);
    assert_eq!(traits!(Active<Opaque, Opaque>), ALL);
    assert_eq!(traits!(PreloadWith<Plain, Plain>), ALL);
    assert_eq!(traits!(PreloadWith<OfOneThread, Plain>), ONLY_SEND);
    assert_eq!(traits!(PreloadWith<Local, Plain>), NEITHER);
    assert_eq!(traits!(PreloadWith<Opaque, Opaque>), ALL);
    assert_eq!(traits!(MapParWith<Plain, Plain>), ALL);
    assert_eq!(traits!(MapParWith<OfOneThread, Plain>), ONLY_SEND);
    assert_eq!(traits!(MapParWith<Local, Plain>), NEITHER);
    assert_eq!(traits!(MapParWith<Plain, Local>), NEITHER);
    assert_eq!(traits!(MapParWith<Opaque, Opaque>), ALL);
    assert_eq!(traits!(UnblockIter<Plain, Plain>), ALL);
    assert_eq!(traits!(UnblockIter<Plain, Local>), NEITHER);
    assert_eq!(traits!(UnblockIter<Opaque, Opaque>), ALL);
}

#[test]
fn blocking_iters_take_traits_from_stream_and_fn() {
    // The iterator boxes the stream but holds the blocking function directly.
    assert_eq!(traits!(AiterToIter<Of<u8>, BlockOn>), ALL);
    assert_eq!(traits!(AiterToIter<Of<u8, Opaque>, BlockOn>), ALL);
    assert_eq!(traits!(AiterToIter<Of<u8, OfOneThread>, Plain>), ONLY_SEND);
    assert_eq!(traits!(AiterToIter<Of<u8, Local>, Plain>), NEITHER);
    assert_eq!(traits!(AiterToIter<Of<u8>, OfOneThread>), ONLY_SEND);
    assert_eq!(traits!(AiterToIter<Of<u8>, Local>), NEITHER);
    assert_eq!(traits!(AiterToIter<Of<u8>, Opaque>), [true, true, false]);
    assert_eq!(traits!(NextItem<'static, Of<u8, Opaque>>), ALL);
    assert_eq!(traits!(NextItem<'static, Of<u8, OfOneThread>>), ONLY_SEND);
    assert_eq!(traits!(NextItem<'static, Of<u8, Local>>), NEITHER);
    assert_eq!(traits!(BlockOn), ALL);
    assert_eq!(traits!(Elapsed), ALL);
    assert_eq!(traits!(BlockOnIdle<Plain>), ALL);
    assert_eq!(traits!(BlockOnIdle<OfOneThread>), ONLY_SEND);
    assert_eq!(traits!(BlockOnIdle<Local>), NEITHER);
    assert_eq!(traits!(ForbidBlocking<Plain>), ALL);
    assert_eq!(traits!(ForbidBlocking<OfOneThread>), ONLY_SEND);
    assert_eq!(traits!(ForbidBlocking<Local>), NEITHER);
    assert_eq!(traits!(ForbidBlocking<Opaque>), [true, true, false]);
}

#[test]
fn tasks_are_send_if_source_and_items_are() {
    use core::future::Ready;
    use futures_util::stream::{Iter, Repeat};
    assert_eq!(traits!(DriveTask<Iter<Empty<Plain>>>), ALL);
    assert_eq!(traits!(DriveTask<Repeat<OfOneThread>>)[..2], [true, false]);
    assert!(!traits!(DriveTask<Iter<Empty<Local>>>)[0]);
    assert_eq!(traits!(DriveTask<Repeat<Local>>), NEITHER);
    type Works<T, R> = MapWorker<Repeat<T>, fn(T) -> Ready<R>, Ready<R>>;
    assert_eq!(traits!(Works<Plain, Plain>), ALL);
    assert!(traits!(Works<OfOneThread, Plain>)[0]);
    assert_eq!(traits!(Works<Local, Plain>)[..2], [false, false]);
    assert_eq!(traits!(Works<Plain, Local>)[..2], [false, false]);
    type Starts<T, P> = WorkerStarter<Repeat<T>, P, fn(T) -> Ready<T>, Ready<T>>;
    assert_eq!(traits!(Starts<Plain, Plain>), ALL);
    assert_eq!(traits!(Starts<Plain, OfOneThread>), ONLY_SEND);
    assert_eq!(traits!(Starts<Plain, Local>), NEITHER);
    assert_eq!(traits!(Starts<Local, Plain>), NEITHER);
    assert_eq!(traits!(MapParWith<Plain, Plain, Starts<Plain, Plain>>), ALL);
}

/// A stream of items of type `T`, with the auto traits of `M`.
struct Of<T, M = u8>(PhantomData<fn() -> T>, PhantomData<M>);

impl<T, M> Stream for Of<T, M> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<T>> {
        Poll::Pending
    }
}

#[test]
fn joins_take_traits_from_source_and_streams() {
    // Inner streams are pinned on the heap, so only the source decides about `Unpin`.
    assert_eq!(traits!(JoinStreams<Of<Of<Local>>>), ALL);
    assert_eq!(traits!(JoinStreams<Of<Of<u8, Opaque>>>), ALL);
    assert_eq!(traits!(JoinStreams<Of<Of<u8, OfOneThread>>>), ONLY_SEND);
    assert_eq!(traits!(JoinStreams<Of<Of<u8, Guard>>>), [false, true, true]);
    assert_eq!(traits!(JoinStreams<Of<Of<u8, Local>>>), NEITHER);
    assert_eq!(traits!(JoinStreams<Of<Of<u8>, OfOneThread>>), ONLY_SEND);
    assert_eq!(traits!(JoinStreams<Of<Of<u8>, Local>>), NEITHER);
    assert_eq!(traits!(JoinStreams<Of<Of<u8>, Opaque>>), [true, true, false]);

    assert_eq!(traits!(JoinKeyed<Of<(u8, Of<Local>)>, u8, Of<Local>>), ALL);
    assert_eq!(traits!(JoinKeyed<Plain, Opaque, Opaque>), ALL);
    assert_eq!(traits!(JoinKeyed<Plain, OfOneThread, Plain>), ONLY_SEND);
    assert_eq!(traits!(JoinKeyed<Plain, Plain, Local>), NEITHER);
    assert_eq!(traits!(JoinKeyed<Opaque, Plain, Plain>), [true, true, false]);
    assert_eq!(traits!(KeyedEvent<Plain>), ALL);
    assert_eq!(traits!(KeyedEvent<Local>), NEITHER);

    assert_eq!(traits!(TryJoinStreams<Plain, Inner<Opaque>>), ALL);
    assert_eq!(traits!(TryJoinStreams<Plain, Inner<OfOneThread>>), ONLY_SEND);
    assert_eq!(traits!(TryJoinStreams<Plain, Inner<Local>>), NEITHER);
    assert_eq!(traits!(TryJoinStreams<Local, Inner<Plain>>), NEITHER);
    assert_eq!(traits!(TryJoinStreams<Opaque, Inner<Plain>>), [true, true, false]);
    assert_eq!(traits!(OnError), ALL);
    assert_eq!(traits!(TaskOutcome), ALL);
}

#[test]
fn forks_are_send_if_parts_are_and_always_unpin() {
    assert_eq!(traits!(ForkStream<Of<Plain>>), ALL);
    assert_eq!(traits!(ForkStream<Of<Plain, Opaque>>), ALL);
    // Forks poll the source under a lock, but read the items of the list concurrently.
    assert_eq!(traits!(ForkStream<Of<Plain, OfOneThread>>), ALL);
    assert_eq!(traits!(ForkStream<Of<OfOneThread>>), ONLY_SEND);
    assert_eq!(traits!(ForkStream<Of<Plain, Local>>), NEITHER);
    assert_eq!(traits!(ForkStream<Of<Local>>), NEITHER);
    assert_eq!(traits!(PassiveFork<Of<Plain, Opaque>>), ALL);
    assert_eq!(traits!(PassiveFork<Of<Plain, OfOneThread>>), ALL);
    assert_eq!(traits!(PassiveFork<Of<OfOneThread>>), ONLY_SEND);
    assert_eq!(traits!(PassiveFork<Of<Plain, Local>>), NEITHER);
    assert_eq!(traits!(PassiveFork<Of<Local>>), NEITHER);
}

#[test]
fn sharables_are_send_and_sync_if_source_is_send() {
    assert_eq!(traits!(Sharable<Of<Local>>), ALL);
    assert_eq!(traits!(Sharable<Of<Plain, Opaque>>), ALL);
    assert_eq!(traits!(Sharable<Of<Plain, OfOneThread>>), ALL);
    assert_eq!(traits!(Sharable<Of<Plain, Guard>>), NEITHER);
    assert_eq!(traits!(Sharable<Of<Plain, Local>>), NEITHER);
    assert_eq!(traits!(StreamNext<'static, Sharable<Of<Plain, OfOneThread>>>), ALL);
    assert_eq!(traits!(StreamNext<'static, Sharable<Of<Plain, Guard>>>), NEITHER);
}

#[test]
fn maps_take_traits_from_source_fn_and_futures() {
    use core::future::Ready;
    type F = fn(u8) -> Ready<u8>;
    assert_eq!(traits!(MapPar<Plain, F, Ready<Opaque>>), ALL);
    assert_eq!(traits!(MapPar<Plain, Opaque, Ready<u8>>), ALL);
    assert_eq!(traits!(MapPar<Opaque, F, Ready<u8>>), [true, true, false]);
    assert_eq!(traits!(MapPar<OfOneThread, F, Ready<u8>>), ONLY_SEND);
    assert_eq!(traits!(MapPar<Plain, OfOneThread, Ready<u8>>), ONLY_SEND);
    assert_eq!(traits!(MapPar<Plain, F, Ready<OfOneThread>>), ONLY_SEND);
    assert_eq!(traits!(MapPar<Local, F, Ready<u8>>), NEITHER);
    assert_eq!(traits!(MapPar<Plain, Local, Ready<u8>>), NEITHER);
    assert_eq!(traits!(MapPar<Plain, F, Ready<Local>>), NEITHER);
    assert_eq!(traits!(IterToAiter<Empty<Plain>>), ALL);
}

#[test]
fn flattened_streams_take_traits_from_parts() {
    use core::{array, future::Ready};
    use futures_util::stream::Repeat;
    type Call<T> = fn(T) -> Ready<[T; 1]>;
    type Flat<T> = FlattenIter<Repeat<[T; 1]>>;
    assert_eq!(traits!(Flat<Plain>), ALL);
    assert_eq!(traits!(Flat<OfOneThread>), ONLY_SEND);
    assert_eq!(traits!(Flat<Local>), NEITHER);
    assert_eq!(traits!(FlattenIter<futures_util::stream::Empty<array::IntoIter<Opaque, 1>>>), ALL);
    assert_eq!(traits!(MapFilter<Repeat<Plain>, fn(Plain) -> [Plain; 1], [Plain; 1]>), ALL);
    assert_eq!(traits!(MapFilter<Repeat<Plain>, Local, [Plain; 1]>), NEITHER);
    assert_eq!(traits!(MapFilter<Repeat<Plain>, Plain, [Local; 1]>), NEITHER);
    assert_eq!(traits!(MapFilterAsync<Repeat<Plain>, Call<Plain>, Ready<[Plain; 1]>>), ALL);
    assert_eq!(traits!(MapFilterAsync<Repeat<Local>, Call<Local>, Ready<[Local; 1]>>), NEITHER);
}

#[test]
fn map_try_takes_traits_from_parts_and_errors() {
    use futures_util::stream::Repeat;
    assert_eq!(traits!(MapTry<Repeat<Plain>, Plain, Plain>), ALL);
    assert_eq!(traits!(MapTry<Repeat<OfOneThread>, Plain, Plain>), ONLY_SEND);
    assert_eq!(traits!(MapTry<Repeat<Plain>, Local, Plain>), NEITHER);
    assert_eq!(traits!(MapTry<Repeat<Plain>, Plain, Plain, Local>), NEITHER);
    assert_eq!(traits!(CatchPanics<Plain>), ALL);
    assert_eq!(traits!(CatchPanics<OfOneThread>), ONLY_SEND);
    assert_eq!(traits!(CatchPanics<Local>), NEITHER);
    assert_eq!(traits!(MapError<Plain>), ALL);
    assert_eq!(traits!(MapError<OfOneThread>), ONLY_SEND);
    assert_eq!(traits!(MapError<Local>), NEITHER);
    assert_eq!(traits!(CaughtPanic), ALL);
}

/// Neither `UnwindSafe` nor `RefUnwindSafe`.
type Fragile = &'static mut Cell<u8>;

const BOTH: [bool; 2] = [true, true];
const NONE: [bool; 2] = [false, false];

#[test]
fn list_handles_are_unwind_safe_for_all_items() {
    assert_eq!(unwinds!(Fragile), NONE);
    // Channels of `std` are unwind safe for all items, too.
    assert_eq!(unwinds!(std::sync::mpsc::Sender<Fragile>), BOTH);
    assert_eq!(unwinds!(std::sync::mpsc::Receiver<Fragile>), BOTH);
    assert_eq!(unwinds!(BoundedPusher<Fragile>), BOTH);
    assert_eq!(unwinds!(WeakBoundedPusher<Fragile>), BOTH);
    assert_eq!(unwinds!(BoundedCursor<Fragile>), BOTH);
    assert_eq!(unwinds!(SharedBoundedCursor<Fragile>), BOTH);
    assert_eq!(unwinds!(Subscriber<Fragile>), BOTH);
    assert_eq!(unwinds!(Permit<'static, Fragile>), BOTH);
    assert_eq!(unwinds!(OwnedPermit<Fragile>), BOTH);
    assert_eq!(unwinds!(PushSink<Fragile>), BOTH);
    assert_eq!(unwinds!(LossyPusher<Fragile>), BOTH);
    assert_eq!(unwinds!(WeakLossyPusher<Fragile>), BOTH);
    assert_eq!(unwinds!(LossyCursor<Fragile>), BOTH);
    assert_eq!(unwinds!(LossySink<Fragile>), BOTH);
    assert_eq!(unwinds!(WeighedPusher<Fragile, fn(&Fragile) -> usize>), BOTH);
    assert_eq!(unwinds!(WeighedPusher<u8, Fragile>), NONE);
    assert_eq!(unwinds!(WeighedCursor<Fragile>), BOTH);
    assert_eq!(unwinds!(SharedWeighedCursor<Fragile>), BOTH);
    assert_eq!(unwinds!(Pusher<Fragile>), BOTH);
    assert_eq!(unwinds!(WeakPusher<Fragile>), BOTH);
    assert_eq!(unwinds!(UniquePusher<'static, Fragile>), BOTH);
    assert_eq!(unwinds!(BoundedSubscriber<Fragile>), BOTH);
    assert_eq!(unwinds!(Replay<Fragile>), BOTH);
    assert_eq!(unwinds!(Closed<'static, Fragile>), BOTH);
    assert_eq!(unwinds!(NoWakePusher<Fragile>), BOTH);
    assert_eq!(unwinds!(Cursor<Fragile>), BOTH);
    assert_eq!(unwinds!(NoWakeCursor<Fragile>), BOTH);
    assert_eq!(unwinds!(SharedCursor<Fragile>), BOTH);
    assert_eq!(unwinds!(Preflight<Fragile, Flight>), BOTH);
    assert_eq!(unwinds!(Preflight<Fragile, Fragile>), NONE);
    assert_eq!(unwinds!(AvailableIter<'static, Plain>), BOTH);
    assert_eq!(unwinds!(AvailableIter<'static, OfOneThread>), NONE);
    // A mutable borrow of a cursor is not `UnwindSafe`.
    assert_eq!(unwinds!(NextMany<'static, Plain>), [false, true]);
    assert_eq!(unwinds!(Next<'static, Fragile>), [false, true]);
    assert_eq!(unwinds!(PreflightNext<'static, Fragile, Flight>), [false, true]);
    assert_eq!(unwinds!(PreflightNextMany<'static, Plain, Flight>), [false, true]);
    assert_eq!(unwinds!(SharedNext<'static, Fragile>), [false, true]);
    assert_eq!(unwinds!(SharedNextMany<'static, Plain>), [false, true]);
    assert_eq!(unwinds!(Stopper), BOTH);
    assert_eq!(unwinds!(Gate), BOTH);
    assert_eq!(unwinds!(Active<Fragile, Plain>), BOTH);
    assert_eq!(unwinds!(PreloadWith<Fragile, Plain>), BOTH);
    assert_eq!(unwinds!(UnblockIter<Fragile, Plain>), BOTH);
    // The stream sorts the results itself.
    assert_eq!(unwinds!(MapParWith<Plain, Plain>), BOTH);
}

/// Adapters that poll a source take `UnwindSafe` and `RefUnwindSafe` from it.
#[test]
fn adapters_are_unwind_safe_if_source_is() {
    use core::future::Ready;
    use futures_util::stream::Repeat;
    type Source = Of<u8>;
    type F = fn(u8) -> Ready<u8>;
    assert_eq!(unwinds!(Source), BOTH);
    assert_eq!(unwinds!(ForkStream<Source>), BOTH);
    assert_eq!(unwinds!(PassiveFork<Source>), BOTH);
    assert_eq!(unwinds!(BoundedFork<Source>), BOTH);
    assert_eq!(unwinds!(Sharable<Source>), BOTH);
    assert_eq!(unwinds!(DriveTask<Source>), BOTH);
    assert_eq!(unwinds!(MapWorker<Repeat<u8>, F, Ready<u8>>), BOTH);
    assert_eq!(unwinds!(JoinStreams<Of<Source>>), BOTH);
    assert_eq!(unwinds!(JoinKeyed<Of<(u8, Source)>, u8, Source>), BOTH);
    assert_eq!(unwinds!(TryJoinStreams<Of<Source>, Source>), BOTH);
    assert_eq!(unwinds!(MapPar<Source, F, Ready<u8>>), BOTH);
    assert_eq!(unwinds!(Gated<Source>), BOTH);
    assert_eq!(unwinds!(Stoppable<Source>), BOTH);
    assert_eq!(unwinds!(Preload<Source>), BOTH);
    assert_eq!(unwinds!(Azip<(Source, Source)>), BOTH);
    assert_eq!(unwinds!(StrictAzip<(Source, Source)>), BOTH);
    assert_eq!(unwinds!(IterToAiter<Empty<u8>>), BOTH);
    assert_eq!(unwinds!(FlattenIter<Repeat<[u8; 1]>>), BOTH);
    assert_eq!(unwinds!(MapFilter<Source, fn(u8) -> [u8; 1], [u8; 1]>), BOTH);
    assert_eq!(unwinds!(MapFilterAsync<Source, fn(u8) -> Ready<[u8; 1]>, Ready<[u8; 1]>>), BOTH);
    assert_eq!(unwinds!(MapTry<Source, F, Ready<u8>>), BOTH);
    assert_eq!(unwinds!(AiterToIter<Source, BlockOn>), BOTH);
    assert_eq!(unwinds!(BlockOn), BOTH);
    type Local = Of<u8, Fragile>;
    assert!(!unwinds!(ForkStream<Local>)[0]);
    assert!(!unwinds!(Sharable<Local>)[0]);
    assert!(!unwinds!(JoinStreams<Of<u8, Local>>)[0]);
    assert!(!unwinds!(Gated<Local>)[0]);
    assert!(!unwinds!(MapPar<Source, Fragile, Ready<u8>>)[0]);
}

#[test]
fn handles_are_unpin_for_pinned_items() {
    assert!(traits!(Pusher<Opaque>)[2]);
    assert!(traits!(WeakPusher<Opaque>)[2]);
    assert!(traits!(UniquePusher<'static, Opaque>)[2]);
    assert!(traits!(Subscriber<Opaque>)[2]);
    assert!(traits!(Replay<Opaque>)[2]);
    assert!(traits!(Closed<'static, Opaque>)[2]);
    assert!(traits!(NoWakePusher<Opaque>)[2]);
    assert!(traits!(NoWakeCursor<Opaque>)[2]);
    assert!(traits!(Cursor<Opaque>)[2]);
    assert!(traits!(SharedCursor<Opaque>)[2]);
    assert!(traits!(Next<'static, Opaque>)[2]);
    assert!(traits!(NextMany<'static, Opaque>)[2]);
    assert!(traits!(AvailableIter<'static, Opaque>)[2]);
    assert!(traits!(Preflight<Opaque, Flight>)[2]);
}

#[test]
fn debug_and_error_need_no_bound_on_items() {
    fn is_debug<T: Debug>() {}
    fn is_error<T: Error>() {}
    is_debug::<BoundedPusher<Opaque>>();
    is_debug::<WeakBoundedPusher<Opaque>>();
    is_debug::<BoundedCursor<Opaque>>();
    is_debug::<StreamNext<'_, BoundedCursor<Opaque>>>();
    is_debug::<StreamNextMany<'_, BoundedCursor<Opaque>>>();
    is_debug::<SharedBoundedCursor<Opaque>>();
    is_debug::<SharedBoundedNext<'_, Opaque>>();
    is_debug::<SharedBoundedNextMany<'_, Opaque>>();
    is_debug::<Subscriber<Opaque>>();
    is_debug::<Permit<'_, Opaque>>();
    is_debug::<Permits<'_, Opaque>>();
    is_debug::<OwnedPermit<Opaque>>();
    is_debug::<Push<'_, Opaque>>();
    is_debug::<PushAll<'_, Opaque, Empty<Opaque>>>();
    is_debug::<Reserve<'_, Opaque>>();
    is_debug::<ReserveMany<'_, Opaque>>();
    is_debug::<ReserveOwned<Opaque>>();
    is_debug::<PushSink<Opaque>>();
    is_error::<PushSinkError<Opaque>>();
    is_debug::<LossyPusher<Opaque>>();
    is_debug::<WeakLossyPusher<Opaque>>();
    is_debug::<LossySubscriber<Opaque>>();
    is_debug::<LossyCursor<Opaque>>();
    is_debug::<StreamNext<'_, LossyCursor<Opaque>>>();
    is_debug::<StreamNextMany<'_, LossyCursor<Opaque>>>();
    is_debug::<LossySink<Opaque>>();
    is_error::<LossyPushAllError<Empty<Opaque>>>();
    is_debug::<WeighedPusher<Opaque, Opaque>>();
    is_debug::<WeighedCursor<Opaque>>();
    is_debug::<StreamNextMany<'_, WeighedCursor<Opaque>>>();
    is_debug::<SharedWeighedCursor<Opaque>>();
    is_debug::<SharedWeighedNext<'_, Opaque>>();
    is_debug::<WeighedPush<'_, Opaque>>();
    is_debug::<WeighedReserve<'_, Opaque, Opaque>>();
    is_debug::<WeighedPermit<'_, Opaque, Opaque>>();
    is_debug::<WeighedClosed<'_, Opaque>>();
    is_error::<WeighedPermitError<Opaque>>();
    is_debug::<Pusher<Opaque>>();
    is_debug::<WeakPusher<Opaque>>();
    is_debug::<UniquePusher<'_, Opaque>>();
    is_debug::<BoundedSubscriber<Opaque>>();
    is_debug::<Replay<Opaque>>();
    is_debug::<Closed<'_, Opaque>>();
    is_debug::<NoWakePusher<Opaque>>();
    is_debug::<NoWakeCursor<Opaque>>();
    is_debug::<Cursor<Opaque>>();
    is_debug::<SharedCursor<Opaque>>();
    is_debug::<NextMany<'_, Opaque>>();
    is_debug::<Next<'_, Opaque>>();
    is_debug::<PreflightNext<'_, Opaque, Opaque>>();
    is_debug::<PreflightNextMany<'_, Opaque, Opaque>>();
    is_debug::<SharedNext<'_, Opaque>>();
    is_debug::<SharedNextMany<'_, Opaque>>();
    is_debug::<AvailableIter<'_, Opaque>>();
    is_debug::<Preflight<Opaque, Box<dyn FnMut(&mut Context<'_>)>>>();
    is_debug::<Active<Opaque, Opaque>>();
    is_debug::<PreloadWith<Opaque, Opaque>>();
    is_debug::<MapParWith<Opaque, Opaque>>();
    is_debug::<UnblockIter<Opaque, Opaque>>();
    is_debug::<AiterToIter<Opaque, Opaque>>();
    is_debug::<NextItem<'_, Opaque>>();
    is_debug::<BlockOn>();
    is_debug::<BlockOnIdle<Opaque>>();
    is_debug::<ForbidBlocking<Opaque>>();
    is_debug::<MapWorker<futures_util::stream::Empty<Opaque>, Opaque, core::future::Ready<Opaque>>>(
    );
    is_debug::<DriveTask<futures_util::stream::Empty<Opaque>>>();
    is_debug::<JoinStreams<Of<Opaque, Opaque>>>();
    is_debug::<JoinKeyed<Opaque, Opaque, Opaque>>();
    is_debug::<TryJoinStreams<Opaque, Inner<Opaque>>>();
    is_debug::<ForkStream<Of<Opaque, Opaque>>>();
    is_debug::<PassiveFork<Of<Opaque>>>();
    is_debug::<Sharable<Opaque>>();
    is_debug::<MapPar<Opaque, Opaque, core::future::Ready<Opaque>>>();
    is_debug::<Azip<Vec<futures_util::stream::Pending<Opaque>>>>();
    is_debug::<StrictAzip<Vec<futures_util::stream::Pending<Opaque>>>>();
    is_debug::<MapTry<Opaque, Opaque, Opaque, Opaque>>();
    is_debug::<CatchPanics<Plain>>();
    is_debug::<WorkerStarter<Opaque, Opaque, Opaque, core::future::Ready<Opaque>>>();
    is_error::<PushError<Opaque>>();
    is_error::<CaughtPanic>();
    is_error::<MapError<CaughtPanic>>();
    is_error::<TryPushError<Opaque>>();
    is_error::<PushAllError<IntoIter<Opaque>>>();
    is_error::<TryNextError>();
    is_error::<Elapsed>();
}
