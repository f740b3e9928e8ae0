//! What was recorded, and whether what was measured is within.

use alloc::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// What may be added to what was recorded.
const SLACK: f64 = 0.05;
/// How many read-modify-writes may be added to what was recorded: less than one for a block, or a run, of items, so
/// none. Each costs as much as a dozen other instructions. (The allocator has a few of its own when it asks the
/// kernel for memory, and how often it does is not always the same.)
const LOCKED_SLACK: f64 = 0.01;
/// What stands above the rows.
pub(crate) const HEAD: &str = "operation                                instructions      locked  allocations  peak bytes   bytes kept";

/// What an operation costs, once.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cost {
    /// Instructions, if they were counted.
    pub(crate) instructions: Option<f64>,
    /// Those of them that lock the bus: read-modify-writes.
    pub(crate) locked: Option<f64>,
    /// Calls of the allocator for memory.
    pub(crate) allocations: f64,
    /// The most bytes that were held, more than at the start.
    pub(crate) peak_bytes: f64,
    /// Bytes that are still held.
    pub(crate) kept_bytes: f64,
}

impl Cost {
    /// A row of the table.
    pub(crate) fn row(&self, name: &str) -> String {
        let counted = |count: Option<f64>, digits| {
            count.map_or_else(|| "-".into(), |count| format!("{count:.digits$}"))
        };
        format!(
            "{name:<40} {:>12} {:>11} {:>12.4} {:>11.2} {:>12.2}",
            counted(self.instructions, 1),
            counted(self.locked, 3),
            self.allocations,
            self.peak_bytes,
            self.kept_bytes
        )
    }
}

/// What was recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Budget {
    /// The compiler and the target: the instructions depend on them.
    pub(crate) toolchain: String,
    /// What each operation costs.
    pub(crate) operations: BTreeMap<String, Cost>,
}

impl Budget {
    /// Reads a file that [`write`](Self::write) made.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let of_file = |error: String| format!("{}: {error}", path.display());
        let text = fs::read_to_string(path).map_err(|error| of_file(error.to_string()))?;
        toml::from_str(&text).map_err(|error| of_file(error.to_string()))
    }

    /// Writes a file that [`read`](Self::read) understands.
    pub(crate) fn write(&self, path: &Path) -> Result<(), String> {
        let text = toml::to_string(self).map_err(|error| error.to_string())?;
        let head = "# What an operation costs; written by `ci/budget.sh --record`.\n";
        fs::write(path, format!("{head}{text}"))
            .map_err(|error| format!("{}: {error}", path.display()))
    }

    /// What there is to say about a cost, or what exceeds the budget.
    pub(crate) fn judge(&self, name: &str, cost: &Cost) -> Result<&'static str, String> {
        let Some(budget) = self.operations.get(name) else {
            return Err("NOT RECORDED".into());
        };
        let both = |before: Option<f64>, now: Option<f64>| before.zip(now).unwrap_or_default();
        let mut better = false;
        let part = |(before, now): (f64, f64)| (before, now, before.abs() * SLACK);
        let (locked_before, locked_now) = both(budget.locked, cost.locked);
        for (what, (before, now, slack)) in [
            ("instructions", part(both(budget.instructions, cost.instructions))),
            ("read-modify-writes", (locked_before, locked_now, LOCKED_SLACK)),
            ("allocations", part((budget.allocations, cost.allocations))),
            ("peak bytes", part((budget.peak_bytes, cost.peak_bytes))),
            ("bytes kept", part((budget.kept_bytes, cost.kept_bytes))),
        ] {
            if now > before + slack {
                return Err(format!("TOO MANY {what}: {now:.4}, recorded were {before:.4}"));
            }
            better |= now < before - slack;
        }
        Ok(if better { "better than recorded: record it, lest it be lost again" } else { "ok" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COST: Cost = Cost {
        instructions: Some(100.0),
        locked: Some(2.0),
        allocations: 0.0,
        peak_bytes: 8.0,
        kept_bytes: -8.0,
    };

    fn budget() -> Budget {
        Budget { toolchain: "rustc 1".into(), operations: [("push".into(), COST)].into() }
    }

    #[test]
    fn five_in_a_hundred_are_within_and_more_are_not() {
        let judge = |cost| budget().judge("push", &cost);
        assert_eq!(judge(COST), Ok("ok"));
        assert_eq!(judge(Cost { instructions: Some(105.0), ..COST }), Ok("ok"));
        assert_eq!(judge(Cost { instructions: None, ..COST }), Ok("ok"));
        assert!(judge(Cost { instructions: Some(90.0), ..COST }).unwrap().starts_with("better"));
        assert!(judge(Cost { instructions: Some(105.5), ..COST }).unwrap_err().contains("105.5"));
        assert!(judge(Cost { kept_bytes: -7.0, ..COST }).unwrap_err().contains("bytes kept"));
    }

    #[test]
    fn where_nothing_was_allocated_one_allocation_is_too_many() {
        let cost = Cost { allocations: 0.0001, ..COST };
        assert!(budget().judge("push", &cost).unwrap_err().contains("allocations"));
    }

    #[test]
    fn no_read_modify_write_is_added_unseen() {
        let judge = |locked| budget().judge("push", &Cost { locked: Some(locked), ..COST });
        assert_eq!(judge(2.005), Ok("ok"));
        assert!(judge(2.0 + 1.0 / 57.0).unwrap_err().contains("read-modify-writes"));
    }

    #[test]
    fn what_was_not_recorded_is_an_error() {
        assert_eq!(budget().judge("pop", &COST), Err("NOT RECORDED".into()));
    }

    #[test]
    fn a_file_says_what_was_written() {
        let text = toml::to_string(&budget()).unwrap();
        assert_eq!(toml::from_str::<Budget>(&text).unwrap(), budget());
    }
}
