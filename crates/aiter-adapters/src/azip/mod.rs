mod rows;
mod sources;
mod strict;

pub use rows::{Azip, azip};
pub use sources::AzipSources;
pub use strict::{StrictAzip, UnequalLengths};
