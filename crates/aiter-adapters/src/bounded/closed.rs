//! The future that waits until the list accepts no items.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use crate::bounded::gate::{Gate, request::CloseRequest};

/// The future of [`BoundedPusher::closed`](crate::BoundedPusher::closed).
#[must_use = "futures do nothing unless polled"]
pub struct Closed<'a> {
    gate: &'a Gate,
    request: CloseRequest,
}

impl<'a> Closed<'a> {
    pub(super) fn new(gate: &'a Gate) -> Self {
        Self { gate, request: CloseRequest::new() }
    }
}

impl Future for Closed<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let gate = self.gate;
        self.request.poll(gate, cx)
    }
}

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        self.request.cancel(self.gate);
    }
}

impl fmt::Debug for Closed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed").finish_non_exhaustive()
    }
}
