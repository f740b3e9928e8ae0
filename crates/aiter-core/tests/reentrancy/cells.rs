//! Wake cells. All operations use shared references, so call-backs may use the same cell as the
//! outer operation.

use alloc::rc::Rc;
use core::cell::Cell;

use aiter_core::task::WakeCell;

use crate::{
    waker::Registration,
    world::{Operation, Pools},
};

pub(crate) struct WakerCell {
    cell: WakeCell,
    /// The registration that the next `wake` must call. `None` if operations overlapped.
    registered: Cell<Option<Registration>>,
    /// Number of calls of `register` and `clear`.
    changes: Cell<usize>,
    /// Number of active calls of `register`.
    registering: Cell<usize>,
}

impl WakerCell {
    pub(crate) fn new() -> Self {
        Self {
            cell: WakeCell::new(),
            registered: Cell::new(None),
            changes: Cell::new(0),
            registering: Cell::new(0),
        }
    }

    /// Notes that the registration is about to change.
    fn change(&self) -> usize {
        self.registered.set(None);
        self.changes.set(self.changes.get() + 1);
        self.changes.get()
    }
}

/// Counts an active `register` until it is dropped.
struct Registering<'a>(&'a Cell<usize>);

impl Drop for Registering<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl<const PAD: usize> Pools<PAD> {
    pub(crate) const CELLS: &'static [Operation<PAD>] = &[
        ("cell register", Self::register),
        ("cell wake", Self::wake),
        ("cell clear", Self::clear),
        ("cell drop", |pools| drop(pools.cells.take(&pools.base.random))),
        ("cell new", Self::new_cell),
    ];

    fn cell(&self) -> Option<Rc<WakerCell>> {
        self.cells.lend(&self.base.random).map(|cell| Rc::clone(&cell))
    }

    fn register(&self) {
        let Some(cell) = self.cell() else { return };
        self.with_waker(|waker, registration| {
            let change = cell.change();
            let is_inner = cell.registering.replace(cell.registering.get() + 1) > 0;
            let registering = Registering(&cell.registering);
            cell.cell.register(waker);
            drop(registering);
            if is_inner {
                // The inner registration was woken at once, or has replaced the outer one.
                return;
            }
            if change == cell.changes.get() {
                cell.registered.set(Some(registration));
            }
        });
    }

    fn wake(&self) {
        let Some(cell) = self.cell() else { return };
        let registered = cell.registered.get();
        cell.cell.wake();
        let was_woken = registered.is_none_or(|registration| registration.was_woken(&self.base));
        self.base.check(was_woken, format_args!("lost wake-up of a cell: {registered:?}"));
        if cell.registering.get() > 0 {
            // `wake` may have called the outer registration.
            cell.change();
        }
    }

    fn clear(&self) {
        let Some(cell) = self.cell() else { return };
        cell.change();
        cell.cell.clear();
    }

    fn new_cell(&self) {
        if self.has_room(&self.cells) {
            self.cells.put(Rc::new(WakerCell::new()));
        }
    }
}
