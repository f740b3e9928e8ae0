mod active;
mod passive;
mod source;

pub use active::ForkStream;
pub use passive::PassiveFork;
