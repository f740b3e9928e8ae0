use core::slice;

use aiter_core::{Cursor, Pusher, WakeCell, WeakPusher, push_list};
use alloc::vec::Vec;
use futures_core::FusedStream;

use crate::{
    outcome::TaskOutcome,
    spawned::{
        channel::{
            CAN_START, CLOSED, ITEM_LOST, PANIC_CAUGHT, SOURCE_ENDED, TASK_PANICKED, TaskChannel,
        },
        permits::Permits,
        sender::TaskSender,
    },
    sync::{Arc, AtomicUsize, Ordering},
};

/// Wakes all tasks, the rest also if a waker panics.
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

/// The stream's side. Dropping it tells the tasks to end.
pub(crate) struct TaskReceiver<T> {
    pub(crate) cursor: Cursor<T>,
    channel: Arc<TaskChannel>,
    /// Each task, for the close.
    tasks: Vec<Arc<WakeCell>>,
}

/// Makes the tasks' sides.
pub(crate) struct SenderFactory<T> {
    pusher: Pusher<T>,
    channel: Arc<TaskChannel>,
}

/// [`SenderFactory`] that do not keep the stream from ending.
pub(crate) struct WeakSenderFactory<T> {
    pusher: WeakPusher<T>,
    channel: Arc<TaskChannel>,
}

/// The stream's side, and the maker of the tasks' sides.
pub(crate) fn channel<T>() -> (TaskReceiver<T>, SenderFactory<T>) {
    let (pusher, cursor) = push_list();
    let channel = Arc::new(TaskChannel {
        flags: AtomicUsize::new(0),
        returned: AtomicUsize::new(0),
        permits: WakeCell::new(),
        idle: AtomicUsize::new(0),
        wanted: AtomicUsize::new(0),
    });
    (
        TaskReceiver { cursor, channel: channel.clone(), tasks: Vec::new() },
        SenderFactory { pusher, channel },
    )
}

impl<T> SenderFactory<T> {
    /// The side of one more task.
    pub(crate) fn add_to(&self, receiver: &mut TaskReceiver<T>) -> TaskSender<T> {
        let task = Arc::new(WakeCell::new());
        receiver.tasks.push(task.clone());
        TaskSender::new(self.pusher.clone(), self.channel.clone(), task)
    }

    /// The permits, `bound` of them; any number if it is `None`.
    pub(crate) fn permits(&self, bound: Option<usize>) -> Permits {
        Permits::new(self.channel.clone(), bound)
    }

    /// From here on tasks ask for more tasks.
    pub(crate) fn allow_more(&self) -> WeakSenderFactory<T> {
        self.channel.set(CAN_START);
        WeakSenderFactory { pusher: self.pusher.downgrade(), channel: self.channel.clone() }
    }
}

impl<T> WeakSenderFactory<T> {
    /// The maker of more tasks' sides; `None` if no task is left.
    pub(crate) fn upgrade(&self) -> Option<SenderFactory<T>> {
        Some(SenderFactory { pusher: self.pusher.upgrade()?, channel: self.channel.clone() })
    }
}

impl<T> Drop for WeakSenderFactory<T> {
    fn drop(&mut self) {
        // Release: as `TaskChannel::set`.
        self.channel.flags.fetch_and(!CAN_START, Ordering::Release);
    }
}

impl<T> TaskReceiver<T> {
    /// Takes the number of tasks that were asked for.
    #[inline]
    pub(crate) fn take_requested(&self) -> usize {
        // Relaxed: see the ordering policy.
        match self.channel.wanted.load(Ordering::Relaxed) {
            0 => 0,
            // Idle tasks take the first of the items.
            _ => (self.channel.wanted.swap(0, Ordering::Relaxed))
                .saturating_sub(self.channel.idle.load(Ordering::Relaxed)),
        }
    }

    /// True if the end was handed out.
    pub(crate) fn is_terminated(&self) -> bool {
        self.cursor.is_terminated()
    }

    /// Gives one permit back.
    pub(crate) fn release_permit(&self) {
        // AcqRel: partner of `TaskChannel::take_permits`, in both directions.
        if self.channel.returned.fetch_add(1, Ordering::AcqRel) == 0 {
            self.channel.permits.wake();
        }
    }

    /// True if a task was lost because it panicked.
    pub(crate) fn has_task_panicked(&self) -> bool {
        self.channel.has(TASK_PANICKED)
    }

    /// True if the source has ended.
    pub(crate) fn has_source_ended(&self) -> bool {
        self.channel.has(SOURCE_ENDED)
    }

    /// True if a panic was caught.
    pub(crate) fn has_caught_panic(&self) -> bool {
        self.channel.has(PANIC_CAUGHT)
    }

    /// How it came to the end, if no task is left.
    pub(crate) fn outcome(&self) -> Option<TaskOutcome> {
        self.cursor.is_stopped().then(|| self.outcome_at_end())
    }

    /// How it came to the end, which it has come to.
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
