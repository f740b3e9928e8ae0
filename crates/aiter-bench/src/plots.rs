//! A picture of each scenario.

use std::io;
use std::path::Path;

use crate::report::Report;

/// Writes a picture of each scenario into the directory.
pub(crate) fn write(_dir: &Path, _report: &Report) -> io::Result<()> {
    Ok(())
}
