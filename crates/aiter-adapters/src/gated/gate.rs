use core::{error::Error, fmt};

use crate::{gated::word::PermitWord, sync::Arc};

/// Shared by all gates. Stops the stream when the last gate is dropped.
struct StopOnDrop(Arc<PermitWord>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// The handle that permits items of a [`Gated`](crate::Gated) stream; made by
/// [`gated`](crate::AiterExt::gated).
///
/// Clones are handles of the same stream. Dropping the last one [stops](Self::stop) the stream.
#[derive(Clone)]
pub struct Gate(Arc<StopOnDrop>);

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("stopped", &self.is_stopped()).finish_non_exhaustive()
    }
}

impl Gate {
    pub(crate) fn new(state: Arc<PermitWord>) -> Self {
        Self(Arc::new(StopOnDrop(state)))
    }

    fn state(&self) -> &PermitWord {
        &self.0.0
    }

    /// Permits `permits` more items.
    ///
    /// Permits add up and never overflow: beyond `usize::MAX / 2` permits that the stream has not
    /// collected, more have no effect.
    ///
    /// What happens before the push is visible to the source when it is polled for the item.
    ///
    /// Lock-free: retries only if another gate or the stream makes progress. Neither allocates nor
    /// frees, so an interrupt handler may call it if it may call the waker of the stream's task.
    ///
    /// # Errors
    /// Returns [`GateError`] with the permits after a stop, and after the stream has ended or was
    /// dropped.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// let (gate, mut items) = stream::iter(["one", "two"]).gated();
    /// assert_eq!(gate.push(u64::MAX), Ok(()));
    /// assert_eq!(gate.push(1), Ok(()));
    /// assert_eq!(items.next().now_or_never(), Some(Some("one")));
    /// drop(items);
    /// assert_eq!(gate.push(7).map_err(|error| error.into_inner()), Err(7));
    /// ```
    pub fn push(&self, permits: u64) -> Result<(), GateError> {
        if self.state().push(permits) { Ok(()) } else { Err(GateError(permits)) }
    }

    /// Ends the stream after the items that are permitted.
    ///
    /// Wait-free. An interrupt handler may call it as it may call [`push`](Self::push). A second
    /// stop has no effect.
    ///
    /// # Examples
    /// See the example of [`gated`](crate::AiterExt::gated).
    pub fn stop(&self) {
        self.state().stop();
    }

    /// Returns `true` after a stop, and after the stream has ended or was dropped.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::stream;
    ///
    /// let (gate, items) = stream::iter([1, 2]).gated();
    /// assert!(!gate.is_stopped());
    /// drop(items);
    /// assert!(gate.is_stopped());
    /// ```
    pub fn is_stopped(&self) -> bool {
        self.state().peek().1
    }
}

/// The error of [`Gate::push`] on a stopped gate, with the permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "ValueError")]
pub struct GateError(u64);

impl GateError {
    /// Returns the permits.
    ///
    /// # Examples
    /// See the example of [`Gate::push`].
    pub fn into_inner(self) -> u64 {
        self.0
    }
}

impl fmt::Display for GateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the gate is stopped")
    }
}

impl Error for GateError {}
