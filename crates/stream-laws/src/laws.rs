use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;
use std::env;

use futures_core::Stream;

use crate::broken::Broken;
use crate::case::{Case, Inside, Plan};
use crate::law::Law;
use crate::outer::{Outer, Stage};
use crate::output::Output;
use crate::parts::{IntoParts, Parts};
use crate::relation::Relation;
use crate::report::Report;
use crate::run::{Finding, Rules, Run};
use crate::shrink::shrink;
use crate::source::Source;
use crate::work::Work;

/// How many findings of one law are made smaller, before the smallest of them is kept.
const SHRUNK: usize = 3;

/// An adapter, described so that the laws can be tried on it.
///
/// The description says how the adapter is made of its scripted sources and what it promises;
/// [`run`](Self::run) then tries it on thousands of cases. Each case gives every source a random
/// script and polls, wakes and drops the tasks in a random order, and at last runs everything to
/// its end as a fair executor would, which polls a task only when it was woken.
///
/// The case of a seed is always the same one. Two environment variables override what the
/// description says:
///
/// | variable | |
/// |---|---|
/// | `STREAM_LAWS_SCRIPTS` | how many cases to run |
/// | `STREAM_LAWS_SEED` | runs the case of this seed only |
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
    plan: Plan,
    rules: Rules,
    scripts: usize,
    excepted: Vec<(Law, &'static str)>,
}

/// Makes the adapter of sources that it takes from the stage.
type Build = Box<dyn Fn(&Arc<Stage>) -> Parts>;

impl fmt::Debug for Laws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Laws")
            .field("name", &self.name)
            .field("relation", &self.rules.relation)
            .field("scripts", &self.scripts)
            .field("excepted", &self.excepted)
            .finish_non_exhaustive()
    }
}

impl Laws {
    fn new(name: &str, plan: Plan, build: impl Fn(&Arc<Stage>) -> Parts + 'static) -> Self {
        Self {
            name: name.to_string(),
            build: Box::new(build),
            plan,
            rules: Rules { relation: Relation::Any, fused: false, lean: false },
            scripts: 10_000,
            excepted: Vec::new(),
        }
    }

    /// An adapter over one source.
    pub fn of<P: IntoParts>(name: &str, adapter: impl Fn(Source) -> P + 'static) -> Self {
        Self::new(name, Plan::of(1, Inside::Tokens), move |stage| {
            adapter(stage.source()).into_parts()
        })
    }

    /// An adapter over `N` sources.
    pub fn of_many<P: IntoParts, const N: usize>(
        name: &str,
        adapter: impl Fn([Source; N]) -> P + 'static,
    ) -> Self {
        Self::new(name, Plan::of(N, Inside::Tokens), move |stage| {
            adapter([(); N].map(|()| stage.source())).into_parts()
        })
    }

    /// An adapter over a source of sources.
    pub fn of_nested<P: IntoParts>(
        name: &str,
        adapter: impl Fn(Outer<Source>) -> P + 'static,
    ) -> Self {
        Self::new(name, Plan::of(1, Inside::Streams), move |stage| {
            adapter(stage.sources()).into_parts()
        })
    }

    /// An adapter over a source of futures.
    pub fn of_futures<P: IntoParts>(
        name: &str,
        adapter: impl Fn(Outer<Work>) -> P + 'static,
    ) -> Self {
        Self::new(name, Plan::of(1, Inside::Futures), move |stage| {
            adapter(stage.works()).into_parts()
        })
    }

