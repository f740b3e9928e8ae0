//! Cursors that join and leave.

use crate::{
    bounded::gate::{Gate, Slow, cell::Cell, count},
    sync::Arc,
};

impl Gate {
    /// Adds a cell at the position of another cell, whose cursor does not move meanwhile.
    pub(in crate::bounded) fn fork(&self, cell: &Cell) -> Arc<Cell> {
        self.slow.with(|slow| slow.add_cell(cell.position()))
    }

    /// Adds the cell of a cursor that `subscribe` makes at the tail of the list. It also returns
    /// the index of the cursor. It runs no user code.
    ///
    /// `subscribe` runs under the slow lock, so no scan runs before the new cell is in place.
    pub(in crate::bounded) fn subscribe<R>(
        &self,
        subscribe: impl FnOnce() -> (R, usize),
    ) -> (R, Arc<Cell>) {
        self.slow.with(|slow| {
            let (cursor, index) = subscribe();
            (cursor, slow.add_cell(count::wrap(index)))
        })
    }

    /// Removes a cell, after its cursor was dropped.
    pub(in crate::bounded) fn leave(&self, cell: &Cell) {
        self.serve_locked(|slow| slow.remove_cell(cell));
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
        let moved = self.cells.get(at).inspect(|moved| moved.set_at(at));
        if self.slowest == self.cells.len() {
            // The slowest cell has moved to `at`, or was removed.
            self.slowest = if moved.is_some() { at } else { 0 };
        }
    }
}
