use core::task::{Context, Poll};

use crate::{
    spawned::channel::{ENDED, Link},
    sync::Arc,
};

/// The permits of the tasks.
pub(crate) struct Room {
    link: Arc<Link>,
    /// Permits at hand, if they are counted.
    left: Option<usize>,
}

impl Room {
    pub(crate) fn new(link: Arc<Link>, bound: Option<usize>) -> Self {
        Self { link, left: bound }
    }

    /// Waits until there is a permit.
    pub(crate) fn poll_ready(&mut self, cx: &Context<'_>) -> Poll<()> {
        let Some(left) = &mut self.left else { return Poll::Ready(()) };
        if *left == 0 {
            *left = self.link.collect();
        }
        if *left == 0 {
            self.link.room.register(cx.waker());
            *left = self.link.collect();
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
        self.link.set(ENDED);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.link.room.clear();
    }
}
