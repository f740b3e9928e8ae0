#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

mod active;
mod azip;
mod azip_sources;
mod budget;
#[cfg(feature = "std")]
mod catch_panics;
mod caught;
mod drive;
mod error_rule;
mod ext;
#[cfg(feature = "std")]
mod failure;
mod feed;
mod finished;
mod flatten_iter;
mod flattener;
mod for_each_progress;
mod forker;
mod forker_bounded;
mod gated;
mod inlet;
mod iter_to_aiter;
mod join_keyed;
mod join_streams;
mod joiner;
mod link;
mod map_filter;
mod map_filter_async;
mod map_par;
mod map_par_with;
mod map_try;
mod on_error;
mod outcome;
mod passive_fork;
mod pool;
mod preload;
mod preload_with;
mod progress;
mod ring;
mod sharable;
mod source;
mod spawn;
mod starter;
mod stoppable;
mod strict_azip;
mod sync;
mod try_join_streams;
mod unwind;
mod window;
mod worker;

pub use active::Active;
pub use azip::{Azip, azip};
pub use azip_sources::AzipSources;
#[cfg(feature = "std")]
pub use catch_panics::CatchPanics;
pub use drive::Drive;
pub use error_rule::ErrorRule;
pub use ext::AiterExt;
#[cfg(feature = "std")]
pub use failure::{Failure, Panic};
pub use flatten_iter::FlattenIter;
pub use for_each_progress::ForEachProgress;
pub use forker::Fork;
pub use forker_bounded::BoundedFork;
pub use gated::{Gate, GateError, Gated};
pub use iter_to_aiter::{IterToAiter, iter_to_aiter};
pub use join_keyed::{Event, JoinKeyed};
pub use join_streams::JoinStreams;
pub use map_filter::MapFilter;
pub use map_filter_async::MapFilterAsync;
pub use map_par::MapPar;
pub use map_par_with::MapParWith;
pub use map_try::MapTry;
pub use on_error::OnError;
pub use outcome::Outcome;
pub use passive_fork::PassiveFork;
pub use preload::Preload;
pub use preload_with::PreloadWith;
pub use progress::Progress;
pub use ring::Lag;
pub use sharable::{Sharable, SharableNext};
pub use spawn::Spawn;
pub use starter::{StartWorkers, Starter};
pub use stoppable::{Stoppable, Stopper};
pub use strict_azip::{StrictAzip, Unequal};
pub use try_join_streams::TryJoinStreams;
pub use worker::Worker;
