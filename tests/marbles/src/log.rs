use alloc::rc::Rc;
use core::{cell::RefCell, mem, task::Poll};

use futures_core::Stream;
use futures_util::{StreamExt, stream};

use crate::{Cell, Clock, Marble, Marbles};

/// A record of what happens on a row.
#[derive(Clone, Debug)]
pub struct Log {
    clock: Clock,
    cells: Rc<RefCell<Vec<Cell>>>,
}

impl Log {
    pub(crate) fn new(clock: &Clock) -> Self {
        Self { clock: clock.clone(), cells: Rc::default() }
    }

    fn set(&self, tick: usize, cell: Cell) {
        let mut cells = self.cells.borrow_mut();
        if cells.len() <= tick {
            cells.resize(tick + 1, Cell::Nothing);
        }
        let before = mem::replace(&mut cells[tick], cell);
        let after = &cells[tick];
        assert_eq!(before, Cell::Nothing, "{after:?} in the same tick {tick} of a row");
    }

    /// Records what happens in this tick.
    ///
    /// # Panics
    /// Panics if something else was recorded in this tick.
    pub fn note(&self, cell: Cell) {
        self.set(self.clock.now(), cell);
    }

    /// Records an item, and `=` for each later tick before the drop of the returned value.
    pub fn begin(&self, item: &impl Marble) -> Busy {
        self.note(item.cell());
        Busy { log: self.clone(), from: self.clock.now() + 1 }
    }

    /// Returns `true` if nothing was recorded in this tick.
    pub fn is_free(&self) -> bool {
        matches!(self.cells.borrow().get(self.clock.now()), None | Some(Cell::Nothing))
    }

    /// Records the items and the end of a stream when they are pulled. Those of one tick share its
    /// column.
    pub fn pulls<S: Stream<Item: Marble>>(self, source: S) -> impl Stream<Item = S::Item> {
        let end = self.clone();
        let end = stream::poll_fn(move |_| {
            end.add(&Cell::End);
            Poll::Ready(None)
        });
        source.inspect(move |item| self.add(&item.cell())).chain(end)
    }

    fn add(&self, cell: &Cell) {
        let now = self.clock.now();
        let before =
            self.cells.borrow_mut().get_mut(now).map(|cell| mem::replace(cell, Cell::Nothing));
        let text = |cell: &Cell| match cell {
            Cell::Item(text) => text.clone(),
            cell => cell.to_string(),
        };
        self.note(match before {
            None | Some(Cell::Nothing) => cell.clone(),
            Some(before) => Cell::Item(text(&before) + &text(cell)),
        });
    }

    pub(crate) fn marbles(&self) -> Marbles {
        Marbles::new(self.cells.borrow().iter().cloned())
    }
}

/// The time in which the body of a row is busy.
#[derive(Debug)]
#[must_use = "the body is busy until this value is dropped"]
pub struct Busy {
    log: Log,
    from: usize,
}

impl Drop for Busy {
    fn drop(&mut self) {
        (self.from..self.log.clock.now()).for_each(|tick| self.log.set(tick, Cell::Busy));
    }
}
