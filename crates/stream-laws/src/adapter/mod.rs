mod output;

use alloc::{boxed::Box, vec::Vec};
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

pub use self::output::Output;
use crate::token::Token;

/// The parts of an adapter: streams to read, futures to drive and closures to call.
///
/// An adapter with a single stream needs no `Parts`, because every stream implements [`IntoParts`].
///
/// # Examples
/// ```
/// use futures_util::{StreamExt, stream::AbortHandle, stream::abortable};
/// use stream_laws::{Laws, Parts, Relation};
///
/// Laws::of("abortable", |source| {
///     let (stream, handle) = abortable(source);
///     Parts::new().stream(stream).side_effect(move || handle.abort())
/// })
/// .expect(Relation::Subsequence)
/// # .cases(50)
/// .run();
/// ```
#[derive(Default)]
pub struct Parts {
    pub(crate) parts: Vec<TaskPart>,
    pub(crate) side_effects: Vec<Box<dyn FnMut()>>,
}

pub(crate) type TokenStream = dyn Stream<Item = Vec<Token>>;

/// A part that one task polls.
pub(crate) struct TaskPart {
    pub(crate) stream: Pin<Box<TokenStream>>,
    pub(crate) role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A stream whose items and end are checked.
    Reader,
    /// A future that is driven.
    Driver,
    /// A future that can take over the work of other workers.
    Worker,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("tasks", &self.parts.len())
            .field("side_effects", &self.side_effects.len())
            .finish()
    }
}

impl Parts {
    /// Creates an adapter without parts.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a stream to read in its own task.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn stream<S: Stream<Item: Output> + 'static>(mut self, stream: S) -> Self {
        let stream = Box::pin(Reader { stream: Box::pin(stream) });
        self.parts.push(TaskPart { stream, role: Role::Reader });
        self
    }

    /// Adds streams to read, each in its own task.
    ///
    /// # Examples
    /// See the example of [`Laws::backpressure`](crate::Laws::backpressure).
    pub fn streams<S>(self, streams: impl IntoIterator<Item = S>) -> Self
    where
        S: Stream<Item: Output> + 'static,
    {
        streams.into_iter().fold(self, Self::stream)
    }

    /// Adds a future to drive in its own task.
    ///
    /// # Examples
    /// ```
    /// use futures_channel::mpsc;
    /// use futures_util::StreamExt;
    /// use stream_laws::{Laws, Parts, Relation};
    ///
    /// let laws = Laws::of("forward", |source| {
    ///     let (sender, receiver) = mpsc::channel(1);
    ///     Parts::new().stream(receiver).driver(source.map(Ok).forward(sender))
    /// });
    /// laws.expect(Relation::Same).cases(100).run().assert();
    /// ```
    pub fn driver<F: Future + 'static>(self, future: F) -> Self {
        self.future(future, Role::Driver)
    }

    /// Adds futures to drive, each in its own task, that can take over the work of each other.
    ///
    /// Like a reader, a worker may be [abandoned](crate::Move::Abandon), unless it polled a
    /// scripted future last that is not finished.
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    ///
    /// use futures_channel::mpsc;
    /// use futures_util::{StreamExt, lock::Mutex};
    /// use stream_laws::{Law, Laws, Parts, Relation};
    ///
    /// let laws = Laws::of_futures("two workers", |futures| {
    ///     let (sender, results) = mpsc::unbounded();
    ///     let jobs = Arc::new(Mutex::new(futures.fuse()));
    ///     let workers = [(); 2].map(|()| {
    ///         let (sender, jobs) = (sender.clone(), jobs.clone());
    ///         async move {
    ///             while let Some(job) = { jobs.lock().await.next().await } {
    ///                 let _ = sender.unbounded_send(job.await);
    ///             }
    ///         }
    ///     });
    ///     Parts::new().stream(results).workers(workers)
    /// });
    /// laws.expect(Relation::Permutation)
    ///     .except(Law::L11, "an abandoned worker keeps its sender, so the results never end")
    ///     .cases(100)
    ///     .run()
    ///     .assert();
    /// ```
    pub fn workers<F: Future + 'static>(self, futures: impl IntoIterator<Item = F>) -> Self {
        futures.into_iter().fold(self, |parts, future| parts.future(future, Role::Worker))
    }

    fn future<F: Future + 'static>(mut self, future: F, role: Role) -> Self {
        let stream = Box::pin(Driver { future: Some(Box::pin(future)) });
        self.parts.push(TaskPart { stream, role });
        self
    }

    /// Adds a closure that acts on the adapter from outside, such as a permit for a gate or a push.
    ///
    /// The driver calls it at random, and whenever every task waits and no source can be woken.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn side_effect(mut self, side_effect: impl FnMut() + 'static) -> Self {
        self.side_effects.push(Box::new(side_effect));
        self
    }
}

/// A conversion into [`Parts`], implemented for streams and for `Parts`.
///
/// # Examples
/// For the type that a constructor returns:
///
/// ```
/// use futures_util::{
///     Stream,
///     stream::{AbortHandle, Abortable, abortable},
/// };
/// use stream_laws::{IntoParts, Laws, Output, Parts, Relation};
///
/// struct Handled<S> {
///     stream: Abortable<S>,
///     handle: AbortHandle,
/// }
///
/// impl<S: Stream<Item: Output> + 'static> IntoParts for Handled<S> {
///     fn into_parts(self) -> Parts {
///         let Self { stream, handle } = self;
///         Parts::new().stream(stream).side_effect(move || handle.abort())
///     }
/// }
///
/// let laws = Laws::of("abortable", |source| {
///     let (stream, handle) = abortable(source);
///     Handled { stream, handle }
/// });
/// laws.expect(Relation::Subsequence).cases(100).run().assert();
/// ```
pub trait IntoParts {
    /// Returns the parts.
    ///
    /// # Examples
    /// See the [example of the trait](Self#examples).
    fn into_parts(self) -> Parts;
}

impl<S: Stream<Item: Output> + 'static> IntoParts for S {
    fn into_parts(self) -> Parts {
        Parts::new().stream(self)
    }
}

impl IntoParts for Parts {
    fn into_parts(self) -> Parts {
        self
    }
}

/// A stream that extracts the tokens of each item.
struct Reader<S> {
    stream: Pin<Box<S>>,
}

impl<S: Stream<Item: Output>> Stream for Reader<S> {
    type Item = Vec<Token>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Vec<Token>>> {
        self.stream.as_mut().poll_next(cx).map(|item| {
            item.map(|item| {
                let mut tokens = Vec::new();
                item.tokens(&mut tokens);
                tokens
            })
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}

/// A stream without items that ends with its future.
struct Driver<F> {
    future: Option<Pin<Box<F>>>,
}

impl<F: Future> Stream for Driver<F> {
    type Item = Vec<Token>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Vec<Token>>> {
        if let Some(future) = &mut self.future {
            if future.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.future = None;
        }
        Poll::Ready(None)
    }
}