    /// Several readers of one source, each polled by a task of its own.
    pub fn of_clones<S, I>(name: &str, readers: impl Fn(Source) -> I + 'static) -> Self
    where
        S: Stream<Item: Output> + 'static,
        I: IntoIterator<Item = S>,
    {
        Self::of(name, move |source| Parts::new().streams(readers(source)))
    }

    /// What holds between the items that go in and those that come out; [`Relation::Any`] unless
    /// said otherwise.
    pub fn expect(mut self, relation: Relation) -> Self {
        self.rules.relation = relation;
        self
    }

    /// The adapter leaves its source alone once it has ended itself, however often it is polled.
    pub fn fused(mut self) -> Self {
        self.rules.fused = true;
        self
    }

    /// The adapter never wakes its task without a cause: [`Law::L9`] allows one poll for each thing
    /// that happened, and not two.
    pub fn lean(mut self) -> Self {
        self.rules.lean = true;
        self
    }

    /// The scripts hold errors, for adapters over [`Source::results`].
    pub fn with_errors(mut self) -> Self {
        self.plan.errors = true;
        self
    }

    /// This law is not looked at, for this reason. Without [`Law::L6`] nothing panics.
    pub fn except(mut self, law: Law, reason: &'static str) -> Self {
        if law == Law::L6 {
            self.plan.panics = false;
        }
        self.excepted.push((law, reason));
        self
    }

    /// How many cases to run: 10,000 unless said otherwise.
    pub fn scripts(mut self, scripts: usize) -> Self {
        self.scripts = scripts;
        self
    }

    /// Runs the cases and reports each law that was broken, with a small case that shows it.
    ///
    /// # Panics
    ///
    /// When the closure that makes the adapter panics, and when an environment variable is set to
    /// something that is no number.
    pub fn run(&self) -> Report {
        let mut cases = 0;
        let mut shrunk = BTreeMap::<Law, usize>::new();
        let mut smallest = BTreeMap::<Law, Broken>::new();
        let seeds = match from_env::<u64>("STREAM_LAWS_SEED") {
            Some(seed) => seed..seed.saturating_add(1),
            None => 0..from_env("STREAM_LAWS_SCRIPTS").unwrap_or(self.scripts) as u64,
        };
        for seed in seeds {
            cases += 1;
            for found in self.examine(&self.plan.case(seed)) {
                let times = shrunk.entry(found.finding.law).or_default();
                *times += 1;
                if *times > SHRUNK {
                    continue;
                }
                let broken = self.shrink(seed, found);
                let size = broken.case.size();
                let known = smallest.get(&broken.law);
                if known.is_none_or(|known| size < known.case.size()) {
                    smallest.insert(broken.law, broken);
                }
            }
        }
        Report {
            name: self.name.clone(),
            cases,
            broken: smallest.into_values().collect(),
            excepted: self.excepted.clone(),
        }
    }

    /// Runs the cases, for those who handle errors rather than panics.
    ///
    /// # Errors
    ///
    /// The first of the laws that were broken.
    pub fn check(&self) -> Result<(), Broken> {
        self.run().broken.into_iter().next().map_or(Ok(()), Err)
    }

    /// Runs one case.
    ///
    /// # Errors
    ///
    /// The first of the laws that it breaks; the seed is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::StreamExt;
    /// use stream_laws::{Case, Laws, Move, Relation};
    ///
    /// let skip = Laws::of("skip", |source| source.skip(1)).expect(Relation::Subset);
    /// let case = Case::new(["o-o|".parse()?]).with_moves([Move::Turn, Move::PollAnew(0)]);
    /// skip.check_case(&case)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check_case(&self, case: &Case) -> Result<(), Broken> {
        let first = self.examine(case).into_iter().min_by_key(|found| found.finding.law);
        first.map_or(Ok(()), |found| Err(found.broken(0)))
    }

    /// What a case breaks, each law once.
    fn examine(&self, case: &Case) -> Vec<Found> {
        let mut all = Vec::<Found>::new();
        for finding in self.play(case) {
            let found = self.attribute(case, finding);
            let law = found.finding.law;
            if all.iter().any(|known| known.finding.law == law) || self.is_excepted(law) {
                continue;
            }
            all.push(found);
        }
        all
    }

    fn is_excepted(&self, law: Law) -> bool {
        self.excepted.iter().any(|(excepted, _)| *excepted == law)
    }

    fn play(&self, case: &Case) -> Vec<Finding> {
        let stage = Stage::new(case);
        let parts = (self.build)(&stage);
        Run::new(stage, parts, self.rules).play(case.moves())
    }

    /// A hang or a leak that goes away together with the panics of the case is due to the panic,
    /// and a hang that goes away when nobody is dropped, to the drop.
    fn attribute(&self, case: &Case, finding: Finding) -> Found {
        let law = finding.law;
        let still = |milder: &Case| self.play(milder).into_iter().find(|found| found.law == law);
        let milder = case.without_panics();
        if matches!(law, Law::L2 | Law::L5) && !milder.is_empty() {
            return match milder.iter().find_map(|milder| Some((milder, still(milder)?))) {
                Some((milder, finding)) => self.attribute(milder, finding),
                None => Found { case: case.clone(), finding: Finding { law: Law::L6, ..finding } },
            };
        }
        if law == Law::L2 {
            let milder = case.without_drops();
            if milder != *case {
                return match still(&milder) {
                    Some(finding) => Found { case: milder, finding },
                    None => {
                        Found { case: case.clone(), finding: Finding { law: Law::L8, ..finding } }
                    }
                };
            }
        }
        Found { case: case.clone(), finding }
    }

    fn shrink(&self, seed: u64, found: Found) -> Broken {
        let law = found.finding.law;
        let find = |case: &Case| self.examine(case).into_iter().find(|new| new.finding.law == law);
        let sources = self.plan.sources;
        let case = shrink(found.case.clone(), sources, |case| find(case).is_some());
        // One that depends on chance may not be seen again.
        find(&case).unwrap_or(found).broken(seed)
    }
}

/// A finding and the case that shows it.
#[derive(Clone)]
struct Found {
    case: Case,
    finding: Finding,
}

impl Found {
    fn broken(self, seed: u64) -> Broken {
        let Self { case, finding: Finding { law, step, why } } = self;
        Broken { law, seed, case, step, why }
    }
}

impl Plan {
    fn of(sources: usize, inner: Inside) -> Self {
        Self { sources, inner, errors: false, panics: true }
    }
}

fn from_env<T: FromStr>(variable: &str) -> Option<T> {
    let text = env::var(variable).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{variable} is {text:?}, which is no number")))
}
