use core::{
    error::Error,
    fmt,
    pin::{Pin, pin},
    time::Duration,
};
use std::time::Instant;

use aiter_adapters::{BoundedPusher, WeighedPusher};
use aiter_core::{PushError, PushErrorKind};

use crate::{block_on::BlockOn, parker};

mod sealed {
    #[expect(unnameable_types, reason = "the trait is sealed")]
    pub trait Sealed {}
    impl<T> Sealed for aiter_adapters::BoundedPusher<T> {}
    impl<T, W> Sealed for aiter_adapters::WeighedPusher<T, W> {}
}

/// Blocking pushes into a bounded or weighed list, for threads that may block. This trait is
/// sealed.
///
/// A push that finds room returns at once. Otherwise it stands in the one line of the list's
/// requests, first in, first out, and parks the thread until its turn. Another thread must make the
/// room. If the cursor that is behind is read by this thread, or by a task of this thread, the wait
/// never ends: use [`forbid_blocking`](crate::forbid_blocking) around code that runs on the threads
/// of an executor, and `.await` the pushes there.
///
/// To wait for the end of the list, block on its future:
/// [`BlockOn::new().block_on(pusher.closed())`](BlockOn::block_on).
///
/// # Examples
/// ```
/// use std::thread;
///
/// use aiter_adapters::bounded;
/// use aiter_executor_compat::{PushBlocking, aiter_to_iter, park_thread};
///
/// let (pusher, cursor) = bounded(2);
/// let producer = thread::spawn(move || {
///     for n in 0..100 {
///         pusher.push_blocking(n).expect("the list has a cursor");
///     }
/// });
/// assert!(aiter_to_iter(cursor, park_thread).eq(0..100));
/// # producer.join().expect("the producer does not panic");
/// ```
pub trait PushBlocking<T>: sealed::Sealed {
    /// Parks the thread until there is room, and appends an item.
    ///
    /// # Errors
    /// Returns [`PushError`] with the item if the list is stopped or has no cursor, also while it
    /// waits.
    ///
    /// # Panics
    /// Panics if it would wait inside a future under [`forbid_blocking`](crate::forbid_blocking).
    /// The item is then dropped and the line is left. Panics if the waker of a waiting task panics.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    /// use aiter_executor_compat::PushBlocking;
    ///
    /// let (pusher, mut cursor) = bounded(1);
    /// pusher.push_blocking("item")?;
    /// assert_eq!(cursor.try_next(), Ok("item"));
    /// drop(cursor);
    /// assert_eq!(pusher.push_blocking("refused").unwrap_err().into_inner(), "refused");
    /// # Ok::<(), aiter_core::PushError<&str>>(())
    /// ```
    #[doc(alias = "blocking_send")]
    #[doc(alias = "send_blocking")]
    fn push_blocking(&self, item: T) -> Result<(), PushError<T>>;

    /// Parks the thread until there is room, and appends an item, unless `timeout` passes first.
    ///
    /// The list is asked at least once. The item enters the list only once there is room, so every
    /// error gives it back. If the timeout exceeds the range of [`Instant`], the call equals
    /// [`push_blocking`](Self::push_blocking).
    ///
    /// # Errors
    /// - Returns [`PushTimeoutError::Elapsed`] with the item if no room comes in time. The call has
    ///   then left the line.
    /// - Returns [`PushTimeoutError::Stopped`] or [`PushTimeoutError::NoCursor`] with the item if
    ///   the list is stopped or has no cursor, also while it waits.
    ///
    /// # Panics
    /// Panics as [`push_blocking`](Self::push_blocking) does.
    ///
    /// # Examples
    /// ```
    /// use core::time::Duration;
    ///
    /// use aiter_adapters::bounded;
    /// use aiter_executor_compat::{PushBlocking, PushTimeoutError};
    ///
    /// let (pusher, mut cursor) = bounded(1);
    /// let timeout = Duration::from_millis(5);
    /// pusher.push_timeout(1, timeout)?;
    /// assert_eq!(pusher.push_timeout(2, timeout), Err(PushTimeoutError::Elapsed(2)));
    /// assert_eq!(cursor.try_next(), Ok(1));
    /// pusher.push_timeout(2, timeout)?;
    /// # Ok::<(), PushTimeoutError<i32>>(())
    /// ```
    #[doc(alias = "send_timeout")]
    fn push_timeout(&self, item: T, timeout: Duration) -> Result<(), PushTimeoutError<T>>;
}

impl<T> PushBlocking<T> for BoundedPusher<T> {
    fn push_blocking(&self, item: T) -> Result<(), PushError<T>> {
        BlockOn::new().block_on(self.push(item))
    }

