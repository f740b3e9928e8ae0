//! Loom tests of the gate alone. All others are in `tests/loom`.

use core::task::{Context, Poll, Waker};

use aiter_core::PushErrorKind;
use loom::{
    cell::UnsafeCell,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
};

use super::{Gate, cell::Cell, count, request::Request};

/// A full gate of one place, and the slot of its item.
///
/// Loom looks for a race of a write only with the last access of the same atomic, and `serve` loads
/// `admitted` before it grants. So loom would not run a load by the request after the grant. The
/// producer therefore loads `reads` first, which synchronizes nothing.
struct FullGate {
    gate: Gate,
    /// A cursor reads it before it moves, and a producer writes it once it is admitted. Loom
    /// reports an access that is not ordered with the others.
    slot: UnsafeCell<()>,
    /// Number of cursors that have moved.
    reads: AtomicUsize,
}

impl FullGate {
    fn new() -> (Arc<Self>, Arc<Cell>) {
        let (gate, cell) = Gate::new(7, 1);
        assert_eq!(gate.try_admit(1, 1), Ok(1));
        let (slot, reads) = (UnsafeCell::new(()), AtomicUsize::new(0));
        (Arc::new(Self { gate, slot, reads }), cell)
    }

    fn poll(&self, request: &mut Request) -> Poll<Result<(), PushErrorKind>> {
        request.poll(&self.gate, &mut Context::from_waker(Waker::noop()))
    }

    /// Writes the slot if `reads` cursors have moved and the request is granted.
    fn write_after(&self, reads: usize, request: &mut Request) {
        if self.reads.load(Relaxed) == reads {
            assert_eq!(self.poll(request), Poll::Ready(Ok(())));
            self.slot.with_mut(|_| ());
        }
    }
}

/// Reads the slot and moves the cell, on a thread.
fn spawn_read(full: &Arc<FullGate>, cell: Arc<Cell>) -> JoinHandle<()> {
    let full = full.clone();
    thread::spawn(move || {
        full.slot.with(|_| ());
        full.gate.advance(&cell, 1);
        full.reads.fetch_add(1, Relaxed);
    })
}

/// The thread of one cursor grants the room that both cursors have made.
#[test]
fn granted_request_sees_reads_of_both_cursors() {
    loom::model(|| {
        let (full, cell) = FullGate::new();
        let cells = [full.gate.fork(&cell), cell];
        let mut request = Request::new(1);
        assert!(full.poll(&mut request).is_pending());
        let readers = cells.map(|cell| spawn_read(&full, cell));
        full.write_after(2, &mut request);
        for reader in readers {
            reader.join().unwrap();
        }
        request.cancel(&full.gate);
    });
}

/// A producer is preempted while the counts go on by more than half of their range. A weighed list
/// of a 32-bit target may come so far.
#[test]
fn preempted_admission_keeps_capacity() {
    loom::model(|| {
        let (gate, cell) = Gate::new(7, count::MAX_CAP);
        let gate = Arc::new(gate);
        let preempted = thread::spawn({
            let gate = gate.clone();
            move || _ = gate.try_admit(1, 1)
        });
        for _ in 0..3 {
            if let Ok(n) = gate.try_admit(1, count::MAX_CAP) {
                gate.advance(&cell, n);
            }
        }
        let _ = gate.try_admit(1, count::MAX_CAP);
        preempted.join().unwrap();
        assert!(gate.used() <= gate.cap());
    });
}
