//! Results of numbered calls, in the order in which they are taken.

use alloc::collections::VecDeque;

/// A call in the order of the numbers.
enum Entry<T> {
    Running,
    Finished(T),
    /// The call has no result.
    Lost,
}

enum Order<T> {
    Unordered(VecDeque<T>),
    Ordered {
        /// The number of the first entry.
        first: usize,
        entries: VecDeque<Entry<T>>,
    },
}

pub(crate) struct Results<T> {
    order: Order<T>,
    len: usize,
}

impl<T> Results<T> {
    /// Results in the order in which calls finish.
    pub(crate) fn unordered() -> Self {
        Self { order: Order::Unordered(VecDeque::new()), len: 0 }
    }

    /// Results in the order of the numbers, which begin at `first`.
    pub(crate) fn ordered(first: usize) -> Self {
        Self { order: Order::Ordered { first, entries: VecDeque::new() }, len: 0 }
    }

    pub(crate) fn is_ordered(&self) -> bool {
        matches!(self.order, Order::Ordered { .. })
    }

    /// Number of results, including those that are held back by an earlier call.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Adds the result of a call, or `None` if the call has no result.
    #[inline]
    pub(crate) fn put(&mut self, number: usize, result: Option<T>) {
        self.len += usize::from(result.is_some());
        match (&mut self.order, result) {
            (Order::Unordered(queue), Some(result)) => queue.push_back(result),
            (Order::Unordered(_), None) => {}
            (Order::Ordered { first, entries }, result) => {
                Self::put_at(entries, number.wrapping_sub(*first), result);
            }
        }
    }

    // Never, so that `put` stays small enough to be inlined.
    #[inline(never)]
    fn put_at(entries: &mut VecDeque<Entry<T>>, at: usize, result: Option<T>) {
        if entries.len() <= at {
            entries.resize_with(at + 1, || Entry::Running);
        }
        entries[at] = result.map_or(Entry::Lost, Entry::Finished);
    }

    /// Takes the next result. Returns `None` if its call is still running.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<T> {
        let result = match &mut self.order {
            Order::Unordered(queue) => queue.pop_front(),
            Order::Ordered { first, entries } => loop {
                match entries.front() {
                    None | Some(Entry::Running) => break None,
                    Some(Entry::Finished(_) | Entry::Lost) => {}
                }
                *first = first.wrapping_add(1);
                if let Some(Entry::Finished(result)) = entries.pop_front() {
                    break Some(result);
                }
            },
        };
        self.len -= usize::from(result.is_some());
        result
    }
}
