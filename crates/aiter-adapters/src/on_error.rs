/// The way in which a stream handles an error.
///
/// # Examples
/// See the example of [`MapTry::on_error`](crate::MapTry::on_error).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnError {
    /// Drops the error and continues.
    Skip,
    /// Returns the error as the last item, and drops the source.
    Stop,
    /// Returns the error and continues.
    Emit,
}

/// A rule for errors: one [`OnError`] for all, or a function that returns one for each.
///
/// # Examples
/// A function that handles errors as the adapters do:
///
/// ```
/// use aiter_adapters::{ErrorRule, OnError};
///
/// fn sum<E>(
///     numbers: impl IntoIterator<Item = Result<u32, E>>,
///     mut rule: impl ErrorRule<E>,
/// ) -> Result<u32, E> {
///     let mut sum = 0;
///     for number in numbers {
///         match number {
///             Ok(number) => sum += number,
///             Err(error) if rule.on_error(&error) == OnError::Skip => {}
///             Err(error) => return Err(error),
///         }
///     }
///     Ok(sum)
/// }
///
/// assert_eq!(sum([Ok(1), Err("odd"), Ok(2)], OnError::Skip), Ok(3));
/// let rule = |error: &&str| if *error == "odd" { OnError::Skip } else { OnError::Stop };
/// assert_eq!(sum([Ok(1), Err("odd"), Err("lost")], rule), Err("lost"));
/// ```
pub trait ErrorRule<E: ?Sized> {
    /// Returns how to handle `error`.
    ///
    /// # Examples
    /// See the [example of the trait](Self#examples).
    fn on_error(&mut self, error: &E) -> OnError;

    /// Returns how to handle all errors, if that is known in advance. `size_hint` is then more
    /// exact.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{ErrorRule, OnError};
    ///
    /// fn never_stops<E>(rule: &impl ErrorRule<E>) -> bool {
    ///     rule.on_all().is_some_and(|on_error| on_error != OnError::Stop)
    /// }
    ///
    /// assert!(never_stops::<&str>(&OnError::Emit));
    /// assert!(!never_stops(&|_: &usize| OnError::Emit)); // not known in advance
    /// ```
    fn on_all(&self) -> Option<OnError> {
        None
    }
}

impl<E: ?Sized> ErrorRule<E> for OnError {
    fn on_error(&mut self, _: &E) -> OnError {
        *self
    }

    fn on_all(&self) -> Option<OnError> {
        Some(*self)
    }
}

impl<E: ?Sized, F: FnMut(&E) -> OnError> ErrorRule<E> for F {
    fn on_error(&mut self, error: &E) -> OnError {
        self(error)
    }
}
