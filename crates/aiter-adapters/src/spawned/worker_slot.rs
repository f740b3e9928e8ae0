use crate::{
    spawned::{
        channel::{ITEM_LOST, PANIC_CAUGHT},
        job::{Job, JobOutput, Message},
        sender::TaskSender,
    },
    util::TaskPanic,
};

/// The sender of a worker, and the job that the worker runs.
pub(crate) struct WorkerSlot<T> {
    job: Option<Job<T>>,
    pub(crate) sender: TaskSender<Message<T>>,
}

impl<T> WorkerSlot<T> {
    pub(crate) fn new(sender: TaskSender<Message<T>>) -> Self {
        Self { job: None, sender }
    }

    pub(crate) fn set_job(&mut self, number: usize, output: JobOutput<T>) {
        self.job = Some(Job { number, output });
    }

    /// Adds to the output of the job. The first panic is kept.
    pub(crate) fn add_output(&mut self, result: Option<T>, panic: Option<TaskPanic>) {
        if let Some(Job { output, .. }) = &mut self.job {
            output.result = result.or(output.result.take());
            output.panic = output.panic.take().or(panic);
        }
    }

    /// Sends the job to the stream.
    pub(crate) fn send_job(&mut self) {
        if let Some(job) = self.job.take() {
            if job.output.panic.is_some() {
                self.sender.channel.set(PANIC_CAUGHT);
            } else if job.output.is_lost() {
                self.sender.channel.set(ITEM_LOST);
            }
            // Fails if the stream is dropped.
            drop(self.sender.push(Message::Job(job)));
        }
    }
}

impl<T> Drop for WorkerSlot<T> {
    fn drop(&mut self) {
        // First, because the job may be the last one, which ends the stream.
        self.sender.report_panic();
        self.send_job();
        // Another worker must take the next item.
        if self.sender.is_idle() && self.sender.needs_task() {
            self.sender.request_tasks(1, Message::StartTasks);
        }
    }
}
