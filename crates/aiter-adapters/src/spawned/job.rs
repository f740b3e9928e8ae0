//! What the workers of `map_par_with` send to the stream.
//!
//! A job is one call of the function. Jobs are numbered in the source's order, and each number
//! reaches the stream with the output of its job. A panic of the source, or of its drop, takes the
//! number of the next job. The worker that finds the source gone sends the number of all jobs, so
//! the end of the stream does not wait for idle workers.

use crate::util::TaskPanic;

/// The output of a job.
///
/// It holds a result, a panic, or both if the finished future panicked in its drop. It holds
/// neither if the job was lost with its task.
pub(crate) struct JobOutput<T> {
    pub(crate) result: Option<T>,
    pub(crate) panic: Option<TaskPanic>,
}

impl<T> JobOutput<T> {
    pub(crate) const LOST: Self = Self { result: None, panic: None };

    pub(crate) fn is_lost(&self) -> bool {
        self.result.is_none() && self.panic.is_none()
    }
}

impl<T> From<Result<T, TaskPanic>> for JobOutput<T> {
    fn from(result: Result<T, TaskPanic>) -> Self {
        match result {
            Ok(result) => Self { result: Some(result), panic: None },
            Err(panic) => Self { result: None, panic: Some(panic) },
        }
    }
}

/// A job, and its output so far.
pub(crate) struct Job<T> {
    pub(crate) number: usize,
    pub(crate) output: JobOutput<T>,
}

pub(crate) enum Message<T> {
    /// A finished job.
    Job(Job<T>),
    /// Tasks were requested.
    StartTasks,
    /// The source is gone, after this number of jobs.
    SourceGone(usize),
}
