//! What has finished and was not taken yet, in the order in which it is to be taken.

use alloc::collections::VecDeque;

/// A place in the order of the calls.
enum Place<T> {
    Running,
    Finished(T),
    /// It panicked.
    Lost,
}

enum Order<T> {
    AsTheyCome(VecDeque<T>),
    AsTheyBegan {
        /// The number of the place at the front.
        first: usize,
        places: VecDeque<Place<T>>,
    },
}

pub(crate) struct Finished<T> {
    order: Order<T>,
    len: usize,
}

impl<T> Finished<T> {
    pub(crate) fn as_they_come() -> Self {
        Self { order: Order::AsTheyCome(VecDeque::new()), len: 0 }
    }

    /// For calls that are numbered from `first` on.
    pub(crate) fn as_they_began(first: usize) -> Self {
        Self { order: Order::AsTheyBegan { first, places: VecDeque::new() }, len: 0 }
    }

    pub(crate) fn is_ordered(&self) -> bool {
        matches!(self.order, Order::AsTheyBegan { .. })
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
            (Order::AsTheyCome(queue), Some(result)) => {
                queue.push_back(result);
                self.len += 1;
            }
            (Order::AsTheyCome(_), None) => {}
            (Order::AsTheyBegan { .. }, result) => self.put_in_order(number, result),
        }
    }

    fn put_in_order(&mut self, number: usize, result: Option<T>) {
        self.len += usize::from(result.is_some());
        match &mut self.order {
            Order::AsTheyCome(_) => {}
            Order::AsTheyBegan { first, places } => {
                let at = number.wrapping_sub(*first);
                if places.len() <= at {
                    places.resize_with(at + 1, || Place::Running);
                }
                places[at] = result.map_or(Place::Lost, Place::Finished);
            }
        }
    }

    /// Takes the next one, if its turn has come.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<T> {
        let result = match &mut self.order {
            Order::AsTheyCome(queue) => queue.pop_front(),
            Order::AsTheyBegan { first, places } => loop {
                match places.front() {
                    None | Some(Place::Running) => break None,
                    Some(Place::Finished(_) | Place::Lost) => {}
                }
                *first = first.wrapping_add(1);
                if let Some(Place::Finished(result)) = places.pop_front() {
                    break Some(result);
                }
            },
        };
        self.len -= usize::from(result.is_some());
        result
    }
}
