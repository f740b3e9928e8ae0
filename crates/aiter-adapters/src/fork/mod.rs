mod active;
mod passive;
mod source;

pub use active::Fork;
pub use passive::PassiveFork;
