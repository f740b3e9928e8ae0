/// What to do about an error in the middle of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnError {
    /// Drop it and go on.
    Skip,
    /// Hand it out as the last item, and drop the source.
    Stop,
    /// Hand it out and go on.
    Emit,
}
