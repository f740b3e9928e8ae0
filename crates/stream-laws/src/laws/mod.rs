mod broken_law;
mod env;
mod examine;
mod report;
mod run;

use alloc::{
    boxed::Box,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use core::fmt;

use futures_core::Stream;

pub use self::{broken_law::BrokenLaw, report::Report};
use crate::{
    adapter::{IntoParts, Output, Parts},
    case::generator::{CaseGenerator, ItemKind},
    driver::Promises,
    law::Law,
    relation::Relation,
    source::{ScriptedFuture, Source, factory::SourceFactory, nested::NestedSource},
};

/// The description of an adapter, with which the laws are checked.
///
/// The description contains a closure that creates the adapter from scripted sources, and the
/// promises of the adapter. [`run`](Self::run) checks the adapter in thousands of cases. Each case
/// gives every source a random script, and polls, wakes, drops and abandons the tasks in a random
/// order. Then a fair executor, which polls only woken tasks, runs the case to its end.
///
/// The relation between the items of the sources and of the readers must be stated with
/// [`expect`](Self::expect).
///
/// A seed always yields the same case. Two environment variables override the description:
///
/// | variable | value | effect |
/// |---|---|---|
/// | `STREAM_LAWS_CASES` | `N` | every `Laws` runs `N` cases |
/// | `STREAM_LAWS_SEED` | `SEED` | every `Laws` runs the case of this seed only |
/// | `STREAM_LAWS_SEED` | `NAME=SEED` | the `Laws` of this name runs the case of this seed only |
///
/// # Examples
/// ```
/// use futures_util::StreamExt;
/// use stream_laws::{Laws, Relation};
///
/// Laws::of("map", |source| source.map(|token| token))
///     .expect(Relation::Same)
///     .run()
///     .assert();
///
/// Laws::of_many("zip", |[a, b]| a.zip(b))
///     .expect(Relation::Rows)
///     .run()
///     .assert();
///
/// Laws::of_futures("buffer_unordered", |futures| futures.buffer_unordered(2))
///     .expect(Relation::Permutation)
///     .run()
///     .assert();
/// ```
#[must_use = "laws do nothing unless they are run"]
pub struct Laws {
    name: String,
    build: Build,
    generator: CaseGenerator,
    promises: Promises,
    relation: Option<Relation>,
    cases: usize,
    excepted: Vec<(Law, &'static str)>,
}

/// Creates the adapter from sources of the factory.
type Build = Box<dyn Fn(&Arc<SourceFactory>) -> Parts>;

impl fmt::Debug for Laws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Laws")
            .field("name", &self.name)
            .field("relation", &self.relation)
            .field("cases", &self.cases)
            .field("excepted", &self.excepted)
            .finish_non_exhaustive()
    }
}

impl Laws {
    fn new(
        name: &str,
        generator: CaseGenerator,
        build: impl Fn(&Arc<SourceFactory>) -> Parts + 'static,
    ) -> Self {
        Self {
            name: name.to_string(),
            build: Box::new(build),
            generator,
            promises: Promises::default(),
            relation: None,
            cases: 10_000,
            excepted: Vec::new(),
        }
    }

