//! The permits of the tasks.

use core::task::{Context, Poll};

use crate::{
    spawned::channel::{SOURCE_ENDED, TaskChannel},
    sync::Arc,
};

pub(crate) struct Permits {
    channel: Arc<TaskChannel>,
    /// Permits that can be used. `None` if there is no bound.
    left: Option<usize>,
}

impl Permits {
    pub(crate) fn new(channel: Arc<TaskChannel>, bound: Option<usize>) -> Self {
        Self { channel, left: bound }
    }

    /// Waits until there is a permit.
    pub(crate) fn poll_ready(&mut self, cx: &Context<'_>) -> Poll<()> {
        let Some(left) = &mut self.left else { return Poll::Ready(()) };
        if *left == 0 {
            *left = self.channel.take_permits();
        }
        if *left == 0 {
            self.channel.permit_waiter.register(cx.waker());
            *left = self.channel.take_permits();
        }
        if *left == 0 { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Uses a permit. `poll_ready` must have returned `Ready`.
    pub(crate) fn take(&mut self) {
        if let Some(left) = &mut self.left {
            *left -= 1;
        }
    }

    /// Tells the stream that the source has ended.
    pub(crate) fn report_end(&self) {
        self.channel.set(SOURCE_ENDED);
    }
}

impl Drop for Permits {
    fn drop(&mut self) {
        self.channel.permit_waiter.clear();
    }
}
