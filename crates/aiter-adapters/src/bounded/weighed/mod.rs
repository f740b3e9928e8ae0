//! The weighed bounded list: a bounded list whose capacity is a weight, for example in bytes.
//!
//! The list holds each item beside its weight, which the producer has computed before it asks the
//! gate for so much room. A read returns the weight that is stored. So a weight function that
//! changes its mind cannot make the counts of the gate wrong. The handles wrap those of the bounded
//! list, whose gate does not know what it counts.

use aiter_core::PushError;

use crate::bounded::{list::Place, pusher::BoundedPusher};

mod closed;
mod control;
mod cursor;
mod error;
mod hooks;
mod next;
mod permit;
mod push;
mod pusher;
mod reserve;
mod shared;

pub use closed::WeighedClosed;
pub use cursor::WeighedCursor;
pub use error::WeighedPermitError;
pub use permit::WeighedPermit;
pub use push::WeighedPush;
pub use pusher::{WeighedPusher, bounded_by};
pub use reserve::WeighedReserve;
pub use shared::{SharedWeighedCursor, SharedWeighedNext};

/// An item and its weight, which is between 1 and the capacity of the list.
#[derive(Clone)]
struct Weighed<T> {
    item: T,
    weight: usize,
}

impl<T> Weighed<T> {
    /// Returns the room of an item that was read, and then the item. Calls wakers.
    #[inline]
    fn into_item(self, place: &Place<Self>) -> T {
        place.advance(self.weight);
        self.item
    }
}

/// Appends an item whose weight is admitted. If the list refuses the item, returns the room.
fn push_admitted<T>(
    pusher: &BoundedPusher<Weighed<T>>,
    weighed: Weighed<T>,
) -> Result<(), PushError<T>> {
    let weight = weighed.weight;
    pusher.core.push(weighed).map_err(|error| {
        pusher.list.gate.release(weight);
        match error {
            PushError::Stopped(weighed) => PushError::Stopped(weighed.item),
            PushError::NoCursor(weighed) => PushError::NoCursor(weighed.item),
        }
    })
}
