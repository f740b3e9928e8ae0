use alloc::{format, string::String, vec::Vec};
use core::fmt;

/// What holds between the items that went in and the items that came out.
///
/// Checked when every task has seen its end, nothing panicked and no task was dropped. If a reader
/// was abandoned, the relation holds for the other readers; its own items count for
/// [`Shared`](Self::Shared) only.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Relation {
    /// Nothing is promised: no item is checked. A stream that never ends is no finding either.
    Any,
    /// Each reader gets all items: source after source, each in order.
    Same,
    /// Each reader gets some of the items, and those in the order of [`Same`](Self::Same).
    Subset,
    /// Each reader gets all items, in whatever order.
    Permutation,
    /// Each reader gets all items, those of one source in their order.
    Merged,
    /// Each reader gets rows of one item of each source, as many as the shortest source has.
    Rows,
    /// Each item goes to exactly one reader; each reader gets its items in order.
    Shared,
    /// Whatever this function says. It is not asked if a reader was abandoned.
    Check(fn(&Flow) -> Result<(), String>),
}

impl fmt::Debug for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "Any",
            Self::Same => "Same",
            Self::Subset => "Subset",
            Self::Permutation => "Permutation",
            Self::Merged => "Merged",
            Self::Rows => "Rows",
            Self::Shared => "Shared",
            Self::Check(_) => "Check(..)",
        })
    }
}

/// The items of a run, each as the number of its source and its own number within that source.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flow {
    /// How many items each source has to give.
    pub sources: Vec<usize>,
    /// What each reader got: its items, and the tokens in each of them.
    pub readers: Vec<Vec<Vec<(usize, usize)>>>,
}

impl Flow {
    /// All items: source after source, each in order.
    pub fn given(&self) -> Vec<(usize, usize)> {
        let items = |(source, items): (usize, &usize)| (0..*items).map(move |n| (source, n));
        self.sources.iter().enumerate().flat_map(items).collect()
    }

    /// The tokens that a reader got, in order.
    pub fn taken(&self, reader: usize) -> Vec<(usize, usize)> {
        self.readers[reader].iter().flatten().copied().collect()
    }
}

impl Relation {
    pub(crate) fn check(self, flow: &Flow) -> Result<(), String> {
        let given = flow.given();
        let readers = 0..flow.readers.len();
        match self {
            Self::Any => Ok(()),
            Self::Check(check) => check(flow),
            Self::Shared => {
                let mut all = Vec::new();
                for reader in readers {
                    let taken = flow.taken(reader);
                    if !taken.is_sorted() {
                        return Err(format!("reader {reader} got {}", show(&taken)));
                    }
                    all.extend(taken);
                }
                all.sort_unstable();
                differ(&given, &all)
            }
            Self::Same | Self::Subset | Self::Permutation | Self::Merged | Self::Rows => {
                readers.into_iter().try_for_each(|reader| self.check_one(flow, &given, reader))
            }
        }
    }

    fn check_one(self, flow: &Flow, given: &[(usize, usize)], reader: usize) -> Result<(), String> {
        let taken = flow.taken(reader);
        match self {
            Self::Subset => {
                let mut rest = given.iter();
                if taken.iter().all(|item| rest.any(|given| given == item)) {
                    return Ok(());
                }
                Err(format!("{} is not in the order of {}", show(&taken), show(given)))
            }
            Self::Rows => {
                let rows = flow.sources.iter().copied().min().unwrap_or(0);
                let row = |n| (0..flow.sources.len()).map(move |source| (source, n)).collect();
                let expected: Vec<Vec<_>> = (0..rows).map(row).collect();
                if flow.readers[reader] == expected {
                    return Ok(());
                }
                Err(format!("{rows} rows became {}", show(&taken)))
            }
            Self::Permutation => {
                let mut taken = taken;
                taken.sort_unstable();
                differ(given, &taken)
            }
            Self::Merged => {
                let mut sorted = taken.clone();
                sorted.sort_by_key(|(source, _)| *source);
                differ(given, &sorted)
            }
            Self::Same | Self::Any | Self::Shared | Self::Check(_) => differ(given, &taken),
        }
    }
}

fn differ(given: &[(usize, usize)], taken: &[(usize, usize)]) -> Result<(), String> {
    if given == taken {
        return Ok(());
    }
    Err(format!("{} became {}", show(given), show(taken)))
}

fn show(items: &[(usize, usize)]) -> String {
    let items: Vec<_> = items.iter().map(|(source, n)| format!("{source}.{n}")).collect();
    format!("[{}]", items.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(sources: &[usize], readers: &[&[&[(usize, usize)]]]) -> Flow {
        let items = |items: &&[&[(usize, usize)]]| items.iter().map(|item| item.to_vec()).collect();
        Flow { sources: sources.to_vec(), readers: readers.iter().map(items).collect() }
    }

    /// Which relations hold.
    fn holds(flow: &Flow) -> String {
        let all = [
            ('e', Relation::Same),
            ('u', Relation::Subset),
            ('p', Relation::Permutation),
            ('m', Relation::Merged),
            ('r', Relation::Rows),
            ('s', Relation::Shared),
        ];
        all.iter().filter(|(_, relation)| relation.check(flow).is_ok()).map(|(c, _)| c).collect()
    }

    #[test]
    fn each_relation_tells_its_own_from_others() {
        assert_eq!(holds(&flow(&[2], &[&[&[(0, 0)], &[(0, 1)]]])), "eupmrs");
        assert_eq!(holds(&flow(&[2], &[&[&[(0, 1)]]])), "u");
        assert_eq!(holds(&flow(&[2], &[&[&[(0, 1)], &[(0, 0)]]])), "p");
        assert_eq!(holds(&flow(&[1, 1], &[&[&[(1, 0)], &[(0, 0)]]])), "pm");
        assert_eq!(holds(&flow(&[1, 2], &[&[&[(0, 0), (1, 0)]]])), "ur");
        assert_eq!(holds(&flow(&[2], &[&[&[(0, 0)]], &[&[(0, 1)]]])), "us");
        assert_eq!(holds(&flow(&[1], &[&[&[(0, 0)]], &[&[(0, 0)]]])), "eupmr");
        assert_eq!(holds(&flow(&[1], &[&[&[(0, 0)], &[(0, 0)]]])), "");
    }

    #[test]
    fn what_differs_is_said() {
        let odd = flow(&[2], &[&[&[(0, 1)], &[(0, 0)]]]);
        assert_eq!(Relation::Same.check(&odd), Err("[0.0 0.1] became [0.1 0.0]".into()));
        let none = Relation::Check(|flow| Err(format!("{} sources", flow.sources.len())));
        assert_eq!(none.check(&odd), Err("1 sources".into()));
    }
}
