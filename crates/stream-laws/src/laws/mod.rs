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
    pub fn of<P: IntoParts>(name: &str, adapter: impl Fn(Source) -> P + 'static) -> Self {
        Self::new(name, CaseGenerator::new(1, ItemKind::Tokens), move |factory| {
            adapter(factory.source()).into_parts()
        })
    }

    /// Describes an adapter of `N` sources.
    pub fn of_many<P: IntoParts, const N: usize>(
        name: &str,
        adapter: impl Fn([Source; N]) -> P + 'static,
    ) -> Self {
        Self::new(name, CaseGenerator::new(N, ItemKind::Tokens), move |factory| {
            adapter([(); N].map(|()| factory.source())).into_parts()
        })
    }

    /// Describes an adapter of a stream of streams.
    pub fn of_nested<P: IntoParts>(
        name: &str,
        adapter: impl Fn(NestedSource<Source>) -> P + 'static,
    ) -> Self {
        Self::new(name, CaseGenerator::new(1, ItemKind::Streams), move |factory| {
            adapter(NestedSource::new(factory, SourceFactory::source)).into_parts()
        })
    }

    /// Describes an adapter of a stream of futures.
    pub fn of_futures<P: IntoParts>(
        name: &str,
        adapter: impl Fn(NestedSource<ScriptedFuture>) -> P + 'static,
    ) -> Self {
        Self::new(name, CaseGenerator::new(1, ItemKind::Futures), move |factory| {
            adapter(NestedSource::new(factory, SourceFactory::future)).into_parts()
        })
    }

    /// Describes several readers of one source, each with its own task.
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
    pub fn backpressure(mut self, items: usize) -> Self {
        self.promises.backpressure = Some(items);
        self
    }

    /// Promises that the adapter does not poll its source after its own end.
    pub fn fused(mut self) -> Self {
        self.promises.fused = true;
        self
    }

    /// Promises that the adapter causes no extra polls: [`Law::L9`] allows one poll per event, not
    /// two.
    pub fn no_extra_polls(mut self) -> Self {
        self.promises.no_extra_polls = true;
        self
    }

    /// Adds errors to the scripts, for adapters of [`Source::results`].
    pub fn with_errors(mut self) -> Self {
        self.generator.errors = true;
        self
    }

    /// Excludes a law from the checks for this reason.
    ///
    /// Without [`Law::L6`] no source panics, and without [`Law::L11`] no task is abandoned.
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
    pub fn cases(mut self, cases: usize) -> Self {
        self.cases = cases;
        self
    }
}
