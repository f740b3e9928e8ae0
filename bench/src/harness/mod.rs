//! Runs the contestants of a group in turn, round after round, and keeps the time of each round.

mod group;
mod item;
mod result;
mod sample;

pub(crate) use group::{Group, Place, Role};
pub(crate) use item::{Item, Tally};
pub(crate) use result::{EntryResult, GroupResult};
pub(crate) use sample::{Sample, Scale};
