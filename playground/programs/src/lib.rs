//! Programs that the playground has printed after random clicks. They assert what it has shown.

#[cfg(test)]
mod printed {
    #![allow(unused_mut, unused_variables, reason = "a handle that was not used yet")]

    include!(concat!(env!("OUT_DIR"), "/programs.rs"));
}
