use alloc::{format, string::String, vec::Vec};
use core::fmt;

/// A relation between the items of the sources and the items of the readers.
///
/// It is checked if every task has ended, no panic occurred and no task was dropped. If a reader
/// was abandoned, its items count for [`Shared`](Self::Shared) only.
///
/// # Examples
/// See the examples of [`Laws`](crate::Laws) and [`RunItems`].
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Relation {
    /// No item is checked, and the stream may be endless.
    Any,
    /// Each reader receives all items: source after source, each in order.
    Same,
    /// Each reader receives some of the items, in the order of [`Same`](Self::Same).
    Subsequence,
    /// Each reader receives all items in any order.
    Permutation,
    /// Each reader receives all items, and the items of each source in order.
    Merged,
    /// Each reader receives rows of one item from each source, until the shortest source ends.
    Rows,
    /// Exactly one reader receives each item, and each reader receives its items in order.
    Shared,
    /// A custom check. It is not called if a reader was abandoned.
    Check(fn(&RunItems) -> Result<(), String>),
}

impl fmt::Debug for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "Any",
            Self::Same => "Same",
            Self::Subsequence => "Subsequence",
            Self::Permutation => "Permutation",
            Self::Merged => "Merged",
            Self::Rows => "Rows",
            Self::Shared => "Shared",
            Self::Check(_) => "Check(..)",
        })
    }
}

/// The items of a run. Each item consists of the number of its source and its position there.
///
/// # Examples
/// ```
/// use futures_util::StreamExt;
/// use stream_laws::{Laws, Relation, RunItems};
///
/// /// Holds for an adapter that reverses each pair of items.
/// fn reversed_pairs(run: &RunItems) -> Result<(), String> {
///     let mut expected = run.sent();
///     expected.chunks_mut(2).for_each(|pair| pair.reverse());
///     let received = run.received(0);
///     if received == expected { Ok(()) } else { Err(format!("{received:?}")) }
/// }
///
/// let laws = Laws::of("reverse", |source| {
///     source.chunks(2).map(|mut pair| {
///         pair.reverse();
///         pair
///     })
/// });
/// laws.expect(Relation::Check(reversed_pairs)).cases(100).run().assert();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunItems {
    /// The number of items of each source.
    pub sources: Vec<usize>,
    /// The items of each reader, and the tokens in each item.
    pub readers: Vec<Vec<Vec<(usize, usize)>>>,
}

impl RunItems {
    /// Returns all items of the sources: source after source, each in order.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn sent(&self) -> Vec<(usize, usize)> {
        let items = |(source, items): (usize, &usize)| (0..*items).map(move |n| (source, n));
        self.sources.iter().enumerate().flat_map(items).collect()
    }

    /// Returns the tokens that a reader received, in order.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn received(&self, reader: usize) -> Vec<(usize, usize)> {
        self.readers[reader].iter().flatten().copied().collect()
    }
}

impl Relation {
    pub(crate) fn check(self, run: &RunItems) -> Result<(), String> {
        let sent = run.sent();
        let readers = 0..run.readers.len();
        match self {
            Self::Any => Ok(()),
            Self::Check(check) => check(run),
            Self::Shared => {
                let mut all = Vec::new();
                for reader in readers {
                    let received = run.received(reader);
                    if !received.is_sorted() {
                        return Err(format!(
                            "reader {reader} received {}",
                            format_items(&received)
                        ));
                    }
                    all.extend(received);
                }
                all.sort_unstable();
                expect_equal(&sent, &all)
            }
            Self::Same | Self::Subsequence | Self::Permutation | Self::Merged | Self::Rows => {
                readers.into_iter().try_for_each(|reader| self.check_reader(run, &sent, reader))
            }
        }
    }

    fn check_reader(
        self,
        run: &RunItems,
        sent: &[(usize, usize)],
        reader: usize,
    ) -> Result<(), String> {
        let mut received = run.received(reader);
        match self {
            Self::Subsequence => {
                let mut rest = sent.iter();
                if received.iter().all(|item| rest.any(|sent| sent == item)) {
                    return Ok(());
                }
                Err(format!(
                    "{} is not in the order of {}",
                    format_items(&received),
                    format_items(sent)
                ))
            }
            Self::Rows => {
                let rows = run.sources.iter().copied().min().unwrap_or(0);
                let row = |n| (0..run.sources.len()).map(move |source| (source, n)).collect();
                let expected: Vec<Vec<_>> = (0..rows).map(row).collect();
                if run.readers[reader] == expected {
                    return Ok(());
                }
                Err(format!("{rows} rows became {}", format_items(&received)))
            }
            Self::Permutation => {
                received.sort_unstable();
                expect_equal(sent, &received)
            }
            Self::Merged => {
                received.sort_by_key(|(source, _)| *source);
                expect_equal(sent, &received)
            }
            Self::Same | Self::Any | Self::Shared | Self::Check(_) => expect_equal(sent, &received),
        }
    }
}

fn expect_equal(sent: &[(usize, usize)], received: &[(usize, usize)]) -> Result<(), String> {
    if sent == received {
        return Ok(());
    }
    Err(format!("{} became {}", format_items(sent), format_items(received)))
}

fn format_items(items: &[(usize, usize)]) -> String {
    let items: Vec<_> = items.iter().map(|(source, n)| format!("{source}.{n}")).collect();
    format!("[{}]", items.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(sources: &[usize], readers: &[&[&[(usize, usize)]]]) -> RunItems {
        let items = |items: &&[&[(usize, usize)]]| items.iter().map(|item| item.to_vec()).collect();
        RunItems { sources: sources.to_vec(), readers: readers.iter().map(items).collect() }
    }

    /// Returns a letter for each relation that holds.
    fn holds(run: &RunItems) -> String {
        let all = [
            ('e', Relation::Same),
            ('u', Relation::Subsequence),
            ('p', Relation::Permutation),
            ('m', Relation::Merged),
            ('r', Relation::Rows),
            ('s', Relation::Shared),
        ];
        all.iter().filter(|(_, relation)| relation.check(run).is_ok()).map(|(c, _)| c).collect()
    }

    #[test]
    fn each_relation_accepts_its_items_only() {
        assert_eq!(holds(&run(&[2], &[&[&[(0, 0)], &[(0, 1)]]])), "eupmrs");
        assert_eq!(holds(&run(&[2], &[&[&[(0, 1)]]])), "u");
        assert_eq!(holds(&run(&[2], &[&[&[(0, 1)], &[(0, 0)]]])), "p");
        assert_eq!(holds(&run(&[1, 1], &[&[&[(1, 0)], &[(0, 0)]]])), "pm");
        assert_eq!(holds(&run(&[1, 2], &[&[&[(0, 0), (1, 0)]]])), "ur");
        assert_eq!(holds(&run(&[2], &[&[&[(0, 0)]], &[&[(0, 1)]]])), "us");
        assert_eq!(holds(&run(&[1], &[&[&[(0, 0)]], &[&[(0, 0)]]])), "eupmr");
        assert_eq!(holds(&run(&[1], &[&[&[(0, 0)], &[(0, 0)]]])), "");
    }

    #[test]
    fn failed_relation_shows_items() {
        let odd = run(&[2], &[&[&[(0, 1)], &[(0, 0)]]]);
        assert_eq!(Relation::Same.check(&odd), Err("[0.0 0.1] became [0.1 0.0]".into()));
        let none = Relation::Check(|run| Err(format!("{} sources", run.sources.len())));
        assert_eq!(none.check(&odd), Err("1 sources".into()));
    }
}
