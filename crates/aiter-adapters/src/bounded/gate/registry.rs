//! Cursors that join and leave.

use crate::{
    bounded::gate::{Gate, Slow, cell::Cell, count, serve::notify_closed},
    sync::Arc,
};

impl Gate {
    /// Adds a cell at the position of another cell, whose cursor does not move meanwhile.
    pub(in crate::bounded) fn fork(&self, cell: &Cell) -> Arc<Cell> {
        self.slow.lock().add_cell(cell.position())
    }

    /// Adds the cell of a cursor that `subscribe` makes at the tail of the list. It also returns
    /// the index of the cursor. It runs no user code.
    ///
    /// `subscribe` runs under the slow lock, so no scan runs before the new cell is in place.
    pub(in crate::bounded) fn subscribe<R>(
        &self,
        subscribe: impl FnOnce() -> (R, usize),
    ) -> (R, Arc<Cell>) {
        let mut slow = self.slow.lock();
        let (cursor, index) = subscribe();
        let cell = slow.add_cell(count::wrap(index));
        (cursor, cell)
    }

    /// Removes a cell, after its cursor was dropped.
    pub(in crate::bounded) fn leave(&self, cell: &Cell) {
        let wakers = {
            let slow = &mut *self.slow.lock();
            slow.remove_cell(cell);
            let mut wakers = self.serve(slow);
            if slow.cells.is_empty() {
                notify_closed(slow, &mut wakers);
            }
            wakers
        };
        wakers.wake();
    }
}

impl Slow {
    fn add_cell(&mut self, position: usize) -> Arc<Cell> {
        let cell = Arc::new(Cell::new(position, self.cells.len()));
        self.cells.push(cell.clone());
        cell
    }

    fn remove_cell(&mut self, cell: &Cell) {
        let at = cell.at();
        self.cells.swap_remove(at);
        if let Some(moved) = self.cells.get(at) {
            moved.set_at(at);
        }
        if self.slowest >= self.cells.len() {
            self.slowest = 0;
        }
    }
}
