use crate::util::TaskPanic;

/// What a call left: a result, a panic, both if the finished future panicked when it was dropped,
/// or neither if the call was lost with its task.
pub(crate) struct JobOutput<T> {
    pub(crate) result: Option<T>,
    pub(crate) panic: Option<TaskPanic>,
}

impl<T> JobOutput<T> {
    pub(crate) const ITEM_LOST: Self = Self { result: None, panic: None };

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

/// A call that is over.
pub(crate) struct FinishedJob<T> {
    /// The number of the call.
    pub(crate) number: usize,
    pub(crate) output: JobOutput<T>,
}

/// What a worker hands in.
pub(crate) enum Message<T> {
    FinishedJob(FinishedJob<T>),
    /// Workers are asked for.
    Hire,
    /// The source is gone, and this is the number of all calls.
    End(usize),
}
