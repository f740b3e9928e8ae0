//! The side of a task.

use core::{
    mem,
    task::{Context, Poll},
};

use aiter_core::{PushError, Pusher, task::WakeCell};

use crate::{
    spawned::channel::{CAN_START, CLOSED, TASK_PANICKED, TaskChannel},
    sync::Arc,
};

/// The side of one task. The stream ends when all senders and sender factories are dropped.
pub(crate) struct TaskSender<T> {
    pusher: Pusher<T>,
    pub(crate) channel: Arc<TaskChannel>,
    cell: Arc<WakeCell>,
    /// Counted in `TaskChannel::idle`.
    idle: bool,
    /// User code is running, or has panicked.
    in_user_code: bool,
}

impl<T> TaskSender<T> {
    pub(crate) fn new(pusher: Pusher<T>, channel: Arc<TaskChannel>, cell: Arc<WakeCell>) -> Self {
        channel.add_idle();
        Self { pusher, channel, cell, idle: true, in_user_code: false }
    }

    /// Marks the start of user code. If the sender is dropped before
    /// [`leave_user_code`](Self::leave_user_code), the code has panicked.
    pub(crate) fn enter_user_code(&mut self) {
        self.in_user_code = true;
    }

    /// Marks the end of user code.
    pub(crate) fn leave_user_code(&mut self) {
        self.in_user_code = false;
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.channel.has(CLOSED)
    }

    /// Waits until the stream is dropped.
    pub(crate) fn poll_closed(&self, cx: &Context<'_>) -> Poll<()> {
        self.cell.register(cx.waker());
        if self.is_closed() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Counts the task as waiting for an item.
    pub(crate) fn set_idle(&mut self) {
        if !mem::replace(&mut self.idle, true) {
            self.channel.add_idle();
        }
    }

    /// Counts the task as having an item, or as ended.
    pub(crate) fn set_busy(&mut self) {
        if mem::replace(&mut self.idle, false) {
            self.channel.remove_idle();
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.idle
    }

    /// Returns `true` if the stream may start more tasks, and no other task is idle.
    pub(crate) fn needs_task(&self) -> bool {
        self.channel.idle() == usize::from(self.idle) && self.channel.has(CAN_START)
    }

    /// Requests `number` more tasks. The stream is woken by `message`.
    pub(crate) fn request_tasks(&mut self, number: usize, message: T) {
        if self.channel.request(number) {
            // Fails if the stream is dropped.
            drop(self.push(message));
        }
    }

    /// Sends an item to the stream.
    ///
    /// # Errors
    /// Returns the item if the stream is dropped.
    pub(crate) fn push(&mut self, item: T) -> Result<(), PushError<T>> {
        match self.pusher.unique() {
            Some(mut sole) => sole.push(item),
            None => self.pusher.push(item),
        }
    }

    /// Tells the stream if user code has panicked.
    pub(crate) fn report_panic(&self) {
        if self.in_user_code {
            self.channel.set(TASK_PANICKED);
        }
    }
}

impl<T> Drop for TaskSender<T> {
    fn drop(&mut self) {
        self.report_panic();
        self.set_busy();
        self.cell.clear();
        // The pusher is dropped after this, so the flags are set before the list stops.
    }
}
