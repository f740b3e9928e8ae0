//! The tables of the README.

use crate::report::Report;

impl Report {
    /// The tables of the README.
    pub(crate) fn markdown(&self) -> String {
        String::new()
    }
}
