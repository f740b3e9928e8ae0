use core::task::{Context, Poll};

use crate::{
    spawned::channel::{SOURCE_ENDED, TaskChannel},
    sync::Arc,
};

/// The permits of the tasks.
pub(crate) struct Permits {
    channel: Arc<TaskChannel>,
    /// Permits at hand, if they are counted.
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
            self.channel.permits.register(cx.waker());
            *left = self.channel.take_permits();
        }
        if *left == 0 { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Takes a permit, which must be there.
    pub(crate) fn take(&mut self) {
        if let Some(left) = &mut self.left {
            *left -= 1;
        }
    }

    /// Says that the source has ended.
    pub(crate) fn report_end(&self) {
        self.channel.set(SOURCE_ENDED);
    }
}

impl Drop for Permits {
    fn drop(&mut self) {
        self.channel.permits.clear();
    }
}
