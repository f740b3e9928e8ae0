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
    case::{CaseGenerator, ItemKind},
    driver::Promises,
    law::Law,
    relation::Relation,
    source::{NestedSource, ScriptedFuture, Source, SourceFactory},
};

/// An adapter, described so that the laws can be tried on it.
///
/// The description says how the adapter is made of its scripted sources and what it promises;
/// [`run`](Self::run) then tries it on thousands of cases. Each case gives every source a random
/// script and polls, wakes, drops and abandons the tasks in a random order. At last it runs
/// everything to its end as a fair executor would, which polls a task only when it was woken.
///
/// What holds between the items that go in and those that come out has to be stated with
/// [`expect`](Self::expect).
///
/// The case of a seed is always the same one. Two environment variables override what the
/// description says:
///
/// | variable | value | |
/// |---|---|---|
/// | `STREAM_LAWS_CASES` | `N` | every `Laws` runs `N` cases |
/// | `STREAM_LAWS_SEED` | `SEED` | every `Laws` runs the case of this seed only |
/// | `STREAM_LAWS_SEED` | `NAME=SEED` | the `Laws` of this name do, all others run as usual |
///
/// # Examples
///
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
#[must_use = "a description does nothing until it is run"]
pub struct Laws {
    name: String,
    build: Build,
    generator: CaseGenerator,
    promises: Promises,
    relation: Option<Relation>,
    cases: usize,
    excepted: Vec<(Law, &'static str)>,
}

/// Makes the adapter of sources that it takes from the factory.
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

    /// An adapter over one source.
    pub fn of<P: IntoParts>(name: &str, adapter: impl Fn(Source) -> P + 'static) -> Self {
        Self::new(name, CaseGenerator::new(1, ItemKind::Tokens), move |factory| {
            adapter(factory.source()).into_parts()
        })
    }

    /// An adapter over `N` sources.
    pub fn of_many<P: IntoParts, const N: usize>(
        name: &str,
        adapter: impl Fn([Source; N]) -> P + 'static,
    ) -> Self {
        Self::new(name, CaseGenerator::new(N, ItemKind::Tokens), move |factory| {
            adapter([(); N].map(|()| factory.source())).into_parts()
        })
    }

    /// An adapter over a source of sources.
    pub fn of_nested<P: IntoParts>(
        name: &str,
        adapter: impl Fn(NestedSource<Source>) -> P + 'static,
    ) -> Self {
        Self::new(name, CaseGenerator::new(1, ItemKind::Streams), move |factory| {
            adapter(NestedSource::new(factory, SourceFactory::source)).into_parts()
        })
    }

    /// An adapter over a source of futures.
    pub fn of_futures<P: IntoParts>(
        name: &str,
        adapter: impl Fn(NestedSource<ScriptedFuture>) -> P + 'static,
    ) -> Self {
        Self::new(name, CaseGenerator::new(1, ItemKind::Futures), move |factory| {
            adapter(NestedSource::new(factory, SourceFactory::future)).into_parts()
        })
    }

    /// Several readers of one source, each polled by a task of its own.
    pub fn of_readers<S, I>(name: &str, readers: impl Fn(Source) -> I + 'static) -> Self
    where
        S: Stream<Item: Output> + 'static,
        I: IntoIterator<Item = S>,
    {
        Self::of(name, move |source| Parts::new().streams(readers(source)))
    }

    /// States what holds between the items that go in and those that come out.
    ///
    /// There is no default: an adapter that promises nothing says [`Relation::Any`].
    pub fn expect(mut self, relation: Relation) -> Self {
        self.relation = Some(relation);
        self
    }

    /// ItemTracker [`Law::Fair`]: while the next item of a source is ready, each other source hands
    /// out at most `most` items.
    ///
    /// An exact round robin promises 1. For adapters that merge sources and hand out every item of
    /// theirs.
    ///
    /// # Examples
    ///
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

    /// ItemTracker [`Law::ReadAhead`]: after each poll the adapter holds at most `most` items that no
    /// reader has got, running futures included.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::StreamExt;
    /// use stream_laws::{Laws, Relation};
    ///
    /// Laws::of_futures("buffered", |futures| futures.buffered(2))
    ///     .expect(Relation::Same)
    ///     .read_ahead(2)
    /// #   .except(stream_laws::Law::L6, "its queue waits for a future that panicked")
    ///     .run()
    ///     .assert();
    /// ```
    pub fn read_ahead(mut self, most: usize) -> Self {
        self.promises.read_ahead = Some(most);
        self
    }

    /// A reader may wait for an abandoned reader that is `items` items or more behind it.
    ///
    /// For adapters whose slowest reader holds the others back. [`Law::L11`] still expects the
    /// others to get that far.
    pub fn backpressure(mut self, items: usize) -> Self {
        self.promises.backpressure = Some(items);
        self
    }

    /// The adapter leaves its source alone once it has ended itself, however often it is polled.
    pub fn fused(mut self) -> Self {
        self.promises.fused = true;
        self
    }

    /// The adapter never wakes its task without a cause: [`Law::L9`] allows one poll for each thing
    /// that happened, and not two.
    pub fn no_extra_polls(mut self) -> Self {
        self.promises.no_extra_polls = true;
        self
    }

    /// The scripts hold errors, for adapters over [`Source::results`].
    pub fn with_errors(mut self) -> Self {
        self.generator.errors = true;
        self
    }

    /// Leaves out this law, for this reason. Without [`Law::L6`] no source panics, and without
    /// [`Law::L11`] no task is abandoned.
    pub fn except(mut self, law: Law, reason: &'static str) -> Self {
        match law {
            Law::L6 => self.generator.panics = false,
            Law::L11 => self.generator.abandons = false,
            _ => {}
        }
        self.excepted.push((law, reason));
        self
    }

    /// How many cases to run: 10,000 unless said otherwise.
    pub fn cases(mut self, cases: usize) -> Self {
        self.cases = cases;
        self
    }
}
