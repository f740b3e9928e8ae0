mod jobs;
#[cfg(feature = "std")]
mod map_error;
mod map_filter;
mod map_filter_async;
mod map_par;
mod map_try;

#[cfg(feature = "std")]
pub use map_error::MapError;
pub use map_filter::MapFilter;
pub use map_filter_async::MapFilterAsync;
pub use map_par::MapPar;
pub use map_try::MapTry;
