//! The lossy bounded list: a push list whose pushes never wait. A cursor that lags loses items.
//!
//! A push appends its item, and then *cuts* each cursor that is more than `cap` items behind: it
//! takes the core cursor from the cursor's seat. `seat.rs` holds the seat of one cursor,
//! `keeper.rs` keeps the newest `cap` items for all cursors that are cut, and `list.rs` decides
//! when to cut. The other files are the handles.
//!
//! # Cost
//! A push takes the slow lock once a cursor or the keeper is too far behind. It then looks at each
//! cursor that is not cut. A cursor that is cut costs nothing until it is read or dropped.
//!
//! So a thousand cursors at one position that are never read cost one such push, because it cuts
//! all of them. A thousand cursors at as many positions cost a thousand, each with a look at the
//! rest.

mod control;
mod cursor;
mod cursor_control;
mod hooks;
mod keeper;
mod list;
mod next;
mod push_all;
mod pusher;
mod queries;
mod seat;
#[cfg(feature = "sink")]
mod sink;
mod skip;
mod subscriber;
mod weak;

pub use cursor::LossyCursor;
pub use push_all::LossyPushAllError;
pub use pusher::{LossyPusher, bounded_lossy};
#[cfg(feature = "sink")]
pub use sink::LossySink;
pub use subscriber::LossySubscriber;
pub use weak::WeakLossyPusher;

/// The way in which a lossy list handles a cursor that is more than `cap` items behind.
///
/// # Examples
/// See [`LossyCursor`], [`LossyCursor::is_lagged`] and [`LossyCursor::missed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LossyPolicy {
    /// The cursor misses the oldest items. Its next read returns the oldest of the newest `cap`
    /// items, and [`LossyCursor::missed`] counts the items that it has lost.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../../docs/marbles/drop_oldest.svg"))]
    DropOldest,
    /// The cursor is cut off. Its stream ends, and [`LossyCursor::is_lagged`] returns `true`.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../../docs/marbles/disconnect.svg"))]
    Disconnect,
}

/// The largest number of items that wait for the keeper to move on.
const MAX_STEP: usize = 32;

/// Returns `true` if an index is before another one. Indices wrap around.
fn is_before(index: usize, other: usize) -> bool {
    index.wrapping_sub(other) > usize::MAX / 2
}