    fn push_timeout(&self, item: T, timeout: Duration) -> Result<(), PushTimeoutError<T>> {
        let mut reserve = pin!(self.reserve());
        let permit = match parker::poll_first(reserve.as_mut()) {
            Ok(permit) => permit,
            Err(first) => {
                let end = Instant::now().checked_add(timeout);
                // The line holds a clone of the waker as long as the request waits, so the only
                // error is that `end` has passed.
                match parker::wait(reserve.as_mut(), first, end) {
                    Ok(permit) => permit,
                    Err(_) => return Err(PushTimeoutError::Elapsed(item)),
                }
            }
        };
        match permit {
            Ok(permit) => Ok(permit.push(item)?),
            Err(PushErrorKind::Stopped) => Err(PushTimeoutError::Stopped(item)),
            Err(PushErrorKind::NoCursor) => Err(PushTimeoutError::NoCursor(item)),
        }
    }
}

/// A weighed list calls the weight function before the wait.
impl<T, W: Fn(&T) -> usize> PushBlocking<T> for WeighedPusher<T, W> {
    fn push_blocking(&self, item: T) -> Result<(), PushError<T>> {
        BlockOn::new().block_on(self.push(item))
    }

    fn push_timeout(&self, item: T, timeout: Duration) -> Result<(), PushTimeoutError<T>> {
        let mut push = self.push(item);
        let pushed = match parker::poll_first(Pin::new(&mut push)) {
            Ok(pushed) => pushed,
            Err(first) => {
                let end = Instant::now().checked_add(timeout);
                match parker::wait(Pin::new(&mut push), first, end) {
                    Ok(pushed) => pushed,
                    // As above: the end has passed.
                    Err(_) => {
                        let item = push.into_inner();
                        return Err(PushTimeoutError::Elapsed(item.expect("the push has waited")));
                    }
                }
            }
        };
        Ok(pushed?)
    }
}

/// The error of [`PushBlocking::push_timeout`], with the item that was not pushed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PushTimeoutError<T> {
    /// No room came in time.
    Elapsed(T),
    /// The list was stopped.
    Stopped(T),
    /// The list has no cursor, so the item would never be read.
    NoCursor(T),
}

impl<T> PushTimeoutError<T> {
    /// Returns the item.
    ///
    /// # Examples
    /// ```
    /// use core::time::Duration;
    ///
    /// use aiter_adapters::bounded;
    /// use aiter_executor_compat::PushBlocking;
    ///
    /// let (pusher, _cursor) = bounded(1);
    /// pusher.push_timeout("one", Duration::from_millis(5)).expect("the list has room");
    /// let error = pusher.push_timeout("two", Duration::from_millis(5)).unwrap_err();
    /// assert_eq!(error.into_inner(), "two"); // store it, or push it elsewhere
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            Self::Elapsed(item) | Self::Stopped(item) | Self::NoCursor(item) => item,
        }
    }

    /// Returns `true` if the time has passed, so the push can be tried again.
    ///
    /// # Examples
    /// ```
    /// use core::time::Duration;
    ///
    /// use aiter_adapters::bounded;
    /// use aiter_executor_compat::PushBlocking;
    ///
    /// let (pusher, mut cursor) = bounded(1);
    /// let mut unsent = Some("two");
    /// pusher.push_timeout("one", Duration::from_millis(5)).expect("the list has room");
    /// let mut losses = 0;
    /// while let Some(item) = unsent.take() {
    ///     if let Err(error) = pusher.push_timeout(item, Duration::from_millis(5)) {
    ///         assert!(error.is_elapsed(), "a retry would fail as well");
    ///         unsent = Some(error.into_inner());
    ///         losses += cursor.skip_items(1); // makes room for the retry
    ///     }
    /// }
    /// assert_eq!((losses, cursor.try_next()), (1, Ok("two")));
    /// ```
    pub fn is_elapsed(&self) -> bool {
        matches!(self, Self::Elapsed(_))
    }
}

impl<T> From<PushError<T>> for PushTimeoutError<T> {
    fn from(error: PushError<T>) -> Self {
        match error {
            PushError::Stopped(item) => Self::Stopped(item),
            PushError::NoCursor(item) => Self::NoCursor(item),
        }
    }
}

impl<T> fmt::Debug for PushTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Elapsed(_) => "PushTimeoutError::Elapsed(..)",
            Self::Stopped(_) => "PushTimeoutError::Stopped(..)",
            Self::NoCursor(_) => "PushTimeoutError::NoCursor(..)",
        })
    }
}

impl<T> fmt::Display for PushTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elapsed(_) => f.write_str("the list had no room in time"),
            Self::Stopped(_) => PushErrorKind::Stopped.fmt(f),
            Self::NoCursor(_) => PushErrorKind::NoCursor.fmt(f),
        }
    }
}

impl<T> Error for PushTimeoutError<T> {}
