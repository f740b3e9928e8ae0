#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

mod budget;
mod ext;
mod forker;
mod iter_to_aiter;
mod join_keyed;
mod join_streams;
mod joiner;
mod on_error;
mod outcome;
mod pool;
mod sharable;
mod sync;
mod try_join_streams;

pub use ext::AiterExt;
pub use forker::{Fork, PassiveFork};
pub use iter_to_aiter::{IterToAiter, iter_to_aiter};
pub use join_keyed::{Event, JoinKeyed};
pub use join_streams::JoinStreams;
pub use on_error::OnError;
pub use outcome::Outcome;
pub use sharable::Sharable;
pub use try_join_streams::TryJoinStreams;
