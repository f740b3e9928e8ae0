use core::{error::Error, fmt};

use crate::{gated::word::PermitWord, sync::Arc};

/// Shared by the gates: dropped with the last of them.
struct StopOnDrop(Arc<PermitWord>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// The handle that lets items out of a [`Gated`] stream; made by [`gated`](crate::AiterExt::gated).
///
/// Clones are handles of the same stream. Dropping the last one is a [`stop`](Self::stop).
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

    /// Lets `permits` more items out.
    ///
    /// Permits add up, and never overflow: where `usize::MAX / 2` of them wait for the stream to be
    /// polled, more make no difference.
    ///
    /// What was done before the push is seen by the source when it is polled for the item.
    ///
    /// Lock-free: tried again only if another gate or the stream came in between. Neither allocates
    /// nor frees, so it may be called from an interrupt handler, if the waker of the stream's task may.
    ///
    /// # Errors
    /// [`GateError`] with the permits after a stop; the stream's end, and its drop, are one.
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

    /// Ends the stream once what was permitted is out.
    ///
    /// Wait-free; may be called from an interrupt handler as [`push`](Self::push) may. A second stop
    /// does nothing.
    pub fn stop(&self) {
        self.state().stop();
    }

    /// True if no more permits are taken: after a stop, and when the stream has ended or is dropped.
    pub fn is_stopped(&self) -> bool {
        self.state().peek().1
    }
}

/// A refused [`Gate::push`], with the permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "ValueError")]
pub struct GateError(u64);

impl GateError {
    /// Gives the permits back.
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
