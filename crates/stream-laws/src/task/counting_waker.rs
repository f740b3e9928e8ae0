use alloc::{sync::Arc, task::Wake};
use core::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
    task::Waker,
};

/// A waker that counts its wake-ups.
///
/// # Examples
/// ```
/// use stream_laws::CountingWaker;
///
/// let counting = CountingWaker::new();
/// let waker = counting.waker();
/// waker.wake_by_ref();
/// waker.wake();
/// assert_eq!(counting.wakes(), 2);
/// assert!(counting.is_released(), "no clone exists");
/// ```
#[derive(Default)]
pub struct CountingWaker {
    count: Arc<WakeCount>,
}

/// The number of wake-ups.
// Relaxed: only the count is read. The woken task synchronizes with the waking thread by other
// means.
#[derive(Default)]
struct WakeCount(AtomicUsize);

impl Wake for WakeCount {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for CountingWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountingWaker").field("wakes", &self.wakes()).finish_non_exhaustive()
    }
}

impl CountingWaker {
    /// Creates a waker with a count of zero.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a waker that increments the count.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.count))
    }

    /// Returns the number of wake-ups.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn wakes(&self) -> usize {
        self.count.0.load(Ordering::Relaxed)
    }

    /// Returns `true` if no clone of the waker exists.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn is_released(&self) -> bool {
        Arc::strong_count(&self.count) == 1
    }

    /// Returns `true` if `waker` is a clone of this waker.
    ///
    /// # Examples
    /// ```
    /// use stream_laws::CountingWaker;
    ///
    /// let [one, two] = [CountingWaker::new(), CountingWaker::new()];
    /// let stored = one.waker(); // by the code under test
    /// assert!(one.will_wake(&stored) && !two.will_wake(&stored));
    /// ```
    pub fn will_wake(&self, waker: &Waker) -> bool {
        self.waker().will_wake(waker)
    }
}
