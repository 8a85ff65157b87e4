//! `layerproof completions SHELL`.

use std::io::Write;

use clap_complete::Shell;

use super::exit::{Exit, Failure};
use super::listing;

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Shell to print the script for.
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
pub fn run(args: &Args, command: &mut clap::Command, out: &mut dyn Write) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, command, "layerproof", &mut script);
    listing::emit(out, &String::from_utf8_lossy(&script))?;
    Ok(Exit::Pass)
}
