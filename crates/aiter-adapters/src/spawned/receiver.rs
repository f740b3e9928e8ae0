//! The side of the stream.

use alloc::vec::Vec;
use core::slice;

use aiter_core::{Cursor, Pusher, WeakPusher, push_list, task::WakeCell};

use crate::{
    outcome::TaskOutcome,
    spawned::{
        channel::{
            CAN_START, CLOSED, ITEM_LOST, PANIC_CAUGHT, SOURCE_ENDED, TASK_PANICKED, TaskChannel,
        },
        permits::Permits,
        sender::TaskSender,
    },
    sync::Arc,
};

/// Wakes tasks. If a waker panics, the drop wakes the rest.
struct WakeAll<'a>(slice::Iter<'a, Arc<WakeCell>>);

impl WakeAll<'_> {
    fn wake(&mut self) {
        self.0.by_ref().for_each(|task| task.wake());
    }
}

impl Drop for WakeAll<'_> {
    fn drop(&mut self) {
        self.wake();
    }
}

/// The side of the stream. Dropping it ends the tasks.
pub(crate) struct TaskReceiver<T> {
    pub(crate) cursor: Cursor<T>,
    pub(crate) channel: Arc<TaskChannel>,
    /// The cells of all tasks, which are woken at the drop.
    tasks: Vec<Arc<WakeCell>>,
}

/// Makes the senders of the tasks.
pub(crate) struct SenderFactory<T> {
    pusher: Pusher<T>,
    channel: Arc<TaskChannel>,
}

/// A [`SenderFactory`] that does not keep the stream from ending.
pub(crate) struct WeakSenderFactory<T> {
    pusher: WeakPusher<T>,
    channel: Arc<TaskChannel>,
}

pub(crate) fn channel<T>() -> (TaskReceiver<T>, SenderFactory<T>) {
    let (pusher, cursor) = push_list();
    let channel = Arc::new(TaskChannel::new());
    let receiver = TaskReceiver { cursor, channel: channel.clone(), tasks: Vec::new() };
    (receiver, SenderFactory { pusher, channel })
}

impl<T> SenderFactory<T> {
    /// Makes the sender of one more task.
    pub(crate) fn add_to(&self, receiver: &mut TaskReceiver<T>) -> TaskSender<T> {
        let cell = Arc::new(WakeCell::new());
        receiver.tasks.push(cell.clone());
        TaskSender::new(self.pusher.clone(), self.channel.clone(), cell)
    }

    /// Makes `bound` permits, or permits without a bound.
    pub(crate) fn permits(&self, bound: Option<usize>) -> Permits {
        Permits::new(self.channel.clone(), bound)
    }

    /// Lets tasks request more tasks until the returned factory is dropped.
    pub(crate) fn allow_more(&self) -> WeakSenderFactory<T> {
        self.channel.set(CAN_START);
        WeakSenderFactory { pusher: self.pusher.downgrade(), channel: self.channel.clone() }
    }
}

impl<T> WeakSenderFactory<T> {
    /// Returns `None` if no task is left.
    pub(crate) fn upgrade(&self) -> Option<SenderFactory<T>> {
        Some(SenderFactory { pusher: self.pusher.upgrade()?, channel: self.channel.clone() })
    }
}

impl<T> Drop for WeakSenderFactory<T> {
    fn drop(&mut self) {
        self.channel.clear(CAN_START);
    }
}

impl<T> TaskReceiver<T> {
    /// Returns how the tasks ended, or `None` while a task is left.
    pub(crate) fn outcome(&self) -> Option<TaskOutcome> {
        self.cursor.is_stopped().then(|| self.outcome_at_end())
    }

    /// Returns how the tasks ended. The end must have been found.
    pub(crate) fn outcome_at_end(&self) -> TaskOutcome {
        if self.channel.has(TASK_PANICKED | PANIC_CAUGHT) {
            TaskOutcome::Panicked
        } else if self.channel.has(ITEM_LOST) || !self.channel.has(SOURCE_ENDED) {
            TaskOutcome::Cancelled
        } else {
            TaskOutcome::Completed
        }
    }
}

impl<T> Drop for TaskReceiver<T> {
    fn drop(&mut self) {
        self.channel.set(CLOSED);
        WakeAll(self.tasks.iter()).wake();
    }
}
