//! The results that the stream of `map_par_with` has received from its tasks.

use core::{
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

use crate::{
    outcome::TaskOutcome,
    spawned::{
        channel::{PANIC_CAUGHT, SOURCE_ENDED, TASK_PANICKED},
        job::{Job, JobOutput, Message},
        receiver::TaskReceiver,
    },
    util::{Results, TaskPanic},
};

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Running,
    /// The end was found and reported by a panic.
    Panicked,
    /// `None` was returned.
    Ended,
}

pub(crate) struct Inbox<T> {
    pub(crate) receiver: TaskReceiver<Message<T>>,
    outputs: Results<JobOutput<T>>,
    /// Number of `outputs` that hold a result.
    ready: usize,
    /// Number of jobs that were received.
    received: usize,
    /// Number of all jobs, once the source is gone.
    total: Option<usize>,
    /// Number of jobs that were lost with their tasks.
    lost: usize,
    /// The consumer holds a result whose permit is not released.
    in_hand: bool,
    /// The panic that came with the result that the consumer holds.
    panic: Option<TaskPanic>,
    stage: Stage,
}

impl<T> Inbox<T> {
    pub(crate) fn new(receiver: TaskReceiver<Message<T>>) -> Self {
        Self {
            receiver,
            outputs: Results::unordered(),
            ready: 0,
            received: 0,
            total: None,
            lost: 0,
            in_hand: false,
            panic: None,
            stage: Stage::Running,
        }
    }

    /// Restores the source's order, unless a job was received.
    pub(crate) fn set_ordered(&mut self) {
        if self.received == 0 {
            self.outputs = Results::ordered(0);
        }
    }

    pub(crate) fn is_ordered(&self) -> bool {
        self.outputs.is_ordered()
    }

    /// Number of results that were not taken.
    pub(crate) fn finished(&self) -> usize {
        let is_result = |message: &&Message<T>| match message {
            Message::Job(job) => job.output.result.is_some(),
            Message::StartTasks | Message::SourceGone(_) => false,
        };
        self.receiver.cursor.available_iter().filter(is_result).count() + self.ready
    }

    pub(crate) fn outcome(&self) -> Option<TaskOutcome> {
        match self.stage {
            Stage::Ended => Some(self.receiver.outcome_at_end()),
            Stage::Running | Stage::Panicked => self.receiver.outcome(),
        }
    }

    /// Returns `true` if `None` was returned.
    pub(crate) fn is_terminated(&self) -> bool {
        self.stage == Stage::Ended
    }

    pub(crate) fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Message<T>>> {
        Pin::new(&mut self.receiver.cursor).poll_next(cx)
    }

    pub(crate) fn set_total(&mut self, jobs: usize) {
        self.total = Some(jobs);
    }

    /// Returns `true` if all jobs were received. All outputs are in their turn then, because no
    /// number is missing.
    pub(crate) fn is_complete(&self) -> bool {
        self.total == Some(self.received)
    }

    pub(crate) fn receive(&mut self, Job { number, output }: Job<T>) {
        self.received = self.received.wrapping_add(1);
        self.ready += usize::from(output.result.is_some());
        if output.is_lost() {
            self.lost += 1;
            self.receiver.channel.release_permit();
            self.outputs.put(number, None);
        } else {
            self.outputs.put(number, Some(output));
        }
    }

    /// Releases the permit of the result that the consumer holds, and resumes its panic.
    pub(crate) fn release(&mut self) {
        if mem::take(&mut self.in_hand) {
            self.receiver.channel.release_permit();
        }
        self.resume_panic();
    }

    /// Takes the next result. If there is a panic in its place, resumes the panic.
    pub(crate) fn take(&mut self) -> Option<T> {
        let JobOutput { result, panic } = self.outputs.take()?;
        self.panic = panic;
        if result.is_some() {
            self.in_hand = true;
            self.ready -= 1;
        } else {
            // A panic of the source has no permit. The surplus permit is not used, because the
            // source is gone.
            self.receiver.channel.release_permit();
            self.resume_panic();
        }
        result
    }

    fn resume_panic(&mut self) {
        if let Some(panic) = self.panic.take() {
            panic.resume();
        }
    }

    /// Ends the stream.
    ///
    /// # Panics
    /// Panics once if a task was lost to a panic.
    #[cold]
    pub(crate) fn end(&mut self) {
        // A source that is gone, but has neither ended nor panicked in `catch`, was lost with a
        // task.
        let channel = &self.receiver.channel;
        let ended = channel.has(SOURCE_ENDED);
        let lost_the_source = self.total.is_some() && !channel.has(SOURCE_ENDED | PANIC_CAUGHT);
        if self.stage != Stage::Running || !lost_the_source && !channel.has(TASK_PANICKED) {
            self.stage = Stage::Ended;
            return;
        }
        self.stage = Stage::Panicked;
        let lost = self.lost;
        if ended {
            panic!("tasks of map_par_with panicked, items without a result: {lost}");
        }
        panic!(
            "tasks of map_par_with panicked before the source had ended, \
             items without a result: {lost}"
        );
    }
}
