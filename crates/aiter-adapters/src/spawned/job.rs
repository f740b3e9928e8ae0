use crate::util::Caught;

/// What a call left: a result, a panic, both if the finished future panicked when it was dropped,
/// or neither if the call was lost with its task.
pub(crate) struct Fate<T> {
    pub(crate) result: Option<T>,
    pub(crate) panic: Option<Caught>,
}

impl<T> Fate<T> {
    pub(crate) const LOST: Self = Self { result: None, panic: None };

    pub(crate) fn is_lost(&self) -> bool {
        self.result.is_none() && self.panic.is_none()
    }
}

impl<T> From<Result<T, Caught>> for Fate<T> {
    fn from(result: Result<T, Caught>) -> Self {
        match result {
            Ok(result) => Self { result: Some(result), panic: None },
            Err(panic) => Self { result: None, panic: Some(panic) },
        }
    }
}

/// A call that is over.
pub(crate) struct Done<T> {
    /// The number of the call.
    pub(crate) number: usize,
    pub(crate) fate: Fate<T>,
}

/// What a worker hands in.
pub(crate) enum Note<T> {
    Done(Done<T>),
    /// Workers are asked for.
    Hire,
    /// The source is gone, and this is the number of all calls.
    End(usize),
}
