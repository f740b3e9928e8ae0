use crate::{
    spawned::{
        job::{FinishedJob, Message},
        sender::TaskSender,
    },
    util::TaskPanic,
};

/// A worker's side of the list, and the place of the call that it works at.
pub(crate) struct WorkerSlot<T> {
    pub(crate) at: Option<FinishedJob<T>>,
    pub(crate) sender: TaskSender<Message<T>>,
}

impl<T> WorkerSlot<T> {
    pub(crate) fn new(sender: TaskSender<Message<T>>) -> Self {
        Self { at: None, sender }
    }

    /// Adds to what the call left. The first panic is the one that counts.
    pub(crate) fn message(&mut self, result: Option<T>, panic: Option<TaskPanic>) {
        if let Some(FinishedJob { output, .. }) = &mut self.at {
            output.result = result.or(output.result.take());
            output.panic = output.panic.take().or(panic);
        }
    }

    /// Hands in what the call left.
    pub(crate) fn send_output(&mut self) {
        if let Some(done) = self.at.take() {
            if done.output.panic.is_some() {
                self.sender.report_caught_panic();
            } else if done.output.is_lost() {
                self.sender.report_lost_item();
            }
            // Refused if the stream is gone.
            drop(self.sender.push(Message::FinishedJob(done)));
        }
    }
}

impl<T> Drop for WorkerSlot<T> {
    fn drop(&mut self) {
        // Before the call is over for the stream, which may end by that.
        self.sender.report_panic();
        self.send_output();
        // Another worker is to take the next item.
        if self.sender.is_idle() && self.sender.needs_task() {
            self.sender.request_tasks(1, Message::Hire);
        }
    }
}
