//! What was recorded, and whether what was measured is within.

use alloc::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// What may be added to what was recorded.
const SLACK: f64 = 0.05;
/// What stands above the rows.
pub(crate) const HEAD: &str =
    "operation                                instructions  allocations  peak bytes   bytes kept";

/// What an operation costs, once.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cost {
    /// Instructions, if they were counted.
    pub(crate) instructions: Option<f64>,
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
        let instructions =
            self.instructions.map_or_else(|| "-".into(), |count| format!("{count:.1}"));
        format!(
            "{name:<40} {instructions:>12} {:>12.4} {:>11.2} {:>12.2}",
            self.allocations, self.peak_bytes, self.kept_bytes
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
        let instructions = budget.instructions.zip(cost.instructions);
        let (before, now) = instructions.unwrap_or_default();
        let mut better = false;
        for (what, before, now) in [
            ("instructions", before, now),
            ("allocations", budget.allocations, cost.allocations),
            ("peak bytes", budget.peak_bytes, cost.peak_bytes),
            ("bytes kept", budget.kept_bytes, cost.kept_bytes),
        ] {
            let slack = before.abs() * SLACK;
            if now > before + slack {
                return Err(format!("TOO MANY {what}: {now:.4}, recorded were {before:.4}"));
            }
            better |= now < before - slack;
        }
        Ok(if better { "better than recorded" } else { "ok" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COST: Cost =
        Cost { instructions: Some(100.0), allocations: 0.0, peak_bytes: 8.0, kept_bytes: -8.0 };

    fn budget() -> Budget {
        Budget { toolchain: "rustc 1".into(), operations: [("push".into(), COST)].into() }
    }

    #[test]
    fn five_in_a_hundred_are_within_and_more_are_not() {
        let judge = |cost| budget().judge("push", &cost);
        assert_eq!(judge(COST), Ok("ok"));
        assert_eq!(judge(Cost { instructions: Some(105.0), ..COST }), Ok("ok"));
        assert_eq!(judge(Cost { instructions: None, ..COST }), Ok("ok"));
        assert_eq!(judge(Cost { instructions: Some(90.0), ..COST }), Ok("better than recorded"));
        assert!(judge(Cost { instructions: Some(105.5), ..COST }).unwrap_err().contains("105.5"));
        assert!(judge(Cost { kept_bytes: -7.0, ..COST }).unwrap_err().contains("bytes kept"));
    }

    #[test]
    fn where_nothing_was_allocated_one_allocation_is_too_many() {
        let cost = Cost { allocations: 0.0001, ..COST };
        assert!(budget().judge("push", &cost).unwrap_err().contains("allocations"));
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
