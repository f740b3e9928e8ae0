//! The tasks' sides of a [`TaskChannel`].

use core::{mem, task::Context};

use aiter_core::{PushError, Pusher, WakeCell};

use crate::{
    spawned::channel::{
        CAN_START, CLOSED, ITEM_LOST, PANIC_CAUGHT, SOURCE_ENDED, TASK_PANICKED, TaskChannel,
    },
    sync::{Arc, Ordering},
};

/// One task's side. Dropping the last one, and the [`SenderFactory`](crate::link::Inlets), ends the stream.
pub(crate) struct TaskSender<T> {
    pusher: Pusher<T>,
    channel: Arc<TaskChannel>,
    task: Arc<WakeCell>,
    /// Counted in `TaskChannel::idle`.
    idle: bool,
    /// User code is running, or has panicked.
    in_user_code: bool,
}

impl<T> TaskSender<T> {
    pub(crate) fn new(pusher: Pusher<T>, channel: Arc<TaskChannel>, task: Arc<WakeCell>) -> Self {
        // Relaxed: see the ordering policy of `TaskChannel`.
        channel.idle.fetch_add(1, Ordering::Relaxed);
        Self { pusher, channel, task, idle: true, in_user_code: false }
    }

    /// From here on user code runs: to be dropped before [`leave_user_code`](Self::relax) is due to a panic.
    pub(crate) fn enter_user_code(&mut self) {
        self.in_user_code = true;
    }

    /// No more user code for now.
    pub(crate) fn leave_user_code(&mut self) {
        self.in_user_code = false;
    }

    /// True if the stream is gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.channel.has(CLOSED)
    }

    /// Sees to it that the task is woken when the stream goes. True if it is gone already.
    pub(crate) fn sleep(&self, cx: &Context<'_>) -> bool {
        self.task.register(cx.waker());
        self.is_closed()
    }

    /// Says that the task waits for an item.
    pub(crate) fn set_idle(&mut self) {
        if !mem::replace(&mut self.idle, true) {
            // Relaxed: see the ordering policy of `TaskChannel`.
            self.channel.idle.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Says that the task has an item, or ends.
    pub(crate) fn set_busy(&mut self) {
        if mem::replace(&mut self.idle, false) {
            // Relaxed: see the ordering policy of `TaskChannel`.
            self.channel.idle.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Returns `true` if the task waits for an item.
    pub(crate) fn is_idle(&self) -> bool {
        self.idle
    }

    /// True if the stream may start more tasks, and no other one is idle.
    pub(crate) fn needs_task(&self) -> bool {
        // Relaxed: see the ordering policy of `TaskChannel`.
        let others = self.channel.idle.load(Ordering::Relaxed) - usize::from(self.idle);
        others == 0 && self.channel.has(CAN_START)
    }

    /// Returns `true` if more tasks were asked for and the stream has not looked since.
    pub(crate) fn has_requested_tasks(&self) -> bool {
        // Relaxed: see the ordering policy of `TaskChannel`.
        self.channel.wanted.load(Ordering::Relaxed) != 0
    }

    /// Lowers the number of tasks that were asked for, because an item was taken since.
    pub(crate) fn lower_request(&self, number: usize) {
        // Relaxed: see the ordering policy of `TaskChannel`.
        let lower_request = |asked| (asked > number).then_some(number);
        let _ =
            self.channel.wanted.fetch_update(Ordering::Relaxed, Ordering::Relaxed, lower_request);
    }

    /// Asks the stream to start `number` more tasks. `message` wakes it.
    pub(crate) fn request_tasks(&mut self, number: usize, message: T) {
        // Relaxed: see the ordering policy of `TaskChannel`.
        if self.channel.wanted.swap(number, Ordering::Relaxed) == 0 {
            // Refused if the stream is gone.
            drop(self.push(message));
        }
    }

    /// Hands an item to the stream. It comes back if the stream is gone.
    pub(crate) fn push(&mut self, item: T) -> Result<(), PushError<T>> {
        match self.pusher.sole() {
            Some(mut sole) => sole.push(item),
            None => self.pusher.push(item),
        }
    }

    /// Says that the task panics, if it does.
    pub(crate) fn report_panic(&self) {
        if self.in_user_code {
            self.channel.set(TASK_PANICKED);
        }
    }

    /// Says that an item will never come.
    pub(crate) fn report_lost_item(&self) {
        self.channel.set(ITEM_LOST);
    }

    /// Says that a panic was caught, which is handed in.
    pub(crate) fn report_caught_panic(&self) {
        self.channel.set(PANIC_CAUGHT);
    }

    /// Says that the source has ended.
    pub(crate) fn report_end(&self) {
        self.channel.set(SOURCE_ENDED);
    }
}

impl<T> Drop for TaskSender<T> {
    fn drop(&mut self) {
        self.report_panic();
        self.set_busy();
        self.task.clear();
        // And then the pusher.
    }
}
