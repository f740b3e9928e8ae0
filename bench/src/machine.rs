//! Date, machine and compiler of a run.

use core::fmt;
use std::process::Command;
use std::time::SystemTime;
use std::{fs, thread};

use crate::cores::Cores;

/// Load of the machine, and the distance of its two cores.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Condition {
    /// Load average of the last minute.
    pub(crate) load: Option<f64>,
    /// Nanoseconds of a cache line from one core to the other and back.
    pub(crate) line: Option<f64>,
}

impl Condition {
    /// Returns the present condition.
    pub(crate) fn now(cores: Cores) -> Self {
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().and_then(|load| load.parse().ok());
        Self { load, line: cores.line_there_and_back() }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_unknown = |value: Option<f64>, unit: &str| {
            value.map_or_else(|| "unknown".into(), |value| format!("{value:.0}{unit}"))
        };
        write!(
            f,
            "load of the machine {}, a cache line between its cores and back {}",
            or_unknown(self.load, ""),
            or_unknown(self.line, " ns")
        )
    }
}

/// Returns date, machine and compiler, as far as they are known.
pub(crate) fn setting() -> Vec<String> {
    let seconds = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |age| age.as_secs());
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let mut setting = vec![date(seconds / 86_400), format!("{cores} cores of {}", processor())];
    setting.extend(system());
    setting.extend(compiler());
    setting
}

fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let of = |key: &str| {
        let line = info.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(": ")?.1.trim().to_owned())
    };
    let name = of("model name").unwrap_or_else(|| "an unknown processor".into());
    let family = of("cpu family").zip(of("model"));
    let family = family
        .map_or_else(String::new, |(family, model)| format!(" (family {family}, model {model})"));
    let is_virtual = of("flags").is_some_and(|flags| flags.contains(" hypervisor"));
    format!("{name}{family}{}", if is_virtual { ", a virtual machine" } else { "" })
}

fn system() -> Option<String> {
    let release = fs::read_to_string("/etc/os-release").ok()?;
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(name.trim_matches('"').into())
}

fn compiler() -> Option<String> {
    let output = Command::new("rustc").arg("-V").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    Some(version.split(" (").next()?.trim().into())
}

/// Formats a day, given as the number of days since 1970-01-01.
///
/// Counts in eras of 400 years that begin in March.
fn date(days: u64) -> String {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{}-{month:02}-{day:02}", era * 400 + year + later)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates_in_leap_years() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(59), "1970-03-01");
        assert_eq!(date(11_016), "2000-02-29");
        assert_eq!(date(19_723), "2024-01-01");
        assert_eq!(date(20_782), "2026-11-25");
    }
}
