use alloc::{sync::Arc, task::Wake};
use core::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
    task::Waker,
};

/// A waker that counts.
///
/// # Examples
///
/// ```
/// use stream_laws::CountingWaker;
///
/// let counting = CountingWaker::new();
/// let waker = counting.waker();
/// waker.wake_by_ref();
/// waker.wake();
/// assert_eq!(counting.wakes(), 2);
/// assert!(counting.is_released(), "nobody holds a clone");
/// ```
pub struct CountingWaker {
    count: Arc<WakeCount>,
}

// Relaxed: what a waker's owner has to see with the wake is published by the owner's own means.
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

impl Default for CountingWaker {
    fn default() -> Self {
        Self::new()
    }
}

impl CountingWaker {
    /// A waker that has not been woken.
    pub fn new() -> Self {
        Self { count: Arc::new(WakeCount(AtomicUsize::new(0))) }
    }

    /// The waker to poll with.
    pub fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.count))
    }

    /// How often it was woken.
    pub fn wakes(&self) -> usize {
        self.count.0.load(Ordering::Relaxed)
    }

    /// Whether nobody holds a clone of the waker any more.
    pub fn is_released(&self) -> bool {
        Arc::strong_count(&self.count) == 1
    }

    /// Whether this is the waker, or a clone of it.
    pub fn will_wake(&self, waker: &Waker) -> bool {
        self.waker().will_wake(waker)
    }
}
