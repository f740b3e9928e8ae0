//! One scene a file.

pub(crate) mod list;
