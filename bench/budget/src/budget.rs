//! The recorded budget, and the comparison with it.

use alloc::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Share by which a cost may exceed the budget.
const SLACK: f64 = 0.05;
/// Number of read-modify-writes by which a cost may exceed the budget.
///
/// It is less than one for a block or a run of items, because a read-modify-write costs as much as
/// a dozen other instructions. It is not zero, because the allocator does not call the kernel
/// equally often in every run.
const LOCKED_SLACK: f64 = 0.01;
/// Returns the heading of the rows.
pub(crate) fn heading() -> String {
    format!(
        "{:<46} {:>12} {:>11} {:>12} {:>11} {:>12}",
        "operation", "instructions", "locked", "allocations", "peak bytes", "bytes kept"
    )
}

/// The cost of one repetition of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cost {
    /// Instructions, if they were counted.
    pub(crate) instructions: Option<f64>,
    /// Instructions that lock the bus: read-modify-writes.
    pub(crate) locked: Option<f64>,
    /// Allocations.
    pub(crate) allocations: f64,
    /// Peak of the allocated bytes, relative to the start.
    pub(crate) peak_bytes: f64,
    /// Bytes that are still allocated at the end, relative to the start.
    pub(crate) kept_bytes: f64,
}

impl Cost {
    /// Returns a row of the table.
    pub(crate) fn row(&self, name: &str) -> String {
        let counted = |count: Option<f64>, digits| {
            count.map_or_else(|| "-".into(), |count| format!("{count:.digits$}"))
        };
        format!(
            "{name:<46} {:>12} {:>11} {:>12.4} {:>11.2} {:>12.2}",
            counted(self.instructions, 1),
            counted(self.locked, 3),
            self.allocations,
            self.peak_bytes,
            self.kept_bytes
        )
    }
}

/// The recorded costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Budget {
    /// Compiler and target. The number of instructions depends on them.
    pub(crate) toolchain: String,
    /// Cost of each operation.
    pub(crate) operations: BTreeMap<String, Cost>,
}

impl Budget {
    /// Reads a file that [`write`](Self::write) wrote.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let of_file = |error: String| format!("{}: {error}", path.display());
        let text = fs::read_to_string(path).map_err(|error| of_file(error.to_string()))?;
        toml::from_str(&text).map_err(|error| of_file(error.to_string()))
    }

    /// Writes a file that [`read`](Self::read) reads.
    pub(crate) fn write(&self, path: &Path) -> Result<(), String> {
        let text = toml::to_string(self).map_err(|error| error.to_string())?;
        let head = "# The cost of each operation. `ci/budget.sh --record` writes this file.\n";
        fs::write(path, format!("{head}{text}"))
            .map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Compares a cost with the budget. Returns a remark, or as an error the part that exceeds the
    /// budget.
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
                return Err(format!("TOO MANY {what}: {now:.4}, the budget is {before:.4}"));
            }
            better |= now < before - slack;
        }
        Ok(if better { "better than the budget: record it" } else { "ok" })
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
    fn five_percent_more_is_within_budget() {
        let judge = |cost| budget().judge("push", &cost);
        assert_eq!(judge(COST), Ok("ok"));
        assert_eq!(judge(Cost { instructions: Some(105.0), ..COST }), Ok("ok"));
        assert_eq!(judge(Cost { instructions: None, ..COST }), Ok("ok"));
        assert!(judge(Cost { instructions: Some(90.0), ..COST }).unwrap().starts_with("better"));
        assert!(judge(Cost { instructions: Some(105.5), ..COST }).unwrap_err().contains("105.5"));
        assert!(judge(Cost { kept_bytes: -7.0, ..COST }).unwrap_err().contains("bytes kept"));
    }

    #[test]
    fn first_allocation_exceeds_budget() {
        let cost = Cost { allocations: 0.0001, ..COST };
        assert!(budget().judge("push", &cost).unwrap_err().contains("allocations"));
    }

    #[test]
    fn added_read_modify_write_exceeds_budget() {
        let judge = |locked| budget().judge("push", &Cost { locked: Some(locked), ..COST });
        assert_eq!(judge(2.005), Ok("ok"));
        assert!(judge(2.0 + 1.0 / 57.0).unwrap_err().contains("read-modify-writes"));
    }

    #[test]
    fn unrecorded_operation_is_error() {
        assert_eq!(budget().judge("pop", &COST), Err("NOT RECORDED".into()));
    }

    #[test]
    fn budget_survives_toml() {
        let text = toml::to_string(&budget()).unwrap();
        assert_eq!(toml::from_str::<Budget>(&text).unwrap(), budget());
    }
}
