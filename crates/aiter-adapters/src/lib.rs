#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

mod azip;
#[cfg(any(feature = "critical-section", feature = "std"))]
mod bounded;
#[cfg(feature = "std")]
mod catch_panics;
#[cfg(feature = "std")]
mod caught_panic;
mod ext;
mod flatten_iter;
mod for_each_progress;
mod fork;
mod fork_bounded;
mod gated;
mod iter_to_aiter;
mod join;
mod map;
mod on_error;
mod outcome;
mod preload;
mod progress;
mod sharable;
mod spawn;
mod spawned;
mod stoppable;
mod sync;
mod util;

pub use azip::{Azip, AzipSources, StrictAzip, UnequalLengths, azip};
#[cfg(all(feature = "std", feature = "sink"))]
pub use bounded::LossySink;
#[cfg(any(feature = "critical-section", feature = "std"))]
pub use bounded::{
    BoundedCursor, BoundedPusher, BoundedSubscriber, OwnedPermit, Permit, Permits, Push, PushAll,
    Reserve, ReserveMany, ReserveManyError, ReserveOwned, SharedBoundedCursor, SharedBoundedNext,
    SharedBoundedNextMany, StreamNextMany, TryReserveError, WeakBoundedPusher, bounded,
};
#[cfg(feature = "std")]
pub use bounded::{
    LossyCursor, LossyPolicy, LossyPushAllError, LossyPusher, LossySubscriber, WeakLossyPusher,
    bounded_lossy,
};
#[cfg(all(any(feature = "critical-section", feature = "std"), feature = "sink"))]
pub use bounded::{PushSink, PushSinkError};
#[cfg(any(feature = "critical-section", feature = "std"))]
pub use bounded::{
    SharedWeighedCursor, SharedWeighedNext, WeighedClosed, WeighedCursor, WeighedPermit,
    WeighedPermitError, WeighedPush, WeighedPusher, WeighedReserve, bounded_by,
};
#[cfg(feature = "std")]
pub use catch_panics::CatchPanics;
#[cfg(feature = "std")]
pub use caught_panic::CaughtPanic;
pub use ext::AiterExt;
pub use flatten_iter::FlattenIter;
pub use for_each_progress::ForEachProgress;
pub use fork::{ForkStream, PassiveFork};
pub use fork_bounded::{BoundedFork, LagPolicy};
pub use gated::{Gate, GateError, Gated};
pub use iter_to_aiter::{IterToAiter, iter_to_aiter};
pub use join::{JoinKeyed, JoinStreams, KeyedEvent, TryJoinStreams};
#[cfg(feature = "std")]
pub use map::MapError;
pub use map::{MapFilter, MapFilterAsync, MapPar, MapTry};
pub use on_error::{ErrorRule, OnError};
pub use outcome::TaskOutcome;
pub use preload::Preload;
pub use progress::Progress;
pub use sharable::Sharable;
pub use spawn::Spawn;
pub use spawned::{
    Active, DriveTask, MapParWith, MapWorker, PreloadWith, StartWorkers, WorkerStarter,
};
pub use stoppable::{Stoppable, Stopper};
pub use util::StreamNext;
