//! Pins threads to cores, and measures the distance of the cores.

use core::hint::spin_loop;
use core::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Instant;

use core_affinity::CoreId;

/// Number of round trips of a cache line.
const TRIPS: u32 = 10_000;
/// Value that the second thread stores once it runs on its core.
const ARRIVED: u32 = u32::MAX;

/// The cores for the two threads of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cores {
    main: Option<CoreId>,
    second: Option<CoreId>,
}

impl Cores {
    /// Picks the first two cores that this process may run on. Must be called before a thread is
    /// pinned.
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

    /// Returns `true` if there is a core for each of the two threads.
    pub(crate) fn are_two(self) -> bool {
        self.second.is_some()
    }

    /// Returns the time of a cache line from the first core to the second and back, in nanoseconds:
    /// the best of three measurements. Returns `None` if there is one core only.
    ///
    /// A hypervisor moves virtual cores between real ones, so the time changes within minutes, and
    /// with it the time of everything that two threads do together.
    pub(crate) fn line_there_and_back(self) -> Option<f64> {
        self.second?;
        (0..3).map(|_| self.line_trips()).min_by(f64::total_cmp)
    }

    fn line_trips(self) -> f64 {
        let line = AtomicU32::new(0);
        // Acquire and Release publish nothing but the number. They only order the trips.
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
                // The new thread starts on the core of this one.
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
