//! What has finished and was not taken yet, in the order in which it is to be taken.

use alloc::collections::VecDeque;

/// A place in the order of the calls.
enum Entry<T> {
    Running,
    Results(T),
    /// It panicked.
    Lost,
}

enum Order<T> {
    Unordered(VecDeque<T>),
    Ordered {
        /// The number of the place at the front.
        first: usize,
        entries: VecDeque<Entry<T>>,
    },
}

pub(crate) struct Results<T> {
    order: Order<T>,
    len: usize,
}

impl<T> Results<T> {
    pub(crate) fn unordered() -> Self {
        Self { order: Order::Unordered(VecDeque::new()), len: 0 }
    }

    /// For calls that are numbered from `first` on.
    pub(crate) fn ordered(first: usize) -> Self {
        Self { order: Order::Ordered { first, entries: VecDeque::new() }, len: 0 }
    }

    pub(crate) fn is_ordered(&self) -> bool {
        matches!(self.order, Order::Ordered { .. })
    }

    /// Results that are here, whether or not it is their turn.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Puts in the result of a call, or `None` if it will never have one.
    #[inline]
    pub(crate) fn put(&mut self, number: usize, result: Option<T>) {
        match (&mut self.order, result) {
            (Order::Unordered(queue), Some(result)) => {
                queue.push_back(result);
                self.len += 1;
            }
            (Order::Unordered(_), None) => {}
            (Order::Ordered { .. }, result) => self.put_in_order(number, result),
        }
    }

    fn put_in_order(&mut self, number: usize, result: Option<T>) {
        self.len += usize::from(result.is_some());
        match &mut self.order {
            Order::Unordered(_) => {}
            Order::Ordered { first, entries } => {
                let at = number.wrapping_sub(*first);
                if entries.len() <= at {
                    entries.resize_with(at + 1, || Entry::Running);
                }
                entries[at] = result.map_or(Entry::Lost, Entry::Results);
            }
        }
    }

    /// Takes the next one, if its turn has come.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<T> {
        let result = match &mut self.order {
            Order::Unordered(queue) => queue.pop_front(),
            Order::Ordered { first, entries } => loop {
                match entries.front() {
                    None | Some(Entry::Running) => break None,
                    Some(Entry::Results(_) | Entry::Lost) => {}
                }
                *first = first.wrapping_add(1);
                if let Some(Entry::Results(result)) = entries.pop_front() {
                    break Some(result);
                }
            },
        };
        self.len -= usize::from(result.is_some());
        result
    }
}
