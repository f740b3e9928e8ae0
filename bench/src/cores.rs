//! Which thread runs on which core, and how far apart the cores are.

use core::hint::spin_loop;
use core::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Instant;

use core_affinity::CoreId;

/// Trips of a cache line.
const TRIPS: u32 = 10_000;
/// What the second thread leaves on the line when it is on its core.
const ARRIVED: u32 = u32::MAX;

/// The cores of the two threads of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cores {
    main: Option<CoreId>,
    second: Option<CoreId>,
}

impl Cores {
    /// Picks the first two cores that this process may run on; call before pinning anything.
    pub(crate) fn pick() -> Self {
        let ids = core_affinity::get_core_ids().unwrap_or_default();
        Self { main: ids.first().copied(), second: ids.get(1).copied() }
    }

    /// Pins the calling thread to the first core.
    pub(crate) fn pin_main(self) -> bool {
        self.main.is_some_and(core_affinity::set_for_current)
    }

    /// Pins the calling thread to the second core.
    pub(crate) fn pin_second(self) -> bool {
        self.second.is_some_and(core_affinity::set_for_current)
    }

    /// Pins the calling thread to the first core if `turn` is even, else to the second.
    pub(crate) fn pin_in_turn(self, turn: usize) -> bool {
        if turn % 2 == 0 { self.pin_main() } else { self.pin_second() }
    }

    /// Whether there is a core for each of the two threads.
    pub(crate) fn are_two(self) -> bool {
        self.second.is_some()
    }

    /// What a cache line takes from the first core to the second and back, in nanoseconds: the
    /// fastest of three times some thousand trips. `None` if there are no two cores.
    ///
    /// A virtual machine moves its cores about on the real ones, and the time goes from tens to
    /// hundreds of nanoseconds and back within minutes; what two threads do together goes with it.
    pub(crate) fn line_there_and_back(self) -> Option<f64> {
        self.second?;
        (0..3).map(|_| self.line_trips()).min_by(f64::total_cmp)
    }

    fn line_trips(self) -> f64 {
        let line = AtomicU32::new(0);
        // Acquire, Release: nothing goes with the number; they only keep each trip in its place.
        let wait = |number| {
            while line.load(Ordering::Acquire) != number {
                spin_loop();
            }
        };
        thread::scope(|scope| {
            scope.spawn(|| {
                self.pin_second();
                line.store(ARRIVED, Ordering::Release);
                for trip in 0..TRIPS {
                    wait(2 * trip + 1);
                    line.store(2 * trip + 2, Ordering::Release);
                }
            });
            while line.load(Ordering::Acquire) != ARRIVED {
                // It begins on this thread's core.
                thread::yield_now();
            }
            let start = Instant::now();
            for trip in 0..TRIPS {
                line.store(2 * trip + 1, Ordering::Release);
                wait(2 * trip + 2);
            }
            start.elapsed().as_nanos() as f64 / f64::from(TRIPS)
        })
    }
}
