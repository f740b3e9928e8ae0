//! The adapters with tasks of their own.

mod active;
mod channel;
mod drive_task;
mod inbox;
mod job;
mod map_par_with;
mod map_worker;
mod permits;
mod preload_with;
mod receiver;
mod sender;
mod shared_source;
mod starter;
mod worker_slot;

pub use active::Active;
pub use drive_task::DriveTask;
pub use map_par_with::MapParWith;
pub use map_worker::MapWorker;
pub use preload_with::PreloadWith;
pub use starter::{StartWorkers, WorkerStarter};
