//! The streams, futures and handles that the methods of [`AiterExt`](crate::AiterExt), of the
//! cursors and of the pushers return.
//!
//! A program names them where it stores them, for example in a struct.

#[cfg(feature = "std")]
#[doc(inline)]
pub use aiter_adapters::CatchPanics;
#[doc(inline)]
pub use aiter_adapters::{
    Active, Azip, AzipSources, BoundedFork, DriveTask, FlattenIter, ForEachProgress, ForkStream,
    Gated, IterToAiter, JoinKeyed, MapFilter, MapFilterAsync, MapPar, MapParWith, MapTry,
    MapWorker, PassiveFork, Preload, PreloadWith, Sharable, StartWorkers, Stoppable, StreamNext,
    StrictAzip, TryJoinStreams, WorkerStarter,
};
#[doc(inline)]
pub use aiter_core::{
    AvailableIter, Closed, Next, NextMany, Preflight, PreflightNext, SharedNext, SharedNextMany,
};
#[cfg(feature = "std")]
#[doc(inline)]
pub use aiter_executor_compat::UnblockIter;
