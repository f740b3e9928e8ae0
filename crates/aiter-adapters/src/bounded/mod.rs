//! The bounded list: a push list with a gate in front of it.
//!
//! The folder `gate/` admits pushes, and knows nothing of items. The folder `lossy/` holds the list
//! whose pushes never wait, and `weighed/` the list whose capacity is a weight. Each other file
//! holds a handle or its futures.

mod control;
mod cursor;
mod cursor_control;
mod error;
mod gate;
mod hooks;
mod list;
#[cfg(feature = "std")]
mod lossy;
mod next;
mod next_many;
mod permit;
mod push;
mod push_all;
mod pusher;
mod reserve;
mod shared;
mod shared_next;
#[cfg(feature = "sink")]
mod sink;
mod skip;
mod subscriber;
mod weak;
mod weighed;

pub use cursor::BoundedCursor;
pub use error::{ReserveManyError, TryReserveError};
#[cfg(all(feature = "std", feature = "sink"))]
pub use lossy::LossySink;
#[cfg(feature = "std")]
pub use lossy::{
    LossyCursor, LossyPolicy, LossyPushAllError, LossyPusher, LossySubscriber, WeakLossyPusher,
    bounded_lossy,
};
pub use next_many::StreamNextMany;
pub use permit::{OwnedPermit, Permit, Permits};
pub use push::Push;
pub use push_all::PushAll;
pub use pusher::{BoundedPusher, bounded};
pub use reserve::{Reserve, ReserveMany, ReserveOwned};
pub use shared::SharedBoundedCursor;
pub use shared_next::{SharedBoundedNext, SharedBoundedNextMany};
#[cfg(feature = "sink")]
pub use sink::{PushSink, PushSinkError};
pub use subscriber::BoundedSubscriber;
pub use weak::WeakBoundedPusher;
pub use weighed::{
    SharedWeighedCursor, SharedWeighedNext, WeighedClosed, WeighedCursor, WeighedPermit,
    WeighedPermitError, WeighedPush, WeighedPusher, WeighedReserve, bounded_by,
};
