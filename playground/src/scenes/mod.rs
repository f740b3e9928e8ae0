//! One scene a file.

pub(crate) mod bounded;
pub(crate) mod forker;
pub(crate) mod gate;
pub(crate) mod join;
pub(crate) mod list;
pub(crate) mod lossy;
pub(crate) mod map_par;
pub(crate) mod preload;
pub(crate) mod progress;
pub(crate) mod share;
pub(crate) mod stop;
