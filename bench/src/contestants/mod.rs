//! The contestants, one crate per file.

mod aiter;
mod async_broadcast;
mod async_channel;
mod asyncband;
mod chute;
mod crossbeam;
mod crossfire;
mod flume;
mod futures;
mod kanal;
mod maps;
mod tokio;
mod traits;
mod vec;

pub(crate) use aiter::{
    Aiter, AiterBounded, AiterDropOldest, AiterForks, AiterForksMany, AiterShared, AiterUnique,
};
pub(crate) use async_broadcast::{AsyncBroadcast, AsyncBroadcastOverflow};
pub(crate) use async_channel::{AsyncChannel, AsyncChannelBounded};
pub(crate) use asyncband::{AsyncbandBroadcast, AsyncbandMpmc, AsyncbandMpsc};
pub(crate) use chute::Chute;
pub(crate) use crossbeam::Crossbeam;
pub(crate) use crossfire::{CrossfireMpmc, CrossfireMpsc, CrossfireSpsc};
pub(crate) use flume::{Flume, FlumeBounded};
pub(crate) use futures::Futures;
pub(crate) use kanal::{Kanal, KanalBounded};
pub(crate) use maps::{
    AiterMap, AiterMapWith, BufferUnordered, Buffered, FuturesBuffered, MapInTask, MapSpawned,
    Then, TokioJoinSet, Workers,
};
pub(crate) use tokio::{Tokio, TokioBounded, TokioBroadcast};
pub(crate) use traits::{
    Bounded, BoundedChannel, Broadcast, BroadcastChannel, Channel, Forks, InRuns, Queue,
};
pub(crate) use vec::{Floor, FloorReaders};
