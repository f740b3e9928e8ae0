mod join_keyed;
mod join_streams;
mod joiner;
mod try_join_streams;

pub use join_keyed::{JoinKeyed, KeyedEvent};
pub use join_streams::JoinStreams;
pub use try_join_streams::TryJoinStreams;
