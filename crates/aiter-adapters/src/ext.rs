use futures_core::Stream;

/// The adapters, as methods of every stream.
///
/// No name here is one of futures-util's, futures-lite's or tokio-stream's `StreamExt`, so the traits
/// can be imported side by side.
pub trait AiterExt: Stream {}

impl<S: Stream + ?Sized> AiterExt for S {}
