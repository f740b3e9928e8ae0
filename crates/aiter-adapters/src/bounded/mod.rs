//! The bounded list: a push list with a gate in front of it.
//!
//! `gate/` decides who may push, and knows nothing of items. The other files are the handles.

mod control;
mod cursor;
mod error;
mod gate;
mod list;
mod next;
mod permit;
mod push;
mod push_all;
mod pusher;
mod reserve;
mod shared;
mod shared_next;
#[cfg(feature = "sink")]
mod sink;
mod subscriber;
mod weak;

pub use cursor::BoundedCursor;
pub use error::{ReserveManyError, TryReserveError};
pub use next::{BoundedNext, BoundedNextMany};
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
