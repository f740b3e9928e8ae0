//! The scenarios, one per file. A scenario is a list of groups.

mod executor;
mod fork;
pub(crate) mod machine;
pub(crate) mod memory;
mod s10_size;
mod s11_bounded;
mod s11_lossy;
mod s1_one_thread;
mod s2_two_threads;
mod s3_producers;
mod s4_shared;
mod s5_broadcast;
mod s6_merge;
mod s7_map;
mod s8_blocking;
mod s9_forks;
mod task;

use crate::cores::Cores;
use crate::harness::{Group, Scale};

pub(crate) use s1_one_thread::{BURSTS, warm_burst};

/// Returns every timed group, in the order of the tables.
pub(crate) fn groups(scale: Scale, cores: Cores) -> Vec<Group> {
    let mut groups = Vec::from(machine::groups(scale));
    groups.extend(s1_one_thread::groups(scale));
    groups.extend(s2_two_threads::groups(scale, cores));
    groups.extend(s3_producers::groups(scale, cores));
    groups.extend(s4_shared::groups(scale, cores));
    groups.extend(s5_broadcast::groups(scale, cores));
    groups.extend(fork::groups(scale));
    groups.extend(s6_merge::groups(scale));
    groups.extend(s7_map::groups(scale, cores));
    groups.extend(s8_blocking::groups(scale, cores));
    groups.extend(s9_forks::groups(scale, cores));
    groups.extend(s10_size::groups(scale));
    groups.extend(s11_bounded::groups(scale, cores));
    groups.extend(s11_lossy::groups(scale));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contestants_deliver_each_item_once() {
        for group in groups(Scale::Check, Cores::pick()) {
            let result = group.run(1);
            for entry in &result.entries {
                assert_eq!(entry.lost, None, "{} in {}", entry.name, result.name);
            }
        }
    }
}
