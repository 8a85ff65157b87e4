//! The command line: one file per subcommand. Arguments are parsed first and acted on second; stdout is data, stderr is talk.
//!
//! Each `cli/NAME.rs` holds `pub struct Args` (clap) and
//! `pub fn run(args: &Args, global: &Global, out: &mut dyn io::Write) -> Result<Exit, Failure>`.

pub mod exit;
pub mod explain;
pub mod global;
pub mod output;

pub use exit::{Exit, Failure};
pub use global::Global;
pub use output::Output;
