//! What every subcommand may need, settled once.

use std::path::PathBuf;

use jiff::Timestamp;

/// Settings that hold for the whole run.
#[derive(Debug, Clone)]
pub struct Global {
    /// 0, 1 (`-v`) or 2 (`-vv`).
    pub verbosity: u8,
    /// `--quiet`: no talk on stderr but errors.
    pub quiet: bool,
    /// Whether stdout may carry ANSI colour (`--color`, NO_COLOR, CLICOLOR_FORCE, terminal).
    pub color: bool,
    /// Columns of the terminal, where stdout is one.
    pub width: Option<usize>,
    /// `--offline`: no client is built, no socket is opened.
    pub offline: bool,
    /// The store's folder.
    pub cache_dir: PathBuf,
    /// The time that everything is judged at: the wall clock, or `--now`.
    pub now: Timestamp,
    /// The wall clock, for history only.
    pub started_at: Timestamp,
    /// True where `--now` was given.
    pub now_overridden: bool,
}
