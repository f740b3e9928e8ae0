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

/// What was made of the sources: streams to read, futures to drive, closures to call.
///
/// A closure that makes an adapter may simply return a stream. `Parts` are for those that consist
/// of several things.
///
/// # Examples
///
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

/// What one task polls.
pub(crate) struct TaskPart {
    pub(crate) stream: Pin<Box<TokenStream>>,
    pub(crate) role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Its items and its end are looked at.
    Reader,
    /// A future that only has to be driven.
    Driver,
    /// One of several futures that can do each other's work.
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
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A stream to read, in a task of its own.
    pub fn stream<S>(mut self, stream: S) -> Self
    where
        S: Stream<Item: Output> + 'static,
    {
        let stream = Box::pin(Reader { stream: Box::pin(stream) });
        self.parts.push(TaskPart { stream, role: Role::Reader });
        self
    }

    /// Streams to read, each in a task of its own.
    pub fn streams<S>(self, streams: impl IntoIterator<Item = S>) -> Self
    where
        S: Stream<Item: Output> + 'static,
    {
        streams.into_iter().fold(self, Self::stream)
    }

    /// A future to drive, in a task of its own.
    pub fn driver<F>(self, future: F) -> Self
    where
        F: Future + 'static,
    {
        self.future(future, Role::Driver)
    }

    /// Futures to drive, each in a task of its own, of which any can do the work of the others.
    ///
    /// A worker may be [abandoned](crate::Move::Abandon) as a reader may, unless it has work in
    /// hand: a scripted future that it polled last and that is not done.
    pub fn workers<F>(self, futures: impl IntoIterator<Item = F>) -> Self
    where
        F: Future + 'static,
    {
        futures.into_iter().fold(self, |parts, future| parts.future(future, Role::Worker))
    }

    fn future<F: Future + 'static>(mut self, future: F, role: Role) -> Self {
        let stream = Box::pin(Driver { future: Some(Box::pin(future)) });
        self.parts.push(TaskPart { stream, role });
        self
    }

    /// A closure to call now and then, and whenever every task waits and no source can be woken:
    /// a permit for a gate, a stop, a push.
    pub fn side_effect(mut self, side_effect: impl FnMut() + 'static) -> Self {
        self.side_effects.push(Box::new(side_effect));
        self
    }
}

/// What the closure that makes an adapter may return: a stream, or [`Parts`].
pub trait IntoParts {
    /// The parts.
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

/// A stream whose items are the tokens of another stream's.
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

/// A stream that ends with its future.
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
