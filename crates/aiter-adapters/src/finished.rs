//! Calls that are over and were not taken yet, in the order in which the consumer takes them.

use alloc::collections::VecDeque;

use crate::caught::Caught;

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

/// A place in the order of the calls: `None` while the call runs.
type Place<T> = Option<Fate<T>>;

enum Order<T> {
    AsTheyCome(VecDeque<Fate<T>>),
    AsTheyBegan {
        /// The number of the place at the front.
        first: usize,
        places: VecDeque<Place<T>>,
    },
}

pub(crate) struct Finished<T> {
    order: Order<T>,
    results: usize,
    /// Calls without a result that have a panic.
    panics: usize,
}

impl<T> Finished<T> {
    pub(crate) fn as_they_come() -> Self {
        Self { order: Order::AsTheyCome(VecDeque::new()), results: 0, panics: 0 }
    }

    /// For calls that are numbered from `first` on.
    pub(crate) fn as_they_began(first: usize) -> Self {
        let order = Order::AsTheyBegan { first, places: VecDeque::new() };
        Self { order, results: 0, panics: 0 }
    }

    pub(crate) fn is_ordered(&self) -> bool {
        matches!(self.order, Order::AsTheyBegan { .. })
    }

    /// Results that are here, whether or not it is their turn.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.results
    }

    /// Calls that are here with a result or a panic.
    #[inline]
    pub(crate) fn held(&self) -> usize {
        self.results + self.panics
    }

    /// Adds what a call left. A lost call only makes room for those behind it.
    #[inline]
    pub(crate) fn put(&mut self, number: usize, fate: Fate<T>) {
        self.results += usize::from(fate.result.is_some());
        self.panics += usize::from(fate.result.is_none() && fate.panic.is_some());
        match &mut self.order {
            Order::AsTheyCome(_) if fate.is_lost() => {}
            Order::AsTheyCome(queue) => queue.push_back(fate),
            Order::AsTheyBegan { first, places } => {
                let at = number.wrapping_sub(*first);
                if places.len() <= at {
                    places.resize_with(at + 1, || None);
                }
                places[at] = Some(fate);
            }
        }
    }

    /// Takes the next call that left something, if its turn has come.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<Fate<T>> {
        let fate = match &mut self.order {
            Order::AsTheyCome(queue) => queue.pop_front(),
            Order::AsTheyBegan { first, places } => loop {
                if matches!(places.front(), None | Some(None)) {
                    break None;
                }
                *first = first.wrapping_add(1);
                match places.pop_front().flatten() {
                    Some(fate) if fate.is_lost() => {}
                    fate => break fate,
                }
            },
        };
        if let Some(fate) = &fate {
            self.results -= usize::from(fate.result.is_some());
            self.panics -= usize::from(fate.result.is_none());
        }
        fate
    }
}