    /// Describes an adapter of one source.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn of<P: IntoParts>(name: &str, adapter: impl Fn(Source) -> P + 'static) -> Self {
        Self::new(name, CaseGenerator::new(1, ItemKind::Tokens), move |factory| {
            adapter(factory.source()).into_parts()
        })
    }

    /// Describes an adapter of `N` sources.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn of_many<P: IntoParts, const N: usize>(
        name: &str,
        adapter: impl Fn([Source; N]) -> P + 'static,
    ) -> Self {
        Self::new(name, CaseGenerator::new(N, ItemKind::Tokens), move |factory| {
            adapter([(); N].map(|()| factory.source())).into_parts()
        })
    }

    /// Describes an adapter of a stream of streams.
    ///
    /// # Examples
    /// ```
    /// use futures_util::StreamExt;
    /// use stream_laws::{Laws, Relation};
    ///
    /// Laws::of_nested("flatten", |outer| outer.flatten())
    ///     .expect(Relation::Same)
    ///     .run()
    ///     .assert();
    /// ```
    pub fn of_nested<P: IntoParts>(
        name: &str,
        adapter: impl Fn(NestedSource<Source>) -> P + 'static,
    ) -> Self {
        Self::new(name, CaseGenerator::new(1, ItemKind::Streams), move |factory| {
            adapter(NestedSource::new(factory, SourceFactory::source)).into_parts()
        })
    }

    /// Describes an adapter of a stream of futures.
    ///
    /// # Examples
    /// ```
    /// use futures_util::StreamExt;
    /// use stream_laws::{Laws, Relation};
    ///
    /// Laws::of_futures("one by one", |futures| futures.then(|future| future))
    ///     .expect(Relation::Same)
    ///     .run()
    ///     .assert();
    /// ```
    pub fn of_futures<P: IntoParts>(
        name: &str,
        adapter: impl Fn(NestedSource<ScriptedFuture>) -> P + 'static,
    ) -> Self {
        Self::new(name, CaseGenerator::new(1, ItemKind::Futures), move |factory| {
            adapter(NestedSource::new(factory, SourceFactory::future)).into_parts()
        })
    }

    /// Describes several readers of one source, each with its own task.
    ///
    /// # Examples
    /// Readers that share a source without a queue of wakers:
    ///
    /// ```
    /// use std::{cell::RefCell, rc::Rc};
    ///
    /// use futures_util::{StreamExt, stream};
    /// use stream_laws::{Law, Laws, Relation};
    ///
    /// let report = Laws::of_readers("naive", |source| {
    ///     let source = Rc::new(RefCell::new(source));
    ///     [(); 2].map(|()| {
    ///         let source = source.clone();
    ///         stream::poll_fn(move |cx| source.borrow_mut().poll_next_unpin(cx))
    ///     })
    /// })
    /// .expect(Relation::Shared)
    /// .cases(1000)
    /// .run();
    /// // The source holds the waker of the latest poll only, so the other reader hangs.
    /// assert!(report.broken().iter().any(|broken| broken.law == Law::L2));
    /// ```
    pub fn of_readers<S, I>(name: &str, readers: impl Fn(Source) -> I + 'static) -> Self
    where
        S: Stream<Item: Output> + 'static,
        I: IntoIterator<Item = S>,
    {
        Self::of(name, move |source| Parts::new().streams(readers(source)))
    }

    /// States the relation between the items of the sources and of the readers.
    ///
    /// There is no default. [`Relation::Any`] checks no items.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn expect(mut self, relation: Relation) -> Self {
        self.relation = Some(relation);
        self
    }

    /// Promises [`Law::Fair`]: while an item of one source is ready, each other source yields at
    /// most `most` items.
    ///
    /// An exact round robin promises 1. The promise applies to adapters that merge sources and
    /// yield every item.
    ///
    /// # Examples
    /// ```
    /// use futures_util::stream;
    /// use stream_laws::{Laws, Relation};
    ///
    /// Laws::of_many("select", |[a, b]| stream::select(a, b))
    ///     .expect(Relation::Merged)
    ///     .fair(1)
    ///     .run()
    ///     .assert();
    /// ```
    pub fn fair(mut self, most: usize) -> Self {
        self.promises.fair = Some(most);
        self
    }

    /// Promises [`Law::ReadAhead`]: after each poll, the adapter holds at most `most` unread items,
    /// running futures included.
    ///
    /// # Examples
    /// ```
    /// use futures_util::StreamExt;
    /// use stream_laws::{Laws, Relation};
    ///
    /// Laws::of_futures("buffered", |futures| futures.buffered(2))
    ///     .expect(Relation::Same)
    ///     .read_ahead(2)
    /// #   .except(stream_laws::Law::L6, "its queue waits for the future that panicked")
    ///     .run()
    ///     .assert();
    /// ```
    pub fn read_ahead(mut self, most: usize) -> Self {
        self.promises.read_ahead = Some(most);
        self
    }

    /// Allows a reader to wait for an abandoned reader that is at least `items` items behind.
    ///
    /// This applies to adapters whose slowest reader holds the others back. [`Law::L11`] still
    /// requires the other readers to get `items` items ahead.
    ///
    /// # Examples
    /// ```
    /// use futures_channel::mpsc;
    /// use futures_util::{SinkExt, StreamExt};
    /// use stream_laws::{Laws, Parts, Relation};
    ///
    /// // Each channel holds one item, and each sender one more.
    /// let laws = Laws::of("fanout", |source| {
    ///     let (one, to_one) = mpsc::channel(1);
    ///     let (two, to_two) = mpsc::channel(1);
    ///     Parts::new().driver(source.map(Ok).forward(one.fanout(two))).streams([to_one, to_two])
    /// });
    /// laws.expect(Relation::Same).backpressure(2).cases(100).run().assert();
    /// ```
    pub fn backpressure(mut self, items: usize) -> Self {
        self.promises.backpressure = Some(items);
        self
    }

    /// Promises that the adapter does not poll its source after its own end.
    ///
    /// # Examples
    /// ```
    /// use futures_util::StreamExt;
    /// use stream_laws::{Laws, Relation};
    ///
    /// Laws::of("take", |source| source.take(2).fuse())
    ///     .expect(Relation::Subsequence)
    ///     .fused()
    ///     .run()
    ///     .assert();
    /// ```
    pub fn fused(mut self) -> Self {
        self.promises.fused = true;
        self
    }

    /// Promises that the adapter causes no extra polls: [`Law::L9`] allows one poll per event, not
    /// two.
    ///
    /// # Examples
    /// ```
    /// use futures_util::StreamExt;
    /// use stream_laws::{Laws, Relation};
    ///
    /// Laws::of("map", |source| source.map(Some))
    ///     .expect(Relation::Same)
    ///     .no_extra_polls()
    ///     .run()
    ///     .assert();
    /// ```
    pub fn no_extra_polls(mut self) -> Self {
        self.promises.no_extra_polls = true;
        self
    }

    /// Adds errors to the scripts, for adapters of [`Source::results`].
    ///
    /// # Examples
    /// ```
    /// use futures_util::TryStreamExt;
    /// use stream_laws::{Laws, Relation};
    ///
    /// Laws::of("map_ok", |source| source.results().map_ok(Some))
    ///     .expect(Relation::Same)
    ///     .with_errors()
    ///     .run()
    ///     .assert();
    /// ```
    pub fn with_errors(mut self) -> Self {
        self.generator.errors = true;
        self
    }

    /// Excludes a law from the checks for this reason.
    ///
    /// Without [`Law::L6`] no source panics, and without [`Law::L11`] no task is abandoned.
    ///
    /// # Examples
    /// ```
    /// use futures_util::StreamExt;
    /// use stream_laws::{Law, Laws, Relation};
    ///
    /// Laws::of_futures("buffered", |futures| futures.buffered(2))
    ///     .expect(Relation::Same)
    ///     .except(Law::L6, "its queue waits for the future that panicked")
    ///     .run()
    ///     .assert();
    /// ```
    pub fn except(mut self, law: Law, reason: &'static str) -> Self {
        match law {
            Law::L6 => self.generator.panics = false,
            Law::L11 => self.generator.abandons = false,
            _ => {}
        }
        self.excepted.push((law, reason));
        self
    }

    /// Sets the number of cases. The default is 10,000.
    ///
    /// # Examples
    /// See the example of [`Report`].
    pub fn cases(mut self, cases: usize) -> Self {
        self.cases = cases;
        self
    }
}
