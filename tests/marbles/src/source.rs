use alloc::collections::VecDeque;
use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

use crate::{Cell, Clock, Marbles};

/// A stream whose items are available from the ticks of a row on, whether or not it is polled.
///
/// It never ends if the row has no end. A clone has the same items.
#[derive(Clone)]
pub struct Source<T> {
    clock: Clock,
    events: VecDeque<(usize, Option<T>)>,
}

impl<T> fmt::Debug for Source<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("events", &self.events.len()).finish_non_exhaustive()
    }
}

impl<T> Source<T> {
    /// Makes the source of a row. `item` turns each event but the end into an item.
    pub(crate) fn new(clock: &Clock, row: &Marbles, mut item: impl FnMut(&Cell) -> T) -> Self {
        let event = |(tick, cell): (usize, &Cell)| match cell {
            Cell::Absent | Cell::Nothing | Cell::Busy | Cell::Waiting => None,
            Cell::End => Some((tick, None)),
            cell => Some((tick, Some(item(cell)))),
        };
        let events = row.cells().iter().enumerate().filter_map(event).collect();
        Self { clock: clock.clone(), events }
    }
}

impl<T> Unpin for Source<T> {}

impl<T> Stream for Source<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        match self.events.front() {
            Some((tick, _)) if *tick <= self.clock.now() => {
                Poll::Ready(self.events.pop_front().and_then(|(_, item)| item))
            }
            Some((tick, _)) => {
                self.clock.wake_at(*tick, cx.waker());
                Poll::Pending
            }
            None => Poll::Pending,
        }
    }
}
