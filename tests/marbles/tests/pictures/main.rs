//! The marble pictures of the documentation. Each is drawn from the strings that its test asserts.
//!
//! `ci/marbles.sh --write` renews the files.

extern crate alloc;

/// Makes a test of each function. The test compares the picture with its file.
macro_rules! pictures {
    ($package:literal: $($name:ident),+ $(,)?) => {
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),+];

        mod picture {
            $(
                #[test]
                fn $name() {
                    let diagram = super::$name(aiter_marbles::Scene::new());
                    crate::files::check($package, stringify!($name), &diagram);
                }
            )+
        }
    };
}

mod adapters;
mod blocking;
mod bounded;
mod files;
mod forks;
mod list;
mod maps;
mod names;
mod readers;
