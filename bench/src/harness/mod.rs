//! Runs the contestants of a group in turn, round after round, and keeps the time of each round.

mod group;
mod item;
mod result;
mod role;
mod sample;

pub(crate) use group::Group;
pub(crate) use item::{Item, Tally};
pub(crate) use result::{EntryResult, GroupResult, Place};
pub(crate) use role::Role;
pub(crate) use sample::{Sample, Scale};
