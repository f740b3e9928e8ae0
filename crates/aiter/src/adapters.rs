//! What the root leaves out: types that a program stores or matches now and then.
//!
//! - The streams and futures that the methods of [`AiterExt`](crate::AiterExt), of cursors and of
//!   pushers return.
//! - The other handles of a bounded list: permits, weak pushers, subscribers, shared cursors and
//!   the sink.
//! - `bounded_by`, the bounded list whose capacity is a weight, with its handles.
//! - Error types of rare operations, the outcome of a task, and the parts of a custom `block_on`.

#[cfg(all(feature = "std", feature = "sink"))]
#[doc(inline)]
pub use aiter_adapters::LossySink;
#[doc(inline)]
pub use aiter_adapters::{
    Active, Azip, AzipSources, BoundedFork, DriveTask, ErrorRule, FlattenIter, ForEachProgress,
    ForkStream, GateError, Gated, IterToAiter, JoinKeyed, JoinStreams, MapFilter, MapFilterAsync,
    MapPar, MapParWith, MapTry, MapWorker, PassiveFork, Preload, PreloadWith, Sharable,
    StartWorkers, Stoppable, StreamNext, StrictAzip, TaskOutcome, TryJoinStreams, UnequalLengths,
    WorkerStarter,
};
#[cfg(any(feature = "critical-section", feature = "std"))]
#[doc(inline)]
pub use aiter_adapters::{
    BoundedSubscriber, OwnedPermit, Permit, Permits, Push, PushAll, Reserve, ReserveMany,
    ReserveManyError, ReserveOwned, SharedBoundedCursor, SharedBoundedNext, SharedBoundedNextMany,
    StreamNextMany, TryReserveError, WeakBoundedPusher,
};
#[cfg(feature = "std")]
#[doc(inline)]
pub use aiter_adapters::{
    CatchPanics, CaughtPanic, LossyPushAllError, LossySubscriber, MapError, WeakLossyPusher,
};
#[cfg(all(any(feature = "critical-section", feature = "std"), feature = "sink"))]
#[doc(inline)]
pub use aiter_adapters::{PushSink, PushSinkError};
#[cfg(any(feature = "critical-section", feature = "std"))]
#[doc(inline)]
pub use aiter_adapters::{
    SharedWeighedCursor, SharedWeighedNext, WeighedClosed, WeighedCursor, WeighedPermit,
    WeighedPermitError, WeighedPush, WeighedPusher, WeighedReserve, bounded_by,
};
#[doc(inline)]
pub use aiter_core::{
    AvailableIter, Closed, Next, NextMany, Preflight, PreflightNext, PreflightNextMany,
    PushAllError, SharedNext, SharedNextMany,
};
#[doc(inline)]
pub use aiter_executor_compat::{BlockOnNext, IdleHint, NextItem};
#[cfg(feature = "std")]
#[doc(inline)]
pub use aiter_executor_compat::{ForbidBlocking, PushTimeoutError, UnblockIter};
