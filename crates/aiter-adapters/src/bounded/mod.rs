//! The bounded list: a push list with a gate in front of it.
//!
//! `gate/` decides who may push, and knows nothing of items. The other files are the handles.
//! `lossy/` is a list that is bounded by the loss of items.

mod closed;
mod cursor;
mod error;
mod gate;
mod list;
mod lossy;
mod next;
mod permit;
mod push;
mod push_all;
mod pusher;
mod reserve;
mod shared;
#[cfg(feature = "sink")]
mod sink;
mod subscriber;
mod weak;

pub use closed::Closed;
pub use cursor::BoundedCursor;
pub use error::{ReserveManyError, TryReserveError};
#[cfg(feature = "sink")]
pub use lossy::LossySink;
pub use lossy::{
    LossyCursor, LossyNext, LossyNextMany, LossyPolicy, LossyPushAllError, LossyPusher,
    WeakLossyPusher, bounded_lossy,
};
pub use next::{BoundedNext, BoundedNextMany};
pub use permit::{OwnedPermit, Permit, Permits};
pub use push::Push;
pub use push_all::PushAll;
pub use pusher::{BoundedPusher, bounded};
pub use reserve::{Reserve, ReserveMany, ReserveOwned};
pub use shared::{SharedBoundedCursor, SharedBoundedNext};
#[cfg(feature = "sink")]
pub use sink::{PushSink, PushSinkError};
pub use subscriber::Subscriber;
pub use weak::WeakBoundedPusher;
