//! See a program's lists and streams while it runs: lag, counts, waiters and the oldest item.
//!
//! Requires the feature `inspect`. The program names a list, a cursor or a stream once, in a
//! [`Registry`], and takes a [`Snapshot`] whenever it likes. A snapshot is plain data. It renders
//! as a text table ([`Display`](core::fmt::Display)) and as a graph
//! ([`mermaid`](Snapshot::mermaid)). With the features `metrics` and `tracing`, the crates of these
//! names record it ([`record_metrics`](Snapshot#method.record_metrics),
//! [`emit_events`](Snapshot#method.emit_events)).
//!
//! ```
//! use aiter::{inspect::Registry, prelude::*};
//!
//! static PIPELINE: Registry = Registry::new();
//!
//! # aiter::BlockOn::new().block_on(async {
//! let (pusher, cursor) = bounded(4);
//! let pusher = PIPELINE.list("readings", pusher);
//! let alarms = PIPELINE.cursor("alarms", cursor.fork());
//! let mut high = PIPELINE.stream("high", alarms.map_filter(|n| (n > 30).then_some(n)));
//! let recorder = PIPELINE.cursor("recorder", cursor);
//!
//! for reading in [21, 35, 28] {
//!     pusher.push(reading).await?;
//! }
//! assert_eq!(high.next().await, Some(35));
//!
//! println!("{}", PIPELINE.snapshot());
//! // list      pushed  refused  retained  used  pushers  cursors  waiting  oldest  state
//! // readings       3        0         3   3/4        1        2        0     0ms  open
//! //
//! // stream    taken  missed  polls  lag  depth  waiting  oldest  idle  list
//! // alarms        2       0      2    1      1      0/1     0ms   0ms  readings
//! // high          1       0      1    -      0      0/1       -   0ms  -
//! // recorder      0       0      0    3      0      0/1     0ms     -  readings
//! # drop(recorder);
//! # Ok::<(), aiter::PushError<i32>>(())
//! # }).unwrap();
//! ```
//!
//! # What it costs
//! A list without a name costs nothing, because a list knows nothing of registries. Of a list with
//! a name, each push and each read reads the clock and adds to a few counters. A snapshot takes
//! time for each name and each handle. `ci/budget.sh` of the repository counts the instructions.
//!
//! # What was not taken
//! - **Counters in the list.** They would cost every program. The list's indices tell how many
//!   items were pushed, and a cursor's index tells its lag.
//! - **A timer or a thread.** The program knows when to look: each second, at a key, at a request.
//! - **A global registry.** Two parts of a program would share names, and a test would see the
//!   lists of other tests. A program that wants one puts a [`Registry`] into a static.
//! - **A time stamp in each item.** It would change the type of the items. Samples of the list's
//!   length give a lower bound instead; see [`StreamRow::oldest`].
//! - **A row for each handle.** A server would have one for each connection. Handles of one name
//!   are one row.

mod entries;
mod inspected;
mod list;
mod lock;
mod mermaid;
#[cfg(feature = "metrics")]
mod metrics;
mod nest;
mod position;
mod probe;
mod pusher;
mod registry;
mod samples;
mod snapshot;
mod stream;
mod survey;
mod text;
#[cfg(feature = "tracing")]
mod tracing;

pub use inspected::Inspected;
pub use position::ListCursor;
pub use probe::ListPusher;
pub use pusher::InspectedPusher;
pub use registry::Registry;
pub use snapshot::{Edge, ListRow, Node, Snapshot, StreamRow};
