use alloc::collections::BTreeMap;

use super::{Laws, broken_law::BrokenLaw, env, report::Report};
use crate::{case::Case, law::Law};

/// Maximum number of findings of one law that are shrunk. The smallest of them is kept.
const MAX_SHRUNK: usize = 3;

impl Laws {
    /// Runs the cases and reports each broken law with a small case.
    ///
    /// If a stream never ends, no further case is run, because each would take as long.
    ///
    /// # Panics
    /// Panics if no relation was stated with [`expect`](Self::expect), if the closure that creates
    /// the adapter panics, or if an environment variable has an invalid value.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    #[track_caller]
    pub fn run(&self) -> Report {
        let relation = self.relation();
        let mut cases = 0;
        let mut shrunk = BTreeMap::<Law, usize>::new();
        let mut smallest = BTreeMap::<Law, BrokenLaw>::new();
        for seed in env::seeds(&self.name, self.cases) {
            cases += 1;
            let found = self.examine(&self.generator.case(seed), relation);
            let endless = found.iter().any(|found| found.finding.endless);
            for found in found {
                let times = shrunk.entry(found.finding.law).or_default();
                *times += 1;
                if *times > MAX_SHRUNK {
                    continue;
                }
                let broken = self.shrink(seed, found, relation);
                let size = broken.case.size();
                let known = smallest.get(&broken.law);
                if known.is_none_or(|known| size < known.case.size()) {
                    smallest.insert(broken.law, broken);
                }
            }
            if endless {
                break;
            }
        }
        Report {
            name: self.name.clone(),
            cases,
            broken: smallest.into_values().collect(),
            excepted: self.excepted.clone(),
        }
    }

    /// Runs the cases like [`run`](Self::run) and returns a result instead of a report.
    ///
    /// # Errors
    /// Returns the first broken law.
    ///
    /// # Panics
    /// Panics if [`run`](Self::run) panics.
    ///
    /// # Examples
    /// See the example of [`BrokenLaw`].
    #[track_caller]
    pub fn check(&self) -> Result<(), BrokenLaw> {
        self.run().broken.into_iter().next().map_or(Ok(()), Err)
    }

    /// Runs one case.
    ///
    /// # Errors
    /// Returns the first law that the case breaks, with a seed of zero.
    ///
    /// # Panics
    /// Panics if no relation was stated with [`expect`](Self::expect), or if the closure that
    /// creates the adapter panics.
    ///
    /// # Examples
    /// ```
    /// use futures_util::StreamExt;
    /// use stream_laws::{Laws, Relation};
    ///
    /// let skip = Laws::of("skip", |source| source.skip(1)).expect(Relation::Subsequence);
    /// skip.check_case(&"`o-o|`: turn, poll 0 with a new waker".parse()?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn check_case(&self, case: &Case) -> Result<(), BrokenLaw> {
        let first =
            self.examine(case, self.relation()).into_iter().min_by_key(|found| found.finding.law);
        first.map_or(Ok(()), |found| Err(found.broken(0)))
    }
}

#[cfg(test)]
mod tests {
    use core::{
        pin::Pin,
        task::{Context, Poll},
    };

    use futures_core::Stream;

    use crate::{Law, Laws, Relation, Source, Token};

    /// Drops each item twice.
    struct Twice(Source);

    impl Stream for Twice {
        type Item = ();

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<()>> {
            let item = Pin::new(&mut self.0).poll_next(cx);
            item.map(|item| item.map(Token::drop_twice))
        }
    }

    #[test]
    fn l5_double_drop_is_found() {
        let report = Laws::of("twice", Twice).expect(Relation::Subsequence).cases(100).run();
        let [broken] = report.broken() else { panic!("{report}") };
        assert_eq!((broken.law, &*broken.message), (Law::L5, "1 items were freed twice"));
    }
}
