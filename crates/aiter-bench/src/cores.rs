//! Which thread runs on which core.

use core_affinity::CoreId;

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

    /// Whether there is a core for each of the two threads.
    pub(crate) fn are_two(self) -> bool {
        self.second.is_some()
    }
}
